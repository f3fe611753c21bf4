"""Node and its packages, which the judges need: installed outside the tree, as the lock file says,
or said to be missing.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")


class NotRunError(Exception):
    """A judge cannot be had here: its text says what is missing and the way out.

    Exit code 6, never a pass.
    """


def node() -> str:
    return _found("node")


def installed(folder: Path) -> Path:
    """The folder whose `node_modules` holds what the lock file names; installs it where it does not
    yet.
    """
    node()
    npm = _found("npm")
    stamp, wanted = (
        folder / "installed",
        hashlib.sha256(b"".join((HERE / f).read_bytes() for f in _FILES)).hexdigest(),
    )
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(HERE / name, folder / name)
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(
        [npm, "ci", "--prefix", str(folder), *flags], capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = next((line for line in done.stderr.splitlines() if line.strip()), "no reason given")
        raise NotRunError(f"npm ci failed: {why}; is the npm registry reachable?")
    stamp.write_text(wanted)
    return folder


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise NotRunError(f"no {program} on PATH; install Node 20 or later")
    return path

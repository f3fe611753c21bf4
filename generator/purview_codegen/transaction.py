"""A new tree put in the place of the old one, all or nothing, whenever the process ends.

All is made in a folder beside the tree; then a journal is written, and only then do files and folders change places, one rename
each. Without a journal the old tree is whole, and the next command sweeps the rest away. With one, the next command does the
renames that are left, so that the new tree is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .errors import UsageError

STAGE = ".purview-update"
_JOURNAL = "journal.json"


@contextmanager
def staged(root: Path) -> Generator[Path]:
    """A folder below `root` in which the new tree is made; `commit` it there. It is gone when the context ends."""
    recover(root)
    stage = root / STAGE
    try:
        (stage / "new").mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"cannot write to {root}: {error.strerror}; choose another folder with --specs") from None
    with (stage / "lock").open("w") as lock:
        _hold(lock, root)
        try:
            yield stage / "new"
        finally:
            if not (stage / _JOURNAL).exists():
                shutil.rmtree(stage, ignore_errors=True)


def commit(root: Path, names: Sequence[str]) -> None:
    """Puts the staged files and folders of these names below `root` in place. From the journal on there is no way back."""
    journal = root / STAGE / _JOURNAL
    part = journal.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(list(names), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, journal)
    _finish(root)


def recover(root: Path) -> None:
    """Ends what a killed update began: its renames where it had come so far, else what it had made is swept away."""
    stage = root / STAGE
    if not stage.is_dir():
        return
    try:
        with (stage / "lock").open("a") as lock:
            _hold(lock, root)
            if (stage / _JOURNAL).exists():
                _finish(root)
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"cannot end the update that was begun in {stage}: {error.strerror}") from None


def _finish(root: Path) -> None:
    stage = root / STAGE
    for name in json.loads((stage / _JOURNAL).read_text(encoding="utf-8")):
        new, old, target = stage / "new" / name, stage / "old" / name, root / name
        if not new.exists():
            continue  # it is in its place already
        target.parent.mkdir(parents=True, exist_ok=True)
        if new.is_dir() and target.exists():
            if old.exists():
                shutil.rmtree(target)
            else:
                old.parent.mkdir(parents=True, exist_ok=True)
                target.rename(old)
        os.replace(new, target)
    (stage / _JOURNAL).unlink()


def _hold(lock: IO[str], root: Path) -> None:
    """Holds the stage for as long as the file is open; a process that is killed lets it go."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(f"an update is running in {root}; wait until it is done") from None

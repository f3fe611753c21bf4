"""The one module that writes: files are staged beside their place, formatted, and put there
whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from purview_codegen.errors import GateError, UsageError
from purview_codegen.paths import COLUMNS, HEADER

_FORMAT = (
    "format",
    "--isolated",
    "--no-cache",
    "--line-length",
    str(COLUMNS),
    "--target-version",
    "py311",
)


@contextmanager
def staged(parent: Path, files: Mapping[str, str]) -> Generator[Path]:
    """A folder below `parent` that holds the formatted files for as long as the context lasts."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".purview-", dir=parent))
    except OSError as error:
        raise UsageError(
            f"cannot write to {parent}: {error.strerror}; choose another folder with --out"
        ) from None
    try:
        for name, text in files.items():
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        _format(stage)
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _format(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *_FORMAT, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GateError(
            f"the generated text cannot be formatted: {' '.join(done.stderr.split())[:500]}"
        )


def put(source: Path, target: Path) -> None:
    """Moves a staged folder to its place; what was there goes only once the new one stands."""
    if target.exists() and not _is_ours(target):
        raise UsageError(
            f"{target} holds files that were not generated; choose another folder with --out"
        )
    old = target.with_name(f".{target.name}.old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        try:
            source.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise UsageError(
            f"cannot write {target}: {error.strerror}; choose another folder with --out"
        ) from None
    shutil.rmtree(old, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    init = folder / "__init__.py"
    return not any(folder.iterdir()) or (
        init.exists() and HEADER in init.read_text(encoding="utf-8")
    )


def replace(path: Path, text: str) -> None:
    """Writes one file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def differences(fresh: Path, tree: Path) -> list[str]:
    """Paths below `tree` that are missing, left over or not byte for byte what `fresh` holds
    (caches apart).
    """
    both = [
        {
            str(p.relative_to(root)): p
            for p in sorted(root.rglob("*"))
            if p.is_file() and "__pycache__" not in p.parts
        }
        for root in (fresh, tree)
    ]
    return [
        name
        for name in sorted(both[0].keys() | both[1].keys())
        if name not in both[0]
        or name not in both[1]
        or both[0][name].read_bytes() != both[1][name].read_bytes()
    ]

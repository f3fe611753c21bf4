"""A new tree put in the place of the old one, all or nothing, whenever the process ends.

All is made in a folder beside the tree; then a journal is written, and only then do files and
folders change places, one rename each. Without a journal the old tree is whole, and the next
command sweeps the rest away. With one, the next command does the renames that are left, so that the
new tree is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from purview_codegen.errors import IntegrityError, UsageError

STAGE = ".purview-update"
_JOURNAL = "journal.json"


@contextmanager
def staged(root: Path) -> Generator[Path]:
    """A folder below `root` in which the new tree is made; `commit` it there.

    It is gone when the context ends.
    """
    with _held(root, f"cannot write to {root}", "choose another folder with --specs") as stage:
        (stage / "new").mkdir()
        yield stage / "new"


@contextmanager
def scratch() -> Generator[Path]:
    """A folder elsewhere, for a new tree that is only looked at."""
    with tempfile.TemporaryDirectory(prefix="purview-") as folder:
        yield Path(folder)


def commit(root: Path, names: Sequence[str]) -> None:
    """Puts the staged files and folders of these names below `root` in place.

    From the journal on there is no way back.
    """
    journal = root / STAGE / _JOURNAL
    part = journal.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(list(names), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, journal)
    _finish(root)


def recover(root: Path) -> None:
    """Ends what a killed update began: its renames where it had come so far, else what it had
    made is swept away.
    """
    stage = root / STAGE
    if stage.is_dir():
        with _held(
            root,
            f"cannot end the update that was begun in {stage}",
            "mend that and run the command again",
        ):
            pass


@contextmanager
def _held(root: Path, fault: str, remedy: str) -> Generator[Path]:
    """The stage, held and swept; at the end what was begun is ended, whatever ends the context,
    and the stage is gone.
    """
    stage = root / STAGE
    with ExitStack() as stack:
        try:
            stage.mkdir(exist_ok=True)
            lock = stack.enter_context((stage / "lock").open("a"))
            _hold(lock, root)
            _sweep(root)
        except OSError as error:
            if (
                isinstance(error, FileNotFoundError | FileExistsError)
                and root.is_dir()
                and not stage.is_file()
            ):
                raise _running(root) from None
            raise UsageError(f"{fault}: {error.strerror}: {error.filename}; {remedy}") from None
        try:
            yield stage
        finally:
            _sweep(root)
            shutil.rmtree(stage, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Carries a journal out, and leaves nothing in the stage but its lock."""
    stage = root / STAGE
    if (stage / _JOURNAL).exists():
        _finish(root)
    there = [p for p in stage.iterdir() if p.name != "lock"]
    gone = Path(tempfile.mkdtemp(dir=stage))
    for path in there:
        path.rename(gone / path.name)  # what a killed update started may still write there
    shutil.rmtree(gone, ignore_errors=True)


def _finish(root: Path) -> None:
    stage = root / STAGE
    try:
        names = json.loads((stage / _JOURNAL).read_text(encoding="utf-8"))
    except ValueError as error:
        raise IntegrityError(
            f"{stage / _JOURNAL} cannot be read: {error}; restore the tree and delete {stage}"
        ) from None
    for name in names:
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
    # which Windows has not
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise _running(root) from None
    # its holder has swept it away; another may stand in its place
    if not os.fstat(lock.fileno()).st_nlink:
        raise _running(root)


def _running(root: Path) -> UsageError:
    return UsageError(f"an update is running in {root}; wait until it is done")

"""A forked child is never held up by what another thread of its parent was doing."""

from __future__ import annotations

import ast
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from purview_core.fork_locks import fork_safe_lock
from purview_core.model import fields

from .sample_plane import models as m

ROOT = Path(__file__).parent.parent.parent.parent
PACKAGES = [ROOT / "runtime" / "purview_core", ROOT / "auth_plugin" / "purview_auth"]
LOCKS = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Barrier", "allocate_lock"}
ELSEWHERE = {  # what makes its locks anew itself, and how
    "fork_locks.py": "makes those of all others",
    "pool.py": (
        "a child gives up what it inherited, without the lock, and opens connections of its own"
    ),
    "pooled.py": "one call waits by it, in the thread that made it",
    "trust.py": "a fork waits for it, and its module makes it anew in the child",
    "flight.py": "belongs to one request, which a child lets go of",
    "store.py": "each slot makes its lock anew, and lets go of the requests under way",
}

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@contextmanager
def held(lock: Any) -> Iterator[None]:
    """Another thread has the lock, and keeps it."""
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a forked child that does some work: 0 if it came to its end, else what
    ended it.
    """
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # whatever hangs is ended, and seen
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def change_a_model() -> None:
    scan = m.SqlScan.from_dict({"kind": "Sql", "tags": ["a"], "properties": {"workers": 1}})
    scan.name = "n"
    scan.id = None
    scan.tags = ["b"]
    scan.properties = m.SqlScanProperties(workers=2)
    assert {
        "kind": "Sql",
        "name": "n",
        "tags": ["b"],
        "properties": {"workers": 2},
    } == scan.to_dict()


@forks
# of forking beside threads, which is what is tried here
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_changes_models_while_its_parent_was_in_one() -> None:
    with held(fields.lock):
        assert 0 == in_child(change_a_model)


@forks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_lock_is_free_in_a_child_and_still_held_in_its_parent() -> None:
    lock, gone = fork_safe_lock(), fork_safe_lock()
    del gone  # nothing is left of it to be freed
    with held(lock):
        assert 0 == in_child(lambda: lock.acquire(timeout=60) or os._exit(2))
        assert lock.locked()
    assert lock.acquire(blocking=False)


def made_in(path: Path) -> list[str]:
    """The locks that a module makes itself."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    names = [
        (c, c.func.attr if isinstance(c.func, ast.Attribute) else getattr(c.func, "id", ""))
        for c in calls
    ]
    return [
        f"{path.name}:{call.lineno} {ast.unparse(call.func)}"
        for call, name in names
        if name in LOCKS
    ]


def test_every_lock_is_made_where_forks_are_thought_of() -> None:
    found = {path: made_in(path) for folder in PACKAGES for path in sorted(folder.rglob("*.py"))}
    assert [] == [
        line for path, lines in found.items() if path.name not in ELSEWHERE for line in lines
    ]
    assert set(ELSEWHERE) == {path.name for path, lines in found.items() if lines}

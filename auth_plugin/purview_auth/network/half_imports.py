"""A fork waits until no other thread is half way through an import that the child would need.

The child has that import as it was, half done, with the lock of its module held by a thread that is
not there: its own import would wait for ever. First calls import much, a client's threads make
them, and multiprocessing forks where it likes.

Another thread may begin an import between the end of that wait and the fork itself, for a few
microseconds. What is half done in a child nevertheless is forgotten there, and imported once more
where it is needed.
"""

from __future__ import annotations

import logging as logging  # before the hook below, which says why
import os
import sys
import threading
import time
from typing import Any

# What calls import when they first need it, and none of it takes long. A module of somebody else's
# may run for ever while it is imported, so nobody waits for that.
_OURS = ("purview_core", "purview_auth", "purview_dataplane", "purview_versions")
_HTTP = (
    "httpx",
    "httpcore",
    "h11",
    "h2",
    "hpack",
    "hyperframe",
    "certifi",
    "ssl",
    "idna",
    "socksio",
    "aiohttp",
    "yarl",
)
_OTHERS = (
    "anyio",
    "sniffio",
    "trio",
    "asyncio",
    "attr",
    "attrs",
    "msgspec",
    "encodings",
    "stringprep",
    "email",
)
NEEDED = frozenset((*_OURS, *_HTTP, *_OTHERS))
LONGEST_S = 5.0  # then the fork goes on as it would have done without us
_LOOK_S = 0.001


def half_imported(locks: dict[str, Any], me: int) -> list[str]:
    """The modules that other threads are importing or about to, of those that a call may need.

    A lock is there for as long as somebody holds it, or is on the way to do so.
    """
    found = [(name, ref()) for name, ref in list(locks.items()) if name.partition(".")[0] in NEEDED]
    return [name for name, lock in found if lock is not None and lock.owner != me]


def _before_fork() -> None:
    # The locks of the import system are its own affair, but nothing public says what is being
    # imported, and by whom.
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", None) or {}
    end = time.monotonic() + LONGEST_S
    while half_imported(locks, threading.get_ident()) and time.monotonic() < end:
        time.sleep(_LOOK_S)


def _after_fork_in_child() -> None:
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", None) or {}
    for name in half_imported(locks, threading.get_ident()):
        locks.pop(name, None)  # it is made anew at the next import
        module = sys.modules.get(name)
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


_registered: list[bool] = []


def forks_wait_for_imports() -> None:
    """From here on forks of this process wait, as said above; a second call does nothing."""
    # Forks call what was registered last first, and logging holds its lock from then on: a module
    # that makes a logger while it is imported would wait for it, and the fork for the module. So
    # logging has to be there before.
    # Where there is no fork, dict() takes the arguments and nothing comes of it.
    if not _registered:
        _registered.append(True)
        register = getattr(os, "register_at_fork", dict)
        register(before=_before_fork, after_in_child=_after_fork_in_child)

"""Locks that a forked child can use: whoever held one at the fork is not in that process, and
would never let go of it.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def fork_safe_lock() -> threading.Lock:
    """A `threading.Lock`, as quick as any, that is free in a forked child whoever holds it in the
    parent.

    For locks of modules, and of objects that outlive a call. What a lock guards has to be whole
    between any two of its steps, since the child has it as it was at the fork; what must not be
    shared with a child is its owner's concern.
    """
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def _after_fork_in_child() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()  # as the locks of the standard library's own modules are freed


# Where there is no fork, dict() takes the argument and nothing comes of it.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)

"""JSON merge patches (RFC 7396).

A change is laid over a value member by member, at every depth: null takes a member away, and a list
is replaced as a whole.
"""

from __future__ import annotations

from typing import Any


def merged(old: Any, change: Any) -> Any:
    """Returns a value with a change laid over it; neither of the two is altered."""
    if not isinstance(change, dict):
        return change
    out = dict(old) if isinstance(old, dict) else {}
    for name, value in change.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out

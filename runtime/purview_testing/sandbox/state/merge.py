"""A change laid over what is there, member by member, at every depth (RFC 7396): null takes a member away, a list is replaced."""

from __future__ import annotations

from typing import Any


def merged(old: Any, change: Any) -> Any:
    """What is there with a change; neither is altered."""
    if not isinstance(change, dict):
        return change
    out = dict(old) if isinstance(old, dict) else {}
    for name, value in change.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out

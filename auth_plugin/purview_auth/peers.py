"""The auth objects serve httpx2 too, which has classes of its own by the names of httpx.

It is not imported here.
"""

from __future__ import annotations

import sys
from typing import Any


def class_of(kind: type[Any]) -> type[Any]:
    """What an auth object says that its class is: the class itself; once a program uses httpx2, one
    that is also its Auth.

    A client of httpx2 takes nothing but an instance of that, and whoever makes the auth object need
    not know who will use it.
    """
    theirs = getattr(sys.modules.get("httpx2"), "Auth", None)
    if theirs is None or issubclass(kind, theirs):
        return kind
    return _BOTH.get((kind, theirs)) or _BOTH.setdefault((kind, theirs), _both(kind, theirs))


_BOTH: dict[tuple[type[Any], type[Any]], type[Any]] = {}


def _both(kind: type[Any], theirs: type[Any]) -> type[Any]:
    return type(
        kind.__name__, (kind, theirs), {"__module__": kind.__module__, "__doc__": kind.__doc__}
    )


def is_bytes(stream: object) -> bool:
    """Whether a request's stream is a body of bytes, of either library."""
    return any(one.__name__ == "ByteStream" for one in type(stream).__mro__)


def request_class(request: object) -> type[Any]:
    """The library's own class of a request, which may be of a class derived from it."""
    return [one for one in type(request).__mro__ if one.__name__ == "Request"][-1]

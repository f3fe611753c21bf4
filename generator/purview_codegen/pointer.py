"""JSON pointers (RFC 6901): how every message names a place in a document."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def step(key: str | int) -> str:
    """One escaped step of a pointer, its leading slash included."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def join(*keys: str | int) -> str:
    return "".join(step(key) for key in keys)


def keys(pointer: str) -> list[str]:
    """The unescaped steps of a pointer; raises ValueError where it does not start with a slash."""
    if not pointer.startswith("/"):
        raise ValueError(f"not a JSON pointer: {pointer!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def find(document: Any, pointer: str) -> Any:
    """The value at a pointer; raises LookupError naming the first step that leads nowhere."""
    value = document
    seen = ""
    for key in keys(pointer):
        seen += step(key)
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise LookupError(seen)
    return value

"""JSON pointers (RFC 6901): how every message names a place in a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def step(key: str | int) -> str:
    """One escaped step of a pointer, its leading slash included."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def join(*keys: str | int) -> str:
    """The JSON pointer of a way of keys and indices."""
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


def matches(document: Any, pattern: str) -> list[tuple[str, Any]]:
    """(pointer, value) of every place that a pointer with wildcards leads to: `*` within a step,
    `**` for any number of steps.

    Raises LookupError naming the first step that leads nowhere, or the pattern where it fits
    nothing.
    """
    if "*" not in pattern:
        return [(pattern, find(document, pattern))]
    found = list(dict(_matches(document, keys(pattern), "")).items())
    if not found:
        raise LookupError(pattern)
    return found


def _matches(value: Any, steps: list[str], seen: str) -> Iterator[tuple[str, Any]]:
    if not steps:
        yield seen, value
        return
    first, *rest = steps
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    if first == "**":
        yield from _matches(value, rest, seen)
    fits = re.compile(".*".join(map(re.escape, first.split("*"))), re.DOTALL)
    for key, below in inner:
        if first == "**":
            yield from _matches(below, steps, seen + step(key))
        elif fits.fullmatch(str(key)):
            yield from _matches(below, rest, seen + step(key))

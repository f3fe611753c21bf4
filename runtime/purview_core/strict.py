"""Where a JSON value is not what its type declares. Slow and apart from decoding, which never refuses anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from .codec import Coded, Registry, codec, normal, split_union

_SCALARS: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


@attrs.frozen
class Departure:
    """One place where a value is not what was declared: JSON pointer, what was expected, the shape that was found."""

    pointer: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: expected {self.expected}, found {self.found}"


def departures(registry: Registry, text: str, value: Any, at: str = "") -> Iterator[Departure]:
    """All departures of a JSON value from a type text. An unknown enum value is none: enums are open."""
    text = normal(text)
    options = split_union(text)
    if value is None:
        if text not in ("None", "Any"):
            yield Departure(at, text, "null")
    elif len(options) > 1:
        each = [list(departures(registry, option, value, at)) for option in options]
        yield from min(each, key=len)
    elif text.startswith("list[") and value.__class__ is list:
        for i, item in enumerate(value):
            yield from departures(registry, text[5:-1], item, f"{at}/{i}")
    elif text.startswith("dict[str, ") and value.__class__ is dict:
        for key, item in value.items():
            yield from departures(registry, text[10:-1], item, _step(at, key))
    elif registry.is_deep(text) and isinstance(made := registry.named(text)(value), Coded):
        yield from _members(registry, made, value, at)
    elif not _fits(registry, text, value):
        yield Departure(at, text, _shape(value))


def _members(registry: Registry, made: Coded, value: dict[str, Any], at: str) -> Iterator[Departure]:
    for f in codec(type(made)).fields.values():
        here = _step(at, f.wire)
        if f.wire not in value:
            if f.required:
                yield Departure(here, f.type, "nothing")
        elif value[f.wire] is not None:
            yield from departures(registry, f.type, value[f.wire], here)
        elif not f.nullable and f.type != "Any":
            yield Departure(here, f.type, "null")


def _fits(registry: Registry, text: str, value: Any) -> bool:
    if text in ("Any", "bytes"):
        return True
    if text in _SCALARS:
        return type(value) in _SCALARS[text]
    if text.startswith(("list[", "dict[")) or registry.is_deep(text) or text == "None":
        return False
    load = registry.loader(text)
    return load is None or load(value) is not value


def _shape(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        int: "an integer",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)


def _step(at: str, key: str) -> str:
    return at + "/" + key.replace("~", "~0").replace("/", "~1")

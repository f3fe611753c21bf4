"""Where a JSON value is not what its type declares. Slow and apart from decoding, which never refuses anything."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from .codec import codec, decoder, named
from .fields import Coded
from .registry import Registry
from .types import normal, split_union

_SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
}
_SHAPES: dict[type, str] = {  # bool before int, whose subclass it is
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


class Departure(NamedTuple):
    """One place where a value is not what was declared: JSON pointer, what was expected, the shape that was found."""

    pointer: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: expected {self.expected}, found {self.found}"


def departures(registry: Registry, text: str, value: Any, at: str = "") -> Iterator[Departure]:
    """All departures of a JSON value from a type text. Unknown enum values and unknown members are none: both are open."""
    nullable, text = "None" in split_union(text), normal(text)
    options = split_union(text)
    if value is None:
        if not nullable and text != "Any":
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
    elif text in registry.names and isinstance(made := named(registry, text)(value), Coded):
        yield from _members(registry, made, value, at)
    elif not _fits(registry, text, value):
        yield Departure(at, text, shape_name(value))


def _members(
    registry: Registry, made: Coded, value: dict[str, Any], at: str
) -> Iterator[Departure]:
    for f in codec(type(made)).fields.values():
        here = _step(at, f.wire)
        if f.wire in value:
            text = f"{f.type} | None" if f.nullable and not f.answered else f.type
            yield from departures(registry, text, value[f.wire], here)
        elif f.required:
            yield Departure(here, f.type, "nothing")


def _fits(registry: Registry, text: str, value: Any) -> bool:
    if text in ("Any", "bytes"):
        return True
    if text in _SCALARS:
        return isinstance(value, _SCALARS[text]) and (text == "bool" or not isinstance(value, bool))
    if text in registry.names and issubclass(kind := registry.class_of(text), Enum):
        return value.__class__ is (str if issubclass(kind, str) else int)
    load = decoder(registry, text)
    return text == "datetime" and load is not None and load(value) is not value


def shape_name(value: Any) -> str:
    return next(
        (name for kind, name in _SHAPES.items() if isinstance(value, kind)), type(value).__name__
    )


def _step(at: str, key: str) -> str:
    return at + "/" + key.replace("~", "~0").replace("/", "~1")

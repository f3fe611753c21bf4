"""Where a JSON value departs from its declared type.

It is apart from decoding, which refuses nothing, and much slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from .codec import Coded, Registry, codec, normal, split_union
from .types import parts

_SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
}
_SHAPES: dict[type, str] = {  # bool stands before int, whose subclass it is
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


class Departure(NamedTuple):
    """One place where a value is not what was declared.

    Attributes:
        pointer: the place, as a JSON pointer.
        expected: the type text that is declared.
        found: the shape of the value, such as "a string"; never the value.
    """

    pointer: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: expected {self.expected}, found {self.found}"


def departures(registry: Registry, text: str, value: Any, at: str = "") -> Iterator[Departure]:
    """All departures of a JSON value from a type text.

    Unknown enum values and unknown members are no departures: enums and objects are open.
    """
    nullable, text = "None" in split_union(text), normal(text)
    options = split_union(text)
    if value is None:
        if not nullable and text != "Any":
            yield Departure(at, text, "null")
    elif len(options) > 1:
        each = [list(departures(registry, option, value, at)) for option in options]
        yield from min(each, key=len)
    elif (found := parts(text, value)) is not None:
        for key, item in found[1]:
            yield from departures(registry, found[0], item, _step(at, str(key)))
    elif text in registry.names and isinstance(made := registry.named(text)(value), Coded):
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
        # True is an int to Python, and no number to JSON.
        return isinstance(value, _SCALARS[text]) and (text == "bool" or not isinstance(value, bool))
    if text in registry.names and issubclass(kind := registry.class_of(text), Enum):
        return value.__class__ is (str if issubclass(kind, str) else int)
    load = registry.loader(text)
    return text == "datetime" and load is not None and load(value) is not value


def shape_name(value: Any) -> str:
    """What a JSON value is, in words: "an object", "a string"."""
    return next(
        (name for kind, name in _SHAPES.items() if isinstance(value, kind)), type(value).__name__
    )


def _step(at: str, key: str) -> str:
    return at + "/" + key.replace("~", "~0").replace("/", "~1")

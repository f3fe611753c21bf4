"""What constructors and arguments refuse. Decoding refuses nothing; code that is wrong about a shape should hear of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from .codec import Coded, Registry, codec, normal, split_union
from .values import NULL

if TYPE_CHECKING:
    from .model import Model

Fits = Callable[[Any], bool]

_SCALARS: Mapping[str, Fits] = {
    "Any": lambda _: True,
    "str": lambda v: isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "float": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "datetime": lambda v: isinstance(v, datetime),
    "bytes": lambda v: isinstance(v, (bytes, bytearray, memoryview)),
    "None": lambda v: v is None,
}
_made: dict[tuple[Registry | None, str, bool], Fits] = {}


def fits(registry: Registry | None, text: str, *, plain: bool = False) -> Fits:
    """Whether a value may stand where the type text is declared; `plain` admits plain JSON where a model is declared."""
    key = (registry, text, plain)
    if key not in _made:
        _made[key] = _fits(registry, normal(text), plain)
    return _made[key]


def _fits(registry: Registry | None, text: str, plain: bool) -> Fits:
    options = split_union(text)
    if len(options) > 1:
        each = [fits(registry, option, plain=plain) for option in options]
        return lambda v: any(one(v) for one in each)
    if text.startswith("list["):
        item = fits(registry, text[5:-1], plain=plain)
        return lambda v: isinstance(v, (list, tuple)) and all(item(x) for x in v)
    if text.startswith("dict[str, "):
        value = fits(registry, text[10:-1], plain=plain)
        return lambda v: isinstance(v, Mapping) and all(isinstance(k, str) and value(x) for k, x in v.items())
    if text in _SCALARS or registry is None:
        return _SCALARS.get(text, _SCALARS["Any"])
    kind = registry.class_of(text)
    if issubclass(kind, Enum):
        return _SCALARS["str" if issubclass(kind, str) else "int"]
    return lambda v: isinstance(v, kind) or (plain and isinstance(v, Mapping) and not isinstance(v, Coded))


def check(registry: Registry | None, text: str, value: Any, name: str, *, plain: bool = False) -> None:
    """Raises TypeError where a value is not what `text` declares. None and NULL pass: they leave out, or send null."""
    if value is None or value is NULL or fits(registry, text, plain=plain)(value):
        return
    raise TypeError(f"{name} takes {normal(text)}, not {shape_of(value)}")


def shape_of(value: Any) -> str:
    """The shape of a value, never the value itself: it may be a secret."""
    if isinstance(value, (list, tuple)) and value:
        return f"{type(value).__name__} of {', '.join(sorted({type(x).__name__ for x in value}))}"
    return type(value).__name__


def check_fields(model: Model) -> None:
    """Checks what a constructor was given; a value that `_raw` has just so (evolve, copies) was decoded, and passes."""
    c = codec(type(model))
    raw = model._raw
    for f in c.fields.values():
        value = f.get(model)
        if value is None or value is NULL:
            continue
        if not f.deep and value.__class__ is str and f.type in c.registry.names:
            f.put(model, f.load(value))  # text for an enum becomes its member
        elif not fits(c.registry, f.type)(value) and not (f.wire in raw and encodes_to(value, raw[f.wire])):
            raise TypeError(f"{type(model).__name__}.{f.name} takes {f.type}, not {shape_of(value)}")


def encodes_to(value: Any, raw: Any) -> bool:
    from .codec import encode

    try:
        return bool(encode(value) == raw)
    except (TypeError, ValueError):
        return False

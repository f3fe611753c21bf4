"""What constructors and arguments refuse. Decoding refuses nothing; code that is wrong about a shape should hear of it at once.

| declared            | takes                                                                          |
|---------------------|--------------------------------------------------------------------------------|
| any optional member | None (left out), NULL (sends null)                                             |
| a required member   | NULL, but not None (None where the service makes the value)                    |
| float               | float, int                                                                     |
| int                 | int, but no bool                                                               |
| an enum             | its members, any str (turned into a member; known or not), for int enums an int |
| list[T]             | list, tuple                                                                    |
| dict[str, T]        | any mapping                                                                    |
| a model             | its instances; an argument also takes plain JSON                               |
| a kind              | that of the class or of a subclass, or one that no class stands for            |
| anything            | what the object's own JSON decodes to (attrs.evolve, with odd values)          |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from .classes import NOTHING, UNREAD
from .codec import Coded, Registry, codec, normal, split_union
from .fields import Field
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
    if text in _SCALARS or registry is None or text not in registry.names:  # of a user's own subclass
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


def missing(first: Field, cls: type, members: Mapping[str, Any]) -> str:
    """What a constructor says of the members that it was not given: `first` and those after it, and the way out."""
    fields = list(codec(cls).fields.values())
    lack = [f for f in fields[fields.index(first) :] if f.default is NOTHING and f.name not in members]
    names = ", ".join(f"{f.name!r} ({f.type})" for f in lack)
    text = f"{cls.__name__}.__init__() missing {len(lack)} required keyword-only argument{'s' if lack[1:] else ''}: {names}"
    return f"{text}. The document requires them; plain JSON, as a dict or by {cls.__name__}.from_dict, may lack them"


def shape_of(value: Any) -> str:
    """The shape of a value, never the value itself: it may be a secret."""
    if isinstance(value, (list, tuple)) and value:
        return f"{type(value).__name__} of {', '.join(sorted({type(x).__name__ for x in value}))}"
    return type(value).__name__


def check_fields(model: Model, *, fresh: bool) -> None:
    """Checks what a constructor was given, and turns text into enum members. `fresh`: not made from another model."""
    c = codec(type(model))
    raw = model._raw
    for f in c.fields.values():
        value = f.get(model)
        if value is None:
            if f.wire in raw and raw[f.wire] is None:
                if f.lazy:
                    f.put(model, UNREAD)  # so that the null goes back
            elif fresh and not f.nullable and not f.sent:
                raise TypeError(f"{type(model).__name__}.{f.name} takes {f.type}, not None (NULL sends null)")
        elif value is not NULL:
            _check_field(model, f, value, raw)


def check_kind(model: Model) -> None:
    """Refuses a kind that another class stands for, which the service would read the members as those of. A kind that nobody
    knows passes, as does that of a subclass, and what the object's own JSON says."""
    cls: Any = next(
        c for c in type(model).__mro__ if "_own" in vars(c)
    )  # of a user's own subclass, what it derives from
    base: Any
    for base in cls.__mro__:
        if (tag := vars(base).get("_tag")) is None:
            continue
        value = getattr(model, tag)
        kind = value.value if isinstance(value, Enum) else value
        if not isinstance(kind, str) or model._raw.get(codec(cls).fields[tag].wire) == kind:
            continue
        name = base._kinds.get(kind, cls.__name__)
        if kind in base._others or (name != cls.__name__ and not issubclass(Registry.of(cls).class_of(name), cls)):
            other = "of another class" if kind in base._others else f"that of {name}"
            raise TypeError(f"{cls.__name__}.{tag} takes no {kind!r}: that kind is {other}")


def _check_field(model: Model, f: Field, value: Any, raw: Mapping[str, Any]) -> None:
    if fits(f.registry, f.type)(value):
        if f.open and (value.__class__ is str or (value.__class__ is list and str in map(type, value))):
            f.put(model, f.load(value))
    elif not (f.wire in raw and _came_as(value, f.load(raw[f.wire]))):
        raise TypeError(f"{type(model).__name__}.{f.name} takes {f.type}, not {shape_of(value)}")


def _came_as(value: Any, decoded: Any) -> bool:
    try:
        return bool(value == decoded)
    except (TypeError, ValueError):  # it holds what JSON cannot
        return False

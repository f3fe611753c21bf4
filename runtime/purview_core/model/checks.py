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
| anything            | what the object that attrs.evolve copies holds, and items of its lists and maps |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from .codec import codec
from .definition import NOTHING, UNREAD
from .encoders import encode
from .fields import Coded, Field
from .registry import Registry
from .types import normal, split_union
from .values import NULL

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
        return lambda v: (
            isinstance(v, Mapping) and all(isinstance(k, str) and value(x) for k, x in v.items())
        )
    if (
        text in _SCALARS or registry is None or text not in registry.names
    ):  # of a user's own subclass
        return _SCALARS.get(text, _SCALARS["Any"])
    kind = registry.class_of(text)
    if issubclass(kind, Enum):
        return _SCALARS["str" if issubclass(kind, str) else "int"]
    return lambda v: (
        isinstance(v, kind) or (plain and isinstance(v, Mapping) and not isinstance(v, Coded))
    )


def check(
    registry: Registry | None, text: str, value: Any, name: str, *, plain: bool = False
) -> None:
    """Raises TypeError where a value is not what `text` declares. None and NULL pass: they leave out, or send null."""
    if value is None or value is NULL or fits(registry, text, plain=plain)(value):
        return
    raise TypeError(misfit(registry, normal(text), value, name, plain=plain))


def misfit(
    registry: Registry | None, text: str, value: Any, name: str, *, plain: bool = False
) -> str:
    """What a value that does not fit should have been, at the place in it that does not: `contacts['Expert'][0] takes ..`."""
    options = split_union(text)
    for option in options:
        inner = (
            option[5:-1]
            if option.startswith("list[")
            else option[10:-1]
            if option.startswith("dict[str, ")
            else ""
        )
        places: Iterable[tuple[Any, Any]] = ()
        if option.startswith("list[") and isinstance(value, (list, tuple)):
            places = enumerate(value)
        elif option.startswith("dict[str, ") and isinstance(value, Mapping):
            if odd := next((key for key in value if not isinstance(key, str)), None):
                return f"{name} takes {option}, and one of its keys is {shape_of(odd)}"
            places = value.items()
        for key, item in places:
            if not fits(registry, inner, plain=plain)(item):
                return misfit(registry, inner, item, f"{name}[{key!r:.60}]", plain=plain)
    wanted, found = text, shape_of(value)
    if (
        registry is not None
        and isinstance(value, Coded)
        and (home := Registry.of(type(value))) is not registry
    ):
        named = [
            word for word in registry.names if re.search(rf"\b{word}\b", text)
        ]  # of another plane or version
        for word in named:
            wanted = re.sub(rf"\b{word}\b", f"{registry.index.__name__}.{word}", wanted)
        found = f"{home.index.__name__}.{found}"
    return f"{name} takes {wanted}, not {found}"


def missing(first: Field, cls: type, members: Mapping[str, Any]) -> str:
    """What a constructor says of the members that it was not given: `first` and those after it, and the way out."""
    fields = list(codec(cls).fields.values())
    lack = [
        f for f in fields[fields.index(first) :] if f.default is NOTHING and f.name not in members
    ]
    names = ", ".join(f"{f.name!r} ({f.type})" for f in lack)
    text = f"{cls.__name__}.__init__() missing {len(lack)} required keyword-only argument{'s' if lack[1:] else ''}: {names}"
    return f"{text}. The document requires them; plain JSON, as a dict or by {cls.__name__}.from_dict, may lack them"


def shape_of(value: Any) -> str:
    """The shape of a value, never the value itself: it may be a secret."""
    if isinstance(value, (list, tuple)) and value:
        return f"{type(value).__name__} of {', '.join(sorted({type(x).__name__ for x in value}))}"
    return type(value).__name__


def take_known(model: Coded) -> None:
    """Takes members that the class names out of what `additional_properties` gave; raises TypeError, which names the argument,
    where that was given, too, with another value, and where the name is none of the service's but ours."""
    cls, raw = type(model).__name__, model._raw
    known = codec(type(model))
    for f in known.fields.values():
        key = f.key_in(raw)
        if f.name in raw and f.name not in known.known:
            raise TypeError(
                f"{cls}: additional_properties holds {f.name!r}, which the service does not know: give {f.name}=, or {f.wire!r}"
            )
        if key is None:
            continue
        value, came = f.get(model), raw[key]
        if value is None and came is not None:
            f.put(model, f.load(came))
        elif value is not None and encode(value) != came:
            raise TypeError(
                f"{cls}: additional_properties holds {key!r}, with another value than the argument {f.name}=; give that one alone"
            )


def check_fields(model: Coded, source: Coded | None) -> None:
    """Checks what a constructor was given, and turns text into enum members. `source`: the model that a copy is made from, whose
    values are taken as they are, odd or not."""
    raw = model._raw
    for f in codec(type(model)).fields.values():
        value = f.get(model)
        if value is None:
            key = f.key_in(raw)
            if key is not None and raw[key] is None:
                if f.lazy:
                    f.put(model, UNREAD)  # so that the null goes back
            elif source is None and not f.nullable and not f.answered:
                raise TypeError(
                    f"{type(model).__name__}.{f.name} takes {f.type}, not None (NULL sends null)"
                )
        elif value is not NULL:
            _check_field(model, f, value, source)


def check_kind(model: Coded) -> None:
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
        if kind in base._others or (
            name != cls.__name__ and not issubclass(Registry.of(cls).class_of(name), cls)
        ):
            other = "of another class" if kind in base._others else f"that of {name}"
            raise TypeError(f"{cls.__name__}.{tag} takes no {kind!r}: that kind is {other}")


def _check_field(model: Coded, f: Field, value: Any, source: Coded | None) -> None:
    if fits(f.registry, f.type)(value):
        if f.open and (
            value.__class__ is str or (value.__class__ is list and str in map(type, value))
        ):
            f.put(model, f.load(value))
    elif source is None or not _came_with(f, value, getattr(source, f.name, None), source._raw):
        raise TypeError(misfit(f.registry, f.type, value, f"{type(model).__name__}.{f.name}"))


def _came_with(f: Field, value: Any, old: Any, raw: Mapping[str, Any]) -> bool:
    """Whether what does not fit in a value is of the model that a copy is made from: all of it, or each odd item."""
    if value is old:
        return True
    key = f.key_in(raw)
    try:
        if key is not None and value == f.load(raw[key]):
            return True
    except (TypeError, ValueError):  # it holds what JSON cannot
        return False
    for option in split_union(f.type):
        if (
            option.startswith("list[")
            and isinstance(value, (list, tuple))
            and isinstance(old, (list, tuple))
        ):
            item, known = fits(f.registry, option[5:-1]), set(map(id, old))
            return all(id(x) in known or item(x) for x in value)
        if (
            option.startswith("dict[str, ")
            and isinstance(value, Mapping)
            and isinstance(old, Mapping)
        ):
            item, known = fits(f.registry, option[10:-1]), set(map(id, old.values()))
            return all(isinstance(k, str) and (id(x) in known or item(x)) for k, x in value.items())
    return False

"""The types of values that constructors and arguments take.

Decoding refuses nothing, but a program that gives a value of the wrong type is told at once.

| declared            | takes                                                                    |
|---------------------|--------------------------------------------------------------------------|
| any optional member | None (left out), NULL (sends null)                                       |
| a required member   | NULL, but not None (None where the service makes the value)              |
| float               | float, int                                                               |
| int                 | int, but no bool                                                         |
| an enum             | its members; any str, which becomes a member; an int for enums of int    |
| list[T]             | list, tuple                                                              |
| dict[str, T]        | any mapping                                                              |
| a model             | its instances; an argument also takes plain JSON                         |
| a kind              | that of the class or of a subclass, or one that no class stands for      |
| any of these        | in a copy by attrs.evolve, what the original holds, and parts of that    |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from .codec import Coded, Registry, codec, encode, normal, split_union
from .definitions import NOTHING, UNREAD
from .fields import Field
from .types import Namespace, item_of_list, parts, value_of_dict
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
_made: dict[tuple[Namespace | None, str, bool], Fits] = {}


def fits(registry: Namespace | None, text: str, *, plain: bool = False) -> Fits:
    """What tells whether a value may stand where a type is declared.

    Args:
        registry: the models that the type text names.
        text: the type text.
        plain: whether plain JSON may stand where a model is declared.
    """
    key = (registry, text, plain)
    if key not in _made:
        _made[key] = _fits(registry, normal(text), plain)
    return _made[key]


def _fits(registry: Namespace | None, text: str, plain: bool) -> Fits:
    options = split_union(text)
    if len(options) > 1:
        each = [fits(registry, option, plain=plain) for option in options]
        return lambda v: any(one(v) for one in each)
    if (inner := item_of_list(text)) is not None:
        item = fits(registry, inner, plain=plain)
        return lambda v: isinstance(v, (list, tuple)) and all(item(x) for x in v)
    if (inner := value_of_dict(text)) is not None:
        value = fits(registry, inner, plain=plain)
        return lambda v: (
            isinstance(v, Mapping) and all(isinstance(k, str) and value(x) for k, x in v.items())
        )
    if text in _SCALARS or registry is None or text not in registry.names:
        return _SCALARS.get(text, _SCALARS["Any"])  # Any: types of a user's own subclass
    kind = registry.class_of(text)
    if issubclass(kind, Enum):
        return _SCALARS["str" if issubclass(kind, str) else "int"]
    return lambda v: (
        isinstance(v, kind) or (plain and isinstance(v, Mapping) and not isinstance(v, Coded))
    )


def check(
    registry: Namespace | None, text: str, value: Any, name: str, *, plain: bool = False
) -> None:
    """Raises TypeError where a value is not what `text` declares.

    None and NULL pass: they leave a member out, or send null.
    """
    if value is None or value is NULL or fits(registry, text, plain=plain)(value):
        return
    raise TypeError(misfit(registry, normal(text), value, name, plain=plain))


def misfit(
    registry: Namespace | None, text: str, value: Any, name: str, *, plain: bool = False
) -> str:
    """What to say of a value that does not fit, at the innermost place that does not.

    For example: `contacts['Expert'][0] takes AtlasContact, not str`.
    """
    for option in split_union(text):
        found = parts(option, value)
        if found is None:
            continue
        if value_of_dict(option) is not None:
            odd = next((key for key in value if not isinstance(key, str)), None)
            if odd is not None:
                return f"{name} takes {option}, and one of its keys is {shape_of(odd)}"
        inner, inside = found
        for key, item in inside:
            if not fits(registry, inner, plain=plain)(item):
                return misfit(registry, inner, item, f"{name}[{key!r:.60}]", plain=plain)
    wanted, shape = text, shape_of(value)
    home = Registry.of(type(value)) if isinstance(value, Coded) else registry
    if registry is not None and home is not None and home is not registry:
        # A model of another plane or version may have the same name, so both are shown in full.
        for word in [word for word in registry.names if re.search(rf"\b{word}\b", text)]:
            wanted = re.sub(rf"\b{word}\b", f"{registry.index.__name__}.{word}", wanted)
        shape = f"{home.index.__name__}.{shape}"
    return f"{name} takes {wanted}, not {shape}"


def missing(first: Field, cls: type, members: Mapping[str, Any]) -> str:
    """What a constructor says of missing required members: `first`, and those after it."""
    fields = list(codec(cls).fields.values())
    lack = [
        f for f in fields[fields.index(first) :] if f.default is NOTHING and f.name not in members
    ]
    names = ", ".join(f"{f.name!r} ({f.type})" for f in lack)
    arguments = "keyword-only argument" if len(lack) == 1 else "keyword-only arguments"
    return (
        f"{cls.__name__}.__init__() missing {len(lack)} required {arguments}: {names}. "
        "The document requires them; plain JSON, as a dict or by "
        f"{cls.__name__}.from_dict, may lack them"
    )


def shape_of(value: Any) -> str:
    """The class of a value, and of what is in a list; never the value, which may be a secret."""
    if isinstance(value, (list, tuple)) and value:
        return f"{type(value).__name__} of {', '.join(sorted({type(x).__name__ for x in value}))}"
    return type(value).__name__


def take_known(model: Coded) -> None:
    """Moves members that the class names from `additional_properties` into their attributes.

    Raises TypeError where an argument gave such a member another value, and where a name is that
    of an attribute instead of the service's.
    """
    cls, raw = type(model).__name__, model._raw
    known = codec(type(model))
    for f in known.fields.values():
        key = f.key_in(raw)
        if f.name in raw and f.name not in known.known:
            raise TypeError(
                f"{cls}: additional_properties holds {f.name!r}, which the service does not know: "
                f"give {f.name}=, or {f.wire!r}"
            )
        if key is None:
            continue
        value, came = f.get(model), raw[key]
        if value is None and came is not None:
            f.put(model, f.load(came))
        elif value is not None and encode(value) != came:
            raise TypeError(
                f"{cls}: additional_properties holds {key!r}, with another value than the "
                f"argument {f.name}=; give that one alone"
            )


def check_fields(model: Coded, source: Coded | None) -> None:
    """Checks what a constructor was given, and turns text into enum members.

    Args:
        model: the new model.
        source: the model that it is a copy of, if it is one: what that holds passes unchecked,
            as an answer may hold values of any type.
    """
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
    """Refuses a kind that another class stands for, by which the service would read the members.

    A kind that no class stands for passes, as do those of subclasses, and the one that the
    model's own JSON has.
    """
    # Of a user's own subclass, the generated class that it derives from.
    cls: Any = next(c for c in type(model).__mro__ if "_own" in vars(c))
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
    """Whether what does not fit is of the model that a copy is made of: all of it, or each part."""
    if value is old:
        return True
    key = f.key_in(raw)
    try:
        if key is not None and value == f.load(raw[key]):
            return True
    except (TypeError, ValueError):  # it holds what JSON cannot
        return False
    for option in split_union(f.type):
        new, before = parts(option, value), parts(option, old)
        if new is not None and before is not None:
            fit, known = fits(f.registry, new[0]), {id(x) for _, x in before[1]}
            whole = not isinstance(value, Mapping) or all(isinstance(k, str) for k in value)
            return whole and all(id(x) in known or fit(x) for _, x in new[1])
    return False

"""What reads, decodes and encodes the objects of one class, in plain words: the twins of `compiled`.

They take longer, and do the same; a test compares them over the classes of all planes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .definition import UNREAD
from .fields import ASSIGNED, HANDED, Field, lock, touch
from .registry import Load

Lay = Callable[[dict[str, Any], dict[str, Any], Any], dict[str, Any]]
"""Lays the value of one attribute over what goes out, (out, raw, value) -> out: `raw` until the first change, then a copy."""

SIMPLE = ("str", "int", "float", "bool")


class Shape(Protocol):
    """What is known of a class, as `codec.Codec` has it."""

    cls: Any
    own: bool
    fields: dict[str, Field]
    kinds: dict[str, Load]

    @property
    def tag(self) -> str:
        """The wire name of the discriminator, of a class that has kinds."""
        ...


def plain_reader(field: Field) -> Callable[[Any], Any]:
    """The plain twin of a getter."""

    def read(model: Any) -> Any:
        value = field.get(model)
        if value is not UNREAD:
            return value
        came = field.came(model._raw)
        if came is None:
            return None
        if field.as_it_is:
            with lock:
                if model._touched is None:
                    touch(model, HANDED)
            return came
        value = field.load(came)
        with lock:  # two threads may both have decoded: the first one's object stays
            if field.get(model) is UNREAD:
                field.put(model, value)
            return field.get(model)

    return read


def plain_decode_object(shape: Shape, decoder: Callable[[str], Load | None]) -> Load:
    """The plain twin of a decoder of objects."""
    make = maker(shape)
    fields = [(f, None if f.lazy else decoder(f.type)) for f in shape.fields.values()]

    def decode(raw: Any) -> Any:
        if raw.__class__ is not dict:
            return raw
        kind = raw.get(shape.tag) if shape.kinds else None
        if kind.__class__ is str and kind in shape.kinds:
            return shape.kinds[kind](raw)
        new = make()
        new._raw = raw
        for field, load in fields:
            value = UNREAD if field.lazy else field.came(raw)
            field.put(new, value if load is None or value is None else load(value))
        touch(new, None if shape.own else ASSIGNED)
        if shape.own:
            new.__class__ = shape.cls
        return new

    return decode


def maker(shape: Shape) -> Callable[[], Any]:
    """What makes an empty object: of a subclass without Model's `__setattr__`, which costs 300 ns for an attribute and not 10.

    A class that others derived may have attributes of its own, for which that is not done.
    """
    if not shape.own:
        return lambda: _made_whole(shape.cls)
    space = {
        "__slots__": (),
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    quick: Callable[[], Any] = type(shape.cls)(shape.cls.__name__, (shape.cls,), space)
    return quick


def _made_whole(cls: Any) -> Any:
    new = object.__new__(cls)
    touch(new, ASSIGNED)
    return new


def plain_encode_object(
    shape: Shape,
    lays: Mapping[str, Lay],
    decoder: Callable[[str], Load | None],
    *,
    for_body: bool,
) -> Load:
    """The plain twin of an encoder of objects."""
    fields = [f for f in shape.fields.values() if not (for_body and f.read_only)]
    decoded = {f.name for f in fields if decoder(f.type) is not None}

    def encode(model: Any) -> Any:
        raw, touched = model._raw, model._touched
        out = _for_body(shape, model) if for_body else raw
        for field in fields:
            value, came = field.get(model), field.came(raw)
            if not _may_have_changed(field, value, touched):
                continue
            if value is UNREAD:  # it was handed out, and may have been changed in place
                value = came
                if value is None:
                    continue
            if value is None:
                if field.lazy or came is not None or field.name in touched:
                    for name in field.wires:
                        out = without(out, raw, name)
            elif _is_other(field, value, came, is_decoded=field.name in decoded):
                out = lays[field.name](out, raw, value)
        return out

    return encode


def _may_have_changed(field: Field, value: Any, touched: frozenset[str] | None) -> bool:
    """Scalars once an attribute was assigned, lists and maps of JSON once one was handed out, all else once it was read."""
    if field.as_it_is and field.lazy:
        return touched is not None
    if field.lazy:
        return value is not UNREAD
    return touched is not None and touched is not HANDED


def _is_other(field: Field, value: Any, came: Any, *, is_decoded: bool) -> bool:
    """Whether a value may be another than what came decodes to."""
    if field.lazy:
        return field.deep or field.as_it_is or bool(value != field.load(came))
    if field.type in SIMPLE:
        return value is not came  # 1, 1.0 and True are equal
    if not is_decoded:
        return True
    if value is came or value == came:
        return False
    old = field.load(came)
    if value != old:
        return True
    return field.type == "datetime" and bool(value.utcoffset() != old.utcoffset())


def _for_body(shape: Shape, model: Any) -> dict[str, Any]:
    """What came, without read-only members and in the spelling that the service uses; its models are read."""
    raw: dict[str, Any] = model._raw
    out = raw
    for field in shape.fields.values():
        if field.read_only:
            for name in field.wires:
                out = without(out, raw, name)
            continue
        for other in field.wires[1:]:
            out = with_spelling(out, field.wire, other)
        if field.lazy and field.deep and field.wire in out:
            getattr(model, field.name)
    return out


def without(out: dict[str, Any], raw: dict[str, Any], wire: str) -> dict[str, Any]:
    """The object without a member; `raw` itself is not changed."""
    if wire in out:
        out = raw.copy() if out is raw else out
        del out[wire]
    return out


def with_spelling(out: dict[str, Any], wire: str, other: str) -> dict[str, Any]:
    """The object with a member in the spelling that the service uses, in its place."""
    if other not in out or wire in out:
        return out
    return {wire if name == other else name: value for name, value in out.items()}

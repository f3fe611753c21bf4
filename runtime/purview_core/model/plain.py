"""Reading, decoding and encoding of one model class, in ordinary Python.

`compiled` does the same in source that it makes for each class. This module says what that has to
do: the tests hold the two equal, and whoever reads, or debugs, the codec starts here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .definitions import UNREAD
from .fields import ASSIGNED, HANDED, Coded, Field, Layout, lock, set_raw, touch
from .merge import Json, Lay, layer, respelled, without
from .types import Load


def reader(f: Field) -> Load:
    """What reads a lazy member of a model, given the model."""
    return _reader_of_json(f) if f.as_it_is else _first_decoder(f)


def _first_decoder(f: Field) -> Load:
    def read(model: Any) -> Any:
        value = f.get(model)
        if value is not UNREAD:
            return value
        came = f.raw_in(model._raw)
        if came is None:
            return None
        value = f.load(came)
        with lock:  # two threads may both have decoded: the first one's object stays
            if f.get(model) is UNREAD:
                f.put(model, value)
            return f.get(model)

    return read


def _reader_of_json(f: Field) -> Load:
    """Hands out a list or map of the JSON itself: from then on it may have been changed."""

    def read(model: Any) -> Any:
        value = f.get(model)
        if value is not UNREAD:
            return value
        value = f.raw_in(model._raw)
        if value is not None:
            with lock:
                if model._touched is None:
                    touch(model, HANDED)
        return value

    return read


def decoder(layout: Layout, kinds: dict[str, Load]) -> Load:
    """What makes a model of a JSON object; `kinds` are the loaders of its subclasses."""
    cls = layout.cls
    tag = layout.tag if kinds else ""

    def decode(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        kind = value.get(tag) if kinds else None
        if kind.__class__ is str and kind in kinds:
            return kinds[kind](value)
        model = object.__new__(cls)
        touch(model, ASSIGNED)
        set_raw(model, value)
        for f in layout.lazy:
            f.put(model, UNREAD)
        for f in layout.stored:
            came = f.raw_in(value)
            loaded = came if came is None else f.load(came)
            if layout.own:
                f.put(model, loaded)
            else:  # converters of a class that attrs derived run
                setattr(model, f.name, loaded)
        touch(model, None if layout.own else ASSIGNED)
        return model

    return decode


def encoder(layout: Layout, writers: Mapping[type, Load | None], *, writable: bool) -> Load:
    """What makes the JSON object of a model, which may be the one that it came as.

    Args:
        layout: the fields of its class.
        writers: what encodes the values in it, by their class.
        writable: leaves read-only members out, and uses the service's own spelling of the others.
    """
    every = list(layout.fields.values())
    read_only = [f for f in every if f.read_only and writable]
    sent = [f for f in every if f not in read_only]
    lay = {f: layer(f, layout.cls.__name__, writers) for f in sent}
    decoded = [f for f in sent if f.lazy and not f.as_it_is]
    handed_out = [f for f in sent if f.lazy and f.as_it_is]

    def encode(model: Any) -> Any:
        raw: Json = model._raw
        out, touched = raw, model._touched
        if writable:
            out = _writable(model, out, read_only, sent)
        fields = sent
        if touched is None or touched is HANDED:
            fields = decoded + handed_out if touched is HANDED else decoded
        for f in fields:
            laid = _laid_lazy if f.lazy else _laid_stored
            out = laid(f, model, out, lay[f])
        return out

    return encode


def _writable(model: Any, out: Json, read_only: list[Field], sent: list[Field]) -> Json:
    for f in read_only:
        out = _left_out(out, model._raw, f)
    for f in sent:
        for other in f.wires[1:]:
            out = respelled(out, f.wire, other)
    for f in sent:
        if f.lazy and f.deep and f.get(model) is UNREAD and f.wire in out:
            getattr(model, f.name)  # its read-only members have to go, too
    return out


def _laid_lazy(f: Field, model: Coded, out: Json, lay: Lay) -> Json:
    """Lays what was read, and may have been changed in place since."""
    raw, value = model._raw, f.get(model)
    if value is UNREAD and f.as_it_is and (came := f.raw_in(raw)) is not None:
        value = came
    if value is UNREAD:
        return out
    if value is None:
        return _left_out(out, raw, f)
    if f.deep or f.as_it_is or value != f.load(f.raw_in(raw)):
        return lay(out, raw, value)
    return out


def _laid_stored(f: Field, model: Any, out: Json, lay: Lay) -> Json:
    """Lays what was stored when the model was decoded, and may have been assigned since."""
    raw, value = model._raw, getattr(model, f.name)
    came = f.raw_in(raw)
    if value is not None:
        return lay(out, raw, value) if _may_differ(f, value, came) else out
    if came is not None or f.name in model._touched:
        return _left_out(out, raw, f)
    return out


def _may_differ(f: Field, value: Any, came: Any) -> bool:
    """Whether a value may be another one than `came` is decoded to."""
    if f.type in ("str", "int", "float", "bool"):
        return value is not came  # 1, 1.0 and True are equal
    if f.loader is None:
        return True  # what a list or a map holds may have been changed in place
    if value is came or value == came:
        return False
    decoded = f.load(came)
    if value != decoded:
        return True
    # equal date-times of another zone are written in another way
    return bool(
        f.type == "datetime"
        and value.tzinfo is not decoded.tzinfo
        and value.utcoffset() != decoded.utcoffset()
    )


def _left_out(out: Json, raw: Json, f: Field) -> Json:
    for name in f.wires:
        out = without(out, raw, name)
    return out

"""What reads, decodes and encodes the objects of one class: written out for it, and compiled at its first use.

Each function has its twin in `plain`, which says what it does, and which it is tested against. With `PLAIN` set before a class
is first used, the twins do the work. What compiling gains (Python 3.11, the properties of a scan, 30 members, nanoseconds):

| work                                | compiled | plain |
|-------------------------------------|----------|-------|
| decode an object                    |      700 | 8,100 |
| read a member the first time, again |  460, 73 | 1,450, 117 |
| encode it, untouched                |      105 | 8,900 |
| encode it, one member assigned      |    1,700 | 12,400 |
| compile a decoder, once a class     |  330,000 |     0 |

For a class with `name: str`, `kind: Kind` and `properties: Properties`, the decoder of an object is

    def decode(raw):
        if raw.__class__ is not dict: return raw
        new = make()
        new._raw = raw
        new._properties_ = UNREAD
        new.name = raw.get('name')
        value = raw.get('kind')
        new.kind = value if value is None else value.__class__ is str and known1(value) or decode1(value)
        new._touched = None; new.__class__ = cls
        return new
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from types import CodeType, FunctionType
from typing import Any

from .definition import UNREAD
from .fields import ASSIGNED, HANDED, Field, lock, touch
from .plain import (
    SIMPLE,
    Lay,
    Shape,
    maker,
    plain_decode_object,
    plain_encode_object,
    plain_reader,
    with_spelling,
    without,
)
from .registry import Load

PLAIN = False

_FEW = 7  # look-ups for which raw.get takes less than a bound method that has to be made first
# Two threads may both have decoded: the first one's object stays. Under the GIL no other thread comes between the test of a
# slot and the call that fills it, which is a C function (the lock costs 150 ns more, half of a first read).
_ONE_AT_A_TIME = "if True:" if getattr(sys, "_is_gil_enabled", lambda: True)() else "with lock:"


# Reading an attribute


def install_reader(field: Field) -> Callable[[Any], Any]:
    """The getter of an attribute of which the model decodes the value, or hands it out, at the first read."""
    if PLAIN:
        return plain_reader(field)
    function = FunctionType(_reader_code(field), {"lock": lock, "touch": touch, "HANDED": HANDED})
    field.resolved = lambda: setattr(function, "__code__", _reader_code(field))
    return function


_DECODES = """def read(model):
 unread = '<UNREAD>'; value = model.{slot}
 if value is not unread: return value
 value = {came}
 if value is None: return value
 load = '<load>'; put = '<put>'
 value = load(value)
 {one_at_a_time}
  if model.{slot} is unread: put(model, value); return value
 return model.{slot}"""
_HANDS_OUT = """def read(model):
 unread = '<UNREAD>'; value = model.{slot}
 if value is not unread: return value
 value = {came}
 if value is not None and model._touched is None:
  {one_at_a_time}
   if model._touched is None: touch(model, HANDED)
 return value"""
_readers: dict[tuple[str, tuple[str, ...], bool], CodeType] = {}


def _reader_code(field: Field) -> CodeType:
    """Byte code of its own: that which many classes share would not be specialised (30 ns for 5).

    What belongs to the field is a constant in it: a thousand dicts of globals would not stay in the caches of the CPU.
    """
    key = (field.slot, field.wires, field.as_it_is)
    if key not in _readers:
        text = (_HANDS_OUT if field.as_it_is else _DECODES).format(
            slot=field.slot,
            came=_came(field, "model._raw", "model._raw.get"),
            one_at_a_time=_ONE_AT_A_TIME,
        )
        _readers[key] = _compiled("read", text, f"<{field.name}>", {}).__code__
    code = _readers[key]
    own = {"<UNREAD>": UNREAD, "<load>": field.load, "<put>": field.put}
    constants = tuple(own.get(c, c) for c in code.co_consts)
    return code.replace(co_name=field.name, co_consts=constants)


# Decoding an object


def decode_object(shape: Shape, decoder: Callable[[str], Load | None]) -> Load:
    """What makes an object of a class from JSON; `decoder` gives what decodes a type text."""
    if PLAIN:
        return plain_decode_object(shape, decoder)
    stored = [f for f in shape.fields.values() if not f.lazy]
    get = "get" if len(stored) > _FEW else "raw.get"
    env: dict[str, Any] = {
        "ASSIGNED": ASSIGNED,
        "UNREAD": UNREAD,
        "cls": shape.cls,
        "date": datetime.fromisoformat,
        "kinds": shape.kinds,
        "make": maker(shape),
        "touch": touch,
    }
    lines = ["def decode(raw):", "if raw.__class__ is not dict: return raw"]
    if shape.kinds:
        lines += [f"kind = raw.get({shape.tag!r})"]
        lines += ["if kind.__class__ is str and kind in kinds: return kinds[kind](raw)"]
    lines += ["new = make()", "new._raw = raw"]
    lines += ["get = raw.get"] if get == "get" else []
    lazy = [f"new.{f.slot} = " for f in shape.fields.values() if f.lazy]
    lines += ["".join([*lazy, "UNREAD"])] if lazy else []
    for i, field in enumerate(stored):
        lines += _stored(field, str(i), decoder(field.type), env, get)
    end = "new._touched = None; new.__class__ = cls" if shape.own else "touch(new, ASSIGNED)"
    text = "\n ".join([*lines, end, "return new"])
    decoded: Load = _compiled("decode", text, f"<decode {shape.cls.__name__}>", env)
    return decoded


def _stored(
    field: Field, name: str, load: Load | None, env: dict[str, Any], get: str
) -> Iterator[str]:
    """Lines that store a member that is decoded at once."""
    came = _came(field, "raw", get)
    if load is None:
        yield f"new.{field.name} = {came}"
        return
    env[f"decode{name}"] = load
    yield f"value = {came}"
    if field.type == "datetime":
        yield f"try: new.{field.name} = value and date(value)"
        yield f"except (TypeError, ValueError): new.{field.name} = value"
        return
    found = f"decode{name}(value)"
    if (known := getattr(load, "known", None)) is not None:
        env[f"known{name}"] = known
        found = f"value.__class__ is str and known{name}(value) or {found}"
    yield f"new.{field.name} = value if value is None else {found}"


# Encoding an object


def encode_object(
    shape: Shape,
    lays: Mapping[str, Lay],
    decoder: Callable[[str], Load | None],
    *,
    for_body: bool,
) -> Load:
    """What makes JSON of an object. `lays`: by attribute; `for_body`: without what a caller does not send."""
    if PLAIN:
        return plain_encode_object(shape, lays, decoder, for_body=for_body)
    fields = {f"f{i}": f for i, f in enumerate(shape.fields.values())}
    lines = ["def encode(model):", "raw = model._raw; out = raw; touched = model._touched"]
    if for_body:
        lines += [_left_out(f) for f in fields.values() if f.read_only]
        fields = {name: f for name, f in fields.items() if not f.read_only}
        spelled = [(f.wire, n) for f in fields.values() for n in f.wires[1:]]
        lines += [f"out = spelled(out, {wire!r}, {other!r})" for wire, other in spelled]
        deep = [f for f in fields.values() if f.lazy and f.deep]
        # models are read, so that their own read-only members are left out
        lines += [
            f"if model.{f.slot} is UNREAD and {f.wire!r} in out: model.{f.name}" for f in deep
        ]
    env: dict[str, Any] = {"HANDED": HANDED, "UNREAD": UNREAD}
    env |= {"spelled": with_spelling, "without": without}
    env |= fields | {f"lay_{name}": lays[f.name] for name, f in fields.items()}
    loads = {name: decoder(f.type) for name, f in fields.items() if not f.lazy}
    env |= {f"decode_{name}": load for name, load in loads.items()}
    lines += _changes(fields, {name for name, load in loads.items() if load is not None})
    text = "\n ".join([*lines, "return out"])
    encoded: Load = _compiled("encode", text, f"<encode {shape.cls.__name__}>", env)
    return encoded


def _changes(fields: Mapping[str, Field], decoded: Collection[str]) -> Iterator[str]:
    """Lines that lay over what came what may have been changed since: of an untouched model, what was read."""
    laid = {
        name: list(_lazy_laid(f, name) if f.lazy else _laid(f, name, name in decoded))
        for name, f in fields.items()
    }
    lazy = [(name, f) for name, f in fields.items() if f.lazy]
    handed = [f"  {line}" for name, f in lazy if f.as_it_is for line in laid[name]]
    slots = [f"model.{f.slot} is " for _, f in lazy if not f.as_it_is]
    untouched = ["".join([*slots, "UNREAD"])] if slots else []
    untouched += ["touched is None"] if handed else []
    yield "if touched is None or touched is HANDED:"
    yield f" if {' and '.join(untouched) or 'True'}: return out"
    yield from (f" {line}" for name, f in lazy if not f.as_it_is for line in laid[name])
    if handed:
        yield " if touched is HANDED:"
        yield from handed
    yield " return out"
    for lines in laid.values():
        yield from lines


def _lazy_laid(field: Field, name: str) -> Iterator[str]:
    """Lines that lay what may have been changed in place."""
    came = _came(field, "raw", "raw.get")
    yield f"value = model.{field.slot}"
    if field.as_it_is:
        yield f"if value is UNREAD: value = {came}; value = UNREAD if value is None else value"
    yield "if value is UNREAD: pass"
    yield f"elif value is None: {_left_out(field)}"
    changed = "True" if field.deep or field.as_it_is else f"value != {name}.load({came})"
    yield f"elif {changed}: out = lay_{name}(out, raw, value)"


def _laid(field: Field, name: str, is_decoded: bool) -> Iterator[str]:
    """Lines that lay what was stored at once, where an attribute was assigned."""
    changed = _changed(field, f"decode_{name}") if is_decoded else "True"
    changed = "value is not came" if field.type in SIMPLE else changed  # 1, 1.0 and True are equal
    left_out = f"came is not None or {field.name!r} in touched"
    yield f"value = model.{field.name}; came = {_came(field, 'raw', 'raw.get')}"
    yield f"if value is not None and {changed}: out = lay_{name}(out, raw, value)"
    yield f"elif value is None and ({left_out}): {_left_out(field)}"


def _changed(field: Field, decode: str) -> str:
    """The test whether an attribute may be another value than what came decodes to."""
    differs = "value is not came and value != came and "
    if field.type != "datetime":
        return f"{differs}value != {decode}(came)"
    zones = "value.tzinfo is not old.tzinfo and value.utcoffset() != old.utcoffset()"
    return f"{differs}(value != (old := {decode}(came)) or {zones})"


def _left_out(field: Field) -> str:
    """The line that leaves a member out, however it is spelled."""
    return "; ".join(f"out = without(out, raw, {name!r})" for name in field.wires)


def _came(field: Field, raw: str, get: str) -> str:
    """The text of what a member came as: under its own name, else under another spelling."""
    *first, last = field.wires
    tried = "".join(f"{get}({name!r}) if {name!r} in {raw} else " for name in first)
    return f"{tried}{get}({last!r})"


def _compiled(name: str, text: str, where: str, env: dict[str, Any]) -> Any:
    """A function of a text of our own, which holds `repr` of wire names and attribute names that Python has taken."""
    exec(compile(text, where, "exec"), env)
    return env[name]

"""Reading, decoding and encoding of one model class, as source that is made for that class.

All source that is made at run time is made here. It does what the functions of the same names in
`plain` do, and the tests hold the two equal. The text holds nothing of a document but the `repr`
of wire names, and attribute names that Python has taken already.

Measured with scans of the Scanning plane, Python 3.11, in one process, a scan each:

| what                                   | here    | plain   |
|----------------------------------------|---------|---------|
| decode                                 | 0.5 us  | 2.4 us  |
| first read of a member, a model        | 1.0 us  | 5.2 us  |
| later reads                            | 0.07 us | 0.12 us |
| encode, nothing was read               | 0.15 us | 0.74 us |
| encode, a model was read               | 0.4 us  | 1.6 us  |
| encode, attributes were assigned       | 2.5 us  | 10.8 us |
| first use of a class                   | 0.22 ms | 0.05 ms |

The last line is what it costs; importing a plane compiles nothing. Tests have the plain twin run by
`codec.use_compiled(False)`.

What `decoder` makes for a class with the members name, kind (an enum) and properties (a model):

    def f(d):
     if d.__class__ is not dict: return d
     k = d.get('kind')
     if k.__class__ is str and k in kinds: return kinds[k](d)
     o = new()
     o._raw = d
     o._properties_ = UNREAD
     o.name = d.get('name')
     v = d.get('kind')
     o.kind = v if v is None else v.__class__ is str and knowne1(v) or e1(v)
     o._touched = None; o.__class__ = cls
     return o

What `encoder` makes for it, where the class names no kinds:

    def f(o):
     raw = o._raw; out = raw; touched = o._touched
     if touched is None or touched is HANDED:
      if o._properties_ is UNREAD: return out
      v = o._properties_
      if v is UNREAD: pass
      elif v is None: out = without(out, raw, 'properties')
      elif True: out = lay_f2(out, raw, v)
      return out
     v = o.name; r = raw.get('name')
     if v is not None and v is not r: out = lay_f0(out, raw, v)
     elif v is None and (r is not None or 'name' in touched): out = without(out, raw, 'name')
     ...
     return out

What `reader` makes for properties; the names in quotes stand for constants:

    def f(o):
     unread = '<UNREAD>'; v = o._properties_
     if v is not unread: return v
     v = o._raw.get('properties')
     if v is None: return v
     load = '<load>'; put = '<put>'
     v = load(v)
     if True:
      if o._properties_ is unread: put(o, v); return v
     return o._properties_
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import CodeType, FunctionType
from typing import Any

from .definitions import UNREAD
from .fields import ASSIGNED, HANDED, Field, Layout, lock, touch
from .merge import layer, respelled, without
from .types import Load

# Two threads may both have decoded: the first one's object stays. Under the GIL no other thread
# comes between the test of a slot and the call that fills it, which is a C function; the lock
# would cost 150 ns more, half of a first read.
_ONE_AT_A_TIME = "if True:" if getattr(sys, "_is_gil_enabled", lambda: True)() else "with lock:"
_READ = """def f(o):
 unread = '<UNREAD>'; v = o.{slot}
 if v is not unread: return v
 v = {came}
 if v is None: return v
 load = '<load>'; put = '<put>'
 v = load(v)
 {one_at_a_time}
  if o.{slot} is unread: put(o, v); return v
 return o.{slot}"""
_HAND_OUT = """def f(o):
 unread = '<UNREAD>'; v = o.{slot}
 if v is not unread: return v
 v = {came}
 if v is not None and o._touched is None:
  {one_at_a_time}
   if o._touched is None: touch(o, HANDED)
 return v"""
_SCOPE = {"lock": lock, "touch": touch, "HANDED": HANDED}
_FEW = 7  # so many look-ups by d.get take less than to make the bound method once

_readers: dict[tuple[str, tuple[str, ...], bool], CodeType] = {}


def _function(lines: Iterator[str] | list[str], where: str, env: dict[str, Any]) -> Any:
    """The function `f` of these lines."""
    exec(compile("\n ".join(lines), where, "exec"), env)
    return env["f"]


def _came_in(f: Field, raw: str, get: str) -> str:
    """The expression for what the JSON object `raw` holds of a member, in whichever spelling."""
    *first, last = f.wires
    others = "".join(f"{get}({name!r}) if {name!r} in {raw} else " for name in first)
    return f"{others}{get}({last!r})"


def reader(f: Field) -> Any:
    """What reads a lazy member of a model, given the model.

    Each field has byte code of its own: code that many classes share is not specialised by the
    interpreter (30 ns for 5). What belongs to the field is a constant in it, since a thousand
    dicts of globals would not stay in the caches of the CPU.
    """

    def first(value: Any) -> Any:  # imports the classes of its type, then makes way for its loader
        loaded = f.load(value)
        read.__code__ = _reader_code(f, f.load)
        return loaded

    read = FunctionType(_reader_code(f, first), _SCOPE)
    return read


def _reader_code(f: Field, load: Load) -> CodeType:
    key = (f.slot, f.wires, f.as_it_is)
    if key not in _readers:
        text = (_HAND_OUT if f.as_it_is else _READ).format(
            slot=f.slot,
            came=_came_in(f, "o._raw", "o._raw.get"),
            one_at_a_time=_ONE_AT_A_TIME,
        )
        _readers[key] = _function([text], f"<{f.name}>", {}).__code__
    code, own = _readers[key], {"<UNREAD>": UNREAD, "<load>": load, "<put>": f.put}
    constants = tuple(own.get(c, c) for c in code.co_consts)
    return code.replace(co_name=f.name, co_consts=constants)


def decoder(layout: Layout, kinds: dict[str, Load]) -> Load:
    """What makes a model of a JSON object; `kinds` are the loaders of its subclasses."""
    cls = layout.cls
    # Attributes are stored in a subclass without Model's __setattr__, which takes 300 ns for each
    # where this takes 10; the finished object is given its own class.
    space = {"__slots__": (), "__init__": object.__init__}
    space |= {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    new = type(cls)(cls.__name__, (cls,), space) if layout.own else cls
    get = "get" if len(layout.stored) > _FEW else "d.get"
    env: dict[str, Any] = {"new": new, "cls": cls, "kinds": kinds, "UNREAD": UNREAD}
    env |= {"make": object.__new__, "touch": touch, "assigned": ASSIGNED}
    env["date"] = datetime.fromisoformat
    lines = ["def f(d):", "if d.__class__ is not dict: return d"]
    if kinds:
        lines += [
            f"k = d.get({layout.tag!r})",
            "if k.__class__ is str and k in kinds: return kinds[k](d)",
        ]
    lines.append("o = new()" if layout.own else "o = make(new); touch(o, assigned)")
    lines.append("o._raw = d; get = d.get" if get == "get" else "o._raw = d")
    if layout.lazy:
        lines.append("".join(f"o.{f.slot} = " for f in layout.lazy) + "UNREAD")
    for i, f in enumerate(layout.stored):
        lines += _stored(f, f"e{i}", env, get)
    lines.append("o._touched = None; o.__class__ = cls" if layout.own else "touch(o, assigned)")
    made: Load = _function([*lines, "return o"], f"<load {cls.__name__}>", env)
    return made


def _stored(f: Field, name: str, env: dict[str, Any], get: str) -> Iterator[str]:
    """Lines that decode a member at once, and store it."""
    env[name] = load = f.loader
    came = _came_in(f, "d", get)
    if load is None:
        yield f"o.{f.name} = {came}"
        return
    yield f"v = {came}"
    if f.type == "datetime":
        yield f"try: o.{f.name} = v and date(v)"
        yield f"except (TypeError, ValueError): o.{f.name} = v"
    elif (known := getattr(load, "known", None)) is not None:
        env["known" + name] = known
        member = f"v.__class__ is str and known{name}(v) or {name}(v)"
        yield f"o.{f.name} = v if v is None else {member}"
    else:
        yield f"o.{f.name} = v if v is None else {name}(v)"


def encoder(layout: Layout, writers: Mapping[type, Load | None], *, writable: bool) -> Load:
    """What makes the JSON object of a model, which may be the one that it came as.

    Args:
        layout: the fields of its class.
        writers: what encodes the values in it, by their class.
        writable: leaves read-only members out, and uses the service's own spelling of the others.
    """
    owner = layout.cls.__name__
    every = {f"f{i}": f for i, f in enumerate(layout.fields.values())}
    sent = {name: f for name, f in every.items() if not (writable and f.read_only)}
    env: dict[str, Any] = {"without": without, "respelled": respelled}
    env |= {"UNREAD": UNREAD, "HANDED": HANDED} | sent
    env |= {f"e_{name}": f.loader for name, f in sent.items() if not f.lazy}
    env |= {f"lay_{name}": layer(f, owner, writers) for name, f in sent.items()}
    lines = ["def f(o):", "raw = o._raw; out = raw; touched = o._touched"]
    if writable:
        lines += _made_writable(list(every.values()))
    lines += _unassigned(sent)
    for name, f in sent.items():
        lines += _lazy_laid(f, name) if f.lazy else _stored_laid(f, name)
    made: Load = _function([*lines, "return out"], f"<dump {owner}>", env)
    return made


def _made_writable(fields: list[Field]) -> Iterator[str]:
    """Lines that leave read-only members out, at every depth, and use the service's spelling."""
    yield from (_left_out(f) for f in fields if f.read_only)
    sent = [f for f in fields if not f.read_only]
    for f in sent:
        yield from (f"out = respelled(out, {f.wire!r}, {other!r})" for other in f.wires[1:])
    for f in sent:
        if f.lazy and f.deep:
            yield f"if o.{f.slot} is UNREAD and {f.wire!r} in out: o.{f.name}"


def _unassigned(sent: Mapping[str, Field]) -> Iterator[str]:
    """Lines that encode a model of which no attribute was assigned: members that were read."""
    decoded = {name: f for name, f in sent.items() if f.lazy and not f.as_it_is}
    handed_out = {name: f for name, f in sent.items() if f.lazy and f.as_it_is}
    unread = [f"o.{f.slot} is " for f in decoded.values()]
    nothing_changed = ["".join(unread) + "UNREAD"] if unread else []
    nothing_changed += ["touched is None"] if handed_out else []
    yield "if touched is None or touched is HANDED:"
    yield f" if {' and '.join(nothing_changed) or 'True'}: return out"
    for name, f in decoded.items():
        yield from (f" {line}" for line in _lazy_laid(f, name))
    if handed_out:
        yield " if touched is HANDED:"
    for name, f in handed_out.items():
        yield from (f"  {line}" for line in _lazy_laid(f, name))
    yield " return out"


def _lazy_laid(f: Field, name: str) -> Iterator[str]:
    """Lines that lay what was read, and may have been changed in place since."""
    came = _came_in(f, "raw", "raw.get")
    yield f"v = o.{f.slot}"
    if f.as_it_is:
        yield f"if v is UNREAD: v = {came}; v = UNREAD if v is None else v"
    yield "if v is UNREAD: pass"
    yield f"elif v is None: {_left_out(f)}"
    changed = "True" if f.deep or f.as_it_is else f"v != {name}.load({came})"
    yield f"elif {changed}: out = lay_{name}(out, raw, v)"


def _stored_laid(f: Field, name: str) -> Iterator[str]:
    """Lines that lay what was stored at once, and may have been assigned since."""
    yield f"v = o.{f.name}; r = {_came_in(f, 'raw', 'raw.get')}"
    yield f"if v is not None and {_may_differ(f, 'e_' + name)}: out = lay_{name}(out, raw, v)"
    yield f"elif v is None and (r is not None or {f.name!r} in touched): {_left_out(f)}"


def _may_differ(f: Field, load: str) -> str:
    """The test whether the value `v` may be another one than the raw one `r` is decoded to."""
    if f.type in ("str", "int", "float", "bool"):
        return "v is not r"  # 1, 1.0 and True are equal
    if f.type == "datetime":
        in_another_zone = "v.tzinfo is not x.tzinfo and v.utcoffset() != x.utcoffset()"
        return f"v is not r and v != r and (v != (x := {load}(r)) or {in_another_zone})"
    if f.loader:
        return f"v is not r and v != r and v != {load}(r)"
    return "True"  # what a list or a map holds may have been changed in place


def _left_out(f: Field) -> str:
    """The line that leaves a member out, in all its spellings."""
    return "; ".join(f"out = without(out, raw, {name!r})" for name in f.wires)

"""JSON to models and back, made from the annotations of a class at its first use.

A decoded model keeps the object it came as (`_raw`). Scalars, enums and date-times are stored at once; models are made, and
lists and maps handed out, at the first read. Encoding lays the attributes over `_raw`:

| attribute          | the member came as      | goes out as                                                |
|--------------------|-------------------------|------------------------------------------------------------|
| never assigned     | anything                | as it came (null, 7-digit seconds, unknown enum values)    |
| what it decodes to | a value                 | as it came                                                 |
| None               | null / absent / a value | absent                                                     |
| NULL               | anything                | null                                                       |
| another value      | anything                | the value                                                  |

A member of which a service uses another spelling than its document (contracts: `x-live-name`) is read in both. It keeps the
spelling that it came in, and goes out in that of the service in request bodies, and where none came.

Only what may have changed is looked at: scalars once an attribute of their model was assigned, all else once it was read.
So a write that passes by `Model.__setattr__` (object.__setattr__) is not seen. What cannot be told apart: in
`attrs.evolve(model, name=None)`, where null came, the null is kept.

Which change wins: a nested model, list or map is one object from its first read on, whoever read it, and what is done to it
goes out with its parent, over the JSON that the parent came as. Assigning another lets go of it. Shallow copies (copy.copy,
attrs.evolve) share such objects with the model they were made from; deepcopy, pickle, from_dict and to_dict share nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from math import isfinite
from operator import is_
from typing import Any

from purview_core.lazy import cached_property

from .classes import CAME, UNREAD, declared
from .depth import apart
from .fields import ASSIGNED, HANDED, Coded, Field, compiled, touch
from .json_text import Beyond
from .registry import Load, Registry, normal, split_union
from .values import NULL, camel, datetime_text

__all__ = [
    "Codec",
    "Coded",
    "Registry",
    "body",
    "camel",
    "codec",
    "copied",
    "encode",
    "normal",
    "split_union",
    "to_json",
]

_PLAIN: frozenset[type] = frozenset(
    {str, int, bool, type(None)}
)  # floats are looked at: JSON has no NaN
_FEW = 7  # look-ups for which d.get takes less than a bound method that has to be made first


class Codec:
    """What is known of one class. `load` decodes it, what `dumper` makes encodes it: straight-line functions (half the time of
    a loop), compiled when first asked for."""

    def __init__(self, cls: Any) -> None:
        self.cls, self.registry = cls, Registry.of(cls)
        self.own = "_own" in vars(cls)  # of a class that others derived, too little is known
        self.fields = {
            d.name: Field(cls, d, self.registry) for d in declared(cls) if d.name != CAME
        }
        self.known = frozenset(name for f in self.fields.values() for name in f.wires)
        kinds = vars(cls).get("_kinds", {}).items()  # where it names itself, a union asks for it
        self.kinds: dict[str, Load] = {
            v: self._kind(v, name) for v, name in kinds if name != cls.__name__
        }
        for f in [f for f in self.fields.values() if f.lazy and self.own]:
            setattr(cls, f.name, property(f.reader, f.assign))
        for base in [c for c in cls.__mro__[1:] if "_own" in vars(c) and not self.own]:
            codec(base)  # makes the properties that a class of others inherits

    def _kind(self, value: str, name: str) -> Load:
        def first(raw: Any) -> Any:  # imports the subtype's module, then makes way for its loader
            load = self.kinds[value] = self.registry.named(name)
            return load(raw)

        return first

    @cached_property
    def load(self) -> Load:
        # attributes are stored in a subclass without Model's __setattr__, which would cost 300 ns for each and not 10
        space = {"__slots__": (), "__init__": object.__init__}
        space |= {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
        new = type(self.cls)(self.cls.__name__, (self.cls,), space) if self.own else self.cls
        stored = [f for f in self.fields.values() if not f.lazy]
        get = "get" if len(stored) > _FEW else "d.get"
        env: dict[str, Any] = {"new": new, "cls": self.cls, "kinds": self.kinds, "UNREAD": UNREAD}
        env |= {
            "make": object.__new__,
            "touch": touch,
            "assigned": ASSIGNED,
            "date": datetime.fromisoformat,
        }
        lines = ["def f(d):", "if d.__class__ is not dict: return d"]
        if self.kinds:
            tag = self.fields[vars(self.cls)["_tag"]].wire
            lines += [
                f"k = d.get({tag!r})",
                "if k.__class__ is str and k in kinds: return kinds[k](d)",
            ]
        lines += ["o = new()" if self.own else "o = make(new); touch(o, assigned)"]
        lines += ["o._raw = d; get = d.get" if get == "get" else "o._raw = d"]
        lazy = [f"o.{f.slot} = " for f in self.fields.values() if f.lazy]
        lines += ["".join([*lazy, "UNREAD"])] if lazy else []
        for i, f in enumerate(stored):
            lines += self._stored(f, f"e{i}", env, get)
        lines += ["o._touched = None; o.__class__ = cls" if self.own else "touch(o, assigned)"]
        loaded: Load = compiled(
            "\n ".join([*lines, "return o"]), f"<load {self.cls.__name__}>", env
        )
        return loaded

    def _stored(self, f: Field, name: str, env: dict[str, Any], get: str) -> Iterator[str]:
        """Lines that store a member that is decoded at once."""
        env[name] = load = self.registry.loader(f.type)
        came = f.came_in("d", get)
        if load is None:
            yield f"o.{f.name} = {came}"
            return
        yield f"v = {came}"
        if f.type == "datetime":
            yield from (
                f"try: o.{f.name} = v and date(v)",
                f"except (TypeError, ValueError): o.{f.name} = v",
            )
        elif (known := getattr(load, "known", None)) is not None:
            env["known" + name] = known
            yield f"o.{f.name} = v if v is None else v.__class__ is str and known{name}(v) or {name}(v)"
        else:
            yield f"o.{f.name} = v if v is None else {name}(v)"

    def dumper(self, inner: Load) -> Load:
        """What encodes an object; `inner`, what encodes the values in it, is `encode` or `body`."""
        env: dict[str, Any] = {
            "without": _without,
            "spelled": _spelled,
            "UNREAD": UNREAD,
            "HANDED": HANDED,
        }
        lines = ["def f(o):", "raw = o._raw; out = raw; touched = o._touched"]
        fields = {f"f{i}": f for i, f in enumerate(self.fields.values())}
        if inner is body:
            lines += [_left_out(f) for f in fields.values() if f.read_only]
            several = [f for f in fields.values() if len(f.wires) > 1 and not f.read_only]
            lines += [
                f"out = spelled(out, {f.wire!r}, {n!r})" for f in several for n in f.wires[1:]
            ]
            fields = {name: f for name, f in fields.items() if not f.read_only}
            deep = [f for f in fields.values() if f.lazy and f.deep]
            lines += [f"if o.{f.slot} is UNREAD and {f.wire!r} in out: o.{f.name}" for f in deep]
        env |= fields | {
            f"e_{name}": self.registry.loader(f.type) for name, f in fields.items() if not f.lazy
        }
        writers = _bodies if inner is body else _encoders
        env |= {f"lay_{name}": self._layer(f, writers) for name, f in fields.items()}
        laid = {
            name: list(self._lazy_laid(f, name) if f.lazy else self._laid(f, name))
            for name, f in fields.items()
        }
        slots = [f"o.{f.slot} is " for f in fields.values() if f.lazy and not f.as_it_is]
        handed = [
            f"  {line}"
            for name, f in fields.items()
            if f.lazy and f.as_it_is
            for line in laid[name]
        ]
        unread = (["".join([*slots, "UNREAD"])] if slots else []) + (
            ["touched is None"] if handed else []
        )
        lines += [
            "if touched is None or touched is HANDED:",
            f" if {' and '.join(unread) or 'True'}: return out",
        ]
        lines += [
            f" {line}"
            for name, f in fields.items()
            if f.lazy and not f.as_it_is
            for line in laid[name]
        ]
        lines += [" if touched is HANDED:", *handed] if handed else []
        lines += [" return out"]
        lines += [line for all_of_one in laid.values() for line in all_of_one]
        dumped: Load = compiled(
            "\n ".join([*lines, "return out"]), f"<dump {self.cls.__name__}>", env
        )
        return dumped

    def _lazy_laid(self, f: Field, name: str) -> Iterator[str]:
        """Lines that lay what may have been changed in place."""
        came = f.came_in("raw", "raw.get")
        yield f"v = o.{f.slot}"
        if f.as_it_is:
            yield f"if v is UNREAD: v = {came}; v = UNREAD if v is None else v"
        yield "if v is UNREAD: pass"
        yield f"elif v is None: {_left_out(f)}"
        changed = "True" if f.deep or f.as_it_is else f"v != {name}.load({came})"
        yield f"elif {changed}: out = lay_{name}(out, raw, v)"

    def _laid(self, f: Field, name: str) -> Iterator[str]:
        """Lines that lay what was stored at once, where an attribute was assigned."""
        yield f"v = o.{f.name}; r = {f.came_in('raw', 'raw.get')}"
        yield f"if v is not None and {self._changed(f, 'e_' + name)}: out = lay_{name}(out, raw, v)"
        yield f"elif v is None and (r is not None or {f.name!r} in touched): {_left_out(f)}"

    def _changed(self, f: Field, load: str) -> str:
        """The test whether an attribute `v` may be another value than the raw one `r` is decoded to."""
        if f.type in ("str", "int", "float", "bool"):
            return "v is not r"  # 1, 1.0 and True are equal
        if f.type == "datetime":
            equal_in_another_zone = "v.tzinfo is not x.tzinfo and v.utcoffset() != x.utcoffset()"
            return f"v is not r and v != r and (v != (x := {load}(r)) or {equal_in_another_zone})"
        if self.registry.loader(f.type):
            return f"v is not r and v != r and v != {load}(r)"
        return "True"  # what a list or a map holds may have been changed in place

    def _layer(
        self, f: Field, writers: _Writers
    ) -> Callable[[dict[str, Any], dict[str, Any], Any], dict[str, Any]]:
        """What lays one attribute over `out` (`raw` until the first change, then a copy)."""
        several = len(f.wires) > 1

        def lay(out: dict[str, Any], raw: dict[str, Any], value: Any) -> dict[str, Any]:
            try:
                write = writers[type(value)]
                new = value if write is None else write(value)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{self.cls.__name__}.{f.name}: {error}") from None
            wire = (f.key_in(raw) or f.wire) if several else f.wire
            old = raw.get(wire, UNREAD)
            if new is old or _holds_the_same(new, old):
                return out
            out = raw.copy() if out is raw else out
            out[wire if wire in out else f.wire] = new
            return out

        return lay


def _holds_the_same(new: Any, old: Any) -> bool:
    """Whether two lists or maps hold the very same objects, in the same order."""
    kind = new.__class__
    if kind is not old.__class__ or kind not in (list, dict) or len(new) != len(old):
        return False
    return all(map(is_, new, old)) and (kind is list or all(map(is_, new.values(), old.values())))


def _left_out(f: Field) -> str:
    """The line that leaves a member out, however it is spelled."""
    return "; ".join(f"out = without(out, raw, {name!r})" for name in f.wires)


def _spelled(out: dict[str, Any], wire: str, other: str) -> dict[str, Any]:
    """The object with a member in the spelling that the service uses, in its place."""
    if other not in out or wire in out:
        return out
    return {wire if name == other else name: value for name, value in out.items()}


def _without(out: dict[str, Any], raw: dict[str, Any], wire: str) -> dict[str, Any]:
    if wire in out:
        out = raw.copy() if out is raw else out
        del out[wire]
    return out


_codecs: dict[type, Codec] = {}


def codec(cls: type) -> Codec:
    """The codec of a generated class, or of a user's subclass of one; raises TypeError for any other."""
    found = _codecs.get(cls)
    return found if found is not None else _codecs.setdefault(cls, Codec(cls))


def encode(value: Any) -> Any:
    """JSON of a value, which it shares as far as it can: for writing out, not for changing. Raises TypeError for what has no
    JSON form (ValueError: NaN), with the class and attribute that hold it."""
    write = _encoders[type(value)]
    if write is None:
        return value
    try:
        return write(value)
    except RecursionError:
        return apart(write, value)


def body(value: Any) -> Any:
    """JSON of a request body: as `encode`, without read-only members at any depth."""
    write = _bodies[type(value)]
    if write is None:
        return value
    try:
        return write(value)
    except RecursionError:
        return apart(write, value)


class _Writers(dict[type, Load | None]):
    """Class -> what turns its values into JSON (the same value where nothing in it changes); None where they are JSON.

    `type(x)` takes 4 ns where classes are mixed, `x.__class__` 22."""

    def __init__(self, inner: Load) -> None:
        super().__init__(dict.fromkeys(_PLAIN))
        self.inner = inner
        self |= {dict: self._dict, list: self._list, float: _number, datetime: datetime_text}

    def __missing__(self, c: type) -> Load:
        if issubclass(c, Coded):
            made = self[c] = codec(c).dumper(self.inner)
            return made
        return self._relative

    def _dict(self, value: dict[str, Any]) -> dict[str, Any]:
        out = value
        for key, x in value.items():
            if key.__class__ is not str:
                return self._dict({_key(k): x for k, x in value.items()})
            if (write := self[type(x)]) is not None and (y := write(x)) is not x:
                out = value.copy() if out is value else out
                out[key] = y
        return out

    def _list(self, value: list[Any]) -> list[Any]:
        out = value
        for i, x in enumerate(value):
            if (write := self[type(x)]) is not None and (y := write(x)) is not x:
                out = value.copy() if out is value else out
                out[i] = y
        return out

    def _relative(self, value: Any) -> Any:
        """Subclasses and relatives of JSON's classes, and NULL."""
        if value is NULL:
            return None
        if isinstance(value, Coded):  # a proxy of one
            return self.__missing__(value.__class__)(value)
        if isinstance(value, float):
            return _number(value)
        if isinstance(value, Enum):
            return self.inner(value.value)
        if isinstance(value, datetime):
            return datetime_text(value)
        for kind in (str, int):
            if isinstance(value, kind):
                return kind(value)
        if isinstance(value, Mapping):
            return self._dict(dict(value))
        if isinstance(value, (list, tuple)):
            return self._list(list(value))
        return self._kept(value)

    def _kept(self, value: Any) -> Any:
        """The answer that an object keeps beside what was made of it."""
        if hasattr(type(value), "as_json"):
            return self.inner(value.as_json())
        raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: float) -> float:
    if not isfinite(value) and not isinstance(value, Beyond):
        raise ValueError(f"JSON has no {value!r}")
    return value if isinstance(value, Beyond) or value.__class__ is float else float(value)


_encoders, _bodies = _Writers(encode), _Writers(body)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON member is named by a str, not by {type(key).__name__}")
    return str(key.value) if isinstance(key, Enum) else str(key)


def copied(value: Any) -> Any:
    """JSON of a value that shares nothing with it."""
    if type(value) is dict:
        return {
            k if type(k) is str else _key(k): x if type(x) in _PLAIN else copied(x)
            for k, x in value.items()
        }
    if type(value) is list:
        return [x if type(x) in _PLAIN else copied(x) for x in value]
    new = encode(value)
    return new if new is value else copied(new)


def to_json(value: Any) -> Any:
    """The JSON-compatible value of a model, or of lists and maps of them; a copy that may be changed."""
    try:
        return copied(value)
    except RecursionError:
        return apart(copied, value)

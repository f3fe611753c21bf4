"""JSON to models and back, made from the annotations of a class at its first use.

A decoded model keeps the object it came as (`_raw`). Scalars, enums and date-times are stored at once; models, lists and maps
are made, or handed out, at the first read. What came as null stays unset and reads None, so that assigning None can be told
from never assigning. Encoding lays the attributes over `_raw`:

| attribute          | the member came as      | goes out as                                                |
|--------------------|-------------------------|------------------------------------------------------------|
| never assigned     | anything                | as it came (null, 7-digit seconds, unknown enum values)    |
| what it decodes to | a value                 | as it came                                                 |
| None               | null / absent / a value | absent                                                     |
| NULL               | anything                | null                                                       |
| another value      | anything                | the value                                                  |

Only what may have changed is looked at: scalars once an attribute of their model was assigned, all else once it was read.
Writing past `__setattr__` (object.__setattr__) is not seen. What cannot be told apart: `attrs.evolve(model, name=None)` where
null came keeps the null.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cached_property, partial
from math import isfinite
from typing import Any

from .classes import NOTHING, PENDING, UNREAD, Declared, declared, hidden
from .jsontext import Beyond
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

_PLAIN = frozenset({str, int, bool, type(None)})  # floats are looked at: JSON has no NaN
_SCALAR_TEXTS = frozenset({"str", "int", "float", "bool"})
_lock = threading.Lock()
_READ = """def f(o):
 v = o.{slot}
 if v is not UNREAD: return v
 v = o._raw.get({wire!r})
 if v is None: return v
 v = field.load(v)
 acquire()
 try:
  w = o.{slot}
  if w is not UNREAD: return w
  put(o, v)
 finally: release()
 return v"""  # two threads may both have decoded: the first one's object stays ("with" costs 100 ns more)


class Coded:
    """What the codec knows a model by. `_assigned`: an attribute was assigned, so scalars are to be compared with `_raw`."""

    __slots__ = ("__weakref__", "_assigned")
    _assigned: bool


class Field:
    """One attribute: its wire name, its slot, and how it is decoded."""

    def __init__(self, owner: type, declared: Declared, registry: Registry) -> None:
        self.name, self.registry, self.default = declared.name, registry, declared.default
        self.type = normal(declared.type)
        self.nullable = self.type == "Any" or "None" in split_union(declared.type)
        self.wire: str = declared.metadata.get("wire") or camel(self.name)
        self.read_only = bool(declared.metadata.get("read_only"))
        self.secret = bool(declared.metadata.get("secret"))
        self.required = declared.default is NOTHING
        self.deep, self.open = registry.is_deep(self.type), registry.is_open(self.type)
        self.lazy = isinstance(getattr(owner, self.name), property)
        self.slot = hidden(self.name) if self.lazy else self.name
        slot = getattr(owner, self.slot)
        self.get: Load = slot.__get__
        self.put: Callable[[Any, Any], None] = slot.__set__
        self.unset: Callable[[Any], None] = self._forget if self.lazy else slot.__delete__
        self.load: Load = self._first

    def _first(self, value: Any) -> Any:  # resolves the classes it names, then makes way
        self.load = self.registry.loader(self.type) or (lambda v: v)
        return self.load(value)

    def _forget(self, model: Any) -> None:
        self.put(model, UNREAD)

    def assign(self, model: Any, value: Any) -> None:
        with _lock:  # or a first read in another thread might put its own in place of it
            self.put(model, value)


class Codec:
    """What is known of one class. `load` decodes it, `dump` encodes it, `dump_body` encodes it less read-only members;
    each is a straight-line function (half the time of a loop), compiled when first asked for."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls, self.registry = cls, Registry.of(cls)
        self.fields = {d.name: Field(cls, d, self.registry) for d in declared(cls) if d.name != "_raw"}
        self.known = frozenset(f.wire for f in self.fields.values())
        self.kinds: dict[str, Load] = {v: self._kind(v, name) for v, name in vars(cls).get("_kinds", {}).items()}
        for base in cls.__mro__[:-1]:
            self._open(base)

    def _open(self, cls: type[Any]) -> None:
        """Properties for the attributes of a class that are decoded at the first read."""
        for one in vars(cls).get("_own", ()):
            if vars(cls).get(one.name) is PENDING:
                f = Field(cls, one, self.registry)
                env = {"UNREAD": UNREAD, "field": f, "put": f.put, "acquire": _lock.acquire, "release": _lock.release}
                get = self._compile([_READ.format(slot=f.slot, wire=f.wire)], **env)
                setattr(cls, f.name, property(get, f.assign, f.unset))

    def _kind(self, value: str, name: str) -> Load:
        def first(raw: Any) -> Any:  # imports the subtype's module, then makes way for its loader
            load = self.kinds[value] = self.registry.named(name)
            return load(raw)

        return first

    def _compile(self, lines: Iterable[str], **env: Any) -> Any:
        """Lines of our own with `repr` of wire names and attribute names that Python has taken, nothing else."""
        exec(compile("\n ".join(lines), f"<codec of {self.cls.__qualname__}>", "exec"), env)
        return env["f"]

    @cached_property
    def load(self) -> Load:
        # attributes are stored in a subclass without Model's __setattr__, which would cost 160 ns for each and not 10
        own = "_own" in vars(self.cls)  # of a class that others derived, too little is known
        space = {"__slots__": (), "__setattr__": object.__setattr__}
        new = type(self.cls)(self.cls.__name__, (self.cls,), space) if own else self.cls
        env: dict[str, Any] = {"make": object.__new__, "new": new, "cls": self.cls, "kinds": self.kinds, "UNREAD": UNREAD}
        env["date"] = datetime.fromisoformat
        lines = ["def f(d):", "if d.__class__ is not dict: return d"]
        if self.kinds:
            tag = self.fields[vars(self.cls)["_tag"]].wire
            lines += [f"k = d.get({tag!r})", "if k.__class__ is str and k in kinds: return kinds[k](d)"]
        lines += ["o = make(new); o._raw = d; get = d.get"]
        for i, f in enumerate(self.fields.values()):
            lines += [f"o.{f.slot} = UNREAD"] if f.lazy else self._stored(f, f"e{i}", env)
        lines += ["o._assigned = False", "o.__class__ = cls"] if own else ["o._assigned = True"]
        loaded: Load = self._compile([*lines, "return o"], **env)
        return loaded

    def _stored(self, f: Field, name: str, env: dict[str, Any]) -> Iterator[str]:
        """Lines that decode a member at once."""
        env[name] = load = self.registry.loader(f.type)
        yield f"v = get({f.wire!r})"
        if load is None:
            yield f"if v is not None or {f.wire!r} not in d: o.{f.name} = v"
            return
        if f.type == "datetime":
            yield from ("if v is not None:", f" try: o.{f.name} = date(v)", f" except (TypeError, ValueError): o.{f.name} = v")
        else:
            yield f"if v is not None: o.{f.name} = {name}(v)"
        yield f"elif {f.wire!r} not in d: o.{f.name} = None"

    @cached_property
    def dump(self) -> Callable[[Any], dict[str, Any]]:
        return self._dumper(encode)

    @cached_property
    def dump_body(self) -> Callable[[Any], dict[str, Any]]:
        return self._dumper(body)

    def _dumper(self, inner: Load) -> Callable[[Any], dict[str, Any]]:
        env: dict[str, Any] = {"lay": partial(self._lay, inner), "without": _without, "UNREAD": UNREAD}
        lines = ["def f(o):", "raw = o._raw; out = raw; get = raw.get; assigned = o._assigned"]
        for i, f in enumerate(self.fields.values()):
            lay = f"out = lay(out, raw, f{i}, v)"
            env[f"f{i}"] = f
            if inner is body and f.read_only:
                lines += [f"out = without(out, raw, {f.wire!r})"]
            elif f.lazy:
                if f.deep and inner is body:  # below it there may be read-only members
                    lines += [f"if o.{f.slot} is UNREAD: o.{f.name}"]
                as_came = "" if f.deep or not self.registry.loader(f.type) else f" and v != f{i}.load(get({f.wire!r}))"
                lines += [f"v = o.{f.slot}", f"if v is not UNREAD{as_came}: {lay}"]
            else:
                env |= {f"s{i}": f.get, f"e{i}": self.registry.loader(f.type)}
                lines += [
                    "if assigned:",
                    f" r = get({f.wire!r})",
                    f" if r is not None or {f.wire!r} not in raw:",
                    f"  v = o.{f.name}",
                    f"  if {self._changed(f, f'e{i}')}: {lay}",
                    " else:",
                    f"  try: v = s{i}(o)",
                    "  except AttributeError: pass",
                    f"  else: {lay}",
                ]
        dumped: Callable[[Any], dict[str, Any]] = self._compile([*lines, "return out"], **env)
        return dumped

    def _changed(self, f: Field, load: str) -> str:
        """The test whether an attribute `v` may be another value than the raw one `r` is decoded to."""
        if f.type in _SCALAR_TEXTS:
            return "v is not r"  # 1, 1.0 and True are equal
        if f.type == "datetime":
            equal_in_another_zone = "v.tzinfo is not x.tzinfo and v.utcoffset() != x.utcoffset()"
            return f"v is not r and v != r and (v != (x := {load}(r)) or {equal_in_another_zone})"
        if self.registry.loader(f.type):
            return f"v is not r and v != r and v != {load}(r)"
        return "v is not None or r is not None"  # what a list or a map holds may have been changed in place

    def _lay(self, inner: Load, out: dict[str, Any], raw: dict[str, Any], f: Field, value: Any) -> dict[str, Any]:
        """`out` (`raw` until the first change, then a copy) with one attribute laid over it."""
        if value is None:
            return _without(out, raw, f.wire) if f.wire in raw else out
        try:
            new = inner(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.cls.__name__}.{f.name}: {error}") from None
        if f.wire in raw and new is raw[f.wire]:
            return out
        out = raw.copy() if out is raw else out
        out[f.wire] = new
        return out


def _without(out: dict[str, Any], raw: dict[str, Any], wire: str) -> dict[str, Any]:
    if wire not in out:
        return out
    out = raw.copy() if out is raw else out
    del out[wire]
    return out


_codecs: dict[type, Codec] = {}


def codec(cls: type) -> Codec:
    """The codec of a generated class, or of a user's subclass of one; raises TypeError for any other."""
    found = _codecs.get(cls)
    return found if found is not None else _codecs.setdefault(cls, Codec(cls))


def encode(value: Any) -> Any:
    """JSON of a value, which it shares as far as it can: for writing out, not for changing.

    Raises TypeError for what has no JSON form (ValueError: NaN), with the class and attribute that hold it.
    """
    return value if value.__class__ in _PLAIN else _walk(value, encode)


def body(value: Any) -> Any:
    """JSON of a request body: as `encode`, without read-only members at any depth."""
    return value if value.__class__ in _PLAIN else _walk(value, body)


def _walk(value: Any, inner: Load) -> Any:
    """`inner` in a list or map (the same one where nothing in it changes), or the JSON form of anything else."""
    c = value.__class__
    if c is dict:
        return _walk_dict(value, inner)
    if c is list:
        return _walk_list(value, inner)
    if isinstance(value, Coded):
        return codec(c).dump_body(value) if inner is body else codec(c).dump(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Enum):
        return inner(value.value)
    if isinstance(value, datetime):
        return datetime_text(value)
    return _relative(value, inner)


def _walk_dict(value: dict[str, Any], inner: Load) -> dict[str, Any]:
    out = value
    for key, x in value.items():
        if key.__class__ is not str:
            return _walk_dict({_key(k): x for k, x in value.items()}, inner)
        y = x if x.__class__ in _PLAIN else _walk(x, inner)
        if y is not x:
            out = value.copy() if out is value else out
            out[key] = y
    return out


def _walk_list(value: list[Any], inner: Load) -> list[Any]:
    out = value
    for i, x in enumerate(value):
        y = x if x.__class__ in _PLAIN else _walk(x, inner)
        if y is not x:
            out = value.copy() if out is value else out
            out[i] = y
    return out


def _number(value: float) -> float:
    if not isfinite(value) and not isinstance(value, Beyond):
        raise ValueError(f"JSON has no {value!r}")
    return value if isinstance(value, Beyond) or value.__class__ is float else float(value)


def _relative(value: Any, inner: Load) -> Any:
    """Subclasses and relatives of JSON's classes, and NULL."""
    if value is NULL:
        return None
    for kind in (str, int):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return _walk(dict(value), inner)
    if isinstance(value, (list, tuple)):
        return _walk(list(value), inner)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON member is named by a str, not by {type(key).__name__}")
    return str(key.value) if isinstance(key, Enum) else str(key)


def copied(value: Any) -> Any:
    """JSON of a value that shares nothing with it."""
    if value.__class__ is dict:
        return {
            k if k.__class__ is str else _key(k): x if x.__class__ in _PLAIN else copied(x) for k, x in value.items()
        }
    if value.__class__ is list:
        return [x if x.__class__ in _PLAIN else copied(x) for x in value]
    new = encode(value)
    return new if new is value else copied(new)


def to_json(value: Any) -> Any:
    """The JSON-compatible value of a model, or of lists and maps of them; a copy that may be changed."""
    return copied(value)

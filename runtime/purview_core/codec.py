"""JSON to models and back, made from the annotations of a class at its first use.

A decoded model keeps the object it came as (`_raw`). Scalars, enums and date-times are stored at once. What holds models is an
unset slot that `Model.__getattr__` fills at the first read; what came as null stays unset and reads None, so that assigning
None can be told from never assigning. Encoding lays the attributes over `_raw`:

| attribute          | the member came as      | goes out as                                                |
|--------------------|-------------------------|------------------------------------------------------------|
| never assigned     | anything                | as it came (null, 7-digit seconds, unknown enum values)    |
| what it decodes to | a value                 | as it came                                                 |
| None               | null / absent / a value | absent                                                     |
| NULL               | anything                | null                                                       |
| another value      | anything                | the value                                                  |

What cannot be told apart: `attrs.evolve(model, name=None)` where null came keeps the null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cached_property, partial
from math import isfinite
from typing import Any

import attrs

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


class Coded:
    """What the codec knows a model by: the bits of the attributes that were filled at a first read."""

    __slots__ = ("_read",)
    _read: int


class Field:
    """One attribute: its wire name, its slot, and how it is decoded."""

    def __init__(self, owner: type, a: attrs.Attribute[Any], registry: Registry, bit: int) -> None:
        self.name, self.registry, self.bit = a.name, registry, bit
        text = a.type if isinstance(a.type, str) else getattr(a.type, "__name__", "Any")  # a type: a user's subclass
        self.type = normal(text)
        self.nullable = self.type == "Any" or "None" in split_union(text)
        self.wire: str = a.metadata.get("wire") or camel(a.name)
        self.read_only = bool(a.metadata.get("read_only"))
        self.secret = bool(a.metadata.get("secret"))
        self.required = a.default is attrs.NOTHING
        self.deep, self.open = registry.is_deep(self.type), registry.is_open(self.type)
        slot = getattr(owner, a.name)
        self.get: Load = slot.__get__
        self.put: Callable[[Any, Any], None] = slot.__set__
        self.unset: Callable[[Any], None] = slot.__delete__
        self.load: Load = self._first

    def _first(self, value: Any) -> Any:  # resolves the classes it names, then makes way
        self.load = self.registry.loader(self.type) or (lambda v: v)
        return self.load(value)


class Codec:
    """What is known of one class. `load` decodes it, `dump` encodes it, `dump_body` encodes it less read-only members;
    each is a straight-line function (half the time of a loop), compiled when first asked for."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls, self.registry = cls, Registry.of(cls)
        own = [a for a in attrs.fields(cls) if a.name != "_raw"]
        self.fields = {a.name: Field(cls, a, self.registry, 1 << i) for i, a in enumerate(own)}
        self.known = frozenset(f.wire for f in self.fields.values())
        self.kinds: dict[str, Load] = {v: self._kind(v, name) for v, name in vars(cls).get("_kinds", {}).items()}

    def _kind(self, value: str, name: str) -> Load:
        def first(raw: Any) -> Any:  # imports the subtype's module, then makes way for its loader
            load = self.kinds[value] = self.registry.named(name)
            return load(raw)

        return first

    def _compile(self, lines: Iterable[str], **env: Any) -> Any:
        """Lines of our own with `repr` of wire names and identifiers that attrs has checked, nothing else."""
        exec(compile("\n ".join(lines), f"<codec of {self.cls.__qualname__}>", "exec"), env)
        return env["f"]

    @cached_property
    def load(self) -> Load:
        env: dict[str, Any] = {"new": object.__new__, "cls": self.cls, "kinds": self.kinds}
        lines = ["def f(d):", "if d.__class__ is not dict: return d"]
        if self.kinds:
            tag = self.fields[vars(self.cls)["_tag"]].wire
            lines += [f"k = d.get({tag!r})", "if k.__class__ is str and k in kinds: return kinds[k](d)"]
        lines += ["o = new(cls); o._raw = d; o._read = 0; get = d.get"]
        for i, f in enumerate(self.fields.values()):
            if f.deep:
                lines += [f"if {f.wire!r} not in d: o.{f.name} = None"]
                continue
            env[f"e{i}"] = load = self.registry.loader(f.type)
            lines += [
                f"v = get({f.wire!r})",
                f"if v is not None: o.{f.name} = {f'e{i}(v)' if load else 'v'}",
                f"elif {f.wire!r} not in d: o.{f.name} = None",
            ]
        loaded: Load = self._compile([*lines, "return o"], **env)
        return loaded

    @cached_property
    def dump(self) -> Callable[[Any], dict[str, Any]]:
        return self._dumper(encode)

    @cached_property
    def dump_body(self) -> Callable[[Any], dict[str, Any]]:
        return self._dumper(body)

    def _dumper(self, inner: Load) -> Callable[[Any], dict[str, Any]]:
        env: dict[str, Any] = {"lay": partial(self._lay, inner), "without": _without}
        lines = ["def f(o):", "raw = o._raw; out = raw; get = raw.get"]
        for i, f in enumerate(self.fields.values()):
            if inner is body and f.read_only:
                lines += [f"out = without(out, raw, {f.wire!r})"]
                continue
            env |= {f"f{i}": f, f"s{i}": f.get, f"e{i}": self.registry.loader(f.type) if not f.deep else None}
            lay = f"out = lay(out, raw, f{i}, v)"
            unset = [f"try: v = s{i}(o)", "except AttributeError: pass", "else:"]
            unset += [f" if v is not None or {f.wire!r} in raw: {lay}"]
            if f.deep and inner is body:  # below it there may be read-only members
                lines += [f"v = o.{f.name}", f"if v is not None: {lay}", f"elif {f.wire!r} in raw:"]
                lines += [f" {line}" for line in unset]
            elif f.deep:
                lines += unset
            else:
                lines += [
                    f"r = get({f.wire!r})",
                    f"if r is not None or {f.wire!r} not in raw:",
                    f" v = o.{f.name}",
                    f" if {self._changed(f, f'e{i}')}: {lay}",
                    "else:",
                    *(f" {line}" for line in unset),
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

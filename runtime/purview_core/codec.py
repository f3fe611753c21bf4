"""JSON to models and back, made from the annotations of a class at its first use.

A decoded model keeps the object it came as (`_raw`). Scalars, enums and date-times are stored at once; what holds models is an
unset slot that `Model.__getattr__` fills at the first read. Encoding lays the attributes over `_raw`:

| attribute          | the member came as      | goes out as                                                |
|--------------------|-------------------------|------------------------------------------------------------|
| never read         | anything                | as it came                                                 |
| None               | null / absent / a value | null / absent / absent                                     |
| NULL               | anything                | null                                                       |
| what it decodes to | anything                | as it came (7-digit seconds, offsets, unknown enum values) |
| another value      | anything                | the value                                                  |
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar

import attrs

from .values import NULL, camel, datetime_text, load_datetime

__all__ = ["Codec", "Coded", "Registry", "body", "camel", "codec", "copied", "encode", "to_json"]

Load = Callable[[Any], Any]  # total: what does not fit comes back as it is

PLAIN = frozenset({str, int, float, bool, type(None)})
_WORD = re.compile(r"\w+")
_SCALARS: Mapping[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "bytes": bytes,
    "datetime": datetime,
    "None": type(None),
    "Any": Any,
}


class Coded:
    """What the codec knows a model by: the bits of the attributes that were filled at a first read."""

    __slots__ = ("_read",)
    _read: int


def split_union(text: str) -> list[str]:
    """The options of a type text, brackets kept together."""
    out, depth = [""], 0
    for part in re.split(r"(\[|\]| \| )", text):
        depth += {"[": 1, "]": -1}.get(part, 0)
        if part == " | " and not depth:
            out.append("")
        else:
            out[-1] += part
    return out


def normal(text: str) -> str:
    """An annotation as a type text: `_Any` is Any, and `| None` goes without saying."""
    options = [option for option in split_union(text.replace("_Any", "Any")) if option != "None"]
    return " | ".join(options) or "None"


class Registry:
    """The models of one generated package: name -> class through its lazy index, type text -> loader made at first use."""

    _all: ClassVar[dict[str, Registry]] = {}

    def __init__(self, package: str) -> None:
        self.index = import_module(package)
        self.names: Mapping[str, str] = self.index._WHERE
        self._named: dict[str, Load] = {"datetime": load_datetime}
        self._texts: dict[str, Load | None] = {}

    @classmethod
    def get(cls, package: str) -> Registry:
        found = cls._all.get(package)
        return found if found is not None else cls._all.setdefault(package, cls(package))

    @classmethod
    def of(cls, model: type) -> Registry:
        for c in model.__mro__:  # a user's subclass lives elsewhere; its first generated ancestor tells the package
            package = c.__module__.rpartition(".")[0]
            if hasattr(sys.modules.get(package), "_WHERE"):
                return cls.get(package)
        raise TypeError(f"{model.__name__} is not a generated model")

    def class_of(self, name: str) -> type:
        """The class of a name in the index."""
        found: type = getattr(self.index, name)
        return found

    def is_deep(self, text: str) -> bool:
        """Whether a type text speaks of models, so that decoding waits for the first read."""
        return any(self.names.get(word, "enums") != "enums" for word in _WORD.findall(text))

    def named(self, name: str) -> Load:
        """The loader of one class (or of datetime)."""
        found = self._named.get(name)
        if found is None:
            kind = self.class_of(name)
            found = self._named[name] = _enum_loader(kind) if issubclass(kind, Enum) else codec(kind).load
        return found

    def loader(self, text: str) -> Load | None:
        """What turns JSON into the type of a text; None where JSON is used as it is."""
        if text not in self._texts:
            self._texts[text] = self._loader(normal(text))
        return self._texts[text]

    def _loader(self, text: str) -> Load | None:
        options = split_union(text)
        if len(options) > 1:
            return self._union(options)
        if text.startswith("list["):
            return _each(self.loader(text[5:-1]))
        if text.startswith("dict[str, "):
            return _values(self.loader(text[10:-1]))
        return self.named(text) if text in self.names or text == "datetime" else None

    def _union(self, options: list[str]) -> Load | None:
        """An object goes to the model that names most of its members, a list to the first list; all else stays."""
        models = [name for name in options if self.is_deep(name) and name in self.names]
        lists = [self.loader(text) for text in options if text.startswith("list[")]

        def load(value: Any) -> Any:
            if value.__class__ is dict and models:
                best = max(models, key=lambda name: len(codec(self.class_of(name)).known & value.keys()))
                return self.named(best)(value)
            return lists[0](value) if value.__class__ is list and lists and lists[0] else value

        return load if models or any(lists) else None

    def resolve(self, text: str) -> Any:
        """The Python type of a type text: `list[Scan]` is list[models.Scan], `None` is NoneType."""
        options = split_union(text)
        if len(options) > 1:
            union = self.resolve(options[0])
            for option in options[1:]:
                union = union | self.resolve(option)
            return union
        if text.startswith("list["):
            return list[self.resolve(text[5:-1])]  # type: ignore[misc]
        if text.startswith("dict[str, "):
            return dict[str, self.resolve(text[10:-1])]  # type: ignore[misc]
        return _SCALARS[text] if text in _SCALARS else self.class_of(text)


def _enum_loader(kind: type[Enum]) -> Load:
    known = kind._value2member_map_
    wire = str if issubclass(kind, str) else int

    def load(value: Any) -> Any:
        if value.__class__ is not wire:
            return value
        found = known.get(value)
        return found if found is not None else kind(value) if wire is str else value

    return load


def _each(item: Load | None) -> Load | None:
    return item and (lambda value: [item(x) for x in value] if value.__class__ is list else value)


def _values(item: Load | None) -> Load | None:
    return item and (lambda value: {k: item(x) for k, x in value.items()} if value.__class__ is dict else value)


class Field:
    """One attribute: its wire name, its slot, and how it is decoded."""

    def __init__(self, owner: type, a: attrs.Attribute[Any], registry: Registry, bit: int) -> None:
        self.name, self.registry, self.bit = a.name, registry, bit
        text = str(a.type)  # annotations are text in generated modules
        self.type = normal(text)
        self.nullable = text != self.type.replace("Any", "_Any")
        self.wire: str = a.metadata.get("wire") or camel(a.name)
        self.read_only = bool(a.metadata.get("read_only"))
        self.secret = bool(a.metadata.get("secret"))
        self.required = a.default is attrs.NOTHING
        self.deep = registry.is_deep(self.type)
        slot = getattr(owner, a.name)
        self.get: Load = slot.__get__
        self.put: Callable[[Any, Any], None] = slot.__set__
        self.load: Load = self._first

    def _first(self, value: Any) -> Any:  # resolves the classes it names, then makes way
        self.load = self.registry.loader(self.type) or (lambda v: v)
        return self.load(value)


class Codec:
    """What is known of one class; `load` and `dump` are straight-line functions, each compiled when first asked for."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls, self.registry = cls, Registry.of(cls)
        own = [a for a in attrs.fields(cls) if a.name != "_raw"]
        self.fields = {a.name: Field(cls, a, self.registry, 1 << i) for i, a in enumerate(own)}
        self.known = frozenset(f.wire for f in self.fields.values())
        self.kinds: dict[str, Load] = {v: self._kind(v, name) for v, name in cls.__dict__.get("_kinds", {}).items()}

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
            tag = self.fields[self.cls.__dict__["_tag"]].wire
            lines += [f"k = d.get({tag!r})", "if k.__class__ is str and k in kinds: return kinds[k](d)"]
        lines += ["o = new(cls); o._raw = d; o._read = 0; get = d.get"]
        for i, f in enumerate(self.fields.values()):
            if f.deep:
                lines += [f"if get({f.wire!r}) is None: o.{f.name} = None"]
            elif load := self.registry.loader(f.type):
                env[f"e{i}"] = load
                lines += [f"v = get({f.wire!r}); o.{f.name} = v if v is None else e{i}(v)"]
            else:
                lines += [f"o.{f.name} = get({f.wire!r})"]
        loaded: Load = self._compile([*lines, "return o"], **env)
        return loaded

    @cached_property
    def dump(self) -> Callable[[Any], dict[str, Any]]:
        env: dict[str, Any] = {"put": self._put}
        lines = ["def f(o):", "raw = o._raw; out = raw; get = raw.get"]
        for i, f in enumerate(self.fields.values()):
            put = f"out = put(out, raw, {f.wire!r}, v)"
            if f.deep:
                env[f"s{i}"] = f.get
                lines += [f"try: v = s{i}(o)", "except AttributeError: pass", f"else: {put}"]
            elif load := self.registry.loader(f.type):
                env[f"e{i}"] = load
                lines += [f"v = o.{f.name}; r = get({f.wire!r})", f"if v is not r and v != r and v != e{i}(r): {put}"]
            else:
                lines += [f"v = o.{f.name}", f"if v is not get({f.wire!r}): {put}"]
        dumped: Callable[[Any], dict[str, Any]] = self._compile([*lines, "return out"], **env)
        return dumped

    def _put(self, out: dict[str, Any], raw: dict[str, Any], wire: str, value: Any) -> dict[str, Any]:
        """`out` (`raw` until the first change, then a copy) with one attribute laid over it."""
        was = raw.get(wire)
        if value is None and was is None:
            return out
        try:
            new = encode(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.cls.__name__}.{wire}: {error}") from None
        if new is was and (new is not None or wire in raw):
            return out
        out = raw.copy() if out is raw else out
        if value is None:
            del out[wire]
        else:
            out[wire] = new
        return out


_codecs: dict[type, Codec] = {}


def codec(cls: type) -> Codec:
    found = _codecs.get(cls)
    return found if found is not None else _codecs.setdefault(cls, Codec(cls))


def encode(value: Any) -> Any:
    """JSON of a value. It shares what was never read with the model: for writing out, not for changing."""
    c = value.__class__
    if c in PLAIN:
        if c is float and (value != value or value in (float("inf"), float("-inf"))):
            raise ValueError(f"JSON has no {value}")
        return value
    if c is list or c is tuple:
        return [encode(x) for x in value]
    if c is dict:
        return {k if k.__class__ is str else _key(k): encode(x) for k, x in value.items()}
    if isinstance(value, Coded):
        return codec(c).dump(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return datetime_text(value)
    if value is NULL:
        return None
    return _other(value)


def _other(value: Any) -> Any:
    """Subclasses and relatives of JSON's classes; anything else has no JSON form."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, int, float)):
        return encode(int(value) if isinstance(value, int) else float(value))
    if isinstance(value, Mapping):
        return {_key(k): encode(x) for k, x in value.items()}
    if isinstance(value, list):
        return [encode(x) for x in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON member is named by a str, not by {type(key).__name__}")
    return str(key.value) if isinstance(key, Enum) else str(key)


def body(value: Any) -> Any:
    """JSON of a request body: as `encode`, without read-only members at any depth."""
    if isinstance(value, Coded):
        c = codec(type(value))
        out = dict(c.dump(value))
        for f in c.fields.values():
            if f.read_only:
                out.pop(f.wire, None)
            elif f.deep and out.get(f.wire) is not None:
                out[f.wire] = body(getattr(value, f.name))
        return out
    if value.__class__ is list or value.__class__ is tuple:
        return [body(x) for x in value]
    if value.__class__ is dict:
        return {_key(k): body(x) for k, x in value.items()}
    return encode(value)


def copied(value: Any) -> Any:
    """JSON that shares nothing with `value`."""
    if value.__class__ is dict:
        return {k: x if x.__class__ in PLAIN else copied(x) for k, x in value.items()}
    return [x if x.__class__ in PLAIN else copied(x) for x in value] if value.__class__ is list else value


def to_json(value: Any) -> Any:
    """The JSON-compatible value of a model, or of lists and maps of them; a copy that may be changed."""
    return copied(encode(value))

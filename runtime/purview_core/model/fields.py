"""One attribute of a model: its slot, how it is read, and what tells whether its model may have been changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

from purview_core.fork_locks import fork_safe_lock
from purview_core.lazy import cached_property

from .classes import NOTHING, UNREAD, Declared
from .registry import Load, Registry, normal, split_union
from .values import camel

_lock = fork_safe_lock()
ASSIGNED: frozenset[str] = frozenset()
HANDED: frozenset[str] = frozenset({""})
# Two threads may both have decoded: the first one's object stays. Under the GIL no other thread comes between the test of a
# slot and the call that fills it, which is a C function (the lock costs 150 ns more, half of a first read).
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


class Coded:
    """What the codec knows a model by. `_touched` is None until something may have been changed: HANDED once a list or map
    of its JSON was handed out, and from the first assignment on the names that None was assigned to.

    It has no `__new__`: objects of classes that have one take half as long again to make."""

    __slots__ = ("__weakref__", "_raw", "_touched")
    _raw: dict[str, Any]
    _touched: frozenset[str] | None

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        touched = getattr(self, "_touched", None)  # unset in an __init__ of others
        if value is None or touched is None or touched is HANDED:
            with _lock:
                touched = getattr(self, "_touched", None)
                names = ASSIGNED if touched is None or touched is HANDED else touched
                touch(self, names | {name} if value is None else names)


touch: Callable[[Coded, frozenset[str] | None], None] = vars(Coded)["_touched"].__set__


class Field:
    """One attribute: its wire name, its slot, and how it is decoded."""

    def __init__(self, owner: type, declared: Declared, registry: Registry) -> None:
        self.name, self.registry, self.default = declared.name, registry, declared.default
        self.type = normal(declared.type)
        self.nullable = self.type == "Any" or "None" in split_union(declared.type)
        self.wire: str = declared.metadata.get("wire") or camel(self.name)
        self.wires: tuple[str, ...] = (self.wire, *declared.metadata.get("also", ()))
        self.read_only = bool(declared.metadata.get("read_only"))
        self.secret = bool(declared.metadata.get("secret"))
        self.sent = not self.read_only  # by a caller
        # by the service, always and never null; a constructor need not be given it
        self.answered = bool(declared.metadata.get("required"))
        self.required = self.answered or declared.default is NOTHING or not self.nullable
        self.deep, self.open = registry.is_deep(self.type), registry.is_open(self.type)
        self.lazy = isinstance(getattr(owner, self.name), property)
        self.as_it_is = not (self.deep or self.open or "datetime" in self.type)
        self.slot = f"_{self.name}_" if self.lazy else self.name
        slot = getattr(owner, self.slot)
        self.get, self.put = slot.__get__, slot.__set__
        self.load: Load = self._first

    def _first(self, value: Any) -> Any:  # resolves the classes it names, then makes way
        self.load = self.registry.loader(self.type) or (lambda v: v)
        if self.lazy:
            self.reader.__code__ = self._code()
        return self.load(value)

    def came_in(self, raw: str, get: str) -> str:
        """The text of what the member came as in the JSON object `raw`: under its own name, else under another spelling."""
        *first, last = self.wires
        return (
            "".join(f"{get}({name!r}) if {name!r} in {raw} else " for name in first)
            + f"{get}({last!r})"
        )

    def key_in(self, raw: Mapping[str, Any]) -> str | None:
        """The spelling that a JSON object has the member by; None where it has none."""
        return next((name for name in self.wires if name in raw), None)

    def assign(self, model: Any, value: Any) -> None:
        with _lock:  # or a first read in another thread might put its own in place of it
            self.put(model, value)

    @cached_property
    def reader(self) -> Any:
        return FunctionType(self._code(), _SCOPE)

    def _code(self) -> CodeType:
        """What reads the attribute, with byte code of its own: that of many classes would not be specialised (30 ns for 5).
        What belongs to the field is a constant in it: a thousand dicts of globals would not stay in the caches of the CPU."""
        key = (self.slot, self.wires, self.as_it_is)
        if key not in _readers:
            text = _HAND_OUT if self.as_it_is else _READ
            text = text.format(
                slot=self.slot,
                came=self.came_in("o._raw", "o._raw.get"),
                one_at_a_time=_ONE_AT_A_TIME,
            )
            _readers[key] = compiled(text, f"<{self.name}>", {}).__code__
        code, own = _readers[key], {"<UNREAD>": UNREAD, "<load>": self.load, "<put>": self.put}
        return code.replace(
            co_name=self.name, co_consts=tuple(own.get(c, c) for c in code.co_consts)
        )


_readers: dict[tuple[str, tuple[str, ...], bool], CodeType] = {}
_SCOPE = {"lock": _lock, "touch": touch, "HANDED": HANDED}


def compiled(text: str, where: str, env: dict[str, Any]) -> Any:
    """The function f of a text of our own with `repr` of wire names and attribute names that Python has taken, nothing else."""
    exec(compile(text, where, "exec"), env)
    return env["f"]

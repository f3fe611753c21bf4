"""One attribute of a model: its slot, how it is read, and what tells whether its model may have been changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from purview_core.fork_locks import fork_safe_lock

from .definition import NOTHING, Declared
from .registry import Load, Registry
from .types import normal, split_union
from .values import camel

lock = fork_safe_lock()  # of all models: what it guards takes less than a microsecond
ASSIGNED: frozenset[str] = frozenset()
HANDED: frozenset[str] = frozenset({""})


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
            with lock:
                touched = getattr(self, "_touched", None)
                names = ASSIGNED if touched is None or touched is HANDED else touched
                touch(self, names | {name} if value is None else names)


touch: Callable[[Coded, frozenset[str] | None], None] = vars(Coded)["_touched"].__set__


class Field:
    """One attribute: its wire name, its slot, and how it is decoded."""

    def __init__(
        self,
        owner: type,
        declared: Declared,
        registry: Registry,
        decoder: Callable[[str], Load | None],
    ) -> None:
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
        self._find_decoder = decoder
        self.load: Load = self._first
        self.resolved: Callable[[], object] = _nothing

    def _first(self, value: Any) -> Any:
        """Finds what decodes the type, which may import classes, and makes way for it."""
        self.load = self._find_decoder(self.type) or _same
        self.resolved()
        return self.load(value)

    def came(self, raw: Mapping[str, Any]) -> Any:
        """What the member came as: under its own name, else under another spelling; None where it did not."""
        key = self.key_in(raw)
        return None if key is None else raw[key]

    def key_in(self, raw: Mapping[str, Any]) -> str | None:
        """The spelling that a JSON object has the member by; None where it has none."""
        return next((name for name in self.wires if name in raw), None)

    def assign(self, model: Any, value: Any) -> None:
        with lock:  # or a first read in another thread might put its own in place of it
            self.put(model, value)


def _same(value: Any) -> Any:
    return value


def _nothing() -> None:
    pass

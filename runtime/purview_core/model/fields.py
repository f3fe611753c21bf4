"""The fields of a model class: wire names, slots, and what tells whether a model was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from purview_core.fork_locks import fork_safe_lock

from .definitions import CAME, NOTHING, Declared, declared
from .types import Load, Namespace, normal, split_union
from .values import camel

lock = fork_safe_lock()  # held while a slot is filled or a model is marked as changed
ASSIGNED: frozenset[str] = frozenset()
HANDED: frozenset[str] = frozenset({""})


class Coded:
    """What the codec knows a model by: the base of `Model`.

    `_raw` is the JSON object that the model came as. `_touched` is None until something may have
    been changed: HANDED once a list or map of that JSON was handed out, and from the first
    assignment on the names that None was assigned to.

    It has no `__new__`: objects of classes that have one take half as long again to make.
    """

    __slots__ = ("__weakref__", "_raw", "_touched")
    _raw: dict[str, Any]
    _touched: frozenset[str] | None

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        touched = getattr(self, "_touched", None)  # unset in an __init__ of a user's class
        if value is None or touched is None or touched is HANDED:
            with lock:
                touched = getattr(self, "_touched", None)
                names = ASSIGNED if touched is None or touched is HANDED else touched
                touch(self, names | {name} if value is None else names)


touch: Callable[[Coded, frozenset[str] | None], None] = vars(Coded)["_touched"].__set__
set_raw: Callable[[Coded, dict[str, Any]], None] = vars(Coded)["_raw"].__set__


class Field:
    """One field: its wire names, its slot, and how it is decoded.

    Attributes:
        type: its type text, without `| None`.
        wires: the spellings that are read; `wire`, the first, is the one that is written.
        answered: the service always sends it, and never as null; a constructor need not be given
            it.
        required: an answer must hold it.
        deep: its type names models. `open`: it names enums.
        lazy: it has a hidden slot, which holds UNREAD until the first read.
        as_it_is: decoding changes nothing in its JSON, so that a read hands out the JSON itself.
        get: reads its slot, given the model; `put` fills it.
        load: decodes its JSON.
    """

    def __init__(
        self,
        owner: type,
        declared: Declared,
        names: Namespace,
        find_loader: Callable[[str], Load | None],
    ) -> None:
        self.name, self.registry, self.default = declared.name, names, declared.default
        self.type = normal(declared.type)
        self.nullable = self.type == "Any" or "None" in split_union(declared.type)
        self.wire: str = declared.metadata.get("wire") or camel(self.name)
        self.wires: tuple[str, ...] = (self.wire, *declared.metadata.get("also", ()))
        self.read_only = bool(declared.metadata.get("read_only"))
        self.secret = bool(declared.metadata.get("secret"))
        self.sent = not self.read_only  # by a caller
        self.answered = bool(declared.metadata.get("required"))
        self.required = self.answered or declared.default is NOTHING or not self.nullable
        self.deep, self.open = names.is_deep(self.type), names.is_open(self.type)
        self.lazy = isinstance(getattr(owner, self.name), property)
        self.as_it_is = not (self.deep or self.open or "datetime" in self.type)
        self.slot = f"_{self.name}_" if self.lazy else self.name
        slot = getattr(owner, self.slot)
        self.get, self.put = slot.__get__, slot.__set__
        self._find_loader = find_loader
        self.load: Load = self._first_load  # makes way for `loader`

    # No cached_property here: it makes the `__dict__` of a field, and from then on reading any
    # attribute of the field takes longer (a tenth of the time that a constructor takes).
    @property
    def loader(self) -> Load | None:
        """What decodes its JSON; None where JSON is used as it is. The classes are imported now."""
        return self._find_loader(self.type)

    def _first_load(self, value: Any) -> Any:
        self.load = self.loader or (lambda value: value)
        return self.load(value)

    def key_in(self, raw: Mapping[str, Any]) -> str | None:
        """The spelling that a JSON object has the member in; None where it has none."""
        return next((name for name in self.wires if name in raw), None)

    def raw_in(self, raw: Mapping[str, Any]) -> Any:
        """What a JSON object holds of the member, in any spelling; None where it is absent."""
        if len(self.wires) == 1:
            return raw.get(self.wire)
        return next((raw[name] for name in self.wires if name in raw), None)

    def assign(self, model: Any, value: Any) -> None:
        """Fills the slot of a lazy member."""
        with lock:  # or a first read in another thread might put its own value in place of it
            self.put(model, value)


class Layout:
    """The fields of one model class.

    `own` is False for a class that other code derived, by attrs or by hand: it may have an
    `__init__`, a `__setattr__` and attributes that nothing is known of.
    """

    def __init__(
        self, cls: Any, names: Namespace, find_loader: Callable[[str], Load | None]
    ) -> None:
        self.cls = cls
        self.own = "_own" in vars(cls)
        self.fields = {
            d.name: Field(cls, d, names, find_loader) for d in declared(cls) if d.name != CAME
        }
        self.known = frozenset(name for f in self.fields.values() for name in f.wires)
        self.lazy = [f for f in self.fields.values() if f.lazy]
        self.stored = [f for f in self.fields.values() if not f.lazy]

    @property
    def tag(self) -> str:
        """The wire name of the discriminator, of a class that has one."""
        return self.fields[vars(self.cls)["_tag"]].wire

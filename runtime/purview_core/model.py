"""The base of generated models. Meaning of values: see `codec`; what a constructor takes: see `checks`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from reprlib import Repr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs

from .checks import check_fields, shape_of
from .codec import Coded, _codecs, codec, copied, encode
from .values import NULL, OpenEnum

__all__ = ["NULL", "READ_ONLY", "Model", "OpenEnum", "define", "field", "type_hints", "wire"]

READ_ONLY: Mapping[str, Any] = MappingProxyType({"read_only": True})

_EMPTY: dict[str, Any] = {}  # shared by all that was not decoded; never written to
_lock = threading.Lock()


def wire(name: str, *, read_only: bool = False, secret: bool = False) -> Mapping[str, Any]:
    """Field metadata: a wire name that is not camelCase of the attribute's, and whether repr hides the value."""
    return {"wire": name, "read_only": read_only, "secret": secret}


if TYPE_CHECKING:  # the very objects of attrs, so that mypy's plugin and pyright type constructors, evolve and fields
    from attrs import define as define
    from attrs import field as field
else:
    from attrs import field

    def define(*, kw_only: bool) -> Any:
        """attrs.define less the methods that `Model` has once for all (half the time a class), with slots that stay fast:
        `on_setattr=[]` would make every assignment a Python call (270 ns for 15)."""
        return attrs.define(kw_only=kw_only, eq=False, repr=False, getstate_setstate=False)


class _Shown(Repr):
    """Short, and never raising: long values are cut, secrets are masked, nested models are named alone."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 60
        self.maxlist = self.maxtuple = self.maxdict = 3

    def repr1(self, x: Any, level: int) -> str:
        if not isinstance(x, Model):
            return super().repr1(x, level)
        if level < self.maxlevel:
            return f"{type(x).__name__}(...)"
        shown = [(f, getattr(x, f.name)) for f in codec(type(x)).fields.values()]
        members = (f"{f.name}={'***' if f.secret else self.repr1(v, level - 1)}" for f, v in shown if v is not None)
        return f"{type(x).__name__}({', '.join(members)})"


_shown = _Shown()


@define(kw_only=True)
class Model(Coded):
    """One object of the service. Attributes are typed by their declaration, and what came otherwise is kept as it came.

    None leaves a member out of what is sent, NULL sends null, and what was not assigned goes back as it came.
    Assigning is not checked; constructing is, and so is encoding: both raise TypeError with class and attribute.
    """

    _raw: dict[str, Any] = attrs.field(default=_EMPTY, alias="additional_properties")
    _tag: ClassVar[str]
    _kinds: ClassVar[Mapping[str, str]] = {}

    def __attrs_post_init__(self) -> None:
        self._read = 0  # type: ignore[misc]  # a slot of Coded, which attrs' plugin does not see
        fresh = self._raw is _EMPTY
        if not fresh:
            if not isinstance(self._raw, Mapping):
                raise TypeError(f"additional_properties takes a mapping, not {shape_of(self._raw)}")
            self._raw = encode(dict(self._raw))
        check_fields(self, fresh=fresh)

    if not TYPE_CHECKING:  # an unset slot; hidden, so that type checkers still refuse names that do not exist

        def __getattr__(self, name: str) -> Any:
            f = (_codecs.get(self.__class__) or codec(self.__class__)).fields.get(name)
            if f is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            v = self._raw.get(f.wire)
            if v is None:  # null came: the slot stays unset, which tells it from None assigned
                return None
            v = f.load(v)
            _lock.acquire()  # two threads may both have decoded; the first one's object stays ("with" costs 100 ns more)
            try:
                if self._read & f.bit:
                    return f.get(self)
                self._read |= f.bit
                f.put(self, v)
            finally:
                _lock.release()
            return v

    @property
    def additional_properties(self) -> Mapping[str, Any]:
        """Members that the schema does not name; read-only (pass `additional_properties` to the constructor or to evolve)."""
        known = codec(type(self)).known
        return MappingProxyType({k: v for k, v in self._raw.items() if k not in known})

    @classmethod
    def from_dict(cls, src: Mapping[str, Any]) -> Self:
        """The model of a JSON object, of the subclass that its discriminator names. It takes any JSON, and copies it.

        Raises TypeError for what is no mapping, or holds what JSON cannot.
        """
        if not isinstance(src, Mapping):
            raise TypeError(f"{cls.__name__}.from_dict takes a mapping, not {shape_of(src)}")
        loaded: Self = codec(cls).load(copied(dict(src)))
        return loaded

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, as a copy that may be changed; read-only members are in it."""
        out: dict[str, Any] = copied(self)
        return out

    def __eq__(self, other: object) -> bool:
        return bool(encode(self) == encode(other)) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return _shown.repr(self)

    def __getstate__(self) -> dict[str, Any]:
        state = {"_raw": self._raw, **getattr(self, "__dict__", {})}  # attrs' own would decode every unset slot
        for f in codec(type(self)).fields.values():
            with suppress(AttributeError):  # a slot that was never read
                state[f.name] = f.get(self)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "_read", 0)
        for name, value in state.items():
            object.__setattr__(self, name, value)


def type_hints(model: type[Model]) -> dict[str, Any]:
    """Attribute -> Python type of a generated class, whose annotations name classes that it does not import itself."""
    fields = codec(model).fields.values()
    return {
        f.name: f.registry.resolve(f"{f.type} | None" if f.nullable and f.type != "Any" else f.type) for f in fields
    }

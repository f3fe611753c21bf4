"""The base of generated models. Meaning of values: see `codec`; what a constructor takes: see `checks`."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, Signature
from reprlib import Repr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .checks import check_fields, check_kind, missing, shape_of
from .classes import NOTHING, UNREAD
from .codec import Coded, codec, copied, encode
from .fields import ASSIGNED, touch
from .values import NULL, OpenEnum

__all__ = [
    "ANSWERED",
    "NULL",
    "READ_ONLY",
    "READ_ONLY_REQUIRED",
    "Model",
    "OpenEnum",
    "define",
    "field",
    "type_hints",
    "wire",
]

ANSWERED: Mapping[str, Any] = MappingProxyType({"required": True})  # the service makes it where it is not given
READ_ONLY: Mapping[str, Any] = MappingProxyType({"read_only": True})
READ_ONLY_REQUIRED: Mapping[str, Any] = MappingProxyType({"read_only": True, "required": True})

_EMPTY: dict[str, Any] = {}  # shared by all that was not decoded; never written to


def wire(name: str, *, read_only: bool = False, required: bool = False, secret: bool = False) -> Mapping[str, Any]:
    """Field metadata: a wire name that is not camelCase of the attribute's, whether an answer must hold the member though a
    constructor need not be given it, and whether repr hides the value."""
    return {"wire": name, "read_only": read_only, "required": required, "secret": secret}


if TYPE_CHECKING:  # the very objects of attrs, so that mypy's plugin and pyright type constructors, evolve and fields
    from attrs import define as define
    from attrs import field as field
else:  # lighter ones at run time
    from .classes import define, field


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


class _Signature:
    """`__signature__` of a class, for inspect and for the completion of notebooks."""

    def __get__(self, _model: Any, cls: type[Any]) -> Signature:
        given = [("additional_properties", _EMPTY), *((f.name, f.default) for f in codec(cls).fields.values())]
        kind, empty = Parameter.KEYWORD_ONLY, Parameter.empty
        return Signature([Parameter(n, kind, default=empty if v is NOTHING else v) for n, v in given])


@define(kw_only=True)
class Model(Coded):
    """One object of the service. Attributes are typed by their declaration, and what came otherwise is kept as it came.

    None leaves a member out of what is sent, NULL sends null, and what was not assigned goes back as it came.
    Assigning is not checked; constructing is, and so is encoding: both raise TypeError with class and attribute.
    """

    _raw: dict[str, Any] = field(default=_EMPTY, alias="additional_properties")
    _tag: ClassVar[str]
    _kinds: ClassVar[Mapping[str, str]] = {}
    _others: ClassVar[tuple[str, ...]] = ()

    if not TYPE_CHECKING:  # type checkers go by the fields, and still refuse names that do not exist
        __signature__ = _Signature()

        def __init__(self, *, additional_properties: Any = _EMPTY, **members: Any) -> None:
            cls = type(self)
            self.__attrs_pre_init__()
            self._raw = additional_properties
            for f in codec(cls).fields.values():
                value = members.pop(f.name, f.default)
                if value is NOTHING:
                    raise TypeError(missing(f, cls, members))
                f.put(self, value)
            for name in members:
                raise TypeError(f"{cls.__name__}.__init__() got an unexpected keyword argument {name!r}")
            self.__attrs_post_init__()

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"{name!r} stays; assign None to leave it out of what is sent", name=name, obj=self)

    def __attrs_pre_init__(self) -> None:  # of classes that attrs derives, too
        touch(self, ASSIGNED)

    def __attrs_post_init__(self) -> None:
        fresh = self._raw is _EMPTY
        if not fresh:
            if not isinstance(self._raw, Mapping):
                raise TypeError(f"additional_properties takes a mapping, not {shape_of(self._raw)}")
            self._raw = encode(dict(self._raw))
        check_fields(self, fresh=fresh)
        check_kind(self)

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

    def __copy__(self) -> Self:
        """Shallow: what holds models, lists or maps is shared, read before or not."""
        other: Self = object.__new__(type(self))
        for f in codec(type(self)).fields.values():
            getattr(self, f.name)
        other.__setstate__(self.__getstate__())
        return other

    def __replace__(self, /, **changes: Any) -> Self:
        import attrs

        return attrs.evolve(self, **changes)

    def __getstate__(self) -> dict[str, Any]:
        state = {"_raw": self._raw, "_touched": self._touched}
        slots = {f.slot: f.get(self) for f in codec(type(self)).fields.values()}
        return state | {k: v for k, v in slots.items() if v is not UNREAD} | getattr(self, "__dict__", {})

    def __setstate__(self, state: dict[str, Any]) -> None:
        unread = {f.slot: UNREAD for f in codec(type(self)).fields.values() if f.lazy}
        for name, value in (unread | state).items():
            object.__setattr__(self, name, value)


def type_hints(model: type[Model]) -> dict[str, Any]:
    """Attribute -> Python type of a generated class, whose annotations name classes that it does not import itself."""
    fields = codec(model).fields.values()
    return {
        f.name: f.registry.resolve(f"{f.type} | None" if f.nullable and f.type != "Any" else f.type) for f in fields
    }

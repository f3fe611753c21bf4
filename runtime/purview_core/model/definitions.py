"""Model classes: `define` and `field`, which do at run time what type checkers take for attrs.

A plane has hundreds of classes. `attrs.define` takes 0.3 ms for each, this `define` 0.04 ms
(Python 3.11): it gives the class slots, remembers its fields, and leaves the methods to `Model`.
When somebody asks attrs about a class (`attrs.fields`, `has`, `evolve`, `asdict`, or a subclass
made by `attrs.define`), attrs is imported and told the fields: see `_AttrsFields`. What attrs
does not see are `__init__`, `__eq__` and `__repr__`, which are those of `Model`.

A member that may be changed in place (a model, a list, a map) has a hidden slot, and before it a
property that the codec makes at the first use of the class. Until the member is read, its slot
holds UNREAD.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType, MemberDescriptorType
from typing import Any, Final

from .types import Namespace

NOTHING: Final[Any] = object()  # no default: a required member
UNREAD: Final[Any] = object()  # in a slot: the member was not decoded yet
CAME = "_came"  # the JSON that attrs.evolve makes a copy from, beside the attributes
_NO_METADATA: Mapping[str, Any] = MappingProxyType({})
_UNTIL_FIRST_USE = property()


class Declared:
    """One field, as its class declares it."""

    __slots__ = ("alias", "default", "metadata", "name", "type")

    def __init__(
        self, default: Any = NOTHING, metadata: Any = _NO_METADATA, alias: str | None = None
    ) -> None:
        self.default, self.metadata, self.alias = default, metadata, alias
        self.name, self.type = "", "Any"


field = Declared


class _AttrsFields:
    """`__attrs_attrs__` of a class until attrs first asks for it: makes attrs put its own there."""

    def __get__(self, _model: Any, cls: type[Any]) -> Any:
        import attrs  # only programs that ask attrs about models pay for its import

        owner = next((c for c in cls.__mro__ if vars(c).get("__attrs_attrs__") is self), None)
        if owner is not None:  # else another thread has just done it
            these = {d.name: _attrs_field(d) for d in vars(owner)["_own"]}
            attrs.define(these=these, slots=False, init=False, eq=False, repr=False, kw_only=True)(
                owner
            )
        return cls.__attrs_attrs__


def _attrs_field(declared: Declared) -> Any:
    """The field for attrs.

    Classes that attrs derives get a repr from attrs, which must show neither secrets nor the
    JSON, which holds all of them.
    """
    import attrs  # as above

    default = attrs.NOTHING if declared.default is NOTHING else declared.default
    shown = declared.name != CAME and not declared.metadata.get("secret")
    return attrs.field(
        default=default, metadata=declared.metadata, alias=declared.alias, repr=shown
    )


_attrs_fields = _AttrsFields()


def define(*, kw_only: bool) -> Callable[[Any], Any]:  # noqa: ARG001  # always true: for type checkers
    """Makes a class anew with slots; its methods may not use super() without arguments."""
    return _with_slots


def _with_slots(cls: Any) -> Any:
    space = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
    names = None if cls.__module__.startswith("purview_core.") else Namespace.of(cls)
    own, slots = [], []
    for name, text in space.get("__annotations__", {}).items():
        if text.startswith("ClassVar"):
            continue
        value = space.pop(name, NOTHING)
        one = value if value.__class__ is Declared else Declared(value)
        one.name, one.type = name, text
        own.append(one)
        if name == CAME:
            continue
        slot = name
        if names and not names.is_immutable(text):
            slot, space[name] = f"_{name}_", _UNTIL_FIRST_USE
        if not isinstance(getattr(cls.__base__, slot, None), MemberDescriptorType):
            slots.append(slot)
    space.update(__slots__=tuple(slots), _own=own, __attrs_attrs__=_attrs_fields)
    return type(cls)(cls.__name__, cls.__bases__, space)


def declared(cls: type[Any]) -> list[Declared]:
    """All fields of a class, those of its bases first; also of a class that attrs made."""
    found: dict[str, Declared] = {}
    for c in reversed(cls.__mro__):
        space = vars(c)
        own = (
            space["_own"]
            if "_own" in space
            else [_from_attrs(a) for a in space.get("__attrs_attrs__", ())]
        )
        again = {d.name for d in own}
        found = {name: one for name, one in found.items() if name not in again}
        found |= {one.name: one for one in own}
    return list(found.values())


def _from_attrs(a: Any) -> Declared:
    import attrs  # loaded already: it made the class

    one = Declared(NOTHING if a.default is attrs.NOTHING else a.default, a.metadata, a.alias)
    one.name = a.name
    one.type = a.type if isinstance(a.type, str) else getattr(a.type, "__name__", "Any")
    return one

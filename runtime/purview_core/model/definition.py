"""Classes of models, made when their module is imported: slots alone, at a tenth of what attrs.define takes for them
(measured: 0.04 ms a class, for 0.3). attrs itself is imported, and told the fields, when somebody asks it about a class.

Whatever may be changed in place (models, lists, maps) has a hidden slot and, in front of it, a property that the codec makes
at the first use of the class. Until it is read, the slot holds UNREAD.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType, MemberDescriptorType
from typing import Any, Final

from .registry import Registry

NOTHING: Final[Any] = object()  # no default: a required member
UNREAD: Final[Any] = object()
_NO_METADATA: Mapping[str, Any] = MappingProxyType({})
PENDING = property()
CAME = "_came"  # what attrs makes a copy from, beside the attributes: see `model.Came`


class Declared:
    """One attribute, as its class declares it."""

    __slots__ = ("alias", "default", "metadata", "name", "type")

    def __init__(
        self, default: Any = NOTHING, metadata: Any = _NO_METADATA, alias: str | None = None
    ) -> None:
        self.default, self.metadata, self.alias = default, metadata, alias
        self.name, self.type = "", "Any"


field = Declared


class _OnDemand:
    """`__attrs_attrs__` of a class: what attrs.fields, has, evolve and asdict go by, and subclasses that attrs makes."""

    def __get__(self, _model: Any, cls: type[Any]) -> Any:
        # 15 ms that most programs never need
        import attrs

        owner = next((c for c in cls.__mro__ if vars(c).get("__attrs_attrs__") is self), None)
        if owner is not None:  # no other thread was faster
            these = {d.name: _attribute(d) for d in vars(owner)["_own"]}
            attrs.define(these=these, slots=False, init=False, eq=False, repr=False, kw_only=True)(
                owner
            )
        return cls.__attrs_attrs__


def _attribute(d: Declared) -> Any:
    """For attrs. Classes that it derives get a repr of its making, which shows no secret, and not the JSON with all of them."""
    # 15 ms that most programs never need
    import attrs

    default = attrs.NOTHING if d.default is NOTHING else d.default
    shown = d.name != CAME and not d.metadata.get("secret")
    return attrs.field(default=default, metadata=d.metadata, alias=d.alias, repr=shown)


_on_demand = _OnDemand()


def define(*, kw_only: bool) -> Callable[[Any], Any]:  # noqa: ARG001  # always true: type checkers read it
    """The class again, with slots; its methods may not use super() without arguments."""
    return _made


def _made(cls: Any) -> Any:
    space = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
    registry = None if cls.__module__.startswith("purview_core.") else Registry.of(cls)
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
        if registry and not registry.is_plain(text):
            slot, space[name] = f"_{name}_", PENDING
        if not isinstance(getattr(cls.__base__, slot, None), MemberDescriptorType):
            slots.append(slot)
    space.update(__slots__=tuple(slots), _own=own, __attrs_attrs__=_on_demand)
    return type(cls)(cls.__name__, cls.__bases__, space)


def declared(cls: type[Any]) -> list[Declared]:
    """All attributes of a class, those of its bases first; of one that attrs made, too."""
    found: dict[str, Declared] = {}
    for c in reversed(cls.__mro__):
        space = vars(c)
        own = (
            space["_own"]
            if "_own" in space
            else [_adopted(a) for a in space.get("__attrs_attrs__", ())]
        )
        found = {name: one for name, one in found.items() if name not in {d.name for d in own}}
        found |= {one.name: one for one in own}
    return list(found.values())


def _adopted(a: Any) -> Declared:
    # 15 ms that most programs never need
    import attrs

    one = Declared(NOTHING if a.default is attrs.NOTHING else a.default, a.metadata, a.alias)
    one.name = a.name
    one.type = a.type if isinstance(a.type, str) else getattr(a.type, "__name__", "Any")
    return one

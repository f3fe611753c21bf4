"""The base of generated models.

`codec` says what values mean, and `checks` which ones a constructor takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from inspect import Parameter, Signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from purview_core.suggest import did_you_mean

from .checks import check_fields, check_kind, missing, shape_of, take_known
from .codec import Coded, body, codec, encode, to_json
from .definitions import NOTHING, UNREAD
from .depth import apart
from .display import html_of, text_of
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
    "only",
    "type_hints",
    "wire",
]

# Metadata of fields. ANSWERED: the service makes the value where none is given.
ANSWERED: Mapping[str, Any] = MappingProxyType({"required": True})
READ_ONLY: Mapping[str, Any] = MappingProxyType({"read_only": True})
READ_ONLY_REQUIRED: Mapping[str, Any] = MappingProxyType({"read_only": True, "required": True})

_EMPTY: dict[str, Any] = {}  # shared by all models that were not decoded; never written to


def wire(
    name: str, *also: str, read_only: bool = False, required: bool = False, secret: bool = False
) -> Mapping[str, Any]:
    """Metadata of a field.

    Args:
        name: the wire name, where it is not the attribute's name in camelCase.
        also: other spellings that are read.
        read_only: whether requests leave the member out.
        required: whether an answer must hold it, though a constructor need not be given it.
        secret: whether repr hides its value.
    """
    return {
        "wire": name,
        "also": also,
        "read_only": read_only,
        "required": required,
        "secret": secret,
    }


def only(value: str) -> Any:
    """The default of a member that can have no other value.

    Where it is one of an enum, the constructor makes the enum's member of it.
    """
    return value


# Type checkers see the objects of attrs, by which they type constructors, evolve and fields.
if TYPE_CHECKING:
    from attrs import define as define
    from attrs import field as field
else:
    from .definitions import define, field


class _Signature:
    """`__signature__` of a class, for inspect and for completion in notebooks."""

    def __get__(self, _model: Any, cls: type[Any]) -> Signature:
        given = [
            ("additional_properties", _EMPTY),
            *((f.name, f.default) for f in codec(cls).fields.values()),
        ]
        kind, empty = Parameter.KEYWORD_ONLY, Parameter.empty
        return Signature(
            [Parameter(n, kind, default=empty if v is NOTHING else v) for n, v in given]
        )


@define(kw_only=True)
class Model(Coded):
    """One object of the service.

    An attribute holds what its type says, or the JSON value as it came where the service sent
    something else. None leaves a member out of what is sent, NULL sends null, and what was not
    assigned goes back as it came. Assigning checks nothing; constructing and encoding raise
    TypeError, with class and attribute, for values that do not fit.
    """

    _came: Mapping[str, Any] = field(default=_EMPTY, alias="additional_properties")
    _tag: ClassVar[str]
    _kinds: ClassVar[Mapping[str, str]] = {}
    _others: ClassVar[tuple[str, ...]] = ()

    # Type checkers go by the fields, and refuse names that do not exist.
    if not TYPE_CHECKING:
        __signature__ = _Signature()

        def __init__(self, *, additional_properties: Any = _EMPTY, **members: Any) -> None:
            cls = type(self)
            self.__attrs_pre_init__()
            self._came = additional_properties
            fields = codec(cls).fields
            for f in fields.values():
                value = members.pop(f.name, f.default)
                if value is NOTHING:
                    raise TypeError(missing(f, cls, members))
                f.put(self, value)
            for name in members:
                near = did_you_mean(name, fields)
                raise TypeError(
                    f"{cls.__name__}.__init__() got an unexpected keyword argument {name!r}.{near}"
                )
            self.__attrs_post_init__()

        def __delattr__(self, name: str) -> None:
            raise AttributeError(
                f"{name!r} stays; assign None to leave it out of what is sent", name=name, obj=self
            )

    # Classes that attrs derives call this and the next one, too.
    def __attrs_pre_init__(self) -> None:
        touch(self, ASSIGNED)

    def __attrs_post_init__(self) -> None:
        given: Any = self._raw
        source = given.source if isinstance(given, Came) else None
        if source is not None:
            self._raw = dict(given)
        elif given is not _EMPTY:
            if not isinstance(given, Mapping):
                raise TypeError(f"additional_properties takes a mapping, not {shape_of(given)}")
            self._raw = encode(dict(given))
            take_known(self)
        check_fields(self, source)
        check_kind(self)

    @property
    def additional_properties(self) -> Mapping[str, Any]:
        """Members that the schema does not name.

        It is read-only: pass `additional_properties` to the constructor, or to `attrs.evolve`.
        """
        known = codec(type(self)).known
        return MappingProxyType({k: v for k, v in self._raw.items() if k not in known})

    @additional_properties.setter
    def additional_properties(self, _value: Any) -> None:
        raise AttributeError(
            "additional_properties is read-only: give it to the constructor, or to attrs.evolve"
        )

    @classmethod
    def from_dict(cls, src: Mapping[str, Any]) -> Self:
        """The model of a JSON object, of the subclass that its discriminator names.

        Args:
            src: the object, which is copied. Members may be missing, unknown, or of other types.

        Raises:
            TypeError: it is no mapping, or holds something that has no JSON form.
        """
        if not isinstance(src, Mapping):
            raise TypeError(f"{cls.__name__}.from_dict takes a mapping, not {shape_of(src)}")
        loaded: Self = codec(cls).load(to_json(dict(src)))
        return loaded

    def to_dict(self, *, writable: bool = False) -> dict[str, Any]:
        """The JSON object, as a copy that may be changed.

        Args:
            writable: leaves read-only members out, at every depth. What is left is what a write
                sends, and stays the same from export to export while nobody changes the object.
        """
        out: dict[str, Any] = to_json(body(self) if writable else self)
        return out

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        try:
            return bool(encode(self) == encode(other))
        except RecursionError:
            return bool(apart(lambda: encode(self) == encode(other)))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        """The table that notebooks draw."""
        return html_of(self)

    def __copy__(self) -> Self:
        """A shallow copy: models, lists and maps in it are shared, whether or not they were
        read.
        """
        other: Self = object.__new__(type(self))
        for f in codec(type(self)).fields.values():
            getattr(self, f.name)
        other.__setstate__(self.__getstate__())
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        known = len(memo)
        try:
            return self._copied_into(memo)
        except RecursionError:
            for key in list(memo)[known:]:  # copies that were begun are not whole
                del memo[key]
            made: Self = apart(self._copied_into, memo)
            return made

    def _copied_into(self, memo: dict[int, Any]) -> Self:
        other: Self = object.__new__(type(self))
        memo[id(self)] = other
        state = self.__getstate__()
        for name, value in state.items():  # a comprehension would take one more level of the stack
            state[name] = value if name == "_touched" else deepcopy(value, memo)
        other.__setstate__(state)
        return other

    def __replace__(self, /, **changes: Any) -> Self:
        import attrs  # only programs that copy models with changes pay for its import

        return attrs.evolve(self, **changes)

    def __getstate__(self) -> dict[str, Any]:
        state = {"_raw": self._raw, "_touched": self._touched}
        slots = {f.slot: f.get(self) for f in codec(type(self)).fields.values()}
        return (
            state
            | {k: v for k, v in slots.items() if v is not UNREAD}
            | getattr(self, "__dict__", {})
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        unread = {f.slot: UNREAD for f in codec(type(self)).fields.values() if f.lazy}
        for name, value in (unread | state).items():
            object.__setattr__(self, name, value)


class Came(dict[str, Any]):
    """The JSON that a model came as, on its way into a copy that `attrs.evolve` makes of it.

    `attrs.evolve` gives it to the constructor beside all attributes. `source` is the model: values
    of it pass unchecked, since an answer may hold values of any type.
    """

    source: Model | None = None

    @classmethod
    def of(cls, model: Model) -> Came:
        """The JSON of a model, without nulls in the place of which None was assigned."""
        made = cls(model._raw)
        made.source = model
        for f in codec(type(model)).fields.values():
            if f.get(model) is None and model._touched and f.name in model._touched:
                for name in f.wires:
                    made.pop(name, None)
        return made


if not TYPE_CHECKING:
    Model._came = property(Came.of, vars(Coded)["_raw"].__set__)


def type_hints(model: type[Model]) -> dict[str, Any]:
    """Attribute -> Python type of a generated class.

    `typing.get_type_hints` cannot tell them: the annotations name classes that their module does
    not import.
    """
    fields = codec(model).fields.values()
    return {
        f.name: f.registry.resolve(f"{f.type} | None" if f.nullable and f.type != "Any" else f.type)
        for f in fields
    }

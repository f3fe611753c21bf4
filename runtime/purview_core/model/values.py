"""Values that JSON has no class for: an explicit null, open enums, and date-times.

It needs the standard library alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any

from purview_core.suggest import MissingNameError


class _Null:
    """The class of NULL, which sends an explicit null; None leaves the member out."""

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NULL"

    def __copy__(self) -> _Null:
        return self

    def __deepcopy__(self, _memo: Any) -> _Null:
        return self


NULL: Any = _Null()


class _SuggestingEnum(EnumMeta):
    """The class of enums whose AttributeError names the member that may have been meant."""

    if not TYPE_CHECKING:  # type checkers would take any name for a member

        def __getattr__(cls, name: str) -> Any:
            # Python 3.11 keeps members out of the class, and finds them here.
            if name in cls.__members__:
                return cls.__members__[name]
            raise MissingNameError(
                f"{cls.__name__} has no member {name!r}.", name, lambda: cls.__members__
            )


class OpenEnum(str, Enum, metaclass=_SuggestingEnum):
    """A string enum that takes values which it does not know, as members without a name."""

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        new = str.__new__(cls, value)
        new._name_, new._value_ = value, value
        return new

    @property
    def is_known(self) -> bool:
        """Whether the document has this value."""
        return any(self._value_ == one._value_ for one in type(self))

    def __str__(self) -> str:
        return str(self._value_)

    def __format__(self, spec: str) -> str:
        return format(str(self._value_), spec)

    __hash__ = str.__hash__  # equal to its text, so found by its text


def load_datetime(value: Any) -> Any:
    """The datetime of a text, aware where it has an offset and naive where it has none.

    Any other value comes back as it is.
    """
    if value.__class__ is not str:
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def datetime_text(value: datetime) -> str:
    """RFC 3339 text, with Z for UTC; that of a naive datetime has no offset."""
    return value.isoformat().replace("+00:00", "Z")


def camel(name: str) -> str:
    """The wire name that a Python name stands for where no other is declared.

    `data_source_name` is `dataSourceName`.
    """
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)

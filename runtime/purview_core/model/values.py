"""Values that JSON has no class for: an explicit null, enums that grow, and date-times. Stdlib only."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any

from purview_core.suggest import MissingNameError


class _Null:
    """Sends an explicit null; None leaves the member out."""

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


class _Named(EnumMeta):
    """Says which member a name that does not exist may have been meant to be."""

    if not TYPE_CHECKING:  # type checkers would take any name for a member

        def __getattr__(cls, name: str) -> Any:
            if name in cls._member_map_:
                # where enums keep them out of the class, as in Python 3.11
                return cls._member_map_[name]
            raise MissingNameError(
                f"{cls.__name__} has no member {name!r}.", name, lambda: cls._member_map_
            )


class OpenEnum(str, Enum, metaclass=_Named):
    """A string enum that keeps values it does not know; `is_known` tells them from its own."""

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        new = str.__new__(cls, value)
        new._name_, new._value_ = value, value
        return new

    @property
    def is_known(self) -> bool:
        return self._value_ in type(self)._value2member_map_

    def __str__(self) -> str:
        return str(self._value_)

    def __format__(self, spec: str) -> str:
        return format(str(self._value_), spec)

    __hash__ = str.__hash__  # equal to its text, so found by its text


def load_datetime(value: Any) -> Any:
    """A datetime, aware where the text has an offset and naive where it has none; what is no date stays as it is."""
    if value.__class__ is not str:
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def datetime_text(value: datetime) -> str:
    """RFC 3339, with Z for UTC; a naive datetime goes out without an offset."""
    return value.isoformat().replace("+00:00", "Z")


def camel(name: str) -> str:
    """The wire name of a Python name, where no other is given: `data_source_name` is `dataSourceName`."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in rest)

"""What encodes values and models as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any

from . import compiled, plain
from .decoders import Codec, codec
from .depth import apart
from .fields import Coded
from .json_text import Beyond
from .types import Load
from .values import NULL, datetime_text

# Values of these classes are JSON already; floats are looked at, since JSON has no NaN.
_PLAIN: frozenset[type] = frozenset({str, int, bool, type(None)})


def encode(value: Any) -> Any:
    """JSON of a value, which it shares as far as it can: for writing out, not for changing.

    Raises TypeError for what has no JSON form, and ValueError for NaN and infinity, with the class
    and attribute that hold it.
    """
    write = _encoders[type(value)]
    if write is None:
        return value
    try:
        return write(value)
    except RecursionError:
        return apart(write, value)


def body(value: Any) -> Any:
    """JSON of a request body: as `encode`, but read-only members are left out at every depth."""
    write = _bodies[type(value)]
    if write is None:
        return value
    try:
        return write(value)
    except RecursionError:
        return apart(write, value)


class _Writers(dict[type, Load | None]):
    """Class -> what encodes its values, and gives back the same object where nothing changes.

    None stands for classes whose values are JSON. They are found by `type(x)`, which takes 4 ns
    where classes are mixed; `x.__class__` takes 22.
    """

    def __init__(self, inner: Load, *, writable: bool) -> None:
        super().__init__()
        self._inner, self._writable = inner, writable
        self.forget()

    def forget(self) -> None:
        """Makes the encoders of all models anew at their next use."""
        self.clear()
        self.update(dict.fromkeys(_PLAIN))
        self.update({dict: self._dict, list: self._list, float: _number, datetime: datetime_text})

    def __missing__(self, c: type) -> Load:
        if issubclass(c, Coded):
            make = compiled.encoder if Codec.use_compiled else plain.encoder
            made = self[c] = make(codec(c), self, writable=self._writable)
            return made
        return self._relative

    def _dict(self, value: dict[str, Any]) -> dict[str, Any]:
        out = value
        for key, x in value.items():
            if key.__class__ is not str:
                return self._dict({_key(k): x for k, x in value.items()})
            if (write := self[type(x)]) is not None and (y := write(x)) is not x:
                out = value.copy() if out is value else out
                out[key] = y
        return out

    def _list(self, value: list[Any]) -> list[Any]:
        out = value
        for i, x in enumerate(value):
            if (write := self[type(x)]) is not None and (y := write(x)) is not x:
                out = value.copy() if out is value else out
                out[i] = y
        return out

    def _relative(self, value: Any) -> Any:
        """Encodes NULL, and values of subclasses and relatives of JSON's classes."""
        if value is NULL:
            return None
        if isinstance(value, Coded):  # a proxy of a model
            return self.__missing__(value.__class__)(value)
        if isinstance(value, float):
            return _number(value)
        if isinstance(value, Enum):
            return self._inner(value.value)
        if isinstance(value, datetime):
            return datetime_text(value)
        for kind in (str, int):
            if isinstance(value, kind):
                return kind(value)
        if isinstance(value, Mapping):
            return self._dict(dict(value))
        if isinstance(value, (list, tuple)):
            return self._list(list(value))
        return self._kept(value)

    def _kept(self, value: Any) -> Any:
        """Encodes an object by the JSON that it keeps: statuses of long-running operations."""
        if hasattr(type(value), "as_json"):
            return self._inner(value.as_json())
        raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: float) -> float:
    if not isfinite(value) and not isinstance(value, Beyond):
        raise ValueError(f"JSON has no {value!r}")
    return value if isinstance(value, Beyond) or value.__class__ is float else float(value)


_encoders = _Writers(encode, writable=False)
_bodies = _Writers(body, writable=True)


def forget() -> None:
    """Makes the encoders of all models anew at their next use."""
    _encoders.forget()
    _bodies.forget()


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON member is named by a str, not by {type(key).__name__}")
    return str(key.value) if isinstance(key, Enum) else str(key)


def copied(value: Any) -> Any:
    """JSON of a value that shares nothing with it."""
    if type(value) is dict:
        return {
            k if type(k) is str else _key(k): x if type(x) in _PLAIN else copied(x)
            for k, x in value.items()
        }
    if type(value) is list:
        return [x if type(x) in _PLAIN else copied(x) for x in value]
    new = encode(value)
    return new if new is value else copied(new)


def to_json(value: Any) -> Any:
    """The JSON value of a model, or of lists and maps of models, as a copy that may be changed."""
    try:
        return copied(value)
    except RecursionError:
        return apart(copied, value)

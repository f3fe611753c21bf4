"""Models and the values in them to JSON: what came, with what was changed since laid over it.

| attribute          | the member came as      | goes out as                                                |
|--------------------|-------------------------|------------------------------------------------------------|
| never assigned     | anything                | as it came (null, 7-digit seconds, unknown enum values)    |
| what it decodes to | a value                 | as it came                                                 |
| None               | null / absent / a value | absent                                                     |
| NULL               | anything                | null                                                       |
| another value      | anything                | the value                                                  |

A member that came in another spelling than its document's keeps it, and goes out in that of the service in request bodies,
and where none came.

Only what may have changed is looked at: scalars once an attribute of their model was assigned, all else once it was read.
So a write that passes by `Model.__setattr__` (object.__setattr__) is not seen. What cannot be told apart: in
`attrs.evolve(model, name=None)`, where null came, the null is kept.

Which change wins: a nested model, list or map is one object from its first read on, whoever read it, and what is done to it
goes out with its parent, over the JSON that the parent came as. Assigning another lets go of it. Shallow copies (copy.copy,
attrs.evolve) share such objects with the model they were made from; deepcopy, pickle, from_dict and to_dict share nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import partial
from math import isfinite
from operator import is_
from typing import Any

from .codec import Codec, codec, decoder
from .compiled import encode_object
from .definition import UNREAD
from .depth import apart
from .fields import Coded, Field
from .json_text import Beyond
from .plain import Lay
from .registry import Load
from .values import NULL, datetime_text

# floats are looked at, for JSON has no NaN
_PLAIN: frozenset[type] = frozenset({str, int, bool, type(None)})


def encode(value: Any) -> Any:
    """JSON of a value, which it shares as far as it can: for writing out, not for changing. Raises TypeError for what has no
    JSON form (ValueError: NaN), with the class and attribute that hold it."""
    write = _encoders[type(value)]
    if write is None:
        return value
    try:
        return write(value)
    except RecursionError:
        return apart(write, value)


def body(value: Any) -> Any:
    """JSON of a request body: as `encode`, without read-only members at any depth."""
    write = _bodies[type(value)]
    if write is None:
        return value
    try:
        return write(value)
    except RecursionError:
        return apart(write, value)


class _Writers(dict[type, Load | None]):
    """Class -> what turns its values into JSON (the same value where nothing in it changes); None where they are JSON.

    `type(x)` takes 4 ns where classes are mixed, `x.__class__` 22."""

    def __init__(self, inner: Load) -> None:
        super().__init__(dict.fromkeys(_PLAIN))
        self.inner = inner
        self |= {dict: self._dict, list: self._list, float: _number, datetime: datetime_text}

    def __missing__(self, c: type) -> Load:
        if issubclass(c, Coded):
            made = self[c] = self._of_class(codec(c))
            return made
        return self._relative

    def _of_class(self, known: Codec) -> Load:
        """What encodes the objects of a class, and the values in them by these writers."""
        lays = {f.name: _layer(known.cls.__name__, f, self) for f in known.fields.values()}
        find = partial(decoder, known.registry)
        return encode_object(known, lays, find, for_body=self.inner is body)

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
        """Subclasses and relatives of JSON's classes, and NULL."""
        if value is NULL:
            return None
        if isinstance(value, Coded):  # a proxy of one
            return self.__missing__(value.__class__)(value)
        if isinstance(value, float):
            return _number(value)
        if isinstance(value, Enum):
            return self.inner(value.value)
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
        """The answer that an object keeps beside what was made of it."""
        if hasattr(type(value), "as_json"):
            return self.inner(value.as_json())
        raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: float) -> float:
    if not isfinite(value) and not isinstance(value, Beyond):
        raise ValueError(f"JSON has no {value!r}")
    return value if isinstance(value, Beyond) or value.__class__ is float else float(value)


def _layer(owner: str, field: Field, writers: _Writers) -> Lay:
    """What lays one attribute over what goes out."""
    several = len(field.wires) > 1

    def lay(out: dict[str, Any], raw: dict[str, Any], value: Any) -> dict[str, Any]:
        try:
            write = writers[type(value)]
            new = value if write is None else write(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{owner}.{field.name}: {error}") from None
        wire = (field.key_in(raw) or field.wire) if several else field.wire
        old = raw.get(wire, UNREAD)
        if new is old or _holds_the_same(new, old):
            return out
        out = raw.copy() if out is raw else out
        out[wire if wire in out else field.wire] = new
        return out

    return lay


def _holds_the_same(new: Any, old: Any) -> bool:
    """Whether two lists or maps hold the very same objects, in the same order."""
    kind = new.__class__
    if kind is not old.__class__ or kind not in (list, dict) or len(new) != len(old):
        return False
    return all(map(is_, new, old)) and (kind is list or all(map(is_, new.values(), old.values())))


_encoders, _bodies = _Writers(encode), _Writers(body)


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
    """The JSON-compatible value of a model, or of lists and maps of them; a copy that may be changed."""
    try:
        return copied(value)
    except RecursionError:
        return apart(copied, value)

"""How the value of a field is laid over the JSON object that its model came as.

`raw` is that object and never changes; `out` is `raw` until the first change, and from then on a
copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_
from typing import Any

from .definitions import UNREAD
from .fields import Field
from .types import Load

Json = dict[str, Any]
Lay = Callable[[Json, Json, Any], Json]


def layer(f: Field, owner: str, writers: Mapping[type, Load | None]) -> Lay:
    """What lays a value of the field over `out`; its errors name the class and the attribute."""
    several = len(f.wires) > 1

    def lay(out: Json, raw: Json, value: Any) -> Json:
        try:
            write = writers[type(value)]
            new = value if write is None else write(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{owner}.{f.name}: {error}") from None
        wire = (f.key_in(raw) or f.wire) if several else f.wire
        old = raw.get(wire, UNREAD)
        if new is old or _holds_the_same(new, old):
            return out
        out = raw.copy() if out is raw else out
        out[wire if wire in out else f.wire] = new
        return out

    return lay


def without(out: Json, raw: Json, wire: str) -> Json:
    """Leaves a member out."""
    if wire in out:
        out = raw.copy() if out is raw else out
        del out[wire]
    return out


def respelled(out: Json, wire: str, other: str) -> Json:
    """The object with a member in the spelling that the service uses, at its old place."""
    if other not in out or wire in out:
        return out
    return {wire if name == other else name: value for name, value in out.items()}


def _holds_the_same(new: Any, old: Any) -> bool:
    """Whether two lists or maps hold the very same objects, in the same order."""
    kind = new.__class__
    if kind is not old.__class__ or kind not in (list, dict) or len(new) != len(old):
        return False
    return all(map(is_, new, old)) and (kind is list or all(map(is_, new.values(), old.values())))

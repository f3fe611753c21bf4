"""Reading all of a decoded value, and breaking a JSON value in every place."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Iterator
from typing import Any

import attrs

from purview_core import Model, type_hints
from purview_core.model.codec import codec

BAD: list[Any] = [
    *(
        None,
        "x",
        7,
        1.5,
        True,
        [],
        {},
        ["q"],
        {"zz": None},
        "2020-13-45T99:00:00Z",
        [None],
        {"kind": "NoSuchKind"},
    ),
    *("2020-01-01T00:00:00.1234567Z", 10**30, "\ud800", {"kind": ["a"]}, [[{}]]),
]


def models(value: Any) -> Iterator[Model]:
    """Every model in a decoded value; reading them decodes all of it."""
    if isinstance(value, Model):
        yield value
        for name in codec(type(value)).fields:
            yield from models(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from models(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from models(item)


def copies(model: Model) -> Iterator[tuple[str, Model]]:
    yield "pickle", pickle.loads(pickle.dumps(model))
    yield "copy", copy.copy(model)
    yield "deepcopy", copy.deepcopy(model)
    yield "evolve", attrs.evolve(model)


def places(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], bool]]:
    """(path, whether it is an object that may be given an unknown member) of every place in a JSON
    value.
    """
    if isinstance(value, dict):
        yield path, True
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*path, i))
    if path:
        yield path, False


def mutants(value: Any, rng: random.Random, spots: int = 12, bad: int = 4) -> Iterator[Any]:
    """Copies of a JSON value with something wrong at some of its places."""
    found = list(places(value))
    for path, is_object in rng.sample(found, min(spots, len(found))):
        for wrong in rng.sample(BAD, bad):
            yield _with(value, (*path, "unknownKey") if is_object else path, copy.deepcopy(wrong))


def _with(value: Any, path: tuple[str | int, ...], wrong: Any) -> Any:
    """A value with another one at a place; what does not lie on the way there is shared."""
    if not path:
        return wrong
    out = copy.copy(value)
    out[path[0]] = _with(value[path[0]], path[1:], wrong) if path[1:] else wrong
    return out


def fits(value: Any, kind: Any) -> bool:
    """Whether a decoded value is of a resolved type; null and unknown enum members are."""
    origin, arguments = getattr(kind, "__origin__", None), getattr(kind, "__args__", ())
    if kind is Any or value is None:
        return True
    if origin is list:
        return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(item, arguments[1]) for item in value.values())
    if arguments:
        return any(fits(value, option) for option in arguments)
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def misfits(value: Any) -> Iterator[tuple[str, Any]]:
    """(Class.attribute, value) wherever an attribute is not of its declared type; yields also what
    was fine, as ("", value).
    """
    for model in models(value):
        hints = type_hints(type(model))
        for name, kind in hints.items():
            found = getattr(model, name)
            if found is not None:
                yield ("" if fits(found, kind) else f"{type(model).__name__}.{name}"), found

"""What is compiled for a class does what its plain twin does, over the classes of every plane."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from random import Random
from typing import Any

import pytest

import purview_dataplane
from purview_core import NULL, Model
from purview_core.model import compiled, encoders, plain
from purview_core.model.codec import Codec, codec, decoder
from purview_core.model.definition import UNREAD
from purview_core.model.fields import Field
from purview_core.model.registry import Registry
from purview_core.model.types import item_type, split_union, value_type

PLANES = sorted(plane.package for plane in purview_dataplane.PLANES.values())
SEED, OBJECTS, DEEPEST = 20_261_201, 3, 3
ODD = ("text", 7, 1.5, True, None, [], [1, "a"], {"a": 1}, "2024-01-31T10:00:00.1234567Z")
PLAIN: dict[str, tuple[Any, ...]] = {
    "str": ("", "text", "2024-01-31"),
    "int": (0, 1, 2**70),
    "float": (0, 1, 1.0, 1e400),
    "bool": (True, False),
    "datetime": (
        "2024-01-31T10:00:00Z",
        "2024-01-31T10:00:00.1234567",
        "2024-01-31T12:00:00+02:00",
        "",
    ),
}


def odd(random: Random) -> Any:
    return deepcopy(random.choice(ODD))  # for lists and maps are changed in place


class Sampler:
    """JSON for the types of attributes: as declared for the most part, null, odd or missing else."""

    def __init__(self, registry: Registry, random: Random) -> None:
        self._registry, self._random = registry, random

    def value(self, text: str, depth: int = 0) -> Any:
        if self._random.random() < 0.15:
            return odd(self._random)
        option = self._random.choice(split_union(text))
        if item := item_type(option):
            return [self.value(item, depth + 1) for _ in range(self._random.randint(0, 2))]
        if inner := value_type(option):
            names = self._random.sample("abc", self._random.randint(0, 2))
            return {name: self.value(inner, depth + 1) for name in names}
        if option in PLAIN:
            return self._random.choice(PLAIN[option])
        if self._registry.names.get(option) == "enums":
            return self._random.choice([m.value for m in self._registry.class_of(option)])
        if option in self._registry.names and depth < DEEPEST:
            return self.object(codec(self._registry.class_of(option)), depth + 1)
        return odd(self._random)

    def object(self, known: Codec, depth: int = 0) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for field in known.fields.values():
            if self._random.random() < 0.7:
                out[self._random.choice(field.wires)] = self.value(field.type, depth)
        if known.kinds and self._random.random() < 0.8:
            out[known.tag] = self._random.choice(sorted(known.kinds))
        if self._random.random() < 0.3:
            out["unknownMember"] = odd(self._random)
        return out


def classes(package: str) -> list[Codec]:
    models = importlib.import_module(f"{package}.models")
    registry = Registry.get(models.__name__)
    names = [name for name, where in registry.names.items() if where != "enums"]
    return [codec(registry.class_of(name)) for name in names]


def twins(known: Codec) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Two decoders of one class, and of its kinds none: what a kind decodes is that kind's turn."""
    find = partial(decoder, known.registry)
    return compiled.decode_object(known, find), plain.plain_decode_object(known, find)


def stored(model: Model) -> list[tuple[str, type, Any]]:
    """What the slots hold: (attribute, class, value)."""
    fields = codec(type(model)).fields.values()
    values = [(f.name, f.get(model)) for f in fields]
    return [(name, type(value), "unread" if value is UNREAD else value) for name, value in values]


@pytest.mark.parametrize("package", PLANES)
def test_objects_are_decoded_alike(package: str) -> None:
    random, counted = Random(SEED), 0
    for known in classes(package):
        sampler = Sampler(known.registry, random)
        quick, slow = twins(known)
        for raw in [*(sampler.object(known) for _ in range(OBJECTS)), {}, *deepcopy(ODD)]:
            one, other = quick(raw), slow(raw)
            assert type(one) is type(other)
            if isinstance(one, Model):
                assert stored(one) == stored(other)
                assert (raw, raw) == (one._raw, other._raw)
                assert one._touched == other._touched
                counted += 1
    assert counted


@pytest.mark.parametrize("package", PLANES)
def test_attributes_are_read_alike(package: str) -> None:
    random, counted = Random(SEED), 0
    for known in classes(package):
        sampler = Sampler(known.registry, random)
        lazy = [f for f in known.fields.values() if f.lazy]
        for _ in range(OBJECTS):
            raw = sampler.object(known)
            one, other = known.load(raw), known.load(raw)
            for field in lazy if type(one) is known.cls else ():
                counted += 1
                read = plain.plain_reader(field)
                first, second = getattr(one, field.name), read(other)
                assert (type(first), first) == (type(second), second)
                assert (first is getattr(one, field.name), second is read(other)) == (True, True)
                assert one._touched == other._touched
    assert counted or not any(f.lazy for known in classes(package) for f in known.fields.values())


def change(model: Model, field: Field, random: Random, sampler: Sampler) -> None:
    """Reads an attribute, changes what it holds in place, or assigns it."""
    value = getattr(model, field.name)
    how = random.choice(["read", "in place", "none", "null", "same", "another"])
    if how == "in place" and isinstance(value, list):
        value.append(odd(random))
    elif how == "in place" and isinstance(value, dict):
        value["new"] = odd(random)
    elif how in ("none", "null"):
        setattr(model, field.name, None if how == "none" else NULL)
    elif how == "same":
        setattr(model, field.name, value)
    elif how == "another":
        raw = sampler.value(field.type)
        setattr(model, field.name, raw if raw is None else field.load(raw))


@pytest.mark.parametrize("for_body", [False, True], ids=["whole", "body"])
@pytest.mark.parametrize("package", PLANES)
def test_objects_are_encoded_alike(package: str, for_body: bool) -> None:
    random, writers = Random(SEED), encoders._bodies if for_body else encoders._encoders
    counted = 0
    for known in classes(package):
        sampler = Sampler(known.registry, random)
        find = partial(decoder, known.registry)
        lays = {
            f.name: encoders._layer(known.cls.__name__, f, writers) for f in known.fields.values()
        }
        quick = compiled.encode_object(known, lays, find, for_body=for_body)
        slow = plain.plain_encode_object(known, lays, find, for_body=for_body)
        for _ in range(OBJECTS):
            model: Any = known.load(sampler.object(known))
            if type(model) is not known.cls:
                continue
            for field in [None, *known.fields.values()]:
                if field is not None and random.random() < 0.6:
                    change(model, field, random, sampler)
                one, other = written(quick, model), written(slow, model)
                assert one == other
                assert str(one) == str(other)  # in the same order, and 1 is no True
                counted += 1
    assert counted


def written(encode: Callable[[Any], Any], model: Model) -> Any:
    """What encoding gives, or the text of what it raises."""
    try:
        return encode(model)
    except (TypeError, ValueError) as error:
        return str(error)

"""What is known of each class of models, and what decodes JSON to a type: made at the first use of a class.

A decoded model keeps the object it came as (`_raw`). Scalars, enums and date-times are stored at once; models are made, and
lists and maps handed out, at the first read. How it is encoded again: see `encoders`.

A member of which a service uses another spelling than its document (contracts: `x-live-name`) is read in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from purview_core.lazy import cached_property

from .compiled import decode_object, install_reader
from .definition import CAME, declared
from .fields import Field
from .registry import Load, Registry
from .types import item_type, normal, split_union, value_type
from .values import load_datetime


class Codec:
    """What is known of one class.

    Attributes:
        cls: the class.
        own: whether it is generated; of one that others derived, too little is known.
        registry: the models of its package.
        fields: its attributes, those of its bases among them, by name.
        known: the wire names of all of them.
        kinds: value of the discriminator -> what decodes that kind.
        load: decodes an object, to the class that its discriminator names.
    """

    def __init__(self, cls: Any) -> None:
        self.cls, self.registry = cls, Registry.of(cls)
        self.own = "_own" in vars(cls)
        self.fields = {
            d.name: Field(cls, d, self.registry, self._find_decoder)
            for d in declared(cls)
            if d.name != CAME
        }
        self.known = frozenset(name for f in self.fields.values() for name in f.wires)
        kinds = vars(cls).get("_kinds", {}).items()  # where it names itself, a union asks for it
        self.kinds: dict[str, Load] = {
            value: self._kind(value, name) for value, name in kinds if name != cls.__name__
        }
        if self.own:
            for field in self.fields.values():
                if field.lazy:
                    setattr(cls, field.name, property(install_reader(field), field.assign))
        else:
            for base in [c for c in cls.__mro__[1:] if "_own" in vars(c)]:
                codec(base)  # makes the properties that a class of others inherits

    def _find_decoder(self, text: str) -> Load | None:
        return decoder(self.registry, text)

    def _kind(self, value: str, name: str) -> Load:
        """Imports the module of a kind at its first object, then makes way for what decodes it."""

        def first(raw: Any) -> Any:
            load = self.kinds[value] = named(self.registry, name)
            return load(raw)

        return first

    @property
    def tag(self) -> str:
        """The wire name of the discriminator, of a class that has kinds."""
        return self.fields[vars(self.cls)["_tag"]].wire

    @cached_property
    def load(self) -> Load:
        """Decodes an object, to the class that its discriminator names."""
        return decode_object(self, self._find_decoder)


_codecs: dict[type, Codec] = {}


def codec(cls: type) -> Codec:
    """The codec of a generated class, or of a user's subclass of one; raises TypeError for any other."""
    found = _codecs.get(cls)
    return found if found is not None else _codecs.setdefault(cls, Codec(cls))


def decoder(registry: Registry, text: str) -> Load | None:
    """What turns JSON into the type of a text; None where JSON is used as it is."""
    found = registry.decoders
    if text not in found:
        found[text] = _made(registry, normal(text))
    return found[text]


def named(registry: Registry, name: str) -> Load:
    """What decodes one class, or a date-time."""
    found = registry.decoders.get(name)
    if found is None:
        found = registry.decoders[name] = _of_class(registry, name)
    return found


def _of_class(registry: Registry, name: str) -> Load:
    if name == "datetime":
        return load_datetime
    kind = registry.class_of(name)
    return EnumDecoder(kind) if issubclass(kind, Enum) else codec(kind).load


def _made(registry: Registry, text: str) -> Load | None:
    options = split_union(text)
    if len(options) > 1:
        return _union(registry, options)
    if item := item_type(text):
        return _each(decoder(registry, item))
    if value := value_type(text):
        return _values(decoder(registry, value))
    return _of_class(registry, text) if text in registry.names or text == "datetime" else None


def _union(registry: Registry, options: Sequence[str]) -> Load | None:
    """What decodes a value of several types; None where all of them are JSON's own.

    An object goes to the option that its discriminator names, else to the model that knows most of its members; a list goes
    to the first list, and a scalar to the one enum or date that is written so, unless plain text or a plain number is an
    option, too. All else stays as it is: JSON's own classes tell scalars apart.
    """
    models = [name for name in options if name in registry.names and registry.is_deep(name)]
    decoders: dict[type, Load] = _scalars(registry, options)
    lists = [text for text in options if item_type(text)]
    if lists and (each := decoder(registry, lists[0])):
        decoders[list] = each
    if models:
        decoders[dict] = lambda value: _best(registry, models, value)

    def decode(value: Any) -> Any:
        one = decoders.get(value.__class__)
        return value if one is None else one(value)

    return decode if decoders else None


def _scalars(registry: Registry, options: Sequence[str]) -> dict[type, Load]:
    """What turns text and whole numbers into the options of a union, by their class."""
    found: dict[type, list[Load]] = {}
    for option in options:
        if option == "datetime" or registry.names.get(option) == "enums":
            one = named(registry, option)
            found.setdefault(one.wire if isinstance(one, EnumDecoder) else str, []).append(one)
    return {
        wire: each[0]
        for wire, each in found.items()
        if len(each) == 1 and wire.__name__ not in options
    }


def _best(registry: Registry, models: Sequence[str], value: dict[str, Any]) -> Any:
    classes = [registry.class_of(name) for name in models]
    bases = {base: None for c in classes for base in c.__mro__ if vars(base).get("_kinds")}
    for base in bases:
        tag = value.get(codec(base).tag)
        if tag.__class__ is str and tag in vars(base)["_kinds"]:
            made = codec(base).load(value)
            if isinstance(made, tuple(classes)):
                return made
    return codec(max(classes, key=lambda c: len(codec(c).known & value.keys()))).load(value)


class EnumDecoder:
    """Text to the member, of unknown text to a new one; whole numbers to members alone. `known` finds members by value."""

    def __init__(self, kind: type[Enum]) -> None:
        self.kind, self.wire = kind, str if issubclass(kind, str) else int
        self.known = {member.value: member for member in kind}.get

    def __call__(self, value: Any) -> Any:
        if value.__class__ is not self.wire:
            return value
        found = self.known(value)
        if found is not None:
            return found
        return self.kind(value) if self.wire is str else value


def _each(item: Load | None) -> Load | None:
    return item and (lambda value: [item(x) for x in value] if value.__class__ is list else value)


def _values(item: Load | None) -> Load | None:
    if item is None:
        return None

    def decode(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out = value.copy()  # which need not grow key by key
        for key, x in value.items():
            out[key] = item(x)
        return out

    return decode

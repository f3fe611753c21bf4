"""What decodes JSON: a loader for each type text, and a codec for each model class.

Both are made at first use: importing a plane makes none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, ClassVar

from purview_core.lazy import cached_property

from . import compiled, plain
from .fields import Layout
from .types import Load, Namespace, item_of_list, normal, split_union, value_of_dict
from .values import load_datetime


class Registry(Namespace):
    """The models of one generated package, with what decodes each type text."""

    _all: ClassVar[dict[str, Any]] = {}

    def __init__(self, package: str) -> None:
        super().__init__(package)
        self.forget()

    def forget(self) -> None:
        """Makes all loaders anew at their next use."""
        self._named: dict[str, Load] = {"datetime": load_datetime}
        self._texts: dict[str, Load | None] = {}

    def named(self, name: str) -> Load:
        """The loader of one class, or of `datetime`."""
        found = self._named.get(name)
        if found is None:
            kind = self.class_of(name)
            load = EnumLoader(kind) if issubclass(kind, Enum) else codec(kind).load
            found = self._named[name] = load
        return found

    def loader(self, text: str) -> Load | None:
        """What turns JSON into the type of a text; None where JSON is used as it is."""
        if text not in self._texts:
            self._texts[text] = self._loader(normal(text))
        return self._texts[text]

    def _loader(self, text: str) -> Load | None:
        options = split_union(text)
        if len(options) > 1:
            return self._union(options)
        if (item := item_of_list(text)) is not None:
            return _each_item(self.loader(item))
        if (value := value_of_dict(text)) is not None:
            return _each_value(self.loader(value))
        return self.named(text) if text in self.names or text == "datetime" else None

    def _union(self, options: Sequence[str]) -> Load | None:
        """The loader of a union, which goes by the class of the JSON value.

        An object becomes the model that its discriminator names, or else the one that knows most
        of its members. A list is decoded as the first option that is a list. Text and whole
        numbers become the one enum or date-time that is written so, unless plain text or a plain
        number is an option, too. All else stays as it is: JSON's own classes tell scalars apart.
        """
        models = [name for name in options if name in self.names and self.is_deep(name)]
        loaders: dict[type, Load] = self._scalars(options)
        lists = [text for text in options if item_of_list(text) is not None]
        if lists and (each := self.loader(lists[0])):
            loaders[list] = each
        if models:
            loaders[dict] = lambda value: self._best(models, value)

        def load(value: Any) -> Any:
            one = loaders.get(value.__class__)
            return value if one is None else one(value)

        return load if loaders else None

    def _scalars(self, options: Sequence[str]) -> dict[type, Load]:
        """What turns text and whole numbers into the options of a union, by their class."""
        found: dict[type, list[Load]] = {}
        for option in options:
            if option == "datetime" or self.is_enum(option):
                one = self.named(option)
                written_as = one.wire if isinstance(one, EnumLoader) else str
                found.setdefault(written_as, []).append(one)
        return {
            wire: each[0]
            for wire, each in found.items()
            if len(each) == 1 and wire.__name__ not in options
        }

    def _best(self, models: list[str], value: dict[str, Any]) -> Any:
        classes = [self.class_of(name) for name in models]
        for base in {base: None for c in classes for base in c.__mro__ if vars(base).get("_kinds")}:
            kind = value.get(codec(base).tag)
            if kind.__class__ is str and kind in vars(base)["_kinds"]:
                made = codec(base).load(value)
                if isinstance(made, tuple(classes)):
                    return made
        return codec(max(classes, key=lambda c: len(codec(c).known & value.keys()))).load(value)


class EnumLoader:
    """Turns text into a member, unknown text into a new one, and known whole numbers into members.

    `known` finds a member by its value.
    """

    def __init__(self, kind: type[Enum]) -> None:
        self.kind, self.wire = kind, str if issubclass(kind, str) else int
        self.known = {member.value: member for member in kind}.get

    def __call__(self, value: Any) -> Any:
        """The member of a value; a value of another class comes back as it is."""
        if value.__class__ is not self.wire:
            return value
        found = self.known(value)
        if found is None and self.wire is str:
            return self.kind(value)
        return value if found is None else found


def _each_item(item: Load | None) -> Load | None:
    return item and (lambda value: [item(x) for x in value] if value.__class__ is list else value)


def _each_value(item: Load | None) -> Load | None:
    if item is None:
        return None

    def load(value: Any) -> Any:
        if value.__class__ is not dict:
            return value
        out = value.copy()  # which need not grow key by key
        for key, x in value.items():
            out[key] = item(x)
        return out

    return load


class Codec(Layout):
    """What is known of one class. `load` decodes it; what encodes it is made by `encoders`."""

    use_compiled: ClassVar[bool] = True  # tests switch it off, by `codec.use_compiled`

    def __init__(self, cls: Any) -> None:
        self.registry = Registry.of(cls)
        super().__init__(cls, self.registry, self.registry.loader)
        # A class may stand for one of its own kinds: a union asks it for that.
        kinds = vars(cls).get("_kinds", {}).items()
        self.kinds: dict[str, Load] = {
            value: self._loader_of_kind(value, name)
            for value, name in kinds
            if name != cls.__name__
        }
        if self.own:
            make = compiled.reader if self.use_compiled else plain.reader
            for f in self.lazy:
                setattr(cls, f.name, property(make(f), f.assign))
        else:
            for base in [c for c in cls.__mro__[1:] if "_own" in vars(c)]:
                codec(base)  # makes the properties that the class inherits

    def _loader_of_kind(self, value: str, name: str) -> Load:
        def first(raw: Any) -> Any:  # imports the subtype's module, then makes way for its loader
            load = self.kinds[value] = self.registry.named(name)
            return load(raw)

        return first

    @cached_property
    def load(self) -> Load:
        """Makes a model of a JSON object; any other value comes back as it is."""
        make = compiled.decoder if self.use_compiled else plain.decoder
        return make(self, self.kinds)


_codecs: dict[type, Codec] = {}


def codec(cls: type) -> Codec:
    """The codec of a generated class, or of a user's subclass of one.

    Raises TypeError for any other class.
    """
    found = _codecs.get(cls)
    return found if found is not None else _codecs.setdefault(cls, Codec(cls))


def forget() -> None:
    """Makes all codecs and loaders anew at their next use."""
    _codecs.clear()
    for registry in Registry._all.values():
        registry.forget()

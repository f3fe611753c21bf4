"""Type texts, the grammar of types everywhere in generated code, and what they mean in one package of models.

str  int  float  bool  bytes  datetime  None  Any  Name  list[T]  dict[str, T]  A | B
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar

from .values import load_datetime

Load = Callable[[Any], Any]  # total: what does not fit comes back as it is

_WORD = re.compile(r"\w+")
_PLAIN: tuple[type, ...] = (str, int, float, bool, bytes, datetime)
_UNCHANGING = frozenset({"str", "int", "float", "bool", "datetime"})
_SCALARS: Mapping[str, Any] = {kind.__name__: kind for kind in _PLAIN} | {
    "None": type(None),
    "Any": Any,
}


@lru_cache(maxsize=4096)  # the few texts of generated code are asked for at every answer and value
def split_union(text: str) -> tuple[str, ...]:
    """The options of a type text, brackets kept together."""
    out, depth = [""], 0
    for part in re.split(r"(\[|\]| \| )", text):
        depth += {"[": 1, "]": -1}.get(part, 0)
        if part == " | " and not depth:
            out.append("")
        else:
            out[-1] += part
    return tuple(out)


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """An annotation as a type text: `_Any` is Any, and `| None` goes without saying."""
    options = [option for option in split_union(text.replace("_Any", "Any")) if option != "None"]
    return " | ".join(options) or "None"


class Registry:
    """The models of one generated package: name -> class through its lazy index, type text -> loader made at first use."""

    _all: ClassVar[dict[str, Registry]] = {}

    def __init__(self, package: str) -> None:
        self.index = import_module(package)
        self.names: Mapping[str, str] = self.index._WHERE
        self._named: dict[str, Load] = {"datetime": load_datetime}
        self._texts: dict[str, Load | None] = {}
        self._plain: dict[str, bool] = {}

    @classmethod
    def get(cls, package: str) -> Registry:
        found = cls._all.get(package)
        return found if found is not None else cls._all.setdefault(package, cls(package))

    @classmethod
    def of(cls, model: type) -> Registry:
        for c in (
            model.__mro__
        ):  # a user's subclass lives elsewhere; its first generated ancestor tells the package
            package = c.__module__.rpartition(".")[0]
            if hasattr(sys.modules.get(package), "_WHERE"):
                return cls.get(package)
        raise TypeError(f"{model.__name__} is not a generated model")

    def class_of(self, name: str) -> type[Any]:
        """The class of a name in the index."""
        found: type[Any] = getattr(self.index, name)
        return found

    def is_deep(self, text: str) -> bool:
        """Whether a type text speaks of models, so that decoding waits for the first read."""
        return any(self.names.get(word, "enums") != "enums" for word in _WORD.findall(text))

    def is_open(self, text: str) -> bool:
        """Whether a type text speaks of enums."""
        return any(self.names.get(word) == "enums" for word in _WORD.findall(text))

    def is_plain(self, text: str) -> bool:
        """Whether a type text speaks of scalars, date-times and enums alone, none of which can be changed in place."""
        if text not in self._plain:
            options = split_union(normal(text))
            self._plain[text] = all(
                o in _UNCHANGING or self.names.get(o) == "enums" for o in options
            )
        return self._plain[text]

    def named(self, name: str) -> Load:
        """The loader of one class (or of datetime)."""
        from .codec import codec  # which stands on this module

        found = self._named.get(name)
        if found is None:
            kind = self.class_of(name)
            found = self._named[name] = (
                _EnumLoader(kind) if issubclass(kind, Enum) else codec(kind).load
            )
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
        if text.startswith("list["):
            return _each(self.loader(text[5:-1]))
        if text.startswith("dict[str, "):
            return _values(self.loader(text[10:-1]))
        return self.named(text) if text in self.names or text == "datetime" else None

    def _union(self, options: Sequence[str]) -> Load | None:
        """An object goes to the option that its discriminator names, else to the model that knows most of its members;
        a list goes to the first list, and a scalar to the one enum or date that is written so, unless plain text or a plain number
        is an option, too. All else stays as it is: JSON's own classes tell scalars apart."""
        models = [name for name in options if name in self.names and self.is_deep(name)]
        loaders: dict[type, Load] = self._scalars(options)
        if each_list := next(
            (self.loader(text) for text in options if text.startswith("list[")), None
        ):
            loaders[list] = each_list
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
            if option == "datetime" or self.names.get(option) == "enums":
                one = self.named(option)
                found.setdefault(one.wire if isinstance(one, _EnumLoader) else str, []).append(one)
        return {
            wire: each[0]
            for wire, each in found.items()
            if len(each) == 1 and wire.__name__ not in options
        }

    def _best(self, models: list[str], value: dict[str, Any]) -> Any:
        from .codec import codec

        classes = [self.class_of(name) for name in models]
        for base in {base: None for c in classes for base in c.__mro__ if vars(base).get("_kinds")}:
            tag = value.get(codec(base).fields[vars(base)["_tag"]].wire)
            if tag.__class__ is str and tag in vars(base)["_kinds"]:
                made = codec(base).load(value)
                if isinstance(made, tuple(classes)):
                    return made
        return codec(max(classes, key=lambda c: len(codec(c).known & value.keys()))).load(value)

    def resolve(self, text: str) -> Any:
        """The Python type of a type text: `list[Scan]` is list[models.Scan], `None` is NoneType."""
        text, *others = split_union(text.replace("_Any", "Any"))
        if others:
            union = self.resolve(text)
            for option in others:
                union = union | self.resolve(option)
            return union
        if text.startswith("list["):
            return list[self.resolve(text[5:-1])]  # type: ignore[misc]
        if text.startswith("dict[str, "):
            return dict[str, self.resolve(text[10:-1])]  # type: ignore[misc]
        return _SCALARS[text] if text in _SCALARS else self.class_of(text)


class _EnumLoader:
    """Text to the member, of unknown text to a new one; whole numbers to members alone. `known` finds members by text."""

    def __init__(self, kind: type[Enum]) -> None:
        self.kind, self.wire = kind, str if issubclass(kind, str) else int
        self.known = kind._value2member_map_.get

    def __call__(self, value: Any) -> Any:
        if value.__class__ is not self.wire:
            return value
        found = self.known(value)
        return found if found is not None else self.kind(value) if self.wire is str else value


def _each(item: Load | None) -> Load | None:
    return item and (lambda value: [item(x) for x in value] if value.__class__ is list else value)


def _values(item: Load | None) -> Load | None:
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

"""The models of one generated package, by their names: what the type texts of the package speak of."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar

from .types import item_type, normal, split_union, value_type

Load = Callable[[Any], Any]
"""Decodes one JSON value; what does not fit comes back as it is."""

_WORD = re.compile(r"\w+")
_PLAIN: tuple[type, ...] = (str, int, float, bool, bytes, datetime)
_UNCHANGING = frozenset({"str", "int", "float", "bool", "datetime"})
_SCALARS: Mapping[str, Any] = {kind.__name__: kind for kind in _PLAIN} | {
    "None": type(None),
    "Any": Any,
}


class Registry:
    """The classes of one package of models, imported at their first use.

    Attributes:
        index: the package, whose attributes the classes are.
        names: the name of each class -> the module that it is in.
        decoders: type text -> what decodes it, filled by `codec`.
    """

    _all: ClassVar[dict[str, Registry]] = {}

    def __init__(self, package: str) -> None:
        self.index = import_module(package)
        self.names: Mapping[str, str] = self.index._WHERE
        self.decoders: dict[str, Load | None] = {}
        self._plain: dict[str, bool] = {}

    @classmethod
    def get(cls, package: str) -> Registry:
        """The one registry of a package of models."""
        found = cls._all.get(package)
        return found if found is not None else cls._all.setdefault(package, cls(package))

    @classmethod
    def of(cls, model: type) -> Registry:
        """The registry of a class; raises TypeError for one that is no generated model."""
        # a user's subclass lives elsewhere; its first generated ancestor tells the package
        for c in model.__mro__:
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

    def resolve(self, text: str) -> Any:
        """The Python type of a type text: `list[Scan]` is list[models.Scan], `None` is NoneType."""
        text, *others = split_union(text.replace("_Any", "Any"))
        if others:
            union = self.resolve(text)
            for option in others:
                union = union | self.resolve(option)
            return union
        if item := item_type(text):
            return list[self.resolve(item)]  # type: ignore[misc]
        if value := value_type(text):
            return dict[str, self.resolve(value)]  # type: ignore[misc]
        return _SCALARS[text] if text in _SCALARS else self.class_of(text)

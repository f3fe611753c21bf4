"""The grammar of type texts, and what they mean in one generated package.

Generated code states every type as text, so that importing a plane resolves no annotation:

    str  int  float  bool  bytes  datetime  None  Any  Name  list[T]  dict[str, T]  A | B

`Name` is a model or an enum of the same package.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar, Self

# Decodes a JSON value. A loader refuses nothing: what it cannot read comes back unchanged.
Load = Callable[[Any], Any]

_WORD = re.compile(r"\w+")
_CLASSES: tuple[type, ...] = (str, int, float, bool, bytes, datetime)
_IMMUTABLE = frozenset({"str", "int", "float", "bool", "datetime"})
_PYTHON_TYPES: Mapping[str, Any] = {kind.__name__: kind for kind in _CLASSES} | {
    "None": type(None),
    "Any": Any,
}


# Generated code holds few different texts, and they are asked for at every answer and value.
@lru_cache(maxsize=4096)
def split_union(text: str) -> tuple[str, ...]:
    """The options of a type text; a `|` within brackets does not split it."""
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
    """An annotation as a type text without `| None`; generated modules import Any as `_Any`."""
    options = [option for option in split_union(text.replace("_Any", "Any")) if option != "None"]
    return " | ".join(options) or "None"


def item_of_list(text: str) -> str | None:
    """T of `list[T]`; None for any other type text."""
    return text[5:-1] if text.startswith("list[") else None


def value_of_dict(text: str) -> str | None:
    """T of `dict[str, T]`; None for any other type text."""
    return text[10:-1] if text.startswith("dict[str, ") else None


def parts(text: str, value: Any) -> tuple[str, Iterable[tuple[Any, Any]]] | None:
    """What is in a list or map that stands where `list[T]` or `dict[str, T]` is declared.

    Returns:
        T, and index or key with the value of each part; None for all other types and values.
    """
    if (item := item_of_list(text)) is not None and isinstance(value, (list, tuple)):
        return item, enumerate(value)
    if (each := value_of_dict(text)) is not None and isinstance(value, Mapping):
        return each, value.items()
    return None


class Namespace:
    """The names of models and enums in one generated package, found through its lazy index."""

    _all: ClassVar[dict[str, Any]] = {}

    def __init__(self, package: str) -> None:
        self.index = import_module(package)
        self.names: Mapping[str, str] = self.index._WHERE
        self._immutable: dict[str, bool] = {}

    @classmethod
    def get(cls, package: str) -> Self:
        """The one of a package of models, such as `purview_dataplane.scanning.models`."""
        found: Self | None = cls._all.get(package)
        return found if found is not None else cls._all.setdefault(package, cls(package))

    @classmethod
    def of(cls, model: type) -> Self:
        """The one that a model class belongs to; raises TypeError for any other class.

        A user's subclass lives elsewhere: its first generated base tells the package.
        """
        for base in model.__mro__:
            package = base.__module__.rpartition(".")[0]
            if hasattr(sys.modules.get(package), "_WHERE"):
                return cls.get(package)
        raise TypeError(f"{model.__name__} is not a generated model")

    def class_of(self, name: str) -> type[Any]:
        """The class of a name, whose module is imported when this is the first use of it."""
        found: type[Any] = getattr(self.index, name)
        return found

    def is_enum(self, name: str) -> bool:
        """Whether a name is that of an enum, found without importing it."""
        return self.names.get(name) == "enums"

    def is_deep(self, text: str) -> bool:
        """Whether a type text names models, so that decoding waits for the first read."""
        return any(self.names.get(word, "enums") != "enums" for word in _WORD.findall(text))

    def is_open(self, text: str) -> bool:
        """Whether a type text names enums."""
        return any(map(self.is_enum, _WORD.findall(text)))

    def is_immutable(self, text: str) -> bool:
        """Whether a type text names scalars, date-times and enums alone."""
        if text not in self._immutable:
            options = split_union(normal(text))
            self._immutable[text] = all(o in _IMMUTABLE or self.is_enum(o) for o in options)
        return self._immutable[text]

    def resolve(self, text: str) -> Any:
        """The Python type of a type text: `list[Scan]` is list[models.Scan], `None` is NoneType."""
        text, *others = split_union(text.replace("_Any", "Any"))
        if others:
            union = self.resolve(text)
            for option in others:
                union = union | self.resolve(option)
            return union
        if (item := item_of_list(text)) is not None:
            return list[self.resolve(item)]  # type: ignore[misc]
        if (value := value_of_dict(text)) is not None:
            return dict[str, self.resolve(value)]  # type: ignore[misc]
        return _PYTHON_TYPES[text] if text in _PYTHON_TYPES else self.class_of(text)

"""Old names that still work, with a DeprecationWarning: what generated code says of a method or argument that was renamed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def warn(old: str, new: str, stacklevel: int = 3) -> None:
    """Tells the caller of our caller that a name has changed."""
    text = f"{old} is called {new} now; the old name goes with the next minor version"
    warnings.warn(text, DeprecationWarning, stacklevel=stacklevel)


def renamed(old: str, new: str, function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """A method under its old name; `old` and `new` are `group.method`."""

    @wraps(function)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        warn(old, new)
        return function(self, *args, **kwargs)

    return call


def moved(old: str, new: str, module: str, name: str) -> Any:
    """A method that another group has now: `name` is `Class.method` in the group's module, which is imported at the call."""

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        warn(old, new)
        owner, _, method = name.partition(".")
        return getattr(getattr(import_module(module), owner), method)(self, *args, **kwargs)

    return call


def renamed_arguments(**names: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Takes arguments by their old names, too: old -> new. Both at once is the TypeError of a keyword given twice."""

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> R:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                if new in kwargs:
                    raise TypeError(f"{function.__name__}() got both {old!r} and {new!r}, which are one argument")
                warn(f"{function.__name__}({old}=)", f"{new}=")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate

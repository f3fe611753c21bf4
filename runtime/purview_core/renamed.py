"""Old names that still work, with a DeprecationWarning: what generated code says of a method or argument that was renamed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import lazy

P = ParamSpec("P")
R = TypeVar("R")


def warn(old: str, new: str) -> None:
    """Tells that a name has changed, at the line that uses it: an old method may call on with an old argument."""
    text = f"{old} is called {new} now; the old name goes with the next minor version"
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__") in (__name__, lazy.__name__):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, DeprecationWarning, stacklevel=level)


def renamed(
    old: str, new: str, function: Callable[Concatenate[Any, P], R]
) -> Callable[Concatenate[Any, P], R]:
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


def old_names(module: str) -> Callable[[str], Any]:
    """A `__getattr__` for a module of models: what was pickled under an old name, its package's index knows."""
    return lambda name: getattr(import_module(module.rpartition(".")[0]), name)


def renamed_arguments(**names: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Takes arguments by their old names, too: old -> new. Both at once is the TypeError of a keyword given twice."""

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> R:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                if new in kwargs:
                    raise TypeError(
                        f"{function.__name__}() got both {old!r} and {new!r}, which are one argument"
                    )
                warn(f"{function.__name__}({old}=)", f"{new}=")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate

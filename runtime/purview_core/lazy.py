"""Names that are imported, and attributes that are made, at their first use; and old names.

It needs the standard library alone, and is cheap to import: every generated package imports it.

A generated package names its classes under `if TYPE_CHECKING`, for type checkers. Its
`__getattr__` (PEP 562) stands under `if not TYPE_CHECKING`: a checker that saw it would take any
name for one of the package's.
"""

from __future__ import annotations

import sys
from importlib import import_module

# Type checkers take it for true. Importing typing for it would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from functools import cached_property as cached_property
    from typing import Any, Concatenate, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")
else:

    class cached_property:  # noqa: N801  # named as that of functools
        """functools.cached_property without its lock.

        Up to Python 3.11 all objects of a class share that lock, and a forked child waits for ever
        for a thread of its parent that was making an attribute. Here two threads may both make
        one; all get the first.
        """

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self._make, self.__doc__ = make, make.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            return instance.__dict__.setdefault(self._name, self._make(instance))


class Part:
    """An attribute of a client that is imported and made when it is first used, once a client.

    Its annotation names its class, and `module`, relative to the package of the client, is where
    that is; `{name}` there is the attribute's own name. `make` makes it of client and class.
    """

    def __init__(self, module: str, make: Callable[[Any, Any], Any]) -> None:
        self._module, self._make = module, make

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return instance.__dict__.setdefault(self._name, self._make(instance, self._kind()))

    def _kind(self) -> Any:
        owner, name = self._owner, self._name
        module = import_module(self._module.format(name=name), owner.__module__.rpartition(".")[0])
        return getattr(module, owner.__annotations__[name])

    def __repr__(self) -> str:
        return f"<{self._owner.__annotations__[self._name]} of {self._owner.__name__}>"


def group() -> Any:
    """The operations of one resource, an attribute of a client of a plane."""
    return Part(".operations.{name}", lambda client, kind: kind(client))


def plane_client(package: str) -> Any:
    """The client of a plane in the subpackage of this name, an attribute of a facade."""
    return Part(f".{package}", lambda facade, kind: facade._client(kind))


def lazy_names(
    package: str, where: Mapping[str, str], *, upstream: str = "", versioned: bool = False
) -> Callable[[str], Any]:
    """A `__getattr__` that imports the submodule of a name.

    Args:
        package: the dotted name of the package.
        where: name -> submodule; "" stands for the submodule of that name.
        upstream: the document in the lock that `__upstream__` tells of.
        versioned: whether `__version__` is that of the distribution.
    """

    def get(name: str) -> Any:
        if name == "__upstream__" and upstream:
            from . import upstream as lock  # few programs ask where a plane comes from

            return lock.upstream(upstream, package)
        if name == "__version__" and versioned:
            from .version import VERSION  # one file less for all that do not ask

            return VERSION
        if name not in where:
            from .suggest import MissingNameError  # seldom needed

            raise MissingNameError(
                f"module {package!r} has no attribute {name!r}.", name, lambda: where
            )
        found: Any = import_module(f"{package}.{where[name] or name}")
        return getattr(found, name) if where[name] else found

    return get


def lazy_dir(package: str, names: list[str]) -> Callable[[], list[str]]:
    """A `__dir__` of what is imported, and of what is imported at its first use."""
    return lambda: sorted({*vars(sys.modules[package]), *names})


def lazy_index(
    package: str, renamed: Mapping[str, str] | None = None, /, **modules: str
) -> tuple[dict[str, str], Callable[[str], Any], Callable[[], list[str]]]:
    """What a package needs whose names are imported at their first use.

    Args:
        package: its dotted name.
        renamed: old name -> the one it has now; it still works, with a DeprecationWarning.
        modules: submodule -> the names that it defines, in one text.

    Returns:
        Name -> submodule, the package's `__getattr__`, and its `__dir__`.
    """
    where = {name: module for module, names in modules.items() for name in names.split()}
    find = lazy_names(package, where)

    def get(name: str) -> Any:
        if renamed and name in renamed:
            _warn_of_old_name(f"{package}.{name}", renamed[name])
            return getattr(sys.modules[package], renamed[name])
        found = find(name)
        setattr(sys.modules[package], name, found)  # from now on a plain attribute
        return found

    return where, get, lambda: sorted(where)


def _warn_of_old_name(old: str, new: str) -> None:
    """Warns of the line that uses an old name, outside this module.

    A method with an old name may be called with an argument of an old name, so there may be
    several frames of this module below that line.
    """
    import warnings  # seldom needed

    text = f"{old} is called {new} now; the old name goes with the next minor version"
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__") == __name__:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, DeprecationWarning, stacklevel=level)


def renamed(
    old: str, new: str, function: Callable[Concatenate[Any, P], R]
) -> Callable[Concatenate[Any, P], R]:
    """A method under its old name; `old` and `new` are `group.method`."""
    from functools import wraps  # only packages with old names pay for its import

    @wraps(function)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        _warn_of_old_name(old, new)
        return function(self, *args, **kwargs)

    return call


def moved(old: str, new: str, module: str, name: str) -> Any:
    """A method that another group has now.

    `name` is `Class.method` in the module of that group, which is imported at the call.
    """

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        _warn_of_old_name(old, new)
        owner, _, method = name.partition(".")
        return getattr(getattr(import_module(module), owner), method)(self, *args, **kwargs)

    return call


def old_names(module: str) -> Callable[[str], Any]:
    """A `__getattr__` for a module of models: objects pickled under an old name can be read."""
    return lambda name: getattr(import_module(module.rpartition(".")[0]), name)


def renamed_arguments(**names: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Lets a method take arguments by their old names, too: old -> new.

    Both names at once raise TypeError, as a keyword that is given twice does.
    """
    from functools import wraps  # as above

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> R:
            for old in names.keys() & kwargs.keys():
                new = names[old]
                if new in kwargs:
                    raise TypeError(
                        f"{function.__name__}() got both {old!r} and {new!r}, "
                        "which are one argument"
                    )
                _warn_of_old_name(f"{function.__name__}({old}=)", f"{new}=")
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate

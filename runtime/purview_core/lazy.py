"""What is made or imported at its first use: names of modules (PEP 562) and attributes.

It needs the standard library alone, and is cheap to import.

Generated packages are for type checkers what stands under `if TYPE_CHECKING`. What they are for
Python stands under `if not TYPE_CHECKING`, since a checker that saw their `__getattr__` would take
any name for one of theirs.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = (
    False  # type checkers take it for true; typing itself would cost more than all the rest
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from functools import cached_property as cached_property
    from typing import Any
else:

    class cached_property:  # noqa: N801  # named as that of functools
        """functools.cached_property without its lock: up to Python 3.11 one is shared by all objects of a class, and a
        forked child waits for ever for a thread of its parent that was making an attribute. Two threads may both make one
        here: all get the first."""

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self._make, self.__doc__ = make, make.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            return (
                self
                if instance is None
                else instance.__dict__.setdefault(self._name, self._make(instance))
            )


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
    """A `__getattr__` that finds each name in the submodule `where` says.

    "" stands for the submodule of that name. `upstream` is the document in the lock that
    `__upstream__` tells of; a `versioned` package has the `__version__` of the distribution.
    """

    def get(name: str) -> Any:
        if name == "__upstream__" and upstream:
            from . import upstream as lock

            return lock.upstream(upstream, package)
        if name == "__version__" and versioned:
            from .version import VERSION

            return VERSION
        if name not in where:
            from .suggest import MissingNameError

            raise MissingNameError(
                f"module {package!r} has no attribute {name!r}.", name, lambda: where
            )
        found: Any = import_module(f"{package}.{where[name] or name}")
        return getattr(found, name) if where[name] else found

    return get


def lazy_dir(package: str, names: list[str]) -> Callable[[], list[str]]:
    """A `__dir__` that tells what is loaded, and what is loaded when it is first asked for."""
    return lambda: sorted({*vars(sys.modules[package]), *names})


def lazy_index(
    package: str, renamed: Mapping[str, str] | None = None, /, **modules: str
) -> tuple[dict[str, str], Callable[[str], Any], Callable[[], list[str]]]:
    """(name -> submodule, `__getattr__`, `__dir__`) of a package whose submodules define the names in the given texts. `renamed`:
    old name -> the one it has now; it still works, with a DeprecationWarning."""
    where = {name: module for module, names in modules.items() for name in names.split()}
    find = lazy_names(package, where)

    def get(name: str) -> Any:
        if renamed and name in renamed:
            from .renamed import warn

            warn(f"{package}.{name}", renamed[name])
            return getattr(sys.modules[package], renamed[name])
        found = find(name)
        setattr(sys.modules[package], name, found)  # from now on a plain attribute
        return found

    return where, get, lambda: sorted(where)

"""What belongs to the process that made it, with its connections and locks."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn


class Tied:
    """Is neither pickled nor copied; `_instead` says what to do, for whoever meant to hand it to
    another process.
    """

    _instead: ClassVar[str] = "make the client in the worker that uses it"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled or copied: {self._instead}")

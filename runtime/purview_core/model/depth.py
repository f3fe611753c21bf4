"""Work that goes as deep as its values: where the stack of the caller has no room for it, in a thread, whose stack is empty.

JSON is read to MAX_DEPTH levels. In an empty stack there is room to copy, compare, pickle and write as many, whatever the
program has below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

MAX_DEPTH: Final = 200  # levels of lists and objects; the services write some twenty, and .NET refuses more than 64


class TooDeepError(ValueError):
    """JSON of more levels than are read, or a value of more than can be written."""

    def __init__(
        self, text: str = f"nested deeper than {MAX_DEPTH} levels, the most that is read"
    ) -> None:
        super().__init__(text)


def apart(work: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or raises, in a thread of its own; TooDeepError where that has no room for it, either."""
    from threading import Thread

    found: list[Any] = []

    def run() -> None:
        try:
            found.extend((True, work(*args)))
        except RecursionError:
            found.extend((False, TooDeepError("nested too deeply, or holds itself")))
        except Exception as error:  # noqa: BLE001  # the caller's to handle
            found.extend((False, error))

    thread = Thread(target=run, name="purview-deep", daemon=True)
    thread.start()
    thread.join()
    good, outcome = found
    if good:
        return outcome
    raise outcome

"""Recursion into deeply nested values.

JSON is read to MAX_DEPTH levels. A program that calls us from deep within its own functions may not
have the stack to copy, compare, pickle or write as many. Such work then runs in a thread, whose
stack is empty and has room for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

# Levels of lists and objects. The services write some twenty, and .NET refuses more than 64.
MAX_DEPTH: Final = 200


class TooDeepError(ValueError):
    """JSON has more levels than are read, or a value more than can be written."""

    def __init__(
        self, text: str = f"nested deeper than {MAX_DEPTH} levels, the most that is read"
    ) -> None:
        super().__init__(text)


def apart(work: Callable[..., Any], *args: Any) -> Any:
    """What a call returns, or raises, in a thread of its own.

    Raises TooDeepError where the stack of that thread has no room for it, either.
    """
    from threading import Thread  # seldom needed

    found: list[Any] = []

    def run() -> None:
        try:
            found.extend((True, work(*args)))
        except RecursionError:
            found.extend((False, TooDeepError("nested too deeply, or holds itself")))
        except Exception as error:  # noqa: BLE001  # raised again below
            found.extend((False, error))

    thread = Thread(target=run, name="purview-deep", daemon=True)
    thread.start()
    thread.join()
    good, outcome = found
    if good:
        return outcome
    raise outcome

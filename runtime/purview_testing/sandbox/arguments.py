"""What sandboxes, faults and markers refuse: one line that names the argument and what it takes."""

from __future__ import annotations

import os
from math import inf
from typing import Any

from purview_testing.contracts.documents import UsageError


def number(
    name: str, value: Any, least: float = -inf, *, whole: bool = False, none: bool = False
) -> None:
    """Raises UsageError for what is no number from `least` on; endless ones are none, nor are True and False."""
    kinds = int if whole else (int, float)
    fits = (
        isinstance(value, kinds)
        and not isinstance(value, bool)
        and least <= value
        and -inf < value < inf
    )
    if not fits and not (none and value is None):
        words = f"{'a whole' if whole else 'a'} number{'' if least == -inf else f', {least:g} or more,'}"
        raise UsageError(f"{name} {_shown(value)}: {words} is needed")


def flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise UsageError(f"{name} {_shown(value)}: True or False is needed")


def text(name: str, value: Any) -> None:
    """None is no text, and passes."""
    if value is not None and not (isinstance(value, str) and value):
        raise UsageError(f"{name} {_shown(value)}: text is needed, and some of it")


def file(name: str, value: Any) -> None:
    """Raises UsageError for what names no file; None passes. An empty text is a file in memory to one, a folder to another."""
    if value is not None and not (isinstance(value, (str, os.PathLike)) and os.fspath(value)):
        raise UsageError(f"{name} {_shown(value)}: the path of a file is needed")


def names(name: str, value: Any) -> list[str] | None:
    """A list of names, None as it is; a text alone would be taken letter by letter, an empty list for nothing at all."""
    if value is None:
        return None
    found = [] if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") else list(value)
    if not found or not all(isinstance(one, str) for one in found):
        raise UsageError(f"{name} {_shown(value)}: a list of names is needed, such as ['scanning']")
    return found


def _shown(value: Any) -> str:
    return f"{value!r:.60}"

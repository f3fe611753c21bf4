"""Checks of the arguments of sandboxes, faults and markers.

Each check raises UsageError, whose one line names the argument, what was given and what is needed.
"""

from __future__ import annotations

import os
from math import inf
from typing import Any

from purview_core.command_errors import UsageError


def number(
    name: str, value: Any, least: float = -inf, *, whole: bool = False, none: bool = False
) -> None:
    """Checks a number.

    Infinities and NaN are refused, as are True and False, which Python takes for 1 and 0.

    Args:
        name: The argument, as the message names it.
        value: What was given.
        least: The smallest number that is allowed.
        whole: Whether only whole numbers are allowed.
        none: Whether None is allowed.
    """
    kinds = int if whole else (int, float)
    fits = (
        isinstance(value, kinds)
        and not isinstance(value, bool)
        and least <= value
        and -inf < value < inf
    )
    if not fits and not (none and value is None):
        kind = "a whole number" if whole else "a number"
        bound = "" if least == -inf else f", {least:g} or more,"
        raise UsageError(f"{name} {_shown(value)}: {kind}{bound} is needed")


def flag(name: str, value: Any) -> None:
    """Checks that a value is True or False."""
    if not isinstance(value, bool):
        raise UsageError(f"{name} {_shown(value)}: True or False is needed")


def text(name: str, value: Any) -> None:
    """Checks that a value is a text that is not empty; None passes."""
    if value is not None and not (isinstance(value, str) and value):
        raise UsageError(f"{name} {_shown(value)}: a text that is not empty is needed")


def file(name: str, value: Any) -> None:
    """Checks that a value names a file; None passes.

    An empty text does not: SQLite would take it for a file in memory, `open` for a folder.
    """
    if value is not None and not (isinstance(value, (str, os.PathLike)) and os.fspath(value)):
        raise UsageError(f"{name} {_shown(value)}: the path of a file is needed")


def names(name: str, value: Any) -> list[str] | None:
    """Returns a list of names, or None as it is.

    A text alone is refused, since it would be taken letter by letter, and so is an empty list.
    """
    if value is None:
        return None
    found = [] if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") else list(value)
    if not found or not all(isinstance(one, str) for one in found):
        raise UsageError(f"{name} {_shown(value)}: a list of names is needed, such as ['scanning']")
    return found


def _shown(value: Any) -> str:
    """Returns the repr of a value, cut so that the message stays one line."""
    return f"{value!r:.60}"

"""What models look like to people: their repr, and the table that notebooks draw.

Both are short, never raise, and mask secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from reprlib import Repr
from typing import Any

from .codec import Coded, codec
from .fields import Field

MASK = "***"
_LEVELS = 4  # of models, lists and maps in each other
_CHARACTERS = 1_200  # of a longer repr the deepest levels are left out, one after the other


class _Shown(Repr):
    def __init__(self, levels: int) -> None:
        super().__init__()
        self.maxlevel = levels
        self.maxstring = self.maxother = self.maxlong = 60
        self.maxlist = self.maxtuple = self.maxdict = 3

    def repr1(self, x: Any, level: int) -> str:
        if not isinstance(x, Coded):
            return super().repr1(x, level)
        name = type(x).__name__
        if level <= 0:
            return f"{name}(...)"
        return f"{name}({', '.join(f'{what}={text}' for what, text in self.members(x, level - 1))})"

    def members(self, model: Coded, level: int) -> Iterator[tuple[str, str]]:
        """Name and text of each member that has a value.

        Of members that the schema does not name, only the names are shown: any may be secret.
        """
        for f, value in _values(model):
            yield f.name, MASK if f.secret else self.repr1(value, level)
        unknown: list[str] = list(getattr(model, "additional_properties", ()))
        if unknown:
            yield "additional_properties", f"<{_listed(unknown)}>"


def _values(model: Coded) -> Iterator[tuple[Field, Any]]:
    for f in codec(type(model)).fields.values():
        value = getattr(model, f.name)
        if value is not None:
            yield f, value


def _listed(names: list[str]) -> str:
    shown = ", ".join(_cut(str(name), 30) for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


_BY_LEVELS = [_Shown(levels) for levels in range(_LEVELS, 0, -1)]


def text_of(model: Coded) -> str:
    """The repr of a model, with as many levels as fit into 1,200 characters."""
    text = ""
    for shown in _BY_LEVELS:
        text = shown.repr(model)
        if len(text) <= _CHARACTERS:
            return text
    return _cut(text, _CHARACTERS)


def html_of(model: Coded) -> str:
    """An HTML table of the members; values are shortened as in the repr."""
    from html import escape  # only notebooks need it

    shown = _BY_LEVELS[0]
    left = "style='text-align:left'"
    rows = (
        f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>"
        for name, text in shown.members(model, shown.maxlevel - 1)
    )
    caption = f"<caption>{escape(type(model).__name__)}</caption>"
    return f"<table>{caption}<tbody>{''.join(rows)}</tbody></table>"


def differences(left: Coded, right: Coded) -> list[str]:
    """A line for each member in which two models differ, for test reports; secrets are masked."""
    shown = _BY_LEVELS[0]
    lines = []
    for f in codec(type(left)).fields.values():
        both = getattr(left, f.name), getattr(right, f.name)
        if both[0] != both[1]:
            texts = (MASK if f.secret else shown.repr(value) for value in both)
            lines.append(f"{f.name}: {' != '.join(texts)}")
    unknown = [dict(getattr(model, "additional_properties", {})) for model in (left, right)]
    names = [
        n
        for n in {**unknown[0], **unknown[1]}
        if unknown[0].get(n, shown) != unknown[1].get(n, shown)
    ]
    return lines + ([f"additional_properties: {_listed(names)}"] if names else [])

"""The grammar of type texts, by which generated code states the type of every member, argument and answer.

str  int  float  bool  bytes  datetime  None  Any  Name  list[T]  dict[str, T]  A | B
"""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)  # the few texts of generated code are asked for at every answer and value
def split_union(text: str) -> tuple[str, ...]:
    """The options of a type text, brackets kept together."""
    out, depth = [""], 0
    for part in re.split(r"(\[|\]| \| )", text):
        depth += {"[": 1, "]": -1}.get(part, 0)
        if part == " | " and not depth:
            out.append("")
        else:
            out[-1] += part
    return tuple(out)


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """An annotation as a type text: `_Any` is Any, and `| None` goes without saying."""
    options = [option for option in split_union(text.replace("_Any", "Any")) if option != "None"]
    return " | ".join(options) or "None"


def item_type(text: str) -> str | None:
    """The type of the items of `list[T]`; None for any other text."""
    return text[5:-1] if text.startswith("list[") else None


def value_type(text: str) -> str | None:
    """The type of the values of `dict[str, T]`; None for any other text."""
    return text[10:-1] if text.startswith("dict[str, ") else None

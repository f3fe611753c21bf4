"""Texts of others, made fit for a message or a log line: one line, without what steers a
terminal, and of a bounded size.
"""

from __future__ import annotations

import re

_STEERS = re.compile(  # sequences that colour, move and retitle a terminal
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
)
_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_UNSEEN = re.compile(  # direction marks, and letters of no width that are in no script
    r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_HALVES = re.compile(r"[\ud800-\udfff]")


def cleaned(text: str) -> str:
    """The text on one line: line breaks and control characters as one space, nothing that steers a
    terminal or turns text round.

    Other text stays as it is, letter for letter.
    """
    if text.isprintable():
        return text
    text = _BLANKS.sub(
        lambda run: run[0] if not run[0].strip(" \xa0") else " ", _STEERS.sub("", text)
    )
    return _HALVES.sub("\ufffd", _UNSEEN.sub("", text))


_LEFT_OUT = " [..] "


def shortened(text: str, limit: int) -> str:
    """The text, or its two ends: at most `limit` characters in all.

    The end is kept, since the reason often stands there.
    """
    if len(text) <= limit:
        return text
    room = max(0, limit - len(_LEFT_OUT))
    tail = room // 3
    return text[: room - tail] + _LEFT_OUT + text[len(text) - tail :]


def shown(text: str, limit: int) -> str:
    """Both: cleaned and at most `limit` characters, whatever came.

    Long text costs no more than short text does.
    """
    return shortened(cleaned(shortened(text, 4 * limit)).strip(), limit)

"""Names that cannot stand as a document has them: Python reads some letters as others, file systems
refuse some names and take some for others, and the layout of a package has names of its own. A name
that is taken ends with an underscore, as `class_` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Sequence

from .errors import GateError

# of Windows
_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{name}{i}" for name in ("com", "lpt") for i in range(10)),
}
# bytes: file systems take 255, with an ending and with what marks a file that is being written
_LONGEST = 200


def folded(name: str) -> str:
    """The name as Python reads it where it stands in source: full-width letters as plain ones,
    ligatures as two letters.
    """
    return unicodedata.normalize("NFKC", name)


def module(name: str, taken: Container[str] = ()) -> str:
    """The name of a module: one that no file system refuses, and that is none of those `taken`."""
    if len(name.encode()) > _LONGEST:
        raise GateError(
            f"{name[:40]}.. is too long for the name of a file: {len(name.encode())} "
            f"bytes, not {_LONGEST}"
        )
    return f"{name}_" if name in _DEVICES or name in taken else name


# A word, in the shape of its letters: U is a capital, l another letter, s the letter s, d a digit.
# Capitals are a word where no small letter follows the last of them, save the s of a plural
# (`IDs`); digits belong to the letters before them.
_WORD = re.compile(r"d*(?:U+s?(?![ls])|U?[ls]+)(?:d+[ls]*)*|d+")


def words(text: str) -> list[str]:
    """The words of a name as a document has it, each spelled as there.

    `AzureSqlTable` has three, `ARMTemplate` and `AmazonS3` have two. What is neither letter nor
    digit parts words; capitals alone, or small letters alone, are one word.
    """
    text = folded(text)
    shape = "".join(map(_shape, text))
    return [text[found.start() : found.end()] for found in _WORD.finditer(shape)]


def _shape(letter: str) -> str:
    if letter == "_" or not f"a{letter}".isidentifier():
        return " "  # some symbols are upper case and no letters
    if letter.isdecimal():
        return "d"
    if letter.isupper() or letter.istitle():
        return "U"
    return "s" if letter == "s" else "l"


def _ascii(letter: str) -> str:
    if letter.isascii() or not letter.isalnum():
        return "" if unicodedata.combining(letter) else letter
    return f" U{ord(letter):04X}"


def pascal(text: str) -> str:
    """Words in ASCII, as names of classes are: marks are taken off letters, and other letters
    stand as their code points.
    """
    if not text.isascii():
        text = "".join(map(_ascii, unicodedata.normalize("NFKD", text)))
    return "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", text))


def enum_members(values: Sequence[str | int]) -> list[str]:
    """The Python name of each value of an enum: its words in capitals.

    It is `VALUE_` and the place of the value where that has no words, and `VALUE_` stands before a
    number. Of several values that have the same words, all but the first get a number behind.
    """
    names = [_enum_member(value, i) for i, value in enumerate(values)]
    taken = Counter(names)
    seen: set[str] = set()
    for i, name in enumerate(names):
        number = 1
        while names[i] in seen:
            number += 1
            if f"{name}_{number}" not in taken:
                names[i] = f"{name}_{number}"
        seen.add(names[i])
    return names


def _enum_member(value: str | int, place: int) -> str:
    if isinstance(value, int):
        return f"VALUE_NEGATIVE_{-value}" if value < 0 else f"VALUE_{value}"
    name = folded("_".join(words(value)).upper())
    return name if name.isidentifier() else f"VALUE_{name or place}"

"""Names that cannot stand as a document has them: Python reads some letters as others, file systems refuse some names and take
some for others, and the layout of a package has names of its own. A name that is taken ends with an underscore, as `class_` does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container

from .errors import GateError

_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in range(10))}  # of Windows
_LONGEST = 200  # bytes: file systems take 255, with an ending and with what marks a file that is being written


def folded(name: str) -> str:
    """The name as Python reads it where it stands in source: full-width letters as plain ones, ligatures as two letters."""
    return unicodedata.normalize("NFKC", name)


def module(name: str, taken: Container[str] = ()) -> str:
    """The name of a module: one that no file system refuses, and that is none of those `taken`."""
    if len(name.encode()) > _LONGEST:
        raise GateError(f"{name[:40]}.. is too long for the name of a file: {len(name.encode())} bytes, not {_LONGEST}")
    return f"{name}_" if name in _DEVICES or name in taken else name

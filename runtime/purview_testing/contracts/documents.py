"""Where the contracts lie, and which documents there are: specs/ in a checkout, package data of purview_codegen in a wheel."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ROOTS = Path(__file__).parent.parent.parent


class UsageError(ValueError):
    """A name, file or option that is wrong; its text is one line that names the thing and the way out."""


@dataclass(frozen=True)
class Document:
    """One version of one plane. title: what the names of its clients begin with; package: below purview_dataplane."""

    plane: str
    version: str
    default: bool
    endpoint: str  # "account" or "tenant"
    package: str
    title: str

    def __str__(self) -> str:
        return f"{self.plane}@{self.version}"


def folder() -> Path:
    """The folder that holds planes.toml and contracts/."""
    packaged = _ROOTS / "purview_codegen" / "specs"
    return packaged if packaged.is_dir() else _ROOTS.parent / "specs"


@cache
def documents(specs: Path | None = None) -> tuple[Document, ...]:
    """Every document of planes.toml, by plane and then by version."""
    data = tomllib.loads(((specs or folder()) / "planes.toml").read_text(encoding="utf-8"))
    return tuple(
        Document(
            name,
            entry["version"],
            entry.get("default", False),
            plane["endpoint"],
            plane["package"],
            plane["title"],
        )
        for name, plane in sorted(data["planes"].items())
        for entry in plane["documents"]
    )


def select(names: Iterable[str] | None = None, specs: Path | None = None) -> Sequence[Document]:
    """The documents of "plane" (its default version) or "plane@version"; the default ones of all planes for None."""
    known = documents(specs)
    if names is None:
        return [d for d in known if d.default]
    return [_named(name, known) for name in dict.fromkeys(names)]


def _named(name: str, known: Sequence[Document]) -> Document:
    plane, _, version = name.partition("@")
    of_plane = [d for d in known if d.plane == plane]
    if not of_plane:
        raise UsageError(
            f"unknown plane {plane!r}; {nearest(plane, sorted({d.plane for d in known}))}"
        )
    for document in of_plane:
        if document.version == version or (not version and document.default):
            return document
    raise UsageError(
        f"unknown version {version!r} of {plane}; {nearest(version, [d.version for d in of_plane])}"
    )


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """The known names that come close to a wrong one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=most, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"

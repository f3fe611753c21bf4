"""Which documents there are, and which of them are meant by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from purview_core.manifest import Document, Manifest, specs_folder


@cache
def manifest(specs: Path | None = None) -> Manifest:
    """The manifest of a specs folder, by default of the one that comes with the package."""
    return Manifest.load(specs or specs_folder())


def documents(specs: Path | None = None) -> Sequence[Document]:
    """Every document of planes.toml, by plane and then by version."""
    return manifest(specs).documents


def select(names: Iterable[str] | None = None, specs: Path | None = None) -> Sequence[Document]:
    """The documents of some names.

    Args:
        names: "plane" (its default version) or "plane@version"; None for the default ones of all
            planes.
        specs: The folder of planes.toml, in place of the one that comes with the package.

    Raises:
        UsageError: There is no such plane or version.
    """
    known = manifest(specs)
    if names is None:
        return known.select(version=None)
    return [known.named(name) for name in dict.fromkeys(names)]

"""The files of a listing, read where they are: from the cache, else from the source, and only as
the listing names them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from purview_codegen.errors import CommandError, IntegrityError, UnreachableError
from purview_core.manifest import Document

from .fetch import WORKERS, Cache, Source
from .likeness import Flaw, Traits, of, traits
from .listing import Listing, blob_id


@attrs.frozen
class World:
    """Where documents come from: `listing` takes repository, commit or branch, and the folders to
    look in. `known` tells what a document of the manifest is, None where no contract was made from
    it.
    """

    cache: Cache
    source: Source | None
    listing: Callable[[str, str, set[str]], Listing]
    known: Callable[[Document], Traits | None]


def contracts(specs: Path) -> Callable[[Document], Traits | None]:
    """What documents of the manifest are, told by their contracts in a specs folder, each of
    which is read once.
    """
    found: dict[str, Traits | None] = {}

    def known(document: Document) -> Traits | None:
        if str(document) not in found:
            path = specs / "contracts" / document.plane / f"{document.version}.json"
            try:
                found[str(document)] = of(json.loads(path.read_bytes()))
            except (OSError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
                found[str(document)] = None  # whoever needs the contract says what is wrong with it
        return found[str(document)]

    return known


class Files:
    """A reader of the files of one listing."""

    def __init__(self, world: World, listing: Listing) -> None:
        self.world, self.listing = world, listing
        self._read: dict[str, Traits | Flaw] = {}
        self._blobs: dict[str, str | None] = {}

    def content(self, path: str) -> bytes:
        """The bytes of a file.

        Raises UnreachableError where they cannot be had, IntegrityError for others than the listing
        names.
        """
        location, expected = (
            f"{self.listing.repository}/{self.listing.commit}/{path}",
            self.listing.files[path],
        )
        place = self.world.cache.path(location)
        if place.is_file() and blob_id(content := place.read_bytes()) == expected:
            return content
        if self.world.source is None:
            raise UnreachableError(
                f"{location} is not cached in {self.world.cache.folder}; run without --offline"
            )
        found = self.world.source(location, place.with_name(f"{place.name}.part"))
        if found is None or blob_id(found) != expected:
            here = (
                f"expected blob {expected}, found {'nothing' if found is None else blob_id(found)}"
            )
            raise IntegrityError(
                f"{location} is not what the listing names: {here}; nothing kept; fetch it again"
            )
        self.world.cache.write(location, found)
        return found

    def bring(self, paths: Iterable[str]) -> None:
        """Brings files into the cache, some at a time; what fails is told when it is read."""

        def one(path: str) -> None:
            try:
                self.content(path)
            except (CommandError, OSError):
                return

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(one, paths))

    def read(self, path: str) -> Traits | Flaw:
        """What a file is."""
        if path not in self._read:
            self._read[path] = traits(self.content(path), path)
        return self._read[path]

    def text(self, path: str) -> str:
        """A file as text."""
        return self.content(path).decode("utf-8", "replace")

    def known(self, document: Document) -> Traits | None:
        """What is known of a document's content from its contract."""
        return self.world.known(document)

    def blob(self, document: Document) -> str | None:
        """What git calls the bytes of a document of the manifest, where they are at hand."""
        if document.location not in self._blobs:
            path = self.world.cache.path(document.location)
            self._blobs[document.location] = blob_id(path.read_bytes()) if path.is_file() else None
        return self._blobs[document.location]

"""Which document of a listing is made into which plane and api-version: known ones, moved ones, new
ones, and those that no plane takes.

A document that lies where it lay is known by its path. One that does not is followed by its bytes,
else by its content: a folder may get any name, and another document may get the old one. Names tell
only between documents whose content does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import attrs

from purview_core.manifest import Document, LeftOut, Manifest, PlaneEntry

from . import scope
from .likeness import CLEARLY, Flaw, Traits, likeness
from .listing import Listing
from .scope import Place

_BY_BYTES, _BY_NAME = 10.0, 0.5  # as sure as the same bytes are; what names alone give is less


@attrs.frozen
class Found:
    """A document at the commit looked at, and what it is in the manifest; None for an
    api-version that is new.
    """

    document: Document
    old: Document | None


@attrs.frozen
class Stray:
    """A document that no plane takes, and why. `traits` is None where it cannot be read. `plane`:
    of the one whose operations it has, with an api-version that the plane may take or, where
    `twin`, has from another document.
    """

    path: str
    why: str
    traits: Traits | None = None
    plane: str = ""
    twin: bool = False


@attrs.frozen
class Discovery:
    """`lost`: documents of the manifest that the commit has no more. `strays`: documents that no
    plane takes. `left_out`: those that the manifest leaves out. `others`: path -> why it is no
    document. `unclear`: what only a person can tell.
    """

    found: tuple[Found, ...]
    lost: tuple[Document, ...]
    strays: tuple[Stray, ...]
    left_out: tuple[tuple[str, LeftOut], ...] = ()
    others: Mapping[str, str] = attrs.field(factory=dict)
    unclear: tuple[str, ...] = ()


class Reader(Protocol):
    """What is told of the files of a listing, and of the documents of the manifest."""

    def bring(self, paths: Iterable[str]) -> None:
        """Brings files that will be read, some at a time; what fails is told when it is read."""
        ...

    def read(self, path: str) -> Traits | Flaw:
        """What a file of the listing is."""
        ...

    def text(self, path: str) -> str:
        """The text of a small file of the listing."""
        ...

    def known(self, document: Document) -> Traits | None:
        """What a document of the manifest is; None where no contract was made from it yet."""
        ...

    def blob(self, document: Document) -> str | None:
        """What git calls the bytes of a document of the manifest; None where they are not at
        hand.
        """
        ...


def stable(version: str) -> bool:
    """Whether an api-version is no preview."""
    return not version.endswith("-preview")


def newest(versions: Iterable[str]) -> str:
    """The api-version that a plane should take: the newest stable one, else the newest."""
    return max(versions, key=lambda v: (stable(v), v))


def roots(documents: Iterable[Document]) -> set[str]:
    """The first two folders of every document: where a listing has to look, besides folders that
    name Purview.
    """
    return {"/".join(d.path.split("/")[:2]) for d in documents}


def discover(manifest: Manifest, listing: Listing, reader: Reader) -> Discovery:
    """Sorts the files of a listing to the planes; documents of other repositories are left
    alone.
    """
    return _Sorting(manifest, listing, reader).sorted()


class _Sorting:
    """The files of one listing on their way to the planes."""

    def __init__(self, manifest: Manifest, listing: Listing, reader: Reader) -> None:
        self.manifest, self.listing, self.reader = manifest, listing, reader
        self.known = [d for d in manifest.documents if d.repository == listing.repository]
        self.places = scope.documents(listing.files, roots(self.known), listing.titled)
        self.by_title = {*self.places} - {*scope.documents(listing.files, roots(self.known))}
        self.found: dict[str, Found] = {}
        self.strays: list[Stray] = []
        self.left: dict[str, LeftOut] = {}
        self.others: dict[str, str] = {}
        self.unclear: list[str] = []

    def sorted(self) -> Discovery:
        missing = self._at_their_paths()
        free = self._readable(missing)
        lost = self._follow(missing, free)
        self._add({path: traits for path, traits in free.items() if path not in self.found})
        self._projects()
        return Discovery(
            tuple(self.found[path] for path in sorted(self.found)),
            tuple(lost),
            tuple(sorted(self.strays, key=lambda s: s.path)),
            tuple(sorted(self.left.items())),
            self.others,
            tuple(self.unclear),
        )

    def _take(self, document: Document, path: str) -> None:
        self.found[path] = Found(
            attrs.evolve(document, commit=self.listing.commit, path=path), document
        )

    def _at_their_paths(self) -> list[Document]:
        """Takes what lies where it lay; returns the documents that do not."""
        self.reader.bring(d.path for d in self.known if self._unsure(d))
        missing = []
        for document in self.known:
            if document.path in self.listing.files and not self._is_another(document):
                self._take(document, document.path)
            else:
                missing.append(document)
        return missing

    def _is_another(self, document: Document) -> bool:
        """Whether another plane's document lies at this one's path."""
        if not self._unsure(document):
            return False
        there, own = self.reader.read(document.path), self.reader.known(document)
        if isinstance(there, Flaw) or own is None:
            return False
        best = max(self._like(p, there) for p in self.manifest.planes if p.name != document.plane)
        return best > 0 and best >= likeness(there, own) + CLEARLY

    def _unsure(self, document: Document) -> bool:
        """Whether what lies at a document's path has to be looked into: there are other planes,
        and its bytes are not the same.
        """
        blob = self.listing.files.get(document.path)
        return (
            blob is not None
            and self.reader.blob(document) != blob
            and len(self.manifest.planes) > 1
        )

    def _readable(self, missing: Sequence[Document]) -> dict[str, Traits]:
        """The documents that nothing has taken yet, without those that are left out; what is none
        of both is told. One that is missing elsewhere is not left out, whatever its folder is
        called now.
        """
        out: dict[str, Traits] = {}
        paths = [p for p in self.places if p not in self.found]
        rules: dict[str, LeftOut | None] = {}
        for path in paths:
            place = Place.of(path)
            rules[path] = rule = self._rule(path, place.version) if place else None
            if place and rule and place.version not in {d.version for d in missing}:
                self.left[path] = rule
        paths = [p for p in paths if p not in self.left]
        self.reader.bring(paths)
        for path in paths:
            there, rule = self.reader.read(path), rules[path]
            if path in self.by_title and not (
                isinstance(there, Traits) and scope.names_purview(there.title)
            ):
                continue  # a schema in it is called so, or an object that is none
            if isinstance(there, Traits):
                rule = rule or self._rule(path, there.version)
                if rule and not any(self._sure(d, path, there) > 0 for d in missing):
                    self.left[path] = rule
                else:
                    out[path] = there
            elif rule := rule or self._rule(path, ""):
                self.left[path] = rule
            elif there.document:
                self.strays.append(Stray(path, there.why))
            else:
                self.others[path] = there.why
        return out

    def _rule(self, path: str, version: str) -> LeftOut | None:
        fits = (r for r in self.manifest.left_out if r.fits(self.listing.repository, path, version))
        return next(fits, None)

    def _follow(self, missing: Sequence[Document], free: Mapping[str, Traits]) -> list[Document]:
        """Takes the documents that lie elsewhere, the surest first; returns those that are
        nowhere.
        """
        scores = [
            (self._sure(d, path, traits), d, path) for d in missing for path, traits in free.items()
        ]
        for sure in sorted(scores, key=lambda s: (-s[0], str(s[1]), s[2])):
            score, document, path = sure
            taken = {f.old for f in self.found.values()}
            if (
                score > 0
                and document not in taken
                and path not in self.found
                and not self._rivals(sure, scores)
            ):
                self._take(document, path)
        return [d for d in missing if d not in {f.old for f in self.found.values()}]

    def _rivals(
        self, sure: tuple[float, Document, str], scores: Sequence[tuple[float, Document, str]]
    ) -> bool:
        """Whether another document is as sure to lie at this path, or, by its name alone, this
        one at another.
        """
        score, document, path = sure
        taken = {f.old for f in self.found.values()}
        alike = [
            (d, p) for s, d, p in scores if s == score and d not in taken and p not in self.found
        ]
        others = [d for d, p in alike if p == path and d != document]
        return bool(others) or (
            score < _BY_NAME and any(d == document and p != path for d, p in alike)
        )

    def _sure(self, document: Document, path: str, traits: Traits) -> float:
        """How sure it is that a document lies at another path now; 0 where it does not."""
        if self.reader.blob(document) == self.listing.files[path]:
            return _BY_BYTES
        old, new = Place.of(document.path), Place.of(path)
        names = 0.0
        if old and new:
            names = 0.2 * (old.folder == new.folder) + 0.1 * (old.file == new.file)
        if traits.version != document.version:
            return 0.0
        own = self.reader.known(document)
        if own is None:
            return names
        like, plane = likeness(traits, own), self.manifest.plane(document.plane)
        if any(
            self._like(p, traits) > like + CLEARLY / 2 for p in self.manifest.planes if p != plane
        ):
            return 0.0  # it is more another plane's
        return like and like + names + 0.1 * (plane.title.lower() in _squeezed(traits.title))

    def _add(self, free: Mapping[str, Traits]) -> None:
        """Takes new api-versions; what is left no plane takes."""
        new: dict[tuple[str, str], list[str]] = {}
        taken = {self.listing.files[path]: path for path in self.found}
        for path, traits in free.items():
            if copied := taken.get(self.listing.files[path]):
                self.others[path] = f"a copy of {copied}"
                continue
            plane, why = self._taker(path, traits)
            place = Place.of(path)
            if plane is None:
                self.strays.append(Stray(path, why, traits))
            elif traits.version in {d.version for d in plane.documents}:
                why = f"{plane.name} {traits.version} is made from another document"
                self.strays.append(Stray(path, why, traits, plane.name, twin=True))
            elif place is None or place.version != traits.version:
                said = f"its api-version {traits.version!r} is not that of its folder"
                self.strays.append(Stray(path, said, traits, plane.name))
            else:
                new.setdefault((plane.name, traits.version), []).append(path)
        for (name, version), paths in new.items():
            self._add_one(name, version, paths, free)

    def _add_one(
        self, name: str, version: str, paths: Sequence[str], free: Mapping[str, Traits]
    ) -> None:
        """Of several new files of one api-version, the one that is called as the plane's
        documents are.
        """
        files = {place.file for d in self.known if d.plane == name and (place := Place.of(d.path))}
        named = [p for p in paths if p.rpartition("/")[2].lower().removesuffix(".json") in files]
        best = paths if len(paths) == 1 else named
        if len(best) != 1:
            two = (
                f"{name} {version} has two documents: {paths[0]} and {paths[1]}; name the "
                f"right one in planes.toml"
            )
            self.unclear.append(two)
            self.strays += [Stray(p, two, free[p], name) for p in paths]
            return
        document = Document(name, version, self.listing.repository, self.listing.commit, best[0])
        self.found[best[0]] = Found(document, None)
        why = f"{name} {version} is made from {best[0]}"
        self.strays += [Stray(p, why, free[p], name, twin=True) for p in paths if p != best[0]]

    def _taker(self, path: str, traits: Traits) -> tuple[PlaneEntry | None, str]:
        """The plane whose documents lie in the folder and have such operations, else the one whose
        have them; of several, the one whose default is as stable as the new document. Where there
        is none: why.
        """
        place = Place.of(path)
        homes = [
            p
            for p in self.manifest.planes
            for d in p.documents
            if place
            and d in self.known
            and (old := Place.of(d.path))
            and old.folder == place.folder
        ]
        like = {p.name: self._like(p, traits) for p in self.manifest.planes}
        most = max(like.values(), default=0.0)
        # else it is clearly another plane's
        good = [p for p in homes if 0 < like[p.name] > most - CLEARLY]
        fits = good or [p for p in homes if not any(map(self.reader.known, p.documents))]
        fits = fits or [
            p for p in self.manifest.planes if most > 0 and like[p.name] > most - CLEARLY / 4
        ]
        if not fits and homes:
            return (
                None,
                (
                    f"its folder is called as that of {homes[0].name}, whose operations it "
                    f"does not have"
                ),
            )
        if not fits:
            return None, "no plane of planes.toml has its operations"
        return min(
            fits, key=lambda p: (stable(p.default.version) != stable(traits.version), p.name)
        ), ""

    def _like(self, plane: PlaneEntry, traits: Traits) -> float:
        there = [known for d in plane.documents if (known := self.reader.known(d))]
        return max((likeness(traits, known) for known in there), default=0.0)

    def _projects(self) -> None:
        """TypeSpec projects whose document is not there."""
        for folder, path in scope.projects(self.listing.files, roots(self.known)).items():
            if rule := self._rule(path, ""):
                self.left[path] = rule
                continue
            settings = self.reader.text(path) if path.endswith(".yaml") else ""
            emits = scope.emits(
                folder, settings, [*self.found, *self.left, *(s.path for s in self.strays)]
            )
            if emits is False:
                self.strays.append(
                    Stray(path, "TypeSpec, and the OpenAPI document that it emits is not there")
                )


def _squeezed(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def proposals(manifest: Manifest, listed: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Plane -> the api-version that it should take by default, where that is another one than it
    takes. `listed`: of planes whose readme files say it, the api-versions that upstream lists as
    published. What is not listed there is not proposed, and without readme files what the manifest
    calls a draft is not.
    """
    out: dict[str, str] = {}
    for plane in manifest.planes:
        versions = {d.version for d in plane.documents}
        good = (versions & listed.get(plane.name, frozenset())) or {
            d.version for d in plane.documents if not d.draft
        }
        wanted = newest({*good, plane.default.version})
        if wanted != plane.default.version:
            out[plane.name] = wanted
    return out

"""Which document of a listing is made into which plane and api-version: known ones, moved ones, new ones; pure.

A document lies at `<root>/<folder>/<preview or stable>/<api-version>/<file>`. Two folders are one where their last dotted
part is the same but for case: `Azure.Analytics.Purview.Scanning` and `scanning`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from .errors import IntegrityError
from .listing import Listing
from .manifest import Document, Manifest, Plane

_PLACE = re.compile(
    r"(?P<root>.+)/(?P<folder>[^/]+)/(?P<state>preview|stable)/(?P<version>\d{4}-\d\d-\d\d(-preview)?)/(?P<file>[^/]+)\.json"
)


@attrs.frozen
class Found:
    """A document at the commit looked at, and what it is in the manifest; None for an api-version that is new."""

    document: Document
    old: Document | None


@attrs.frozen
class Discovery:
    """`lost`: documents of the manifest that the commit has no more. `strays`: documents that no plane takes."""

    found: tuple[Found, ...]
    lost: tuple[Document, ...]
    strays: tuple[str, ...]


@attrs.frozen
class _Place:
    path: str
    folder: str
    version: str
    file: str

    @classmethod
    def of(cls, path: str) -> _Place | None:
        match = _PLACE.fullmatch(path)
        if match is None:
            return None
        return cls(path, match["folder"].rpartition(".")[2].lower(), match["version"], match["file"].lower())


def stable(version: str) -> bool:
    return not version.endswith("-preview")


def newest(versions: Iterable[str]) -> str:
    """The api-version that a plane should take: the newest stable one, else the newest."""
    return max(versions, key=lambda v: (stable(v), v))


def roots(documents: Iterable[Document]) -> set[str]:
    """The first two folders of every document: where a listing has to look."""
    return {"/".join(d.path.split("/")[:2]) for d in documents}


def discover(planes: Sequence[Plane], listing: Listing) -> Discovery:
    """Sorts the files of a listing to the planes; documents of other repositories are left alone."""
    known = [d for p in planes for d in p.documents if d.repository == listing.repository]
    places = {path: place for path in sorted(listing.files) if (place := _Place.of(path))}
    found: dict[str, Found] = {}
    lost: list[Document] = []
    for document in known:
        path = document.path if document.path in listing.files else _moved(document, places, known, found)
        if path is None:
            lost.append(document)
        else:
            found[path] = Found(attrs.evolve(document, commit=listing.commit, path=path), document)
    tops = roots(known)
    strays: list[str] = []
    new: dict[tuple[str, str], list[_Place]] = {}
    for place in [p for path, p in places.items() if path not in found and any(path.startswith(t) for t in tops)]:
        plane = _taker(place, planes, listing.repository)
        if plane is None or place.version in {d.version for d in plane.documents}:
            strays.append(place.path)
        else:
            new.setdefault((plane.name, place.version), []).append(place)
    for (name, version), candidates in new.items():
        place = _chosen(f"{name} {version}", candidates, [d for d in known if d.plane == name])
        found[place.path] = Found(Document(name, version, listing.repository, listing.commit, place.path), None)
        strays += [p.path for p in candidates if p is not place]
    return Discovery(tuple(found[path] for path in sorted(found)), tuple(lost), tuple(strays))


def _chosen(what: str, candidates: Sequence[_Place], known: Sequence[Document]) -> _Place:
    """Of several new files of one api-version, the one that is called as the plane's documents are."""
    names = {old.file for d in known if (old := _Place.of(d.path))}
    named = [p for p in candidates if p.file in names] if len(candidates) > 1 else list(candidates)
    if len(named) != 1:
        paths = " and ".join(p.path for p in candidates[:2])
        raise IntegrityError(f"{what} has two documents: {paths}; name the right one in planes.toml")
    return named[0]


def _moved(
    document: Document, places: dict[str, _Place], known: Sequence[Document], found: dict[str, Found]
) -> str | None:
    """Where a document went: the same folder under another spelling, else the one place with its file and api-version."""
    old = _Place.of(document.path)
    if old is None:
        return None
    taken = {d.path for d in known} | set(found)
    free = [p for path, p in places.items() if path not in taken and p.version == document.version]
    for candidates in (
        [p for p in free if (p.folder, p.file) == (old.folder, old.file)],
        [p for p in free if p.folder == old.folder],
        [p for p in free if p.file == old.file],
    ):
        if len(candidates) == 1:
            return candidates[0].path
    return None


def _taker(place: _Place, planes: Sequence[Plane], repository: str) -> Plane | None:
    """The plane whose documents lie in the folder; of several, the one whose default is as stable as the new document."""
    homes = [
        p
        for p in planes
        for d in p.documents
        if d.repository == repository and (old := _Place.of(d.path)) and old.folder == place.folder
    ]
    return min(homes, key=lambda p: (stable(p.default.version) != stable(place.version), p.name), default=None)


def proposals(manifest: Manifest) -> dict[str, str]:
    """Plane -> the api-version that it should take by default, where that is another one than it takes."""
    wanted = {p.name: newest(d.version for d in p.documents) for p in manifest.planes}
    return {p.name: wanted[p.name] for p in manifest.planes if wanted[p.name] != p.default.version}

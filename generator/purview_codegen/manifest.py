"""`specs/planes.toml`: every plane, and the documents that it is made from."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from .errors import IntegrityError, UsageError

_COMMIT = re.compile(r"[0-9a-f]{40}")
ENDPOINTS = ("account", "tenant")


@attrs.frozen
class Document:
    """One upstream document: where it is, and which plane and api-version it is made into."""

    plane: str
    version: str
    repository: str
    commit: str
    path: str
    default: bool = False

    @property
    def location(self) -> str:
        """owner/repo/commit/path: the layout of the public raw-file host and of a mirror."""
        return f"{self.repository}/{self.commit}/{self.path}"

    def __str__(self) -> str:
        return f"{self.plane} {self.version}"


@attrs.frozen
class Plane:
    """One plane: the name of its package and its clients, where it answers, and the roles it asks for (none: not documented)."""

    name: str
    package: str
    title: str
    summary: str
    endpoint: str
    roles: tuple[str, ...]
    documents: tuple[Document, ...]

    @property
    def default(self) -> Document:
        return next(d for d in self.documents if d.default)


@attrs.frozen
class Manifest:
    planes: tuple[Plane, ...]

    @classmethod
    def load(cls, specs: Path) -> Manifest:
        """The manifest in a specs folder; raises IntegrityError naming the entry that cannot be read."""
        path = specs / "planes.toml"
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"no planes.toml in {specs}; name the folder with --specs") from None
        except ValueError as error:
            raise IntegrityError(f"planes.toml is not TOML: {error}") from None
        return cls(tuple(_plane(name, entry) for name, entry in sorted(data.get("planes", {}).items())))

    @property
    def documents(self) -> list[Document]:
        return [d for p in self.planes for d in p.documents]

    def plane(self, name: str) -> Plane:
        for plane in self.planes:
            if plane.name == name:
                return plane
        raise UsageError(f"unknown plane {name!r}; {nearest(name, (p.name for p in self.planes))}")

    def select(self, plane: str | None = None, version: str | None = "all") -> Sequence[Document]:
        """The documents of one plane or of all; `version` None takes the default ones, "all" every one."""
        planes = [self.plane(plane)] if plane is not None else list(self.planes)
        found = [
            d for p in planes for d in p.documents if (d.default if version is None else version in ("all", d.version))
        ]
        if not found:
            known = sorted({d.version for p in planes for d in p.documents})
            where = f" of {plane}" if plane else ""
            raise UsageError(f"unknown version {version!r}{where}; {nearest(str(version), known)}")
        return found


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names that come close to a wrong one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"


def _plane(name: str, entry: Mapping[str, Any]) -> Plane:
    try:
        documents = tuple(_document(name, d) for d in entry["documents"])
        plane = Plane(
            name=name,
            package=entry["package"],
            title=entry["title"],
            summary=entry["summary"],
            endpoint=entry["endpoint"],
            roles=tuple(entry["roles"]),
            documents=documents,
        )
    except KeyError as error:
        raise IntegrityError(f"planes.toml: {name} has no {error.args[0]!r}") from None
    except (AttributeError, TypeError) as error:
        raise IntegrityError(f"planes.toml: {name} is not laid out as a plane: {error}") from None
    if plane.endpoint not in ENDPOINTS:
        raise IntegrityError(f"planes.toml: {name}: endpoint is {plane.endpoint!r}, not one of {', '.join(ENDPOINTS)}")
    if sum(d.default for d in documents) != 1:
        raise IntegrityError(f"planes.toml: {name} needs exactly one default document")
    if len({d.version for d in documents}) != len(documents):
        raise IntegrityError(f"planes.toml: {name} has two documents of one version")
    return plane


def _document(plane: str, entry: Mapping[str, Any]) -> Document:
    document = Document(
        plane, entry["version"], entry["repository"], entry["commit"], entry["path"], entry.get("default", False)
    )
    if not _COMMIT.fullmatch(document.commit):
        raise IntegrityError(f"planes.toml: {document}: not a full commit hash: {document.commit!r}")
    return document

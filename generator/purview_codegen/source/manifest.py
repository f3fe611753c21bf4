"""`specs/planes.toml`: every plane, the documents that it is made from, and those that are left out on purpose."""

from __future__ import annotations

import difflib
import keyword
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import attrs

from purview_codegen.errors import IntegrityError, UsageError
from purview_codegen.identifiers import module
from purview_core.client.facade import AsyncFacade, Facade

ENDPOINTS = ("account", "tenant")
_FACADE = frozenset(
    {"endpoint", "facade", *dir(Facade), *dir(AsyncFacade)}
)  # what a plane of that name would hide
_WANTED = {  # key -> (what it looks like, in words)
    "package": (r"(?a)[a-z]\w*", "a lower-case Python name"),
    "title": (r"(?a)[A-Za-z]\w*", "a Python name, which those of the clients begin with"),
    "summary": (r"[^\n]+", "one line of text"),
    "endpoint": ("|".join(ENDPOINTS), f"one of {', '.join(ENDPOINTS)}"),
    "roles": (r"\[.*\]", "a list of texts"),
    "version": (r"\w[\w.-]*", "an api-version in quotes"),
    "repository": (r"[\w.-]+/[\w.-]+", "owner/name"),
    "commit": (r"[0-9a-f]{40}", "a full commit hash"),
    "path": (r"(?!/|.*\.\.).+", "a path below the repository"),
    "default": ("True|False", "true or false"),
    "draft": ("True|False", "true or false"),
    "reason": (r"[^\n]*\w[^\n]*", "one line of text"),
}
_PLANE = ("package", "title", "summary", "endpoint", "roles", "documents")
_DOCUMENT = ("version", "repository", "commit", "path", "default", "draft")
_LEFT_OUT = ("repository", "path", "version", "reason")


@attrs.frozen
class Document:
    """One upstream document: where it is, and which plane and api-version it is made into. `draft`: upstream does not list it
    among what is published."""

    plane: str
    version: str
    repository: str
    commit: str
    path: str
    default: bool = False
    draft: bool = False

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
class LeftOut:
    """Documents that no plane takes on purpose. `path` may hold `*`, which never covers a document that a plane takes;
    `version` "" stands for every api-version."""

    repository: str
    path: str
    version: str
    reason: str

    def fits(self, repository: str, path: str, version: str) -> bool:
        good = self.version in ("", version) and repository == self.repository
        return good and fnmatchcase(path, self.path.replace("[", "[[]"))


@attrs.frozen
class Manifest:
    planes: tuple[Plane, ...]
    left_out: tuple[LeftOut, ...] = ()

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
        if not isinstance(data.get("planes"), dict) or not data["planes"]:
            raise IntegrityError(f"planes.toml in {specs} has no table [planes.NAME]")
        if odd := [key for key in data if key not in ("planes", "left_out")]:
            raise IntegrityError(
                f"planes.toml: unknown {odd[0]!r}; {nearest(odd[0], ('planes', 'left_out'))}"
            )
        planes = tuple(_plane(name, entry) for name, entry in sorted(data["planes"].items()))
        for what in ("package", "title"):
            seen: dict[str, str] = {}
            for plane in planes:
                if (
                    other := seen.setdefault(getattr(plane, what).casefold(), plane.name)
                ) != plane.name:
                    raise IntegrityError(
                        f"planes.toml: {other} and {plane.name} have one {what}; file systems may know no case"
                    )
        return cls(
            planes, _left_out(data.get("left_out", []), [d for p in planes for d in p.documents])
        )

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
            d
            for p in planes
            for d in p.documents
            if (d.default if version is None else version in ("all", d.version))
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
        _look(name, {"package": name}, ("package",))
        if taken := [n for n in (name, entry["package"]) if module(str(n), _FACADE) != n]:
            raise IntegrityError(
                f"planes.toml: {taken[0]} is no name for a plane: Purview has it itself, or Windows a device"
            )
        _look(name, entry, _PLANE)
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
    if sum(d.default for d in documents) != 1:
        raise IntegrityError(f"planes.toml: {name} needs exactly one default document")
    if len({d.version for d in documents}) != len(documents):
        raise IntegrityError(f"planes.toml: {name} has two documents of one version")
    return plane


def _left_out(entries: Any, documents: Iterable[Document]) -> tuple[LeftOut, ...]:
    """The entries [[left_out]]; raises IntegrityError for one without reason, and for a document that is taken all the same."""
    out: list[LeftOut] = []
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise IntegrityError(
            "planes.toml: left_out is no list of tables; begin each entry with [[left_out]]"
        )
    for n, entry in enumerate(entries, 1):
        name = f"left_out entry {n} ({entry.get('path', 'without path')})"
        _look(name, entry, _LEFT_OUT)
        if lacking := [key for key in _LEFT_OUT if key not in entry and key != "version"]:
            raise IntegrityError(f"planes.toml: {name} has no {lacking[0]!r}")
        rule = LeftOut(
            entry["repository"], entry["path"], entry.get("version", ""), entry["reason"]
        )
        if both := [
            d
            for d in documents
            if d.path == rule.path and rule.fits(d.repository, d.path, d.version)
        ]:
            raise IntegrityError(
                f"planes.toml: {name} leaves out {both[0]}, which is taken; drop one of the two"
            )
        out.append(rule)
    return tuple(out)


def _look(name: str, entry: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raises IntegrityError for a key that nothing reads, and for a value that does not look as it has to."""
    for key, value in entry.items():
        if key not in known:
            raise IntegrityError(
                f"planes.toml: {name}: unknown {key!r}; {nearest(key, sorted(known))}"
            )
        if key in _WANTED:
            (pattern, words), kind = (
                _WANTED[key],
                {"roles": list, "default": bool, "draft": bool}.get(key, str),
            )
            good = (
                isinstance(value, kind)
                and re.fullmatch(pattern, str(value))
                and value not in keyword.kwlist[3:]
            )
            if not good or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
                raise IntegrityError(f"planes.toml: {name}: {key} is {value!r}, not {words}")


def _document(plane: str, entry: Mapping[str, Any]) -> Document:
    _look(f"{plane} {entry['version']}", entry, _DOCUMENT)
    where = (entry["repository"], entry["commit"], entry["path"])
    return Document(
        plane, entry["version"], *where, entry.get("default", False), entry.get("draft", False)
    )

"""`planes.toml`: every plane, the documents that it is made from, and those left out on purpose.

The one reader of that file. The generator makes packages of what it names; the sandbox and the
judge of requests look up contracts by it.
"""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from purview_core.command_errors import IntegrityError, UsageError
from purview_core.suggest import nearest

ENDPOINTS = ("account", "tenant")
_INSTALLED = Path(__file__).parent.parent  # the folder that our packages stand in


class _Rule(NamedTuple):
    """What the value of a key has to be: its type, a pattern of its text, and both in words."""

    kind: type
    pattern: str
    words: str


_RULES = {
    "package": _Rule(str, r"(?a)[a-z]\w*", "a lower-case Python name"),
    "title": _Rule(str, r"(?a)[A-Za-z]\w*", "a Python name, which those of the clients begin with"),
    "summary": _Rule(str, r"[^\n]+", "one line of text"),
    "endpoint": _Rule(str, "|".join(ENDPOINTS), f"one of {', '.join(ENDPOINTS)}"),
    "roles": _Rule(list, r"\[.*\]", "a list of texts"),
    "version": _Rule(str, r"\w[\w.-]*", "an api-version in quotes"),
    "repository": _Rule(str, r"[\w.-]+/[\w.-]+", "owner/name"),
    "commit": _Rule(str, r"[0-9a-f]{40}", "a full commit hash"),
    "path": _Rule(str, r"(?!/|.*\.\.).+", "a path below the repository"),
    "default": _Rule(bool, "True|False", "true or false"),
    "draft": _Rule(bool, "True|False", "true or false"),
    "reason": _Rule(str, r"[^\n]*\w[^\n]*", "one line of text"),
}
_TOP = ("planes", "left_out")
_PLANE = ("package", "title", "summary", "endpoint", "roles", "documents")
_DOCUMENT = ("version", "repository", "commit", "path", "default", "draft")
_LEFT_OUT = ("repository", "path", "version", "reason")


def specs_folder() -> Path:
    """The folder of planes.toml and contracts: package data in a wheel, `specs/` in a checkout."""
    packaged = _INSTALLED / "purview_codegen" / "specs"
    return packaged if packaged.is_dir() else _INSTALLED.parent / "specs"


@attrs.frozen
class Document:
    """One upstream document: where it is, and which plane and api-version it is made into.

    `draft`: upstream does not list it among what is published.
    """

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

    @property
    def name(self) -> str:
        """plane@version: what options and markers call it, and the `doc` of a recording."""
        return f"{self.plane}@{self.version}"

    def __str__(self) -> str:
        return f"{self.plane} {self.version}"


@attrs.frozen
class PlaneEntry:
    """One plane: what its package and clients are called, and where it answers.

    `roles`: those that the vendor's documentation asks for; empty where it does not say.
    """

    name: str
    package: str
    title: str
    summary: str
    endpoint: str
    roles: tuple[str, ...]
    documents: tuple[Document, ...]

    @property
    def default(self) -> Document:
        """The document that the package of this plane is made from unless told otherwise."""
        return next(d for d in self.documents if d.default)


@attrs.frozen
class LeftOut:
    """Documents that no plane takes on purpose.

    `path` may hold `*`, which never covers a document that a plane takes; `version` "" stands for
    every api-version.
    """

    repository: str
    path: str
    version: str
    reason: str

    def fits(self, repository: str, path: str, version: str) -> bool:
        """Whether a document is one of those."""
        good = self.version in ("", version) and repository == self.repository
        return good and fnmatchcase(path, self.path.replace("[", "[[]"))


@attrs.frozen
class Manifest:
    """What planes.toml says: the planes by name, and the documents left out."""

    planes: tuple[PlaneEntry, ...]
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def load(cls, specs: Path) -> Manifest:
        """The manifest in a specs folder.

        Raises:
            UsageError: The folder has no planes.toml.
            IntegrityError: An entry cannot be read; the text names it.
        """
        data = _read(specs)
        planes = tuple(_plane(name, entry) for name, entry in sorted(data["planes"].items()))
        _check_unique(planes)
        documents = [d for p in planes for d in p.documents]
        return cls(planes, _left_out(data.get("left_out", []), documents))

    @property
    def documents(self) -> list[Document]:
        """Every document that a plane takes, in the order of the planes."""
        return [d for p in self.planes for d in p.documents]

    def plane(self, name: str) -> PlaneEntry:
        """The plane of a name; raises UsageError with what is near it for one that is unknown."""
        for plane in self.planes:
            if plane.name == name:
                return plane
        raise UsageError(f"unknown plane {name!r}; {nearest(name, (p.name for p in self.planes))}")

    def select(self, plane: str | None = None, version: str | None = "all") -> Sequence[Document]:
        """The documents of one plane or of all.

        Args:
            plane: The name of a plane, or None for all.
            version: An api-version, "all" for every one, or None for the default ones.

        Raises:
            UsageError: There is no such plane or version.
        """
        planes = [self.plane(plane)] if plane is not None else list(self.planes)
        known = [d for p in planes for d in p.documents]
        if version is None:
            return [d for d in known if d.default]
        found = [d for d in known if version in ("all", d.version)]
        if not found:
            where = f" of {plane}" if plane else ""
            near = nearest(version, sorted({d.version for d in known}))
            raise UsageError(f"unknown version {version!r}{where}; {near}")
        return found

    def named(self, name: str) -> Document:
        """The document of "plane" (its default one) or "plane@version"; raises UsageError."""
        plane, _, version = name.partition("@")
        return self.select(plane, version or None)[0]


def _read(specs: Path) -> dict[str, Any]:
    path = specs / "planes.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"no planes.toml in {specs}; name the folder with --specs") from None
    except ValueError as error:
        raise IntegrityError(f"planes.toml is not TOML: {error}") from None
    if not isinstance(data.get("planes"), dict) or not data["planes"]:
        raise IntegrityError(f"planes.toml in {specs} has no table [planes.NAME]")
    if odd := [key for key in data if key not in _TOP]:
        raise IntegrityError(f"planes.toml: unknown {odd[0]!r}; {nearest(odd[0], _TOP)}")
    return data


def _plane(name: str, entry: Mapping[str, Any]) -> PlaneEntry:
    try:
        _check_entry(name, {"package": name}, ("package",))
        _check_entry(name, entry, _PLANE)
        documents = tuple(_document(name, d) for d in entry["documents"])
        plane = PlaneEntry(
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


def _document(plane: str, entry: Mapping[str, Any]) -> Document:
    _check_entry(f"{plane} {entry['version']}", entry, _DOCUMENT)
    return Document(
        plane=plane,
        version=entry["version"],
        repository=entry["repository"],
        commit=entry["commit"],
        path=entry["path"],
        default=entry.get("default", False),
        draft=entry.get("draft", False),
    )


def _check_unique(planes: Iterable[PlaneEntry]) -> None:
    """Raises IntegrityError for two planes whose packages or clients would have one name."""
    for key in ("package", "title"):
        seen: dict[str, str] = {}
        for plane in planes:
            other = seen.setdefault(getattr(plane, key).casefold(), plane.name)
            if other != plane.name:
                raise IntegrityError(
                    f"planes.toml: {other} and {plane.name} have one {key}; "
                    "upper and lower case count as the same, since some file systems take them so"
                )


def _left_out(entries: Any, documents: Sequence[Document]) -> tuple[LeftOut, ...]:
    """The entries [[left_out]]; raises IntegrityError for one that cannot be read."""
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise IntegrityError(
            "planes.toml: left_out is no list of tables; begin each entry with [[left_out]]"
        )
    return tuple(_left_out_rule(n, entry, documents) for n, entry in enumerate(entries, 1))


def _left_out_rule(number: int, entry: Mapping[str, Any], documents: Sequence[Document]) -> LeftOut:
    name = f"left_out entry {number} ({entry.get('path', 'without path')})"
    _check_entry(name, entry, _LEFT_OUT)
    if lacking := [key for key in _LEFT_OUT if key not in entry and key != "version"]:
        raise IntegrityError(f"planes.toml: {name} has no {lacking[0]!r}")
    rule = LeftOut(entry["repository"], entry["path"], entry.get("version", ""), entry["reason"])
    for document in documents:
        same = document.path == rule.path  # a pattern with `*` leaves alone what is taken
        if same and rule.fits(document.repository, document.path, document.version):
            raise IntegrityError(
                f"planes.toml: {name} leaves out {document}, which is taken; drop one of the two"
            )
    return rule


def _check_entry(name: str, entry: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raises IntegrityError for a key that nothing reads, and for a value that breaks its rule."""
    for key, value in entry.items():
        if key not in known:
            near = nearest(key, sorted(known))
            raise IntegrityError(f"planes.toml: {name}: unknown {key!r}; {near}")
        rule = _RULES.get(key)
        if rule is not None and not _fits(rule, value):
            raise IntegrityError(f"planes.toml: {name}: {key} is {value!r}, not {rule.words}")


def _fits(rule: _Rule, value: Any) -> bool:
    if not isinstance(value, rule.kind) or re.fullmatch(rule.pattern, str(value)) is None:
        return False
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value not in keyword.kwlist[3:]  # the first three are False, None and True

"""Which files of a repository can be documents of a Purview data plane, and which folders should
emit one. Pure.

What counts names Purview, in any spelling of the rest, in one of its folders or in its title, or
lies beside documents that the manifest has. Resource management is out of scope, here and
everywhere: whatever lies in a folder `resource-manager`, and TypeSpec that emits there. Examples
are no documents.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from posixpath import dirname, normpath

import attrs

TOP = "specification"
_NAME = "purview"
_OUT = {"resource-manager", "examples"}
_TITLE = re.compile(rb"\"title\"\s*:\s*\"[^\"]*purview", re.IGNORECASE)
_PROJECT = ("main.tsp", "tspconfig.yaml")
# YAML files that every folder of a service may have
_SETTINGS = {
    "tspconfig",
    "suppressions",
    "cspell",
    "service",
}
_PLACE = re.compile(
    r"(?P<root>.+)/(?P<folder>[^/]+)/(?P<state>preview|stable)/(?P<version>\d{4}-\d\d-\d\d(-preview)?)/(?P<file>[^/]+)\.json"
)


@attrs.frozen
class Place:
    """A document at `<root>/<folder>/<preview or stable>/<api-version>/<file>`. Two folders are one
    where their last dotted part is the same but for case: `Azure.Analytics.Purview.Scanning` and
    `scanning`.
    """

    path: str
    folder: str
    version: str
    file: str

    @classmethod
    def of(cls, path: str) -> Place | None:
        """The place that a path names; None for one that holds no such document."""
        match = _PLACE.fullmatch(path)
        if match is None:
            return None
        return cls(path, last(match["folder"]), match["version"], match["file"].lower())


def last(folder: str) -> str:
    """The last dotted part of a folder's name."""
    return folder.rpartition(".")[2].lower()


def names_purview(text: str) -> bool:
    """Whether a text has the name of the service in it, in any case."""
    return _NAME in text.lower()


def titled(content: bytes) -> bool:
    """Whether a file names Purview in a title, be it the document's or a schema's."""
    return bool(_TITLE.search(content))


def kept(path: str) -> bool:
    """Whether a listing keeps a file: documents, readme files, and what tells of TypeSpec."""
    name = path.rpartition("/")[2].lower()
    return name.endswith((".json", ".yaml", ".yml")) or name in ("readme.md", "main.tsp")


def documents(
    files: Iterable[str], roots: Collection[str], titles: Collection[str] = ()
) -> list[str]:
    """The paths that may be documents, sorted. `roots`: the folders of known ones.

    `titles`: paths whose title names Purview.
    """
    tops = tuple(roots)
    return sorted(
        path
        for path in files
        if _may_be(path)
        and (names_purview(dirname(path)) or path in titles or (tops and path.startswith(tops)))
    )


def _may_be(path: str) -> bool:
    name, _, kind = path.lower().rpartition("/")[2].rpartition(".")
    is_one = kind == "json" or (kind in ("yaml", "yml") and name not in _SETTINGS)
    return is_one and not _OUT & {part.lower() for part in path.split("/")}


def projects(files: Iterable[str], roots: Collection[str]) -> dict[str, str]:
    """Folder of a TypeSpec project -> the file that tells of it, its settings rather than its
    text.
    """
    tops = tuple(roots)
    found: dict[str, str] = {}
    for path in sorted(files):
        folder, _, name = path.rpartition("/")
        near = names_purview(folder) or (tops and path.startswith(tops))
        if name in _PROJECT and near and not _OUT & {part.lower() for part in path.split("/")}:
            found[folder] = path
    return found


def emits(folder: str, settings: str, files: Iterable[str]) -> bool | None:
    """Whether the document that a TypeSpec project emits is there; None where it emits none, or
    one of resource management.
    """
    if re.search(r"resource-manager", settings) or (
        settings and not re.search(r"typespec-(autorest|openapi)|/openapi3", settings)
    ):
        return None
    if output := _member(settings, "output-file"):
        base = (_member(settings, "emitter-output-dir") or "{project-root}").replace(
            "{project-root}", folder
        )
        home = _member(settings, "azure-resource-provider-folder") or "data-plane"
        text = normpath(f"{base}/{output.replace('{azure-resource-provider-folder}', home)}")
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]*\})", text)
        )
        if any(re.fullmatch(pattern, path) for path in files):
            return True
    top = "/".join(folder.split("/")[:2])
    places = [p for path in files if path.startswith(f"{top}/") and (p := Place.of(path))]
    return any(
        p.folder == last(folder.rpartition("/")[2]) or p.path.startswith(f"{folder}/")
        for p in places
    )


def _member(settings: str, key: str) -> str:
    match = re.search(rf"(?m)^\s*[\"']?{key}[\"']?\s*:\s*[\"']?([^\"'\n]+?)[\"']?\s*$", settings)
    return match[1] if match else ""

"""The tags of AutoRest readme files: which documents upstream says are published. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, normpath

import attrs

_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*(\w*)")
_INPUT = re.compile(r"(\s*)input-file\s*:\s*(?P<rest>.*)")
_ITEM = re.compile(r"(\s*)-\s*(?P<rest>\S.*)")
_FULL = re.compile(r"https?://.*?/(?=specification/)")
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview)?")


def is_readme(path: str) -> bool:
    """Whether a path is that of a readme file."""
    return path.rpartition("/")[2].lower() == "readme.md"


def beside(path: str, files: Iterable[str]) -> list[str]:
    """The readme files in the folders on the way to a document, below the first two."""
    above = {dirname(path)}
    while dirname(min(above, key=len)).count("/") >= 1:
        above.add(dirname(min(above, key=len)))
    return sorted(f for f in files if is_readme(f) and dirname(f) in above)


def inputs(text: str, path: str) -> frozenset[str]:
    """The documents that the tags of a readme take, as paths from the top of the repository."""
    found = (_FULL.sub("/", name.replace("\\", "/")) for name in _inputs(text))
    places = (name.replace("$(this-folder)/", "") for name in found)
    return frozenset(
        normpath(p.lstrip("/") if p.startswith("/") else f"{dirname(path)}/{p}") for p in places
    )


@attrs.frozen
class Published:
    """What the readme files beside a document say: their paths, and the documents that they list.

    None of both: they say nothing.
    """

    readmes: tuple[str, ...]
    listed: frozenset[str]

    def lists(self, path: str) -> bool:
        """Whether the document is listed, if under another spelling of its folder."""
        version = _VERSION.search(path)
        same = {version and version[0], path.rpartition("/")[2].lower()}
        return path in self.listed or any(
            same == {(v := _VERSION.search(p)) and v[0], p.rpartition("/")[2].lower()}
            for p in self.listed
        )


def published(path: str, readmes: Mapping[str, frozenset[str]]) -> Published:
    """`readmes`: the path of each readme file, and what it lists."""
    near = [p for p in beside(path, readmes) if readmes[p]]
    return Published(tuple(near), frozenset().union(*(readmes[p] for p in near)))


def _inputs(text: str) -> Iterator[str]:
    fence, deep = "", -1  # deep: how far an input-file stands in, whose list goes on
    for line in text.splitlines():
        if match := _FENCE.match(line):
            fence, deep = ("" if fence else match[2].lower() or "text"), -1
        elif fence in ("yaml", "yml"):
            if match := _INPUT.fullmatch(line):
                deep = len(match[1])
                yield from _names(match["rest"])
            elif deep >= 0 and (match := _ITEM.fullmatch(line)) and len(match[1]) >= deep:
                yield from _names(match["rest"])
            elif line.strip() and not line.lstrip().startswith("#"):
                deep = -1


def _names(text: str) -> list[str]:
    bare = re.sub(r"(^|\s)#.*", "", text).strip().strip("[]")
    return [name for part in bare.split(",") if (name := part.strip().strip("\"'"))]

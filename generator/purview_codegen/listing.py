"""Which files a repository has at a commit: from a mirror folder, from GitHub's REST interface, or as it was listed before."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from .errors import IntegrityError, UnreachableError, UsageError
from .fetch import Cache

API_URL = "https://api.github.com"
_FULL = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")
_SHORT = 7  # characters of a hash that are enough, as git has it

Get = Callable[[str], Any]  # path and query below the interface's address -> JSON


@attrs.frozen
class Listing:
    """The JSON files of a repository at a commit: path -> git's blob id, "" where it is not known. `whole` is False for a
    mirror, where a file that is not there says nothing."""

    repository: str
    commit: str
    files: Mapping[str, str]
    whole: bool


def blob_id(content: bytes) -> str:
    """What git calls these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def from_mirror(folder: Path, repository: str, ref: str) -> Listing:
    """The folder of a commit in a mirror; a hash may be cut short, a branch is not known there."""
    home = folder / repository
    there = sorted(p.name for p in home.glob("*") if p.is_dir() and _FULL.fullmatch(p.name))
    found = [name for name in there if name.startswith(ref)] if len(ref) >= _SHORT else []
    if len(found) != 1:
        known = f"it has {', '.join(name[:10] for name in there)}" if there else f"it has nothing of {repository}"
        raise UnreachableError(f"the mirror {folder} lacks commit {ref} of {repository}; {known}")
    top = home / found[0]
    files = {p.relative_to(top).as_posix(): "" for p in sorted(top.rglob("*.json"))}
    return Listing(repository, found[0], files, whole=False)


def from_github(get: Get, repository: str, ref: str, roots: Iterable[str]) -> Listing:
    """The files below `roots` (folders of two names, such as a/b) and below folders beside them that begin alike."""
    if not _REF.fullmatch(ref):
        raise UsageError(f"not the name of a commit or branch: {ref!r}")
    commit: str = _member(get(f"/repos/{repository}/commits/{ref}"), "sha", f"commit {ref}")
    files: dict[str, str] = {}
    tops: dict[str, list[str]] = {}
    for root in sorted(roots):
        top, _, name = root.partition("/")
        tops.setdefault(top, []).append(name)
    known = {entry["path"]: entry for entry in _tree(get, repository, commit)}
    for top, names in tops.items():
        if top not in known:
            continue
        for entry in _tree(get, repository, known[top]["sha"]):
            if entry["type"] == "tree" and any(entry["path"].startswith(name) for name in names):
                for inner in _tree(get, repository, entry["sha"], "?recursive=1"):
                    path = f"{top}/{entry['path']}/{inner['path']}"
                    if inner["type"] == "blob" and path.endswith(".json"):
                        files[path] = inner["sha"]
    return Listing(repository, commit, files, whole=True)


def _tree(get: Get, repository: str, sha: str, query: str = "") -> list[dict[str, str]]:
    answer = get(f"/repos/{repository}/git/trees/{sha}{query}")
    entries: list[dict[str, str]] = _member(answer, "tree", f"tree {sha}")
    if answer.get("truncated"):
        raise IntegrityError(f"the listing of tree {sha} of {repository} was cut short; use --mirror")
    return entries


def _member(answer: Any, key: str, what: str) -> Any:
    if not isinstance(answer, dict) or key not in answer:
        raise IntegrityError(f"the listing of {what} is not laid out as GitHub's: no {key!r}; check --api-url")
    return answer[key]


def keep(cache: Cache, listing: Listing) -> None:
    """Remembers a listing, so that the same commit can be looked at without network."""
    cache.write(_place(listing.repository, listing.commit), json.dumps(attrs.asdict(listing)).encode())


def from_cache(cache: Cache, repository: str, ref: str) -> Listing:
    """A listing that was kept; without network a branch cannot be found out."""
    if not _FULL.fullmatch(ref):
        raise UnreachableError(f"what {ref} is cannot be found out without network; give the full hash of a commit")
    path = cache.path(_place(repository, ref))
    if not path.is_file():
        raise UnreachableError(f"commit {ref} of {repository} was never listed; run update without --offline")
    return Listing(**json.loads(path.read_bytes()))


def _place(repository: str, commit: str) -> str:
    return f"{repository}/{commit}/.listing.json"

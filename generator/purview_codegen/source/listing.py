"""Which files a repository has at a commit: from a mirror folder, from GitHub's REST interface,
or as it was listed before.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from purview_codegen.errors import IntegrityError, UnreachableError, UsageError

from . import scope
from .fetch import Cache

API_URL = "https://api.github.com"
KINDS = "json, yaml, tsp, readme"
_FULL = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")
_SHORT = 7  # characters of a hash that are enough, as git has it

Get = Callable[[str], Any]  # path and query below the interface's address -> JSON


@attrs.frozen
class Listing:
    """The files of a repository at a commit, of the kinds that tell of documents: path -> git's
    blob id. `whole` is False for a mirror, where a file that is not there says nothing; else all is
    there that lies below `roots`. `titled`: files whose title names Purview, where the files were
    looked into. `kinds`: "json" alone in listings kept by earlier versions.
    """

    repository: str
    commit: str
    files: Mapping[str, str]
    whole: bool
    roots: tuple[str, ...] = ()
    titled: tuple[str, ...] = ()
    kinds: str = "json"

    def __attrs_post_init__(self) -> None:
        """Raises ValueError for what may not become part of a path in the cache, and for blob
        ids that are none.
        """
        odd = [
            p
            for p in self.files
            if set(p.split("/")) & {"", ".", ".."} or {"\\", '"'} & {*p} or not p.isprintable()
        ]
        odd += [p for p in self.titled if p not in self.files]
        odd += [b for b in (self.commit, *self.files.values()) if not _FULL.fullmatch(str(b))]
        if odd:
            raise ValueError(f"odd path or hash {odd[0]!r}")


def blob_id(content: bytes) -> str:
    """What git calls these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def from_mirror(folder: Path, repository: str, ref: str) -> Listing:
    """The folder of a commit in a mirror; a hash may be cut short, a branch is not known there."""
    home = folder / repository
    there = sorted(p.name for p in home.glob("*") if p.is_dir() and _FULL.fullmatch(p.name))
    found = [name for name in there if name.startswith(ref.lower())] if len(ref) >= _SHORT else []
    if len(found) != 1:
        known = (
            f"it has {', '.join(name[:10] for name in there)}"
            if there
            else f"it has nothing of {repository}"
        )
        raise UnreachableError(f"the mirror {folder} lacks commit {ref} of {repository}; {known}")
    top = home / found[0]
    paths = ((p, p.relative_to(top).as_posix()) for p in sorted(top.rglob("*")))
    files, titled = {}, []
    for path, name in paths:
        if scope.kept(name) and path.is_file():
            content = path.read_bytes()
            files[name] = blob_id(content)
            titled += [name] if scope.titled(content) else []
    try:
        return Listing(repository, found[0], files, whole=False, titled=tuple(titled), kinds=KINDS)
    except ValueError as error:
        raise IntegrityError(f"the mirror {top} has an {error}; rename or remove it") from None


def commits(folder: Path) -> list[tuple[str, str]]:
    """(repository, commit) of every commit that a mirror holds, of all of its repositories."""
    found = sorted(p for p in folder.glob("*/*/*") if p.is_dir() and _FULL.fullmatch(p.name))
    if not found:
        raise UnreachableError(f"the mirror {folder} holds no folder owner/repository/commit")
    return [(p.parent.relative_to(folder).as_posix(), p.name) for p in found]


def from_github(get: Get, repository: str, ref: str, roots: Collection[str]) -> Listing:
    """The files below `roots` (folders of two names, such as a/b), below folders beside them that
    begin alike, below all folders of specification/ that name Purview, and those that lie higher up
    on the way.
    """
    if not _REF.fullmatch(ref):
        raise UsageError(f"not the name of a commit or branch: {ref!r}")
    commit: str = _typed(get(f"/repos/{repository}/commits/{ref}"), {"sha": str}, f"commit {ref}")[
        "sha"
    ]
    if _FULL.fullmatch(ref.lower()) and commit != ref.lower():
        raise IntegrityError(
            f"asked for commit {ref} of {repository}, {commit} was answered; check --api-url"
        )
    files: dict[str, str] = {}

    def folders(sha: str, above: str, query: str = "") -> list[dict[str, str]]:
        entries = _tree(get, repository, sha, query)
        blobs = [e for e in entries if e["type"] == "blob" and scope.kept(e["path"])]
        files.update({above + e["path"]: e["sha"] for e in blobs})
        return [e for e in entries if e["type"] == "tree"]

    for top in folders(commit, ""):
        names = tuple(
            root.partition("/")[2] for root in roots if root.startswith(f"{top['path']}/")
        )
        all_of_it = top["path"] == scope.TOP
        for folder in folders(top["sha"], f"{top['path']}/") if names or all_of_it else ():
            if folder["path"].startswith(names) or (
                all_of_it and scope.names_purview(folder["path"])
            ):
                folders(folder["sha"], f"{top['path']}/{folder['path']}/", "?recursive=1")
    try:
        return Listing(
            repository, commit, files, whole=True, roots=tuple(sorted(roots)), kinds=KINDS
        )
    except ValueError as error:
        raise IntegrityError(
            f"the listing of commit {ref} of {repository} has an {error}; check --api-url"
        ) from None


def _tree(get: Get, repository: str, sha: str, query: str = "") -> list[dict[str, str]]:
    answer = _typed(
        get(f"/repos/{repository}/git/trees/{sha}{query}"), {"tree": list}, f"tree {sha}"
    )
    if answer.get("truncated"):
        raise IntegrityError(
            f"the listing of tree {sha} of {repository} was cut short; use --mirror"
        )
    return [
        _typed(entry, {"path": str, "type": str, "sha": str}, f"tree {sha}")
        for entry in answer["tree"]
    ]


def _typed(answer: Any, members: Mapping[str, type], what: str) -> dict[str, Any]:
    """An object that has these members; raises IntegrityError for anything else."""
    there = answer if isinstance(answer, dict) else {}
    if lacking := [name for name, kind in members.items() if not isinstance(there.get(name), kind)]:
        raise IntegrityError(
            f"the listing of {what} is not laid out as GitHub's: no {lacking[0]!r}; check --api-url"
        )
    return there


def keep(cache: Cache, listing: Listing) -> None:
    """Remembers a listing, so that the same commit can be looked at without network."""
    cache.write(
        _place(listing.repository, listing.commit), json.dumps(attrs.asdict(listing)).encode()
    )


def from_cache(cache: Cache, repository: str, ref: str, roots: Iterable[str]) -> Listing:
    """A listing that was kept; without network a branch cannot be found out."""
    if not _FULL.fullmatch(ref):
        raise UnreachableError(
            f"what {ref} is cannot be found out without network; give the full hash of a commit"
        )
    path = cache.path(_place(repository, ref))
    if not path.is_file():
        raise UnreachableError(
            f"commit {ref} of {repository} was never listed; run update without --offline"
        )
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        lists: dict[str, Any] = {
            key: tuple(data[key]) for key in ("roots", "titled") if key in data
        }
        found = Listing(**(data | lists))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise IntegrityError(
            f"{path} is no listing: {error}; delete it and run update without --offline"
        ) from None
    if (found.repository, found.commit) != (repository, ref):
        raise IntegrityError(
            f"{path} is another commit's listing; delete it and run update without --offline"
        )
    if found.whole and (never := sorted({*roots} - {*found.roots})):
        raise UnreachableError(
            f"{never[0]} of commit {ref} was never listed; run update without --offline"
        )
    return found


def _place(repository: str, commit: str) -> str:
    return f"{repository}/{commit}/.listing.json"

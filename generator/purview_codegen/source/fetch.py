"""Brings documents into the cache: from a mirror folder or over HTTP, whole or not at all.

| found                                    | then                                                  |
|------------------------------------------|-------------------------------------------------------|
| the locked bytes, in the cache           | nothing is fetched                                    |
| the locked bytes, at the source          | kept                                                  |
| other bytes, provenance exact            | IntegrityError with both hashes; nothing kept         |
| other bytes, provenance rebuilt          | kept under the hash they have, and reported as a      |
|                                          | change to review                                      |
| a part of an earlier try                 | continued by a Range request, or begun again where    |
|                                          | that is not served                                    |
| nothing, at an address                   | UnreachableError                                      |
| nothing, in a mirror that has the commit | "not in mirror, kept"                                 |
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from posixpath import dirname, normpath
from typing import Any

import attrs
import httpx

from purview_codegen.errors import CommandError, IntegrityError, UnreachableError, UsageError
from purview_core.manifest import Document

from .inspect import DocumentFacts, inspect
from .lock import Entry, Lock

BASE_URL = "https://raw.githubusercontent.com"
_TIMEOUT_S = httpx.Timeout(30.0, connect=10.0)
WORKERS = 4

# (owner/repo/commit/path, place for a part) -> bytes, None where a mirror has no such file
Source = Callable[[str, Path], bytes | None]


class _AbsentError(UnreachableError):
    """The host answers, and has no such file."""


@attrs.frozen
class Fetched:
    """What came of one document: its facts where it is there, a note worth a line, or the error
    that stopped it.
    """

    document: Document
    facts: DocumentFacts | None = None
    note: str = ""
    error: CommandError | None = None
    examples: int = 0
    missing_examples: int = 0


def mirror(folder: Path) -> Source:
    """A source laid out as owner/repo/commit/path on disk."""

    def read(location: str, _part: Path) -> bytes | None:
        owner, repository, commit, _ = location.split("/", 3)
        if not (folder / owner / repository / commit).is_dir():
            there = sorted(
                p.name[:10] for p in (folder / owner / repository).glob("*") if p.is_dir()
            )
            known = (
                f"it has {', '.join(there)}" if there else f"it has nothing of {owner}/{repository}"
            )
            raise UnreachableError(
                f"the mirror {folder} lacks commit {commit} of {owner}/{repository}; {known}"
            )
        path = folder / location
        return path.read_bytes() if path.is_file() else None

    return read


def _checked(option: str, address: str) -> None:
    """Raises UsageError for an address that is not https; plain http is taken for loopback
    alone.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise UsageError(f"{option} {address} is no address: {error}") from None
    if not url.host or (
        url.scheme != "https"
        and not (url.scheme == "http" and url.host in ("127.0.0.1", "localhost", "::1"))
    ):
        raise UsageError(f"{option} {address} is not https; plain http is for loopback alone")


def get_json(api_url: str, stack: ExitStack) -> Callable[[str], Any]:
    """Reads JSON from a REST interface: path and query -> value; raises UnreachableError for
    anything but 200.
    """
    _checked("--api-url", api_url)
    client = stack.enter_context(httpx.Client(follow_redirects=False, timeout=_TIMEOUT_S))

    def get(path: str) -> Any:
        address = f"{api_url.rstrip('/')}{path}"
        try:
            answer = client.get(address, headers={"Accept": "application/vnd.github+json"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise UnreachableError(
                f"cannot reach {address}: {why}; use --mirror or --offline"
            ) from None
        if answer.status_code in (404, 422):
            raise UnreachableError(
                f"{address} is not there ({answer.status_code}); check the commit or branch of --to"
            )
        if answer.status_code != 200:
            raise _refused(address, answer)
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise IntegrityError(f"{address} is not JSON: {error}; check --api-url") from None

    return get


def _refused(address: str, answer: httpx.Response) -> UnreachableError:
    """What an answer without the file says: that it is elsewhere, that too much was asked for,
    or nothing more.
    """
    status, headers = answer.status_code, answer.headers
    if answer.is_redirect:
        there = f"answered {status}: it is at {headers.get('Location', 'no address')!r} now"
        return UnreachableError(f"{address} {there}; correct the address or planes.toml")
    wait, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if (
        status in (403, 429)
        and headers.get("X-RateLimit-Remaining") == "0"
        and reset.isdecimal()
        and len(reset) < 12
    ):
        until = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(int(reset) + 1))
        return UnreachableError(
            f"{address} answered {status}: too many requests; try again after {until}, or "
            f"use --mirror"
        )
    again = f" in {wait} s" if wait.isdecimal() else ""
    return UnreachableError(f"{address} answered {status}; try again{again}, or use --mirror")


def remote(base_url: str, client: httpx.Client) -> Source:
    """A source over HTTP; plain http is taken for loopback alone."""
    _checked("--base-url", base_url)

    def read(location: str, part: Path) -> bytes:
        address = f"{base_url.rstrip('/')}/{location}"
        try:
            return _download(client, address, part)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise UnreachableError(
                f"cannot reach {address}: {why}; use --mirror or --offline"
            ) from None

    return read


def _download(client: httpx.Client, address: str, part: Path) -> bytes:
    """The file at an address, continuing `part` where the server serves ranges.

    `part` stays where the connection breaks.
    """
    have = part.stat().st_size if part.exists() else 0
    # a range of compressed bytes would not fit what the part holds
    headers = {"Accept-Encoding": "identity"}
    headers |= {"Range": f"bytes={have}-"} if have else {}
    with client.stream("GET", address, headers=headers, timeout=_TIMEOUT_S) as response:
        status, span = response.status_code, response.headers.get("Content-Range", "")
        if have and (status == 416 or (status == 206 and not span.startswith(f"bytes {have}-"))):
            part.unlink()  # it does not fit the file that is there now: begin again
            return _download(client, address, part)
        if status == 404:
            raise _AbsentError(
                f"{address} is not there (404); check commit and path in planes.toml"
            )
        if status != 200 and not (have and status == 206):
            raise _refused(address, response)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if status == 206 else "wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
    content = part.read_bytes()
    part.unlink()
    return content


@attrs.frozen
class Cache:
    """Documents by place, each beside no other version:
    `<folder>/<owner>/<repo>/<commit>/<path>`.
    """

    folder: Path

    def path(self, location: str) -> Path:
        """Where a document lies in the cache."""
        return self.folder / location

    def read(self, document: Document) -> bytes:
        """The cached bytes of a document; raises UnreachableError where they were never fetched."""
        try:
            return self.path(document.location).read_bytes()
        except FileNotFoundError:
            raise UnreachableError(
                f"{document} is not cached in {self.folder}; run fetch"
            ) from None

    def write(self, location: str, content: bytes) -> None:
        """Puts a document there, whole or not at all."""
        path = self.path(location)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_name(f"{path.name}.{os.getpid()}.whole")
        whole.write_bytes(content)
        os.replace(whole, path)


def fetch(
    documents: Sequence[Document],
    lock: Lock,
    cache: Cache,
    source: Source | None,
    *,
    examples: bool = False,
    relock: bool = False,
) -> list[Fetched]:
    """Fetches documents in parallel; one that fails does not stop the others.

    `source` None is offline: the cache alone.
    """

    def one(document: Document) -> Fetched:
        try:
            return _one(document, lock.entries.get(str(document)), cache, source, examples, relock)
        except CommandError as error:
            return Fetched(document, error=error)
        except OSError as error:
            why = (
                f"cannot keep {document}: {error.strerror}: {error.filename}; choose a folder "
                f"with --cache"
            )
            return Fetched(document, error=UsageError(why))

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, documents))


def _one(
    document: Document,
    entry: Entry | None,
    cache: Cache,
    source: Source | None,
    examples: bool,
    relock: bool,
) -> Fetched:
    content, note = _content(document, entry, cache, source, relock), ""
    if content is None and entry is None:
        raise UnreachableError(
            f"{document} is not in the mirror, and no lock has it: {document.location}"
        )
    if content is None:
        return Fetched(document, note=f"{document}: not in mirror, kept")
    facts = inspect(content, str(document))
    if entry is not None and facts.sha256 != entry.sha256 and not relock:
        if entry.provenance != "rebuilt":
            found_not = f"expected sha256 {entry.sha256}, found {facts.sha256}; nothing kept"
            raise IntegrityError(
                f"{document} is not what upstream.lock names: {found_not}; if meant, --update-lock"
            )
        note = (
            f"{document}: a change to review: rebuilt copy {entry.sha256[:12]}, upstream "
            f"{facts.sha256[:12]}"
        )
    if source is not None:
        cache.write(document.location, content)
    found = missing = 0
    for location in _example_locations(document, facts) if examples else ():
        there = _example(location, cache, source)
        found, missing = found + there, missing + (not there)
    return Fetched(document, facts, note, None, found, missing)


def _content(
    document: Document, entry: Entry | None, cache: Cache, source: Source | None, relock: bool
) -> bytes | None:
    """The cached bytes where they are the locked ones, else those of the source."""
    cached = cache.path(document.location)
    if cached.is_file():
        content = cached.read_bytes()
        locked = (
            entry is not None and not relock and hashlib.sha256(content).hexdigest() == entry.sha256
        )
        if source is None or locked:
            return content
    if source is None:
        raise UnreachableError(
            f"{document} is not cached in {cache.folder}; run fetch without --offline"
        )
    return source(document.location, cached.with_name(cached.name + ".part"))


def _example_locations(document: Document, facts: DocumentFacts) -> Iterator[str]:
    for reference in facts.examples:
        path = normpath(f"{dirname(document.path)}/{reference}")
        if not path.startswith(("..", "/")):  # a reference may not leave the repository
            yield f"{document.repository}/{document.commit}/{path}"


def _example(location: str, cache: Cache, source: Source | None) -> bool:
    path = cache.path(location)
    if path.is_file():
        return True
    try:
        content = source(location, path.with_name(path.name + ".part")) if source else None
    except _AbsentError:
        return False
    if content is not None:
        cache.write(location, content)
    return content is not None

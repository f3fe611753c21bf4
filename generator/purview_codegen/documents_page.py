"""`docs/documents.md`: the table of the documents, written from planes.toml and upstream.lock
wherever a checkout has that page.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from purview_core.manifest import Document, Manifest

from .errors import GateError
from .package import write
from .source.lock import Lock
from .source.manifest import load_manifest

PAGE = "docs/documents.md"
_HEAD = """# Documents

The upstream documents that the planes are made from, and those that are left out. The generator
writes this page from `specs/planes.toml` and `specs/upstream.lock`; edit those. Paths are below
{repository} at the commit, unless they begin with another repository. A draft is not listed as
published by upstream's readme files, and is never proposed as a default.

| plane | api-version | default | operations | commit | path |
|---|---|---|---|---|---|
"""
_LEFT_OUT = """
## Left out

| path | api-version | why |
|---|---|---|
"""


def text(manifest: Manifest, lock: Lock) -> str:
    """The page. Raises IntegrityError for a document that the lock does not know."""
    main = Counter(d.repository for d in manifest.documents).most_common(1)[0][0]

    def row(d: Document) -> str:
        mark = "yes" if d.default else "draft" if d.draft else ""
        return _row(
            d.plane,
            d.version,
            mark,
            str(_operations(lock, d)),
            d.commit[:10],
            _path(d.repository, d.path, main),
        )

    rows = "".join(row(d) for d in manifest.documents)
    default = [d for d in manifest.documents if d.default]
    out = (
        f"{_HEAD.format(repository=main)}{rows}\n{_sum(lock, manifest.documents)}; by default "
        f"{_sum(lock, default)}.\n"
    )
    if manifest.left_out:
        left = (
            _row(_path(r.repository, r.path, main), r.version or "all", r.reason)
            for r in manifest.left_out
        )
        out += _LEFT_OUT + "".join(left)
    return out


def refresh(specs: Path, place: Path) -> None:
    """Writes the page at `place` below the folder that holds specs, where the page is there
    already.
    """
    if (place / PAGE).is_file():
        write.replace(place / PAGE, text(load_manifest(specs), Lock.load(specs)))


def check(specs: Path) -> None:
    """Raises GateError where the page beside the specs is not what they give."""
    page = specs.resolve().parent / PAGE
    if page.is_file() and (now := text(load_manifest(specs), Lock.load(specs))) != page.read_text(
        encoding="utf-8"
    ):
        odd = next(
            (
                line
                for line in now.splitlines()
                if line not in page.read_text(encoding="utf-8").splitlines()
            ),
            "",
        )
        raise GateError(
            f"{PAGE} is behind: it lacks {odd or 'lines in their order'}; run fetch --update-lock"
        )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _path(repository: str, path: str, main: str) -> str:
    return f"`{path}`" if repository == main else f"`{repository}/{path}`"


def _operations(lock: Lock, document: Document) -> int:
    return lock.entry(document).operations


def _sum(lock: Lock, documents: list[Document]) -> str:
    return f"{len(documents)} documents, {sum(_operations(lock, d) for d in documents)} operations"

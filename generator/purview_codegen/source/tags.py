"""What the AutoRest readme files beside the documents of a plane list, against what the manifest
takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from purview_core.manifest import Document, PlaneEntry

from .autorest_readme import Published, inputs, published
from .autorest_readme import beside as readmes_beside
from .discover import Found
from .listing import KINDS
from .upstream_files import Files


def tags(
    planes: Sequence[PlaneEntry], found: Sequence[Found], files: Files
) -> tuple[dict[str, frozenset[str]], list[str]]:
    """(plane -> the api-versions that the readme files beside its documents list, what they say
    against its default).
    """
    near = sorted({p for f in found for p in readmes_beside(f.document.path, files.listing.files)})
    files.bring(near)
    texts = {path: inputs(files.text(path), path) for path in near}
    listed: dict[str, frozenset[str]] = {}
    warnings = [_EARLIER] if files.listing.kinds != KINDS else []
    for plane in planes:
        said = {
            f.document: published(f.document.path, texts)
            for f in found
            if f.document.plane == plane.name
        }
        if any(p.readmes for p in said.values()):
            listed[plane.name] = frozenset(d.version for d, p in said.items() if p.lists(d.path))
        warnings += [
            _unlisted(d, p, listed[plane.name])
            for d, p in said.items()
            if d.default and _not_listed(d, p)
        ]
    return listed, warnings


_EARLIER = (
    "The listing kept of this commit is an earlier version's: it has no readme files, no "
    "TypeSpec and no folders besides those "
    "of known documents; run once without --offline."
)


def _not_listed(document: Document, said: Published) -> bool:
    return bool(said.readmes) and not said.lists(document.path)


def _unlisted(document: Document, said: Published, versions: frozenset[str]) -> str:
    there = f"it lists {', '.join(sorted(versions))}" if versions else "nor any other of this plane"
    return (
        f"{document.plane} takes {document.version} by default, which is under no tag of "
        f"{' or '.join(said.readmes)}; {there}."
    )

"""The lines of planes.toml that take documents which no plane takes, or leave them out. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

import attrs

from purview_core.manifest import Document, Manifest

from .discover import newest
from .likeness import Traits, likeness
from .pins import document_table

_HOST = (
    "purview-service.microsoft.com"  # where the planes answer whose address has no account in it
)


@attrs.frozen
class Candidate:
    """A document that no plane takes. `plane`: the one whose api-version it is, or "" for a plane
    that is new; `twin`: that one has another document of this api-version. `listed`: a readme file
    beside it has a tag for it.
    """

    repository: str
    commit: str
    path: str
    traits: Traits | None
    plane: str = ""
    twin: bool = False
    listed: bool = False


def lines(
    manifest: Manifest, found: Iterable[Candidate], known: Callable[[Document], Traits | None]
) -> str:
    """The tables for all that can be taken: documents of known planes, then new planes with theirs.
    Of several states of one api-version, the one with the most operations.
    """
    good = [c for c in found if c.traits and not c.twin]
    taken = {p.name for p in manifest.planes}
    out = [
        document_table(_document(c, c.plane))
        for plane in sorted({c.plane for c in good if c.plane})
        for c in _best([c for c in good if c.plane == plane])
    ]
    for name, group in sorted(_groups([c for c in good if not c.plane], taken).items()):
        best = _best(group)
        versions = [c.traits.version for c in best if c.traits and c.listed] or [
            c.traits.version for c in best if c.traits
        ]
        default = newest(versions)
        out.append(_plane(name, best[-1], manifest, known))
        out += [
            document_table(attrs.evolve(d, default=d.version == default))
            for d in (_document(c, name) for c in best)
        ]
    return "\n\n".join(out) + "\n" if out else ""


def left_out_lines(found: Iterable[Candidate]) -> str:
    """The entries that leave documents out, one a path; the reason is for a person to say."""
    entries = {}
    for c in found:
        version = [f'version = "{c.traits.version}"'] if c.traits else []
        where = [f"repository = {_quoted(c.repository)}", f"path = {_quoted(c.path)}"]
        entries[c.path] = "\n".join(["[[left_out]]", *where, *version, 'reason = "Say why."'])
    return "\n\n".join(entries.values()) + "\n" if entries else ""


def _document(c: Candidate, plane: str) -> Document:
    return Document(plane, c.traits.version if c.traits else "", c.repository, c.commit, c.path)


def _best(found: list[Candidate]) -> list[Candidate]:
    """One of each api-version, in their order."""
    out: dict[str, Candidate] = {}
    for c in sorted(
        found, key=lambda c: (len(c.traits.operations) if c.traits else 0, c.path, c.commit)
    ):
        out[c.traits.version if c.traits else ""] = c
    return [out[version] for version in sorted(out)]


def _groups(found: list[Candidate], taken: set[str]) -> dict[str, list[Candidate]]:
    """New planes: documents of one folder, or that have operations in common, are one plane's,
    under the name of its folder.
    """
    out: dict[str, list[Candidate]] = {}
    for c in sorted(
        found, key=lambda c: (-len(c.traits.operations) if c.traits else 0, c.path, c.commit)
    ):
        alike = (name for name, group in out.items() if any(_alike(c, other) for other in group))
        name = next(alike, None) or _free(_snake(_called(c.path)), taken | out.keys())
        out.setdefault(name, []).append(c)
    return out


def _alike(one: Candidate, other: Candidate) -> bool:
    match = [re.match(r"(.+)/(?:preview|stable)/", c.path) for c in (one, other)]
    beside = bool(match[0] and match[1] and match[0][1] == match[1][1])
    return beside or bool(one.traits and other.traits and likeness(one.traits, other.traits) > 0)


def _free(name: str, taken: Iterable[str]) -> str:
    names = [name, *(f"{name}_{n}" for n in range(2, 1000))]
    return next(n for n in names if n not in taken)


def _called(path: str) -> str:
    """What a plane is called after: the folder above preview or stable, else the file."""
    match = re.search(r"([^/]+)/(?:preview|stable)/[^/]+/[^/]+$", path)
    name = (match[1] if match else path.rpartition("/")[2].rpartition(".")[0]).rpartition(".")[2]
    words = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return words if re.match(r"[A-Za-z]", words) else f"plane_{words}".rstrip("_")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _plane(
    name: str, c: Candidate, manifest: Manifest, known: Callable[[Document], Traits | None]
) -> str:
    title = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    return "\n".join(
        [
            f"[planes.{name}]",
            f'package = "{name}"',
            f'title = "{title}"',
            f'summary = "{title}: say what the plane is for."',
            f'endpoint = "{_endpoint(c, manifest, known)}"',
            "roles = []",
        ]
    )


def _endpoint(c: Candidate, manifest: Manifest, known: Callable[[Document], Traits | None]) -> str:
    """A guess, from the planes whose paths begin alike, else from the host that the document
    names.
    """
    first = f"{c.traits.prefix if c.traits else ''}/".split("/")[1]
    for plane in manifest.planes:
        there = known(plane.default)
        if first and there and f"{there.prefix}/".split("/")[1] == first:
            return plane.endpoint
    return "tenant" if c.traits and _HOST in json.dumps(c.traits.facts) else "account"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

"""The documents at a commit, brought into the cache, and what became of each of those that the
lock knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from purview_codegen.build import Plans
from purview_codegen.contract.from_bytes import contract_of, laid_out
from purview_codegen.diff.changes import Change, Diff
from purview_codegen.diff.diff import diff
from purview_codegen.diff.renames import Rename, touched
from purview_codegen.diff.report import Report, Step, differences
from purview_codegen.errors import CommandError, IntegrityError, UsageError
from purview_codegen.package.names import operation_names
from purview_codegen.package.plan import plan as planned
from purview_codegen.package.plan import public_names
from purview_codegen.pointer import Json
from purview_codegen.source.discover import Discovery, Found, discover, newest, roots
from purview_codegen.source.fetch import fetch
from purview_codegen.source.inspect import DocumentFacts, inspect
from purview_codegen.source.listing import Listing, blob_id
from purview_codegen.source.lock import Entry, Lock
from purview_codegen.source.tags import tags
from purview_codegen.source.upstream_files import Files, World
from purview_core.manifest import Document, Manifest, PlaneEntry
from purview_core.suggest import nearest


@attrs.frozen
class State:
    """The documents of some planes at a commit, all of them in the cache. `listed`: of planes
    beside whose documents readme files have tags, the api-versions that these list. `warnings`:
    what the readme files say against the manifest.
    """

    listing: Listing
    discovery: Discovery
    facts: Mapping[Document, DocumentFacts]
    listed: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    warnings: tuple[str, ...] = ()


def look(world: World, manifest: Manifest, only: str | None, ref: str) -> State:
    """The state at a commit or branch.

    Raises UnreachableError for one that is not known or documents that cannot be had.
    """
    planes = chosen(manifest, only)
    repository = Counter(d.repository for p in planes for d in p.documents).most_common(1)[0][0]
    listing = world.listing(
        repository, ref, roots(d for d in manifest.documents if d.repository == repository)
    )
    files = Files(world, listing)
    whole = discover(manifest, listing, files)
    if whole.unclear:
        raise IntegrityError(whole.unclear[0])
    names = {p.name for p in planes}
    found = tuple(f for f in whole.found if f.document.plane in names)
    discovery = attrs.evolve(
        whole, found=found, lost=tuple(d for d in whole.lost if d.plane in names)
    )
    listed, warnings = tags(manifest.planes, whole.found, files)
    return State(
        listing, discovery, _bring(world, listing, discovery.found), listed, tuple(warnings)
    )


def chosen(manifest: Manifest, only: str | None) -> list[PlaneEntry]:
    """The planes that are asked for; raises UsageError for one that is not known."""
    if only is not None and only not in (known := [p.name for p in manifest.planes]):
        raise UsageError(f"unknown plane {only!r}; {nearest(only, known)}")
    return [p for p in manifest.planes if only in (None, p.name)]


def _bring(world: World, listing: Listing, found: Sequence[Found]) -> dict[Document, DocumentFacts]:
    """Fetches what the cache does not hold as the listing names it."""
    missing = [f.document for f in found if not _held(world, listing, f)]
    results = fetch(missing, Lock({}), world.cache, world.source, relock=True)
    if errors := [r.error for r in results if r.error]:
        raise errors[0]
    out = {}
    for document in (f.document for f in found):
        content, expected = world.cache.read(document), listing.files[document.path]
        if blob_id(content) != expected:
            world.cache.path(document.location).unlink()
            here = f"expected blob {expected}, found {blob_id(content)}"
            raise IntegrityError(
                f"{document} is not what the listing names: {here}; nothing kept; fetch it again"
            )
        out[document] = inspect(content, str(document))
    return out


def _held(world: World, listing: Listing, found: Found) -> bool:
    """Whether the cache holds a document, at its place or, the bytes being the same, at its old
    one.
    """
    expected = listing.files[found.document.path]
    for document in (found.document, found.old):
        path = world.cache.path(document.location) if document else None
        if path and path.is_file() and blob_id(content := path.read_bytes()) == expected:
            if document is not found.document:
                world.cache.write(found.document.location, content)
            return True
    return False


def step(found: Found, facts: DocumentFacts, entry: Entry | None) -> Step:
    """What became of one document since it was locked; "changed" is still to be told from
    "prose".
    """
    new, old = found.document, found.old
    if old is None or entry is None:
        return Step(
            new.plane,
            new.version,
            "added",
            new.default,
            "",
            new.location,
            operations=facts.operations,
        )
    place = (old.location, new.location)
    if entry.sha256 == facts.sha256:
        return Step(
            new.plane, new.version, "same" if old.path == new.path else "moved", new.default, *place
        )
    if old.location == new.location and entry.provenance == "exact":
        here = f"expected sha256 {entry.sha256}, found {facts.sha256}"
        raise IntegrityError(
            f"{new} is not what upstream.lock names at this very commit: {here}; nothing kept"
        )
    return Step(new.plane, new.version, "changed", new.default, *place)


def judged(step: Step, found: Diff) -> Step:
    """The step once the contracts are compared: prose only, or rewritten under its api-version."""
    if step.status == "changed" and not found.changes:
        return attrs.evolve(step, status="prose")
    return attrs.evolve(
        step, rewritten=step.status == "changed" and any(c.wire for c in found.changes)
    )


def between(world: World, manifest: Manifest, only: str | None, old: str, new: str) -> Report:
    """The report from one commit to another, from the documents alone, without overlays."""
    before, after = look(world, manifest, only, old), look(world, manifest, only, new)
    left = {str(f.document): f.document for f in before.discovery.found}
    steps: list[Step] = []
    changes: list[Change] = []
    names: list[Rename] = []
    for f in after.discovery.found:
        document = f.document
        old_document = left.pop(str(document), None)
        document = attrs.evolve(document, default=_default(document, manifest, after))
        entry = None if old_document is None else _entry(old_document, before)
        one = step(Found(document, old_document), after.facts[f.document], entry)
        if one.status == "changed" and old_document is not None:
            was, now = (raw(d, world.cache.read(d)) for d in (old_document, f.document))
            found = compared(document, was, now)
            one = judged(one, found)
            changes += found.changes
            names += named(document.plane, document.version, was, now, found)
        elif one.status == "added":
            there = [f.document for f in (*before.discovery.found, *after.discovery.found)]
            one = beside(one, there, lambda d: raw(d, world.cache.read(d)))
        steps.append(one)
    gone = "lost" if after.listing.whole else "kept"
    steps += [Step(d.plane, d.version, gone, d.default, d.location) for d in left.values()]
    listed = (before.listing.commit, after.listing.commit)
    return Report(
        *listed, tuple(sorted(steps, key=str)), tuple(changes), tuple(names), notes(after)
    )


def _entry(document: Document, state: State) -> Entry:
    """What the lock would say of a document; only its place and its bytes are looked at."""
    sha256 = state.facts[document].sha256
    place = (document.repository, document.commit, document.path)
    return Entry(*place, sha256, 0, 0, 0, "rebuilt")


def beside(step: Step, there: Iterable[Document], contract: Callable[[Document], Json]) -> Step:
    """An added document, with what is different from the api-version before it."""
    documents = {d.version: d for d in there if d.plane == step.plane}
    earlier = max((v for v in documents if v < step.version), default=None)
    if earlier is None:
        return step
    different = compared(
        documents[step.version], contract(documents[earlier]), contract(documents[step.version])
    )
    return attrs.evolve(step, beside=differences(earlier, different.changes))


def notes(state: State) -> tuple[str, ...]:
    """What the report says of a state besides its documents: those that no plane takes, and what
    readme files say.
    """
    found = [s.path for s in state.discovery.strays]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    told = [f"No plane of planes.toml takes {', '.join(found[:3])}{more}."] if found else []
    return (*told, *state.warnings)


def _default(document: Document, manifest: Manifest, state: State) -> bool:
    """Whether a plane takes the document by default: as the manifest says, or as the rule does
    where its own is not there.
    """
    versions = {
        f.document.version for f in state.discovery.found if f.document.plane == document.plane
    }
    own = manifest.plane(document.plane).default.version
    return document.version == (own if own in versions else newest(versions))


def compared(document: Document, old: Json, new: Json) -> Diff:
    """What differs between two contracts of a document."""
    with laid_out(str(document)):
        return diff(old, new, document.plane)


def raw(document: Document, content: bytes) -> Json:
    """The contract of a document without its plane's overlay."""
    return contract_of(content, document.plane, str(document))


def named(plane: str, version: str, old: Json, new: Json, found: Diff) -> list[Rename]:
    """The Python names touched; none where a document cannot be generated without its overlay."""
    try:
        before, after = (
            public_names(planned(c, operation_names({"": c}, {})[""])) for c in (old, new)
        )
    except CommandError:
        return []
    return touched(plane, version, before, after, found)


def missing(state: State) -> list[Document]:
    """Documents that upstream has no more; a mirror says nothing of what it lacks."""
    return list(state.discovery.lost) if state.listing.whole else []


def locked_names(specs: Path, manifest: Manifest, planes: set[str]) -> dict[str, dict[str, str]]:
    """The names that the contracts of whole planes give: the versions of a plane are named
    together.
    """
    documents = [d for p in manifest.planes if p.name in planes for d in p.documents]
    with laid_out(f"a document of {' or '.join(sorted(planes))}"):
        return Plans(specs, manifest).names(documents)

"""Every document that a repository has of a Purview data plane, and whether a plane takes it; with
the lines of planes.toml that would take those that none does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from purview_codegen.errors import UsageError
from purview_core.manifest import Manifest

from . import listing as listings
from .adding import Candidate, left_out_lines, lines
from .discover import Discovery, Found, discover, roots
from .likeness import Flaw, Traits
from .listing import Listing
from .scope import Place
from .tags import tags
from .upstream_files import Files, World

TAKEN, LEFT, UNKNOWN, OTHER = "taken", "left out", "unknown", "no document"
ALL = "all"


@attrs.frozen
class SurveyedFile:
    """One file at one commit.

    `why`: what it is to the manifest, or why it is left out, unknown or no document at all.
    """

    repository: str
    commit: str
    path: str
    status: str
    plane: str = ""
    version: str = ""
    title: str = ""
    operations: int | None = None
    why: str = ""


@attrs.frozen
class Survey:
    """`commits`: owner/name and hash. `lines`: what to add to planes.toml, so that every unknown
    document that can be taken is; `instead`: what to add where one is to be left out.
    """

    commits: tuple[tuple[str, str], ...]
    seen: tuple[SurveyedFile, ...]
    warnings: tuple[str, ...]
    lines: str
    instead: str

    def of(self, status: str) -> list[SurveyedFile]:
        """The files of one status."""
        return [s for s in self.seen if s.status == status]

    @property
    def totals(self) -> dict[str, int]:
        """Status -> number of files."""
        found = Counter(s.status for s in self.seen)
        return {
            "found": len(self.seen) - found[OTHER],
            **{s.replace(" ", "_"): found[s] for s in (TAKEN, LEFT, UNKNOWN)},
        }

    def data(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "commits": [f"{repository}@{commit}" for repository, commit in self.commits],
            "totals": self.totals,
            "documents": [attrs.asdict(s) for s in self.seen],
            "warnings": list(self.warnings),
            "lines": self.lines,
            "instead": self.instead,
        }


def survey(world: World, manifest: Manifest, ref: str, mirror: Path | None) -> Survey:
    """What is there at a commit or branch, or with "all" at every commit of every repository of
    a mirror.
    """
    main = Counter(d.repository for d in manifest.documents).most_common(1)[0][0]
    if ref != ALL:
        known = [d for d in manifest.documents if d.repository == main]
        found = [world.listing(main, ref, roots(known))]
    elif mirror is None:
        raise UsageError("--to all looks at every commit of a mirror; name one with --mirror")
    else:
        found = [
            listings.from_mirror(mirror, repository, commit)
            for repository, commit in listings.commits(mirror)
        ]
    seen: list[SurveyedFile] = []
    candidates: list[Candidate] = []
    warnings: list[str] = []
    for one in found:
        rows, fresh, said = _look(world, manifest, one, main)
        seen, candidates, warnings = [*seen, *rows], [*candidates, *fresh], [*warnings, *said]
    return Survey(
        tuple((one.repository, one.commit) for one in found),
        tuple(seen),
        tuple(dict.fromkeys(warnings)),
        lines(manifest, candidates, world.known),
        left_out_lines(s for s in candidates if s.traits is None or s.twin),
    )


def _look(
    world: World, manifest: Manifest, one: Listing, main: str
) -> tuple[list[SurveyedFile], list[Candidate], list[str]]:
    """The files of one listing.

    A fork's are looked at as those of the repository that it is called like.
    """
    fork = one.repository.rpartition("/")[2] == main.rpartition("/")[2]
    files = Files(world, one)
    discovery = discover(manifest, attrs.evolve(one, repository=main) if fork else one, files)
    listed, warnings = tags(manifest.planes, discovery.found, files)
    strays = [
        *(
            Candidate(one.repository, one.commit, s.path, s.traits, s.plane, s.twin)
            for s in discovery.strays
        ),
        *(
            _new(one, f.document.path, f.document.plane, files)
            for f in discovery.found
            if f.old is None
        ),
    ]
    published = {version for versions in listed.values() for version in versions}
    strays = [
        attrs.evolve(s, listed=bool(s.traits and s.traits.version in published)) for s in strays
    ]
    return sorted(_rows(manifest, one, discovery, files), key=lambda s: s.path), strays, warnings


def _new(one: Listing, path: str, plane: str, files: Files) -> Candidate:
    there = files.read(path)
    return Candidate(
        one.repository, one.commit, path, None if isinstance(there, Flaw) else there, plane
    )


def _rows(
    manifest: Manifest, one: Listing, discovery: Discovery, files: Files
) -> Iterable[SurveyedFile]:
    for f in discovery.found:
        yield _found(manifest, one, f, files)
    for s in discovery.strays:
        if s.traits:
            facts = SurveyedFile(
                *_at(one, s.path), UNKNOWN, s.plane, s.traits.version, s.traits.title
            )
            yield attrs.evolve(facts, operations=len(s.traits.operations), why=s.why)
        else:
            yield SurveyedFile(*_at(one, s.path), UNKNOWN, why=s.why)
    for path, rule in discovery.left_out:
        place = Place.of(path)
        yield SurveyedFile(
            *_at(one, path), LEFT, version=place.version if place else rule.version, why=rule.reason
        )
    for path, why in discovery.others.items():
        yield SurveyedFile(*_at(one, path), OTHER, why=why)


def _found(manifest: Manifest, one: Listing, f: Found, files: Files) -> SurveyedFile:
    """A document of a plane: one that it takes, in this state or another, or a new api-version
    of it.
    """
    d = f.document
    traits = files.read(d.path) if f.old is None else files.known(f.old)
    known = traits if isinstance(traits, Traits) else None
    seen = SurveyedFile(
        *_at(one, d.path),
        UNKNOWN,
        d.plane,
        d.version,
        operations=len(known.operations) if known else None,
    )
    if f.old is None:
        return attrs.evolve(
            seen, title=known.title if known else "", why=f"a new api-version of {d.plane}"
        )
    pinned = any(
        one.commit == p.commit and d.path == p.path and one.repository == p.repository
        for p in manifest.documents
    )
    moved = "" if f.old.path == d.path else f", which lay at {f.old.path}"
    return attrs.evolve(
        seen, status=TAKEN, why="as it is taken" if pinned else f"another state of it{moved}"
    )


def _at(one: Listing, path: str) -> tuple[str, str, str]:
    return one.repository, one.commit, path


def as_text(found: Survey, ref: str) -> str:
    """The survey for a terminal: what no plane takes first, then what is left out, and what is
    no document.
    """
    return "\n".join(_text(found, ref)) + "\n"


def _text(found: Survey, ref: str) -> Iterable[str]:
    yield (
        f"Documents of Purview data planes at {ref}, {len(found.commits)} "
        f"commit{'s' * (len(found.commits) != 1)}"
    )
    kinds = Counter(s.why.split(",")[0] for s in found.of(TAKEN))
    yield f"Taken: {', '.join(f'{n} {why}' for why, n in kinds.items()) or 'none'}"
    unknown = found.of(UNKNOWN)
    yield from _section(
        f"No plane takes these {len(unknown)}", [t for s in unknown for t in _shown(s)]
    )
    yield from _section("To take them, add to planes.toml", found.lines.splitlines())
    yield from _section(
        "To leave one out on purpose, say why in planes.toml", found.instead.splitlines()
    )
    for reason, group in _by_reason(found.of(LEFT)).items():
        yield from _section(f"Left out: {reason}", [_where(s) for s in group])
    yield from _section("No documents", [f"{_where(s)}: {s.why}" for s in found.of(OTHER)])
    yield from _section("Readme files", list(found.warnings))
    yield ""


def _section(title: str, texts: Sequence[str]) -> list[str]:
    return ["", title, "-" * len(title), *texts] if texts else []


def _shown(s: SurveyedFile) -> list[str]:
    facts = [s.version, s.title, "" if s.operations is None else f"{s.operations} operations"]
    said = ", ".join(fact for fact in facts if fact)
    return [_where(s), *([f"    {said}"] if said else []), f"    {s.why}"]


def _where(s: SurveyedFile) -> str:
    return f"{s.repository} {s.commit[:10]} {s.path}"


def _by_reason(found: Iterable[SurveyedFile]) -> dict[str, list[SurveyedFile]]:
    out: dict[str, list[SurveyedFile]] = {}
    for s in found:
        out.setdefault(s.why, []).append(s)
    return out

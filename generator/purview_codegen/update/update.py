"""One command from an upstream commit to a reviewed change: a new tree is made beside the old one,
goes through every gate, and only then takes its place, with the report of what changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import attrs

from purview_codegen import build, documents_page
from purview_codegen.contract.overlay import Overlay
from purview_codegen.diff.changes import Diff
from purview_codegen.diff.pairing import operations_in
from purview_codegen.diff.renames import Rename, touched
from purview_codegen.diff.report import Report, Step, accept
from purview_codegen.errors import (
    BehindError,
    GateError,
    IntegrityError,
    UnreachableError,
    UsageError,
)
from purview_codegen.package import aliases, names_lock
from purview_codegen.pointer import Json
from purview_codegen.source import pins
from purview_codegen.source.fetch import fetch
from purview_codegen.source.lock import Entry, Lock
from purview_codegen.source.manifest import load_manifest
from purview_codegen.source.upstream_files import World
from purview_core.manifest import Manifest
from purview_core.version import VERSION

from . import accepted, kept_names, release, transaction
from .changelog_lines import changelog_lines
from .states import (
    State,
    beside,
    between,
    compared,
    judged,
    locked_names,
    look,
    missing,
    notes,
    raw,
    step,
)

_MOVED = ("added", "changed", "moved")


@attrs.frozen
class Wish:
    """What is asked for: the options of the command."""

    to: str
    since: str | None = None
    only: str | None = None
    dry_run: bool = False
    check: bool = False
    accept: tuple[str, ...] = ()


_PAGES = (release.VERSIONED, release.CHANGELOG, documents_page.PAGE)  # single files it writes


def update(
    specs: Path,
    out: Path,
    world: World,
    wish: Wish,
    tell: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Makes the update, unless it is only asked about. Raises GateError where a gate stops it; then
    nothing has changed. `tell` gets the report before anything is put in place, so that one which
    cannot be written stops the update, too.
    """
    manifest, root = load_manifest(specs), specs.parent
    if wish.since is not None:
        found = between(world, manifest, wish.only, wish.since, wish.to)
        report = accept(found, wish.accept, strict=True)
        tell(report)
        return report
    if out.parent != root and root not in out.parents:
        raise UsageError(
            f"{out} does not lie below {root}, where {specs.name} is; both change as one"
        )
    state, lock = look(world, manifest, wish.only, wish.to), Lock.load(specs)
    kept = accepted.kept_rules(specs).get(state.listing.commit, ())
    asked, patterns = [p for p in wish.accept if p not in kept], (*kept, *wish.accept)
    steps = _steps(manifest, lock, state, patterns)
    report = Report(
        _old_commits(lock, steps), state.listing.commit, tuple(steps), (), (), notes(state)
    )
    behind = [f"{s} ({s.status})" for s in steps if s.status in _MOVED]
    if not behind and (wish.check or not accepted.taken_defaults(manifest, patterns, state.listed)):
        proposed = accepted.proposed_rules(manifest, state.listed)
        report = accept(attrs.evolve(report, proposals=proposed), asked, strict=True)
        tell(report)
        return report
    if wish.check:
        raise BehindError(f"behind {wish.to}: {_few(behind)}; run update --to {wish.to}")
    with transaction.scratch() if wish.dry_run else transaction.staged(root) as stage:
        work = _Work(specs, stage, world, state, patterns, report)
        return _made(work, lock, asked, out, None if wish.dry_run else root, tell)


def _made(
    work: _Work,
    lock: Lock,
    asked: Sequence[str],
    out: Path,
    root: Path | None,
    tell: Callable[[Report], None],
) -> Report:
    """The report of an update, which is put in its place below `root`; nothing is written
    without one.
    """
    specs, stage, beside_specs = work.specs, work.stage, work.specs.parent
    package = (out / build.PACKAGE).relative_to(beside_specs)
    names = [specs.name, package.as_posix(), *_PAGES]
    before = _prints(beside_specs, names)
    shutil.copytree(specs, stage / specs.name)
    report = work.make(lock, asked, beside_specs)
    if root is not None:
        if (root / package).exists():  # what somebody wrote by hand there would be lost
            build.check(specs, out, stage)
        work.gates(report, stage / out.relative_to(root))
        work.write(report, root)
    tell(report)
    if root is not None:
        if late := sorted(set(before.items()) ^ set(_prints(root, names).items())):
            raise UsageError(f"{late[0][0]} changed while the update ran; run it again")
        transaction.commit(root, [name for name in names if (stage / name).exists()])
    return report


def _few(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def _prints(root: Path, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """When each of the files that an update puts another in the place of was written, and its
    size.
    """
    files = [
        p
        for name in names
        for p in (root / name, *(root / name).rglob("*"))
        if "__pycache__" not in p.parts
    ]
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in files if p.is_file()}


def _old_commits(lock: Lock, steps: Iterable[Step]) -> str:
    """The commit that most of the documents were locked at."""
    commits = [lock.entries[str(s)].commit for s in steps if str(s) in lock.entries]
    return max(sorted(set(commits)), key=commits.count, default="nothing")


def _steps(manifest: Manifest, lock: Lock, state: State, patterns: Sequence[str]) -> list[Step]:
    """What became of every document; a lost one stops the update unless that was accepted."""
    out = [
        step(f, state.facts[f.document], lock.entries.get(str(f.document)))
        for f in state.discovery.found
    ]
    for document in missing(state):
        rule = f"document.lost@{document.plane}/{document.version}"
        if not any(fnmatchcase(rule, p) for p in patterns):
            raise IntegrityError(
                f"{document} lost its path at {state.listing.commit[:10]}: {document.path}; "
                f"--accept {rule} keeps it at its old commit"
            )
        out.append(
            Step(document.plane, document.version, "lost", document.default, document.location)
        )
    known = {str(s) for s in out}
    kept = [d for d in manifest.documents if str(d) not in known]
    out += [Step(d.plane, d.version, "kept", d.default, d.location) for d in kept]
    return sorted(out, key=str)


class _Work:
    """An update in its stage: `specs` are the old ones, `new` the staged ones."""

    def __init__(
        self,
        specs: Path,
        stage: Path,
        world: World,
        state: State,
        patterns: Sequence[str],
        report: Report,
    ) -> None:
        self.specs, self.new, self.stage = specs, stage / specs.name, stage
        self.world, self.state, self.patterns, self.report = world, state, patterns, report
        moved = {str(s) for s in report.steps if s.status in _MOVED}
        self.found = [f for f in state.discovery.found if str(f.document) in moved]
        self.proposed: tuple[str, ...] = ()
        self.taken: dict[str, str] = {}
        self.diffs: dict[str, Diff] = {}
        self.version = VERSION

    def make(self, lock: Lock, asked: Sequence[str], root: Path) -> Report:
        """The new specs, and the report of what they change."""
        self.pin(lock)
        self.normalise()
        return self.judge(asked, root)

    def pin(self, lock: Lock) -> None:
        """planes.toml and upstream.lock, with every document that moved, and the defaults that
        were accepted.
        """
        path = self.new / "planes.toml"
        documents = [f.document for f in self.found]
        text = pins.repinned(path.read_text(encoding="utf-8"), documents, {})
        path.write_text(text, encoding="utf-8", newline="\n")
        manifest = load_manifest(self.new)
        self.proposed = accepted.proposed_rules(manifest, self.state.listed)
        self.taken = accepted.taken_defaults(manifest, self.patterns, self.state.listed)
        path.write_text(pins.repinned(text, (), self.taken), encoding="utf-8", newline="\n")
        entries = dict(lock.entries)
        for document in documents:
            facts = self.state.facts[document]
            sizes = (facts.sha256, facts.bytes, facts.operations, facts.definitions)
            entries[str(document)] = Entry(
                document.repository, document.commit, document.path, *sizes, "exact"
            )
        (self.new / "upstream.lock").write_text(
            Lock(entries).text(), encoding="utf-8", newline="\n"
        )
        if (self.specs.parent / documents_page.PAGE).is_file():
            page = self.stage / documents_page.PAGE
            page.parent.mkdir(exist_ok=True)
            page.write_text(
                documents_page.text(load_manifest(self.new), Lock(entries)),
                encoding="utf-8",
                newline="\n",
            )

    def normalise(self) -> None:
        """Contracts of what moved; the overlays follow operations that have another id now."""
        manifest = load_manifest(self.new)
        moved = {str(f.document): f for f in self.found}
        defaults = {f"{plane} {version}" for plane, version in self.taken.items()} - moved.keys()
        documents = [d for d in manifest.documents if str(d) in moved or str(d) in defaults]
        results = fetch(
            [d for d in documents if str(d) in defaults],
            Lock.load(self.new),
            self.world.cache,
            self.world.source,
        )
        for result in results:
            if result.facts is None:
                raise result.error or UnreachableError(
                    f"{result.note}; where it is the default now, it is needed"
                )
        fresh = {str(d): raw(d, self.world.cache.read(d)) for d in documents}
        for plane in sorted({d.plane for d in documents}):
            self._carry(manifest, plane, fresh)
        build.normalise(self.new, documents, self.world.cache.read)
        for name, f in moved.items():
            if f.old is not None:
                old, new = build.load(self.specs, f.old), build.load(self.new, f.document)
                self.diffs[name] = compared(f.document, old, new)

    def _carry(self, manifest: Manifest, plane: str, fresh: Mapping[str, Json]) -> None:
        path = self.new / "overlays" / f"{plane}.toml"
        contracts = {
            str(d): fresh.get(str(d)) or build.load(self.new, d)
            for d in manifest.plane(plane).documents
        }
        known = {op.id for c in contracts.values() for op in operations_in(c)}
        renamed: dict[str, str] = {}
        for f in self.found:
            if f.document.plane == plane and f.old is not None:
                ids = compared(
                    f.document, build.load(self.specs, f.old), fresh[str(f.document)]
                ).operations
                renamed |= {a: b for a, b in ids.items() if a not in known or a in ids.values()}
        said = {renamed.get(oid, oid) for oid in Overlay.read(path).summaries}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        default = contracts[str(manifest.plane(plane).default)]
        lacking = [
            op.id
            for op in operations_in(default)
            if op.id not in said and not op.value.get("summary")
        ]
        path.parent.mkdir(exist_ok=True)
        path.write_text(pins.carried(text, renamed, known, lacking), encoding="utf-8", newline="\n")

    def judge(self, asked: Sequence[str], root: Path) -> Report:
        """The report: changes, names, what was accepted; aliases go to the staged names.lock."""
        steps = [
            judged(s, self.diffs[str(s)]) if str(s) in self.diffs else s for s in self.report.steps
        ]
        documents = load_manifest(self.new).documents
        steps = [
            beside(s, documents, partial(build.load, self.new)) if s.status == "added" else s
            for s in steps
        ]
        changes = [c for name in sorted(self.diffs) for c in self.diffs[name].changes]
        report = attrs.evolve(
            self.report,
            steps=tuple(steps),
            changes=tuple(changes),
            proposals=self.proposed,
            notes=self._notes(),
        )
        report = attrs.evolve(
            report,
            taken=tuple(f"default@{plane}/{version}" for plane, version in self.taken.items()),
        )
        self.version = self._next(root, accept(report, self.patterns, strict=False))
        report = attrs.evolve(report, names=tuple(self._named()))
        return accept(accept(report, self.patterns, strict=False), asked, strict=True)

    def _named(self) -> list[Rename]:
        """The names that are touched; those that go on working are staged in names.lock."""
        locked = names_lock.read(self.specs / "names.lock")
        planes = {f.document.plane for f in self.found}
        merged, names = dict(locked), list[Rename]()
        for name, new in locked_names(self.new, load_manifest(self.new), planes).items():
            old = locked.get(name, {})
            plain = {key: text for key, text in new.items() if not key.startswith("renamed ")}
            renames = self._touched(name, old, new)
            kept, marked = kept_names.merged(aliases.read(old), renames, plain, self.version)
            merged[name] = plain | aliases.entries(kept)
            names += marked
        text = names_lock.text(merged)
        (self.new / "names.lock").write_text(text, encoding="utf-8", newline="\n")
        return names

    def _touched(self, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[Rename]:
        plane, _, version = name.partition(" ")
        return (
            touched(plane, version, old, new, self.diffs.get(name, Diff((), {}, {}))) if old else []
        )

    def _next(self, root: Path, report: Report) -> str:
        if not (root / release.VERSIONED).is_file():
            return VERSION
        return release.next_version(root, report.bump[0])

    def _notes(self) -> tuple[str, ...]:
        overlays = sorted((self.new / "overlays").glob("*.toml"))
        drafts = {path.name: path.read_bytes().count(pins.DRAFT.encode()) for path in overlays}
        said = [
            f"{n} summaries in overlays/{name} are drafts; say what the operations do."
            for name, n in drafts.items()
            if n
        ]
        return (*self.report.notes, *said)

    def gates(self, report: Report, out: Path) -> None:
        """Names that are lost, then the whole way to the packages, with its own gates, then the
        check that all agree.
        """
        if lost := report.lost:
            more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            first = (
                f"{lost[0].kind} {lost[0].old} "
                f"{'became ' + lost[0].new if lost[0].new else 'is lost'}"
            )
            raise GateError(
                f"{lost[0].plane} {lost[0].version}: {first}{more}; accept it with "
                f"--accept {lost[0].rule} "
                f"(or 'names.lost@{lost[0].plane}/*')"
            )
        build.generate(self.new, None, None, out, accept_names=True)
        build.check(self.new, out)

    def write(self, report: Report, root: Path) -> None:
        """The changelog, the version, and what was accepted."""
        if report.accepted:
            text = accepted.rules_text(self.specs, self.state.listing.commit, report)
            (self.new / accepted.FILE).write_text(text, encoding="utf-8", newline="\n")
        if (root / release.VERSIONED).is_file():
            for name, text in release.written(root, self.version, changelog_lines(report)).items():
                path = self.stage / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")

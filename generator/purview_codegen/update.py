"""One command from an upstream commit to a reviewed change: a new tree is made beside the old one, goes through every gate, and
only then takes its place, with the report of what changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

from purview_core.options import VERSION

from . import aliases, build, names_lock, pins, release, transaction
from .changes import Diff
from .diff import diff
from .discover import proposals
from .errors import BehindError, GateError, IntegrityError, UsageError
from .lock import Entry, Lock
from .manifest import Manifest
from .overlay import Overlay
from .pairing import operations_in
from .pointer import Json
from .renames import Rename, touched
from .report import Report, Step, accept
from .states import State, World, between, judged, locked_names, look, missing, raw, step, strays

ACCEPTED = "accepted.json"  # commit -> RULE@WHERE, of the updates so far
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


def update(specs: Path, out: Path, world: World, wish: Wish) -> Report:
    """Makes the update, unless it is only asked about. Raises GateError where a gate stops it; then nothing has changed."""
    manifest = Manifest.load(specs)
    if wish.since is not None:
        return between(world, manifest, wish.only, wish.since, wish.to)
    root = specs.parent
    if out.parent != root and root not in out.parents:
        raise UsageError(f"{out} does not lie below {root}, where {specs.name} is; both change as one")
    state, lock = look(world, manifest, wish.only, wish.to), Lock.load(specs)
    patterns = (*_kept(specs).get(state.listing.commit, ()), *wish.accept)
    steps = _steps(manifest, lock, state, patterns)
    report = Report(_old_commits(lock, steps), state.listing.commit, tuple(steps), (), (), tuple(strays(state)))
    if not any(s.status in _MOVED for s in steps):
        return report
    if wish.check:
        behind = [f"{s} ({s.status})" for s in steps if s.status in _MOVED]
        more = f" and {len(behind) - 3} more" if len(behind) > 3 else ""
        raise BehindError(f"behind {wish.to}: {', '.join(behind[:3])}{more}; run update --to {wish.to}")
    with transaction.staged(root) as stage:
        shutil.copytree(specs, stage / specs.name)
        work = _Work(specs, stage, world, state, patterns, report)
        work.pin(lock)
        work.normalise()
        report = work.judge(wish.accept, root)
        if not wish.dry_run:
            work.gates(report, stage / out.relative_to(root))
            work.write(report, root)
            package = out.relative_to(root) / build.PACKAGE
            changed = [n for n in (*release.VERSIONED, release.CHANGELOG) if (stage / n).is_file()]
            transaction.commit(root, [specs.name, package.as_posix(), *changed])
    return report


def _old_commits(lock: Lock, steps: Iterable[Step]) -> str:
    """The commit that most of the documents were locked at."""
    commits = [lock.entries[str(s)].commit for s in steps if str(s) in lock.entries]
    return max(sorted(set(commits)), key=commits.count, default="nothing")


def _kept(specs: Path) -> dict[str, list[str]]:
    path = specs / ACCEPTED
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _steps(manifest: Manifest, lock: Lock, state: State, patterns: Sequence[str]) -> list[Step]:
    """What became of every document; a lost one stops the update unless that was accepted."""
    out = [step(f, state.facts[f.document], lock.entries.get(str(f.document))) for f in state.discovery.found]
    for document in missing(state):
        rule = f"document.lost@{document.plane}/{document.version}"
        if not any(fnmatchcase(rule, p) for p in patterns):
            raise IntegrityError(
                f"{document} lost its path at {state.listing.commit[:10]}: {document.path}; "
                f"--accept {rule} keeps it at its old commit"
            )
        out.append(Step(document.plane, document.version, "lost", document.default, document.location))
    known = {str(s) for s in out}
    kept = [d for d in manifest.documents if str(d) not in known]
    out += [Step(d.plane, d.version, "kept", d.default, d.location) for d in kept]
    return sorted(out, key=str)


class _Work:
    """An update in its stage: `specs` are the old ones, `new` the staged ones."""

    def __init__(
        self, specs: Path, stage: Path, world: World, state: State, patterns: Sequence[str], report: Report
    ) -> None:
        self.specs, self.new, self.stage = specs, stage / specs.name, stage
        self.world, self.state, self.patterns, self.report = world, state, patterns, report
        moved = {str(s) for s in report.steps if s.status in _MOVED}
        self.found = [f for f in state.discovery.found if str(f.document) in moved]
        self.proposed: tuple[str, ...] = ()
        self.diffs: dict[str, Diff] = {}
        self.version = VERSION

    def pin(self, lock: Lock) -> None:
        """planes.toml and upstream.lock, with every document that moved, and the defaults that were accepted."""
        path = self.new / "planes.toml"
        documents = [f.document for f in self.found]
        text = pins.repinned(path.read_text(encoding="utf-8"), documents, {})
        path.write_text(text, encoding="utf-8", newline="\n")
        wanted = proposals(Manifest.load(self.new))
        rules = {plane: f"default@{plane}/{version}" for plane, version in wanted.items()}
        asked = [p for p in self.patterns if p.startswith("default@")]
        taken = {plane: wanted[plane] for plane, rule in rules.items() if any(fnmatchcase(rule, p) for p in asked)}
        path.write_text(pins.repinned(text, (), taken), encoding="utf-8", newline="\n")
        self.proposed = tuple(rules.values())
        entries = dict(lock.entries)
        for document in documents:
            facts = self.state.facts[document]
            sizes = (facts.sha256, facts.bytes, facts.operations, facts.definitions)
            entries[str(document)] = Entry(document.repository, document.commit, document.path, *sizes, "exact")
        (self.new / "upstream.lock").write_text(Lock(entries).text(), encoding="utf-8", newline="\n")

    def normalise(self) -> None:
        """Contracts of what moved; the overlays follow operations that have another id now."""
        manifest = Manifest.load(self.new)
        moved = {str(f.document): f for f in self.found}
        documents = [d for d in manifest.documents if str(d) in moved]
        defaults = [d for d in manifest.documents if d.default and d not in documents]
        fresh = {str(d): raw(d, self.world.cache.read(d)) for d in documents}
        for plane in sorted({d.plane for d in documents}):
            self._carry(manifest, plane, fresh)
        was = {str(d) for d in Manifest.load(self.specs).documents if d.default}
        again = [d for d in defaults if str(d) not in was and self.world.cache.path(d.location).is_file()]
        build.normalise(self.new, [*documents, *again], self.world.cache.read)
        for name, f in moved.items():
            if f.old is not None:
                self.diffs[name] = diff(
                    build.load(self.specs, f.old), build.load(self.new, f.document), f.document.plane
                )

    def _carry(self, manifest: Manifest, plane: str, fresh: Mapping[str, Json]) -> None:
        path = self.new / "overlays" / f"{plane}.toml"
        contracts = {str(d): fresh.get(str(d)) or build.load(self.new, d) for d in manifest.plane(plane).documents}
        known = {op.id for c in contracts.values() for op in operations_in(c)}
        renamed: dict[str, str] = {}
        for f in self.found:
            if f.document.plane == plane and f.old is not None:
                ids = diff(build.load(self.specs, f.old), fresh[str(f.document)], plane).operations
                renamed |= {a: b for a, b in ids.items() if a not in known or a in ids.values()}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        said = {renamed.get(oid, oid) for oid in Overlay.read(path).summaries}
        default = contracts[str(manifest.plane(plane).default)]
        lacking = [op.id for op in operations_in(default) if op.id not in said and not op.value.get("summary")]
        path.parent.mkdir(exist_ok=True)
        path.write_text(pins.carried(text, renamed, known, lacking), encoding="utf-8", newline="\n")

    def judge(self, asked: Sequence[str], root: Path) -> Report:
        """The report: changes, names, what was accepted; aliases go to the staged names.lock."""
        steps = [judged(s, self.diffs[str(s)]) if str(s) in self.diffs else s for s in self.report.steps]
        changes = [c for name in sorted(self.diffs) for c in self.diffs[name].changes]
        report = attrs.evolve(
            self.report, steps=tuple(steps), changes=tuple(changes), proposals=self.proposed, notes=self._notes()
        )
        locked = names_lock.read(self.specs / "names.lock")
        fresh = locked_names(self.new, Manifest.load(self.new), {f.document.plane for f in self.found})
        renames = {name: self._touched(name, locked.get(name, {}), new) for name, new in fresh.items()}
        quiet = attrs.evolve(report, names=tuple(r for found in renames.values() for r in found if not r.new))
        self.version = self._next(root, quiet)
        merged = dict(locked)
        names: list[Rename] = []
        for name, new in fresh.items():
            plain = {key: text for key, text in new.items() if not key.startswith("renamed ")}
            kept, marked = aliases.merged(aliases.read(locked.get(name, {})), renames[name], plain, self.version)
            merged[name] = plain | aliases.entries(kept)
            names += marked
        (self.new / "names.lock").write_text(names_lock.text(merged), encoding="utf-8", newline="\n")
        report = attrs.evolve(report, names=tuple(names))
        return accept(accept(report, self.patterns, strict=False), asked, strict=True)

    def _touched(self, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[Rename]:
        plane, _, version = name.partition(" ")
        return touched(plane, version, old, new, self.diffs.get(name, Diff((), {}, {}))) if old else []

    def _next(self, root: Path, report: Report) -> str:
        if not (root / release.VERSIONED[0]).is_file():
            return VERSION
        return release.next_version(root, report.bump[0])

    def _notes(self) -> tuple[str, ...]:
        overlays = sorted((self.new / "overlays").glob("*.toml"))
        drafts = {path.name: path.read_text(encoding="utf-8").count(pins.DRAFT) for path in overlays}
        said = [
            f"{n} summaries in overlays/{name} are drafts; say what the operations do."
            for name, n in drafts.items()
            if n
        ]
        return (*self.report.notes, *said)

    def gates(self, report: Report, out: Path) -> None:
        """Names that are lost, then the whole way to the packages, with its own gates, then the check that all agree."""
        if lost := report.lost:
            more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            first = f"{lost[0].kind} {lost[0].old} {'became ' + lost[0].new if lost[0].new else 'is lost'}"
            raise GateError(
                f"{lost[0].plane} {lost[0].version}: {first}{more}; accept it with --accept {lost[0].rule} "
                f"(or 'names.lost@{lost[0].plane}/*')"
            )
        build.generate(self.new, None, None, out, accept_names=True)
        build.check(self.new, out)

    def write(self, report: Report, root: Path) -> None:
        """The changelog, the version, and what was accepted."""
        if report.accepted:
            kept = _kept(self.specs)
            commit = self.state.listing.commit
            kept[commit] = sorted({*kept.get(commit, ()), *report.accepted})
            text = json.dumps(kept, indent=1, sort_keys=True) + "\n"
            (self.new / ACCEPTED).write_text(text, encoding="utf-8", newline="\n")
        if (root / release.VERSIONED[0]).is_file():
            for name, text in release.written(root, self.version, _changelog(report)).items():
                path = self.stage / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")


def _changelog(report: Report) -> list[str]:
    """One line a document that moved."""
    moved = [s for s in report.steps if s.status not in ("same", "kept", "lost")]
    return [f"{s}: {_what(s, report)} (upstream {report.new[:10]})." for s in moved]


def _what(s: Step, report: Report) -> str:
    if s.status != "changed":
        return {"added": "a new api-version", "prose": "prose only"}.get(s.status, "moved upstream, the same bytes")
    levels = [c.level for c in report.changes if (c.plane, c.version) == (s.plane, s.version)]
    counts = [f"{levels.count(level)} {level}" for level in ("major", "minor", "patch") if level in levels]
    return (
        f"{', '.join(counts)} change{'s' * (len(levels) != 1)}{', under the same api-version' if s.rewritten else ''}"
    )

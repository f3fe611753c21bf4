"""Records what the clients send for every operation and lets outside judges look at it: `nox -s
judge -- ARGUMENTS`.

The sandbox is judged by `--url` and `--fuzz`, at the address that `python -m purview_testing serve
--exact --fill` prints: without `--exact` its answers go beyond the documents, as those of the
service do, and without `--fill` much is answered by 404 alone.

Exit codes: 0 all accepted, 2 usage, 3 a document is not what the lock names, 5 something was
refused, 6 judge not run (no node, no npm packages, no documents): never green by absence.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx

from purview_codegen import build, paths
from purview_codegen.contract.overlay import Overlay
from purview_codegen.errors import CommandError, IntegrityError, UsageError
from purview_codegen.source.lock import Lock
from purview_core.manifest import Document, Manifest

from . import (
    answers,
    departures,
    fuzz,
    oav,
    ours,
    prism,
    record,
    recordings,
    sensitivity,
    service,
    table,
    tools,
)
from .live import Json
from .upstream import Upstream

ROOT = Path(__file__).parent.parent.parent
SPECS = ROOT / "specs"
SHARED = ROOT.parent / "shared" / "upstream"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except tools.NotRunError as error:
        print(f"judge: not run: {error}", file=sys.stderr)
        return 6
    except CommandError as error:
        print(f"judge: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="judge", description="Outside judges of the requests that the clients send."
    )
    parser.add_argument("--plane", metavar="P", help="one plane (default: all)")
    parser.add_argument(
        "--version", metavar="V", help='one api-version, or "all" (default: the default documents)'
    )
    parser.add_argument(
        "--mirror", type=Path, metavar="DIR", help="documents laid out as owner/repo/commit/path"
    )
    parser.add_argument(
        "--build", type=Path, default=ROOT / "build" / "judge", metavar="DIR", help="scratch folder"
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help="answers of this service, judged too (default: made from the contracts)",
    )
    parser.add_argument(
        "--sensitivity",
        type=int,
        metavar="SEED",
        help="how much the judges notice of spoiled requests",
    )
    parser.add_argument(
        "--recordings", type=Path, metavar="PATH", help="the calls of recordings, nothing else"
    )
    parser.add_argument(
        "--fuzz", metavar="URL", help="schemathesis on the service at this address, nothing else"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of --fuzz (default: 1)")
    parser.add_argument(
        "--examples",
        type=int,
        default=5,
        metavar="N",
        help="of --fuzz, for an operation (default: 5)",
    )
    parser.add_argument("--no-prism", action="store_true", help="oav alone")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    began, out = time.monotonic(), arguments.build
    manifest = Manifest.load(SPECS)
    documents = manifest.select(arguments.plane, arguments.version)
    if arguments.fuzz:
        return _fuzz(arguments, documents)
    tools.node()  # what is missing is said before anything takes time
    if arguments.recordings:
        return _recordings(arguments, manifest, began)
    cases = [case(d, arguments.mirror) for d in documents]
    modules = tools.installed(out / "node")
    with _answers(arguments.url) as answer_for:
        fresh = service.reset(arguments.url) if arguments.url else None
        records = list(
            recorded(manifest, documents, answer_for, versioned=_versions(arguments), fresh=fresh)
        )
    (out / "requests.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    judges = _Judges(cases, modules, out, responses=True, with_prism=not arguments.no_prism)
    if arguments.sensitivity is not None:
        full = [r for r in records if r["pass"] == record.ALL]
        print(sensitivity.text(sensitivity.measure(full, arguments.sensitivity, judges.noticed())))
        return 0
    report = judges.report(records)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    print(table.text(report, time.monotonic() - began))
    return 0 if table.passed(report) else 5


def _recordings(arguments: argparse.Namespace, manifest: Manifest, began: float) -> int:
    found = recordings.read(arguments.recordings)
    names = {r["doc"] for r in found.records}
    documents = [d for d in manifest.documents if str(d) in names]
    if unknown := names - {str(d) for d in documents}:
        raise UsageError(f"{arguments.recordings}: {min(unknown)} is no document of this project")
    cases, modules = (
        [case(d, arguments.mirror) for d in documents],
        tools.installed(arguments.build / "node"),
    )
    judges = _Judges(
        cases, modules, arguments.build, responses=True, with_prism=not arguments.no_prism
    )
    full = judges.report(found.records)
    report = {doc: table.of_recordings(own) for doc, own in full.items()}
    print(table.text(report, time.monotonic() - began))
    beyond = sum(len(own["answersRefused"]) for own in full.values())
    print(f"answers that hold what their document does not: {beyond} of {len(found.records)}")
    print(f"polls of long-running operations, which no document declares: {found.polls}")
    print("".join(f"fault: {line}\n" for line in found.strange), end="")
    return 0 if table.passed(report) and not found.strange else 5


def _fuzz(arguments: argparse.Namespace, documents: Sequence[Document]) -> int:
    authorization = service.authorization(arguments.fuzz)
    fresh = service.reset(arguments.fuzz)
    tallies: dict[str, fuzz.Tally] = {}
    for document in documents:
        if fresh is not None:
            fresh()  # what one plane left would be listed in the answers of the next
        contract = SPECS / "contracts" / document.plane / f"{document.version}.json"
        url = arguments.fuzz.rstrip("/") + _base(build.load(SPECS, document))
        run = fuzz.Run(contract, url, authorization, arguments.seed, arguments.examples)
        tallies[str(document)] = fuzz.judge(run, arguments.build / "schemathesis")
    print(fuzz.text(tallies, arguments.seed, arguments.examples))
    return 0 if fuzz.passed(list(tallies.values())) else 5


def _base(contract: Json) -> str:
    """The part of our paths before the contract's."""
    return str(contract["servers"][0]["url"]).removeprefix("{endpoint}")


@attrs.frozen
class _Judges:
    cases: Sequence[oav.Case]
    modules: Path
    scratch: Path
    responses: bool
    with_prism: bool

    def oav(self, records: Sequence[Json]) -> list[oav.Verdict]:
        return oav.judge(
            self.cases, records, self.modules, self.scratch / "oav", responses=self.responses
        )

    def prism(self, records: Sequence[Json]) -> list[tuple[str, ...]]:
        """The reasons against each record, one document after the other."""
        found: dict[int, tuple[str, ...]] = {}
        for c in self.cases:
            own = {
                i: r for i, r in enumerate(records) if r["doc"] == c.name and r.get("whole", True)
            }
            why = prism.judge(
                c,
                list(own.values()),
                self.modules,
                self.scratch / "prism" / c.name.replace(" ", "-"),
            )
            found |= dict(zip(own, why, strict=True))
        return [found.get(i, ()) for i in range(len(records))]

    def report(self, records: Sequence[Json]) -> dict[str, Json]:
        verdicts = self.oav(records)
        report = {c.name: oav.summary(c, verdicts) for c in self.cases}
        for r, why in zip(records, self.prism(records), strict=True) if self.with_prism else ():
            refused = report[r["doc"]].setdefault("prism", {"refused": []})["refused"]
            refused += [{"op": r["op"], "pass": r["pass"], "reasons": list(why)}] if why else []
        return report

    def noticed(self) -> Mapping[str, sensitivity.Noticed]:
        """How each judge sees spoiled requests: refused or not."""

        def oav_alone(records: Sequence[Json]) -> list[bool]:
            return [v.wrong_operation or not v.accepted for v in self.oav(records)]

        def with_notes(records: Sequence[Json]) -> list[bool]:
            return [not v.clean for v in self.oav(records)]

        def second(records: Sequence[Json]) -> list[bool]:
            return [bool(why) for why in self.prism(records)]

        outside = {"oav": oav_alone, "oav and notes": with_notes} | (
            {"prism": second} if self.with_prism else {}
        )
        return {**outside, "ours": ours.noticed, "ours, spot": ours.pointed}


def case(document: Document, mirror: Path | None) -> oav.Case:
    """One document on trial, read from the mirror or the cache and checked against the lock."""
    file = _file(document, mirror)
    content = file.read_bytes()
    entry = Lock.load(SPECS).entry(document)
    if (
        sha256 := hashlib.sha256(content).hexdigest()
    ) != entry.sha256 and entry.provenance != "rebuilt":
        raise IntegrityError(
            f"{document} is not what upstream.lock names: expected {entry.sha256}, found "
            f"{sha256}: {file}"
        )
    overlay = Overlay.read(SPECS / "overlays" / f"{document.plane}.toml")
    contract = build.load(SPECS, document)
    found = departures.declared(overlay, contract)
    prefix = next((d.name for d in found if d.kind == "prefix"), "")
    return oav.Case(
        str(document), file, Upstream(json.loads(content), prefix), _base(contract), found
    )


def _file(document: Document, mirror: Path | None) -> Path:
    folders = [mirror] if mirror else [paths.cache(), SHARED]
    for folder in folders:
        if (folder / document.location).is_file():
            return folder / document.location
    way_out = "run nox -s fetch, or name a mirror with --mirror"
    raise tools.NotRunError(f"{document} is not in {' nor in '.join(map(str, folders))}; {way_out}")


@contextmanager
def _answers(url: str | None) -> Generator[Callable[[Json], record.Answer]]:
    """The source of answers for a contract: a service, or the contract itself."""
    if url is None:
        yield answers.sampled
        return
    authorization = service.authorization(url)
    with httpx.HTTPTransport() as transport:
        yield lambda _: answers.forwarded(url, transport, authorization)


def recorded(
    manifest: Manifest,
    documents: Sequence[Document],
    answer: Callable[[Json], record.Answer],
    *,
    versioned: bool,
    fresh: record.Fresh | None = None,
) -> Iterator[Json]:
    """Every call of every operation of some documents."""
    for document in documents:
        contract = build.load(SPECS, document)
        plane = manifest.plane(document.plane)
        given = answer(contract)
        yield from record.record(document, plane, contract, given, versioned=versioned, fresh=fresh)


def _versions(arguments: argparse.Namespace) -> bool:
    """Whether packages had to be generated for this run: only the default ones are in the tree."""
    if arguments.version is None:
        return False
    out = arguments.build / "versions"
    build.generate(SPECS, arguments.plane, arguments.version, out)
    sys.path.insert(0, str(out))
    return True

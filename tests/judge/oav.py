"""The verdict of oav, with our notes for what it does not look at, on recorded pairs of one or more
documents.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from .departures import Departure
from .live import Json
from .tools import HERE, NotRunError, node
from .upstream import Note, Upstream


@attrs.frozen
class Case:
    """One document on trial: where it lies, what it says, the part of our paths before its own, and
    what an overlay says otherwise.
    """

    name: str
    file: Path
    upstream: Upstream
    base: str = ""
    departures: tuple[Departure, ...] = ()


@attrs.frozen
class Verdict:
    """On one pair.

    `reasons` are oav's against the request, `notes` ours; `answer` oav's against the answer.
    """

    record: Json
    found: str | None
    reasons: tuple[str, ...]
    notes: tuple[Note, ...]
    departures: tuple[Departure, ...]
    answer: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        return self.found is not None and not self.reasons

    @property
    def wrong_operation(self) -> bool:
        return self.found is not None and self.found != self.record["op"]

    @property
    def clean(self) -> bool:
        return self.accepted and not self.wrong_operation and not self.notes


def judge(
    cases: Sequence[Case], records: Sequence[Json], modules: Path, scratch: Path, *, responses: bool
) -> list[Verdict]:
    """A verdict for each record, in their order; raises NotRunError where oav itself gives none."""
    by_name = {case.name: case for case in cases}
    scratch.mkdir(parents=True, exist_ok=True)
    lines, job, out = scratch / "records.jsonl", scratch / "job.json", scratch / "verdicts.json"
    lines.write_text(
        "".join(json.dumps(by_name[r["doc"]].upstream.for_oav(r)) + "\n" for r in records)
    )
    documents = [{"doc": case.name, "file": str(case.file)} for case in cases]
    job.write_text(
        json.dumps({"responses": responses, "documents": documents, "records": str(lines)})
    )
    script = [node(), str(HERE / "oav_judge.mjs"), str(modules), str(job), str(out)]
    out.unlink(missing_ok=True)
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    if done.returncode or not out.exists():
        why = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotRunError(
            f"oav stopped: {next((w for w in why if 'Error' in w), 'no reason given')}"
        )
    report = json.loads(out.read_bytes())
    return [
        verdict(by_name[r["doc"]], r, found)
        for r, found in zip(records, report["verdicts"], strict=True)
    ]


def verdict(case: Case, record: Json, found: Mapping[str, Any]) -> Verdict:
    """oav's findings on one record, and our notes, less what an overlay declares."""
    operation_id = record["op"]
    used = [d for d in case.departures if d.kind == "prefix"]
    reasons, notes = [], []
    for error in found["errors"]:
        covering = [d for d in case.departures if d.covers_error(operation_id, error)]
        used += covering
        reasons += [] if covering else [_reason(error)]
    known = operation_id in case.upstream.operations
    for note in case.upstream.notes(record) if known else [Note("no operation", operation_id)]:
        covering = [d for d in case.departures if d.covers_note(operation_id, note)]
        used += covering
        notes += [] if covering else [note]
    answer = []
    for error in found["response"]:
        covering = [
            d for d in case.departures if d.kind == "added" and d.covers_error(operation_id, error)
        ]
        used += covering
        answer += [] if covering else [_reason(error)]
    return Verdict(
        record,
        found["found"],
        tuple(reasons),
        tuple(notes),
        tuple(dict.fromkeys(used)),
        tuple(answer),
    )


def _reason(error: Mapping[str, Any]) -> str:
    return f"{error['code']} {', '.join(error['paths'])}: {error['message'][:200]}"


def summary(case: Case, verdicts: Iterable[Verdict]) -> Json:
    """The figures of one document, and every fault in full."""
    own = [v for v in verdicts if v.record["doc"] == case.name]
    bad = {v.record["op"] for v in own if not v.clean}
    judged = {v.record["op"] for v in own}
    used = Counter(str(d) for v in own for d in v.departures)
    return {
        "operations": len(case.upstream.operations),
        "judged": len(judged),
        "accepted": len(judged - bad),
        "missing": sorted(set(case.upstream.operations) - judged),
        "requests": len(own),
        "answers": dict(sorted(Counter(_status(v)[0] + "xx" for v in own).items())),
        "unanswered": sorted(judged - {v.record["op"] for v in own if _status(v)[0] == "2"}),
        "broken": [_where(v) | {"status": _status(v)} for v in own if _status(v)[0] == "5"],
        "requestsAccepted": sum(v.accepted for v in own),
        "wrongOperation": [_where(v) | {"found": v.found} for v in own if v.wrong_operation],
        "refused": [_where(v) | {"reasons": list(v.reasons)} for v in own if not v.accepted],
        "notes": [_where(v) | {"notes": [str(n) for n in v.notes]} for v in own if v.notes],
        "departures": dict(sorted(used.items())),
        "answersRefused": [_where(v) | {"reasons": list(v.answer)} for v in own if v.answer],
    }


def _where(verdict: Verdict) -> Json:
    return {"op": verdict.record["op"], "pass": verdict.record.get("pass", "")}


def _status(verdict: Verdict) -> str:
    return str(verdict.record["liveResponse"]["statusCode"])

"""The report of the judges as a table, its faults as lines, and whether all is well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from .live import Json

_COLUMNS = (
    "operations",
    "accepted",
    "requests",
    "refused",
    "wrong op",
    "notes",
    "answers refused",
    "prism refused",
)
_FAULTS_SHOWN = 40


def passed(report: Mapping[str, Json]) -> bool:
    """Every operation of every document was judged and accepted, by every judge, with no note
    left.
    """
    return (
        bool(report) and not any(faults(report)) and all(r["operations"] for r in report.values())
    )


def of_recordings(found: Json) -> Json:
    """Recordings are of what was called, not of all, errors may be what a test is about, and a
    service that is live, or looks so, sends more than its document says: none of these is a fault.
    """
    return found | {"missing": [], "unanswered": [], "broken": [], "answersRefused": []}


def faults(report: Mapping[str, Json]) -> Iterator[str]:
    """Each fault as a line that names document, operation and reason."""
    for doc, found in report.items():
        for name in found["missing"]:
            yield f"{doc} {name}: never sent"
        if found["unanswered"]:
            yield (
                f"{doc}: never answered by 2xx, so their answers were not judged: "
                f"{', '.join(found['unanswered'])}"
            )
        for one in found["broken"]:
            yield f"{doc} {one['op']} ({one['pass']}): answered by {one['status']}"
        for one in found["wrongOperation"]:
            yield f"{doc} {one['op']} ({one['pass']}): reached {one['found']}"
        for key, judge in (("refused", "oav"), ("answersRefused", "oav on the answer")):
            for one in found[key]:
                yield f"{doc} {one['op']} ({one['pass']}): {judge}: {'; '.join(one['reasons'])}"
        for one in found["notes"]:
            yield f"{doc} {one['op']} ({one['pass']}): {'; '.join(one['notes'])}"
        for one in found.get("prism", {}).get("refused", []):
            yield f"{doc} {one['op']} ({one['pass']}): prism: {'; '.join(one['reasons'])}"


def text(report: Mapping[str, Json], seconds: float) -> str:
    rows = {doc: _row(found) for doc, found in report.items()}
    rows["total"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    width = max(map(len, rows))
    lines = [f"{'document':{width}}  " + "  ".join(_COLUMNS)]
    lines += [
        f"{doc:{width}}  "
        + "  ".join(f"{value:{len(name)}}" for value, name in zip(row, _COLUMNS, strict=True))
        for doc, row in rows.items()
    ]
    declared = [
        f"{doc}: {name}: {n}"
        for doc, found in report.items()
        for name, n in found["departures"].items()
    ]
    lines += (
        ["", "departures that an overlay declares (calls):", *(f"  {line}" for line in declared)]
        if declared
        else []
    )
    answers = sum((Counter(found["answers"]) for found in report.values()), Counter[str]())
    lines += ["", "answers: " + ", ".join(f"{n} of {kind}" for kind, n in sorted(answers.items()))]
    found = list(faults(report))
    lines += ["", "faults:", *(f"  {line}" for line in found[:_FAULTS_SHOWN])] if found else []
    lines += [f"  and {len(found) - _FAULTS_SHOWN} more"] if len(found) > _FAULTS_SHOWN else []
    judges = "oav and prism" if all("prism" in r for r in report.values()) else "oav"
    total = dict(zip(_COLUMNS, rows["total"], strict=True))
    last = (
        f"judge: {total['accepted']} of {total['operations']} operations accepted in "
        f"{total['requests']} requests"
    )
    return "\n".join([*lines, "", f"{last}, {len(found)} faults, by {judges}, {seconds:.0f} s"])


def _row(found: Json) -> list[int]:
    return [
        found["operations"],
        found["accepted"],
        found["requests"],
        len(found["refused"]),
        len(found["wrongOperation"]),
        len(found["notes"]),
        len(found["answersRefused"]),
        len(found.get("prism", {}).get("refused", [])),
    ]

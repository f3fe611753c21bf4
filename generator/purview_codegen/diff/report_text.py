"""A report as Markdown and as plain text: the same blocks, spelt twice.

What is many of a kind is one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import attrs

from .changes import Change
from .report import STATUSES, Report, Step

LONGEST = 200  # lines of Markdown; the JSON form has everything
_ROWS = (60, 30, 15, 8, 4, 2, 1)
_PLACES = 6
Row = tuple[str, ...]


@attrs.frozen
class Block:
    """A heading (level), a line of text, or a table."""

    text: str = ""
    level: int = 0
    header: Row = ()
    rows: tuple[Row, ...] = ()


def as_json(report: Report) -> str:
    """The report as JSON."""
    return json.dumps(report.data(), indent=1) + "\n"


def as_markdown(report: Report) -> str:
    """At most LONGEST lines: as many rows a table as there is room for."""
    found: list[str] = []
    for rows in _ROWS:
        found = [line for block in _blocks(report, rows) for line in _markdown(block)]
        if len(found) <= LONGEST:
            return "\n".join(found) + "\n"
    return "\n".join([*found[: LONGEST - 1], "and more: see the JSON form"]) + "\n"


def as_text(report: Report) -> str:
    """The report as plain text."""
    return "\n".join(line for block in _blocks(report, _ROWS[0]) for line in _plain(block)) + "\n"


def _markdown(block: Block) -> list[str]:
    if block.level:
        return [f"{'#' * block.level} {block.text}", ""]
    if not block.header:
        return [block.text, ""]
    lines = [block.header, tuple("-" * 3 for _ in block.header), *block.rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines] + [
        ""
    ]


def _plain(block: Block) -> list[str]:
    if block.level:
        return ["", block.text, "=-~"[min(block.level, 3) - 1] * len(block.text)]
    if not block.header:
        return [block.text]
    lines = [tuple(cell.replace("`", "") for cell in row) for row in (block.header, *block.rows)]
    widths = [max(len(row[i]) for row in lines) for i in range(len(block.header) - 1)]
    return [
        "  ".join(
            [*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]
        ).rstrip()
        for row in lines
    ]


def _table(header: Row, rows: Sequence[Row], most: int) -> list[Block]:
    """A table of at most `most` rows, and a line on what is left out."""
    if not rows:
        return []
    more = [Block(f"and {len(rows) - most} more: see the JSON form")] if len(rows) > most else []
    return [Block(header=header, rows=tuple(rows[:most])), *more]


def _code(text: str) -> str:
    return "`{}`".format(text.replace("\n", "\\n")) if text else ""


def _blocks(report: Report, most: int) -> Iterable[Block]:
    totals = report.totals
    yield Block(f"Changes from {_name(report.old)} to {_name(report.new)}", 1)
    yield Block(f"Suggested version bump: **{totals['bump']}**. {totals['reason']}.")
    yield from _warnings(report)
    yield _totals(totals)
    touched = [s for s in report.steps if s.status not in ("same", "kept")]
    if touched:
        yield Block("Documents", 2)
        facts = [
            (f"{s}{' (default)' if s.default else ''}", _status(s), _level(report, str(s)))
            for s in touched
        ]
        yield from _table(("document", "what happened", "worst change"), facts, most)
    for (plane, version), found in groupby(sorted(report.changes, key=_place), key=_place):
        yield from _plane(report, f"{plane} {version}", list(found), most)
    if report.names:
        yield Block("Migration", 2)
        names = [
            (f"{r.plane} {r.kind}", _code(r.old), _code(r.new) or "gone") for r in report.names
        ]
        yield from _table(("what", "old", "new"), names, most)


def _warnings(report: Report) -> Iterable[Block]:
    """What a reader must not miss: versions rewritten in place, notes, defaults."""
    for step in [s for s in report.steps if s.rewritten]:
        wire = sum(c.wire and c.level == "major" for c in report.changes if c.document == str(step))
        what = (
            f"Wire changes to act on: {wire}. Clients that were right yesterday may be wrong today"
        )
        yield Block(
            f"**CHANGED UNDER THE SAME API-VERSION: {step}.** "
            f"{what if wire else 'Wire changes to act on: none'}."
        )
    for note in report.notes:
        yield Block(note)
    for rule in report.proposals:
        taken = "taken" if rule in report.taken else f"take it with --accept {rule}"
        yield Block(f"Proposed default: {rule.removeprefix('default@')}; {taken}.")
    for rule in [r for r in report.taken if r not in report.proposals]:
        yield Block(f"Default: {rule.removeprefix('default@')}; taken as it was asked for.")


def _totals(totals: Mapping[str, Any]) -> Block:
    """How much changed, by kind."""
    counts = [f"{totals['documents'][s]} {s}" for s in STATUSES if totals["documents"][s]]
    rows: list[Row] = [("documents", ", ".join(counts) or "none")]
    keys = ("operations", "schemas", "wire", "names", "python_names")
    rows += [(key.replace("_", " "), _counts(totals[key])) for key in keys]
    if came := totals["operations_in_added_documents"]:
        rows[1] = ("operations", f"{rows[1][1]}; {came} came with added documents")
    return Block(header=("", "totals"), rows=tuple(rows))


def _place(change: Change) -> tuple[str, str]:
    return change.plane, change.version


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in found.items())


def _status(step: Step) -> str:
    if step.status == "added":
        came = f"added with {step.operations} operations"
        counts = (
            f"{key} {_counts(step.beside[key])}"
            for key in ("operations", "schemas", "wire")
            if step.beside
        )
        return (
            f"{came}; beside {step.beside['version']}: {'; '.join(counts)}" if step.beside else came
        )
    told = {
        "prose": "prose only: other bytes, the same contract",
        "moved": "moved: the same bytes elsewhere",
    }
    return told.get(step.status, step.status)


def _level(report: Report, step: str) -> str:
    found = [c.level for c in report.changes if c.document == step]
    return next((level for level in ("major", "minor", "patch") if level in found), "")


def _plane(report: Report, title: str, changes: list[Change], most: int) -> Iterable[Block]:
    yield Block(title, 2)
    wire = [c for c in changes if c.wire and c.level == "major"]
    if wire:
        yield Block(f"Wire, major: {len(wire)} to act on", 3)
        yield from _table(
            ("change", "affects", "old", "new", "where"), _grouped(report, wire), most
        )
    for level, shown in (("major", "Names, major"), ("minor", "Minor"), ("patch", "Patch")):
        rest = [c for c in changes if c.level == level and not (level == "major" and c.wire)]
        if rest:
            yield Block(f"{shown}: {len(rest)}", 3)
            yield from _table(("change", "affects", "times", "such as"), _counted(rest), most)


def _grouped(report: Report, changes: list[Change]) -> list[Row]:
    """One row for all places that changed in the same way."""

    def key(c: Change) -> Row:
        return c.kind, c.affects, c.old, c.new

    rows: list[Row] = []
    for (kind, affects, old, new), found in groupby(sorted(changes, key=key), key=key):
        places = [
            _short(c.where) + (" (accepted)" if c.rule in report.accepted else "") for c in found
        ]
        more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
        rows.append((kind, affects, _code(old), _code(new), ", ".join(places[:_PLACES]) + more))
    return rows


def _counted(changes: list[Change]) -> list[Row]:
    def key(c: Change) -> Row:
        return c.kind, c.affects

    rows: list[Row] = []
    for (kind, affects), group in groupby(sorted(changes, key=key), key=key):
        found = list(group)
        rows.append((kind, affects, str(len(found)), "; ".join(map(_example, found[:3]))))
    return rows


def _example(c: Change) -> str:
    place, texts = _short(c.where), " to ".join(_code(t) for t in (c.old, c.new) if t)
    return texts if place in (c.old, c.new) else f"{place} {texts}".rstrip()


def _name(state: str) -> str:
    """A commit, shortened, or what else was compared."""
    return state[:10] if re.fullmatch(r"[0-9a-f]{40}", state) else state


def _short(where: str) -> str:
    """Class.member instead of the pointer, which the JSON form has."""
    return re.sub(r"(/allOf/\d+)?/properties/", ".", where.removeprefix("/components/schemas/"))

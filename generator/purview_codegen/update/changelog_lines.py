"""What an update tells users in the changelog: one line for each document that moved."""

from __future__ import annotations

from purview_codegen.diff.report import Report, Step


def changelog_lines(report: Report) -> dict[str, list[str]]:
    """Group of the changelog -> one line for each document that moved."""
    moved = [s for s in report.steps if s.status not in ("same", "kept", "lost")]
    taken = sorted(rule.removeprefix("default@").replace("/", " ") for rule in report.taken)
    lines = [f"{name}: the api-version that is taken by default now." for name in taken]
    out: dict[str, list[str]] = {"Added": [], "Changed": lines}
    for s in moved:
        told = f"{s}: {_what(s, report)} (upstream {report.new[:10]})."
        out["Added" if s.status == "added" else "Changed"].append(told)
    return out


def _what(s: Step, report: Report) -> str:
    if s.status != "changed":
        added = f"a new api-version of {s.operations} operations"
        return {"added": added, "prose": "prose only"}.get(
            s.status, "moved upstream, the same bytes"
        )
    levels = [c.level for c in report.changes if (c.plane, c.version) == (s.plane, s.version)]
    counts = [
        f"{levels.count(level)} {level}" for level in ("major", "minor", "patch") if level in levels
    ]
    what = f"{', '.join(counts)} change{'s' * (len(levels) != 1)}"
    return f"{what}, under the same api-version" if s.rewritten else what

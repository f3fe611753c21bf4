"""What a person has accepted: rules kept in `specs/accepted.json`, and the defaults that they
choose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from purview_codegen.diff.report import Report
from purview_codegen.errors import IntegrityError
from purview_codegen.source.discover import proposals
from purview_core.manifest import Manifest

FILE = "accepted.json"  # commit -> RULE@WHERE, of the updates so far
Listed = Mapping[str, frozenset[str]]


def proposed_rules(manifest: Manifest, listed: Listed) -> tuple[str, ...]:
    """The defaults that are proposed, as `--accept` names them."""
    return tuple(
        f"default@{plane}/{version}" for plane, version in proposals(manifest, listed).items()
    )


def taken_defaults(manifest: Manifest, patterns: Iterable[str], listed: Listed) -> dict[str, str]:
    """Plane -> another api-version that it takes by default from now on: any that was named, the
    last one where there are several, else what is proposed and fits a pattern.
    """
    asked = [p for p in patterns if p.startswith("default@")]
    out = {
        p: v
        for p, v in proposals(manifest, listed).items()
        if any(fnmatchcase(f"default@{p}/{v}", a) for a in asked)
    }
    named = {
        d.plane: d
        for a in asked
        for d in manifest.documents
        if a == f"default@{d.plane}/{d.version}"
    }
    out |= {plane: d.version for plane, d in named.items()}
    return {
        plane: version
        for plane, version in out.items()
        if manifest.plane(plane).default.version != version
    }


def kept_rules(specs: Path) -> dict[str, list[str]]:
    """Commit -> the rules that were accepted for it."""
    path = specs / FILE
    try:
        found = json.loads(path.read_bytes()) if path.exists() else {}
        return {commit: [str(rule) for rule in rules] for commit, rules in found.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise IntegrityError(f"{FILE} cannot be read: {error}") from None


def rules_text(specs: Path, commit: str, report: Report) -> str:
    """The file with what a report had accepted."""
    kept = kept_rules(specs)
    planes = {rule.partition("/")[0] for rule in report.taken}
    rules = {*kept.get(commit, ()), *report.accepted}
    # of each plane, one default alone is to be remembered
    kept[commit] = sorted(
        r for r in rules if r in report.taken or r.partition("/")[0] not in planes
    )
    return json.dumps(kept, indent=1, sort_keys=True) + "\n"

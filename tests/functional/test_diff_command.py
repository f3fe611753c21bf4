"""`diff` of every two neighbouring versions of a plane: one report in three forms, which say the same."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from purview_codegen import cli

CONTRACTS = Path(__file__).parents[2] / "specs" / "contracts"
PAIRS = [
    tuple(f"{plane.name}@{path.stem}" for path in pair)
    for plane in sorted(CONTRACTS.iterdir())
    for pair in pairwise(sorted(plane.glob("*.json")))
]
FACTS = ["plane", "version", "kind", "where", "affects", "level", "old", "new"]
WIRE = {"request", "response", "both"}


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=[f"{old} {new}" for old, new in PAIRS])
def test_three_forms_say_the_same(old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = tmp_path / "r.json", tmp_path / "r.md"
    assert 0 == cli.main(["diff", old, new, "--json", str(files[0]), "--markdown", str(files[1])])
    text, page, data = capsys.readouterr().out, files[1].read_text(), json.loads(files[0].read_text())
    totals, changes = data["totals"], data["changes"]
    assert {tuple(FACTS)} == {tuple(c) for c in changes}
    assert "operation.other" not in {c["kind"] for c in changes}
    for level in ("major", "minor", "patch"):
        at = [c for c in changes if c["level"] == level]
        assert totals["wire"][level] == sum(c["affects"] in WIRE for c in at)
        assert totals["names"][level] == sum(c["affects"] == "names" for c in at)
    for key in ("operations", "schemas", "wire", "names", "python_names"):
        row = ", ".join(f"{n} {what}" for what, n in totals[key].items())
        assert f"| {key.replace('_', ' ')} | {row} |" in page
        assert re.search(rf"(?m)^{key.replace('_', ' ')} +{row}$", text)
    assert page.startswith(
        f"# Changes from {old} to {new}\n\nSuggested version bump: **{totals['bump']}**. {totals['reason']}.\n"
    )
    headings = re.findall(r"(?m)^### (?:Wire, major|Names, major|Minor|Patch): (\d+)", page)
    assert len(changes) == sum(map(int, headings))
    assert len(page.splitlines()) <= 200


def test_names_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    """Scanning as the stable version renamed and moved it."""
    assert 0 == cli.main(["diff", "scanning@2022-07-01-preview", "scanning@2023-09-01", "--json", "-"])
    data = json.loads(capsys.readouterr().out)
    names = {(r["kind"], r["old"]): r["new"] for r in data["python_names"]}
    assert "credential.list" == names["method", "credential.list_all"]
    found = {(c["kind"], c["where"]): (c["old"], c["new"]) for c in data["changes"]}
    assert ("path runId", "query runId") == found["parameter.location", "ScanResult_RunScan"]

"""`diff` of every two neighbouring versions of a plane: one report in three forms, which say the
same.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

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
def test_three_forms_say_the_same(
    old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = tmp_path / "r.json", tmp_path / "r.md"
    assert 0 == cli.main(["diff", old, new, "--json", str(files[0]), "--markdown", str(files[1])])
    text, page, data = (
        capsys.readouterr().out,
        files[1].read_text(),
        json.loads(files[0].read_text()),
    )
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
        f"# Changes from {old} to {new}\n\nSuggested version bump: **{totals['bump']}**. "
        f"{totals['reason']}.\n"
    )
    headings = re.findall(r"(?m)^### (?:Wire, major|Names, major|Minor|Patch): (\d+)", page)
    assert len(changes) == sum(map(int, headings))
    assert len(page.splitlines()) <= 200


def test_names_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    """Scanning as the stable version renamed and moved it."""
    assert 0 == cli.main(
        ["diff", "scanning@2022-07-01-preview", "scanning@2023-09-01", "--json", "-"]
    )
    data = json.loads(capsys.readouterr().out)
    names = {(r["kind"], r["old"]): r["new"] for r in data["python_names"]}
    assert "credential.list" == names["method", "credential.list_all"]
    found = {(c["kind"], c["where"]): (c["old"], c["new"]) for c in data["changes"]}
    assert ("path runId", "query runId") == found["parameter.location", "ScanResult_RunScan"]


def document(kind: str, **more: Any) -> dict[str, Any]:
    """An OpenAPI document that has the parts of a contract, and is none: nothing in it has been
    given its one form.
    """
    answer = {
        "description": "A.",
        "content": {"application/json": {"schema": {"properties": {"a": {"type": kind}}}}},
    }
    item = {
        "parameters": [{"name": "x", "in": "query", "schema": {"type": "string"}}],
        "get": {"operationId": "A_Get"},
    }
    item["get"] |= {"responses": {"200": answer}} | more
    server = {"url": "{endpoint}/zoo", "variables": {"endpoint": {"default": "https://zoo"}}}
    top = {
        "openapi": "3.1.0",
        "info": {"title": "zoo", "version": "2024-01-01"},
        "servers": [server],
    }
    return top | {"paths": {"/a": item}, "components": {"schemas": {}}}


def run(tmp_path: Path, *documents: Any) -> int:
    files = [tmp_path / f"{i}.json" for i in range(2)]
    for path, found in zip(files, documents, strict=True):
        path.write_text(json.dumps(found))
    return cli.main(["diff", *map(str, files), "--json", "-"])


@pytest.mark.parametrize("more", [{}, {"tags": ["A"], "parameters": []}])
def test_documents_of_ones_own(
    more: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run(tmp_path, document("string", **more), document("integer", **more))
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert ["member.type"] == [c["kind"] for c in changes]


def test_the_same_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(tmp_path, document("string"), document("string"))
    data = json.loads(capsys.readouterr().out)
    assert ("none", 1, []) == (
        data["totals"]["bump"],
        data["totals"]["documents"]["same"],
        data["changes"],
    )


def test_a_reference_that_leads_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = document(
        "string",
        requestBody={
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/B"}}}
        },
    )
    assert 3 == run(tmp_path, document("string"), bad)
    out, err = capsys.readouterr()
    assert ("", 1) == (out, err.count("\n"))
    assert "$ref leads nowhere: #/components/schemas/B: /paths/~1a/get/requestBody" in err

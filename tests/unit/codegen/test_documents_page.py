"""docs/documents.md: true to planes.toml and upstream.lock, read here without the generator's
own readers.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from purview_codegen import documents_page
from purview_codegen.errors import GateError
from purview_codegen.source.lock import Lock
from purview_core.manifest import Manifest

ROOT = Path(__file__).parents[3]
SPECS = ROOT / "specs"
PAGE = ROOT / documents_page.PAGE


def rows(text: str) -> list[list[str]]:
    return [
        line.strip("| ").split(" | ")
        for line in text.splitlines()
        if line.startswith("| ") and "---" not in line
    ]


def test_the_page_has_every_document_and_nothing_else() -> None:
    planes = tomllib.loads((SPECS / "planes.toml").read_text("utf-8"))["planes"]
    lock = json.loads((SPECS / "upstream.lock").read_text("utf-8"))
    expected = [
        [
            name,
            d["version"],
            "yes" if d.get("default") else "draft" if d.get("draft") else "",
            str(lock[f"{name} {d['version']}"]["operations"]),
            d["commit"][:10],
            f"`{d['path']}`",
        ]
        for name in sorted(planes)
        for d in planes[name]["documents"]
    ]
    found = [
        [cell.strip() for cell in re.split(r"\|", line)[1:-1]]
        for line in PAGE.read_text("utf-8").splitlines()
    ]
    assert expected == [row for row in found if len(row) == 6][2:]
    every, default = (
        sum(int(r[3]) for r in expected if not chosen or r[2] == "yes") for chosen in (False, True)
    )
    defaults = sum(r[2] == "yes" for r in expected)
    line = (
        f"{len(expected)} documents, {every} operations; by default {defaults} documents, "
        f"{default} operations."
    )
    assert line in PAGE.read_text("utf-8").splitlines()


def test_the_page_has_every_document_that_is_left_out() -> None:
    entries = tomllib.loads((SPECS / "planes.toml").read_text("utf-8"))["left_out"]
    expected = [[f"`{e['path']}`", e.get("version", "all"), e["reason"]] for e in entries]
    assert expected == [row for row in rows(PAGE.read_text("utf-8")) if len(row) == 3][1:]


def test_the_page_is_what_the_generator_writes() -> None:
    assert PAGE.read_text("utf-8") == documents_page.text(Manifest.load(SPECS), Lock.load(SPECS))
    documents_page.check(SPECS)


@pytest.mark.parametrize(
    "spoil", [lambda t: t.replace("| yes |", "|  |", 1), lambda t: "", lambda t: t + "More.\n"]
)
def test_a_page_that_is_behind_is_told_and_made_anew(tmp_path: Path, spoil: object) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    for name in ("planes.toml", "upstream.lock"):
        (specs / name).write_bytes((SPECS / name).read_bytes())
    documents_page.check(specs)  # no page, nothing to say
    documents_page.refresh(specs, tmp_path)
    assert not (tmp_path / documents_page.PAGE).exists()
    (tmp_path / "docs").mkdir()
    (tmp_path / documents_page.PAGE).write_text(spoil(PAGE.read_text("utf-8")), "utf-8")  # type: ignore[operator]
    with pytest.raises(GateError) as caught:
        documents_page.check(specs)
    assert re.fullmatch(
        r"docs/documents.md is behind: it lacks .+; run fetch --update-lock", str(caught.value)
    )
    documents_page.refresh(specs, tmp_path)
    assert PAGE.read_text("utf-8") == (tmp_path / documents_page.PAGE).read_text("utf-8")


def test_no_test_reads_documents_from_elsewhere() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__) and re.search(r"(?i)shared\W{1,6}docs", path.read_text("utf-8"))
    ]
    assert [] == found

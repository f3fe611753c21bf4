"""The steps between the commits that the mirror holds: their totals, and the report of the
rewritten stable Data Map.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import cli

Json = dict[str, Any]
MIRROR = Path(__file__).parents[3] / "shared" / "upstream"

pytestmark = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="no mirror of upstream beside the checkout"
)


def totals(old: str, new: str, tmp_path: Path, *more: str) -> Json:
    path = tmp_path / "report.json"
    where = ("--mirror", str(MIRROR), "--cache", str(tmp_path / "cache"))
    assert 0 == cli.main(["update", "--from", old, "--to", new, "--json", str(path), *where, *more])
    found: Json = json.loads(path.read_text())["totals"]
    return found


@pytest.mark.parametrize(
    ("old", "new", "more", "documents", "operations", "bump"),
    [
        ("d7c7531a", "28c5aaa5", (), {"added": 11, "same": 9}, (0, 0, 0), "minor"),
        ("28c5aaa5", "93813542", (), {"added": 3, "changed": 1, "same": 19}, (0, 0, 0), "major"),
        (
            "93813542",
            "73e33d06",
            (),
            {"added": 1, "changed": 1, "prose": 1, "same": 21},
            (0, 0, 0),
            "minor",
        ),
        (
            "07f785f3",
            "c7177580",
            ("--only", "unified_catalog"),
            {"changed": 1},
            (0, 15, 49),
            "major",
        ),
        ("c7177580", "fa9f9e93", ("--only", "unified_catalog"), {"changed": 1}, (0, 0, 0), "minor"),
    ],
)
def test_step(
    tmp_path: Path,
    old: str,
    new: str,
    more: tuple[str, ...],
    documents: dict[str, int],
    operations: tuple[int, int, int],
    bump: str,
) -> None:
    found = totals(old, new, tmp_path, *more)
    assert documents == {status: n for status, n in found["documents"].items() if n}
    assert operations == tuple(
        found["operations"][what] for what in ("added", "removed", "renamed")
    )
    assert bump == found["bump"]


def test_the_rewritten_stable_data_map(tmp_path: Path) -> None:
    page = tmp_path / "report.md"
    found = totals("28c5aaa5", "93813542", tmp_path, "--only", "datamap", "--markdown", str(page))
    lines = page.read_text().splitlines()
    assert ["datamap 2023-09-01"] == found["rewritten"]
    assert {"added": 2, "removed": 7, "renamed": 14} == found["schemas"]
    assert "| datamap class | `ContactBasic` | `ContactInfo` |" in lines
    assert "| datamap argument | `glossary.get_term term_guid` | `term_id` |" in lines
    shout = (
        f"**CHANGED UNDER THE SAME API-VERSION: datamap 2023-09-01.** Wire changes to act on: "
        f"{found['wire']['major']}."
    )
    assert [True] == [line.startswith(shout) for line in lines if "API-VERSION" in line]
    assert lines[:4] == ["# Changes from 28c5aaa581 to 93813542ad", "", *lines[2:4]]
    assert f"### Wire, major: {found['wire']['major']} to act on" in lines
    assert len(lines) <= 200

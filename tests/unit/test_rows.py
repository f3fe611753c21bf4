"""The table of rows is that of the markers, and the option that selects by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import rows

ROOT = Path(__file__).parent.parent.parent


def test_the_page_has_every_row_that_a_test_names_and_each_row_has_tests() -> None:
    page, found = rows.PAGE.read_text(encoding="utf-8"), rows.marked(ROOT / "tests")
    assert set() == set(rows.rows_of(page)) ^ set(found)
    assert page == rows.written(page, found), "run python -m tests.rows"


def test_no_test_has_a_row_in_its_name() -> None:
    numbered = re.compile(r"def (test(?:_[tabs]\d\d)+_\w+)")
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    assert [] == [f"{p.name}: {name}" for p, text in texts for name in numbered.findall(text)]


def test_the_column_follows_the_markers() -> None:
    head = "words\n\n| row | what | tests |\n|---|---|---|\n"
    page = f"{head}| A01 | One. | old (7) |\n| B02 | Two. |  |\n"
    found = {"A01": rows.Counter({"unit/test_b.py": 1, "unit/test_a.py": 2})}
    now = rows.written(page, found)
    table = "| A01 | One. | unit/test_a (2), unit/test_b (1) |\n| B02 | Two. |  |\n"
    assert table == now[now.index("| A01") :]
    assert now == rows.written(now, found)


MODULE = """
import pytest

@pytest.mark.row("T12")
@pytest.mark.parametrize("number", [1, 2])
def test_one(number): pass

@pytest.mark.row("B36")
@pytest.mark.row("T12")
def test_both(): pass

def test_none(): pass
"""


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("T12", "3 passed, 1 deselected"),
        ("B36,T12", "3 passed, 1 deselected"),
        ("B36", "1 passed, 3 deselected"),
    ],
)
def test_rows_are_selected(pytester: pytest.Pytester, wanted: str, says: str) -> None:
    pytester.makeini("[pytest]\nmarkers = row(id): of a table\n")
    pytester.makepyfile(MODULE)
    done = pytester.runpytest_inprocess(
        "--row",
        wanted,
        "-p",
        "tests.rows",
        "-p",
        "no:cacheprovider",
    )
    assert says in done.stdout.str()


def test_a_row_that_is_not_there_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MODULE)
    done = pytester.runpytest_inprocess(
        "--row",
        "T99",
        "-p",
        "tests.rows",
        "-p",
        "no:cacheprovider",
    )
    assert "--row T99: contract_rows.md has no such row; it has " in done.stderr.str()

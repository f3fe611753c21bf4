"""The page on testing says what is so: its examples run, its tables list what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.testing.plugged import Runs

from purview_testing.pytest_plugin.plugin import pytest_addoption
from purview_testing.pytest_plugin.test_case import MARKS
from purview_testing.sandbox.faults import KINDS

ROOT = Path(__file__).parent.parent.parent.parent.parent
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_its_examples_run(pytester: pytest.Pytester) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    outcome = Runs(pytester)("\n\n".join(blocks))
    tests = re.findall(r"^def test_\w+", "\n".join(blocks), re.MULTILINE)
    assert 10 <= len(tests)
    assert {"passed": len(tests)} == outcome.counts, outcome.text


def test_it_lists_every_fault() -> None:
    assert list(KINDS) == re.findall(
        r"^\| `([a-z0-9-]+)` \| ",
        PAGE.partition("| kind |")[2].partition("Which calls")[0],
        re.MULTILINE,
    )


def test_it_names_every_argument_of_the_marker() -> None:
    told = PAGE.rpartition("@pytest.mark.purview(...)")[2]
    assert [] == [name for name in MARKS if f"`{name}`" not in told]


def test_it_lists_every_option() -> None:
    options: list[str] = []

    class Group:
        def addoption(self, name: str, **_: object) -> None:
            options.append(name)

    class Parser:
        def getgroup(self, *_: object) -> Group:
            return Group()

        def addini(self, name: str, *_: object, **__: object) -> None:
            options.append(name)

    pytest_addoption(Parser())  # type: ignore[arg-type]
    table = PAGE.rpartition("| option |")[2]
    assert 12 == len(options)
    assert [] == [name for name in options if name not in table]


def test_its_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    anchors = {
        re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-")
        for t in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == anchors

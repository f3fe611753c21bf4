"""The levels of the contract tests: selected by name, counted in a table."""

from __future__ import annotations

import pytest

TESTS = """
import pytest

pytestmark = pytest.mark.level("L2")


def test_one(): pass


@pytest.mark.level("L5")
def test_two(): assert False


@pytest.mark.level("L5")
def test_three(): pytest.skip("not here")
"""


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["-m", "level"], ["L2 1 1 0 ", "L3 not run", "L5 2 0 1 "]),
        (["--level", "L2"], ["L2 1 1 0 ", "L5 not run", "1 passed, 2 deselected"]),
        (["--level", "L9"], ["--level L9: unknown; there are L0, "]),
    ],
)
def test_levels(pytester: pytest.Pytester, arguments: list[str], lines: list[str]) -> None:
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\nmarkers = level(name): of contract tests\n")
    done = pytester.runpytest_inprocess(
        "-p", "tests.levels", "-p", "no:cacheprovider", "-o", "addopts=", *arguments
    )
    found = [" ".join(line.split()) for line in [*done.stdout.lines, *done.stderr.lines]]
    for line in lines:
        assert any(line in text for text in found), (line, found)

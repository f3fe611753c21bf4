"""The levels of the contract tests: a marker that tells one, an option that selects some, a table
of them at the end.

A test says its level by `pytest.mark.level("L2")`, most often for its whole module. `-m level` runs
those of any level, `--level L2,L4` those of some. Loaded by conftest.py.
"""

from __future__ import annotations

from collections import Counter

import pytest

LEVELS = {
    "L0": "contracts are OpenAPI, whole, of one api-version",
    "L1": "requests go out as the contracts say",
    "L2": "answers decode, and encode to the same",
    "L3": "bodies of any shape survive, known or not",
    "L4": "the sandbox answers as the contracts say, and keeps what it is given",
    "L5": "faults end in time, in the right error, without a second write",
    "L6": "what departs from a contract is noticed, with its place",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--level", metavar="L0,L1", help="only the contract tests of these levels")


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--level")
    for name in wanted.split(",") if wanted else ():
        if name not in LEVELS:
            raise pytest.UsageError(f"--level {name}: unknown; there are {', '.join(LEVELS)}")


def level_of(item: pytest.Item) -> str | None:
    """The level of the closest marker."""
    marker = item.get_closest_marker("level")
    if marker is None:
        return None
    name = str(marker.args[0])
    assert name in LEVELS, f"{item.nodeid}: no level {name!r}"
    return name


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--level")
    kept: list[pytest.Item] = []
    for item in items:
        level = level_of(item)
        if level is not None:
            item.user_properties.append(
                ("level", level)
            )  # goes along with its report, from other processes too
        if not wanted or level in wanted.split(","):
            kept.append(item)
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = {
        outcome: _counted(terminalreporter, outcome)
        for outcome in ("passed", "failed", "error", "skipped")
    }
    if not any(found[level] for found in counts.values() for level in LEVELS):
        return
    terminalreporter.section("levels")
    terminalreporter.write_line("level  checks  passed  skipped")
    for level, what in LEVELS.items():
        checks = sum(found[level] for found in counts.values())
        numbers = (
            f"{checks:6}  {counts['passed'][level]:6}  {counts['skipped'][level]:7}"
            if checks
            else "not run"
        )
        terminalreporter.write_line(f"{level:5}  {numbers:23}  {what}")


def _counted(reporter: pytest.TerminalReporter, outcome: str) -> Counter[str]:
    found = [
        dict(getattr(report, "user_properties", ())).get("level")
        for report in reporter.stats.get(outcome, ())
    ]
    return Counter(str(level) for level in found if level)

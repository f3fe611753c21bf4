"""The rows of docs/contract_rows.md, and the tests that are about them. Loaded by conftest.py.

A test says its rows by `@pytest.mark.row("T12")`, one marker a row; `--row T12,B36` runs those of
any of them. `python -m tests.rows` writes the last column of the page anew.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "contract_rows.md"
_LINE = re.compile(r"^\| (?P<id>[A-Z]\d\d) \| (?P<what>.+?) \| (?P<tests>[^|]*) \|$")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--row",
        metavar="T12,B36",
        help="only the tests of these rows of docs/contract_rows.md",
    )


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--row")
    known = rows_of(PAGE.read_text(encoding="utf-8")) if wanted else {}
    for name in wanted.split(",") if wanted else ():
        if name not in known:
            raise pytest.UsageError(
                f"--row {name}: {PAGE.name} has no such row; it has {', '.join(known)}",
            )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--row"):
        return
    wanted = set(config.getoption("--row").split(","))
    kept = [item for item in items if wanted & {m.args[0] for m in item.iter_markers("row")}]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def rows_of(page: str) -> dict[str, str]:
    """Row -> what its last column says."""
    return {m["id"]: m["tests"] for line in page.splitlines() if (m := _LINE.match(line))}


def marked(folder: Path) -> dict[str, Counter[str]]:
    """Row -> file, below the folder -> how many test functions of it are about the row."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for row in _rows_at(node) if node.name.startswith("test") else ():
                found[row][path.relative_to(folder).as_posix()] += 1
    return dict(found)


def _rows_at(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="row"), args=[ast.Constant(value=str(row))]):
                yield row


def written(page: str, found: Mapping[str, Counter[str]]) -> str:
    """The page with its last column as the markers have it."""
    lines = []
    for line in page.splitlines():
        if m := _LINE.match(line):
            files = sorted(found.get(m["id"], Counter()).items())
            tests = ", ".join(f"{name.removesuffix('.py')} ({number})" for name, number in files)
            lines.append(f"| {m['id']} | {m['what']} | {tests} |")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(
        written(PAGE.read_text(encoding="utf-8"), marked(ROOT / "tests")),
        encoding="utf-8",
        newline="\n",
    )

"""Sizes that keep the project readable. Raising one is a commit of its own, with a reason."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CODEGEN = ROOT / "generator" / "purview_codegen"
CORE = ROOT / "runtime" / "purview_core"
AUTH = ROOT / "auth_plugin" / "purview_auth"
TESTING = ROOT / "runtime" / "purview_testing"
GENERATED = ROOT / "generated" / "purview_dataplane"

MODULE_LINES, FUNCTION_LINES, TEMPLATE_LINES, NOXFILE_LINES = 400, 40, 80, 200
GENERATED_FILE_LINES, FOLDER_FILES = 2_400, 16
PACKAGES = [CODEGEN, CORE, AUTH, TESTING]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def sizes(folder: Path, pattern: str = "*.py") -> dict[str, int]:
    """Path below the checkout -> lines; a folder without such files fails, for then nothing would
    be checked.
    """
    found = {str(p.relative_to(ROOT)): lines(p) for p in sorted(folder.rglob(pattern))}
    assert found, f"{folder.relative_to(ROOT)} holds no {pattern}"
    return found


def over(found: dict[str, int], budget: int) -> dict[str, int]:
    return {name: n for name, n in found.items() if n > budget}


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda p: p.name)
def test_modules(folder: Path) -> None:
    assert {} == over(sizes(folder), MODULE_LINES)


@pytest.mark.parametrize("folder", [*PACKAGES, ROOT / "examples"], ids=lambda p: p.name)
def test_functions(folder: Path) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or 0)
        - node.lineno
        + 1
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {} == over(found, FUNCTION_LINES)


def test_templates() -> None:
    assert {} == over(sizes(CODEGEN / "package" / "templates", "*.jinja"), TEMPLATE_LINES)


def test_noxfile() -> None:
    assert lines(ROOT / "noxfile.py") <= NOXFILE_LINES


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_folders(package: Path) -> None:
    """More modules than this in one folder hide what belongs together."""
    found = Counter(
        str(path.parent.relative_to(ROOT))
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    )
    assert found, f"{package.relative_to(ROOT)} holds no module"
    assert {} == {folder: n for folder, n in found.items() if n > FOLDER_FILES}


def test_generated() -> None:
    assert {} == over(sizes(GENERATED), GENERATED_FILE_LINES)

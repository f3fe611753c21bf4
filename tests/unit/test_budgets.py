"""Sizes that keep the project readable. Raising one is a commit of its own, with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CODEGEN = ROOT / "generator" / "purview_codegen"
CORE = ROOT / "runtime" / "purview_core"
AUTH = ROOT / "auth_plugin" / "purview_auth"
TESTING = ROOT / "runtime" / "purview_testing"
GENERATED = ROOT / "generated" / "purview_dataplane"

MODULE_LINES, FUNCTION_LINES, TEMPLATE_LINES, NOXFILE_LINES = 400, 40, 80, 200
RUNTIME_LINES, CODEGEN_LINES = 10_800, 8_300
SCANNING_LINES, GENERATED_LINES, GENERATED_FILE_LINES = 9_000, 50_000, 2_400


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def sizes(folder: Path, pattern: str = "*.py") -> dict[str, int]:
    """Path below the checkout -> lines; a folder without such files fails, for then nothing would be checked."""
    found = {str(p.relative_to(ROOT)): lines(p) for p in sorted(folder.rglob(pattern))}
    assert found, f"{folder.relative_to(ROOT)} holds no {pattern}"
    return found


def own(folder: Path) -> dict[str, int]:
    """Without the modules named testing: they have no budget in common with the rest."""
    return {name: n for name, n in sizes(folder).items() if "testing" not in name}


def over(found: dict[str, int], budget: int) -> dict[str, int]:
    return {name: n for name, n in found.items() if n > budget}


@pytest.mark.parametrize("folder", [CODEGEN, CORE, AUTH, TESTING], ids=lambda p: p.name)
def test_modules(folder: Path) -> None:
    if folder == TESTING and not folder.exists():
        pytest.skip("there is no purview_testing yet")
    assert {} == over(sizes(folder), MODULE_LINES)


@pytest.mark.parametrize("folder", [CODEGEN, CORE, AUTH, TESTING, ROOT / "examples"], ids=lambda p: p.name)
def test_functions(folder: Path) -> None:
    if folder == TESTING and not folder.exists():
        pytest.skip("there is no purview_testing yet")
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {} == over(found, FUNCTION_LINES)


def test_templates() -> None:
    assert {} == over(sizes(CODEGEN / "templates", "*.jinja"), TEMPLATE_LINES)


def test_noxfile() -> None:
    assert lines(ROOT / "noxfile.py") <= NOXFILE_LINES


def test_runtime() -> None:
    assert sum(own(CORE).values()) + sum(own(AUTH).values()) <= RUNTIME_LINES


def test_codegen() -> None:
    assert sum(sizes(CODEGEN).values()) <= CODEGEN_LINES


def test_scanning() -> None:
    assert sum(sizes(GENERATED / "scanning").values()) <= SCANNING_LINES


def test_generated() -> None:
    found = sizes(GENERATED)
    assert sum(found.values()) <= GENERATED_LINES
    assert {} == over(found, GENERATED_FILE_LINES)

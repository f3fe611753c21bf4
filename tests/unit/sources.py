"""The imports of our packages, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
SOURCES = {
    "purview_auth": ROOT / "auth_plugin",
    "purview_core": ROOT / "runtime",
    "purview_testing": ROOT / "runtime",
    "purview_codegen": ROOT / "generator",
    "purview_dataplane": ROOT / "generated",
}


class Import(NamedTuple):
    """One imported module, absolute, and whether the import runs when the module is imported."""

    module: str
    line: int
    at_once: bool


def modules(package: str) -> list[Path]:
    return sorted((SOURCES[package] / package).rglob("*.py"))


def dotted(path: Path, package: str) -> str:
    parts = path.relative_to(SOURCES[package]).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path, package: str) -> tuple[Import, ...]:
    return tuple(
        _walk(ast.parse(path.read_text(encoding="utf-8")), _package_of(path, package), at_once=True)
    )


def _package_of(path: Path, package: str) -> list[str]:
    parts = dotted(path, package).split(".")
    return parts if path.name == "__init__.py" else parts[:-1]


def _walk(node: ast.AST, here: list[str], *, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_once) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = here[: len(here) - child.level + 1] if child.level else []
            module = ".".join([*base, *([child.module] if child.module else [])])
            yield Import(module, child.lineno, at_once)
            yield from (
                Import(f"{module}.{alias.name}", child.lineno, at_once)
                for alias in child.names
                if not child.module
            )
        else:
            typing_only = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, here, at_once=at_once and not typing_only and not function)


def names_in(path: Path) -> set[str]:
    """Every bare name and attribute that a module uses."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {
        n.attr for n in nodes if isinstance(n, ast.Attribute)
    }

"""The walls inside the packages: which folder may import which, and that there are no circles.

An import that only type checkers see counts too: who reads a module has to read what it names.
"""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest
from tests.unit.sources import ROOT, SOURCES, dotted, imports, modules

OWN = [name for name in SOURCES if name != "purview_dataplane"]

# folder -> the folders that it may import
WALLS: dict[str, dict[str, set[str]]] = {
    "purview_auth": {
        "network": set(),
        "tokens": {"network"},
        "testing": {"network", "tokens"},
    },
    "purview_core": {
        "model": set(),
        "transport": set(),
        "call": {"model"},
        "client": {"model", "call", "transport"},
    },
    "purview_testing": {
        "contracts": set(),
        "sandbox": {"contracts"},
        "pytest_plugin": {"contracts", "sandbox"},
    },
    "purview_codegen": {
        "contract": set(),
        "source": {"contract"},
        "package": {"contract", "source"},  # its manifest alone, see below
        "diff": {"contract", "package"},
        "update": {"contract", "source", "package", "diff"},
    },
}

# The modules beside the folders that stand on them. All others there are what the folders stand on.
ABOVE: dict[str, set[str]] = {
    "purview_auth": {"__init__", "credential", "flow", "foreign", "principal", "warm"},
    "purview_core": {"__init__", "declarations"},
    "purview_testing": {"__init__", "__main__", "live"},
    "purview_codegen": {"build", "cli", "documents_page"},
}

# What those others may import all the same: errors and operations name things of the model.
GROUND = {"purview_core": {"model"}}


@cache
def arrows(package: str) -> dict[str, set[str]]:
    """Module -> the modules of the same package that it imports, for whatever purpose.

    A folder's `__init__` runs before its modules, which is no import of theirs.
    """
    known = {dotted(path, package) for path in modules(package)}
    found: dict[str, set[str]] = {}
    for path in modules(package):
        module = dotted(path, package)
        targets = {_module_of(i.module, known) for i in imports(path, package)}
        found[module] = targets - {"", package, module, module.rpartition(".")[0]}
    return found


def _module_of(name: str, known: set[str]) -> str:
    """The module that an imported name lies in; "" for one of another package."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def folder(module: str, package: str) -> str:
    """The folder at the top of the package that a module lies in, or "" beside the folders."""
    rest = module.removeprefix(package).removeprefix(".")
    top = rest.split(".")[0]
    return top if top in WALLS[package] else ""


def test_every_folder_has_its_walls() -> None:
    for package in OWN:
        root = SOURCES[package] / package
        found = {p.parent.name for p in root.glob("*/*.py") if p.parent.name != "templates"}
        assert set(WALLS[package]) == found, package


@pytest.mark.parametrize("package", OWN)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    try:
        order = list(TopologicalSorter(arrows(package)).static_order())
    except CycleError as circle:
        pytest.fail(f"circle: {' -> '.join(circle.args[1])}")
    assert len(order) >= len(arrows(package))


@pytest.mark.parametrize("package", OWN)
def test_folders_import_only_what_lies_below_them(package: str) -> None:
    found = [
        f"{module} imports {target}"
        for module, targets in arrows(package).items()
        for target in sorted(targets)
        if (mine := folder(module, package))
        and (other := folder(target, package))
        and mine != other
        and other not in WALLS[package][mine]
    ]
    assert [] == found


def test_packages_are_made_of_contracts_and_the_manifest() -> None:
    """Whatever else source holds looks at upstream."""
    found = {
        target
        for module, targets in arrows("purview_codegen").items()
        if folder(module, "purview_codegen") == "package"
        for target in targets
        if folder(target, "purview_codegen") == "source"
    }
    assert found <= {"purview_codegen.source.manifest"}


@pytest.mark.parametrize("package", OWN)
def test_what_folders_stand_on_imports_no_folder(package: str) -> None:
    found = [
        f"{module} imports {target}"
        for module, targets in arrows(package).items()
        for target in sorted(targets)
        if module != package
        and not folder(module, package)
        and module.split(".")[1] not in ABOVE[package]
        and folder(target, package) not in {"", *GROUND.get(package, ())}
    ]
    assert [] == found


@pytest.mark.parametrize("package", OWN)
def test_an_import_inside_a_function_says_why(package: str) -> None:
    """Above or beside it stands a comment: what it would cost at the top, or what may be
    missing.
    """
    silent = []
    for path in modules(package):
        lines = path.read_text(encoding="utf-8").splitlines()
        for function in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            inside = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
            silent += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in inside
                if not _reason(lines, node.lineno, node.end_lineno or node.lineno)
            ]
    assert [] == sorted(set(silent))


def _reason(lines: list[str], first: int, last: int) -> bool:
    """Whether a comment stands in a row of imports, counted from 1, or on the line above the
    row.
    """
    if any("#" in line for line in lines[first - 1 : last]):
        return True
    above = lines[first - 2].strip()
    if above.startswith(("import ", "from ")) or not above:  # between groups of one row
        return _reason(lines, first - 1, first - 1)
    return above.startswith("#")

"""Who may import what: the table of the architecture, read from the imports in the source."""

from __future__ import annotations

import ast
import re
import sys

import pytest
from tests.unit.sources import ROOT, SOURCES, dotted, imports, modules, names_in

STDLIB = sys.stdlib_module_names
NETWORK = {"httpx", "http", "socket", "ssl", "urllib", "asyncio", "ftplib", "smtplib"}
DISK = {"os", "io", "pathlib", "shutil", "tempfile", "subprocess", "glob", "fileinput"}
CLOCK = {"time", "datetime", "random", "secrets", "uuid"}
GENERATED_STDLIB = {
    "__future__",
    "typing",
    "enum",
    "datetime",
    "builtins",
    "functools",
    "collections",
}
# dict -> dict, text -> text
PURE = (
    "contract.upgrade",
    "contract.shape",
    "contract.schemas",
    "contract.discriminators",
    "contract.paged_lists",
    "openapi",
    "pointer",
    "identifiers",
)


def offences(package: str, allowed: set[str], *, never: tuple[str, ...] = ()) -> list[str]:
    """Imports of a package whose top name is not allowed, or that lie below a name that is never
    allowed.
    """
    return [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module}"
        for path in modules(package)
        for found in imports(path, package)
        if found.module.split(".")[0] not in allowed
        or any(f"{found.module}.".startswith(f"{n}.") for n in never)
    ]


def test_every_package_is_looked_at() -> None:
    missing = [name for name in SOURCES if not modules(name)]
    assert [] == missing


def test_auth_stands_alone() -> None:
    assert [] == offences("purview_auth", {*STDLIB, "httpx", "attrs", "purview_auth"})


def test_one_module_of_auth_reads_the_environment() -> None:
    readers = [p.name for p in modules("purview_auth") if {"environ", "getenv"} & names_in(p)]
    assert 1 >= len(readers), readers


# Below httpx: its own pool costs more with each open connection, so the transport makes its own of
# httpcore's connections.
BELOW_HTTPX = {
    "transport/stream.py": {"httpcore"},
    "transport/connecting.py": {"httpcore"},
    "library_internals.py": {"h11"},
    "transport/pooled.py": {"httpcore", "anyio"},
    "transport/aiohttp.py": {"aiohttp", "yarl"},  # an extra
}


def test_the_transport_alone_goes_below_httpx() -> None:
    below = set[str]().union(*BELOW_HTTPX.values())
    tops = {
        str(p.relative_to(SOURCES["purview_core"] / "purview_core")): {
            i.module.split(".")[0] for i in imports(p, "purview_core")
        }
        & below
        for p in modules("purview_core")
    }
    assert BELOW_HTTPX == {name: found for name, found in tops.items() if found}


def test_core_knows_of_auth_only_what_both_need() -> None:
    below = set[str]().union(*BELOW_HTTPX.values())
    allowed = {*STDLIB, "httpx", "attrs", "msgspec", "purview_core", "purview_auth", *below}
    shared = ("errors", "texts", "network.proxies", "network.trust", "network.half_imports", "warm")
    known = tuple(f" purview_auth.{name}" for name in shared)
    found = [
        o
        for o in offences("purview_core", allowed, never=("purview_auth",))
        if not o.endswith(known)
    ]
    assert [] == offences("purview_core", allowed) + found


def test_testing_stands_on_core_and_contracts() -> None:
    allowed = {
        *STDLIB,
        "httpx",
        "pytest",
        "uvicorn",
        "purview_core",
        "purview_dataplane",
        "purview_testing",
    }
    found = offences("purview_testing", allowed, never=("purview_codegen",))
    # a real account
    assert ["live.py imports purview_auth"] == [
        re.sub(r".*/(\w+\.py):\d+", r"\1", o) for o in found
    ]


def test_testing_imports_what_serves_only_when_it_serves() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{i.line} imports {i.module}"
        for path in modules("purview_testing")
        for i in imports(path, "purview_testing")
        if i.at_once and i.module.split(".")[0] in ("uvicorn", "starlette")
    ]
    assert [] == found


def test_testing_imports_no_plane_at_once() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{i.line} imports {i.module}"
        for path in modules("purview_testing")
        for i in imports(path, "purview_testing")
        if i.at_once and i.module.split(".")[0] == "purview_dataplane"
    ]
    assert [] == found


def test_generated_code_stands_on_core() -> None:
    assert [] == offences(
        "purview_dataplane", {*GENERATED_STDLIB, "attrs", "purview_core", "purview_dataplane"}
    )


def test_no_plane_imports_another() -> None:
    found = []
    for path in modules("purview_dataplane"):
        mine = ".".join(dotted(path, "purview_dataplane").split(".")[:2])
        plane = (
            SOURCES["purview_dataplane"] / mine.replace(".", "/")
        ).is_dir() and mine != "purview_dataplane"
        for i in imports(path, "purview_dataplane"):
            other = i.module.startswith("purview_dataplane") and not f"{i.module}.".startswith(
                f"{mine}."
            )
            if plane and other:
                found.append(f"{path.relative_to(ROOT)}:{i.line} imports {i.module}")
    assert [] == found


def test_the_facade_loads_a_plane_only_when_it_is_used() -> None:
    root = SOURCES["purview_dataplane"] / "purview_dataplane"
    planes = {f"purview_dataplane.{p.name}" for p in root.iterdir() if p.is_dir()}
    at_once = {
        i.module
        for path in root.glob("*.py")
        for i in imports(path, "purview_dataplane")
        if i.at_once
    }
    assert set() == planes & at_once


def test_codegen_needs_no_clients() -> None:
    never = ("purview_auth", "purview_dataplane", "purview_testing")
    allowed = {
        *STDLIB,
        "attrs",
        "httpx",
        "jinja2",
        "openapi_python_client",
        "purview_codegen",
        "purview_core",
    }
    assert [] == offences("purview_codegen", allowed, never=never)


def test_the_adapter_alone_imports_the_parser() -> None:
    users = {
        p.name
        for p in modules("purview_codegen")
        if any(i.module.startswith("openapi_python_client") for i in imports(p, "purview_codegen"))
    }
    assert {"adapter.py"} == users


def test_only_fetch_and_the_command_line_know_the_network() -> None:
    network = NETWORK - {"urllib"}
    users = {
        p.name
        for p in modules("purview_codegen")
        if any(i.module.split(".")[0] in network for i in imports(p, "purview_codegen"))
    }
    assert users <= {"fetch.py", "cli.py"}


@pytest.mark.parametrize("name", PURE)
def test_the_way_to_a_contract_is_pure(name: str) -> None:
    path = SOURCES["purview_codegen"] / "purview_codegen" / f"{name.replace('.', '/')}.py"
    tops = {i.module.split(".")[0] for i in imports(path, "purview_codegen")}
    siblings = {
        i.module
        for i in imports(path, "purview_codegen")
        if i.module.startswith("purview_codegen.")
    }
    assert set() == tops & (NETWORK | DISK | CLOCK)
    assert tops <= {*STDLIB, "purview_codegen"}
    assert siblings <= {f"purview_codegen.{other}" for other in (*PURE, "errors")}
    assert "open" not in names_in(path)


@pytest.mark.parametrize("name", PURE)
def test_no_plane_is_named_on_the_way_to_a_contract(name: str) -> None:
    planes = {p.name for p in (ROOT / "specs" / "contracts").iterdir()}
    text = (
        SOURCES["purview_codegen"] / "purview_codegen" / f"{name.replace('.', '/')}.py"
    ).read_text(encoding="utf-8")
    literals = {
        n.value
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    assert set() == planes & literals

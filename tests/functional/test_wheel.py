"""The wheel, built and installed alone into an empty environment: what a user gets.

Needs a package index.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from purview_core.version import VERSION

from . import test_own_plane

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (
    "purview_auth",
    "purview_core",
    "purview_codegen",
    "purview_dataplane",
    "purview_testing",
)

# what is used once or twice need not be compiled beforehand
INSTALL = ("install", "--quiet", "--no-compile")

pytestmark = pytest.mark.slow

IMPORTS = """
import importlib.metadata, importlib.resources, pathlib, sys
import purview_auth, purview_core, purview_codegen, purview_dataplane, purview_testing

for package in (purview_auth, purview_core, purview_codegen, purview_dataplane, purview_testing):
    assert pathlib.Path(package.__file__).is_relative_to(sys.prefix), package.__file__
    assert importlib.resources.files(package).joinpath("py.typed").is_file(), package
specs = importlib.resources.files(purview_codegen) / "specs"
below = ("overlays/scanning.toml", "contracts/scanning/2023-09-01.json")
for name in ("planes.toml", "upstream.lock", "names.lock", *below):
    assert specs.joinpath(name).is_file(), name
installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
assert not installed & {"openapi-python-client", "ruff", "pytest", "jinja2"}, installed
for plane in purview_dataplane.PLANES.values():
    assert 64 == len(importlib.import_module(plane.package).__upstream__.sha256)
    importlib.import_module(plane.package).OPERATIONS
with purview_testing.Sandbox() as sandbox:  # from the contracts in the wheel
    transport = sandbox.transport()
    with purview_dataplane.Purview(sandbox.url, transport=transport, auth=sandbox.auth) as purview:
        assert [] == list(purview.scanning.data_sources.list())
"""

CALL = """
import httpx
from purview_auth import ServicePrincipal
from purview_dataplane.scanning import ScanningClient, models

def answer(request: httpx.Request) -> httpx.Response:
    assert "Bearer invented" == request.headers["authorization"]
    assert "/scan/datasources/a%2Fb/scans/c?api-version=2023-09-01" == request.url.raw_path.decode()
    return httpx.Response(200, json={"kind": "AzureSqlDatabaseCredential", "name": "c", "more": 1})

def token(request: httpx.Request) -> httpx.Response:
    token = {"access_token": "invented", "token_type": "Bearer", "expires_in": "3599"}
    return httpx.Response(200, json=token)

auth = ServicePrincipal("tenant", "client", "secret", transport=httpx.MockTransport(token))
with ScanningClient("contoso", auth=auth, transport=httpx.MockTransport(answer)) as client:
    scan = client.scans.get("a/b", "c")
assert isinstance(scan, models.AzureSqlDatabaseCredentialScan), type(scan)
assert {"kind": "AzureSqlDatabaseCredential", "name": "c", "more": 1} == scan.to_dict()
"""

OLDER = """
from purview_versions.scanning.v2022_07_01_preview import API_VERSION, OPERATIONS, models
assert "2022-07-01-preview" == API_VERSION
assert 56 == len(OPERATIONS)
assert "Scan" == OPERATIONS["Scans_Get"].types[200]
models.AzureSqlDatabaseCredentialScan
"""


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Runs a command without the paths of this checkout; its output on failure is the message."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    if path:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: str | Path, cwd: Path) -> str:
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """The interpreter of an environment that holds the wheel and what it depends on."""
    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=wheel.parent)
    found = wheel.parent / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip("--python", found, *INSTALL, wheel, cwd=wheel.parent)
    return found


@pytest.fixture(scope="module")
def generator(python: Path, wheel: Path) -> Path:
    """The same interpreter, once the generator has what it needs."""
    pip("--python", python, *INSTALL, f"{wheel}[codegen]", cwd=wheel.parent)
    return python


def check(python: Path, code: str, cwd: Path, path: Path | None = None) -> None:
    run(python, "-W", "error", "-c", textwrap.dedent(code), cwd=cwd, path=path)


def test_what_the_wheel_holds(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    info = f"purview_dataplane-{VERSION}.dist-info"
    assert {*PACKAGES, info} == {name.split("/")[0] for name in names}
    assert set() == {f"{p}/py.typed" for p in PACKAGES} - set(names)
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= set(names)
    assert [] == [name for name in names if "__pycache__" in name or "/tests/" in name]
    contracts = [name for name in names if name.startswith("purview_codegen/specs/contracts/")]
    assert 32 == len(contracts)


def test_it_imports_alone(python: Path, tmp_path: Path) -> None:
    check(python, IMPORTS, tmp_path)


def test_it_makes_a_call(python: Path, tmp_path: Path) -> None:
    check(python, CALL, tmp_path)


def test_without_the_extra_the_generator_says_what_is_missing(python: Path, tmp_path: Path) -> None:
    command = [
        str(python),
        "-m",
        "purview_codegen",
        "generate",
        "--plane",
        "pds",
        "--version",
        "all",
        "--out",
        "out",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "purview-dataplane[codegen]" in done.stderr
    assert "Traceback" not in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_it_generates_another_version(generator: Path, tmp_path: Path) -> None:
    arguments = (
        "generate",
        "--plane",
        "scanning",
        "--version",
        "2022-07-01-preview",
        "--out",
        "out",
    )
    lines = run(generator, "-m", "purview_codegen", *arguments, cwd=tmp_path).splitlines()
    assert "generate: 1 documents, 56 operations, 0 errors" == lines[-1]
    check(generator, OLDER, tmp_path, tmp_path / "out")


def test_it_makes_a_plane_of_your_own(generator: Path, tmp_path: Path) -> None:
    for command in test_own_plane.lay_out(tmp_path):
        run(generator, "-m", "purview_codegen", *command, cwd=tmp_path)
    check(generator, test_own_plane.CALL, tmp_path, tmp_path / "mine" / "generated")

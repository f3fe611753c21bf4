"""What lies where: folders, packages, and what may not be in the tree."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from purview_codegen.package.render import HEADER
from purview_codegen.update import changelog, release
from purview_core.manifest import Manifest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = {
    "auth_plugin": {"purview_auth"},
    "runtime": {"purview_core", "purview_testing"},
    "generator": {"purview_codegen"},
    "generated": {"purview_dataplane"},
}
FILES = {
    "noxfile.py",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".editorconfig",
    ".pre-commit-config.yaml",
    "LICENSE",
    "NOTICE",
    ".gitattributes",
    ".gitignore",
}
FOLDERS = {*PACKAGES, ".ci", ".github", "specs", "docs", "examples", "tests", "bench"}
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|tmp/dev|home/\w+)/")
PROSE = {
    "title",
    "description",
    "summary",
    "example",
    "examples",
    "x-ms-examples",
    "externalDocs",
    "x-ms-summary",
}
# their keys are names out of the document
NAMED = {
    "properties",
    "schemas",
    "paths",
    "mapping",
    "headers",
    "responses",
}

PUBLIC = {
    "purview_auth": (
        "AuthError AuthEvent AzureCliCredential CHINA Cloud ConfigurationError CredentialAuth "
        "HandsOutTokens HostRefusedError PUBLIC PurviewAuthError PurviewError "
        "ServicePrincipal Timeouts "
        "TokenResponseError "
        "TokenStore US_GOVERNMENT"
    ),
    "purview_core": (
        "AsyncClient AsyncPager AsyncPoller AuthError BadRequestError Body Client "
        "ConflictError ConnectError "
        "ConnectTimeoutError ContractError DecodeError Departure FileInput ForbiddenError "
        "FormField HttpError Model NO_RETRY NULL "
        "NotFoundError OpenEnum Operation OperationStatus Page Pager Paging PagingError "
        "Parameter Plane Poller Polling "
        "PollingError PollingTimeoutError PreconditionFailedError PurviewAuthError "
        "PurviewError Response Retry ServerError "
        "ThrottledError TransportError TransportTimeoutError TrustError UnauthorizedError "
        "decode to_json type_hints"
    ),
    "purview_testing": "ContractViolation Fault Faults Sandbox UsageError Validator Verdict",
    "purview_dataplane": "AsyncPurview PLANES Purview",
    "purview_dataplane.scanning": (
        "API_VERSION AsyncScanningClient OPERATIONS ScanningClient models"
    ),
}


@cache
def tracked() -> tuple[Path, ...]:
    """The files that are, or could be, committed; all of them where this is no git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return tuple(p for name in done.stdout.split("\0") if name and (p := ROOT / name).is_file())
    hidden = {".venv", ".nox", ".git", "__pycache__", "dist", "build"}
    return tuple(
        p for p in ROOT.rglob("*") if p.is_file() and not hidden & set(p.relative_to(ROOT).parts)
    )


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        if path.suffix not in {".png", ".whl", ".gz"}:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_nothing_lies_beside_the_known_folders() -> None:
    tops = {p.relative_to(ROOT).parts[0] for p in tracked()}
    assert set() == tops - FILES - FOLDERS


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_source_root_holds_its_packages_alone(folder: str) -> None:
    inside = {
        p.relative_to(ROOT / folder).parts[0] for p in tracked() if p.is_relative_to(ROOT / folder)
    }
    assert inside
    assert set() == inside - PACKAGES[folder]
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("package", sorted(set.union(*PACKAGES.values())))
def test_every_package_is_typed(package: str) -> None:
    folder = next(
        ROOT / root / package for root, packages in PACKAGES.items() if package in packages
    )
    if package == "purview_testing" and not folder.exists():
        pytest.skip("there is no purview_testing yet")
    assert (folder / "py.typed").is_file()


def test_a_folder_is_generated_or_written_by_hand() -> None:
    marked = {
        p
        for p in tracked()
        if p.suffix == ".py" and HEADER in p.read_text(encoding="utf-8").splitlines()[:4]
    }
    generated = {p for p in tracked() if p.suffix == ".py" and p.is_relative_to(ROOT / "generated")}
    assert generated
    assert set() == marked ^ generated


def test_generated_text_holds_no_date_and_no_commit() -> None:
    commit = re.compile(r"\b[0-9a-f]{40}\b")
    assert [] == [
        name for name, text in texts() if name.startswith("generated/") and commit.search(text)
    ]


def test_no_path_of_a_machine() -> None:
    found = [
        f"{name}: {m[0]}"
        for name, text in texts()
        if (m := MACHINE.search(text)) and name != "tests/unit/test_layout.py"
    ]
    assert [] == found


def test_the_project_commits_no_upstream_file() -> None:
    upstream = {Path(d.path).name for d in Manifest.load(ROOT / "specs").documents}
    assert [] == [
        str(p.relative_to(ROOT))
        for p in tracked()
        if p.name in upstream
        or ('"swagger"' in p.read_text("utf-8")[:200] and p != ROOT / "tests/golden/document.json")
    ]


def test_contracts_hold_facts_and_our_own_summaries() -> None:
    found = []
    for path in sorted((ROOT / "specs" / "contracts").rglob("*.json")):
        overlay = ROOT / "specs" / "overlays" / f"{path.parent.name}.toml"
        ours = set(tomllib.loads(overlay.read_text(encoding="utf-8")).get("summaries", {}).values())
        for where, value in prose(json.loads(path.read_text(encoding="utf-8"))):
            if not isinstance(value, str) or value not in {*ours, "", path.parent.name}:
                found.append(f"{path.parent.name}/{path.name}{where}: {value!r}")
    assert [] == found


def prose(value: Any, where: str = "", key: str = "") -> Iterator[tuple[str, Any]]:
    """(pointer, value) of every member that could hold words of the document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in PROSE and key not in NAMED:
                yield f"{where}/{name}", inner
            yield from prose(inner, f"{where}/{name}", "" if key in NAMED else name)
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from prose(inner, f"{where}/{n}")


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names(name: str) -> None:
    module = importlib.import_module(name)
    assert PUBLIC[name].split() == sorted(module.__all__)
    assert [] == [n for n in module.__all__ if not hasattr(module, n)]


def test_every_plane_has_the_same_shape() -> None:
    for plane in Manifest.load(ROOT / "specs").planes:
        module = importlib.import_module(f"purview_dataplane.{plane.package}")
        client = f"{plane.title}Client"
        assert sorted(["API_VERSION", "OPERATIONS", f"Async{client}", client, "models"]) == sorted(
            module.__all__
        )
        assert plane.default.version == module.API_VERSION


def test_the_readme_lists_every_plane_and_version() -> None:
    expected = {
        f"| {plane.title} | `purview_dataplane.{plane.package}` | {plane.endpoint} | "
        + ", ".join(f"**{d.version}**" if d.default else d.version for d in plane.documents)
        + " |"
        for plane in Manifest.load(ROOT / "specs").planes
    }
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert expected == {
        line for line in lines if line.startswith("| ") and "`purview_dataplane." in line
    }
    assert 32 == len(Manifest.load(ROOT / "specs").documents)


def test_pins_agree() -> None:
    """The generated text depends on the formatter, so lint, extra and build ask for the same
    one.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = [
        p for p in project["project"]["optional-dependencies"]["codegen"] if p.startswith("ruff")
    ]
    assert pins == [p for p in project["dependency-groups"]["lint"] if p.startswith("ruff")]
    assert [] == [
        p for p in project["project"]["optional-dependencies"]["codegen"] if "==" not in p
    ]


def test_one_file_states_the_version_and_all_else_follows() -> None:
    """The build, an update and the clients read the same line.

    The wheel's own test says what was built from it.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    stated = importlib.import_module("purview_core.version").VERSION
    assert "version" in project["project"]["dynamic"]
    assert "version" not in project["project"]
    assert {"path": release.VERSIONED} == project["tool"]["hatch"]["version"]
    assert stated == release.stated(ROOT)[0]
    assert stated == importlib.import_module("purview_dataplane").__version__
    agent = importlib.import_module("purview_core.options").USER_AGENT
    assert f"purview-dataplane/{stated}" == agent.split()[0]
    modules = [path for root in PACKAGES for path in (ROOT / root).rglob("*.py")]
    own = [path for path in modules if "generated" not in path.parts]
    stating = [path for path in own if f'"{stated}"' in path.read_text(encoding="utf-8")]
    assert [ROOT / release.VERSIONED] == stating


def test_the_changelog_has_one_short_sentence_a_line_in_groups_of_known_kinds() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line.startswith("- ")]
    assert entries
    assert [] == [line for line in entries if not line.endswith(".") or ". " in line]
    assert [] == [line for line in lines if len(line) > 120]
    assert [] == [entry for entry, count in Counter(entries).items() if count > 1]
    sections = "\n".join(lines).split("\n## ")[1:]
    assert "[Unreleased]" == sections[0].splitlines()[0]
    for section in sections:
        groups = re.findall(r"(?m)^### (.*)$", section)
        assert groups == [name for name in changelog.GROUPS if name in groups]

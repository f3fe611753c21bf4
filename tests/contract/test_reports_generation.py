"""Reports about generators, over every version: nothing lost, names that stay, and documents that
are refused or taken.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import build
from purview_codegen.cli import main
from purview_codegen.package import names_lock
from purview_core.manifest import Manifest

from .calling import Version, one, versions
from .corpus import MIRROR, ROOT, SPECS, documents

pytestmark = pytest.mark.level("L0")

IMPORT_EACH = """
import importlib, sys
from purview_core.model.codec import Registry
for line in sys.stdin:
    package, name = line.split()
    for loaded in [m for m in sys.modules if m.startswith("purview_versions")]:
        del sys.modules[loaded]
    Registry._all.clear()
    module = importlib.import_module(f"{package}.{name}")
    classes = [v for v in vars(module).values() if isinstance(v, type)]
    found = [c for c in classes if c.__module__ == module.__name__]
    print(package, name, len(found))
"""


def folder(version: Version) -> Path:
    return Path(str(version.plane.__file__)).parent


@pytest.mark.row("B24")
def test_no_operation_is_lost() -> None:
    """Every operation of every contract is in the table, and its group has its method, sync and
    async.
    """
    counted = 0
    for version in versions():
        found = version.contract["paths"].values()
        ids = [
            fact["operationId"] for item in found for fact in item.values() if "operationId" in fact
        ]
        assert sorted(ids) == sorted(version.plane.OPERATIONS), str(version)
        name = version.plane.__name__
        for case in version.cases:
            module = importlib.import_module(
                f"{name}.operations.{version.plane.OPERATIONS._where[case.id]}",
            )
            classes = [value for value in vars(module).values() if isinstance(value, type)]
            own = [kind for kind in classes if kind.__module__ == module.__name__]
            groups = [found for found in own if not found.__name__.startswith("_")]
            assert [True, True] == [
                callable(getattr(group, case.operation.name)) for group in groups
            ], case
            counted += 1
    print(f"\n{counted} operations")
    assert 109 == len(one("catalog", "2023-02-01-preview").plane.OPERATIONS)


@pytest.mark.row("B24")
def test_any_module_of_models_can_be_the_first() -> None:
    """Each module of models of each version, imported when no other one is."""
    each = [
        (v.plane.__name__, f"models.{p.stem}")
        for v in versions()
        for p in sorted(folder(v).glob("models/*.py"))
        if p.stem != "__init__"
    ]
    path = [
        folder(versions()[0]).parent.parent.parent,
        *(ROOT / name for name in ("runtime", "auth_plugin")),
    ]
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH],
        input="\n".join(f"{package} {name}" for package, name in each),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == run.stderr
    found = [line.split() for line in run.stdout.splitlines()]
    assert each == [(package, name) for package, name, _ in found]
    assert 0 < min(int(classes) for _, _, classes in found)
    print(f"\n{len(found)} modules")


@pytest.mark.row("B26")
def test_a_swagger_document_is_refused_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The raw document in the place of each contract (a small one without a mirror): what it is,
    and which step converts it.
    """
    specs, out, counted = tmp_path / "specs", tmp_path / "out", 0
    shutil.copytree(SPECS, specs)
    for document in documents():
        path, source = (
            specs / "contracts" / document.plane / f"{document.version}.json",
            MIRROR / document.location,
        )
        raw = (
            source.read_bytes()
            if source.is_file()
            else b'{"swagger": "2.0", "info": {}, "paths": {}}'
        )
        if "swagger" not in json.loads(raw):
            continue
        kept = path.read_bytes()
        path.write_bytes(raw)
        which = ["--plane", document.plane, "--version", document.version]
        assert 3 == main(["generate", *which, "--specs", str(specs), "--out", str(out)])
        path.write_bytes(kept)
        said = f"the contract of {document} is a Swagger 2.0 document; run normalise to convert it"
        assert f"purview_codegen generate: {said}\n" == capsys.readouterr().err
        counted += 1
    assert not out.exists()
    print(f"\n{counted} documents")
    assert counted >= 24


def backwards(value: Any) -> Any:
    """The same JSON with the members of each object in the opposite order."""
    if isinstance(value, dict):
        return {k: backwards(v) for k, v in reversed(value.items())}
    return [backwards(item) for item in value] if isinstance(value, list) else value


def words(names: dict[str, dict[str, str]]) -> dict[str, dict[str, list[str]]]:
    return {
        version: {name: sorted(text.split()) for name, text in found.items()}
        for version, found in names.items()
    }


@pytest.mark.row("B48")
def test_names_do_not_depend_on_the_order_of_a_document(tmp_path: Path) -> None:
    """Contracts with the members of all objects in the opposite order give the same classes,
    attributes, enums and methods.

    To be quick: the default version of each plane, and every version of Workflow and Metadata
    policies, whose enums share names.
    """
    specs = tmp_path / "specs"
    shutil.copytree(SPECS, specs)
    for path in specs.glob("contracts/*/*.json"):
        path.write_text(json.dumps(backwards(json.loads(path.read_bytes()))), encoding="utf-8")
    manifest, locked = Manifest.load(specs), names_lock.read(SPECS / "names.lock")
    chosen = [
        d for d in manifest.documents if d.default or d.plane in ("workflow", "metadata_policies")
    ]
    found = build.Plans(specs, manifest).names(chosen)
    assert words({version: locked[version] for version in found}) == words(found)
    print(f"\n{sum(map(len, found.values()))} names of {len(found)} versions")
    assert len(manifest.planes) < len(found)


@pytest.mark.row("B48")
def test_no_class_is_numbered() -> None:
    """No class of any version ends in AutoGenerated, or in the number of a class that has the same
    name without it.
    """
    counted = 0
    for version in versions():
        found = set(version.plane.models._WHERE)
        assert [] == [name for name in found if "AutoGenerated" in name], str(version)
        assert [] == [
            name for name in found if name[-1].isdigit() and name.rstrip("0123456789_") in found
        ], str(version)
        counted += len(found)
    print(f"\n{counted} classes")


@pytest.mark.row("B48")
def test_enums_of_one_name_are_as_many_as_they_have_sets_of_values() -> None:
    """Every enum of every version has the values of one set in the contract, and every set of
    values has its enum.
    """
    counted = 0
    for version in versions():
        models = version.plane.models
        enums = [
            kind
            for kind in (getattr(models, name) for name in models._WHERE)
            if issubclass(kind, Enum)
        ]
        made = {tuple(sorted(str(member.value) for member in kind)) for kind in enums}
        wanted = {
            tuple(sorted(map(str, values)))
            for values in enum_values(version.contract["components"]["schemas"])
        }
        assert wanted >= made, str(version)
        counted += len(enums)
    print(f"\n{counted} enums")
    workflow = one("workflow", "2023-10-01-preview").plane.models
    status = [
        name
        for name in workflow._WHERE
        if name.endswith("Status") and issubclass(getattr(workflow, name), Enum)
    ]
    assert len(status) >= 3


def enum_values(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("enum"), list):
            yield value["enum"]
        for item in value.values():
            yield from enum_values(item)
    elif isinstance(value, list):
        for item in value:
            yield from enum_values(item)

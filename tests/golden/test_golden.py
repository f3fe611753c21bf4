"""One tiny document with every feature once, and the package it gives.

`PURVIEW_GOLDEN=write` records a new one.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from purview_codegen.contract.overlay import Overlay, apply
from purview_codegen.contract.shape import shape
from purview_codegen.contract.upgrade import upgrade
from purview_codegen.package import write
from purview_codegen.package.docs import Docs
from purview_codegen.package.names import operation_names
from purview_codegen.package.plan import plan
from purview_codegen.package.render import render_plane
from purview_codegen.package.words import AllWords
from purview_core.manifest import PlaneEntry

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
PLANE = PlaneEntry(
    name="golden",
    package="golden",
    title="Golden",
    summary="A plane with every feature once.",
    endpoint="account",
    roles=("Data Curator",),
    documents=(),
)


def files(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text(encoding="utf-8")
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


WORDS = AllWords(
    arguments={"name": "How it is called at home."},
    units={"*.age": "years"},
    members={"Pet.name": "its name", "golden/Pet.name": "its name in gold"},
    of_roles={"golden/pets.get": ["Keeper", "Vet"]},
)


def test_the_package_is_the_recorded_one(tmp_path: Path) -> None:
    document = json.loads((HERE / "document.json").read_text(encoding="utf-8"))
    pages = {"Pets_Query": {"offset": "from", "limit": "many", "place": "body"}}
    overlay = Overlay(
        "golden.toml", {"Pets_Get": 'Read a "pet".'}, {"GetStatus": "house.status"}, (), (), pages
    )
    contract = apply(shape(upgrade(document), "golden"), overlay)
    names = operation_names({"2024-01-01-preview": contract}, overlay.methods)["2024-01-01-preview"]
    planned = plan(contract, names)
    made = render_plane(planned, PLANE, Docs(contract, planned, PLANE.roles, WORDS.of("golden")))
    made["contract.json"] = json.dumps(contract, indent=1) + "\n"
    with write.staged(tmp_path, made) as stage:
        actual = {f"{name}.txt": text for name, text in files(stage).items()}
    if os.environ.get("PURVIEW_GOLDEN") == "write":
        shutil.rmtree(EXPECTED, ignore_errors=True)
        for name, text in actual.items():
            (EXPECTED / name).parent.mkdir(parents=True, exist_ok=True)
            (EXPECTED / name).write_text(text, encoding="utf-8")
    assert files(EXPECTED) == actual


def test_the_document_stays_tiny() -> None:
    assert 800 >= len((HERE / "document.json").read_text(encoding="utf-8").splitlines())

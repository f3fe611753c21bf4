"""What a contract says of one member, as a line of its class."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import purview_dataplane
from purview_core.manifest import Manifest
from purview_core.version import VERSION
from purview_dataplane import account, metadata_policies, scanning, share

SPECS = Path(__file__).parent.parent.parent.parent.parent / "specs"
PLANES = [plane.package for plane in Manifest.load(SPECS).planes if plane.documents]


def classes() -> dict[str, Any]:
    """Classes whose members can have one value only: attribute and value."""
    return {
        "account": (
            account.models.CollectionReference(reference_name="c"),
            "type_",
            "CollectionReference",
        ),
        "scanning": (
            scanning.models.CollectionReference(reference_name="c"),
            "type_",
            "CollectionReference",
        ),
        "metadata_policies": (metadata_policies.models.DecisionRule(), "kind", "decisionrule"),
        "share": (share.models.StoreReference(reference_name="r"), "type_", "ArmResourceReference"),
    }


@pytest.mark.parametrize("name", classes())
def test_a_member_of_one_possible_value_has_it(name: str) -> None:
    made, attribute, value = classes()[name]
    wire = attribute.rstrip("_")
    assert (value, value) == (getattr(made, attribute), made.to_dict()[wire])
    assert wire not in type(made).from_dict({}).to_dict()  # what came without it stays without it
    setattr(made, attribute, None)
    assert wire not in made.to_dict()


@pytest.mark.parametrize("package", ["", *PLANES])
def test_dir_shows_what_is_loaded_at_first_use(package: str) -> None:
    module = importlib.import_module(f"purview_dataplane.{package}".rstrip("."))
    names = dir(module)
    assert set(module.__all__) <= set(names)
    assert names == sorted(names)
    for name in module.__all__:
        assert getattr(module, name) is not None
    if package:
        assert "Model" not in dir(module.models)
        assert len(dir(module.models)) > 3


def test_the_version_is_that_of_the_distribution() -> None:
    assert VERSION == purview_dataplane.__version__
    with pytest.raises(AttributeError):
        purview_dataplane.nothing  # type: ignore[attr-defined]


def test_groups_of_a_client_are_in_its_dir() -> None:
    with scanning.ScanningClient("contoso") as client:
        assert {"scans", "data_sources", "call", "with_options"} <= set(dir(client))
    assert "purview_dataplane.scanning" in sys.modules

"""What all kinds of a base share stands on the base, whatever a document of one's own looks
like.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from purview_codegen.diff.diff import diff
from purview_codegen.diff.renames import touched
from purview_codegen.package.plan import Plan, public_names
from purview_core import NULL

from .inline import Json, contract_of, package_of, plan_of, plan_of_contract
from .shared_families import (
    AGE,
    CASES,
    NAME,
    TEXT,
    child,
    document,
    family,
    holder,
    pet,
    ref,
    whole,
    within,
)

_numbers = itertools.count()


def fields(plan: Plan, name: str) -> dict[str, str]:
    return {f.wire: f.type for f in plan.classes[name].fields if f.wire != "kind"}


@pytest.mark.parametrize("case", CASES)
def test_a_base_has_what_its_kinds_share(case: str) -> None:
    schemas, base, properties = CASES[case]
    plan = plan_of(whole(schemas))
    assert base == fields(plan, "Pet")
    assert properties == (
        fields(plan, "PetProperties") if "PetProperties" in plan.classes else None
    )
    # no class lost a member that its schema has, and each is behind its base
    for c in plan.classes.values():
        assert {f.wire for f in c.own} <= {f.wire for f in c.fields}
        above = plan.classes[c.base].fields if c.base else ()
        assert {f.wire for f in above} <= {f.wire for f in c.fields}, c.name
    names = [*plan.classes]
    assert all(names.index(c.base) < names.index(c.name) for c in plan.classes.values() if c.base)


@pytest.mark.parametrize("case", CASES)
def test_a_kind_of_the_future_is_read(tmp_path: Path, case: str) -> None:
    schemas, base, properties = CASES[case]
    models = package_of(whole(schemas), tmp_path, f"shared_{next(_numbers)}").models
    inner: Json = {"name": "n", "age": 3, "more": {"age": 4, "z": None}, "z": [None]}
    raw: Json = {
        "kind": "Newt",
        "name": "Emma",
        "tags": ["a"],
        "p": inner,
        "properties": inner,
        "z": 1.0,
    }
    found = models.Pet.from_dict(raw)
    for name in base:
        assert getattr(found, name) is not None
    if properties is not None and base.get("properties") == "PetProperties | None":
        for name in properties:
            expected = (
                inner[name]
                if not isinstance(inner[name], dict)
                else models.PetPropertiesMore.from_dict(inner[name])
            )
            assert expected == getattr(found.properties, name)
    assert raw == found.to_dict()
    # a base asks for no more than its schema does
    assert {"kind": "Newt"} == models.Pet(kind="Newt").to_dict()
    for kind in ("Cat", "Dog"):
        known = models.Pet.from_dict({**raw, "kind": kind})
        assert isinstance(known, models.Pet)
        assert {**raw, "kind": kind} == known.to_dict()
        for name, text in base.items():
            wanted = getattr(models, text.removesuffix(" | None"), None)
            assert wanted is None or isinstance(getattr(known, name), wanted)


def test_one_kind_may_require_what_another_does_not(tmp_path: Path) -> None:
    models = package_of(
        whole(CASES["required in one"][0]), tmp_path, f"shared_{next(_numbers)}"
    ).models
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
        models.Cat()
    assert {"kind": "Dog"} == models.Dog().to_dict()
    assert {"kind": "Cat", "name": None} == models.Cat(name=NULL).to_dict()


def test_a_secret_of_one_kind_is_none_to_show(tmp_path: Path) -> None:
    def overlay(contract: Json) -> None:
        contract["components"]["schemas"]["CatP"]["properties"]["name"]["x-secret"] = True

    source = whole(CASES["two classes"][0])
    models = package_of(source, tmp_path, f"shared_{next(_numbers)}", overlay=overlay).models
    for kind in ("Cat", "Newt"):
        found = models.Pet.from_dict({"kind": kind, "properties": {"name": "hunter2"}})
        assert "hunter2" == found.properties.name
        assert "hunter2" not in repr(found) + repr(found.properties)
    assert "Rex" in repr(
        models.Pet.from_dict({"kind": "Dog", "properties": {"name": "Rex"}}).properties
    )


def test_a_family_stands_in_one_module() -> None:
    """With what it alone uses; nothing in a family is needed to import `common`."""
    schemas: Json = {
        "Pet": pet(),
        "Animal": child(base="Pet") | {"discriminator": {"propertyName": "kind"}},
        "Lion": child(base="Animal"),
        "Cat": child(properties=ref("CatP")),
        "Dog": child(properties=ref("DogP"), alone=ref("Own"), both=ref("Both")),
        "CatP": holder(**NAME),
        "DogP": holder(**NAME),
        "Own": holder(**NAME),
        "Both": holder(pet=ref("Pet")),
        "A": holder(pet=ref("Pet"), both=ref("Both")),
    }
    source = document(schemas=schemas)
    plan = plan_of(source)
    assert {"Pet", "Cat", "Dog", "CatP", "DogP", "Animal", "Lion", "Own"} <= {*plan.modules["pet"]}
    assert {"A", "Both"} == {*plan.modules["common"]}
    for name, c in plan.classes.items():
        assert c.base is None or plan.where[c.base] in ("common", plan.where[name])


def test_new_classes_are_no_changes_of_the_wire() -> None:
    """Kinds that come to share a member changed by that member alone."""
    old = contract_of(whole(CASES["two classes that share nothing"][0]))
    new = contract_of(whole(within(holder(**AGE, **NAME), holder(**NAME))))
    told = diff(old, new, "inline").changes
    assert ["member.added"] == [change.kind for change in told]
    assert not [name for name in new["components"]["schemas"] if name.startswith("PetP")]


def test_a_class_follows_its_base_to_another_name() -> None:
    """And what kinds stop to share is told as lost."""
    contract = contract_of(whole(CASES["two classes"][0]))
    renamed = json.loads(
        json.dumps(contract).replace('/Pet"', '/Animal"').replace('"Pet": {', '"Animal": {')
    )
    less = contract_of(whole(CASES["two classes that share nothing"][0]))
    old, new, lost = (public_names(plan_of_contract(found)) for found in (contract, renamed, less))
    told = touched("inline", "2024-01-01", old, new, diff(contract, renamed, "inline"))
    assert [("Pet", "Animal"), ("PetProperties", "AnimalProperties")] == [
        (r.old, r.new) for r in told
    ]
    told = touched("inline", "2024-01-01", old, lost, diff(contract, less, "inline"))
    assert {("Pet.properties", ""), ("PetProperties", "")} <= {(r.old, r.new) for r in told}


def test_a_chain_of_any_length_ends() -> None:
    """Classes of two kinds that hold the next ones, by two members each: neither the stack nor the
    time runs out.
    """
    length = 400
    chain: Json = {}
    for i in range(length):
        for kind in ("Cat", "Dog"):
            following = ref(f"{kind}P{(i + 1) % length}")
            chain[f"{kind}P{i}"] = holder(name=TEXT, left=following, right=following)
    plan = plan_of(
        whole(family({"properties": ref("CatP0")}, {"properties": ref("DogP0")}, **chain))
    )
    assert {"properties": "PetProperties | None"} == fields(plan, "Pet")
    assert {"name": "str | None", "left": "PetPropertiesLeft | None"}.items() <= fields(
        plan, "PetProperties"
    ).items()
    assert 2 <= sum(name.startswith("PetProperties") for name in plan.classes) <= length

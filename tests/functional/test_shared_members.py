"""What all kinds of a base share stands on the base, whatever a document of one's own looks like."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from purview_codegen.diff import diff
from purview_codegen.plan import Plan, public_names
from purview_codegen.renames import touched
from purview_core import NULL

from .inline import Json, contract_of, package_of, plan_of, plan_of_contract
from .test_openapi3_odd import document
from .test_own_kinds import TEXT, child, pet, ref

ROOT = Path(__file__).parent.parent.parent
WHOLE: Json = {"type": "integer"}
READ_ONLY: Json = {**TEXT, "readOnly": True}
LONG = "A" + "VeryLongNameOfSomething" * 6
_numbers = itertools.count()


def holder(**members: Json) -> Json:
    """A schema that holds members; those that end in `_` must be there."""
    named = {name.rstrip("_"): schema for name, schema in members.items()}
    return {"type": "object", "properties": named, "required": [n[:-1] for n in members if n.endswith("_")]}


def family(cat: Json, dog: Json, **more: Json) -> Json:
    return {"Pet": pet(), "Cat": child(**cat), "Dog": child(**dog), **more}


def demanding(members: Json, *required: str) -> Json:
    return {"allOf": [ref("Pet"), {**holder(**members), "required": [*required]}]}


def within(cat: Json, dog: Json, **more: Json) -> Json:
    """Two kinds whose properties are of the given classes."""
    return family({"properties": ref("CatP")}, {"properties": ref("DogP")}, CatP=cat, DogP=dog, **more)


NAME, AGE = {"name": TEXT}, {"age": WHOLE}
WHAT = {"name": "str | None"}  # what Pet has besides its kind, or PetProperties
SHARED = {"properties": "PetProperties | None"}
CASES: dict[str, tuple[Json, Json, Json | None]] = {
    # schemas, what Pet has besides its kind, and what PetProperties has
    "one type": (family(NAME, NAME), WHAT, None),
    "one kind lacks it": (family(NAME, AGE), {}, None),
    "two types": (family({"name": TEXT}, {"name": WHOLE}), {}, None),
    "one kind alone": ({"Pet": pet(), "Cat": child(**NAME)}, {}, None),
    "a list of one type": (
        family(*[{"tags": {"type": "array", "items": TEXT}}] * 2),
        {"tags": "list[str] | None"},
        None,
    ),
    "lists of two classes": (
        family(
            {"toys": {"type": "array", "items": ref("CatP")}},
            {"toys": {"type": "array", "items": ref("DogP")}},
            CatP=holder(**NAME),
            DogP=holder(**NAME),
        ),
        {},
        None,
    ),
    "required in both": (
        {"Pet": pet(), "Cat": demanding(NAME, "name"), "Dog": demanding(NAME, "name")},
        WHAT,
        None,
    ),
    "required in one": ({"Pet": pet(), "Cat": demanding(NAME, "name"), "Dog": demanding(NAME)}, WHAT, None),
    "one class": (family({"p": ref("P")}, {"p": ref("P")}, P=holder(**NAME)), {"p": "P | None"}, None),
    "two classes": (within(holder(**NAME, **AGE), holder(**NAME)), SHARED, WHAT),
    "two classes that share nothing": (within(holder(**AGE), holder(**NAME)), {}, None),
    "two classes, required in both": (within(holder(name_=TEXT, **AGE), holder(name_=TEXT)), SHARED, {"name": "str"}),
    "two classes, required in one": (within(holder(name_=TEXT), holder(name=TEXT)), SHARED, WHAT),
    "two classes, read-only in one": (within(holder(name=READ_ONLY), holder(name=TEXT)), SHARED, WHAT),
    "two classes, null in one": (
        within(holder(name_={"type": ["string", "null"]}), holder(name_=TEXT)),
        SHARED,
        WHAT,
    ),
    "two classes, made by the service in one": (
        within(holder(name_=READ_ONLY), holder(name_=TEXT)),
        SHARED,
        {"name": "str"},
    ),
    "a class above both": (
        within(child(base="P", **AGE), child(base="P"), P=holder(**NAME)),
        {"properties": "P | None"},
        None,
    ),
    "a class above both, and more": (
        within(child(base="P", **AGE), child(base="P", **AGE), P=holder(**NAME)),
        SHARED,
        {**WHAT, "age": "int | None"},
    ),
    "one above the other": (
        within(holder(**NAME), child(base="CatP", **AGE)),
        {"properties": "CatP | None"},
        None,
    ),
    "classes within classes": (
        within(
            holder(**NAME, more=ref("CatQ")),
            holder(**NAME, more=ref("DogQ")),
            CatQ=holder(**AGE, x=TEXT),
            DogQ=holder(**AGE),
        ),
        SHARED,
        {**WHAT, "more": "PetPropertiesMore | None"},
    ),
    "classes that hold themselves": (
        within(holder(**NAME, inner=ref("CatP")), holder(**NAME, inner=ref("DogP"))),
        SHARED,
        WHAT,
    ),
    "classes that hold each other": (
        within(holder(**NAME, inner=ref("DogP")), holder(**NAME, inner=ref("CatP"))),
        SHARED,
        WHAT,
    ),
    "a kind within": (
        {
            "Pet": pet(),
            "Animal": child(properties=ref("P")),
            "Cat": child(base="Animal"),
            "Dog": child(properties=ref("DogP")),
            "P": holder(**NAME),
            "DogP": holder(**NAME, **AGE),
        },
        SHARED,
        WHAT,
    ),
    "a name that is too long for its line": (
        {
            "Pet": pet(),
            "Cat": demanding({"properties": ref(LONG)}, "properties"),
            "Dog": child(properties={"allOf": [ref("DogP")], "readOnly": True}),
            LONG: holder(**NAME),
            "DogP": holder(**NAME),
        },
        SHARED,
        WHAT,
    ),
    "a name that is taken": (
        within(holder(**NAME), holder(**NAME), PetProperties=holder(other=ref("Pet"))),
        {"properties": "SharedPetProperties | None"},
        {"other": "Pet | None"},
    ),
}


def whole(schemas: Json) -> Json:
    """A document of the schemas, which an answer holds a list of pets of."""
    every = {name: ref(name) for name in schemas if name != "Pet"}
    own: Json = {"A": holder(pets={"type": "array", "items": ref("Pet")}, **every)}
    return document(schemas=schemas | own)


def fields(plan: Plan, name: str) -> dict[str, str]:
    return {f.wire: f.type for f in plan.classes[name].fields if f.wire != "kind"}


@pytest.mark.parametrize("case", CASES)
def test_a_base_has_what_its_kinds_share(case: str) -> None:
    schemas, base, properties = CASES[case]
    plan = plan_of(whole(schemas))
    assert base == fields(plan, "Pet")
    assert properties == (fields(plan, "PetProperties") if "PetProperties" in plan.classes else None)
    for c in plan.classes.values():  # no class lost a member that its schema has, and each is behind its base
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
    raw: Json = {"kind": "Newt", "name": "Emma", "tags": ["a"], "p": inner, "properties": inner, "z": 1.0}
    found = models.Pet.from_dict(raw)
    for name in base:
        assert getattr(found, name) is not None
    if properties is not None and base.get("properties") == "PetProperties | None":
        for name in properties:
            expected = (
                inner[name] if not isinstance(inner[name], dict) else models.PetPropertiesMore.from_dict(inner[name])
            )
            assert expected == getattr(found.properties, name)
    assert raw == found.to_dict()
    assert {"kind": "Newt"} == models.Pet(kind="Newt").to_dict()  # a base asks for no more than its schema does
    for kind in ("Cat", "Dog"):
        known = models.Pet.from_dict({**raw, "kind": kind})
        assert isinstance(known, models.Pet)
        assert {**raw, "kind": kind} == known.to_dict()
        for name, text in base.items():
            wanted = getattr(models, text.removesuffix(" | None"), None)
            assert wanted is None or isinstance(getattr(known, name), wanted)


def test_one_kind_may_require_what_another_does_not(tmp_path: Path) -> None:
    models = package_of(whole(CASES["required in one"][0]), tmp_path, f"shared_{next(_numbers)}").models
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
    assert "Rex" in repr(models.Pet.from_dict({"kind": "Dog", "properties": {"name": "Rex"}}).properties)


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


@pytest.mark.parametrize("check", ["mypy", "basedpyright"])
def test_both_checkers_accept_what_is_shared(tmp_path: Path, check: str) -> None:
    """Packages of all the cases, under strict rules, and a user's code for any kind."""
    used = []
    for number, (schemas, base, properties) in enumerate(CASES.values()):
        package_of(whole(schemas), tmp_path, f"strict_{check}_{number}")
        lines = [f"    print(pet.{name})" for name in base]
        if properties is not None and base.get("properties") == "PetProperties | None":
            lines += ["    if pet.properties:", *(f"        print(pet.properties.{name})" for name in properties)]
        used += [f"def use_{number}(pet: m{number}.Pet) -> None:", *lines, "    print(pet.kind)", ""]
    imports = [f"import strict_{check}_{number}.models as m{number}" for number in range(len(CASES))]
    (tmp_path / "use.py").write_text("\n".join([*imports, "", *used, ""]), encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(ROOT / "runtime")]}), encoding="utf-8"
    )
    how = {
        "mypy": ["--strict", "--config-file=", "--cache-dir", str(tmp_path / ".cache"), "."],
        "basedpyright": ["--pythonpath", sys.executable, "."],
    }
    done = subprocess.run(
        [sys.executable, "-m", check, *how[check]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout


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
    renamed = json.loads(json.dumps(contract).replace('/Pet"', '/Animal"').replace('"Pet": {', '"Animal": {'))
    less = contract_of(whole(CASES["two classes that share nothing"][0]))
    old, new, lost = (public_names(plan_of_contract(found)) for found in (contract, renamed, less))
    told = touched("inline", "2024-01-01", old, new, diff(contract, renamed, "inline"))
    assert [("Pet", "Animal"), ("PetProperties", "AnimalProperties")] == [(r.old, r.new) for r in told]
    told = touched("inline", "2024-01-01", old, lost, diff(contract, less, "inline"))
    assert {("Pet.properties", ""), ("PetProperties", "")} <= {(r.old, r.new) for r in told}


def test_a_chain_of_any_length_ends() -> None:
    """Classes of two kinds that hold the next ones, by two members each: neither the stack nor the time runs out."""
    length = 400
    chain: Json = {}
    for i in range(length):
        for kind in ("Cat", "Dog"):
            following = ref(f"{kind}P{(i + 1) % length}")
            chain[f"{kind}P{i}"] = holder(name=TEXT, left=following, right=following)
    plan = plan_of(whole(family({"properties": ref("CatP0")}, {"properties": ref("DogP0")}, **chain)))
    assert {"properties": "PetProperties | None"} == fields(plan, "Pet")
    assert {"name": "str | None", "left": "PetPropertiesLeft | None"}.items() <= fields(plan, "PetProperties").items()
    assert 2 <= sum(name.startswith("PetProperties") for name in plan.classes) <= length

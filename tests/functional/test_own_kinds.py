"""A subclass knows its kind, however an OpenAPI document says it, and no class takes the kind of
another one.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from purview_codegen.errors import CommandError
from purview_core import NULL

from .inline import Json, contract_of, package_of, swagger
from .test_openapi3_odd import document

TEXT: Json = {"type": "string"}
_numbers = itertools.count()


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def child(own: Json | None = None, base: Any = "Pet", **members: Json) -> Json:
    body: Json = {"type": "object", "properties": {**({"kind": own} if own else {}), **members}}
    return {"allOf": [ref(base), body]}


def pet(mapping: Json | None = None, kind: Json = TEXT) -> Json:
    tag: Json = {"propertyName": "kind"} | ({"mapping": mapping} if mapping else {})
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": kind},
        "discriminator": tag,
    }


LIVES, BARKS = {"lives": {"type": "integer"}}, {"barks": {"type": "boolean"}}
WAYS: dict[str, tuple[Json, str, str]] = {
    "mapping": (
        {
            "Pet": pet({"cat": ref("Cat")["$ref"], "dog": "Dog"}),
            "Cat": child(**LIVES),
            "Dog": child(**BARKS),
        },
        "cat",
        "dog",
    ),
    "names": ({"Pet": pet(), "Cat": child(**LIVES), "Dog": child(**BARKS)}, "Cat", "Dog"),
    "const": (
        {
            "Pet": pet(),
            "Cat": child({"const": "miau"}, **LIVES),
            "Dog": child({"const": "woof"}, **BARKS),
        },
        "miau",
        "woof",
    ),
    "enum of one": (
        {
            "Pet": pet(),
            "Cat": child({"type": "string", "enum": ["miau"]}, **LIVES),
            "Dog": child({"type": "string", "enum": ["woof"]}, **BARKS),
        },
        "miau",
        "woof",
    ),
    "const and mapping": (
        {
            "Pet": pet({"miau": "Cat", "woof": "Dog"}),
            "Cat": child({"const": "miau"}, **LIVES),
            "Dog": child({"const": "woof"}, **BARKS),
        },
        "miau",
        "woof",
    ),
    "base with an enum": (
        {
            "Pet": pet(kind={"type": "string", "enum": ["miau", "woof"]}),
            "Cat": child({"const": "miau"}, **LIVES),
            "Dog": child({"enum": ["woof"]}, **BARKS),
        },
        "miau",
        "woof",
    ),
    "through a class between": (
        {
            "Pet": pet(),
            "Animal": child(),
            "Cat": child({"const": "c"}, "Animal", **LIVES),
            "Dog": child(**BARKS),
        },
        "c",
        "Dog",
    ),
    "as a second base": (
        {
            "Named": {"type": "object", "properties": {"name": TEXT}},
            "Pet": pet({"cat": "Cat", "dog": "Dog"}),
            "Cat": {"allOf": [ref("Named"), ref("Pet"), {"properties": LIVES}]},
            "Dog": child(**BARKS),
        },
        "cat",
        "dog",
    ),
    "Swagger's own word": (
        {
            "Pet": pet(),
            "Cat": child(**LIVES) | {"x-ms-discriminator-value": "c"},
            "Dog": child(**BARKS) | {"x-ms-discriminator-value": "d"},
        },
        "c",
        "d",
    ),
    "a union": (
        {
            "Pet": {"oneOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
            "Cat": {
                "type": "object",
                "properties": {"kind": {"const": "miau"}, **LIVES},
                "required": ["kind"],
            },
            "Dog": {
                "type": "object",
                "properties": {"kind": {"const": "woof"}, **BARKS},
                "required": ["kind"],
            },
        },
        "miau",
        "woof",
    ),
    "a union with a mapping": (
        {
            "Pet": {
                "oneOf": [ref("Cat"), ref("Dog")],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {"cat": "Cat", "dog": ref("Dog")["$ref"]},
                },
            },
            "Cat": {"type": "object", "properties": {"kind": TEXT, **LIVES}, "required": ["kind"]},
            "Dog": {"type": "object", "properties": {"kind": TEXT, **BARKS}, "required": ["kind"]},
        },
        "cat",
        "dog",
    ),
}


def made(schemas: Json, folder: Path) -> Any:
    holder: Json = {
        "A": {"type": "object", "properties": {"pets": {"type": "array", "items": ref("Pet")}}}
    }
    return package_of(
        document(schemas=schemas | holder), folder, f"own_kinds_{next(_numbers)}"
    ).models


@pytest.mark.parametrize("way", WAYS)
def test_a_subclass_knows_its_kind(tmp_path: Path, way: str) -> None:
    schemas, cat, dog = WAYS[way]
    models = made(schemas, tmp_path)
    assert {"kind": cat, "lives": 9} == models.Cat(lives=9).to_dict()
    assert {"kind": dog, "barks": True} == models.Dog(barks=True).to_dict()
    raw = {"pets": [{"kind": cat, "lives": 9}, {"kind": dog}, {"kind": "Newt"}, {"kind": None}, {}]}
    found = models.A.from_dict(raw)
    assert ["Cat", "Dog"] == [type(one).__name__ for one in found.pets[:2]]
    assert raw == found.to_dict()
    assert [] == [name for name in dir(models) if name.endswith("Kind") and name != "PetKind"]


@pytest.mark.parametrize("way", WAYS)
def test_no_class_takes_the_kind_of_another(tmp_path: Path, way: str) -> None:
    schemas, cat, dog = WAYS[way]
    models = made(schemas, tmp_path)
    for cls, other in ((models.Cat, dog), (models.Dog, cat)):
        with pytest.raises(
            TypeError, match=rf"{cls.__name__}\.kind takes no '{other}': that kind is "
        ):
            cls(kind=other)
        assert other == cls.from_dict({"kind": other}).kind if way.startswith("a union") else True
    assert {"kind": cat} == models.Cat(kind=cat).to_dict()
    assert {"kind": "Newt"} == models.Cat(kind="Newt").to_dict()
    assert {"kind": None} == models.Cat(kind=NULL).to_dict()
    if hasattr(models, "Pet") and isinstance(models.Pet, type):
        # a base does, and sends what its subclass would
        assert {"kind": cat} == models.Pet(kind=cat).to_dict()


def test_a_class_of_the_users_own_is_of_the_kind_it_derives_from(tmp_path: Path) -> None:
    models = made(WAYS["const"][0], tmp_path)

    cat: Any = models.Cat

    class Mine(cat):  # type: ignore[misc]
        pass

    assert {"kind": "miau", "lives": 1} == Mine(lives=1).to_dict()
    with pytest.raises(TypeError, match=r"Cat\.kind takes no 'woof'"):
        Mine(kind="woof")


def test_a_class_of_several_kinds_is_asked_for_one(tmp_path: Path) -> None:
    schemas = {
        "Pet": pet({"cat": "Cat", "kitten": "Cat", "dog": "Dog"}),
        "Cat": child(**LIVES),
        "Dog": child(**BARKS),
    }
    models = made(schemas, tmp_path)
    with pytest.raises(TypeError, match="'kind'"):
        models.Cat(lives=9)
    for kind in ("cat", "kitten"):
        assert kind == models.Cat(kind=kind).kind
        assert models.Cat is type(models.Pet.from_dict({"kind": kind}))
    with pytest.raises(TypeError, match="that kind is that of Dog"):
        models.Cat(kind="dog")


@pytest.mark.parametrize("version", ["2.0", "3.1.0"])
def test_both_kinds_of_document_say_the_same(version: str) -> None:
    schemas, *_ = WAYS["enum of one"]
    whole = document(schemas=schemas)
    if version == "2.0":
        text = {
            name: {**s, "discriminator": "kind"}
            if "discriminator" in s
            else {"allOf": [{"$ref": "#/definitions/Pet"}, s["allOf"][1]]}
            for name, s in schemas.items()
        }
        whole = swagger({}, text)
    found = contract_of(whole)["components"]["schemas"]
    assert ["miau", "woof"] == [found[name]["x-discriminator-value"] for name in ("Cat", "Dog")]
    assert ["miau", "woof"] == sorted(found["Pet"]["discriminator"]["mapping"])


@pytest.mark.parametrize(
    ("schemas", "says"),
    [
        (
            {"Pet": pet({"cat": "Newt"}), "Cat": child()},
            "'cat' maps to Newt, which is not made of Pet by allOf",
        ),
        (
            {"Pet": pet({"cat": "A"}), "Cat": child()},
            "'cat' maps to A, which is not made of Pet by allOf",
        ),
        (
            {"Pet": {"type": "object", "discriminator": {"propertyName": "sort"}}, "Cat": child()},
            (
                "the discriminator 'sort' is no member: "
                "/components/schemas/Pet/discriminator/propertyName"
            ),
        ),
    ],
)
def test_a_discriminator_that_says_what_is_not_so(schemas: Json, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        contract_of(document(schemas=schemas))
    assert says in str(caught.value)

"""Families of kinds that share members or not, and what their base has then."""

from __future__ import annotations

from .inline import Json
from .test_openapi3_odd import document
from .test_own_kinds import TEXT, child, pet, ref

WHOLE: Json = {"type": "integer"}
READ_ONLY: Json = {**TEXT, "readOnly": True}
LONG = "A" + "VeryLongNameOfSomething" * 6


def holder(**members: Json) -> Json:
    """A schema that holds members; those that end in `_` must be there."""
    named = {name.rstrip("_"): schema for name, schema in members.items()}
    return {
        "type": "object",
        "properties": named,
        "required": [n[:-1] for n in members if n.endswith("_")],
    }


def family(cat: Json, dog: Json, **more: Json) -> Json:
    return {"Pet": pet(), "Cat": child(**cat), "Dog": child(**dog), **more}


def demanding(members: Json, *required: str) -> Json:
    return {"allOf": [ref("Pet"), {**holder(**members), "required": [*required]}]}


def within(cat: Json, dog: Json, **more: Json) -> Json:
    """Two kinds whose properties are of the given classes."""
    return family(
        {"properties": ref("CatP")}, {"properties": ref("DogP")}, CatP=cat, DogP=dog, **more
    )


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
    "required in one": (
        {"Pet": pet(), "Cat": demanding(NAME, "name"), "Dog": demanding(NAME)},
        WHAT,
        None,
    ),
    "one class": (
        family({"p": ref("P")}, {"p": ref("P")}, P=holder(**NAME)),
        {"p": "P | None"},
        None,
    ),
    "two classes": (within(holder(**NAME, **AGE), holder(**NAME)), SHARED, WHAT),
    "two classes that share nothing": (within(holder(**AGE), holder(**NAME)), {}, None),
    "two classes, required in both": (
        within(holder(name_=TEXT, **AGE), holder(name_=TEXT)),
        SHARED,
        {"name": "str"},
    ),
    "two classes, required in one": (within(holder(name_=TEXT), holder(name=TEXT)), SHARED, WHAT),
    "two classes, read-only in one": (
        within(holder(name=READ_ONLY), holder(name=TEXT)),
        SHARED,
        WHAT,
    ),
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

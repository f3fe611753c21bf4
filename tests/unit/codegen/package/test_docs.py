"""What generated classes and methods say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from purview_codegen.contract.shape import shape
from purview_codegen.errors import GateError, IntegrityError
from purview_codegen.package.docs import Docs
from purview_codegen.package.names import operation_names
from purview_codegen.package.plan import plan
from purview_codegen.package.words import AllWords

VERSION = "2024-01-01"
Json = dict[str, Any]


def docs_of(
    members: Json | None = None,
    *,
    operation: Json | None = None,
    schemas: Json | None = None,
    words: AllWords | None = None,
) -> tuple[Docs, Any]:
    """The docs of a plane with one class, Pet, which pets.create_or_replace takes and pets.get
    gives.
    """
    pet = {"$ref": "#/components/schemas/Pet"}
    answer = {"description": "", "content": {"application/json": {"schema": pet}}}
    path = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    document = {
        "openapi": "3.0.0",
        "info": {"version": VERSION},
        "paths": {
            "/pets/{name}": {
                "get": {
                    "operationId": "Pets_Get",
                    "parameters": [path],
                    "responses": {"200": answer},
                    **(operation or {}),
                },
                "put": {
                    "operationId": "Pets_CreateOrReplace",
                    "parameters": [path],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": pet}},
                    },
                    "responses": {"200": answer, "201": answer, "404": {"description": ""}},
                },
            }
        },
        "components": {
            "schemas": {"Pet": {"type": "object", "properties": members or {}}, **(schemas or {})}
        },
    }
    contract = shape(document, "mine")
    for name, member in (members or {}).items():  # overlays mark secrets, documents do not
        if "x-secret" in member:
            contract["components"]["schemas"]["Pet"]["properties"][name]["x-secret"] = True
    planned = plan(contract, operation_names({VERSION: contract}, {})[VERSION])
    return Docs(contract, planned, ["Keeper"], (words or AllWords()).of("mine")), planned


def attribute(schema: Json, words: AllWords | None = None) -> str:
    """The line of a member that has this schema; "" where there is none."""
    docs, planned = docs_of({"thing": schema}, words=words)
    text = " ".join(line.strip() for line in docs.model(planned.classes["Pet"]))
    return text.partition("Attributes: thing: ")[2]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string"}, ""),
        ({"type": "string", "format": "date-time"}, ""),
        ({"type": "integer", "format": "int64"}, ""),
        ({"type": "string", "minLength": 1, "maxLength": 256}, "1 to 256 characters."),
        ({"type": "string", "minLength": 1}, "At least 1 character."),
        ({"type": "string", "maxLength": 9}, "At most 9 characters."),
        ({"type": "integer", "minimum": 0, "maximum": 100}, "0 to 100."),
        ({"type": "number", "minimum": 0.5}, "At least 0.5."),
        ({"type": "string", "pattern": "^\\d+$"}, "Of the pattern ^\\d+$."),
        ({"type": "string", "format": "uuid"}, "A UUID."),
        ({"type": "string", "format": "duration"}, "A duration of ISO 8601."),
        ({"type": "string", "format": "odd"}, "Of the format odd."),
        ({"type": "boolean", "default": False}, "False where it is left out."),
        ({"type": "string", "readOnly": True}, "Set by the service, left out of requests."),
        ({"type": "string", "x-secret": True}, "A secret, which repr does not show."),
        ({}, "Any JSON: the document does not say more."),
        (
            {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 9}},
            "At most 50 items; each at most 9 characters.",
        ),
        (
            {"type": "array", "uniqueItems": True, "items": {"type": "string", "format": "uuid"}},
            "No item twice; each a UUID.",
        ),
    ],
)
def test_a_member_has_a_line_where_its_type_does_not_tell(schema: Json, said: str) -> None:
    assert said == attribute(schema)


def test_units_are_of_numbers_alone() -> None:
    words = AllWords(units={"*.thing": "years"})
    assert "Years." == attribute({"type": "integer"}, words)
    assert "" == attribute({"type": "string"}, words)


def test_what_is_said_of_a_class_wins_and_of_a_plane_most() -> None:
    every, own = {"*.thing": "any"}, {"Pet.thing": "a pet's"}
    assert "Any." == attribute({"type": "string"}, AllWords(members=every))
    assert "A pet's." == attribute({"type": "string"}, AllWords(members=every | own))
    mine = every | own | {"mine/Pet.thing": "mine"}
    assert "Mine." == attribute({"type": "string"}, AllWords(members=mine))


def test_a_class_says_where_it_goes() -> None:
    inner = {"$ref": "#/components/schemas/Inner"}
    docs, planned = docs_of(
        {"inner": inner},
        schemas={
            "Inner": {"type": "object", "properties": {"a": {"type": "string"}}},
            "Nobody": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
    )
    first = {name: " ".join(docs.model(c)) for name, c in planned.classes.items()}
    goes = "Body of pets.create_or_replace; answer of pets.get and pets.create_or_replace."
    assert goes == first["Pet"]
    assert "Part of Pet." == first["Inner"]
    assert "In no body and no answer of an operation." == first["Nobody"]


def test_a_method_says_what_it_returns_and_raises_and_whom_it_lets_in() -> None:
    words = AllWords(arguments={"name": "How it is called."})
    docs, planned = docs_of({"age": {"type": "integer"}}, words=words)
    put = next(op for op in planned.operations if op.verb == "PUT")
    assert [
        "PUT /pets/{name}",
        "",
        "Role: Keeper.",
        "",
        "Args:",
        "    name: How it is called.",
        "",
        "Returns:",
        "    200, 201: Pet.",
        "",
        "Raises:",
        "    HttpError: any other status.",
    ] == docs.method(put)


@pytest.mark.parametrize("key", ["mine/pets", "mine/pets.get"])
def test_a_group_or_a_method_may_ask_for_another_role(key: str) -> None:
    docs, planned = docs_of(words=AllWords(of_roles={key: ["Vet", "Owner"]}))
    get = next(op for op in planned.operations if op.verb == "GET")
    assert "Role: Vet or Owner." in docs.method(get)


def test_words_of_nothing_are_refused() -> None:
    words = AllWords(arguments={"name": "Said.", "gone": "Never."})
    docs, _ = docs_of(words=words)
    all(docs.everything())
    with pytest.raises(GateError, match=r"\[arguments\] gone is of nothing"):
        words.check()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a =", "not TOML"),
        ("[odd]\na = 'b'", "unknown table: odd"),
        ("[units]\na = 1", r"\[units\] a has 1, where text is wanted"),
        ("[roles]\na = 'b'", "where a list of roles is wanted"),
    ],
)
def test_odd_words_are_one_line(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "words.toml").write_text(text, encoding="utf-8")
    with pytest.raises(IntegrityError, match=error):
        AllWords.read(tmp_path)


def test_no_line_is_longer_than_the_rest_of_the_code() -> None:
    long = AllWords(members={"*.thing": "word " * 60}, arguments={"name": "word " * 60})
    docs, _ = docs_of({"thing": {"type": "string"}}, words=long)
    lines = [line for text in docs.everything() for line in text]
    assert max(map(len, lines)) <= 100 - 4

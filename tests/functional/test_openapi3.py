"""A document that is published as OpenAPI 3 enters at `shape`, and gives what its Swagger 2.0 twin
gives.
"""

from __future__ import annotations

from typing import Any

import pytest

from purview_codegen.errors import IntegrityError

from .inline import contract_of, operation, plan_of, swagger

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string"},
        "count": {"type": ["integer", "null"]},
        "state": {"anyOf": [{"$ref": "#/components/schemas/State"}, {"type": "null"}]},
        "old": {"type": "string", "nullable": True},
        "fixed": {"const": "one"},
        "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "discriminator": {"propertyName": "kind", "mapping": {"b-kind": "#/components/schemas/B"}},
}


def document(version: str = "3.1.0") -> dict[str, Any]:
    b = {"allOf": [{"$ref": "#/components/schemas/A"}], "properties": {"more": {"type": "boolean"}}}
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    return {
        "openapi": version,
        "info": {"title": "Inline", "version": "2024-01-01"},
        "servers": [{"url": "https://api.example.org/inline/", "variables": {}}],
        "paths": {
            "/a": {
                "parameters": [{"$ref": "#/components/parameters/Top"}],
                "put": {
                    "operationId": "A_Put",
                    "requestBody": {"$ref": "#/components/requestBodies/A"},
                    "responses": {"200": {"$ref": "#/components/responses/A"}, "4XX": answer},
                },
            }
        },
        "components": {
            "schemas": {"A": SCHEMA, "B": b, "State": {"type": "string", "enum": ["x", "y"]}},
            "parameters": {
                "Top": {
                    "name": "$top",
                    "in": "query",
                    "schema": {"type": "array", "items": {"type": "string"}},
                }
            },
            "requestBodies": {"A": {"required": True, "content": answer["content"]}},
            "responses": {"A": answer},
        },
    }


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_an_openapi_3_document_is_planned(version: str) -> None:
    plan = plan_of(document(version))
    (put,) = plan.operations
    assert ("/inline/a", "*, body: m.A, top: list[str] | None = None") == (
        put.path,
        put.signature.strip(", "),
    )
    types = {f.name: f.type for f in plan.classes["A"].fields}
    expected = {
        "kind": "str",
        "count": "int | None",
        "state": "State | None",
        "old": "str | None",
        "fixed": "AFixed | None",
        "either": "str | int | None",
    }
    assert expected == types
    assert (("b-kind", "B"),) == plan.classes["A"].kinds
    assert "A" == plan.classes["B"].base


def test_arrays_in_a_query_are_repeated_unless_the_document_says_otherwise() -> None:
    (top,) = contract_of(document())["paths"]["/a"]["put"]["parameters"]
    assert ("form", True) == (top["style"], top["explode"])


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"openapi": "2.5"}, "neither Swagger 2.0 nor OpenAPI 3: /openapi"),
        ({"info": {"version": '1.0"""'}}, 'not an api-version: \'1.0"""\': /info/version'),
        ({"paths": {"/a": {"get": {}}}}, "no operationId: /paths/~1a/get"),
        (
            {
                "paths": {
                    "/a": {
                        "get": {
                            "operationId": "A",
                            "parameters": [{"$ref": "#/components/parameters/No"}],
                        }
                    }
                }
            },
            "$ref leads nowhere: #/components/parameters/No: /components/parameters/No",
        ),
    ],
)
def test_a_broken_document_is_named_by_pointer(broken: dict[str, Any], expected: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        contract_of({**document(), **broken})
    assert expected in str(caught.value)


def test_prose_is_dropped_and_facts_are_kept() -> None:
    schema = {
        "type": "string",
        "title": "T",
        "description": "words",
        "example": "e",
        "maxLength": 3,
        "readOnly": True,
    }
    found = contract_of(
        swagger({}, {"X": {"type": "object", "description": "words", "properties": {"p": schema}}})
    )
    expected = {
        "type": "object",
        "properties": {"p": {"type": "string", "maxLength": 3, "readOnly": True}},
    }
    assert {"X": expected} == found["components"]["schemas"]


def test_a_member_of_a_read_only_schema_is_read_only() -> None:
    stamp = {"type": "object", "readOnly": True, "properties": {"by": {"type": "string"}}}
    members = {
        "direct": {"$ref": "#/definitions/Stamp"},
        "wrapped": {"allOf": [{"$ref": "#/definitions/Stamp"}]},
    }
    found = contract_of(
        swagger({}, {"Stamp": stamp, "X": {"type": "object", "properties": members}})
    )
    expected = {"$ref": "#/components/schemas/Stamp", "readOnly": True}
    assert {"direct": expected, "wrapped": expected} == found["components"]["schemas"]["X"][
        "properties"
    ]


def test_an_ambiguous_discriminator_value_is_left_to_the_base() -> None:
    base = {
        "type": "object",
        "discriminator": "kind",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
    }
    sub = {"allOf": [{"$ref": "#/definitions/Base"}], "x-ms-discriminator-value": "None"}
    found = contract_of(swagger({}, {"Base": base, "One": sub, "Two": sub}))["components"][
        "schemas"
    ]["Base"]
    assert ({}, ["None"]) == (
        found["discriminator"]["mapping"],
        found["x-ambiguous-discriminator-values"],
    )


def test_members_called_like_schema_words_are_members() -> None:
    names = [
        "enum",
        "default",
        "properties",
        "items",
        "type",
        "discriminator",
        "$ref",
        "allOf",
        "additionalProperties",
    ]
    members = {name: {"$ref": "#/definitions/Y"} for name in names}
    document = swagger({"/x": {"get": operation("X_Get", answer={"$ref": "#/definitions/X"})}})
    document["definitions"] = {
        "X": {"type": "object", "properties": members},
        "Y": {"type": "object", "properties": {"a": {}}},
    }
    plan = plan_of(document)
    assert dict.fromkeys(names, "Y | None") == {f.wire: f.type for f in plan.classes["X"].fields}

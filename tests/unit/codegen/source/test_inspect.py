"""What is read out of a document before anything is made of it, and what of a document that is
not whole.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from tests.unit.codegen.conftest import tiny

from purview_codegen.errors import IntegrityError
from purview_codegen.source.inspect import DocumentFacts, inspect

Json = dict[str, Any]


def content(document: Any) -> bytes:
    return json.dumps(document).encode()


def refusal(document: bytes | Json) -> str:
    with pytest.raises(IntegrityError) as caught:
        inspect(document if isinstance(document, bytes) else content(document), "tiny 1")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(pointer: str, value: Any) -> Json:
    """The tiny document with another value at a place; `a|b` are the keys, since paths hold
    slashes.
    """
    document: Json = tiny()
    *above, last = pointer.split("|")
    at: Any = document
    for key in above:
        at = at[key]
    at[last] = value
    return document


def test_facts_of_a_swagger_document() -> None:
    document = content(tiny())
    digest = hashlib.sha256(document).hexdigest()
    assert DocumentFacts(digest, len(document), 2, 2, ()) == inspect(document, "tiny 1")


def test_facts_of_an_openapi_3_document() -> None:
    schemas = {"A": {"type": "object"}, "B": {"$ref": "#/components/schemas/A"}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/a": {"get": {"operationId": "A_Get"}}},
        "components": {"schemas": schemas},
    }
    facts = inspect(content(document), "tiny 1")
    assert (1, 2) == (facts.operations, facts.definitions)


def test_operations_below_x_ms_paths_count() -> None:
    document = tiny(**{"x-ms-paths": {"/pets?x=y": {"get": {"operationId": "Pets_ByX"}}}})
    assert 3 == inspect(content(document), "tiny 1").operations


def test_examples_are_named_once_and_sorted() -> None:
    document: Json = tiny()
    for item, names in zip(document["paths"].values(), (["b", "a"], ["a"]), strict=True):
        item["get"]["x-ms-examples"] = {name: {"$ref": f"./examples/{name}.json"} for name in names}
    assert ("./examples/a.json", "./examples/b.json") == inspect(
        content(document), "tiny 1"
    ).examples


def test_a_duplicate_operation_id_names_both_places() -> None:
    found = refusal(changed("paths|/pets/{name}|get|operationId", "Pets_List"))
    assert (
        "tiny 1: operationId Pets_List is used twice: /paths/~1pets/get and "
        "/paths/~1pets~1{name}/get"
    ) == found


def test_an_operation_without_id() -> None:
    document = tiny()
    del document["paths"]["/pets"]["get"]["operationId"]
    assert "tiny 1: no operationId: /paths/~1pets/get" == refusal(document)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("#/definitions/Gone", "$ref leads nowhere: #/definitions/Gone"),
        ("#/definitions/Pet/properties/name/deeper", "$ref leads nowhere"),
        ("other.json#/definitions/Pet", "$ref leaves the document: other.json#/definitions/Pet"),
        ("#", "$ref leaves the document: #"),
        ("", "$ref leaves the document"),
    ],
)
def test_a_dangling_reference_has_a_pointer(reference: str, says: str) -> None:
    found = refusal(changed("definitions|PetList|properties|value|items", {"$ref": reference}))
    assert says in found
    assert found.endswith(": /definitions/PetList/properties/value/items/$ref")


def test_a_reference_with_escapes_is_followed() -> None:
    document = changed("definitions|a/b~c", {"type": "string"})
    document["definitions"]["Pet"]["properties"]["odd"] = {"$ref": "#/definitions/a~1b~0c"}
    assert 3 == inspect(content(document), "tiny 1").definitions


def test_a_property_called_ref_is_no_reference() -> None:
    document = changed("definitions|Pet|properties|$ref", {"type": "string"})
    assert 2 == inspect(content(document), "tiny 1").operations


@pytest.mark.parametrize("length", [0, 1, 57, 300])
def test_a_truncated_document_names_the_offset(length: int) -> None:
    found = refusal(content(tiny())[:length])
    assert found.startswith("tiny 1 is broken JSON at character ")
    assert found.endswith("; fetch it again")


def test_bytes_that_are_no_text() -> None:
    assert "tiny 1 is not UTF-8 at byte 13; fetch it again" == refusal(
        b'{"swagger": "\xe4\xff\xff"}'
    )


def test_a_member_that_is_there_twice_is_not_lost_in_silence() -> None:
    text = (
        b'{"swagger": "2.0", "paths": {"/a": {"get": {"operationId": "A"}}, "/a": {"get": '
        b'{"operationId": "B"}}}}'
    )
    assert "member '/a' is there twice in one object" in refusal(text)


@pytest.mark.parametrize(
    "document",
    [
        b"null",
        b"3",
        b"[]",
        b"{}",
        b'"text"',
        b"404: Not Found",
        b"<html></html>",
        b'{"paths": []}',
        b'{"paths": {"/a": {"get": 3}}}',
        b'{"paths": {"/a": {"get": null}}}',
        b'{"paths": {"/a": {"get": {"operationId": []}}}}',
        b'{"paths": {"/a": {"get": {"operationId": "A", "x-ms-examples": 3}}}}',
        b'{"paths": {"/a": {"get": {"operationId": "A", "x-ms-examples": {"b": null}}}}}',
        b'{"paths": {}, "definitions": 3}',
        b'{"paths": {}, "components": null}',
        b'{"paths": {}, "x-ms-paths": []}',
        b'{"paths": ' + b'{"a":' * 100_000,
        b"[" * 100_000,
    ],
    ids=lambda d: d[:60].decode(),
)
def test_what_is_no_document_is_refused_in_one_line(document: bytes) -> None:
    assert refusal(document).startswith("tiny 1 is ")


def test_a_path_item_that_is_no_object_has_no_operations() -> None:
    assert 0 == inspect(b'{"paths": {"/a": 3, "/b": {"parameters": []}}}', "tiny 1").operations

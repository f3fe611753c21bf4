"""The edits of an overlay: what each of them does, where it does it, and when it no longer
applies.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from purview_codegen.contract.overlay import Overlay, apply
from purview_codegen.contract.schemas import enum_names
from purview_codegen.errors import IntegrityError
from purview_codegen.pointer import matches

Json = dict[str, Any]
REF = "#/components/schemas/"
BASE = f"{REF}Base"
CONTRACT: Json = {
    "info": {"version": "2024-01-01"},
    "paths": {},
    "components": {
        "schemas": {
            "Kind": {"type": "string", "enum": ["None", "Cat", "Dog", "Cow"]},
            "Root": {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}}},
            "Base": {
                "type": "object",
                "allOf": [
                    {"$ref": f"{REF}Root"},
                    {
                        "type": "object",
                        "properties": {"kind": {"$ref": f"{REF}Kind"}, "name": {"type": "string"}},
                    },
                ],
                "discriminator": {"propertyName": "kind", "mapping": {}},
                "x-ambiguous-discriminator-values": ["None"],
            },
            "CatBase": {
                "type": "object",
                "allOf": [{"$ref": BASE}],
                "x-discriminator-value": "None",
            },
            "DogBase": {
                "type": "object",
                "allOf": [{"$ref": BASE}],
                "x-discriminator-value": "None",
            },
            "Scan": {
                "type": "object",
                "properties": {"password": {"type": "string"}, "size": {"type": "integer"}},
                "required": ["password", "size"],
            },
            "Other": {"type": "object", "properties": {"password": {"$ref": f"{REF}Root"}}},
        }
    },
}
AT = "/components/schemas/"


def applied(tmp_path: Path, at: str | list[str], **edits: Any) -> Json:
    """The schemas of the contract with one change laid over it; the contract itself is as it
    was.
    """
    path, before = tmp_path / "tiny.toml", copy.deepcopy(CONTRACT)
    entry = {"versions": ["2024-01-01"], "at": at, "reason": "r", "link": "l"}
    path.write_text(f"[[changes]]\n{_toml({**entry, **edits})}")
    out = apply(CONTRACT, Overlay.read(path))
    assert before == CONTRACT
    schemas: Json = out["components"]["schemas"]
    assert sorted(schemas) == list(schemas)
    return schemas


def _toml(value: Json) -> str:
    return "\n".join(f"{name} = {_inline(item)}" for name, item in value.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def test_members_are_put_where_a_schema_holds_its_own(tmp_path: Path) -> None:
    more = {"more": {"type": "string"}}
    plain = applied(tmp_path, AT + "Scan", members=more)["Scan"]
    assert ["password", "size", "more"] == list(plain["properties"])
    derived = applied(tmp_path, AT + "Base", members=more)["Base"]
    assert ["kind", "name", "more"] == list(derived["allOf"][1]["properties"])
    assert "properties" not in derived


def test_a_new_schema_is_put_in_its_place(tmp_path: Path) -> None:
    found = applied(tmp_path, "/components/schemas", add={"Milk": {"type": "object"}})
    assert {"type": "object"} == found["Milk"]


def test_values_of_an_enum_get_names(tmp_path: Path) -> None:
    found = applied(tmp_path, AT + "Kind", values=["Wild boar", "1st"])["Kind"]
    assert ["None", "Cat", "Dog", "Cow", "Wild boar", "1st"] == found["enum"]
    assert ["NONE", "CAT", "DOG", "COW", "WILD_BOAR", "VALUE_1ST"] == [*enum_names(found).values()]


def test_kinds_reach_the_subtypes_that_are_named_after_them(tmp_path: Path) -> None:
    found = applied(tmp_path, AT + "Base", kinds="{kind}Base")
    assert {"Cat": f"{REF}CatBase", "Dog": f"{REF}DogBase"} == found["Base"]["discriminator"][
        "mapping"
    ]
    assert ["Cat", "Dog"] == [found[n]["x-discriminator-value"] for n in ("CatBase", "DogBase")]
    assert "x-ambiguous-discriminator-values" not in found["Base"]


def test_a_subtype_that_is_named_otherwise_stays_with_the_base(tmp_path: Path) -> None:
    before = CONTRACT["components"]["schemas"]
    before["Bull"] = {"type": "object", "allOf": [{"$ref": BASE}], "x-discriminator-value": "None"}
    try:
        found = applied(tmp_path, AT + "Base", kinds="{kind}Base")
    finally:
        del before["Bull"]
    assert {"Cat", "Dog"} == set(found["Base"]["discriminator"]["mapping"])
    assert ["None"] == found["Base"]["x-ambiguous-discriminator-values"]
    assert "None" == found["Bull"]["x-discriminator-value"]


def test_what_every_answer_holds(tmp_path: Path) -> None:
    read_only = applied(tmp_path, AT + "Root", always=["id"])["Root"]
    assert ["id"] == read_only["required"]
    sent = applied(tmp_path, AT + "Scan", always=["password"])["Scan"]
    assert ["size"] == sent["required"]
    assert {"type": "string", "x-answered": True} == sent["properties"]["password"]
    free = applied(tmp_path, AT + "Base", always=["name"])["Base"]["allOf"][1]
    assert ({"type": "string", "x-answered": True}, False) == (
        free["properties"]["name"],
        "required" in free,
    )


def test_what_is_no_more_required(tmp_path: Path) -> None:
    assert ["size"] == applied(tmp_path, AT + "Scan", optional=["password"])["Scan"]["required"]
    assert "required" not in applied(tmp_path, AT + "Scan", optional=["password", "size"])["Scan"]


def test_wildcards_and_lists_of_places(tmp_path: Path) -> None:
    mark = {"x-secret": True}
    every = applied(tmp_path, AT + "**/password", set=mark)
    assert [True, True] == [
        every[n]["properties"]["password"].get("x-secret") for n in ("Scan", "Other")
    ]
    some = applied(tmp_path, AT + "*can/properties/password", set=mark)
    assert [True, None] == [
        some[n]["properties"]["password"].get("x-secret") for n in ("Scan", "Other")
    ]
    two = applied(tmp_path, [AT + "CatBase", AT + "DogBase"], set={"x": 1})
    assert [1, 1, None] == [two[n].get("x") for n in ("CatBase", "DogBase", "Base")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/a/b", ["/a/b"]),
        ("/a/*", ["/a/b", "/a/bc", "/a/x~1y"]),
        ("/a/b*", ["/a/b", "/a/bc"]),
        ("/a/x~1*", ["/a/x~1y"]),
        ("/**/d", ["/a/bc/d", "/a/bc/d/0/d", "/d"]),
        ("/a/bc/d/*/d", ["/a/bc/d/0/d"]),
        (
            "/**",
            ["", "/a", "/a/b", "/a/bc", "/a/bc/d", "/a/bc/d/0", "/a/bc/d/0/d", "/a/x~1y", "/d"],
        ),
    ],
)
def test_where_a_pattern_leads(pattern: str, expected: list[str]) -> None:
    document = {"a": {"b": 1, "bc": {"d": [{"d": 2}]}, "x/y": 3}, "d": 4}
    assert expected == sorted(pointer for pointer, _ in matches(document, pattern))


@pytest.mark.parametrize(
    ("at", "edits", "expected"),
    [
        (AT + "Scan", {"members": {"size": {}}}, "the schema has the member size already"),
        # of its base
        (
            AT + "Base",
            {"members": {"id": {}}},
            "the schema has the member id already",
        ),
        ("/components/schemas", {"add": {"Scan": {}}}, "it has Scan already"),
        (AT + "Kind", {"values": ["Cat"]}, "the enum has the value 'Cat' already"),
        (AT + "Base", {"kinds": "{kind}Nothing"}, "it is so already"),
        (AT + "Scan", {"optional": ["name"]}, "the schema does not require name"),
        (AT + "Scan", {"always": ["name"]}, "the schema has no member name of its own"),
        (AT + "Base", {"always": ["id"]}, "the schema has no member id of its own"),
        (AT + "**/passwords", {"set": {"x": 1}}, f"nothing at {AT}**/passwords"),
        ([AT + "Scan", AT + "Gone"], {"set": {"x": 1}}, f"nothing at {AT}Gone"),
        (
            [AT + "Scan", AT + "Other"],
            {"set": {"properties": {}, "type": "object"}, "remove": ["required"]},
            None,
        ),
        (AT + "**/type", {"set": {"x": 1}}, "what is there is no object but str"),
        (AT + "Scan", {"members": ["x"]}, "members = ['x'] cannot be made there"),
        (AT + "Scan", {"kinds": "{kind}Base"}, "kinds = '{kind}Base' cannot be made there"),
        (AT + "Base", {"kinds": "{value}Base"}, "kinds = '{value}Base' cannot be made there"),
    ],
)
def test_an_edit_that_no_longer_applies(
    tmp_path: Path, at: str | list[str], edits: Json, expected: str | None
) -> None:
    if expected is None:
        assert {} == applied(tmp_path, at, **edits)["Other"]["properties"]
        return
    with pytest.raises(IntegrityError) as caught:
        applied(tmp_path, at, **edits)
    assert f"in 2024-01-01 no longer applies: {expected}" in str(caught.value)

"""Each kind of change between two contracts: its level in each direction, and what is one thing
under two names.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from purview_codegen.diff.diff import diff
from purview_codegen.pointer import find

Json = dict[str, Any]
Edit = Callable[[Json], object]
Facts = tuple[str, str, str, str, str, str]  # kind, where, affects, level, old, new


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def contract() -> Json:
    """In is sent, Out is received, Both is in either; Base has two subtypes; Unused is in
    neither.
    """
    top = {
        "name": "$top",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "maximum": 9, "default": 5},
    }
    kind = {"name": "kind", "in": "query", "required": False, "schema": ref("Kind")}
    version = {
        "name": "api-version",
        "in": "query",
        "required": True,
        "schema": {"type": "string", "enum": ["2024-01-01"]},
    }
    pet_id = {"name": "petId", "in": "path", "required": True, "schema": {"type": "string"}}
    base = {
        "type": "object",
        "properties": {"type": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["type"],
        "discriminator": {
            "propertyName": "type",
            "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "zoo", "version": "2024-01-01"},
        "servers": [{"url": "{endpoint}/zoo", "variables": {"endpoint": {"default": ""}}}],
        "paths": {
            "/pets/{petId}": {
                "put": {
                    "operationId": "Pets_Put",
                    "tags": ["Pets"],
                    "parameters": [pet_id, top, kind, version],
                    "requestBody": {"required": False, "content": content(ref("In"))},
                    "responses": {
                        "200": {
                            "description": "",
                            "content": content(ref("Out")),
                            "headers": {"ETag": {"schema": {"type": "string"}}},
                        },
                        "default": {"description": "", "content": content(ref("Error"))},
                    },
                }
            },
            "/pets": {
                "get": {
                    "operationId": "Pets_List",
                    "tags": ["Pets"],
                    "parameters": [version],
                    "responses": {
                        "200": {
                            "description": "",
                            "content": content({"type": "array", "items": ref("Base")}),
                        }
                    },
                    "x-pageable": {"itemName": "value", "nextLinkName": None},
                }
            },
        },
        "components": {
            "schemas": {
                "In": {
                    "type": "object",
                    "required": ["must"],
                    "properties": {
                        "must": {"type": "string"},
                        "may": {"type": "string"},
                        "both": ref("Both"),
                        "choice": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                    },
                },
                "Out": {
                    "type": "object",
                    "required": ["sure"],
                    "properties": {
                        "sure": {"type": "string"},
                        "perhaps": {"type": "string"},
                        "both": ref("Both"),
                        "state": ref("State"),
                    },
                },
                "Both": {
                    "type": "object",
                    "properties": {
                        "count": {"type": "integer"},
                        "when": {"type": "string"},
                        "state": {"type": "string", "readOnly": True},
                        "labels": ref("Labels"),
                        "names": ref("Names"),
                    },
                },
                "Labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "Names": {"type": "array", "items": {"type": "string"}},
                "Base": base,
                "Cat": {
                    "allOf": [ref("Base")],
                    "type": "object",
                    "properties": {"lives": {"type": "integer"}},
                    "x-discriminator-value": "cat",
                },
                "Dog": {
                    "type": "object",
                    "allOf": [
                        ref("Base"),
                        {"type": "object", "properties": {"tricks": {"type": "integer"}}},
                    ],
                },
                "Kind": {"type": "string", "enum": ["cat", "dog"]},
                "State": {"type": "string", "enum": ["up", "down"]},
                "Error": {"type": "object", "properties": {"code": {"type": "string"}}},
                "Unused": {"type": "object", "properties": {"a": {"type": "string"}}},
            }
        },
    }


def at(found: Json, *keys: str | int) -> Any:
    value: Any = found
    for key in keys:
        value = value[key]
    return value


def member(schema: str, name: str, value: Json | None, *, required: bool = False) -> Edit:
    def edit(found: Json) -> None:
        target = found["components"]["schemas"][schema]
        if value is None:
            del target["properties"][name]
        else:
            target["properties"][name] = value
        if required:
            target.setdefault("required", []).append(name)

    return edit


def put(*keys: str | int, value: Any) -> Edit:
    def edit(found: Json) -> None:
        at(found, *keys[:-1])[keys[-1]] = value

    return edit


def drop(*keys: str | int) -> Edit:
    def edit(found: Json) -> None:
        del at(found, *keys[:-1])[keys[-1]]

    return edit


def tagged(found: Json, kind: str, value: str | None) -> None:
    """Cat with a discriminator value of its own, in the table of its base too where that is
    `value`'s new place.
    """
    found["components"]["schemas"]["Cat"]["x-discriminator-value"] = kind
    if value is not None:
        mapping = found["components"]["schemas"]["Base"]["discriminator"]["mapping"]
        mapping[value] = mapping.pop("cat")


def without_dog(found: Json) -> None:
    del found["components"]["schemas"]["Dog"]
    del found["components"]["schemas"]["Base"]["discriminator"]["mapping"]["dog"]


OP = ("paths", "/pets/{petId}", "put")
LIST = ("paths", "/pets", "get")
S = "/components/schemas"
EXTRA = {"name": "extra", "in": "query", "required": False, "schema": {"type": "string"}}


def changes(edit: Edit) -> list[Facts]:
    old, new = contract(), contract()
    edit(new)
    return [
        (c.kind, c.where, c.affects, c.level, c.old, c.new) for c in diff(old, new, "zoo").changes
    ]


CASES: list[tuple[str, Edit, list[Facts]]] = [
    ("nothing", lambda _: None, []),
    (
        "host",
        put("servers", 0, "variables", "endpoint", "default", value="https://a"),
        [
            (
                "server.host",
                "/servers/0/variables/endpoint/default",
                "both",
                "major",
                "",
                "https://a",
            )
        ],
    ),
    (
        "prefix",
        put("servers", 0, "url", value="{endpoint}/park"),
        [("server.prefix", "/servers/0/url", "both", "major", "{endpoint}/zoo", "{endpoint}/park")],
    ),
    (
        "operation gone",
        drop(*LIST),
        [
            ("operation.removed", "Pets_List", "both", "major", "GET /zoo/pets", ""),
        ],
    ),
    (
        "operation renamed",
        put(*LIST, "operationId", value="Pets_All"),
        [("operation.renamed", "Pets_All", "names", "minor", "Pets_List", "Pets_All")],
    ),
    (
        "path",
        lambda c: c["paths"].update({"/animals": c["paths"].pop("/pets")}),
        [("operation.path", "Pets_List", "both", "major", "/zoo/pets", "/zoo/animals")],
    ),
    (
        "trailing slash",
        lambda c: c["paths"].update({"/pets/": c["paths"].pop("/pets")}),
        [("operation.path", "Pets_List", "both", "major", "/zoo/pets", "/zoo/pets/")],
    ),
    (
        "verb",
        lambda c: c["paths"]["/pets"].update(post=c["paths"]["/pets"].pop("get")),
        [("operation.verb", "Pets_List", "both", "major", "GET", "POST")],
    ),
    (
        "no pager",
        drop(*LIST, "x-pageable"),
        [
            (
                "operation.paging",
                "Pets_List",
                "names",
                "major",
                ('{"itemName": "value", "nextLinkName": null}'),
                "",
            )
        ],
    ),
    (
        "poller",
        put(*OP, "x-long-running", value={"final-state-via": None}),
        [("operation.polling", "Pets_Put", "names", "major", "", ('{"final-state-via": null}'))],
    ),
    (
        "summary",
        put(*OP, "summary", value="Words."),
        [("operation.summary", "Pets_Put", "docs", "patch", "", "")],
    ),
    (
        "hole renamed",
        lambda c: (
            c["paths"].update({"/pets/{name}": c["paths"].pop("/pets/{petId}")}),
            put("paths", "/pets/{name}", "put", "parameters", 0, "name", value="name")(c),
        ),
        [("parameter.renamed", "Pets_Put", "names", "minor", "petId", "name")],
    ),
    (
        "optional parameter",
        lambda c: at(c, *OP, "parameters").append(EXTRA),
        [
            (
                "parameter.added",
                "Pets_Put",
                "request",
                "minor",
                "",
                ("query extra: string, optional"),
            )
        ],
    ),
    (
        "required parameter",
        lambda c: at(c, *OP, "parameters").append({**EXTRA, "required": True}),
        [("parameter.added", "Pets_Put", "request", "major", "", "query extra: string")],
    ),
    (
        "parameter gone",
        drop(*OP, "parameters", 2),
        [("parameter.removed", "Pets_Put", "request", "major", ("query kind: Kind, optional"), "")],
    ),
    (
        "parameter renamed",
        put(*OP, "parameters", 1, "name", value="top"),
        [("parameter.renamed", "Pets_Put", "request", "major", "$top", "top")],
    ),
    (
        "parameter required",
        put(*OP, "parameters", 1, "required", value=True),
        [("parameter.required", "Pets_Put", "request", "major", "", "query $top")],
    ),
    (
        "parameter type",
        put(*OP, "parameters", 1, "schema", "type", value="string"),
        [
            (
                "parameter.type",
                "Pets_Put",
                "request",
                "major",
                "query $top: integer",
                "query $top: string",
            )
        ],
    ),
    (
        "parameter limit",
        put(*OP, "parameters", 1, "schema", "maximum", value=8),
        [
            (
                "parameter.limit",
                "Pets_Put",
                "request",
                "major",
                "query $top: maximum 9",
                "query $top: maximum 8",
            )
        ],
    ),
    (
        "parameter freer",
        put(*OP, "parameters", 1, "schema", "maximum", value=10),
        [
            (
                "parameter.limit",
                "Pets_Put",
                "request",
                "minor",
                "query $top: maximum 9",
                "query $top: maximum 10",
            )
        ],
    ),
    (
        "parameter default",
        put(*OP, "parameters", 1, "schema", "default", value=6),
        [("parameter.default", "Pets_Put", "request", "minor", "query $top: 5", "query $top: 6")],
    ),
    (
        "parameter style",
        put(*OP, "parameters", 1, "style", value="form"),
        [
            (
                "parameter.style",
                "Pets_Put",
                "request",
                "minor",
                "query $top: {}",
                ('query $top: {"style": "form"}'),
            )
        ],
    ),
    (
        "api-version left out",
        drop(*LIST, "parameters", 0),
        [("parameter.removed", "Pets_List", "request", "minor", ("query api-version: string"), "")],
    ),
    (
        "body required",
        put(*OP, "requestBody", "required", value=True),
        [("body.required", "Pets_Put", "request", "major", "", "")],
    ),
    (
        "body gone",
        drop(*OP, "requestBody"),
        [("body.removed", "Pets_Put", "request", "major", "In", "")],
    ),
    (
        "body added",
        put(*LIST, "requestBody", value={"required": True, "content": content(ref("In"))}),
        [("body.added", "Pets_List", "request", "major", "", "In")],
    ),
    (
        "body type",
        put(*OP, "requestBody", "content", value=content({"type": "string"})),
        [("body.type", "Pets_Put", "request", "major", "In", "string")],
    ),
    (
        "body media",
        lambda c: at(c, *OP, "requestBody", "content").update({"text/json": {"schema": ref("In")}}),
        [
            (
                "body.media",
                "Pets_Put",
                "request",
                "minor",
                "application/json",
                ("application/json, text/json"),
            )
        ],
    ),
    (
        "status more",
        put(*OP, "responses", "201", value={"description": ""}),
        [("response.added", "Pets_Put", "response", "minor", "", "201")],
    ),
    (
        "status gone",
        lambda c: at(c, *OP, "responses").update({"201": at(c, *OP, "responses").pop("200")}),
        [
            ("response.removed", "Pets_Put", "response", "major", "200 Out", ""),
            ("response.added", "Pets_Put", "response", "minor", "", "201 Out"),
        ],
    ),
    (
        "no answer body",
        drop(*OP, "responses", "200", "content"),
        [("response.body", "Pets_Put", "response", "major", "200 Out", "200 empty")],
    ),
    (
        "answer type",
        put(
            *OP,
            "responses",
            "200",
            "content",
            value=content({"type": "array", "items": ref("Out")}),
        ),
        [("response.type", "Pets_Put", "response", "major", "200 Out", "200 list of Out")],
    ),
    (
        "header gone",
        drop(*OP, "responses", "200", "headers"),
        [("header.removed", "Pets_Put", "response", "major", "200 ETag", "")],
    ),
    (
        "optional member sent",
        member("In", "new", {"type": "string"}),
        [("member.added", f"{S}/In/properties/new", "request", "minor", "", "string")],
    ),
    (
        "required member sent",
        member("In", "new", {"type": "string"}, required=True),
        [("member.added", f"{S}/In/properties/new", "request", "major", "", "string, required")],
    ),
    (
        ("required read-only member"),
        member("In", "new", {"type": "string", "readOnly": True}, required=True),
        [("member.added", f"{S}/In/properties/new", "names", "minor", "", "string, required")],
    ),
    (
        "required member received",
        member("Out", "new", {"type": "string"}, required=True),
        [("member.added", f"{S}/Out/properties/new", "response", "minor", "", "string, required")],
    ),
    (
        "member gone",
        member("Out", "perhaps", None),
        [("member.removed", f"{S}/Out/properties/perhaps", "response", "major", "string", "")],
    ),
    (
        "now required, sent",
        put("components", "schemas", "In", "required", value=["must", "may"]),
        [("member.required", f"{S}/In/properties/may", "request", "major", "", "")],
    ),
    (
        "now required, received",
        put("components", "schemas", "Out", "required", value=["sure", "perhaps"]),
        [("member.required", f"{S}/Out/properties/perhaps", "response", "minor", "", "")],
    ),
    (
        "now optional, sent",
        put("components", "schemas", "In", "required", value=[]),
        [("member.optional", f"{S}/In/properties/must", "request", "minor", "", "")],
    ),
    (
        "now optional, received",
        put("components", "schemas", "Out", "required", value=[]),
        [("member.optional", f"{S}/Out/properties/sure", "response", "major", "", "")],
    ),
    (
        "nullable, sent",
        member("In", "may", {"type": ["string", "null"]}),
        [("member.nullable", f"{S}/In/properties/may", "request", "minor", "", "")],
    ),
    (
        "nullable, received",
        member("Out", "perhaps", {"type": ["string", "null"]}),
        [("member.nullable", f"{S}/Out/properties/perhaps", "response", "major", "", "")],
    ),
    (
        "nullable class",
        member("Out", "both", {"anyOf": [ref("Both"), {"type": "null"}]}),
        [("member.nullable", f"{S}/Out/properties/both", "response", "major", "", "")],
    ),
    (
        "read-only, sent",
        member("In", "may", {"type": "string", "readOnly": True}),
        [("member.read-only", f"{S}/In/properties/may", "request", "major", "", "")],
    ),
    (
        "read-only, received",
        member("Out", "perhaps", {"type": "string", "readOnly": True}),
        [("member.read-only", f"{S}/Out/properties/perhaps", "response", "patch", "", "")],
    ),
    (
        "wider, in both",
        member("Both", "count", {"type": "number"}),
        [("member.type", f"{S}/Both/properties/count", "both", "major", "integer", "number")],
    ),
    (
        "anything, sent",
        member("In", "may", {}),
        [("member.type", f"{S}/In/properties/may", "request", "minor", "string", "any")],
    ),
    (
        "anything, received",
        member("Out", "perhaps", {}),
        [("member.type", f"{S}/Out/properties/perhaps", "response", "major", "string", "any")],
    ),
    (
        "a date",
        member("Both", "when", {"type": "string", "format": "date-time"}),
        [
            (
                "member.type",
                f"{S}/Both/properties/when",
                "both",
                "major",
                "string",
                "string date-time",
            )
        ],
    ),
    (
        "a format",
        member("Both", "when", {"type": "string", "format": "uri"}),
        [("member.format", f"{S}/Both/properties/when", "both", "major", "", "uri")],
    ),
    (
        "an enum of a text",
        member("Both", "when", ref("Kind")),
        [("member.type", f"{S}/Both/properties/when", "both", "minor", "string", "Kind")],
    ),
    (
        "value more",
        put("components", "schemas", "Kind", "enum", value=["cat", "dog", "cow"]),
        [("enum.added", f"{S}/Kind", "request", "minor", "", "cow")],
    ),
    (
        "value less, sent",
        put("components", "schemas", "Kind", "enum", value=["cat"]),
        [("enum.removed", f"{S}/Kind", "request", "major", "dog", "")],
    ),
    (
        "value less, received",
        put("components", "schemas", "State", "enum", value=["up"]),
        [("enum.removed", f"{S}/State", "response", "minor", "down", "")],
    ),
    (
        "value names",
        put("components", "schemas", "Kind", "x-enum-varnames", value=["A", "B"]),
        [("enum.names", f"{S}/Kind", "names", "major", "cat: CAT, dog: DOG", "cat: A, dog: B")],
    ),
    (
        "subtype gone",
        drop("components", "schemas", "Base", "discriminator", "mapping", "dog"),
        [("subtype.removed", f"{S}/Base", "response", "major", "dog: Dog", "")],
    ),
    (
        "subtype more",
        put(
            "components",
            "schemas",
            "Base",
            "discriminator",
            "mapping",
            "cow",
            value="#/components/schemas/Cat",
        ),
        [("subtype.added", f"{S}/Base", "response", "minor", "", "cow: Cat")],
    ),
    (
        "discriminator",
        put("components", "schemas", "Base", "discriminator", "propertyName", value="size"),
        [("schema.discriminator", f"{S}/Base", "response", "major", "type", "size")],
    ),
    (
        "unused gone",
        drop("components", "schemas", "Unused"),
        [("schema.removed", f"{S}/Unused", "names", "major", "Unused", "")],
    ),
    (
        "unused changed",
        member("Unused", "a", {"type": "integer"}),
        [("member.type", f"{S}/Unused/properties/a", "names", "minor", "string", "integer")],
    ),
    (
        "a mark",
        put("components", "schemas", "Cat", "x-odd", value=1),
        [("schema.other", f"{S}/Cat", "response", "patch", "", "")],
    ),
    (
        "prefix and holes",
        lambda c: (
            put("servers", 0, "url", value="{endpoint}/park")(c),
            drop(*LIST)(c),
            c["paths"].update({"/pets/{name}": c["paths"].pop("/pets/{petId}")}),
            put("paths", "/pets/{name}", "put", "parameters", 0, "name", value="name")(c),
        ),
        [
            ("operation.removed", "Pets_List", "both", "major", "GET /zoo/pets", ""),
            (
                "server.prefix",
                "/servers/0/url",
                "both",
                "major",
                "{endpoint}/zoo",
                "{endpoint}/park",
            ),
            ("parameter.renamed", "Pets_Put", "names", "minor", "petId", "name"),
        ],
    ),
    (
        "parameter elsewhere",
        put(*OP, "parameters", 2, "in", value="header"),
        [("parameter.location", "Pets_Put", "request", "major", "query kind", "header kind")],
    ),
    (
        "parameter has no limit",
        drop(*OP, "parameters", 1, "schema", "maximum"),
        [
            (
                "parameter.limit",
                "Pets_Put",
                "request",
                "minor",
                "query $top: maximum 9",
                "query $top: none",
            )
        ],
    ),
    (
        "parameter gone, another come",
        put(*OP, "parameters", 1, "name", value="skip"),
        [
            (
                "parameter.removed",
                "Pets_Put",
                "request",
                "major",
                "query $top: integer, optional",
                "",
            ),
            (
                "parameter.added",
                "Pets_Put",
                "request",
                "minor",
                "",
                "query skip: integer, optional",
            ),
        ],
    ),
    (
        "member gone, another come",
        lambda c: (
            member("Both", "count", None)(c),
            member("Both", "weight", {"type": "integer"})(c),
        ),
        [
            ("member.removed", f"{S}/Both/properties/count", "both", "major", "integer", ""),
            ("member.added", f"{S}/Both/properties/weight", "both", "minor", "", "integer"),
        ],
    ),
    (
        "type of a header",
        put(*OP, "responses", "200", "headers", "ETag", "schema", "type", value="integer"),
        [("header.type", "Pets_Put", "response", "major", "200 ETag: string", "200 ETag: integer")],
    ),
    (
        "answer in a further type",
        put(*OP, "responses", "200", "content", "text/csv", value={"schema": {"type": "string"}}),
        [
            (
                "response.media",
                "Pets_Put",
                "response",
                "minor",
                "200 application/json",
                "200 application/json, text/csv",
            )
        ],
    ),
    (
        "answer in another type",
        put(*OP, "responses", "200", "content", value={"text/csv": {"schema": ref("Out")}}),
        [
            (
                "response.media",
                "Pets_Put",
                "response",
                "major",
                "200 application/json",
                "200 text/csv",
            )
        ],
    ),
    (
        "read-only member, gone",
        member("Both", "state", None),
        [("member.removed", f"{S}/Both/properties/state", "response", "major", "string", "")],
    ),
    (
        "read-only member, tighter",
        put("components", "schemas", "Both", "properties", "state", "maxLength", value=2),
        [("member.limit", f"{S}/Both/properties/state", "response", "patch", "", "maxLength 2")],
    ),
    (
        "read-only member more",
        member("Both", "more", {"type": "string", "readOnly": True}),
        [("member.added", f"{S}/Both/properties/more", "response", "minor", "", "string")],
    ),
    (
        "a subtype demands",
        put("components", "schemas", "Cat", "required", value=["size"]),
        [("member.required", f"{S}/Cat/properties/size", "response", "minor", "", "")],
    ),
    (
        "a member beside a reference",
        put(
            "components",
            "schemas",
            "Dog",
            "allOf",
            1,
            "properties",
            "tricks",
            "type",
            value="string",
        ),
        [
            (
                "member.type",
                f"{S}/Dog/allOf/1/properties/tricks",
                "response",
                "major",
                "integer",
                "string",
            )
        ],
    ),
    (
        "a member beside a reference, gone",
        drop("components", "schemas", "Dog", "allOf", 1, "properties", "tricks"),
        [
            (
                "member.removed",
                f"{S}/Dog/allOf/1/properties/tricks",
                "response",
                "major",
                "integer",
                "",
            )
        ],
    ),
    (
        "other members",
        put("components", "schemas", "In", "additionalProperties", value={"type": "string"}),
        [("additional.added", f"{S}/In", "request", "minor", "", "string")],
    ),
    (
        "value spelt otherwise",
        put("components", "schemas", "Kind", "enum", value=["Cat", "dog"]),
        [("enum.renamed", f"{S}/Kind", "request", "major", "cat", "Cat")],
    ),
    (
        "value spelt otherwise, received",
        put("components", "schemas", "State", "enum", value=["Up", "down"]),
        [("enum.renamed", f"{S}/State", "response", "minor", "up", "Up")],
    ),
    (
        "a name of a value, with a value more",
        lambda c: at(c, "components", "schemas", "Kind").update(
            {"enum": ["cat", "dog", "cow"], "x-enum-varnames": ["CAT", "HOUND", "COW"]}
        ),
        [
            ("enum.names", f"{S}/Kind", "names", "major", "dog: DOG", "dog: HOUND"),
            ("enum.added", f"{S}/Kind", "request", "minor", "", "cow"),
        ],
    ),
    (
        "subtype and its class gone",
        without_dog,
        [
            ("schema.removed", f"{S}/Dog", "names", "major", "Dog", ""),
            ("subtype.removed", f"{S}/Base", "response", "major", "dog: Dog", ""),
        ],
    ),
    (
        "kind renamed",
        lambda c: tagged(c, "feline", "feline"),
        [("subtype.renamed", f"{S}/Base", "response", "major", "cat: Cat", "feline: Cat")],
    ),
    (
        "kind stated otherwise",
        lambda c: tagged(c, "feline", None),
        [("subtype.value", f"{S}/Cat", "response", "minor", "cat", "feline")],
    ),
    (
        "a map becomes a class",
        put(
            "components",
            "schemas",
            "Labels",
            value={"type": "object", "properties": {"a": {"type": "string"}}},
        ),
        [
            (
                "member.type",
                f"{S}/Both/properties/labels",
                "both",
                "major",
                "map of string",
                "Labels",
            ),
            ("schema.added", f"{S}/Labels", "both", "minor", "", "Labels"),
        ],
    ),
    (
        "limit in a list",
        put("components", "schemas", "Names", "items", "maxLength", value=3),
        [("member.limit", f"{S}/Both/properties/names", "both", "major", "", "maxLength 3")],
    ),
    (
        "limit in a choice",
        put(
            "components", "schemas", "In", "properties", "choice", "anyOf", 0, "maxLength", value=3
        ),
        [("member.limit", f"{S}/In/properties/choice", "request", "major", "", "maxLength 3")],
    ),
    (
        "nullable list",
        member("Both", "names", {"anyOf": [ref("Names"), {"type": "null"}]}),
        [("member.nullable", f"{S}/Both/properties/names", "both", "major", "", "")],
    ),
    (
        "another api-version",
        lambda c: (
            put("info", "version", value="2025-01-01")(c),
            put(*LIST, "parameters", 0, "schema", "enum", value=["2025-01-01"])(c),
            put(*OP, "parameters", 3, "schema", "enum", value=["2025-01-01"])(c),
        ),
        [],
    ),
    (
        "an order",
        put(
            *OP, "parameters", value=contract()["paths"]["/pets/{petId}"]["put"]["parameters"][::-1]
        ),
        [],
    ),
]


@pytest.mark.parametrize(("edit", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_change(edit: Edit, expected: list[Facts]) -> None:
    assert expected == changes(edit)


@pytest.mark.parametrize("edit", [c[1] for c in CASES], ids=[c[0] for c in CASES])
def test_nothing_is_passed_over_on_the_way_back(edit: Edit) -> None:
    """What is a change one way is one the other way, too, and none at all from itself to itself."""
    old, new = contract(), contract()
    edit(new)
    assert bool(diff(old, new, "zoo").changes) == bool(diff(new, old, "zoo").changes)
    assert () == diff(new, copy.deepcopy(new), "zoo").changes


@pytest.mark.parametrize("edit", [c[1] for c in CASES], ids=[c[0] for c in CASES])
def test_pointers_lead_to_what_they_name(edit: Edit) -> None:
    """In the new contract, or in the old one where the thing is gone."""
    old, new = contract(), contract()
    edit(new)
    for change in diff(old, new, "zoo").changes:
        gone = change.kind in ("schema.removed", "member.removed", "operation.removed")
        # it inherits that one
        if change.where.startswith("/") and change.where != f"{S}/Cat/properties/size":
            find(old if gone else new, change.where)


def rename_schema(found: Json, old: str, new: str) -> None:
    import json

    text = json.dumps(found["paths"]), json.dumps(found["components"])
    paths, components = (json.loads(t.replace(f'{S}/{old}"', f'{S}/{new}"')) for t in text)
    components["schemas"][new] = components["schemas"].pop(old)
    found |= {"paths": paths, "components": components}


@pytest.mark.parametrize("name", ["In", "Out", "Both", "Base", "Cat", "Kind", "State", "Error"])
def test_a_renamed_schema_is_one_change(name: str) -> None:
    new = contract()
    rename_schema(new, name, "Fresh")
    found = diff(contract(), new, "zoo")
    assert [("schema.renamed", name, "Fresh", "minor")] == [
        (c.kind, c.old, c.new, c.level) for c in found.changes
    ]
    assert "Fresh" == found.schemas[name]


def test_two_schemas_that_became_one() -> None:
    old = contract()
    old["components"]["schemas"]["Kind2"] = copy.deepcopy(old["components"]["schemas"]["Kind"])
    old["components"]["schemas"]["Both"]["properties"]["kind"] = ref("Kind2")
    new = contract()
    new["components"]["schemas"]["Both"]["properties"]["kind"] = ref("Kind")
    found = diff(old, new, "zoo")
    assert [("schema.renamed", "Kind2", "Kind")] == [(c.kind, c.old, c.new) for c in found.changes]


def test_a_member_under_another_name() -> None:
    def edit(found: Json) -> None:
        found["components"]["schemas"]["Both"]["properties"]["countOf"] = found["components"][
            "schemas"
        ]["Both"]["properties"].pop("count")

    expected = [
        ("member.renamed", f"{S}/Both/properties/countOf", "both", "major", "count", "countOf")
    ]
    assert expected == changes(edit)


def test_a_member_that_moves_to_the_base_stays() -> None:
    old, new = contract(), contract()
    schemas = old["components"]["schemas"]
    for place in (schemas["Cat"], schemas["Dog"]["allOf"][1]):
        place["properties"]["colour"] = {"type": "string"}
    new["components"]["schemas"]["Base"]["properties"]["colour"] = {"type": "string"}
    found = {(c.kind, c.where) for c in diff(old, new, "zoo").changes}
    assert {
        ("member.added", f"{S}/Base/properties/colour"),
        ("schema.other", f"{S}/Cat"),
        ("schema.other", f"{S}/Dog"),
    } == found


def test_a_type_that_changes_with_the_move_to_the_base_is_told() -> None:
    old, new = contract(), contract()
    old["components"]["schemas"]["Cat"]["properties"]["colour"] = {"type": "string"}
    new["components"]["schemas"]["Base"]["properties"]["colour"] = {"type": "integer"}
    found = [
        (c.kind, c.where, c.old, c.new)
        for c in diff(old, new, "zoo").changes
        if c.kind == "member.type"
    ]
    assert [("member.type", f"{S}/Cat/properties/colour", "string", "integer")] == found


def test_worst_first() -> None:
    old, new = contract(), contract()
    edits = {name: edit for name, edit, _ in CASES}
    for name in ("summary", "a format", "value more", "member gone", "optional parameter"):
        edits[name](new)
    levels = [c.level for c in diff(old, new, "zoo").changes]
    assert ["major", "major", "minor", "minor", "patch"] == levels

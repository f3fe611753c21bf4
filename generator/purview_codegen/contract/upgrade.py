"""Swagger 2.0 to OpenAPI 3.1: syntax alone.

Nothing is named, merged or judged here; `shape` does that, for documents that come as OpenAPI 3
too. What 3.1 has no word for travels on as an `x-` member. The endpoint parameter of
`x-ms-parameterized-host` becomes the one server variable.
"""

from __future__ import annotations

from typing import Any

from purview_codegen.openapi import METHODS
from purview_codegen.pointer import Json

_PARAMETER = ("name", "in", "required", "description")
_STYLES = {"ssv": "spaceDelimited", "tsv": "tabDelimited", "pipes": "pipeDelimited"}
_OPERATION = ("operationId", "tags", "summary", "description", "deprecated")


def upgrade(document: Json) -> Json:
    """The OpenAPI 3.1 form of a Swagger 2.0 document, as a new tree; raises ValueError for any
    other document.
    """
    if str(document.get("swagger")) != "2.0":
        raise ValueError("not a Swagger 2.0 document")
    return {
        "openapi": "3.1.0",
        "info": document.get("info", {}),
        "servers": [
            {
                "url": "{endpoint}" + prefix(document),
                "variables": {"endpoint": {"default": _endpoint(document)}},
            }
        ],
        "paths": {
            path: {
                key: _operation(document, value, item.get("parameters", []))
                if key in METHODS
                else value
                for key, value in item.items()
                if key != "parameters"
            }
            for path, item in {
                **document.get("paths", {}),
                **document.get("x-ms-paths", {}),
            }.items()
        },
        "components": {
            "schemas": {name: _schema(s) for name, s in document.get("definitions", {}).items()}
        },
    }


def prefix(document: Json) -> str:
    """What stands between the endpoint and a path: in the host template, in basePath, or
    nowhere.
    """
    template = document.get("x-ms-parameterized-host", {}).get("hostTemplate", "")
    tail = template.split("}", 1)[1] if "}" in template else ""
    return str(tail + document.get("basePath", "")).rstrip("/")


def _host_parameters(document: Json) -> list[Json]:
    return [
        _dereference(document, p)
        for p in document.get("x-ms-parameterized-host", {}).get("parameters", [])
    ]


def _endpoint(document: Json) -> str:
    """The one value that an endpoint parameter admits, where it admits one."""
    for parameter in _host_parameters(document):
        if len(parameter.get("enum", [])) == 1:
            return str(parameter["enum"][0]).rstrip("/")
    return ""


def _dereference(document: Json, part: Json) -> Json:
    """Follows a reference to a shared parameter or response."""
    while "$ref" in part:
        section, name = part["$ref"].removeprefix("#/").split("/", 1)
        part = document[section][name]
    return part


def _schema(schema: Any) -> Any:
    """A schema object with 3.1's spelling of references, files, nulls and discriminators."""
    if not isinstance(schema, dict):
        return schema
    out = dict(schema)
    if isinstance(out.get("$ref"), str):
        out["$ref"] = out["$ref"].replace("#/definitions/", "#/components/schemas/")
    for key in ("items", "additionalProperties"):
        if key in out:
            out[key] = _schema(out[key])
    if "properties" in out:
        out["properties"] = {name: _schema(s) for name, s in out["properties"].items()}
    if "allOf" in out:
        out["allOf"] = [_schema(s) for s in out["allOf"]]
    if out.get("type") == "file":
        out |= {"type": "string", "format": "binary"}
    if isinstance(out.get("discriminator"), str):
        out["discriminator"] = {"propertyName": out["discriminator"]}
    if out.pop("x-nullable", None) is True:
        out["nullable"] = True
    return out


def _operation(document: Json, operation: Json, shared: list[Json]) -> Json:
    own = [_dereference(document, p) for p in operation.get("parameters", [])]
    named = {(p["in"], p["name"]) for p in own}
    parameters = [
        p for p in (_dereference(document, q) for q in shared) if (p["in"], p["name"]) not in named
    ] + own
    hosts = {p["name"] for p in _host_parameters(document)}
    out: Json = {key: operation[key] for key in _OPERATION if key in operation}
    out |= {key: value for key, value in operation.items() if key.startswith("x-")}
    out["parameters"] = [
        _parameter(p)
        for p in parameters
        if p["in"] not in ("body", "formData") and not (p["in"] == "path" and p["name"] in hosts)
    ]
    if body := _request_body(document, operation, parameters):
        out["requestBody"] = body
    produces = operation.get("produces") or document.get("produces") or ["application/json"]
    out["responses"] = {
        str(status): _response(_dereference(document, response), produces)
        for status, response in operation.get("responses", {}).items()
    }
    return out


def _parameter(parameter: Json) -> Json:
    out: Json = {key: parameter[key] for key in _PARAMETER if key in parameter}
    schema = {
        key: value
        for key, value in parameter.items()
        if key not in (*_PARAMETER, "collectionFormat", "schema")
        and (not key.startswith("x-") or key == "x-ms-enum")
    }
    out["schema"] = _schema(schema)
    if parameter.get("type") == "array":
        usual = "form" if parameter["in"] == "query" else "simple"
        out["style"] = _STYLES.get(str(parameter.get("collectionFormat")), usual)
        # csv is the default of Swagger 2
        out["explode"] = parameter.get("collectionFormat") == "multi"
    return out | {
        key: value
        for key, value in parameter.items()
        if key.startswith("x-") and key != "x-ms-enum"
    }


def _request_body(document: Json, operation: Json, parameters: list[Json]) -> Json | None:
    consumes = operation.get("consumes") or document.get("consumes") or ["application/json"]
    for p in parameters:
        if p["in"] == "body":
            content = {media: {"schema": _schema(p.get("schema", {}))} for media in consumes}
            return {
                "required": bool(p.get("required")),
                "content": content,
                "x-name": p.get("x-ms-client-name", p["name"]),
            }
    form = [p for p in parameters if p["in"] == "formData"]
    if not form:
        return None
    schema: Json = {
        "type": "object",
        "required": [p["name"] for p in form if p.get("required")],
        "properties": {p["name"]: _parameter(p)["schema"] for p in form},
    }
    encoded = [
        media
        for media in consumes
        if "urlencoded" in media and "multipart/form-data" not in consumes
    ]
    media = encoded[0] if encoded else "multipart/form-data"
    return {"required": bool(schema["required"]), "content": {media: {"schema": schema}}}


def _response(response: Json, produces: list[str]) -> Json:
    """A failed answer is JSON whatever the operation produces; a file comes as the first type
    that is produced.
    """
    out: Json = {
        key: value
        for key, value in response.items()
        if key == "description" or key.startswith("x-")
    }
    if "schema" in response:
        schema = _schema(response["schema"])
        text = schema.get("type") == "string" and not any("json" in media for media in produces)
        is_file = text or schema.get("format") == "binary"
        media = (
            produces[0]
            if is_file and not response.get("x-ms-error-response")
            else "application/json"
        )
        out["content"] = {media: {"schema": schema}}
    if response.get("headers"):
        out["headers"] = {
            name: {"schema": {"type": h.get("type", "string")}}
            for name, h in response["headers"].items()
        }
    return out

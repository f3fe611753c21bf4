"""An OpenAPI 3 document to a contract: facts only, with every name, body and answer in the one form the generator reads.

A document that is published as OpenAPI 3 enters here; a Swagger 2.0 one comes through `upgrade`.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from .errors import IntegrityError
from .pointer import Json, find, join
from .schemas import Schemas, pascal
from .upgrade import METHODS

_API_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview)?")
_NAME_TEMPLATE = re.compile(r"([A-Za-z]+_)N(:\w+)")  # a placeholder: attr_N:qualifiedName stands for attr_0, attr_1, ..
_REPEATABILITY = "repeatability-request-id"


def shape(document: Json, title: str) -> Json:
    """The contract of a document; `title` names it. Raises IntegrityError with a JSON pointer for what cannot be read."""
    version = str(document.get("info", {}).get("version"))
    if not _API_VERSION.fullmatch(version):
        raise IntegrityError(f"not an api-version: {version!r}: {join('info', 'version')}; it has to be a date")
    if "swagger" in document:
        raise IntegrityError(f"Swagger {document['swagger']} has to be upgraded to OpenAPI 3 first: {join('swagger')}")
    if not str(document.get("openapi", "")).startswith("3."):
        raise IntegrityError(f"neither Swagger 2.0 nor OpenAPI 3: {join('openapi')}")
    shaper = _Shaper(document, version)
    components = shaper.schemas.components()  # before the paths: an enum that both have is named by the schema
    paths = {path: shaper.path(path, item) for path, item in document.get("paths", {}).items()}
    server: Json = next(iter(document.get("servers", [])), {})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [
            {
                "url": "{endpoint}" + _prefix(server),
                "variables": {
                    "endpoint": {"default": server.get("variables", {}).get("endpoint", {}).get("default", "")}
                },
            }
        ],
        "paths": {path: item for path, item in paths.items() if item},
        "components": {"schemas": dict(sorted(components.items()))},
    }


def _prefix(server: Json) -> str:
    """The path of a server's address, with the defaults of its variables, without host and trailing slash."""
    variables = server.get("variables", {})
    url = re.sub(r"\{([^}]*)\}", lambda m: str(variables.get(m[1], {}).get("default", "")), server.get("url", ""))
    path = re.sub(r"^(\w+:)?//[^/]*", "", url).strip("/")
    return f"/{path}" if path else ""


def _refuse(what: str, *where: str) -> NoReturn:
    """For what a client could not send or read as it is meant, and would lose without a word."""
    raise IntegrityError(f"{what} has no form in a client: {join(*where)}; say it otherwise in the document")


def _chosen(content: Json) -> tuple[str, Json]:
    """The one media type that a client speaks: JSON where it may, else a form with files, else the first."""
    media = min(content, key=lambda m: ("json" not in m, m != "multipart/form-data"))
    return media, content[media].get("schema", {})


class _Shaper:
    def __init__(self, document: Json, version: str) -> None:
        self.document, self.version = document, version
        self.schemas = Schemas(document.get("components", {}).get("schemas", {}), document)

    def _follow(self, part: Json) -> Json:
        """A shared parameter, body, answer or header, where a reference stands for it."""
        while "$ref" in part:
            try:
                part = find(self.document, part["$ref"].removeprefix("#"))
            except LookupError as error:
                raise IntegrityError(f"$ref leads nowhere: {part['$ref']}: {error}") from None
        return part

    def path(self, path: str, item: Json) -> Json:
        for key in sorted(item.keys() - {*METHODS, "parameters", "summary", "description"}):
            if not key.startswith("x-"):
                _refuse(f"{key!r} of a path", "paths", path, key)
        if "?" in path:
            _refuse("a path with a query", "paths", path)
        shared = item.get("parameters", [])
        return {method: self._operation(path, method, item[method], shared) for method in METHODS if method in item}

    def _operation(self, path: str, method: str, operation: Json, shared: list[Json]) -> Json:
        if "operationId" not in operation:
            raise IntegrityError(f"no operationId: {join('paths', path, method)}")
        name: str = operation["operationId"]
        own = [self._follow(p) for p in operation.get("parameters", [])]
        named = {(p["in"], p["name"]) for p in own}
        parameters = [p for p in map(self._follow, shared) if (p["in"], p["name"]) not in named] + own
        if fault := self._fault(operation, parameters):
            _refuse(f"{name}: {fault}", "paths", path, method)
        out: Json = {
            "operationId": name,
            "tags": [name.split("_", 1)[0] if "_" in name else pascal((operation.get("tags") or ["Operations"])[0])],
            "parameters": [self._parameter(p, pascal(name)) for p in parameters],
        }
        if "requestBody" in operation:
            out["requestBody"] = self._body(self._follow(operation["requestBody"]), pascal(name))
        out["responses"] = {
            status: self._response(self._follow(r), f"{pascal(name)}Response{'' if status == 'default' else status}")
            for status, r in self._answers(operation).items()
        }
        if "x-ms-pageable" in operation:
            page = operation["x-ms-pageable"]
            out["x-pageable"] = {"itemName": page.get("itemName") or "value", "nextLinkName": page.get("nextLinkName")}
        if operation.get("x-ms-long-running-operation") and not _is_over_at_once(out["responses"]):
            options = operation.get("x-ms-long-running-operation-options") or {}
            out["x-long-running"] = {"final-state-via": options.get("final-state-via")}
        return out

    def _answers(self, operation: Json) -> Json:
        """The answers by status. Where the default alone is given, and is no error, it is what a call gives."""
        answers: Json = operation.get("responses", {})
        good = "default" not in answers or any(status[0] in "23" for status in answers)
        if good or self._follow(answers["default"]).get("x-ms-error-response"):
            return answers
        return {"2XX": answers["default"], **answers}

    def _fault(self, operation: Json, parameters: list[Json]) -> str:
        """What a client could not send as it is meant, or nothing."""
        faults = [f"{fault} ({p['name']})" for p in parameters if (fault := self._parameter_fault(p))]
        if body := operation.get("requestBody"):
            faults.append(self._body_fault(self._follow(body)))
        return next(filter(None, faults), "a server of its own" if "servers" in operation else "")

    def _parameter_fault(self, p: Json) -> str:
        schema = self._follow(p.get("schema", {}))
        usual = "form" if p["in"] == "query" else "simple"
        if p["in"] not in ("path", "query", "header"):
            return f"a {p['in']} parameter"
        if "content" in p or "properties" in schema or "object" in _types(schema):
            return "a parameter that is an object or has a media type"
        return "" if p.get("style", usual) == usual else f"a parameter of style {p['style']}"

    def _body_fault(self, body: Json) -> str:
        media, schema = _chosen(body["content"])
        if "urlencoded" in media:
            return f"a body of {media}"
        fields = self._follow(schema).get("properties", {}) if media == "multipart/form-data" else {"": {}}
        odd = [n for n, s in fields.items() if {"object", "array"} & {*_types(self._follow(s))} or "properties" in s]
        odd = odd if fields else ["none"]
        return f"a form with a part that is no file or scalar ({odd[0]})" if odd else ""

    def _parameter(self, parameter: Json, hint: str) -> Json:
        name = parameter["name"]
        out: Json = {"name": name, "in": parameter["in"], "required": bool(parameter.get("required"))}
        if parameter["in"] == "query" and name == "api-version":
            return out | {"schema": {"type": "string", "enum": [self.version]}}
        schema = self.schemas.place(parameter.get("schema", {}), hint + pascal(name))
        if template := _NAME_TEMPLATE.fullmatch(name):
            schema = {"type": "array", "items": schema}
            out["x-name-template"] = f"{template[1]}{{n}}{template[2]}"
            out |= {"style": "form", "explode": True}
        elif "array" in _types(self._follow(parameter.get("schema", {}))):
            style = "form" if parameter["in"] == "query" else "simple"
            out["style"] = parameter.get("style", style)
            out["explode"] = bool(parameter.get("explode", style == "form"))
        if name.lower() == _REPEATABILITY:
            out["x-auto"] = "uuid"
        return out | {"schema": schema}

    def _body(self, body: Json, hint: str) -> Json:
        media, schema = _chosen(body["content"])
        if "json" not in media and media != "multipart/form-data":
            schema = {"type": "string"} if media.startswith("text/") else {"type": "string", "format": "binary"}
        suffix = "Form" if media == "multipart/form-data" else "Body"
        content = {media: {"schema": self.schemas.place(schema, hint + suffix)}}
        name = {"x-name": body["x-name"]} if "x-name" in body else {}
        return {"required": bool(body.get("required")), "content": content} | name

    def _response(self, response: Json, hint: str) -> Json:
        out: Json = {"description": ""}
        if content := response.get("content"):
            media, schema = _chosen(content)
            if "json" not in media:
                schema = {"type": "string", "format": "binary"}  # bytes, whatever they hold
            out["content"] = {media: {"schema": self.schemas.place(schema, hint)}}
        if headers := response.get("headers"):
            out["headers"] = {
                name: {"schema": {"type": self._follow(h).get("schema", {}).get("type", "string")}}
                for name, h in headers.items()
            }
        if response.get("x-ms-error-response"):
            out["x-error"] = True
        return out


def _is_over_at_once(answers: Json) -> bool:
    """Whether success is 204 alone: such an answer has nothing that could be followed, whatever the document's mark says."""
    return {status for status in answers if status.startswith("2")} == {"204"}


def _types(schema: Any) -> list[str]:
    found = schema.get("type") if isinstance(schema, dict) else None
    return found if isinstance(found, list) else [str(found)]

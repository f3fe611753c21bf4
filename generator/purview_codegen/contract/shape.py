"""An OpenAPI 3 document to a contract: facts only, with every name, body and answer in the one form
the generator reads.

A document that is published as OpenAPI 3 enters here; a Swagger 2.0 one comes through `upgrade`.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from purview_codegen.errors import IntegrityError
from purview_codegen.identifiers import pascal
from purview_codegen.openapi import METHODS
from purview_codegen.pointer import Json, find, join

from .paged_lists import page
from .schemas import SchemaShaper

_API_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview)?")
# a placeholder: attr_N:qualifiedName stands for attr_0, attr_1, ..
_NAME_TEMPLATE = re.compile(r"([A-Za-z]+_)N(:\w+)")
# RFC 9110: what names a header, and each half of a media type
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OPEN = "\0"  # stands for a part of an address that nobody gave
_STATUS = re.compile(r"default|[1-5](\d\d|XX)")
_REPEATABILITY = "repeatability-request-id"


def shape(document: Json, title: str) -> Json:
    """The contract of a document; `title` names it.

    Raises IntegrityError with a JSON pointer for what cannot be read.
    """
    version = str(document.get("info", {}).get("version"))
    if not _API_VERSION.fullmatch(version):
        raise IntegrityError(
            f"not an api-version: {version!r}: {join('info', 'version')}; it has to be a date"
        )
    if "swagger" in document:
        raise IntegrityError(
            f"Swagger {document['swagger']} has to be upgraded to OpenAPI 3 first: "
            f"{join('swagger')}"
        )
    if not str(document.get("openapi", "")).startswith("3."):
        raise IntegrityError(f"neither Swagger 2.0 nor OpenAPI 3: {join('openapi')}")
    shaper = _Shaper(document, version)
    # before the paths: an enum that both have is named by the schema
    components = shaper.schemas.components()
    paths = {path: shaper.path(path, item) for path, item in document.get("paths", {}).items()}
    server: Json = next(iter(document.get("servers", [])), {})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [
            {
                "url": "{endpoint}" + _prefix(server),
                "variables": {
                    "endpoint": {
                        "default": server.get("variables", {})
                        .get("endpoint", {})
                        .get("default", "")
                    }
                },
            }
        ],
        "paths": {path: item for path, item in paths.items() if item},
        "components": {"schemas": dict(sorted(components.items()))},
    }


def _prefix(server: Json) -> str:
    """The path of a server's address, with the defaults of its variables, without host and trailing
    slash. A host may be left open; a path may not.
    """
    address, variables = str(server.get("url", "")), server.get("variables", {})
    if not address.isprintable() or "\\" in address:
        _refuse("an address with a control character or a backslash", "servers", 0, "url")
    url = re.sub(
        r"\{([^}]*)\}", lambda m: str(variables.get(m[1], {}).get("default", _OPEN)), address
    )
    path = re.sub(rf"^(([\w{_OPEN}]+:)?//|{_OPEN})[^/]*", "", url).strip("/")
    if _OPEN in path:
        _refuse("a variable without a default in the path of an address", "servers", 0, "variables")
    if fault := _path_fault(path):
        _refuse(f"an address with {fault}", "servers", 0, "url")
    return f"/{path}" if path else ""


def _group(operation: Json) -> str:
    """The group of an operation whose id names none."""
    tag = str(next(iter(operation.get("tags") or ()), ""))
    return (pascal(tag) if tag.isascii() else tag) or "Operations"


def _path_fault(path: str) -> str:
    """What in a path no request would hold as it stands here, or nothing."""
    odd = {
        "a query": "?" in path,
        "a fragment": "#" in path,
        "a control character": not path.isprintable(),
    }
    odd |= {"dots in place of a name": bool({".", ".."} & {*path.split("/")})}
    return next((what for what, there in odd.items() if there), "")


def _refuse(what: str, *where: str | int) -> NoReturn:
    """For what a client could not send or read as it is meant, and would lose without a word."""
    raise IntegrityError(
        f"{what} has no form in a client: {join(*where)}; say it otherwise in the document"
    )


def _chosen(content: Json) -> tuple[str, Json]:
    """The one media type that a client speaks: JSON where it may, else a form with files, else
    the first.
    """
    media = min(content, key=lambda m: ("json" not in m, m != "multipart/form-data"))
    return media, content[media].get("schema", {})


class _Shaper:
    def __init__(self, document: Json, version: str) -> None:
        self.document, self.version = document, version
        self.schemas = SchemaShaper(document.get("components", {}).get("schemas", {}), document)

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
        if fault := _path_fault(path) or ("" if path.startswith("/") else "no slash before it"):
            _refuse(f"a path with {fault}", "paths", path)
        shared = item.get("parameters", [])
        return {
            method: self._operation(path, method, item[method], shared)
            for method in METHODS
            if method in item
        }

    def _operation(self, path: str, method: str, operation: Json, shared: list[Json]) -> Json:
        if "operationId" not in operation:
            raise IntegrityError(f"no operationId: {join('paths', path, method)}")
        name: str = operation["operationId"]
        own = [self._follow(p) for p in operation.get("parameters", [])]
        named = {(p["in"], p["name"]) for p in own}
        parameters = [
            p for p in map(self._follow, shared) if (p["in"], p["name"]) not in named
        ] + own
        if fault := self._fault(operation, parameters) or _template_fault(path, parameters):
            _refuse(f"{name}: {fault}", "paths", path, method)
        out: Json = {
            "operationId": name,
            "tags": [name.split("_", 1)[0] if "_" in name else _group(operation)],
            "parameters": [self._parameter(p, pascal(name)) for p in parameters],
        }
        if "requestBody" in operation:
            out["requestBody"] = self._body(self._follow(operation["requestBody"]), pascal(name))
        out["responses"] = {
            status: self._response(
                self._follow(r), f"{pascal(name)}Response{'' if status == 'default' else status}"
            )
            for status, r in self._answers(operation).items()
        }
        found = self._page(self._answers(operation)) if method == "get" else None
        if "x-ms-pageable" in operation:
            said = (found or {"nextLinkName": None}) | (operation["x-ms-pageable"] or {})
            out["x-pageable"] = {
                "itemName": said.get("itemName") or "value",
                "nextLinkName": said["nextLinkName"],
            }
        elif found:
            out["x-pageable"] = found
        if operation.get("x-ms-long-running-operation") and not _is_over_at_once(out["responses"]):
            options = operation.get("x-ms-long-running-operation-options") or {}
            out["x-long-running"] = {"final-state-via": options.get("final-state-via")}
        return out

    def _page(self, answers: Json) -> Json | None:
        """What the document says of a next page in other words than `x-ms-pageable`."""
        answer = self._follow(answers.get("200") or answers.get("2XX") or {})
        media, schema = _chosen(answer["content"]) if answer.get("content") else ("", {})
        return page(answer, schema, self.schemas.source) if "json" in media else None

    def _answers(self, operation: Json) -> Json:
        """The answers by status.

        Where the default alone is given, and is no error, it is what a call gives.
        """
        answers: Json = {
            s: r for s, r in operation.get("responses", {}).items() if not s.startswith("x-")
        }
        good = "default" not in answers or any(status[0] in "23" for status in answers)
        if good or self._follow(answers["default"]).get("x-ms-error-response"):
            return answers
        return {"2XX": answers["default"], **answers}

    def _fault(self, operation: Json, parameters: list[Json]) -> str:
        """What a client could not send as it is meant, or nothing."""
        faults = [
            f"{fault} ({p['name']})" for p in parameters if (fault := self._parameter_fault(p))
        ]
        parts = [self._follow(r) for r in self._answers(operation).values()]
        if body := operation.get("requestBody"):
            parts.append(self._follow(body))
            faults.append(self._body_fault(parts[-1]))
        media = [one for part in parts for one in part.get("content", {}) if not _is_media(one)]
        faults += [f"a media type {one!a}" for one in media]
        faults += [
            f"an answer of status {s!a}"
            for s in operation.get("responses", {})
            if not _is_status(s)
        ]
        return next(filter(None, faults), "a server of its own" if "servers" in operation else "")

    def _parameter_fault(self, p: Json) -> str:
        schema = self._follow(p.get("schema", {}))
        usual = "form" if p["in"] == "query" else "simple"
        if p["in"] not in ("path", "query", "header"):
            return f"a {p['in']} parameter"
        if p["in"] == "header" and not _TOKEN.fullmatch(p["name"]):
            return "a header of a name that no header has"
        if "content" in p or "properties" in schema or "object" in _types(schema):
            return "a parameter that is an object or has a media type"
        return "" if p.get("style", usual) == usual else f"a parameter of style {p['style']}"

    def _body_fault(self, body: Json) -> str:
        media, schema = _chosen(body["content"])
        if "urlencoded" in media:
            return f"a body of {media}"
        fields = (
            self._follow(schema).get("properties", {})
            if media == "multipart/form-data"
            else {"": {}}
        )
        odd = [
            n
            for n, s in fields.items()
            if {"object", "array"} & {*_types(self._follow(s))} or "properties" in s
        ]
        odd = odd if fields else ["none"]
        return f"a form with a part that is no file or scalar ({odd[0]})" if odd else ""

    def _parameter(self, parameter: Json, hint: str) -> Json:
        name = parameter["name"]
        out: Json = {
            "name": name,
            "in": parameter["in"],
            "required": bool(parameter.get("required")),
        }
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
            schema = (
                {"type": "string"}
                if media.startswith("text/")
                else {"type": "string", "format": "binary"}
            )
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


def _template_fault(path: str, parameters: list[Json]) -> str:
    """A value that the path has no place for would be lost, and a place that gets no value would
    be sent as it is.
    """
    names = {p["name"] for p in parameters if p["in"] == "path"}
    if homeless := sorted(name for name in names if "{" + name + "}" not in path):
        return f"a path without a place for {homeless[0]!a}"
    for name in names:
        path = path.replace("{" + name + "}", "")
    return "a place in the path that no parameter fills" if "{" in path or "}" in path else ""


def _is_media(text: str) -> bool:
    kind, _, rest = text.partition(";")[0].strip().partition("/")
    return (
        text.isascii()
        and text.isprintable()
        and bool(_TOKEN.fullmatch(kind) and _TOKEN.fullmatch(rest))
    )


def _is_status(text: str) -> bool:
    return bool(_STATUS.fullmatch(text)) or text.startswith("x-")


def _is_over_at_once(answers: Json) -> bool:
    """Whether success is 204 alone: such an answer has nothing that could be followed, whatever
    the document's mark says.
    """
    return {status for status in answers if status.startswith("2")} == {"204"}


def _types(schema: Any) -> list[str]:
    found = schema.get("type") if isinstance(schema, dict) else None
    return found if isinstance(found, list) else [str(found)]

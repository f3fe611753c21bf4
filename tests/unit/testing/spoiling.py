"""Good requests made from the contracts, and the ways to spoil them.

There are 21 kinds, each tried in every place where it can be.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from purview_testing.contracts.facts import ContractOperation, Shape
from purview_testing.contracts.messages import RequestMessage
from purview_testing.contracts.samples import Examples
from purview_testing.sandbox.state.paths import concrete_path

Json = dict[str, Any]
WRONG = {
    "object": "text",
    "array": "text",
    "string": 7,
    "integer": "text",
    "number": "text",
    "boolean": "text",
}
MOST = 12  # places of one kind in one request


@dataclass(frozen=True)
class Sample:
    """A request in parts. `query`: names and texts; `body`: JSON, or None."""

    operation: ContractOperation
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: Any
    content: bytes | None = None

    @property
    def request(self) -> RequestMessage:
        content = (
            self.content
            if self.content is not None
            else b""
            if self.body is None
            else json.dumps(self.body).encode()
        )
        return RequestMessage(
            self.method,
            "http://sandbox",
            self.path,
            urlencode(self.query, quote_via=quote),
            dict(self.headers),
            content,
        )


def sample(operation: ContractOperation) -> Sample:
    """A request that keeps the contract, with every argument."""
    examples = Examples(operation.contract.schemas, operation.id, request=True)
    values = {(p.location, p.name): examples.of(p.schema) for p in operation.parameters}
    holes = {name: str(v) for (location, name), v in values.items() if location == "path"}
    query: list[tuple[str, str]] = []
    for parameter in operation.parameters:
        if parameter.location == "query":
            value = values["query", parameter.name]
            name = "attr_0:qualifiedName" if parameter.pattern else parameter.name
            texts = [text(v) for v in value] if isinstance(value, list) else [text(value)]
            query += [(name, t) for t in texts] if parameter.explode else [(name, ",".join(texts))]
    headers = [
        (p.name.lower(), text(values["header", p.name]))
        for p in operation.parameters
        if p.location == "header"
    ]
    path = concrete_path(operation.path, holes)
    if operation.body_schema is not None:
        body = examples.of(operation.body_schema)
        headers.append(("content-type", "application/json"))
        return Sample(operation, operation.method, path, tuple(query), tuple(headers), body)
    content = form(operation, "file") if operation.body else None
    headers += [("content-type", "multipart/form-data; boundary=b")] if operation.body else []
    return Sample(operation, operation.method, path, tuple(query), tuple(headers), None, content)


def form(operation: ContractOperation, name: str) -> bytes:
    shape = operation.contract.schemas.shape(next(iter(operation.body.values())))
    named = next(iter(shape.properties)) if name == "file" else name
    head = f'Content-Disposition: form-data; name="{named}"; filename="f.csv"'
    return f"--b\r\n{head}\r\n\r\na,b\r\n--b--\r\n".encode()


def text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def places(operation: ContractOperation, body: Any) -> Iterator[tuple[tuple[Any, ...], Shape, Any]]:
    """(path, shape, value) of every place in a body whose schema says something."""
    if operation.body_schema is not None:
        yield from _places(
            operation, operation.contract.schemas.shape(operation.body_schema), body, ()
        )


def _places(
    operation: ContractOperation, shape: Shape, value: Any, path: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Shape, Any]]:
    schemas = operation.contract.schemas
    yield path, shape, value
    if isinstance(value, list) and shape.items:
        for i, item in enumerate(value):
            yield from _places(operation, schemas.shape(shape.items), item, (*path, i))
    elif isinstance(value, dict):
        inner = schemas.subtype(shape, value) or shape
        for name, item in value.items():
            schema = inner.properties.get(name, inner.additional)
            if isinstance(schema, dict):
                yield from _places(operation, schemas.shape(schema), item, (*path, name))


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value at a place; what lies beside the way there is shared."""
    if not path:
        return value
    out = copy.copy(body)
    out[path[0]] = put(body[path[0]], path[1:], value) if path[1:] else value
    return out


def drop(body: Any, path: tuple[Any, ...]) -> Any:
    """The body without a member, sharing the rest as `put` does."""
    out = copy.copy(body)
    if path[1:]:
        out[path[0]] = drop(body[path[0]], path[1:])
    else:
        del out[path[0]]
    return out


def spoiled(operation: ContractOperation, methods: set[str]) -> Iterator[tuple[str, Sample]]:
    """(kind, request) of every way to spoil the sample of an operation.

    `methods` are those that its path has.
    """
    good = sample(operation)
    counts: dict[str, int] = {}
    for kind, bad in (
        *_whole(operation, good, methods),
        *_query(operation, good),
        *_bodies(operation, good),
    ):
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= MOST:
            yield kind, bad


def _whole(
    operation: ContractOperation, good: Sample, methods: set[str]
) -> Iterator[tuple[str, Sample]]:
    other = next(m for m in ("PATCH", "POST", "PUT", "DELETE", "HEAD") if m not in methods)
    yield "method", replace(good, method=other)
    segments = good.path.split("/")
    literals = [i for i, s in enumerate(operation.path.split("/")) if s and "{" not in s]
    if literals:
        at = literals[-1]
        yield (
            "path literal",
            replace(good, path="/".join([*segments[:at], f"{segments[at]}x", *segments[at + 1 :]])),
        )
    if operation.body_required:
        yield "body missing", replace(good, body=None, content=b"")
    if operation.body:
        headers = tuple((n, "text/plain" if n == "content-type" else v) for n, v in good.headers)
        yield "content type", replace(good, headers=headers)
    if operation.body and good.content is not None:
        yield "form data", replace(good, content=form(operation, "other"))


def _query(operation: ContractOperation, good: Sample) -> Iterator[tuple[str, Sample]]:
    yield "unknown query name", replace(good, query=(*good.query, ("noSuchName", "1")))
    if operation.versioned:
        rest = tuple(q for q in good.query if q[0] != "api-version")
        yield "api-version wrong", replace(good, query=(*rest, ("api-version", "1999-01-01")))
        if any(p.name == "api-version" and p.required for p in operation.parameters):
            yield "api-version dropped", replace(good, query=rest)
    for parameter in operation.parameters:
        if parameter.location != "query" or parameter.name == "api-version" or parameter.pattern:
            continue
        rest = tuple(q for q in good.query if q[0] != parameter.name)
        shape = operation.contract.schemas.shape(parameter.schema)
        if rest != good.query:
            yield "query name misspelt", replace(good, query=(*rest, (f"{parameter.name}x", "1")))
        if parameter.required:
            yield "query required dropped", replace(good, query=rest)
        if {"integer", "number", "boolean"} & set(shape.types):
            yield "query wrong type", replace(good, query=(*rest, (parameter.name, "text")))
        if shape.enum:
            yield "query bad enum", replace(good, query=(*rest, (parameter.name, "noSuchValue")))


def _bodies(operation: ContractOperation, good: Sample) -> Iterator[tuple[str, Sample]]:
    schemas = operation.contract.schemas
    for path, shape, value in places(operation, good.body):
        kinds = [t for t in shape.types if t != "null"]
        if kinds:
            kind = "root type" if not path else "member of wrong type"
            yield kind, replace(good, body=put(good.body, path, WRONG[kinds[0]]))
        if path and kinds and not shape.nullable:
            yield (
                "body null",
                replace(good, content=json.dumps(put(good.body, path, None)).encode()),
            )
        if shape.enum and (not path or path[-1] != "kind"):
            yield "body bad enum", replace(good, body=put(good.body, path, "noSuchValue"))
        if not isinstance(value, dict):
            continue
        inner = schemas.subtype(shape, value) or shape
        if inner.properties and inner.additional is None:
            kind = "unknown member nested" if path else "unknown member at the root"
            yield kind, replace(good, body=put(good.body, (*path, "noSuchMember"), 1))
        yield from _members(operation, good, path, shape, inner, value)


def _members(
    operation: ContractOperation,
    good: Sample,
    path: tuple[Any, ...],
    shape: Shape,
    inner: Shape,
    value: Json,
) -> Iterator[tuple[str, Sample]]:
    for name in (inner.required - inner.answered) & set(value):
        if name != shape.discriminator:
            yield "required dropped", replace(good, body=drop(good.body, (*path, name)))
    if shape.discriminator in value:
        at = (*path, shape.discriminator)
        yield "discriminator unknown", replace(good, body=put(good.body, at, "NoSuchKind"))
        yield "discriminator dropped", replace(good, body=drop(good.body, at))
    for name, schema in inner.properties.items():
        member = operation.contract.schemas.shape(schema)
        if (member.read_only or schema.get("readOnly")) and name not in value:
            sent = Examples(operation.contract.schemas, name).of(schema)
            yield "read-only sent", replace(good, body=put(good.body, (*path, name), sent))

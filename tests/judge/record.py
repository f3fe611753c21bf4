"""Calls operations through the generated clients and keeps what they send, in the form of `live`.

| pass       | the operation is called by | with                                                   |
|------------|----------------------------|--------------------------------------------------------|
| required   | `client.call`, wire names  | required arguments, bodies of required members         |
| all        | its method                 | all arguments, bodies of all members but readOnly ones |
| kind 1, .. | its method                 | the next kind of every family and value of every enum  |
| put back   | its method                 | what its GET gave after a PUT, one member changed      |
| alone      | its method                 | all arguments, at a service that holds nothing, where  |
|            |                            | no call before was answered well                       |
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
import httpx

from purview_codegen.openapi import operations_of
from purview_core import NO_RETRY, DecodeError, HttpError, Model, Pager, PollingError, to_json
from purview_core.manifest import Document, PlaneEntry
from purview_core.model.codec import Registry, codec

from .live import Json, live_request, live_response
from .samples import ABSENT, UUID, Sampler
from .shapes import Shapes

Answer = Callable[[Json, httpx.Request], httpx.Response]
"""(the contract's operation that is meant, the request, read) -> its answer, read.

Where the answer comes from is the caller's choice.
"""
Fresh = Callable[[], object]
"""Takes from the service that answers all that it holds."""
ENDPOINT = "https://contoso.purview.azure.com"
FILE = ("terms.csv", b"name,status\r\nprice,Approved\r\n", "text/csv")
REQUIRED, ALL, PUT_BACK, ALONE = "required", "all", "put back", "alone"
_ANSWERED = (HttpError, DecodeError, PollingError)  # what an answer says is judged on its own
_TEXT = {"type": "string"}
_IDENTITY = {"guid", "id"}  # changed, they mean another resource
_ORDER = ("PUT", "POST", "PATCH", "GET", "DELETE")


class Recorder:
    """A handler for httpx.MockTransport that keeps each request with its answer."""

    def __init__(self, operation: Json, answer: Answer) -> None:
        self.operation, self.answer = operation, answer
        self.pairs: list[tuple[httpx.Request, httpx.Response]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self.answer(self.operation, request)
        response.read()
        self.pairs.append((request, response))
        return response


class Caller:
    """Calls the operations of one document.

    `versioned` takes its package from `purview_versions`, which must be importable.
    """

    def __init__(
        self,
        document: Document,
        plane: PlaneEntry,
        contract: Json,
        answer: Answer,
        *,
        versioned: bool,
        fresh: Fresh | None = None,
    ) -> None:
        name = f"purview_versions.{plane.package}.v{document.version.replace('-', '_')}"
        self.package = importlib.import_module(
            name if versioned else f"purview_dataplane.{plane.package}"
        )
        if self.package.API_VERSION != document.version:
            raise ValueError(
                f"{self.package.__name__} is of {self.package.API_VERSION}, not {document.version}"
            )
        self.client = getattr(self.package, f"{plane.title}Client")
        self.document, self.contract, self.answer, self.fresh = document, contract, answer, fresh
        self.operations = sorted((op for _, _, op in operations_of(contract)), key=self._order)

    def _order(self, operation: Json) -> int:
        """What makes things comes before what reads them, what deletes them last: a service that
        keeps state has them then.
        """
        return _ORDER.index(self.package.OPERATIONS[operation["operationId"]].method)

    def one(self, operation: Json, label: str, send: Callable[[Any, Any], object]) -> Json:
        """The record of the first request of a call; what follows are polls, which no operation
        means.
        """
        recorder, declared = (
            Recorder(operation, self.answer),
            self.package.OPERATIONS[operation["operationId"]],
        )
        transport = httpx.MockTransport(recorder)
        with (
            self.client(ENDPOINT, transport=transport, retry=NO_RETRY) as opened,
            suppress(*_ANSWERED),
        ):
            send(opened, declared)
        request, response = recorder.pairs[0]
        pair = {
            "liveRequest": live_request(operation, request),
            "liveResponse": live_response(response),
        }
        return {"doc": str(self.document), "op": declared.id, "pass": label} | pair

    def passes(self) -> Iterator[Json]:
        """Every operation with the least, then with the most, then the other kinds; deletions; then
        what was read put back.
        """
        making = [op for op in self.operations if self._order(op) < len(_ORDER) - 1]
        deleting = self.operations[len(making) :]
        for operation in making:
            yield self._sampled(operation, REQUIRED, Sampler(self.contract, full=False))
        turns = {}
        for operation in making:
            sampler = Sampler(self.contract, full=True)
            yield self._sampled(operation, ALL, sampler)
            turns[operation["operationId"]] = sampler.turns
        for operation in making:
            sampler = Sampler(self.contract, full=True)
            while sampler.turn + 1 < max(turns[operation["operationId"]], sampler.turns):
                sampler.turn += 1
                yield self._sampled(operation, f"kind {sampler.turn}", sampler)
        for operation in deleting:
            yield self._sampled(operation, REQUIRED, Sampler(self.contract, full=False))
            yield self._sampled(operation, ALL, Sampler(self.contract, full=True))
        yield from self.put_back()

    def alone(self, operations: Collection[str]) -> Iterator[Json]:
        """Some operations, each as the first call of a service: what is there already may be why it
        was refused.
        """
        for operation in self.operations:
            if self.fresh is not None and operation["operationId"] in operations:
                self.fresh()
                yield self._sampled(operation, ALONE, Sampler(self.contract, full=True))

    def _sampled(self, operation: Json, label: str, sampler: Sampler) -> Json:
        return self.one(
            operation, label, partial(_send, operation, sampler, by_name=label == REQUIRED)
        )

    def put_back(self) -> Iterator[Json]:
        """Every path that has both, but for those whose PUT writes a part of what is read: put,
        read, one member changed, put.
        """
        for item in self.contract["paths"].values():
            get, put = (
                self.package.OPERATIONS[item[m]["operationId"]] if m in item else None
                for m in ("get", "put")
            )
            if get is None or put is None or put.body is None or put.body.type in (None, "Any"):
                continue
            sampler, read = self._made(item, get, put)
            if read is None:
                continue
            body = changed(
                self._writable(item, put, get, read), Shapes(self.contract), _schema(item["put"])
            )
            if body is not None:
                yield self.one(item["put"], PUT_BACK, partial(_put, item["put"], sampler, body))

    def _made(self, item: Json, get: Any, put: Any) -> tuple[Sampler, Any]:
        """What is read after a first PUT, and the arguments: those required, or all where these are
        not enough.
        """
        if self.fresh is not None:
            self.fresh()
        whole = _body(put, item["put"], Sampler(self.contract, full=True))
        sampler, read = Sampler(self.contract, full=False), None
        while read is None:
            self.one(item["put"], PUT_BACK, partial(_put, item["put"], sampler, whole))
            read = _answered(self.client, item["get"], self.answer, get, sampler)
            if sampler.full:
                break
            sampler = sampler if read is not None else Sampler(self.contract, full=True)
        return sampler, read

    def _writable(self, item: Json, put: Any, get: Any, read: Any) -> Any:
        """What was read as the type that is written: it itself, its items as a list of one page, or
        the members that both have.
        """
        load, schema, value = (
            Registry.get(put.models).loader(put.body.type),
            _schema(item["put"]),
            to_json(read),
        )
        assert load is not None  # it is no plain text
        paging = item["get"].get("x-pageable")
        if paging is not None and Shapes(self.contract).resolved(schema).get("type") != "array":
            return load({paging.get("itemName", "value"): value})
        return (
            read
            if put.body.type == get.types.get(200)
            else load(Shapes(self.contract).common(schema, value))
        )


def record(
    document: Document,
    plane: PlaneEntry,
    contract: Json,
    answer: Answer,
    *,
    versioned: bool,
    fresh: Fresh | None = None,
) -> Iterator[Json]:
    """Every call of every operation of a document, as records of `live`."""
    caller = Caller(document, plane, contract, answer, versioned=versioned, fresh=fresh)
    left = {op["operationId"] for op in caller.operations}
    for one in caller.passes():
        left -= {one["op"]} if one["liveResponse"]["statusCode"].startswith("2") else set()
        yield one
    yield from caller.alone(left)


def changed(value: Any, shapes: Shapes, schema: Json) -> Any:
    """A decoded value with one member changed: the first that is free to be any text or truth
    value, else the first of an enum, else one more where any is admitted; None where there is
    nothing of these.
    """
    if any(_change(value, shapes, schema, other) for other in (_other_value, _other_name)):
        return value
    shape = shapes.shape(schema)
    if isinstance(value, dict) and not shape.members:
        return {**value, "changed": True}
    if not isinstance(value, Model) or shape.open is None:
        return None
    return attrs.evolve(
        value, additional_properties={**value.additional_properties, "changed": True}
    )


def _change(value: Any, shapes: Shapes, schema: Json, other: Callable[[Any, Json], Any]) -> bool:
    if isinstance(value, list):
        items = shapes.resolved(schema)["items"]
        if value and (first := other(value[0], items)) is not None:
            value[0] = first
            return True
        return any(_change(item, shapes, items, other) for item in value)
    if not isinstance(value, Model):
        return False
    shape = shapes.shape(shapes.chosen(schema, to_json(value)))
    members = {
        n: shapes.resolved(m)
        for n, m in shape.members.items()
        if n not in _IDENTITY | {shape.discriminator}
    }
    fields = [
        f for f in codec(type(value)).fields.values() if not f.read_only and f.wire in members
    ]
    for field in fields:
        if (found := other(getattr(value, field.name), members[field.wire])) is not None:
            setattr(value, field.name, found)
            return True
    return any(
        _change(getattr(value, field.name), shapes, members[field.wire], other) for field in fields
    )


def _other_value(now: Any, schema: Json) -> Any:
    if isinstance(now, bool):
        return not now
    return f"{now} changed" if isinstance(now, str) and schema == _TEXT else None


def _other_name(now: Any, schema: Json) -> Any:
    return next(
        (name for name in schema.get("enum", []) if isinstance(now, str) and name != now), None
    )


def _answered(client: Any, operation: Json, answer: Answer, declared: Any, sampler: Sampler) -> Any:
    transport = httpx.MockTransport(Recorder(operation, answer))
    with client(ENDPOINT, transport=transport, retry=NO_RETRY) as opened, suppress(*_ANSWERED):
        result = getattr(getattr(opened, declared.group), declared.name)(
            **_named(declared, operation, sampler)
        )
        return list(next(result.by_page())) if isinstance(result, Pager) else result
    return None


def _put(operation: Json, sampler: Sampler, body: Any, client: Any, declared: Any) -> None:
    getattr(getattr(client, declared.group), declared.name)(
        **_named(declared, operation, sampler), body=body
    )


def _named(declared: Any, operation: Json, sampler: Sampler) -> Json:
    """Arguments without conditions: an etag that the service does not know is refused."""
    given = _arguments(declared, operation, sampler)
    return {p.name: value for p, value in given if p.required or p.location != "header"}


def _send(operation: Json, sampler: Sampler, client: Any, declared: Any, *, by_name: bool) -> None:
    arguments, body = _arguments(declared, operation, sampler), _body(declared, operation, sampler)
    if by_name:
        client.call(declared.id, {p.wire_name: v for p, v in arguments}, body)
        return
    named = {p.name: value for p, value in arguments} | _keywords(declared, body)
    result = getattr(getattr(client, declared.group), declared.name)(**named)
    if isinstance(result, Pager):
        next(iter(result.by_page()), None)


def _arguments(declared: Any, operation: Json, sampler: Sampler) -> list[tuple[Any, Any]]:
    facts = {(p["in"], p["name"]): p["schema"] for p in operation["parameters"]}
    given = [p for p in declared.arguments if (p.required and not p.auto) or sampler.full]
    return [(p, _argument(p, facts[p.location, p.wire_name], sampler)) for p in given]


def _argument(parameter: Any, schema: Json, sampler: Sampler) -> Any:
    """Headers are ASCII; those of these planes are an entity tag or an id."""
    if parameter.location == "header":
        return UUID if parameter.auto else '"an etag"'
    return sampler.parameter(schema)


def _body(declared: Any, operation: Json, sampler: Sampler) -> Any:
    """A model of a sampled body, a form of files, or None."""
    if declared.body is None or not (declared.body.required or sampler.full):
        return None
    if declared.body.fields:
        return {f.wire_name: FILE for f in declared.body.fields if f.required or sampler.full}
    raw = sampler.sample(_schema(operation))
    if raw is ABSENT:
        raise ValueError(f"{declared.id}: no finite body")
    load = Registry.get(declared.models).loader(declared.body.type)
    return load(raw) if load else raw


def _schema(operation: Json) -> Json:
    content = next(iter(operation["requestBody"]["content"].values()))
    schema: Json = content["schema"]
    return schema


def _keywords(declared: Any, body: Any) -> Json:
    if declared.body is None or body is None:
        return {}
    if declared.body.fields:
        return {f.name: body[f.wire_name] for f in declared.body.fields if f.wire_name in body}
    return {"body": body}

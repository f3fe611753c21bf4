"""Calls operations through the generated clients and keeps what they send, in the form of `live`.

| pass        | the operation is called by | with                                                                        |
|-------------|----------------------------|-----------------------------------------------------------------------------|
| required    | `client.call`, wire names  | required arguments, bodies of required members                              |
| all         | its method                 | all arguments, bodies of all members (those that are readOnly must not go)  |
| put back    | its method                 | what its GET gave, one member changed                                       |
| kind 1, ..  | its method                 | the same, with the next kind of every family and the next value of every enum |
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

from purview_codegen.adapter import operations_of
from purview_codegen.manifest import Document, Plane
from purview_core import NO_RETRY, DecodeError, HttpError, Model, Pager, PollingError, to_json
from purview_core.codec import Registry, codec

from .live import Json, live_request, live_response
from .samples import ABSENT, UUID, Sampler
from .shapes import Shapes

Answer = Callable[[Json, httpx.Request], httpx.Response]
"""(the contract's operation that is meant, the request, read) -> its answer, read. Where it comes from is the caller's choice."""
ENDPOINT = "https://contoso.purview.azure.com"
FILE = ("terms.csv", b"name,status\r\nprice,Approved\r\n", "text/csv")
REQUIRED, ALL, PUT_BACK = "required", "all", "put back"
_ANSWERED = (HttpError, DecodeError, PollingError)  # what an answer says is judged on its own
_TEXT = {"type": "string"}
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
    """Calls the operations of one document. `versioned` takes its package from `purview_versions`, which must be importable."""

    def __init__(self, document: Document, plane: Plane, contract: Json, answer: Answer, *, versioned: bool) -> None:
        name = f"purview_versions.{plane.package}.v{document.version.replace('-', '_')}"
        self.package = importlib.import_module(name if versioned else f"purview_dataplane.{plane.package}")
        if self.package.API_VERSION != document.version:
            raise ValueError(f"{self.package.__name__} is of {self.package.API_VERSION}, not {document.version}")
        self.client = getattr(self.package, f"{plane.title}Client")
        self.document, self.contract, self.answer = document, contract, answer
        self.operations = sorted((op for _, _, op in operations_of(contract)), key=self._order)

    def _order(self, operation: Json) -> int:
        """What makes things comes before what reads them, what deletes them last: a service that keeps state has them then."""
        return _ORDER.index(self.package.OPERATIONS[operation["operationId"]].method)

    def one(self, operation: Json, label: str, send: Callable[[Any, Any], object]) -> Json:
        """The record of the first request of a call; what follows are polls, which no operation means."""
        recorder, declared = Recorder(operation, self.answer), self.package.OPERATIONS[operation["operationId"]]
        transport = httpx.MockTransport(recorder)
        with self.client(ENDPOINT, transport=transport, retry=NO_RETRY) as opened, suppress(*_ANSWERED):
            send(opened, declared)
        request, response = recorder.pairs[0]
        pair = {"liveRequest": live_request(operation, request), "liveResponse": live_response(response)}
        return {"doc": str(self.document), "op": declared.id, "pass": label} | pair

    def passes(self) -> Iterator[Json]:
        """Every operation with the least, then with the most, then what was read put back, then the other kinds; deletions last."""
        making = [op for op in self.operations if self._order(op) < len(_ORDER) - 1]
        deleting = self.operations[len(making) :]
        for operation in making:
            yield self._sampled(operation, REQUIRED, Sampler(self.contract, full=False))
        turns = {}
        for operation in making:
            sampler = Sampler(self.contract, full=True)
            yield self._sampled(operation, ALL, sampler)
            turns[operation["operationId"]] = sampler.turns
        yield from self._put_back()
        for operation in making:
            sampler = Sampler(self.contract, full=True)
            while sampler.turn + 1 < max(turns[operation["operationId"]], sampler.turns):
                sampler.turn += 1
                yield self._sampled(operation, f"kind {sampler.turn}", sampler)
        for operation in deleting:
            yield self._sampled(operation, REQUIRED, Sampler(self.contract, full=False))
            yield self._sampled(operation, ALL, Sampler(self.contract, full=True))

    def _sampled(self, operation: Json, label: str, sampler: Sampler) -> Json:
        return self.one(operation, label, partial(_send, operation, sampler, by_name=label == REQUIRED))

    def _put_back(self) -> Iterator[Json]:
        """Resources that are read and written as one type: read, one member changed, put back."""
        for item in self.contract["paths"].values():
            if not {"get", "put"} <= set(item):
                continue
            get, put = (self.package.OPERATIONS[item[method]["operationId"]] for method in ("get", "put"))
            if put.body is None or not put.body.type or put.body.type != get.types.get(200):
                continue
            sampler = Sampler(self.contract, full=False)
            read = _answered(self.client, item["get"], self.answer, get, sampler)
            if read is not None:
                change(read, Shapes(self.contract), _schema(item["put"]))
                yield self.one(item["put"], PUT_BACK, partial(_put, item["put"], sampler, read))


def record(document: Document, plane: Plane, contract: Json, answer: Answer, *, versioned: bool) -> Iterator[Json]:
    """Every call of every operation of a document, as records of `live`."""
    yield from Caller(document, plane, contract, answer, versioned=versioned).passes()


def change(value: Any, shapes: Shapes, schema: Json) -> bool:
    """Changes one member of a decoded value, the first that is free to be any text or truth value; False where there is none."""
    if isinstance(value, list):
        items = shapes.resolved(schema)["items"]
        if items == _TEXT and value:
            value[0] += " changed"
        return items == _TEXT or any(change(item, shapes, items) for item in value)
    if not isinstance(value, Model):
        return False
    members = shapes.shape(shapes.chosen(schema, to_json(value))).members
    fields = [f for f in codec(type(value)).fields.values() if not f.read_only and f.wire in members]
    for field in fields:
        now = getattr(value, field.name)
        if isinstance(now, bool) or (isinstance(now, str) and members[field.wire] == _TEXT):
            setattr(value, field.name, not now if isinstance(now, bool) else f"{now} changed")
            return True
    return any(change(getattr(value, field.name), shapes, members[field.wire]) for field in fields)


def _answered(client: Any, operation: Json, answer: Answer, declared: Any, sampler: Sampler) -> Any:
    transport = httpx.MockTransport(Recorder(operation, answer))
    with client(ENDPOINT, transport=transport, retry=NO_RETRY) as opened, suppress(*_ANSWERED):
        arguments = {p.name: value for p, value in _arguments(declared, operation, sampler)}
        result = getattr(getattr(opened, declared.group), declared.name)(**arguments)
        return list(next(result.by_page())) if isinstance(result, Pager) else result
    return None


def _put(operation: Json, sampler: Sampler, body: Any, client: Any, declared: Any) -> None:
    arguments = {p.name: value for p, value in _arguments(declared, operation, sampler)}
    getattr(getattr(client, declared.group), declared.name)(**arguments, body=body)


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

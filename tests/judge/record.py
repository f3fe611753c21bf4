"""Calls operations through the generated clients and keeps what they send, in the form of `live`.

| pass        | the operation is called by | with                                                                        |
|-------------|----------------------------|-----------------------------------------------------------------------------|
| required    | `client.call`, wire names  | required arguments, bodies of required members                              |
| all         | its method                 | all arguments, bodies of all members (those that are readOnly must not go)  |
| kind 1, ..  | its method                 | the same, with the next kind of every family and the next value of every enum |
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from purview_codegen.adapter import operations_of
from purview_codegen.manifest import Document, Plane
from purview_core import NO_RETRY, DecodeError, HttpError, Pager, PollingError
from purview_core.codec import Registry

from .live import Json, live_request, live_response
from .samples import ABSENT, UUID, Sampler

Answer = Callable[[Json, httpx.Request], httpx.Response]
"""(the contract's operation that is meant, the request, read) -> its answer, read. Where it comes from is the caller's choice."""
ENDPOINT = "https://contoso.purview.azure.com"
FILE = ("terms.csv", b"name,status\r\nprice,Approved\r\n", "text/csv")
REQUIRED, ALL = "required", "all"


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


def record(document: Document, plane: Plane, contract: Json, answer: Answer, *, versioned: bool) -> Iterator[Json]:
    """Every call of every operation of a document. `versioned` takes its package from `purview_versions`, which must be importable."""
    name = f"purview_versions.{plane.package}.v{document.version.replace('-', '_')}"
    package = importlib.import_module(name if versioned else f"purview_dataplane.{plane.package}")
    if package.API_VERSION != document.version:
        raise ValueError(f"{package.__name__} is of {package.API_VERSION}, not {document.version}")
    client = getattr(package, f"{plane.title}Client")
    for _, _, operation in operations_of(contract):
        declared = package.OPERATIONS[operation["operationId"]]
        for label, sampler in passes(contract):
            recorder = Recorder(operation, answer)
            with client(ENDPOINT, transport=httpx.MockTransport(recorder), retry=NO_RETRY) as opened:
                _send(opened, declared, operation, sampler, by_name=label == REQUIRED)
            request, response = recorder.pairs[0]  # what follows are polls, which no operation means
            pair = {"liveRequest": live_request(operation, request), "liveResponse": live_response(response)}
            yield {"doc": str(document), "op": declared.id, "pass": label} | pair
            if sampler.full and sampler.turn + 1 >= sampler.turns:
                break


def passes(contract: Json) -> Iterator[tuple[str, Sampler]]:
    """Without end: the caller stops once the sampler has had its turns. They are told from one pass to the next."""
    yield REQUIRED, Sampler(contract, full=False)
    turn, turns = 0, 1
    while True:
        sampler = Sampler(contract, full=True, turn=turn)
        sampler.turns = turns
        yield (f"kind {turn}" if turn else ALL), sampler
        turn, turns = turn + 1, sampler.turns


def _send(client: Any, declared: Any, operation: Json, sampler: Sampler, *, by_name: bool) -> None:
    arguments = _arguments(declared, operation, sampler)
    body = _body(declared, operation, sampler)
    try:
        if by_name:
            client.call(declared.id, {p.wire_name: v for p, v in arguments}, body)
            return
        named = {p.name: value for p, value in arguments} | _keywords(declared, body)
        result = getattr(getattr(client, declared.group), declared.name)(**named)
        if isinstance(result, Pager):
            next(iter(result.by_page()), None)
    except (HttpError, DecodeError, PollingError):  # what an answer says is judged on its own
        return


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
    raw = sampler.sample(next(iter(operation["requestBody"]["content"].values()))["schema"])
    if raw is ABSENT:
        raise ValueError(f"{declared.id}: no finite body")
    load = Registry.get(declared.models).loader(declared.body.type)
    return load(raw) if load else raw


def _keywords(declared: Any, body: Any) -> Json:
    if declared.body is None or body is None:
        return {}
    if declared.body.fields:
        return {f.name: body[f.wire_name] for f in declared.body.fields if f.wire_name in body}
    return {"body": body}

"""Every operation of a plane, called through the generated client.

The arguments are made from the plane's contract.
"""

from __future__ import annotations

import importlib
from typing import Any

import httpx

from purview_core import AsyncPager, AsyncPoller, Pager, Poller
from purview_core.manifest import Document
from purview_core.model.codec import Registry
from purview_testing.contracts.documents import documents, manifest
from purview_testing.contracts.facts import Contract, ContractOperation, load
from purview_testing.contracts.messages import Json
from purview_testing.contracts.samples import Examples

DEFAULT = [d for d in documents() if d.default]


def package(document: Document) -> Any:
    return importlib.import_module(f"purview_dataplane.{manifest().plane(document.plane).package}")


def client_class(document: Document, *, asynchronous: bool = False) -> Any:
    title = manifest().plane(document.plane).title
    return getattr(package(document), f"{'Async' if asynchronous else ''}{title}Client")


def calls(document: Document) -> list[tuple[ContractOperation, str, str, Json]]:
    """ContractOperation, group, method and arguments of every operation.

    What makes things comes before what reads and removes them.
    """
    contract, table = load(document), package(document).OPERATIONS
    order = {"PUT": 0, "POST": 1, "GET": 2, "PATCH": 3, "DELETE": 4}
    found = sorted(contract.operations.values(), key=lambda o: (order[o.method], o.path.count("/")))
    return [
        (o, table[o.id].group, table[o.id].name, arguments(contract, o, table[o.id])) for o in found
    ]


def arguments(contract: Contract, operation: ContractOperation, declared: Any) -> Json:
    """The arguments of a method, with values that its contract allows."""
    examples = Examples(contract.schemas, operation.id, request=True)
    facts = {(p.location, p.name): p.schema for p in operation.parameters}
    out = {
        p.name: examples.of(facts[p.location, p.wire_name])
        for p in declared.arguments
        if p.location != "header"
    }
    out |= {p.name: '"an etag"' for p in declared.arguments if p.location == "header"}
    if declared.body is None:
        return out
    if declared.body.fields:
        return out | {
            f.name: ("terms.csv", b"Name,Definition\r\na,b\r\n", "text/csv")
            for f in declared.body.fields
        }
    raw = examples.of(operation.body_schema)
    convert = Registry.get(declared.models).loader(declared.body.type)
    return out | {"body": convert(raw) if convert else raw}


def make(client: httpx.Client | Any, group: str, name: str, arguments: Json) -> Any:
    """Makes one call to its end: all pages of a list, the result of a long-running operation."""
    result = getattr(getattr(client, group), name)(**arguments)
    if isinstance(result, Pager):
        return list(result.by_page())
    return result.result(interval=0) if isinstance(result, Poller) else result


async def make_async(client: Any, group: str, name: str, arguments: Json) -> Any:
    """Does the same with an async client."""
    result = getattr(getattr(client, group), name)(**arguments)
    if isinstance(result, AsyncPager):
        return [page async for page in result.by_page()]
    result = await result
    return await result.result(interval=0) if isinstance(result, AsyncPoller) else result

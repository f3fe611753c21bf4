"""Calls every method of a generated package against a transport that answers by itself: what no
test can name beforehand.
"""

from __future__ import annotations

import asyncio
import inspect
from types import ModuleType
from typing import Any

import httpx

ADDRESS = "https://api.example.com"


def _arguments(method: Any) -> tuple[list[Any], dict[str, Any]]:
    """A value for each argument that is demanded: "x", or the empty body."""
    parameters = list(inspect.signature(method).parameters.values())
    positional = ["x" for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    demanded = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    return positional, {p.name: {} if p.name == "body" else "x" for p in demanded}


def call_all(
    package: ModuleType, client: str = "InlineClient", answer: Any = None
) -> dict[str, httpx.Request]:
    """operationId -> what its method sent, the same from the sync and from the async client; by
    `call`, too.
    """
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={} if answer is None else answer)

    async def respond_async(request: httpx.Request) -> httpx.Response:
        return respond(request)

    out = {}
    with getattr(package, client)(ADDRESS, transport=httpx.MockTransport(respond)) as one:
        for oid, operation in package.OPERATIONS.items():
            method = getattr(getattr(one, operation.group), operation.name)
            positional, named = _arguments(method)
            found = method(*positional, **named)
            if operation.paging:
                list(found)
            path = [p.wire_name for p in operation.parameters if p.location == "path"]
            one.call(oid, dict.fromkeys(path, "x"), {} if operation.body else None)
            first, second = sent[-2:]
            assert (oid, first.url) == (oid, second.url)
            out[oid] = first

    async def run() -> None:
        async with getattr(package, f"Async{client}")(
            ADDRESS, transport=httpx.MockTransport(respond_async)
        ) as one:
            for oid, operation in package.OPERATIONS.items():
                method = getattr(getattr(one, operation.group), operation.name)
                positional, named = _arguments(method)
                found = method(*positional, **named)
                _ = [item async for item in found] if operation.paging else await found
                assert (oid, out[oid].url) == (oid, sent[-1].url)

    asyncio.run(run())
    return out

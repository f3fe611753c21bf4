"""Where recorded calls get their answers from: made from the contract, or given by a service."""

from __future__ import annotations

from typing import Any

import httpx

from .live import Json
from .record import Answer
from .samples import ABSENT, Sampler

NEXT = ("nextLink", "@nextLink")


def sampled(contract: Json) -> Answer:
    """An answer of the first good status that the operation declares, with every member; a page is
    the last one.
    """
    sampler = Sampler(contract, full=True)

    def answer(operation: Json, request: httpx.Request) -> httpx.Response:
        status, response = next(
            (s, r) for s, r in operation["responses"].items() if s.startswith("2")
        )
        headers = {
            name: _header(name, fact["schema"], sampler)
            for name, fact in response.get("headers", {}).items()
        }
        if not response.get("content"):
            return httpx.Response(int(status), headers=headers)
        media, content = next(iter(response["content"].items()))
        if "json" not in media:
            return httpx.Response(
                int(status), content=b"a,b\r\n", headers=headers | {"content-type": media}
            )
        value = sampler.sample(content["schema"])
        if value is ABSENT:
            raise ValueError(f"{operation['operationId']}: no finite answer")
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if key not in NEXT}
        return httpx.Response(int(status), json=value, headers=headers)

    return answer


def forwarded(base_url: str, transport: httpx.BaseTransport, authorization: str) -> Answer:
    """The answers of a service at another address, reached by a transport, with an Authorization
    header of its own.
    """
    base = httpx.URL(base_url)

    def answer(operation: Json, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
        headers = {**request.headers, "host": base.netloc.decode(), "authorization": authorization}
        response = transport.handle_request(
            httpx.Request(request.method, url, headers=headers, content=request.content)
        )
        response.read()
        return response

    return answer


def _header(name: str, schema: Json, sampler: Sampler) -> str:
    value: Any = sampler.sample(schema)
    return str(value) if str(value).isascii() else "/a"

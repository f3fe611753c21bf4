"""A transport that records what is sent and answers from a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx

ENDPOINT = "https://contoso.purview.azure.com"
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Recorder:
    """Answers requests in turn, the last answer for ever; `seen` are the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.seen: list[httpx.Request] = []
        self._answers: Sequence[Answer] = answers or (
            httpx.Response(200, json={"kind": "New", "name": "n", "value": []}),
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        answer = self._answers[min(len(self.seen), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        found = answer if isinstance(answer, httpx.Response) else answer(request)
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)

    @property
    def sync(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    @property
    def both(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    @property
    def paths(self) -> list[str]:
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.seen]


def quick(client: Any) -> tuple[Any, list[float]]:
    """A client that does not sleep, and the waits it asked for; its clock counts them."""
    waits: list[float] = []

    async def asleep(seconds: float) -> None:
        waits.append(seconds)

    client._sleep = asleep if type(client).__name__.startswith("Async") else waits.append
    caller = client._caller
    caller.context = caller.context._replace(random=lambda: 0.5, clock=lambda: sum(waits))
    return client, waits

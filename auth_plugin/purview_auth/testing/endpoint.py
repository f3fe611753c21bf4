"""The fake token endpoint and its faults."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
from attrs import define, field, frozen

Fault = Callable[[httpx.Request], httpx.Response | None]
"""Gives the answer to one token request, raises an httpx error, or gives None: then a token is issued."""

WAIT_SECONDS = 30.0


@frozen
class Post:
    """One token request as it came."""

    url: str
    headers: httpx.Headers
    content: bytes = field(repr=False)

    @property
    def form(self) -> dict[str, str]:
        """The fields of the form."""
        return {
            name: values[0]
            for name, values in parse_qs(self.content.decode(), keep_blank_values=True).items()
        }


@define(eq=False)
class FakeTokenEndpoint(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Issues token-1, token-2, ... and notes the requests; a transport for ServicePrincipal, sync
    and async.

    members: of the answer, beside access_token. faults: each serves one request, in order;
    afterwards tokens are issued. always: a fault for every request that no other one serves.
    """

    members: dict[str, Any] = field(factory=lambda: {"token_type": "Bearer", "expires_in": "3600"})
    faults: deque[Fault] = field(factory=deque)
    always: Fault | None = None
    posts: list[Post] = field(factory=list, repr=False)
    _numbers: itertools.count[int] = field(factory=lambda: itertools.count(1), repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answers a request of a sync client."""
        return self.serve(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answers a request of an async client."""
        return self.serve(request, await request.aread())

    def serve(self, request: httpx.Request, content: bytes) -> httpx.Response:
        """The answer to one request."""
        with self._lock:
            self.posts.append(Post(str(request.url), request.headers, content))
            fault = self.faults.popleft() if self.faults else self.always
        given = fault(request) if fault is not None else None
        return self.token() if given is None else given

    def token(self) -> httpx.Response:
        """An answer with the next token."""
        return httpx.Response(
            200, json={"access_token": f"token-{next(self._numbers)}", **self.members}
        )


def answer(status: int = 200, content: bytes = b"", **headers: str) -> Fault:
    """Any answer; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, content=content, headers=named)


def refused(error: str = "invalid_client", code: int = 7000215, status: int = 401) -> Fault:
    """An error answer in the shape of Entra's."""
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: made up by the fake token endpoint.",
        "error_codes": [code],
        "timestamp": "2024-01-31 12:00:00Z",
        "trace_id": "00000000-0000-0000-0000-00000000000a",
        "correlation_id": "00000000-0000-0000-0000-00000000000b",
    }
    return lambda _: httpx.Response(status, json=body)


def overloaded(status: int = 503, **headers: str) -> Fault:
    """429, 500, 503 and the like; retry_after="2" sets Retry-After."""
    return answer(status, b"{}", content_type="application/json", **headers)


def disconnected(error: type[httpx.TransportError] = httpx.ConnectError) -> Fault:
    """The connection fails."""

    def fault(request: httpx.Request) -> httpx.Response:
        raise error("made up by the fake token endpoint", request=request)

    return fault


def dribbled(part: str = "body") -> Fault:
    """TokenServer sends the `body` or the `head` byte by byte, and never ends (until the client
    has gone).
    """
    return lambda _: httpx.Response(200, extensions={"dribble": part})


class Held:
    """A fault that holds one request until `release` is set; `reached` is set when it has come."""

    def __init__(self, then: Fault | None = None) -> None:
        self.reached, self.release = threading.Event(), threading.Event()
        self._then = then

    def __call__(self, request: httpx.Request) -> httpx.Response | None:
        """Waits until it is released, and answers as `then` does."""
        self.reached.set()
        if not self.release.wait(WAIT_SECONDS):
            raise TimeoutError("release was not set")
        return self._then(request) if self._then is not None else None

"""A fake service, and calls to it in a blocking way, under asyncio and under trio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import trio
from attrs import define, field

from purview_auth import ServicePrincipal
from purview_auth.flow import PurviewAuth
from purview_auth.testing import FakeClock, FakeTokenEndpoint
from purview_auth.warm import HandsOutTokens
from purview_core.call.exchange import asend, send

URL = "https://contoso.purview.azure.com/scan/datasources?api-version=2023-09-01"
SECRET = "CANARY-s3cret+&=%~\u00e9"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"

T = TypeVar("T")
Answer = Callable[[httpx.Request], httpx.Response]


class NoJitter:
    """Randomness that is none."""

    def random(self) -> float:
        return 0.0


@define
class Service(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Notes the tokens that came; answers with `script` in order, then with 200."""

    script: list[Answer] = field(factory=list)
    always: Answer = lambda request: httpx.Response(200, json={})
    tokens: list[str | None] = field(factory=list)
    requests: list[httpx.Request] = field(factory=list)
    bodies: list[bytes] = field(factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        stream: Any = request.stream  # not read(), which would make any body one of bytes
        return self._answer(request, b"".join(stream))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        stream: Any = request.stream
        return self._answer(request, b"".join([part async for part in stream]))

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        value = request.headers.get("Authorization")
        self.tokens.append(value and value.removeprefix("Bearer "))
        self.requests.append(request)
        self.bodies.append(body)
        return (self.script.pop(0) if self.script else self.always)(request)


def status(code: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(code, headers=named, json={})


def rejecting(*bad: str) -> Answer:
    """A service that takes every token but these."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            401 if request.headers["Authorization"].removeprefix("Bearer ") in bad else 200
        )

    return answer


@define
class World:
    """A principal on fakes: its token endpoint, its clock, the service that it calls."""

    endpoint: FakeTokenEndpoint = field(factory=FakeTokenEndpoint)
    clock: FakeClock = field(factory=FakeClock)
    service: Service = field(factory=Service)
    auth: Any = None

    def principal(self, **options: Any) -> ServicePrincipal:
        given: dict[str, Any] = {
            "transport": self.endpoint,
            "clock": self.clock,
            "sleep": self.clock,
            "rng": NoJitter(),
        }
        self.auth = ServicePrincipal(
            TENANT, CLIENT, options.pop("client_secret", SECRET), **{**given, **options}
        )
        return self.auth

    def get(self, mode: str = "sync", **options: Any) -> httpx.Response:
        """One call with the current auth object (a principal unless another was made)."""
        return call(mode, self.auth or self.principal(), self.service, **options)

    def expires_in(self, seconds: object) -> None:
        self.endpoint.members["expires_in"] = seconds

    @property
    def posts(self) -> int:
        return len(self.endpoint.posts)


def call(
    mode: str,
    auth: PurviewAuth | None,
    service: httpx.BaseTransport,
    url: str = URL,
    method: str = "GET",
    **options: Any,
) -> httpx.Response:
    follow = options.pop("follow_redirects", False)
    if mode.startswith("ahead") and not follow:
        return ahead(mode, auth, service, httpx.Request(method, url, **options))
    if mode in ("sync", "ahead"):
        with httpx.Client(transport=service, auth=auth, follow_redirects=follow) as client:
            return client.request(method, url, **options)

    async def run_async() -> httpx.Response:
        transport: Any = service
        async with httpx.AsyncClient(
            transport=transport, auth=auth, follow_redirects=follow
        ) as client:
            return await client.request(method, url, **options)

    return run(mode, run_async)


def ahead(
    mode: str, auth: PurviewAuth | None, service: Any, request: httpx.Request
) -> httpx.Response:
    """As the clients of this package do it: a token that is at hand is in the request before it
    is sent.
    """
    token = None
    at_hand = isinstance(auth, HandsOutTokens) and auth.hands_out_tokens
    if at_hand and isinstance(request.stream, httpx.ByteStream):
        token = auth.warm_token(f"{request.url.scheme}://{request.url.netloc.decode()}")
    if token is not None:
        request.headers["Authorization"] = token.secret.bearer.decode()
    if mode == "ahead":
        return send(service, auth, request, token=token)
    return run(mode, lambda: asend(service, auth, request, token=token))


def run(mode: str, function: Callable[[], Awaitable[T]]) -> T:
    if mode.endswith("trio"):
        return trio.run(function)

    async def main() -> T:
        return await function()

    return asyncio.run(main())


def json_bytes(**members: Any) -> bytes:
    return json.dumps(members).encode()

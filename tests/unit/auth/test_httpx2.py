"""The auth objects under httpx2: its clients, sync and async, get a token, a refresh, and a 401
answered.
"""

from __future__ import annotations

import asyncio
import copy
import io
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import trio

from purview_auth import CredentialAuth, HostRefusedError, ServicePrincipal
from purview_auth.testing import FakeAsyncCredential, FakeClock, FakeCredential, FakeTokenEndpoint

from .support import CLIENT, SECRET, TENANT, URL, NoJitter, Service, call

httpx2: Any = pytest.importorskip("httpx2", reason="the extra httpx2 is not installed")
MODES = ["sync", "asyncio", "trio"]
CHALLENGE = 'Bearer error="insufficient_claims", claims="e30="'


class Service2:
    """Notes the tokens and bodies that came; answers 401 for the tokens in `bad`."""

    def __init__(self, *bad: str, **headers: str) -> None:
        self.bad, self.headers = (
            bad,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )
        self.tokens: list[str] = []
        self.bodies: list[bytes] = []

    def __call__(self, request: Any) -> Any:
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        self.bodies.append(request.content)
        refused = self.tokens[-1] in self.bad
        return httpx2.Response(
            401 if refused else 200, headers=self.headers if refused else {}, json={}
        )


def call2(
    mode: str, auth: Any, service: Service2, url: str = URL, method: str = "GET", **options: Any
) -> Any:
    if mode == "sync":
        with httpx2.Client(transport=httpx2.MockTransport(_read(service)), auth=auth) as client:
            return client.request(method, url, **options)

    async def main() -> Any:
        async with httpx2.AsyncClient(
            transport=httpx2.MockTransport(_aread(service)), auth=auth
        ) as client:
            return await client.request(method, url, **options)

    return trio.run(main) if mode == "trio" else asyncio.run(main())


def _read(service: Service2) -> Any:
    def handle(request: Any) -> Any:
        request.read()
        return service(request)

    return handle


def _aread(service: Service2) -> Any:
    async def handle(request: Any) -> Any:
        await request.aread()
        return service(request)

    return handle


def principal() -> tuple[Any, FakeClock, Any]:
    endpoint, clock = FakeTokenEndpoint(), FakeClock()
    auth = ServicePrincipal(
        TENANT, CLIENT, SECRET, transport=endpoint, clock=clock, sleep=clock, rng=NoJitter()
    )
    return auth, clock, lambda: len(endpoint.posts)


def of_credential() -> tuple[Any, FakeClock, Any]:
    credential = FakeCredential()
    auth = CredentialAuth(
        credential, clock=credential.clock, sleep=credential.clock, rng=NoJitter()
    )
    return auth, credential.clock, lambda: len(credential.calls)


def of_async_credential() -> tuple[Any, FakeClock, Any]:
    credential = FakeAsyncCredential()
    clock = credential.inner.clock
    return (
        CredentialAuth(credential, clock=clock, sleep=clock, rng=NoJitter()),
        clock,
        lambda: len(credential.inner.calls),
    )


KINDS = [principal, of_credential, of_async_credential]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_a_token_and_its_refresh(mode: str, make: Any) -> None:
    (auth, clock, asked), service = make(), Service2()
    for _ in range(2):
        for _ in range(3):
            assert 200 == call2(mode, auth, service).status_code
        clock.advance(3_600)
    assert (["token-1"] * 3 + ["token-2"] * 3, 2) == (service.tokens, asked())


@pytest.mark.parametrize("headers", [{}, {"www_authenticate": CHALLENGE}])
@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_a_401_is_answered_once(mode: str, make: Any, headers: dict[str, str]) -> None:
    (auth, clock, asked), service = make(), Service2("token-1", **headers)
    call2(mode, auth, Service2())
    clock.advance(60)
    options: list[dict[str, Any]] = [{}, {"content": b"body"}, {"json": {"a": 1}}]
    for one in options:
        assert 200 == call2(mode, auth, service, method="POST", **one).status_code
    assert (["token-1", *["token-2"] * 3], 2) == (service.tokens, asked())
    assert [b"", b"", b"body", b'{"a":1}'] == service.bodies
    stubborn = Service2("token-2", "token-3")
    clock.advance(60)
    assert 401 == call2(mode, auth, stubborn).status_code
    assert ["token-2", "token-3"] == stubborn.tokens


async def _aparts() -> AsyncIterator[bytes]:
    yield b"once"


def _parts() -> Iterator[bytes]:
    yield b"once"


@pytest.mark.parametrize("mode", MODES)
def test_bodies_that_can_be_sent_again_and_that_cannot(mode: str) -> None:
    auth, clock, _ = principal()
    call2(mode, auth, Service2())
    clock.advance(60)
    service = Service2("token-1")
    assert (
        200
        == call2(
            mode, auth, service, method="POST", files={"f": ("n", io.BytesIO(b"file"))}
        ).status_code
    )
    assert service.bodies[0] == service.bodies[1] != b""
    clock.advance(60)
    once = Service2("token-2")
    content = _parts() if mode == "sync" else _aparts()
    assert 401 == call2(mode, auth, once, method="POST", content=content).status_code
    assert [b"once"] == once.bodies


@pytest.mark.parametrize("mode", MODES)
def test_no_token_to_a_foreign_host(mode: str) -> None:
    (auth, _, asked), service = principal(), Service2()
    with pytest.raises(HostRefusedError):
        call2(mode, auth, service, url="https://evil.example/")
    assert ([], 0) == (service.tokens, asked())


@pytest.mark.parametrize("make", KINDS)
def test_one_object_serves_both_libraries(make: Any) -> None:
    (auth, _, asked), service, service2 = make(), Service(), Service2()
    for mode in MODES:
        call(mode, auth, service)
        call2(mode, auth, service2)
    assert (["token-1"] * 3, ["token-1"] * 3, 1) == (service.tokens, service2.tokens, asked())
    assert isinstance(auth, httpx.Auth)
    assert isinstance(auth, httpx2.Auth)
    assert isinstance(auth, type(auth))
    assert auth is copy.copy(auth)
    assert issubclass(auth.__class__, type(auth))
    assert type(auth).__name__ == auth.__class__.__name__


def test_httpx2_may_come_later_and_is_not_loaded_for_others() -> None:
    code = """
import sys, httpx
from purview_auth import ServicePrincipal
from purview_auth.testing import FakeTokenEndpoint
tenant = "11111111-2222-3333-4444-555555555555"
auth = ServicePrincipal(tenant, "c", "s", transport=FakeTokenEndpoint())
assert isinstance(auth, httpx.Auth) and auth.__class__ is ServicePrincipal
assert "httpx2" not in sys.modules
import httpx2
seen = []
answer = lambda request: seen.append(request.headers["Authorization"]) or httpx2.Response(200)
httpx2.Client(transport=httpx2.MockTransport(answer), auth=auth).get("https://contoso.purview.azure.com/")
assert seen == ["Bearer token-1"], seen
"""
    subprocess.run([sys.executable, "-c", code], check=True)

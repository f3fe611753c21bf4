"""CredentialAuth over the credentials of azure-identity themselves, on a transport of the
test's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from purview_auth import CredentialAuth
from purview_auth.errors import AuthError
from purview_auth.testing import FakeClock

from .support import NoJitter, Service, call

pytest.importorskip("azure.identity", reason="the extra azure is not installed")

from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AsyncHttpTransport, HttpTransport
from azure.identity import ClientSecretCredential, ManagedIdentityCredential, aio

TENANT = "11111111-2222-3333-4444-555555555555"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
DISCOVERY = {
    "issuer": f"{AUTHORITY}/v2.0",
    "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
    "token_endpoint": f"{AUTHORITY}/oauth2/v2.0/token",
    "tenant_discovery_endpoint": f"{AUTHORITY}/v2.0/.well-known/openid-configuration",
    "metadata": [],
}


class Response:
    """What the pipeline of azure-core asks of one."""

    def __init__(self, request: Any, status: int, body: Any, headers: dict[str, str]) -> None:
        self.request, self.internal_response, self.status_code, self.reason = (
            request,
            self,
            status,
            "",
        )
        self.headers = {"content-type": "application/json", **headers}
        self.content_type, self.content = "application/json", json.dumps(body).encode()
        self.is_stream_consumed = self.is_closed = True
        self.block_size = 4096

    def body(self) -> bytes:
        return self.content

    read = body

    def text(self, encoding: str | None = None) -> str:
        return self.content.decode(encoding or "utf-8-sig")

    def close(self) -> None: ...


class AsyncResponse(Response):
    async def read(self) -> bytes:  # type: ignore[override]
        return self.content

    async def close(self) -> None: ...  # type: ignore[override]


@define
class Identity:
    """A token endpoint: fails as its faults say, then gives tokens."""

    faults: list[Any] = field(factory=list)
    asked: int = 0

    def answer(self, request: Any, kind: type[Response]) -> Response:
        if not request.url.partition("?")[0].endswith("/token"):
            return kind(request, 200, DISCOVERY, {})
        self.asked += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault == "silence":
            raise ServiceRequestError("connection refused")
        if fault is not None:
            return kind(
                request,
                fault[0],
                {"error": fault[1], "error_description": fault[2]},
                dict(fault[3:]),
            )
        token = {
            "access_token": f"t{self.asked}",
            "expires_in": 3600,
            "token_type": "Bearer",
            "resource": "r",
        }
        return kind(request, 200, token, {})


class Transport(HttpTransport[Any, Any]):
    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def send(self, request: Any, **_: Any) -> Any:
        return self.identity.answer(request, Response)

    def sleep(self, duration: float) -> None: ...
    def open(self) -> None: ...
    def close(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


class AsyncTransport(AsyncHttpTransport[Any, Any]):
    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    async def send(self, request: Any, **_: Any) -> Any:
        return self.identity.answer(request, AsyncResponse)

    async def sleep(self, duration: float) -> None: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


Make = Callable[[Identity], Any]
CREDENTIALS: dict[str, Make] = {
    "secret": lambda i: ClientSecretCredential(
        TENANT, "c", "CANARY", transport=Transport(i), retry_total=0
    ),
    "managed": lambda i: ManagedIdentityCredential(transport=Transport(i), retry_total=0),
    "secret, async": lambda i: aio.ClientSecretCredential(
        TENANT, "c", "CANARY", transport=AsyncTransport(i), retry_total=0
    ),
    "managed, async": lambda i: aio.ManagedIdentityCredential(
        transport=AsyncTransport(i), retry_total=0
    ),
}
FAULTS: dict[str, Any] = {
    "500": (500, "server_error", "down"),
    "503": (503, "temporarily_unavailable", "AADSTS90033: later"),
    "429": (429, "too_many", "slow down"),
    "429 with a number": (429, "temporarily_unavailable", "AADSTS90055: throttled"),
    "429, wait 2": (429, "too_many", "slow down", ("Retry-After", "2")),
    "silence": "silence",
}


@pytest.fixture
def msal_time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock that msal's memory of failures goes by too."""
    import time

    clock = FakeClock(wall=time.time())
    from msal import individual_cache

    monkeypatch.setattr(individual_cache.time, "time", clock.time)
    return clock


def failures(make: Make, fault: Any, clock: FakeClock, count: int = 1) -> tuple[int, Identity]:
    identity = Identity([fault] * count)
    auth = CredentialAuth(make(identity), clock=clock, sleep=clock, rng=NoJitter())
    failed = 0
    for _ in range(5):
        try:
            call("sync", auth, Service())
        except AuthError:
            failed += 1
        clock.advance(1)
    auth.close()
    return failed, identity


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_one_failure_that_passes_fails_no_call(name: str, fault: str, msal_time: FakeClock) -> None:
    failed, identity = failures(CREDENTIALS[name], FAULTS[fault], msal_time)
    assert (0, 2) == (failed, identity.asked)


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_refusal_is_kept(name: str, msal_time: FakeClock) -> None:
    failed, identity = failures(
        CREDENTIALS[name], (401, "invalid_client", "AADSTS7000215: wrong"), msal_time, 9
    )
    assert (5, 1) == (failed, identity.asked)


@pytest.mark.parametrize("name", CREDENTIALS)
def test_no_word_of_a_secret_for_a_managed_identity(name: str, msal_time: FakeClock) -> None:
    auth = CredentialAuth(
        CREDENTIALS[name](Identity([(400, "invalid_request", "Identity not found")] * 9)),
        clock=msal_time,
        sleep=msal_time,
    )
    with pytest.raises(AuthError) as caught:
        call("sync", auth, Service())
    assert "CANARY" not in str(caught.value)
    assert "managed" not in name or "secret" not in str(caught.value)
    auth.close()


def test_the_extra_brings_what_async_credentials_need() -> None:
    """Made without a transport, they look for aiohttp."""
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")

    async def main() -> str:
        async with aio.ClientSecretCredential(TENANT, "c", "CANARY") as credential:
            return type(credential).__name__

    assert "ClientSecretCredential" == asyncio.run(main())

"""One token endpoint and one service in memory, behind the transports of all contenders."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import httpx
import httpx_auth._oauth2.tokens as httpx_auth_tokens
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AsyncHttpTransport, HttpTransport

from purview_auth.testing import FakeTokenEndpoint

TENANT, CLIENT = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
SECRET, TOKEN = "CANARY-SECRET", "CANARY-TOKEN"
URL = "https://contoso.purview.azure.com/scan/datasources"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
DISCOVERY = {
    "issuer": f"{AUTHORITY}/v2.0",
    "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
    "token_endpoint": f"{AUTHORITY}/oauth2/v2.0/token",
    "tenant_discovery_endpoint": f"{AUTHORITY}/v2.0/.well-known/openid-configuration",
    "metadata": [],
}


class Endpoint(FakeTokenEndpoint):
    """The fake token endpoint, with the canary as token.

    It takes `delay` seconds, and answers requests for metadata too.
    """

    def __init__(self, expires_in: int = 3600, delay: float = 0.0, **members: Any) -> None:
        super().__init__(
            members={
                "access_token": TOKEN,
                "token_type": "Bearer",
                "expires_in": expires_in,
                **members,
            },
        )
        self.delay = delay
        self.pulse: Callable[[], int] = lambda: 0
        self.stalled = False

    def __repr__(self) -> str:
        return "Endpoint()"  # the canary in its members is no contender's leak

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        before = self.pulse()
        time.sleep(self.delay)
        self.stalled |= self.pulse() == before
        return self.answer(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        before = self.pulse()
        await asyncio.sleep(self.delay)
        self.stalled |= self.pulse() == before
        return self.answer(request, await request.aread())

    def answer(self, request: httpx.Request, content: bytes) -> httpx.Response:
        return (
            httpx.Response(200, json=DISCOVERY)
            if request.method == "GET"
            else self.serve(request, content)
        )


class Service(httpx.MockTransport):
    """Answers 200 and notes what came as Authorization."""

    def __init__(self) -> None:
        self.seen: list[str | None] = []
        super().__init__(self._note)

    def _note(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.headers.get("Authorization"))
        return httpx.Response(200, json={})


class AzureResponse:
    """What the pipeline of azure-core asks of a response."""

    def __init__(self, request: Any, response: httpx.Response) -> None:
        self.request, self.internal_response = request, response
        self.status_code = response.status_code
        self.reason = response.reason_phrase
        self.headers = response.headers
        self.content_type = response.headers.get("content-type")
        self.content = response.content
        self.is_stream_consumed = True
        self.is_closed = True
        self.block_size = 4096

    def body(self) -> bytes:
        return self.content

    read = body

    def text(self, encoding: str | None = None) -> str:
        return self.content.decode(encoding or "utf-8-sig")

    def close(self) -> None:
        """Nothing is open."""


def _as_httpx(request: Any) -> httpx.Request:
    body = (
        getattr(request, "content", None)
        or getattr(request, "data", None)
        or getattr(request, "_data", None)
        or b""
    )
    content = urlencode(body) if isinstance(body, dict) else body
    headers = {
        name: str(value)
        for name, value in request.headers.items()
        if name.lower() != "content-length"
    }
    return httpx.Request(request.method, request.url, headers=headers, content=content)


class AzureTransport(HttpTransport[Any, Any]):
    """A transport for azure-core over one of httpx; it does not wait between tries."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner

    def send(self, request: Any, **_: Any) -> Any:
        try:
            return AzureResponse(request, self.inner.handle_request(_as_httpx(request)))
        except httpx.TransportError as error:
            raise ServiceRequestError(str(error)) from None

    def sleep(self, duration: float) -> None:
        """Does not."""

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


class AsyncAzureTransport(AsyncHttpTransport[Any, Any]):
    """The same, async."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def send(self, request: Any, **_: Any) -> Any:
        try:
            response = await self.inner.handle_async_request(_as_httpx(request))
        except httpx.TransportError as error:
            raise ServiceRequestError(str(error)) from None
        return AsyncAzureResponse(request, response)

    async def sleep(self, duration: float) -> None:
        """Does not."""

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close."""


class AsyncAzureResponse(AzureResponse):
    """A response that is read already."""

    async def load_body(self) -> None:
        """It is there."""

    async def read(self) -> bytes:
        return self.content

    async def close(self) -> None:
        """Nothing is open."""


@contextmanager
def later(seconds: float) -> Generator[None]:
    """The wall clock of this process is `seconds` ahead, for all contenders."""
    real = time.time

    def shifted() -> float:
        return real() + seconds

    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime.now(tz) + dt.timedelta(seconds=seconds)

    clock = SimpleNamespace(datetime=Shifted, timedelta=dt.timedelta, timezone=dt.timezone)
    with (
        mock.patch("time.time", shifted),
        mock.patch.object(httpx_auth_tokens, "datetime", clock),
    ):
        yield

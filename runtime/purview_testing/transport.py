"""The sandbox behind httpx, in process. What a fault does to the wire becomes the error that httpx would raise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

from purview_core.session import async_sleep

from .wire import Request, Response

Handle = Callable[[Request], Response]
_PIECES = 8


class SandboxTransport(httpx.BaseTransport):
    """Calls the handler; `sleep` is for slow faults alone."""

    def __init__(self, handle: Handle, sleep: Callable[[float], Any]) -> None:
        self._handle, self._sleep = handle, sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._handle(read(request, request.read()))
        wait = _wait(request, response)
        if wait:
            self._sleep(wait)
        _fail(request, response)
        stream = _Stream(response, self._sleep, request) if response.wire else None
        return answer(response, stream)


class AsyncSandboxTransport(httpx.AsyncBaseTransport):
    """As SandboxTransport, for async clients."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = self._handle(read(request, await request.aread()))
        wait = _wait(request, response)
        if wait:
            await async_sleep(wait)
        _fail(request, response)
        stream = _AsyncStream(response, request) if response.wire else None
        return answer(response, stream)


def read(request: httpx.Request, content: bytes) -> Request:
    """An httpx request as the handler takes it."""
    raw_path, _, query = request.url.raw_path.decode("ascii").partition("?")
    base = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(request.method, base, raw_path or "/", query, headers, content)


def answer(response: Response, stream: httpx.SyncByteStream | httpx.AsyncByteStream | None) -> httpx.Response:
    if stream is None:
        return httpx.Response(response.status, headers=dict(response.headers), content=response.content)
    headers = {**response.headers, "content-length": str(len(response.content))}
    if response.wire and response.wire["kind"] == "broken-chunk":
        del headers["content-length"]
    return httpx.Response(response.status, headers=headers, stream=stream)


def _wait(request: httpx.Request, response: Response) -> float:
    """Seconds until the first byte; the read timeout of the client, if that is shorter."""
    if response.wire is None or response.wire["kind"] != "slow-first-byte":
        return 0.0
    limit = request.extensions.get("timeout", {}).get("read")
    return float(min(response.wire["delay"], limit) if limit is not None else response.wire["delay"])


def _fail(request: httpx.Request, response: Response) -> None:
    if response.wire is None:
        return
    limit = request.extensions.get("timeout", {}).get("read")
    if response.wire["kind"] == "slow-first-byte" and limit is not None and response.wire["delay"] >= limit:
        raise httpx.ReadTimeout("made up by a fault of the sandbox: slow-first-byte", request=request)
    if response.wire["kind"] == "reset":
        raise httpx.ReadError("made up by a fault of the sandbox: reset", request=request)


def _pieces(response: Response, request: httpx.Request) -> Iterator[tuple[float, bytes]]:
    """(pause before it, bytes) of each piece of a body; raises where the connection breaks."""
    assert response.wire is not None
    kind, content = response.wire["kind"], response.content
    if kind == "dribble":
        size = max(1, len(content) // _PIECES)
        for start in range(0, len(content), size):
            yield response.wire["delay"], content[start : start + size]
        return
    if kind in ("truncated", "broken-chunk"):
        yield 0.0, content[: len(content) // 2]
        raise httpx.RemoteProtocolError(f"made up by a fault of the sandbox: {kind}", request=request)
    yield 0.0, content


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: Response, sleep: Callable[[float], Any], request: httpx.Request) -> None:
        self._response, self._sleep, self._request = response, sleep, request

    def __iter__(self) -> Iterator[bytes]:
        for pause, piece in _pieces(self._response, self._request):
            if pause:
                self._sleep(pause)
            yield piece


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: Response, request: httpx.Request) -> None:
        self._response, self._request = response, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for pause, piece in _pieces(self._response, self._request):
            if pause:
                await async_sleep(pause)
            yield piece

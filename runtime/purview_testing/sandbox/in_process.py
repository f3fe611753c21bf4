"""The sandbox behind httpx, in process.

What a fault does to the connection becomes the error that httpx would raise for it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

from purview_core.client.session import async_sleep
from purview_testing.contracts.messages import RequestMessage, ResponseMessage

Handler = Callable[[RequestMessage], ResponseMessage]
_PIECES = 8  # pieces of a body that dribbles


class SandboxTransport(httpx.BaseTransport):
    """Answers the requests of sync httpx clients.

    Args:
        handle: Answers a request.
        sleep: Waits some seconds, for faults that are slow.
        clock: The clock of the client's deadlines.
    """

    def __init__(
        self,
        handle: Handler,
        sleep: Callable[[float], Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._handle = handle
        self._sleep = sleep
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answers one request; raises what httpx raises for a broken connection."""
        response = self._handle(request_of(request, request.read()))
        limit = ReadLimit(request, self._clock)
        if response.wire is not None and (wait := _first_wait(response)):
            self._sleep(limit.cut(wait))
            limit.check(wait)
        _raise_if_reset(request, response)
        stream = _Stream(response, self._sleep, limit) if response.wire else None
        return response_of(response, stream)


class AsyncSandboxTransport(httpx.AsyncBaseTransport):
    """Answers the requests of async httpx clients; otherwise as SandboxTransport."""

    def __init__(self, handle: Handler, clock: Callable[[], float] = time.monotonic) -> None:
        self._handle = handle
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answers one request; raises what httpx raises for a broken connection."""
        response = self._handle(request_of(request, await request.aread()))
        limit = ReadLimit(request, self._clock)
        if response.wire is not None and (wait := _first_wait(response)):
            await async_sleep(limit.cut(wait))
            limit.check(wait)
        _raise_if_reset(request, response)
        stream = _AsyncStream(response, limit) if response.wire else None
        return response_of(response, stream)


class ReadLimit:
    """How long a client waits for the next byte.

    Its read timeout limits each wait, its deadline the whole call.
    """

    def __init__(self, request: httpx.Request, clock: Callable[[], float]) -> None:
        self.request = request
        self._clock = clock
        self._read: float | None = request.extensions.get("timeout", {}).get("read")
        self._deadline: float | None = request.extensions.get("deadline")

    def cut(self, seconds: float) -> float:
        """Returns as much of a pause as the client waits for."""
        limits = [seconds]
        if self._read is not None:
            limits.append(float(self._read))
        if self._deadline is not None:
            limits.append(self._deadline - self._clock())
        return max(0.0, min(limits))

    def check(self, seconds: float) -> None:
        """Raises, after a pause, where the client would have given up before its end."""
        late = self._deadline is not None and self._clock() >= self._deadline
        if late or (self._read is not None and seconds >= self._read):
            raise httpx.ReadTimeout(
                "made up by a fault of the sandbox: too slow", request=self.request
            )


def request_of(request: httpx.Request, content: bytes) -> RequestMessage:
    """Returns an httpx request as the handler takes it."""
    raw_path, _, query = request.url.raw_path.decode("ascii").partition("?")
    base = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
    headers = {name.lower(): value for name, value in request.headers.items()}
    return RequestMessage(request.method, base, raw_path or "/", query, headers, content)


def response_of(
    response: ResponseMessage, stream: httpx.SyncByteStream | httpx.AsyncByteStream | None
) -> httpx.Response:
    """Returns a response of the handler as httpx takes it; a stream replaces its content."""
    if stream is None:
        return httpx.Response(
            response.status, headers=dict(response.headers), content=response.content
        )
    headers = {**response.headers, "content-length": str(len(response.content))}
    if response.wire and response.wire["kind"] == "broken-chunk":
        del headers["content-length"]
    return httpx.Response(response.status, headers=headers, stream=stream)


def _first_wait(response: ResponseMessage) -> float:
    """Returns the seconds until the first byte."""
    assert response.wire is not None
    return float(response.wire["delay"]) if response.wire["kind"] == "slow-first-byte" else 0.0


def _raise_if_reset(request: httpx.Request, response: ResponseMessage) -> None:
    """Raises for a connection that a fault resets before the answer."""
    if response.wire is not None and response.wire["kind"] == "reset":
        raise httpx.ReadError("made up by a fault of the sandbox: reset", request=request)


def _pieces(response: ResponseMessage, request: httpx.Request) -> Iterator[tuple[float, bytes]]:
    """Yields the pieces of a body, each with the pause before it in seconds.

    Raises where the fault breaks the connection.
    """
    assert response.wire is not None
    kind = response.wire["kind"]
    content = response.content
    if kind == "dribble":
        size = max(1, len(content) // _PIECES)
        for start in range(0, len(content), size):
            yield response.wire["delay"], content[start : start + size]
        return
    if kind in ("truncated", "broken-chunk"):
        yield 0.0, content[: len(content) // 2]
        raise httpx.RemoteProtocolError(
            f"made up by a fault of the sandbox: {kind}", request=request
        )
    yield 0.0, content


class _Stream(httpx.SyncByteStream):
    def __init__(
        self, response: ResponseMessage, sleep: Callable[[float], Any], limit: ReadLimit
    ) -> None:
        self._response = response
        self._sleep = sleep
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        for pause, piece in _pieces(self._response, self._limit.request):
            if pause:
                self._sleep(self._limit.cut(pause))
                self._limit.check(pause)
            yield piece


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: ResponseMessage, limit: ReadLimit) -> None:
        self._response = response
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for pause, piece in _pieces(self._response, self._limit.request):
            if pause:
                await async_sleep(self._limit.cut(pause))
                self._limit.check(pause)
            yield piece

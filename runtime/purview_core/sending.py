"""Sending one request with its auth, and nothing else: no redirects, no cookies, no log lines.

httpx.Client.send does more, and costs more, beside its transport. What an httpx.Auth may rely on is the same here.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx


def send(
    transport: httpx.BaseTransport, auth: httpx.Auth | None, request: httpx.Request, *, stream: bool = False
) -> httpx.Response:
    """The answer to `request`, read; with `stream`, unread: it holds its connection until it is read or closed.

    Timeouts are those in `request.extensions`. `auth` may have the request sent again, or others before it; their answers
    are read and closed. `.elapsed` (until the answer was read or closed) is set then. Raises what the transport raises, an
    httpx.RequestError with its `.request` set, and what `auth` raises; the answer in hand is closed whatever is raised.
    """
    if auth is None:
        response = _sent(transport, request)
        return response if stream else _read(response)
    flow = auth.sync_auth_flow(request)
    try:
        request = next(flow)
        while True:
            response = _sent(transport, request)
            try:
                request = flow.send(response)
            except StopIteration:
                return response if stream else _read(response)
            except BaseException:
                response.close()
                raise
            _read(response)
    finally:
        flow.close()


def _sent(transport: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    if not isinstance(request.stream, httpx.SyncByteStream):
        raise TypeError("a body that async code reads cannot be sent by a sync client")
    started = time.perf_counter()
    try:
        response = transport.handle_request(request)
    except httpx.RequestError as error:
        error.request = request
        raise
    return _prepared(response, request, _Timed(response, started))


def _read(response: httpx.Response) -> httpx.Response:
    try:
        response.read()
    except BaseException:
        response.close()
        raise
    return response


async def asend(
    transport: httpx.AsyncBaseTransport, auth: httpx.Auth | None, request: httpx.Request, *, stream: bool = False
) -> httpx.Response:
    """`send` for async code."""
    if auth is None:
        response = await _asent(transport, request)
        return response if stream else await _aread(response)
    flow = auth.async_auth_flow(request)
    try:
        request = await anext(flow)
        while True:
            response = await _asent(transport, request)
            try:
                request = await flow.asend(response)
            except StopAsyncIteration:
                return response if stream else await _aread(response)
            except BaseException:
                await response.aclose()
                raise
            await _aread(response)
    finally:
        await flow.aclose()


async def _asent(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
    if not isinstance(request.stream, httpx.AsyncByteStream):
        raise TypeError("a body that sync code reads cannot be sent by an async client")
    started = time.perf_counter()
    try:
        response = await transport.handle_async_request(request)
    except httpx.RequestError as error:
        error.request = request
        raise
    return _prepared(response, request, _AsyncTimed(response, started))


async def _aread(response: httpx.Response) -> httpx.Response:
    try:
        await response.aread()
    except BaseException:
        await response.aclose()
        raise
    return response


def _prepared(response: httpx.Response, request: httpx.Request, timed: _Timing) -> httpx.Response:
    response.request = request
    if response.is_closed:  # made from bytes, as a mock transport's are
        timed.stop()
    else:
        response.stream = timed  # type: ignore[assignment]  # one of the two kinds below
    return response


class _Timing:
    """The stream of an answer, which notes when it is closed."""

    def __init__(self, response: httpx.Response, started: float) -> None:
        self._stream: Any = response.stream
        self._response, self._started = response, started

    def stop(self) -> None:
        self._response.elapsed = timedelta(seconds=time.perf_counter() - self._started)


class _Timed(_Timing, httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self.stop()


class _AsyncTimed(_Timing, httpx.AsyncByteStream):
    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self.stop()

"""Sending one request with its auth, and nothing else: no redirects, no cookies, no log lines.

httpx.Client.send does more, and costs more, beside its transport. What an httpx.Auth may rely on is the same here.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import httpx

from .content import Content, decode_in_steps
from .content_coding import sliced


def send(
    transport: httpx.BaseTransport,
    auth: Any,
    request: httpx.Request,
    *,
    token: Any = None,
    stream: bool = False,
) -> httpx.Response:
    """The answer to `request`, read; with `stream`, unread: it holds its connection until it is read or closed.

    Timeouts are those in `request.extensions`. `auth`, an httpx.Auth or None, may have the request sent again, or others
    before it; their answers are read and closed. `token` is what its `warm_token` gave, where the request bears that
    already: it is asked after a 401 alone. Nothing is read beyond the extension "max_answer_bytes". `.elapsed` (until the answer was read or closed) is set then. Raises what the
    transport raises, an httpx.RequestError with its `.request` set, and what `auth` raises; the answer in hand is closed
    whatever is raised.
    """
    first: httpx.Response | None = None
    if auth is None or token is not None:
        first = _sent(transport, request)
        if auth is None or first.status_code != 401:
            return first if stream else read(first)
    flow = auth.sync_auth_flow(request) if first is None else auth.sync_auth_flow(request, token)
    try:
        request = next(flow)
        while True:
            response, first = first or _sent(transport, request), None
            try:
                request = flow.send(response)
            except StopIteration:
                return response if stream else read(response)
            except BaseException:
                response.close()
                raise
            read(response)
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


def read(response: httpx.Response) -> httpx.Response:
    """The same answer, read whole; where that fails it is closed. See `reading.Content`."""
    try:
        content = Content(response)
        if content.is_to_come:
            for data in response.iter_raw():
                content.add(data)
            content.finish()
    except BaseException:
        response.close()
        raise
    return response


async def asend(
    transport: httpx.AsyncBaseTransport,
    auth: Any,
    request: httpx.Request,
    *,
    token: Any = None,
    stream: bool = False,
) -> httpx.Response:
    """`send` for async code."""
    first: httpx.Response | None = None
    if auth is None or token is not None:
        first = await _asent(transport, request)
        if auth is None or first.status_code != 401:
            return first if stream else await aread(first)
    flow = auth.async_auth_flow(request) if first is None else auth.async_auth_flow(request, token)
    try:
        request = await anext(flow)
        while True:
            response, first = first or await _asent(transport, request), None
            try:
                request = await flow.asend(response)
            except StopAsyncIteration:
                return response if stream else await aread(response)
            except BaseException:
                await response.aclose()
                raise
            await aread(response)
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


async def aread(response: httpx.Response) -> httpx.Response:
    """`read` for async code."""
    try:
        content = Content(response)
        if content.is_to_come:
            async with aclosing(response.aiter_raw()) as pieces:  # type: ignore[type-var]  # it is a generator
                async for data in pieces:
                    content.add(data)
            content.finish()
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
        timed.in_slices = decode_in_steps(response)
    return response


class _Timing:
    """The stream of an answer, which notes when it is closed. `in_slices`: it comes in pieces that are quickly decoded."""

    in_slices = False

    def __init__(self, response: httpx.Response, started: float) -> None:
        self._stream: Any = response.stream
        self._response = weakref.ref(
            response
        )  # which holds this: a page, or a place, would wait for the collector
        self._started: float | None = started

    def stop(self) -> None:
        response, started, self._started = self._response(), self._started, None
        if response is not None and started is not None:
            response.elapsed = timedelta(seconds=time.perf_counter() - started)


class _Timed(_Timing, httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        if not self.in_slices:
            return iter(self._stream)
        return (piece for data in self._stream for piece in sliced(data))

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self.stop()


class _AsyncTimed(_Timing, httpx.AsyncByteStream):
    def __aiter__(self) -> AsyncIterator[bytes]:
        return _AsyncSlices(aiter(self._stream)) if self.in_slices else aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self.stop()


class _AsyncSlices:
    """No generator, for trio asks that each of them is closed by hand."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._pieces: Iterator[bytes] = iter(())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while (piece := next(self._pieces, None)) is None:
            self._pieces = iter(sliced(await anext(self._stream)))
        return piece

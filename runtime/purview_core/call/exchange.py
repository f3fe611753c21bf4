"""Sending one request with its auth, and nothing else: no redirects, no cookies, no log lines.

httpx.Client.send does more, and costs more, beside its transport. What an httpx.Auth may rely on is
the same here.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from math import inf
from typing import Any

import httpx

from purview_core.library_internals import has_content, set_content, set_decoder

from .content_coding import Coding, Decoder, coding_of, sliced


class TooLargeError(httpx.DecodingError):
    """An answer is larger than the caller wants; another try would end the same way."""


class Content:
    """The bytes of an answer as they come: decoded in steps, counted, and given to the answer when
    it is `finish`ed.

    The request says how much there may be of them ("max_answer_bytes", decoded bytes) and until
    when ("deadline", a time.monotonic() value); a transport heeds the deadline while it waits, but
    knows of no decoding. Raises TooLargeError, httpx.ReadTimeout, and what `coding` raises for an
    answer that is cut short or broken.
    """

    def __init__(self, response: httpx.Response) -> None:
        extensions = response.request.extensions
        self._most: float = extensions.get("max_answer_bytes", inf)
        deadline = extensions.get("deadline")
        self._deadline: float = inf if deadline is None else deadline
        self._response = response
        self._coding = _coding_of(response)
        self._parts: list[bytes] = []
        self._count = 0
        self.is_to_come = not has_content(response)
        if not self.is_to_come:
            self._room_for(len(response.content))
        elif self._coding is None and self._most < inf:
            declared = response.headers.get("content-length", "")
            self._room_for(
                int(declared) if declared.isdecimal() and response.request.method != "HEAD" else 0
            )

    def add(self, data: bytes) -> None:
        """Takes what came, in whatever pieces."""
        if self._coding is None:
            self._keep(data)
        else:
            for piece in self._coding.steps(data):
                self._keep(piece)

    def finish(self) -> None:
        """Gives the answer its content; raises where its coding is cut short."""
        if self._coding is not None:
            self._coding.finish()
        set_content(
            self._response, self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        )

    def _keep(self, piece: bytes) -> None:
        self._count += len(piece)
        self._room_for(self._count)
        if self._deadline < inf and time.monotonic() >= self._deadline:
            late = httpx.ReadTimeout("no answer in time: it still came when the time was over")
            late.__dict__.update(never_sent=False, on_reused_connection=False)
            raise late
        self._parts.append(piece)

    def _room_for(self, count: int) -> None:
        if count > self._most:
            raise TooLargeError(
                f"the answer is larger than max_answer_bytes={self._most:.0f}: allow more, "
                f"or read it with client.stream()"
            )


def decode_in_steps(response: httpx.Response) -> bool:
    """Whether an answer is coded: what its reader takes from it is then decoded as `Content` does,
    and is an error where the coding is cut short.
    """
    coding = _coding_of(response)
    if coding is not None:
        set_decoder(response, Decoder(coding))
    return coding is not None


def _coding_of(response: httpx.Response) -> Coding | None:
    named = response.headers.get("content-encoding")
    return None if named is None else coding_of(named)


def send(
    transport: httpx.BaseTransport,
    auth: Any,
    request: httpx.Request,
    *,
    token: Any = None,
    stream: bool = False,
) -> httpx.Response:
    """The answer to `request`, read; with `stream`, unread: it holds its connection until it is
    read or closed.

    Timeouts are those in `request.extensions`. `auth`, an httpx.Auth or None, may have the request
    sent again, or others before it; their answers are read and closed. `token` is what its
    `warm_token` gave, where the request bears that already: it is asked after a 401 alone. Nothing
    is read beyond the extension "max_answer_bytes". `.elapsed` (until the answer was read or
    closed) is set then. Raises what the transport raises, an httpx.RequestError with its `.request`
    set, and what `auth` raises; the answer in hand is closed whatever is raised.
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
    """The same answer, read whole; where that fails it is closed. See `Content`."""
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
    """The stream of an answer, which notes when it is closed.

    `in_slices`: it comes in pieces that are quickly decoded.
    """

    in_slices = False

    def __init__(self, response: httpx.Response, started: float) -> None:
        self._stream: Any = response.stream
        # which holds this: a page, or a place, would wait for the collector
        self._response = weakref.ref(response)
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

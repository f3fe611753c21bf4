"""Connections: httpx transports over httpcore's connections, with a pool whose cost per call does not grow.

httpcore's own pool looks at each of its connections at each call; with 64 tasks that is most of what a call costs.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from typing import Any

import anyio
import httpcore
import httpx

from purview_auth.network.trust import shared_ssl_context as shared_ssl_context

from .connecting import CLOSED, Transport, failure_of, forget, key_of
from .pool import Key, Link, Pool, Waiter
from .stream import AsyncWire, SyncWire, seconds_left

_LOOK_S = 1.0  # between two looks of a request that waits in the queue


class HttpTransport(Transport, httpx.BaseTransport):
    __doc__ = f"Sync connections, for any number of threads. {Transport.__doc__}"
    _wire, _factory = SyncWire, httpcore.ConnectionPool
    _pool: Pool | None = None

    def _start(self) -> None:
        old, self._pool = self._pool, Pool(self.limits)
        if old is not None:
            self._pool.closed = old.closed
            forget(old.all_idle())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        key, pool, link = key_of(request), self._pool, None
        assert pool is not None
        try:
            sent, timeouts = self.outgoing(request, key, request.stream)
            link = self.shared(pool, key) or self._take(pool, key, timeouts)
            link.begin()
            answer = link.connection.handle_request(sent)
        except BaseException as error:  # noqa: BLE001  # raised below, so that nothing leads back to httpcore's text
            failure = failure_of(error, request, link)
            if link is not None:
                _drop(pool, link)
        else:
            body = _Body(answer.stream, pool, link, request)
            return httpx.Response(
                answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
            )
        try:
            raise failure
        finally:
            del failure

    def _take(self, pool: Pool, key: Key, timeouts: dict[str, float | None]) -> Link:
        place, displaced = pool.take(key, _Turn)
        link = _wait(pool, place, timeouts) if isinstance(place, _Turn) else place
        try:
            if displaced is not None:
                displaced.wire.close()
            while link.connection is not None and pool.is_dead(link, time.monotonic()):
                link.wire.close()
                link = pool.instead_of(link)
            return link if link.connection is not None else self.opened(link)
        except BaseException:
            pool.gone(link)
            raise

    def close(self) -> None:
        """Closes the idle connections at once, and those in use when their answers are read or closed."""
        assert self._pool is not None
        for link in self._pool.close():
            link.wire.close()
        for link in self._pool.shared.values():
            link.connection.close()


class _Turn(Waiter):
    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self._gate = threading.Lock()
        self._gate.acquire()

    def wake(self) -> None:
        self._gate.release()

    def came(self, seconds: float) -> bool:
        return self._gate.acquire(timeout=seconds)


def _wait(pool: Pool, turn: _Turn, timeouts: dict[str, float | None]) -> Link:
    try:
        left = seconds_left(timeouts.get("pool"), httpcore.PoolTimeout)
        end = inf if left is None else time.monotonic() + left
        while not turn.came(_slice(end)) and turn.link is None and not pool.closed:
            if time.monotonic() >= end:
                raise httpcore.PoolTimeout
            pool.tend()
        if pool.closed or turn.link is None:
            raise RuntimeError(CLOSED)
    except BaseException:
        if (link := pool.leave(turn)) is not None:
            _give_back(pool, link)
        raise
    return turn.link


def _slice(end: float) -> float:
    """Seconds to sleep in the queue, before a look at whether a place has come free without a word."""
    return min(_LOOK_S, max(0.0, end - time.monotonic()))


def _give_back(pool: Pool, link: Link) -> None:
    if link.connection is None:
        pool.gone(link)
    elif link.shared or not link.connection.is_available():
        _drop(pool, link)
    else:
        for doomed in pool.put(link, time.monotonic()):
            doomed.wire.close()


def _drop(pool: Pool, link: Link) -> None:
    if not link.shared:
        try:
            link.wire.close()
        finally:
            pool.gone(link)


class _Body(httpx.SyncByteStream):
    """The bytes of an answer; its connection goes back when all are read, and is closed where they are not."""

    def __init__(self, stream: Any, pool: Pool, link: Link, request: httpx.Request) -> None:
        self._stream, self._pool, self._request = stream, pool, request
        self._link: Link | None = link

    def __iter__(self) -> Iterator[bytes]:
        link = self._link
        try:
            yield from self._stream
        except BaseException as error:  # noqa: BLE001  # the same
            failure = failure_of(error, self._request, link)
            self._end(_drop)
        else:
            return
        raise failure

    def close(self) -> None:
        if self._link is not None:
            try:
                self._stream.close()
            except BaseException:
                self._end(_drop)
                raise
            self._end(_give_back)

    def _end(self, how: Callable[[Pool, Link], None]) -> None:
        link, self._link = self._link, None
        if link is not None:
            how(self._pool, link)


class AsyncHttpTransport(Transport, httpx.AsyncBaseTransport):
    __doc__ = (
        f"Async connections, for asyncio and trio; each event loop has its own. {Transport.__doc__}"
    )
    _wire, _factory = AsyncWire, httpcore.AsyncConnectionPool
    _closed = False
    _pools: dict[Any, Pool]

    def _start(self) -> None:
        self._of_parent = getattr(
            self, "_pools", None
        )  # not let go: its end might reach into an event loop of the parent
        self._pools = {}

    def _pool_here(self) -> Pool:
        """The pool of the running event loop; the connections of loops that have ended go."""
        loop = _running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for other in [other for other in self._pools if _has_ended(other)]:
                forget(self._pools.pop(other).all_idle())
            pool = self._pools[loop] = Pool(self.limits)
            pool.closed = self._closed
        return pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        key, pool, link = key_of(request), self._pool_here(), None
        upload = _Upload(request)
        try:
            sent, timeouts = self.outgoing(request, key, upload)
            link = self.shared(pool, key) or await self._take(pool, key, timeouts)
            link.begin()
            answer = await link.connection.handle_async_request(sent)
        except BaseException as error:  # noqa: BLE001  # raised below, so that nothing leads back to httpcore's text
            failure = failure_of(error, request, link)
            if link is not None:
                await _adrop(pool, link)
            await upload.aclose()
        else:
            body = _AsyncBody(answer.stream, pool, link, request)
            return httpx.Response(
                answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
            )
        try:
            raise failure
        finally:
            del failure

    async def _take(self, pool: Pool, key: Key, timeouts: dict[str, float | None]) -> Link:
        place, displaced = pool.take(key, _AsyncTurn)
        link = await _await(pool, place, timeouts) if isinstance(place, _AsyncTurn) else place
        try:
            if displaced is not None:
                await _aclose(displaced)
            while link.connection is not None and pool.is_dead(link, time.monotonic()):
                await _aclose(link)
                link = pool.instead_of(link)
            return link if link.connection is not None else self.opened(link)
        except BaseException:
            pool.gone(link)
            raise

    async def aclose(self) -> None:
        """Closes the idle connections at once, and those in use when their answers are read or closed."""
        self._closed = True
        here = self._pools.get(_running_loop())
        for pool in self._pools.values():
            idle = pool.close()
            if pool is not here:
                forget(idle)
                continue
            for link in idle:
                await _aclose(link)
            for link in pool.shared.values():
                await link.connection.aclose()


class _AsyncTurn(Waiter):
    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self._event = anyio.Event()

    def wake(self) -> None:
        self._event.set()

    async def came(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._event.wait()
        return self._event.is_set()


async def _await(pool: Pool, turn: _AsyncTurn, timeouts: dict[str, float | None]) -> Link:
    try:
        left = seconds_left(timeouts.get("pool"), httpcore.PoolTimeout)
        end = inf if left is None else time.monotonic() + left
        while not await turn.came(_slice(end)) and turn.link is None and not pool.closed:
            if time.monotonic() >= end:
                raise httpcore.PoolTimeout
            pool.tend()
        if pool.closed or turn.link is None:
            raise RuntimeError(CLOSED)
    except BaseException:
        if (link := pool.leave(turn)) is not None:
            await _agive_back(pool, link)
        raise
    return turn.link


async def _aclose(link: Link) -> None:
    with anyio.CancelScope(shield=True):
        await link.wire.aclose()


async def _agive_back(pool: Pool, link: Link) -> None:
    if link.connection is None:
        pool.gone(link)
    elif link.shared or not link.connection.is_available():
        await _adrop(pool, link)
    else:
        for doomed in pool.put(link, time.monotonic()):
            await _aclose(doomed)


async def _adrop(pool: Pool, link: Link) -> None:
    if not link.shared:
        try:
            await _aclose(link)
        finally:
            pool.gone(link)


class _AsyncBody(httpx.AsyncByteStream):
    """`_Body` for async code. No generator, for one that is not read to its end must be closed by hand, above all on trio."""

    def __init__(self, stream: Any, pool: Pool, link: Link, request: httpx.Request) -> None:
        self._stream, self._pool, self._request = stream, pool, request
        self._link: Link | None = link
        self._chunks: Any = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = aiter(self._stream)
        return self

    async def __anext__(self) -> bytes:
        link = self._link
        try:
            chunk: bytes = await anext(self._chunks)
        except StopAsyncIteration:
            raise
        except BaseException as error:  # noqa: BLE001  # the same
            failure = failure_of(error, self._request, link)
            await self._end(_adrop)
        else:
            return chunk
        raise failure

    async def aclose(self) -> None:
        if self._link is not None:
            try:
                if self._chunks is not None:
                    await self._chunks.aclose()
                await self._stream.aclose()
            except BaseException:
                await self._end(_adrop)
                raise
            await self._end(_agive_back)

    async def _end(self, how: Callable[[Pool, Link], Awaitable[None]]) -> None:
        link, self._link = self._link, None
        if link is not None:
            await how(self._pool, link)


class _Upload:
    """The body of a request in async code; closed where it is left half sent."""

    def __init__(self, request: httpx.Request) -> None:
        whole = isinstance(request.stream, httpx.ByteStream)
        self._whole = request.content if whole else b""
        self._chunks: Any = None if whole else aiter(request.stream)  # type: ignore[arg-type]  # of a kind with the call

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._chunks is not None:
            chunk: bytes = await anext(self._chunks)
            return chunk
        if not self._whole:
            raise StopAsyncIteration
        whole, self._whole = self._whole, b""
        return whole

    async def aclose(self) -> None:
        if (close := getattr(self._chunks, "aclose", None)) is not None:
            await close()


def _running_loop() -> Any:
    aio = sys.modules.get(
        "asyncio"
    )  # whoever runs a loop has imported it; sync code need not pay for that
    try:
        return aio.get_running_loop()  # type: ignore[union-attr]  # or trio's
    except (AttributeError, RuntimeError):
        return sys.modules["trio"].lowlevel.current_trio_token()


def _has_ended(loop: Any) -> bool:
    if hasattr(loop, "is_closed"):  # asyncio's; a token of trio's has no such thing
        return bool(loop.is_closed())
    try:
        loop.run_sync_soon(int)
    except RuntimeError:
        return True
    return False

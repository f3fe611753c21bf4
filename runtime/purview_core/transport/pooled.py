"""httpx transports over httpcore's connections, with a pool whose cost per call does not grow.

httpcore's own pool looks at each of its connections at each call; with 64 tasks that is most of
what a call costs.

The sync half is not derived from the async half by a script. Function by function, 46 of the 121
lines of async code here are the sync ones but for `await` and names, as are 39 of the 107 in
stream.py and call/exchange.py together. The rest differs in what it does: a lock or an event to
wait for, shielding from cancellation, pools by event loop, uploads that must be closed, addresses
tried one by one, writes in pieces. A script, its check and the marks for what differs take more
lines than it would save. Policy is in pool.py and connecting.py, once for both halves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from typing import Any

import anyio
import httpcore
import httpx

from purview_auth.network.trust import shared_ssl_context as shared_ssl_context

from .connecting import CLOSED, Transport, failure_of, forget, origin_of
from .event_loops import has_ended, running_loop
from .pool import Origin, Pool, PooledConnection, Waiter
from .stream import AsyncNetwork, SyncNetwork, Timeout, seconds_left
from .upload import AsyncUpload

# How often a request that waits in the queue checks whether a connection died unnoticed.
_WAKE_EVERY_S = 1.0


class HttpTransport(Transport, httpx.BaseTransport):
    """Sync connections, for any number of threads."""

    _network, _factory = SyncNetwork, httpcore.ConnectionPool
    _pool: Pool | None = None

    def _start(self) -> None:
        old, self._pool = self._pool, Pool(self.limits)
        if old is not None:
            self._pool.closed = old.closed
            forget(old.all_idle())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request; httpx's interface of transports."""
        origin = origin_of(request)
        pool = self._pool
        connection = None
        assert pool is not None
        try:
            sent, timeouts = self.httpcore_request(request, origin, request.stream)
            connection = self.shared(pool, origin) or self._take(pool, origin, timeouts)
            connection.begin()
            answer = connection.http.handle_request(sent)
        except BaseException as error:  # noqa: BLE001  # raised below, without this context
            failure = failure_of(error, request, connection)
            if connection is not None:
                _drop(pool, connection)
        else:
            body = _Body(answer.stream, pool, connection, request)
            return httpx.Response(
                answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
            )
        try:
            raise failure
        finally:
            del failure

    def _take(self, pool: Pool, origin: Origin, timeouts: dict[str, Timeout]) -> PooledConnection:
        place, displaced = pool.take(origin, _ThreadWaiter)
        connection = _wait(pool, place, timeouts) if isinstance(place, _ThreadWaiter) else place
        try:
            if displaced is not None:
                displaced.network.close()
            while connection.http is not None and pool.is_dead(connection, time.monotonic()):
                connection.network.close()
                connection = pool.instead_of(connection)
            return connection if connection.http is not None else self.opened(connection)
        except BaseException:
            pool.gone(connection)
            raise

    def close(self) -> None:
        """Closes idle connections; those in use close when their answers are read or closed."""
        assert self._pool is not None
        for connection in self._pool.close():
            connection.network.close()
        for connection in self._pool.shared.values():
            connection.http.close()


class _ThreadWaiter(Waiter):
    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._gate = threading.Lock()
        self._gate.acquire()

    def wake(self) -> None:
        self._gate.release()

    def wait(self, seconds: float) -> bool:
        return self._gate.acquire(timeout=seconds)


def _wait(pool: Pool, turn: _ThreadWaiter, timeouts: dict[str, Timeout]) -> PooledConnection:
    try:
        left = seconds_left(timeouts.get("pool"), httpcore.PoolTimeout)
        end = inf if left is None else time.monotonic() + left
        while not turn.wait(_slice(end)) and turn.connection is None and not pool.closed:
            if time.monotonic() >= end:
                raise httpcore.PoolTimeout
            pool.serve_waiting()
        if pool.closed or turn.connection is None:
            raise RuntimeError(CLOSED)
    except BaseException:
        if (connection := pool.leave(turn)) is not None:
            _give_back(pool, connection)
        raise
    return turn.connection


def _slice(end: float) -> float:
    """Seconds to sleep in the queue before the next check for connections that died."""
    return min(_WAKE_EVERY_S, max(0.0, end - time.monotonic()))


def _give_back(pool: Pool, connection: PooledConnection) -> None:
    if connection.http is None:
        pool.gone(connection)
    elif connection.shared or not connection.http.is_available():
        _drop(pool, connection)
    else:
        for doomed in pool.put(connection, time.monotonic()):
            doomed.network.close()


def _drop(pool: Pool, connection: PooledConnection) -> None:
    if not connection.shared:
        try:
            connection.network.close()
        finally:
            pool.gone(connection)


class _Body(httpx.SyncByteStream):
    """The bytes of an answer.

    Its connection goes back to the pool when all are read, and is closed where they are not.
    """

    def __init__(
        self, stream: Any, pool: Pool, connection: PooledConnection, request: httpx.Request
    ) -> None:
        self._stream = stream
        self._pool = pool
        self._request = request
        self._connection: PooledConnection | None = connection

    def __iter__(self) -> Iterator[bytes]:
        connection = self._connection
        try:
            yield from self._stream
        except BaseException as error:  # noqa: BLE001  # raised below, without this context
            failure = failure_of(error, self._request, connection)
            self._end(_drop)
        else:
            return
        raise failure

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._stream.close()
            except BaseException:
                self._end(_drop)
                raise
            self._end(_give_back)

    def _end(self, how: Callable[[Pool, PooledConnection], None]) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            how(self._pool, connection)


class AsyncHttpTransport(Transport, httpx.AsyncBaseTransport):
    """Async connections, for asyncio and trio; each event loop has its own."""

    _network, _factory = AsyncNetwork, httpcore.AsyncConnectionPool
    _closed = False
    _pools: dict[Any, Pool]

    def _start(self) -> None:
        # Kept alive, for its end might reach into an event loop of the parent process.
        self._of_parent = getattr(self, "_pools", None)
        self._pools = {}

    def _pool_here(self) -> Pool:
        """The pool of the running event loop; the connections of loops that have ended go."""
        loop = running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for other in [other for other in self._pools if has_ended(other)]:
                forget(self._pools.pop(other).all_idle())
            pool = self._pools[loop] = Pool(self.limits)
            pool.closed = self._closed
        return pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request; httpx's interface of transports."""
        origin = origin_of(request)
        pool = self._pool_here()
        connection = None
        upload = AsyncUpload(request)
        try:
            sent, timeouts = self.httpcore_request(request, origin, upload)
            connection = self.shared(pool, origin) or await self._take(pool, origin, timeouts)
            connection.begin()
            answer = await connection.http.handle_async_request(sent)
        except BaseException as error:  # noqa: BLE001  # raised below, without this context
            failure = failure_of(error, request, connection)
            if connection is not None:
                await _adrop(pool, connection)
            await upload.aclose()
        else:
            body = _AsyncBody(answer.stream, pool, connection, request)
            return httpx.Response(
                answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
            )
        try:
            raise failure
        finally:
            del failure

    async def _take(
        self, pool: Pool, origin: Origin, timeouts: dict[str, Timeout]
    ) -> PooledConnection:
        place, displaced = pool.take(origin, _TaskWaiter)
        connection = (
            await _await(pool, place, timeouts) if isinstance(place, _TaskWaiter) else place
        )
        try:
            if displaced is not None:
                await _aclose(displaced)
            while connection.http is not None and pool.is_dead(connection, time.monotonic()):
                await _aclose(connection)
                connection = pool.instead_of(connection)
            return connection if connection.http is not None else self.opened(connection)
        except BaseException:
            pool.gone(connection)
            raise

    async def aclose(self) -> None:
        """Closes idle connections; those in use close when their answers are read or closed."""
        self._closed = True
        here = self._pools.get(running_loop())
        for pool in self._pools.values():
            idle = pool.close()
            if pool is not here:
                forget(idle)
                continue
            for connection in idle:
                await _aclose(connection)
            for connection in pool.shared.values():
                await connection.http.aclose()


class _TaskWaiter(Waiter):
    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._event = anyio.Event()

    def wake(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._event.wait()
        return self._event.is_set()


async def _await(pool: Pool, turn: _TaskWaiter, timeouts: dict[str, Timeout]) -> PooledConnection:
    try:
        left = seconds_left(timeouts.get("pool"), httpcore.PoolTimeout)
        end = inf if left is None else time.monotonic() + left
        while not await turn.wait(_slice(end)) and turn.connection is None and not pool.closed:
            if time.monotonic() >= end:
                raise httpcore.PoolTimeout
            pool.serve_waiting()
        if pool.closed or turn.connection is None:
            raise RuntimeError(CLOSED)
    except BaseException:
        if (connection := pool.leave(turn)) is not None:
            await _agive_back(pool, connection)
        raise
    return turn.connection


async def _aclose(connection: PooledConnection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.network.aclose()


async def _agive_back(pool: Pool, connection: PooledConnection) -> None:
    if connection.http is None:
        pool.gone(connection)
    elif connection.shared or not connection.http.is_available():
        await _adrop(pool, connection)
    else:
        for doomed in pool.put(connection, time.monotonic()):
            await _aclose(doomed)


async def _adrop(pool: Pool, connection: PooledConnection) -> None:
    if not connection.shared:
        try:
            await _aclose(connection)
        finally:
            pool.gone(connection)


class _AsyncBody(httpx.AsyncByteStream):
    """`_Body` for async code.

    It is no generator: one that is not read to its end must be closed by hand, above all on trio.
    """

    def __init__(
        self, stream: Any, pool: Pool, connection: PooledConnection, request: httpx.Request
    ) -> None:
        self._stream = stream
        self._pool = pool
        self._request = request
        self._connection: PooledConnection | None = connection
        self._chunks: Any = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = aiter(self._stream)
        return self

    async def __anext__(self) -> bytes:
        connection = self._connection
        try:
            chunk: bytes = await anext(self._chunks)
        except StopAsyncIteration:
            raise
        except BaseException as error:  # noqa: BLE001  # raised below, without this context
            failure = failure_of(error, self._request, connection)
            await self._end(_adrop)
        else:
            return chunk
        raise failure

    async def aclose(self) -> None:
        if self._connection is not None:
            try:
                if self._chunks is not None:
                    await self._chunks.aclose()
                await self._stream.aclose()
            except BaseException:
                await self._end(_adrop)
                raise
            await self._end(_agive_back)

    async def _end(self, how: Callable[[Pool, PooledConnection], Awaitable[None]]) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await how(self._pool, connection)


for _kind in (HttpTransport, AsyncHttpTransport):  # help() shows the arguments of each
    _kind.__doc__ = f"{_kind.__doc__}\n{Transport.__doc__}"

"""The clients that generated ones derive from.

Everything of HTTP is behind `_run`; sync and async differ in that alone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self, TypeVar

import httpx

from purview_core.call.caller import without_token
from purview_core.call.exchange import aread, asend, read, send
from purview_core.call.failures import transport_error
from purview_core.call.pipeline import Attempt, Flow, arun, run
from purview_core.call.request import PreparedRequest, opened
from purview_core.library_internals import request_of
from purview_core.operation import Operation

from .base import Base, Bound, Response
from .monitor import Monitor, flow_begun
from .paging import AsyncPager, Pager
from .polling import AsyncPoller, Poller
from .session import async_session, async_sleep, close_async, close_sync, sync_session

T = TypeVar("T")


def _cut_off(
    error: httpx.RequestError, response: httpx.Response, prepared: PreparedRequest
) -> Exception:
    """A failure to read this answer is ours to name; one of the caller's own requests is not."""
    return transport_error(error, prepared) if request_of(error) is response.request else error


class Client(Base[httpx.BaseTransport]):
    """A client of one plane. Use it as a context manager, or close it.

    Args:
        endpoint: the account name, or any address of the account that people hold.
        auth: an httpx.Auth, such as purview_auth.ServicePrincipal.
        transport: an httpx.BaseTransport in place of the network.
        timeout: seconds for each of connect, read, write and pool, or an httpx.Timeout; default 60,
        connect 10. total_timeout: seconds for a call in all, with its retries and the waits between
        them; default 600. math.inf is
            no limit, for either. What is read from `stream` does not count.
        retry: see Retry; NO_RETRY sends everything once.
        api_version: sent in place of the plane's own.
        max_answer_bytes: the largest answer that is read into memory, decoded; default 64 MiB.
        Beyond it a TransportError.
            What is read from `stream` does not count.
        headers: added to each request; those that a call makes itself (Authorization, Host,
        Content-Type, ...) are refused. strict: raise ContractError where an answer is not what the
        document declares.
    """

    _start = staticmethod(sync_session)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _send_one(self, attempt: Attempt) -> httpx.Response:
        session, files = self._session, attempt.prepared.files
        transport = session.open_transport or session.transport()
        if files is None:
            request, token = self._caller.signed_request(attempt)
            return send(transport, session.auth, request, token=token)
        with opened(files) as ready:
            return send(transport, session.auth, self._caller.request(attempt, ready))

    def _open(self, attempt: Attempt) -> httpx.Response:
        """As `_send_one`, with a good answer left unread."""
        session = self._session
        transport = session.open_transport or session.transport()
        with opened(attempt.prepared.files or {}) as ready:
            request = self._caller.request(attempt, ready or None, whole=False)
            response = send(transport, session.auth, request, stream=True)
        if response.status_code >= 300:
            read(response)
        return response

    def _run(self, flow: Flow[T]) -> T:
        return run(flow, self._send_one, self._sleep)

    def call(
        self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None
    ) -> Response:
        """Calls an operation by its operationId, with parameters by wire name; raises what its
        method raises.
        """
        return self._run(
            self._responded(self._caller.prepare_by_name(operation_id, parameters, body))
        )

    def resume(self, token: str) -> Poller[Any]:
        """Goes on with the long-running operation that `Poller.token` was taken of; sends nothing
        yet.

        Raises ValueError for text that is no token of this plane.
        """
        return Poller(self, Monitor.resumed(self._caller, token))

    @contextmanager
    def stream(
        self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None
    ) -> Generator[httpx.Response]:
        """Calls as `call`, and gives the answer unread: `.iter_bytes()` keeps a large file out
        of memory.
        """
        prepared = self._caller.prepare_by_name(operation_id, parameters, body)
        response = run(self._caller.send(prepared, show=False), self._open, self._sleep)
        response.request = without_token(response.request)
        try:
            yield response
        except httpx.RequestError as error:  # cut off while it was read
            raise _cut_off(error, response, prepared) from None
        finally:
            response.close()

    def close(self) -> None:
        """Closes the connections; a client of a facade leaves them to the facade."""
        if self._owned:
            close_sync(self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(Base[httpx.AsyncBaseTransport]):
    """`Client` for asyncio and trio; `transport` is an httpx.AsyncBaseTransport."""

    _start = staticmethod(async_session)
    _sleep = staticmethod(async_sleep)

    async def _send_one(self, attempt: Attempt) -> httpx.Response:
        session, files = self._session, attempt.prepared.files
        transport = session.open_transport or session.transport()
        if files is None:
            request, token = self._caller.signed_request(attempt)
            return await asend(transport, session.auth, request, token=token)
        with opened(files) as ready:
            return await asend(transport, session.auth, self._caller.request(attempt, ready))

    async def _open(self, attempt: Attempt) -> httpx.Response:
        """As `_send_one`, with a good answer left unread."""
        session = self._session
        transport = session.open_transport or session.transport()
        with opened(attempt.prepared.files or {}) as ready:
            request = self._caller.request(attempt, ready or None, whole=False)
            response = await asend(transport, session.auth, request, stream=True)
        if response.status_code >= 300:
            await aread(response)
        return response

    async def _run(self, flow: Flow[T]) -> T:
        return await arun(flow, self._send_one, self._sleep)

    async def call(
        self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None
    ) -> Response:
        """Calls an operation by its operationId, with parameters by wire name; raises what its
        method raises.
        """
        return await self._run(
            self._responded(self._caller.prepare_by_name(operation_id, parameters, body))
        )

    def resume(self, token: str) -> AsyncPoller[Any]:
        """See `Client.resume`; not a coroutine, for nothing is sent yet."""
        return AsyncPoller(self, Monitor.resumed(self._caller, token))

    @asynccontextmanager
    async def stream(
        self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None
    ) -> AsyncGenerator[httpx.Response]:
        """Calls as `call`, and gives the answer unread: `.aiter_bytes()` keeps a large file out
        of memory.
        """
        prepared = self._caller.prepare_by_name(operation_id, parameters, body)
        response = await arun(self._caller.send(prepared, show=False), self._open, self._sleep)
        response.request = without_token(response.request)
        try:
            yield response
        except httpx.RequestError as error:  # cut off while it was read
            raise _cut_off(error, response, prepared) from None
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Closes the connections; a client of a facade leaves them to the facade."""
        if self._owned:
            await close_async(self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Group(Bound):
    """The operations of one resource; generated classes add their methods."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _send(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> T:
        client = self._client
        return client._run(client._caller.answer(operation, values, body))

    def _pages(
        self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None
    ) -> Pager[T]:
        return Pager(self._client, self._client._caller.prepare(operation, values, body))

    def _begin(
        self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None
    ) -> Poller[T]:
        client, caller = self._client, self._client._caller
        begun = flow_begun(caller, caller.prepare(operation, values, body))
        return Poller(client, client._run(begun))


class AsyncGroup(Bound):
    """`Group` for async clients."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def _send(
        self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None
    ) -> T:
        client = self._client
        return await client._run(client._caller.answer(operation, values, body))

    def _pages(
        self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None
    ) -> AsyncPager[T]:
        return AsyncPager(self._client, self._client._caller.prepare(operation, values, body))

    async def _begin(
        self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None
    ) -> AsyncPoller[T]:
        client, caller = self._client, self._client._caller
        begun = flow_begun(caller, caller.prepare(operation, values, body))
        return AsyncPoller(client, await client._run(begun))

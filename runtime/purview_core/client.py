"""The clients that generated ones derive from. Everything of HTTP is behind `_run`; sync and async differ in that alone."""

from __future__ import annotations

import difflib
import random as _random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any, ClassVar, Self, TypeVar

import attrs
import httpx

from .decoding import decode
from .endpoint import plane_endpoint
from .operation import API_VERSION, Operation, Plane
from .options import Retry, checked_headers
from .paging import AsyncPager, Pager
from .pipeline import Flow, arun, call, run, transport_error
from .polling import AsyncPoller, Monitor, Poller
from .request import Prepared, prepare
from .session import Session, Timeout, async_sleep, close_async, close_sync, http_options

T = TypeVar("T")


@attrs.frozen
class Response:
    """What `call` gives: the answer as it came, and `parsed`, what the method would have returned.

    `request` is what was sent, without its Authorization header.
    """

    status_code: int
    headers: httpx.Headers
    content: bytes = attrs.field(repr=False)
    request: httpx.Request
    parsed: Any


class _Base:
    """What both clients know: the plane, the endpoint, and how a call is prepared and read."""

    plane: ClassVar[Plane]

    def __init__(
        self,
        endpoint: str,
        *,
        retry: Retry | None,
        api_version: str | None,
        headers: Mapping[str, str] | None,
        strict: bool,
        cloud: str | None,
        tenant_endpoint: str | None,
    ) -> None:
        self.endpoint = plane_endpoint(self.plane.endpoint, endpoint, tenant_endpoint, cloud)
        self.api_version = api_version or self.plane.version
        if retry is not None and not isinstance(retry, Retry):
            raise TypeError(f"retry= takes a Retry, not {type(retry).__name__}")
        self._retry, self._strict, self._headers = retry or Retry(), strict, checked_headers(headers)
        self._random: Callable[[], float] = _random.random
        self._clock: Callable[[], float] = time.monotonic

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}{self.plane.prefix} {self.api_version}>"

    @property
    def _operations(self) -> Mapping[str, Operation[Any]]:
        found: Mapping[str, Operation[Any]] = import_module(f"{self.plane.package}.operations").OPERATIONS
        return found

    def _prepare(
        self, operation: Operation[Any], values: Sequence[Any], body: Any = None, version: str | None = None
    ) -> Prepared:
        return prepare(operation, self.endpoint, values, body, api_version=version or self.api_version)

    def _by_name(self, operation_id: str, parameters: Mapping[str, Any] | None, body: Any) -> Prepared:
        """A call by operationId and wire names; raises TypeError with the nearest names for one that is not known."""
        operations = self._operations
        if operation_id not in operations:
            raise TypeError(f"{self.plane.name} has no operation {operation_id!r}{_nearest(operation_id, operations)}")
        operation, given = operations[operation_id], dict(parameters or {})
        known = {p.wire_name for p in operation.parameters}
        if unknown := sorted(set(given) - known):
            raise TypeError(f"{operation_id} has no parameter {unknown[0]!r}{_nearest(unknown[0], known)}")
        values = [given.get(p.wire_name) for p in operation.arguments]
        return self._prepare(operation, values, body, given.get(API_VERSION.wire_name))

    def _call(self, prepared: Prepared) -> Flow[httpx.Response]:
        return call(prepared, self.plane, self._retry, self._random)

    def _decode(self, operation: Operation[Any], response: httpx.Response) -> Any:
        media = response.headers.get("content-type")
        return decode(operation, response.status_code, response.content, content_type=media, strict=self._strict)

    def _answered(self, prepared: Prepared) -> Flow[Any]:
        response = yield from self._call(prepared)
        return self._decode(prepared.operation, response)

    def _responded(self, prepared: Prepared) -> Flow[Response]:
        response = yield from self._call(prepared)
        parsed = self._decode(prepared.operation, response)
        return Response(
            response.status_code, response.headers, response.content, _without_token(response.request), parsed
        )

    def _started(self, prepared: Prepared) -> Flow[Monitor[Any]]:
        response = yield from self._call(prepared)
        return Monitor(self, prepared, response)  # type: ignore[arg-type]

    def _build(self, http: httpx.Client | httpx.AsyncClient, prepared: Prepared) -> httpx.Request:
        file = "bytes" in prepared.operation.types.values()
        headers: Any = {"Accept": "*/*" if file else "application/json", **prepared.headers}
        if self._headers:  # names in any case; what a request needs comes last, and wins
            headers = httpx.Headers({"Accept": headers["Accept"]})
            headers.update(self._headers)
            headers.update(prepared.headers)
        return http.build_request(
            prepared.method, prepared.url, headers=headers, content=prepared.content, files=prepared.files
        )


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(sorted(known)[:20])}"


def _without_token(request: httpx.Request) -> httpx.Request:
    headers = [(k, v) for k, v in request.headers.multi_items() if k != "authorization"]
    content = request.content if hasattr(request, "_content") else None
    return httpx.Request(request.method, request.url, headers=headers, content=content)


def _cut_off(error: httpx.RequestError, response: httpx.Response, prepared: Prepared) -> Exception:
    """A failure to read this answer is ours to name; one of the caller's own requests is not."""
    return transport_error(error, prepared) if error._request is response.request else error


class Client(_Base):
    """A client of one plane. Use it as a context manager, or close it.

    Args:
        endpoint: the account name, or any address of the account that people hold.
        auth: an httpx.Auth, such as purview_auth.ServicePrincipal.
        transport: an httpx.BaseTransport in place of the network.
        timeout: seconds for each of connect, read, write and pool, or an httpx.Timeout.
        retry: see Retry; NO_RETRY sends everything once.
        api_version: sent in place of the plane's own.
        headers: added to each request; Authorization and Host are refused.
        strict: raise ContractError where an answer is not what the document declares.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        auth: httpx.Auth | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: Timeout = None,
        retry: Retry | None = None,
        api_version: str | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool = False,
        cloud: str | None = None,
        tenant_endpoint: str | None = None,
        _session: Session | None = None,
    ) -> None:
        super().__init__(
            endpoint,
            retry=retry,
            api_version=api_version,
            headers=headers,
            strict=strict,
            cloud=cloud,
            tenant_endpoint=tenant_endpoint,
        )
        self._owned = _session is None
        self._session = _session or Session(lambda: httpx.Client(**http_options(auth, transport, timeout)))
        self._sleep: Callable[[float], None] = time.sleep

    def _send_one(self, prepared: Prepared) -> httpx.Response:
        http: httpx.Client = self._session.http
        return http.send(self._build(http, prepared))

    def _open(self, prepared: Prepared) -> httpx.Response:
        """As `_send_one`, with a good answer left unread."""
        http: httpx.Client = self._session.http
        response = http.send(self._build(http, prepared), stream=True)
        if response.status_code >= 300:
            try:
                response.read()
            finally:
                response.close()
        return response

    def _run(self, flow: Flow[T]) -> T:
        return run(flow, self._send_one, self._sleep)

    def call(self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None) -> Response:
        """Calls an operation by its operationId, with parameters by wire name; raises what its method raises."""
        return self._run(self._responded(self._by_name(operation_id, parameters, body)))

    @contextmanager
    def stream(
        self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None
    ) -> Generator[httpx.Response]:
        """Calls as `call`, and gives the answer unread: `.iter_bytes()` keeps a large file out of memory."""
        prepared = self._by_name(operation_id, parameters, body)
        response = run(self._call(prepared), self._open, self._sleep)
        response.request = _without_token(response.request)
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


class AsyncClient(_Base):
    """`Client` for asyncio and trio; `transport` is an httpx.AsyncBaseTransport."""

    def __init__(
        self,
        endpoint: str,
        *,
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: Timeout = None,
        retry: Retry | None = None,
        api_version: str | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool = False,
        cloud: str | None = None,
        tenant_endpoint: str | None = None,
        _session: Session | None = None,
    ) -> None:
        super().__init__(
            endpoint,
            retry=retry,
            api_version=api_version,
            headers=headers,
            strict=strict,
            cloud=cloud,
            tenant_endpoint=tenant_endpoint,
        )
        self._owned = _session is None
        self._session = _session or Session(lambda: httpx.AsyncClient(**http_options(auth, transport, timeout)))
        self._sleep: Callable[[float], Awaitable[None]] = async_sleep

    async def _send_one(self, prepared: Prepared) -> httpx.Response:
        http: httpx.AsyncClient = self._session.http
        return await http.send(self._build(http, prepared))

    async def _open(self, prepared: Prepared) -> httpx.Response:
        """As `_send_one`, with a good answer left unread."""
        http: httpx.AsyncClient = self._session.http
        response = await http.send(self._build(http, prepared), stream=True)
        if response.status_code >= 300:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response

    async def _run(self, flow: Flow[T]) -> T:
        return await arun(flow, self._send_one, self._sleep)

    async def call(self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None) -> Response:
        """Calls an operation by its operationId, with parameters by wire name; raises what its method raises."""
        return await self._run(self._responded(self._by_name(operation_id, parameters, body)))

    @asynccontextmanager
    async def stream(
        self, operation_id: str, parameters: Mapping[str, Any] | None = None, body: Any = None
    ) -> AsyncGenerator[httpx.Response]:
        """Calls as `call`, and gives the answer unread: `.aiter_bytes()` keeps a large file out of memory."""
        prepared = self._by_name(operation_id, parameters, body)
        response = await arun(self._call(prepared), self._open, self._sleep)
        response.request = _without_token(response.request)
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


class Group:
    """The operations of one resource; generated classes add their methods."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _send(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> T:
        client = self._client
        answer: T = client._run(client._answered(client._prepare(operation, values, body)))
        return answer

    def _pages(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> Pager[T]:
        return Pager(self._client, self._client._prepare(operation, values, body))

    def _begin(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> Poller[T]:
        client = self._client
        return Poller(client, client._run(client._started(client._prepare(operation, values, body))))


class AsyncGroup:
    """`Group` for async clients."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def _send(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> T:
        client = self._client
        answer: T = await client._run(client._answered(client._prepare(operation, values, body)))
        return answer

    def _pages(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> AsyncPager[T]:
        return AsyncPager(self._client, self._client._prepare(operation, values, body))

    async def _begin(self, operation: Operation[T], values: Sequence[Any] = (), body: Any = None) -> AsyncPoller[T]:
        client = self._client
        return AsyncPoller(client, await client._run(client._started(client._prepare(operation, values, body))))

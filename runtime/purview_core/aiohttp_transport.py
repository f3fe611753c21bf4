"""aiohttp's connections for async clients on asyncio, by way of httpx-aiohttp: the extra `aiohttp`. Quicker with many tasks."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import httpx

from .connecting import Transport, Trust

try:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport
except ImportError as error:
    raise ImportError("this transport needs httpx-aiohttp: pip install 'purview-dataplane[aiohttp]'") from error

# httpx-aiohttp calls every lost connection a ConnectTimeout, as if nothing had been sent; the first that fits counts
_KINDS: tuple[tuple[type[Exception], type[httpx.TransportError], str], ...] = (
    (aiohttp.ClientHttpProxyError, httpx.ProxyError, "the proxy refused to connect"),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError, "the proxy could not be reached"),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout, "no connection in time"),
    (aiohttp.ClientConnectorError, httpx.ConnectError, "could not connect"),
    (aiohttp.ClientSSLError, httpx.ConnectError, "could not connect: TLS failed"),
    (TimeoutError, httpx.ReadTimeout, "no answer in time"),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol, "not an http or https URL with a host"),
    (
        aiohttp.ServerDisconnectedError,
        httpx.RemoteProtocolError,
        "the server disconnected before its answer was complete",
    ),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError, "the answer is not valid HTTP"),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError, "the answer is not complete"),
    (aiohttp.ClientError, httpx.ReadError, "the connection was lost before the answer was complete"),
)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def fast_async_transport(
    *,
    max_connections: int = 100,
    keepalive_expiry_s: float | None = 30.0,
    ssl_context: Trust = None,
    proxy: str | httpx.URL | None = None,
    trust_env: bool = True,
) -> AsyncAiohttpTransport:
    """A transport for one event loop of asyncio; the arguments are those of AsyncHttpTransport.

    Differs from it: the pool timeout covers connecting too; a GET, HEAD, PUT, DELETE or OPTIONS whose kept connection turns
    out closed is sent again by aiohttp; user and password of a proxy serve https URLs alone; no HTTP/2, no SOCKS, no trio.
    """
    return AsyncAiohttpTransport(
        max_connections=max_connections,
        keepalive_expiry_s=keepalive_expiry_s,
        ssl_context=ssl_context,
        proxy=proxy,
        trust_env=trust_env,
    )


class AsyncAiohttpTransport(Transport, httpx.AsyncBaseTransport):
    """See `fast_async_transport`."""

    _session: aiohttp.ClientSession | None = None
    _loop: Any = None
    _closed = False

    def _start(self) -> None:
        if self._proxies.socks:
            raise ValueError("aiohttp knows no SOCKS proxies: use AsyncHttpTransport")
        self._of_parent = (
            self._session
        )  # not let go: its end would reach into an event loop shared with the parent process
        self._session, self._by_proxy = None, dict[httpx.URL | None, AiohttpTransport]()

    def _inner(self, request: httpx.Request) -> AiohttpTransport:
        url, loop = request.url, asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError("the transport is closed")
        if self._session is None:
            self._session, self._loop = self._new_session(), loop
        if loop is not self._loop:
            raise RuntimeError(
                "aiohttp's connections belong to the event loop they were made in: make a client for each loop"
            )
        proxy = self._proxies.of(url.scheme, url.host, url.port)
        if proxy not in self._by_proxy:
            via = None if proxy is None else _proxy(proxy)
            self._by_proxy[proxy] = AiohttpTransport(verify=self._context(), client=self._session, proxy=via)
        return self._by_proxy[proxy]

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections, keepalive_timeout=self.limits.keepalive_expiry_s, ssl=self._context()
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        inner, deadline = self._inner(request), request.extensions.get("deadline")
        try:
            async with _until(deadline):
                response = await inner.handle_async_request(request)
        except (httpx.RequestError, aiohttp.ClientError, TimeoutError) as error:
            failure = _mapped(error, request)
        else:
            response.stream = _Body(response.stream, request, deadline)
            return response
        raise failure

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()


def _proxy(url: httpx.URL) -> httpx.Proxy:
    """With the credentials as a header, since the class that aiohttp had for them is to go."""
    token = b64encode(f"{url.username}:{url.password}".encode()).decode()
    headers = {"Proxy-Authorization": f"Basic {token}"} if url.userinfo else None
    return httpx.Proxy(url.copy_with(username="", password=""), headers=headers)


def _until(deadline: float | None) -> AbstractAsyncContextManager[Any]:
    if deadline is None:
        return nullcontext()
    return asyncio.timeout(deadline - time.monotonic())


def _mapped(error: Exception, request: httpx.Request) -> httpx.TransportError:
    source = error.__cause__ if isinstance(error, httpx.RequestError) else error
    kind, text = next(
        ((kind, text) for known, kind, text in _KINDS if isinstance(source, known)), (httpx.ReadError, "lost")
    )
    made = kind(text, request=request)
    made.__dict__.update(never_sent=isinstance(made, _NEVER_SENT), on_reused_connection=False)
    return made


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any, request: httpx.Request, deadline: float | None) -> None:
        self._stream, self._request, self._deadline = stream, request, deadline

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        while True:
            try:
                async with _until(self._deadline):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except (httpx.RequestError, aiohttp.ClientError, TimeoutError) as error:
                failure = _mapped(error, self._request)
                break
            yield chunk
        await self.aclose()
        raise failure

    async def aclose(self) -> None:
        await self._stream.aclose()

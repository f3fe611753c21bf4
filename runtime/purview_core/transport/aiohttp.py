"""aiohttp's connections for async clients on asyncio: the extra `aiohttp`, faster with many tasks.

It stands on aiohttp itself. httpx-aiohttp reports every lost connection as a ConnectTimeout, after
which a POST would be sent again.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import lru_cache
from math import inf
from typing import Any

import httpx

from .connecting import CLOSED, Transport, Trust
from .stream import unreached

try:
    import aiohttp
except ImportError as error:
    raise ImportError(
        "this transport needs aiohttp: pip install 'purview-dataplane[aiohttp]'"
    ) from error
from yarl import URL  # aiohttp's own

# The first kind that fits counts. A request that may have been sent never fails to connect.
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
    (
        aiohttp.ClientError,
        httpx.ReadError,
        "the connection was lost before the answer was complete",
    ),
)
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


# aiohttp would add these headers to a request, which has those that it should have.
_NOT_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
# In place of 0, which aiohttp takes for no end.
_NO_TIME_S = 1e-6


def fast_async_transport(
    *,
    max_connections: int = 100,
    keepalive_expiry_s: float | None = 30.0,
    ssl_context: Trust = None,
    proxy: str | httpx.URL | None = None,
    trust_env: bool = True,
) -> AsyncAiohttpTransport:
    """A transport for one event loop of asyncio.

    The arguments are those of AsyncHttpTransport, and so is the extension "deadline". It differs in
    three points: waiting for a connection and connecting share one time, the pool and connect
    timeouts together; aiohttp sends a GET, HEAD, PUT, DELETE or OPTIONS again whose kept connection
    turns out to be closed; and there is no HTTP/2, no SOCKS and no trio.
    """
    return AsyncAiohttpTransport(
        max_connections=max_connections,
        keepalive_expiry_s=keepalive_expiry_s,
        ssl_context=ssl_context,
        proxy=proxy,
        trust_env=trust_env,
    )


class AsyncAiohttpTransport(Transport, httpx.AsyncBaseTransport):
    """The transport that `fast_async_transport` makes."""

    _session: aiohttp.ClientSession | None = None
    _loop: Any = None
    _closed = False

    def _start(self) -> None:
        if self._proxies.socks:
            raise ValueError("aiohttp knows no SOCKS proxies: use AsyncHttpTransport")
        # Kept alive, for its end would reach into an event loop shared with the parent process.
        self._of_parent = self._session
        self._session = None

    def _here(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError(CLOSED)
        if self._session is None:
            kept = self.limits.keepalive_expiry_s
            connector = aiohttp.TCPConnector(
                limit=self.limits.max_connections, keepalive_timeout=kept
            )
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=jar,
                auto_decompress=False,
                skip_auto_headers=_NOT_ADDED,
            )
            self._loop = loop
        if loop is not self._loop:
            raise RuntimeError(
                "aiohttp's connections belong to the event loop they were made in: "
                "make a client for each loop"
            )
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request; httpx's interface of transports."""
        session = self._here()
        deadline = request.extensions.get("deadline")
        upload = _Upload(request)
        timeouts = request.extensions.get("timeout") or {}
        try:
            async with _until(deadline):
                answer = await session.request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    data=upload.whole if upload.chunks is None else upload,
                    allow_redirects=False,
                    timeout=_timeout(
                        timeouts.get("connect"), timeouts.get("pool"), timeouts.get("read")
                    ),
                    **self._options(request),
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            url = request.url
            way = self._proxies.named(url.scheme, url.host, url.port)
            failure = upload.error or unreached(_mapped(error, request), way)
        else:
            return _response(answer, request, deadline)
        raise failure

    def _options(self, request: httpx.Request) -> dict[str, Any]:
        """Headers, TLS and proxy of a request."""
        url = request.url
        text, pairs = request.headers.encoding, request.headers.raw
        # aiohttp's
        headers = [
            (k.decode(text), v.decode(text)) for k, v in pairs if k.lower() != b"transfer-encoding"
        ]
        options: dict[str, Any] = {"headers": headers}
        if url.scheme == "https":
            options["ssl"] = self._context()
        proxy = self._proxies.of(url.scheme, url.host, url.port)
        if proxy is None:
            return options
        options["proxy"] = str(proxy.copy_with(username=None, password=None))
        if proxy.userinfo:
            token = b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
            line = ("Proxy-Authorization", f"Basic {token}")
            if url.scheme == "https":
                options["proxy_headers"] = dict([line])
            else:
                headers.append(line)
        return options

    async def aclose(self) -> None:
        """Closes all connections."""
        self._closed = True
        if self._session is not None:
            await self._session.close()


def _response(
    answer: aiohttp.ClientResponse, request: httpx.Request, deadline: float | None
) -> httpx.Response:
    """The answer as httpx has it, with its body or a stream of it."""
    version, reason = answer.version or (1, 1), (answer.reason or "").encode()
    extensions = {
        "http_version": b"HTTP/%d.%d" % (version[0], version[1]),
        "reason_phrase": reason,
    }
    body: dict[str, Any] = {"stream": _Body(answer, request, deadline)}
    # httpx would decode a body of bytes at once, whole or not, so a coded one streams.
    plain = "Content-Encoding" not in answer.headers
    if (
        plain
        and answer.content.is_eof()
        and answer.content_length
        and answer.content.exception() is None
    ):
        body = {"content": answer.content.read_nowait()}  # a small one came whole
    return httpx.Response(
        answer.status, headers=list(answer.raw_headers), extensions=extensions, **body
    )


@lru_cache(16)
def _timeout(
    connect: float | None, pool: float | None, read: float | None
) -> aiohttp.ClientTimeout:
    connect, pool, read = (
        None if value in {None, inf} else value or _NO_TIME_S for value in (connect, pool, read)
    )
    together = None if connect is None or pool is None else connect + pool
    return aiohttp.ClientTimeout(total=None, connect=together, sock_connect=connect, sock_read=read)


def _until(deadline: float | None) -> AbstractAsyncContextManager[Any]:
    return nullcontext() if deadline is None else asyncio.timeout(deadline - time.monotonic())


def _mapped(error: Exception, request: httpx.Request) -> httpx.TransportError:
    kind, text = next((kind, text) for known, kind, text in _KINDS if isinstance(error, known))
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        text = f"{text}: {error.__cause__ or error}"
    made = kind(text, request=request)
    made.__dict__.update(never_sent=isinstance(made, _NEVER_SENT), on_reused_connection=False)
    return made


class _Upload:
    """The body of a request.

    It keeps the error of the caller's own body, which aiohttp hides behind one of its own.
    """

    def __init__(self, request: httpx.Request) -> None:
        known = isinstance(request.stream, httpx.ByteStream)
        self.whole = (request.content or None) if known else None
        self.chunks: Any = None if known else request.stream
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.chunks:
                yield chunk
        except Exception as error:
            self.error = error
            raise


class _Body(httpx.AsyncByteStream):
    def __init__(
        self, answer: aiohttp.ClientResponse, request: httpx.Request, deadline: float | None
    ) -> None:
        self._answer = answer
        self._request = request
        self._deadline = deadline

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            if self._deadline is None:
                chunk = await self._answer.content.readany()
            else:
                async with _until(self._deadline):
                    chunk = await self._answer.content.readany()
        except (aiohttp.ClientError, TimeoutError) as error:
            failure = _mapped(error, self._request)
        else:
            if not chunk:
                raise StopAsyncIteration
            return chunk
        self._answer.close()
        raise failure

    async def aclose(self) -> None:
        """Closes all connections."""
        self._answer.close()  # one that was read has left its connection already

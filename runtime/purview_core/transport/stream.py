"""Network streams for httpcore that end at a deadline and note how far an exchange came.

httpcore hands the timeouts of a request on to the stream that reads and writes, without a look at
them. So a `Deadline` may stand where it would have a number.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from math import inf
from typing import Any, TypeVar

import httpcore
import httpx

from purview_auth.network.trust import distrust_hint

T = TypeVar("T", bound=Exception)
# Sockets take 0 for "do not block" and refuse infinity.
_ODD_SECONDS = frozenset({0, inf})
# What a socket that is ready takes at once, so that the deadline is checked in between.
_PIECE_BYTES = 16 * 1024
_ERRORS_WITH_SAFE_TEXT = (OSError, httpcore.ConnectError, httpcore.ReadError, httpcore.WriteError)


class Deadline:
    """The time that each step of an exchange may take, and the moment at which the exchange ends.

    Args:
        seconds: for one step; None for no end.
        end: of the whole exchange, a time.monotonic() value; inf for none.
    """

    __slots__ = ("seconds", "end")

    def __init__(self, seconds: float | None, end: float) -> None:
        self.seconds = inf if seconds is None else seconds
        self.end = end

    def left(self, kind: type[Exception]) -> float | None:
        """Seconds that a step beginning now may take, None for no end.

        Raises:
            Exception: of the given kind, where no time is left.
        """
        seconds = min(self.seconds, self.end - time.monotonic())
        if seconds <= 0:
            raise kind("no time left")
        return None if seconds == inf else seconds


Timeout = float | Deadline | None
"""Of one step: seconds, or a deadline, or None for no end."""


def timeouts_of(extensions: Mapping[str, Any], *, always: bool = False) -> dict[str, Timeout]:
    """The timeouts of a request, by httpx's names for the steps.

    They are deadlines where the request has the extension "deadline", where one of them is 0 or
    inf, and where `always` is set; otherwise they are those of the request, as they are.
    """
    timeouts: dict[str, Timeout] = extensions.get("timeout") or {}
    deadline: float | None = extensions.get("deadline")
    if deadline is None and not always and _ODD_SECONDS.isdisjoint(timeouts.values()):
        return timeouts
    end = inf if deadline is None else deadline
    seconds: Mapping[str, float | None] = extensions.get("timeout") or {}
    return {name: Deadline(seconds.get(name), end) for name in ("connect", "read", "write", "pool")}


def seconds_left(timeout: Timeout, kind: type[Exception]) -> float | None:
    """Seconds that a step beginning now may take, None for no end; raises `kind` where none are."""
    return timeout.left(kind) if isinstance(timeout, Deadline) else timeout


class Network:
    """The network of one connection, and how far the current exchange on it came.

    Attributes:
        layers: TLS layers below the request; what goes through fewer is meant for a proxy.
        greeting: timeout of the greeting of a SOCKS proxy, for which httpcore names none.
        stream: the innermost stream that is open, None before it connects.
        sent: whether a byte of the request may have left.
        answered: whether a byte of the answer came.
        route: through which proxy it goes, as text for errors; empty for none.
    """

    def __init__(self, layers: int = 0, *, socks: bool = False) -> None:
        self.layers, self.socks = layers, socks
        self.greeting: Timeout = None
        self.stream: Any = None
        self.sent = self.answered = False
        self.route = ""


class _Stream:
    """What both kinds of stream share; the inner stream reads and writes."""

    def __init__(self, inner: Any, network: Network, layer: int = 0) -> None:
        self._inner = inner
        self._network = network
        self._layer = layer
        self._last = layer == network.layers
        network.stream = self

    def _seconds(self, timeout: Timeout, kind: type[Exception]) -> float | None:
        return seconds_left(self._network.greeting if timeout is None else timeout, kind)

    def _own(self, timeout: Timeout) -> bool:
        """Whether this step is of the request, not of getting through a proxy."""
        return self._last and (timeout is not None or self._network.greeting is None)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about the socket, such as whether it is readable."""
        return self._inner.get_extra_info(info)


class SyncStream(_Stream, httpcore.NetworkStream):
    """A stream of sync code."""

    def read(self, max_bytes: int, timeout: Timeout = None) -> bytes:
        """Some bytes, at most `max_bytes`; none at the end."""
        data: bytes = self._inner.read(max_bytes, self._seconds(timeout, httpcore.ReadTimeout))
        if data and self._own(timeout):
            self._network.answered = True
        return data

    def write(self, buffer: bytes, timeout: Timeout = None) -> None:
        """Sends all of the buffer; a long one in pieces, where there is a deadline."""
        seconds = self._seconds(timeout, httpcore.WriteTimeout)
        if buffer and self._own(timeout):
            self._network.sent = True
        if len(buffer) <= _PIECE_BYTES or not isinstance(timeout, Deadline):
            self._inner.write(buffer, seconds)
            return
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._inner.write(
                buffer[start : start + _PIECE_BYTES], timeout.left(httpcore.WriteTimeout)
            )

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: Timeout = None
    ) -> SyncStream:
        """A stream like this one, over TLS."""
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        return SyncStream(
            self._inner.start_tls(ssl_context, server_hostname, seconds),
            self._network,
            self._layer + 1,
        )

    def close(self) -> None:
        """Closes the socket."""
        self._inner.close()


class SyncNetwork(Network, httpcore.NetworkBackend):
    """The network of a connection of sync code."""

    _backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Timeout = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> SyncStream:
        """Connects to a host, within the time given for all of its addresses."""
        self.greeting = timeout if self.socks else None
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        if seconds is None:
            return SyncStream(
                self._backend.connect_tcp(host, port, None, local_address, socket_options), self
            )
        end, addresses = time.monotonic() + seconds, _addresses(host, port)
        for tried, address in enumerate(addresses):
            # A socket would give each of the addresses the whole time.
            share = max(end - time.monotonic(), 0.001) / (len(addresses) - tried)
            try:
                inner = self._backend.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses) - 1:
                    raise
            else:
                return SyncStream(inner, self)
        raise AssertionError("a name has at least one address")

    def close(self) -> None:
        """Closes the socket."""
        if self.stream is not None:
            self.stream.close()


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class AsyncStream(_Stream, httpcore.AsyncNetworkStream):
    """A stream of asyncio or trio.

    Errors of TLS come out of httpcore's async streams as they are, so they get their kind here.
    """

    async def read(self, max_bytes: int, timeout: Timeout = None) -> bytes:
        """Some bytes, at most `max_bytes`; none at the end."""
        try:
            data: bytes = await self._inner.read(
                max_bytes, self._seconds(timeout, httpcore.ReadTimeout)
            )
        except OSError as error:
            raise httpcore.ReadError(error) from error
        if data and self._own(timeout):
            self._network.answered = True
        return data

    async def write(self, buffer: bytes, timeout: Timeout = None) -> None:
        """Sends all of the buffer."""
        seconds = self._seconds(timeout, httpcore.WriteTimeout)
        if buffer and self._own(timeout):
            self._network.sent = True
        try:
            await self._inner.write(buffer, seconds)
        except OSError as error:
            raise httpcore.WriteError(error) from error

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: Timeout = None
    ) -> AsyncStream:
        """A stream like this one, over TLS."""
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, seconds)
        except OSError as error:
            raise httpcore.ConnectError(error) from error
        return AsyncStream(inner, self._network, self._layer + 1)

    async def aclose(self) -> None:
        """Closes the socket."""
        await self._inner.aclose()


class AsyncNetwork(Network, httpcore.AsyncNetworkBackend):
    """The network of a connection of asyncio or trio."""

    _backend: Any = httpcore.AnyIOBackend()  # for asyncio and trio

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Timeout = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> AsyncStream:
        """Connects to a host, within the time given for all of its addresses."""
        self.greeting = timeout if self.socks else None
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        return AsyncStream(
            await self._backend.connect_tcp(host, port, seconds, local_address, socket_options),
            self,
        )

    async def aclose(self) -> None:
        """Closes the socket."""
        if self.stream is not None:
            await self.stream.aclose()


_HTTPX_ERRORS: dict[type[Exception], tuple[type[httpx.TransportError], str]] = {
    httpcore.ConnectTimeout: (httpx.ConnectTimeout, "no connection in time"),
    httpcore.ReadTimeout: (httpx.ReadTimeout, "no answer in time"),
    httpcore.WriteTimeout: (httpx.WriteTimeout, "the request could not be sent in time"),
    httpcore.PoolTimeout: (httpx.PoolTimeout, "no connection came free in time"),
    httpcore.ConnectError: (httpx.ConnectError, "could not connect"),
    httpcore.ReadError: (httpx.ReadError, "the connection was lost before the answer was complete"),
    httpcore.WriteError: (httpx.WriteError, "the connection was lost before the request was sent"),
    httpcore.ProxyError: (httpx.ProxyError, "the proxy refused to connect"),
    httpcore.UnsupportedProtocol: (httpx.UnsupportedProtocol, "not an http or https URL"),
    httpcore.LocalProtocolError: (httpx.LocalProtocolError, "the request is not valid HTTP"),
    httpcore.RemoteProtocolError: (
        httpx.RemoteProtocolError,
        "the answer is not complete, or not valid HTTP",
    ),
}
_BEFORE_IT_WAS_SENT: dict[type[Exception], type[Exception]] = {
    httpcore.ReadTimeout: httpcore.ConnectTimeout,
    httpcore.WriteTimeout: httpcore.ConnectTimeout,
    httpcore.ReadError: httpcore.ConnectError,
    httpcore.WriteError: httpcore.ConnectError,
    httpcore.RemoteProtocolError: httpcore.ConnectError,
}
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def unreached(error: T, route: str) -> T:
    """The same error, with what helps to find out why a service could not be reached.

    Args:
        error: of any kind; those that are not of connecting are left as they are.
        route: through which proxy the service was asked; empty for none.

    Returns:
        The error itself: its text names the route, its `.hint` says what to do where that is known.
    """
    if not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
        return error
    if hint := distrust_hint(error):
        error.__dict__["hint"] = hint
    if route:
        error.args = (f"{error}, {route}",)
    return error


def httpx_error(
    error: Exception,
    request: httpx.Request,
    network: Network | None,
    *,
    reused: bool,
    route: str = "",
) -> Exception:
    """The httpx error for one of httpcore; other errors, as of the caller's own body, as they are.

    An error before a byte of the request was sent becomes a ConnectError or a ConnectTimeout, or a
    ProxyError where a proxy refused; a later one the httpx error of the same name.

    Args:
        error: what was raised.
        request: the request that failed.
        network: its network; None where exchanges share one, so that nobody knows how far it came.
        reused: whether the connection had served another request before.
        route: through which proxy it went; empty for none.

    Returns:
        An error with `.never_sent`, and with `.on_reused_connection`, which is true where a kept
        connection ended before a byte of the answer came.
    """
    kind = type(error)
    if kind not in _HTTPX_ERRORS:
        return error
    if network is not None and not network.sent:
        kind = _BEFORE_IT_WAS_SENT.get(kind, kind)
    made = _HTTPX_ERRORS[kind][0]
    mapped = unreached(made(_text_of(error, kind), request=request), route)
    never_sent = isinstance(mapped, _NEVER_SENT) or (network is not None and not network.sent)
    stale = (
        reused
        and network is not None
        and not network.answered
        and isinstance(mapped, (httpx.NetworkError, httpx.RemoteProtocolError))
    )
    mapped.__dict__.update(never_sent=never_sent, on_reused_connection=stale)
    return mapped


def _text_of(error: Exception, kind: type[Exception]) -> str:
    """What the operating system or TLS said, or a fixed text.

    The texts of httpcore's other errors may hold a header or a part of a body.
    """
    text = _HTTPX_ERRORS[kind][1]
    if isinstance(error, _ERRORS_WITH_SAFE_TEXT) and kind is type(error):
        return str(error) or text
    if kind is httpcore.ProxyError and (code := str(error)[:3]).isdecimal():
        return f"{text}: {code}"
    return text

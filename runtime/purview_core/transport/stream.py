"""Bytes on the wire: httpcore's network streams, with an end to each exchange and a note of how far it came."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from math import inf
from typing import Any, Self, TypeVar

import httpcore
import httpx

from purview_auth.network.trust import distrust_hint

T = TypeVar("T", bound=Exception)
_ODD_SECONDS = frozenset({0, inf})  # sockets take neither for what it says
_PIECE_BYTES = (
    16 * 1024
)  # what a socket that is ready takes at once, so that a deadline is looked at in between
_SHOWN = (OSError, httpcore.ConnectError, httpcore.ReadError, httpcore.WriteError)


class Clip(float):
    """Seconds that each step may take, and never past a deadline (a time.monotonic() value).

    httpcore hands the timeouts of a request down as they are, so this reaches the stream that reads or writes for it.
    """

    __slots__ = ("deadline",)
    deadline: float

    @classmethod
    def of(cls, seconds: float | None, deadline: float) -> Self:
        made = cls(inf if seconds is None else seconds)
        made.deadline = deadline
        return made

    def left(self, kind: type[Exception]) -> float | None:
        """Seconds from now on, None for no end; raises `kind` where there are none left."""
        seconds = min(float(self), self.deadline - time.monotonic())
        if seconds <= 0:
            raise kind("no time left")
        return None if seconds == inf else seconds


def limits_of(extensions: Mapping[str, Any], *, always: bool = False) -> dict[str, float | None]:
    """The timeouts of a request, as Clips where it has a deadline, a timeout of 0 or inf, or `always`."""
    timeouts: dict[str, float | None] = extensions.get("timeout") or {}
    deadline: float | None = extensions.get("deadline")
    if deadline is None and not always and _ODD_SECONDS.isdisjoint(timeouts.values()):
        return timeouts
    end = inf if deadline is None else deadline
    return {name: Clip.of(timeouts.get(name), end) for name in ("connect", "read", "write", "pool")}


def seconds_left(timeout: float | None, kind: type[Exception]) -> float | None:
    return timeout.left(kind) if isinstance(timeout, Clip) else timeout


class Wire:
    """How far the exchange on one connection came.

    `layers`: TLS layers below the request itself; what is written under fewer is talk with a proxy.
    `greeting`: the time for a SOCKS proxy's greeting, for which httpcore names none.
    """

    def __init__(self, layers: int = 0, *, socks: bool = False) -> None:
        self.layers, self.socks = layers, socks
        self.greeting: float | None = None
        self.stream: Any = None
        self.sent = self.answered = False
        self.way = ""  # through which proxy, as text


class _Stream:
    """What both kinds of stream share; `inner` does the reading and writing."""

    def __init__(self, inner: Any, wire: Wire, layer: int = 0) -> None:
        self._inner, self._wire, self._layer = inner, wire, layer
        self._last = layer == wire.layers
        wire.stream = self

    def _seconds(self, timeout: float | None, kind: type[Exception]) -> float | None:
        return seconds_left(self._wire.greeting if timeout is None else timeout, kind)

    def _own(self, timeout: float | None) -> bool:
        """Whether this step is of the request, not of getting through a proxy."""
        return self._last and (timeout is not None or self._wire.greeting is None)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class SyncStream(_Stream, httpcore.NetworkStream):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._inner.read(max_bytes, self._seconds(timeout, httpcore.ReadTimeout))
        if data and self._own(timeout):
            self._wire.answered = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        seconds = self._seconds(timeout, httpcore.WriteTimeout)
        if buffer and self._own(timeout):
            self._wire.sent = True
        if len(buffer) <= _PIECE_BYTES or not isinstance(timeout, Clip):
            self._inner.write(buffer, seconds)
            return
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._inner.write(
                buffer[start : start + _PIECE_BYTES], timeout.left(httpcore.WriteTimeout)
            )

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> SyncStream:
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        return SyncStream(
            self._inner.start_tls(ssl_context, server_hostname, seconds),
            self._wire,
            self._layer + 1,
        )

    def close(self) -> None:
        self._inner.close()


class SyncWire(Wire, httpcore.NetworkBackend):
    _backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> SyncStream:
        self.greeting = timeout if self.socks else None
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        if seconds is None:
            return SyncStream(
                self._backend.connect_tcp(host, port, None, local_address, socket_options), self
            )
        end, addresses = time.monotonic() + seconds, _addresses(host, port)
        for tried, address in enumerate(
            addresses
        ):  # sockets would give each of them the whole time
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
        if self.stream is not None:
            self.stream.close()


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class AsyncStream(_Stream, httpcore.AsyncNetworkStream):
    """Errors of TLS reach httpcore's async streams as they are, so they get their kind here."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data: bytes = await self._inner.read(
                max_bytes, self._seconds(timeout, httpcore.ReadTimeout)
            )
        except OSError as error:
            raise httpcore.ReadError(error) from error
        if data and self._own(timeout):
            self._wire.answered = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        seconds = self._seconds(timeout, httpcore.WriteTimeout)
        if buffer and self._own(timeout):
            self._wire.sent = True
        try:
            await self._inner.write(buffer, seconds)
        except OSError as error:
            raise httpcore.WriteError(error) from error

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, seconds)
        except OSError as error:
            raise httpcore.ConnectError(error) from error
        return AsyncStream(inner, self._wire, self._layer + 1)

    async def aclose(self) -> None:
        await self._inner.aclose()


class AsyncWire(Wire, httpcore.AsyncNetworkBackend):
    _backend: Any = httpcore.AnyIOBackend()  # for asyncio and trio

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> AsyncStream:
        self.greeting = timeout if self.socks else None
        seconds = seconds_left(timeout, httpcore.ConnectTimeout)
        return AsyncStream(
            await self._backend.connect_tcp(host, port, seconds, local_address, socket_options),
            self,
        )

    async def aclose(self) -> None:
        if self.stream is not None:
            await self.stream.aclose()


_KINDS: dict[type[Exception], tuple[type[httpx.TransportError], str]] = {
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


def unreached(error: T, way: str) -> T:
    """The same error with what a person needs who has to find out why a service could not be reached.

    `way` says through which proxy it was asked, if any. A `.hint` says what to do, where that is known.
    """
    if not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
        return error
    if hint := distrust_hint(error):
        error.__dict__["hint"] = hint
    if way:
        error.args = (f"{error}, {way}",)
    return error


def httpx_error(
    error: Exception, request: httpx.Request, wire: Wire | None, *, reused: bool, way: str = ""
) -> Exception:
    """httpcore's errors as httpx's; others, such as those of the caller's own body, as they are.

    | failed                                | httpx error                                                  |
    |---------------------------------------|--------------------------------------------------------------|
    | before a byte of the request was sent | ConnectError, ConnectTimeout; ProxyError where a proxy refused |
    | later                                 | of the same name as httpcore's                               |

    Each has `.never_sent`, and `.on_reused_connection`: a kept connection ended before a byte of the answer came. The texts
    hold no header and no body (those of httpcore may): a fixed one, or what the operating system or TLS said.
    `wire` is None where several exchanges share a connection, so that how far this one came is not known.
    """
    kind = type(error)
    if kind not in _KINDS:
        return error
    if wire is not None and not wire.sent:
        kind = _BEFORE_IT_WAS_SENT.get(kind, kind)
    made, text = _KINDS[kind]
    if isinstance(error, _SHOWN) and kind is type(error):
        text = str(error) or text
    elif kind is httpcore.ProxyError and (code := str(error)[:3]).isdecimal():
        text = f"{text}: {code}"
    mapped = unreached(made(text, request=request), way)
    never_sent = isinstance(mapped, _NEVER_SENT) or (wire is not None and not wire.sent)
    stale = (
        reused
        and wire is not None
        and not wire.answered
        and isinstance(mapped, (httpx.NetworkError, httpx.RemoteProtocolError))
    )
    mapped.__dict__.update(never_sent=never_sent, on_reused_connection=stale)
    return mapped

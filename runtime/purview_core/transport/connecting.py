"""How both transports make connections: TLS, proxies, limits, and what a forked process keeps."""

from __future__ import annotations

import importlib.util
import os
import ssl
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpcore
import httpx

from purview_auth.network.proxies import Proxies
from purview_auth.network.trust import context_of, shared_ssl_context
from purview_core.library_internals import connection_to, header_lines
from purview_core.options import flag
from purview_core.process_bound import Tied

from .pool import Origin, Pool, PooledConnection, PoolLimits
from .stream import Timeout, httpx_error, seconds_left, timeouts_of

Trust = ssl.SSLContext | str | os.PathLike[str] | None
_LIVE: weakref.WeakSet[Transport] = weakref.WeakSet()


class Transport(Tied, ABC):
    """What both transports share: how connections are made.

    Besides httpx's "timeout", a request may hold the extension "deadline", a time.monotonic() value
    at which the exchange ends wherever it is: in the queue, connecting, or between two bytes. Sync
    code cannot cut short the lookup of a host's address, nor the wait of an HTTP/2 call for another
    one that reads. A timeout of None or inf has no end, one of 0 ends at once. Nothing is sent
    twice; errors are httpx's own, each with `.never_sent` and `.on_reused_connection`.

    Args:
        max_connections: open at a time, over all origins; a call beyond that waits its turn, for at
            most the pool timeout.
        max_keepalive: idle ones kept open; None for all.
        keepalive_expiry_s: how long an idle one is kept, in seconds; None for good.
        ssl_context: in place of the shared one: an ssl.SSLContext (with load_cert_chain, to show a
            client certificate), or the path of a file or folder of authorities to trust.
        proxy: its URL, which may hold user and password.
        trust_env: heed the variables for proxies and for the authorities to trust.
        http2: offer HTTP/2, which sends calls side by side over one connection; the limits then
            hold for each origin.
    """

    _network: Any  # the network backend of a connection
    _factory: Any  # httpcore's pool, which knows how to make a connection

    def __init__(
        self,
        *,
        max_connections: int = 100,
        max_keepalive: int | None = None,
        keepalive_expiry_s: float | None = 30.0,
        ssl_context: Trust = None,
        proxy: str | httpx.URL | None = None,
        trust_env: bool = True,
        http2: bool = False,
    ) -> None:
        kept = max_connections if max_keepalive is None else max_keepalive
        self.limits = PoolLimits(max_connections, kept, keepalive_expiry_s)
        flag("trust_env", trust_env)
        if flag("http2", http2) and importlib.util.find_spec("h2") is None:
            raise ImportError("http2=True needs h2: pip install 'purview-dataplane[http2]'")
        self._trust = _checked_trust(ssl_context)
        self._trust_env = trust_env
        self._http2 = http2
        self._proxies = Proxies(proxy, trust_env=trust_env)
        self._start()
        _LIVE.add(self)

    @abstractmethod
    def _start(self) -> None:
        """Begins without connections: those that were there belong to another process."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.limits} http2={self._http2} proxy={self._proxies!r}>"

    def _context(self) -> ssl.SSLContext:
        if self._trust is None:
            return shared_ssl_context(trust_env=self._trust_env, http2=self._http2)
        if not isinstance(self._trust, ssl.SSLContext):
            folder = self._trust.is_dir()
            made = ssl.create_default_context(capath=str(self._trust)) if folder else None
            self._trust = made or context_of(self._trust, "ssl_context=")
        return self._trust

    def opened(self, connection: PooledConnection) -> PooledConnection:
        """The same object with a connection made for it, which connects when it is first used."""
        scheme, host, port = connection.origin
        url = self._proxies.of(scheme.decode(), host.decode(), port)
        target = httpcore.Origin(scheme, host, port or (443 if scheme == b"https" else 80))
        layers = (scheme == b"https") + (url is not None and url.scheme == "https")
        network = self._network(layers, socks=url is not None and url.scheme.startswith("socks"))
        options: dict[str, Any] = {"network_backend": network}
        if layers:
            options["ssl_context"] = self._context()
        if url is not None:
            options["proxy"] = self._proxy(url)
        connection.network = network
        network.route = (
            self._proxies.named(scheme.decode(), host.decode(), port) if url is not None else ""
        )
        if not connection.shared:
            connection.http = connection_to(self._factory(**options), target)
            return connection
        limits = self.limits
        options |= {
            "max_connections": limits.max_connections,
            "max_keepalive_connections": limits.max_keepalive,
        }
        options |= {"keepalive_expiry": limits.keepalive_expiry_s, "http2": True}
        connection.http = self._factory(**options)
        return connection

    def _proxy(self, url: httpx.URL) -> httpcore.Proxy:
        where = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/")
        auth = (url.username.encode(), url.password.encode()) if url.userinfo else None
        return httpcore.Proxy(
            where, auth=auth, ssl_context=self._context() if url.scheme == "https" else None
        )

    def shared(self, pool: Pool, origin: Origin) -> PooledConnection | None:
        """What carries HTTP/2 to an origin; None for HTTP/1.1."""
        if not self._http2:
            return None
        with pool.lock:
            if pool.closed:
                raise RuntimeError(CLOSED)
            if origin not in pool.shared:
                pool.shared[origin] = self.opened(PooledConnection(origin, shared=True))
            return pool.shared[origin]

    def httpcore_request(
        self, request: httpx.Request, origin: Origin, content: Any
    ) -> tuple[httpcore.Request, dict[str, Timeout]]:
        """The request for httpcore, and its timeouts."""
        extensions = request.extensions
        timeouts = timeouts_of(extensions, always=self._proxies.socks)
        if timeouts is not extensions.get("timeout"):
            extensions = {**extensions, "timeout": timeouts}
        if self._http2 and "pool" in timeouts:  # httpcore waits for that long, as a plain number
            timeouts["pool"] = seconds_left(timeouts["pool"], httpcore.PoolTimeout)
        url = httpcore.URL(
            scheme=origin[0], host=origin[1], port=origin[2], target=request.url.raw_path
        )
        made = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=content,
            extensions=extensions,
        )
        if not self._http2:
            made.headers = header_lines(request.headers.raw)
        return made, timeouts


CLOSED = "the transport is closed"


def _checked_trust(trust: Trust) -> ssl.SSLContext | Path | None:
    """The `ssl_context` argument, a path as a Path; raises where it cannot be meant."""
    if trust is None or isinstance(trust, ssl.SSLContext):
        return trust
    if not isinstance(trust, (str, os.PathLike)):
        raise TypeError(
            f"ssl_context= takes an ssl.SSLContext or a path, not {type(trust).__name__}"
        )
    path = Path(trust)
    if not path.exists():
        raise ValueError(f"ssl_context= names a file or folder that is not there: {path}")
    return path


def origin_of(request: httpx.Request) -> Origin:
    """The origin that a request goes to; raises UnsupportedProtocol where it has none."""
    url = request.url
    if url.scheme not in {"http", "https"} or not url.host:
        raise httpx.UnsupportedProtocol("not an http or https URL with a host", request=request)
    return url.raw_scheme, url.raw_host, url.port


def failure_of(
    error: BaseException, request: httpx.Request, connection: PooledConnection | None
) -> BaseException:
    """The error to raise for a failed exchange; see `httpx_error`."""
    if not isinstance(error, Exception):
        return error
    if connection is None or connection.network is None:
        return httpx_error(error, request, None, reused=False)
    network = None if connection.shared else connection.network
    return httpx_error(
        error, request, network, reused=connection.uses > 1, route=connection.network.route
    )


def forget(connections: Iterable[PooledConnection]) -> None:
    """Drops connections whose event loop or process is no more.

    Sockets are closed on this side; nothing is sent or awaited. The transports of asyncio close
    when they are collected: their ResourceWarning is for whoever left the client open.
    """
    for connection in connections:
        stream = connection.network.stream
        connection.network.stream = None
        connection.http = None
        close = getattr(stream and stream.get_extra_info("socket"), "close", None)
        if close is not None:
            close()


def _after_fork_in_child() -> None:
    """Has each transport begin anew, for its connections are those of the parent process."""
    for transport in list(_LIVE):
        transport._start()


# Where the platform has no fork, dict() stands in: it takes the argument and does nothing.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)

"""How connections are made, for both transports: TLS, proxies, limits, and what becomes of them in a forked process."""

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
from purview_core.library_internals import connection_to
from purview_core.options import flag
from purview_core.process_bound import Tied

from .pool import Key, Link, Pool, PoolLimits
from .stream import httpx_error, limits_of, seconds_left

Trust = ssl.SSLContext | str | os.PathLike[str] | None
_LIVE: weakref.WeakSet[Transport] = weakref.WeakSet()


class Transport(Tied, ABC):
    """What both transports share: how connections are made.

    Args:
        max_connections: open at a time, over all origins; a call beyond waits its turn, for at most the pool timeout.
        max_keepalive: idle ones kept open; None for all.
        keepalive_expiry_s: how long an idle one is kept, in seconds; None for good.
        ssl_context: in place of the shared one: an ssl.SSLContext (with load_cert_chain, to show a certificate of one's
            own), or the path of a file or folder of authorities to trust.
        proxy: its URL, which may hold user and password.
        trust_env: heed the variables for proxies and for the authorities to trust.
        http2: offer HTTP/2, which sends calls side by side over one connection; the limits then hold for each origin.

    Besides httpx's "timeout", a request may hold the extension "deadline", a time.monotonic() value at which the exchange ends
    wherever it is: in the queue, connecting, or between two bytes. (Asking for the address of a name cannot be cut short
    in sync code, nor can what an HTTP/2 call waits for while another one reads.) A timeout of None or inf has no end, one of 0
    ends at once. Errors: see `wire.httpx_error`. Nothing is sent twice.
    """

    _wire: Any  # the network backend of a connection
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
        self._trust, self._trust_env, self._http2 = _checked_trust(ssl_context), trust_env, http2
        self._proxies = Proxies(proxy, trust_env=trust_env)
        self._start()
        _LIVE.add(self)

    @abstractmethod
    def _start(self) -> None:
        """Begins without connections; those that were there are of another process."""

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

    def opened(self, link: Link) -> Link:
        """The same, with a connection; it connects when it is first used."""
        scheme, host, port = link.key
        url = self._proxies.of(scheme.decode(), host.decode(), port)
        origin = httpcore.Origin(scheme, host, port or (443 if scheme == b"https" else 80))
        layers = (scheme == b"https") + (url is not None and url.scheme == "https")
        wire = self._wire(layers, socks=url is not None and url.scheme.startswith("socks"))
        options: dict[str, Any] = {"network_backend": wire}
        if layers:
            options["ssl_context"] = self._context()
        if url is not None:
            options["proxy"] = self._proxy(url)
        link.wire = wire
        wire.way = (
            self._proxies.named(scheme.decode(), host.decode(), port) if url is not None else ""
        )
        if not link.shared:
            link.connection = connection_to(self._factory(**options), origin)
            return link
        limits = self.limits
        options |= {
            "max_connections": limits.max_connections,
            "max_keepalive_connections": limits.max_keepalive,
        }
        options |= {"keepalive_expiry": limits.keepalive_expiry_s, "http2": True}
        link.connection = self._factory(**options)
        return link

    def _proxy(self, url: httpx.URL) -> httpcore.Proxy:
        where = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/")
        auth = (url.username.encode(), url.password.encode()) if url.userinfo else None
        return httpcore.Proxy(
            where, auth=auth, ssl_context=self._context() if url.scheme == "https" else None
        )

    def shared(self, pool: Pool, key: Key) -> Link | None:
        """What carries HTTP/2 to an origin; None for HTTP/1.1."""
        if not self._http2:
            return None
        with pool.lock:
            if pool.closed:
                raise RuntimeError(CLOSED)
            if key not in pool.shared:
                pool.shared[key] = self.opened(Link(key, shared=True))
            return pool.shared[key]

    def outgoing(
        self, request: httpx.Request, key: Key, content: Any
    ) -> tuple[httpcore.Request, dict[str, float | None]]:
        extensions = request.extensions
        timeouts = limits_of(extensions, always=self._proxies.socks)
        if timeouts is not extensions.get("timeout"):
            extensions = {**extensions, "timeout": timeouts}
        if self._http2 and "pool" in timeouts:  # httpcore waits for that long, as a plain number
            timeouts["pool"] = seconds_left(timeouts["pool"], httpcore.PoolTimeout)
        url = httpcore.URL(scheme=key[0], host=key[1], port=key[2], target=request.url.raw_path)
        made = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=content,
            extensions=extensions,
        )
        return made, timeouts


CLOSED = "the transport is closed"


def _checked_trust(trust: Trust) -> ssl.SSLContext | Path | None:
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


def key_of(request: httpx.Request) -> Key:
    url = request.url
    if url.scheme not in {"http", "https"} or not url.host:
        raise httpx.UnsupportedProtocol("not an http or https URL with a host", request=request)
    return url.raw_scheme, url.raw_host, url.port


def failure_of(error: BaseException, request: httpx.Request, link: Link | None) -> BaseException:
    if not isinstance(error, Exception):
        return error
    if link is None or link.wire is None:
        return httpx_error(error, request, None, reused=False)
    wire = None if link.shared else link.wire
    return httpx_error(error, request, wire, reused=link.uses > 1, way=link.wire.way)


def forget(links: Iterable[Link]) -> None:
    """Lets go of connections whose loop or process is no more: nothing is sent or awaited, and sockets are closed on this side.

    The transports of asyncio close when they are collected; their ResourceWarning then is for whoever left the client open.
    """
    for link in links:
        stream, link.wire.stream, link.connection = link.wire.stream, None, None
        close = getattr(stream and stream.get_extra_info("socket"), "close", None)
        if close is not None:
            close()


def _after_fork_in_child() -> None:
    """What was connected is the parent's."""
    for transport in list(_LIVE):
        transport._start()


# Where there is no fork, dict() takes the argument and nothing comes of it.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)

"""Which proxy an origin is reached through. User and password of a proxy never show."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from urllib.request import getproxies, proxy_bypass

import httpx

from purview_auth import settings

_SOCKS = ("socks5", "socks5h")


class Proxies:
    """`proxy` for all origins; or else, with `trust_env`, what the environment says at the time.

    Read as urllib reads it: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY for the hosts that go
    without (and the settings of the system on Windows and macOS). Raises ValueError for a URL that
    names no proxy, ImportError where a SOCKS proxy is named and socksio is not there.
    """

    def __init__(
        self,
        proxy: str | httpx.URL | None,
        *,
        trust_env: bool,
        read: Callable[[], Mapping[str, str]] = getproxies,
        bypass: Callable[[str], object] = proxy_bypass,
    ) -> None:
        if proxy is not None and not isinstance(proxy, (str, httpx.URL)):
            raise TypeError(f"proxy= takes a URL, not {type(proxy).__name__}")
        self._bypass = bypass
        found = read() if trust_env and proxy is None else {}
        self._every = None if proxy is None else _checked(str(proxy), "proxy=")
        self._by_scheme = {
            scheme: _checked(url, f"{scheme.upper()}_PROXY")
            for scheme in ("http", "https", "all")
            if (url := found.get(scheme))
        }
        self.socks = any(url.scheme in _SOCKS for url in self._all())

    def _all(self) -> list[httpx.URL]:
        return [self._every] if self._every is not None else list(self._by_scheme.values())

    def of(self, scheme: str, host: str, port: int | None) -> httpx.URL | None:
        """The proxy for an origin, None to connect directly."""
        if self._every is not None:
            return self._every
        found = self._by_scheme.get(scheme) or self._by_scheme.get("all")
        if found is None or self._bypass(host if port is None else f"{host}:{port}"):
            return None
        return found

    def named(self, scheme: str, host: str, port: int | None) -> str:
        """The proxy for an origin and what names it, for a text; empty without one."""
        found = self.of(scheme, host, port)
        if found is None:
            return ""
        if self._every is not None:
            source = "proxy="
        else:
            kind = scheme if scheme in self._by_scheme else "all"
            source = settings.proxy_variable(kind) or "the system's settings"
        return f"through the proxy {_shown(found)}, which is from {source}"

    def __repr__(self) -> str:
        return ", ".join(sorted({_shown(url) for url in self._all()})) or "none"


def _shown(url: httpx.URL) -> str:
    """Without user and password."""
    return f"{url.scheme}://{url.host}:{url.port or '-'}"


def _checked(text: str, where: str) -> httpx.URL:
    text = text if "://" in text else f"http://{text}"
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL("")
    # the text may hold a password
    if url.scheme not in {"http", "https", *_SOCKS} or not url.host or url.port == 0:
        raise ValueError(
            f"{where} is not the URL of a proxy: http, https, socks5 or socks5h, and a host"
        )
    if url.scheme in _SOCKS and importlib.util.find_spec("socksio") is None:
        raise ImportError(
            f"{where} names a SOCKS proxy, which needs socksio: pip install "
            f"'purview-dataplane[socks]'"
        )
    return url

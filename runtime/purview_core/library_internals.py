"""Everything that we use of httpx and httpcore beyond what they document, each with the reason for it.

A later release may change any of it. What may be missing without harm has a plain way beside it, and is tried when it is
loaded; the rest has a test that fails with a release which no longer has it.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import httpx


class Decodes(Protocol):
    def decode(self, data: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


# httpx


_PLAIN = re.compile(r"(/[A-Za-z0-9._~%:@!$&'()*+,;=/-]*)(?:\?([A-Za-z0-9._~%:@!$&()*+,;=/-]*))?")
# What httpx would change: dot segments, a % that encodes nothing.
_CLIMBS = re.compile(r"/\.|%(?![0-9A-Fa-f]{2})")


class Urls:
    """`url(text)` is httpx.URL(text), without the parsing where httpx would leave the text as it is.

    Parsing is half of what an httpx.Request costs. Attributes: host, of the origin, as bytes.
    """

    def __init__(self, origin: str) -> None:
        self._origin, self._base = origin, httpx.URL(f"{origin}/")
        self.host = self._base.netloc
        probe = f"{origin}/a%20b/~c?d=e%2Ff&g"
        try:
            self._fits = self._made("/a%20b/~c", "d=e%2Ff&g").raw_path == httpx.URL(probe).raw_path
        except (AttributeError, TypeError, ValueError):
            self._fits = False  # another httpx, which holds its parts in another way

    def url(self, text: str) -> httpx.URL:
        """The URL of a text; parsed by httpx where it is not of this origin, or not plain."""
        if not (self._fits and text.startswith(self._origin)):
            return httpx.URL(text)
        start = len(self._origin)
        found = _PLAIN.fullmatch(text, start)
        if found is None or _CLIMBS.search(text, start):
            return httpx.URL(text)
        return self._made(found[1], found[2])

    def _made(self, path: str, query: str | None) -> httpx.URL:
        made = httpx.URL(self._base)
        made._uri_reference = self._base._uri_reference._replace(path=path, query=query)
        return made


def request_of(error: httpx.RequestError) -> httpx.Request | None:
    """The request of an error; `error.request` raises where there is none."""
    return error._request


def has_content(message: httpx.Request | httpx.Response) -> bool:
    """Whether the body is in memory; `message.content` raises where it is not, or was streamed."""
    return hasattr(message, "_content")


def set_content(response: httpx.Response, content: bytes) -> None:
    """Makes this what was read, decoded: httpx's own `read` knows of no limit, no deadline and no end of a coding."""
    response._content = content


def set_decoder(response: httpx.Response, decoder: Decodes) -> None:
    """Makes this decode what `iter_bytes` gives; httpx has no way to hand in a decoder of one's own."""
    response._decoder = decoder  # type: ignore[assignment]


# httpcore


def connection_to(pool: Any, origin: Any) -> Any:
    """One connection as httpcore's pool makes them: its classes differ with the proxy, and are not public."""
    return pool.create_connection(origin)

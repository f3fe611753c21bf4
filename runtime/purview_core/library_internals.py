"""Names of httpx, httpcore and h11 that are not part of their public API, each with a fall-back.

No other module uses such names. A later release may change or drop any of them, so each is
tried when it is first needed, and what its users get then comes by public names: slower, or with
the difference that its docstring states. Times are of CPython 3.11 beside a warm sync call over
loopback of about 330 microseconds of CPU time.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol

import httpx


class ContentDecoder(Protocol):
    """Decodes the body of an answer piece by piece, as httpx's own decoders do."""

    def decode(self, data: bytes) -> bytes:
        """The decoded bytes of the next piece."""
        ...

    def flush(self) -> bytes:
        """What is left at the end; raises where the body was cut short."""
        ...


_PLAIN = re.compile(r"(/[A-Za-z0-9._~%:@!$&'()*+,;=/-]*)(?:\?([A-Za-z0-9._~%:@!$&()*+,;=/-]*))?")
# What httpx would change: dot segments, and a percent sign that encodes nothing.
_NORMALISED_BY_HTTPX = re.compile(r"/\.|%(?![0-9A-Fa-f]{2})")


class Urls:
    """Makes httpx.URL objects of one origin without parsing them.

    Uses `URL._uri_reference`, where httpx keeps the parsed parts: 2 instead of 14 microseconds a
    URL, and 8 % of the CPU time of a warm call. Falls back to `httpx.URL(text)`, which is also
    taken for each text that httpx would normalise.

    Attributes:
        host: host and port of the origin, as bytes.
    """

    def __init__(self, origin: str) -> None:
        self._origin, self._base = origin, httpx.URL(f"{origin}/")
        self.host = self._base.netloc
        probe = f"{origin}/a%20b/~c?d=e%2Ff&g"
        try:
            self._fits = self._made("/a%20b/~c", "d=e%2Ff&g").raw_path == httpx.URL(probe).raw_path
        except (AttributeError, TypeError, ValueError):
            self._fits = False  # a release of httpx that holds the parts in another way

    def url(self, text: str) -> httpx.URL:
        """The same as `httpx.URL(text)`."""
        if not (self._fits and text.startswith(self._origin)):
            return httpx.URL(text)
        start = len(self._origin)
        found = _PLAIN.fullmatch(text, start)
        if found is None or _NORMALISED_BY_HTTPX.search(text, start):
            return httpx.URL(text)
        return self._made(found[1], found[2])

    def _made(self, path: str, query: str | None) -> httpx.URL:
        made = httpx.URL(self._base)
        made._uri_reference = self._base._uri_reference._replace(path=path, query=query)
        return made


def request_of(error: httpx.RequestError) -> httpx.Request | None:
    """The request of an error, or None; by public names, for `error.request` raises without one."""
    try:
        return error.request
    except RuntimeError:
        return None


def has_content(message: httpx.Request | httpx.Response) -> bool:
    """Whether the body is in memory; by public names, for `message.content` raises otherwise."""
    try:
        _ = message.content
    except (httpx.RequestNotRead, httpx.ResponseNotRead):
        return False
    return True


def set_content(response: httpx.Response, content: bytes) -> None:
    """Makes `content`, which was read and decoded elsewhere, the content of `response`.

    Uses `Response._content`, because httpx's `read` heeds no limit, no deadline and no truncated
    coding. Falls back to reading the bytes again from memory: 7 microseconds more, 2 % of a call,
    and `num_bytes_downloaded` then counts the decoded bytes.
    """
    if _KEEPS_CONTENT:
        response._content = content
        return
    headers = response.headers
    response.headers = httpx.Headers(headers)
    response.headers.pop("content-encoding", None)  # or httpx would decode them a second time
    response.stream = httpx.ByteStream(content)
    response.is_closed = response.is_stream_consumed = False
    try:
        response.read()
    finally:
        response.headers = headers


def set_decoder(response: httpx.Response, decoder: ContentDecoder) -> None:
    """Decodes with `decoder` what `response.iter_bytes` and its like give.

    Uses `Response._decoder`: httpx takes no decoder from outside. It gains no time, but
    `iter_raw` gives the bytes as they came. Falls back to a stream that decodes; the answer then
    has no Content-Encoding header, for its bytes are decoded already, and `iter_raw` gives them so.
    """
    if _KEEPS_DECODER:
        response._decoder = decoder  # type: ignore[assignment]
        return
    response.headers = httpx.Headers(response.headers)
    response.headers.pop("content-encoding", None)
    response.stream = _DecodedStream(response.stream, decoder)


class _DecodedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The decoded bytes of a stream, sync or async as that is."""

    def __init__(self, stream: Any, decoder: ContentDecoder) -> None:
        self._inner, self._decodes = stream, decoder

    def __iter__(self) -> Iterator[bytes]:
        for data in self._inner:
            yield self._decodes.decode(data)
        yield self._decodes.flush()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._inner:
            yield self._decodes.decode(data)
        yield self._decodes.flush()

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()


class _ProbeDecoder:
    def decode(self, data: bytes) -> bytes:
        return b"decoded" + data

    def flush(self) -> bytes:
        return b""


def _keeps_content(kind: type[httpx.Response] = httpx.Response) -> bool:
    """Whether a response of this release gives the content that was set."""
    probe = kind(200, stream=httpx.ByteStream(b"sent"))
    probe._content = b"set"
    try:
        return probe.content == b"set"
    except httpx.ResponseNotRead:
        return False


def _keeps_decoder(kind: type[httpx.Response] = httpx.Response) -> bool:
    """Whether a response of this release decodes with the decoder that was set."""
    probe = kind(200, stream=httpx.ByteStream(b"sent"))
    probe._decoder = _ProbeDecoder()  # type: ignore[assignment]
    return probe.read() == b"decodedsent"


_KEEPS_CONTENT, _KEEPS_DECODER = _keeps_content(), _keeps_decoder()


def connection_to(pool: Any, origin: Any) -> Any:
    """One connection to an origin, as httpcore's pool makes them for its proxy.

    Uses the undocumented `create_connection` of httpcore's pools: the classes of connections that
    lead through a proxy are not public, and a pool in place of a connection searches its
    connections at each call. Falls back to a pool of its own for each connection.
    """
    create = getattr(pool, "create_connection", None)
    return _PoolAsConnection(pool) if create is None else create(origin)


class _PoolAsConnection:
    """A pool that serves one request at a time, with the methods of a connection that are used.

    It replaces a connection that has expired by itself, so it never says that it has.
    """

    def __init__(self, pool: Any) -> None:
        self.handle_request = getattr(pool, "handle_request", None)
        self.handle_async_request = getattr(pool, "handle_async_request", None)

    def is_available(self) -> bool:
        return True

    def has_expired(self) -> bool:
        return False


Pairs = Sequence[tuple[bytes, bytes]]

_HEADER_NAMES = b"""
    Host Accept Accept-Encoding Connection User-Agent Authorization Content-Length Content-Type
    If-Match If-None-Match x-ms-client-request-id purview-client-attempt traceparent tracestate
""".split()
_VISIBLE = bytes(range(0x20, 0x7F))
_LONGEST_LENGTH = 18  # digits of a Content-Length that nobody doubts


def header_lines(pairs: Pairs) -> Any:
    """What h11.Request takes as headers: those that it would make of `pairs`, or `pairs`.

    Uses the private class of h11's headers: h11 matches each name and value against its patterns
    for each request, which takes a fifth of an async call over loopback beside 64 others (372 and
    298 microseconds) and 4 % of a sync one. Here the names are known, and a value is plain text, or
    it is left to h11, as all headers are with an h11 that holds them in another way.
    """
    kind, known = _header_class()
    items = []
    for name, value in pairs:
        lower = known.get(name)
        if lower is None or not _is_plain(value):
            return pairs
        if lower == b"content-length" and not (value.isdigit() and len(value) <= _LONGEST_LENGTH):
            return pairs
        items.append((name, lower, value))
    return kind(items) if len({item[1] for item in items}) == len(items) else pairs


def _is_plain(value: bytes) -> bool:
    """Whether h11 would send a value as it is."""
    return bool(value) and not (
        value.translate(None, _VISIBLE) or value[0] == 0x20 or value[-1] == 0x20
    )


@cache
def _header_class() -> tuple[Callable[[Any], Any], dict[bytes, bytes]]:
    """h11's class of headers, made of (name, lower-case name, value), and the names it may hold.

    No names with an h11 that holds headers in another way.
    """
    import h11  # which need not be loaded where a transport of another kind is given

    pairs = [(name, b"1") for name in _HEADER_NAMES]
    made = h11.Request(method=b"GET", target=b"/", headers=pairs).headers
    kind: Any = type(made)
    lower = {name: name.lower() for name in _HEADER_NAMES}
    try:
        same = kind([(*pair, b"1") for pair in lower.items()])._full_items == made._full_items
    except (AttributeError, TypeError):
        same = False
    return kind, lower if same else {}

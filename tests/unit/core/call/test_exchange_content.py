"""Answers are read to their real end, and no further than the caller allows: by every transport,
whole and as streams.
"""

from __future__ import annotations

import gzip
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from tests.unit.core.loopback import Peer, Server

from purview_core import NO_RETRY, TransportError
from purview_core.call.content_coding import (
    STEP_BYTES,
    BrokenCodingError,
    Coding,
    CutCodingError,
    coding_of,
)
from purview_core.transport.aiohttp import fast_async_transport
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient

pytestmark = (
    pytest.mark.filterwarnings(  # of trio, on generators of httpx and httpcore that an error ends
        "ignore:Async generator 'httpcore:ResourceWarning",
        "ignore:Async generator 'httpx:ResourceWarning",
    )
)
WAYS: dict[str, Callable[[], Any]] = {
    "sync": HttpTransport,
    "asyncio": AsyncHttpTransport,
    "trio": AsyncHttpTransport,
    "aiohttp": fast_async_transport,
}
DOCUMENT = (
    b'{"entity": {"guid": "g", "note": "' + random.Random(3).randbytes(3000).hex().encode() + b'"}}'
)


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


def members(data: bytes) -> bytes:
    return gzip.compress(data[:100]) + gzip.compress(b"") + gzip.compress(data[100:])


CODED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "GZIP": ("GZIP", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "gzip of three members": ("gzip", members),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "gzip in deflate": ("gzip, deflate", lambda data: zlib.compress(gzip.compress(data))),
    "raw deflate in gzip": (
        "deflate, identity, gzip",
        lambda data: gzip.compress(raw_deflate(data)),
    ),
}


def answer(coding: str, body: bytes, *, chunked: bool) -> bytes:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\n"
    ).encode()
    if not chunked:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    pieces = [body[start : start + 700] for start in range(0, len(body), 700)]
    return (
        head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(map(_chunk, pieces)) + b"0\r\n\r\n"
    )


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def saying(whole: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        while peer.request()[0]:
            peer.send(whole)

    return script


def outcome(way: str, url: str, *, streamed: bool = False, **options: Any) -> Any:
    """The bytes of an answer, or what was raised."""
    common = {"retry": NO_RETRY, "timeout": 20, **options}
    try:
        if way == "sync":
            with DataMapClient(url, transport=HttpTransport(trust_env=False), **common) as client:
                if not streamed:
                    return client.call("Entity_Get", {"guid": "g"}).content
                with client.stream("Entity_Get", {"guid": "g"}) as response:
                    return b"".join(response.iter_bytes())
        return anyio.run(
            _aoutcome, way, url, streamed, common, backend="trio" if way == "trio" else "asyncio"
        )
    except TransportError as error:
        return error


async def _aoutcome(way: str, url: str, streamed: bool, options: dict[str, Any]) -> Any:
    async with AsyncDataMapClient(url, transport=WAYS[way](trust_env=False), **options) as client:
        if not streamed:
            return (await client.call("Entity_Get", {"guid": "g"})).content
        async with client.stream("Entity_Get", {"guid": "g"}) as response:
            return b"".join([chunk async for chunk in response.aiter_bytes()])


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with a length"])
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("way", WAYS)
def test_a_coding_that_is_cut_in_a_whole_answer_is_an_error(
    way: str, streamed: bool, chunked: bool
) -> None:
    for coding, encode in CODED.values():
        body = encode(DOCUMENT)
        with Server(saying(answer(coding, body, chunked=chunked))) as server:
            assert DOCUMENT == outcome(way, server.url, streamed=streamed)
        for cut in (1, len(body) // 2, len(body) - 1):
            with Server(saying(answer(coding, body[:cut], chunked=chunked))) as server:
                error = outcome(way, server.url, streamed=streamed)
                assert isinstance(error, TransportError), (coding, cut)
                assert "the answer is not complete" in str(error), (coding, cut)
                assert error.passing  # so that what may be repeated is


@pytest.mark.parametrize("way", WAYS)
def test_a_read_whose_coding_is_cut_is_tried_again(way: str) -> None:
    body = gzip.compress(DOCUMENT)

    def script(peer: Peer) -> None:
        while peer.request()[0]:
            whole = len(peer.server.seen) > 1
            peer.send(answer("gzip", body if whole else body[:-3], chunked=True))

    with Server(script) as server:
        assert DOCUMENT == outcome(way, server.url, retry=None)
        assert 2 == len(server.seen)


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_of_its_coding_is_an_error(way: str, streamed: bool) -> None:
    for coding, body in {
        "gzip": b"no gzip at all",
        "deflate": b"no deflate at all",
        "br": b"what nobody asked for",
        "gzip, gzip, gzip, gzip, gzip": gzip.compress(b"deep"),
        "x-gzip": gzip.compress(DOCUMENT) + b"more",
    }.items():
        with Server(saying(answer(coding, body, chunked=False))) as server:
            error = outcome(way, server.url, streamed=streamed)
            assert isinstance(error, TransportError), coding
            assert not error.passing


def test_no_body_at_all_is_whole_in_any_coding() -> None:
    for coding in ("gzip", "deflate", "gzip, deflate", "br"):
        found = coding_of(coding)
        assert found is not None
        assert [] == list(found.steps(b""))
        found.finish()


def test_a_coding_comes_out_in_small_pieces_however_it_goes_in() -> None:
    numbers = random.Random(5)
    documents = [b"", b"{}", b"a" * 1_000_000, numbers.randbytes(200_000), b"ab" * STEP_BYTES]
    for document in documents:
        for coding, encode in CODED.values():
            body, found, out = (
                encode(document),
                coding_of(coding),
                [],
            )
            assert found is not None
            while body:
                count = numbers.choice([1, 2, 3, 100, 5000, 1_000_000])
                out += found.steps(body[:count])
                body = body[count:]
            found.finish()
            assert document == b"".join(out)
            assert STEP_BYTES >= max(map(len, out), default=0)


def test_every_cut_of_a_coding_is_seen() -> None:
    for coding, encode in CODED.values():
        if encode is members:
            continue  # cut between two members it is one that has fewer
        body = encode(b'{"a": 1}')
        for cut in range(1, len(body)):
            found = coding_of(coding)
            assert found is not None
            with pytest.raises((CutCodingError, BrokenCodingError)):
                _read(found, body[:cut])


def _read(coding: Coding, data: bytes) -> None:
    list(coding.steps(data))
    coding.finish()


# Limits

MILLION = 1_000_000


def bomb(megabytes: int) -> bytes:
    made = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    return b"".join([*(made.compress(bytes(MILLION)) for _ in range(megabytes)), made.flush()])


def peak_of(work: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_swells_ends_at_the_limit(way: str) -> None:
    body = bomb(120)
    assert len(body) < 150_000
    with Server(saying(answer("gzip", body, chunked=False))) as server:
        outcome(way, server.url, max_answer_bytes=10)  # whatever is loaded for the first call
        error, peak = peak_of(
            lambda: outcome(way, server.url, max_answer_bytes=MILLION, total_timeout=60)
        )
    assert isinstance(error, TransportError)
    assert (
        "the answer is larger than max_answer_bytes=1000000: allow more, or read it with "
        "client.stream()"
    ) in str(error)
    assert not error.passing
    assert peak < 4 * MILLION
    print(f"\n{way}: peak {peak:,} bytes")


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_that_swells_takes_little_memory(way: str) -> None:
    """All of it comes, piece by piece; the pieces of one read are a few megabytes."""
    body = bomb(40)

    async def count(url: str) -> int:
        total = 0
        async with (
            AsyncDataMapClient(
                url, transport=WAYS[way](trust_env=False), max_answer_bytes=1
            ) as client,
            client.stream("Entity_Get", {"guid": "g"}) as response,
        ):
            async for chunk in response.aiter_bytes():
                total += len(chunk)
        return total

    def work() -> int:
        if way != "sync":
            return anyio.run(count, server.url, backend="trio" if way == "trio" else "asyncio")
        with (
            DataMapClient(
                server.url, transport=HttpTransport(trust_env=False), max_answer_bytes=1
            ) as client,
            client.stream("Entity_Get", {"guid": "g"}) as response,
        ):
            return sum(map(len, response.iter_bytes()))

    with Server(saying(answer("gzip", body, chunked=False))) as server:
        total, peak = peak_of(work)
    assert 40 * MILLION == total
    assert peak < 16 * MILLION
    print(f"\n{way}: peak {peak:,} bytes")


def endless(peer: Peer) -> None:
    peer.request()
    peer.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    while not peer.server.ended.is_set():
        peer.send(_chunk(b" " * 60_000))


@pytest.mark.parametrize("way", WAYS)
def test_an_endless_answer_ends_at_the_limit_and_at_the_deadline(way: str) -> None:
    with Server(endless) as server:
        error = outcome(way, server.url, max_answer_bytes=MILLION)
        assert "max_answer_bytes=1000000" in str(error)
        late = outcome(way, server.url, max_answer_bytes=float("inf"), total_timeout=0.2)
        assert isinstance(late, TransportError)
        assert "no answer in time" in str(late)


def test_decoding_ends_at_the_deadline() -> None:
    """The bytes are there at once; it is their decoding that takes longer."""
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Slow(bomb(3)))
    transport = httpx.MockTransport(lambda _: response)
    with (
        DataMapClient("contoso", transport=transport, total_timeout=0.05, retry=NO_RETRY) as client,
        pytest.raises(TransportError, match="no answer in time"),
    ):
        client.call("Entity_Get", {"guid": "g"})


class _Slow(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Any:
        time.sleep(0.1)
        yield self._body


def test_a_length_beyond_the_limit_is_refused_before_it_is_read() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
        peer.wait_for_end()

    with Server(script) as server:
        assert "max_answer_bytes=4999999" in str(
            outcome("sync", server.url, max_answer_bytes=4_999_999)
        )


def test_failed_answers_and_those_of_other_transports_count_too() -> None:
    for status in (200, 404, 500):
        transport = httpx.MockTransport(
            lambda _, status=status: httpx.Response(status, content=b" " * 1001)
        )
        with DataMapClient(
            "contoso", transport=transport, max_answer_bytes=1000, retry=NO_RETRY
        ) as client:
            with pytest.raises(TransportError, match="max_answer_bytes=1000"):
                client.call("Entity_Get", {"guid": "g"})
            client.with_options(max_answer_bytes=1001, retry=None)
    body = b'{"entity": {"guid": "g"}}'
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    with DataMapClient("contoso", transport=transport, max_answer_bytes=1) as client:
        assert (
            body
            == client.with_options(max_answer_bytes=len(body))
            .call("Entity_Get", {"guid": "g"})
            .content
        )


@pytest.mark.parametrize("odd", [0, -1, 1.5, "1", True, float("nan")])
def test_odd_limits_are_refused_when_they_are_given(odd: Any) -> None:
    for make in (lambda: DataMapClient("contoso", max_answer_bytes=odd), _with_options(odd)):
        with pytest.raises((TypeError, ValueError), match="max_answer_bytes="):
            make()


def _with_options(odd: Any) -> Callable[[], object]:
    return lambda: DataMapClient("contoso").with_options(max_answer_bytes=odd)

"""A thousand calls that fail in a dozen ways leave no connection, no place in use, no secret."""

from __future__ import annotations

import gc
import gzip
import json
import logging
import traceback
import weakref
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest
from tests.unit.core.loopback import KINDS, OK, Caller, Peer, Server, keep_alive, run

from purview_core import NO_RETRY
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient

CALLS, PLACES = 1000, 2
SECRET = "s3cr3t-v4lue"


def answered(status: int, body: bytes, *headers: bytes) -> bytes:
    head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (status, len(body))
    return head + b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body


JSON = json.dumps({"error": {"code": "C", "message": "no"}, "echo": SECRET}).encode()
ANSWERS = [
    *(answered(status, JSON) for status in (400, 401, 403, 404, 409, 412, 500)),
    *(
        answered(429, JSON, b"Retry-After: 0"),
        answered(503, b"<html>busy</html>"),
        answered(302, b"", b"Location: /x"),
    ),
    *(answered(200, b"{" + SECRET.encode()), answered(500, JSON[:-1])),  # JSON that was cut off
    answered(200, gzip.compress(OK)[:-9], b"Content-Encoding: gzip"),
    answered(200, b"no gzip at all", b"Content-Encoding: gzip"),
    answered(200, b'{"entity": 5, "failedImportInfoList": 5}'),  # not what is declared
    *(b"", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\n", OK[:-1]),  # cut off, at every stage
]


def failing(peer: Peer) -> None:
    """Each answer in turn, over connections that are kept wherever an answer was whole."""
    while peer.server.script is failing:
        head, _ = peer.request()
        if not head:
            return
        answer = ANSWERS[len(peer.server.seen) % len(ANSWERS)]
        peer.send(answer)
        if b"Content-Length" not in answer or answer == OK[:-1]:
            return
    keep_alive(peer)


class Token(httpx.Auth):
    """A 401 is asked again once, as an auth object with a new token does."""

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {SECRET}"
        response = yield request
        if response.status_code == 401:
            yield request


async def one(client: Any, kind: str, number: int) -> BaseException:
    """The failure of one call: a method, an upload, an answer that is given unread."""
    try:
        if number % 3 == 0:
            found = client.entity.get("g")
        elif number % 3 == 1:
            found = client.entity.import_business_metadata(file=SECRET.encode() * 100)
        elif kind == "sync":
            with client.stream("Entity_Get", {"guid": "g"}) as answer:
                raise LookupError(answer.status_code)  # a good answer, left unread
        else:
            async with client.stream("Entity_Get", {"guid": "g"}) as answer:
                raise LookupError(answer.status_code)
        if kind != "sync":
            found = await found
    except Exception as error:  # noqa: BLE001 - whatever it is, it may keep nothing open
        return error
    raise AssertionError(found)


@pytest.mark.row("T08")
@pytest.mark.row("T15")
# trio warns of the generators of httpx and httpcore that end with an answer that cannot be decoded.
@pytest.mark.filterwarnings(
    "ignore:Async generator 'httpcore:ResourceWarning",
    "ignore:Async generator 'httpx:ResourceWarning",
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_failed_calls_leave_nothing_behind(
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    async def scenario(caller: Caller) -> tuple[int, int, int]:
        client: Any = (DataMapClient if kind == "sync" else AsyncDataMapClient)(
            server.url,
            transport=caller.transport,
            auth=Token(),
            retry=NO_RETRY,
            strict=True,
            timeout=5,
        )
        for number in range(CALLS):
            error = await one(client, kind, number)
            counts[type(error).__name__] += 1
            shown.extend([str(error), repr(error), *traceback.format_exception(error)])
        del error
        gc.collect()
        kept = server.open
        server.script = keep_alive
        held = [
            await caller.get(server.url, stream=True, timeout={"pool": 0.5}) for _ in range(PLACES)
        ]
        for response in held:
            with suppress(httpx.RequestError):  # the last of those above may be among them
                await caller.read(response)
            await caller.close(response)
        return kept, len(held), server.settled(PLACES)

    counts: Counter[str] = Counter()
    with Server(failing) as server:
        kept, places, after = run(kind, scenario, max_connections=PLACES)
        assert 0 == server.settled(0)
    print(f"\n{kind}: {dict(counts)}; {kept} kept, {server.accepted} connections in all")
    assert CALLS == sum(counts.values())
    assert len(counts) >= 10
    assert kept <= PLACES
    assert (PLACES, PLACES) == (places, after)
    assert [] == [text for text in (*shown, caplog.text) if SECRET in text]


@pytest.mark.row("T18")
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_does_not_wait_for_the_collector(kind: str) -> None:
    """Of pages that did, many would be held at once."""

    async def scenario(caller: Caller) -> list[Any]:
        client: Any = (DataMapClient if kind == "sync" else AsyncDataMapClient)(
            server.url, transport=caller.transport
        )
        seen: list[weakref.ref[httpx.Response]] = []
        kept = client.with_options(on_response=lambda response: seen.append(weakref.ref(response)))
        for _ in range(3):
            found = kept.entity.get("g")
            if kind != "sync":
                await found
        del found
        return [response() for response in seen]

    gc.collect()
    gc.disable()
    try:
        with Server(keep_alive) as server:
            assert [None] * 3 == run(kind, scenario)
    finally:
        gc.enable()

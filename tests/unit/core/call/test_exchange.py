"""Sending with auth, beside what httpx's own clients do with the same auths and transports."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from tests.unit.core.loopback import KINDS, Caller, Peer, Server, run

from purview_core.call.exchange import asend, send

every = pytest.mark.parametrize("kind", KINDS)
URL = "https://service.example/a"


class Twice(httpx.Auth):
    """Asks again after a 401, with another token; `closed` when its generator ends."""

    def __init__(self, *, body: bool = False, fail: bool = False) -> None:
        self.requires_response_body = body
        self.fail, self.closed, self.bodies = fail, 0, list[bytes]()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        try:
            request.headers["Authorization"] = "Bearer one"
            response = yield request
            if self.requires_response_body:
                self.bodies.append(response.content)
            if self.fail:
                raise LookupError("no token")
            if response.status_code == 401:
                request.headers["Authorization"] = "Bearer two"
                yield request
        finally:
            self.closed += 1


class Other(httpx.Auth):
    """One flow for sync code and another for async code, as auths that wait for something have."""

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = "sync"
        yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await anyio.lowlevel.checkpoint()
        request.headers["Authorization"] = "async"
        yield request


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that notes how it was treated, and may break off."""

    def __init__(self, chunks: list[bytes], error: Exception | None = None) -> None:
        self.chunks, self.error, self.closed = chunks, error, 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks
        if self.error is not None:
            raise self.error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


class Answers(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers in turn, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.seen = answers, list[dict[str, str]]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(
            {
                k: v
                for k, v in request.headers.items()
                if k not in {"accept", "accept-encoding", "user-agent"}
            }
        )
        answer = self.answers[min(len(self.seen), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        status, headers, stream = answer
        return httpx.Response(status, headers=headers, stream=stream)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


async def ours(
    kind: str, transport: Any, auth: httpx.Auth | None, request: httpx.Request, *, stream: bool
) -> httpx.Response:
    if kind == "sync":
        return send(transport, auth, request, stream=stream)
    return await asend(transport, auth, request, stream=stream)


async def theirs(
    kind: str, transport: Any, auth: httpx.Auth | None, request: httpx.Request, *, stream: bool
) -> httpx.Response:
    if kind == "sync":
        return httpx.Client(transport=transport).send(request, auth=auth, stream=stream)
    return await httpx.AsyncClient(transport=transport).send(request, auth=auth, stream=stream)


def waiting(kind: str, steps: Any) -> Any:
    async def main() -> Any:
        return await steps

    if kind != "sync":
        return anyio.run(main, backend=kind)
    try:
        steps.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("sync code waited")


DIGEST = {"www-authenticate": 'Digest realm="r", nonce="n", algorithm=MD5'}
CASES: dict[str, tuple[Any, Any, bool]] = {
    "none": (None, [(200, {}, b"ok")], False),
    "basic": (lambda: httpx.BasicAuth("u", "p"), [(200, {}, b"ok")], False),
    "digest": (lambda: httpx.DigestAuth("u", "p"), [(401, DIGEST, b"no"), (200, {}, b"ok")], False),
    "digest, refused": (lambda: httpx.DigestAuth("u", "p"), [(401, DIGEST, b"no")], False),
    "twice": (Twice, [(401, {}, b"no"), (200, {}, b"ok")], False),
    "twice, streamed": (Twice, [(401, {}, b"no"), (200, {}, b"ok")], True),
    "with the body": (lambda: Twice(body=True), [(401, {}, b"no"), (200, {}, b"ok")], False),
    "of its own kind": (Other, [(200, {}, b"ok")], False),
    "redirect": (None, [(302, {"location": "https://elsewhere.example/"}, b"there")], False),
    "cookies": (Twice, [(401, {"set-cookie": "a=b"}, b"no"), (200, {}, b"ok")], False),
}


def outcome(kind: str, how: Any, case: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    make, answers, stream = CASES[case]
    monkeypatch.setattr("httpx._auth.os.urandom", lambda n: b"0" * n)
    monkeypatch.setattr("httpx._auth.time.ctime", lambda: "now")
    streams = [Stream([body]) for _, _, body in answers]
    transport = Answers(
        *(
            (status, headers, one)
            for (status, headers, _), one in zip(answers, streams, strict=True)
        )
    )
    auth = make and make()
    request = httpx.Request("GET", URL)

    async def main() -> Any:
        response = await how(kind, transport, auth, request, stream=stream)
        before = response.is_closed
        body = response.read() if kind == "sync" else await response.aread()
        return [
            response.status_code,
            response.request is request,
            before,
            body,
            type(response.elapsed),
        ]

    found = waiting(kind, main())
    return [
        *found,
        transport.seen,
        [one.closed for one in streams],
        getattr(auth, "closed", 0),
        getattr(auth, "bodies", []),
    ]


@every
@pytest.mark.parametrize("case", CASES)
def test_an_auth_finds_what_it_finds_in_httpx(
    kind: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome(kind, theirs, case, monkeypatch) == outcome(kind, ours, case, monkeypatch)


@every
@pytest.mark.parametrize("stream", [False, True])
def test_redirects_are_answers_and_there_is_no_history(kind: str, stream: bool) -> None:
    transport = Answers((302, {"location": "https://elsewhere.example/"}, Stream([])))
    response = waiting(
        kind, ours(kind, transport, Twice(), httpx.Request("GET", URL), stream=stream)
    )
    assert (302, [], 1) == (response.status_code, response.history, len(transport.seen))


@every
def test_a_failing_auth_closes_the_answer_and_its_flow(kind: str) -> None:
    stream, auth = Stream([b"no"]), Twice(fail=True)
    with pytest.raises(LookupError, match="no token"):
        waiting(
            kind,
            ours(kind, Answers((401, {}, stream)), auth, httpx.Request("GET", URL), stream=True),
        )
    assert (1, 1) == (stream.closed, auth.closed)


@every
@pytest.mark.parametrize("make", [lambda: None, Twice])
def test_a_transport_that_fails_names_the_request_and_the_flow_ends(kind: str, make: Any) -> None:
    auth, request = make(), httpx.Request("GET", URL)
    with pytest.raises(httpx.ConnectError) as caught:
        waiting(kind, ours(kind, Answers(httpx.ConnectError("no")), auth, request, stream=False))
    assert caught.value.request is request
    assert auth is None or auth.closed == 1


@every
@pytest.mark.parametrize("make", [lambda: None, Twice])
@pytest.mark.parametrize("error", [httpx.ReadError("cut off"), KeyError("other")])
def test_an_answer_that_breaks_off_is_closed(kind: str, make: Any, error: Exception) -> None:
    auth, stream, request = make(), Stream([b"half"], error), httpx.Request("GET", URL)
    with pytest.raises(type(error)):
        waiting(kind, ours(kind, Answers((200, {}, stream)), auth, request, stream=False))
    assert 1 == stream.closed
    assert auth is None or auth.closed == 1


@every
def test_a_first_answer_that_breaks_off_is_closed(kind: str) -> None:
    auth, stream = Twice(), Stream([b"half"], httpx.ReadError("cut off"))
    with pytest.raises(httpx.ReadError):
        waiting(
            kind,
            ours(kind, Answers((401, {}, stream)), auth, httpx.Request("GET", URL), stream=True),
        )
    assert (1, 1) == (stream.closed, auth.closed)


@every
def test_mock_transports(kind: str) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return httpx.Response(200, json={"path": request.url.path})

    def plain(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"path": request.url.path})

    for handler in [plain] if kind == "sync" else [plain, answer]:
        request = httpx.Request("POST", URL, json={})
        response = waiting(
            kind, ours(kind, httpx.MockTransport(handler), Twice(), request, stream=False)
        )
        assert {"path": "/a"} == response.json()
        assert response.request is request
        assert isinstance(response.elapsed, timedelta)


def test_bodies_of_the_other_kind_are_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b""

    with pytest.raises(TypeError, match="cannot be sent by a sync client"):
        send(Answers(), None, httpx.Request("POST", URL, content=chunks()))
    with pytest.raises(TypeError, match="cannot be sent by an async client"):
        waiting("asyncio", asend(Answers(), None, httpx.Request("POST", URL, content=iter([b""]))))


@every
def test_nothing_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        transport = Answers((401, {}, Stream([])), (200, {}, Stream([])))
        waiting(kind, ours(kind, transport, Twice(), httpx.Request("GET", URL), stream=False))
    assert [] == caplog.records


def refusing(peer: Peer) -> None:
    """A 401 with a body to the first request of all, then 200s."""
    while peer.request()[0]:
        status = b"401 Unauthorized" if len(peer.server.seen) == 1 else b"200 OK"
        peer.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")


@every
def test_a_connection_is_given_back_before_the_request_is_sent_again(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        response = await caller.get(server.url, auth=Twice(), timeout={"pool": 0.5}, stream=True)
        await caller.read(response)
        assert response.elapsed > timedelta()
        again = await caller.get(server.url, auth=Twice(), timeout={"pool": 0.5})
        return [response.status_code, again.status_code, server.accepted]

    with Server(refusing) as server:
        assert [200, 200, 1] == run(kind, scenario, max_connections=1)
        tokens = [head.split(b"Bearer ")[1][:3] for _, head, _ in server.seen]
        assert [b"one", b"two", b"one"] == tokens

"""The transports against loopback servers, in sync code, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx
import pytest
from tests.unit.core.loopback import KINDS, OK, Caller, Peer, Server, keep_alive, run

from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport

every = pytest.mark.parametrize("kind", KINDS)
ASYNC = pytest.mark.parametrize("kind", KINDS[1:])
SECRET = "s3cr3t-v4lue"


@pytest.mark.row("T08")
@every
def test_a_connection_is_kept_and_used_again(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        return [(await caller.get(f"{server.url}/a?b=%20")).json() for _ in range(3)]

    with Server() as server:
        expected = {"connection": 0, "path": "/a?b=%20", "body": ""}
        assert [expected] * 3 == run(kind, scenario)
        assert 0 == server.settled(0)


@pytest.mark.row("T08")
@every
def test_the_connection_used_last_serves_next(kind: str) -> None:
    async def scenario(caller: Caller) -> list[int]:
        first, second = [await caller.get(server.url, stream=True) for _ in range(2)]
        for response in (first, second):
            await caller.read(response)
        return [(await caller.get(server.url)).json()["connection"] for _ in range(2)]

    with Server() as server:
        assert [1, 1] == run(kind, scenario)


@pytest.mark.row("T08")
@every
def test_idle_connections_have_a_limit_and_an_end(kind: str) -> None:
    async def scenario(caller: Caller) -> int:
        for response in [await caller.get(server.url, stream=True) for _ in range(4)]:
            await caller.read(response)
        return server.settled(2)

    with Server() as server:
        assert 2 == run(kind, scenario, max_keepalive=2)

    async def expiring(caller: Caller) -> list[int]:
        numbers = []
        for _ in range(2):
            numbers.append((await caller.get(server.url)).json()["connection"])
            time.sleep(0.02)  # noqa: ASYNC251  # nothing else runs
        return numbers

    with Server() as server:
        assert [0, 1] == run(kind, expiring, keepalive_expiry_s=0.01)
        assert 0 == server.settled(0)


@pytest.mark.row("T08")
@every
def test_a_place_of_another_origin_is_taken_where_all_are_in_use(kind: str) -> None:
    async def scenario(caller: Caller) -> list[int]:
        await caller.get(first.url)
        await caller.get(second.url, timeout={"pool": 0.5})
        return [first.settled(0), second.open]

    with Server() as first, Server() as second:
        assert [0, 1] == run(kind, scenario, max_connections=1)


@pytest.mark.row("T07")
@every
def test_waiting_for_a_connection_obeys_the_pool_timeout(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        held = await caller.get(server.url, stream=True)
        error = await caller.error(server.url, timeout={"pool": 0.02})
        late = await caller.error(server.url, deadline=0.02)
        await caller.close(held)
        return [
            type(error),
            error.never_sent,
            type(late),
            (await caller.get(server.url)).status_code,
        ]

    with Server() as server:
        assert [httpx.PoolTimeout, True, httpx.PoolTimeout, 200] == run(
            kind, scenario, max_connections=1
        )


@pytest.mark.row("T08")
def test_threads_wait_their_turn() -> None:
    order: list[int] = []
    with Server() as server, HttpTransport(max_connections=1) as transport:

        def call(number: int) -> None:
            transport.handle_request(httpx.Request("GET", server.url)).read()
            order.append(number)

        held = transport.handle_request(httpx.Request("GET", server.url))
        threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
        pool = transport._pool
        assert pool is not None
        for number, thread in enumerate(threads):
            thread.start()
            while len(pool._queue) <= number:
                time.sleep(0.001)
        held.read()
        for thread in threads:
            thread.join()
        assert (list(range(8)), 1) == (order, server.accepted)


@pytest.mark.row("T08")
def test_many_threads_share_few_connections() -> None:
    with Server() as server, HttpTransport(max_connections=4) as transport:
        failures: list[Exception] = []

        def calls() -> None:
            try:
                for _ in range(25):
                    transport.handle_request(httpx.Request("GET", server.url)).read()
            except httpx.TransportError as error:
                failures.append(error)

        threads = [threading.Thread(target=calls) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ([], 400) == (failures, len(server.seen))
        assert server.accepted <= 4


@pytest.mark.row("T08")
@ASYNC
def test_tasks_wait_their_turn(kind: str) -> None:
    async def scenario(caller: Caller) -> list[int]:
        order: list[int] = []

        async def call(number: int) -> None:
            await caller.get(server.url)
            order.append(number)

        held = await caller.get(server.url, stream=True)
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(call, number)
                await anyio.sleep(0.002)
            await caller.close(held)
        return order

    with Server() as server:
        assert list(range(8)) == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@ASYNC
def test_many_tasks_share_few_connections(kind: str) -> None:
    async def scenario(caller: Caller) -> None:
        async def calls() -> None:
            for _ in range(10):
                assert 200 == (await caller.get(server.url)).status_code

        async with anyio.create_task_group() as group:
            for _ in range(32):
                group.start_soon(calls)

    with Server() as server:
        run(kind, scenario, max_connections=4)
        assert (320, 4) == (len(server.seen), server.accepted)


# Bodies


@pytest.mark.row("T05")
@every
def test_bodies_of_every_kind_are_sent(kind: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        yield b""
        yield b"two"

    async def achunks() -> AsyncIterator[bytes]:
        for chunk in chunks():
            yield chunk

    async def scenario(caller: Caller) -> list[str]:
        streamed: Any = chunks() if caller.is_sync else achunks()
        file: Any = io.BytesIO(b"from a file") if caller.is_sync else b"from a file"
        sent = [
            caller.request("POST", server.url, content=content)
            for content in (b"", b"x" * 100_000, streamed, file)
        ]
        return [(await caller.send(request)).json()["body"] for request in sent]

    with Server() as server:
        assert ["", "x" * 100_000, "onetwo", "from a file"] == run(kind, scenario)


@pytest.mark.row("T05")
@every
def test_an_error_of_the_callers_body_is_the_callers(kind: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise OSError("the disk is gone")

    async def achunks() -> AsyncIterator[bytes]:
        for chunk in chunks():
            yield chunk

    async def scenario(caller: Caller) -> int:
        with pytest.raises(OSError, match="the disk is gone"):
            await caller.send(
                caller.request(
                    "POST", server.url, content=chunks() if caller.is_sync else achunks()
                )
            )
        assert 200 == (await caller.get(server.url, timeout={"pool": 0.5})).status_code
        return server.settled(1)

    with Server() as server:
        assert 1 == run(kind, scenario, max_connections=1)


def chunked(peer: Peer) -> None:
    while peer.request()[0]:
        peer.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"4\r\nabcd\r\n" * 1000
            + b"0\r\n\r\n"
        )


@pytest.mark.row("T18")
@every
def test_an_answer_is_streamed(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        read = 0
        response = await caller.get(server.url, stream=True)
        if caller.is_sync:
            for chunk in response.iter_raw():
                read += len(chunk)
        else:
            async for chunk in response.aiter_raw():
                read += len(chunk)
        return [read, len((await caller.get(server.url)).content), server.accepted]

    with Server(chunked) as server:
        assert [4000, 4000, 1] == run(kind, scenario)


@pytest.mark.row("T08")
@every
def test_an_answer_that_is_closed_early_takes_its_connection_with_it(kind: str) -> None:
    async def scenario(caller: Caller) -> list[int]:
        response = await caller.get(server.url, stream=True)
        await caller.close(response)
        await caller.close(response)
        gone = server.settled(0)
        return [gone, len((await caller.get(server.url)).content), server.accepted]

    with Server(chunked) as server:
        assert [0, 4000, 2] == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@every
# one that httpcore leaves, told of by trio
@pytest.mark.filterwarnings("ignore:Async generator 'httpcore:ResourceWarning")
def test_an_answer_that_is_left_half_read_takes_its_connection_with_it(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        response = await caller.get(server.url, stream=True)
        chunks: Any = iter(response.stream) if caller.is_sync else aiter(response.stream)
        first = next(chunks) if caller.is_sync else await anext(chunks)
        await caller.close(response)
        gc.collect()
        return [
            first[:4],
            server.settled(0),
            len((await caller.get(server.url, timeout={"pool": 0.5})).content),
        ]

    with Server(chunked) as server:
        assert [b"abcd", 0, 4000] == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@every
def test_a_server_that_wants_to_close_is_left(kind: str) -> None:
    def closing(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        peer.wait_for_end()

    async def scenario(caller: Caller) -> list[int]:
        for _ in range(2):
            await caller.get(server.url)
        return [server.accepted, server.settled(0)]

    with Server(closing) as server:
        assert [2, 0] == run(kind, scenario)


# Failures


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


@pytest.mark.row("T08")
@every
def test_where_nobody_listens_the_call_fails(kind: str) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(f"http://127.0.0.1:{refused_port()}")

    error = run(kind, scenario)
    assert (httpx.ConnectError, True, False) == (
        type(error),
        error.never_sent,
        error.on_reused_connection,
    )


@pytest.mark.row("T08")
@every
@pytest.mark.parametrize("url", ["ftp://host/", "//host/", "/path"])
def test_other_urls_are_refused(kind: str, url: str) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(url)

    assert httpx.UnsupportedProtocol is type(run(kind, scenario))


def after_one(then: Any) -> Any:
    """Answers the first request of a connection, then does `then` at the second."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(OK)
        peer.request()
        then(peer)

    return script


def reset(peer: Peer) -> None:
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.sock.close()


@pytest.mark.row("T01")
@every
@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (lambda peer: None, (httpx.RemoteProtocolError, False, True)),
        (reset, (httpx.ReadError, False, True)),
        (
            lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nContent-Le"),
            (httpx.RemoteProtocolError, False, False),
        ),
        (lambda peer: peer.send(OK[:-1]), (httpx.RemoteProtocolError, False, False)),
    ],
    ids=["closed", "reset", "closed within the head", "closed within the body"],
)
def test_a_kept_connection_that_ends_is_told_apart_and_nothing_is_sent_again(
    kind: str, then: Any, expected: Any
) -> None:
    async def scenario(caller: Caller) -> Any:
        await caller.get(server.url)
        return await caller.error(server.url)

    with Server(after_one(then)) as server:
        error = run(kind, scenario)
        assert expected == (type(error), error.never_sent, error.on_reused_connection)
        assert 2 == len(server.seen)


@pytest.mark.row("T01")
@every
def test_a_new_connection_that_ends_is_no_kept_one(kind: str) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(server.url)

    with Server(lambda peer: peer.request() and None) as server:
        error = run(kind, scenario)
    assert (httpx.RemoteProtocolError, False, False) == (
        type(error),
        error.never_sent,
        error.on_reused_connection,
    )


@pytest.mark.row("T01")
@every
def test_a_kept_connection_that_the_server_closed_is_noticed_before_anything_is_sent(
    kind: str,
) -> None:
    def one(peer: Peer) -> None:
        peer.request()
        peer.send(OK)

    async def scenario(caller: Caller) -> int:
        for _ in range(3):
            await caller.get(server.url)
            server.settled(0)
        return server.accepted

    with Server(one) as server:
        assert 3 == run(kind, scenario, max_connections=1)


BAD = {
    "no HTTP": b"SSH-2.0-" + SECRET.encode() + b"\r\n\r\n",
    "a bad header": b"HTTP/1.1 200 OK\r\n" + SECRET.encode() + b"\r\n\r\n",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: " + SECRET.encode() + b"\r\n\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + SECRET.encode()
    + b"\r\n",
}


@pytest.mark.row("T15")
@every
@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_an_answer_that_is_not_http_shows_nothing_of_itself(kind: str, answer: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer)
        peer.wait_for_end()

    async def scenario(caller: Caller) -> Any:
        return await caller.error(server.url)

    with Server(script) as server:
        error = run(kind, scenario)
        assert 0 == server.settled(0)
    assert httpx.RemoteProtocolError is type(error)
    assert (None, None) == (error.__cause__, error.__context__)
    assert SECRET not in f"{error!s}{error!r}"


@pytest.mark.row("T15")
@every
def test_a_request_that_is_not_http_shows_nothing_of_itself(kind: str) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(server.url, headers={"Authorization": f"Bearer {SECRET}\n"})

    with Server() as server:
        error = run(kind, scenario)
    assert (httpx.LocalProtocolError, True) == (type(error), error.never_sent)
    assert (None, None) == (error.__cause__, error.__context__)
    assert SECRET not in f"{error!s}{error!r}"


@pytest.mark.row("T08")
@every
def test_failing_calls_leave_nothing_behind(kind: str) -> None:
    def failing(peer: Peer) -> None:
        if peer.server.script is not failing:
            keep_alive(peer)
        peer.request()
        peer.send([b"", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\n", OK[:-1]][peer.number % 4])

    async def scenario(caller: Caller) -> list[Any]:
        kinds = {type(await caller.error(server.url)) for _ in range(1000)}
        left = server.settled(0)
        server.script = keep_alive
        held = [await caller.get(server.url, stream=True, timeout={"pool": 0.5}) for _ in range(2)]
        for response in held:
            await caller.read(response)
        return [kinds, left, server.settled(2)]

    with Server(failing) as server:
        assert [{httpx.RemoteProtocolError}, 0, 2] == run(kind, scenario, max_connections=2)


# Time


def dribble(data: bytes, *, first: bytes = b"") -> Any:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(first)
        for byte in data * 1000:
            if peer.server.ended.wait(0.005):
                break
            peer.send(bytes([byte]))

    return script


DRIBBLES = {
    "header": dribble(b"x", first=b"HTTP/1.1 200 OK\r\nName: "),
    "interim answers": dribble(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": dribble(b"x", first=b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    "chunks": dribble(
        b"1\r\nx\r\n", first=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "nothing": dribble(b""),
}


def silent(peer: Peer) -> None:
    peer.server.ended.wait(10)


@pytest.mark.row("T07")
@every
@pytest.mark.parametrize("script", DRIBBLES.values(), ids=DRIBBLES)
def test_a_deadline_ends_an_answer_that_comes_byte_by_byte(kind: str, script: Any) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        error = await caller.late(server.url)
        return [type(error), error.never_sent, server.ended.is_set()]

    with Server(silent if script is DRIBBLES["nothing"] else script) as server:
        assert [httpx.ReadTimeout, False, False] == run(kind, scenario)


@pytest.mark.row("T07")
@every
def test_the_read_timeout_alone_is_for_each_read(kind: str) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(server.url, timeout={"read": 0.02})

    with Server(silent) as server:
        error = run(kind, scenario)
    assert (httpx.ReadTimeout, False) == (type(error), error.never_sent)


@pytest.mark.row("T07")
@every
def test_a_deadline_ends_a_body_that_is_not_taken(kind: str) -> None:
    async def scenario(caller: Caller) -> Any:
        error = await caller.late(server.url, "POST", content=b"x" * 50_000_000)
        return type(error)

    with Server(silent) as server:
        assert httpx.WriteTimeout is run(kind, scenario)


@pytest.mark.row("T07")
@every
def test_a_deadline_that_has_passed_sends_nothing(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        await caller.get(server.url)
        error = await caller.error(server.url, deadline=-1.0)
        return [type(error), error.never_sent, len(server.seen)]

    with Server() as server:
        assert [httpx.ConnectTimeout, True, 1] == run(kind, scenario)


@pytest.mark.row("T07")
@every
@pytest.mark.parametrize("timeout", [None, float("inf"), {}])
def test_no_timeout_is_no_end(kind: str, timeout: Any) -> None:
    async def scenario(caller: Caller) -> int:
        return (await caller.get(server.url, timeout=timeout)).status_code

    with Server() as server:
        assert 200 == run(kind, scenario)


@pytest.mark.row("T07")
@every
def test_a_timeout_of_zero_ends_at_once(kind: str) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(server.url, timeout=0)

    with Server() as server:
        assert httpx.ConnectTimeout is type(run(kind, scenario))


@pytest.mark.row("T07")
@every
def test_a_deadline_in_time_changes_nothing(kind: str) -> None:
    async def scenario(caller: Caller) -> list[int]:
        request = caller.request("POST", server.url, content=b"x" * 100_000, deadline=5.0)
        return [
            len((await caller.send(request)).json()["body"]),
            (await caller.get(server.url)).json()["connection"],
        ]

    with Server() as server:
        assert [100_000, 0] == run(kind, scenario)


# Cancellation

PHASES = {
    "waiting for the head": silent,
    "within the head": dribble(b"x", first=b"HTTP/1.1 200 OK\r\nName: "),
    "within the body": dribble(b"x", first=b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
}


@pytest.mark.row("T08")
@ASYNC
@pytest.mark.parametrize("script", PHASES.values(), ids=PHASES)
def test_a_call_that_is_cancelled_leaves_no_connection(kind: str, script: Any) -> None:
    async def scenario(caller: Caller) -> int:
        for _ in range(3):
            with anyio.move_on_after(0.02) as scope:
                await caller.get(server.url)
            assert scope.cancelled_caught
        server.script = keep_alive
        return (await caller.get(server.url, timeout={"pool": 0.5})).status_code

    with Server(script) as server:
        assert 200 == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@ASYNC
def test_a_call_that_is_cancelled_in_the_queue_leaves_it(kind: str) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        held = await caller.get(server.url, stream=True)
        with anyio.move_on_after(0.01) as scope:
            await caller.get(server.url)
        await caller.read(held)
        return [
            scope.cancelled_caught,
            (await caller.get(server.url, timeout={"pool": 0.5})).json()["connection"],
        ]

    with Server() as server:
        assert [True, 0] == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@ASYNC
def test_a_call_that_is_cancelled_as_its_turn_comes_hands_it_on(kind: str) -> None:
    async def scenario(caller: Caller) -> int:
        scopes: list[anyio.CancelScope] = []

        async def call() -> None:
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await caller.get(server.url)

        held = await caller.get(server.url, stream=True)
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await anyio.sleep(0.01)
            await caller.read(held)  # its turn has come, but it does not run yet
            scopes[0].cancel()
        return (await caller.get(server.url, timeout={"pool": 0.5})).status_code

    with Server() as server:
        assert 200 == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@ASYNC
def test_every_moment_is_good_for_cancelling(kind: str) -> None:
    """Cancelled at each of the first checkpoints in turn, until a call comes through."""

    async def scenario(caller: Caller) -> int:
        steps = 0
        while True:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:

                    async def cancel(steps: int = steps, scope: anyio.CancelScope = scope) -> None:
                        for _ in range(steps):
                            await anyio.lowlevel.checkpoint()
                        scope.cancel()

                    group.start_soon(cancel)
                    await caller.get(server.url, headers={"Connection": "close"})
                    group.cancel_scope.cancel()
            if not scope.cancelled_caught and steps > 20:
                break
            steps += 1
            if steps > 3000:
                raise AssertionError("no call came through")
        return (await caller.get(server.url, timeout={"pool": 0.5})).status_code

    with Server() as server:
        assert 200 == run(kind, scenario, max_connections=1)
        assert 0 == server.settled(0)


# The end


@pytest.mark.row("T08")
@every
def test_a_closed_transport_says_so(kind: str) -> None:
    async def scenario(caller: Caller) -> int:
        await caller.get(server.url)
        held = await caller.get(server.url, stream=True)
        await caller.end()
        await caller.end()
        with pytest.raises(RuntimeError, match="the transport is closed"):
            await caller.get(server.url)
        assert 200 == held.status_code
        await caller.read(held)  # in use when it closed
        return server.settled(0)

    with Server() as server:
        assert 0 == run(kind, scenario)


@pytest.mark.row("T08")
def test_context_managers_close() -> None:
    async def amain() -> None:
        async with AsyncHttpTransport() as transport:
            await (await transport.handle_async_request(httpx.Request("GET", server.url))).aread()

    with Server() as server:
        with HttpTransport() as transport:
            transport.handle_request(httpx.Request("GET", server.url)).read()
            assert 1 == server.open
        assert 0 == server.settled(0)
        asyncio.run(amain())
        assert 0 == server.settled(0)


@pytest.mark.row("T08")
def test_those_that_wait_hear_of_the_end() -> None:
    failures: list[Exception] = []
    with Server() as server:
        transport = HttpTransport(max_connections=1)
        held = transport.handle_request(httpx.Request("GET", server.url))

        def call() -> None:
            try:
                transport.handle_request(httpx.Request("GET", server.url))
            except RuntimeError as error:
                failures.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        assert transport._pool is not None
        while not transport._pool._queue:
            time.sleep(0.001)
        transport.close()
        thread.join()
        held.read()
        assert ["the transport is closed"] == [str(error) for error in failures]
        assert 0 == server.settled(0)
        assert 0 == transport._pool.open


@pytest.mark.row("T08")
# asyncio's: the first loop ended with a connection open
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "kinds", [("asyncio", "asyncio"), ("asyncio", "trio"), ("trio", "asyncio"), ("trio", "trio")]
)
def test_one_transport_serves_one_event_loop_after_another(kinds: tuple[str, str]) -> None:
    transport = AsyncHttpTransport(max_connections=1)

    async def call() -> int:
        response = await transport.handle_async_request(httpx.Request("GET", server.url))
        return int(json.loads(await response.aread())["connection"])

    async def last() -> int:
        number = await call()
        await transport.aclose()
        return number

    with Server() as server:
        assert [0, 1] == [anyio.run(call, backend=kinds[0]), anyio.run(last, backend=kinds[1])]
        gc.collect()
        assert 0 == server.settled(0)


def exit_code_of_child(child: Any) -> int:
    pid = os.fork()
    if pid == 0:  # pragma: no cover
        code = 1
        try:
            signal.alarm(5)
            code = int(child())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.row("T08")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_starts_with_connections_of_its_own() -> None:
    with Server() as server, HttpTransport() as transport:

        def call() -> int:
            return int(
                json.loads(transport.handle_request(httpx.Request("GET", server.url)).read())[
                    "connection"
                ]
            )

        assert 0 == call()
        assert 10 == exit_code_of_child(lambda: 10 if call() == 1 else 11)
        assert 0 == call()  # the parent's is as it was


@pytest.mark.row("T08")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_starts_with_connections_of_its_own_in_async_code() -> None:
    with Server() as server:
        transport = AsyncHttpTransport()

        async def call() -> int:
            response = await transport.handle_async_request(httpx.Request("GET", server.url))
            return int(json.loads(await response.aread())["connection"])

        async def main() -> list[int]:
            numbers = [await call()]

            def child() -> int:
                asyncio._set_running_loop(None)
                return 10 if asyncio.new_event_loop().run_until_complete(call()) == 1 else 11

            numbers.append(exit_code_of_child(child))
            numbers.append(await call())
            await transport.aclose()
            return numbers

        assert [0, 10, 0] == asyncio.run(main())


@pytest.mark.row("T08")
def test_limits_are_checked_and_shown() -> None:
    with pytest.raises(ValueError, match="max_connections"):
        HttpTransport(max_connections=0)
    with pytest.raises(ValueError, match="max_keepalive"):
        HttpTransport(max_keepalive=-1)
    assert (
        "<AsyncHttpTransport max_connections=3 max_keepalive=3 "
        "keepalive_expiry_s=None http2=False proxy=none>"
        == repr(AsyncHttpTransport(max_connections=3, keepalive_expiry_s=None, trust_env=False))
    )

"""The transport over aiohttp: what it shares with the default one, and where it differs."""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.unit.core.loopback import OK, Caller, Peer, Server, keep_alive, run, tunnel


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "purview_core.transport.aiohttp", raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(
        ImportError, match=r"needs aiohttp: pip install 'purview-dataplane\[aiohttp\]'"
    ):
        import purview_core.transport.aiohttp  # noqa: F401


def calling(scenario: Any, **options: Any) -> Any:
    """Runs with a transport that is made in its event loop."""
    pytest.importorskip("aiohttp", reason="the extra is not installed")
    from purview_core.transport.aiohttp import fast_async_transport

    return run("asyncio", scenario, fast_async_transport(**options))


def test_a_connection_is_kept_and_cookies_are_not() -> None:
    def cookies(peer: Peer) -> None:
        while peer.request()[0]:
            peer.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}")

    async def scenario(caller: Caller) -> None:
        for _ in range(2):
            assert {} == (await caller.get(server.url)).json()

    with Server(cookies) as server:
        calling(scenario)
        assert (1, [False, False]) == (
            server.accepted,
            [b"cookie" in head.lower() for _, head, _ in server.seen],
        )
        assert 0 == server.settled(0)


def test_limits_hold() -> None:
    async def scenario(caller: Caller) -> Any:
        held = await caller.get(server.url, stream=True)
        error = await caller.error(server.url, timeout={"pool": 0.01, "connect": 0.01})
        await caller.close(held)
        return type(error), error.never_sent

    def large(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        peer.wait_for_end()

    with Server(large) as server:
        assert (httpx.ConnectTimeout, True) == calling(scenario, max_connections=1)


def slow(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while not peer.server.ended.wait(0.005):
        peer.send(b"x")


FAILURES: dict[str, tuple[Any, Any]] = {
    "closed": (lambda peer: peer.request() and None, (httpx.RemoteProtocolError, False)),
    "no HTTP": (
        lambda peer: peer.request() and peer.send(b"s3cret\r\n\r\n"),
        (httpx.RemoteProtocolError, False),
    ),
    "cut off": (
        lambda peer: peer.request() and peer.send(OK[:-1]),
        (httpx.RemoteProtocolError, False),
    ),
    "silent": (lambda peer: peer.server.ended.wait(10), (httpx.ReadTimeout, False)),
    "slow": (slow, (httpx.ReadTimeout, False)),
}


@pytest.mark.parametrize(("script", "expected"), FAILURES.values(), ids=FAILURES)
def test_failures_are_told_as_what_they_are(script: Any, expected: Any) -> None:
    """A POST above all: what may have been sent is never said not to have been."""

    async def scenario(caller: Caller) -> Any:
        error = await caller.late(server.url, "POST", content=b"{}")
        assert "s3cret" not in str(error)
        assert (None, None) == (error.__cause__, error.__context__)
        return type(error), error.never_sent

    with Server(script) as server:
        assert expected == calling(scenario)
        assert len(server.seen) <= 1


def test_nobody_listens() -> None:
    async def scenario(caller: Caller) -> Any:
        error = await caller.error("http://127.0.0.1:1")
        return type(error), error.never_sent

    assert (httpx.ConnectError, True) == calling(scenario)


def test_a_proxy_is_used_for_https(certificate: Path, tls: ssl.SSLContext) -> None:
    async def scenario(caller: Caller) -> Any:
        assert "s3cret" not in repr(caller.transport)
        return (await caller.get("https://localhost/a")).json()["path"]

    with Server(tunnel(tls)) as server:
        proxy = f"http://user:s3cret@127.0.0.1:{server.port}"
        assert "/a" == calling(scenario, proxy=proxy, ssl_context=certificate)
        assert [True, False] == [
            b"proxy-authorization: basic " in head.lower() for _, head, _ in server.seen
        ]


def test_a_proxy_is_used_for_http() -> None:
    async def scenario(caller: Caller) -> Any:
        return [(await caller.get("http://service.example/a")).json()["path"] for _ in range(2)]

    with Server() as server:
        proxy = f"http://user:s3cret@127.0.0.1:{server.port}"
        assert ["http://service.example/a"] * 2 == calling(scenario, proxy=proxy)
        assert [True, True] == [
            b"proxy-authorization: basic " in head.lower() for _, head, _ in server.seen
        ]


def test_bodies_of_every_kind_are_sent() -> None:
    async def chunks(*, fail: bool = False) -> AsyncIterator[bytes]:
        yield b"one"
        if fail:
            raise LookupError("the disk is gone")
        yield b"two"

    async def scenario(caller: Caller) -> list[str]:
        with pytest.raises(LookupError, match="the disk is gone"):
            await caller.send(caller.request("POST", server.url, content=chunks(fail=True)))
        sent = [
            caller.request("POST", server.url, content=content)
            for content in (b"", b"x" * 100_000, chunks())
        ]
        return [
            (await caller.send(request, stream=True)).headers["content-type"] for request in sent
        ]

    with Server() as server:
        assert ["application/json"] * 3 == calling(scenario)
        assert [b"", b"x" * 100_000, b"onetwo"] == [body for _, _, body in server.seen]


def test_headers_go_and_come_as_they_are() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 Fine\r\nX-One: a\r\nx-one: b\r\nContent-Length: 0\r\n\r\n")

    async def scenario(caller: Caller) -> Any:
        request = caller.request(
            "GET", f"{server.url}/a%2Fb?c=%20d:e", headers=[("X-Two", "1"), ("X-Two", "2")]
        )
        response = await caller.send(request)
        return response.headers.get_list("x-one"), response.reason_phrase, response.http_version

    with Server(script) as server:
        assert (["a", "b"], "Fine", "HTTP/1.1") == calling(scenario)
        lines = server.seen[0][1].decode().lower().split("\r\n")
    assert "get /a%2fb?c=%20d:e http/1.1" == lines[0]
    assert ["x-two: 1", "x-two: 2"] == [line for line in lines if line.startswith("x-two")]
    assert [] == [line for line in lines if "aiohttp" in line]


@pytest.mark.parametrize(
    ("timeout", "expected"), [(None, None), (float("inf"), None), (0, httpx.ConnectTimeout)]
)
def test_odd_timeouts(timeout: Any, expected: Any) -> None:
    async def scenario(caller: Caller) -> Any:
        if expected is None:
            return (await caller.get(server.url, timeout=timeout)).raise_for_status() and None
        return type(await caller.error(server.url, timeout=timeout))

    with Server() as server:
        assert expected is calling(scenario)


def test_a_cancelled_call_leaves_no_connection() -> None:
    async def scenario(caller: Caller) -> int:
        with anyio.move_on_after(0.02) as scope:
            await caller.get(server.url)
        assert scope.cancelled_caught
        server.script = keep_alive
        return (await caller.get(server.url, timeout={"pool": 0.5})).status_code

    with Server(slow) as server:
        assert 200 == calling(scenario, max_connections=1)


def test_it_belongs_to_one_event_loop_until_it_is_closed() -> None:
    pytest.importorskip("aiohttp", reason="the extra is not installed")
    from purview_core.transport.aiohttp import fast_async_transport

    transport = fast_async_transport()

    async def call() -> None:
        await (await transport.handle_async_request(httpx.Request("GET", server.url))).aread()

    async def main() -> None:
        await call()
        with pytest.raises(RuntimeError, match="belong to the event loop"):
            await anyio.to_thread.run_sync(anyio.run, call)
        await transport.aclose()
        with pytest.raises(RuntimeError, match="the transport is closed"):
            await call()

    with Server() as server:
        anyio.run(main)


def test_what_aiohttp_lacks_is_refused() -> None:
    pytest.importorskip("aiohttp", reason="the extra is not installed")
    pytest.importorskip("socksio", reason="SOCKS proxies need socksio")
    from purview_core.transport.aiohttp import fast_async_transport

    with pytest.raises(ValueError, match="no SOCKS"):
        fast_async_transport(proxy="socks5://127.0.0.1:1")

"""TLS and proxies: trusted authorities, failed handshakes, and who gets a proxy's password."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.unit.core.loopback import KINDS, Caller, Peer, Server, keep_alive, run, tunnel

from purview_auth.network import trust
from purview_auth.network.proxies import Proxies
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport, shared_ssl_context

every = pytest.mark.parametrize("kind", KINDS)
PASSWORD = "p%40ss-w0rd"


@pytest.fixture
def no_contexts(monkeypatch: pytest.MonkeyPatch) -> dict[Any, ssl.SSLContext]:
    """As in a process that has made no TLS context yet, and no proxy."""
    for name in (
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(trust, "_contexts", {})
    return trust._contexts


@pytest.mark.row("T08")
@every
def test_an_unknown_authority_is_refused(kind: str, tls: ssl.SSLContext) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error(server.url)

    with Server(tls=tls) as server:
        error = run(kind, scenario)
        assert (httpx.ConnectError, True, []) == (type(error), error.never_sent, server.seen)
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        assert 0 == server.settled(0)


@pytest.mark.row("T08")
@every
@pytest.mark.parametrize("given", ["path", "text", "folder", "context", "environment"])
def test_authorities_can_be_named(
    kind: str,
    given: str,
    certificate: Path,
    tls: ssl.SSLContext,
    no_contexts: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = certificate.parent / "authorities"
    if not folder.exists():
        folder.mkdir()
        command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
        name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        shutil.copy(certificate.parent / "cert.pem", folder / f"{name}.0")
    if given == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trust = {
        "path": certificate,
        "text": str(certificate),
        "folder": folder,
        "context": ssl.create_default_context(cafile=certificate),
    }

    async def scenario(caller: Caller) -> list[int]:
        return [(await caller.get(server.url)).json()["connection"] for _ in range(2)]

    with Server(tls=tls) as server:
        assert [0, 0] == run(kind, scenario, ssl_context=trust.get(given))


@pytest.mark.row("T08")
@every
def test_the_environment_counts_only_where_it_is_trusted(
    kind: str,
    certificate: Path,
    tls: ssl.SSLContext,
    no_contexts: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def scenario(caller: Caller) -> Any:
        return type(await caller.error(server.url))

    with Server(tls=tls) as server:
        assert httpx.ConnectError is run(kind, scenario, trust_env=False)


@pytest.mark.row("T08")
def test_one_context_for_the_process_made_when_it_is_needed(
    tls: ssl.SSLContext,
    no_contexts: dict[Any, Any],
) -> None:
    transports = [HttpTransport(), AsyncHttpTransport()]
    with Server() as plain, HttpTransport() as transport:
        transport.handle_request(httpx.Request("GET", plain.url)).read()
    assert {} == no_contexts
    assert shared_ssl_context() is shared_ssl_context()
    assert {shared_ssl_context()} == {transport._context() for transport in transports}
    assert shared_ssl_context() is not shared_ssl_context(http2=True)


@pytest.mark.row("T08")
@every
def test_a_certificate_of_ones_own_is_shown(
    kind: str,
    certificate: Path,
    tls: ssl.SSLContext,
) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    mine = ssl.create_default_context(cafile=certificate)
    mine.load_cert_chain(certificate)

    async def scenario(caller: Caller) -> int:
        return (await caller.get(server.url)).status_code

    with Server(tls=tls) as server:
        assert 200 == run(kind, scenario, ssl_context=mine)


@pytest.mark.row("T08")
@pytest.mark.parametrize(
    ("trust", "expected"), [(False, TypeError), (True, TypeError), ("/not/there.pem", ValueError)]
)
def test_what_cannot_be_trusted_is_refused_at_once(trust: Any, expected: Any) -> None:
    with pytest.raises(expected, match="ssl_context="):
        HttpTransport(ssl_context=trust)


def hang_up(peer: Peer) -> None:
    peer.sock.recv(1)


def reset(peer: Peer) -> None:
    peer.sock.recv(1)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.sock.close()


def no_tls(peer: Peer) -> None:
    peer.sock.recv(1)
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    peer.wait_for_end()


def silent(peer: Peer) -> None:
    peer.server.ended.wait(10)


HANDSHAKES: dict[str, tuple[Callable[[Peer], None], type[Exception]]] = {
    "end of file": (hang_up, httpx.ConnectError),
    "reset": (reset, httpx.ConnectError),
    "no TLS": (no_tls, httpx.ConnectError),
    "silence": (silent, httpx.ConnectTimeout),
}


@pytest.mark.row("T08")
@every
@pytest.mark.parametrize(("script", "expected"), HANDSHAKES.values(), ids=HANDSHAKES)
def test_a_handshake_that_fails_is_a_failure_to_connect(
    kind: str,
    script: Any,
    expected: type[Exception],
) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        found = []
        seconds = 0.05 if script is silent else 5.0
        for more in ({"timeout": {"connect": seconds}}, {"deadline": seconds}):
            error = await caller.error(server.url.replace("http:", "https:"), **more)
            found.append((type(error), error.never_sent, error.on_reused_connection))
        return found

    with Server(script) as server:
        assert [(expected, True, False)] * 2 == run(kind, scenario, max_connections=1)


@pytest.mark.row("T08")
@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_handshake_that_is_cancelled_leaves_no_connection(kind: str) -> None:
    async def scenario(caller: Caller) -> bool:
        for _ in range(3):
            with anyio.move_on_after(0.02) as scope:
                await caller.get(server.url.replace("http:", "https:"))
        server.script = keep_alive
        await caller.get(server.url, timeout={"pool": 0.5})
        return scope.cancelled_caught

    def closed(peer: Peer) -> None:
        peer.wait_for_end()
        ends.append(peer.number)

    ends: list[int] = []
    with Server(closed) as server:
        assert run(kind, scenario, max_connections=1)
        assert 0 == server.settled(0)
    assert [0, 1, 2] == sorted(ends)


# Proxies


def proxy_url(server: Server, scheme: str = "http") -> str:
    return f"{scheme}://user:{PASSWORD}@127.0.0.1:{server.port}"


CREDENTIALS = b"Proxy-Authorization: Basic " + b64encode(b"user:p@ss-w0rd")


@pytest.mark.row("T08")
@every
@pytest.mark.parametrize("given", ["argument", "environment"])
def test_http_goes_through_a_proxy(
    kind: str,
    given: str,
    no_contexts: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        assert PASSWORD not in repr(caller.transport)
        return [(await caller.get("http://service.example/a")).json()["path"] for _ in range(2)]

    with Server() as server:
        if given == "environment":
            monkeypatch.setenv("ALL_PROXY", proxy_url(server))
        options = {"proxy": proxy_url(server)} if given == "argument" else {}
        assert ["http://service.example/a"] * 2 == run(kind, scenario, **options)
        assert [True] * 2 == [CREDENTIALS in head for _, head, _ in server.seen]
        assert 1 == server.accepted


@pytest.mark.row("T08")
@every
def test_https_goes_through_a_proxy(kind: str, certificate: Path, tls: ssl.SSLContext) -> None:
    async def scenario(caller: Caller) -> list[Any]:
        return [
            (await caller.get("https://localhost/a", deadline=5.0)).json()["path"] for _ in range(2)
        ]

    with Server(tunnel(tls)) as server:
        assert ["/a"] * 2 == run(kind, scenario, proxy=proxy_url(server), ssl_context=certificate)
        connect, *calls = [head for _, head, _ in server.seen]
        assert connect.startswith(b"CONNECT localhost:443 ")
        assert [True, False, False] == [CREDENTIALS in head for head in (connect, *calls)]


@pytest.mark.row("T08")
@every
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 407 s3cret\r\nContent-Length: 0\r\n\r\n", httpx.ProxyError),
        (b"no http\r\n\r\n", httpx.ConnectError),
        (b"", httpx.ConnectTimeout),
    ],
)
def test_a_proxy_that_fails_has_not_sent_anything(
    kind: str,
    answer: bytes,
    expected: Any,
    tls: ssl.SSLContext,
) -> None:
    async def scenario(caller: Caller) -> Any:
        return await caller.error("https://localhost/a", timeout=10 if answer else 0.1)

    with Server(tunnel(tls, answer)) as server:
        error = run(kind, scenario, proxy=proxy_url(server))
        assert 0 == server.settled(0)
    assert (expected, True, False) == (type(error), error.never_sent, error.on_reused_connection)
    assert [] == [word for word in ("p@ss", PASSWORD, "s3cret") if word in f"{error}{error!r}"]


def socks(peer: Peer) -> None:
    """SOCKS5 with user and password, then the server behind it."""
    peer.sock.recv(64)
    peer.send(b"\x05\x02")
    assert b"\x01\x04user\x09p@ss-w0rd" == peer.sock.recv(64)
    peer.send(b"\x01\x00")
    peer.sock.recv(64)
    peer.send(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
    keep_alive(peer)


@pytest.mark.row("T08")
@every
def test_a_socks_proxy_is_used(kind: str) -> None:
    pytest.importorskip("socksio", reason="SOCKS proxies need socksio")

    async def scenario(caller: Caller) -> Any:
        return [(await caller.get("http://service.example/a")).json()["path"] for _ in range(2)]

    with Server(socks) as server:
        assert ["/a"] * 2 == run(kind, scenario, proxy=proxy_url(server, "socks5"))
        assert 1 == server.accepted


@pytest.mark.row("T08")
@every
@pytest.mark.parametrize("how", [{"timeout": {"connect": 0.05}}, {"deadline": 0.05}])
def test_a_socks_proxy_that_is_silent_is_given_up(kind: str, how: dict[str, Any]) -> None:
    pytest.importorskip("socksio", reason="SOCKS proxies need socksio")

    async def scenario(caller: Caller) -> Any:
        return await caller.error("http://service.example/a", **how)

    with Server(silent) as server:
        error = run(kind, scenario, proxy=proxy_url(server, "socks5"))
    assert (httpx.ConnectTimeout, True) == (type(error), error.never_sent)


ENVIRONMENT = {
    "http": "one.example:1",
    "https": "http://two.example:2",
    "all": "http://three.example:3",
}


@pytest.mark.row("T08")
@pytest.mark.parametrize(
    ("environment", "scheme", "expected"),
    [
        (ENVIRONMENT, "http", "http://one.example:1"),
        (ENVIRONMENT, "https", "http://two.example:2"),
        ({"all": "http://three.example:3"}, "https", "http://three.example:3"),
        ({"http": "one.example:1"}, "https", None),
        ({"https": "", "no": "*"}, "https", None),
    ],
)
def test_the_proxy_of_a_scheme(
    environment: dict[str, str],
    scheme: str,
    expected: str | None,
) -> None:
    proxies = Proxies(None, trust_env=True, read=lambda: environment, bypass=lambda _: False)
    found = proxies.of(scheme, "service.example", None)
    assert expected == (None if found is None else str(found))


@pytest.mark.row("T08")
def test_hosts_that_go_without_a_proxy(no_contexts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://one.example:1")
    monkeypatch.setenv("NO_PROXY", "inside.example, exact.example:8443")
    proxies = Proxies(None, trust_env=True)
    without = [("inside.example", None), ("a.inside.example", 444), ("exact.example", 8443)]
    through = [("outside.example", None), ("notinside.example", None), ("exact.example", 443)]
    assert [None] * 3 == [proxies.of("https", host, port) for host, port in without]
    assert [None] * 3 != [proxies.of("https", host, port) for host, port in through]
    assert None is Proxies(None, trust_env=False).of("https", "outside.example", None)
    argument = Proxies("http://mine.example", trust_env=True).of("https", "inside.example", None)
    assert httpx.URL("http://mine.example") == argument


@pytest.mark.row("T08")
@pytest.mark.parametrize(
    "url",
    [f"ftp://user:{PASSWORD}@host", f"http://user:{PASSWORD}@", f"http://user:{PASSWORD}@[::bad"],
)
def test_a_bad_proxy_is_refused_without_its_password(
    url: str, no_contexts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="proxy= is not the URL of a proxy") as caught:
        HttpTransport(proxy=url)
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}"
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ValueError, match="HTTPS_PROXY is not the URL of a proxy"):
        AsyncHttpTransport()


# HTTP/2


@pytest.mark.row("T08")
def test_http2_needs_h2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(
        ImportError, match=r"http2=True needs h2: pip install 'purview-dataplane\[http2\]'"
    ):
        HttpTransport(http2=True)
    with pytest.raises(
        ImportError,
        match=r"SOCKS proxy, which needs socksio: pip install 'purview-dataplane\[socks\]'",
    ):
        HttpTransport(proxy="socks5://host")


def http2(peer: Peer) -> None:
    """Answers each request with its path, and leaves those to /silent alone."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import RequestReceived

    connection = H2Connection(H2Configuration(client_side=False))
    connection.initiate_connection()
    peer.send(connection.data_to_send())
    while data := peer.sock.recv(65536):
        for event in connection.receive_data(data):
            if isinstance(event, RequestReceived):
                path = dict(event.headers)[b":path"]
                peer.server.seen.append((peer.number, path, b""))
                if path != b"/silent":
                    connection.send_headers(event.stream_id, [(":status", "200")])
                    connection.send_data(event.stream_id, path, end_stream=True)
        peer.send(connection.data_to_send())


@pytest.mark.row("T08")
@every
def test_http2_is_spoken(kind: str, certificate: Path, tls: ssl.SSLContext) -> None:
    pytest.importorskip("h2", reason="HTTP/2 needs h2")
    tls.set_alpn_protocols(["h2", "http/1.1"])

    async def scenario(caller: Caller) -> list[Any]:
        first = await caller.get(f"{server.url}/a", stream=True)
        second = await caller.get(f"{server.url}/b", deadline=5.0)
        found = [first.http_version, await caller.read(first), second.content, server.accepted]
        late = await caller.late(f"{server.url}/silent")
        return [*found, type(late), late.never_sent, (await caller.get(server.url)).content]

    with Server(http2, tls) as server:
        assert ["HTTP/2", b"/a", b"/b", 1, httpx.ReadTimeout, False, b"/"] == run(
            kind, scenario, ssl_context=certificate, http2=True
        )
        assert 0 == server.settled(0)


@pytest.mark.row("T08")
@every
def test_http2_with_a_server_that_knows_none(
    kind: str,
    certificate: Path,
    tls: ssl.SSLContext,
) -> None:
    pytest.importorskip("h2", reason="HTTP/2 needs h2")

    async def scenario(caller: Caller) -> list[Any]:
        response = await caller.get(server.url)
        await caller.end()
        with pytest.raises(RuntimeError, match="the transport is closed"):
            await caller.get(server.url)
        return [response.http_version, response.json()["connection"]]

    with Server(tls=tls) as server:
        assert ["HTTP/1.1", 0] == run(kind, scenario, ssl_context=certificate, http2=True)

"""Proxies and authorities of the environment, which data calls and sign-in read the same way."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.unit.core.loopback import Peer, Server

from purview_auth import ConfigurationError, ServicePrincipal
from purview_auth.network import trust
from purview_core import NO_RETRY, ConnectError, PurviewError, TransportError, TrustError
from purview_core.transport.aiohttp import fast_async_transport
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
ANSWER = json.dumps(
    {"entity": {"guid": "g"}, "access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"}
)
PASSWORD = "p4ssw0rd"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names nothing, in a process that has made no TLS context."""
    for name in (*VARIABLES, *PROXIES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(trust, "_contexts", {})


def answering(peer: Peer) -> None:
    while peer.request()[0]:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        peer.send(b"Content-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER.encode()))


def data_sync(url: str) -> None:
    with DataMapClient(url, transport=HttpTransport(), retry=NO_RETRY) as client:
        client.entity.get("g")


def data_http2(url: str) -> None:
    with DataMapClient(url, transport=HttpTransport(http2=True), retry=NO_RETRY) as client:
        client.entity.get("g")


def data_async(make: Callable[[], Any], backend: str) -> Callable[[str], None]:
    async def call(url: str) -> None:
        async with AsyncDataMapClient(url, transport=make(), retry=NO_RETRY) as client:
            await client.entity.get("g")

    return lambda url: anyio.run(call, url, backend=backend)


def service(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200)


def principal(url: str, sleep: Callable[[float], object]) -> ServicePrincipal:
    return ServicePrincipal(
        "t" * 8,
        "c",
        "s3cret",
        authority=url,
        allow_insecure_localhost=True,
        sleep=sleep,
    )


def slept(seconds: float) -> None:
    """No wait between the tries of a sign-in."""


async def slept_async(seconds: float) -> None:
    """The same for async clients."""


def sign_in_sync(url: str) -> None:
    with httpx.Client(auth=principal(url, slept), transport=httpx.MockTransport(service)) as client:
        client.get("https://contoso.purview.azure.com/")


def sign_in_async(backend: str) -> Callable[[str], None]:
    async def call(url: str) -> None:
        auth = principal(url, slept_async)
        async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(service)) as client:
            await client.get("https://contoso.purview.azure.com/")

    return lambda url: anyio.run(call, url, backend=backend)


DATA: dict[str, Callable[[str], None]] = {
    "data, sync": data_sync,
    "data, asyncio": data_async(AsyncHttpTransport, "asyncio"),
    "data, trio": data_async(AsyncHttpTransport, "trio"),
    "data, aiohttp": data_async(fast_async_transport, "asyncio"),
}
SIGN_IN = {
    "sign-in, sync": sign_in_sync,
    "sign-in, asyncio": sign_in_async("asyncio"),
    "sign-in, trio": sign_in_async("trio"),
}
WAYS = {**DATA, **SIGN_IN}
everyone = pytest.mark.parametrize("way", WAYS)
# Variables, with {proxy} and {dead} for addresses, and whether the proxy is asked for http.
ENVIRONMENTS: list[tuple[dict[str, str], bool]] = [
    ({}, False),
    ({"HTTP_PROXY": "http://{proxy}"}, True),
    ({"http_proxy": "{proxy}"}, True),
    ({"HTTP_PROXY": "http://{dead}", "http_proxy": "http://{proxy}"}, True),
    ({"HTTP_PROXY": "http://user:" + PASSWORD + "@{proxy}"}, True),
    ({"ALL_PROXY": "http://{proxy}"}, True),
    ({"all_proxy": "http://{dead}", "HTTP_PROXY": "http://{proxy}"}, True),
    ({"HTTPS_PROXY": "http://{dead}"}, False),
    ({"HTTP_PROXY": ""}, False),
    ({"HTTP_PROXY": "http://{dead}", "NO_PROXY": "127.0.0.1"}, False),
    ({"HTTP_PROXY": "http://{dead}", "no_proxy": "x.example, 127.0.0.1:{port}"}, False),
    ({"HTTP_PROXY": "http://{dead}", "NO_PROXY": "*"}, False),
    ({"HTTP_PROXY": "http://{proxy}", "NO_PROXY": "127.0.0.1:1, 27.0.0.1, .0.0.2"}, True),
]


def dead_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def failure(way: str, url: str) -> PurviewError:
    with pytest.raises(PurviewError) as caught:
        WAYS[way](url)
    return caught.value


@everyone
@pytest.mark.parametrize(("environment", "proxied"), ENVIRONMENTS)
def test_proxies_of_the_environment(
    way: str, environment: dict[str, str], proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(answering) as target, Server(answering) as proxy:
        facts = {
            "proxy": f"127.0.0.1:{proxy.port}",
            "dead": f"127.0.0.1:{dead_port()}",
            "port": target.port,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value.format(**facts))
        WAYS[way](target.url)
        assert [proxied, not proxied] == [bool(proxy.seen), bool(target.seen)]
        if PASSWORD in str(environment):
            assert b"proxy-authorization: basic " in proxy.seen[0][1].lower()


_getaddrinfo = socket.getaddrinfo


def only_loopback(host: Any, *more: Any, **options: Any) -> Any:
    """What a resolver says that knows this machine alone; asking a real one may take long."""
    if str(host).endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _getaddrinfo(host, *more, **options)


@everyone
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_reached_is_named(
    way: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", only_loopback)
    port = dead_port()
    for address in (f"127.0.0.1:{port}", "no-such-proxy.invalid:8080"):
        monkeypatch.setenv(variable, f"http://user:{PASSWORD}@{address}")
        error = failure(way, "https://localhost:9")
        assert f"through the proxy http://{address}, which is from {variable}" in str(error)
        assert PASSWORD not in f"{error} {error!r}"
        if way in DATA:
            assert isinstance(error, TransportError)


@pytest.mark.parametrize("way", DATA)
def test_without_a_proxy_none_is_named(way: str) -> None:
    error = failure(way, f"http://127.0.0.1:{dead_port()}")
    assert isinstance(error, ConnectError)
    assert "proxy" not in str(error)


def test_over_http2_the_proxy_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("h2", reason="HTTP/2 needs h2")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead_port()}")
    with pytest.raises(ConnectError, match="which is from HTTPS_PROXY"):
        data_http2("https://localhost:9")


@everyone
def test_what_names_no_proxy_is_told(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"ftp://user:{PASSWORD}@proxy.example")
    with pytest.raises(ValueError, match="HTTPS_PROXY is not the URL of a proxy") as caught:
        WAYS[way]("https://localhost:9")
    assert PASSWORD not in f"{caught.value} {caught.value!r}"
    if way in SIGN_IN:
        assert isinstance(caught.value, ConfigurationError)


# Authorities


@everyone
def test_authorities_of_the_environment(
    way: str, certificate: Path, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Server(answering, tls=tls) as server:
        WAYS[way](server.url)
        assert server.seen


@everyone
@pytest.mark.parametrize("unread", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_that_is_not_trusted(
    way: str,
    unread: str | None,
    certificate: Path,
    tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if unread:
        monkeypatch.setenv(unread, str(certificate))
    with Server(answering, tls=tls) as server:
        text = str(failure(way, server.url))
        assert [] == server.seen
    for word in ("is not trusted", "SSL_CERT_FILE", "transport=", "truststore"):
        assert word in text
    assert (unread is not None) == ("but is not read here" in text)
    assert unread is None or f"{unread} is set" in text


@everyone
@pytest.mark.parametrize("fault", ["no file", "no PEM", "a folder", "no folder", "an empty folder"])
def test_a_variable_that_names_no_authorities(
    way: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = (
        "SSL_CERT_DIR" if fault.endswith(" folder") and fault != "a folder" else "SSL_CERT_FILE"
    )
    named = tmp_path / "named"
    if fault == "no PEM":
        named.write_text("certificates, one would think")
    elif fault in ("a folder", "an empty folder"):
        named.mkdir()
    monkeypatch.setenv(variable, str(named))
    error = failure(way, "https://localhost:9")
    assert f"{variable} names a " in str(error)
    assert str(named) in str(error)
    assert isinstance(error, TrustError if way in DATA else ConfigurationError)


def test_a_file_that_is_given_must_hold_authorities(tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    path.write_text("none")
    with (
        DataMapClient("https://localhost:9", transport=HttpTransport(ssl_context=path)) as client,
        pytest.raises(
            TrustError, match="ssl_context= names a file that holds no certificates in PEM"
        ),
    ):
        client.entity.get("g")


def test_both_have_one_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes some 45 ms, so the first call makes it for both."""
    made: list[object] = []
    create = httpx.create_ssl_context
    monkeypatch.setattr(
        httpx, "create_ssl_context", lambda **options: made.append(1) or create(**options)
    )
    for way in WAYS:
        failure(way, f"https://127.0.0.1:{dead_port()}")
    assert [1] == made

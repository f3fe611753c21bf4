"""What clients, facades, retries and transports are made with: each odd value is refused at
once, by its name.
"""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from purview_core import Retry
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport
from purview_dataplane import AsyncPurview, Purview
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient

from .support import ENDPOINT, Recorder

CLIENTS = (ScanningClient, AsyncScanningClient, Purview, AsyncPurview)
ODD_SECONDS: list[Any] = ["5", "", True, math.nan, -1, -math.inf, [5]]
ODD: list[tuple[str, Any]] = [
    *(
        ("timeout", odd)
        for odd in [*ODD_SECONDS, 0, httpx.Timeout(-1), httpx.Timeout("5"), httpx.Timeout(math.nan)]
    ),  # type: ignore[arg-type]
    *(("total_timeout", odd) for odd in [*ODD_SECONDS, 0]),
    *(("strict", odd) for odd in ("false", 0, None)),
    *(("headers", odd) for odd in ("X-A: b", [("X-A", "b")])),
    *(("transport", odd) for odd in ("http", object(), httpx.HTTPTransport, httpx.Client())),
    *(("auth", odd) for odd in (httpx.BasicAuth, "token")),
    *(("retry", odd) for odd in (3, False, "none")),
]


def one_line(caught: pytest.ExceptionInfo[Exception], name: str) -> bool:
    text = str(caught.value)
    return "\n" not in text and f"{name}=" in text


@pytest.mark.parametrize(
    ("name", "odd"), ODD, ids=[f"{name}-{i}" for i, (name, _) in enumerate(ODD)]
)
def test_a_client_names_the_argument_that_is_odd(name: str, odd: Any) -> None:
    for make in CLIENTS:
        with pytest.raises((TypeError, ValueError)) as caught:
            make(ENDPOINT, **{name: odd})
        assert one_line(caught, name), caught.value
    if name in ("timeout", "total_timeout", "headers", "retry"):
        with pytest.raises((TypeError, ValueError)) as caught:
            ScanningClient(ENDPOINT).with_options(**{name: odd})
        assert one_line(caught, name), caught.value


@pytest.mark.parametrize("odd", ["", 3, b"2023-09-01", "2023\ud800", "2023\u00e9"], ids=ascii)
def test_an_api_version_is_text(odd: Any) -> None:
    for make in (ScanningClient, AsyncScanningClient):
        with pytest.raises(TypeError, match="api_version= takes text such as '2023-09-01', not "):
            make(ENDPOINT, api_version=odd)
        with pytest.raises(TypeError, match="api_version= takes text"):
            make(ENDPOINT).with_options(api_version=odd)


def test_a_transport_is_of_the_clients_own_kind() -> None:
    with pytest.raises(
        TypeError, match="transport= takes an httpx.AsyncBaseTransport, not <httpx.HTTPTransport"
    ):
        AsyncPurview(ENDPOINT, transport=httpx.HTTPTransport())  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="transport= takes an httpx.BaseTransport, not <httpx.AsyncHTTPTransport"
    ):
        ScanningClient(ENDPOINT, transport=httpx.AsyncHTTPTransport())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *(("attempts", odd) for odd in (0, -1, True, 1.5, "3", math.nan, None)),
        *(
            (name, odd)
            for name in ("first_wait_s", "longest_wait_s")
            for odd in [*ODD_SECONDS, None]
        ),
    ],
    ids=repr,
)
def test_a_retry_names_the_argument_that_is_odd(name: str, odd: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Retry(**{name: odd})
    assert one_line(caught, name), caught.value


@pytest.mark.parametrize("kind", [HttpTransport, AsyncHttpTransport])
@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *(("max_connections", odd) for odd in (0, -1, True, 1.5, "3", math.nan, None)),
        *(("max_keepalive", odd) for odd in (-1, True, 1.5, "3", math.nan)),
        *(("keepalive_expiry_s", odd) for odd in ODD_SECONDS),
        *(
            ("proxy", odd)
            for odd in (
                7,
                "",
                "http://",
                ["http://127.0.0.1:1"],
                b"http://127.0.0.1:1",
                "http://h:0",
            )
        ),
        *((name, odd) for name in ("trust_env", "http2") for odd in ("no", 0, None)),
        *(("ssl_context", odd) for odd in (False, 7, "nowhere")),
    ],
    ids=repr,
)
def test_a_transport_names_the_argument_that_is_odd(kind: Any, name: str, odd: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        kind(**{name: odd})
    assert one_line(caught, name), caught.value


def test_what_is_rare_but_fine() -> None:
    recorder = Recorder(httpx.Response(200, json={"value": []}))
    limits = httpx.Timeout(None, connect=0)
    client = ScanningClient(
        ENDPOINT,
        transport=recorder.sync,
        timeout=limits,
        total_timeout=math.inf,
        retry=Retry(1, 0, math.inf),
        headers=httpx.Headers({"X-A": "b"}),
    )
    assert [] == list(client.with_options(api_version="1", strict=True).data_sources.list())
    assert ("/scan/datasources?api-version=1", "b") == (
        recorder.paths[0].split()[1],
        recorder.seen[0].headers["x-a"],
    )
    assert (
        0
        == HttpTransport(
            max_keepalive=0, keepalive_expiry_s=0, trust_env=False
        ).limits.keepalive_expiry_s
    )

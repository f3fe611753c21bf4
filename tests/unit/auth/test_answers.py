"""What the token endpoint's answers come to."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from purview_auth.errors import (
    AuthError,
    TokenRequestError,
    TokenResponseError,
    TokenTransportError,
)
from purview_auth.testing import answer, refused

from .support import CLIENT, SECRET, TENANT, World, json_bytes

JSON = {"content_type": "application/json"}


@pytest.mark.row("A03")
@pytest.mark.parametrize(
    ("given", "lifetime"),
    [
        ("86399", 86399),
        (3599, 3599),
        (3599.5, 3599.5),
        ("3599.0", 3599),
        (1, 1),
        (315360000, 315360000),
    ],
)
def test_numbers_come_in_many_forms(world: World, given: object, lifetime: float) -> None:
    world.expires_in(given)
    world.get()
    assert lifetime == world.auth.token_info().expires_in


@pytest.mark.row("A03")
@pytest.mark.parametrize(
    "given",
    [
        True,
        -1,
        0,
        "-5",
        "0",
        "NaN",
        float("nan"),
        "",
        " ",
        "1e3",
        "x",
        [],
        {},
        10**9,
        "9" * 30,
        "٣",
        float("inf"),
    ],
)
def test_nonsense_is_refused(world: World, given: object) -> None:
    world.endpoint.always = answer(
        content=json.dumps({"access_token": "t", "expires_in": given}).encode(), **JSON
    )
    with pytest.raises(
        TokenResponseError, match="expires_in of the token is not a positive number of seconds"
    ):
        world.get()


@pytest.mark.row("A03")
def test_ext_expires_in_is_no_lifetime(world: World) -> None:
    world.endpoint.members = {"ext_expires_in": 99999}
    with pytest.raises(TokenResponseError, match="expires_on"):
        world.get()
    world.endpoint.members = {"ext_expires_in": 99999, "expires_in": 600}
    world.get()
    assert 600 == world.auth.token_info().expires_in


@pytest.mark.row("A04")
def test_the_lifetime_counts_from_before_the_request(world: World) -> None:
    def slow(request: httpx.Request) -> None:
        world.clock.advance(20)

    world.endpoint.faults.append(slow)
    world.get()
    assert 3580 == world.auth.token_info().expires_in


@pytest.mark.row("A04")
def test_expires_on_counts_only_alone(world: World) -> None:
    world.endpoint.members = {"expires_on": str(int(world.clock.wall) + 1234)}
    world.get()
    assert 1234 == world.auth.token_info().expires_in


@pytest.mark.row("A04")
def test_expires_on_alone_is_read_by_the_servers_clock(world: World) -> None:
    body = json_bytes(access_token="t", expires_on=784111777 + 600)
    world.endpoint.always = answer(content=body, date="Sun, 06 Nov 1994 08:49:37 GMT", **JSON)
    world.get()
    assert 600 == world.auth.token_info().expires_in


@pytest.mark.row("A04")
@pytest.mark.parametrize(("off", "warnings"), [(301, 1), (-301, 1), (299, 0), (-299, 0)])
def test_disagreement_warns_once(
    world: World,
    caplog: pytest.LogCaptureFixture,
    off: int,
    warnings: int,
) -> None:
    for _ in range(3):
        world.endpoint.members = {
            "expires_in": 3600,
            "expires_on": int(world.clock.wall) + 3600 + off,
        }
        world.get()
        assert 3600 == world.auth.token_info().expires_in
        world.clock.advance(3600)
    assert warnings == len(
        [
            r
            for r in caplog.records
            if r.levelno == logging.WARNING and "clock is wrong" in r.message
        ]
    )


@pytest.mark.row("A04")
@pytest.mark.parametrize("odd", [[], None, "x", True, {}])
def test_an_odd_expires_on_beside_expires_in_is_ignored(world: World, odd: Any) -> None:
    world.endpoint.members = {"expires_in": 3600, "expires_on": odd}
    world.get()
    assert 3600 == world.auth.token_info().expires_in


@pytest.mark.row("A15")
@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (7000215, "not its Secret ID"),
        (7000222, "has expired"),
        (700016, "not known in this tenant"),
        (90002, "tenant_id is not known"),
        (500011, "never used there"),
        (9002326, "Origin header"),
        (50196, "one auth object"),
        (700027, "assertion"),
        (53003, "conditional access"),
        (999, "Check client_id and client_secret"),
    ],
)
def test_errors_say_what_to_do(world: World, mode: str, code: int, hint: str) -> None:
    world.endpoint.always = refused(code=code)
    with pytest.raises(TokenRequestError, match=hint) as caught:
        world.get(mode)
    error = caught.value
    assert ("invalid_client", (code,), 401) == (error.error, error.error_codes, error.status_code)
    assert (TENANT, CLIENT, "login.microsoftonline.com") == (
        error.tenant,
        error.client_id,
        error.authority,
    )
    assert "00000000-0000-0000-0000-00000000000a" == error.trace_id
    assert "00000000-0000-0000-0000-00000000000b" == error.correlation_id
    assert "2024-01-31 12:00:00Z" == error.timestamp
    for fact in (
        f"AADSTS{code}",
        error.correlation_id,
        error.timestamp,
        "HTTP 401",
        TENANT,
        CLIENT,
    ):
        assert fact in str(error)


@pytest.mark.row("A15")
def test_the_number_is_found_in_the_description(world: World) -> None:
    world.endpoint.always = answer(
        400, json_bytes(error="x", error_description="AADSTS90002: no\r\nsuch tenant"), **JSON
    )
    with pytest.raises(TokenRequestError, match="AADSTS90002: no such tenant") as caught:
        world.get()
    assert (90002,) == caught.value.error_codes


@pytest.mark.row("A15")
def test_the_servers_text_is_cut_and_redacted(world: World) -> None:
    encoded = "CANARY-s3cret%2B%26%3D%25~%C3%A9"
    text = f"{SECRET} {encoded} eyJhbGciOiJub25lIn0.CANARY.x " + "long " * 500
    body = json_bytes(
        error=f"bad {SECRET}", error_description=text, correlation_id=[SECRET], error_codes=SECRET
    )
    world.endpoint.always = answer(400, body, **JSON)
    with pytest.raises(TokenRequestError) as caught:
        world.get()
    assert "CANARY" not in str(caught.value)
    assert "CANARY" not in str(vars(caught.value))
    assert "bad ***" == caught.value.error
    assert len(str(caught.value)) < 1000


@pytest.mark.row("A16")
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (answer(content=b"", **JSON), "not a JSON object"),
        (answer(content=b"<html>sign in</html>", content_type="text/html"), "not a JSON object"),
        (answer(content=b"<html>sign in</html>", **JSON), "not a JSON object"),
        (answer(content=b"\xff\xfe{\x00}\x00", **JSON), "not a JSON object"),
        (answer(content=b"\xef\xbb\xbf{}", **JSON), "not a JSON object"),
        (answer(content=b"[]", **JSON), "not a JSON object"),
        (answer(content=b'"text"', **JSON), "not a JSON object"),
        (answer(content=b"null", **JSON), "not a JSON object"),
        (answer(content=b"[" * 100_000, **JSON), "not a JSON object"),
        (
            answer(content=json_bytes(access_token="t", expires_in=9), content_type="text/plain"),
            "not a JSON object",
        ),
        (answer(content=b" " * 1_100_000, **JSON), "sane size"),
        (answer(content=json_bytes(expires_in=9), **JSON), "no token"),
        (answer(content=json_bytes(expires_in=9, access_token=""), **JSON), "no token"),
        (answer(content=json_bytes(expires_in=9, access_token=5), **JSON), "no token"),
        (answer(content=json_bytes(expires_in=9, access_token="a\r\nX: y"), **JSON), "characters"),
        (answer(content=json_bytes(expires_in=9, access_token="a b"), **JSON), "characters"),
        (answer(content=json_bytes(expires_in=9, access_token="a\x7f"), **JSON), "characters"),
        (answer(content=json_bytes(expires_in=9, access_token="\u00e9"), **JSON), "characters"),
        (
            answer(content=json_bytes(expires_in=9, access_token="t", token_type="pop"), **JSON),
            "not Bearer",
        ),
        (
            answer(content=json_bytes(expires_in=9, access_token="t", token_type=5), **JSON),
            "not Bearer",
        ),
        (answer(content=json_bytes(access_token="t"), **JSON), "expires_on"),
        (answer(content=json_bytes(access_token="t", expires_on=1), **JSON), "expires_on"),
        (
            answer(content=json_bytes(access_token="t", expires_in=9, refresh_in="x"), **JSON),
            "refresh_in",
        ),
        (answer(204), "answered 204"),
        (answer(302, location="/x"), "answered 302"),
    ],
)
@pytest.mark.parametrize("native", [False, True])
def test_a_malformed_answer_is_one_typed_error(
    world: World,
    mode: str,
    native: bool,
    fault: Any,
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world.principal(async_transport=world.endpoint if native else None)
    world.endpoint.always = fault
    with pytest.raises(TokenResponseError, match=message):
        world.get(mode)
    assert 1 == world.posts
    assert "sign in" not in caplog.text


@pytest.mark.row("A16")
@pytest.mark.parametrize("content", [b"<html>", b"", b"[]", b"\xff"])
def test_a_malformed_error_answer_is_one_too(world: World, content: bytes) -> None:
    world.endpoint.always = answer(400, content, content_type="text/html")
    with pytest.raises(
        TokenRequestError, match=r"^the token request failed \(HTTP 400, "
    ) as caught:
        world.get()
    assert caught.value.hint is None


@pytest.mark.row("A16")
@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_token_type_has_any_case(world: World, kind: str) -> None:
    world.endpoint.members["token_type"] = kind
    assert 200 == world.get().status_code


@pytest.mark.row("A16")
def test_what_a_transport_raises_is_a_typed_error(world: World, mode: str) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise KeyError(SECRET)

    world.endpoint.always = broken
    with pytest.raises(TokenTransportError, match="not reached: KeyError") as caught:
        world.get(mode)
    assert SECRET not in str(caught.value)
    assert 1 == world.posts


@pytest.mark.row("A16")
def test_an_untrusted_certificate_has_its_hint(world: World) -> None:
    def untrusted(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(
            "[SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate"
        )

    world.endpoint.always = untrusted
    with pytest.raises(AuthError, match="SSL_CERT_FILE"):
        world.get()

"""Whole calls with a token, over every plane: who gets it, when another one is asked for, and what
a failure says.
"""

from __future__ import annotations

import re
import traceback
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from purview_auth import ServicePrincipal
from purview_auth.testing import FakeClock, FakeTokenEndpoint, refused
from purview_core import (
    AuthError,
    ForbiddenError,
    PurviewError,
    Retry,
    TransportError,
    UnauthorizedError,
)

from .calling import MODES, Caller, Case, Service, Version, cases, says, versions
from .corpus import manifest

pytestmark = pytest.mark.level("L1")

SECRET = "a+b&c=d%e \u00e4~CANARY"
FORBIDDEN = {"error": {"code": "Unauthorized", "message": "Not authorized to access account"}}
AUDIENCE = "Invalid token audience provided. Valid audiences: A,B"
UNAUTHENTICATED = {"error": {"code": "Unauthenticated", "message": AUDIENCE}}


def principal(endpoint: FakeTokenEndpoint, clock: FakeClock | None = None) -> ServicePrincipal:
    clock = clock or FakeClock()
    return ServicePrincipal(
        "contoso.example",
        "client-1",
        SECRET,
        transport=endpoint,
        async_transport=endpoint,
        clock=clock,
        sleep=clock,
    )


def signed(
    version: Version, service: Service, mode: str, endpoint: FakeTokenEndpoint, **options: Any
) -> Caller:
    return Caller(
        version, service, mode, auth=principal(endpoint, options.pop("clock", None)), **options
    )


@pytest.mark.row("B15")
@pytest.mark.row("S26")
@pytest.mark.parametrize("mode", MODES)
def test_forbidden_is_no_matter_of_the_token(mode: str) -> None:
    """403 on every operation, with a policy that would try again: one data request, no token
    request but the first, the plane's roles.
    """
    counted, service = 0, Service()
    roles = {plane.name: plane.roles for plane in manifest().planes}
    for version in versions():
        tokens = FakeTokenEndpoint()
        with signed(version, service, mode, tokens, retry=Retry()) as caller:
            service.now(says({}))
            caller.call(version.cases[0])
            for case in version.cases:
                service.now(says(FORBIDDEN, 403))
                with pytest.raises(ForbiddenError) as caught:
                    caller.call(case)
                error = caught.value
                assert ("Unauthorized", FORBIDDEN["error"]["message"]) == (
                    error.code,
                    error.message,
                ), case
                assert (1, 1, 1, []) == (
                    len(service.seen),
                    len(tokens.posts),
                    error.attempts,
                    caller.waits,
                ), case
                assert not isinstance(error, (AuthError, UnauthorizedError))
                expected = " or ".join(roles[version.document.plane]) or "not documented"
                assert f"Role that the {version.title} plane asks for: {expected}." in error.hint, (
                    case
                )
                counted += 1
    print(f"\n{counted} operations")
    assert sum(1 for _ in cases()) == counted


@pytest.mark.row("B13")
@pytest.mark.row("S27")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("age", [0.0, 60.0])
def test_a_wrong_audience_is_answered_with_one_new_token_at_most(age: float, mode: str) -> None:
    """401 for good, each version: another token where the first is not brand-new, then an error
    with the service's words and ours.
    """
    expected = ["Bearer token-1"] if not age else ["Bearer token-1", "Bearer token-2"]
    for version in versions():
        tokens, service, clock = FakeTokenEndpoint(), Service(says({})), FakeClock()
        with signed(version, service, mode, tokens, clock=clock, retry=Retry()) as caller:
            caller.call(version.cases[0])
            clock.advance(age)
            service.now(says(UNAUTHENTICATED, 401))
            with pytest.raises(PurviewError) as caught:
                caller.call(version.cases[0])
        assert expected == [r.headers["authorization"] for r in service.seen], version
        assert (len(expected), []) == (len(tokens.posts), caller.waits), version
        said = str(caught.value)
        assert AUDIENCE in said
        assert "audience" in said.replace(AUDIENCE, "")
        assert "token-" not in said


@pytest.mark.row("B13")
@pytest.mark.parametrize("mode", MODES)
def test_a_new_token_may_mend_it(mode: str) -> None:
    for version in versions():
        tokens, service, clock = FakeTokenEndpoint(), Service(says({})), FakeClock()
        with signed(version, service, mode, tokens, clock=clock) as caller:
            caller.call(version.cases[0])
            clock.advance(60)
            service.now(says(UNAUTHENTICATED, 401), says({}))
            assert 200 == caller.call(version.cases[0]).status_code
        assert (2, 2) == (len(service.seen), len(tokens.posts))


STRANGERS = [
    *(
        "https://api.purview-service.microsoft.com.evil.example",
        "https://contoso.purview.azure.com.evil.example",
    ),
    *(
        "https://evil.example",
        "https://contoso-purview.azure.com",
        "https://contoso.scan.purview.azure.com.evil.example",
    ),
    *("https://contoso.purview.azure.com:8443", "https://purview.azure.com.example.org/catalog"),
]


@pytest.mark.row("B13")
@pytest.mark.row("B44")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("endpoint", STRANGERS)
def test_no_token_for_a_host_that_is_not_listed(endpoint: str, mode: str) -> None:
    """Every version: nothing is sent, no token is even asked for, and the error names the host."""
    for version in versions():
        tokens, service = FakeTokenEndpoint(), Service(says({}))
        given = {"tenant_endpoint": endpoint} if version.tenant_wide else {}
        with (
            pytest.raises((AuthError, ValueError)) as caught,
            Caller(version, service, mode, endpoint, auth=principal(tokens), **given) as caller,
        ):
            caller.call(version.cases[0])
        assert ([], []) == (service.seen, tokens.posts), version
        assert isinstance(caught.value, ValueError) or httpx.URL(endpoint).host in str(caught.value)


@pytest.mark.row("B13")
@pytest.mark.row("B44")
@pytest.mark.parametrize("mode", MODES)
def test_listed_hosts_get_the_token(mode: str) -> None:
    """The portal host, the account host, and the old hosts, which are mapped to it."""
    forms = [
        "https://api.purview-service.microsoft.com",
        "https://acct.purview.azure.com",
        "contoso",
    ]
    forms += [f"https://acct.{label}.purview.azure.com" for label in ("catalog", "scan", "account")]
    for version in versions():
        for form in forms:
            tokens, service = FakeTokenEndpoint(), Service(says({}))
            with Caller(version, service, mode, form, auth=principal(tokens)) as caller:
                caller.call(version.cases[0])
            assert "Bearer token-1" == service.last.headers["authorization"], (version, form)
            assert re.fullmatch(
                r"(api\.purview-service\.microsoft|(acct|contoso)\.purview\.azure)\.com",
                service.last.url.host,
            )


@pytest.mark.row("B45")
@pytest.mark.parametrize("mode", MODES)
def test_the_secret_arrives_whole_and_a_refusal_names_the_field(mode: str) -> None:
    """Each version: the form as a parser of forms reads it; then invalid_client, with its number,
    and no secret anywhere.
    """
    for version in versions():
        tokens, service = FakeTokenEndpoint(), Service(says({}))
        with signed(version, service, mode, tokens) as caller:
            caller.call(version.cases[0])
            (post,) = tokens.posts
            form = parse_qs(post.content.decode(), strict_parsing=True)
            assert [SECRET] == form["client_secret"]
            assert (["client-1"], ["client_credentials"]) == (form["client_id"], form["grant_type"])
            assert ["https://purview.azure.net"] == form["resource"]
            assert (
                "application/x-www-form-urlencoded"
                == post.headers["content-type"].partition(";")[0]
            )
        tokens = FakeTokenEndpoint(always=refused("invalid_client", 7000215))
        service.now(says({}))
        with (
            signed(version, service, mode, tokens, retry=Retry()) as caller,
            pytest.raises(AuthError) as caught,
        ):
            caller.call(version.cases[0])
        error = caught.value
        said = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        assert [True, True, True] == [
            word in said
            for word in ("invalid_client", "7000215", "00000000-0000-0000-0000-00000000000b")
        ]
        assert [False, False] == [word in said for word in (SECRET, "CANARY")]
        assert "client_secret" in str(error) or "secret" in str(error).lower()
        assert ([], 1) == (service.seen, len(tokens.posts)), version


@pytest.mark.row("S29")
@pytest.mark.parametrize("mode", MODES)
def test_one_token_serves_all_day(mode: str) -> None:
    """A day-long token with `refresh_in`: one token request for ten operations of each version."""
    day = {
        "token_type": "Bearer",
        "expires_in": 86399,
        "ext_expires_in": 86399,
        "refresh_in": 43199,
    }
    for version in versions():
        tokens, service, sent = FakeTokenEndpoint(members=dict(day)), Service(), set[str]()
        with signed(version, service, mode, tokens) as caller:
            for case in version.cases[:10]:
                service.now(says(case.something()))
                caller.call(case)
                sent |= {r.headers["authorization"] for r in service.seen}
        assert (1, {"Bearer token-1"}) == (len(tokens.posts), sent)


class Failing:
    """Raises a failure so often, then answers."""

    def __init__(self, error: type[httpx.TransportError], times: int) -> None:
        self.error, self.times, self.tries = error, times, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error("EOF occurred in violation of protocol", request=request)
        return httpx.Response(204)


def reads(case: Case) -> bool:
    return (
        case.method in ("get", "put", "delete")
        or case.operation.retry_safe
        or any(p.auto for p in case.operation.parameters)
    )


@pytest.mark.row("B33")
@pytest.mark.parametrize("mode", MODES)
def test_a_handshake_that_ends_is_tried_again(mode: str) -> None:
    """Every operation, the connection fails twice before anything is sent: three attempts, whatever
    it does.
    """
    counted = 0
    for version in versions():
        service = Service()
        with Caller(version, service, mode, retry=Retry()) as caller:
            for case in version.cases:
                service.now(failing := Failing(httpx.ConnectError, 2))
                caller.call(case)
                assert (3, 3) == (failing.tries, len(service.seen)), case
                counted += 1
    print(f"\n{counted} operations")


@pytest.mark.row("B33")
@pytest.mark.parametrize("mode", MODES)
def test_after_bytes_were_sent_only_reads_are_tried_again(mode: str) -> None:
    """Every operation, cut off twice after it was sent, in two ways by turns: reads, by POST too,
    have three attempts; a write has one.
    """
    counts = {True: 0, False: 0}
    for version in versions():
        service = Service()
        with Caller(version, service, mode, retry=Retry()) as caller:
            for i, case in enumerate(version.cases):
                service.now(
                    failing := Failing((httpx.ReadError, httpx.RemoteProtocolError)[i % 2], 2)
                )
                if reads(case):
                    caller.call(case)
                else:
                    with pytest.raises(TransportError) as caught:
                        caller.call(case)
                    assert 1 == caught.value.attempts
                assert (3 if reads(case) else 1) == failing.tries, case
                counts[reads(case)] += 1
    print(f"\n{counts}")
    assert counts[False] > 200
    for name in ("catalog", "datamap", "datamap_preview"):
        for version in (v for v in versions() if v.document.plane == name):
            assert version.case("Discovery_Query").operation.retry_safe


@pytest.mark.row("B36")
@pytest.mark.parametrize("mode", MODES)
def test_the_timeout_reaches_the_transport(mode: str) -> None:
    """Every version: `timeout=0.2` is the limit of each part of a request; when it fires, one
    attempt and an error of ours.
    """
    for version in versions():
        service = Service(says({}))
        with Caller(version, service, mode, timeout=0.2, retry=Retry()) as caller:
            caller.call(version.cases[0])
            limits = service.last.extensions["timeout"]
            assert dict.fromkeys(("connect", "read", "write", "pool"), 0.2) == limits, version
            service.now(failing := Failing(httpx.ReadTimeout, 9))
            with pytest.raises(TransportError) as caught:
                caller.call(version.cases[0])
            assert ("TransportTimeoutError", 1) == (type(caught.value).__name__, failing.tries)

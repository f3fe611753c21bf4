"""Failures that pass, as ServicePrincipal and credentials meet them: told from refusals, tried
again, and not kept.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from purview_auth import CredentialAuth, ServicePrincipal
from purview_auth.errors import AuthError, CredentialError
from purview_auth.testing import FakeClock, FakeTokenEndpoint
from purview_auth.testing import answer as answering
from purview_auth.testing.credentials import FakeAccessToken
from purview_auth.tokens.token import Secret
from purview_auth.tokens.token_answers import TokenReply, read_error
from purview_auth.tokens.tries import TRIES

from .support import CLIENT, SECRET, TENANT, NoJitter, Service, call


class AzureError(Exception):
    """The next ones are named as those of azure-core and azure-identity are."""

    def __init__(self, message: str = "", response: Any = None) -> None:
        super().__init__(message)
        self.response = response


class ServiceRequestError(AzureError):
    pass


class ClientAuthenticationError(AzureError):
    pass


class CredentialUnavailableError(ClientAuthenticationError):
    pass


class MsalServiceError(Exception):
    pass


@define
class Answer:
    """A response as azure-core has it."""

    status_code: int
    headers: dict[str, str] = field(factory=dict)


def chained(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def within(error: Exception, cause: BaseException) -> Exception:
    error.__context__ = cause
    return error


Fault = Callable[[], Exception]
PASSING: dict[str, Fault] = {
    "500": lambda: ClientAuthenticationError("Unexpected", Answer(500)),
    "408": lambda: ClientAuthenticationError("", Answer(408)),
    "429": lambda: ClientAuthenticationError("", Answer(429)),
    "410": lambda: ClientAuthenticationError("", Answer(410)),
    "503 with a number": lambda: ClientAuthenticationError(
        "AADSTS90033: A transient error", Answer(503)
    ),
    "500, unavailable": lambda: CredentialUnavailableError("no response", Answer(500)),
    "500 as the cause": lambda: chained(
        CredentialUnavailableError("no"), AzureError("x", Answer(502))
    ),
    "500 in the context": lambda: within(
        ClientAuthenticationError("no"), AzureError("x", Answer(502))
    ),
    "500 of msal": lambda: chained(
        ClientAuthenticationError("Authentication failed: HTTP Error: 500"),
        MsalServiceError("HTTP Error: 500"),
    ),
    "an error of the identity endpoint": lambda: CredentialUnavailableError(
        "Token request error: (unknown) wait"
    ),
    "not now, without a status": lambda: ClientAuthenticationError(
        "Authentication failed: AADSTS90055: throttled"
    ),
    "words alone": lambda: ClientAuthenticationError("Authentication failed: slow down"),
    "silence": lambda: chained(
        CredentialUnavailableError("no response"), ServiceRequestError("refused")
    ),
    "silence, bare": lambda: ServiceRequestError("refused"),
    "connection": ConnectionResetError,
    "timeout": TimeoutError,
    "httpx": lambda: httpx.ConnectTimeout("slow"),
}
REFUSALS: dict[str, Fault] = {
    "400": lambda: chained(CredentialUnavailableError("No identity"), AzureError("x", Answer(400))),
    "401": lambda: ClientAuthenticationError("AADSTS7000215: wrong", Answer(401)),
    "403": lambda: ClientAuthenticationError("", Answer(403)),
    "number alone": lambda: ClientAuthenticationError("AADSTS700016: unknown app"),
    "400 of msal": lambda: MsalServiceError("HTTP Error: 400"),
    "the identity endpoint's refusal": lambda: CredentialUnavailableError(
        "Token request error: (invalid_request) x"
    ),
}
UNKNOWN: dict[str, Fault] = {
    "no program": lambda: within(
        CredentialUnavailableError("Azure CLI not found on path"), FileNotFoundError("az")
    ),
    "no configuration": lambda: CredentialUnavailableError("environment variables are not set"),
    "a chain": lambda: ClientAuthenticationError(
        "DefaultAzureCredential failed to retrieve a token"
    ),
    "odd": lambda: ValueError("x"),
    "a fault within": lambda: chained(
        ClientAuthenticationError("Authentication failed: no key"), KeyError("x")
    ),
}


@define(eq=False)
class Failing:
    """A credential that raises the next of its faults, and gives tokens once there is none left."""

    clock: FakeClock
    faults: list[Fault]
    calls: int = 0

    def get_token(self, *scopes: str, **options: Any) -> FakeAccessToken:
        self.calls += 1
        if self.faults:
            error = self.faults.pop(0)()
            raise error
        return FakeAccessToken(f"token-{self.calls}", self.clock.time() + 3600)


class AsyncFailing(Failing):
    async def get_token(self, *scopes: str, **options: Any) -> FakeAccessToken:  # type: ignore[override]
        return super().get_token(*scopes, **options)


KINDS = [Failing, AsyncFailing]


def auth_of(credential: Any, **options: Any) -> CredentialAuth:
    clock = credential.clock
    return CredentialAuth(credential, clock=clock, **{"sleep": clock, "rng": NoJitter(), **options})


def failed(mode: str, auth: Any, clock: FakeClock, calls: int, apart: float) -> int:
    """How many of so many calls fail, one every so many seconds."""
    count = 0
    for _ in range(calls):
        try:
            call(mode, auth, Service())
        except AuthError:
            count += 1
        clock.advance(apart)
    return count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PASSING)
def test_one_passing_failure_fails_no_call(mode: str, kind: type[Failing], name: str) -> None:
    credential = kind(FakeClock(), [PASSING[name]])
    assert 0 == failed(mode, auth_of(credential), credential.clock, 10, 1.0)
    assert 2 == credential.calls


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_asked_for_once_in_30_s(mode: str, name: str) -> None:
    credential = Failing(FakeClock(), [REFUSALS[name]] * 2)
    auth = auth_of(credential)
    assert (5, 1) == (failed(mode, auth, credential.clock, 5, 1.0), credential.calls)
    with pytest.raises(CredentialError) as caught:
        call(mode, auth, Service())
    assert caught.value.permanent
    credential.clock.advance(30)
    assert (1, 2) == (failed(mode, auth, credential.clock, 1, 1.0), credential.calls)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_knows_is_told_at_once_and_not_kept(mode: str, name: str) -> None:
    credential = Failing(FakeClock(), [UNKNOWN[name]])
    auth = auth_of(credential)
    assert (1, 2) == (failed(mode, auth, credential.clock, 5, 1.0), credential.calls)
    assert [] == credential.clock.slept


def _raised(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


OUTAGES: dict[str, tuple[Fault, Callable[[httpx.Request], httpx.Response]]] = {
    "500": (PASSING["500"], answering(500)),
    "429": (PASSING["429"], answering(429)),
    "429, wait 3": (
        lambda: ClientAuthenticationError("", Answer(429, {"Retry-After": "3"})),
        answering(429, retry_after="3"),
    ),
    "429, wait 90": (
        lambda: ClientAuthenticationError("", Answer(429, {"Retry-After": "90"})),
        answering(429, retry_after="90"),
    ),
    "silence": (PASSING["silence"], _raised),
    "401": (REFUSALS["401"], answering(401)),
}


def test_a_credential_fails_as_few_calls_as_a_principal_in_the_same_place(mode: str) -> None:
    """40 calls, one every 3 s, in an outage of so many token requests: calls that fail, of both."""
    table: dict[tuple[str, int], tuple[int, int]] = {}
    for name, (fault, answer) in OUTAGES.items():
        for length in (1, 2, 3, 7):
            clock, endpoint = FakeClock(), FakeTokenEndpoint()
            endpoint.faults.extend([answer] * length)
            principal = ServicePrincipal(
                TENANT, CLIENT, SECRET, transport=endpoint, clock=clock, sleep=clock, rng=NoJitter()
            )
            ours = failed(mode, principal, clock, 40, 3.0)
            credential = Failing(FakeClock(), [fault] * length)
            table[name, length] = ours, failed(mode, auth_of(credential), credential.clock, 40, 3.0)
    for (name, length), (ours, theirs) in table.items():
        print(f"{name:14} x {length}: principal {ours:3}, credential {theirs:3}")
    assert [] == [(key, found) for key, found in table.items() if found[1] > found[0]]
    assert {(0, 0)} == {table[name, 1] for name in ("500", "429", "429, wait 3", "silence")}
    assert table["429, wait 90", 1] == (30, 30)


def test_the_second_pause_outlasts_the_memory_of_msal() -> None:
    """It gives a failure again for 5 s without asking."""
    clock = FakeClock()

    class Remembering(Failing):
        until = 0.0

        def get_token(self, *scopes: str, **options: Any) -> FakeAccessToken:
            if self.clock.time() < self.until:
                error = PASSING["500 of msal"]()
                raise error
            if self.faults:
                self.until = self.clock.time() + 5
            return super().get_token(*scopes, **options)

    credential = Remembering(clock, [PASSING["500 of msal"]])
    assert 0 == failed("sync", auth_of(credential, rng=random.Random(1)), clock, 5, 1.0)
    assert TRIES - 1 == len(clock.slept)


def test_the_tries_end_within_the_timeout() -> None:
    credential = Failing(FakeClock(), [PASSING["500"]] * 9)
    with pytest.raises(CredentialError) as caught:
        call("sync", auth_of(credential, timeout=4.0), Service())
    assert (500, False, 2) == (caught.value.status_code, caught.value.permanent, credential.calls)
    assert "HTTP 500" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["ManagedIdentityCredential", "CertificateCredential", "WorkloadIdentityCredential"]
)
def test_no_client_secret_is_blamed_where_there_is_none(name: str) -> None:
    faults: list[Fault] = [
        *(
            lambda number=number: ClientAuthenticationError(f"AADSTS{number}: x", Answer(401))
            for number in (7000215, 7000222)
        ),
        *REFUSALS.values(),
        *PASSING.values(),
        *UNKNOWN.values(),
    ]
    for fault in faults:
        credential = type(name, (Failing,), {})(FakeClock(), [fault] * 9)
        with pytest.raises(CredentialError) as caught:
            call("sync", auth_of(credential), Service())
        assert "secret" not in str(caught.value)
    secret = type("ClientSecretCredential", (Failing,), {})(FakeClock(), [REFUSALS["401"]])
    with pytest.raises(CredentialError, match="client_secret is wrong"):
        call("sync", auth_of(secret), Service())


def spellings(text: str) -> Iterator[str]:
    """A text as others echo it."""
    once = quote(text, safe="")
    yield from (
        text,
        once,
        quote(text),
        quote_plus(text),
        quote_plus(text, safe="/~"),
        quote(text, safe="/:@!$&'()*+,;="),
    )
    yield from (
        _hex_lower(once),
        _hex_lower(quote_plus(text)),
        quote(once, safe=""),
        _hex_lower(quote(once, safe="")),
    )
    yield from (
        quote(quote(once, safe=""), safe=""),
        "".join(f"%{octet:02X}" for octet in text.encode()),
    )


def _hex_lower(text: str) -> str:
    head, *rest = text.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


secrets = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=6, max_size=40)


@given(secrets)
def test_a_secret_is_masked_however_it_is_echoed(text: str) -> None:
    for spelt in {text, *spellings(text)}:
        body = {"error": "x", "error_description": f"<{spelt}>", "trace_id": f"<{spelt}>"}
        reply = TokenReply(400, httpx.Headers(), httpx.Response(200, json=body).content)
        error = read_error(reply, Secret(text), 0.0)
        assert "<***>" in str(error)
        assert "<***>" == error.trace_id


def test_the_canary_is_masked_in_json_and_html() -> None:
    for spelt in (
        "CANARY-s3cret+&amp;=%~\u00e9",
        r"CANARY-s3cret+\u0026=%~\u00E9",
        "CANARY%2ds3cret%2B%26%3D%25%7E%c3%a9",
    ):
        body = {"error": "x", "error_description": spelt}
        reply = TokenReply(400, httpx.Headers(), httpx.Response(200, json=body).content)
        assert "CANARY" not in str(read_error(reply, Secret(SECRET), 0.0))


def test_the_endpoints_words_steer_no_terminal() -> None:
    body = {"error": "x\x1b[2J", "error_description": "a\r\nb\u202ec" + "d" * 5_000}
    reply = TokenReply(400, httpx.Headers(), httpx.Response(200, json=body).content)
    text = str(read_error(reply, Secret(SECRET), 0.0))
    assert text.isprintable()
    assert "a bc" in text
    assert len(text) < 1_000

"""Credentials of other libraries, and of the az command."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from purview_auth import (
    US_GOVERNMENT,
    AzureCliCredential,
    ConfigurationError,
    CredentialAuth,
    HostRefusedError,
    TokenStore,
)
from purview_auth.errors import AuthError, CredentialError, TokenResponseError
from purview_auth.testing import FakeAsyncCredential, FakeClock, FakeCredential
from purview_auth.tokens.tries import TRIES

from .support import NoJitter, Service, call, status
from .test_flights import many_tasks, many_threads, token_of, token_of_async

SCOPE = "https://purview.azure.net/.default"
CHALLENGE = 'Bearer error="insufficient_claims", claims="e30="'


class Info(FakeCredential):
    """Has both methods."""

    def get_token_info(self, *scopes: str, options: dict[str, Any] | None = None) -> Any:
        return super().get_token(*scopes, options=options)

    def get_token(self, *scopes: str, **options: Any) -> Any:
        raise AssertionError("get_token_info is there")


class Awaitable:
    """Not seen to be async before it is called."""

    def __init__(self) -> None:
        self.inner = FakeAsyncCredential()

    def get_token(self, *scopes: str, **options: Any) -> Any:
        return self.inner.get_token(*scopes, **options)


def credential_auth(credential: Any, clock: FakeClock, **options: Any) -> CredentialAuth:
    return CredentialAuth(credential, clock=clock, rng=NoJitter(), **{"sleep": clock, **options})


@pytest.mark.row("A30")
@pytest.mark.parametrize("kind", [FakeCredential, FakeAsyncCredential, Info, Awaitable])
def test_any_credential_serves(mode: str, kind: type[Any]) -> None:
    credential = kind()
    inner = getattr(credential, "inner", credential)
    inner = getattr(inner, "inner", inner)
    service = Service()
    with credential_auth(credential, inner.clock) as auth:
        for _ in range(2):
            for _ in range(3):
                call(mode, auth, service)
            inner.clock.advance(3600)
    assert ["token-1"] * 3 + ["token-2"] * 3 == service.tokens
    expected = {"scopes": (SCOPE,), "options": {}} if kind is Info else {"scopes": (SCOPE,)}
    assert [expected] * 2 == inner.calls
    assert f"CredentialAuth({kind.__name__})" == repr(auth)


@pytest.mark.row("A30")
def test_a_sync_credential_runs_beside_the_loop() -> None:
    names: list[str] = []

    class Threaded(FakeCredential):
        def get_token(self, *scopes: str, **options: Any) -> Any:
            names.append(threading.current_thread().name)
            return super().get_token(*scopes, **options)

    credential = Threaded()
    call("asyncio", credential_auth(credential, credential.clock), Service())
    assert ["purview-auth"] == names


@pytest.mark.row("A30")
def test_an_async_credential_runs_on_the_callers_loop() -> None:
    loops: list[Any] = []

    class Noting(FakeAsyncCredential):
        async def get_token(self, *scopes: str, **options: Any) -> Any:
            loops.append(asyncio.get_running_loop())
            return await super().get_token(*scopes, **options)

    credential = Noting()

    async def main() -> bool:
        async with httpx.AsyncClient(
            transport=Service(), auth=credential_auth(credential, credential.inner.clock)
        ) as c:
            await c.get("https://contoso.purview.azure.com/")
        return loops == [asyncio.get_running_loop()]

    assert asyncio.run(main())


@pytest.mark.row("A30")
def test_blocking_callers_of_an_async_credential_share_one_loop() -> None:
    loops: list[Any] = []

    class Noting(FakeAsyncCredential):
        async def get_token(self, *scopes: str, **options: Any) -> Any:
            loops.append(asyncio.get_running_loop())
            return await super().get_token(*scopes, **options)

    credential = Noting()
    with credential_auth(credential, credential.inner.clock) as auth:
        for _ in range(2):
            call("sync", auth, Service())
            credential.inner.clock.advance(3600)
    assert 2 == len(loops)
    assert loops[0] is loops[1]


@pytest.mark.row("A08")
@pytest.mark.parametrize("kind", [FakeCredential, FakeAsyncCredential])
def test_one_credential_is_asked_once(kind: type[Any]) -> None:
    for mode in ("sync", "asyncio", "trio"):
        credential = kind()
        inner = getattr(credential, "inner", credential)
        one, two = (credential_auth(credential, inner.clock) for _ in range(2))
        if mode == "sync":
            results = many_threads(token_of(one)) + many_threads(token_of(two))
        else:
            results = call_tasks(mode, one) + call_tasks(mode, two)
        assert ({"Bearer token-1"}, 1) == (set(results), len(inner.calls))
        one.close()


def call_tasks(mode: str, auth: Any) -> list[Any]:
    from .support import run

    return run(mode, lambda: many_tasks(mode, token_of_async(auth), 64))


@pytest.mark.row("A08")
def test_a_store_may_be_given() -> None:
    credential, shared = FakeCredential(), TokenStore()
    one, two = (credential_auth(credential, credential.clock, store=shared) for _ in range(2))
    assert token_of(one)() == token_of(two)()
    assert token_of(credential_auth(credential, credential.clock))() == "Bearer token-2"
    assert (
        token_of(credential_auth(credential, credential.clock, store=shared, resource="other"))()
        == "Bearer token-3"
    )


@pytest.mark.row("A30")
@pytest.mark.parametrize("kind", [FakeCredential, FakeAsyncCredential, Info])
def test_claims_and_capabilities_are_passed_on(mode: str, kind: type[Any]) -> None:
    credential = kind()
    inner = getattr(credential, "inner", credential)
    service = Service(script=[status(401, www_authenticate=CHALLENGE)])
    with credential_auth(credential, inner.clock, continuous_access=True) as auth:
        assert 200 == call(mode, auth, service).status_code
    first, second = ({k: v for k, v in one.items() if k != "scopes"} for one in inner.calls)
    expected = [{"enable_cae": True}, {"claims": "{}", "enable_cae": True}]
    assert ([{"options": one} for one in expected] if kind is Info else expected) == [first, second]


@pytest.mark.row("A30")
def test_the_rules_of_refresh_hold(mode: str) -> None:
    credential = FakeCredential()
    service = Service()
    auth = credential_auth(credential, credential.clock)
    call(mode, auth, service)
    credential.error = ConnectionError("no network")
    credential.clock.advance(3301)
    for _ in range(5):
        call(mode, auth, service)
    assert 1 + TRIES == len(credential.calls)
    credential.clock.advance(300)
    with pytest.raises(CredentialError, match="raised ConnectionError"):
        call(mode, auth, service)
    with pytest.raises(HostRefusedError):
        call(mode, auth, service, "https://evil.example/")


class ClientAuthenticationError(Exception):
    """Named as azure-core's."""


@pytest.mark.row("A30")
@pytest.mark.parametrize("kind", [FakeCredential, FakeAsyncCredential])
def test_a_refusal_is_kept_and_explained(mode: str, kind: type[Any]) -> None:
    credential = kind()
    inner = getattr(credential, "inner", credential)
    inner.error = ClientAuthenticationError(
        "Authentication failed: AADSTS7000222: The provided client secret ... expired"
    )
    with credential_auth(credential, inner.clock) as auth:
        for _ in range(3):
            with pytest.raises(CredentialError, match="has expired") as caught:
                call(mode, auth, Service())
    assert (7000222,) == caught.value.error_codes
    assert 1 == len(inner.calls)


@pytest.mark.row("A30")
def test_a_passing_failure_is_not_kept() -> None:
    credential = FakeCredential(error=ValueError())
    auth = credential_auth(credential, credential.clock)
    for _ in range(2):
        with pytest.raises(CredentialError, match="Ask the credential"):
            call("sync", auth, Service())
    assert 2 == len(credential.calls)


def _answering(**members: Any) -> Any:
    class Odd:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            return type("Answer", (), members)()

    return Odd()


@pytest.mark.row("A30")
@pytest.mark.parametrize(
    "members",
    [
        {},
        {"token": "t"},
        {"token": "", "expires_on": 4e9},
        {"token": b"t", "expires_on": 4e9},
        {"token": "a\nb", "expires_on": 4e9},
        {"token": "t", "expires_on": 1},
        {"token": "t", "expires_on": "soon"},
        {"token": "t", "expires_on": True},
        {"token": "t", "expires_on": 1_700_000_900, "token_type": "pop"},
        {"token": "t", "expires_on": 1_700_000_900, "token_type": None},
        {"token": "t", "expires_on": 1_700_000_900, "refresh_on": "soon"},
    ],
)
def test_an_odd_token_is_a_typed_error(members: dict[str, Any]) -> None:
    with pytest.raises(TokenResponseError):
        call("sync", credential_auth(_answering(**members), FakeClock()), Service())


@pytest.mark.row("A30")
def test_refresh_on_is_heeded() -> None:
    now = FakeClock().time()
    auth = credential_auth(
        _answering(token="t", expires_on=now + 3600, refresh_on=now + 1000), FakeClock()
    )
    call("sync", auth, Service())
    info = auth.token_info()
    assert info is not None
    assert (now + 1000, now + 3600) == (info.refresh_on, info.expires_on)


@pytest.mark.row("A30")
@pytest.mark.parametrize(
    "credential", [None, object(), "text", type("Odd", (), {"get_token": 5})()]
)
def test_what_is_no_credential_is_refused(credential: Any) -> None:
    with pytest.raises(ConfigurationError, match="must have a method"):
        CredentialAuth(credential)


@pytest.mark.row("A30")
def test_a_context_manager_tells_the_kind() -> None:
    class Hidden(Awaitable):
        async def __aenter__(self) -> Any: ...
        async def __aexit__(self, *_: object) -> None: ...

    auth = CredentialAuth(Hidden())
    assert auth._source.native


@pytest.mark.row("A31")
def test_a_credential_has_a_cloud() -> None:
    auth = CredentialAuth(FakeCredential(), cloud=US_GOVERNMENT)
    auth.check_url("https://contoso.purview.azure.us/")
    with pytest.raises(HostRefusedError):
        auth.check_url("https://contoso.purview.azure.com/")


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program az on the path, which notes its arguments and prints what the file `answer`
    holds.
    """
    program = tmp_path / "az"
    program.write_text(f"""#!{sys.executable}
import pathlib, sys
here = pathlib.Path(__file__).parent
(here / "arguments").write_text("\\n".join(sys.argv[1:]))
out, err, code = (here / "answer").read_text().split("|")
print(out); print(err, file=sys.stderr); sys.exit(int(code))
""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    return tmp_path


@pytest.mark.row("A30")
@pytest.mark.parametrize("older", [False, True])
def test_the_az_command_signs_in(az: Path, older: bool) -> None:
    expiry = datetime.now().astimezone().timestamp() + 3000
    local = datetime.fromtimestamp(expiry).isoformat(" ")  # noqa: DTZ006  (as az prints it)
    answer = {"accessToken": "from-az", "expiresOn": local} | (
        {} if older else {"expires_on": int(expiry)}
    )
    (az / "answer").write_text(json.dumps(answer) + "||0")
    service = Service()
    auth = CredentialAuth(AzureCliCredential(tenant_id="contoso.example"))
    call("asyncio", auth, service)
    assert ["from-az"] == service.tokens
    info = auth.token_info()
    assert info is not None
    assert abs(info.expires_on - expiry) < 5
    assert [
        *("account", "get-access-token", "--output", "json", "--tenant", "contoso.example"),
        *("--resource", "https://purview.azure.net"),
    ] == (az / "arguments").read_text().split("\n")


@pytest.mark.row("A30")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("|Please run 'az login' to setup account.|1", "Run `az login`"),
        ("CANARY|ERROR: CANARY|1", "failed. Run it by hand"),
        ("CANARY||0", "failed. Run it by hand"),
        ("[]||0", "failed. Run it by hand"),
        ('{"accessToken": "CANARY"}||0', "failed. Run it by hand"),
        ('{"accessToken": "CANARY", "expiresOn": "soon"}||0', "failed. Run it by hand"),
    ],
)
def test_the_az_command_fails(az: Path, answer: str, message: str) -> None:
    (az / "answer").write_text(answer)
    with pytest.raises(AuthError, match=message) as caught:
        call("sync", CredentialAuth(AzureCliCredential()), Service())
    assert "CANARY" not in str(caught.value)


@pytest.mark.row("A30")
def test_the_az_command_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CredentialError, match="not installed"):
        AzureCliCredential().get_token(SCOPE)


@pytest.mark.row("A30")
def test_the_az_command_hangs(az: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("az", 20, output=b"CANARY")

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(CredentialError) as caught:
        AzureCliCredential().get_token(SCOPE)
    assert None is caught.value.__cause__
    assert None is caught.value.__context__


@pytest.mark.row("A17")
def test_the_az_commands_tenant_is_checked() -> None:
    with pytest.raises(ConfigurationError, match="tenant_id must be"):
        AzureCliCredential(tenant_id="--debug x")

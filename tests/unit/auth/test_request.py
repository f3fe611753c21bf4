"""What is sent to the token endpoint, and what a principal may be made of."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import httpx
import pytest

import purview_auth
from purview_auth import (
    CHINA,
    PUBLIC,
    US_GOVERNMENT,
    Cloud,
    ConfigurationError,
    CredentialAuth,
    ServicePrincipal,
)
from purview_auth.testing import FakeCredential, FakeTokenEndpoint, answer, overloaded, refused

from .support import CLIENT, SECRET, TENANT, URL, World

FORM = (
    b"client_id=%s&client_secret=CANARY-s3cret%%2B%%26%%3D%%25~%%C3%%A9&grant_type=client_credentials&"
    % CLIENT.encode()
)


@pytest.mark.row("A01")
def test_the_form_is_the_tutorials(world: World) -> None:
    world.get()
    (post,) = world.endpoint.posts
    assert f"https://login.microsoftonline.com/{TENANT}/oauth2/token" == post.url
    assert FORM + b"resource=https%3A%2F%2Fpurview.azure.net" == post.content
    assert SECRET == post.form["client_secret"]
    assert "application/x-www-form-urlencoded" == post.headers["Content-Type"]
    assert "application/json" == post.headers["Accept"]
    assert 1 == len(post.headers.get_list("User-Agent"))
    assert 36 == len(post.headers["client-request-id"])


@pytest.mark.row("A01")
@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        (None, "https://purview.azure.net/.default"),
        ("73c2949e-da2d-457a-9607-fcc665198967", "73c2949e-da2d-457a-9607-fcc665198967/.default"),
        ("https://purview.azure.net/.default", "https://purview.azure.net/.default"),
    ],
)
def test_version_2_sends_a_scope(world: World, resource: str | None, scope: str) -> None:
    world.principal(token_endpoint_version=2, resource=resource)
    world.get()
    (post,) = world.endpoint.posts
    assert f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token" == post.url
    assert scope == post.form["scope"]
    assert "resource" not in post.form


@pytest.mark.row("A02")
def test_nothing_of_the_callers_client_reaches_the_token_endpoint(world: World, mode: str) -> None:
    seen: list[str] = []
    headers = {"Origin": "https://portal.example", "X-Team": "data", "Cookie": "a=b"}
    world.get(mode, headers=headers)
    with httpx.Client(
        transport=world.service,
        auth=world.auth,
        headers=headers,
        cookies={"c": "d"},
        event_hooks={"request": [lambda request: seen.append(str(request.url))]},
    ) as client:
        world.auth.invalidate()
        client.get(URL)
    assert [URL] == seen
    for post in world.endpoint.posts:
        assert set() == {"origin", "x-team", "cookie"} & set(post.headers)


@pytest.mark.row("A17")
@pytest.mark.parametrize(
    "authority",
    [
        "http://login.microsoftonline.com",
        "https://user@login.microsoftonline.com",
        "https://login.microsoftonline.com/tenant",
        "https://login.microsoftonline.com?x=1",
        "https://login.microsoftonline.com#x",
        "login.microsoftonline.com",
        "https://",
        "https://[",
        "https://a:b",
        "ftp://login.microsoftonline.com",
        "http://127.0.0.1:1",
    ],
)
def test_an_authority_is_https_and_a_host(authority: str) -> None:
    with pytest.raises(ConfigurationError, match="authority must be"):
        ServicePrincipal(TENANT, CLIENT, SECRET, authority=authority)


@pytest.mark.row("A17")
@pytest.mark.parametrize(
    "tenant", ["", "a/b", "a b", "..", "../x", "a..b", ".a", "a?b", "té", None]
)
def test_a_tenant_has_no_odd_characters(tenant: Any) -> None:
    with pytest.raises(ConfigurationError, match="tenant_id must be"):
        ServicePrincipal(tenant, CLIENT, SECRET)


@pytest.mark.row("A17")
@pytest.mark.parametrize("tenant", ["common", "Organizations", "consumers"])
def test_shared_tenants_are_refused(tenant: str) -> None:
    with pytest.raises(ConfigurationError, match="names no tenant"):
        ServicePrincipal(tenant, CLIENT, SECRET)


@pytest.mark.row("A17")
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_refused(world: World, mode: str, code: int) -> None:
    world.endpoint.always = answer(code, location="https://evil.example/")
    with pytest.raises(purview_auth.TokenResponseError, match=f"answered {code}"):
        world.get(mode)
    assert 1 == world.posts


@pytest.mark.row("A17")
@pytest.mark.parametrize(
    ("client", "secret", "version"), [("", "s", 1), ("c", "", 1), ("c", b"s", 1), ("c", "s", 3)]
)
def test_other_arguments_are_checked(client: str, secret: Any, version: int) -> None:
    with pytest.raises(ConfigurationError, match="client_(id|secret) must be"):
        ServicePrincipal(TENANT, client, secret, token_endpoint_version=version)


@pytest.mark.row("A29")
def test_from_env_reads_the_secret_at_every_refresh(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AZURE_AUTHORITY_HOST", raising=False)
    for name, value in {"TENANT_ID": TENANT, "CLIENT_ID": CLIENT, "CLIENT_SECRET": "one"}.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    world.auth = ServicePrincipal.from_env(transport=world.endpoint, clock=world.clock)
    world.get()
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "two")
    world.clock.advance(3600)
    world.get()
    assert ["one", "two"] == [post.form["client_secret"] for post in world.endpoint.posts]


@pytest.mark.row("A29")
def test_from_env_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "")
    with pytest.raises(
        ConfigurationError, match="environment: AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"
    ):
        ServicePrincipal.from_env()


@pytest.mark.row("A29")
@pytest.mark.parametrize("host", ["login.microsoftonline.us", "https://login.microsoftonline.us/"])
def test_from_env_takes_the_authority(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name, value in {"TENANT_ID": TENANT, "CLIENT_ID": CLIENT, "CLIENT_SECRET": "one"}.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", host)
    ServicePrincipal.from_env().check_url("https://contoso.purview.azure.us")
    ServicePrincipal.from_env(cloud=PUBLIC).check_url("https://contoso.purview.azure.com")


@pytest.mark.row("A29")
@pytest.mark.parametrize("native", [False, True])
def test_a_callable_is_asked_at_every_refresh(world: World, mode: str, native: bool) -> None:
    secrets = iter(["one", "two"])
    world.principal(
        client_secret=lambda: next(secrets), async_transport=world.endpoint if native else None
    )
    world.get(mode)
    world.clock.advance(3600)
    world.get(mode)
    assert ["one", "two"] == [post.form["client_secret"] for post in world.endpoint.posts]


@pytest.mark.row("A29")
@pytest.mark.parametrize("native", [False, True])
def test_an_async_callable_is_awaited(world: World, mode: str, native: bool) -> None:
    async def secret() -> str:
        return "from afar"

    with world.principal(client_secret=secret, async_transport=world.endpoint if native else None):
        world.get(mode)
    assert ["from afar"] == [post.form["client_secret"] for post in world.endpoint.posts]


@pytest.mark.row("A29")
@pytest.mark.parametrize(
    "given",
    ["", None, b"bytes", ValueError(SECRET), ConfigurationError("no secret: see the vault")],
)
def test_a_callable_that_gives_none_is_a_typed_error(world: World, mode: str, given: Any) -> None:
    def secret() -> Any:
        if isinstance(given, Exception):
            raise given
        return given

    world.principal(client_secret=secret)
    with pytest.raises(purview_auth.AuthError, match="secret") as caught:
        world.get(mode)
    assert SECRET not in str(caught.value)
    assert 0 == world.posts


@pytest.mark.row("A29")
def test_update_secret_forgets_the_refusal(world: World) -> None:
    world.endpoint.faults.append(refused(code=7000222))
    with pytest.raises(purview_auth.AuthError, match="has expired"):
        world.get()
    world.auth.update_secret("two")
    world.get()
    assert [SECRET, "two"] == [post.form["client_secret"] for post in world.endpoint.posts]
    with pytest.raises(ConfigurationError, match="non-empty"):
        world.auth.update_secret("")


@pytest.mark.row("A29")
def test_update_secret_keeps_the_token(world: World) -> None:
    world.get()
    world.auth.update_secret("two")
    world.get()
    assert ["token-1"] * 2 == world.service.tokens


@pytest.mark.row("A31")
def test_a_cloud_is_one_value(world: World) -> None:
    world.principal(cloud=US_GOVERNMENT)
    world.get(url="https://contoso.purview.azure.us/scan")
    assert world.endpoint.posts[0].url.startswith("https://login.microsoftonline.us/")
    own = Cloud("own", "https://sts.example", "https://purview.example", (".purview.example",))
    world.principal(cloud=own)
    world.get(url="https://contoso.purview.example/scan")
    assert "https://purview.example" == world.endpoint.posts[1].form["resource"]


@pytest.mark.row("A31")
def test_the_authority_tells_the_cloud() -> None:
    auth = ServicePrincipal(
        TENANT, CLIENT, SECRET, authority="https://login.partner.microsoftonline.cn"
    )
    auth.check_url("https://contoso.purview.azure.cn")


@pytest.mark.row("A31")
@pytest.mark.parametrize(
    "host", ["contoso.purview.azure.us", ".purview.azure.cn", "https://contoso.purview.azure.us"]
)
def test_clouds_do_not_mix(host: str) -> None:
    with pytest.raises(ConfigurationError, match="is a host of cloud"):
        ServicePrincipal(TENANT, CLIENT, SECRET, allowed_hosts=(host,))
    with pytest.raises(ConfigurationError, match="is a host of cloud"):
        CredentialAuth(FakeCredential(), allowed_hosts=(host,))


@pytest.mark.row("A31")
def test_authority_and_cloud_must_agree() -> None:
    with pytest.raises(ConfigurationError, match="is of cloud public, not of china"):
        ServicePrincipal(
            TENANT, CLIENT, SECRET, authority="https://login.microsoftonline.com", cloud=CHINA
        )


@pytest.mark.row("A31")
def test_another_clouds_host_is_named(world: World) -> None:
    with pytest.raises(
        purview_auth.HostRefusedError,
        match="host of cloud us_government, this auth object is for public",
    ):
        world.get(url="https://contoso.purview.azure.us/scan")


def test_an_async_transport_alone_serves_blocking_calls_too() -> None:
    class AsyncOnly(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await endpoint.handle_async_request(request)

    endpoint, world = FakeTokenEndpoint(), World()
    with world.principal(transport=None, async_transport=AsyncOnly()):
        world.get()
    world.principal(transport=None, async_transport=endpoint)
    world.get()
    assert 2 == len(endpoint.posts)


def test_the_public_names_are_pinned() -> None:
    expected = """
        CHINA PUBLIC US_GOVERNMENT AuthError AuthEvent AzureCliCredential Cloud ConfigurationError
        CredentialAuth HandsOutTokens HostRefusedError PurviewAuthError PurviewError
        ServicePrincipal Timeouts TokenResponseError TokenStore
    """
    assert expected.split() == purview_auth.__all__
    assert sorted(purview_auth.__all__) == dir(purview_auth)
    assert all(getattr(purview_auth, name) is not None for name in purview_auth.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        getattr(purview_auth, "Nothing")  # noqa: B009


@pytest.mark.parametrize("name", ["purview_auth", "purview_auth.errors"])
def test_importing_the_package_loads_nothing_heavy(name: str) -> None:
    code = (
        f"import sys, {name}; print(sorted({{'httpx', 'attrs', 'asyncio', 'ssl', 'json'}} & "
        f"set(sys.modules)))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=env, capture_output=True, check=False
    )
    assert (b"[]", b"") == (done.stdout.strip(), done.stderr)


@pytest.mark.row("A13")
def test_headers_of_a_fault_are_spelt_with_hyphens() -> None:
    response = overloaded(503, retry_after="2")(httpx.Request("POST", "https://sts.example"))
    assert response is not None
    assert "2" == response.headers["Retry-After"]

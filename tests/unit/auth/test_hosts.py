"""Where the token goes."""

from __future__ import annotations

import pytest

from purview_auth import ConfigurationError, HostRefusedError
from purview_auth.testing import TokenServer

from .support import World, status


@pytest.mark.row("A19")
@pytest.mark.parametrize(
    "url",
    [
        "https://contoso.purview.azure.com/scan",
        "https://CONTOSO.Purview.Azure.COM/scan",
        "https://contoso.purview.azure.com:443/scan",
        "https://contoso.scan.purview.azure.com/",
        "https://contoso.catalog.purview.azure.com/",
        "https://api.purview-service.microsoft.com/x",
        "https://11111111-2222-3333-4444-555555555555-api.purview-service.microsoft.com/x",
    ],
)
def test_hosts_of_purview_get_the_token(world: World, url: str) -> None:
    world.get(url=url)
    assert ["token-1"] == world.service.tokens


REFUSED = [
    "http://contoso.purview.azure.com/scan",
    "https://contoso.purview.azure.com:8443/scan",
    "https://purview.azure.com/",
    "https://evilpurview.azure.com/",
    "https://contoso.purview.azure.com.evil.io/",
    "https://contoso.purview.azure.com@evil.io/",
    "https://user:pass@contoso.purview.azure.com/",
    "https://contoso.purview.azure.com./",
    "https://contoso.purview.azure.c\u043em/",
    "https://contoso_x.purview.azure.com/",
    "https://-x.purview.azure.com/",
    "https://evil.example/contoso.purview.azure.com",
    "https://evil-api.purview-service.microsoft.com.evil.example/",
    "https://a.b-api.purview-service.microsoft.com/",
    "https://-api.purview-service.microsoft.com/",
    "https://xapi.purview-service.microsoft.com/",
    "https://www.purview-service.microsoft.com/",
    "https://api.purview-service.microsoft.com.evil.example/",
    "https://20.1.2.3/",
    "https://[::1]/",
    "https://localhost/",
    "http://localhost/",
    "http://127.0.0.1:8000/",
]


@pytest.mark.row("A19")
@pytest.mark.parametrize("url", REFUSED)
def test_other_hosts_do_not(world: World, mode: str, url: str) -> None:
    with pytest.raises(HostRefusedError, match="token is (not )?sent"):
        world.get(mode, url=url)
    with pytest.raises(HostRefusedError):
        world.auth.check_url(url)
    assert (0, []) == (world.posts, world.service.tokens)


@pytest.mark.row("A19")
@pytest.mark.parametrize(
    "url", ["//contoso.purview.azure.com/", "ftp://contoso.purview.azure.com/", "/scan"]
)
def test_no_scheme_is_no_https(world: World, url: str) -> None:
    with pytest.raises(HostRefusedError, match="over https alone"):
        world.principal().check_url(url)


@pytest.mark.row("A19")
@pytest.mark.parametrize(
    ("allowed", "url", "good"),
    [
        ("proxy.example", "https://proxy.example/", True),
        ("Proxy.Example", "https://proxy.example:8443/", True),
        ("proxy.example:8443", "https://proxy.example:8443/", True),
        ("proxy.example:8443", "https://proxy.example/", False),
        ("https://proxy.example", "https://proxy.example/", True),
        ("https://proxy.example:8443/", "https://proxy.example:8443/", True),
        (".corp.example", "https://a.b.corp.example/", True),
        (".corp.example", "https://corp.example/", False),
        ("proxy.example", "https://a.proxy.example/", False),
        ("proxy.example", "http://proxy.example/", False),
        ("10.0.0.5", "https://10.0.0.5/", True),
        ("[fd00::5]", "https://[fd00::5]:8443/", True),
        ("[fd00::5]:8443", "https://[fd00::5]:8443/", True),
        ("[fd00::5]:8443", "https://[fd00::5]/", False),
        ("localhost", "https://localhost:1/", True),
    ],
)
def test_hosts_can_be_allowed(world: World, allowed: str, url: str, good: bool) -> None:
    for given in (allowed, (allowed,)):
        world.principal(allowed_hosts=given)
        if good:
            world.auth.check_url(url)
        else:
            with pytest.raises(HostRefusedError):
                world.auth.check_url(url)


@pytest.mark.row("A19")
def test_an_allowed_url_is_a_scheme_and_a_host(world: World) -> None:
    with pytest.raises(ConfigurationError, match="allowed_hosts must be"):
        world.principal(allowed_hosts=("https://proxy.example/path",))


@pytest.mark.row("A19")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_loopback_by_choice(world: World, host: str) -> None:
    world.principal(allow_insecure_localhost=True)
    for url in (f"http://{host}:8000/x", f"https://{host}/x"):
        world.auth.check_url(url)
    for url in (
        f"ftp://{host}/",
        f"http://u@{host}/",
        "http://localhost.evil.example/",
        "http://127.1.evil.example/",
    ):
        with pytest.raises(HostRefusedError):
            world.auth.check_url(url)


@pytest.mark.row("A19")
def test_a_loopback_authority_by_choice(mode: str) -> None:
    with TokenServer() as server:
        world = World(endpoint=server.endpoint)
        world.principal(transport=None, authority=server.authority, allow_insecure_localhost=True)
        world.get(mode, url="http://localhost:8000/scan")
        assert 1 == world.posts
        assert server.endpoint.posts[0].url.startswith(server.authority)


@pytest.mark.row("A19")
def test_no_token_is_given_ahead_for_other_hosts(world: World) -> None:
    world.get()
    for url in (
        "https://evil.example",
        "http://contoso.purview.azure.com",
        "https://u@contoso.purview.azure.com",
    ):
        for _ in range(2):
            with pytest.raises(HostRefusedError):
                world.auth.warm_token(url)
    assert world.auth.warm_token("https://contoso.purview.azure.com")


@pytest.mark.row("A20")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/x",
        "https://contoso.purview.azure.com:8443/x",
        "http://contoso.purview.azure.com/x",
        "https://other.purview.azure.com/x",
    ],
)
def test_a_redirect_elsewhere_carries_no_token(world: World, mode: str, target: str) -> None:
    challenge = 'Bearer error="insufficient_claims", claims="e30"'
    world.service.script = [status(307, location=target), status(401, www_authenticate=challenge)]
    response = world.get(mode, follow_redirects=True, method="POST", content=b"body")
    assert 401 == response.status_code
    assert ["token-1", None] == world.service.tokens
    assert b"token-1" not in b"".join(world.service.bodies)
    assert "token-1" not in "".join(str(request.url) for request in world.service.requests)
    assert 1 == world.posts


@pytest.mark.row("A20")
def test_a_redirect_on_the_same_origin_keeps_it(world: World, mode: str) -> None:
    world.service.script = [status(307, location="/other")]
    assert 200 == world.get(mode, follow_redirects=True).status_code
    assert ["token-1", "token-1"] == world.service.tokens

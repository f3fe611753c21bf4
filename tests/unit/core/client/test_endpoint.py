"""Endpoints in every form people hold, and those that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.support import ENDPOINT, Recorder

from purview_core.client.endpoint import account_endpoint, plane_endpoint
from purview_dataplane import PLANES, AsyncPurview, Purview
from purview_dataplane.catalog import CatalogClient
from purview_dataplane.unified_catalog import UnifiedCatalogClient


@pytest.mark.parametrize(
    "form",
    [
        *(
            "contoso",
            "Contoso",
            " contoso ",
            "contoso.purview.azure.com",
            ENDPOINT,
            f"{ENDPOINT}/",
            f"{ENDPOINT}:443",
        ),
        *(
            f"{ENDPOINT}/catalog",
            f"{ENDPOINT}/account/",
            f"{ENDPOINT}/datamap/api/",
            f"{ENDPOINT}/policyStore",
        ),
        *("https://CONTOSO.Purview.Azure.COM/scan", "https://contoso.catalog.purview.azure.com"),
        *(
            "https://contoso.scan.purview.azure.com/",
            "contoso.account.purview.azure.com",
            "contoso\n",
        ),
        *(
            f"{ENDPOINT}/catalog/api/atlas/v2",
            f"{ENDPOINT}/datamap/api/atlas/v2/",
            "contoso.purview.azure.com/scan",
        ),
        *(
            f"{ENDPOINT}/datagovernance/catalog/",
            "HTTPS://CONTOSO.PURVIEW.AZURE.COM/",
            f"{ENDPOINT}/Account",
        ),
    ],
)
def test_forms_of_an_account(form: str) -> None:
    assert ENDPOINT == account_endpoint(form)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://sandbox.example.org:8443", "https://sandbox.example.org:8443"),
        ("https://sandbox:8443/scan", "https://sandbox:8443"),
        ("http://localhost", "http://localhost"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("https://contoso.purview:8443", "https://contoso.purview:8443"),
        ("https://contoso.purview.azure.us", "https://contoso.purview.azure.us"),
        ("https://contoso.scan.purview.azure.cn", "https://contoso.purview.azure.cn"),
    ],
)
def test_other_addresses(form: str, expected: str) -> None:
    assert expected == account_endpoint(form)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("http://contoso.purview.azure.com", "an endpoint is https, not http"),
        ("ftp://contoso.purview.azure.com", "an endpoint is https, not ftp"),
        ("https://user:secret@contoso.purview.azure.com", "no user, query or fragment"),
        (f"{ENDPOINT}?x=1", "no user, query or fragment"),
        (f"{ENDPOINT}/somewhere", "no path but a plane's own"),
        ("https://contoso.purview.azure.com.", "not an endpoint"),
        ("https://cont oso", "not an endpoint"),
        ("", "not an endpoint"),
        ("ab", "not an endpoint"),
        ("contoso-", "not an endpoint"),
        ("contoso/", "not an endpoint"),
        ("https://contoso", "not an endpoint"),
        ("https://conto\tso.purview.azure.com", "not an endpoint"),
        (f"{ENDPOINT}:x", "not an endpoint"),
        (f"{ENDPOINT}:99999", "not an endpoint"),
        ("https://[::1", "not an endpoint"),
        ("https://{account}.purview.azure.com", "not an endpoint"),
        ("contoso_prod", "not an endpoint"),
        *(
            (f"contoso{rest}", "not an endpoint")
            for rest in (".purview", ".purview.azure", ".purview.azure.co")
        ),
        ("https://contoso.purview/catalog", "not an endpoint"),
        *(
            (form, "not an endpoint")
            for form in ("http://localhost:0", "http://[::1]:0", f"{ENDPOINT}:0", "contoso:0")
        ),
        *(
            (f"https://{host}", "not an endpoint")
            for host in ("a..example.org", "-a.example.org", "a.-b.example.org")
        ),
        ("localhost", "give http://localhost or https://localhost"),
        ("localhost:8080", "give http://localhost:8080 or https://localhost:8080"),
        ("127.0.0.1:8080/", "give http://127.0.0.1:8080 or"),
        ("[::1]:8080", r"give http://\[::1\]:8080 or"),
        ("https//contoso.purview.azure.com", "not an endpoint"),
        ("/subscriptions/1/providers/Microsoft.Purview/accounts/contoso", "not an endpoint"),
        (f"{ENDPOINT}//catalog", "no path but a plane's own"),
        ("https://purview.microsoft.com", "purview.microsoft.com is a portal or a token resource"),
        (
            "https://purview.microsoft.com/datacatalog/governance?tid=1",
            "purview.microsoft.com is a portal",
        ),
        ("https://web.purview.azure.com/resource/contoso", "web.purview.azure.com is a portal"),
        ("https://ms.web.purview.azure.com", "ms.web.purview.azure.com is a portal"),
        ("https://contoso.purviewstudio.azure.com", "contoso.purviewstudio.azure.com is a portal"),
        ("https://portal.azure.com/#@contoso/resource", "portal.azure.com is a portal"),
        ("https://purview.azure.net", "purview.azure.net is a portal or a token resource"),
        (
            "purview.azure.com",
            "purview.azure.com is a portal or a token resource, not an account's address",
        ),
    ],
)
def test_refused_forms_show_the_right_one(form: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        account_endpoint(form)
    assert "https://contoso.purview.azure.com" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_endpoint_is_text() -> None:
    with pytest.raises(TypeError, match="an endpoint is a str, not bytes"):
        account_endpoint(b"contoso")  # type: ignore[arg-type]


@pytest.mark.parametrize("client", [Purview, AsyncPurview, CatalogClient])
def test_a_tenant_endpoint_is_looked_at_when_the_client_is_made(client: Any) -> None:
    with pytest.raises(ValueError, match="an endpoint is https, not ftp"):
        client("contoso", tenant_endpoint="ftp://api.example.org")
    with pytest.raises(ValueError, match="not an endpoint"):
        client("contoso", tenant_endpoint="")


def test_clouds() -> None:
    assert "https://contoso.purview.azure.cn" == account_endpoint("contoso", "china")
    with pytest.raises(ValueError, match="unknown cloud 'mars'; there are public, usgov, china"):
        account_endpoint("contoso", "mars")
    for cloud in ("mars", "", ["usgov"]):
        with pytest.raises(ValueError, match="unknown cloud"):
            account_endpoint(ENDPOINT, cloud)  # type: ignore[arg-type]
    assert "https://contoso.purview.azure.us" == account_endpoint(
        "contoso.scan.purview.azure.us", "usgov"
    )
    assert "http://127.0.0.1:1" == account_endpoint("http://127.0.0.1:1", "usgov")
    with pytest.raises(
        ValueError,
        match="contoso.purview.azure.com is not of cloud 'usgov', .*<account>.purview.azure.us",
    ):
        account_endpoint(ENDPOINT, "usgov")


@pytest.mark.parametrize("cloud", ["usgov", "china"])
def test_the_tenant_wide_host_of_other_clouds_is_asked_for_not_guessed(cloud: str) -> None:
    """Every tenant-wide plane, by its client and by the facade, from a name and from an address."""
    account = account_endpoint("contoso", cloud)
    tenant_wide = [name for name, plane in PLANES.items() if plane.endpoint == "tenant"]
    assert 3 <= len(tenant_wide)
    for purview in (
        Purview("contoso", cloud=cloud),
        Purview(account),
        AsyncPurview("contoso", cloud=cloud),
    ):
        assert account == purview.scanning.endpoint
        for name in tenant_wide:
            with pytest.raises(
                ValueError,
                match=f"tenant-wide host beside {account} is in no document; .*tenant_endpoint=",
            ):
                getattr(purview, name)
    with pytest.raises(ValueError, match="tenant_endpoint="):
        UnifiedCatalogClient("contoso", cloud=cloud)
    named = Purview("contoso", cloud=cloud, tenant_endpoint="https://api.example.org/")
    assert {"https://api.example.org"} == {getattr(named, name).endpoint for name in tenant_wide}


def test_tenant_wide_planes_have_their_own_host() -> None:
    host = "https://api.purview-service.microsoft.com"
    assert (
        host
        == UnifiedCatalogClient("contoso").endpoint
        == UnifiedCatalogClient(host + "/").endpoint
    )
    assert "https://t-api.purview-service.microsoft.com" == plane_endpoint(
        "tenant", "t-api.purview-service.microsoft.com"
    )
    with Purview("contoso", tenant_endpoint="http://127.0.0.1:1/") as purview:
        assert ("http://127.0.0.1:1", ENDPOINT) == (
            purview.unified_catalog.endpoint,
            purview.scanning.endpoint,
        )


@pytest.mark.parametrize("suffix", ["", "/", "/catalog", "/account/", "/datamap/api/"])
def test_prefixes_are_joined_once(suffix: str) -> None:
    from purview_dataplane.catalog import models

    recorder = Recorder()
    client = CatalogClient(ENDPOINT + suffix, transport=recorder.sync)
    client.collection.move_entities_to("c1", body=models.MoveEntitiesRequest(entity_guids=["g"]))
    assert [
        "POST /catalog/api/collections/c1/entity/moveHere?api-version=2023-02-01-preview"
    ] == recorder.paths


def test_the_facade_has_every_plane() -> None:
    assert 15 == len(PLANES)
    with Purview("contoso") as purview:
        for name, plane in PLANES.items():
            client = getattr(purview, name)
            assert (name, plane.version) == (client.plane.name, client.api_version)
            assert client is getattr(purview, name)
    assert {"scanning", "datamap_preview"} <= set(PLANES)
    assert ("account", "tenant") == (
        PLANES["scanning"].endpoint,
        PLANES["unified_catalog"].endpoint,
    )
    assert ("Data Curator",) == PLANES["catalog"].roles
    assert "<AsyncPurview https://contoso.purview.azure.com>" == repr(AsyncPurview("contoso"))

"""What an exact sandbox refuses, so that its answers keep to their contract."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from tests.unit.testing.sandbox.clients import client_of

from purview_testing import Sandbox

SCAN, CATALOG = "api-version=2023-09-01", "api-version=2026-03-20-preview"
TERM = "/datamap/api/atlas/v2/glossary/term"
ID = "0b12e5a4-7a4d-4c6f-9d1e-3f5a6b7c8d90"


def called(method: str, path: str, body: Any = None, **options: Any) -> list[httpx.Response]:
    """The answer to one call, and what a GET of the same address gives after it."""
    with (
        Sandbox(**options) as sandbox,
        client_of(sandbox) as client,
    ):
        return [client.request(method, path, json=body), client.get(path)]


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/scan/datasources/lake", {"kind": "NewKind"}, "/kind"),
        (
            "/scan/azureKeyVaults/vault",
            {"properties": {"baseUrl": "x", "description": None}},
            "/properties/description",
        ),
    ],
)
def test_exact_refuses_what_would_not_come_back_as_the_contract_says(
    path: str, body: Any, where: str
) -> None:
    response, _ = called("PUT", f"{path}?{SCAN}", body, exact=True, strict=False)
    assert (400, {where}) == (
        response.status_code,
        {d["target"] for d in response.json()["error"]["details"]},
    )


def test_an_unknown_kind_is_kept_unless_the_sandbox_is_exact_or_strict() -> None:
    put, got = called("PUT", f"/scan/datasources/lake?{SCAN}", {"kind": "NewKind"})
    assert (201, "NewKind") == (put.status_code, got.json()["kind"])
    refused, _ = called("PUT", f"/scan/datasources/lake?{SCAN}", {"kind": "NewKind"}, strict=True)
    assert 400 == refused.status_code


@pytest.mark.parametrize(("given", "kept"), [(ID, True), ("no guid", False)])
def test_what_is_invented_in_a_glossary_has_a_guid(given: str, kept: bool) -> None:
    with (
        Sandbox(["datamap"], fill=True, exact=True) as sandbox,
        client_of(sandbox) as client,
    ):
        term = client.get(f"{TERM}/{given}?{SCAN}").json()
        assert term["guid"] == str(uuid.UUID(term["guid"]))
        assert kept == (term["guid"] == given)
        assigned = f"/datamap/api/atlas/v2/glossary/terms/{given}/assignedEntities"
        assert 204 == client.post(assigned, json=[{"guid": ID}]).status_code
        (meaning,) = client.get(f"/datamap/api/atlas/v2/entity/guid/{ID}").json()["entity"][
            "meanings"
        ]
        assert term["guid"] == meaning["termGuid"]
        made = client.post(
            TERM, json={"guid": given, "name": "n", "anchor": {"glossaryGuid": ID}}
        ).json()
        assert (term["guid"], "n") == (
            made["guid"],
            client.get(f"{TERM}/{given}?{SCAN}").json()["name"],
        )


def test_a_new_resource_is_found_by_the_id_that_the_answer_has() -> None:
    path = "/datagovernance/dataestate/controls?api-version=2025-11-01-preview"
    planes = ["data_estate_health@2025-11-01-preview"]
    made, listed = called("POST", path, {"id": ""}, exact=True, planes=planes)
    assert made.json()["id"] == listed.json()["value"][0]["id"] != ""


@pytest.mark.parametrize(("options", "status"), [({}, 400), ({"fill": True}, 200)])
def test_a_relationship_needs_its_entity_unless_the_sandbox_fills_in(
    options: dict[str, bool], status: int
) -> None:
    path = f"/datagovernance/catalog/dataColumns/{ID}/relationships?{CATALOG}&entityType=TERM"
    response, _ = called("POST", path, {}, exact=True, **options)
    assert (status, status == 200) == (response.status_code, "entityId" in response.json())
    assert status == 200 or "needs its entityId" in response.text


def test_a_resource_with_a_fixed_name_beside_a_list_is_not_one_of_its_items() -> None:
    """`/controls/schedule` beside `/controls/{id}`."""
    base = "/datagovernance/dataestate/controls"
    with (
        Sandbox(["data_estate_health"], exact=True) as sandbox,
        client_of(sandbox) as client,
    ):
        version = {"api-version": "2024-02-01-preview"}
        client.put(f"{base}/schedule", params=version, json={"interval": 2})
        client.put(f"{base}/{ID}", params=version, json={"name": "n", "type": "ControlGroup"})
        assert 2 == client.get(f"{base}/schedule", params=version).json()["interval"]
        assert [ID] == [item["id"] for item in client.get(base, params=version).json()["value"]]


def test_a_file_that_is_not_csv_is_an_error() -> None:
    with (
        Sandbox(fill=True) as sandbox,
        client_of(sandbox) as client,
    ):
        path = f"/catalog/api/glossary/{ID}/terms/import?api-version=2023-02-01-preview"
        answers = [
            client.post(path, files={"file": ("a.csv", text)})
            for text in (b"Name\r\nterm\r\n", b"Name\n\r\x1a\rterm")
        ]
    assert [202, 400] == [a.status_code for a in answers]
    assert "The file is not CSV" in answers[1].text

"""Strict mode: where an answer is not what the document declares."""

from __future__ import annotations

import json
import pickle
from typing import Any

import httpx
import pytest

from purview_core import ContractError, DecodeError, decode
from purview_dataplane.scanning import OPERATIONS, ScanningClient
from purview_dataplane.scanning import models as m

GOOD = {"kind": "AzureSqlDatabaseCredential", "name": "n", "properties": {"serverEndpoint": "e", "workers": 4}}


def strict(value: Any, operation: str = "Scans_Get") -> Any:
    return decode(OPERATIONS[operation], 200, json.dumps(value).encode(), strict=True)


def test_what_is_declared_passes() -> None:
    assert isinstance(strict(GOOD), m.AzureSqlDatabaseCredentialScan)
    unknown = {**GOOD, "kind": "Brand-New", "brand": "new"}
    assert (m.Scan, unknown) == (type(strict(unknown)), strict(unknown).to_dict())


def test_every_departure_has_its_place() -> None:
    raw = {
        "kind": "AzureSqlDatabaseCredential",
        "name": 5,
        "properties": {"workers": "4", "createdAt": "no", "collection": [], "a~/b": 1},
    }
    with pytest.raises(ContractError) as caught:
        strict(raw)
    expected = [
        "/name: expected str, found an integer",
        "/properties/collection: expected CollectionReference, found a list",
        "/properties/createdAt: expected datetime, found a string",
        "/properties/workers: expected int, found a string",
    ]
    assert expected == sorted(map(str, caught.value.departures))
    assert raw == caught.value.value.to_dict()
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))


def test_a_missing_member_and_an_item_that_is_none() -> None:
    with pytest.raises(ContractError) as caught:
        strict({"value": [GOOD, 5, {}]}, "Scans_ListByDataSource")
    expected = ["/value/1: expected Scan, found an integer", "/value/2/kind: expected str, found nothing"]
    assert expected == list(map(str, caught.value.departures))


def test_null_where_the_document_says_no_null() -> None:
    with pytest.raises(ContractError, match="/value: expected"):
        strict({"value": None}, "Scans_ListByDataSource")
    strict({**GOOD, "name": None})  # an optional member may be null: the services send it all the time


def test_lenient_is_the_default_and_a_client_can_be_strict() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={**GOOD, "name": 5}))
    assert 5 == ScanningClient("contoso", transport=transport).scans.get("a", "b").name  # type: ignore[comparison-overlap]
    with pytest.raises(ContractError):
        ScanningClient("contoso", transport=transport, strict=True).scans.get("a", "b")


@pytest.mark.parametrize("content", [b"<html>captive portal</html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_says_so(content: bytes) -> None:
    with pytest.raises(DecodeError, match="Scans_Get: the answer to 200 came as text/html and is no JSON"):
        decode(OPERATIONS["Scans_Get"], 200, content, content_type="text/html")


def test_statuses_that_are_not_declared() -> None:
    get = OPERATIONS["Scans_Get"]
    content = json.dumps(GOOD).encode()
    assert isinstance(decode(get, 201, content), m.Scan)
    assert isinstance(decode(get, 418, b'{"error": {"code": "c", "message": "m"}}'), m.ErrorResponseModel)
    assert decode(get, 200, b"") is None
    assert {"a": 1} == decode(OPERATIONS["Scans_Delete"], 204, b'{"a": 1}')

"""Strict mode: where an answer is not what the document declares."""

from __future__ import annotations

import json
import pickle
from typing import Any

import httpx
import pytest
from tests.unit.core.sample_plane import models as sample

from purview_core import ContractError, DecodeError, decode
from purview_core.model.codec import Registry
from purview_core.model.strict import departures
from purview_dataplane.scanning import OPERATIONS, ScanningClient
from purview_dataplane.scanning import models as m

GOOD = {
    "kind": "AzureSqlDatabaseCredential",
    "name": "n",
    "properties": {"serverEndpoint": "e", "workers": 4},
}


def strict(value: Any, operation: str = "Scans_Get") -> Any:
    return decode(OPERATIONS[operation], 200, json.dumps(value).encode(), strict=True)


@pytest.mark.row("T17")
def test_what_is_declared_passes() -> None:
    assert isinstance(strict(GOOD), m.AzureSqlDatabaseCredentialScan)
    unknown = {**GOOD, "kind": "Brand-New", "brand": "new"}
    assert (m.Scan, unknown) == (type(strict(unknown)), strict(unknown).to_dict())


@pytest.mark.row("T17")
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


@pytest.mark.row("T17")
def test_a_missing_member_and_an_item_that_is_none() -> None:
    with pytest.raises(ContractError) as caught:
        strict({"value": [GOOD, 5, {}]}, "Scans_ListByDataSource")
    missing = [f"/value/2/{name}: expected str, found nothing" for name in ("name", "kind")]
    expected = ["/value/1: expected Scan, found an integer", *missing]
    assert expected == list(map(str, caught.value.departures))


@pytest.mark.row("T17")
def test_null_where_the_document_says_no_null() -> None:
    with pytest.raises(ContractError, match="/value: expected"):
        strict({"value": None}, "Scans_ListByDataSource")
    # an optional member may be null: the services send it all the time
    strict({**GOOD, "scanId": None})


@pytest.mark.row("T17")
def test_lenient_is_the_default_and_a_client_can_be_strict() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={**GOOD, "name": 5}))
    assert 5 == ScanningClient("contoso", transport=transport).scans.get("a", "b").name  # type: ignore[comparison-overlap]
    with pytest.raises(ContractError):
        ScanningClient("contoso", transport=transport, strict=True).scans.get("a", "b")


@pytest.mark.row("T17")
@pytest.mark.parametrize("content", [b"<html>captive portal</html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_says_so(content: bytes) -> None:
    with pytest.raises(
        DecodeError, match="Scans_Get: the answer to 200 came as text/html and is no JSON"
    ):
        decode(OPERATIONS["Scans_Get"], 200, content, content_type="text/html")


def test_statuses_that_are_not_declared() -> None:
    get = OPERATIONS["Scans_Get"]
    content = json.dumps(GOOD).encode()
    assert isinstance(decode(get, 201, content), m.Scan)
    assert isinstance(
        decode(get, 418, b'{"error": {"code": "c", "message": "m"}}'), m.ErrorResponseModel
    )
    assert decode(get, 200, b"") is None
    assert {"a": 1} == decode(OPERATIONS["Scans_Delete"], 204, b'{"a": 1}')


SAMPLE = Registry.get(sample.__name__)


@pytest.mark.row("T17")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "Scan",
            {
                "kind": "Sql",
                "origin": "New",
                "level": 7,
                "tags": ["a"],
                "createdAt": "2024-01-01T00:00:00.1234567Z",
            },
        ),
        ("Scan", {"kind": "New", "name": None, "lastRun": None, "new": {}}),
        (
            "Box",
            {
                "ratio": 1,
                "done": True,
                "anything": [None],
                "labels": {},
                "attributes": {"a": None},
                "times": [],
            },
        ),
        (
            "Box",
            {
                "either": {"kind": "Sql"},
                "oneOrMore": "text",
                "grid": [[{}]],
                "collections": {"a": {}},
            },
        ),
        ("float", 1.5),
        ("Scan | None", None),
        ("Any", None),
        ("None", None),
        ("dict[str, Any]", {"a": None}),
    ],
)
def test_nothing_departs(text: str, value: Any) -> None:
    assert [] == list(departures(SAMPLE, text, value))


@pytest.mark.row("T17")
@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("Scan", {}, ["/kind: expected str, found nothing"]),
        ("Scan", {"kind": None}, ["/kind: expected str, found null"]),
        ("Scan", {"kind": "Sql", "tags": "a"}, ["/tags: expected list[str], found a string"]),
        (
            "Scan",
            {"kind": "Sql", "tags": ["a", None, 1]},
            ["/tags/1: expected str, found null", "/tags/2: expected str, found an integer"],
        ),
        (
            "Scan",
            {"kind": "Sql", "origin": 1, "level": "1"},
            [
                "/origin: expected Origin, found an integer",
                "/level: expected Level, found a string",
            ],
        ),
        ("Scan", {"kind": "Sql", "level": True}, ["/level: expected Level, found a boolean"]),
        (
            "Scan",
            {"kind": "Sql", "properties": {"workers": True, "collection": 1}},
            [
                "/properties/workers: expected int, found a boolean",
                "/properties/collection: expected Collection, found an integer",
            ],
        ),
        ("ScanList", {"value": {}}, ["/value: expected list[Scan], found an object"]),
        (
            "Box",
            {"collections": {"a/b~c": {"type": 1}}, "grid": [[], {}]},
            [
                "/collections/a~1b~0c/type: expected str, found an integer",
                "/grid/1: expected list[Collection], found an object",
            ],
        ),
        (
            "Box",
            {"oneOrMore": 5, "ratio": "1"},
            [
                "/ratio: expected float, found a string",
                "/oneOrMore: expected list[Collection], found an integer",
            ],
        ),
        ("Box", {"times": ["soon"]}, ["/times/0: expected datetime, found a string"]),
        ("list[Scan]", "x", ["/: expected list[Scan], found a string"]),
        ("dict[str, Scan]", [], ["/: expected dict[str, Scan], found a list"]),
    ],
)
def test_departures_are_named(text: str, value: Any, expected: list[str]) -> None:
    assert expected == list(map(str, departures(SAMPLE, text, value)))

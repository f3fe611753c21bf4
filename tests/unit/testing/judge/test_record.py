"""What the judges' recordings hold: every operation, called as a user calls it, in the shape
that oav takes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.judge.answers import forwarded, sampled
from tests.judge.live import live_request, split, with_pairs
from tests.judge.record import ALL, ALONE, PUT_BACK, REQUIRED, record
from tests.judge.samples import Sampler, text

from purview_codegen.package.adapter import operations_of
from purview_core.manifest import Document, Manifest

Json = dict[str, Any]
SPECS = Path(__file__).parent.parent.parent.parent.parent / "specs"
MANIFEST = Manifest.load(SPECS)
DEFAULT = [d for d in MANIFEST.documents if d.default]


def contract(document: Document) -> Json:
    found: Json = json.loads(
        (SPECS / "contracts" / document.plane / f"{document.version}.json").read_bytes()
    )
    return found


@cache
def records(document: Document) -> tuple[Json, ...]:
    found = contract(document)
    return tuple(
        record(document, MANIFEST.plane(document.plane), found, sampled(found), versioned=False)
    )


def of(plane: str, operation_id: str, label: str = ALL) -> Json:
    document = MANIFEST.plane(plane).default
    return next(r for r in records(document) if (r["op"], r["pass"]) == (operation_id, label))


@pytest.mark.parametrize("document", DEFAULT, ids=str)
def test_every_operation_is_recorded_with_required_and_with_all_arguments(
    document: Document,
) -> None:
    passes: dict[str, list[str]] = defaultdict(list)
    for one in records(document):
        passes[one["op"]].append(one["pass"])
        assert {"doc", "op", "pass", "liveRequest", "liveResponse"} == set(one)
        assert str(document) == one["doc"]
        json.dumps(one, allow_nan=False)
    expected = {
        op["operationId"]: [REQUIRED, ALL] for _, _, op in operations_of(contract(document))
    }
    assert expected == {op: labels[:2] for op, labels in passes.items()}


def test_the_shape_that_oav_takes() -> None:
    one = of("scanning", "Triggers_CreateOrReplace")
    sent, answer = one["liveRequest"], one["liveResponse"]
    assert {"method", "url", "headers", "query", "body"} == set(sent)
    path = "https://contoso.purview.azure.com/scan/datasources/sample-1/scans/sample-1/triggers/default"
    assert ("PUT", f"{path}?api-version=2023-09-01") == (sent["method"], sent["url"])
    assert {"api-version": "2023-09-01"} == sent["query"]
    assert "application/json" == sent["headers"]["content-type"]
    assert [name.lower() for name in sent["headers"]] == list(sent["headers"])
    assert isinstance(sent["body"]["properties"], dict)
    assert ("200", True) == (answer["statusCode"], isinstance(answer["body"], dict))


def test_members_that_are_read_only_are_not_sent_though_the_model_had_them() -> None:
    one = of("scanning", "DataSources_CreateOrReplace")
    assert {"kind", "creationType", "properties"} == set(one["liveRequest"]["body"])


def test_the_least_and_the_most() -> None:
    least, most = (
        of("scanning", "ScanResult_RunScan", REQUIRED),
        of("scanning", "ScanResult_RunScan"),
    )
    assert {"runId", "api-version"} == set(least["liveRequest"]["query"])
    assert {"runId", "scanLevel", "api-version"} == set(most["liveRequest"]["query"])
    assert {"kind": "AzureSubscription"} == of("scanning", "DataSources_CreateOrReplace", REQUIRED)[
        "liveRequest"
    ]["body"]


def test_what_was_read_is_put_back_with_one_member_changed() -> None:
    read = of("scanning", "KeyVaultConnections_Get")["liveResponse"]["body"]
    sent = of("scanning", "KeyVaultConnections_CreateOrReplace", PUT_BACK)["liveRequest"]["body"]
    assert {"id", "name", "properties"} == set(read)
    assert {
        "properties": read["properties"] | {"baseUrl": f"{read['properties']['baseUrl']} changed"}
    } == sent
    every = [r for document in DEFAULT for r in records(document) if r["pass"] == PUT_BACK]
    assert 61 == len(every)


def test_a_service_that_keeps_state_has_what_is_read() -> None:
    every = [r for r in records(MANIFEST.plane("scanning").default) if r["pass"] != PUT_BACK]
    found = [r["liveRequest"]["method"] for r in every]
    reads, deletions = found.index("GET"), found.index("DELETE")
    assert (0, {"DELETE"}) == (found.index("PUT"), set(found[deletions:]))
    assert {"PUT", "POST", "PATCH"} >= set(found[:reads])


def test_no_token_is_recorded() -> None:
    request = httpx.Request("GET", "https://h/a", headers={"Authorization": "Bearer canary"})
    assert "canary" not in json.dumps(live_request({"parameters": []}, request))


def test_every_kind_of_a_family_is_sent() -> None:
    document = MANIFEST.plane("scanning").default
    sent = {
        r["liveRequest"]["body"]["kind"]
        for r in records(document)
        if r["op"] == "DataSources_CreateOrReplace"
    }
    assert (
        set(contract(document)["components"]["schemas"]["DataSource"]["discriminator"]["mapping"])
        == sent
    )


def test_a_form_is_recorded_as_it_went_out() -> None:
    sent = of("datamap", "Entity_ImportBusinessMetadata")["liveRequest"]
    assert sent["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="file"; filename="terms.csv"' in sent["body"]


def test_list_values_are_split() -> None:
    sent = of("datamap", "Entity_ListByGuids")["liveRequest"]
    assert isinstance(sent["query"]["guid"], list)
    csv = {
        "parameters": [{"name": "a", "in": "query", "schema": {"type": "array"}, "explode": False}]
    }
    assert {"a": ["1", "2"], "b": ["3", "4"]} == split(csv, [("a", "1,2"), ("b", "3"), ("b", "4")])


def test_another_query_is_in_both_places() -> None:
    good = {"url": "https://h/p?a=1", "query": {"a": "1"}}
    found = with_pairs({"parameters": []}, good, [("a b", "ä/")])
    assert {"url": "https://h/p?a%20b=%C3%A4%2F", "query": {"a b": "ä/"}} == found


@pytest.mark.parametrize("status", [404, 503])
def test_answers_may_come_from_anywhere_and_errors_are_recorded(status: int) -> None:
    document = MANIFEST.plane("pds").default
    asked = []

    def answer(operation: Json, request: httpx.Request) -> httpx.Response:
        asked.append(operation["operationId"])
        return httpx.Response(status, json={"error": {"code": "No"}})

    found = list(
        record(document, MANIFEST.plane("pds"), contract(document), answer, versioned=False)
    )
    assert [r["op"] for r in found] == asked
    assert [str(status)] * 6 == [r["liveResponse"]["statusCode"] for r in found]
    assert {"error": {"code": "No"}} == found[0]["liveResponse"]["body"]


def test_what_was_never_answered_well_is_called_once_more_at_a_service_that_holds_nothing() -> None:
    document, held = MANIFEST.plane("pds").default, ["something"]
    good = sampled(contract(document))

    def answer(operation: Json, request: httpx.Request) -> httpx.Response:
        return httpx.Response(409) if held and request.method == "GET" else good(operation, request)

    found = list(
        record(
            document,
            MANIFEST.plane("pds"),
            contract(document),
            answer,
            versioned=False,
            fresh=held.clear,
        )
    )
    refused = {r["op"] for r in found if r["liveResponse"]["statusCode"] == "409"}
    assert refused
    assert refused == {
        r["op"] for r in found if (r["pass"], r["liveResponse"]["statusCode"]) == (ALONE, "200")
    }


def test_forwarding_goes_to_the_other_address() -> None:
    seen = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(
            (
                str(request.url),
                request.headers["host"],
                request.headers["authorization"],
                request.content,
            )
        )
        return httpx.Response(204)

    request = httpx.Request("PUT", "https://contoso.purview.azure.com/scan/a?b=c", content=b"body")
    response = forwarded("http://127.0.0.1:8080", httpx.MockTransport(service), "Bearer t")(
        {}, request
    )
    assert 204 == response.status_code
    assert [("http://127.0.0.1:8080/scan/a?b=c", "127.0.0.1:8080", "Bearer t", b"body")] == seen


def test_samples_end_where_a_schema_meets_itself() -> None:
    node = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 30},
            "next": {"$ref": "#/components/schemas/Node"},
            "all": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        },
    }
    found = {"components": {"schemas": {"Node": node}}}
    root = {"$ref": "#/components/schemas/Node"}
    name = "a b/ä" + "x" * 25
    assert {"name": name} == Sampler(found, full=False).sample(root)
    assert {"name": name, "all": []} == Sampler(found, full=True).sample(root)


def test_a_text_that_cannot_be_made_is_an_error() -> None:
    assert "sample-1" == text({"pattern": "^[a-z]+-[0-9]$"})
    with pytest.raises(ValueError, match="no sample text for"):
        text({"pattern": "^Q+$"})

"""Bodies and headers that the live service returns and no document describes: each in every version
that has the operation.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from purview_core import HttpError, to_json

from .calling import (
    MODES,
    Caller,
    Case,
    Service,
    Version,
    cases,
    of_plane,
    one,
    plain,
    says,
    versions,
)
from .shapes import held, resolved
from .walking import models

pytestmark = pytest.mark.level("L2")

ATLAS = ("catalog", "datamap", "datamap_preview")
RUN: Any = {
    "parentId": None,
    "id": "r1",
    "ingestionJobId": None,
    "resourceId": None,
    "status": "Queued",
    "assetsDiscovered": 0,
    "webScanResults": None,
    "diagnostics": None,
    "queuedTime": "2024-01-02T03:04:05.1234567Z",
    "pipelineStartTime": None,
    "endTime": None,
    "error": None,
}
ACCEPTED: Any = {
    "scanResultId": None,
    "startTime": None,
    "endTime": None,
    "status": "Accepted",
    "error": None,
}
SOURCE: Any = {
    "kind": "AmazonS3",
    "id": "datasources/s",
    "name": "s",
    "properties": {
        "serviceUrl": "s3://b",
        "roleARN": None,
        "parentCollection": None,
        "collection": {
            "type": "CollectionReference",
            "referenceName": "root",
            "lastModifiedAt": "2024-01-01T00:00:00.7063770Z",
        },
    },
}
RULE: Any = {
    "kind": "Custom",
    "properties": {
        "minimumDistinctMatchCount": None,
        "classificationRuleBloomFilter": None,
        "owner": None,
        "collection": None,
        "columnPatterns": [{"kind": "Regex", "pattern": "id"}],
    },
}
MATCHER = {
    "fromRule": "permission:c",
    "attributeName": "derived.purview.permission",
    "attributeValueIncludes": "permission:c",
}
POLICIES: Any = {
    "values": [
        {
            "name": "p",
            "version": 5,
            "properties": {
                "decisionRules": [
                    {"kind": "decisionrule", "effect": "Permit", "dnfCondition": [[MATCHER]]}
                ]
            },
        }
    ]
}
ENTITIES: Any = {
    "referredEntities": {},
    "entities": [
        {
            "typeName": "Data Product",
            "attributes": {"description": None},
            "provenanceType": 0,
            "isIndexed": True,
            "source": "Portal",
            "domainId": "d",
            "displayText": "x",
            "relationshipAttributes": {"is related to": []},
            "proxy": False,
        }
    ],
}
COLLECTION: Any = {
    "name": "c1",
    "friendlyName": "c1",
    "parentCollection": {"type": "CollectionReference", "referenceName": "root"},
    "collectionProvisioningState": "Creating",
}
ACCOUNT: Any = {
    "properties": {
        "endpoints": {"catalog": "https://c", "scan": "https://s", "guardian": "https://g"},
        "cloudConnectors": {"awsExternalId": "x"},
    }
}
SHARE_DELETED: Any = {
    "id": "op",
    "startTime": "2024-01-01T00:00:00.4649415Z",
    "endTime": None,
    "status": "NotStarted",
    "error": None,
}
WORKFLOWS: Any = {
    "value": [
        {
            "id": "w",
            "createdTime": "2024-11-30T08:42:49.447391319Z",
            "isEnabled": False,
            "description": "",
        }
    ]
}
RECENT_RUN: Any = {
    "ingestionExecutionDetails": {
        "status": "Succeeded",
        "estimatedTimeRemainingInSeconds": None,
        "statistics": {"assets": {"succeeded": 72, "failed": 0}},
    }
}


def answered(case: Case, body: Any, status: int = 200, mode: str = "sync") -> Any:
    """What `call` makes of an answer: read whole, and equal to what came before and after that."""
    with Caller(case.version, Service(says(body, status)), mode) as caller:
        found = caller.call(case).parsed
    assert body == to_json(found), case
    assert 0 <= sum(1 for _ in models(found))
    assert body == to_json(found), case
    return found


def ending(version: Version, method: str, *tails: str) -> Case:
    """The operation of a verb at a path, whatever it is called."""
    return next(
        c for c in version.cases if c.method == method and c.path.removeprefix("/atlas/v2") in tails
    )


@pytest.mark.row("S01")
@pytest.mark.row("S25")
@pytest.mark.parametrize("mode", MODES)
def test_run_histories_with_nulls_come_back_equal(mode: str) -> None:
    for version in of_plane("scanning"):
        page = answered(
            version.case("ScanResult_ListScanHistory"), {"value": [RUN, RECENT_RUN]}, mode=mode
        )
        first, second = page.value
        assert ("r1", "Queued") == (first.id, str(first.status)), version
        details: Any = to_json(second)["ingestionExecutionDetails"]
        assert (None, 72) == (
            details["estimatedTimeRemainingInSeconds"],
            details["statistics"]["assets"]["succeeded"],
        )


@pytest.mark.row("S02")
@pytest.mark.parametrize("mode", MODES)
def test_an_accepted_answer_with_nulls_comes_back_equal(mode: str) -> None:
    """Run, cancel, tag, and every other operation of Scanning that answers 202."""
    counted = 0
    for version in of_plane("scanning"):
        for case in version.cases:
            if any(status == 202 for status, _ in case.good()):
                found = answered(case, ACCEPTED, 202, mode)
                if not isinstance(found, dict):
                    assert "Accepted" == str(getattr(found, "status", "Accepted")), case
                counted += 1
    print(f"\n{counted} operations")
    assert counted > 12


@pytest.mark.row("S04")
@pytest.mark.parametrize("mode", MODES)
def test_a_data_source_comes_back_equal(mode: str) -> None:
    """Read, listed, and written back as it came."""
    for version in of_plane("scanning"):
        found = answered(version.case("DataSources_Get"), SOURCE, mode=mode)
        assert ("AmazonS3DataSource", "s3://b", None) == (
            type(found).__name__,
            found.properties.service_url,
            found.properties.role_arn,
        )
        listing = version.case(
            "DataSources_List" if version.has("DataSources_List") else "DataSources_ListAll"
        )
        assert [type(found)] == [
            type(item) for item in answered(listing, {"value": [SOURCE]}, mode=mode).value
        ]
        write = next(
            c
            for c in version.cases
            if (c.method, c.path) == ("put", "/datasources/{dataSourceName}")
        )
        with Caller(version, service := Service(says(SOURCE)), mode) as caller:
            caller.send(write, "s", body=found)
        sent = json.loads(service.last.content)
        assert (
            SOURCE["properties"]["collection"]["lastModifiedAt"]
            == found.to_dict()["properties"]["collection"]["lastModifiedAt"]
        )
        assert ("AmazonS3", "s3://b", None) == (
            sent["kind"],
            sent["properties"]["serviceUrl"],
            sent["properties"]["roleARN"],
        )


@pytest.mark.row("S07")
def test_a_classification_rule_comes_back_equal() -> None:
    for version in of_plane("scanning"):
        found = answered(version.case("ClassificationRules_Get"), RULE)
        assert "CustomClassificationRule" == type(found).__name__
        (pattern,) = found.properties.column_patterns
        assert ("RegexClassificationRulePattern", "id") == (type(pattern).__name__, pattern.pattern)


@pytest.mark.row("S09")
@pytest.mark.parametrize("mode", MODES)
def test_policies_go_back_with_what_no_schema_names(mode: str) -> None:
    version = one("metadata_policies", "2021-07-01-preview")
    (policy,) = answered(version.case("MetadataPolicy_ListAll"), POLICIES, mode=mode).values
    with Caller(version, service := Service(says({})), mode) as caller:
        caller.send(version.case("MetadataPolicy_Update"), "p", body=policy)
    assert POLICIES["values"][0] == json.loads(service.last.content)


@pytest.mark.row("S13")
def test_entities_come_back_equal() -> None:
    for version in of_plane(*ATLAS):
        found = answered(ending(version, "get", "/entity/bulk"), ENTITIES)
        (entity,) = found.entities
        assert ("Data Product", {"description": None}) == (
            entity.type_name,
            to_json(entity.attributes),
        ), version
        assert ({"is related to": []}, False) == (
            to_json(entity.relationship_attributes),
            entity.proxy,
        )
        assert True is to_json(entity)["isIndexed"]
        with Caller(version, service := Service(says({}))) as caller:
            caller.send(ending(version, "post", "/entity/bulk"), body=found)
        assert ENTITIES == json.loads(service.last.content), version


@pytest.mark.row("S14")
def test_a_search_that_finds_nothing() -> None:
    """Every operation whose answer has `@search.count`."""
    nothing, counted = {"@search.count": 0, "value": [], "@search.facets": None}, 0
    for version in of_plane(*ATLAS):
        for case in version.cases:
            schema = next((schema for _, schema in case.good() if schema), {})
            if "@search.count" in resolved(version.schemas, schema).get("properties", {}):
                found = answered(case, nothing)
                assert (0, [], None) == (
                    found.search_count,
                    found.value,
                    getattr(found, "search_facets", None),
                ), case
                counted += 1
    print(f"\n{counted} operations")
    assert counted >= 7


@pytest.mark.row("S16")
@pytest.mark.row("B28")
def test_bare_arrays_are_lists() -> None:
    """Every operation whose answer is a bare array: a list, its items of their class where they are
    objects, most members missing.
    """
    glossary, counted = (
        {"guid": "g", "qualifiedName": "Glossary", "name": "Glossary", "lastModifiedTS": "1"},
        0,
    )
    for version in versions():
        for case in version.cases:
            for status, schema in case.good():
                if schema is None or resolved(version.schemas, schema).get("type") != "array":
                    continue
                of_objects = [
                    name for how, name in held(version.schemas, schema) if how == ("list",)
                ]
                found = answered(case, [glossary] if of_objects else ["g1"], status)
                assert list is type(found), case
                assert [hasattr(x, "to_dict") for x in found] == [bool(of_objects)], case
                counted += 1
    for version in of_plane(*ATLAS):
        found = answered(ending(version, "get", "/glossary"), [glossary])
        assert [("AtlasGlossary", "g", "1")] == [
            (type(g).__name__, g.guid, g.last_modified_ts) for g in found
        ], version
    print(f"\n{counted} answers")
    assert counted > 70


@pytest.mark.row("S17")
def test_members_that_a_later_version_dropped() -> None:
    for version in of_plane("account"):
        found = answered(version.case("Accounts_GetAccountProperties"), ACCOUNT)
        endpoints = found.properties.endpoints
        assert ("https://c", "https://g") == (endpoints.catalog, to_json(endpoints)["guardian"]), (
            version
        )


@pytest.mark.row("S18")
@pytest.mark.parametrize("mode", MODES)
def test_a_collection_that_is_not_ready(mode: str) -> None:
    """200 with `Creating` is the answer, not the end of a wait; deleting gives 204 and None."""
    for version in of_plane("account"):
        write = version.case("Collections_CreateOrUpdateCollection")
        with Caller(version, service := Service(says(COLLECTION)), mode) as caller:
            found = caller.send(
                write, "c1", body=version.plane.models.Collection(friendly_name="c1")
            )
            assert ("Creating", "root", 1) == (
                str(found.collection_provisioning_state),
                found.parent_collection.reference_name,
                len(service.seen),
            )
            assert COLLECTION == to_json(found)
            service.now(plain(204))
            assert caller.send(version.case("Collections_DeleteCollection"), "c1") is None


@pytest.mark.row("S18")
@pytest.mark.row("S22")
@pytest.mark.parametrize("mode", MODES)
def test_deleted_is_none(mode: str) -> None:
    """Every operation that declares 204, by its method."""
    counted, service = 0, Service(plain(204))
    for version in versions():
        with Caller(version, service, mode) as caller:
            for case in version.cases:
                if 204 in dict(case.good()):
                    assert caller.send(case, **case.needed()) in (None, []), case
                    counted += 1
    print(f"\n{counted} operations")
    assert counted > 200


@pytest.mark.row("S20")
@pytest.mark.parametrize("mode", MODES)
def test_a_share_that_is_being_deleted(mode: str) -> None:
    """Every operation of Share that answers 202: followed to its end from a first answer full of
    nulls.
    """
    counted = 0
    for version in of_plane("share"):
        for case in version.cases:
            if 202 not in dict(case.good()):
                continue
            answered(case, SHARE_DELETED, 202, mode)
            query = f"api-version={version.document.version}"
            link = {"operation-location": f"/share/operationResults/op?{query}"}
            service = Service(
                lambda _, h=link: httpx.Response(202, json=SHARE_DELETED, headers=h),
                says({**SHARE_DELETED, "status": "Succeeded"}),
            )
            with Caller(version, service, mode) as caller:
                poller = caller.send(case, **case.needed())
                caller.done(poller.result())
            assert f"GET {link['operation-location']}" == service.paths[1], case
            counted += 1
    print(f"\n{counted} operations")
    assert counted >= 14


@pytest.mark.row("S21")
def test_workflows_with_nine_digits_come_back_equal() -> None:
    for version in of_plane("workflow"):
        (found,) = answered(
            next(c for c in version.cases if (c.method, c.path) == ("get", "/workflows")), WORKFLOWS
        ).value
        assert (2024, 447391, False, "") == (
            found.created_time.year,
            found.created_time.microsecond,
            found.is_enabled,
            found.description,
        )


@pytest.mark.row("S22")
def test_a_run_that_is_cancelled() -> None:
    for version in of_plane("workflow"):
        case = next(c for c in version.cases if c.path.endswith("/cancel"))
        for mode in MODES:
            with Caller(version, Service(plain(200, Content_Length="0")), mode) as caller:
                assert caller.send(case, "r1", body={"comment": "c"}) is None


SERVERS = ["Kestrel", "AzurePurview", "MicrosoftPurview"]


@pytest.mark.row("S30")
def test_headers_that_no_document_declares() -> None:
    """Every operation, good and failed: ids of the service at hand, one of ours on each request, a
    new one for each call.
    """
    ours, counted, service = set[str](), 0, Service()
    for version in versions():
        with Caller(version, service) as caller:
            for i, case in enumerate(version.cases):
                headers = {"x_ms_correlation_request_id": f"c-{i}", "Server": SERVERS[i % 3]}
                headers |= {"x_ms_request_id": f"r-{i}"} if i % 2 else {}
                service.now(says(case.something(), 200, **headers))
                answer = caller.call(case)
                assert (f"c-{i}", SERVERS[i % 3]) == (
                    answer.headers["x-ms-correlation-request-id"],
                    answer.headers["server"],
                ), case
                ours.add(service.last.headers["x-ms-client-request-id"])
                service.now(says({"error": {"code": "X"}}, 418, **headers))
                with pytest.raises(HttpError) as caught:
                    caller.call(case)
                ours.add(service.last.headers["x-ms-client-request-id"])
                expected = (f"c-{i}", f"r-{i}" if i % 2 else f"c-{i}", SERVERS[i % 3])
                error = caught.value
                assert expected == (
                    error.correlation_id,
                    error.request_id,
                    error.headers["server"],
                ), case
                counted += 1
    print(f"\n{counted} operations")
    assert 2 * counted == len(ours)
    assert sum(1 for _ in cases()) == counted

"""The sandbox takes what people have in files and refuses what the service refuses.

The limits of the service are there on demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from purview_core import to_json
from purview_dataplane import datamap, unified_catalog
from purview_testing import Sandbox
from purview_testing.contracts.documents import documents
from purview_testing.contracts.facts import load
from purview_testing.contracts.messages import Json
from purview_testing.contracts.samples import resolve
from purview_testing.sandbox.behaviours.references import source_kind
from purview_testing.sandbox.state.paths import unnamed_template

SCAN_API, ATLAS = "?api-version=2023-09-01", "/datamap/api/atlas/v2"
UC, UC_API = "/datagovernance/catalog", "?api-version=2026-03-20-preview"
DOMAIN = "11111111-2222-4333-8444-000000000001"
WHERE = {"collection": {"type": "CollectionReference", "referenceName": "sandbox"}}
SOURCE = f"/scan/datasources/lake{SCAN_API}"
SCAN = f"/scan/datasources/lake/scans/weekly{SCAN_API}"
FILTER = f"/scan/datasources/lake/scans/weekly/filters/custom{SCAN_API}"
LAKE = {
    "kind": "AdlsGen2",
    "properties": {"endpoint": "https://lake.dfs.core.windows.net/", **WHERE},
}
WEEKLY = {
    "kind": "AdlsGen2Msi",
    "properties": {"scanRulesetName": "AdlsGen2", "scanRulesetType": "System", **WHERE},
}
GLOSSARY = {"name": "Business", "guid": "b1"}
OPS = {
    "businessMetadataDefs": [
        {"name": "ops", "attributeDefs": [{"name": "tier", "typeName": "int"}]}
    ]
}
ORDERS = {
    "typeName": "azure_sql_table",
    "guid": "-1",
    "attributes": {"qualifiedName": "q", "name": "orders"},
}


@contextmanager
def opened(**options: Any) -> Iterator[httpx.Client]:
    with (
        Sandbox(**options) as sandbox,
        httpx.Client(
            transport=sandbox.transport(), auth=sandbox.auth, base_url=sandbox.url
        ) as http,
    ):
        http.sandbox = sandbox  # type: ignore[attr-defined]
        yield http


def send(http: httpx.Client, method: str, path: str, body: Any = None) -> httpx.Response:
    return http.request(method, path, **({} if body is None else {"json": body}))


def done(http: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    answer = send(http, method, path, body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


BEFORE = [("PUT", SOURCE, LAKE), ("PUT", SCAN, WEEKLY)]

# method, path, body, whether a strict sandbox takes it, too
FILES: dict[str, tuple[str, str, Any, bool]] = {
    "a filter with nulls, as the service asks for": (
        *("PUT", FILTER),
        {
            "name": "custom",
            "id": "datasources/lake/scans/weekly/filters/custom",
            "properties": {
                "excludeUriPrefixes": ["https://lake/tmp"],
                "includeUriPrefixes": ["https://lake/data"],
                "excludeRegexes": None,
                "includeRegexes": None,
            },
        },
        False,
    ),
    "a source with its name": (
        *("PUT", SOURCE),
        {
            **LAKE,
            "name": "lake",
            "id": "datasources/lake",
            "properties": {**LAKE["properties"], "parentCollection": None},
        },  # type: ignore[dict-item]
        False,
    ),
    "a source with times of seven digits": (
        *("PUT", SOURCE),
        {
            **LAKE,
            "properties": {
                **LAKE["properties"],
                "createdAt": "2024-01-01T00:00:00.7063770Z",
                "dataUseGovernance": "Off",
            },
        },  # type: ignore[dict-item]
        False,
    ),
    "a scan with results and members of no document": (
        *("PUT", SCAN),
        {**WEEKLY, "scanResults": None, "properties": {**WEEKLY["properties"], "isMauiScan": None}},  # type: ignore[dict-item]
        False,
    ),
    "a trigger in the service's own words": (
        *("PUT", f"/scan/datasources/lake/scans/weekly/triggers/default{SCAN_API}"),
        {
            "name": "default",
            "properties": {
                "scanLevel": "Full",
                "recurrenceInterval": None,
                "incrementalScanStartTime": None,
                "recurrence": {
                    "frequency": "Month",
                    "interval": 1,
                    "timezone": "UTC",
                    "schedule": {"monthDays": [1]},
                },
            },
        },
        False,
    ),
    "a classification rule with what no document has": (
        *("PUT", f"/scan/classificationrules/rule{SCAN_API}"),
        {
            "kind": "Custom",
            "properties": {
                "classificationName": "SECRET",
                "minimumPercentageMatch": 60,
                "owner": None,
                "collection": None,
                "classificationRuleBloomFilter": None,
                "columnPatterns": [{"kind": "Regex", "pattern": "id"}],
            },
        },
        False,
    ),
    "a collection as it is read": (
        *("PUT", "/account/collections/sales?api-version=2023-10-01-preview"),
        {
            "name": "sales",
            "friendlyName": "Sales",
            "description": None,
            "parentCollection": {"type": "CollectionReference", "referenceName": "Sandbox"},
            "collectionProvisioningState": "Succeeded",
            "systemData": {"createdByType": "Application"},
        },
        False,
    ),
    "an entity with a placeholder that is a number": (
        "POST",
        f"{ATLAS}/entity",
        {"entity": {**ORDERS, "guid": -1}},
        False,
    ),
    "an entity as search and portal know it": (
        *("POST", f"{ATLAS}/entity"),
        {
            "entity": {
                **ORDERS,
                "isIndexed": True,
                "displayText": "orders",
                "domainId": None,
                "contacts": None,
            }
        },
        False,
    ),
    "a glossary with a language": (
        "POST",
        f"{ATLAS}/glossary",
        {"name": "B", "language": "en", "usage": None},
        False,
    ),
    "a domain of the Unified Catalog without an id": (
        *("POST", f"{UC}/businessdomains{UC_API}"),
        {
            "name": "Sales",
            "type": "FunctionalUnit",
            "status": "DRAFT",
            "description": "what is sold",
            "domains": [],
            "managedAttributes": [],
            "systemData": {},
            "parentId": DOMAIN,
            "thumbnail": {},
        },
        False,
    ),
    "a data product without an id": (
        *("POST", f"{UC}/dataProducts{UC_API}"),
        {
            "name": "Orders",
            "domain": DOMAIN,
            "type": "Dataset",
            "contacts": {"owner": [{"id": DOMAIN}]},
            "audience": None,
        },
        False,
    ),
    "a critical data element without an id": (
        *("POST", f"{UC}/criticalDataElements{UC_API}"),
        {"name": "Customer id", "domain": DOMAIN, "dataType": "TEXT", "rank": 1},
        False,
    ),
    "a term without an id": (
        *("POST", f"{UC}/terms{UC_API}"),
        {"name": "Order", "domain": DOMAIN, "status": "DRAFT", "parentId": None, "acronyms": None},
        False,
    ),
    "an objective without an id": (
        *("POST", f"{UC}/objectives{UC_API}"),
        {"definition": "sell more", "domain": DOMAIN, "status": "DRAFT", "targetDate": None},
        False,
    ),
}
SERVICE_MAKES = {"id", "guid", "name", "systemData", "createdAt", "collectionProvisioningState"}


def kept(given: Any, got: Any, pointer: str = "") -> Iterator[str]:
    """Yields what was sent and does not come back."""
    if isinstance(given, dict) and isinstance(got, dict):
        for name, item in given.items():
            if name not in SERVICE_MAKES and not name.endswith("arentCollection"):
                yield from kept(item, got.get(name), f"{pointer}/{name}")
    elif isinstance(given, list) and isinstance(got, list) and len(given) == len(got):
        for i, (item, other) in enumerate(zip(given, got, strict=True)):
            yield from kept(item, other, f"{pointer}/{i}")
    elif given != got:
        yield f"{pointer}: {given!r} is {got!r}"


@pytest.mark.parametrize("name", FILES)
def test_what_people_have_in_files_is_kept_whole(name: str) -> None:
    method, path, body, strict_too = FILES[name]
    with opened() as http:
        for call in BEFORE:
            done(http, *call)
        made = done(http, method, path, body)
        assert () == http.sandbox.requests[-1].violations  # type: ignore[attr-defined]
        read = done(http, "GET", _address(path, made))
        given = body.get("entity", body)
        assert [] == list(kept(given, read.get("entity", read)))
    with opened(strict=True) as http:
        for call in BEFORE:
            done(http, *call)
        answer = send(http, method, path, body)
        # where the document does not ask for one either
        needs_no_id = answer.is_success and "without an id" in name
        assert strict_too or needs_no_id or answer.status_code == 400


def _address(path: str, made: Json) -> str:
    path, _, query = path.partition("?")
    query = f"?{query}" if query else ""
    if path.endswith("/entity"):
        return f"{path}/guid/{made['guidAssignments']['-1']}"
    if path.endswith("/glossary") or path.startswith(UC):
        return f"{path}/{made.get('guid') or made['id']}{query}"
    return path + query


def test_a_lenient_sandbox_still_refuses_what_departs_otherwise() -> None:
    """Types, required members, paths and query names are judged, however lenient it is."""
    with opened() as http:
        done(http, "PUT", SOURCE, LAKE)
        for path, body, said in (
            (SOURCE, {**LAKE, "properties": "none"}, "/properties"),
            (SOURCE, {"properties": {}}, "/kind"),
            (SOURCE, {**LAKE, "kind": None}, "/kind"),
            (f"{SOURCE}&noSuch=1", LAKE, "noSuch"),
            (SCAN, None, "body"),
            (f"{UC}/terms{UC_API}", {"name": None, "domain": DOMAIN, "status": "DRAFT"}, "/name"),
        ):
            answer = send(http, "POST" if path.startswith(UC) else "PUT", path, body)
            assert (400, True) == (answer.status_code, said in answer.text), (path, answer.text)


@pytest.mark.parametrize(
    "text", ["11/14/2023 10:57:36 AM", "2024-05-01", "2024-05-01T08:00Z", "2024-05-01T08:00:00"]
)
def test_dates_are_read_in_the_forms_of_the_service(text: str) -> None:
    for strict, status in ((False, 200), (True, 400 if "T08:00:0" not in text else 200)):
        with opened(strict=strict) as http:
            done(http, *BEFORE[0])
            done(http, *BEFORE[1])
            recurrence = {"frequency": "Day", "interval": 1, "startTime": text}
            body = {"properties": {"scanLevel": "Full", "recurrence": recurrence}}
            answer = send(
                http, "PUT", f"/scan/datasources/lake/scans/weekly/triggers/default{SCAN_API}", body
            )
            assert (strict, status) == (strict, 200 if answer.is_success else answer.status_code)
    with opened() as http:
        for call in BEFORE:
            done(http, *call)
        body["properties"]["recurrence"] = {**recurrence, "startTime": "soon"}
        assert (
            400
            == send(
                http, "PUT", f"/scan/datasources/lake/scans/weekly/triggers/default{SCAN_API}", body
            ).status_code
        )


def test_an_api_version_is_taken_where_the_document_has_none() -> None:
    for strict, status in ((False, 200), (True, 400)):
        with opened(strict=strict) as http:
            answer = send(
                http,
                "POST",
                "/catalog/api/atlas/v2/glossary?api-version=2022-03-01-preview",
                {"name": "B"},
            )
            assert status == answer.status_code


def test_placeholders_that_are_numbers_are_resolved_wherever_they_stand() -> None:
    column = {
        "typeName": "azure_sql_column",
        "guid": -2,
        "attributes": {"qualifiedName": "c", "name": "id"},
    }
    column["relationshipAttributes"] = {"table": {"guid": -1, "typeName": "azure_sql_table"}}
    process = {
        "typeName": "Process",
        "guid": "-3",
        "attributes": {"qualifiedName": "p", "name": "p", "inputs": [{"guid": -1}], "outputs": []},
    }
    with opened() as http:
        batch = {"entities": [column, process, {**ORDERS, "guid": -1}]}
        guids = done(http, "POST", f"{ATLAS}/entity/bulk", batch)["guidAssignments"]
        assert {"-1", "-2", "-3"} == set(guids)
        table = done(http, "GET", f"{ATLAS}/entity/guid/{guids['-1']}")["entity"]
        assert [guids["-2"]] == [c["guid"] for c in table["relationshipAttributes"]["columns"]]
        edges = done(http, "GET", f"{ATLAS}/lineage/{guids['-1']}?direction=BOTH")["relations"]
        assert [(guids["-1"], guids["-3"])] == [(e["fromEntityId"], e["toEntityId"]) for e in edges]


# what is refused -> calls before it, the call, its status, its code, what its text names
CREDENTIAL = {"credential": {"referenceName": "robot", "credentialType": "BasicAuth"}}
REFUSED: dict[str, tuple[list[Any], Any, int, str, str]] = {
    "a scan of another kind": (
        [BEFORE[0]],
        ("PUT", SCAN, {**WEEKLY, "kind": "AzureSqlDatabaseMsi"}),
        *(400, "ScanKindMismatch", "AzureSqlDatabaseMsi"),
    ),
    "a source in a collection that is not there": (
        [],
        (
            "PUT",
            SOURCE,
            {
                **LAKE,
                "properties": {**LAKE["properties"], "collection": {"referenceName": "nowhere"}},
            },
        ),  # type: ignore[dict-item]
        *(400, "CollectionNotFound", "nowhere"),
    ),
    "a scan in a collection that is not there": (
        [BEFORE[0]],
        (
            "PUT",
            SCAN,
            {
                **WEEKLY,
                "properties": {**WEEKLY["properties"], "collection": {"referenceName": "nowhere"}},
            },
        ),  # type: ignore[dict-item]
        *(400, "CollectionNotFound", "nowhere"),
    ),
    "a credential that is not there": (
        [BEFORE[0]],
        (
            "PUT",
            SCAN,
            {"kind": "AdlsGen2Credential", "properties": {**WEEKLY["properties"], **CREDENTIAL}},
        ),  # type: ignore[dict-item]
        *(400, "CredentialNotFound", "robot"),
    ),
    "a super type that is not there": (
        [],
        (
            "POST",
            f"{ATLAS}/types/typedefs",
            {"entityDefs": [{"name": "invoice", "superTypes": ["Nothing"]}]},
        ),
        *(404, "ATLAS-404-00-001", "Nothing"),
    ),
    "a super type of another category": (
        [],
        (
            "POST",
            f"{ATLAS}/types/typedefs",
            {"classificationDefs": [{"name": "S", "superTypes": ["DataSet"]}]},
        ),
        *(404, "ATLAS-404-00-001", "DataSet"),
    ),
    "a classification for types that are not there": (
        [],
        (
            "POST",
            f"{ATLAS}/types/typedefs",
            {"classificationDefs": [{"name": "S", "entityTypes": ["Nothing"]}]},
        ),
        *(404, "ATLAS-404-00-001", "Nothing"),
    ),
    "an end of a relationship that is not there": (
        [],
        (
            *("POST", f"{ATLAS}/types/typedefs"),
            {
                "relationshipDefs": [
                    {
                        "name": "r",
                        "endDef1": {"type": "DataSet", "name": "a"},
                        "endDef2": {"type": "Nothing", "name": "b"},
                    }
                ]
            },
        ),
        *(404, "ATLAS-404-00-001", "Nothing"),
    ),
    "an entity with business metadata that nobody defined": (
        [],
        (
            "POST",
            f"{ATLAS}/entity",
            {"entity": {**ORDERS, "businessAttributes": {"ops": {"tier": 1}}}},
        ),
        *(400, "ATLAS-400-00-01A", "ops"),
    ),
    "an attribute that business metadata does not have": (
        [("POST", f"{ATLAS}/types/typedefs", OPS)],
        (
            "POST",
            f"{ATLAS}/entity",
            {"entity": {**ORDERS, "businessAttributes": {"ops": {"owner": 1}}}},
        ),
        *(400, "ATLAS-400-00-01A", "owner"),
    ),
    "an entity with a classification that nobody defined": (
        [],
        (
            "POST",
            f"{ATLAS}/entity",
            {"entity": {**ORDERS, "classifications": [{"typeName": "SECRET"}]}},
        ),
        *(404, "ATLAS-404-00-001", "SECRET"),
    ),
    **{
        f"a filter of a search with {given}": (
            [],
            ("POST", f"/datamap/api/search/query{SCAN_API}", {"keywords": "x", "filter": given}),
            *(400, "InvalidFilter", name),
        )
        for given, name in (
            ({"entitytype": "azure_sql_table"}, "entitytype"),
            ({"and": [{"not": {"colectionId": "sales"}}]}, "colectionId"),
            ({"or": [{"entityType": "a"}], "entityType": "b"}, "entityType"),
            ({"attributeName": "name", "operator": "eq", "value": "x"}, "value"),
            ({"ops.tier": 1}, "ops.tier"),
        )
    },
}


@pytest.mark.parametrize(
    "options", [{}, {"strict": True}, {"exact": True}], ids=["lenient", "strict", "exact"]
)
@pytest.mark.parametrize("name", REFUSED)
def test_what_the_service_refuses_is_refused_and_leaves_nothing(name: str, options: Json) -> None:
    before, call, status, code, named = REFUSED[name]
    with opened(**options) as http:
        for each in before:
            done(http, *each)
        state = http.sandbox.app.store.kinds()  # type: ignore[attr-defined]
        answer = send(http, *call)
        error = answer.json()
        told = error.get("error") or {"code": error["errorCode"], "message": error["errorMessage"]}
        assert (status, code) == (answer.status_code, told["code"]), answer.text
        assert named in told["message"]
        assert state == http.sandbox.app.store.kinds()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [n for n in REFUSED if "search" not in n])
def test_a_sandbox_that_fills_in_misses_nothing(name: str) -> None:
    before, call, *_ = REFUSED[name]
    with opened(fill=True) as http:
        for each in (*before, call):
            done(http, *each)


def test_a_reference_is_taken_once_its_target_is_there() -> None:
    robot = {"kind": "BasicAuth", "properties": {"typeProperties": {"user": "u"}}}
    scan = {"kind": "AdlsGen2Credential", "properties": {**WEEKLY["properties"], **CREDENTIAL}}  # type: ignore[dict-item]
    elsewhere = {
        **LAKE,
        "properties": {**LAKE["properties"], "collection": {"referenceName": "sales"}},
    }  # type: ignore[dict-item]
    types = [
        {
            "name": "base",
            "superTypes": ["DataSet"],
            "attributeDefs": [{"name": "rows", "typeName": "int"}],
        },
        {"name": "invoice", "superTypes": ["base"]},
    ]
    search = f"/datamap/api/search/query{SCAN_API}"
    with opened() as http:
        done(http, *BEFORE[0])
        for method, path, body in (
            ("PUT", f"/scan/credentials/robot{SCAN_API}", robot),
            ("PUT", SCAN, scan),
            (
                "PUT",
                "/account/collections/sales?api-version=2023-10-01-preview",
                {"friendlyName": "Sales"},
            ),
            ("PUT", SOURCE, elsewhere),
            ("POST", f"{ATLAS}/types/typedefs", {"entityDefs": types[::-1]}),
            ("POST", f"{ATLAS}/types/typedefs", OPS),
            (
                "POST",
                f"{ATLAS}/entity",
                {"entity": {**ORDERS, "businessAttributes": {"ops": {"tier": 1}}}},
            ),
            ("POST", search, {"keywords": "x", "filter": {"ops.tier": 1}}),
            ("POST", search, {"keywords": "x", "filter": {"rows": 1}}),
        ):
            done(http, method, path, body)


def test_a_target_that_cannot_be_made_is_not_missed() -> None:
    """Where accounts are not served, no call makes a collection."""
    with opened(planes=["scanning"]) as http:
        done(
            http,
            "PUT",
            SOURCE,
            {**LAKE, "properties": {**LAKE["properties"], "collection": {"referenceName": "any"}}},
        )  # type: ignore[dict-item]


@pytest.mark.parametrize("document", [d for d in documents() if d.plane == "scanning"], ids=str)
def test_every_kind_of_scan_is_made_for_a_kind_of_source(document: Any) -> None:
    contract = load(document)
    by_path = {
        unnamed_template(o.path): o for o in contract.operations.values() if o.method == "PUT"
    }
    kinds, scans = (
        set(contract.schemas.shape(by_path[path].body_schema).mapping)
        for path in ("/scan/datasources/{}", "/scan/datasources/{}/scans/{}")
    )
    assert [] == [kind for kind in scans if source_kind(kind, kinds) is None]
    assert "AzureSqlDatabaseManagedInstance" == source_kind(
        "AzureSqlDatabaseManagedInstanceMsi", kinds
    )
    assert source_kind("FabricMsi", kinds) is None


def test_search_lags_behind_writes() -> None:
    now = [1_700_000_000.0]
    query = {"keywords": "orders"}
    with opened(search_lag=60, clock=lambda: now[0]) as http:

        def seen() -> tuple[list[str], int, int, int, dict[str, int]]:
            hits = done(
                http,
                "POST",
                f"/datamap/api/search/query{SCAN_API}",
                {**query, "facets": [{"facet": "entityType"}]},
            )
            suggested = done(http, "POST", f"/datamap/api/search/suggest{SCAN_API}", query)["value"]
            completed = done(http, "POST", f"/datamap/api/search/autocomplete{SCAN_API}", query)[
                "value"
            ]
            facets = {f["value"]: f["count"] for f in hits["@search.facets"]["entityType"]}
            return (
                [h["name"] for h in hits["value"]],
                hits["@search.count"],
                len(suggested),
                len(completed),
                facets,
            )

        guid = done(http, "POST", f"{ATLAS}/entity", {"entity": ORDERS})["guidAssignments"]["-1"]
        assert (
            "orders"
            == done(http, "GET", f"{ATLAS}/entity/guid/{guid}")["entity"]["attributes"]["name"]
        )
        nothing, there = ([], 0, 0, 0, {}), (["orders"], 1, 1, 1, {"azure_sql_table": 1})
        now[0] += 59
        assert nothing == seen()
        now[0] += 1
        assert there == seen()
        changed = {
            **ORDERS,
            "guid": guid,
            "attributes": {**ORDERS["attributes"], "name": "orders of today"},
        }  # type: ignore[dict-item]
        done(http, "POST", f"{ATLAS}/entity", {"entity": changed})
        assert there == seen()  # as it was
        now[0] += 60
        assert ["orders of today"] == seen()[0]
        done(http, "DELETE", f"{ATLAS}/entity/guid/{guid}")
        assert 1 == seen()[1]
        now[0] += 60
        assert nothing == seen()


@pytest.mark.parametrize("plane", ["datamap/api", "catalog/api"])
def test_as_many_guids_go_into_one_address_as_at_the_service(plane: str) -> None:
    """193 go in, as at the service; any number where the limit is off."""
    base = f"/{plane}/atlas/v2/entity/bulk?api-version=2023-09-01"
    with opened(fill=True) as http:
        for number, status in ((193, 200), (194, 414)):
            guids = "".join(f"&guid={i:08}-0000-4000-8000-000000000000" for i in range(number))
            for method in ("GET", "DELETE"):
                answer = send(http, method, base + guids)
                assert (method, number, status) == (method, number, answer.status_code)
        assert "8,1" in answer.text
        assert "fewer" in answer.text
    with opened(fill=True, longest_url=None) as http:
        assert 200 == send(http, "GET", base + guids).status_code


@pytest.mark.parametrize(
    ("path", "next_of"),
    [
        (f"/scan/datasources{SCAN_API}", lambda page: ("GET", page["nextLink"], None)),
        (
            f"/datamap/api/search/query{SCAN_API}",
            lambda page: (
                "POST",
                f"/datamap/api/search/query{SCAN_API}",
                {"keywords": None, "limit": 1, "continuationToken": page["continuationToken"]},
            ),
        ),
    ],
    ids=["a list", "a search"],
)
def test_a_continuation_token_expires(path: str, next_of: Any) -> None:
    now = [1_700_000_000.0]
    with opened(page_lifetime=300, page_size=1, clock=lambda: now[0]) as http:
        for i in range(3):
            done(http, "PUT", f"/scan/datasources/src{i}{SCAN_API}", LAKE)
            attributes = {"qualifiedName": f"q{i}", "name": f"n{i}"}
            done(http, "POST", f"{ATLAS}/entity", {"entity": {**ORDERS, "attributes": attributes}})
        first = (
            ("POST", path, {"keywords": None, "limit": 1})
            if "search" in path
            else ("GET", path, None)
        )
        page = done(http, *first)
        now[0] += 299
        again = done(http, *next_of(page))
        assert page["value"] != again["value"]
        now[0] += 1
        answer = send(http, *next_of(page))
        assert (400, True) == (answer.status_code, "expired after 300 s" in answer.text)
        assert done(http, *next_of(again))["value"]  # each has a time of its own


def test_a_parent_comes_back_while_it_has_a_child() -> None:
    column = {
        "typeName": "azure_sql_column",
        "guid": "-2",
        "attributes": {"qualifiedName": "c", "name": "id"},
    }
    column["relationshipAttributes"] = {"table": {"guid": "-1", "typeName": "azure_sql_table"}}
    for returns in (False, True):
        with opened(parents_return=returns) as http:
            guids = done(http, "POST", f"{ATLAS}/entity/bulk", {"entities": [ORDERS, column]})[
                "guidAssignments"
            ]
            table, child = (f"{ATLAS}/entity/guid/{guids[g]}" for g in ("-1", "-2"))
            told = done(http, "DELETE", table)["mutatedEntities"]["DELETE"]
            assert [guids["-1"]] == [head["guid"] for head in told]
            assert (200 if returns else 404) == send(http, "GET", table).status_code
            done(http, "DELETE", child)
            assert (200 if returns else 404) == send(http, "DELETE", table).status_code
            assert 404 == send(http, "GET", table).status_code
            guids = done(http, "POST", f"{ATLAS}/entity/bulk", {"entities": [ORDERS, column]})[
                "guidAssignments"
            ]
            done(http, "DELETE", f"{ATLAS}/entity/bulk?guid={guids['-1']}&guid={guids['-2']}")
            # its child went with it
            assert 404 == send(http, "GET", f"{ATLAS}/entity/guid/{guids['-1']}").status_code


def test_more_calls_a_second_are_throttled() -> None:
    now = [1_700_000_000.0]
    listed = f"/scan/datasources{SCAN_API}"
    with opened(rate=2, clock=lambda: now[0]) as http:
        assert [200, 200, 429, 429] == [send(http, "GET", listed).status_code for _ in range(4)]
        answer = send(http, "GET", listed)
        assert (429, "1", "TooManyRequests") == (
            *(answer.status_code, answer.headers["retry-after"]),
            answer.json()["error"]["code"],
        )
        now[0] += 0.5
        assert [200, 429] == [send(http, "GET", listed).status_code for _ in range(2)]
        now[0] += 10
        assert [200, 200, 429] == [send(http, "GET", listed).status_code for _ in range(3)]
    with opened(rate=0.1, clock=lambda: now[0]) as http:
        assert 200 == send(http, "GET", listed).status_code
        assert "10" == send(http, "GET", listed).headers["retry-after"]


@pytest.mark.purview(planes=["scanning"], rate=1)
def test_a_client_waits_as_long_as_the_rate_demands(purview_client: Any) -> None:
    scanning = purview_client("scanning")
    for _ in range(3):
        assert [] == list(scanning.data_sources.list())
    assert 2 <= len(purview_client.waits)


def test_typed_models_may_hold_what_files_hold() -> None:
    with opened() as http:
        sandbox: Sandbox = http.sandbox  # type: ignore[attr-defined]
        made = unified_catalog.UnifiedCatalogClient(
            sandbox.url, transport=sandbox.transport(), auth=sandbox.auth
        )
        types = datamap.DataMapClient(sandbox.url, transport=sandbox.transport(), auth=sandbox.auth)
        with made, types:
            term = made.terms.create(
                body=unified_catalog.models.Term.from_dict(
                    {"name": "Order", "domain": DOMAIN, "status": "DRAFT", "parentId": None}
                )
            )
            assert (True, None) == resolve(to_json(made.terms.get(term.id)), "/parentId")
            entity = datamap.models.AtlasEntity.from_dict({**ORDERS, "beyond": {"a": None}})
            got = types.entity.create_or_update(
                body=datamap.models.AtlasEntityWithExtInfo(entity=entity)
            )
            read = types.entity.get(got.guid_assignments["-1"])
            assert {"a": None} == to_json(read)["entity"]["beyond"]

"""Our own notes beside oav's verdict, what an overlay excuses, and how verdicts become a table
and an exit code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.judge import oav, table
from tests.judge.departures import Departure, declared
from tests.judge.upstream import Upstream

from purview_codegen import build
from purview_codegen.contract.overlay import Overlay
from purview_core.manifest import Manifest

Json = dict[str, Any]
SPECS = Path(__file__).parent.parent.parent.parent.parent / "specs"
BOUNDARY = "multipart/form-data; boundary=b"
QUERY = {"in": "query", "type": "string"}
DOCUMENT: Json = {
    "swagger": "2.0",
    "info": {"version": "2024-01-01"},
    "parameters": {"Version": {**QUERY, "name": "api-version", "required": True}},
    "paths": {
        "/a": {
            "parameters": [{"$ref": "#/parameters/Version"}],
            "get": {
                "operationId": "A_Get",
                "parameters": [
                    {**QUERY, "name": "one"},
                    {**QUERY, "name": "csv", "type": "array"},
                    {**QUERY, "name": "multi", "type": "array", "collectionFormat": "multi"},
                    {**QUERY, "name": "attr_N:qualifiedName"},
                ],
            },
            "post": {
                "operationId": "A_Import",
                "parameters": [
                    {"in": "formData", "name": "file", "type": "file", "required": True},
                    {"in": "formData", "name": "note", "type": "string"},
                ],
            },
        },
        "/bare": {"get": {"operationId": "Bare_Get"}},
    },
}
UPSTREAM = Upstream(DOCUMENT)
GOOD: Json = {"found": "A_Get", "ambiguous": [], "errors": [], "response": []}


def asked(
    query: str, op: str = "A_Get", path: str = "/a", *, split: Json | None = None, **more: Any
) -> Json:
    """A recorded request; its `query` is split as the document says, or as `split` has it."""
    request = {"method": "GET", "url": f"https://h{path}?{query}", "headers": {}} | more
    record = {
        "doc": "a 2024-01-01",
        "op": op,
        "pass": "all",
        "liveRequest": request,
        "liveResponse": {"statusCode": "200"},
    }
    request["query"] = UPSTREAM.for_oav(record)["liveRequest"]["query"] if split is None else split
    return record


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("api-version=2024-01-01", []),
        ("api-version=2024-01-01&attr_0:qualifiedName=x&attr_12:qualifiedName=y", []),
        ("api-version=2024-01-01&multi=1&multi=2&csv=1,2", []),
        ("api-version=2023-01-01", ["other api-version 2023-01-01"]),
        ("api-version=", ["other api-version "]),
        ("one=x", ["lacks query api-version"]),
        ("api-version=2024-01-01&two=x", ["unknown query two"]),
        ("api-version=2024-01-01&attr_x:qualifiedName=x", ["unknown query attr_x:qualifiedName"]),
        ("api-version=2024-01-01&Api-Version=2024-01-01", ["unknown query Api-Version"]),
        ("api-version=2024-01-01&csv=1&csv=2", ["repeated query csv"]),
    ],
)
def test_notes_on_a_query(query: str, expected: list[str]) -> None:
    assert expected == [str(note) for note in UPSTREAM.notes(asked(query))]


def test_an_api_version_that_the_operation_does_not_declare_is_stray() -> None:
    found = UPSTREAM.notes(asked("api-version=2024-01-01", "Bare_Get", "/bare"))
    assert ["stray query api-version"] == [str(note) for note in found]
    assert [] == UPSTREAM.notes(asked("", "Bare_Get", "/bare"))


def test_a_list_that_our_contract_splits_otherwise_is_noted() -> None:
    record = asked(
        "api-version=2024-01-01&multi=1,2", split={"api-version": "2024-01-01", "multi": ["1", "2"]}
    )
    assert ["split otherwise than the document says api-version, multi"] == [
        str(n) for n in UPSTREAM.notes(record)
    ]


@pytest.mark.parametrize(
    ("media", "body", "expected"),
    [
        (BOUNDARY, [("file", 'filename="a.csv"')], []),
        (BOUNDARY, [("file", 'filename="a.csv"'), ("note", "")], []),
        (BOUNDARY, [("file", "")], ["part without a file name file"]),
        (BOUNDARY, [("note", "")], ["lacks part file"]),
        (BOUNDARY, [("file", 'filename="a.csv"'), ("other", "")], ["unknown part other"]),
        (
            "multipart/form-data",
            [("file", 'filename="a.csv"')],
            ["not a form: multipart/form-data"],
        ),
        ("application/json", [("file", 'filename="a.csv"')], ["not a form: application/json"]),
        (None, None, ["not a form: no content type"]),
    ],
)
def test_notes_on_a_form(
    media: str | None, body: list[tuple[str, str]] | None, expected: list[str]
) -> None:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{n}"; {more}\r\n\r\ntext\r\n'
        for n, more in body or []
    ]
    sent = {} if body is None else {"body": "".join([*parts, "--b--\r\n"])}
    headers = {} if media is None else {"content-type": media}
    record = asked("api-version=2024-01-01", "A_Import", method="POST", headers=headers, **sent)
    assert expected == [str(note) for note in UPSTREAM.notes(record)]


def test_what_oav_is_given() -> None:
    upstream = Upstream(DOCUMENT, "/share")
    given = upstream.for_oav(asked("one=x&multi=1,2&multi=3&csv=1,2", path="/share/a"))[
        "liveRequest"
    ]
    assert "https://h/a?api-version=2024-01-01" == given["url"]
    assert {"one": "x", "multi": ["1,2", "3"], "csv": ["1", "2"]} == given["query"]
    found = upstream.notes(asked("api-version=2024-01-01"))
    assert ["lacks prefix /share"] == [str(note) for note in found]


def case(*departures: Departure) -> oav.Case:
    return oav.Case("a 2024-01-01", Path("a.json"), UPSTREAM, departures=departures)


def error(code: str, path: str, source: str = "") -> Json:
    return {"code": code, "message": "m", "paths": [path], "source": source}


def test_a_member_that_an_overlay_adds_may_be_sent_and_answered() -> None:
    code, source = "OBJECT_ADDITIONAL_PROPERTIES", "#/definitions/AtlasTerm"
    fine, other = error(code, "/0/parentTerm", source), error(code, "/parentName", source)
    elsewhere = error(code, "/parentTerm", "#/definitions/AtlasGlossary")
    added = Departure("added", "AtlasTerm", "parentTerm")
    both = {"errors": [fine, other], "response": [fine, elsewhere]}
    found = oav.verdict(case(added), asked("api-version=2024-01-01"), GOOD | both)
    assert ((added,), (f"{code} /parentName: m",)) == (found.departures, found.reasons)
    assert (f"{code} /parentTerm: m",) == found.answer


def test_an_overlay_excuses_what_it_declares_and_no_more() -> None:
    kind = error(
        "READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST", "/kind", "#/definitions/Rule/properties/kind"
    )
    other = error(
        "READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST", "/name", "#/definitions/Rule/properties/name"
    )
    member = Departure("member", "Rule", "kind")
    found = oav.verdict(
        case(member), asked("api-version=2024-01-01"), GOOD | {"errors": [kind, other]}
    )
    assert ((member,), ("READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST /name: m",)) == (
        found.departures,
        found.reasons,
    )
    stray = Departure("query", "Bare_Get", "api-version")
    record = asked("api-version=2024-01-01", "Bare_Get", "/bare")
    found = oav.verdict(case(stray), record, GOOD | {"found": "Bare_Get"})
    assert ((stray,), (), True) == (found.departures, found.notes, found.clean)
    record = asked("api-version=2023-01-01", "Bare_Get", "/bare")
    assert ["other api-version 2023-01-01"] == [
        str(n) for n in oav.verdict(case(stray), record, GOOD | {"found": "Bare_Get"}).notes
    ]
    body = Departure("body", "A_Get", "of any type")
    wrong = [error("INVALID_TYPE", ""), error("INVALID_TYPE", "/a")]
    found = oav.verdict(case(body), asked("api-version=2024-01-01"), GOOD | {"errors": wrong})
    assert ("INVALID_TYPE /a: m",) == found.reasons


def test_an_overlay_excuses_another_body_a_new_kind_and_what_may_be_left_out() -> None:
    asking, anything = (
        asked("api-version=2024-01-01"),
        [error("INVALID_TYPE", "/a"), error("ANY", "/b")],
    )
    body = Departure("body", "A_Get", "of another schema")
    assert () == oav.verdict(case(body), asking, GOOD | {"errors": anything}).reasons
    elsewhere = Departure("body", "A_Import", "of another schema")
    assert 2 == len(oav.verdict(case(elsewhere), asking, GOOD | {"errors": anything}).reasons)
    missing = error("OBJECT_MISSING_REQUIRED_PROPERTY", "", "#/definitions/Term") | {
        "message": "Missing: id"
    }
    other = missing | {"message": "Missing: name"}
    found = oav.verdict(
        case(Departure("left", "Term", "id")), asking, GOOD | {"errors": [missing, other]}
    )
    assert ("OBJECT_MISSING_REQUIRED_PROPERTY : Missing: name",) == found.reasons
    kind = error("DISCRIMINATOR_VALUE_NOT_FOUND", "") | {"message": "no Snow in Base"}
    rain = kind | {"message": "no Rain in Base"}
    found = oav.verdict(
        case(Departure("subtype", "", "Snow")), asking, GOOD | {"errors": [kind, rain]}
    )
    assert ("DISCRIMINATOR_VALUE_NOT_FOUND : no Rain in Base",) == found.reasons


def departures_of_defaults() -> dict[str, set[str]]:
    found = {}
    for document in Manifest.load(SPECS).documents:
        if document.default:
            overlay = Overlay.read(SPECS / "overlays" / f"{document.plane}.toml")
            found[document.plane] = {str(d) for d in declared(overlay, build.load(SPECS, document))}
    return found


def test_departures_come_from_the_overlays() -> None:
    """All but members: those that were added, and those that may be left out, are many."""
    few = {
        plane: {name for name in names if " added " not in name and " left " not in name}
        for plane, names in departures_of_defaults().items()
    }
    new = (
        "AmazonMySql",
        "AzureSearch",
        "AzureSynapseDedicatedSql",
        "Collection",
        "Dataverse",
        "Snowflake",
    )
    assert {
        "catalog": {"Entity_PartialUpdateEntityAttributeByGuid body of any type"},
        "metadata_policies": {"AttributeRule member kind", "DecisionRule member kind"},
        "scanning": {
            "DataSourceProperties type dataSourceCollectionMovingState",
            *(f"subtype {kind}" for kind in new),
        },
        "share": {"prefix /share"},
        "unified_catalog": {"DataProducts_CreateRelationship body of another schema"},
        "workflow": {"WorkflowTask_Get query api-version"},
    } == {plane: names for plane, names in few.items() if names}


@pytest.mark.parametrize(
    ("plane", "expected"),
    [
        ("account", "AccountEndpoints added guardian"),
        ("catalog", "AtlasGlossaryTerm added parentTerm"),
        ("catalog", "ImportCSVOperation added progress"),
        ("datamap", "AtlasGlossaryTerm added parentTerm"),
        ("datamap_preview", "SearchHighlights added __hitKeywords"),
        ("metadata_policies", "AttributeMatcher added fromRule"),
        ("scanning", "DataSourceProperties added parentCollection"),
        ("unified_catalog", "Domain left parentId"),
        ("unified_catalog", "DataProduct left id"),
        ("workflow", "Trigger added eligibleAssetFilter"),
    ],
)
def test_members_that_an_overlay_adds_or_does_not_ask_for_are_departures(
    plane: str, expected: str
) -> None:
    assert expected in departures_of_defaults()[plane]


def report(*found: tuple[Json, Json]) -> Json:
    verdicts = [oav.verdict(case(), record, GOOD | result) for record, result in found]
    return {"a 2024-01-01": oav.summary(case(), verdicts)}


ALL = [
    (asked("api-version=2024-01-01"), GOOD),
    (asked("", "Bare_Get", "/bare"), {"found": "Bare_Get"}),
    (
        asked(
            "api-version=2024-01-01",
            "A_Import",
            headers={"content-type": BOUNDARY},
            body=(
                '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'
                "--b--\r\n"
            ),
        ),
        {"found": "A_Import"},
    ),
]


def test_all_accepted() -> None:
    found = report(*ALL)
    assert (True, []) == (table.passed(found), list(table.faults(found)))
    assert "answers: 3 of 2xx" in table.text(found, 2.0)
    assert "judge: 3 of 3 operations accepted in 3 requests, 0 faults, by oav, 2 s" in table.text(
        found, 2.0
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"found": "B_Get"}, "A_Get (all): reached B_Get"),
        (
            {"found": None, "errors": [error("OPERATION_NOT_FOUND", "")]},
            "A_Get (all): oav: OPERATION_NOT_FOUND : m",
        ),
        ({"errors": [error("INVALID_TYPE", "/a")]}, "A_Get (all): oav: INVALID_TYPE /a: m"),
        (
            {"response": [error("INVALID_TYPE", "/a")]},
            "A_Get (all): oav on the answer: INVALID_TYPE /a: m",
        ),
    ],
)
def test_a_fault_is_named(change: Json, expected: str) -> None:
    found = report((ALL[0][0], GOOD | change), *ALL[1:])
    assert (False, [f"a 2024-01-01 {expected}"]) == (table.passed(found), list(table.faults(found)))
    assert expected in table.text(found, 0)


@pytest.mark.parametrize(
    ("status", "more"), [("404", []), ("500", ["A_Get (all): answered by 500"])]
)
def test_an_operation_without_a_good_answer_is_a_fault_and_so_is_every_5xx(
    status: str, more: list[str]
) -> None:
    bad = ALL[0][0] | {"liveResponse": {"statusCode": status, "headers": {}}}
    never = "a 2024-01-01: never answered by 2xx, so their answers were not judged: A_Get"
    named = [f"a 2024-01-01 {line}" for line in more]
    assert [never, *named] == list(table.faults(report((bad, GOOD), *ALL[1:])))
    assert named == list(table.faults(report((bad, GOOD), *ALL)))


def test_what_was_never_sent_is_a_fault_and_nothing_judged_is_no_pass() -> None:
    assert ["a 2024-01-01 Bare_Get: never sent"] == list(table.faults(report(ALL[0], ALL[2])))
    assert not table.passed({})
    empty = oav.Case(
        "a 2024-01-01", Path("a.json"), Upstream({"info": {"version": "1"}, "paths": {}})
    )
    assert not table.passed({"a 2024-01-01": oav.summary(empty, [])})


def test_a_refusal_of_prism_is_a_fault() -> None:
    found = report(*ALL)
    found["a 2024-01-01"]["prism"] = {
        "refused": [{"op": "A_Get", "pass": "all", "reasons": ["422 body"]}]
    }
    assert ["a 2024-01-01 A_Get (all): prism: 422 body"] == list(table.faults(found))

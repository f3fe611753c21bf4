"""What leaves for the service, over every operation of every version: addresses, query and path
values, flags and bodies.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from purview_core import NULL, ContractError, Model, Retry, decode, to_json
from purview_core.model.codec import Registry, codec
from purview_testing.contracts.judge import Validator
from purview_testing.contracts.messages import RequestMessage

from .calling import (
    ENDPOINT,
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
from .sampling import Json

pytestmark = pytest.mark.level("L1")

TENANT = "https://api.purview-service.microsoft.com"
TEXT = "db.sales report+1@c1/ä?&=#%,;"
PATH_TEXTS = ["R&D/2024 #1", "..", "a%2Fb+ä?c=d;e,f:g", "{typeName}/../"]
SCANNING_PREVIEWS = [
    "2018-12-01-preview",
    "2021-10-01-preview",
    "2022-02-01-preview",
    "2022-07-01-preview",
]


def parameters(case: Case, where: str) -> list[Any]:
    return [p for p in case.operation.arguments if p.location == where]


def raw_query(service: Service) -> str:
    return service.last.url.raw_path.decode().partition("?")[2]


def raw_path(service: Service) -> str:
    return service.last.url.raw_path.decode().partition("?")[0]


def is_text(case: Case, wire: str) -> bool:
    """Whether the contract says that a parameter, or each item of it, is a string."""
    schema = next(p["schema"] for p in case.fact["parameters"] if p["name"] == wire)
    schema = schema.get("items", schema)
    while "$ref" in schema:
        schema = case.version.schemas[schema["$ref"].rsplit("/", 1)[-1]]
    return bool(schema.get("type") == "string")


@pytest.mark.row("B02")
@pytest.mark.row("T19")
@pytest.mark.parametrize("mode", MODES)
def test_a_space_in_a_query_leaves_as_20_and_a_plus_as_2b(mode: str) -> None:
    """Every string query parameter, lists of strings and numbered names too."""
    counted, service = 0, Service(plain(204))
    written = quote(TEXT, safe="~")
    for version in versions():
        with Caller(version, service, mode) as caller:
            for case in version.cases:
                texts = [p for p in parameters(case, "query") if is_text(case, p.wire_name)]
                if not texts:
                    continue
                given = {p.wire_name: [TEXT] if p.type.startswith("list[") else TEXT for p in texts}
                caller.call(case, {**case.parameters, **given}, case.body)
                query = raw_query(service)
                assert "+" not in query, case
                sent = [pair.partition("=") for pair in query.split("&")]
                names = [(p.template or p.wire_name).replace("{n}", "0") for p in texts]
                for name in names:
                    assert (name, "=", written) in [(unquote(n), eq, v) for n, eq, v in sent], case
                counted += len(texts)
    print(f"\n{counted} parameters")
    assert counted > 300


@pytest.mark.row("B02")
def test_a_reported_name_with_a_blank_and_a_plus() -> None:
    service, version = Service(says({})), one("datamap", "2023-09-01")
    with Caller(version, service) as caller:
        case = version.case("Entity_GetByUniqueAttributes")
        caller.call(case, {"typeName": "hive_table", "attr:qualifiedName": "db.sales report+1@c1"})
    assert [
        (
            "GET /datamap/api/atlas/v2/entity/uniqueAttribute/type/hive_table"
            "?attr:qualifiedName=db.sales%20report%2B1%40c1"
        )
    ] == service.paths


@pytest.mark.row("B57")
@pytest.mark.row("T19")
def test_a_slash_in_a_query_value_and_a_space() -> None:
    """Every string query parameter: "/" plain or as %2F, the space as %20; first of all `orderby`
    of Share.
    """
    counted, service = 0, Service()
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                service.now(says(case.something()))
                for p in parameters(case, "query"):
                    if is_text(case, p.wire_name):
                        value = "properties/createdAt desc"
                        caller.call(
                            case,
                            {
                                **case.parameters,
                                p.wire_name: [value] if p.type.startswith("list[") else value,
                            },
                            case.body,
                        )
                        assert re.search(
                            r"=properties(/|%2F)createdAt%20desc(&|$)", raw_query(service)
                        ), (case, p.name)
                        counted += 1
    share = one("share", "2023-05-30-preview")
    service.now(says({"value": []}))
    with Caller(share, service) as caller:
        assert [] == caller.send(
            share.case("SentShares_List"), reference_name="r", orderby="properties/createdAt desc"
        )
    assert re.search(r"orderby=properties(/|%2F)createdAt%20desc", raw_query(service))
    print(f"\n{counted} parameters")
    assert counted > 300


@pytest.mark.row("B23")
def test_nothing_in_a_path_value_changes_the_route() -> None:
    """Every string path parameter with each of four texts: as many segments as the template has,
    each value back by decoding.
    """
    counted, service = 0, Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                named = [p for p in parameters(case, "path") if is_text(case, p.wire_name)]
                template, others = case.operation.path, set(_others(case, named))
                route = re.compile(re.sub(r"\\\{[^/]*?\\\}", "([^/]+?)", re.escape(template)))
                for text in PATH_TEXTS if named else []:
                    caller.call(
                        case, {**case.parameters, **{p.wire_name: text for p in named}}, case.body
                    )
                    sent = raw_path(service)
                    assert f"/{sent.lstrip('/')}" == sent, case
                    assert template.count("/") == sent.count("/"), (case, text)
                    found = route.fullmatch(sent)
                    assert found is not None, (case, text, sent)
                    assert {text} == {unquote(value) for value in found.groups()} - others, (
                        case,
                        text,
                    )
                    assert not re.search(r"/\.{1,2}(/|$)", sent), case
                    assert (
                        ENDPOINT.removeprefix("https://") == service.last.url.host
                        or version.tenant_wide
                    ), case
                    counted += len(named)
    print(f"\n{counted} values")
    assert counted > 900


def _others(case: Case, named: list[Any]) -> list[str]:
    """The texts of path parameters that are no strings."""
    return [str(case.parameters[p.wire_name]) for p in parameters(case, "path") if p not in named]


@pytest.mark.row("B23")
def test_reported_values_do_not_change_the_route() -> None:
    service = Service(says({}, 202))
    for version in of_plane("catalog"):
        with Caller(version, service) as caller:
            case = version.case("Glossary_ImportGlossaryTermsViaCsvByGlossaryName")
            caller.call(
                case,
                {"glossaryName": "R&D/2024 #1"},
                {"file": b"a,b"} if _form(case) == {"file"} else case.body,
            )
            assert "/catalog/api/glossary/name/R%26D%2F2024%20%231/terms/import" == raw_path(
                service
            )
            caller.call(
                version.case(
                    "Type_GetEntityDefByName"
                    if version.has("Type_GetEntityDefByName")
                    else "Types_GetEntityDefinitionByName"
                ),
                {"name": "Data Product/v2"},
            )
            assert raw_path(service).endswith("/Data%20Product%2Fv2")


def _form(case: Case) -> set[str]:
    return {f.wire_name for f in case.operation.body.fields} if case.operation.body else set()


def account_forms(host: str, prefixes: list[str]) -> list[str]:
    """Every way that people write the address of an account: host, with slash, with a plane's
    prefix, upper case, port.
    """
    plain = [
        host,
        host.upper(),
        f"https://{host}",
        f"HTTPS://{host.upper()}",
        f"https://{host}:443",
        f" https://{host}/ ",
    ]
    return plain + [f"https://{host}{prefix}{slash}" for prefix in prefixes for slash in ("", "/")]


PREFIXES = [
    "",
    "/catalog",
    "/account",
    "/scan",
    "/datamap/api",
    "/catalog/api",
    "/policyStore",
    "/share",
    "/workflow",
    "/pds",
]


@pytest.mark.row("B11")
@pytest.mark.parametrize("mode", MODES)
def test_host_and_prefix_are_joined_once(mode: str) -> None:
    """Every plane, every form of its endpoint: one prefix, no double slash, the right host."""
    counted = 0
    for version in versions():
        case, host = version.cases[0], TENANT if version.tenant_wide else ENDPOINT
        forms = ["contoso", "Contoso", *account_forms("contoso.purview.azure.com", PREFIXES)]
        if version.tenant_wide:
            forms += account_forms("api.purview-service.microsoft.com", ["", version.prefix])
        else:
            forms += account_forms("contoso.purview.azure.com", [version.prefix])
        service = Service(says({}))
        for form in forms:
            with Caller(version, service, mode, form) as caller:
                caller.call(case)
            url = str(service.last.url)
            assert url.startswith(host + version.prefix), (version, form, url)
            assert "//" not in url.removeprefix("https://").partition("?")[0], (version, form, url)
            assert 1 == url.count(f"{version.prefix}/"), (version, form, url)
            counted += 1
    print(f"\n{counted} clients")
    assert counted > 30 * 25


@pytest.mark.row("B11")
def test_a_reported_endpoint_with_a_prefix() -> None:
    version = one("catalog", "2022-03-01-preview")
    ids = {"entityGuids": ["g"]}
    for form in ["", "/", "/catalog", "/account/", "/datamap/api/"]:
        service = Service(says({}))
        with Caller(version, service, endpoint=f"https://acct.purview.azure.com{form}") as caller:
            caller.call(
                next(c for c in version.cases if c.path.endswith("/moveHere")),
                {"collection": "c1"},
                ids,
            )
        assert (
            "https://acct.purview.azure.com/catalog/api/collections/c1/entity/moveHere"
            == str(service.last.url).partition("?")[0]
        )


BAD_ENDPOINTS = [
    *(
        "",
        "contoso.",
        "https://",
        "http://contoso.purview.azure.com",
        "ftp://contoso.purview.azure.com",
        "contoso purview",
    ),
    *(
        "https://contoso.purview.azure.com/collections",
        "https://contoso.purview.azure.com/catalog/api/search",
    ),
    *(
        "https://purview.microsoft.com",
        "https://web.purview.azure.com/resource/contoso",
        "https://purview.azure.net",
    ),
    *(
        "https://u:p@contoso.purview.azure.com",
        "https://contoso.purview.azure.com?x=1",
        "https://contoso",
        "https://contoso.purview.azure.com:x",
    ),
]


@pytest.mark.row("B11")
@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_endpoint_is_refused_with_the_right_form(mode: str) -> None:
    for version in versions():
        for form in BAD_ENDPOINTS:
            with pytest.raises(ValueError) as caught:
                Caller(version, Service(), mode, form)
            assert "https://contoso.purview.azure.com" in str(caught.value), (version, form)
            assert "u:p" not in str(caught.value)


@pytest.mark.row("B44")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("label", ["catalog", "scan", "account", "guardian"])
def test_old_hosts_are_mapped_to_the_account(label: str, mode: str) -> None:
    for version in versions():
        for form in (f"https://acct.{label}.purview.azure.com", f"ACCT.{label}.purview.azure.com/"):
            service = Service(says({}))
            with Caller(version, service, mode, form) as caller:
                caller.call(version.cases[0])
            host = TENANT if version.tenant_wide else "https://acct.purview.azure.com"
            assert str(service.last.url).startswith(host + version.prefix), (version, form)


@pytest.mark.row("B28")
def test_paths_and_versions_leave_as_the_document_has_them() -> None:
    """Every operation: its template word for word, with or without a slash at the end; api-version
    where declared, and only there.
    """
    counted, service = 0, Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                caller.call(case)
                sent, query = raw_path(service), raw_query(service)
                assert case.path.endswith("/") == sent.endswith("/"), case
                fixed = [
                    part for part in re.split(r"\{[^}]*\}", version.prefix + case.path) if part
                ]
                where = 0
                for part in fixed:
                    where = sent.index(part, where) + len(part)
                declared = any(p["name"] == "api-version" for p in case.fact["parameters"])
                versioned = [f"api-version={version.document.version}"] if declared else []
                assert versioned == [
                    pair for pair in query.split("&") if pair.startswith("api-version=")
                ], case
                counted += 1
    print(f"\n{counted} operations")
    assert sum(1 for _ in cases()) == counted


@pytest.mark.row("B28")
def test_reported_paths_leave_as_the_document_has_them() -> None:
    slash = {"datamap 2023-09-01": "", "datamap_preview 2024-03-01-preview": ""}
    service = Service(says({}))
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        case = next(
            c
            for c in version.cases
            if re.fullmatch(r"(/atlas/v2)?/lineage/\{guid\}/next/?", c.path)
        )
        with Caller(version, service) as caller:
            caller.call(case, {"guid": "g", "direction": "INPUT"})
        assert raw_path(service).endswith(f"/lineage/g/next{slash.get(str(version), '/')}"), version
    stable, old = one("datamap", "2023-09-01"), one("catalog", "2022-03-01-preview")
    with Caller(stable, service) as caller:
        caller.call(stable.case("Entity_ListByGuids"), {"guid": ["a", "b"]})
        assert ["api-version=2023-09-01", "guid=a", "guid=b"] == sorted(
            raw_query(service).split("&")
        )
    with Caller(old, service) as caller:
        caller.call(old.case("Entity_GetByGuid"), {"guid": "g"})
        assert "" == raw_query(service)
        caller.call(old.case("Discovery_Query"), {}, {"keywords": "x"})
        assert "api-version=2022-03-01-preview" == raw_query(service)


def bare(case: Case) -> bool:
    """Whether a body is a bare array or a map without members of its own."""
    if not case.json_body:
        return False
    schema = case.body_schema
    while "$ref" in schema:
        schema = case.version.schemas[schema["$ref"].rsplit("/", 1)[-1]]
    return schema.get("type") == "array" or (
        schema.get("type") == "object" and not schema.get("properties") and "allOf" not in schema
    )


@pytest.mark.row("B30")
@pytest.mark.row("B38")
def test_bare_maps_and_arrays_leave_bare() -> None:
    """Every operation whose body is a bare array or map: exactly that JSON, and None for a 204."""
    kinds = {"list": 0, "dict": 0}
    service = Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in filter(bare, version.cases):
                body = case.body or {"Retention": {"years": "7", "tags": ["a"]}}
                answer = caller.call(case, case.parameters, body)
                assert body == json.loads(service.last.content), case
                assert "application/json" == service.last.headers["content-type"], case
                assert answer.parsed is None or "bytes" in case.operation.types.values(), case
                assert case.method.upper() == service.last.method
                kinds[type(body).__name__] += 1
    print(f"\n{kinds}")
    assert kinds["list"] > 70
    assert kinds["dict"] > 10


@pytest.mark.row("B30")
def test_reported_business_metadata_leave_bare() -> None:
    groups = {"Retention": {"years": "7", "tags": ["a"]}}
    service = Service(plain(204))
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        write, drop = (
            next(
                (
                    c
                    for c in version.cases
                    if (c.method, c.path.removeprefix("/atlas/v2"))
                    == (m, "/entity/guid/{guid}/businessmetadata")
                ),
                None,
            )
            for m in ("post", "delete")
        )
        if write is None or drop is None:
            assert "catalog 2021-05-01-preview" == str(version)
            continue
        with Caller(version, service) as caller:
            assert caller.send(write, "g1", is_overwrite=True, body=groups) is None
            assert (groups, "POST") == (json.loads(service.last.content), service.last.method)
            assert "isOverwrite=true" in raw_query(service).split("&")
            assert caller.send(drop, "g1", body=groups) is None
            assert (groups, "DELETE") == (json.loads(service.last.content), service.last.method)


@pytest.mark.row("B38")
def test_reported_classifications_leave_bare() -> None:
    service = Service(plain(204))
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        add = version.case("Entity_AddClassifications")
        name = (
            "Entity_BulkSetClassifications"
            if version.has("Entity_BulkSetClassifications")
            else "Entity_SetClassifications"
        )
        with Caller(version, service) as caller:
            service.now(plain(204))
            assert caller.send(add, "g1", body=[{"typeName": "C1"}]) is None
            assert [{"typeName": "C1"}] == json.loads(service.last.content)
            service.now(says(["g1"]))
            assert ["g1"] == caller.send(version.case(name), body={"guidHeaderMap": {}}), version


@pytest.mark.row("B31")
def test_a_text_for_a_list_is_refused_before_anything_is_sent() -> None:
    """Every list in a query, and every list that is a member of a body of plain JSON."""
    counts = {"parameters": 0, "members": 0}
    service = Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                for p in parameters(case, "query"):
                    if p.type.startswith("list[") and not p.template:
                        with pytest.raises(TypeError, match=p.name):
                            caller.call(case, {**case.parameters, p.wire_name: "g1"}, case.body)
                        counts["parameters"] += 1
                for wire in lists_in_body(case):
                    with pytest.raises(TypeError, match=f"/{wire} takes list"):
                        caller.call(case, case.parameters, {**case.body, wire: "g1"})
                    counts["members"] += 1
    assert [] == service.seen
    print(f"\n{counts}")
    assert counts["parameters"] > 20
    assert counts["members"] > 300


def lists_in_body(case: Case) -> list[str]:
    """The members of a body that its model declares as lists."""
    registry, declared = Registry.get(case.operation.models), case.operation.body
    if declared is None or declared.type not in registry.names or not isinstance(case.body, dict):
        return []
    made: Any = registry.named(declared.type)(case.body)
    return [f.wire for f in codec(type(made)).fields.values() if f.type.startswith("list[")]


@pytest.mark.row("B31")
def test_a_text_for_a_list_is_refused_by_the_constructor() -> None:
    """Every list of every model of every version."""
    counted = 0
    for version in versions():
        registry = Registry.get(version.plane.models.__name__)
        for kind in (registry.class_of(name) for name in registry.names):
            fields = codec(kind).fields.values() if issubclass(kind, Model) else []
            required = {f.name: NULL for f in fields if f.required}
            for f in fields:
                if f.type.startswith("list["):
                    with pytest.raises(TypeError, match=rf"{kind.__name__}\.{f.name} takes list"):
                        kind(**{**required, f.name: "g1"})
                    counted += 1
    print(f"\n{counted} lists")
    assert counted > 1000


@pytest.mark.row("B32")
def test_flags_leave_in_lower_case() -> None:
    """Every boolean query parameter, both ways."""
    counted, service = 0, Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                for p in parameters(case, "query"):
                    if p.type.split(" | ")[0] == "bool":
                        for flag, text in ((True, "true"), (False, "false")):
                            caller.call(case, {**case.parameters, p.wire_name: flag}, case.body)
                            assert f"{p.wire_name}={text}" in raw_query(service).split("&"), case
                            counted += 1
    print(f"\n{counted} values")
    assert counted > 200


def terms(case: Case) -> bool:
    """Whether an operation takes a list of glossary terms."""
    return (
        case.json_body
        and case.operation.body is not None
        and case.operation.body.type == "list[AtlasGlossaryTerm]"
    )


@pytest.mark.row("B32")
def test_a_parent_term_can_be_sent() -> None:
    """`parentTerm`, which no document has and an overlay adds: by its attribute, by the map and by
    plain JSON, on every operation that takes terms; strict mode knows it, and so does the sandbox.
    """
    term = {"name": "Child", "anchor": {"glossaryGuid": "g"}, "parentTerm": {"termGuid": "p"}}
    counted, service = 0, Service(says([]))
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        m, judge = (
            version.plane.models,
            Validator([f"{version.document.plane}@{version.document.version}"]),
        )
        built = m.AtlasGlossaryTerm(
            name="Child",
            anchor=m.AtlasGlossaryHeader(glossary_guid="g"),
            parent_term=m.AtlasRelatedTermHeader(term_guid="p"),
        )
        with Caller(version, service) as caller:
            for case in filter(terms, version.cases):
                for body in ([built], [term], [m.AtlasGlossaryTerm.from_dict(term)]):
                    flag = (
                        {"include_term_hierarchy": True}
                        if any(p.name == "include_term_hierarchy" for p in case.operation.arguments)
                        else {}
                    )
                    caller.send(case, body=body, **flag)
                    assert [term] == json.loads(service.last.content), case
                    assert (
                        () == judge.request(judged(service.last), operation=case.id).violations
                    ), case
                    assert bool(flag) == ("includeTermHierarchy=true" in raw_query(service)), case
                    counted += 1
        answered = {
            "guid": "g",
            "qualifiedName": "Child@Glossary",
            "shortDescription": None,
            **term,
        }
        decoded = decode_term(
            version, answered | {"parentTerm": {"termGuid": "p", "displayText": "Parent"}}
        )
        assert ("p", "Parent") == (
            decoded.parent_term.term_guid,
            decoded.parent_term.display_text,
        ), version
        with pytest.raises(
            ContractError, match="/parentTerm: expected AtlasRelatedTermHeader, found a string"
        ):
            decode_term(version, answered | {"parentTerm": "p"})
    print(f"\n{counted} calls")
    assert counted >= 7 * 3


def judged(request: httpx.Request) -> RequestMessage:
    return RequestMessage.of(request.method, str(request.url), request.headers, request.content)


def decode_term(version: Version, value: Json) -> Any:
    """A term as an answer holds it, in strict mode."""
    case = next(
        c
        for c in version.cases
        if c.method == "get" and re.search(r"/glossary/term/{\w+}$", c.path)
    )
    return decode(case.operation, 200, json.dumps(value).encode(), strict=True)


@pytest.mark.row("B35")
@pytest.mark.row("B41")
@pytest.mark.row("B52")
def test_bodies_are_passed_through_as_they_are() -> None:
    """Every JSON body, plain, with a member that nothing knows: the same JSON leaves, nothing
    mended and nothing lost.
    """
    counted, service = 0, Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                if not case.json_body:
                    continue
                closed = bare(case) or not isinstance(case.body, dict)
                body = case.body if closed else {**case.body, "future": [None, {"a": 0}]}
                caller.call(case, case.parameters, body)
                assert body == json.loads(service.last.content), case
                counted += 1
    print(f"\n{counted} bodies")
    assert counted > 500


@pytest.mark.row("B35")
def test_placeholders_and_their_guids_pass_through() -> None:
    """The guids that stand for new entities go out as they are, and the map of the real ones comes
    back.
    """
    body = {
        "entities": [
            {"typeName": "t", "guid": "-2", "relationshipAttributes": {"db": {"guid": "-1"}}}
        ],
        "referredEntities": {},
    }
    answer = {
        "guidAssignments": {"-1": "x", "-2": "y"},
        "mutatedEntities": {"CREATE": [{"guid": "y"}]},
    }
    service = Service(says(answer))
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        case = next(
            c
            for c in version.cases
            if (c.method, c.path.removeprefix("/atlas/v2")) == ("post", "/entity/bulk")
        )
        for sent in (body, version.plane.models.AtlasEntitiesWithExtInfo.from_dict(body)):
            with Caller(version, service) as caller:
                found = caller.send(case, body=sent)
            assert body == json.loads(service.last.content)
            assert ({"-1": "x", "-2": "y"}, answer) == (found.guid_assignments, to_json(found)), (
                version
            )


@pytest.mark.row("B41")
def test_a_term_that_is_its_own_parent_is_not_mended() -> None:
    term = {
        "guid": "t",
        "name": "n",
        "hierarchyInfo": [{"guid": "t", "name": "n"}],
        "nickName": "n",
    }
    service = Service(says([]))
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        for case in filter(terms, version.cases):
            with Caller(version, service) as caller:
                for body in ([term], [version.plane.models.AtlasGlossaryTerm.from_dict(term)]):
                    caller.send(case, body=body)
                    assert [term] == json.loads(service.last.content), case


@pytest.mark.row("B52")
def test_collections_of_one_friendly_name_stay_two() -> None:
    """Both are listed; the name in the path and the friendly name in the body leave as given."""
    two = [{"name": "a1b2c3", "friendlyName": "Sales"}, {"name": "d4e5f6", "friendlyName": "Sales"}]
    for version in of_plane("account"):
        service = Service(says({"value": two}))
        with Caller(version, service) as caller:
            listed = caller.send(version.case("Collections_ListCollections"))
            assert [("a1b2c3", "Sales"), ("d4e5f6", "Sales")] == [
                (c.name, c.friendly_name) for c in listed
            ]
            body = version.plane.models.Collection(friendly_name="Sales EU")
            caller.send(version.case("Collections_CreateOrUpdateCollection"), "x9", body=body)
        assert {"friendlyName": "Sales EU"} == json.loads(service.last.content)
        assert raw_path(service) == "/account/collections/x9"


@pytest.mark.row("B39")
def test_the_policy_of_one_collection() -> None:
    service = Service(says({"values": [{"id": "p"}]}))
    version = one("metadata_policies", "2021-07-01-preview")
    for body in ({"values": [{"id": "p"}]}, {"value": [{"id": "p"}]}):
        for mode in MODES:
            service.now(says(body))
            with Caller(version, service, mode) as caller:
                found = caller.send(version.case("MetadataPolicy_ListAll"), collection_name="c1")
            assert [("MetadataPolicy", "p")] == [(type(p).__name__, p.id) for p in found]
            assert "/policyStore/metadataPolicies" == raw_path(service)
            assert ["api-version=2021-07-01-preview", "collectionName=c1"] == sorted(
                raw_query(service).split("&")
            )


@pytest.mark.row("B50")
def test_an_entity_is_created_in_its_collection() -> None:
    """The path of Catalog, the query of Data Map, one entity and many."""
    service, counted = Service(says({})), 0
    for version in of_plane("catalog", "datamap", "datamap_preview"):
        with Caller(version, service) as caller:
            for case in version.cases:
                tail = case.path.removeprefix("/atlas/v2").removeprefix("/collections/{collection}")
                if case.method != "post" or tail not in ("/entity", "/entity/bulk"):
                    continue
                collection = {
                    p.wire_name: "c1"
                    for p in case.operation.arguments
                    if p.wire_name in ("collection", "collectionId")
                }
                caller.call(
                    case,
                    collection,
                    {"entities": []} if tail.endswith("bulk") else {"entity": {"typeName": "t"}},
                )
                where = (
                    "POST /catalog/api/collections/c1"
                    if "collection" in collection
                    else f"POST {version.prefix}/atlas/v2"
                )
                query = [f"{n}=c1" for n in collection if n == "collectionId"]
                query += (
                    [f"api-version={version.document.version}"]
                    if any(p["name"] == "api-version" for p in case.fact["parameters"])
                    else []
                )
                path, _, sent = service.paths[-1].partition("?")
                assert (where + tail, sorted(query)) == (
                    path,
                    sorted(filter(None, sent.split("&"))),
                ), case
                counted += bool(collection)
    print(f"\n{counted} operations take a collection")
    assert counted >= 10


@pytest.mark.row("B55")
def test_numbered_names_and_never_their_placeholder() -> None:
    """Every operation with all its arguments: no `attr_N`; where names are numbered, one for each
    value.
    """
    counted, service = 0, Service(plain(204))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                caller.call(case)
                url = str(service.last.url)
                assert ("attr_N" in url, "{" in url, "%7Bn%7D" in url) == (False,) * 3, case
                for p in case.operation.arguments:
                    if p.template:
                        caller.call(case, {**case.parameters, p.wire_name: ["q1", "q 2"]})
                        names = raw_query(service).replace("%3A", ":").split("&")
                        assert ["attr_0:qualifiedName=q1", "attr_1:qualifiedName=q%202"] == [
                            n for n in names if n.startswith("attr_")
                        ], case
                        counted += 1
    print(f"\n{counted} operations with numbered names")
    assert 7 == counted


@pytest.mark.row("B09")
@pytest.mark.parametrize("mode", MODES)
def test_runs_are_started_and_stopped_the_way_of_each_version(mode: str) -> None:
    service = Service(says({}, 202))
    run = "4a3f0f0e-1111-2222-3333-444455556666"
    for version in of_plane("scanning"):
        stable = version.document.version not in SCANNING_PREVIEWS
        start = version.case("ScanResult_RunScan")
        stop = version.case("ScanResult_CancelScan")
        names = {"dataSourceName": "src1", "scanName": "scan1", "runId": run}
        with Caller(version, service, mode) as caller:
            caller.call(start, names)
            caller.call(stop, names)
        runs = f"/scan/datasources/src1/scans/scan1/runs/{run}"
        api = f"api-version={version.document.version}"
        first, second = (text.partition("?") for text in service.paths[-2:])
        if stable:
            assert (
                "POST /scan/datasources/src1/scans/scan1:run",
                sorted([api, f"runId={run}"]),
            ) == (
                first[0],
                sorted(first[2].split("&")),
            )
            assert (f"POST {runs}:cancel", api) == (second[0], second[2])
        else:
            assert (f"PUT {runs}", api) == (first[0], first[2]), version
            assert (f"POST {runs}/:cancel", api) == (second[0], second[2]), version


@pytest.mark.row("B09")
@pytest.mark.parametrize("mode", MODES)
def test_an_id_that_is_filled_in_is_made_once_a_call(mode: str) -> None:
    """Every parameter that the runtime fills in: there, the same on each try, another one at the
    next call; the caller's own wins.
    """
    counted, service = 0, Service()
    for version in versions():
        for case in version.cases:
            for p in (p for p in case.operation.parameters if p.auto):
                given = {n: v for n, v in case.parameters.items() if n != p.wire_name}

                def sent(p: Any = p) -> list[str]:
                    return [
                        r.url.params[p.wire_name]
                        if p.location == "query"
                        else r.headers[p.wire_name]
                        for r in service.seen
                    ]

                with Caller(version, service, mode, retry=Retry()) as caller:
                    service.now(plain(503), plain(503), says({}, 202))
                    caller.call(case, given, case.body)
                    first = sent()
                    service.now(says({}, 202))
                    caller.call(case, given, case.body)
                    again = sent()
                    caller.call(case, {**given, p.wire_name: "own"}, case.body)
                assert (3, 1) == (len(first), len(set(first))), case
                assert re.fullmatch(r"[0-9a-f-]{36}", first[0]), case
                assert first[0] not in again
                assert "own" == sent()[-1]
                counted += 1
    print(f"\n{counted} parameters")
    assert 13 == counted


@pytest.mark.row("B36")
def test_limit_and_offset_are_sent_as_given() -> None:
    """Every operation with a limit or an offset: -1 and 0 are values, too."""
    counted, service = 0, Service()
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                service.now(says(case.something()))
                given = {
                    p.wire_name: n
                    for p, n in zip(
                        [
                            p
                            for p in parameters(case, "query")
                            if p.wire_name in ("limit", "offset")
                        ],
                        (-1, 0),
                        strict=False,
                    )
                }
                if given:
                    caller.call(case, {**case.parameters, **given}, case.body)
                    assert {f"{n}={v}" for n, v in given.items()} <= set(
                        raw_query(service).split("&")
                    ), case
                    counted += 1
    print(f"\n{counted} operations")
    assert counted > 70

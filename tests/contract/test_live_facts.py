"""What the live services send and the documents do not say: each fact in every version that has the
schema.

Values are invented, shapes are as they were seen. Nothing is left without an attribute, and all of
it goes back as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from purview_codegen.package.adapter import class_name
from purview_core import NULL, Model, to_json
from purview_core.model.codec import Registry, codec
from purview_core.model.strict import departures

from .calling import MODES, Caller, Case, Service, Version, of_plane, plain, says, versions
from .shapes import Shape, required, shapes
from .walking import copies, models

pytestmark = pytest.mark.level("L2")

COLLECTION: Any = {
    "lastModifiedAt": "2024-01-02T03:04:05.1234567Z",
    "referenceName": "root",
    "type": "CollectionReference",
}
RULESET: Any = {
    "createdAt": "2024-01-02T03:04:05.1234567Z",
    "collection": None,
    "description": "d",
    "excludedSystemClassifications": [],
    "includedCustomClassificationRuleNames": None,
    "temporaryResourceFilters": [
        {"resourceFilterPattern": "(_SUCCESS)$", "ingestTemporaryResource": True}
    ],
    "lastModifiedAt": "2024-01-02T03:04:05.1234567Z",
}
# (planes, schema, what the service sends)
FACTS: list[tuple[tuple[str, ...], str, Any]] = [
    (
        ("catalog", "datamap", "datamap_preview"),
        "AtlasEntity",
        {"isIndexed": True, "displayText": "x", "domainId": "d", "source": "Portal"},
    ),
    (
        ("catalog", "datamap", "datamap_preview"),
        "AtlasEntityHeader",
        {"isIndexed": True, "displayText": "x"},
    ),
    (
        ("catalog", "datamap", "datamap_preview"),
        "AtlasGlossary",
        {
            "createTime": 1,
            "createdBy": "u",
            "updateTime": 2,
            "updatedBy": "u",
            "contacts": {"Expert": [{"id": "u"}]},
        },
    ),
    (
        ("catalog", "datamap", "datamap_preview"),
        "AtlasEntityDef",
        {"category": "ENTITY", "businessAttributeDefs": {}},
    ),
    (
        ("catalog", "datamap", "datamap_preview"),
        "AtlasTypeDef",
        {
            "category": "BUSINESS_METADATA",
            "businessAttributeDefs": {"Owners": [{"name": "o", "typeName": "string"}]},
        },
    ),
    (
        ("catalog", "datamap", "datamap_preview"),
        "SearchResultValue",
        {
            "id": "i",
            "createBy": "u",
            "updateBy": "u",
            "collectionId": "root",
            "@search.highlights": {"name": ["<em>x</em>"], "__hitKeywords": ["x"]},
        },
    ),
    (
        ("catalog", "datamap", "datamap_preview"),
        "SuggestResultValue",
        {"id": "i", "collectionId": "root"},
    ),
    (
        ("catalog",),
        "ImportCSVOperation",
        {
            "id": "o",
            "status": "Succeeded",
            "createTime": "2024-01-02T03:04:05.123+0000",
            "taskPickUpTime": None,
            "properties": {"importedTerms": "0", "totalTermsDetected": "-1"},
            "error": {"errorCode": 0, "errorMessage": ""},
            "progress": {"status": None, "statistics": None},
        },
    ),
    (
        ("account",),
        "Account",
        {
            "id": "i",
            "name": "contoso",
            "identity": {
                "type": "SystemAssigned, UserAssigned",
                "principalId": "p",
                "userAssignedIdentities": {
                    "/subscriptions/s": {"clientId": "c", "principalId": "p"}
                },
            },
            "properties": {
                "endpoints": {"catalog": "https://c", "scan": "https://s", "guardian": "https://g"}
            },
        },
    ),
    (("workflow",), "WorkflowMetadata", {"id": "w", "type": "UserManaged", "name": "n"}),
    (
        ("workflow",),
        "Workflow",
        {
            "id": "w",
            "type": "UserManaged",
            "triggers": [
                {
                    "type": "when_data_update_is_requested",
                    "eligibleAssetFilter": {"type": "assetType", "value": ["Table"]},
                }
            ],
            "actionDag": {},
        },
    ),
    (
        ("workflow",),
        "WorkflowRunDetail",
        {"runInput": {}, "actions": {}, "trigger": {"type": "t", "deep": [None]}},
    ),
    (
        ("scanning",),
        "CustomClassificationRuleProperties",
        {
            "minimumDistinctMatchCount": 8,
            "minimumPercentageMatch": 60.0,
            "classificationRuleBloomFilter": None,
            "owner": "u",
            "collection": COLLECTION,
        },
    ),
    (("scanning",), "AmazonS3CredentialScanProperties", {"isMauiScan": False, "roleARN": None}),
    (("scanning",), "AmazonS3RoleARNScanProperties", {"isMauiScan": True}),
    (
        ("scanning",),
        "ScanResult",
        {
            "id": "r",
            "ingestionJobId": None,
            "webScanResults": None,
            "status": "Queued",
            "assetsDiscovered": 0,
        },
    ),
    (
        ("scanning",),
        "ScanResultWithIngestion",
        {
            "id": "r",
            "ingestionJobId": None,
            "status": "Queued",
            "assetsDiscovered": 1,
            "assetsClassified": 0,
            "queuedTime": "2024-01-02T03:04:05.1234567Z",
            "pipelineStartTime": None,
            "webScanResults": None,
        },
    ),
]


def having(planes: tuple[str, ...], schema: str) -> Iterator[tuple[Version, type[Model]]]:
    for version in of_plane(*planes):
        if schema in version.schemas:
            yield version, getattr(version.plane.models, class_name(schema))


def check(found: Model, raw: Any, where: str) -> None:
    """Every member has an attribute, however deep; all of it goes back as it came, from copies,
    too.
    """
    for model in models(found):
        unknown = [
            name for name in model.additional_properties if name not in codec(type(model)).known
        ]
        assert [] == unknown, (where, type(model).__name__)
        assert repr(model)
    assert json.dumps(raw) == json.dumps(to_json(found)), where
    for _, other in copies(found):
        assert raw == other.to_dict(), where


@pytest.mark.parametrize(("planes", "schema", "raw"), FACTS, ids=[schema for _, schema, _ in FACTS])
def test_every_member_that_was_seen_has_an_attribute(
    planes: tuple[str, ...], schema: str, raw: Any
) -> None:
    counted = 0
    for version, kind in having(planes, schema):
        check(kind.from_dict(raw), raw, f"{version} {schema}")
        registry = Registry.get(version.plane.__name__ + ".models")
        wrong = [
            str(d)
            for d in departures(registry, kind.__name__, raw)
            if not str(d).endswith(("found null", "nothing"))
        ]
        assert [] == wrong, str(version)
        counted += 1
    assert counted == len([v for v in of_plane(*planes) if schema in v.schemas]) > 0


def test_values_that_were_seen_are_members_of_their_enums() -> None:
    seen = {
        ("catalog", "TypeCategory"): "BUSINESS_METADATA",
        ("datamap", "TypeCategory"): "BUSINESS_METADATA",
        ("datamap_preview", "TypeCategory"): "BUSINESS_METADATA",
        ("account", "ManagedIdentityType"): "SystemAssigned, UserAssigned",
        ("account", "Type"): "SystemAssigned, UserAssigned",
        ("scanning", "ScanRunStatus"): "Queued",
        ("scanning", "DataSourceType"): "AzureSynapseDedicatedSql",
    }
    counted = 0
    for (plane, name), value in seen.items():
        for version in of_plane(plane):
            if name in version.schemas:
                assert value in {m.value for m in getattr(version.plane.models, name)}, (
                    str(version),
                    name,
                )
                counted += 1
    assert 7 + 2 + 1 + 5 == counted


def test_system_rule_sets_are_of_their_kinds_in_every_version() -> None:
    """The mapping of 2022-07, in the documents that give one value to all of the kinds, too."""
    later = next(v for v in of_plane("scanning") if v.document.version == "2022-07-01-preview")
    kinds = set(later.schemas["SystemScanRuleset"]["discriminator"]["mapping"])
    assert kinds >= {
        "AzureStorage",
        "AzureFileService",
        "AmazonMySql",
        "AzureSearch",
        "Dataverse",
        "Snowflake",
    }
    for version in of_plane("scanning"):
        base = version.plane.models.SystemScanRuleset
        assert kinds == set(version.schemas["SystemScanRuleset"]["discriminator"]["mapping"]), str(
            version
        )
        for kind in kinds:
            files = {"scanningRule": {"fileExtensions": ["CSV"], "customFileExtensions": None}}
            raw = {
                "properties": RULESET,
                "kind": kind,
                "scanRulesetType": "System",
                "name": kind,
                "version": 1,
            }
            found = base.from_dict(raw)
            assert f"{kind}SystemScanRuleset" == type(found).__name__, str(version)
            check(found, raw, f"{version} {kind}")
            (filter_,) = found.properties.temporary_resource_filters
            assert ("(_SUCCESS)$", True) == (
                filter_.resource_filter_pattern,
                filter_.ingest_temporary_resource,
            )
            if kind in ("Dataverse", "Snowflake", "AzureFileService"):
                with_files = {**raw, "properties": {**files, **RULESET}}
                check(base.from_dict(with_files), with_files, f"{version} {kind}")
            assert kind == type(found)().kind


def test_rule_sets_and_sources_of_every_kind_have_what_all_of_them_have() -> None:
    counted = 0
    for version in of_plane("scanning"):
        for base, properties in (
            ("ScanRuleset", RULESET),
            ("SystemScanRuleset", RULESET),
            ("DataSource", {"parentCollection": None, "collection": COLLECTION}),
            (
                "DataSource",
                {"parentCollection": {"type": "DataSourceReference", "referenceName": "c"}},
            ),
        ):
            for kind in version.schemas[base]["discriminator"]["mapping"]:
                raw = {"properties": properties, "kind": kind, "name": "n"}
                check(
                    getattr(version.plane.models, base).from_dict(raw),
                    raw,
                    f"{version} {base} {kind}",
                )
                counted += 1
    assert counted > 5 * 4 * 25


def test_a_data_source_of_the_kind_collection() -> None:
    for version in of_plane("scanning"):
        raw = {
            "properties": {"createdAt": "2024-01-02T03:04:05Z", "parentCollection": None},
            "kind": "Collection",
        }
        found = version.plane.models.DataSource.from_dict(raw)
        assert "CollectionDataSource" == type(found).__name__, str(version)
        assert 2024 == found.properties.created_at.year
        check(found, raw, str(version))


def test_a_kind_of_the_future_is_kept_whole() -> None:
    for version in of_plane("scanning"):
        for base in (
            "DataSource",
            "ScanRuleset",
            "SystemScanRuleset",
            "Scan",
            "ClassificationRule",
        ):
            raw = {
                "kind": "Tomorrow",
                "name": "n",
                "properties": {"deep": [{"a": None}]},
                "more": None,
            }
            found = getattr(version.plane.models, base).from_dict(raw)
            assert (base, raw) == (type(found).__name__, found.to_dict()), str(version)


@pytest.mark.parametrize("state", [0, 2, "Active", "Moving", "Tomorrow", None])
def test_the_state_of_a_source_that_moves_is_a_name_or_a_number(state: Any) -> None:
    """Read as it came, assigned and constructed as what it is; a number is no text, and a name is a
    member of its enum.
    """
    counted = 0
    for version in of_plane("scanning"):
        if "DataSourceCollectionState" not in version.schemas:
            continue
        module = version.plane.models
        raw = {"kind": "AzureStorage", "properties": {"dataSourceCollectionMovingState": state}}
        found = module.DataSource.from_dict(raw)
        check(found, raw, str(version))
        value = found.properties.data_source_collection_moving_state
        assert isinstance(
            value, {str: module.DataSourceCollectionState, int: int}.get(type(state), type(None))
        )
        again = module.AzureStorageProperties(
            data_source_collection_moving_state=NULL if state is None else state
        )
        assert {"dataSourceCollectionMovingState": state} == again.to_dict()
        with pytest.raises(TypeError, match="takes DataSourceCollectionState | int, not float"):
            module.AzureStorageProperties(data_source_collection_moving_state=1.5)
        counted += 1
    assert 2 == counted


@pytest.mark.parametrize("mode", MODES)
def test_deletes_that_answer_otherwise_than_declared(mode: str) -> None:
    """200 with what was deleted, 204 where 202 is declared: neither is an error."""
    body, counted = {"name": "n", "kind": "AmazonS3", "properties": {"a": None}}, 0
    for version in of_plane("scanning", "share"):
        for case in version.cases:
            if case.method != "delete":
                continue
            for answer in (says(body), plain(204), plain(200)):
                with Caller(version, service := Service(answer), mode) as caller:
                    caller.call(case)
                assert 1 == len(service.seen), case
                counted += 1
    print(f"\n{counted} deletes")
    assert counted > 60


CREATES = {
    "BusinessDomain_Create": {
        "name": "Sales",
        "type": "FunctionalUnit",
        "status": "DRAFT",
        "description": "d",
    },
    "CriticalDataElements_Create": {
        "name": "Email",
        "dataType": "TEXT",
        "domain": "d",
        "status": "DRAFT",
    },
    "DataProducts_Create": {"name": "Orders", "type": "Master", "domain": "d", "status": "DRAFT"},
    "Okr_Create": {"definition": "Sell more", "domain": "d", "status": "Draft"},
    "Terms_Create": {"name": "Turnover", "domain": "d", "status": "DRAFT"},
}


def creates() -> Iterator[tuple[Case, Any]]:
    """The creates of Unified Catalog in all of its versions, by their path, with what the service
    asks for.
    """
    newest = next(v for v in of_plane("unified_catalog") if v.document.default)
    for operation_id, raw in CREATES.items():
        path = newest.case(operation_id).path.lower()
        for version in of_plane("unified_catalog"):
            for case in version.cases:
                if (case.method, case.path.lower()) == ("post", path):
                    yield case, raw


@pytest.mark.parametrize("mode", MODES)
def test_creates_of_unified_catalog_need_no_id(mode: str) -> None:
    """Without one nothing but what was given is sent; one that is given goes out, where the
    document takes it.
    """
    counted = 0
    for case, raw in creates():
        kind = getattr(case.version.plane.models, case.operation.body.type)  # type: ignore[union-attr]
        names = {f.wire: f.name for f in codec(kind).fields.values()}
        made = kind(**{names[wire]: value for wire, value in raw.items()})
        with Caller(
            case.version, service := Service(says({**raw, "id": "i1"}, 201)), mode
        ) as caller:
            found = caller.send(case, body=made)
            assert raw == json.loads(service.last.content), case
            assert "i1" == found.id, case
            if not codec(kind).fields["id"].read_only:
                caller.send(
                    case, body=kind(id="i2", **{names[wire]: value for wire, value in raw.items()})
                )
                assert {**raw, "id": "i2"} == json.loads(service.last.content), case
        counted += 1
    assert 3 * len(CREATES) == counted


@pytest.mark.parametrize("mode", MODES)
def test_a_link_of_a_data_product_is_one_link(mode: str) -> None:
    link, counted = {"description": "d", "relationshipType": "Related", "entityId": "e"}, 0
    for version in of_plane("unified_catalog"):
        for case in version.cases:
            if case.method != "post" or not case.path.endswith("/relationships"):
                continue
            answer = {**link, "systemData": {"createdBy": "u"}}
            with Caller(version, service := Service(says(answer)), mode) as caller:
                arguments = {n: v for n, v in case.needed().items() if n != "body"}
                caller.send(case, **arguments, body=case.loaded(link))
            assert link == json.loads(service.last.content), case
            assert isinstance(case.loaded(link), Model), case
            counted += "/dataProducts/" in case.path
    assert 3 == counted


def answered_shapes() -> Iterator[tuple[Shape, set[str]]]:
    """(schema, members that every answer holds and no request needs) of all versions."""
    for version in versions():
        for shape in shapes(version):
            asked = required(version.schemas, shape.schema)
            made = {
                n
                for n, m in shape.members.items()
                if m.get("x-answered") or (n in asked and m.get("readOnly"))
            }
            if made:
                yield shape, made


def test_what_every_answer_holds_is_never_asked_of_a_caller() -> None:
    """A constructor needs none of it, an answer without it is read, and what is not set is not
    sent.
    """
    counted = 0
    for shape, made in answered_shapes():
        fields = {f.wire: f for f in codec(shape.kind).fields.values()}
        for wire in made:
            field = fields[wire]
            assert (None, True) == (field.default, field.answered), (str(shape), wire)
            assert wire not in shape.kind.from_dict({}).to_dict()
            assert shape.kind.from_dict({wire: None}).to_dict() == {wire: None}
            counted += 1
        others = {f.name: NULL for f in fields.values() if f.required and f.wire not in made}
        built = shape.kind(**others)
        assert not made & set(built.to_dict()), str(shape)
    print(f"\n{counted} members")
    assert counted > 100


def test_what_every_answer_holds_is_typed_without_none() -> None:
    wrong = []
    for shape, made in answered_shapes():
        types = {a.name: str(a.type) for a in shape.kind.__attrs_attrs__}
        fields = codec(shape.kind).fields.values()
        wrong += [f"{shape}.{f.name}" for f in fields if f.wire in made and "None" in types[f.name]]
    assert [] == wrong


def test_search_hits_tell_their_collection() -> None:
    for version, kind in having(("catalog", "datamap", "datamap_preview"), "SearchResultValue"):
        found: Any = kind.from_dict(
            {"id": "i", "name": "n", "qualifiedName": "q", "collectionId": "root"}
        )
        assert ("i", "n", "q", "root") == (
            found.id,
            found.name,
            found.qualified_name,
            found.collection_id,
        ), str(version)

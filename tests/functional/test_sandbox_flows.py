"""What people do with Purview, done with the generated clients against the sandbox.

Each story is told with the sync and the async clients, against a sandbox as the live service is and
against an exact one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from purview_core import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PollingError,
    PreconditionFailedError,
)
from purview_dataplane import (
    account,
    catalog,
    data_access,
    data_estate_health,
    datamap,
    devops_policies,
    metadata_policies,
    scanning,
    share,
    unified_catalog,
    workflow,
)
from purview_testing import Fault, Sandbox

from .flows import Flow, Pages, Story, tell

pytestmark = pytest.mark.level("L4")

ME = "00000000-0000-4000-8000-0000000000aa"
TERM, DOMAIN, PRODUCT = (f"00000000-0000-4000-8000-00000000000{i}" for i in (1, 2, 3))


@pytest.fixture(params=[False, True], ids=["live", "exact"])
def exact(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def run(request: pytest.FixtureRequest, exact: bool) -> Iterator[Any]:
    sandboxes: list[Sandbox] = []

    def run_story(story: Story, **options: Any) -> Sandbox:
        sandboxes.append(Sandbox(exact=exact, **options))
        tell(story, sandboxes[-1], asynchronous=request.param)
        return sandboxes[-1]

    yield run_story
    for sandbox in sandboxes:
        sandbox.close()


def source(server: str = "invented.database.windows.net") -> Any:
    m = scanning.models
    return m.AzureSqlDatabaseDataSource(
        properties=m.AzureSqlDatabaseProperties(server_endpoint=server)
    )


def scan() -> Any:
    m = scanning.models
    return m.AzureSqlDatabaseMsiScan(
        properties=m.AzureSqlDatabaseMsiScanProperties(database_name="sales")
    )


def scanning_story(p: Any) -> Flow:
    sources = p.scanning.data_sources
    made = yield sources.create_or_replace("lake", body=source())
    assert ("lake", "AzureSqlDatabase") == (made.name, made.kind)
    got = yield sources.get("lake")
    got.properties.server_endpoint = "moved.database.windows.net"
    yield sources.create_or_replace("lake", body=got)
    listed = yield sources.list()
    assert ["moved.database.windows.net"] == [s.properties.server_endpoint for s in listed]
    assert got.properties.created_at == listed[0].properties.created_at
    yield p.scanning.scans.create_or_replace("lake", "weekly", body=scan())
    yield sources.delete("lake")
    for call in (lambda: sources.get("lake"), lambda: p.scanning.scans.get("lake", "weekly")):
        with pytest.raises(NotFoundError):
            yield call()


def collections_story(p: Any) -> Flow:
    m = account.models
    parent = m.CollectionReference(reference_name="SANDBOX", type_="CollectionReference")
    made = yield p.account.collections.create_or_update(
        "sales", body=m.Collection(friendly_name="Sales", parent_collection=parent)
    )
    assert ("Creating", "sandbox") == (
        made.collection_provisioning_state,
        made.parent_collection.reference_name,
    )
    got = yield p.account.collections.get("sales")
    assert "Succeeded" == got.collection_provisioning_state
    got.description = "what is sold"
    yield p.account.collections.create_or_update("sales", body=got)
    below = m.CollectionReference(reference_name="sales", type_="CollectionReference")
    yield p.account.collections.create_or_update("eu", body=m.Collection(parent_collection=below))
    path = yield p.account.collections.get_collection_path("eu")
    assert ["sandbox", "sales"] == path.parent_name_chain
    children = yield p.account.collections.list_child_collection_names("sales")
    assert ["eu"] == [c.name for c in children]
    with pytest.raises(ConflictError):
        yield p.account.collections.delete("sales")
    yield p.account.collections.delete("eu")
    yield p.account.collections.delete("sales")
    listed = yield p.account.collections.list()
    assert ["sandbox"] == [c.name for c in listed]


def roles_story(p: Any) -> Flow:
    m = account.models
    root = m.CollectionReference(reference_name="sandbox", type_="CollectionReference")
    yield p.account.collections.create_or_update("hr", body=m.Collection(parent_collection=root))
    policies = yield p.metadata_policies.metadata_policy.list_all(collection_name="hr")
    policy = policies[0]
    before = policy.to_dict()
    rule = next(r for r in policy.properties.attribute_rules if "data-curator" in r.id)
    rule.dnf_condition[0][0].attribute_value_included_in.append(ME)
    m = metadata_policies.models
    reader = m.AttributeMatcher(
        from_rule="extra",
        attribute_name="derived.purview.role",
        attribute_value_includes="purview-reader",
    )
    rule.dnf_condition.append([reader])
    after = yield p.metadata_policies.metadata_policy.update(policy.id, body=policy)
    assert before["version"] + 1 == after.version
    read = (yield p.metadata_policies.metadata_policy.get(policy.id)).to_dict()
    assert sorted([*from_rules(before), "extra"]) == sorted(from_rules(read))
    assert 1 < len(from_rules(read))
    assert [ME] in [included for included in members(read, "attributeValueIncludedIn") if included]
    with pytest.raises(ConflictError):  # by the version that was read first
        yield p.metadata_policies.metadata_policy.update(
            policy.id, body=metadata_policies.models.MetadataPolicy.from_dict(before)
        )


def from_rules(value: Any) -> list[Any]:
    return members(value, "fromRule")


def members(value: Any, name: str) -> list[Any]:
    """Every value of a member, wherever it is."""
    if isinstance(value, dict):
        mine = [value[name]] if name in value else []
        return mine + [x for v in value.values() for x in members(v, name)]
    return [x for v in value for x in members(v, name)] if isinstance(value, list) else []


def operations_metadata() -> Any:
    m = datamap.models
    tier = m.AtlasAttributeDef(name="tier", type_name="int", is_optional=True)
    return m.AtlasTypesDef(
        business_metadata_defs=[m.AtlasBusinessMetadataDef(name="ops", attribute_defs=[tier])]
    )


def entity_story(p: Any) -> Flow:
    m, entities = datamap.models, p.datamap.entity
    body = m.AtlasEntity(
        type_name="azure_sql_table",
        guid="-1",
        attributes={"qualifiedName": "mssql://a b/t?x", "name": "t"},
    )
    made = yield entities.create_or_update(body=m.AtlasEntityWithExtInfo(entity=body))
    guid = made.guid_assignments["-1"]
    got = yield entities.get_by_unique_attributes(
        "azure_sql_table", attr_qualified_name="mssql://a b/t?x"
    )
    assert guid == got.entity.guid
    got.entity.attributes["description"] = "orders"
    yield entities.create_or_update(body=got)
    yield entities.partial_update_attribute_by_guid(guid, name="owner", body="me")
    read = yield entities.get(guid)
    assert ("orders", "me", "t") == tuple(
        read.entity.attributes[n] for n in ("description", "owner", "name")
    )
    yield entities.add_classifications(
        guid, body=[m.AtlasClassification(type_name="MICROSOFT.PERSONAL.EMAIL")]
    )
    yield entities.add_label(guid, body=["gold", "eu"])
    yield entities.remove_labels(guid, body=["eu"])
    with pytest.raises(BadRequestError, match="no business metadata ops is defined"):
        yield entities.add_or_update_business_metadata(guid, body={"ops": {"tier": 1}})
    yield p.datamap.type.bulk_create(body=operations_metadata())
    yield entities.add_or_update_business_metadata(guid, body={"ops": {"tier": 1}})
    read = yield entities.get(guid)
    assert (["gold"], {"ops": {"tier": 1}}) == (read.entity.labels, read.entity.business_attributes)
    found = yield entities.get_classifications(guid)
    assert 1 == found.total_count
    yield entities.remove_classification(guid, "MICROSOFT.PERSONAL.EMAIL")
    yield p.account.collections.create_or_update(
        "dwh", body=account.models.Collection(friendly_name="DWH")
    )
    yield entities.move_to_collection(
        collection_id="dwh", body=m.MoveEntitiesOptions(entity_guids=[guid])
    )
    query = m.QueryOptions(keywords="orders", filter_={"collectionId": "dwh"})
    assert [guid] == [hit.id for hit in (yield p.datamap.discovery.query(body=query))]
    yield entities.delete(guid)
    with pytest.raises(NotFoundError):
        yield entities.get(guid)


def types_story(p: Any) -> Flow:
    m = datamap.models
    made = m.AtlasTypesDef(
        entity_defs=[m.AtlasEntityDef(name="invoice", super_types=["DataSet"], attribute_defs=[])]
    )
    yield p.datamap.type.bulk_create(body=made)
    with pytest.raises(ConflictError):
        yield p.datamap.type.bulk_create(body=made)
    got = yield p.datamap.type.get_entity_def_by_name("invoice")
    got.description = "a bill"
    yield p.datamap.type.bulk_update(body=m.AtlasTypesDef(entity_defs=[got]))
    listed = yield p.datamap.type.list_headers()
    assert "invoice" in {h.name for h in listed}
    yield p.datamap.type.delete("invoice")
    with pytest.raises(NotFoundError):
        yield p.datamap.type.get_by_name("invoice")


def glossary_story(p: Any) -> Flow:
    """A tree of three levels, with a term at the bottom that is assigned to an entity."""
    m, g = datamap.models, p.datamap.glossary
    glossary = yield g.create(body=m.AtlasGlossary(name="Business"))
    anchor = m.AtlasGlossaryHeader(glossary_guid=glossary.guid)
    chain: list[Any] = []
    for name in ("Sales", "Orders", "Returns"):
        parent = m.AtlasRelatedCategoryHeader(category_guid=chain[-1].guid) if chain else None
        made = yield g.create_category(
            body=m.AtlasGlossaryCategory(name=name, anchor=anchor, parent_category=parent)
        )
        chain.append(made)
    middle = yield g.get_category(chain[1].guid)
    assert chain[0].guid == middle.parent_category.category_guid
    assert ["Returns"] == [c.display_text for c in middle.children_categories]
    where = [m.AtlasTermCategorizationHeader(category_guid=chain[2].guid)]
    term = yield g.create_term(
        body=m.AtlasGlossaryTerm(name="RMA", anchor=anchor, categories=where)
    )
    below = m.AtlasGlossaryTerm(
        name="RMA_Form", anchor=anchor, parent_term=m.AtlasRelatedTermHeader(term_guid=term.guid)
    )
    children = yield g.create_terms(body=[below], include_term_hierarchy=True)
    child = yield g.get_term(children[0].guid)
    assert term.guid == child.parent_term.term_guid
    yield g.delete_term(child.guid)
    with pytest.raises(ConflictError):
        yield g.create_term(body=m.AtlasGlossaryTerm(name="RMA", anchor=anchor))
    got = yield g.get_term(term.guid)
    got.long_description = "return merchandise authorization"
    yield g.update_term(term.guid, body=got)
    assert ["RMA"] == [t.display_text for t in (yield g.list_category_terms(chain[2].guid))]
    entity = m.AtlasEntity(
        type_name="azure_sql_table", guid="-1", attributes={"qualifiedName": "q", "name": "q"}
    )
    made = yield p.datamap.entity.create_or_update(body=m.AtlasEntityWithExtInfo(entity=entity))
    guid = made.guid_assignments["-1"]
    yield g.assign_term_to_entities(term.guid, body=[m.AtlasRelatedObjectId(guid=guid)])
    assert [guid] == [e.guid for e in (yield g.list_entities_assigned_with_term(term.guid))]
    terms = yield p.catalog.glossary.list_terms_by_glossary_name("Business")
    assert ["return merchandise authorization"] == [t.long_description for t in terms]
    yield g.delete(glossary.guid)
    with pytest.raises(NotFoundError):
        yield g.get_term(term.guid)


def csv_story(p: Any) -> Flow:
    glossary = yield p.catalog.glossary.create(body=catalog.models.AtlasGlossary(name="Imported"))
    rows = b"Name,Definition\r\nfirst,one\r\nsecond,two\r\n"
    done = yield p.catalog.glossary.begin_import_glossary_terms_via_csv(
        glossary.guid, file=("terms.csv", rows, "text/csv")
    )
    assert ("Succeeded", "2") == (done.status, done.properties.imported_terms)
    terms = yield p.catalog.glossary.list_glossary_terms(glossary.guid)
    guids = [t.guid for t in terms]
    text = yield p.catalog.glossary.export_glossary_terms_as_csv(glossary.guid, body=guids)
    assert b"first,Draft,one" in text
    done = yield p.catalog.glossary.begin_bulk_delete_terms_by_guids(body=guids)
    assert "Succeeded" == done.status
    assert [] == (yield p.catalog.glossary.list_glossary_terms(glossary.guid))


def lineage_story(p: Any) -> Flow:
    """Makes 250 tables in a chain and the processes between them in one call, with placeholders."""
    m = datamap.models
    tables = [
        m.AtlasEntity(
            type_name="azure_sql_table",
            guid=f"-{i + 1}",
            attributes={"qualifiedName": f"t{i}", "name": f"table {i}"},
        )
        for i in range(250)
    ]
    processes = [
        m.AtlasEntity(
            type_name="Process",
            guid=f"-{i + 1001}",
            attributes={
                "qualifiedName": f"p{i}",
                "name": f"copy {i}",
                "inputs": [{"guid": f"-{i + 1}", "typeName": "azure_sql_table"}],
                "outputs": [
                    {
                        "uniqueAttributes": {"qualifiedName": f"t{i + 1}"},
                        "typeName": "azure_sql_table",
                    }
                ],
            },
        )
        for i in range(249)
    ]
    extra = m.AtlasEntity(
        type_name="DataSet", guid="-9999", attributes={"qualifiedName": "d", "name": "d"}
    )
    made = yield p.datamap.entity.bulk_create_or_update(
        body=m.AtlasEntitiesWithExtInfo(entities=[*processes, *tables, extra])
    )
    assert 500 == len(made.guid_assignments)
    first = made.guid_assignments["-1"]
    graph = yield p.datamap.lineage.get(first, direction=m.LineageDirection.OUTPUT, depth=6)
    names = [graph.guid_entity_map[g].display_text for g in graph.guid_entity_map]
    assert {*(f"table {i}" for i in range(4)), *(f"copy {i}" for i in range(3))} == set(names)
    assert 6 == len(graph.relations)
    step = yield p.datamap.lineage.get_next_page(first, direction=m.LineageDirection.OUTPUT)
    assert [made.guid_assignments["-1001"]] == [r.to_entity_id for r in step.relations]
    pages = yield Pages(p.datamap.discovery.query(body=m.QueryOptions(keywords="table", limit=100)))
    assert [100, 100, 50] == [len(page) for page in pages]


def missing_placeholder_story(p: Any) -> Flow:
    m = datamap.models
    lost = m.AtlasEntity(
        type_name="Process",
        guid="-2",
        attributes={"qualifiedName": "p", "inputs": [{"guid": "-1002", "typeName": "DataSet"}]},
    )
    with pytest.raises(NotFoundError, match="-1002"):
        yield p.datamap.entity.bulk_create_or_update(
            body=m.AtlasEntitiesWithExtInfo(entities=[lost])
        )


def relationship_story(p: Any) -> Flow:
    m = datamap.models
    both = [
        m.AtlasEntity(type_name="DataSet", guid=f"-{i}", attributes={"qualifiedName": f"d{i}"})
        for i in (1, 2)
    ]
    made = yield p.datamap.entity.bulk_create_or_update(
        body=m.AtlasEntitiesWithExtInfo(entities=both)
    )
    one, two = (made.guid_assignments[f"-{i}"] for i in (1, 2))
    ends = {"end1": m.AtlasObjectId(guid=one), "end2": m.AtlasObjectId(guid=two)}
    made = yield p.datamap.relationship.create(
        body=m.AtlasRelationship(type_name="direct_lineage_dataset_dataset", **ends)
    )
    got = yield p.datamap.relationship.get(made.guid, extended_info=True)
    assert {one, two} == set(got.referred_entities)
    graph = yield p.datamap.lineage.get(two, direction=m.LineageDirection.INPUT)
    assert [one] == [r.from_entity_id for r in graph.relations]
    yield p.datamap.relationship.delete(made.guid)
    graph = yield p.datamap.lineage.get(two, direction=m.LineageDirection.INPUT)
    assert not graph.relations


def ends_story(p: Any) -> Flow:
    """What one end of a relationship is told, the other end shows.

    It may be told by attributes of an entity, or by a relationship of its own.
    """
    m, entities = datamap.models, p.datamap.entity

    def made(type_name: str, name: str, guid: str, **related: Any) -> Any:
        return m.AtlasEntity(
            type_name=type_name,
            guid=guid,
            attributes={"qualifiedName": name, "name": name},
            relationship_attributes=related or None,
        )

    columns = [made("azure_sql_column", f"c{i}", f"-{i}", table={"guid": "-9"}) for i in (1, 2)]
    body = m.AtlasEntitiesWithExtInfo(entities=[*columns, made("azure_sql_table", "t", "-9")])
    guids = (yield entities.bulk_create_or_update(body=body)).guid_assignments
    table = (yield entities.get(guids["-9"])).entity
    shown = table.relationship_attributes["columns"]
    assert [guids["-1"], guids["-2"]] == [end["guid"] for end in shown]
    relation = (yield p.datamap.relationship.get(shown[0]["relationshipGuid"])).relationship
    assert ("azure_sql_table_columns", guids["-9"]) == (relation.type_name, relation.end1.guid)
    column = (yield entities.get(guids["-1"])).entity
    assert guids["-9"] == column.relationship_attributes["table"]["guid"]
    # put back: the same relationships
    yield entities.create_or_update(body=m.AtlasEntityWithExtInfo(entity=table))
    again = (yield entities.get(guids["-9"])).entity.relationship_attributes["columns"]
    assert [end["relationshipGuid"] for end in shown] == [end["relationshipGuid"] for end in again]
    table.relationship_attributes["columns"] = shown[:1]
    yield entities.create_or_update(body=m.AtlasEntityWithExtInfo(entity=table))
    assert not (yield entities.get(guids["-2"])).entity.relationship_attributes
    yield p.datamap.relationship.delete(shown[0]["relationshipGuid"])
    assert not (yield entities.get(guids["-9"])).entity.relationship_attributes


def search_story(p: Any) -> Flow:
    m, discovery = datamap.models, p.datamap.discovery
    made = [
        m.AtlasEntity(
            type_name="azure_sql_table",
            guid=f"-{i}",
            attributes={
                "qualifiedName": f"q{i}",
                "name": name,
                "rows": i,
                "owner": "me" if i % 2 else None,
            },
        )
        for i, name in enumerate(("pear", "Apple", "fig", "apricot"), 1)
    ]
    guids = (
        yield p.datamap.entity.bulk_create_or_update(body=m.AtlasEntitiesWithExtInfo(entities=made))
    ).guid_assignments
    yield p.datamap.type.bulk_create(body=operations_metadata())
    yield p.datamap.entity.add_or_update_business_metadata(guids["-3"], body={"ops": {"tier": 2}})

    def asked(condition: Any = None, orderby: Any = None, **more: Any) -> Any:
        order = [{"name": "ASC"}] if orderby is None else orderby
        return discovery.query(body=m.QueryOptions(filter_=condition, orderby=order, **more))

    def where(name: str, how: str, value: Any) -> Any:
        return {"attributeName": name, "operator": how, "attributeValue": value}

    for condition, names in (
        (None, ["Apple", "apricot", "fig", "pear"]),
        (where("name", "eq", "fig"), ["fig"]),
        (where("name", "ne", "fig"), ["Apple", "apricot", "pear"]),
        (where("name", "prefix", "ap"), ["Apple", "apricot"]),
        (where("name", "contains", "P"), ["Apple", "apricot", "pear"]),
        (where("rows", "gt", 2), ["apricot", "fig"]),
        (where("rows", "le", 2), ["Apple", "pear"]),
        (where("ops.tier", "ge", 2), ["fig"]),
        (where("createTime", "timerange", "LAST_24H"), ["Apple", "apricot", "fig", "pear"]),
        (where("createTime", "timerange", "MORE_THAN_365D"), []),
        (
            {"and": [{"entityType": "azure_sql_table"}, {"not": {"owner": "me"}}]},
            ["Apple", "apricot"],
        ),
        ({"or": [where("rows", "lt", 2), {"id": guids["-4"]}]}, ["apricot", "pear"]),
    ):
        assert names == [hit.name for hit in (yield asked(condition))], condition
    down = yield asked(orderby=[{"owner": "asc"}, {"rows": "DESC"}])
    # who has no owner comes last
    assert ["fig", "pear", "apricot", "Apple"] == [hit.name for hit in down]
    pages = yield Pages(asked(limit=3))
    assert [["Apple", "apricot", "fig"], ["pear"]] == [[hit.name for hit in page] for page in pages]
    for bad in (
        {"filter_": where("name", "like", "x")},
        {"filter_": {"entitytype": "x"}},
        {"orderby": [{"name": "up"}]},
    ):
        with pytest.raises(BadRequestError):
            yield discovery.query(body=m.QueryOptions(**bad))


def devops_story(p: Any) -> Flow:
    m, policies = devops_policies.models, p.devops_policies.devops_sql_perf_monitor_policy
    rule = m.DevopsPolicyDecisionRule(
        effect=m.Decision.PERMIT, principals=[ME], principal_groups=[]
    )
    body = m.DevopsPolicy(decision_rules=[rule], purview_resource_name="lake")
    yield policies.create_or_replace("lake", body=body)
    got = yield policies.get("lake")
    assert ["lake"] == [
        x.purview_resource_name for x in (yield p.devops_policies.devops_policy.list())
    ]
    with pytest.raises(PreconditionFailedError):
        yield policies.create_or_replace("lake", body=got, if_match='"stale"')
    seen: list[Any] = []
    shown = p.devops_policies.with_options(on_response=seen.append).devops_sql_perf_monitor_policy
    read = yield shown.get("lake")
    etag = seen[-1].headers["etag"]
    read.decision_rules[0].principals.append(TERM)
    yield shown.create_or_replace("lake", body=read, if_match=etag)
    assert etag != seen[-1].headers["etag"]
    with pytest.raises(PreconditionFailedError):  # somebody changed it since it was read
        yield shown.create_or_replace("lake", body=read, if_match=etag)
    changed = yield shown.get("lake")
    assert [ME, TERM] == changed.decision_rules[0].principals
    yield policies.create_or_replace("lake", body=got, if_match="*")
    yield policies.delete("lake", if_match="*")
    with pytest.raises(NotFoundError):
        yield policies.get("lake")


def share_story(p: Any) -> Flow:
    m = share.models
    store = m.StoreReference(
        reference_name="/subscriptions/s/store",
        type_=m.ReferenceNameType.ARM_RESOURCE_REFERENCE,
    )
    paths = [m.StorageAccountPath(container_name="c", sender_path="in", receiver_path="out")]
    artifact = m.AdlsGen2Artifact(
        store_reference=store, properties=m.AdlsGen2ArtifactProperties(paths=paths)
    )
    body = m.InPlaceSentShare(
        properties=m.InPlaceSentShareProperties(display_name="orders", artifact=artifact)
    )
    made = yield p.share.sent_shares.begin_create_or_replace(TERM, body=body)
    assert "orders" == made.properties.display_name
    listed = yield p.share.sent_shares.list(reference_name="/subscriptions/s/store")
    assert [TERM] == [s.id for s in listed]
    who = m.UserInvitation(properties=m.UserInvitationProperties(target_email="a@example.com"))
    yield p.share.sent_shares.create_invitation(TERM, DOMAIN, body=who)
    waiting = yield p.share.received_shares.list_detached()
    assert [DOMAIN] == [s.id for s in waiting]
    received = waiting[0]
    received.properties.sink = m.AdlsGen2AccountSink(
        store_reference=store,
        properties=m.AdlsGen2AccountSinkProperties(container_name="c", folder="f"),
    )
    yield p.share.received_shares.begin_create_or_replace(DOMAIN, body=received)
    attached = yield p.share.received_shares.list_attached(reference_name="/subscriptions/s/store")
    assert ["Attached"] == [s.properties.share_status for s in attached]
    done = yield p.share.sent_shares.begin_delete(TERM)
    assert "Succeeded" == done.status
    with pytest.raises(NotFoundError):
        yield p.share.sent_shares.get(TERM)


def workflow_story(p: Any) -> Flow:
    m = workflow.models
    trigger = m.Trigger(type_=m.TriggerType.WHEN_TERM_CREATION_IS_REQUESTED)
    body = m.WorkflowCreateOrUpdateCommand(
        triggers=[trigger], name="approve", is_enabled=True, description=""
    )
    yield p.workflow.workflow.create_or_replace(TERM, body=body)
    assert "approve" == (yield p.workflow.workflow.get(TERM)).name
    ask = m.UserRequestPayload(
        operations=[m.Operation(type_=m.OperationType.CREATE_TERM, payload={"name": "RMA"})],
    )
    asked = yield p.workflow.user_requests.submit(body=ask)
    [run] = asked.operations[0].workflow_run_ids
    [task] = yield p.workflow.workflow_tasks.list()
    assert (run, "Pending") == (task.workflow_run_id, task.approval_detail.status)
    yield p.workflow.approval.approve(task.id, body=m.ApprovalResponseComment(comment="fine"))
    assert "Completed" == (yield p.workflow.workflow_run.get(run)).status
    assert "Approved" == (yield p.workflow.workflow_task.get(task.id)).approval_detail.status
    yield p.workflow.workflow.delete(TERM)
    assert [] == (yield p.workflow.workflows.list())


def unified_story(p: Any) -> Flow:
    m, u = unified_catalog.models, p.unified_catalog
    facts: dict[str, Any] = {
        "parent_id": TERM,
        "thumbnail": {},
        "domains": [],
        "managed_attributes": [],
        "system_data": {},
    }
    domain = m.Domain.from_dict(
        {
            "id": DOMAIN,
            "name": "Sales",
            "parentId": TERM,
            "thumbnail": {},
            "domains": [],
            "managedAttributes": [],
            "systemData": {},
        }
    )
    assert facts
    yield u.business_domain.create(body=domain)
    with pytest.raises(ConflictError):
        yield u.business_domain.create(body=domain)
    for key, parent in ((TERM, None), (ME, TERM)):
        status = m.CatalogModelStatus.DRAFT
        yield u.terms.create(
            body=m.Term(id=key, name="Order", status=status, domain=DOMAIN, parent_id=parent)
        )
    chain = yield u.terms.list_hierarchy(ME)
    assert [TERM, ME] == [t.id for t in chain]
    got = yield u.terms.get(ME)
    got.description = "what a customer wants"
    yield u.terms.update(ME, body=got)
    assert 2 == len((yield u.terms.list(domain_id=DOMAIN)))
    assert 2 == (yield u.terms.count(body=m.DuplicateQueryRequest(name_keyword="order"))).count
    yield u.data_products.create(body=m.DataProduct(id=PRODUCT, name="Orders", domain=DOMAIN))
    related = m.TermRelationship(
        entity_id=PRODUCT, relationship_type=m.TermRelationshipType.RELATED
    )
    yield u.terms.add_related_entity(ME, body=related, entity_type=m.EntityCategory.DATAPRODUCT)
    found = yield u.terms.list_related_entities(ME)
    assert [PRODUCT] == [r.entity_id for r in found]
    yield u.terms.delete_related(ME, entity_type=m.EntityCategory.DATAPRODUCT, entity_id=PRODUCT)
    assert [] == (yield u.terms.list_related_entities(ME))
    yield u.terms.delete(ME)
    with pytest.raises(NotFoundError):
        yield u.terms.get(ME)


def wanted(comment: str | None = None) -> Any:
    m = data_access.models
    return m.DataSubscription(
        subscriber_identity=m.Identity(identity_type=m.IdentityType.USER, object_id=ME),
        data_product_id=PRODUCT,
        policy_set_values=m.DataSubscriptionPolicySetValues(use_cases=["reports"]),
        global_comment=comment,
    )


def access_story(p: Any) -> Flow:
    """A draft has no status; what is asked for has one that the caller cannot change, nor lose."""
    subscriptions = p.data_access.data_subscriptions
    yield subscriptions.replace_draft(TERM, body=wanted())
    assert (yield subscriptions.get(TERM)).subscription_status is None
    asked = yield subscriptions.create_or_replace(TERM, body=wanted("please"))
    assert ("Pending", False) == (asked.subscription_status, asked.use_workflow)
    got = yield subscriptions.get(TERM)
    got.global_comment = "please, again"
    yield subscriptions.create_or_replace(TERM, body=got)
    [kept] = yield subscriptions.list(data_product_id=PRODUCT)
    assert ("please, again", "Pending") == (kept.global_comment, kept.subscription_status)
    assert asked.created_at == kept.created_at
    assert [] == (yield subscriptions.list(data_product_id=DOMAIN))
    yield subscriptions.delete(TERM)
    with pytest.raises(NotFoundError):
        yield subscriptions.get(TERM)


def asking(title: str = "Allow it?") -> Any:
    """A workflow that starts when access is asked for."""
    m = data_access.models
    step = m.ApprovalAction(
        inputs=m.ApprovalInputs(approval_type="Custom", title=title, assigned_to=[ME])
    )
    trigger = m.Trigger(type_=m.TriggerType.DATA_ACCESS_REQUEST_SUBMITTED)
    return m.Workflow(name="ask", is_enabled=True, triggers=[trigger], action_dag=[step])


def approvals_story(p: Any) -> Flow:
    """A subscription waits for its run; who decides on the run decides on it, once."""
    m, access, flows = data_access.models, p.data_access.data_subscriptions, p.data_access.workflows
    yield p.unified_catalog.data_products.create(
        body=unified_catalog.models.DataProduct(id=PRODUCT, name="Orders", domain=DOMAIN)
    )
    yield flows.create_or_replace(DOMAIN, body=asking())
    for key in (TERM, PRODUCT):
        asked = yield access.create_or_replace(key, body=wanted())
        assert ("Pending", DOMAIN, "Orders", [ME]) == (
            *(
                asked.subscription_status,
                asked.workflow_id,
                asked.data_product_name,
                asked.access_providers,
            ),
        )
    waiting = yield flows.get_approvals()
    assert [("Allow it?", "Orders", [ME])] * 2 == [
        (a.title, a.business_concept, a.approvers) for a in waiting
    ]
    first, second = (a.workflow_run_id for a in waiting)
    assert {first, second} == {run.id for run in (yield flows.list_runs(status="InProgress"))}
    yield flows.approve_run(DOMAIN, first, body=m.WorkflowActionRequest(comment="fine"))
    yield flows.reject_run(DOMAIN, second)
    assert "Approved" == (yield access.get(TERM)).subscription_status
    assert "Declined" == (yield access.get(PRODUCT)).subscription_status
    [decided] = (yield flows.get_run_approvals(first)).value
    assert [(ME, "Approved", "fine")] == [
        (s.approver, s.status, s.comment) for s in decided.approval_statuses
    ]
    assert "Completed" == (yield flows.get_run(first)).status
    assert [] == (yield flows.get_approvals())
    assert [first] == [
        a.workflow_run_id for a in (yield flows.get_approvals(approval_status="Completed"))
    ]
    with pytest.raises(BadRequestError):
        yield flows.approve_run(DOMAIN, second)
    yield access.complete(TERM)
    assert "Completed" == (yield access.get(TERM)).subscription_status
    yield flows.delete_run(first)
    with pytest.raises(NotFoundError):
        yield flows.get_run(first)
    assert [] == (yield flows.get_approvals(approval_status="Completed"))


def policy_sets_story(p: Any) -> Flow:
    """A policy set keeps its id, and its kind is that of what it is set on.

    A data product may skip the workflow.
    """
    m, sets = data_access.models, p.data_access.data_product_policy_sets
    yield p.data_access.workflows.create_or_replace(DOMAIN, body=asking())
    target = m.TargetResource(target_id=PRODUCT, target_type=m.TargetType.DATA_PRODUCT)
    policies = m.DataProductPolicies(permitted_use_cases=[], approvers=[], skip_workflow=True)
    made = yield sets.create_or_replace_applied(
        PRODUCT, body=m.DataProductPolicySet(target_resource=target, policies=policies)
    )
    made.policies.data_copy_permitted = True
    kept = yield sets.create_or_replace_applied(PRODUCT, body=made)
    assert (made.policy_set_id, True) == (kept.policy_set_id, kept.policies.data_copy_permitted)
    assert kept == (yield sets.get_effective(PRODUCT))
    assert (yield sets.get_workflow_settings(PRODUCT)).skip_workflow_enabled
    asked = yield p.data_access.data_subscriptions.create_or_replace(TERM, body=wanted())
    assert (False, None) == (asked.use_workflow, asked.workflow_id)
    assert [] == (yield p.data_access.workflows.get_approvals())
    yield sets.delete_applied(PRODUCT)
    assert not (yield sets.get_workflow_settings(PRODUCT)).skip_workflow_enabled
    with pytest.raises(NotFoundError):
        yield sets.get_applied(PRODUCT)


def columns_story(p: Any) -> Flow:
    m, columns = unified_catalog.models, p.unified_catalog.data_columns

    def taken(asset: str, column: str) -> Any:
        request = m.IngestDataColumnRequest(data_map_asset_id=asset, data_map_column_id=column)
        return columns.ingest(body=m.IngestDataColumnBatchRequest(requests=[request]))

    def asked(**fields: Any) -> Any:
        filtered = m.DataColumnQueryFilter(**fields) if fields else None
        return columns.query(
            body=m.DataColumnQueryRequest(filter_=filtered, including_orphans=True)
        )

    with pytest.raises(NotFoundError):
        yield columns.get(ME)
    one, two = (yield taken(DOMAIN, TERM)), (yield taken(DOMAIN, PRODUCT))
    assert (one.id, TERM) == ((yield taken(DOMAIN, TERM)).id, one.source.column_id)
    assert DOMAIN == (yield columns.get(one.id)).source.asset_id
    assert {one.id, two.id} == {c.id for c in (yield asked())}
    field = m.DataColumnFieldFilter
    assert [two.id] == [c.id for c in (yield asked(source_column_id=field(ne=TERM)))]
    assert [one.id] == [
        c.id for c in (yield asked(id=field(in_=[one.id]), source_asset_id=field(eq=DOMAIN)))
    ]
    body = m.DataColumnCreateRelationshipRequest(
        relationship_type=m.DataColumnRelationshipType.RELATED, entity_id=PRODUCT
    )
    yield columns.add_related_entity(one.id, body=body, entity_type=m.EntityCategory.TERM)
    assert [PRODUCT] == [
        r.entity_id
        for r in (yield columns.list_related_entities(one.id, entity_type=m.EntityCategory.TERM))
    ]


def rules_story(p: Any) -> Flow:
    """A resource that has a fixed name is in its list."""
    rules = p.account.resource_set_rules
    assert [] == (yield rules.list())
    yield rules.create_or_update(body=account.models.ResourceSetRuleConfig())
    assert 1 == len((yield rules.list()))
    yield rules.delete()
    assert [] == (yield rules.list())


def health_story(p: Any) -> Flow:
    """Controls are set instead of made; their kinds and schedule come back as what they are."""
    m, health = data_estate_health.models, p.data_estate_health
    with pytest.raises(NotFoundError):
        yield health.controls.get(TERM)
    properties = m.ControlNodeTypeProperties(group_id=DOMAIN, assessment_id=PRODUCT)
    yield health.controls.update(
        TERM, body=m.ControlNode(name="quality", type_properties=properties)
    )
    yield health.controls.update(DOMAIN, body=m.ControlGroup(name="trust"))
    got = yield health.controls.get(TERM)
    got.description = "how good it is"
    yield health.controls.update(TERM, body=got)
    [node, group] = yield health.controls.list()
    assert (m.ControlNode, TERM, "how good it is", DOMAIN) == (
        *(type(node), node.id, node.description, node.type_properties.group_id),
    )
    assert (m.ControlGroup, "trust") == (type(group), group.name)
    assert "how good it is" == (yield health.controls.reset(TERM)).description
    rule = m.AssessmentRule(
        id="r1", rule=m.SimpleRule(type_properties=m.SimpleRuleTypeProperties(operand="0.8"))
    )
    yield health.assessments.update(PRODUCT, body=m.Assessment(name="rules", rules=[rule]))
    [assessment] = yield health.assessments.list()
    assert (PRODUCT, "0.8") == (assessment.id, assessment.rules[0].rule.type_properties.operand)
    weekly = m.Schedule(frequency=m.ScheduleFrequency.WEEK, interval=1, time_zone="UTC")
    yield health.schedules.create_or_update(body=weekly)
    kept = yield health.schedules.get()
    assert ("Week", 1) == (kept.frequency, kept.interval)


def policies_story(p: Any) -> Flow:
    listed = yield p.self_service_policies.self_service_policies.list()
    key = listed[0].policy_id or "p1"
    yield p.self_service_policies.self_service_policies.get(key)
    yield p.self_service_policies.self_service_policies.delete(key)
    with pytest.raises(NotFoundError):
        yield p.self_service_policies.self_service_policies.get(key)
    assert (yield p.pds.policy_elements.list(scope="/s"))


STORIES = [
    *(
        scanning_story,
        collections_story,
        roles_story,
        entity_story,
        types_story,
        glossary_story,
        csv_story,
        lineage_story,
    ),
    *(ends_story, search_story, approvals_story, columns_story, rules_story),
    *(
        missing_placeholder_story,
        relationship_story,
        devops_story,
        share_story,
        workflow_story,
        unified_story,
    ),
    *(access_story, policy_sets_story, health_story, policies_story),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_a_story_goes_as_at_the_service(run: Any, story: Story) -> None:
    run(story)


def test_a_list_of_three_pages_is_read_to_its_end(run: Any) -> None:
    def story(p: Any) -> Flow:
        for i in range(5):
            yield p.scanning.data_sources.create_or_replace(f"source{i}", body=source())
        pages = yield Pages(p.scanning.data_sources.list())
        assert [["source0", "source1"], ["source2", "source3"], ["source4"]] == [
            [s.name for s in page] for page in pages
        ]

    run(story, page_size=2)


def test_a_scan_runs_to_its_end(run: Any, exact: bool) -> None:
    def story(p: Any) -> Flow:
        yield p.scanning.data_sources.create_or_replace("lake", body=source())
        with pytest.raises(NotFoundError):
            yield p.scanning.scan_result.begin_run_scan("lake", "weekly")
        yield p.scanning.scans.create_or_replace("lake", "weekly", body=scan())
        done = yield p.scanning.scan_result.begin_run_scan("lake", "weekly", run_id=TERM)
        assert (TERM, "Succeeded") == (done.id, done.status)
        [past] = yield p.scanning.scan_result.list_scan_history("lake", "weekly")
        assert (TERM, "Succeeded") == (past.id, past.status)
        assert past.end_time is not None
        with pytest.raises(ConflictError):
            yield p.scanning.scan_result.begin_cancel_scan("lake", "weekly", TERM)

    sandbox = run(story)
    polls = [s for s in sandbox.requests if s.operation == "ScanResult_GetScanStatus"]
    assert 3 == len(polls)


@pytest.mark.parametrize("kind", ["operation-fails", "operation-never-ends"])
def test_a_run_may_fail_or_never_end(kind: str) -> None:
    with Sandbox(["scanning"]) as sandbox:
        sandbox.faults.add(Fault(kind, operation="ScanResult_RunScan"))

        def story(p: Any) -> Flow:
            yield p.scanning.data_sources.create_or_replace("lake", body=source())
            yield p.scanning.scans.create_or_replace("lake", "weekly", body=scan())
            poller = p.scanning.scan_result.begin_run_scan("lake", "weekly")
            if kind == "operation-fails":
                with pytest.raises(PollingError, match="SandboxFault"):
                    poller.result()
            else:
                statuses = [poller.status() for _ in itertools.repeat(None, 9)]
                assert (["InProgress"], False) == (sorted(set(statuses)), poller.done())

        tell(story, sandbox, asynchronous=False)

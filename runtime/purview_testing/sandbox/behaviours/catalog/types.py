"""Type definitions of the Data Map, in all their categories, with those that an account starts with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply, Settings
from purview_testing.sandbox.state.store import Store

PLANES = ("datamap", "datamap_preview", "catalog")
KIND = "/atlas/types"
_SPACE = uuid.UUID("5f6f2f0a-9d0b-4c7e-8d53-7a41f7c2c0aa")
GROUPS = {
    "businessMetadataDefs": "BUSINESS_METADATA",
    "classificationDefs": "CLASSIFICATION",
    "entityDefs": "ENTITY",
    "enumDefs": "ENUM",
    "relationshipDefs": "RELATIONSHIP",
    "structDefs": "STRUCT",
    "termTemplateDefs": "TERM_TEMPLATE",
}
_ROUTE_OF = {  # path element -> category; "typedef" is any
    "businessmetadatadef": "BUSINESS_METADATA",
    "classificationdef": "CLASSIFICATION",
    "entitydef": "ENTITY",
    "enumdef": "ENUM",
    "relationshipdef": "RELATIONSHIP",
    "structdef": "STRUCT",
    "typedef": None,
}
_ENTITIES = {
    "Asset": ("Referenceable",),
    "DataSet": ("Asset",),
    "Infrastructure": ("Asset",),
    "Process": ("Asset",),
    "Purview_DataMap_Root": (),
    "Referenceable": (),
    "adf_copy_activity": ("Process",),
    "adf_pipeline": ("Process",),
    "azure_blob_container": ("DataSet",),
    "azure_blob_path": ("DataSet",),
    "azure_datalake_gen2_filesystem": ("DataSet",),
    "azure_datalake_gen2_path": ("DataSet",),
    "azure_datalake_gen2_resource_set": ("DataSet",),
    "azure_datalake_gen2_service": ("Asset",),
    "azure_sql_column": ("DataSet",),
    "azure_sql_db": ("Asset",),
    "azure_sql_schema": ("Asset",),
    "azure_sql_server": ("Asset",),
    "azure_sql_table": ("DataSet",),
    "azure_sql_view": ("DataSet",),
    "azure_storage_account": ("Asset",),
    "azure_synapse_dedicated_sql_table": ("DataSet",),
    "column": ("DataSet",),
    "databricks_table": ("DataSet",),
    "hive_table": ("DataSet",),
    "mssql_table": ("DataSet",),
    "powerbi_dataset": ("DataSet",),
    "powerbi_report": ("DataSet",),
    "spark_process": ("Process",),
    "tabular_schema": ("DataSet",),
}
_CLASSIFICATIONS = (
    "MICROSOFT.PERSONAL.EMAIL",
    "MICROSOFT.PERSONAL.NAME",
    "MICROSOFT.FINANCIAL.CREDIT_CARD_NUMBER",
)
# name -> for both ends: its type, the attribute under which it has the other end, whether there may be many of those
_RELATIONSHIPS = {
    "AtlasGlossarySemanticAssignment": (
        ("AtlasGlossaryTerm", "assignedEntities", True),
        ("Referenceable", "meanings", True),
    ),
    "azure_sql_table_columns": (
        ("azure_sql_table", "columns", True),
        ("azure_sql_column", "table", False),
    ),
    "dataset_process_inputs": (("Process", "inputs", True), ("DataSet", "inputToProcesses", True)),
    "direct_lineage_dataset_dataset": (("DataSet", "sinks", True), ("DataSet", "sources", True)),
    "process_dataset_outputs": (
        ("Process", "outputs", True),
        ("DataSet", "outputFromProcesses", True),
    ),
    "tabular_schema_columns": (
        ("tabular_schema", "columns", True),
        ("column", "composeSchema", False),
    ),
}


def install(store: Store, _: Settings) -> None:
    if store.total(KIND):
        return
    for name, above in _ENTITIES.items():
        attributes = [
            _attribute("qualifiedName", unique=True),
            _attribute("name"),
            _attribute("description"),
        ]
        own = attributes if name in ("Referenceable", "Asset") else []
        _save(
            store,
            {"name": name, "superTypes": list(above), "attributeDefs": own, "subTypes": []},
            "ENTITY",
            0,
        )
    for name in _CLASSIFICATIONS:
        _save(
            store,
            {
                "name": name,
                "superTypes": [],
                "subTypes": [],
                "attributeDefs": [],
                "entityTypes": [],
            },
            "CLASSIFICATION",
            0,
        )
    for name, both in _RELATIONSHIPS.items():
        ends = {f"endDef{i}": _end_def(*end) for i, end in enumerate(both, 1)}
        _save(
            store,
            {"name": name, "relationshipCategory": "ASSOCIATION", "attributeDefs": [], **ends},
            "RELATIONSHIP",
            0,
        )


def _end_def(type_name: str, name: str, many: bool) -> Json:
    return {
        "type": type_name,
        "name": name,
        "isContainer": False,
        "cardinality": "SET" if many else "SINGLE",
    }


def _attribute(name: str, *, unique: bool = False) -> Json:
    return {
        "name": name,
        "typeName": "string",
        "isUnique": unique,
        "isOptional": not unique,
        "cardinality": "SINGLE",
    }


def _save(store: Store, value: Json, category: str, now: int, old: Json | None = None) -> Json:
    facts = {
        "category": category,
        "guid": (old or value).get("guid") or str(uuid.uuid5(_SPACE, value["name"])),
        "createTime": (old or {}).get("createTime", now),
        "createdBy": (old or {}).get("createdBy", CALLER),
        "updateTime": now,
        "updatedBy": CALLER,
        "version": (old or {}).get("version", 0) + 1,
    }
    made = {**value, **facts}
    store.put(KIND, value["name"], made, [f"guid:{facts['guid']}", f"category:{category}"])
    return made


def known(store: Store, name: str, category: str) -> bool:
    """Whether a type is defined."""
    found = store.get(KIND, name)
    return found is not None and found["category"] == category


def has_attribute(store: Store, name: str) -> bool:
    """Whether a type has an attribute of a name; one of business metadata is called `Group.attribute`."""
    group, _, own = name.rpartition(".")
    rows = [store.get(KIND, group)] if group else [row.value for row in store.page(KIND, 100_000)]
    return any(
        a.get("name") == own for value in rows if value for a in value.get("attributeDefs") or []
    )


def relation(store: Store, type_name: str, attribute: str) -> tuple[str, int] | None:
    """The relationship that an attribute of an entity stands for, and which end of it the entity is."""
    mine = above(store, type_name)
    for row in store.page(KIND, 10_000, tag="category:RELATIONSHIP"):
        for end in (1, 2):
            facts = row.value.get(f"endDef{end}") or {}
            if facts.get("name") == attribute and facts.get("type") in mine:
                return row.key, end
    return None


def above(store: Store, name: str) -> set[str]:
    """A type and all that it inherits from."""
    out, todo = set[str](), [name]
    while todo:
        current = todo.pop()
        if current not in out:
            out.add(current)
            todo += (store.get(KIND, current) or {}).get("superTypes") or []
    return out


def _shown(call: Call, value: Json, schema: Any) -> Json:
    """As the schema has it; a category that it does not know is left out of exact answers, though the service sends it."""
    out = call.known_members(value, schema)
    schemas = call.operation.contract.schemas
    category = schemas.shape(schema).properties.get("category")
    enum = schemas.shape(category).enum if category is not None else ()
    if call.settings.exact and enum and out.get("category") not in enum:
        out.pop("category", None)
    return out


def missing(what: str) -> Problem:
    return Problem(404, "ATLAS-404-00-001", f"Given type {what} was invalid")


def _get(element: str, by: str) -> Behaviour:
    def get(call: Call) -> Reply:
        wanted = call.arguments[0]
        row = call.store.first(KIND, f"guid:{wanted}") if by == "guid" else None
        value = row.value if row else call.store.get(KIND, wanted) if by == "name" else None
        category = _ROUTE_OF.get(element, "TERM_TEMPLATE")
        if value is None or (category is not None and value["category"] != category):
            if not call.settings.fill:
                raise missing(f"{by} {wanted}")
            value = {**call.example(), by: wanted}
        return Reply(_shown(call, value, call.operation.result))

    return get


def _defs(body: Json) -> Iterator[tuple[str, Json]]:
    for group in GROUPS:
        for value in body.get(group) or []:
            yield group, value


def create(call: Call) -> Reply:
    """All of them or none: a name that is taken is a conflict, also by another one of the same request."""
    names = set[str]()
    for _, value in _defs(call.body):
        name = str(value.get("name"))
        if (name in names or call.store.get(KIND, name) is not None) and not call.settings.fill:
            raise Problem(409, "ATLAS-409-00-001", f"Given type {name} already exists")
        names.add(name)
    _check_named(call)
    return _written(call)


def update(call: Call) -> Reply:
    for _, value in _defs(call.body):
        if call.store.get(KIND, str(value.get("name"))) is None and not call.settings.fill:
            raise missing(f"name {value.get('name')}")
    _check_named(call)
    return _written(call)


def _check_named(call: Call) -> None:
    """The types that others build on are there, or come with the same request."""
    if call.settings.fill:
        return
    coming = {(GROUPS[group], str(value.get("name"))) for group, value in _defs(call.body)}
    for group, value in _defs(call.body):
        for category, name in _builds_on(GROUPS[group], value):
            if (category, name) not in coming and not known(call.store, name, category):
                text = f"{value.get('name')}: given type name {name} was invalid; no {category} of this name is defined"
                raise Problem(404, "ATLAS-404-00-001", text)


def _builds_on(category: str, value: Json) -> Iterator[tuple[str, str]]:
    """(category, name) of the super types of a type, of the entity types that it is for, of the ends of a relationship."""
    yield from ((category, str(name)) for name in value.get("superTypes") or [])
    yield from (("ENTITY", str(name)) for name in value.get("entityTypes") or [])
    ends = [value.get(f"endDef{i}") for i in (1, 2)] if category == "RELATIONSHIP" else []
    yield from (
        ("ENTITY", str(end["type"])) for end in ends if isinstance(end, dict) and "type" in end
    )


def _written(call: Call) -> Reply:
    out: Json = {}
    properties = call.operation.contract.schemas.shape(call.operation.result).properties
    for group, value in _defs(call.body):
        name = str(value.get("name"))
        made = _save(
            call.store,
            {**value, "name": name},
            GROUPS[group],
            call.now_ms,
            call.store.get(KIND, name),
        )
        item = call.operation.contract.schemas.shape(properties[group]).items
        out.setdefault(group, []).append(_shown(call, made, item))
    return Reply(out)


def delete_many(call: Call) -> Reply:
    names = [str(value.get("name")) for _, value in _defs(call.body)]
    for name in names:
        _check_free(call, name)
    for name in names:
        call.store.delete(KIND, name)
    return Reply()


def delete(call: Call) -> Reply:
    _check_free(call, call.arguments[0])
    call.store.delete(KIND, call.arguments[0])
    return Reply()


def _check_free(call: Call, name: str) -> None:
    if call.store.get(KIND, name) is None and not call.settings.fill:
        raise missing(f"name {name}")
    if call.store.total("/atlas/entities", f"type:{name}") or call.store.total(
        "/atlas/entities", f"cls:{name}"
    ):
        raise Problem(409, "ATLAS-409-00-002", f"Given type {name} has references")


def _all(call: Call) -> Iterator[tuple[str, Json]]:
    wanted = str(call.query.get("type", "")).upper()
    templates = call.query.get("includeTermTemplate") is True
    for group, category in GROUPS.items():
        if (wanted and wanted != category) or (category == "TERM_TEMPLATE" and not templates):
            continue
        for row in call.store.page(KIND, 10_000, tag=f"category:{category}"):
            yield group, row.value


def listed(call: Call) -> Reply:
    out: Json = {}
    properties = call.operation.contract.schemas.shape(call.operation.result).properties
    for group, value in _all(call):
        if group in properties:
            item = call.operation.contract.schemas.shape(properties[group]).items
            out.setdefault(group, []).append(_shown(call, value, item))
    return Reply(out)


def headers(call: Call) -> Reply:
    item = call.operation.contract.schemas.shape(call.operation.result).items
    return Reply([_shown(call, value, item) for _, value in _all(call)])


ROUTES: dict[tuple[str, str], Behaviour] = {
    **{
        ("GET", f"/atlas/v2/types/{e}/{by}/{{}}"): _get(e, by)
        for e in _ROUTE_OF
        for by in ("guid", "name")
    },
    **{
        ("GET", f"/types/termtemplatedef/{by}/{{}}"): _get("termtemplatedef", by)
        for by in ("guid", "name")
    },
    ("DELETE", "/atlas/v2/types/typedef/name/{}"): delete,
    ("GET", "/atlas/v2/types/typedefs"): listed,
    ("POST", "/atlas/v2/types/typedefs"): create,
    ("PUT", "/atlas/v2/types/typedefs"): update,
    ("DELETE", "/atlas/v2/types/typedefs"): delete_many,
    ("GET", "/atlas/v2/types/typedefs/headers"): headers,
}

"""Type definitions of the Data Map, in all their categories."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply, Settings
from purview_testing.sandbox.state.store import Store

from . import built_in_types

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
_CATEGORY_OF = {  # by the element of the path; "typedef" stands for any category
    "businessmetadatadef": "BUSINESS_METADATA",
    "classificationdef": "CLASSIFICATION",
    "entitydef": "ENTITY",
    "enumdef": "ENUM",
    "relationshipdef": "RELATIONSHIP",
    "structdef": "STRUCT",
    "typedef": None,
}


def install(store: Store, _: Settings) -> None:
    """Defines the types that an account starts with."""
    if not store.total(KIND):
        for category, definition in built_in_types.definitions():
            _save(store, definition, category, 0)


def _save(store: Store, value: Json, category: str, now: int, old: Json | None = None) -> Json:
    """Stores a definition with what the service sets on it, and returns it."""
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
    """Returns whether a type of a category is defined."""
    found = store.get(KIND, name)
    return found is not None and found["category"] == category


def has_attribute(store: Store, name: str) -> bool:
    """Returns whether a type has an attribute of a name.

    An attribute of business metadata is called `Group.attribute`.
    """
    group, _, own = name.rpartition(".")
    if group:
        return _defines(store.get(KIND, group) or {}, own)
    return any(_defines(row.value, own) for row in store.page(KIND, 100_000))


def _defines(value: Json, attribute: str) -> bool:
    return any(a.get("name") == attribute for a in value.get("attributeDefs") or [])


def relation(store: Store, type_name: str, attribute: str) -> tuple[str, int] | None:
    """Returns the relationship that an attribute of an entity stands for.

    With it comes the number of the end that the entity is. None where the attribute stands for
    none.
    """
    mine = above(store, type_name)
    for row in store.page(KIND, 10_000, tag="category:RELATIONSHIP"):
        for end in (1, 2):
            facts = row.value.get(f"endDef{end}") or {}
            if facts.get("name") == attribute and facts.get("type") in mine:
                return row.key, end
    return None


def above(store: Store, name: str) -> set[str]:
    """Returns a type and all that it inherits from."""
    out: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in out:
            out.add(current)
            todo += (store.get(KIND, current) or {}).get("superTypes") or []
    return out


def _shown(call: Call, value: Json, schema: Any) -> Json:
    """A definition as a schema has it.

    An exact answer leaves out a category that the schema does not know, though the service sends
    it.
    """
    out = call.known_members(value, schema)
    schemas = call.operation.contract.schemas
    category = schemas.shape(schema).properties.get("category")
    enum = schemas.shape(category).enum if category is not None else ()
    if call.settings.exact and enum and out.get("category") not in enum:
        out.pop("category", None)
    return out


def missing(what: str) -> Problem:
    """Returns the error for a type that is not defined."""
    return Problem(404, "ATLAS-404-00-001", f"Given type {what} was invalid")


def _get(element: str, by: str) -> Behaviour:
    """Returns a behaviour that reads a definition by its guid or its name."""

    def get(call: Call) -> Reply:
        wanted = call.arguments[0]
        if by == "guid":
            row = call.store.first(KIND, f"guid:{wanted}")
            value = None if row is None else row.value
        else:
            value = call.store.get(KIND, wanted)
        category = _CATEGORY_OF.get(element, "TERM_TEMPLATE")
        if value is None or (category is not None and value["category"] != category):
            if not call.settings.fill:
                raise missing(f"{by} {wanted}")
            value = {**call.example(), by: wanted}
        return Reply(_shown(call, value, call.operation.result))

    return get


def _defs(body: Json) -> Iterator[tuple[str, Json]]:
    """Yields the definitions of a body, each with its group."""
    for group in GROUPS:
        for value in body.get(group) or []:
            yield group, value


def create(call: Call) -> Reply:
    """Defines types, all of them or none.

    A name that is taken is a conflict, also by another type of the same request.
    """
    names: set[str] = set()
    for _, value in _defs(call.body):
        name = str(value.get("name"))
        if (name in names or call.store.get(KIND, name) is not None) and not call.settings.fill:
            raise Problem(409, "ATLAS-409-00-001", f"Given type {name} already exists")
        names.add(name)
    _check_named(call)
    return _written(call)


def update(call: Call) -> Reply:
    """Changes definitions."""
    for _, value in _defs(call.body):
        if call.store.get(KIND, str(value.get("name"))) is None and not call.settings.fill:
            raise missing(f"name {value.get('name')}")
    _check_named(call)
    return _written(call)


def _check_named(call: Call) -> None:
    """Raises an error for types that others build on, if they exist nowhere."""
    if call.settings.fill:
        return
    coming = {(GROUPS[group], str(value.get("name"))) for group, value in _defs(call.body)}
    for group, value in _defs(call.body):
        for category, name in _builds_on(GROUPS[group], value):
            if (category, name) not in coming and not known(call.store, name, category):
                text = (
                    f"{value.get('name')}: given type name {name} was invalid; "
                    f"no {category} of this name is defined"
                )
                raise Problem(404, "ATLAS-404-00-001", text)


def _builds_on(category: str, value: Json) -> Iterator[tuple[str, str]]:
    """Yields category and name of the types that a definition builds on.

    These are its super types, the entity types that it is for, and the ends of a relationship.
    """
    for name in value.get("superTypes") or []:
        yield category, str(name)
    for name in value.get("entityTypes") or []:
        yield "ENTITY", str(name)
    ends = [value.get(f"endDef{i}") for i in (1, 2)] if category == "RELATIONSHIP" else []
    for end in ends:
        if isinstance(end, dict) and "type" in end:
            yield "ENTITY", str(end["type"])


def _written(call: Call) -> Reply:
    """Stores the definitions of a body, and replies with them."""
    out: Json = {}
    properties = call.operation.contract.schemas.shape(call.operation.result).properties
    for group, value in _defs(call.body):
        name = str(value.get("name"))
        old = call.store.get(KIND, name)
        made = _save(call.store, {**value, "name": name}, GROUPS[group], call.now_ms, old)
        item = call.operation.contract.schemas.shape(properties[group]).items
        out.setdefault(group, []).append(_shown(call, made, item))
    return Reply(out)


def delete_many(call: Call) -> Reply:
    """Removes definitions."""
    names = [str(value.get("name")) for _, value in _defs(call.body)]
    for name in names:
        _check_free(call, name)
    for name in names:
        call.store.delete(KIND, name)
    return Reply()


def delete(call: Call) -> Reply:
    """Removes a definition."""
    _check_free(call, call.arguments[0])
    call.store.delete(KIND, call.arguments[0])
    return Reply()


def _check_free(call: Call, name: str) -> None:
    """Raises an error for a type that is not defined, or that entities use."""
    if call.store.get(KIND, name) is None and not call.settings.fill:
        raise missing(f"name {name}")
    tags = (f"type:{name}", f"cls:{name}")
    if any(call.store.total("/atlas/entities", tag) for tag in tags):
        raise Problem(409, "ATLAS-409-00-002", f"Given type {name} has references")


def _all(call: Call) -> Iterator[tuple[str, Json]]:
    """Yields the definitions that the query asks for, each with its group."""
    wanted = str(call.query.get("type", "")).upper()
    templates = call.query.get("includeTermTemplate") is True
    for group, category in GROUPS.items():
        if (wanted and wanted != category) or (category == "TERM_TEMPLATE" and not templates):
            continue
        for row in call.store.page(KIND, 10_000, tag=f"category:{category}"):
            yield group, row.value


def listed(call: Call) -> Reply:
    """Lists the definitions by their groups."""
    out: Json = {}
    properties = call.operation.contract.schemas.shape(call.operation.result).properties
    for group, value in _all(call):
        if group in properties:
            item = call.operation.contract.schemas.shape(properties[group]).items
            out.setdefault(group, []).append(_shown(call, value, item))
    return Reply(out)


def headers(call: Call) -> Reply:
    """Lists the short forms of the definitions."""
    item = call.operation.contract.schemas.shape(call.operation.result).items
    return Reply([_shown(call, value, item) for _, value in _all(call)])


ROUTES: dict[tuple[str, str], Behaviour] = {
    **{
        ("GET", f"/atlas/v2/types/{element}/{by}/{{}}"): _get(element, by)
        for element in _CATEGORY_OF
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

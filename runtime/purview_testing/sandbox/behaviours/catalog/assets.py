"""Entities of the Data Map as they are stored, and the edges of lineage between them.

An entity is kept by its guid, with tags for all that it is found by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Call
from purview_testing.sandbox.state.lists import words
from purview_testing.sandbox.state.store import Store

KIND = "/atlas/entities"
EDGES = "/atlas/edges"  # from one entity to the next, for lineage
_ALL = 100_000
_HEADER = (
    "typeName",
    "guid",
    "status",
    "classifications",
    "labels",
    "meanings",
    "isIncomplete",
    "lastModifiedTS",
)
_SHOWN = ("qualifiedName", "name", "description", "owner")


def tags(value: Json) -> set[str]:
    """Returns the tags that an entity is found by."""
    attributes = value.get("attributes") or {}
    out = {f"qn:{value['typeName']}|{attributes.get('qualifiedName')}", f"type:{value['typeName']}"}
    out |= {f"cls:{c.get('typeName')}" for c in value.get("classifications") or []}
    out |= {f"label:{label}" for label in value.get("labels") or []}
    out |= {f"term:{m.get('termGuid')}" for m in value.get("meanings") or []}
    out |= {f"w:{w}" for n in _SHOWN for w in words(attributes.get(n))}
    return out | ({f"c:{value['collectionId']}"} if value.get("collectionId") else set())


def save(store: Store, value: Json) -> None:
    """Stores an entity as it is."""
    store.put(KIND, value["guid"], value, tags(value))


def touch(call: Call, value: Json) -> None:
    """Stores a changed entity, with the time of the change and a new version."""
    version = int(value.get("version") or 0) + 1
    stamps = {
        "updateTime": call.now_ms,
        "updatedBy": CALLER,
        "version": version,
        "lastModifiedTS": str(version),
    }
    save(call.store, {**value, **stamps})


def invented(guid: str, name: str = "DataSet", qualified: str | None = None) -> Json:
    """Returns an entity that a sandbox which fills in makes up."""
    attributes = {"qualifiedName": qualified or f"sandbox://{guid}", "name": qualified or guid}
    return {
        "typeName": name,
        "guid": guid,
        "attributes": attributes,
        "status": "ACTIVE",
        "version": 1,
        "lastModifiedTS": "1",
    }


def by_guid(call: Call, guid: str) -> Json:
    """Returns an entity; raises the error of the service for a guid that is not known."""
    value = call.store.get(KIND, guid)
    if value is not None:
        return dict(value)
    if call.settings.fill:
        return invented(guid)
    raise Problem(404, "ATLAS-404-00-005", f"Given instance guid {guid} is invalid/not found")


def by_name(call: Call, type_name: str, qualified: Any) -> Json:
    """Returns the entity of a type with a qualified name; raises an error where there is none."""
    row = call.store.first(KIND, f"qn:{type_name}|{qualified}")
    if row is not None:
        return dict(row.value)
    if call.settings.fill:
        return invented(call.guid(), type_name, str(qualified))
    unique = f"{{qualifiedName={qualified}}}"
    text = f"Instance {type_name} with unique attribute {unique} does not exist"
    raise Problem(404, "ATLAS-404-00-009", text)


def of_call(call: Call) -> Json:
    """Returns the entity that a path is about.

    It is named by its guid, or by its type and the qualified name in the query.
    """
    if "/uniqueAttribute/" in call.operation.path:
        if "attr:qualifiedName" not in call.query:
            text = "Give attr:qualifiedName, or another unique attribute"
            raise Problem(400, "ATLAS-400-00-030", text)
        return by_name(call, call.arguments[0], call.query["attr:qualifiedName"])
    return by_guid(call, call.arguments[0])


def header(value: Json) -> Json:
    """Returns the short form of an entity."""
    attributes = value.get("attributes") or {}
    out = {n: value[n] for n in _HEADER if value.get(n) is not None}
    out["attributes"] = {n: attributes[n] for n in _SHOWN if n in attributes}
    label = attributes.get("name") or attributes.get("qualifiedName") or value["guid"]
    out["displayText"] = str(label)
    out["classificationNames"] = [c.get("typeName") for c in value.get("classifications") or []]
    out["meaningNames"] = [str(m.get("displayText")) for m in value.get("meanings") or []]
    return out


def mutation(groups: dict[str, Iterable[Json]], assigned: dict[str, str] | None = None) -> Json:
    """Returns what a change answers: the entities by what became of them, and their guids."""
    listed = {name: [header(v) for v in values] for name, values in groups.items()}
    out: Json = {"mutatedEntities": {name: values for name, values in listed.items() if values}}
    return out | ({"guidAssignments": assigned} if assigned else {})


def remove(call: Call, value: Json) -> None:
    """Removes an entity with its edges and relationships."""
    guid = value["guid"]
    call.store.delete(KIND, guid)
    tagged = (
        (EDGES, f"at:{guid}"),
        (EDGES, f"by:{guid}"),
        ("/atlas/relationships", f"end:{guid}"),
    )
    for kind, tag in tagged:
        for row in call.store.page(kind, _ALL, tag=tag):
            call.store.delete(kind, row.key)


def link(store: Store, one: str, two: str, relation: str, by: str) -> None:
    """Adds an edge of lineage from one entity to another.

    Args:
        store: The state.
        one: The guid where the edge begins.
        two: The guid where it ends.
        relation: The guid of the edge itself.
        by: The guid of what the edge goes away with: a process or a relationship.
    """
    value = {"fromEntityId": one, "toEntityId": two, "relationshipId": relation}
    store.put(
        EDGES,
        f"{one}>{two}",
        value,
        {f"from:{one}", f"to:{two}", f"at:{one}", f"at:{two}", f"by:{by}"},
    )


def unlink(store: Store, by: str) -> None:
    """Removes the edges that a process or a relationship has made."""
    for row in store.page(EDGES, _ALL, tag=f"by:{by}"):
        store.delete(EDGES, row.key)


def flow(call: Call, value: Json, resolve: Callable[[Any], str | None]) -> None:
    """Replaces the edges that the inputs and outputs of a process make."""
    attributes = {**(value.get("relationshipAttributes") or {}), **(value.get("attributes") or {})}
    if not {"inputs", "outputs"} & set(attributes):
        return
    guid = value["guid"]
    unlink(call.store, guid)
    for name in ("inputs", "outputs"):
        for reference in attributes.get(name) or []:
            other = resolve(reference)
            if other is None:
                continue
            if name == "inputs":
                link(call.store, other, guid, call.guid(), guid)
            else:
                link(call.store, guid, other, call.guid(), guid)

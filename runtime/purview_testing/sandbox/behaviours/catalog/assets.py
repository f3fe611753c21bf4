"""Entities of the Data Map as they are stored: by guid, with tags for all that they are found by; and the edges of lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Call
from purview_testing.sandbox.state.lists import words
from purview_testing.sandbox.state.store import Store

KIND, EDGES = "/atlas/entities", "/atlas/edges"
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
    attributes = value.get("attributes") or {}
    out = {f"qn:{value['typeName']}|{attributes.get('qualifiedName')}", f"type:{value['typeName']}"}
    out |= {f"cls:{c.get('typeName')}" for c in value.get("classifications") or []}
    out |= {f"label:{label}" for label in value.get("labels") or []}
    out |= {f"term:{m.get('termGuid')}" for m in value.get("meanings") or []}
    out |= {f"w:{w}" for n in _SHOWN for w in words(attributes.get(n))}
    return out | ({f"c:{value['collectionId']}"} if value.get("collectionId") else set())


def save(store: Store, value: Json) -> None:
    store.put(KIND, value["guid"], value, tags(value))


def touch(call: Call, value: Json) -> None:
    """Saves a change, with its time and a new version."""
    version = int(value.get("version") or 0) + 1
    save(
        call.store,
        {
            **value,
            "updateTime": call.now_ms,
            "updatedBy": CALLER,
            "version": version,
            "lastModifiedTS": str(version),
        },
    )


def invented(guid: str, name: str = "DataSet", qualified: str | None = None) -> Json:
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
    """The entity, or the error of the service."""
    value = call.store.get(KIND, guid)
    if value is not None:
        return dict(value)
    if call.settings.fill:
        return invented(guid)
    raise Problem(404, "ATLAS-404-00-005", f"Given instance guid {guid} is invalid/not found")


def by_name(call: Call, type_name: str, qualified: Any) -> Json:
    """The entity of a type with a qualified name."""
    row = call.store.first(KIND, f"qn:{type_name}|{qualified}")
    if row is not None:
        return dict(row.value)
    if call.settings.fill:
        return invented(call.guid(), type_name, str(qualified))
    text = (
        f"Instance {type_name} with unique attribute {{qualifiedName={qualified}}} does not exist"
    )
    raise Problem(404, "ATLAS-404-00-009", text)


def of_call(call: Call) -> Json:
    """The entity that a path is about: by guid, or by its type and the query's qualified name."""
    if "/uniqueAttribute/" in call.operation.path:
        if "attr:qualifiedName" not in call.query:
            raise Problem(
                400, "ATLAS-400-00-030", "Give attr:qualifiedName, or another unique attribute"
            )
        return by_name(call, call.arguments[0], call.query["attr:qualifiedName"])
    return by_guid(call, call.arguments[0])


def header(value: Json) -> Json:
    """The short form."""
    attributes = value.get("attributes") or {}
    out = {n: value[n] for n in _HEADER if value.get(n) is not None}
    out["attributes"] = {n: attributes[n] for n in _SHOWN if n in attributes}
    out["displayText"] = str(
        attributes.get("name") or attributes.get("qualifiedName") or value["guid"]
    )
    out["classificationNames"] = [c.get("typeName") for c in value.get("classifications") or []]
    out["meaningNames"] = [str(m.get("displayText")) for m in value.get("meanings") or []]
    return out


def mutation(groups: dict[str, Iterable[Json]], assigned: dict[str, str] | None = None) -> Json:
    """What a change answers."""
    listed = {name: [header(v) for v in values] for name, values in groups.items()}
    out: Json = {"mutatedEntities": {name: values for name, values in listed.items() if values}}
    return out | ({"guidAssignments": assigned} if assigned else {})


def remove(call: Call, value: Json) -> None:
    """An entity with its edges and relationships."""
    guid = value["guid"]
    call.store.delete(KIND, guid)
    for kind, tag in (
        (EDGES, f"at:{guid}"),
        (EDGES, f"by:{guid}"),
        ("/atlas/relationships", f"end:{guid}"),
    ):
        for row in call.store.page(kind, 100_000, tag=tag):
            call.store.delete(kind, row.key)


def link(store: Store, one: str, two: str, relation: str, by: str) -> None:
    """An edge of lineage. `by`: what it goes away with."""
    value = {"fromEntityId": one, "toEntityId": two, "relationshipId": relation}
    store.put(
        EDGES,
        f"{one}>{two}",
        value,
        {f"from:{one}", f"to:{two}", f"at:{one}", f"at:{two}", f"by:{by}"},
    )


def unlink(store: Store, by: str) -> None:
    for row in store.page(EDGES, 100_000, tag=f"by:{by}"):
        store.delete(EDGES, row.key)


def flow(call: Call, value: Json, resolve: Callable[[Any], str | None]) -> None:
    """The edges that the inputs and outputs of a process make."""
    attributes = {**(value.get("relationshipAttributes") or {}), **(value.get("attributes") or {})}
    if not {"inputs", "outputs"} & set(attributes):
        return
    guid = value["guid"]
    unlink(call.store, guid)
    for name in ("inputs", "outputs"):
        for reference in attributes.get(name) or []:
            other = resolve(reference)
            if other is not None:
                one, two = (other, guid) if name == "inputs" else (guid, other)
                link(call.store, one, two, call.guid(), guid)

"""Relationships between entities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply

from . import assets, types

PLANES = types.PLANES
KIND = "/atlas/relationships"
_DIRECT = "direct_lineage"


def shown(call: Call, value: Json) -> Json:
    """Returns the other ends of an entity's relationships, by the names that their types give."""
    out: Json = {}
    for relation, mine in _of(call, value["guid"]):
        facts = _end_facts(call, relation, mine)
        name = str(facts.get("name"))
        found = _reference(call, relation, 3 - mine)
        if facts.get("cardinality") == "SINGLE":
            out[name] = found
        elif facts:
            out.setdefault(name, []).append(found)
    return out


def _end_facts(call: Call, relation: Json, end: int) -> Json:
    """What the type of a relationship says of one of its ends."""
    definition = call.store.get(types.KIND, str(relation["typeName"])) or {}
    facts: Json = definition.get(f"endDef{end}") or {}
    return facts


def _of(call: Call, guid: str) -> list[tuple[Json, int]]:
    """The relationships of an entity, and which end of each it is."""
    rows = call.store.page(KIND, 100_000, tag=f"end:{guid}")
    ends = [(row.value, end) for row in rows for end in (1, 2)]
    return [(value, end) for value, end in ends if value[f"end{end}"]["guid"] == guid]


def children(call: Call, guid: str) -> Iterator[str]:
    """Yields the guids of what lies in an entity.

    These are the other ends which can have one such entity only, while it may have many of them, or
    whose type calls the entity a container.
    """
    for relation, mine in _of(call, guid):
        own = _end_facts(call, relation, mine)
        other = _end_facts(call, relation, 3 - mine)
        many_of_one = own.get("cardinality") != "SINGLE" and other.get("cardinality") == "SINGLE"
        if own.get("isContainer") or many_of_one:
            yield str(relation[f"end{3 - mine}"]["guid"])


def _reference(call: Call, relation: Json, end: int) -> Json:
    """One end of a relationship, as the other end shows it."""
    found = relation[f"end{end}"]
    other = call.store.get(assets.KIND, found["guid"])
    out = {
        "guid": found["guid"],
        "typeName": found.get("typeName"),
        "entityStatus": "ACTIVE",
        "displayText": assets.header(other)["displayText"] if other is not None else found["guid"],
    }
    return out | {
        "relationshipType": relation["typeName"],
        "relationshipGuid": relation["guid"],
        "relationshipStatus": "ACTIVE",
        "relationshipAttributes": {"typeName": relation["typeName"]},
    }


def relate(call: Call, value: Json, attribute: str, given: Any) -> bool:
    """Makes the relationships that an attribute of an entity names, and ends all others.

    Returns whether a type has such an attribute.
    """
    found = types.relation(call.store, str(value["typeName"]), attribute)
    references = [r for r in (given if isinstance(given, list) else [given]) if isinstance(r, dict)]
    if found is None:
        return False
    name, mine = found
    wanted = {str(r.get("guid")): r for r in references}
    for relation, end in _of(call, value["guid"]):
        if relation["typeName"] == name and end == mine:
            other = relation[f"end{3 - mine}"]["guid"]
            if wanted.pop(other, None) is None:
                _remove(call, relation)
    for reference in wanted.values():
        other_end = {n: reference[n] for n in ("guid", "typeName") if n in reference}
        made = {
            f"end{mine}": {"guid": value["guid"], "typeName": value["typeName"]},
            f"end{3 - mine}": _end(call, other_end),
            "typeName": name,
            "guid": call.guid(),
            "createTime": call.now_ms,
            "createdBy": CALLER,
        }
        _save(call, made)
    return True


def _end(call: Call, reference: Any) -> Json:
    """An end with its guid and its type."""
    reference = reference if isinstance(reference, dict) else {}
    if reference.get("guid"):
        found = assets.by_guid(call, reference["guid"])
    else:
        unique = reference.get("uniqueAttributes") or {}
        found = assets.by_name(call, str(reference.get("typeName")), unique.get("qualifiedName"))
    return {
        **reference,
        "guid": found["guid"],
        "typeName": reference.get("typeName") or found["typeName"],
    }


def create(call: Call) -> Reply:
    """Makes a relationship."""
    body = call.body
    if not body.get("typeName") and not call.settings.fill:
        raise Problem(400, "ATLAS-400-00-01A", "A relationship needs its typeName")
    defined = types.known(call.store, str(body.get("typeName")), "RELATIONSHIP")
    if not defined and not call.settings.fill:
        raise types.missing(f"name {body.get('typeName')}")
    given = body.get("guid")
    keeps_guid = isinstance(given, str) and not given.startswith("-") and call.settings.fill
    guid = given if keeps_guid else call.guid()
    value = {
        **body,
        "guid": guid,
        "end1": _end(call, body.get("end1")),
        "end2": _end(call, body.get("end2")),
    }
    return Reply(_save(call, {**value, "createTime": call.now_ms, "createdBy": CALLER}))


def _save(call: Call, value: Json) -> Json:
    """Stores a relationship, with its edge of lineage where its type is one of direct lineage."""
    version = int(value.get("version") or 0) + 1
    facts: Json = {
        "status": "ACTIVE",
        "version": version,
        "updateTime": call.now_ms,
        "updatedBy": CALLER,
    }
    made: Json = {**value, **facts, "lastModifiedTS": str(version)}
    one = made["end1"]["guid"]
    two = made["end2"]["guid"]
    call.store.put(KIND, made["guid"], made, {f"end:{one}", f"end:{two}"})
    if str(made.get("typeName")).startswith(_DIRECT):
        assets.link(call.store, one, two, made["guid"], by=made["guid"])
    return made


def update(call: Call) -> Reply:
    """Changes a relationship; its ends stay."""
    old = _find(call, str(call.body.get("guid")))
    return Reply(_save(call, {**old, **call.body, "end1": old["end1"], "end2": old["end2"]}))


def _find(call: Call, guid: str) -> Json:
    """The relationship with a guid; raises the error of the service where there is none."""
    value = call.store.get(KIND, guid)
    if value is None and call.settings.fill:
        ends = {f"end{i}": {"guid": call.guid(), "typeName": "DataSet"} for i in (1, 2)}
        return {
            "guid": guid,
            "typeName": "direct_lineage_dataset_dataset",
            "status": "ACTIVE",
            **ends,
        }
    if value is None:
        text = f"Given relationship guid {guid} is invalid/not found"
        raise Problem(404, "ATLAS-404-00-00D", text)
    return dict(value)


def get(call: Call) -> Reply:
    """Reads a relationship."""
    value = _find(call, call.arguments[0])
    referred: Json = {}
    if call.query.get("extendedInfo") is True:
        found = [call.store.get(assets.KIND, value[end]["guid"]) for end in ("end1", "end2")]
        referred = {v["guid"]: assets.header(v) for v in found if v is not None}
    return Reply({"referredEntities": referred, "relationship": value})


def delete(call: Call) -> Reply:
    """Removes a relationship."""
    _remove(call, _find(call, call.arguments[0]))
    return Reply()


def _remove(call: Call, relation: Json) -> None:
    call.store.delete(KIND, relation["guid"])
    assets.unlink(call.store, relation["guid"])


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", "/atlas/v2/relationship"): create,
    ("PUT", "/atlas/v2/relationship"): update,
    ("GET", "/atlas/v2/relationship/guid/{}"): get,
    ("DELETE", "/atlas/v2/relationship/guid/{}"): delete,
}

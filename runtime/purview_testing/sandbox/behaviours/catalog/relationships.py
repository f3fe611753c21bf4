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
    """The other ends of an entity's relationships, under the names that their types give them."""
    out: Json = {}
    for relation, mine in _of(call, value["guid"]):
        facts = (call.store.get(types.KIND, str(relation["typeName"])) or {}).get(
            f"endDef{mine}"
        ) or {}
        name, found = str(facts.get("name")), _reference(call, relation, 3 - mine)
        if facts.get("cardinality") == "SINGLE":
            out[name] = found
        elif facts:
            out.setdefault(name, []).append(found)
    return out


def _of(call: Call, guid: str) -> list[tuple[Json, int]]:
    """The relationships of an entity, and which end of each it is."""
    rows = call.store.page(KIND, 100_000, tag=f"end:{guid}")
    return [
        (r.value, mine) for r in rows for mine in (1, 2) if r.value[f"end{mine}"]["guid"] == guid
    ]


def children(call: Call, guid: str) -> Iterator[str]:
    """The guids of what lies in an entity: the other ends that can have one such end alone, where it may have many of them."""
    for relation, mine in _of(call, guid):
        facts = call.store.get(types.KIND, str(relation["typeName"])) or {}
        own, other = (facts.get(f"endDef{end}") or {} for end in (mine, 3 - mine))
        if own.get("isContainer") or (
            own.get("cardinality") != "SINGLE" and other.get("cardinality") == "SINGLE"
        ):
            yield str(relation[f"end{3 - mine}"]["guid"])


def _reference(call: Call, relation: Json, end: int) -> Json:
    found = relation[f"end{end}"]
    other = call.store.get(assets.KIND, found["guid"])
    out = {
        "guid": found["guid"],
        "typeName": found.get("typeName"),
        "entityStatus": "ACTIVE",
        "displayText": assets.header(other)["displayText"] if other is not None else found["guid"],
    }
    facts = {"relationshipType": relation["typeName"], "relationshipGuid": relation["guid"]}
    return (
        out
        | facts
        | {
            "relationshipStatus": "ACTIVE",
            "relationshipAttributes": {"typeName": relation["typeName"]},
        }
    )


def relate(call: Call, value: Json, attribute: str, given: Any) -> bool:
    """Makes the relationships that an attribute of an entity names, and ends those that it does not name any more.

    False where no type has such an attribute.
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
        ends = {f"end{mine}": {"guid": value["guid"], "typeName": value["typeName"]}}
        ends[f"end{3 - mine}"] = _end(
            call, {n: reference[n] for n in ("guid", "typeName") if n in reference}
        )
        _save(
            call,
            {
                "typeName": name,
                "guid": call.guid(),
                **ends,
                "createTime": call.now_ms,
                "createdBy": CALLER,
            },
        )
    return True


def _end(call: Call, reference: Any) -> Json:
    """An end with its guid."""
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
    body = call.body
    if not body.get("typeName") and not call.settings.fill:
        raise Problem(400, "ATLAS-400-00-01A", "A relationship needs its typeName")
    if not call.settings.fill and not types.known(
        call.store, str(body.get("typeName")), "RELATIONSHIP"
    ):
        raise types.missing(f"name {body.get('typeName')}")
    given = body.get("guid")
    guid = (
        given
        if isinstance(given, str) and not given.startswith("-") and call.settings.fill
        else call.guid()
    )
    value = {
        **body,
        "guid": guid,
        "end1": _end(call, body.get("end1")),
        "end2": _end(call, body.get("end2")),
    }
    return Reply(_save(call, {**value, "createTime": call.now_ms, "createdBy": CALLER}))


def _save(call: Call, value: Json) -> Json:
    version = int(value.get("version") or 0) + 1
    facts: Json = {
        "status": "ACTIVE",
        "version": version,
        "updateTime": call.now_ms,
        "updatedBy": CALLER,
    }
    made: Json = {**value, **facts, "lastModifiedTS": str(version)}
    one, two = made["end1"]["guid"], made["end2"]["guid"]
    call.store.put(KIND, made["guid"], made, {f"end:{one}", f"end:{two}"})
    if str(made.get("typeName")).startswith(_DIRECT):
        assets.link(call.store, one, two, made["guid"], by=made["guid"])
    return made


def update(call: Call) -> Reply:
    old = _find(call, str(call.body.get("guid")))
    return Reply(_save(call, {**old, **call.body, "end1": old["end1"], "end2": old["end2"]}))


def _find(call: Call, guid: str) -> Json:
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
        raise Problem(
            404, "ATLAS-404-00-00D", f"Given relationship guid {guid} is invalid/not found"
        )
    return dict(value)


def get(call: Call) -> Reply:
    value = _find(call, call.arguments[0])
    referred: Json = {}
    if call.query.get("extendedInfo") is True:
        found = [call.store.get(assets.KIND, value[end]["guid"]) for end in ("end1", "end2")]
        referred = {v["guid"]: assets.header(v) for v in found if v is not None}
    return Reply({"referredEntities": referred, "relationship": value})


def delete(call: Call) -> Reply:
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

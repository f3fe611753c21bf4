"""What entities are marked with: classifications, labels, business metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import Behaviour, Call, Reply

from . import assets, types


def _classify(call: Call, value: Json, given: list[Json]) -> None:
    """Adds classifications to an entity.

    One that is there already is an error, and so is one that no type defines.
    """
    found = list(value.get("classifications") or [])
    for each in given:
        name = each.get("typeName")
        if not call.settings.fill and not types.known(call.store, str(name), "CLASSIFICATION"):
            raise types.missing(f"name {name}")
        if any(c.get("typeName") == name for c in found):
            text = f"entity: {value['guid']}, already associated with classification: {name}"
            raise Problem(400, "ATLAS-400-00-01B", text)
        found.append({**each, "entityGuid": value["guid"], "entityStatus": "ACTIVE"})
    assets.touch(call, {**value, "classifications": found})


def check(call: Call, value: Json) -> None:
    """Raises the error of the service for classifications and metadata that no type defines."""
    for each in value.get("classifications") or []:
        if not types.known(call.store, str(each.get("typeName")), "CLASSIFICATION"):
            raise types.missing(f"name {each.get('typeName')}")
    for group, attributes in (value.get("businessAttributes") or {}).items():
        found = call.store.get(types.KIND, group)
        if found is None or found["category"] != "BUSINESS_METADATA":
            text = f"invalid parameters: no business metadata {group} is defined"
            raise Problem(400, "ATLAS-400-00-01A", text)
        defined = {a.get("name") for a in found.get("attributeDefs") or []}
        for name in attributes if isinstance(attributes, dict) else ():
            if name not in defined:
                text = f"invalid parameters: business metadata {group} has no attribute {name}"
                raise Problem(400, "ATLAS-400-00-01A", text)


def _index(value: Json, name: Any) -> int:
    """Returns where a classification is; raises an error where the entity does not have it."""
    found = value.get("classifications") or []
    for i, each in enumerate(found):
        if each.get("typeName") == name:
            return i
    text = f"Given classification {name} is not associated with entity {value['guid']}"
    raise Problem(404, "ATLAS-404-00-00C", text)


def add(call: Call) -> Reply:
    """Adds classifications to an entity."""
    _classify(call, assets.of_call(call), call.body)
    return Reply()


def change(call: Call) -> Reply:
    """Changes classifications of an entity."""
    value = assets.of_call(call)
    found = list(value.get("classifications") or [])
    for each in call.body:
        if call.settings.fill and not any(c.get("typeName") == each.get("typeName") for c in found):
            found.append(each)
        value["classifications"] = found
        at = _index(value, each.get("typeName"))
        found[at] = {**found[at], **each}
    assets.touch(call, {**value, "classifications": found})
    return Reply()


def get(call: Call) -> Reply:
    """Lists the classifications of an entity."""
    found = assets.of_call(call).get("classifications") or []
    facts = {"startIndex": 0, "pageSize": len(found), "totalCount": len(found), "sortType": "NONE"}
    return Reply({"list": found, **facts})


def get_one(call: Call) -> Reply:
    """Reads a classification of an entity."""
    value = assets.of_call(call)
    name = call.arguments[1]
    if call.settings.fill and not value.get("classifications"):
        return Reply({"typeName": name, "entityGuid": value["guid"]})
    at = _index(value, name)
    return Reply(value["classifications"][at])


def remove(call: Call) -> Reply:
    """Takes a classification from an entity."""
    value = assets.of_call(call)
    name = call.arguments[1]
    found = list(value.get("classifications") or [])
    if not (call.settings.fill and not found):
        del found[_index(value, name)]
    assets.touch(call, {**value, "classifications": found})
    return Reply()


def add_to_many(call: Call) -> Reply:
    """Adds a classification to many entities."""
    for guid in call.body.get("entityGuids") or []:
        _classify(call, assets.by_guid(call, guid), [call.body.get("classification") or {}])
    return Reply()


def set_many(call: Call) -> Reply:
    """Replaces the classifications of the entities in a map, and replies with their guids."""
    changed = []
    for guid, head in (call.body.get("guidHeaderMap") or {}).items():
        value = assets.by_guid(call, guid)
        if not call.settings.fill:
            check(call, {"classifications": head.get("classifications")})
        assets.touch(call, {**value, "classifications": head.get("classifications") or []})
        changed.append(guid)
    return Reply(changed)


def _labels(change_of: Callable[[list[str], list[str]], list[str]]) -> Behaviour:
    """Returns a behaviour that changes the labels of an entity by a function of old and new."""

    def labels(call: Call) -> Reply:
        value = assets.of_call(call)
        changed = change_of(value.get("labels") or [], call.body or [])
        assets.touch(call, {**value, "labels": changed})
        return Reply()

    return labels


def _business(call: Call) -> tuple[Json, Json, Json]:
    """Returns the entity, its business metadata, and that of the body, both by group."""
    value = assets.of_call(call)
    given = {call.arguments[1]: call.body} if len(call.arguments) > 1 else call.body
    return value, dict(value.get("businessAttributes") or {}), given or {}


def write_business(call: Call) -> Reply:
    """Lays business metadata over that of an entity; with isOverwrite it replaces it."""
    value, found, given = _business(call)
    if not call.settings.fill:
        check(call, {"businessAttributes": given})
    if call.query.get("isOverwrite") is True:
        found = {}
    for group, attributes in given.items():
        more = attributes if isinstance(attributes, dict) else {}
        found[group] = {**(found.get(group) or {}), **more}
    assets.touch(call, {**value, "businessAttributes": found})
    return Reply()


def remove_business(call: Call) -> Reply:
    """Removes the named attributes of a group; all of a group where none is named."""
    value, found, given = _business(call)
    for group, attributes in given.items():
        names = set(attributes) if isinstance(attributes, dict) else set()
        old = found.pop(group, None) or {}
        left = {k: v for k, v in old.items() if names and k not in names}
        if left:
            found[group] = left
    assets.touch(call, {**value, "businessAttributes": found})
    return Reply()


def _routes(base: str) -> dict[tuple[str, str], Behaviour]:
    """The routes that an entity has by its guid as well as by its qualified name."""
    return {
        ("POST", f"{base}/classifications"): add,
        ("PUT", f"{base}/classifications"): change,
        ("DELETE", f"{base}/classification/{{}}"): remove,
        ("PUT", f"{base}/labels"): _labels(lambda old, new: list(dict.fromkeys([*old, *new]))),
        ("POST", f"{base}/labels"): _labels(lambda _, new: list(dict.fromkeys(new))),
        ("DELETE", f"{base}/labels"): _labels(lambda old, new: [x for x in old if x not in new]),
    }


_GUID = "/atlas/v2/entity/guid/{}"
ROUTES: dict[tuple[str, str], Behaviour] = {
    **_routes(_GUID),
    **_routes("/atlas/v2/entity/uniqueAttribute/type/{}"),
    ("GET", f"{_GUID}/classifications"): get,
    ("GET", f"{_GUID}/classification/{{}}"): get_one,
    ("POST", f"{_GUID}/businessmetadata"): write_business,
    ("DELETE", f"{_GUID}/businessmetadata"): remove_business,
    ("POST", f"{_GUID}/businessmetadata/{{}}"): write_business,
    ("DELETE", f"{_GUID}/businessmetadata/{{}}"): remove_business,
    ("POST", "/atlas/v2/entity/bulk/classification"): add_to_many,
    ("POST", "/atlas/v2/entity/bulk/setClassifications"): set_many,
}

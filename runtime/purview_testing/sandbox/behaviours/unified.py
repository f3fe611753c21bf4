"""Unified Catalog: relationships, the tree of terms, facets.

Terms, data products, data assets, data columns and critical data elements have relationships.
"""

from __future__ import annotations

from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

PLANES = ("unified_catalog",)
_BASE = "/datagovernance/catalog"
DOMAINS = f"{_BASE}/businessdomains"
PRODUCTS = f"{_BASE}/dataProducts"
ASSETS = f"{_BASE}/dataAssets"
_OWNERS = ("criticalDataElements", "dataAssets", "dataColumns", "dataProducts", "terms")


def _kind(call: Call) -> str:
    return call.request.raw_path


def _require_owner(call: Call) -> None:
    """Raises a 404 where the thing that has the relationships is missing."""
    group = call.operation.path.removeprefix(call.operation.contract.prefix).split("/")[1]
    call.require(f"{call.operation.contract.prefix}/{group}", call.arguments[0], group, dict)


def _key(entity: str, call: Call) -> str:
    return f"{call.query.get('entityType', '')}|{quote(entity, safe='')}"


def relate(call: Call) -> Reply:
    """Adds a relationship to the thing that the path names."""
    body: Json = call.body
    if "entityId" not in body and body and all(isinstance(v, dict) for v in body.values()):
        body = next(iter(body.values()))  # one version sends a map of relationships
    value = call.valid_members(
        {**body, "systemData": {"createdAt": call.now, "lastModifiedAt": call.now}}
    )
    if "entityId" not in value and not call.settings.fill:
        raise Problem(400, "InvalidRequest", "A relationship needs its entityId.")
    _require_owner(call)
    value = call.with_required({"entityId": call.guid()} | value)
    entity = str(value["entityId"])
    tags = [
        f"type={call.query.get('entityType', '')}",
        f"relation={value.get('relationshipType', '')}",
    ]
    call.store.put(_kind(call), _key(entity, call), value, tags)
    return Reply(value)


def related(call: Call) -> Reply:
    """Lists the relationships of a thing, by the type of what it is related to."""
    _require_owner(call)
    kind = call.query.get("entityType")
    relation = call.query.get("relationshipType")
    tag = None
    if kind:
        tag = f"type={kind}"
    elif relation:
        tag = f"relation={relation}"

    def keep(value: Json) -> bool:
        return value.get("relationshipType") == relation

    def shown(value: Json) -> Json:
        return call.with_required(call.as_item(value), call.operation.item)

    return listing(call, _kind(call), tag=tag, keep=keep if relation else None, present=shown)


def unrelate(call: Call) -> Reply:
    """Removes a relationship."""
    entity = str(call.query.get("entityId", ""))
    if not call.store.delete(_kind(call), _key(entity, call)) and not call.settings.fill:
        raise not_found("Relationship", entity)
    return Reply()


def hierarchy(call: Call) -> Reply:
    """Lists the terms above a term, the highest first, and the term itself."""
    kind = f"{call.operation.contract.prefix}/terms"
    term = call.require(kind, call.arguments[0], "Terms", lambda: call.example(call.operation.item))
    chain = [term]
    while above := chain[0].get("parentId"):
        parent = call.store.get(kind, above)
        if parent is None or parent in chain:
            break
        chain.insert(0, parent)
    return Reply({"value": chain})


def facets(call: Call) -> Reply:
    """Counts how many of the stored things have each value of each facet.

    The facets are those that the body names; without any, the status.
    """
    kind = call.request.raw_path.removesuffix("/facets")
    names = [
        f.get("name") for f in call.body.get("facets") or [{"name": "status"}] if f.get("name")
    ]
    counted: dict[str, dict[str, int]] = {str(name): {} for name in names}
    for row in call.store.page(kind, 10_000):
        for name, counts in counted.items():
            if isinstance(row.value.get(name), str):
                counts[row.value[name]] = counts.get(row.value[name], 0) + 1
    shown = {
        n: [{"value": v, "count": str(c)} for v, c in counts.items()]
        for n, counts in counted.items()
    }
    return Reply({"facets": shown})


ROUTES: dict[tuple[str, str], Behaviour] = {
    **{
        (method, f"/{owner}/{{}}/relationships"): behaviour
        for owner in _OWNERS
        for method, behaviour in (("GET", related), ("POST", relate), ("DELETE", unrelate))
    },
    **{
        ("POST", f"/{owner}/facets"): facets
        for owner in ("criticalDataElements", "dataProducts", "objectives", "terms")
    },
    ("GET", "/terms/{}/hierarchies"): hierarchy,
}

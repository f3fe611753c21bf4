"""Unified Catalog: what is related to a term, a data product, a data asset or a critical data element; the tree of terms."""

from __future__ import annotations

from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

PLANES = ("unified_catalog",)
DOMAINS, PRODUCTS, ASSETS = (
    f"/datagovernance/catalog/{kind}" for kind in ("businessdomains", "dataProducts", "dataAssets")
)
_OWNERS = ("criticalDataElements", "dataAssets", "dataColumns", "dataProducts", "terms")


def _kind(call: Call) -> str:
    return call.request.raw_path


def _owner(call: Call) -> None:
    """What the relationship is of must be there."""
    group = call.operation.path.removeprefix(call.operation.contract.prefix).split("/")[1]
    call.require(f"{call.operation.contract.prefix}/{group}", call.arguments[0], group, dict)


def _key(entity: str, call: Call) -> str:
    return f"{call.query.get('entityType', '')}|{quote(entity, safe='')}"


def relate(call: Call) -> Reply:
    body: Json = call.body
    if "entityId" not in body and body and all(isinstance(v, dict) for v in body.values()):
        body = next(iter(body.values()))  # a map of relationships, as one version has it
    value = call.valid_members(
        {**body, "systemData": {"createdAt": call.now, "lastModifiedAt": call.now}}
    )
    if "entityId" not in value and not call.settings.fill:
        raise Problem(400, "InvalidRequest", "A relationship needs its entityId.")
    _owner(call)
    value = call.with_required({"entityId": call.guid()} | value)
    entity = str(value["entityId"])
    tags = [
        f"type={call.query.get('entityType', '')}",
        f"relation={value.get('relationshipType', '')}",
    ]
    call.store.put(_kind(call), _key(entity, call), value, tags)
    return Reply(value)


def related(call: Call) -> Reply:
    _owner(call)
    kind, relation = call.query.get("entityType"), call.query.get("relationshipType")
    tag = f"type={kind}" if kind else f"relation={relation}" if relation else None

    def keep(value: Json) -> bool:
        return value.get("relationshipType") == relation

    def shown(value: Json) -> Json:
        return call.with_required(call.as_item(value), call.operation.item)

    return listing(call, _kind(call), tag=tag, keep=keep if relation else None, present=shown)


def unrelate(call: Call) -> Reply:
    entity = str(call.query.get("entityId", ""))
    if not call.store.delete(_kind(call), _key(entity, call)) and not call.settings.fill:
        raise not_found("Relationship", entity)
    return Reply()


def hierarchy(call: Call) -> Reply:
    """The terms above a term, and the term."""
    kind = f"{call.operation.contract.prefix}/terms"
    term = call.require(kind, call.arguments[0], "Terms", lambda: call.example(call.operation.item))
    chain = [term]
    while (
        (above := chain[0].get("parentId"))
        and (parent := call.store.get(kind, above))
        and parent not in chain
    ):
        chain.insert(0, parent)
    return Reply({"value": chain})


def facets(call: Call) -> Reply:
    """How many of what is stored have each value of the facets asked for; of the status, where none is asked for."""
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

"""Collections of an account, which hang in a tree below its root, and the account itself."""

from __future__ import annotations

from typing import Any

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.contracts.samples import Examples
from purview_testing.sandbox.call import Behaviour, Call, Reply, Settings
from purview_testing.sandbox.state.lists import listing, tags_of
from purview_testing.sandbox.state.server_fields import with_server_fields
from purview_testing.sandbox.state.store import Store

from . import policies

PLANES = ("account",)
KIND = "/account/collections"
ROOT = "sandbox"
_ACCOUNT = ("/account", "")


def install(store: Store, _: Settings) -> None:
    """The root collection, which has the name of the account."""
    if store.get(KIND, ROOT) is None:
        root = {
            "name": ROOT,
            "friendlyName": ROOT,
            "description": "The root collection.",
            "collectionProvisioningState": "Succeeded",
        }
        store.put(KIND, ROOT, root, _tags(root))
        policies.establish(store, ROOT, None)


def _tags(value: Json) -> set[str]:
    parent = (value.get("parentCollection") or {}).get("referenceName")
    return tags_of(value, ()) | ({f"parent={parent}"} if parent else set())


def put(call: Call) -> Reply:
    """The parent must be there, and may not lie below; the service keeps its name in lower case."""
    name = call.arguments[0]
    old = call.store.get(KIND, name)
    body = dict(call.body)
    parent = body.get("parentCollection")
    if isinstance(parent, dict) and isinstance(parent.get("referenceName"), str):
        body["parentCollection"] = parent | {"referenceName": parent["referenceName"].lower()}
    elif name != ROOT:
        body["parentCollection"] = (old or {}).get("parentCollection") or {
            "type": "CollectionReference",
            "referenceName": ROOT,
        }
    wanted = (body.get("parentCollection") or {}).get("referenceName")
    if wanted is not None and not call.settings.fill:
        if call.store.get(KIND, wanted) is None:
            raise Problem(
                400, "InvalidParentCollection", f"The parent collection {wanted!r} is not there."
            )
        if name in [wanted, *chain(call.store, wanted)]:
            raise Problem(400, "InvalidParentCollection", f"{name!r} can not lie below itself.")
    value = with_server_fields(call, body, call.operation.result, name, old) | {
        "friendlyName": body.get("friendlyName") or name
    }
    call.store.put(KIND, name, {**value, "collectionProvisioningState": "Succeeded"}, _tags(value))
    if old is None:
        policies.establish(call.store, name, wanted)
    return Reply(
        {**value, "collectionProvisioningState": "Creating" if old is None else "Succeeded"}
    )


def chain(store: Store, name: str) -> list[str]:
    """The names above a collection, the root first."""
    out: list[str] = []
    value = store.get(KIND, name)
    while (
        value is not None
        and (parent := (value.get("parentCollection") or {}).get("referenceName"))
        and parent not in out
    ):
        out.insert(0, parent)
        value = store.get(KIND, parent)
    return out


def delete(call: Call) -> Reply:
    name = call.arguments[0]
    if call.store.get(KIND, name) is None and not call.settings.fill:
        raise not_found("Collection", name)
    if (
        name == ROOT
        or call.store.total(KIND, f"parent={name}")
        or call.store.total("/atlas/entities", f"c:{name}")
    ):
        raise Problem(
            409,
            "CollectionNotEmpty",
            f"The collection {name!r} is the root, or holds collections or assets.",
        )
    call.store.delete(KIND, name)
    policies.dissolve(call.store, name)
    return Reply()


def children(call: Call) -> Reply:
    call.require(KIND, call.arguments[0], "Collection", dict)
    return listing(call, KIND, tag=f"parent={call.arguments[0]}", present=call.as_item)


def path(call: Call) -> Reply:
    call.require(KIND, call.arguments[0], "Collection", dict)
    above = chain(call.store, call.arguments[0])
    friendly = [(call.store.get(KIND, n) or {}).get("friendlyName", n) for n in above]
    return Reply({"parentNameChain": above, "parentFriendlyNameChain": friendly})


def account(call: Call) -> Reply:
    return Reply(_account(call))


def change_account(call: Call) -> Reply:
    value = _account(call)
    value["properties"] = value.get("properties", {}) | dict(call.body)
    call.store.put(*_ACCOUNT, value)
    return Reply(value)


def _account(call: Call) -> Json:
    kept = call.store.get(*_ACCOUNT)
    if kept is not None:
        return dict(kept)
    made = Examples(call.operation.contract.schemas, f"account {call.settings.seed}").of(
        call.operation.result
    )
    properties = made.get("properties", {}) | {
        "provisioningState": "Succeeded",
        "friendlyName": ROOT,
    }
    return call.known_members(
        {**made, "name": ROOT, "properties": call.known_members(properties, _properties(call))}
    )


def _properties(call: Call) -> Any:
    return call.operation.contract.schemas.shape(call.operation.result).properties["properties"]


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/"): account,
    ("PATCH", "/"): change_account,
    ("PUT", "/collections/{}"): put,
    ("DELETE", "/collections/{}"): delete,
    ("GET", "/collections/{}/getChildCollectionNames"): children,
    ("GET", "/collections/{}/getCollectionPath"): path,
}

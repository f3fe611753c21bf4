"""The account itself, and its collections, which form a tree below the root collection."""

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
ROOT = "sandbox"  # the name of the account and of its root collection
_ACCOUNT = ("/account", "")  # the kind and the key of the account itself


def install(store: Store, _: Settings) -> None:
    """Makes the root collection, which has the name of the account."""
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
    """Adds or changes a collection.

    Its parent has to exist, and may not lie below it; the service keeps the parent's name in lower
    case.
    """
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
            text = f"The parent collection {wanted!r} does not exist; make it first."
            raise Problem(400, "InvalidParentCollection", text)
        if name in [wanted, *chain(call.store, wanted)]:
            text = f"The collection {name!r} cannot lie below itself."
            raise Problem(400, "InvalidParentCollection", text)
    value = with_server_fields(call, body, call.operation.result, name, old)
    value["friendlyName"] = body.get("friendlyName") or name
    call.store.put(KIND, name, {**value, "collectionProvisioningState": "Succeeded"}, _tags(value))
    if old is None:
        policies.establish(call.store, name, wanted)
    state = "Creating" if old is None else "Succeeded"
    return Reply({**value, "collectionProvisioningState": state})


def chain(store: Store, name: str) -> list[str]:
    """Returns the names of the collections above a collection, the root first."""
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
    """Removes a collection that is empty and is not the root."""
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
    """Lists the collections directly below a collection."""
    call.require(KIND, call.arguments[0], "Collection", dict)
    return listing(call, KIND, tag=f"parent={call.arguments[0]}", present=call.as_item)


def path(call: Call) -> Reply:
    """Shows the names of the collections above a collection."""
    call.require(KIND, call.arguments[0], "Collection", dict)
    above = chain(call.store, call.arguments[0])
    friendly = [(call.store.get(KIND, n) or {}).get("friendlyName", n) for n in above]
    return Reply({"parentNameChain": above, "parentFriendlyNameChain": friendly})


def account(call: Call) -> Reply:
    """Shows the account."""
    return Reply(_account(call))


def change_account(call: Call) -> Reply:
    """Changes the properties of the account."""
    value = _account(call)
    value["properties"] = value.get("properties", {}) | dict(call.body)
    call.store.put(*_ACCOUNT, value)
    return Reply(value)


def _account(call: Call) -> Json:
    """The account as it was changed, or as it is invented."""
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

"""Shares: an invitation makes a share at the receiver's side.

It is detached until it gets a place to go.
"""

from __future__ import annotations

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing, tags_of
from purview_testing.sandbox.state.paths import item_address
from purview_testing.sandbox.state.store import Store

PLANES = ("share",)
SENT = "/share/sentShares"
RECEIVED = "/share/receivedShares"
RESOURCES = "/share/shareResources"


def put_sent(call: Call) -> Reply:
    """Writes a share that is sent, and counts it at the storage account that it is of."""
    reply = call.default_reply()
    artifact = (reply.value.get("properties") or {}).get("artifact") or {}
    _tagged(call, reply.value, artifact)
    _resource(call.store, artifact)
    return reply


def put_received(call: Call) -> Reply:
    """Writes a share that is received; with a sink it is attached to a place."""
    reply = call.default_reply()
    properties = reply.value.get("properties") or {}
    sink = properties.get("sink")
    properties["shareStatus"] = "Attached" if sink else "Detached"
    _tagged(
        call,
        {**reply.value, "properties": properties},
        sink or {},
        f"status={properties['shareStatus']}",
    )
    return reply


def _tagged(call: Call, value: Json, holder: Json, *more: str) -> None:
    """Stores a share with the tags that the lists filter by."""
    kind, key = item_address(call)
    reference = (holder.get("storeReference") or {}).get("referenceName")
    call.store.put(kind, key, value, {*tags_of(value, ()), *more, f"ref={reference}"})


def _resource(store: Store, artifact: Json) -> None:
    """Stores the storage account that shares or receives, with its counts."""
    reference = artifact.get("storeReference") or {}
    name = str(reference.get("referenceName"))
    old = store.get(RESOURCES, name) or {"sentSharesCount": 0, "receivedSharesCount": 0}
    facts = {"id": name, "type": "Microsoft.Purview/shareResources", "storeReference": reference}
    counts = {"sentSharesCount": store.total(SENT, f"ref={name}") or old["sentSharesCount"]}
    store.put(
        RESOURCES,
        name,
        {**old, **facts, **counts, "storeKind": artifact.get("storeKind", "AdlsGen2Account")},
    )


def put_invitation(call: Call) -> Reply:
    """Invites a receiver, who gets a detached share."""
    reply = call.default_reply()
    sent = call.store.get(SENT, call.arguments[0]) or {}
    given = sent.get("properties") or {}
    facts = {
        "displayName": given.get("displayName", "shared"),
        "shareStatus": "Detached",
        "state": "Succeeded",
    }
    share = {
        "id": call.arguments[1],
        "type": "Microsoft.Purview/receivedShares",
        "shareKind": "InPlace",
    }
    kind = (given.get("artifact") or {}).get("storeKind")
    properties = {**facts, "createdAt": call.now, "sharedAt": call.now} | (
        {"assetStoreKind": kind} if kind else {}
    )
    if call.store.get(RECEIVED, call.arguments[1]) is None:
        call.store.put(
            RECEIVED, call.arguments[1], {**share, "properties": properties}, ["status=Detached"]
        )
    return reply


def sent(call: Call) -> Reply:
    """Lists the shares that a storage account sends; in the oldest version all that are sent."""
    if "referenceName" not in call.query:
        return call.default_reply()
    return listing(call, SENT, tag=f"ref={call.query['referenceName']}")


def attached(call: Call) -> Reply:
    """Lists the shares that are attached to a storage account."""
    return listing(call, RECEIVED, tag=f"ref={call.query['referenceName']}")


def detached(call: Call) -> Reply:
    """Lists the shares that have no place yet."""
    return listing(call, RECEIVED, tag="status=Detached")


def resources(call: Call) -> Reply:
    """Lists the storage accounts that share or receive."""
    return listing(call, RESOURCES)


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/sentShares"): sent,
    ("PUT", "/sentShares/{}"): put_sent,
    ("PUT", "/receivedShares/{}"): put_received,
    ("PUT", "/sentShares/{}/sentShareInvitations/{}"): put_invitation,
    ("GET", "/receivedShares/attached"): attached,
    ("GET", "/receivedShares/detached"): detached,
    ("GET", "/shareResources"): resources,
}

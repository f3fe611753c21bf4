"""Shares: an invitation makes a share at the receiver's side, detached until it gets a place to go."""

from __future__ import annotations

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing, tags_of
from purview_testing.sandbox.state.paths import item_address
from purview_testing.sandbox.state.store import Store

PLANES = ("share",)
SENT, RECEIVED, RESOURCES = "/share/sentShares", "/share/receivedShares", "/share/shareResources"


def put_sent(call: Call) -> Reply:
    reply = call.default_reply()
    artifact = (reply.value.get("properties") or {}).get("artifact") or {}
    _tagged(call, reply.value, artifact)
    _resource(call.store, artifact)
    return reply


def put_received(call: Call) -> Reply:
    """With a sink it is attached to a place."""
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
    kind, key = item_address(call)
    reference = (holder.get("storeReference") or {}).get("referenceName")
    call.store.put(kind, key, value, {*tags_of(value, ()), *more, f"ref={reference}"})


def _resource(store: Store, artifact: Json) -> None:
    """The storage account that shares or receives, with its counts."""
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
    return listing(call, SENT, tag=f"ref={call.query['referenceName']}")


def attached(call: Call) -> Reply:
    return listing(call, RECEIVED, tag=f"ref={call.query['referenceName']}")


def detached(call: Call) -> Reply:
    return listing(call, RECEIVED, tag="status=Detached")


def resources(call: Call) -> Reply:
    return listing(call, RESOURCES)


_V = {
    ("PUT", "/sentShares/{}"): put_sent,
    ("PUT", "/receivedShares/{}"): put_received,
    ("PUT", "/sentShares/{}/sentShareInvitations/{}"): put_invitation,
    ("GET", "/receivedShares/attached"): attached,
    ("GET", "/receivedShares/detached"): detached,
    ("GET", "/shareResources"): resources,
}


def _if_filtered(call: Call) -> Reply:
    """The oldest version lists all that is sent; later ones by the storage account."""
    return sent(call) if "referenceName" in call.query else call.default_reply()


ROUTES: dict[tuple[str, str], Behaviour] = {**_V, ("GET", "/sentShares"): _if_filtered}

"""Data Quality: rules of assets; data sources, schedules and alerts of domains."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing
from purview_testing.sandbox.state.merge import merged

from . import scores
from .places import ASSET_ROUTES, DOMAIN_ROUTE, PLANES, asset_of, domain_path, reference, stamped
from .runs import settle

_NAMES = {"rules": "Rule", "data-sources": "DataSource", "schedules": "Schedule", "alerts": "Alert"}


def _place(call: Call) -> tuple[str, str, str]:
    """Returns kind and key of an item, and the word for it in messages."""
    group = call.operation.path.rpartition("/")[0].rpartition("/")[2]
    domain = domain_path(call.path_arguments["businessDomainId"])
    kind = f"{asset_of(call).path}/rules" if group == "rules" else f"{domain}/{group}"
    return kind, call.arguments[-1], _NAMES[group]


def _own(call: Call, kind: str) -> Json:
    """What an item says of where it belongs, unless the body says something else."""
    if kind.endswith("/rules"):
        return asset_of(call).references
    return {"businessDomain": reference("BusinessDomain", call.path_arguments["businessDomainId"])}


def _schema(call: Call) -> Any:
    """The schema of an item as it is read; some of its operations answer with nothing."""
    if call.operation.result:
        return call.operation.result
    every = call.operation.contract.operations.values()
    return next(o.result for o in every if o.path == call.operation.path and o.method == "GET")


def put(call: Call) -> Reply:
    """Adds or replaces an item, under the id in the path."""
    kind, key, _ = _place(call)
    body = {**_own(call, kind), **call.body, "id": key}
    value = stamped(call, body, _schema(call), key, call.store.get(kind, key))
    call.store.put(kind, key, value)
    return Reply(_shown(call, kind, value))


def patch(call: Call) -> Reply:
    """Lays the body over an item."""
    kind, key, what = _place(call)
    old = call.require(kind, key, what, lambda: _invented(call, key))
    value = stamped(call, {**merged(old, call.body), "id": key}, _schema(call), key, old)
    call.store.put(kind, key, value)
    return Reply(_shown(call, kind, value))


def _invented(call: Call, key: str) -> Json:
    return {**call.example(_schema(call)), "id": key}


def read(call: Call) -> Reply:
    """Reads an item."""
    kind, key, what = _place(call)
    return Reply(_shown(call, kind, call.require(kind, key, what, lambda: _invented(call, key))))


def _shown(call: Call, kind: str, value: Json) -> Json:
    """An item as it is shown: a rule with its score."""
    if not kind.endswith("/rules"):
        return value
    settle(call, asset_of(call))
    return scores.scored(call, asset_of(call), value)


def remove(call: Call) -> Reply:
    """Removes a schedule with its scans, a rule with what was found by it, or another item."""
    kind, key, what = _place(call)
    call.require(kind, key, what, dict)
    call.store.delete(kind, key)
    call.store.delete_below(f"{kind}/{quote(key, safe='~')}/")
    if what == "Rule":
        scores.forget(call, asset_of(call), f"rule={key}")
    return Reply()


def rules(call: Call) -> Reply:
    """Lists the rules of an asset, all of them: the answer has no place for a link."""
    asset = asset_of(call)
    settle(call, asset)
    return Reply([scores.scored(call, asset, rule) for rule in scores.rules_of(call, asset)])


def items(call: Call) -> Reply:
    """Lists the items whose names hold the text in the query."""
    group = call.operation.path.rpartition("/")[2]
    wanted = str(call.query.get("name") or "").lower()

    def chosen(value: Json) -> bool:
        return wanted in str(value.get("name", "")).lower()

    kind = f"{domain_path(call.path_arguments['businessDomainId'])}/{group}"
    return listing(call, kind, keep=chosen if wanted else None, handled=("name",))


_GROUPS = ("data-sources", "schedules", "alerts")
_METHODS: dict[str, Behaviour] = {"PUT": put, "PATCH": patch, "GET": read, "DELETE": remove}
ROUTES: dict[tuple[str, str], Behaviour] = {
    **{
        (method, f"{group}/{{}}"): behaviour
        for group in (
            *(f"{DOMAIN_ROUTE}/{name}" for name in _GROUPS),
            *(f"{asset}/rules" for asset in ASSET_ROUTES),
        )
        for method, behaviour in _METHODS.items()
    },
    **{("GET", f"{DOMAIN_ROUTE}/{group}"): items for group in _GROUPS},
    **{("GET", f"{asset}/rules"): rules for asset in ASSET_ROUTES},
}
__all__ = ["PLANES", "ROUTES"]

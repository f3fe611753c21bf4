"""Data Quality: rules, data sources, schedules and alerts; assets and their metadata; scores, snapshots and trends."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import ME, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing, tags_of
from purview_testing.sandbox.state.merge import merged
from purview_testing.sandbox.state.server_fields import complete

from . import quality_scores as scores
from .quality_assets import (
    METADATA,
    NO_PRODUCT,
    PLANES,
    Asset,
    asset_of,
    assets_of,
    domain_path,
    product_of,
    reference,
    referred,
)
from .quality_jobs import settle

_NOUNS = {"rules": "Rule", "data-sources": "DataSource", "schedules": "Schedule", "alerts": "Alert"}
_SETTINGS = "scoped-asset-metadata"
_MANY = 10  # assets on a page of the metadata of all of them
_MOST = 100  # opinions of a trend
_WINDOW = 90 * 86_400  # seconds that a trend may span


def _place(call: Call) -> tuple[str, str, str]:
    """Kind and key of an item, and what it is called in messages."""
    group = call.operation.path.rpartition("/")[0].rpartition("/")[2]
    domain = domain_path(call.holes["businessDomainId"])
    kind = f"{asset_of(call).path}/rules" if group == "rules" else f"{domain}/{group}"
    return kind, call.arguments[-1], _NOUNS[group]


def _own(call: Call, kind: str) -> Json:
    """What an item says of where it belongs, unless it says something else."""
    if kind.endswith("/rules"):
        return asset_of(call).references
    return {"businessDomain": reference("BusinessDomain", call.holes["businessDomainId"])}


def _schema(call: Call) -> Any:
    """The schema of an item as it is read; some of its operations answer nothing."""
    same = (o for o in call.operation.contract.operations.values() if o.path == call.operation.path)
    return call.operation.result or next(o.result for o in same if o.method == "GET")


def _stamped(call: Call, body: Json, schema: Any, key: str, old: Json | None) -> Json:
    """A body as the service keeps it, with a new entity tag where the schema has one."""
    value = complete(call, body, schema, key, old)
    tags = [
        n for n in ("ETag", "eTag") if n in call.operation.contract.schemas.shape(schema).properties
    ]
    bare = {n: v for n, v in value.items() if n not in tags}
    return value | dict.fromkeys(tags, hashlib.sha256(dumps(bare)).hexdigest()[:24])


def put(call: Call) -> Reply:
    """Adds or replaces an item, under the id that the path has."""
    kind, key, _ = _place(call)
    body = {**_own(call, kind), **call.body, "id": key}
    value = _stamped(call, body, _schema(call), key, call.store.get(kind, key))
    call.store.put(kind, key, value)
    return Reply(_shown(call, kind, value))


def patch(call: Call) -> Reply:
    """Merges into an item."""
    kind, key, what = _place(call)
    old = call.need(kind, key, what, lambda: _invented(call, key))
    value = _stamped(call, {**merged(old, call.body), "id": key}, _schema(call), key, old)
    call.store.put(kind, key, value)
    return Reply(_shown(call, kind, value))


def _invented(call: Call, key: str) -> Json:
    return {**call.example(_schema(call)), "id": key}


def read(call: Call) -> Reply:
    kind, key, what = _place(call)
    return Reply(_shown(call, kind, call.need(kind, key, what, lambda: _invented(call, key))))


def _shown(call: Call, kind: str, value: Json) -> Json:
    if not kind.endswith("/rules"):
        return value
    settle(call, asset_of(call))
    return scores.scored(call, asset_of(call), value)


def remove(call: Call) -> Reply:
    """Of a schedule with its scans, of a rule with what was found by it."""
    kind, key, what = _place(call)
    call.need(kind, key, what, dict)
    call.store.delete(kind, key)
    call.store.delete_below(f"{kind}/{quote(key, safe='~')}/")
    if what == "Rule":
        scores.forget(call, asset_of(call), f"rule={key}")
    return Reply()


def rules(call: Call) -> Reply:
    """All of them: the answer is a list and nothing else."""
    asset = asset_of(call)
    settle(call, asset)
    return Reply([scores.scored(call, asset, rule) for rule in scores.rules_of(call, asset)])


def items(call: Call) -> Reply:
    """Those whose name has the text that is asked for."""
    group = call.operation.path.rpartition("/")[2]
    wanted = str(call.query.get("name") or "").lower()

    def chosen(value: Json) -> bool:
        return wanted in str(value.get("name", "")).lower()

    kind = f"{domain_path(call.holes['businessDomainId'])}/{group}"
    return listing(call, kind, keep=chosen if wanted else None, handled=("name",))


def create_asset(call: Call) -> Reply:
    """What is there already, by its id in the Data Map or its qualified name, keeps its id."""
    kind, product, domain = (
        assets_of(call.holes["businessDomainId"]),
        product_of(call),
        call.holes["businessDomainId"],
    )
    name = call.body.get("dataMapAssetId") or call.body.get("fqn") or call.guid()
    found = call.store.first(kind, f"of={product}|{name}")
    key, old = (found.key, found.value) if found else (call.guid(), None)
    body = {
        "businessDomainId": domain,
        **(old or {}),
        **call.body,
        "dataProductId": product,
        "assetId": key,
    }
    value = _stamped(call, {**body, "score": 0.0}, call.operation.result, "", old)
    call.store.put(kind, key, value, [f"of={product}|{name}", *tags_of(value, ["dataProductId"])])
    if old is None:
        _described(
            call, Asset(domain, product, key), str(value.get("fqn") or name).rpartition("/")[2]
        )
    return Reply(_asset(call, value))


def _described(call: Call, asset: Asset, name: str) -> None:
    times = {
        "createdAt": call.now,
        "createdBy": ME,
        "lastModifiedAt": call.now,
        "lastModifiedBy": ME,
    }
    value = {
        "id": call.guid(),
        "type": "Basic",
        "name": name,
        "isDQAsset": True,
        **times,
        **asset.references,
    }
    call.store.put(METADATA, asset.key, value)


def _asset(call: Call, value: Json) -> Json:
    asset = Asset(call.holes["businessDomainId"], value["dataProductId"], value["assetId"])
    settle(call, asset)
    return {**value, "score": scores.score_of(call, asset) or 0.0}


def assets(call: Call) -> Reply:
    """Those of the product that is asked for, of all products where none is."""
    return listing(call, assets_of(call.holes["businessDomainId"]), present=partial(_asset, call))


def _need_asset(call: Call) -> Json:
    key, product = call.arguments[-1], call.query.get("dataProductId")
    value: Json = call.need(assets_of(call.holes["businessDomainId"]), key, "Asset", dict)
    if (
        value
        and product is not None
        and product != value["dataProductId"]
        and not call.settings.fill
    ):
        raise not_found("Asset", key)
    return value


def read_asset(call: Call) -> Reply:
    value = _need_asset(call)
    return Reply(
        _asset(call, value) if value else {**call.example(), "assetId": call.arguments[-1]}
    )


def remove_asset(call: Call) -> Reply:
    """With its rules, settings and scores."""
    value = _need_asset(call)
    if value:
        asset = Asset(call.holes["businessDomainId"], value["dataProductId"], value["assetId"])
        call.store.delete(assets_of(call.holes["businessDomainId"]), asset.key)
        call.store.delete(METADATA, asset.key)
        for name in (_SETTINGS, "origin"):
            call.store.delete(asset.path, name)
        call.store.delete_below(f"{asset.path}/")
    return Reply()


def read_metadata(call: Call) -> Reply:
    key = call.arguments[0]
    return Reply(call.need(METADATA, key, "AssetMetadata", lambda: _invented(call, key)))


def change_metadata(call: Call) -> Reply:
    """Adds the metadata of an asset, or merges into what is there."""
    key = call.arguments[0]
    old = call.store.get(METADATA, key)
    new = {"id": call.guid(), "type": "Basic", "dataAsset": reference("DataAsset", key)}
    body = {**merged(old or new, call.body), "dataAsset": new["dataAsset"]}
    value = _stamped(call, body, call.operation.result, "", old)
    call.store.put(METADATA, key, value)
    return Reply(value)


def read_settings(call: Call) -> Reply:
    return Reply(
        call.need(
            asset_of(call).path,
            _SETTINGS,
            "ScopedAssetMetadata",
            lambda: _invented(call, call.guid()),
        )
    )


def change_settings(call: Call) -> Reply:
    """Adds what a domain sets on an asset, or merges into what is there."""
    asset = asset_of(call)
    old = call.store.get(asset.path, _SETTINGS)
    new = {"description": "", "favouriteColumnPaths": [], "id": call.guid(), **asset.references}
    value = _stamped(call, merged(old or new, call.body), call.operation.result, "", old)
    call.store.put(asset.path, _SETTINGS, value)
    return Reply(value)


def remove_settings(call: Call) -> Reply:
    asset = asset_of(call)
    call.need(asset.path, _SETTINGS, "ScopedAssetMetadata", dict)
    call.store.delete(asset.path, _SETTINGS)
    return Reply()


def import_metadata(call: Call) -> Reply:
    """Metadata as another account gave it, asset by asset."""
    for entry in call.body["metadata"]:
        metadata, settings = entry["assetMetadata"], entry["assetScopedMetadata"]
        asset = _described_by(metadata, referred(metadata, "dataAsset") or str(metadata["id"]))
        call.store.put(METADATA, asset.key, metadata)
        call.store.put(asset.path, _SETTINGS, settings)
        call.store.put(
            asset.path, "imported", {n: entry[n] for n in ("scoreSnapshot", "globalRules")}
        )
    return Reply({"metadata": call.body["metadata"]})


def _described_by(metadata: Json, key: str) -> Asset:
    return Asset(
        referred(metadata, "businessDomain"), referred(metadata, "dataProduct") or NO_PRODUCT, key
    )


def all_metadata(call: Call) -> Reply:
    """Ten assets at a time, each with its settings and the last snapshot of its scores."""

    def entry(metadata: Json) -> Json:
        asset = _described_by(metadata, referred(metadata, "dataAsset") or str(metadata["id"]))
        settle(call, asset)
        imported = call.store.get(asset.path, "imported") or {}
        settings = call.store.get(asset.path, _SETTINGS) or {
            "description": "",
            "favouriteColumnPaths": [],
        }
        last = (
            scores.snapshot(call, asset)
            or imported.get("scoreSnapshot")
            or scores.nothing(call, asset)
        )
        rules = imported.get("globalRules") or []
        return {
            "assetMetadata": metadata,
            "assetScopedMetadata": settings,
            "scoreSnapshot": last,
            "globalRules": rules,
        }

    return listing(call, METADATA, present=entry, largest=_MANY)


def asset_scores(call: Call) -> Reply:
    """The scores of the assets that are named; of those that are known here, and 0 of one that was never assessed."""
    domain, product = call.holes["businessDomainId"], product_of(call)
    found = []
    for key in dict.fromkeys(text.strip() for text in str(call.query["assetId"]).split(",")):
        asset = Asset(domain, product, key)
        settle(call, asset)
        score = scores.score_of(call, asset)
        known = call.store.get(assets_of(call.holes["businessDomainId"]), key) or scores.rules_of(
            call, asset
        )
        if score is not None or known:
            found.append({"assetId": key, "score": score or 0.0})
    return Reply({"value": found})


def snapshot(call: Call) -> Reply:
    asset = asset_of(call)
    settle(call, asset)
    found = scores.snapshot(call, asset)
    if found is None and not call.settings.fill:
        raise Problem(404, "ScoreSnapshot_NotFound", f"The asset {asset.key!r} was never assessed.")
    return Reply(call.example() if found is None else found)


def trend(call: Call) -> Reply:
    """The opinions on a rule, the newest first."""
    asset, key = asset_of(call), call.arguments[-1]
    settle(call, asset)
    call.need(f"{asset.path}/rules", key, "Rule", dict)
    most = call.query.get("maxRecordsToReturn", 10)
    since, until = (_moment(call.query.get(name)) for name in ("startTime", "endTime"))
    _check(call, most, since, until)
    found = scores.opinions(call, asset, f"rule={key}")[::-1]
    if since is not None and until is not None:
        found = [o for o in found if since <= (_moment(o["resultedAt"]) or 0) <= until]
    return Reply(found[:most])


def _moment(text: Any) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(400, "InvalidRequest", f"{text!r} is no time.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _check(call: Call, most: int, since: float | None, until: float | None) -> None:
    """What the documents say of a trend's arguments in words."""
    wrong = {
        "maxRecordsToReturn: from 1 to 100": not 1 <= most <= _MOST,
        "startTime and endTime: both or none": (since is None) != (until is None),
        "endTime: at most 90 days after startTime": since is not None
        and until is not None
        and until - since > _WINDOW,
    }
    found = [text for text, departs in wrong.items() if departs]
    if found and not call.settings.fill:
        raise Problem(400, "InvalidRequest", f"A trend takes {'; '.join(found)}.")


_DOMAIN = "/business-domains/{}"
_SPELLINGS = (f"{_DOMAIN}/data-assets/{{}}", f"{_DOMAIN}/data-products/{{}}/data-assets/{{}}")
_GROUPS = (
    *(f"{_DOMAIN}/{group}" for group in ("data-sources", "schedules", "alerts")),
    *(f"{a}/rules" for a in _SPELLINGS),
)
_METHODS: dict[str, Behaviour] = {"PUT": put, "PATCH": patch, "GET": read, "DELETE": remove}
ROUTES: dict[tuple[str, str], Behaviour] = {
    **{
        (method, f"{group}/{{}}"): behaviour
        for group in _GROUPS
        for method, behaviour in _METHODS.items()
    },
    **{("GET", f"{_DOMAIN}/{group}"): items for group in ("data-sources", "schedules", "alerts")},
    **{("GET", f"{asset}/rules"): rules for asset in _SPELLINGS},
    **{("GET", f"{asset}/{_SETTINGS}"): read_settings for asset in _SPELLINGS},
    **{("PATCH", f"{asset}/{_SETTINGS}"): change_settings for asset in _SPELLINGS},
    **{("DELETE", f"{asset}/{_SETTINGS}"): remove_settings for asset in _SPELLINGS},
    **{("GET", f"{asset}/snapshots"): snapshot for asset in _SPELLINGS},
    **{("GET", f"{asset}/rule-opinions/{{}}"): trend for asset in _SPELLINGS},
    ("PATCH", f"{_DOMAIN}/assets"): create_asset,
    ("GET", f"{_DOMAIN}/assets"): assets,
    ("GET", f"{_DOMAIN}/assets/{{}}"): read_asset,
    ("DELETE", f"{_DOMAIN}/assets/{{}}"): remove_asset,
    ("GET", f"{_DOMAIN}/asset-scores"): asset_scores,
    ("GET", "/data-assets/{}/asset-metadata"): read_metadata,
    ("PATCH", "/data-assets/{}/asset-metadata"): change_metadata,
    ("GET", "/bulk-asset-metadata"): all_metadata,
    ("PUT", "/bulk-asset-metadata"): import_metadata,
}
__all__ = ["PLANES", "ROUTES"]

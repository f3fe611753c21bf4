"""Data Quality: the assets that a domain makes for it, and the metadata and settings of any asset."""

from __future__ import annotations

from functools import partial

from purview_testing.contracts.messages import Json, not_found
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing, tags_of
from purview_testing.sandbox.state.merge import merged

from . import scores
from .places import (
    ASSET_ROUTES,
    DOMAIN_ROUTE,
    METADATA,
    NO_PRODUCT,
    PLANES,
    SETTINGS,
    Asset,
    asset_of,
    assets_of,
    product_of,
    reference,
    referred,
    stamped,
)
from .runs import settle

_MANY = 10  # assets on a page of the metadata of all of them


def create_asset(call: Call) -> Reply:
    """What is there already, by its id in the Data Map or its qualified name, keeps its id."""
    kind, product, domain = (
        assets_of(call.path_arguments["businessDomainId"]),
        product_of(call),
        call.path_arguments["businessDomainId"],
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
    value = stamped(call, {**body, "score": 0.0}, call.operation.result, "", old)
    call.store.put(kind, key, value, [f"of={product}|{name}", *tags_of(value, ["dataProductId"])])
    if old is None:
        _described(
            call, Asset(domain, product, key), str(value.get("fqn") or name).rpartition("/")[2]
        )
    return Reply(_asset(call, value))


def _described(call: Call, asset: Asset, name: str) -> None:
    times = {
        "createdAt": call.now,
        "createdBy": CALLER,
        "lastModifiedAt": call.now,
        "lastModifiedBy": CALLER,
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
    asset = Asset(call.path_arguments["businessDomainId"], value["dataProductId"], value["assetId"])
    settle(call, asset)
    return {**value, "score": scores.score_of(call, asset) or 0.0}


def assets(call: Call) -> Reply:
    """Those of the product that is asked for, of all products where none is."""
    return listing(
        call, assets_of(call.path_arguments["businessDomainId"]), present=partial(_asset, call)
    )


def _need_asset(call: Call) -> Json:
    key, product = call.arguments[-1], call.query.get("dataProductId")
    value: Json = call.require(
        assets_of(call.path_arguments["businessDomainId"]), key, "Asset", dict
    )
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
        asset = Asset(
            call.path_arguments["businessDomainId"], value["dataProductId"], value["assetId"]
        )
        call.store.delete(assets_of(call.path_arguments["businessDomainId"]), asset.key)
        call.store.delete(METADATA, asset.key)
        for name in (SETTINGS, "origin"):
            call.store.delete(asset.path, name)
        call.store.delete_below(f"{asset.path}/")
    return Reply()


def read_metadata(call: Call) -> Reply:
    key = call.arguments[0]
    return Reply(
        call.require(METADATA, key, "AssetMetadata", lambda: {**call.example(), "id": key})
    )


def change_metadata(call: Call) -> Reply:
    """Adds the metadata of an asset, or merges into what is there."""
    key = call.arguments[0]
    old = call.store.get(METADATA, key)
    new = {"id": call.guid(), "type": "Basic", "dataAsset": reference("DataAsset", key)}
    body = {**merged(old or new, call.body), "dataAsset": new["dataAsset"]}
    value = stamped(call, body, call.operation.result, "", old)
    call.store.put(METADATA, key, value)
    return Reply(value)


def read_settings(call: Call) -> Reply:
    return Reply(
        call.require(
            asset_of(call).path,
            SETTINGS,
            "ScopedAssetMetadata",
            lambda: {**call.example(), "id": call.guid()},
        )
    )


def change_settings(call: Call) -> Reply:
    """Adds what a domain sets on an asset, or merges into what is there."""
    asset = asset_of(call)
    old = call.store.get(asset.path, SETTINGS)
    new = {"description": "", "favouriteColumnPaths": [], "id": call.guid(), **asset.references}
    value = stamped(call, merged(old or new, call.body), call.operation.result, "", old)
    call.store.put(asset.path, SETTINGS, value)
    return Reply(value)


def remove_settings(call: Call) -> Reply:
    asset = asset_of(call)
    call.require(asset.path, SETTINGS, "ScopedAssetMetadata", dict)
    call.store.delete(asset.path, SETTINGS)
    return Reply()


def import_metadata(call: Call) -> Reply:
    """Metadata as another account gave it, asset by asset."""
    for entry in call.body["metadata"]:
        metadata, settings = entry["assetMetadata"], entry["assetScopedMetadata"]
        asset = _described_by(metadata, referred(metadata, "dataAsset") or str(metadata["id"]))
        call.store.put(METADATA, asset.key, metadata)
        call.store.put(asset.path, SETTINGS, settings)
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
        settings = call.store.get(asset.path, SETTINGS) or {
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


ROUTES: dict[tuple[str, str], Behaviour] = {
    **{("GET", f"{asset}/{SETTINGS}"): read_settings for asset in ASSET_ROUTES},
    **{("PATCH", f"{asset}/{SETTINGS}"): change_settings for asset in ASSET_ROUTES},
    **{("DELETE", f"{asset}/{SETTINGS}"): remove_settings for asset in ASSET_ROUTES},
    ("PATCH", f"{DOMAIN_ROUTE}/assets"): create_asset,
    ("GET", f"{DOMAIN_ROUTE}/assets"): assets,
    ("GET", f"{DOMAIN_ROUTE}/assets/{{}}"): read_asset,
    ("DELETE", f"{DOMAIN_ROUTE}/assets/{{}}"): remove_asset,
    ("GET", "/data-assets/{}/asset-metadata"): read_metadata,
    ("PATCH", "/data-assets/{}/asset-metadata"): change_metadata,
    ("GET", "/bulk-asset-metadata"): all_metadata,
    ("PUT", "/bulk-asset-metadata"): import_metadata,
}
__all__ = ["PLANES", "ROUTES"]

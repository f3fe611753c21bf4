"""Data Quality: the assets that a domain makes for it, and metadata and settings of any asset."""

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
    """Makes an asset.

    One that is there already, by its id in the Data Map or its qualified name, keeps its id.
    """
    domain = call.path_arguments["businessDomainId"]
    kind = assets_of(domain)
    product = product_of(call)
    name = call.body.get("dataMapAssetId") or call.body.get("fqn") or call.guid()
    found = call.store.first(kind, f"of={product}|{name}")
    old = found.value if found else None
    key = found.key if found else call.guid()
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
        short_name = str(value.get("fqn") or name).rpartition("/")[2]
        _describe(call, Asset(domain, product, key), short_name)
    return Reply(_with_score(call, value))


def _describe(call: Call, asset: Asset, name: str) -> None:
    """Stores the first metadata of an asset."""
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


def _with_score(call: Call, value: Json) -> Json:
    """An asset of a domain with its score."""
    asset = Asset(call.path_arguments["businessDomainId"], value["dataProductId"], value["assetId"])
    settle(call, asset)
    return {**value, "score": scores.score_of(call, asset) or 0.0}


def assets(call: Call) -> Reply:
    """Lists the assets of a data product; without one in the query, those of all products."""
    return listing(
        call, assets_of(call.path_arguments["businessDomainId"]), present=partial(_with_score, call)
    )


def _need_asset(call: Call) -> Json:
    """The asset that a call is about; empty where the sandbox fills in."""
    key = call.arguments[-1]
    product = call.query.get("dataProductId")
    value: Json = call.require(
        assets_of(call.path_arguments["businessDomainId"]), key, "Asset", dict
    )
    other = bool(value) and product not in (None, value["dataProductId"])
    if other and not call.settings.fill:
        raise not_found("Asset", key)
    return value


def read_asset(call: Call) -> Reply:
    """Reads an asset."""
    value = _need_asset(call)
    if not value:
        return Reply({**call.example(), "assetId": call.arguments[-1]})
    return Reply(_with_score(call, value))


def remove_asset(call: Call) -> Reply:
    """Removes an asset with its rules, settings and scores."""
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
    """Reads the metadata of an asset."""
    key = call.arguments[0]
    return Reply(
        call.require(METADATA, key, "AssetMetadata", lambda: {**call.example(), "id": key})
    )


def change_metadata(call: Call) -> Reply:
    """Adds the metadata of an asset, or lays the body over it."""
    key = call.arguments[0]
    old = call.store.get(METADATA, key)
    new = {"id": call.guid(), "type": "Basic", "dataAsset": reference("DataAsset", key)}
    body = {**merged(old or new, call.body), "dataAsset": new["dataAsset"]}
    value = stamped(call, body, call.operation.result, "", old)
    call.store.put(METADATA, key, value)
    return Reply(value)


def read_settings(call: Call) -> Reply:
    """Reads what a domain sets on an asset."""
    return Reply(
        call.require(
            asset_of(call).path,
            SETTINGS,
            "ScopedAssetMetadata",
            lambda: {**call.example(), "id": call.guid()},
        )
    )


def change_settings(call: Call) -> Reply:
    """Adds what a domain sets on an asset, or lays the body over it."""
    asset = asset_of(call)
    old = call.store.get(asset.path, SETTINGS)
    new = {"description": "", "favouriteColumnPaths": [], "id": call.guid(), **asset.references}
    value = stamped(call, merged(old or new, call.body), call.operation.result, "", old)
    call.store.put(asset.path, SETTINGS, value)
    return Reply(value)


def remove_settings(call: Call) -> Reply:
    """Removes what a domain sets on an asset."""
    asset = asset_of(call)
    call.require(asset.path, SETTINGS, "ScopedAssetMetadata", dict)
    call.store.delete(asset.path, SETTINGS)
    return Reply()


def import_metadata(call: Call) -> Reply:
    """Takes over the metadata of assets as another account gave it."""
    for entry in call.body["metadata"]:
        asset = _described_asset(entry["assetMetadata"])
        imported = {name: entry[name] for name in ("scoreSnapshot", "globalRules")}
        call.store.put(METADATA, asset.key, entry["assetMetadata"])
        call.store.put(asset.path, SETTINGS, entry["assetScopedMetadata"])
        call.store.put(asset.path, "imported", imported)
    return Reply({"metadata": call.body["metadata"]})


def _described_asset(metadata: Json) -> Asset:
    """The asset that metadata is of."""
    key = referred(metadata, "dataAsset") or str(metadata["id"])
    product = referred(metadata, "dataProduct") or NO_PRODUCT
    return Asset(referred(metadata, "businessDomain"), product, key)


def all_metadata(call: Call) -> Reply:
    """Lists ten assets at a time, with their settings and the last snapshots of their scores."""

    def entry(metadata: Json) -> Json:
        asset = _described_asset(metadata)
        settle(call, asset)
        imported = call.store.get(asset.path, "imported") or {}
        none = {"description": "", "favouriteColumnPaths": []}
        last = scores.snapshot(call, asset) or imported.get("scoreSnapshot")
        return {
            "assetMetadata": metadata,
            "assetScopedMetadata": call.store.get(asset.path, SETTINGS) or none,
            "scoreSnapshot": last or scores.nothing(call, asset),
            "globalRules": imported.get("globalRules") or [],
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

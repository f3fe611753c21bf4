"""Data Quality: where an asset's things are kept. Domain, product and asset are things of other planes, and any id is taken.

A path names the product of an asset, or leaves it out for one that is in none; the query may then name it, too. Both lead to one
and the same place. What the account's Unified Catalog knows of an id gives the names that runs show; nothing is refused for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.behaviours.unified import ASSETS, PRODUCTS
from purview_testing.sandbox.call import Call

PLANES = ("data_quality",)
BASE = "/datagovernance/quality"
NO_PRODUCT = "00000000-0000-0000-0000-000000000000"
METADATA = f"{BASE}/asset-metadata"  # of every asset of the account, by the asset's id


@dataclass(frozen=True)
class Asset:
    """`product` is NO_PRODUCT where the asset is in none."""

    domain: str
    product: str
    key: str

    @property
    def path(self) -> str:
        return f"{domain_path(self.domain)}/data-products/{_quoted(self.product)}/data-assets/{_quoted(self.key)}"

    @property
    def tag(self) -> str:
        """What its runs are found by."""
        return f"asset={_quoted(self.product)}/{_quoted(self.key)}"

    @property
    def references(self) -> Json:
        """Where it belongs, as rules and metadata say it."""
        return {
            "businessDomain": reference("BusinessDomain", self.domain),
            "dataProduct": reference("DataProduct", self.product),
            "dataAsset": reference("DataAsset", self.key),
        }


def asset_of(call: Call) -> Asset:
    """The asset that a call is about, by either spelling of its path."""
    key = call.holes.get("dataAssetId") or call.holes["assetId"]
    return Asset(call.holes["businessDomainId"], product_of(call), key)


def product_of(call: Call) -> str:
    return str(call.holes.get("dataProductId") or call.query.get("dataProductId") or NO_PRODUCT)


def domain_path(domain: str) -> str:
    return f"{BASE}/business-domains/{_quoted(domain)}"


def assets_of(domain: str) -> str:
    """The assets that a domain itself has made for Data Quality."""
    return f"{domain_path(domain)}/assets"


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def reference(what: str, key: str) -> Json:
    return {"type": f"{what}Reference", "referenceId": key}


def referred(value: Any, name: str) -> str:
    """The id in a reference of a body; "" where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return str((found or {}).get("referenceId") or "")


def names(call: Call, asset: Asset) -> Json:
    """The names of product and asset, where the account's Unified Catalog has them."""
    found = {
        "dataProductName": call.store.get(PRODUCTS, asset.product),
        "dataAssetName": call.store.get(ASSETS, asset.key),
    }
    return {name: value["name"] for name, value in found.items() if value and "name" in value}


def number(*parts: str) -> int:
    """A number that is always the same for the same texts."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:6])

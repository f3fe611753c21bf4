"""Data Quality: where the things of an asset are kept.

Domains, data products and data assets are things of other planes, and any id of them is taken. A
path names the data product of an asset, or leaves it out for an asset that is in none; then the
query may name it, too. Both lead to the same place. If the account's Unified Catalog has names for
the ids, runs show them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import Json
from purview_testing.sandbox.behaviours.unified import ASSETS, PRODUCTS
from purview_testing.sandbox.call import Call
from purview_testing.sandbox.state.server_fields import with_server_fields

PLANES = ("data_quality",)
BASE = "/datagovernance/quality"
NO_PRODUCT = "00000000-0000-0000-0000-000000000000"
SETTINGS = "scoped-asset-metadata"  # the key of what a domain sets on an asset
DOMAIN_ROUTE = "/business-domains/{}"
ASSET_ALONE = f"{DOMAIN_ROUTE}/data-assets/{{}}"
ASSET_IN_PRODUCT = f"{DOMAIN_ROUTE}/data-products/{{}}/data-assets/{{}}"
ASSET_ROUTES = (ASSET_ALONE, ASSET_IN_PRODUCT)  # most operations have both
METADATA = f"{BASE}/asset-metadata"  # the metadata of every asset, by the asset's id


@dataclass(frozen=True)
class Asset:
    """The place of an asset.

    Attributes:
        domain: The id of its business domain.
        product: The id of its data product; NO_PRODUCT where it is in none.
        key: Its own id.
    """

    domain: str
    product: str
    key: str

    @property
    def path(self) -> str:
        """The path below which its things are kept."""
        product = f"{domain_path(self.domain)}/data-products/{_quoted(self.product)}"
        return f"{product}/data-assets/{_quoted(self.key)}"

    @property
    def tag(self) -> str:
        """The tag by which its runs are found."""
        return f"asset={_quoted(self.product)}/{_quoted(self.key)}"

    @property
    def references(self) -> Json:
        """Where it belongs, in the form that rules and metadata have."""
        return {
            "businessDomain": reference("BusinessDomain", self.domain),
            "dataProduct": reference("DataProduct", self.product),
            "dataAsset": reference("DataAsset", self.key),
        }


def asset_of(call: Call) -> Asset:
    """Returns the asset that a call is about, by either spelling of its path."""
    key = call.path_arguments.get("dataAssetId") or call.path_arguments["assetId"]
    return Asset(call.path_arguments["businessDomainId"], product_of(call), key)


def product_of(call: Call) -> str:
    """Returns the data product that a call is about; NO_PRODUCT where it names none."""
    return str(
        call.path_arguments.get("dataProductId") or call.query.get("dataProductId") or NO_PRODUCT
    )


def domain_path(domain: str) -> str:
    """Returns the path of a business domain."""
    return f"{BASE}/business-domains/{_quoted(domain)}"


def assets_of(domain: str) -> str:
    """Returns the kind of the assets that a domain has made for Data Quality."""
    return f"{domain_path(domain)}/assets"


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def reference(what: str, key: str) -> Json:
    """Returns a reference to a thing, as bodies have it."""
    return {"type": f"{what}Reference", "referenceId": key}


def referred(value: Any, name: str) -> str:
    """Returns the id in a reference of a body; an empty text where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return str((found or {}).get("referenceId") or "")


def names(call: Call, asset: Asset) -> Json:
    """Returns the names of a product and an asset, where the account's Unified Catalog has them."""
    found = {
        "dataProductName": call.store.get(PRODUCTS, asset.product),
        "dataAssetName": call.store.get(ASSETS, asset.key),
    }
    return {name: value["name"] for name, value in found.items() if value and "name" in value}


def number(*parts: str) -> int:
    """Returns a number that is always the same for the same texts."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:6])


def stamped(call: Call, body: Json, schema: Any, key: str, old: Json | None) -> Json:
    """Returns a body as the service keeps it, with a new entity tag where the schema has one."""
    value = with_server_fields(call, body, schema, key, old)
    tags = [
        n for n in ("ETag", "eTag") if n in call.operation.contract.schemas.shape(schema).properties
    ]
    bare = {n: v for n, v in value.items() if n not in tags}
    return value | dict.fromkeys(tags, hashlib.sha256(dumps(bare)).hexdigest()[:24])

"""The other clients: those of openapi-python-client from the same contracts, and of Azure."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from bodies import DATAMAP, SCANNING, Json
from measure import python

STOCK_SCANNING = "stock_scanning"
STOCK_DATAMAP = "stock_datamap"
STOCK_KINDS = "stock_scanning_with_kinds"


def generate(contract: Path, package: str, scratch: Path) -> None:
    """Stock output for a contract, as the package `scratch/package`."""
    out = str(scratch / package)
    command = (
        "-m",
        "openapi_python_client",
        "generate",
        "--path",
        str(contract),
        "--meta",
        "none",
        "--overwrite",
    )
    python(*command, "--output-path", out, scratch=scratch)


def generate_all(scratch: Path) -> None:
    """The packages that `models` and the timed scripts import; `scratch` is on the path."""
    generate(SCANNING, STOCK_SCANNING, scratch)
    generate(DATAMAP, STOCK_DATAMAP, scratch)
    with_kinds = scratch / "with_kinds.json"
    with_kinds.write_text(json.dumps(_with_kinds(json.loads(SCANNING.read_bytes()))))
    generate(with_kinds, STOCK_KINDS, scratch)


def _with_kinds(contract: Json) -> Json:
    """Helps stock, which has no subtypes: lists hold a union, each member with its own kind."""
    schemas = contract["components"]["schemas"]
    kinds = schemas["Scan"]["discriminator"]["mapping"]
    schemas["ScanList"]["properties"]["value"]["items"] = {
        "oneOf": [{"$ref": ref} for ref in kinds.values()]
    }
    for kind, ref in kinds.items():
        own = schemas[ref.rpartition("/")[2]]["allOf"][-1]
        own.setdefault("properties", {})["kind"] = {"type": "string", "enum": [kind]}
    return contract


def stock(package: str, model: str) -> Any:
    """A stock model class."""
    return getattr(import_module(f"{package}.models"), model)


def stock_encode(value: Any) -> bytes:
    return json.dumps(value.to_dict()).encode()


def azure_decode(model: str, raw: bytes) -> Any:
    """What azure-purview-datamap makes of an answer; these are the calls in its operations."""
    from azure.purview.datamap import models
    from azure.purview.datamap._model_base import _deserialize

    return _deserialize(getattr(models, model), json.loads(raw))


def azure_encode(value: Any) -> bytes:
    from azure.purview.datamap._model_base import SdkJSONEncoder

    return json.dumps(value, cls=SdkJSONEncoder).encode()


def accepts(items: str, page: Json, decode: Any) -> str:
    """What a decoder makes of a page, and of its first item with an unusual value."""
    found = []
    item = page[items][0]
    nested = next(k for k, v in item.items() if isinstance(v, dict))
    changes = {
        "as it is": {},
        f"null {nested}": {nested: None},
        "unknown enum value": {_tag(item): "Later"},
    }
    for what, change in changes.items():
        body = page if not change else {**page, items: [item | change]}
        try:
            classes = {type(x).__name__ for x in getattr(decode(json.dumps(body).encode()), items)}
        except Exception as error:  # noqa: BLE001  # whatever it raises is the finding
            found.append(f"{what}: refused ({type(error).__name__})")
        else:
            found.append(
                f"{what}: accepted" + ("" if change else f" (classes of items: {len(classes)})")
            )
    return "; ".join(found)


def _tag(item: Json) -> str:
    return "kind" if "kind" in item else "status"

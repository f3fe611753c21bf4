"""The contracts themselves: OpenAPI, as many operations as the lock says, one api-version, and
every kind of a base in its mapping.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_python_client.schema import OpenAPI
from pydantic import ValidationError

from purview_codegen.package.adapter import operations_of
from purview_codegen.source.lock import Lock
from purview_core.manifest import Document

from .corpus import SPECS, contract, documents
from .sampling import Json

pytestmark = pytest.mark.level("L0")
ALL = pytest.mark.parametrize("document", documents(), ids=str)


@ALL
def test_a_contract_is_openapi(document: Document) -> None:
    found = contract(document)
    assert found["openapi"].startswith("3.1.")
    OpenAPI.model_validate(found)
    broken = copy.deepcopy(found)
    next(op for _, _, op in operations_of(broken))["responses"] = []
    with pytest.raises(ValidationError):
        OpenAPI.model_validate(broken)


@ALL
def test_every_reference_leads_somewhere(document: Document) -> None:
    found = contract(document)
    targets = [value["$ref"] for value in objects(found) if isinstance(value.get("$ref"), str)]
    missing = [
        t
        for t in targets
        if t.removeprefix("#/components/schemas/") not in found["components"]["schemas"]
    ]
    assert [] == missing


@ALL
def test_as_many_operations_as_the_lock_says(document: Document) -> None:
    found = [operation for _, _, operation in operations_of(contract(document))]
    assert (
        Lock.load(SPECS).entry(document).operations
        == len(found)
        == len({op["operationId"] for op in found})
    )


@ALL
def test_every_hole_of_a_path_is_a_required_parameter(document: Document) -> None:
    for path, _, operation in operations_of(contract(document)):
        holes = {
            p["name"]
            for p in operation.get("parameters", ())
            if p["in"] == "path" and p["required"]
        }
        assert all(f"{{{name}}}" in path for name in holes), operation["operationId"]
        assert path.count("{") == len(holes), operation["operationId"]


@ALL
def test_the_api_version_is_an_enum_of_one(document: Document) -> None:
    versions = [
        p["schema"].get("enum")
        for _, _, operation in operations_of(contract(document))
        for p in operation.get("parameters", ())
        if p["name"] == "api-version"
    ]
    assert [[document.version]] * len(versions) == versions


@ALL
def test_every_kind_of_a_base_is_in_its_mapping(document: Document) -> None:
    schemas = contract(document)["components"]["schemas"]
    for name, base in schemas.items():
        if "discriminator" not in base:
            continue
        mapped = {
            ref.rsplit("/", 1)[-1] for ref in base["discriminator"].get("mapping", {}).values()
        }
        assert mapped <= set(schemas)
        # upstream gives several kinds one value
        shared = base.get("x-ambiguous-discriminator-values", ())
        kinds = {
            n: s["x-discriminator-value"]
            for n, s in schemas.items()
            if "x-discriminator-value" in s
        }
        wanted = {
            n
            for n, value in kinds.items()
            if value not in shared and name in set(above(schemas, n))
        }
        assert wanted <= mapped, name
        assert all(name in {target, *above(schemas, target)} for target in mapped), name


def objects(value: Any) -> Iterator[Json]:
    """Every object in a value."""
    if isinstance(value, dict):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from objects(inner)


def above(schemas: Json, name: str) -> Iterator[str]:
    """The schemas that one is all of."""
    for part in schemas[name].get("allOf", ()):
        if "$ref" in part:
            base = part["$ref"].rsplit("/", 1)[-1]
            yield base
            yield from above(schemas, base)

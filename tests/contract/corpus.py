"""The upstream examples, where a mirror of the documents lies beside the checkout, and every
version generated for the tests.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from purview_codegen.contract.schemas import pascal
from purview_codegen.contract.upgrade import METHODS, upgrade
from purview_core.manifest import Document, Manifest

Json = dict[str, Any]
ROOT = Path(__file__).parent.parent.parent
SPECS = ROOT / "specs"
MIRROR = ROOT.parent / "shared" / "upstream"
NO_MIRROR = "no mirror of the upstream documents beside the checkout"


@attrs.frozen
class Example:
    """One example file of one operation."""

    document: Document
    operation_id: str
    name: str
    parameters: Mapping[str, Any]
    responses: Mapping[str, Any]

    def bodies(self) -> Iterator[tuple[int, Any]]:
        for status, response in self.responses.items():
            if isinstance(response, dict) and "body" in response and status.isdecimal():
                yield int(status), response["body"]

    def __str__(self) -> str:
        return f"{self.document} {self.operation_id} {self.name}"


@cache
def manifest() -> Manifest:
    return Manifest.load(SPECS)


@cache
def documents() -> tuple[Document, ...]:
    return tuple(manifest().documents)


@cache
def examples() -> tuple[tuple[Example, ...], int]:
    """All examples that are there, and how many files the documents name that are not."""
    found: list[Example] = []
    missing = 0
    for document in documents():
        path = MIRROR / document.location
        for oid, operation in operations(json.loads(path.read_bytes())):
            for name, entry in operation.get("x-ms-examples", {}).items():
                file = path.parent / entry["$ref"]
                if not file.is_file():
                    missing += 1
                    continue
                content = json.loads(file.read_bytes())
                found.append(
                    Example(
                        document,
                        oid,
                        name,
                        content.get("parameters", {}),
                        content.get("responses", {}),
                    )
                )
    return tuple(found), missing


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                yield item[method]["operationId"], item[method]


def contract(document: Document) -> Json:
    found: Json = json.loads(
        (SPECS / "contracts" / document.plane / f"{document.version}.json").read_bytes()
    )
    return found


@cache
def declared(document: Document) -> Json:
    """The document's own schemas, upgraded: what the models are measured by."""
    schemas: Json = upgrade(json.loads((MIRROR / document.location).read_bytes()))["components"][
        "schemas"
    ]
    return schemas


@cache
def members(document: Document, class_name: str) -> frozenset[str]:
    """The members that the document itself gives to the schema of a class, inherited ones
    included.
    """
    schemas = declared(document)

    def of(schema: Json) -> set[str]:
        if "$ref" in schema:
            return of(schemas[schema["$ref"].rsplit("/", 1)[-1]])
        return set(schema.get("properties", {})).union(
            *(of(part) for part in schema.get("allOf", []))
        )

    return frozenset(
        set().union(*(of(schema) for name, schema in schemas.items() if pascal(name) == class_name))
    )


@cache
def package(document: Document) -> ModuleType:
    """The generated package of a document; `versions` must have generated it."""
    plane = manifest().plane(document.plane)
    return importlib.import_module(
        f"purview_versions.{plane.package}.v{document.version.replace('-', '_')}"
    )

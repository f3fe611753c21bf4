"""Inline document -> package on disk -> imported: how the functional tests see the generator."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from purview_codegen.contract.shape import shape
from purview_codegen.contract.upgrade import upgrade
from purview_codegen.package import write
from purview_codegen.package.docs import Docs
from purview_codegen.package.names import operation_names
from purview_codegen.package.plan import Plan, plan
from purview_codegen.package.render import render_plane
from purview_codegen.package.words import AllWords
from purview_core.manifest import PlaneEntry

Json = dict[str, Any]


def swagger(
    paths: Json | None = None,
    definitions: Json | None = None,
    *,
    version: str = "2024-01-01",
    **more: Any,
) -> Json:
    """A Swagger 2.0 document around the given paths and definitions."""
    return {
        "swagger": "2.0",
        "info": {"title": "Inline", "version": version},
        "x-ms-parameterized-host": {
            "hostTemplate": "{endpoint}",
            "parameters": [{"name": "endpoint", "in": "path", "type": "string", "required": True}],
        },
        "basePath": "/inline",
        "paths": paths or {},
        "definitions": definitions or {},
        **more,
    }


def operation(oid: str, *parameters: Json, answer: Json | None = None, **more: Any) -> Json:
    """One operation with an api-version, the given parameters and a 200 answer of the given
    schema.
    """
    ok = {"description": "", "schema": answer} if answer is not None else {"description": ""}
    own = [*parameters, {"name": "api-version", "in": "query", "type": "string", "required": True}]
    return {"operationId": oid, "parameters": own, "responses": {"200": ok}, **more}


def contract_of(document: Json, overlay: Callable[[Json], object] | None = None) -> Json:
    """`overlay` lays facts over the contract, which documents do not have."""
    contract = shape(upgrade(document) if "swagger" in document else document, "inline")
    if overlay is not None:
        overlay(contract)
    return contract


def plan_of(
    document: Json,
    methods: Mapping[str, str] | None = None,
    *,
    overlay: Callable[[Json], object] | None = None,
) -> Plan:
    return plan_of_contract(contract_of(document, overlay), methods)


def plan_of_contract(contract: Json, methods: Mapping[str, str] | None = None) -> Plan:
    version = contract["info"]["version"]
    return plan(contract, operation_names({version: contract}, methods or {})[version])


def package_of(
    document: Json, folder: Path, name: str, *, overlay: Callable[[Json], object] | None = None
) -> ModuleType:
    """Generates the document as package `name` below `folder`, and imports it with every one of its
    modules.
    """
    plane = PlaneEntry(
        name="inline",
        package=name,
        title="Inline",
        summary="A plane made for a test.",
        endpoint="account",
        roles=(),
        documents=(),
    )
    contract = contract_of(document, overlay)
    planned = plan_of_contract(contract)
    docs = Docs(contract, planned, plane.roles, AllWords().of("inline"))
    files = render_plane(planned, plane, docs)
    with write.staged(folder, {f"{name}/{path}": text for path, text in files.items()}) as stage:
        (stage / name).rename(folder / name)
    sys.path.insert(0, str(folder))
    try:
        package = importlib.import_module(name)
        for path in sorted((folder / name).rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    finally:
        sys.path.remove(str(folder))
    return package

"""What areas of the service do beyond the shape of their routes."""

from __future__ import annotations

from typing import Any

from purview_testing.contracts.facts import Operation
from purview_testing.sandbox.call import Behaviour, Settings
from purview_testing.sandbox.state.paths import unnamed_template
from purview_testing.sandbox.state.store import Store

from . import (
    access,
    collections,
    devops,
    policies,
    references,
    scanning,
    shares,
    unified,
    unified_columns,
    workflows,
)
from .catalog import entities, glossary, lineage, relationships, search, types
from .quality import assets, items, jobs, reports, scans

_AREAS = (
    collections,
    policies,
    devops,
    scanning,
    types,
    entities,
    relationships,
    lineage,
    glossary,
    search,
    shares,
    workflows,
    access,
    unified,
    unified_columns,
    items,
    assets,
    reports,
    jobs,
    scans,
)
_TABLE: dict[tuple[str, str, str], Behaviour] = {
    (plane, method, path): behaviour
    for area in _AREAS
    for plane in area.PLANES
    for (method, path), behaviour in area.ROUTES.items()
}


def find(operation: Operation) -> Behaviour | None:
    """The special behaviour of an operation, by plane, method and path below the prefix of the plane."""
    contract = operation.contract
    path = unnamed_template(operation.path.removeprefix(contract.prefix))
    return _TABLE.get((contract.document.plane, operation.method, path))


check = references.check


def install(store: Store, settings: Settings) -> None:
    """What a new account has."""
    for area in _AREAS:
        made = getattr(area, "install", None)
        if made is not None:
            made(store, settings)


def read_at(operation: Operation, body: Any) -> list[tuple[str, str, str]]:
    """Where the things that a body describes are read, if not at its own address: (path, pointer there, pointer into the body)."""
    if operation.contract.document.plane in entities.PLANES:
        return entities.read_at(operation, body) or glossary.read_at(operation, body)
    return []


__all__ = ["Behaviour", "check", "find", "install", "read_at"]

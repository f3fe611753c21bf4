"""What operations do beyond what follows from the shape of their routes.

A behaviour is a function from a Call to a Reply. It is found by the plane, the method and the path
of its operation, below the plane's prefix and with `{}` for each parameter; an operation without
one does what `state.resources` reads off its route. Behaviours stand in modules, one an area of the
service. To add one, write it into its area's module, or make a module and list it in AREAS:

    PLANES = ("scanning",)

    def delete_source(call: Call) -> Reply:
        name = call.arguments[0]
        if call.store.total(f"/scan/datasources/{quote(name)}/scans"):
            text = f"The data source {name!r} has scans; delete them first."
            raise Problem(409, "DataSource_HasScans", text)
        return call.default_reply()

    ROUTES = {("DELETE", "/datasources/{}"): delete_source}

The Call has been judged already: `body`, `query` and `path_arguments` fit the contract. `store`
holds the state, `require` raises the 404 for a missing item, `default_reply()` does what the
route implies, `now` and `guid()` follow the clock and the seed. A behaviour replies with a JSON
value, with the status that the contract declares, and for an error it raises a Problem. All its
writes are one transaction, which an error undoes. A module that has `install(store, settings)`
fills a new account with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from purview_testing.contracts.facts import ContractOperation
from purview_testing.sandbox.call import Behaviour, Settings
from purview_testing.sandbox.state.paths import unnamed_template
from purview_testing.sandbox.state.sent_before import ReadPlace
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

AREAS: tuple[ModuleType, ...] = (
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


def table_of(areas: Iterable[ModuleType]) -> Mapping[tuple[str, str, str], Behaviour]:
    """Returns the behaviours of some areas, by plane, method and path.

    Raises:
        ValueError: Two areas have a behaviour for the same operation.
    """
    table: dict[tuple[str, str, str], Behaviour] = {}
    for area in areas:
        for plane in area.PLANES:
            for (method, path), behaviour in area.ROUTES.items():
                if (plane, method, path) in table:
                    text = f"{area.__name__}: {plane} {method} {path} has a behaviour already"
                    raise ValueError(text)
                table[plane, method, path] = behaviour
    return table


TABLE = table_of(AREAS)


def find(operation: ContractOperation) -> Behaviour | None:
    """Returns the behaviour of an operation; None where its route says all."""
    contract = operation.contract
    path = unnamed_template(operation.path.removeprefix(contract.prefix))
    return TABLE.get((contract.document.plane, operation.method, path))


check_references = references.check


def install(store: Store, settings: Settings) -> None:
    """Puts what a new account has into the store."""
    for area in AREAS:
        install_area = getattr(area, "install", None)
        if install_area is not None:
            install_area(store, settings)


def read_at(operation: ContractOperation, body: Any) -> list[ReadPlace]:
    """Returns where the things that a body describes are read, if not at its own address."""
    if operation.contract.document.plane in entities.PLANES:
        return entities.read_at(operation, body) or glossary.read_at(operation, body)
    return []


__all__ = ["AREAS", "Behaviour", "check_references", "find", "install", "read_at", "table_of"]

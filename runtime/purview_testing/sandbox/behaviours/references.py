"""What a body names has to exist, and the kind of a scan has to fit that of its data source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Problem
from purview_testing.contracts.schema_check import escape
from purview_testing.sandbox.call import Call
from purview_testing.sandbox.state.paths import unnamed_template

# A member with a referenceName, in a body of any plane -> the list that has what it names.
_KINDS = {
    "collection": "/account/collections",
    "credential": "/scan/credentials",
}
_SCAN = "/datasources/{}/scans/{}"


def check(call: Call) -> None:
    """Raises the error of the service for the first reference to something that does not exist.

    Only what can be made in this sandbox is missed: where Scanning is served alone, no call makes a
    collection. A sandbox that fills in misses nothing.
    """
    if call.settings.fill or call.operation.method not in ("PUT", "POST", "PATCH"):
        return
    for pointer, member, name in _named(call.body, ""):
        kind = _KINDS[member]
        if f"{kind}/{{}}" in call.settings.creatable and not _there(call, kind, name):
            text = (
                f"The {member} {name!r} that {pointer.lstrip('/')} names is not there; "
                f"make it first (PUT {kind}/{quote(name, safe='~')})."
            )
            code = f"{member.capitalize()}NotFound"
            raise Problem(400, code, text, [(pointer, f"there is no {name!r}")], named=True)
    _check_scan_kind(call)


def _there(call: Call, kind: str, name: str) -> bool:
    """Whether an item exists; the service keeps some names in lower case."""
    return any(call.store.get(kind, key) is not None for key in {name, name.lower()})


def _named(value: Any, pointer: str) -> Iterator[tuple[str, str, str]]:
    """Yields pointer, member and name of every reference in a body."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _named(item, f"{pointer}/{i}")
    elif isinstance(value, dict):
        for name, item in value.items():
            below = f"{pointer}/{escape(str(name))}"
            if (
                name in _KINDS
                and isinstance(item, dict)
                and isinstance(item.get("referenceName"), str)
            ):
                yield f"{below}/referenceName", name, item["referenceName"]
            yield from _named(item, below)


def _check_scan_kind(call: Call) -> None:
    """Raises an error for a scan whose kind is not that of its source, with a way to sign in.

    Kinds that the contract does not know are not judged.
    """
    if unnamed_template(call.operation.path) != f"/scan{_SCAN}" or not isinstance(call.body, dict):
        return
    source = call.store.get("/scan/datasources", call.arguments[0])
    kinds = _source_kinds(call)
    wanted = (source or {}).get("kind")
    found = source_kind(str(call.body.get("kind")), kinds)
    if wanted in kinds and found is not None and found != wanted:
        text = (
            f"A scan of kind {call.body['kind']!r} does not fit the data source "
            f"{call.arguments[0]!r}, which is of kind {wanted!r}."
        )
        details = [("/kind", f"expected {wanted!r}")]
        raise Problem(400, "ScanKindMismatch", text, details, named=True)


def _source_kinds(call: Call) -> set[str]:
    """The kinds of data sources that the contract knows."""
    operation = next(
        o
        for o in call.operation.contract.operations.values()
        if o.method == "PUT" and unnamed_template(o.path) == "/scan/datasources/{}"
    )
    return set(call.operation.contract.schemas.shape(operation.body_schema).mapping)


def source_kind(scan_kind: str, kinds: set[str]) -> str | None:
    """Returns the kind of data source that a kind of scan is made for.

    It is the longest one that the scan's kind begins with; None where there is none.
    """
    return max((k for k in kinds if scan_kind.startswith(k)), key=len, default=None)


__all__ = ["check", "source_kind"]

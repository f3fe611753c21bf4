"""What a body names must be there: references between kinds, and kinds that have to fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Problem
from purview_testing.contracts.schema_check import escape
from purview_testing.sandbox.call import Call
from purview_testing.sandbox.state.paths import unnamed_template

# A member that holds {"referenceName": ...} -> the list that has the thing, in whatever body and plane it stands
_KINDS = {
    "collection": "/account/collections",
    "credential": "/scan/credentials",
}
_SCAN = "/datasources/{}/scans/{}"


def check(call: Call) -> None:
    """Raises the error of the service for the first reference to what is not there. Only what can be made here is missed: with
    scanning alone there is no call that makes a collection. A sandbox that fills in has everything."""
    if call.settings.fill or call.operation.method not in ("PUT", "POST", "PATCH"):
        return
    for pointer, member, name in _named(call.body, ""):
        kind = _KINDS[member]
        if f"{kind}/{{}}" in call.settings.creatable and not _there(call, kind, name):
            wanted = f"PUT {kind}/{quote(name, safe='~')}"
            text = f"The {member} {name!r} that {pointer.lstrip('/')} names is not there; make it first ({wanted})."
            raise Problem(
                400,
                f"{member.capitalize()}NotFound",
                text,
                [(pointer, f"there is no {name!r}")],
                named=True,
            )
    _fits_its_source(call)


def _there(call: Call, kind: str, name: str) -> bool:
    return any(call.store.get(kind, key) is not None for key in dict.fromkeys((name, name.lower())))


def _named(value: Any, pointer: str) -> Iterator[tuple[str, str, str]]:
    """(pointer, member, name) of every reference in a body."""
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


def _fits_its_source(call: Call) -> None:
    """A scan's kind is that of its source with a way to sign in. Kinds that the contract does not know are not judged."""
    if unnamed_template(call.operation.path) != f"/scan{_SCAN}" or not isinstance(call.body, dict):
        return
    source = call.store.get("/scan/datasources", call.arguments[0])
    kinds = _source_kinds(call)
    wanted = (source or {}).get("kind")
    found = source_kind(str(call.body.get("kind")), kinds)
    if wanted in kinds and found is not None and found != wanted:
        text = (
            f"A scan of kind {call.body['kind']!r} does not fit the data source {call.arguments[0]!r}, "
            f"which is of kind {wanted!r}."
        )
        raise Problem(
            400, "ScanKindMismatch", text, [("/kind", f"expected {wanted!r}")], named=True
        )


def _source_kinds(call: Call) -> set[str]:
    """The kinds of data sources that the contract knows."""
    operation = next(
        o
        for o in call.operation.contract.operations.values()
        if o.method == "PUT" and unnamed_template(o.path) == "/scan/datasources/{}"
    )
    return set(call.operation.contract.schemas.shape(operation.body_schema).mapping)


def source_kind(scan_kind: str, kinds: set[str]) -> str | None:
    """The kind of source that a scan's kind is made for: the longest one that it begins with; None where there is none."""
    return max((k for k in kinds if scan_kind.startswith(k)), key=len, default=None)


__all__ = ["check", "source_kind"]

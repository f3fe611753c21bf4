"""Our facts for one plane, laid over its contracts: `specs/overlays/<plane>.toml`.

| table              | says                                                                        |
|--------------------|-----------------------------------------------------------------------------|
| `[summaries]`      | operationId = our one line on it, in every version that has the operation   |
| `[methods]`        | operationId = its Python name, where the rule makes a silly one             |
|                    | (`group.method` moves it, too)                                              |
| `retry_safe`       | operationIds of POSTs that only read, and so may be sent again              |
| `[[paging]]`       | `operations` (operationIds), `facts` (members of x-pageable, see            |
|                    | `plan_operations`), `reason`, `link`                                        |
| `[[long_running]]` | the same for members of x-long-running, see `plan_polling`                  |
| `[[changes]]`      | `versions`, `at` (JSON pointers into the contract, or one), `reason`,       |
|                    | `link`, one or more of the edits                                            |

What the edits are: see `edits`. In `at`, `*` stands for any text within a step, and the step `**`
for any number of steps: such a change is made wherever it fits. A pointer that fits nowhere, or
where nothing changes any more, is an error. Facts to set on a member of a schema: `x-secret` (repr
hides it), `x-live-name` (how the service spells it: that goes out, and both are read),
`x-only-value` (its one value, which constructors give it). On an enum: `x-enum-varnames` (a name
for each value, in their order).
"""

from __future__ import annotations

import copy
import keyword
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from purview_codegen.errors import IntegrityError
from purview_codegen.openapi import operations_of
from purview_codegen.pointer import Json, matches

from .overlay_edits import EDITS, EditError

_CHANGE = {"versions", "at", "reason", "link"}
_METHOD = re.compile(r"([a-z]\w*\.)?[a-z]\w*", re.ASCII)
_SAID = {"summaries": "a line of text", "methods": "a name (method, or group.method)"}
_FACTS = {"operations", "facts", "reason", "link"}
_TABLES = {"summaries", "methods", "changes", "retry_safe", "paging", "long_running"}


@attrs.frozen
class OverlayEdit:
    """One entry of `[[changes]]`: where in which versions what is edited, and why."""

    versions: tuple[str, ...]
    at: tuple[str, ...]
    edits: Mapping[str, Any]
    reason: str


@attrs.frozen
class Overlay:
    """One overlay file; `name` is what messages call it."""

    name: str
    summaries: Mapping[str, str]
    methods: Mapping[str, str]
    changes: tuple[OverlayEdit, ...]
    retry_safe: tuple[str, ...] = ()
    paging: Mapping[str, Json] = {}
    long_running: Mapping[str, Json] = {}

    @classmethod
    def read(cls, path: Path) -> Overlay:
        """The overlay at a path, an empty one where there is no file; raises IntegrityError for
        an entry it cannot read.
        """
        if not path.exists():
            return cls(path.name, {}, {}, ())
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise IntegrityError(f"overlay {path.name} is not TOML: {error}") from None
        if unknown := sorted(set(data) - _TABLES):
            raise IntegrityError(f"overlay {path.name} has an unknown table: {unknown[0]}")
        for table in ("summaries", "methods"):
            entries = data.get(table, {})
            named = entries.values() if isinstance(entries, dict) else [None]
            if odd := [
                v
                for v in named
                if not isinstance(v, str) or (table == "methods" and not _is_method(v))
            ]:
                raise IntegrityError(
                    f"overlay {path.name}: [{table}] has {odd[0]!r}, where {_SAID[table]} is wanted"
                )
        changes = tuple(
            _change(entry, path.name, i) for i, entry in enumerate(data.get("changes", []))
        )
        safe = tuple(data.get("retry_safe", ()))
        pages, running = (
            _facts(data.get(table, []), table, path.name) for table in ("paging", "long_running")
        )
        return cls(
            path.name,
            data.get("summaries", {}),
            data.get("methods", {}),
            changes,
            safe,
            pages,
            running,
        )

    def check(self, versions: Mapping[str, Json]) -> None:
        """Every entry must name something that one of the plane's contracts has."""
        known = {
            op["operationId"]
            for contract in versions.values()
            for _, _, op in operations_of(contract)
        }
        tables = {
            "summaries": self.summaries,
            "methods": self.methods,
            "retry_safe": self.retry_safe,
            "paging": self.paging,
            "long_running": self.long_running,
        }
        for table, entries in tables.items():
            if stale := sorted(set(entries) - known):
                raise IntegrityError(
                    f"overlay {self.name}: [{table}] names no operation any more: {stale[0]}"
                )
        for change in self.changes:
            if stale := sorted(set(change.versions) - set(versions)):
                raise IntegrityError(
                    f"overlay {self.name}: change at {change.at[0]} names no version of "
                    f"the plane: {stale[0]}"
                )


def apply(contract: Json, overlay: Overlay) -> Json:
    """A new contract with the overlay's changes and summaries; raises IntegrityError for a
    change that no longer applies.
    """
    out: Json = copy.deepcopy(contract)
    for change in overlay.changes:
        if contract["info"]["version"] in change.versions:
            for at in change.at:
                _apply(out, at, change, overlay.name)
    for _, _, operation in operations_of(out):
        if summary := overlay.summaries.get(operation["operationId"]):
            operation["summary"] = summary
        if facts := overlay.paging.get(operation["operationId"]):
            operation["x-pageable"] = {
                "itemName": "value",
                "nextLinkName": None,
                **operation.get("x-pageable", {}),
                **facts,
            }
        if facts := overlay.long_running.get(operation["operationId"]):
            operation["x-long-running"] = {
                "final-state-via": None,
                **operation.get("x-long-running", {}),
                **facts,
            }
        if operation["operationId"] in overlay.retry_safe:
            operation["x-retry-safe"] = True
    out["components"]["schemas"] = dict(sorted(out["components"]["schemas"].items()))
    return out


def _is_method(text: str) -> bool:
    return bool(_METHOD.fullmatch(text)) and not {*text.split(".")} & {*keyword.kwlist}


def _facts(entries: list[Json], table: str, name: str) -> dict[str, Json]:
    """operationId -> the facts that a table of groups of operations says of it."""
    found: dict[str, Json] = {}
    for i, entry in enumerate(entries):
        if odd := sorted(set(entry) ^ _FACTS):
            raise IntegrityError(f"overlay {name}: {table} {i + 1} lacks or does not know {odd[0]}")
        for operation in entry["operations"]:
            found[operation] = {**found.get(operation, {}), **entry["facts"]}
    return found


def _change(entry: Json, name: str, index: int) -> OverlayEdit:
    edits = {key: entry[key] for key in EDITS if key in entry}
    missing = sorted(_CHANGE - set(entry))
    unknown = sorted(set(entry) - set(EDITS) - _CHANGE)
    if missing or unknown or not edits:
        fault = (
            f"lacks {missing[0]}"
            if missing
            else f"has unknown {unknown[0]}"
            if unknown
            else "has no edit"
        )
        raise IntegrityError(f"overlay {name}: change {index + 1} {fault}")
    at = entry["at"]
    return OverlayEdit(
        tuple(entry["versions"]),
        (at,) if isinstance(at, str) else tuple(at),
        edits,
        entry["reason"],
    )


def _apply(document: Json, at: str, change: OverlayEdit, name: str) -> None:
    where = f"overlay {name}: change at {at} in {document['info']['version']} no longer applies"
    try:
        targets = [value for _, value in matches(document, at)]
    except (LookupError, ValueError) as error:
        raise IntegrityError(f"{where}: nothing at {error}") from None
    if odd := [value for value in targets if not isinstance(value, dict)]:
        raise IntegrityError(f"{where}: what is there is no object but {type(odd[0]).__name__}")
    before = copy.deepcopy(targets)
    for target in targets:
        for edit, given in change.edits.items():
            try:
                EDITS[edit](document, target, given)
            except EditError as error:
                raise IntegrityError(f"{where}: {error}") from None
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                told = f"{edit} = {given!r} cannot be made there ({type(error).__name__}: {error})"
                raise IntegrityError(f"{where}: {told}") from error
    if targets == before:
        raise IntegrityError(f"{where}: it is so already")

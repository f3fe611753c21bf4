"""What the declaration of a long-running operation says besides its mark: what it gives, and
what tells how far it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from purview_codegen.errors import GateError
from purview_codegen.openapi import operations_of
from purview_codegen.pointer import Json
from purview_core.client.outcome import holds_status

from . import adapter
from .names import Name
from .plan_models import Class

_FACTS = {"final-state-via", "result", "status-path", "ask-with"}
# /things/{id}:revoke, /things/{id}/:revoke, /things/{id}/revoke
_ACTION = re.compile(r"/?:[^/{}]+$|/[^/:{}]+$")
ALSO = " | _d.OperationStatus"


@attrs.frozen
class PlannedPolling:
    """The declaration as source, and whether the result may be a status alone, for want of the
    resource's address.
    """

    source: str
    uncertain: bool


class PollingPlanner:
    """Plans the long-running operations of one contract."""

    def __init__(
        self,
        contract: Json,
        parsed: adapter.Parsed,
        classes: Mapping[str, Class],
        names: Mapping[str, Name],
    ) -> None:
        self.title = contract["info"]["title"]
        self.prefix: str = contract["servers"][0]["url"].removeprefix("{endpoint}")
        self.parsed, self.classes, self.names = parsed, classes, names
        self.reads = {_norm(p): op for p, verb, op in operations_of(contract) if verb == "get"}

    def plan(
        self, path: str, verb: str, operation: Json, result: str, where: str
    ) -> PlannedPolling:
        """`result` is the type text of what the operation gives."""
        facts = operation["x-long-running"]
        if unknown := sorted(set(facts) - _FACTS):
            raise GateError(f"{self.title}: x-long-running knows no {unknown[0]!r}: {where}")
        given = [facts.get("final-state-via"), result]
        if "status-path" in facts:
            given.append(self.prefix + facts["status-path"])
        parts = [*map(ascii, given)]
        kinds = [kind for kind in result.split(" | ") if kind != "None"]
        status = any(
            holds_status(f.wire for f in self.classes[k].fields) for k in kinds if k in self.classes
        )
        resource = None if status or verb == "put" else self._resource(path, verb, kinds)
        if resource is not None:
            parts.append(f"resource={self.prefix + resource!a}")
        if asks := self._ask_with(path, facts, where):
            parts.append(f"ask_with={asks!a}")
        certain = status or verb == "put" or resource is not None or not kinds or kinds == ["Any"]
        return PlannedPolling(f"_d.Polling({', '.join(parts)})", not certain)

    def _resource(self, path: str, verb: str, kinds: list[str]) -> str | None:
        """The path of what an action changes: one whose GET needs no more than that path, and
        answers the same type.
        """
        for found in _changed(path) if verb in ("post", "patch") else ():
            read = self.reads.get(_norm(found))
            if (
                read is None
                or [self.parsed.operations[read["operationId"]].responses.get(200)] != kinds
            ):
                continue
            asked = [
                p
                for p in read["parameters"]
                if p["required"] and p["in"] != "path" and p["name"] != "api-version"
            ]
            if not asked:
                return found
        return None

    def _ask_with(self, path: str, facts: Json, where: str) -> str | None:
        """The method that tells how far the work is: the one that the facts name, else what reads
        the declared status or what is changed.
        """
        oid = facts.get("ask-with")
        if oid is not None and oid not in self.parsed.operations:
            raise GateError(f"{self.title}: ask-with names no operation: {oid}: {where}")
        if oid is None:
            paths = [*([facts["status-path"]] if "status-path" in facts else []), *_changed(path)]
            oid = next(
                (self.reads[_norm(p)]["operationId"] for p in paths if _norm(p) in self.reads), None
            )
        if oid is None:
            return None
        name = self.names[oid]
        return f"{name.group}.{name.method}"


def _changed(path: str) -> Iterator[str]:
    """The path without the action at its end, and as it is."""
    without = _ACTION.sub("", path)
    if without != path and without:
        yield without
    yield path


def _norm(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)

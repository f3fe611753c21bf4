"""Long-running operations: their status, which a client polls, moves a step at each poll or with the clock."""

from __future__ import annotations

from typing import Any

from purview_testing.contracts.messages import Json, not_found
from purview_testing.sandbox.call import Call, Reply

KIND = "/operations"
FAILED, NEVER = "failed", "never"
_STAGES = (
    ("NotStarted", "Queued", "Accepted", "Running", "InProgress"),
    ("Running", "InProgress"),
    ("Succeeded", "Completed"),
)
_OVER = len(_STAGES) - 1


def begin(call: Call, **more: Any) -> dict[str, str]:
    """Notes a new operation; the headers that lead to its status."""
    key = call.guid()
    call.store.put(
        KIND,
        key,
        {
            "operation": call.operation.id,
            "begun": call.settings.clock(),
            "failing": call.failing,
            **more,
        },
    )
    return {
        "Operation-Location": call.link(f"{call.operation.contract.prefix}/operations/{key}"),
        "Retry-After": retry_after(call),
    }


def retry_after(call: Call) -> str:
    return "0" if call.settings.pace is None else "1"


def advance(call: Call, kind: str, key: str, record: Json) -> int:
    """How far something is, 0 to 2; asking moves it where no clock does."""
    asked = int(record.get("asked", 0))
    if call.settings.pace is None and asked < _OVER and record.get("failing") != NEVER:
        call.store.put(kind, key, {**record, "asked": asked + 1})
    return current_stage(call, record)


def current_stage(call: Call, record: Json) -> int:
    """How far something is, 0 to 2, without moving it."""
    if record.get("failing") == NEVER:
        return 1
    if call.settings.pace is not None:
        return min(
            _OVER, int((call.settings.clock() - record["begun"]) / max(call.settings.pace, 1e-9))
        )
    return min(_OVER, int(record.get("asked", 0)))


def status(call: Call, key: str) -> Reply:
    """What `{prefix}/operations/{id}` answers, for the operation of the call."""
    record = call.store.get(KIND, key)
    if record is None:
        raise not_found("Operation", key)
    at = advance(call, KIND, key, record)
    return report(call, key, at, failed=at == _OVER and record["failing"] == FAILED)


def report(call: Call, key: str, at: int, *, failed: bool = False) -> Reply:
    """A status answer in the shape that the operation declares; where that has no status, 202 until it is over."""
    polling = call.operation.polling or {}
    schema = {"$ref": polling["result"]} if polling.get("result") else call.operation.result
    schemas = call.operation.contract.schemas
    shape = schemas.shape(schema) if schema is not None else None
    headers = {"Retry-After": retry_after(call)}
    if shape is None or "status" not in shape.properties or call.operation.method == "PUT":
        if at < _OVER or failed or shape is None or call.operation.method == "PUT":
            return Reply(_plain(key, at, failed=failed), 200 if at == _OVER else 202, headers)
        return Reply(call.example(schema), 200, headers)
    value: Json = call.known_members(
        {"id": key, "startTime": call.now, "scanResultId": key, "createTime": call.now}, schema
    )
    value["status"] = (
        "Failed"
        if failed
        else first_known(_STAGES[at], schemas.shape(shape.properties["status"]).enum)
    )
    if at == _OVER and "endTime" in shape.properties:
        value["endTime"] = call.now
    if failed and "error" in shape.properties:
        value["error"] = call.known_members(_error(), shape.properties["error"])
    return Reply(call.with_required(value, schema), 200, headers)


def _plain(key: str, at: int, *, failed: bool) -> Json:
    out: Json = {"id": key, "status": "Failed" if failed else _STAGES[at][0]}
    return out | ({"error": _error()} if failed else {})


def _error() -> Json:
    return {
        "code": "SandboxFault",
        "message": "A fault of the sandbox made this operation fail.",
        "errorMessage": "A fault.",
    }


def first_known(names: tuple[str, ...], enum: tuple[Any, ...]) -> str:
    """The first of some names that an enum has; the first one without an enum."""
    return next((n for n in names if n in enum), names[0])

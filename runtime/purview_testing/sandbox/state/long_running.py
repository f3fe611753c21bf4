"""Long-running operations, whose status a client polls.

An operation goes one step further at each poll, or with the clock.
"""

from __future__ import annotations

from typing import Any

from purview_testing.contracts.messages import Json, not_found
from purview_testing.sandbox.call import NOTHING, Call, Reply

KIND = "/operations"
# What a fault does to an operation: it ends as failed, or never ends.
FAILED = "failed"
NEVER = "never"
# The words for each stage, of which an operation takes the first that its enum has.
_STAGES = (
    ("NotStarted", "Queued", "Accepted", "Running", "InProgress"),
    ("Running", "InProgress"),
    ("Succeeded", "Completed"),
)
_OVER = len(_STAGES) - 1  # the stage at which an operation has ended


def begin(call: Call) -> dict[str, str]:
    """Keeps the record of a new operation, and returns the headers that lead to its status."""
    key = call.guid()
    record = {
        "operation": call.operation.id,
        "begun": call.settings.clock(),
        "failing": call.failing,
    }
    call.store.put(KIND, key, record)
    return {
        "Operation-Location": call.link(f"{call.operation.contract.prefix}/operations/{key}"),
        "Retry-After": retry_after(call),
    }


def first_reply(call: Call) -> Reply:
    """Replies to a call that starts an operation and has no resource to show."""
    headers = begin(call)
    schema = call.operation.result
    if schema is None:
        return Reply(NOTHING, headers=headers)
    known = call.known_members({"id": call.guid(), "startTime": call.now}, schema)
    value = call.with_required(known, schema)
    status = call.operation.contract.schemas.shape(schema).properties.get("status")
    if status is not None:
        enum = call.operation.contract.schemas.shape(status).enum
        names = ("Accepted", "NotStarted", "Queued", "Running", "InProgress")
        value["status"] = next((n for n in names if not enum or n in enum), "Running")
    return Reply(value, headers=headers)


def retry_after(call: Call) -> str:
    """Returns the Retry-After of a status: no wait where each poll moves the operation."""
    return "0" if call.settings.pace is None else "1"


def advance(call: Call, kind: str, key: str, record: Json) -> int:
    """Returns the stage of an operation, 0 to 2, after moving it by one step.

    With a pace it is moved by the clock instead.

    Args:
        call: The call that asks.
        kind: The kind of the operation's record in the store.
        key: The key of the record.
        record: The record, with the members `begun`, `failing` and `asked`.
    """
    asked = int(record.get("asked", 0))
    if call.settings.pace is None and asked < _OVER and record.get("failing") != NEVER:
        call.store.put(kind, key, {**record, "asked": asked + 1})
    return current_stage(call, record)


def current_stage(call: Call, record: Json) -> int:
    """Returns the stage of an operation, 0 to 2, without moving it."""
    if record.get("failing") == NEVER:
        return 1
    if call.settings.pace is None:
        return min(_OVER, int(record.get("asked", 0)))
    elapsed = call.settings.clock() - record["begun"]
    return min(_OVER, int(elapsed / max(call.settings.pace, 1e-9)))


def status(call: Call, key: str) -> Reply:
    """Replies to a poll of `{prefix}/operations/{id}`, for the operation of the call."""
    record = call.store.get(KIND, key)
    if record is None:
        raise not_found("Operation", key)
    at = advance(call, KIND, key, record)
    return _status_reply(call, key, at, failed=at == _OVER and record["failing"] == FAILED)


def _status_reply(call: Call, key: str, at: int, *, failed: bool = False) -> Reply:
    """Makes a status in the shape that the operation declares.

    Where that shape has no status, the answer is a 202 until the operation has ended.
    """
    polling = call.operation.polling or {}
    schema = {"$ref": polling["result"]} if polling.get("result") else call.operation.result
    schemas = call.operation.contract.schemas
    shape = schemas.shape(schema) if schema is not None else None
    headers = {"Retry-After": retry_after(call)}
    success = 200 if at == _OVER else 202
    # What a PUT answers is the resource, which says nothing of the operation.
    if shape is None or call.operation.method == "PUT":
        return Reply(_plain_status(key, at, failed=failed), success, headers)
    if "status" not in shape.properties:
        if at < _OVER or failed:
            return Reply(_plain_status(key, at, failed=failed), success, headers)
        return Reply(call.example(schema), success, headers)
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


def _plain_status(key: str, at: int, *, failed: bool) -> Json:
    """Makes a status where no schema says how it looks."""
    out: Json = {"id": key, "status": "Failed" if failed else _STAGES[at][0]}
    return out | ({"error": _error()} if failed else {})


def _error() -> Json:
    return {
        "code": "SandboxFault",
        "message": "A fault of the sandbox made this operation fail.",
        "errorMessage": "A fault.",
    }


def first_known(names: tuple[str, ...], enum: tuple[Any, ...]) -> str:
    """Returns the first name that an enum has; the first one where there is no enum."""
    return next((n for n in names if n in enum), names[0])

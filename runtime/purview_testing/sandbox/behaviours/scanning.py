"""Scanning: runs of scans, triggers, versions of classification rules, system rule sets.

A run goes one step further each time it is asked for, or with the clock.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from purview_testing.contracts.facts import Shape
from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing
from purview_testing.sandbox.state.long_running import (
    FAILED,
    advance,
    begin,
    current_stage,
    first_known,
    retry_after,
)
from purview_testing.sandbox.state.paths import list_path

PLANES = ("scanning",)
_RUNS = "/scan/runs"  # how far each run is
# The words for each stage of a run, of which it takes the first that its enum has.
_STATES = (("Queued", "Accepted"), ("InProgress", "Running"), ("Succeeded",))
_ENDED = {"Succeeded", "Failed", "Canceled"}
_SCAN = "/datasources/{}/scans/{}"
_MANY = 10_000


def _scan(call: Call) -> tuple[str, str]:
    """Returns the kind of the scans of a source, and that of the runs of a scan."""
    source, scan = (quote(v, safe="~") for v in call.arguments[:2])
    return f"/scan/datasources/{source}/scans", f"/scan/datasources/{source}/scans/{scan}/runs"


def run(call: Call) -> Reply:
    """Starts a run under the caller's id; the same id again gives the run that is there."""
    scans, runs = _scan(call)
    call.require(scans, call.arguments[1], "Scan", dict)
    in_path = call.arguments[2] if len(call.arguments) > 2 else None
    key = str(call.query.get("runId") or in_path or call.guid())
    if call.store.get(runs, key) is None:
        level = call.query.get("scanLevel") or "Full"
        value = {
            "id": key,
            "scanLevelType": level,
            "runType": "Manual",
            "scanRulesetType": "System",
            "startTime": call.now,
        }
        call.store.put(runs, key, value)
        state = {"begun": call.settings.clock(), "failing": call.failing}
        call.store.put(_RUNS, f"{runs}/{key}", state)
    link = call.link(f"{runs}/{quote(key, safe='~')}")
    headers = {"Operation-Location": link, "Retry-After": retry_after(call)}
    return Reply(_result(call, runs, key, 0), 202, headers)


def _result(call: Call, runs: str, key: str, at: int, schema: Any = None) -> Json:
    """A run at a stage, in the shape of a schema or else of the operation's answer."""
    value: Json = dict(call.store.get(runs, key) or {"id": key, "startTime": call.now})
    schemas = call.operation.contract.schemas
    schema = schema or _item(call)
    shape = schemas.shape(schema)
    enum = schemas.shape(shape.properties["status"]).enum if "status" in shape.properties else ()
    # The first word of a stage is the live service's, the last one the documents'.
    names = _STATES[at][::-1] if call.settings.exact else _STATES[at]
    value.setdefault("status", first_known(names, enum))
    if value["status"] in _ENDED:
        value.setdefault("endTime", call.now)
    if value["status"] == "Failed":
        value["error"] = {
            "code": "SandboxFault",
            "message": "A fault of the sandbox made this run fail.",
        }
    return call.with_required(call.known_members(value, schema), schema)


def _item(call: Call) -> Any:
    """The schema of what an operation shows: of its answer, or of an item of its list."""
    return call.operation.item if call.operation.list_member else call.operation.result


def status(call: Call) -> Reply:
    """Shows how far a run is; asking moves it, unless the clock does."""
    _, runs = _scan(call)
    key = call.arguments[2]
    value = call.store.get(runs, key)
    if value is None:
        call.require(runs, key, "ScanRun", dict)
        return Reply(_result(call, runs, key, 2))
    return Reply(
        _result(call, runs, key, _advance(call, runs, key, value)),
        headers={"Retry-After": retry_after(call)},
    )


def _advance(call: Call, runs: str, key: str, value: Json) -> int:
    """Moves a run, and returns its stage; a run that ends keeps the way in which it ended."""
    state = call.store.get(_RUNS, f"{runs}/{key}")
    if "status" in value or state is None:
        return 2
    at = advance(call, _RUNS, f"{runs}/{key}", state)
    if at == 2:
        ended = "Failed" if state["failing"] == FAILED else "Succeeded"
        call.store.put(runs, key, {**value, "status": ended, "endTime": call.now})
    return at


def history(call: Call) -> Reply:
    """Lists the runs of a scan.

    Looking at the list moves no run, except in a version that shows runs nowhere else.
    """
    scans, runs = _scan(call)
    call.require(scans, call.arguments[1], "Scan", dict)
    elsewhere = any(
        o.method == "GET" and o.path.endswith("/runs/{runId}")
        for o in call.operation.contract.operations.values()
    )

    def shown(value: Json) -> Json:
        key = value["id"]
        at = _seen(call, runs, key) if elsewhere else _advance(call, runs, key, value)
        return _result(call, runs, key, at)

    return listing(call, runs, present=shown)


def _seen(call: Call, runs: str, key: str) -> int:
    """Returns the stage of a run for a caller who looks at it among others.

    This moves no run; where the clock does, the end of the run is noted.
    """
    value = call.store.get(runs, key)
    if call.settings.pace is not None or "status" in value:
        return _advance(call, runs, key, value)
    return min(1, current_stage(call, call.store.get(_RUNS, f"{runs}/{key}") or {}))


def read_with_runs(call: Call) -> Reply:
    """Reads or lists sources with their scans, or scans with their runs.

    Looking at them moves no run.
    """
    reply = call.default_reply()
    member = call.operation.list_member
    path = list_path(call)
    shape = call.operation.contract.schemas.shape(_item(call))
    show = _with_scans if "scans" in shape.properties else _with_runs
    if member:
        shown = [
            show(call, f"{path}/{quote(str(value.get('name')), safe='~')}", value, shape)
            for value in reply.value[member]
        ]
        return Reply({**reply.value, member: shown}, reply.status, reply.headers)
    return Reply(show(call, path, reply.value, shape), reply.status, reply.headers)


def _with_scans(call: Call, path: str, value: Json, shape: Shape) -> Json:
    """A source with its scans; the service sends no list where there is nothing to list."""
    schemas = call.operation.contract.schemas
    scan = schemas.shape(schemas.shape(shape.properties["scans"]).items)
    rows = call.store.page(f"{path}/scans", _MANY)
    scans = [
        _with_runs(call, f"{path}/scans/{quote(row.key, safe='~')}", row.value, scan)
        for row in rows
    ]
    return {**value, "scans": scans} if scans else value


def _with_runs(call: Call, path: str, value: Json, shape: Shape) -> Json:
    """A scan with all of its runs, or with the last one, as its version has it."""
    schemas = call.operation.contract.schemas
    rows = call.store.page(f"{path}/runs", _MANY)
    if not rows:
        return value

    def shown(key: str, schema: Any) -> Json:
        return _result(call, f"{path}/runs", key, _seen(call, f"{path}/runs", key), schema)

    if (last := shape.properties.get("lastRunResult")) is not None:
        return {**value, "lastRunResult": shown(rows[-1].key, last)}
    every = schemas.shape(shape.properties["scanResults"]).items
    return {**value, "scanResults": [shown(row.key, every) for row in rows]}


def cancel(call: Call) -> Reply:
    """Cancels a run that has not ended."""
    _, runs = _scan(call)
    key = call.arguments[2]
    value = call.require(runs, key, "ScanRun", lambda: {"id": key})
    if value.get("status") in _ENDED:
        raise Problem(409, "ScanRun_Ended", f"The run {key!r} has ended: {value['status']}.")
    call.store.put(runs, key, {**value, "status": "Canceled", "endTime": call.now})
    headers = begin(call) if call.operation.polling is not None else {}
    body = {"scanResultId": key, "startTime": call.now, "status": "Accepted"}
    return Reply(
        call.with_required(call.known_members(body)) if call.operation.result else {},
        headers=headers,
    )


def _switch(state: str) -> Behaviour:
    """Returns a behaviour that switches a trigger on or off."""

    def switch(call: Call) -> Reply:
        kind = call.request.raw_path.rpartition("/")[0]
        value = call.require(kind, "default", "Trigger", call.example)
        value["properties"] = {**(value.get("properties") or {}), "state": state}
        call.store.put(kind, "default", value)
        return Reply(value)

    return switch


def put_rule(call: Call) -> Reply:
    """Writes a classification rule; each write is a version of it."""
    reply = call.default_reply()
    kind = f"/scan/classificationrules/{quote(call.arguments[0], safe='~')}/versions"
    number = call.store.total(kind) + 1
    call.store.put(kind, str(number), reply.value)
    return reply


def versions(call: Call) -> Reply:
    """Lists the versions of a classification rule."""
    call.require("/scan/classificationrules", call.arguments[0], "ClassificationRule", dict)
    return listing(call, f"/scan/classificationrules/{quote(call.arguments[0], safe='~')}/versions")


def _shipped(call: Call, kind: str) -> Json:
    """A rule set of the service, for a kind that the contract knows."""
    schemas = call.operation.contract.schemas
    schema = _item(call)
    shape = schemas.shape(schema)
    known = schemas.shape(shape.properties["kind"]).enum
    if kind not in (shape.mapping or known):
        if not call.settings.fill:
            raise not_found("SystemScanRuleset", kind)
        kind = _kinds(call)[0]
    value = {
        "kind": kind,
        "id": f"systemScanRulesets/{kind}",
        "name": kind,
        "status": "Enabled",
        "version": 1,
    }
    subtype = schemas.subtype(shape, value) or shape
    wanted = value | {"scanRulesetType": "System"}
    return call.with_required({n: v for n, v in wanted.items() if n in subtype.properties}, schema)


def _kinds(call: Call) -> list[str]:
    """The kinds of system rule sets that the contract knows."""
    schemas = call.operation.contract.schemas
    shape = schemas.shape(_item(call))
    return sorted(shape.mapping) or [
        str(v) for v in schemas.shape(shape.properties["kind"]).enum if v != "None"
    ]


def shipped(call: Call) -> Reply:
    """Lists the system rule sets; with a kind in the query, the one of this kind."""
    assert call.operation.list_member is not None
    wanted = call.query.get("dataSourceType")
    items = [_shipped(call, k) for k in _kinds(call) if wanted in (None, k)]
    return Reply(call.with_required({call.operation.list_member: items, "count": len(items)}))


def shipped_one(call: Call) -> Reply:
    """Reads the system rule set of a kind."""
    return Reply(_shipped(call, call.arguments[0]))


def shipped_version(call: Call) -> Reply:
    """Reads a version of a system rule set; there is one version of each."""
    if call.arguments and call.arguments[0] != "1" and not call.settings.fill:
        raise not_found("SystemScanRuleset version", call.arguments[0])
    return Reply(_shipped(call, call.query.get("dataSourceType") or _kinds(call)[0]))


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/datasources"): read_with_runs,
    ("GET", "/datasources/{}"): read_with_runs,
    ("GET", "/datasources/{}/scans"): read_with_runs,
    ("GET", _SCAN): read_with_runs,
    ("POST", f"{_SCAN}:run"): run,
    ("PUT", f"{_SCAN}/runs/{{}}"): run,
    ("GET", f"{_SCAN}/runs/{{}}"): status,
    ("GET", f"{_SCAN}/runs"): history,
    ("POST", f"{_SCAN}/runs/{{}}:cancel"): cancel,
    ("POST", f"{_SCAN}/runs/{{}}/:cancel"): cancel,
    ("POST", f"{_SCAN}/triggers/default:enable"): _switch("Enabled"),
    ("POST", f"{_SCAN}/triggers/default:disable"): _switch("Disabled"),
    ("PUT", "/classificationrules/{}"): put_rule,
    ("GET", "/classificationrules/{}/versions"): versions,
    ("GET", "/systemScanRulesets"): shipped,
    ("GET", "/systemScanRulesets/versions"): shipped,
    ("GET", "/systemScanRulesets/datasources/{}"): shipped_one,
    ("GET", "/systemScanRulesets/versions/{}"): shipped_version,
    ("GET", "/systemScanRulesets/versions/latest"): shipped_version,
}

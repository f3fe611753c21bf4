"""Workflows: a request starts a run of each workflow that is switched on; its approval ends it."""

from __future__ import annotations

from functools import partial
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

PLANES = ("workflow",)
FLOWS, RUNS, TASKS = "/workflow/workflows", "/workflow/workflowruns", "/workflow/workflowtasks"
_PENDING = "Pending"


def submit(call: Call) -> Reply:
    """A run and a task for each operation and each workflow that is enabled; done at once where there is none."""
    flows = [r.value for r in call.store.page(FLOWS, 100) if r.value.get("isEnabled")]
    request_id = call.guid()
    operations = []
    for operation in call.body["operations"]:
        runs = [_start(call, flow, operation, request_id) for flow in flows]
        operations.append({**operation, "workflowRunIds": runs})
    value = {"requestId": request_id, "requestor": CALLER, "operations": operations}
    value |= {"status": "InProgress" if flows else "Completed"}
    return Reply(value | ({"comment": call.body["comment"]} if "comment" in call.body else {}))


def _start(call: Call, flow: Json, operation: Json, request_id: str) -> str:
    run, task = call.guid(), call.guid()
    target = str(operation.get("payload", {}).get("name") or operation["type"])
    payload = {
        "type": operation["type"],
        "targetValue": target,
        "payload": operation.get("payload") or {},
    }
    common = {"workflowId": flow["id"], "requestor": CALLER}
    value = {
        **common,
        "id": run,
        "startTime": call.now,
        "userRequestId": request_id,
        "runPayload": payload,
        "status": "InProgress",
        "actionDag": flow.get("actionDag") or {},
        "detail": {"runInput": payload["payload"], "actions": {}},
    }
    call.store.put(RUNS, run, value, [f"workflow={flow['id']}"])
    detail = {
        "approvalType": "PendingOnAny",
        "status": _PENDING,
        "approvers": {CALLER: {"reply": _PENDING}},
    }
    item = {
        "type": "Approval",
        "id": task,
        "title": f"Approve {target}",
        "workflowRunId": run,
        "approvalDetail": detail,
    }
    times = {"createdTime": call.now, "lastUpdateTime": call.now}
    call.store.put(TASKS, task, {**common, **item, **times, "payload": payload}, [f"run={run}"])
    return run


def _answer(reply: str) -> Behaviour:
    def answer(call: Call) -> Reply:
        task = _task(call)
        detail = dict(task.get("approvalDetail") or {})
        if detail.get("status") != _PENDING and not call.settings.fill:
            raise Problem(
                400, "TaskNotPending", f"The task is {detail.get('status', 'no approval')}."
            )
        comment = {"comment": call.body["comment"]} if "comment" in call.body else {}
        detail |= {
            "status": reply,
            "approvers": {CALLER: {"reply": reply, "responseTime": call.now, **comment}},
        }
        _keep(call, task, {"approvalDetail": detail})
        run = call.store.get(RUNS, str(task.get("workflowRunId")))
        if run is not None:
            _end(call, run, "Completed")
        return Reply()

    return answer


def _task(call: Call) -> Json:
    return dict(
        call.require(TASKS, call.arguments[0], "WorkflowTask", lambda: {"id": call.arguments[0]})
    )


def _keep(call: Call, task: Json, changes: Json) -> None:
    if call.store.get(TASKS, task["id"]) is not None:
        value = {**task, **changes, "lastUpdateTime": call.now}
        call.store.put(TASKS, task["id"], value, [f"run={task.get('workflowRunId')}"])


def _end(call: Call, run: Json, status: str, **more: Any) -> None:
    value = {**run, "status": status, "endTime": call.now, **more}
    call.store.put(RUNS, run["id"], value, [f"workflow={run.get('workflowId')}"])


def cancel(call: Call) -> Reply:
    key = call.arguments[0]
    run = call.require(RUNS, key, "WorkflowRun", dict)
    if not run:
        return Reply()
    if run.get("endTime"):
        raise Problem(400, "RunEnded", f"The run {key!r} has ended.")
    comment = {"cancelComment": call.body["comment"]} if "comment" in call.body else {}
    _end(call, run, "Completed", cancelTime=call.now, **comment)
    for row in call.store.page(TASKS, 100, tag=f"run={key}"):
        if "approvalDetail" in row.value:
            _keep(
                call,
                row.value,
                {"approvalDetail": {**row.value["approvalDetail"], "status": "Canceled"}},
            )
    return Reply()


def reassign(call: Call) -> Reply:
    task = _task(call)
    detail = dict(task.get("approvalDetail") or {})
    approvers = dict(detail.get("approvers") or {})
    for change in call.body.get("reassignments") or []:
        approvers[change["reassignTo"]] = approvers.pop(change["reassignFrom"], {"reply": _PENDING})
    _keep(call, task, {"approvalDetail": {**detail, "approvers": approvers}} if detail else {})
    return Reply()


def change(call: Call) -> Reply:
    task = _task(call)
    detail = task.get("taskDetail")
    _keep(
        call, task, {"taskDetail": {**detail, "status": call.body["newStatus"]}} if detail else {}
    )
    return Reply()


def _listed(kind: str) -> Behaviour:
    def listed(call: Call) -> Reply:
        return listing(call, kind, present=partial(_shown, call))

    return listed


def _shown(call: Call, value: Json) -> Json:
    """As much of a run or a workflow as its list shows."""
    item = call.operation.item
    schemas = call.operation.contract.schemas
    shape = schemas.subtype(schemas.shape(item), value) or schemas.shape(item)
    out = {n: v for n, v in value.items() if n in shape.properties}
    if "runPayload" in out:
        out["runPayload"] = call.known_members(out["runPayload"], shape.properties["runPayload"])
    return out


def _read(kind: str, what: str) -> Behaviour:
    def read(call: Call) -> Reply:
        key = call.arguments[0]
        return Reply(call.require(kind, key, what, lambda: {**call.example(), "id": key}))

    return read


def validate(_: Call) -> Reply:
    return Reply({"value": []})


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/workflows"): _listed(FLOWS),
    ("POST", "/workflows/{}/validate"): validate,
    ("POST", "/userrequests"): submit,
    ("GET", "/workflowruns"): _listed(RUNS),
    ("GET", "/workflowruns/{}"): _read(RUNS, "WorkflowRun"),
    ("POST", "/workflowruns/{}/cancel"): cancel,
    ("GET", "/workflowtasks"): _listed(TASKS),
    ("GET", "/workflowtasks/{}"): _read(TASKS, "WorkflowTask"),
    ("POST", "/workflowtasks/{}/approve-approval"): _answer("Approved"),
    ("POST", "/workflowtasks/{}/reject-approval"): _answer("Rejected"),
    ("POST", "/workflowtasks/{}/reassign"): reassign,
    ("POST", "/workflowtasks/{}/change-task-status"): change,
}

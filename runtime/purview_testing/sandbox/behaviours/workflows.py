"""Workflows: a request starts a run of each enabled workflow, and the run's approval ends it."""

from __future__ import annotations

from functools import partial
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

PLANES = ("workflow",)
FLOWS = "/workflow/workflows"
RUNS = "/workflow/workflowruns"
TASKS = "/workflow/workflowtasks"
_PENDING = "Pending"


def submit(call: Call) -> Reply:
    """Starts a run with a task for each operation and each enabled workflow.

    The request is done at once where no workflow is enabled.
    """
    flows = [r.value for r in call.store.page(FLOWS, 100) if r.value.get("isEnabled")]
    request_id = call.guid()
    operations = []
    for operation in call.body["operations"]:
        runs = [_start(call, flow, operation, request_id) for flow in flows]
        operations.append({**operation, "workflowRunIds": runs})
    value = {"requestId": request_id, "requestor": CALLER, "operations": operations}
    value["status"] = "InProgress" if flows else "Completed"
    if "comment" in call.body:
        value["comment"] = call.body["comment"]
    return Reply(value)


def _start(call: Call, flow: Json, operation: Json, request_id: str) -> str:
    """Starts a run of a workflow and its approval task, and returns the id of the run."""
    run = call.guid()
    task = call.guid()
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
    """Returns a behaviour that approves or rejects the task of a run, which ends the run."""

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
    """Stores changes of a task."""
    if call.store.get(TASKS, task["id"]) is not None:
        value = {**task, **changes, "lastUpdateTime": call.now}
        call.store.put(TASKS, task["id"], value, [f"run={task.get('workflowRunId')}"])


def _end(call: Call, run: Json, status: str, **more: Any) -> None:
    """Stores the end of a run."""
    value = {**run, "status": status, "endTime": call.now, **more}
    call.store.put(RUNS, run["id"], value, [f"workflow={run.get('workflowId')}"])


def cancel(call: Call) -> Reply:
    """Cancels a run and its approval tasks."""
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
            detail = {**row.value["approvalDetail"], "status": "Canceled"}
            _keep(call, row.value, {"approvalDetail": detail})
    return Reply()


def reassign(call: Call) -> Reply:
    """Puts other approvers in place of some."""
    task = _task(call)
    detail = dict(task.get("approvalDetail") or {})
    approvers = dict(detail.get("approvers") or {})
    for change in call.body.get("reassignments") or []:
        approvers[change["reassignTo"]] = approvers.pop(change["reassignFrom"], {"reply": _PENDING})
    _keep(call, task, {"approvalDetail": {**detail, "approvers": approvers}} if detail else {})
    return Reply()


def change(call: Call) -> Reply:
    """Changes the status of a task."""
    task = _task(call)
    detail = task.get("taskDetail")
    changes = {"taskDetail": {**detail, "status": call.body["newStatus"]}} if detail else {}
    _keep(call, task, changes)
    return Reply()


def _listed(kind: str) -> Behaviour:
    """Returns a behaviour that lists workflows, runs or tasks."""

    def listed(call: Call) -> Reply:
        return listing(call, kind, present=partial(_shown, call))

    return listed


def _shown(call: Call, value: Json) -> Json:
    """As much of a run, a task or a workflow as its list shows."""
    item = call.operation.item
    schemas = call.operation.contract.schemas
    shape = schemas.subtype(schemas.shape(item), value) or schemas.shape(item)
    out = {n: v for n, v in value.items() if n in shape.properties}
    if "runPayload" in out:
        out["runPayload"] = call.known_members(out["runPayload"], shape.properties["runPayload"])
    return out


def _read(kind: str, what: str) -> Behaviour:
    """Returns a behaviour that reads a run or a task."""

    def read(call: Call) -> Reply:
        key = call.arguments[0]
        return Reply(call.require(kind, key, what, lambda: {**call.example(), "id": key}))

    return read


def validate(_: Call) -> Reply:
    """Finds nothing wrong with a workflow."""
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

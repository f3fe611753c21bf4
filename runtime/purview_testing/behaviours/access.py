"""Data access: a subscription to a data product starts a run of its workflow; who approves or rejects the run decides on both."""

from __future__ import annotations

from functools import partial
from typing import Any

from purview_testing.call import ME, Behaviour, Call, Reply
from purview_testing.lists import listing
from purview_testing.wire import Problem, not_found

Json = dict[str, Any]
PLANES = ("data_access",)
_BASE = "/datagovernance/access"
SUBSCRIPTIONS, FLOWS, RUNS = f"{_BASE}/dataSubscriptions", f"{_BASE}/workflows", f"{_BASE}/workflowRuns"
_DECISIONS = f"{_BASE}/decisions"  # of each run
_PENDING = "Pending"
_WHO = ("requestorIdentity", "subscriberIdentity")
_SHARED = ("workflowType", "workflowName", "dataProductName", "governanceDomain")


def subscribe(call: Call) -> Reply:
    """A new one waits for the run of its workflow, where that is there and switched on."""
    key = call.arguments[0]
    new = call.store.get(SUBSCRIPTIONS, key) is None
    reply = call.otherwise()
    flow = call.store.get(FLOWS, str(reply.value.get("workflowId")))
    if new and flow is not None and flow.get("isEnabled") is not False:
        value = {**reply.value, "subscriptionStatus": _PENDING}
        call.store.put(SUBSCRIPTIONS, key, value)
        _start(call, flow, value)
        return Reply(value, reply.status, reply.headers)
    return reply


def _start(call: Call, flow: Json, subscription: Json) -> None:
    run = call.guid()
    requestor, subscriber = (subscription.get(name) for name in _WHO)
    value: Json = {
        "workflowRunId": run,
        "workflowId": flow["workflowId"],
        "workflowType": flow.get("type") or subscription.get("workflowType"),
        "workflowName": flow.get("name"),
        "requestor": requestor,
        "subscriber": subscriber,
        "status": "InProgress",
        "createdAt": call.now,
        "createdBy": ME,
    }
    call.store.put(RUNS, run, {n: v for n, v in value.items() if v is not None}, [f"flow={flow['workflowId']}"])
    facts = {n: subscription[n] for n in _SHARED if n in subscription}
    call.store.put(_DECISIONS, run, {**facts, "subscription": subscription["dataSubscriptionId"], "status": _PENDING})


def waiting(call: Call) -> Reply:
    """What there is to decide on, and what was decided."""
    wanted = call.query.get("approvalStatus")

    def status(run: Json) -> Json:
        return call.store.get(_DECISIONS, str(run["workflowRunId"])) or {"status": _PENDING}

    def shown(run: Json) -> Json:
        decision = status(run)
        return call.as_item({**decision, **run, "approvalStatus": decision["status"]})

    def chosen(run: Json) -> bool:
        return bool(status(run)["status"] == wanted)

    return listing(call, RUNS, keep=chosen if wanted else None, present=shown)


def of_run(call: Call) -> Reply:
    run = call.arguments[0]
    call.need(RUNS, run, "WorkflowRun", dict)
    decision = call.store.get(_DECISIONS, run) or {}
    known = {"approvalId": run, "workflowRunId": run, "decision": decision.get("status", _PENDING)}
    told = {n: decision[n] for n in ("approver", "comments", "decisionDate") if decision.get(n) is not None}
    return Reply({"value": [call.as_item({**known, **told})]})


def _decide(call: Call, word: str, of_subscription: str) -> Reply:
    flow, key = call.arguments
    run = call.need(RUNS, key, "WorkflowRun", dict)
    if run and run.get("workflowId") != flow and not call.settings.fill:
        raise not_found("WorkflowRun", key)
    decision = call.store.get(_DECISIONS, key) or {"status": _PENDING}
    if decision["status"] != _PENDING:
        raise Problem(400, "RunDecided", f"The run {key!r} is {decision['status']} already.")
    if not run:
        return Reply()
    told = {n: call.body[n] for n in ("approver", "comments") if n in call.body}
    call.store.put(_DECISIONS, key, {**decision, **told, "status": word, "decisionDate": call.now})
    call.store.put(RUNS, key, {**run, "status": "Completed", "modifiedAt": call.now, "modifiedBy": ME})
    subscription = call.store.get(SUBSCRIPTIONS, str(decision.get("subscription")))
    if subscription is not None:
        changes = {"subscriptionStatus": of_subscription, "accessDecisionDate": call.now}
        call.store.put(SUBSCRIPTIONS, subscription["dataSubscriptionId"], {**subscription, **changes})
    return Reply()


def complete(call: Call) -> Reply:
    """Whoever provides the access says that it is given."""
    key = call.arguments[0]
    value = call.need(SUBSCRIPTIONS, key, "DataSubscription", call.example)
    made = {**value, "subscriptionStatus": "Completed"}
    if call.store.get(SUBSCRIPTIONS, key) is not None:
        call.store.put(SUBSCRIPTIONS, key, made)
    return Reply(made)


_DECIDE = "/workflows/{}/workflowRunId/{}"
ROUTES: dict[tuple[str, str], Behaviour] = {
    ("PUT", "/dataSubscriptions/{}"): subscribe,
    ("POST", "/dataSubscriptions/{}:complete"): complete,
    ("GET", "/approvals"): waiting,
    ("GET", "/workflowRuns/{}/approvals"): of_run,
    ("POST", f"{_DECIDE}:approve"): partial(_decide, word="Approved", of_subscription="Approved"),
    ("POST", f"{_DECIDE}:reject"): partial(_decide, word="Rejected", of_subscription="Declined"),
}

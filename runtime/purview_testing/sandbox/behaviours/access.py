"""Data access: subscriptions to data products, and the workflow runs that decide on them.

A subscription starts a run of its data product's workflow; whoever approves or rejects the run
decides on the subscription.
"""

from __future__ import annotations

from functools import partial

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing, tags_of
from purview_testing.sandbox.state.paths import concrete_path

from .unified import DOMAINS, PRODUCTS

PLANES = ("data_access",)
_BASE = "/datagovernance/dataaccess"
SUBSCRIPTIONS = f"{_BASE}/dataSubscriptions"
FLOWS = f"{_BASE}/workflows"
RUNS = f"{_BASE}/workflowRuns"
APPROVALS = f"{_BASE}/approvals"  # what each run waits for, by the id of the run
_ASKED_FOR = "DataAccessRequestSubmitted"  # the trigger of the workflows that decide on access
_WAITING = "InProgress"  # the status of an approval that is not decided
_PENDING = "Pending"  # the answer of an approver who has not answered
_FILTERS = (
    "businessConcept",
    "dataProductId",
    "dataProductName",
    "governanceDomain",
    "status",
    "workflowType",
)
_PEOPLE = ("requestor", "subscriber")


def draft(call: Call) -> Reply:
    """Keeps a subscription as a draft: it starts no run, and has no status yet."""
    key = call.arguments[0]
    reply = call.default_reply()
    reply.value.update(_of_product(call, reply.value))
    return _kept(call, key, reply, reply.value)


def subscribe(call: Call) -> Reply:
    """Asks for access.

    What is asked for the first time waits for a run of the workflow of its data product.
    """
    key = call.arguments[0]
    asked = "subscriptionStatus" in (call.store.get(SUBSCRIPTIONS, key) or {})
    reply = call.default_reply()
    value = {**reply.value, **_of_product(call, reply.value)}
    if not asked:
        flow = _flow(call, value)
        value |= {
            "subscriptionStatus": _PENDING,
            "useWorkflow": flow is not None,
            "writeAccess": False,
        }
        if flow is not None:
            value |= _start(call, flow, value)
    return _kept(call, key, reply, value)


def _kept(call: Call, key: str, reply: Reply, value: Json) -> Reply:
    call.store.put(SUBSCRIPTIONS, key, value, tags_of(value, _FILTERS))
    return Reply(value, reply.status, reply.headers)


def _of_product(call: Call, subscription: Json) -> Json:
    """What the service adds from the data product, where the account has it."""
    product = call.store.get(PRODUCTS, str(subscription.get("dataProductId"))) or {}
    key = str(subscription.get("domainId") or product.get("domain"))
    domain = call.store.get(DOMAINS, key) or {}
    sources = {"dataProductName": product, "businessDomainName": domain, "governanceDomain": domain}
    names = {name: source["name"] for name, source in sources.items() if "name" in source}
    power = _settings(call, str(subscription.get("dataProductId")))["usePowerAutomate"]
    return {**names, "usePowerAutomate": power}


def _settings(call: Call, product: str) -> Json:
    """What the policies of a data product say of workflows."""
    policies = _policies(call, product)
    return {
        "skipWorkflowEnabled": policies.get("skipWorkflow") is True,
        "usePowerAutomate": policies.get("usePowerAutomate") is True,
    }


def _policies(call: Call, product: str) -> Json:
    kind = concrete_path(f"{_BASE}/dataProducts/{{id}}/policySets", {"id": product})
    applied = call.store.get(kind, "applied") or {}
    found: Json = applied.get("policies") or {}
    return found


def _flow(call: Call, subscription: Json) -> Json | None:
    """The first enabled workflow that a request for access starts.

    None where there is none, or where the data product skips it.
    """
    if _settings(call, subscription["dataProductId"])["skipWorkflowEnabled"]:
        return None
    flows: list[Json] = [r.value for r in call.store.page(FLOWS, 10_000)]
    return next((f for f in flows if f.get("isEnabled") is not False and _starts(f)), None)


def _starts(flow: Json) -> bool:
    return any(t.get("type") == _ASKED_FOR for t in flow.get("triggers") or [])


def _start(call: Call, flow: Json, subscription: Json) -> Json:
    """Starts a run of a workflow, and gives what the subscription says of the workflow."""
    run = call.guid()
    approval = call.guid()
    common = {
        "workflowRunId": run,
        "workflowId": flow["workflowId"],
        "workflowType": _ASKED_FOR,
        "workflowName": flow.get("name"),
    }
    people = {
        n: subscription.get(f"{n}Identity") or subscription["subscriberIdentity"] for n in _PEOPLE
    }
    step = _approval_step(flow)
    approvers = [str(one) for one in step.get("assignedTo") or [CALLER]]
    of_run = {
        **common,
        **people,
        "id": run,
        "status": _WAITING,
        "workflowDescription": flow.get("description"),
        "triggers": flow.get("triggers"),
        "actionDag": flow.get("actionDag"),
    }
    of_approval = {
        **common,
        **{f"{name}Identity": identity for name, identity in people.items()},
        "approvalRequestId": approval,
        "callbackUrl": call.link(f"{RUNS}/{run}"),
        **_asked(step, subscription, approvers),
    }
    _put(call, RUNS, run, of_run)
    _put(call, APPROVALS, run, of_approval)
    shown = {n: common[n] for n in ("workflowId", "workflowType", "workflowName")}
    return {n: v for n, v in {**shown, "accessProviders": approvers}.items() if v is not None}


def _approval_step(flow: Json) -> Json:
    """The inputs of the first action that is assigned to somebody."""
    inputs: list[Json] = [action.get("inputs") or {} for action in flow.get("actionDag") or []]
    return next((given for given in inputs if "assignedTo" in given), {})


def _asked(step: Json, subscription: Json, approvers: list[str]) -> Json:
    """What an approval asks for, of whom, and the answers that it waits for."""
    return {
        "isPendingOnAll": "all" in str(step.get("approvalType")).lower(),
        "approvers": approvers,
        "title": step.get("title") or "Approve the request for access",
        "status": _WAITING,
        "businessConcept": subscription.get("dataProductName"),
        "governanceDomain": subscription.get("governanceDomain"),
        "subscription": subscription["dataSubscriptionId"],
        "answers": [{"approver": one, "status": _PENDING} for one in approvers],
    }


def _put(call: Call, kind: str, key: str, value: Json) -> None:
    given = {n: v for n, v in value.items() if v is not None}
    call.store.put(kind, key, given, tags_of(given, _FILTERS))


def waiting(call: Call) -> Reply:
    """Lists what there is to decide on; with a status in the query, what has this status."""
    status = call.query.get("approvalStatus") or _WAITING
    return listing(call, APPROVALS, tag=f"status={status}", present=call.as_item)


def of_run(call: Call) -> Reply:
    """Shows what a run waits for, and the answers so far."""
    run = call.arguments[0]
    call.require(RUNS, run, "WorkflowRun", dict)
    approval = call.store.get(APPROVALS, run) or {"title": "Approve", "answers": []}
    return Reply({"value": [{"title": approval["title"], "approvalStatuses": approval["answers"]}]})


def runs(call: Call) -> Reply:
    """Lists the runs."""
    return listing(call, RUNS)


def read_run(call: Call) -> Reply:
    """Reads a run."""
    run = call.arguments[0]
    return Reply(
        call.require(RUNS, run, "WorkflowRun", lambda: {**call.example(), "workflowRunId": run})
    )


def remove_run(call: Call) -> Reply:
    """Removes a run, with its approval."""
    run = call.arguments[0]
    call.require(RUNS, run, "WorkflowRun", dict)
    call.store.delete(RUNS, run)
    call.store.delete(APPROVALS, run)
    return Reply()


def _decide(call: Call, answer: str, of_approval: str) -> Reply:
    """Approves or rejects a run.

    One answer is enough: a sandbox has one caller, who speaks for every approver.
    """
    flow, key = call.arguments
    run = call.require(RUNS, key, "WorkflowRun", dict)
    if run and run.get("workflowId") != flow and not call.settings.fill:
        raise not_found("WorkflowRun", key)
    if not run:
        return Reply()
    approval = call.store.get(APPROVALS, key)
    if approval["status"] != _WAITING:
        text = f"The run {key!r} is decided already: {approval['status']}."
        raise Problem(400, "RunDecided", text)
    given = (call.body or {}).get("comment")
    comment = {} if given is None else {"comment": given}
    answers = [{**one, "status": answer, **comment} for one in approval["answers"]]
    _put(call, APPROVALS, key, {**approval, "status": of_approval, "answers": answers})
    _put(call, RUNS, key, {**run, "status": "Completed"})
    subscription = call.store.get(SUBSCRIPTIONS, approval["subscription"])
    if subscription is not None:
        changed = {**subscription, "subscriptionStatus": answer, "accessDecisionDate": call.now}
        call.store.put(SUBSCRIPTIONS, approval["subscription"], changed, tags_of(changed, _FILTERS))
    return Reply()


def complete(call: Call) -> Reply:
    """Notes that whoever provides the access has given it."""
    key = call.arguments[0]
    value = call.require(SUBSCRIPTIONS, key, "DataSubscription", call.example)
    made = {**value, "subscriptionStatus": "Completed"}
    if call.store.get(SUBSCRIPTIONS, key) is not None:
        call.store.put(SUBSCRIPTIONS, key, made, tags_of(made, _FILTERS))
    return Reply(made)


def apply(call: Call) -> Reply:
    """Sets the policies of what the address names; the policy set keeps its id."""
    kind = call.request.raw_path.rpartition("/")[0]
    old = call.store.get(kind, "applied") or {}
    reply = call.default_reply()
    own = {"policySetId": old.get("policySetId") or call.guid()}
    value = {**reply.value, **own}
    call.store.put(kind, "applied", value)
    return Reply(value, reply.status, reply.headers)


def effective(call: Call) -> Reply:
    """Shows the policies of a data product; a sandbox knows of none that it could inherit."""
    product = call.arguments[0]
    kind = call.request.raw_path.rpartition("/")[0]
    target = {"targetId": product, "targetType": "DataProduct"}
    nothing = {"policySetKind": "DataProduct", "targetResource": target}
    return Reply(call.store.get(kind, "applied") or nothing)


def settings(call: Call) -> Reply:
    """Shows what the policies of a data product say of workflows."""
    return Reply(_settings(call, call.arguments[0]))


_DECIDE = "/workflows/{}/workflowRunId/{}"
_OWNERS = ("businessDomains", "criticalDataElements", "dataProducts", "terms")
ROUTES: dict[tuple[str, str], Behaviour] = {
    ("PUT", "/dataSubscriptions/{}"): subscribe,
    ("PUT", "/dataSubscriptions/{}:save"): draft,
    ("POST", "/dataSubscriptions/{}:complete"): complete,
    ("GET", "/approvals"): waiting,
    ("GET", "/workflowRuns"): runs,
    ("GET", "/workflowRuns/{}"): read_run,
    ("DELETE", "/workflowRuns/{}"): remove_run,
    ("GET", "/workflowRuns/{}/approvals"): of_run,
    ("POST", f"{_DECIDE}:approve"): partial(_decide, answer="Approved", of_approval="Completed"),
    ("POST", f"{_DECIDE}:reject"): partial(_decide, answer="Declined", of_approval="Rejected"),
    **{("PUT", f"/{owner}/{{}}/policySets/applied"): apply for owner in _OWNERS},
    ("GET", "/dataProducts/{}/policySets/effective"): effective,
    ("GET", "/dataProducts/{}/policySet"): settings,
}

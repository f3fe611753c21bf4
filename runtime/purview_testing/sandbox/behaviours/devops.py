"""DevOps policies: two roles of each resource, with etags, and one list of all policies."""

from __future__ import annotations

from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.lists import listing

PLANES = ("devops_policies",)
ALL = "/policyStore/devops-policies"


def put(call: Call) -> Reply:
    """Writes the policy of a role, and puts it into the list of all."""
    reply = call.default_reply()
    call.store.put(ALL, _key(call), reply.value)
    return reply


def delete(call: Call) -> Reply:
    """Removes the policy of a role, also from the list of all."""
    reply = call.default_reply()
    call.store.delete(ALL, _key(call))
    return reply


def listed(call: Call) -> Reply:
    """Lists the policies of all resources and roles."""
    return listing(call, ALL)


def _key(call: Call) -> str:
    return f"{call.arguments[0]}/{call.operation.path.rpartition('/')[2]}"


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/devops-policies"): listed,
    **{
        (method, f"/devops-policies/{{}}/{role}"): behaviour
        for method, behaviour in (("PUT", put), ("DELETE", delete))
        for role in ("sql-security-auditor-roles", "sql-perf-monitor-roles")
    },
}

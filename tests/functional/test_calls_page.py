"""The page on calls: what it shows of ETags is run against the sandbox, with somebody who changes
the policy in between.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from purview_core import PreconditionFailedError
from purview_dataplane import Purview
from purview_dataplane.devops_policies import models as m
from purview_testing import Sandbox

PAGE = Path(__file__).parent.parent.parent / "docs" / "calls.md"


class Interrupted(httpx.BaseTransport):
    """Before the first request under an If-Match is sent, `interrupt` is called."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.seen = inner, list[tuple[str, str | None, int]]()
        self.interrupt = lambda: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        etag = request.headers.get("if-match")
        if etag is not None and not self.seen[1:]:
            self.interrupt()
        response = self.inner.handle_request(request)
        self.seen.append((request.method, etag, response.status_code))
        return response


@pytest.mark.row("T20")
def test_the_example_of_the_page_reads_again_where_it_was_changed() -> None:
    example = PAGE.read_text(encoding="utf-8").partition(
        "nobody else has changed it since:\n\n```python\n"
    )[2]
    with Sandbox() as sandbox:
        wire = Interrupted(sandbox.transport())
        options = {"tenant_endpoint": sandbox.url, "auth": sandbox.auth}
        others = Purview(sandbox.url, transport=sandbox.transport(), **options).devops_policies
        with Purview(sandbox.url, transport=wire, **options) as purview:
            rule = m.DevopsPolicyDecisionRule(
                effect=m.Decision.PERMIT, principals=["first"], principal_groups=[]
            )
            body = m.DevopsPolicy(decision_rules=[rule], purview_resource_name="sales-sql")
            theirs = others.devops_sql_perf_monitor_policy
            theirs.create_or_replace("sales-sql", body=body)

            def interrupt() -> None:
                changed = theirs.get("sales-sql")
                changed.decision_rules[0].principals.append("theirs")
                theirs.create_or_replace("sales-sql", body=changed)

            wire.interrupt = interrupt
            names = {"httpx": httpx, "PreconditionFailedError": PreconditionFailedError}
            exec(example.partition("```")[0], {**names, "purview": purview, "object_id": "mine"})
        assert ["first", "theirs", "mine"] == theirs.get("sales-sql").decision_rules[0].principals
    assert [("GET", 200), ("PUT", 412), ("GET", 200), ("PUT", 200)] == [
        (x, status) for x, _, status in wire.seen
    ]
    assert wire.seen[1][1] != wire.seen[3][1]

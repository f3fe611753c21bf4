"""The judge of requests: good ones pass, and 21 ways to spoil one are noticed at their place."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.unit.testing.spoiling import sample, spoiled

from purview_core.manifest import Document
from purview_testing.contracts.documents import documents
from purview_testing.contracts.facts import load
from purview_testing.contracts.judge import Validator

pytestmark = pytest.mark.level("L6")

BAR = 0.99


@pytest.mark.parametrize("document", documents(), ids=str)
def test_a_good_request_has_no_violation(document: Document) -> None:
    judge = Validator([document])
    for operation in load(document).operations.values():
        verdict = judge.request(sample(operation).request, operation=operation.id)
        assert (operation.id, ()) == (operation.id, verdict.violations)


@pytest.mark.parametrize("document", [d for d in documents() if d.default], ids=str)
def test_spoiled_requests_are_noticed(document: Document) -> None:
    judge = Validator([document])
    tried, noticed, missed = Counter[str](), Counter[str](), []
    for operation in load(document).operations.values():
        methods = {m.operation.method for m in judge.router.matches(sample(operation).path)}
        for kind, bad in spoiled(operation, methods):
            tried[kind] += 1
            found = judge.request(bad.request, operation=operation.id).violations
            assert all(d.expected and d.found and d.place for d in found)
            noticed[kind] += bool(found)
            missed += [] if found else [(kind, operation.id, bad)]
    assert [] == [m[:2] for m in missed if noticed[m[0]] < BAR * tried[m[0]]]


def test_the_kinds_are_all_tried() -> None:
    kinds = {
        kind
        for document in documents()
        if document.default
        for operation in load(document).operations.values()
        for kind, _ in spoiled(operation, {operation.method})
    }
    assert {
        *(
            "method",
            "path literal",
            "body missing",
            "root type",
            "content type",
            "member of wrong type",
        ),
        *("required dropped", "discriminator unknown", "discriminator dropped", "read-only sent"),
        *(
            "unknown member at the root",
            "unknown member nested",
            "body null",
            "body bad enum",
            "query bad enum",
        ),
        *("query required dropped", "query wrong type", "api-version wrong", "api-version dropped"),
        *("unknown query name", "query name misspelt", "form data"),
    } == kinds

"""Every operation of the default planes through the generated clients: answered, and as the contract says."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from purview_testing import Sandbox, Validator
from purview_testing.specs import Document
from purview_testing.wire import Response

from .sandbox_calls import DEFAULT, calls, client_class, make, make_async, package

pytestmark = pytest.mark.level("L4")


class Watching(httpx.BaseTransport):
    """Keeps what goes through it."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.answers = inner, list[httpx.Response]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        response.read()
        self.answers.append(response)
        return response


def test_there_are_as_many_as_the_project_says() -> None:
    assert (14, 566) == (len(DEFAULT), sum(len(package(d).OPERATIONS) for d in DEFAULT))


@pytest.mark.parametrize("document", DEFAULT, ids=str)
def test_every_operation_is_answered_as_its_contract_says(document: Document) -> None:
    judge = Validator([document])
    for operation, group, name, arguments in calls(document):
        with Sandbox([str(document)], exact=True, fill=True) as sandbox:
            watching = Watching(sandbox.transport())
            with client_class(document)(sandbox.url, transport=watching, auth=sandbox.auth, strict=True) as client:
                make(client, group, name, arguments)
            first = watching.answers[0]
            found = judge.response(operation, Response(first.status_code, dict(first.headers), first.content))
            assert (operation.id, []) == (operation.id, found)
            assert (operation.id, ()) == (sandbox.requests[0].operation, sandbox.requests[0].departures)


@pytest.mark.parametrize("document", DEFAULT, ids=str)
def test_every_operation_is_answered_as_the_live_service_does(document: Document) -> None:
    async def run() -> None:
        with Sandbox([str(document)], fill=True) as sandbox:
            client = client_class(document, asynchronous=True)
            async with client(sandbox.url, transport=sandbox.async_transport(), auth=sandbox.auth) as c:
                for operation, group, name, arguments in calls(document):
                    await make_async(c, group, name, arguments)
                    assert any(seen.operation == operation.id for seen in sandbox.requests)

    asyncio.run(run())


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "live"])
@pytest.mark.parametrize("document", DEFAULT, ids=str)
def test_what_is_read_may_be_put_back(document: Document, exact: bool) -> None:
    """Every path with GET and PUT of one schema; what lies above the resource is made first."""
    contract = {o.id: (o, group, name, arguments) for o, group, name, arguments in calls(document)}
    for operation, group, name, arguments in contract.values():
        read = next((c for c in contract.values() if c[0].path == operation.path and c[0].method == "GET"), None)
        if operation.method != "PUT" or read is None or operation.body_schema != read[0].result:
            continue
        declared = package(document).OPERATIONS[read[0].id]
        needed = {p.name for p in declared.parameters if p.required}  # what filters is left out: all of it goes back
        with Sandbox([str(document)], exact=exact, fill=True) as sandbox:
            with client_class(document)(sandbox.url, transport=sandbox.transport(), auth=sandbox.auth) as client:
                sent = {k: v for k, v in arguments.items() if k != "if_match"}
                make(client, group, name, sent)
                value = make(
                    client, read[1], read[2], {k: sent.get(k, v) for k, v in read[3].items() if k in needed | set(sent)}
                )
                if package(document).OPERATIONS[read[0].id].paging is not None:
                    value = [item for page in value for item in page]
                make(client, group, name, {**sent, "body": value})
            assert [] == [seen for seen in sandbox.requests if seen.departures or seen.status >= 300]

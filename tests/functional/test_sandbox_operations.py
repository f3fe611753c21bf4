"""Every operation of the default planes is answered as its contract says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.judge.answers import forwarded
from tests.judge.record import Caller

from purview_core.manifest import Document, Manifest
from purview_testing import Sandbox, Validator
from purview_testing.contracts.messages import Json, ResponseMessage
from purview_testing.sandbox import app

from .sandbox_calls import DEFAULT, calls, client_class, make, make_async, package

pytestmark = pytest.mark.level("L4")

SPECS = Path(__file__).parent.parent.parent / "specs"
MANIFEST = Manifest.load(SPECS)


class Watching(httpx.BaseTransport):
    """Keeps what goes through it."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.answers = inner, list[httpx.Response]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        response.read()
        self.answers.append(response)
        return response


def test_there_are_as_many_operations_as_the_project_says() -> None:
    assert (15, 617) == (len(DEFAULT), sum(len(package(d).OPERATIONS) for d in DEFAULT))


@pytest.mark.parametrize("document", DEFAULT, ids=str)
def test_every_operation_is_answered_as_its_contract_says(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before anything is left out of an exact answer, which would hide a wrong one."""
    monkeypatch.setattr(app, "exactly", lambda schemas, schema, value: value)
    judge = Validator([document])
    for operation, group, name, arguments in calls(document):
        with Sandbox([document.name], exact=True, fill=True) as sandbox:
            watching = Watching(sandbox.transport())
            with client_class(document)(
                sandbox.url, transport=watching, auth=sandbox.auth, strict=True
            ) as client:
                make(client, group, name, arguments)
            first = watching.answers[0]
            found = judge.response(
                operation, ResponseMessage(first.status_code, dict(first.headers), first.content)
            )
            assert (operation.id, []) == (operation.id, found)
            assert (operation.id, ()) == (
                sandbox.requests[0].operation,
                sandbox.requests[0].violations,
            )


@pytest.mark.parametrize("document", DEFAULT, ids=str)
def test_every_operation_is_answered_as_the_live_service_does(document: Document) -> None:
    async def run() -> None:
        with Sandbox([document.name], fill=True) as sandbox:
            client = client_class(document, asynchronous=True)
            async with client(
                sandbox.url, transport=sandbox.async_transport(), auth=sandbox.auth
            ) as c:
                for operation, group, name, arguments in calls(document):
                    await make_async(c, group, name, arguments)
                    assert any(seen.operation == operation.id for seen in sandbox.requests)

    asyncio.run(run())


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "live"])
def test_what_is_read_may_be_put_back_with_one_member_changed(exact: bool) -> None:
    """Covers every path that has a GET and a PUT.

    Left out are the PUTs that set an attribute or take something away, and the one that may write
    nothing.
    """
    done = []
    for document in DEFAULT:
        with Sandbox([document.name], exact=exact, fill=True) as sandbox:
            for one in put_back(document, sandbox):
                assert (one["op"], "2") == (one["op"], one["liveResponse"]["statusCode"][0])
                assert (one["op"], ()) == (
                    sandbox.requests[-1].operation,
                    sandbox.requests[-1].violations,
                )
                done.append(f"{document.plane} {one['op']}")
    every = {f"{d.plane} {op}" for d in DEFAULT for op in puts(document=d)}
    assert (68, 63, 63) == (len(every), len(done), len(set(done)))
    assert {
        "catalog Entity_PartialUpdateEntityAttributeByGuid",
        "catalog Glossary_RemoveTermAssignmentFromEntities",
        "datamap Entity_PartialUpdateAttributeByGuid",
        "datamap_preview Entity_PartialUpdateAttributeByGuid",
        "scanning ManagedVirtualNetworks_CreateOrReplace",
    } == every - set(done)


def put_back(document: Document, sandbox: Sandbox) -> Iterator[Json]:
    known = MANIFEST.plane(document.plane)
    answer = forwarded(sandbox.url, sandbox.transport(), f"Bearer {sandbox.token()}")
    caller = Caller(
        known.default, known, raw(document), answer, versioned=False, fresh=sandbox.reset
    )
    return caller.put_back()


def puts(document: Document) -> list[str]:
    paths = raw(document)["paths"].values()
    return [item["put"]["operationId"] for item in paths if {"get", "put"} <= set(item)]


def raw(document: Document) -> Json:
    found: Json = json.loads(
        (SPECS / "contracts" / document.plane / f"{document.version}.json").read_bytes()
    )
    return found

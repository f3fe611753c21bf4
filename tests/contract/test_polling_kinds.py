"""Every long-running operation of every version: followed to its end, failed, resumed elsewhere, and found without a link."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest

from purview_codegen.adapter import operations_of
from purview_codegen.manifest import Document
from purview_core import AsyncPoller, Operation, Poller, PollingError, to_json
from purview_core.codec import Registry

from .calling import ENDPOINT, version_of
from .corpus import contract, documents, manifest, package
from .sampling import Json

pytestmark = pytest.mark.level("L1")

STATUS = "/operations/op 1"
RUNNING = ("Accepted", "someNewWord")


@attrs.define
class Service:
    """Answers the start, then each status in turn, the last one for ever; anything else asked for is the resource."""

    first: int
    value: Any
    result: Any
    states: tuple[str, ...]
    linked: bool = True
    seen: list[httpx.Request] = attrs.field(factory=list)
    polls: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        if len(self.seen) == 1:
            link = {"Operation-Location": f"{STATUS}?api-version=1"} if self.linked else {}
            return httpx.Response(self.first, json=with_state(self.value, "Accepted"), headers=link)
        if self.linked and request.url.path != STATUS:
            return httpx.Response(200, json=self.result)
        state = self.states[min(self.polls, len(self.states) - 1)]
        self.polls += 1
        error = {"error": {"code": "C1", "message": "no {luck}"}} if state == "Failed" else {}
        return httpx.Response(200, json={**with_state(self.result, state), **error})

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)


def with_state(value: Any, state: str) -> Json:
    """An answer as it is while, or after, its operation runs; a state deeper down says the same."""
    out = {**value, "status": state} if isinstance(value, dict) else {"id": "op", "status": state}
    inner = out.get("properties")
    return out | ({"properties": {**inner, "provisioningState": state}} if isinstance(inner, dict) else {})


def cases(document: Document, *states: str) -> Iterator[tuple[Operation[Any], Service, Json]]:
    for case in version_of(document).cases:
        if case.operation.polling is None:
            continue
        sampler = case.version.sampler
        good = {s: r for s, r in case.fact["responses"].items() if s.startswith("2")}
        status = "202" if "202" in good else "201"
        value = next((sampler.sample(c["schema"]) for c in good[status].get("content", {}).values()), None)
        fixed = case.fact["x-long-running"].get("result")
        result = sampler.sample({"$ref": fixed}) if fixed else value
        yield case.operation, Service(int(status), value, result, states), case.needed()


def quiet(document: Document, transport: Any, prefix: str = "") -> Any:
    """A client that does not sleep."""
    title = manifest().plane(document.plane).title
    client = getattr(package(document), f"{prefix}{title}Client")(ENDPOINT, transport=transport)

    async def asleep(_: float) -> None: ...

    client._sleep = asleep if prefix else lambda _: None
    return client


def begun(document: Document, declared: Operation[Any], service: Service, arguments: Json) -> Poller[Any]:
    client = quiet(document, httpx.MockTransport(service))
    found = getattr(getattr(client, declared.group), declared.name)(**arguments)
    assert isinstance(found, Poller), declared.id
    return found


@pytest.mark.parametrize("document", documents(), ids=str)
def test_t13_followed_to_the_end_and_resumed_from_a_token(document: Document) -> None:
    for declared, service, arguments in cases(document, *RUNNING, "Succeeded"):
        poller = begun(document, declared, service, arguments)
        assert declared.name.startswith("begin_")
        assert ("Accepted", False) == (poller.status(), poller.done())
        token = json.loads(json.dumps(poller.token()))
        result = poller.result()
        assert (True, "Succeeded") == (poller.done(), poller.status()), declared.id
        again = quiet(document, httpx.MockTransport(service)).resume(token)
        assert not again.done()
        assert to_json(result) == to_json(again.result()), declared.id
        assert type(result) is type(again.result())
        assert isinstance(result, Registry.get(declared.models).resolve(declared.polling.result or "dict")), declared.id
        assert "@" not in token
        assert ENDPOINT not in token
        service.seen.clear()
        service.polls = 0
        assert to_json(result) == to_json(asyncio.run(_async_result(document, declared, service, arguments)))
        expected = [declared.method, "GET", "GET", "GET", *(["GET"] if declared.method == "PUT" else [])]
        assert expected == [r.method for r in service.seen], declared.id


async def _async_result(document: Document, declared: Operation[Any], service: Service, arguments: Json) -> Any:
    async with quiet(document, httpx.MockTransport(service.answer), "Async") as client:
        poller = await getattr(getattr(client, declared.group), declared.name)(**arguments)
        assert isinstance(poller, AsyncPoller)
        return await client.resume(poller.token()).result()


@pytest.mark.parametrize("document", documents(), ids=str)
def test_t13_a_failure_has_the_words_of_the_service(document: Document) -> None:
    for declared, service, arguments in cases(document, *RUNNING, "Failed"):
        with pytest.raises(PollingError, match=rf"^{declared.id}: Failed: C1: no \{{luck\}}$") as caught:
            begun(document, declared, service, arguments).wait()
        assert ("Failed", "C1") == (caught.value.status, caught.value.code)


@pytest.mark.parametrize("document", documents(), ids=str)
def test_t13_without_a_link_it_is_followed_where_the_facts_say_or_not_taken_for_finished(document: Document) -> None:
    for declared, service, arguments in cases(document, *RUNNING, "Succeeded"):
        service.linked = False
        service.value = {**(service.value if isinstance(service.value, dict) else {}), "id": "op/1"}
        poller = begun(document, declared, service, arguments)
        if declared.polling is not None and declared.polling.status_path:
            poller.wait()
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(declared.polling.status_path))
            assert all(re.fullmatch(pattern, r.url.raw_path.decode().partition("?")[0]) for r in service.seen[1:])
        elif declared.method == "PUT":
            poller.wait()
            assert 1 == len({r.url for r in service.seen}), declared.id
        else:
            with pytest.raises(PollingError, match="is Accepted, and the service gave no link to its state"):
                poller.wait()
            assert 1 == len(service.seen), declared.id


def test_t13_what_answers_202_is_followed_or_known_not_to_be() -> None:
    """The previews of Scanning neither mark these nor give a link, and have no operation for the state of one."""
    plain = set()
    for document in documents():
        plane = package(document)
        for _, _, operation in operations_of(contract(document)):
            if "202" in operation["responses"] and plane.OPERATIONS[operation["operationId"]].polling is None:
                plain.add((document.plane, document.version < "2023", operation["operationId"]))
    names = [
        "ClassificationRules_TagClassificationVersion",
        "IntegrationRuntimes_EnableInteractiveQuery",
        "ScanResult_CancelScan",
        "ScanResult_RunScan",
    ]
    assert {("scanning", True, name) for name in names} == plain

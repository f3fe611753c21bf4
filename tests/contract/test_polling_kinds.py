"""Every long-running operation of every version: followed to its end, failed, resumed elsewhere,
and without a link to follow.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest

from purview_codegen.package.adapter import operations_of
from purview_core import AsyncPoller, Operation, OperationStatus, Poller, PollingError, to_json
from purview_core.client.monitor import status_class
from purview_core.client.outcome import is_result
from purview_core.manifest import Document
from purview_core.model.codec import Registry, codec

from .calling import ENDPOINT, version_of
from .corpus import contract, documents, manifest, package
from .sampling import Json

pytestmark = pytest.mark.level("L1")

WITH_LONG_RUNNING = [
    d for d in documents() if any("x-long-running" in op for _, _, op in operations_of(contract(d)))
]
STATUS = "/operations/op 1"
RUNNING = ("Accepted", "someNewWord")


@attrs.define
class Service:
    """Answers the start, then each status in turn, the last one for ever; anything else asked for
    is the resource.
    """

    first: int
    value: Any
    result: Any
    states: tuple[str, ...]
    linked: bool = True
    failure: Json = attrs.field(factory=dict)
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
        if state == "Failed":
            return httpx.Response(200, json={"id": "op", "status": state, **self.failure})
        return httpx.Response(200, json=with_state(self.result, state))

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)


def with_state(value: Any, state: str) -> Json:
    """An answer as it is while, or after, its operation runs; a state deeper down says the same,
    and only an end has a time.
    """
    out = {**value, "status": state} if isinstance(value, dict) else {"id": "op", "status": state}
    if state not in ("Succeeded", "Failed"):
        out.pop("endTime", None)
    inner = out.get("properties")
    return out | (
        {"properties": {**inner, "provisioningState": state}} if isinstance(inner, dict) else {}
    )


def cases(document: Document, *states: str) -> Iterator[tuple[Operation[Any], Service, Json]]:
    for case in version_of(document).cases:
        if case.operation.polling is None:
            continue
        sampler = case.version.sampler
        good = {s: r for s, r in case.fact["responses"].items() if s.startswith("2")}
        status = "202" if "202" in good else "201"
        value = next(
            (sampler.sample(c["schema"]) for c in good[status].get("content", {}).values()), None
        )
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


def begun(
    document: Document, declared: Operation[Any], service: Service, arguments: Json
) -> Poller[Any]:
    client = quiet(document, httpx.MockTransport(service))
    found = getattr(getattr(client, declared.group), declared.name)(**arguments)
    assert isinstance(found, Poller), declared.id
    return found


@pytest.mark.row("T13")
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_followed_to_the_end_and_resumed_from_a_token(document: Document) -> None:
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
        assert isinstance(
            result, Registry.get(declared.models).resolve(declared.polling.result or "dict")
        ), declared.id
        assert "@" not in token
        assert ENDPOINT not in token
        service.seen.clear()
        service.polls = 0
        assert to_json(result) == to_json(
            asyncio.run(_async_result(document, declared, service, arguments))
        )
        expected = [
            declared.method,
            "GET",
            "GET",
            "GET",
            *(["GET"] if declared.method == "PUT" else []),
        ]
        assert expected == [r.method for r in service.seen], declared.id


async def _async_result(
    document: Document, declared: Operation[Any], service: Service, arguments: Json
) -> Any:
    async with quiet(document, httpx.MockTransport(service.answer), "Async") as client:
        poller = await getattr(getattr(client, declared.group), declared.name)(**arguments)
        assert isinstance(poller, AsyncPoller)
        return await client.resume(poller.token()).result()


FAILURES: dict[str, tuple[Json, str | None, str]] = {
    "an error": ({"error": {"code": "C1", "message": "no {luck}"}}, "C1", "C1: no {luck}"),
    "a null beside a text": ({"error": None, "errorMessage": "no {luck}"}, None, "no {luck}"),
    "code and text at the top": (
        {"errorCode": "C1", "errorMessage": "no {luck}"},
        "C1",
        "C1: no {luck}",
    ),
    "other names in the error": (
        {"error": {"errorCode": 7, "errorMessage": "no {luck}"}},
        "7",
        "7: no {luck}",
    ),
    "an error of text": ({"error": "no {luck}"}, None, "no {luck}"),
    "details": (
        {
            "error": {
                "code": "C1",
                "message": "no",
                "details": [{"code": "C2", "message": "{luck}"}],
            }
        },
        "C1",
        "C1: no; C2: {luck}",
    ),
    "a map of details": (
        {"errorDetails": {"code": "C1", "message": "no", "details": {"column": "{luck}"}}},
        "C1",
        "C1: no; column: {luck}",
    ),
    "an inner error": (
        {
            "error": {
                "code": "C1",
                "message": "no",
                "innererror": {"code": "C3", "message": "{luck}"},
            }
        },
        "C1",
        "C1: no; C3: {luck}",
    ),
    "notifications": (
        {"error": None, "diagnostics": {"notifications": [{"message": "no {luck}", "code": 7}]}},
        "7",
        "7: no {luck}",
    ),
    "a message of the status": ({"statusMessage": "no {luck}"}, None, "no {luck}"),
    "in the properties": ({"properties": {"error": {"message": "no {luck}"}}}, None, "no {luck}"),
    "said twice": (
        {"error": {"message": "no {luck}"}, "errorMessage": "no {luck}"},
        None,
        "no {luck}",
    ),
    "what no terminal should get": (
        {"error": "no\x1b[2J\r\n{luck}\u202e"},
        None,
        "no [2J  {luck} ",
    ),
    "zero and nothing": ({"error": {"errorCode": 0, "errorMessage": ""}, "errors": []}, None, ""),
}


@pytest.mark.row("T13")
@pytest.mark.parametrize("shape", FAILURES)
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_a_failure_has_the_words_of_the_service(document: Document, shape: str) -> None:
    failure, code, said = FAILURES[shape]
    for declared, service, arguments in cases(document, *RUNNING, "Failed"):
        service.failure = failure
        with pytest.raises(PollingError) as caught:
            begun(document, declared, service, arguments).wait()
        assert f"{declared.id}: Failed" + (f": {said}" if said else "") == str(caught.value)
        assert ("Failed", code) == (caught.value.status, caught.value.code)


NOWHERE = {
    "no link": {},
    "another host": {"Operation-Location": "https://evil.example/op?sig=t0ken"},
    "another port": {"Operation-Location": f"{ENDPOINT}:8443/op"},
    "another scheme": {"Azure-AsyncOperation": ENDPOINT.replace("https", "http") + "/op"},
    "a user": {"Operation-Location": ENDPOINT.replace("://", "://us3r@") + "/op"},
    "an odd scheme": {"Location": "mailto:t0ken@evil.example"},
    "no address": {"Operation-Location": "https://[t0ken/op"},
    "two hosts": {
        "Operation-Location": "https://evil.example/op",
        "Location": "https://worse.example/op",
    },
}
FIRST: dict[str, Any] = {
    "the result": None,
    "a status": {"id": "op/1", "status": "Accepted", "startTime": None, "error": None},
    "a status with more": {
        "id": "op/1",
        "name": "n",
        "status": "Running",
        "percentComplete": 5,
        "operationType": "x",
    },
    "nothing": b"",
    "no JSON": b"<accepted/>",
    "a list": [],
}


@attrs.define
class Taken:
    """Takes the work with an answer that leads nowhere; a GET of our host finds the resource, and
    what is over.
    """

    first: httpx.Response
    resource: Any
    seen: list[httpx.Request] = attrs.field(factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        if len(self.seen) == 1:
            return httpx.Response(
                self.first.status_code, headers=self.first.headers, content=self.first.content
            )
        return httpx.Response(200, json=self.resource)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)


def takings(
    document: Document, link: str, first: str
) -> Iterator[tuple[Operation[Any], Taken, Json]]:
    for declared, service, arguments in cases(document, "Succeeded"):
        body = service.value if FIRST[first] is None else FIRST[first]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = httpx.Response(service.first, headers=NOWHERE[link], content=content)
        done = (
            {**service.result, "status": "Succeeded"}
            if isinstance(service.result, dict)
            else {"status": "Succeeded"}
        )
        yield declared, Taken(answer, done), arguments


def may_be_a_status(declared: Operation[Any], document: Document) -> bool:
    """What the method's own annotation says."""
    group = getattr(
        quiet(document, httpx.MockTransport(lambda _: httpx.Response(500))), declared.group
    )
    return "OperationStatus" in getattr(group, declared.name).__annotations__["return"]


@pytest.mark.row("T13")
@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_work_that_was_taken_is_never_an_error(document: Document, first: str) -> None:
    """Whatever the link: begin gives the poller, nothing leaves the host, and the result is of the
    type that is declared.
    """
    for link in NOWHERE:
        for declared, service, arguments in takings(document, link, first):
            poller = begun(document, declared, service, arguments)
            assert isinstance(poller.accepted, OperationStatus)
            assert (
                "op/1" if b"op/1" in service.first.content else poller.accepted.id
            ) == poller.accepted.id
            refused = poller.accepted.link_refused
            assert (link == "no link") == (refused is None), declared.id
            assert "t0ken" not in f"{refused}{poller!r}"
            assert "us3r" not in f"{refused}{poller!r}"
            result = poller.result()
            check_type(declared, document, result)
            assert {httpx.URL(ENDPOINT).host} >= {r.url.host for r in service.seen} - {
                TENANT_HOST
            }, declared.id
            assert all("t0ken" not in str(r.url) for r in service.seen)
            if link == "another host":
                service.seen.clear()
                found = asyncio.run(_async_taken(document, declared, service, arguments))
                assert (type(result), repr(result)) == (type(found), repr(found)), declared.id


TENANT_HOST = "api.purview-service.microsoft.com"


def check_type(declared: Operation[Any], document: Document, result: Any) -> None:
    """An instance of the declared type that holds something; an OperationStatus where the
    annotation admits it, not else.
    """
    assert declared.polling is not None
    text = declared.polling.result or "None"
    if isinstance(result, OperationStatus):
        assert may_be_a_status(declared, document), declared.id
    elif text == "None":
        assert result is None, declared.id
    else:
        assert isinstance(result, Registry.get(declared.models).resolve(text)), declared.id
        known = to_json(result).keys() & {
            f for f in codec(type(result)).known if to_json(result).get(f) is not None
        }
        assert known, f"{declared.id}: a model with nothing set"


async def _async_taken(
    document: Document, declared: Operation[Any], service: Taken, arguments: Json
) -> Any:
    async with quiet(document, httpx.MockTransport(service.answer), "Async") as client:
        return await (
            await getattr(getattr(client, declared.group), declared.name)(**arguments)
        ).result()


@pytest.mark.row("T13")
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_what_cannot_be_followed_says_what_to_ask(document: Document) -> None:
    for link in ("no link", "another host"):
        for declared, service, arguments in takings(document, link, "a status"):
            poller = begun(document, declared, service, arguments)
            if poller._monitor._link is not None:
                assert client_of(document).resume(poller.token()).accepted.id == "op/1"
                continue
            assert ("Accepted", False, 1) == (poller.status(), poller.done(), len(service.seen)), (
                declared.id
            )
            asks = poller.accepted.ask_with
            shown = "" if asks is None else f"; ask with {re.escape(asks)}"
            with pytest.raises(
                PollingError, match=f"^{declared.id} is Accepted, and .* could be resumed{shown}$"
            ):
                poller.token()


@pytest.mark.row("T13")
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_the_method_to_ask_with_is_there(document: Document) -> None:
    client = client_of(document)
    for declared, _, _ in cases(document):
        if declared.polling and declared.polling.ask_with:
            group, method = declared.polling.ask_with.split(".")
            assert callable(getattr(getattr(client, group), method))


def client_of(document: Document) -> Any:
    return quiet(document, httpx.MockTransport(lambda _: httpx.Response(500)))


@pytest.mark.row("T13")
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_a_followed_link_that_ends_with_a_status_makes_no_resource_of_it(
    document: Document,
) -> None:
    """The last answer holds nothing of the declared type: the resource is asked for, else the
    status is what there is.
    """
    for declared, service, arguments in cases(document, "Succeeded"):
        link = {"Operation-Location": STATUS}
        first = httpx.Response(
            202 if service.first == 202 else 201,
            headers=link,
            json={"id": "op/1", "status": "Running"},
        )

        def answer(
            request: httpx.Request, service: Service = service, first: httpx.Response = first
        ) -> httpx.Response:
            if request.method != "GET":
                return httpx.Response(
                    first.status_code, headers=first.headers, content=first.content
                )
            over = {
                "id": "op/1",
                "status": "Succeeded",
                "endTime": "2024-05-06T07:08:09Z",
                "error": None,
            }
            return httpx.Response(200, json=over if request.url.path == STATUS else service.result)

        client = quiet(document, httpx.MockTransport(answer))
        poller = getattr(getattr(client, declared.group), declared.name)(**arguments)
        check_type(declared, document, poller.result())
        check_type(declared, document, client.resume(poller.token()).result())
        assert ("Succeeded", True) == (poller.status(), poller.done())


@pytest.mark.row("T13")
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_a_call_by_operation_id_makes_no_resource_of_a_status(document: Document) -> None:
    for declared, service, _ in takings(document, "no link", "a status"):
        client = quiet(document, httpx.MockTransport(service))
        case = version_of(document).case(declared.id)
        body = None if case.body is None else case.body
        parsed = client.call(declared.id, case.parameters, body).parsed
        if declared.types.get(202, declared.types.get(201)) != "None":
            check_type(declared, document, parsed) if not isinstance(
                parsed, OperationStatus
            ) else None
            assert isinstance(parsed, OperationStatus) == (not status_class(declared, 202)), (
                declared.id
            )


@pytest.mark.row("T13")
def test_a_status_is_told_from_a_resource() -> None:
    """Each result of a long-running operation against itself, in full and with its required members
    alone, as it is and beside a status; and against every status that a document declares.
    """
    statuses: list[Json] = []
    resources: list[tuple[Operation[Any], Json]] = []
    for document in documents():
        sampler = version_of(document).sampler
        for name, schema in sampler.schemas.items():
            members = schema.get("properties", {})
            if "status" in members and set(members) <= STATUS_MEMBERS:
                statuses.append(sampler.sample({"$ref": f"#/components/schemas/{name}"}))
        resources += [
            (o, s.result) for o, s, _ in cases(document, "Succeeded") if isinstance(s.result, dict)
        ]
    taken = [
        {"id": "a", "status": "Accepted"},
        {"status": "Succeeded", "error": None},
        {"status": "Failed", "error": {"code": "C"}},
    ]
    counted = 0
    for operation, resource in resources:
        text = operation.polling.result if operation.polling else ""
        load = Registry.get(operation.models).loader(text or "")
        assert load is not None
        for there in (resource, with_state(resource, "Accepted"), {**resource, "error": None}):
            assert is_result(there, load(there)), (operation.id, there)
        assert not is_result({}, load({})), operation.id
        if status_class(operation, 202):
            continue
        for status in [*statuses, *taken]:
            assert not is_result(status, load(status)), (operation.id, status)
            counted += 1
    print(f"\n{len(resources)} results, {len(statuses)} declared statuses, {counted} pairs")
    assert len(statuses) >= 8
    assert counted > 100


# what the documents' own status classes are made of
STATUS_MEMBERS = {
    *(
        "id",
        "scanResultId",
        "status",
        "kind",
        "error",
        "errorDetails",
        "statusMessage",
        "result",
        "progressPercentage",
    ),
    *(
        "startTime",
        "endTime",
        "createTime",
        "lastUpdateTime",
        "lastUpdated",
        "properties",
        "taskPickUpTime",
        "progress",
    ),
}


OLD_HOSTS = ("scan", "catalog", "account", "share", "datamap", "guardian")


@pytest.mark.row("T13")
@pytest.mark.parametrize("document", WITH_LONG_RUNNING, ids=str)
def test_a_link_to_an_old_host_of_the_account_is_followed_at_its_endpoint(
    document: Document,
) -> None:
    for old in OLD_HOSTS:
        for declared, service, arguments in cases(document, "Succeeded"):
            host = ENDPOINT.replace(".purview", f".{old}.purview")
            link = f"{host}{declared.path.partition('{')[0]}op%201?x=1"
            taken = Taken(
                httpx.Response(202, headers={"Location": link}),
                {**with_state(service.result, "Succeeded")},
            )
            poller = begun(document, declared, taken, arguments)
            if taken.seen[0].url.host == TENANT_HOST:
                assert poller.accepted.link_refused == ENDPOINT.replace(
                    ".purview", f".{old}.purview"
                )
                continue
            assert poller.accepted.link_refused is None
            poller.wait()
            assert {httpx.URL(ENDPOINT).host} == {r.url.host for r in taken.seen}
            assert link.partition("azure.com")[2] in str(taken.seen[1].url), declared.id


@pytest.mark.row("T13")
def test_what_answers_202_is_followed_or_known_not_to_be() -> None:
    """Neither marked nor given a link: of the previews of Scanning, which have no operation for the
    state of one.
    """
    plain = set()
    for document in documents():
        plane = package(document)
        for _, _, operation in operations_of(contract(document)):
            if (
                "202" in operation["responses"]
                and plane.OPERATIONS[operation["operationId"]].polling is None
            ):
                plain.add((document.plane, document.version < "2023", operation["operationId"]))
    names = [
        "ClassificationRules_TagClassificationVersion",
        "IntegrationRuntimes_EnableInteractiveQuery",
        "ScanResult_CancelScan",
        "ScanResult_RunScan",
    ]
    assert {("scanning", True, name) for name in names} == plain

"""Every operation of every version, called as a user calls it: by its method, sync and async, with
all arguments.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import pytest

from purview_core import AsyncPager, AsyncPoller, Pager, Poller, to_json
from purview_core.manifest import Document
from purview_core.model.codec import Registry
from purview_core.model.codec import body as request_body
from purview_core.model.strict import departures

from .calling import ENDPOINT, Case, version_of
from .corpus import documents
from .sampling import Json, Sampler

pytestmark = pytest.mark.level("L1")


class Recorder:
    """Answers each request with a value of the operation's first good answer, and a poll with the
    end of it.
    """

    def __init__(self, operation: Json, sampler: Sampler) -> None:
        self.seen: list[httpx.Request] = []
        self.links = {"nextLink", "@nextLink", operation.get("x-pageable", {}).get("token")}
        good = {s: r for s, r in operation["responses"].items() if s.startswith("2")}
        self.status, response = next(iter(good.items()))
        self.media, content = next(iter(response.get("content", {}).items()), (None, {}))
        self.value = (
            sampler.sample(content["schema"]) if self.media and "json" in self.media else None
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        if request.url.path == "/end":
            return httpx.Response(200, json={"status": "Succeeded"})
        link = {"Operation-Location": "/end"} if self.status == "202" else {}
        if self.media is None:
            return httpx.Response(int(self.status), headers=link)
        if "json" not in self.media:
            return httpx.Response(
                int(self.status), content=b"a,b", headers={"content-type": self.media}
            )
        value = self.value
        if isinstance(value, dict):
            links = {k: None for k in value if k in self.links}
            value = _ended({**value, **links})
        return httpx.Response(int(self.status), json=value, headers=link)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)


def _ended(value: Json) -> Json:
    """The state of a long-running operation that is over, wherever an answer says it."""
    states = {"status": "Succeeded", "provisioningState": "Succeeded"}
    out = {key: states.get(key, item) for key, item in value.items()}
    return (
        out | {"properties": _ended(out["properties"])}
        if isinstance(out.get("properties"), dict)
        else out
    )


@pytest.mark.parametrize("document", documents(), ids=str)
def test_every_operation_is_called_by_its_method(document: Document) -> None:
    version = version_of(document)
    assert {case.id for case in version.cases} == set(version.plane.OPERATIONS)
    for case in version.cases:
        recorder, arguments = Recorder(case.fact, version.sampler), case.arguments()
        if case.json_body:
            assert case.body == to_json(arguments["body"])
        client = getattr(version.plane, f"{version.title}Client")
        with client(ENDPOINT, transport=httpx.MockTransport(recorder)) as client:
            result = getattr(getattr(client, case.operation.group), case.operation.name)(
                **arguments
            )
            if isinstance(result, Pager):
                result = list(result.by_page())
            elif isinstance(result, Poller):
                result = result.result(interval=0)
        _check(case, arguments, recorder.seen[0])
        asyncio.run(_again(case, arguments, recorder, result))


async def _again(case: Case, arguments: Json, recorder: Recorder, expected: Any) -> None:
    first = recorder.seen.pop(0)
    recorder.seen.clear()
    kind = getattr(case.version.plane, f"Async{case.version.title}Client")
    async with kind(ENDPOINT, transport=httpx.MockTransport(recorder.answer)) as client:
        result = getattr(getattr(client, case.operation.group), case.operation.name)(**arguments)
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, AsyncPager):
            result = [page async for page in result.by_page()]
        elif isinstance(result, AsyncPoller):
            result = await result.result(interval=0)
    same = (first.method, first.url)
    assert same == (recorder.seen[0].method, recorder.seen[0].url)
    assert expected == result


def _check(case: Case, arguments: Json, sent: httpx.Request) -> None:
    declared, where, query = case.operation, case.operation.path, list[tuple[str, str]]()
    for p in declared.parameters:
        value = case.version.document.version if p.wire_name == "api-version" else arguments[p.name]
        texts = [_text(v) for v in (value if isinstance(value, list) else [value])]
        if p.location == "path":
            where = where.replace("{" + p.wire_name + "}", quote(",".join(texts), safe="~"))
        elif p.template:
            query += [(p.template.replace("{n}", str(i)), v) for i, v in enumerate(texts)]
        elif p.location == "query":
            query += (
                [(p.wire_name, v) for v in texts] if p.explode else [(p.wire_name, ",".join(texts))]
            )
    assert declared.path.endswith(case.path)
    assert case.method.upper() == sent.method
    raw_path, _, raw_query = sent.url.raw_path.decode().partition("?")
    assert where == raw_path
    assert query == parse_qsl(raw_query, keep_blank_values=True)
    versioned = any(p["name"] == "api-version" for p in case.fact["parameters"])
    assert versioned == ("api-version=" in raw_query)
    if "body" in arguments:
        value = json.loads(sent.content)
        assert request_body(arguments["body"]) == value
        found = [
            d
            for d in departures(Registry.get(declared.models), declared.body.type, value)
            if d.found != "nothing"
        ]
        assert [] == found


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)

"""Every list of every version, three pages of it: served by what its facts say, and read to its
end, resumed, looped, led astray.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest

from purview_codegen.package.adapter import operations_of
from purview_core import NO_RETRY, Operation, Paging, PagingError, ServerError, to_json
from purview_core.manifest import Document

from .calling import ENDPOINT, Case, version_of
from .corpus import contract, documents, manifest, package
from .sampling import Json, Sampler

pytestmark = pytest.mark.level("L1")

SIZE, ITEMS = 2, 5
MARK = "x-number"
# their answers have a token, and no parameter takes it
UNDECLARED = {
    "Assessments_List",
    "Controls_List",
}
PAGING_NAMES = {
    *(
        "offset",
        "limit",
        "skip",
        "top",
        "skipToken",
        "$skipToken",
        "continuationToken",
        "syncToken",
        "maxpagesize",
    ),
    "pageSize",
}
NOT_PAGED = {
    "Collections_GetCollectionPath": "two lists of names, whole in one answer",
    "CreateBulkAssetMetadata": "a write, whose body and answer have the shape of a page",
    "Discovery_AutoComplete": (
        "the best completions; limit says how many, and nothing leads past them"
    ),
    "Discovery_Suggest": "the best suggestions; limit says how many, and nothing leads past them",
    "GetAssetScoresForAssetDQ": (
        "as many as the caller names; the answer has a nextLink, and no parameter takes its token"
    ),
    "GetDataSource": "one thing; skipToken and name are declared, and have no use",
    "GetDataSources": "whole in one answer, which has no token",
    "GetRuns": "whole from the offset on, and nothing leads past it",
    "GetRunsForScheduleScan": "whole from the offset on, and nothing leads past it",
    "Glossary_List": "few, and a plain list",
    "Glossary_ListGlossaries": "few, and a plain list",
    "Glossary_ListRelatedCategories": "an object of lists; offset and limit have no effect",
    "Glossary_ListRelatedTerms": "an object of lists; offset and limit have no effect",
    "Lineage_GetNextPage": "a graph, which grows by calls of its own",
    "Lineage_NextPageLineage": "a graph, which grows by calls of its own",
}


@attrs.define
class Service:
    """Serves items 0 to 4, two a page, in one of the ways that an operation's facts name."""

    operation: Operation[Any]
    facts: Paging
    way: str
    page: Any
    seen: list[httpx.Request] = attrs.field(factory=list)
    fails_at: int | None = None
    stuck: bool = False
    astray: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        if self.fails_at == len(self.seen):
            return httpx.Response(500)
        start = 0 if self.stuck else self._start(request)
        if self.way == "sync" and start >= ITEMS:
            return httpx.Response(304)
        items = [self._item(n) for n in range(start, min(start + SIZE, ITEMS))]
        return httpx.Response(
            200,
            json=items if isinstance(self.page, list) else self._body(request, items, start + SIZE),
        )

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)

    def _start(self, request: httpx.Request) -> int:
        if self.way == "link":
            return int(request.url.params.get("from", "0"))
        name = self.facts.offset if self.way == "offset" else self.facts.sends
        values = (
            request.url.params
            if self.facts.place == "query"
            else json.loads(request.content or b"{}")
        )
        found = str(values.get(name, ""))
        return int(found.removeprefix("t ")) if found.removeprefix("t ").isdecimal() else 0

    def _item(self, number: int) -> Any:
        sample = self.page[0] if isinstance(self.page, list) else self.page[self.facts.items][0]
        return {**sample, MARK: number} if isinstance(sample, dict) else f"{number}"

    def _body(self, request: httpx.Request, items: list[Any], following: int) -> Json:
        body = {**self.page, self.facts.items: items}
        for name in (self.facts.next_link, self.facts.token, self.facts.last, self.facts.total):
            body.pop(name or "", None)
        more = following < ITEMS
        if self.way == "link":
            host = "evil.example" if self.astray else request.url.host
            body[self.facts.next_link or ""] = (
                f"https://{host}/next?from={following}" if more or self.astray else None
            )
        if self.way in ("token", "sync") and (more or self.way == "sync"):
            body[self.facts.token or ""] = f"t {following}"
        return body


def ways(facts: Paging) -> list[str]:
    named = {
        "link": facts.next_link,
        "sync" if facts.sync else "token": facts.token,
        "offset": facts.offset,
    }
    return [way for way, name in named.items() if name]


def cases(document: Document) -> Iterator[tuple[Json, Operation[Any], Service, Json]]:
    for case in version_of(document).cases:
        if (facts := case.operation.paging) is None:
            continue
        schema = next(iter(case.fact["responses"]["200"]["content"].values()))["schema"]
        arguments = of_a_page(case)
        for way in ways(facts):
            page = case.version.sampler.sample(schema)
            yield case.fact, case.operation, Service(case.operation, facts, way, page), arguments


def of_a_page(case: Case) -> Json:
    """What is required, and the size of a page."""
    facts = case.operation.paging
    assert facts is not None
    out = case.needed() | {
        p.name: SIZE for p in case.operation.arguments if p.wire_name == facts.limit
    }
    if "body" in out:
        raw = {k: v for k, v in case.body.items() if k not in (facts.offset, facts.sends)}
        raw |= {facts.limit: SIZE} if facts.place == "body" and facts.limit else {}
        out["body"] = case.loaded(raw)
    return out


def client_of(document: Document, transport: Any, prefix: str = "") -> Any:
    title = manifest().plane(document.plane).title
    return getattr(package(document), f"{prefix}{title}Client")(
        ENDPOINT, transport=transport, retry=NO_RETRY
    )


def pager_of(
    document: Document, declared: Operation[Any], service: Service, arguments: Json
) -> Any:
    client = client_of(document, httpx.MockTransport(service))
    return getattr(getattr(client, declared.group), declared.name)(**arguments)


def numbers(items: list[Any]) -> list[int]:
    return [int(to_json(item)[MARK] if isinstance(to_json(item), dict) else item) for item in items]


@pytest.mark.row("T11")
@pytest.mark.row("T12")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_three_pages_sync_and_async(document: Document) -> None:
    for _, declared, service, arguments in cases(document):
        pager = pager_of(document, declared, service, arguments)
        assert [] == service.seen, declared.id
        assert list(range(ITEMS)) == numbers(list(pager)), (declared.id, service.way)
        methods = [declared.method] * (4 if service.way == "sync" else 3)
        assert methods == [r.method for r in service.seen], (declared.id, service.way)
        if service.way == "sync":
            assert f"t {ITEMS + 1}" == pager.token  # what to ask for later changes with
        before = [(r.url, r.content) for r in service.seen]
        service.seen.clear()
        assert list(range(ITEMS)) == asyncio.run(
            _async_numbers(document, declared, service, arguments)
        )
        assert before == [(r.url, r.content) for r in service.seen], declared.id


async def _async_numbers(
    document: Document, declared: Operation[Any], service: Service, arguments: Json
) -> list[int]:
    async with client_of(document, httpx.MockTransport(service.answer), "Async") as client:
        pager = getattr(getattr(client, declared.group), declared.name)(**arguments)
        return numbers([item async for item in pager])


@pytest.mark.row("T11")
@pytest.mark.row("T12")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_resumed_from_a_saved_position_and_after_a_failure(document: Document) -> None:
    for _, declared, service, arguments in cases(document):
        first = next(pager_of(document, declared, service, arguments).by_page())
        saved = json.loads(json.dumps(first.position))
        again = pager_of(document, declared, service, arguments)
        rest = [item for page in again.by_page(saved) for item in page]
        assert list(range(SIZE, ITEMS)) == numbers(rest), (declared.id, service.way)
        service.seen.clear()
        service.fails_at = 2
        found: list[Any] = []
        with pytest.raises(ServerError) as caught:
            _read(pager_of(document, declared, service, arguments), found)
        assert (list(range(SIZE)), saved) == (numbers(found), caught.value.position), declared.id
        assert list(range(SIZE, ITEMS)) == numbers(
            [
                item
                for page in asyncio.run(_async_pages(document, declared, service, arguments, saved))
                for item in page
            ]
        )


def _read(pager: Any, found: list[Any]) -> None:
    for item in pager:
        found.append(item)  # noqa: PERF402 one by one: what came before a failure is kept


async def _async_pages(
    document: Document, declared: Operation[Any], service: Service, arguments: Json, position: str
) -> list[Any]:
    async with client_of(document, httpx.MockTransport(service.answer), "Async") as client:
        pager = getattr(getattr(client, declared.group), declared.name)(**arguments)
        return [page async for page in pager.by_page(position)]


@pytest.mark.row("T11")
@pytest.mark.row("T12")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_a_list_that_never_moves_on_is_an_error(document: Document) -> None:
    for _, declared, service, arguments in cases(document):
        service.stuck = True
        if service.way == "sync":
            # up to date
            assert [0, 1, 0, 1] == numbers(list(pager_of(document, declared, service, arguments)))
            continue
        found: list[Any] = []
        with pytest.raises(PagingError, match="twice|again") as caught:
            _read(pager_of(document, declared, service, arguments), found)
        assert [0, 1] == numbers(found)[:2]
        assert caught.value.position is not None, declared.id
        assert len(service.seen) <= 3, (declared.id, service.way)


@pytest.mark.row("T11")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_no_list_leads_to_another_host(document: Document) -> None:
    for _, declared, service, arguments in cases(document):
        if service.way == "link":
            service.astray = True
            with pytest.raises(PagingError, match="leads to another host"):
                list(pager_of(document, declared, service, arguments))
            assert 1 == len(service.seen), declared.id


@pytest.mark.row("T12")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_the_facts_name_what_the_document_has(document: Document) -> None:
    for operation, declared, service, _ in cases(document):
        facts, body = service.facts, operation.get("requestBody")
        known = {p["name"] for p in operation["parameters"]}
        if facts.place == "body":
            assert body is not None, declared.id
            known = set(
                Sampler(contract(document)).sample(next(iter(body["content"].values()))["schema"])
            )
        sent = {facts.sends, facts.offset, facts.limit} - {None}
        assert declared.id in UNDECLARED or sent <= known, (declared.id, sent - known)
        listed = service.page if isinstance(service.page, list) else service.page[facts.items]
        assert isinstance(listed, list), declared.id


@pytest.mark.row("T12")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_whatever_takes_a_page_is_a_pager_or_known_not_to_be_one(document: Document) -> None:
    found, plane = contract(document), package(document)
    sampler = Sampler(found)
    left = set()
    for _, _, operation in operations_of(found):
        names = {p["name"] for p in operation["parameters"]}
        for media, value in operation.get("requestBody", {}).get("content", {}).items():
            sample = sampler.sample(value["schema"]) if "json" in media else None
            names |= set(sample) if isinstance(sample, dict) else set()
        answers = [
            c
            for s, r in operation["responses"].items()
            if s[0] == "2"
            for c in r.get("content", {}).values()
        ]
        for answer in map(sampler.sample, (a["schema"] for a in answers)):
            names |= (
                {"offset"}
                if isinstance(answer, dict) and {"nextLink", "continuationToken"} & set(answer)
                else set()
            )
        if names & PAGING_NAMES and plane.OPERATIONS[operation["operationId"]].paging is None:
            left.add(operation["operationId"])
    assert set() == {oid for oid in left if oid not in NOT_PAGED and "UpdateKeyResult" not in oid}

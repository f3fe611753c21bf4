"""Reports about pages and long-running operations, over every operation of the kind in every
version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from purview_core import PagingError, ServerError, to_json

from .calling import (
    ENDPOINT,
    MODES,
    Answer,
    Caller,
    Case,
    Service,
    cases,
    of_plane,
    one,
    plain,
    says,
    versions,
)
from .sampling import Json
from .shapes import members

pytestmark = pytest.mark.level("L2")

TENANT = "https://api.purview-service.microsoft.com"
STARTED: Json = {
    "id": "OP1",
    "status": "Running",
    "createTime": "2024-03-14T08:03:32.774+0000",
    "taskPickUpTime": None,
    "properties": {"importedTerms": "0", "totalTermsDetected": "-1"},
    "error": {"errorCode": 0, "errorMessage": ""},
    "progress": {"status": None},
}
ENDED: Json = {**STARTED, "status": "Succeeded"}


def started(**headers: str) -> Answer:
    """The answer to the start of an operation: 202, no media type."""
    return plain(202, json.dumps(STARTED).encode(), **headers)


def paged() -> Iterator[tuple[Case, str, str | None, Any]]:
    """(case, member with the items, member with the link, one item) of every operation that gives a
    pager.
    """
    for case in cases():
        if case.operation.paging is None:
            continue
        schema = next((schema for _, schema in case.good() if schema), {})
        known = members(case.version.schemas, schema)
        paging = case.operation.paging
        item = (
            case.version.sampler.sample(known[paging.items]["items"])
            if paging.items in known
            else {"id": "x"}
        )
        yield case, paging.items, paging.next_link, item


@pytest.mark.row("B17")
@pytest.mark.parametrize("mode", MODES)
def test_a_page_without_a_link_is_all_there_is(mode: str) -> None:
    """Every operation with pages: two items, a count, no link (missing, null or empty): two items,
    one request.
    """
    counted, service = 0, Service()
    for case, items, link, item in paged():
        body = {items: [item, item], "count": 2}
        ends = [body, {**body, link: None}, {**body, link: ""}] if link else [body]
        with Caller(case.version, service, mode) as caller:
            for end in ends if mode == "sync" else ends[:1]:
                service.now(says(end))
                pages = list(caller.pages(caller.method(case)(**case.needed())))
                assert (1, 1) == (len(pages), len(service.seen)), case
                assert ([item, item], 2, None) == (
                    to_json(pages[0].items),
                    pages[0].count,
                    pages[0].next_link,
                ), case
            service.now(says(body))
            assert [item, item] == to_json(caller.send(case, **case.needed())), case
        counted += 1
    print(f"\n{counted} operations")
    assert counted > 140


@pytest.mark.row("B17")
@pytest.mark.row("S25")
@pytest.mark.parametrize("mode", MODES)
def test_a_reported_run_history_is_one_page(mode: str) -> None:
    runs = [
        {
            "ingestionExecutionDetails": {"estimatedTimeRemainingInSeconds": None},
            "resourceId": None,
        },
        {
            "ingestionExecutionDetails": {
                "status": "Succeeded",
                "statistics": {"assets": {"succeeded": 72, "failed": 0}},
            }
        },
    ]
    for version in of_plane("scanning"):
        service = Service(says({"value": runs, "count": 2}))
        with Caller(version, service, mode) as caller:
            (page,) = caller.pages(
                caller.method(version.case("ScanResult_ListScanHistory"))("src1", "scan1")
            )
        assert (2, runs, 1) == (page.count, to_json(page.items), len(service.seen)), version


@pytest.mark.row("B17")
@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_page_is_never_an_empty_list(mode: str) -> None:
    """Every operation with pages, answered with empty lists of any form, which have no items, and
    with what is no list.
    """
    empty: list[Any] = [[], {"value": []}, {"value": None}]
    failed = {"error": {"code": "Broken", "message": "it broke"}}
    odd: list[Any] = [
        None,
        7,
        "x",
        False,
        {"value": 7},
        {"value": "x"},
        {"value": {"value": []}},
        {"value": {}, "nextLink": ""},
    ]
    odd += [failed, {**failed, "value": None}, {"Message": "An error has occurred."}, {"new": 1}]
    service, counted = Service(), 0
    for case, *_ in paged():
        with Caller(case.version, service, mode) as caller:
            for body in empty:
                service.now(says(body))
                assert [] == caller.send(case, **case.needed()), (case, body)
            for body in odd:
                service.now(says(body))
                with pytest.raises(PagingError):
                    caller.send(case, **case.needed())
            counted += len(empty) + len(odd)
    print(f"\n{counted} answers")


class Pages:
    """Three pages of one item each, for whatever operation is called; page 2 fails while `broken`
    is set.
    """

    def __init__(self, case: Case, items: str, link: str, item: Any) -> None:
        self.case, self.items, self.link, self.item, self.broken = case, items, link, item, False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("$skipToken", "p1 / x")[1])
        if self.broken and at == 2:
            return httpx.Response(500, json={"error": {"code": "Broken"}})
        return httpx.Response(
            200, json={self.items: [self.item], self.link: self._next(request.url, at)}
        )

    def _next(self, url: httpx.URL, at: int) -> str | None:
        """A link as the services give it: with the api-version, and a token of their own."""
        api = (
            f"api-version={self.case.version.document.version}&"
            if "api-version" in url.params
            else ""
        )
        path = url.raw_path.decode().partition("?")[0]
        return (
            f"{url.scheme}://{url.host}{path}?{api}%24skipToken=p{at + 1}%20%2F%20x"
            if at < 3
            else None
        )


@pytest.mark.row("B19")
@pytest.mark.parametrize("mode", MODES)
def test_all_pages_are_read_and_a_failure_says_where(mode: str) -> None:
    """Every operation with links: three pages are all seen; page 2 fails for good: its link is on
    the error, and leads on.
    """
    counted = 0
    for case, items, link, item in paged():
        if link is None:
            continue
        answers = Pages(case, items, link, item)
        service = Service(answers)
        with Caller(case.version, service, mode) as caller:
            pager = caller.method(case)(**case.needed())
            assert [item] * 3 == [
                item for page in caller.pages(pager) for item in to_json(page.items)
            ], case
            assert (3, 3) == (len(service.seen), len({str(r.url) for r in service.seen})), case
            assert {service.seen[0].method} == {r.method for r in service.seen}, case
            second = str(service.seen[1].url)
            answers.broken, pages = True, caller.pages(pager)
            assert [item] == to_json(next(pages).items), case
            with pytest.raises(ServerError) as caught:
                next(pages)
            assert second == caught.value.position, case
            answers.broken, before = False, len(service.seen)
            assert 2 == len(list(caller.pages(pager, caught.value.position))), case
            assert second == str(service.seen[before].url), case
        counted += 1
    print(f"\n{counted} operations")
    assert counted > 120


@pytest.mark.row("B19")
@pytest.mark.parametrize("mode", MODES)
def test_sources_and_their_scans(mode: str) -> None:
    """Three pages of one source each and two pages of one scan for each source: six scans, nothing
    deleted.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        path, at = request.url.path, int(request.url.params.get("skip", "1"))
        last, item = (
            (2, {"name": f"scan{at}"}) if path.endswith("/scans") else (3, {"name": f"source{at}"})
        )
        more = {"nextLink": f"{ENDPOINT}{path}?skip={at + 1}"} if at < last else {}
        return httpx.Response(200, json={"value": [item], **more})

    for version in of_plane("scanning"):
        sources = version.case(
            "DataSources_List" if version.has("DataSources_List") else "DataSources_ListAll"
        )
        scans, service = version.case("Scans_ListByDataSource"), Service(answer)
        with Caller(version, service, mode) as caller:
            found = [
                (source.name, scan.name)
                for source in caller.send(sources)
                for scan in caller.send(scans, source.name)
            ]
        assert [(f"source{i}", f"scan{j}") for i in (1, 2, 3) for j in (1, 2)] == found
        assert {"GET"} == {r.method for r in service.seen}


@pytest.mark.row("B39")
@pytest.mark.parametrize("mode", MODES)
def test_items_under_the_other_usual_name(mode: str) -> None:
    """Every operation with pages, the items under `value` or `values`, whichever is not
    declared.
    """
    counted, service = 0, Service()
    for case, items, _, item in paged():
        for other in {"value", "values"} - {items}:
            with Caller(case.version, service, mode) as caller:
                service.now(says({items: [item]}))
                declared = caller.send(case, **case.needed())
                service.now(says({other: [item]}))
                found = caller.send(case, **case.needed())
            assert ([item], [type(x) for x in declared]) == (
                to_json(found),
                [type(x) for x in found],
            ), case
            counted += 1
    print(f"\n{counted} answers")
    assert counted > 140


def long_running() -> list[Case]:
    return [case for case in cases() if case.operation.polling is not None]


@pytest.mark.row("B03")
@pytest.mark.row("S11")
@pytest.mark.parametrize("mode", MODES)
def test_a_link_with_an_encoded_question_mark_is_mended(mode: str) -> None:
    """Every long-running operation: the next request is a GET of the link with its query, and the
    api-version in it once.
    """
    counted = 0
    for case in long_running():
        host, api = (
            TENANT if case.version.tenant_wide else ENDPOINT,
            f"api-version={case.version.document.version}",
        )
        path = f"{case.version.prefix}/operations/OP1"
        for link in (
            f"{host}{path}%3F{api}",
            f"{path}%3f{api}",
            f"{host}{path}?{api}",
            f"{host}{path}",
        ):
            service = Service(started(Operation_Location=link, Retry_After="5"))
            with Caller(case.version, service, mode) as caller:
                poller = caller.send(case, **case.needed())
                assert "Running" == caller.done(poller.status()), case
                assert [f"GET {path}?{api}"] == service.paths[1:], case
                service.now(says(ENDED))
                caller.done(poller.result())
                assert ([5.0], f"GET {path}?{api}") == (caller.waits, service.paths[0]), case
            counted += 1
    print(f"\n{counted} operations times links")
    assert counted >= 30 * 4


def _filled(path: str, case: Case, service: Service) -> str:
    """A status path with the id of the first answer, or with what the first request sent."""
    sent = {**case.parameters, **dict(service.seen[0].url.params), "id": "OP 1/2"}
    return re.sub(r"\{(\w+)\}", lambda name: quote(str(sent[name[1]]), safe=""), path)


@pytest.mark.row("B03")
@pytest.mark.parametrize("mode", MODES)
def test_without_a_header_the_link_is_made_of_the_id(mode: str) -> None:
    """Every long-running operation: the declared path where there is one, the address of a
    resource, else nothing is asked.
    """
    counts = {"declared": 0, "own": 0, "none": 0}
    service = Service()
    for case in long_running():
        polling, api = case.operation.polling, case.version.document.version
        assert polling is not None
        with Caller(case.version, service, mode) as caller:
            service.now(says({**STARTED, "id": "OP 1/2"}, 202), says({"status": "Succeeded"}))
            poller = caller.send(case, **case.needed())
            caller.done(poller.result())
            path = polling.status_path or polling.resource
            if path is None and case.method != "put":
                assert (1, False) == (len(service.seen), poller.done()), case
                assert "OP 1/2" == poller.accepted.id
                counts["none"] += 1
                continue
            own = service.seen[0].url.raw_path.decode()
            made = f"{_filled(path or '', case, service)}?api-version={api}"
            assert f"GET {made if path else own}" == service.paths[1], case
            counts["declared" if polling.status_path else "own"] += 1
    print(f"\n{counts}")
    assert counts["declared"] >= 10


@pytest.mark.row("B03")
@pytest.mark.parametrize("mode", MODES)
def test_a_reported_import_is_followed(mode: str) -> None:
    version = one("catalog", "2022-03-01-preview")
    case, host = (
        version.case("Glossary_ImportGlossaryTermsViaCsvByGlossaryName"),
        "https://acct.purview.azure.com",
    )
    link = f"{host}/catalog/api/glossary/terms/import/OP1%3Fapi-version=2022-03-01-preview"
    for headers in ({"Retry_After": "1", "Operation_Location": link}, {"Retry_After": "1"}):
        service = Service(started(**headers), says(ENDED))
        with Caller(version, service, mode, host) as caller:
            result = caller.done(caller.send(case, "Glossary", file=b"a,b").result())
        assert (
            "GET /catalog/api/glossary/terms/import/OP1?api-version=2022-03-01-preview"
            == service.paths[1]
        )
        assert ([1.0], 2) == (caller.waits, len(service.seen))
        assert ENDED == to_json(result)


@pytest.mark.row("B31")
@pytest.mark.row("S22")
@pytest.mark.parametrize("mode", MODES)
def test_success_without_a_body(mode: str) -> None:
    """Every operation, by its method: 200 and Content-Length: 0, no media type; nothing comes of
    it, and of a list an error.
    """
    counted, service = 0, Service(plain(200, Content_Length="0"))
    for version in versions():
        with Caller(version, service, mode) as caller:
            for case in version.cases:
                if case.operation.paging is not None:  # nobody may take it for a list of nothing
                    with pytest.raises(PagingError, match="a page came without a body"):
                        caller.send(case, **case.arguments())
                    counted += 1
                    continue
                answer = caller.send(case, **case.arguments())
                if hasattr(answer, "result"):
                    answer = caller.done(answer.result())
                if case.operation.polling is not None and answer is not None:
                    assert "Succeeded" == answer.status, case  # all that is known of it
                else:
                    assert answer in (None, [], b""), case
                assert (b"" == answer) == ("bytes" in case.operation.types.values()), case
                counted += 1
    print(f"\n{counted} operations")
    assert sum(1 for _ in cases()) == counted


@pytest.mark.row("B31")
def test_every_success_may_be_empty() -> None:
    """Every operation through `call`: the usual statuses and white space in the place of a body, by
    turns.
    """
    answers = [(201, b""), (202, b""), (204, b""), (200, b" \r\n")]
    counted, service = 0, Service()
    for version in versions():
        with Caller(version, service) as caller:
            for i, case in enumerate(version.cases):
                status, content = answers[i % 4]
                service.now(plain(status, content))
                found = caller.call(case)
                expected = content if "bytes" in case.operation.types.values() else None
                assert (status, expected) == (found.status_code, found.parsed), case
                counted += 1
    print(f"\n{counted} operations")

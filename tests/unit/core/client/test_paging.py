"""Pages: where the next one is, where it must not be, and how to go on after a failure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable
from typing import Any

import httpx
import pytest
from tests.unit.core.support import ENDPOINT, Recorder, quick

from purview_core import NO_RETRY, AuthError, Page, PagingError, PurviewError, ServerError
from purview_dataplane.account import AccountClient
from purview_dataplane.metadata_policies import MetadataPoliciesClient
from purview_dataplane.pds import PdsClient
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient
from purview_dataplane.scanning import models as m
from purview_dataplane.unified_catalog import UnifiedCatalogClient
from purview_dataplane.unified_catalog import models as uc

LIST = "/scan/datasources"


def page(*names: str, link: Any = "absent", **more: Any) -> httpx.Response:
    body = {"value": [{"kind": "AmazonS3", "name": name} for name in names], **more}
    return httpx.Response(
        200, content=json.dumps(body if link == "absent" else {**body, "nextLink": link})
    )


def names(*answers: Any) -> tuple[list[Any], Recorder]:
    recorder = Recorder(*answers)
    return [
        s.name for s in ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list()
    ], recorder


@pytest.mark.row("T11")
@pytest.mark.parametrize("end", ["absent", None, ""])
def test_a_list_ends_without_a_link(end: Any) -> None:
    found, recorder = names(page("a", "b", link=end))
    assert (["a", "b"], [f"GET {LIST}?api-version=2023-09-01"]) == (found, recorder.paths)


@pytest.mark.row("T11")
@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            f"{ENDPOINT}{LIST}?api-version=2023-09-01&$skip=a%2Fb+c",
            f"{LIST}?api-version=2023-09-01&$skip=a%2Fb+c",
        ),
        (f"{ENDPOINT}{LIST}?skip=2", f"{LIST}?skip=2&api-version=2023-09-01"),
        (f"{LIST}?skip=%7B2%7D", f"{LIST}?skip=%7B2%7D&api-version=2023-09-01"),
        ("?skip=2", f"{LIST}?skip=2&api-version=2023-09-01"),
        ("?skip=a b#part", f"{LIST}?skip=a%20b&api-version=2023-09-01"),
        (
            f"https://CONTOSO.purview.azure.com:443{LIST}?skip=2",
            f"{LIST}?skip=2&api-version=2023-09-01",
        ),
    ],
)
def test_links_are_followed_as_they_came(link: str, expected: str) -> None:
    found, recorder = names(page("a", link=link), page("b"))
    assert (["a", "b"], f"GET {expected}") == (found, recorder.paths[1])


@pytest.mark.row("T11")
@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("https://evil.example/x", f"leads to another host: https://evil.example, not {ENDPOINT};"),
        (
            "http://contoso.purview.azure.com/x",
            "leads to another scheme: http://contoso.purview.azure.com, not",
        ),
        (
            "http://contoso.purview.azure.com:443/x",
            "leads to another scheme and port: http://contoso",
        ),
        ("//evil.example/x", "leads to another host: https://evil.example, not"),
        (
            f"{ENDPOINT}.evil.example/x",
            "leads to another host: https://contoso.purview.azure.com.evil.example, not",
        ),
        (
            "https://contoso.purview.azure.com@evil.example/x",
            "leads to another host: https://evil.example, not",
        ),
        (f"{ENDPOINT}:444/x", f"leads to another port: {ENDPOINT}:444, not {ENDPOINT};"),
        (f"{ENDPOINT}:0/x", f"leads to another port: {ENDPOINT}:0, not"),
        (
            "http://evil.example:81/x",
            "leads to another scheme and host and port: http://evil.example:81, not",
        ),
        (
            "https://me:pass@contoso.purview.azure.com/x",
            f"names a user beside the host: {ENDPOINT};",
        ),
    ],
)
def test_links_to_another_origin_are_refused_before_anything_is_sent(link: str, said: str) -> None:
    link += "?skip=t0ken"
    recorder = Recorder(page("a", link=link))
    found: list[Any] = []
    with pytest.raises(PagingError) as caught:
        found.extend(
            s.name for s in ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list()
        )
    assert (1, link, ["a"]) == (len(recorder.seen), caught.value.position, found)
    text = str(caught.value)
    assert (True, False, False) == (f"the link {said}" in text, "t0ken" in text, "pass" in text), (
        text
    )


@pytest.mark.row("T11")
@pytest.mark.parametrize(
    "link",
    [
        "?skip=\x01",
        "\x00",
        "/scan\r\nx: y",
        "?a=\ud800",
        "https://[",
        f"?skip={'a' * 70_000}",
        f"{ENDPOINT}:x/",
    ],
)
def test_links_that_are_none_are_refused(link: str) -> None:
    recorder = Recorder(page("a", link=link))
    with pytest.raises(PagingError, match=r"^DataSources_List: .*nothing was sent there") as caught:
        list(ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list())
    assert (1, link) == (len(recorder.seen), caught.value.position)


@pytest.mark.row("T11")
def test_a_link_that_comes_twice_is_an_error() -> None:
    with pytest.raises(PagingError, match="same next link twice"):
        names(page("a", link="?skip=1"), page("b", link="?skip=1"))


@pytest.mark.row("T11")
def test_a_link_to_the_page_it_came_with_is_an_error() -> None:
    recorder = Recorder(page("a", link=f"{ENDPOINT}{LIST}?api-version=2023-09-01"))
    with pytest.raises(PagingError, match="same next link twice"):
        list(ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list())
    assert 1 == len(recorder.seen)


@pytest.mark.row("T11")
def test_an_empty_page_with_a_link_goes_on() -> None:
    assert ["b"] == names(page(link="?skip=1"), page("b"))[0]


@pytest.mark.row("T11")
def test_pages_have_counts_and_the_whole_answer() -> None:
    recorder = Recorder(page("a", link="?skip=1", count=7), page("b"))
    first, second = ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list().by_page()
    assert isinstance(first, Page)
    assert (7, "?skip=1", 1) == (first.count, first.next_link, len(first))
    assert isinstance(first.body, m.DataSourceList)
    assert isinstance(first.items[0], m.AmazonS3DataSource)
    assert (None, None, ["b"]) == (second.count, second.next_link, [s.name for s in second])


@pytest.mark.row("T11")
def test_a_list_can_be_read_twice_and_given_up_early() -> None:
    recorder = Recorder(page("a", link="?skip=1"), page("b"), page("a", link="?skip=1"))
    pager = ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list()
    assert [] == recorder.seen
    assert ["a", "b"] == [s.name for s in pager]
    assert "a" == next(iter(pager)).name
    assert 3 == len(recorder.seen)


@pytest.mark.row("T11")
def test_going_on_after_a_failure() -> None:
    recorder = Recorder(page("a", link="?skip=1"), httpx.Response(500), page("b"))
    client = ScanningClient(ENDPOINT, transport=recorder.sync, retry=NO_RETRY)
    pager, found = client.data_sources.list(), []
    with pytest.raises(ServerError) as caught:
        found.extend(p.items[0].name for p in pager.by_page())
    position = caught.value.position
    assert "?skip=1" == position
    found += [p.items[0].name for p in pager.by_page(position)]
    assert ["b"] == found[-1:]
    assert f"GET {LIST}?skip=1&api-version=2023-09-01" == recorder.paths[-1]


@pytest.mark.row("T11")
@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadError("cut"),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(403),
        AuthError("no token"),
    ],
)
def test_every_failure_says_where_it_was(answer: Any) -> None:
    client = ScanningClient(
        ENDPOINT, transport=Recorder(page("a", link="?skip=1"), answer).sync, retry=NO_RETRY
    )
    with pytest.raises(PurviewError) as caught:
        list(client.data_sources.list())
    assert "?skip=1" == vars(caught.value)["position"]


@pytest.mark.row("T11")
@pytest.mark.parametrize("name", ["value", "values"])
def test_either_name_of_the_list_is_read(name: str) -> None:
    transport = Recorder(httpx.Response(200, json={name: [{"name": "p"}]})).sync
    (policy,) = MetadataPoliciesClient(ENDPOINT, transport=transport).metadata_policy.list_all(
        collection_name="c1"
    )
    assert "p" == policy.name


@pytest.mark.row("T11")
@pytest.mark.parametrize(
    "empty",
    [
        [],
        {"value": []},
        {"value": None},
        {"nextLink": False},
        {"nextLink": None, "count": 0},
        {"values": []},
    ],
)
def test_an_empty_list_in_any_form_is_one(empty: Any) -> None:
    found, recorder = names(httpx.Response(200, content=json.dumps(empty)))
    assert ([], 1) == (found, len(recorder.seen))


async def read_all(items: AsyncIterable[Any]) -> None:
    async for _ in items:
        pass


NO_LISTS: dict[str, Any] = {
    "null": None,
    "an empty object": {},
    "a string": "text",
    "an integer": 7,
    "a boolean": True,
    "value is a string": {"value": "x"},
    "value is an object": {"value": {"value": [{"name": "a"}]}},
    "value is an integer": {"value": 0},
    "values is a string": {"values": "x"},
    "An error has occurred.": {"Message": "An error has occurred."},
    "it broke": {"error": {"code": "Broken", "message": "it broke"}, "requestId": "q"},
    "too many": {"type": "about:blank", "title": "too many", "status": 429},
    "but version, build": {"version": "1", "build": {}},
    "but error, errorCode": {"error": {}, "errorCode": None},
}


@pytest.mark.row("T11")
@pytest.mark.parametrize("what", NO_LISTS)
@pytest.mark.parametrize(
    "first", [[], [page("a", link="?skip=0")]], ids=["the first page", "a later one"]
)
def test_what_is_no_list_is_never_an_empty_one(what: str, first: list[httpx.Response]) -> None:
    answers = [*first, httpx.Response(200, content=json.dumps(NO_LISTS[what]))]
    position = "?skip=0" if first else None
    with pytest.raises(PagingError, match=what) as caught:
        list(ScanningClient(ENDPOINT, transport=Recorder(*answers).sync).data_sources.list())
    assert position == caught.value.position
    with pytest.raises(PagingError, match=what) as caught:
        asyncio.run(
            read_all(
                AsyncScanningClient(ENDPOINT, transport=Recorder(*answers).both).data_sources.list()
            )
        )
    assert position == caught.value.position


@pytest.mark.row("T11")
@pytest.mark.parametrize("most", [1, 3, 1_000])
def test_empty_pages_that_lead_to_ever_new_ones_have_an_end(most: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"value": [], "nextLink": f"?skip={len(asked)}"})

    async def answered(request: httpx.Request) -> httpx.Response:
        return answer(request)

    limit = {} if most == 1_000 else {"max_empty_pages": most}
    asked: list[httpx.Request] = []
    with pytest.raises(PagingError, match=f"{most} empty pages in a row.*by_page") as caught:
        list(
            ScanningClient(ENDPOINT, transport=httpx.MockTransport(answer))
            .data_sources.list()
            .by_page(**limit)
        )
    assert (most, f"?skip={most}") == (len(asked), caught.value.position)
    asked.clear()
    client = AsyncScanningClient(ENDPOINT, transport=httpx.MockTransport(answered))
    with pytest.raises(PagingError, match=f"{most} empty pages in a row") as caught:
        asyncio.run(read_all(client.data_sources.list().by_page(**limit)))
    assert (most, f"?skip={most}") == (len(asked), caught.value.position)


@pytest.mark.row("T11")
def test_empty_pages_between_others_are_none_of_an_end() -> None:
    gap = [page(link=f"?skip={n}") for n in range(3)]
    answers = [*gap[:2], page("a", link="?a"), *gap[2:], page("b")]
    pager = ScanningClient(ENDPOINT, transport=Recorder(*answers).sync).data_sources.list()
    assert [0, 0, 1, 0, 1] == [len(found) for found in pager.by_page(max_empty_pages=3)]
    for wrong in (0, -1, 1.5, "5"):
        with pytest.raises(ValueError, match="max_empty_pages= takes a whole number"):
            next(pager.by_page(max_empty_pages=wrong))  # type: ignore[arg-type]


@pytest.mark.row("T11")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"error": {"code": "Busy", "message": "later"}},
            "an error came with a good status, and no items: Busy: later",
        ),
        ({"error": {"message": "later"}, "value": None}, "and no items: later"),
        ({"error": "busy"}, "and no items: busy"),
        ({"requestId": "q", "errorCode": "A-1", "errorMessage": "gone"}, "and no items: A-1: gone"),
        ({"error": {"code": "Busy"}, "nextLink": "?skip=1"}, "and no items: Busy"),
        (
            {"elements": [{"name": "a"}], "count": 1},
            "has no list value, but elements, which the document does not have",
        ),
    ],
)
def test_an_error_or_a_renamed_list_is_no_empty_page(body: Any, said: str) -> None:
    for first in ([], [page("a", link="?skip=0")]):
        recorder = Recorder(*first, httpx.Response(200, json=body))
        with pytest.raises(PagingError, match=f"^DataSources_List: .*{said}$") as caught:
            list(ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list())
        assert ("?skip=0" if first else None, len(first) + 1) == (
            caught.value.position,
            len(recorder.seen),
        )


@pytest.mark.row("T11")
def test_an_error_that_says_nothing_or_comes_with_items_is_none() -> None:
    """Services send an empty one with success."""
    for error in (None, {}, {"errorCode": 0, "errorMessage": ""}, {"code": None, "message": ""}):
        assert (
            []
            == names(httpx.Response(200, json={"error": error, "errorCode": None, "value": []}))[0]
        )
    assert ["a"] == names(page("a", error={"code": "Busy"}, warnings=["w"]))[0]


@pytest.mark.row("T11")
def test_a_version_that_names_its_list_otherwise_is_no_empty_list() -> None:
    recorder = Recorder(httpx.Response(200, json={"count": 1, "elements": [{"id": "e"}]}))
    client = PdsClient(ENDPOINT, transport=recorder.sync, api_version="2022-11-01-preview")
    with pytest.raises(
        PagingError, match="has no list value, but elements, which the document does not have"
    ):
        list(client.policy_elements.list(scope="s"))


@pytest.mark.row("T11")
@pytest.mark.parametrize("odd", ["", 0, 5, b"?skip=1", True, ["?skip=1"]], ids=repr)
def test_a_position_is_text(odd: Any) -> None:
    recorder = Recorder(page("a"))
    pager = ScanningClient(ENDPOINT, transport=recorder.sync).data_sources.list()
    with pytest.raises(
        TypeError, match="^DataSources_List: by_page takes the text of a position, or None, not "
    ):
        next(pager.by_page(odd))

    async def story() -> None:
        with pytest.raises(TypeError, match="by_page takes the text of a position, or None, not "):
            await anext(
                aiter(
                    AsyncScanningClient(ENDPOINT, transport=recorder.both)
                    .data_sources.list()
                    .by_page(odd)
                )
            )

    asyncio.run(story())
    assert [] == recorder.seen


@pytest.mark.row("T11")
@pytest.mark.parametrize("link", [7, True, {"a": 1}, ["?skip=1"]])
def test_a_link_that_is_no_text_is_not_the_end_of_a_list(link: Any) -> None:
    client = ScanningClient(
        ENDPOINT, transport=Recorder(httpx.Response(200, json={"value": [], "nextLink": link})).sync
    )
    with pytest.raises(PagingError, match="DataSources_List: nextLink is .*, not text"):
        list(client.data_sources.list())


@pytest.mark.row("T11")
def test_a_page_without_a_body_is_not_the_end_of_a_list() -> None:
    recorder = Recorder(
        httpx.Response(200, json={"value": [{"name": "a"}], "nextLink": "?skip=1"}),
        httpx.Response(200),
    )
    client = ScanningClient(ENDPOINT, transport=recorder.sync)
    with pytest.raises(PagingError, match="without a body") as caught:
        list(client.data_sources.list())
    assert "?skip=1" == caught.value.position
    assert [] == names(httpx.Response(204))[0]  # a service that has nothing to list
    with pytest.raises(PagingError, match="without a body"):
        names(httpx.Response(200))
    assert ["a"] == names(page("a", link="?skip=1"), httpx.Response(204))[0]


@pytest.mark.row("T11")
def test_a_null_number_in_a_run_history() -> None:
    runs = {
        "value": [
            {
                "ingestionExecutionDetails": {"estimatedTimeRemainingInSeconds": None},
                "resourceId": None,
            },
            {},
        ],
        "count": 2,
    }
    transport = Recorder(httpx.Response(200, json=runs)).sync
    (only,) = (
        ScanningClient(ENDPOINT, transport=transport)
        .scan_result.list_scan_history("s", "n")
        .by_page()
    )
    assert (2, 2) == (len(only), only.count)
    assert runs == only.body.to_dict()


@pytest.mark.row("T11")
def test_pages_of_plain_values() -> None:
    transport = Recorder(httpx.Response(200, json={"value": ["a", "b"]})).sync
    client = AccountClient(ENDPOINT, transport=transport)
    assert ["a", "b"] == list(client.contact_assignments.list_scoped_contact_group_names(scope="c"))


@pytest.mark.row("T11")
def test_a_query_is_asked_again_with_its_body() -> None:
    recorder = Recorder(
        httpx.Response(200, json={"value": [{"id": "1"}], "nextLink": "?skip=1"}),
        httpx.Response(200, json={"value": [{"id": "2"}]}),
    )
    client = UnifiedCatalogClient("contoso", transport=recorder.sync)
    pager = client.terms.query(
        body=uc.TermQueryRequest(top=1) if hasattr(uc, "TermQueryRequest") else None
    )  # type: ignore[arg-type]
    assert [] == recorder.seen
    assert 2 == len(list(pager))
    assert ["POST", "POST"] == [r.method for r in recorder.seen]
    assert recorder.seen[0].content == recorder.seen[1].content


@pytest.mark.row("T11")
def test_async_pagers_do_the_same() -> None:
    recorder = Recorder(page("a", link="?skip=1"), httpx.Response(503), page("b"))

    async def story() -> tuple[list[Any], list[int]]:
        client, _ = quick(AsyncScanningClient(ENDPOINT, transport=recorder.both))
        async with client:
            pager = client.data_sources.list()
            return [s.name async for s in pager], [
                len(p) async for p in client.data_sources.list().by_page()
            ]

    assert (["a", "b"], [1]) == asyncio.run(story())

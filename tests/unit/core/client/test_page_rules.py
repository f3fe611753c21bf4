"""Pages by offset, by token and by sync token: what is asked for next, when it is over, and how
to go on later.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import httpx
import pytest
from tests.unit.core.support import ENDPOINT, Recorder

from purview_core import NO_RETRY, PagingError, ServerError
from purview_dataplane.catalog import AsyncCatalogClient, CatalogClient
from purview_dataplane.catalog import models as cat
from purview_dataplane.data_access import DataAccessClient
from purview_dataplane.data_estate_health import DataEstateHealthClient
from purview_dataplane.data_quality import DataQualityClient
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient
from purview_dataplane.datamap import models as dm
from purview_dataplane.datamap_preview import DataMapPreviewClient
from purview_dataplane.datamap_preview import models as nav
from purview_dataplane.pds import AsyncPdsClient, PdsClient
from purview_dataplane.pds import models as pds
from purview_dataplane.unified_catalog import UnifiedCatalogClient


def rows(*names: str, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"value": [{"name": name} for name in names], **more})


def bare(*names: str) -> httpx.Response:
    return httpx.Response(200, json=[{"name": name} for name in names])


class Terms:
    """A glossary of `total` terms behind offset and limit; without a limit, all of them at once."""

    def __init__(self, total: int) -> None:
        self.names = [f"t{i}" for i in range(total)]
        self.asked: list[tuple[str | None, str | None]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        offset, limit = (request.url.params.get(name) for name in ("offset", "limit"))
        self.asked.append((offset, limit))
        start, size = int(offset or 0), int(limit or -1)
        return bare(*self.names[start : start + size if size >= 0 else None])


def terms(total: int, **arguments: Any) -> tuple[list[Any], Terms]:
    service = Terms(total)
    client = DataMapClient(ENDPOINT, transport=httpx.MockTransport(service))
    return [t.name for t in client.glossary.list_terms("g", **arguments)], service


@pytest.mark.row("B36")
@pytest.mark.row("T12")
@pytest.mark.parametrize(
    ("total", "offsets"),
    [(2500, ["0", "1000", "2000"]), (2000, ["0", "1000", "2000"]), (3, ["0"]), (0, ["0"])],
)
def test_terms_come_in_pages_of_the_limit_until_a_short_or_empty_one(
    total: int,
    offsets: list[str],
) -> None:
    found, service = terms(total, limit=1000)
    assert (service.names, [(o, "1000") for o in offsets]) == (found, service.asked)


@pytest.mark.row("B36")
@pytest.mark.row("T12")
@pytest.mark.parametrize("limit", [-1, 0])
def test_a_limit_that_is_no_size_passes_through_and_is_one_page(limit: int) -> None:
    found, service = terms(7, limit=limit)
    assert ([(None, str(limit))], 7 if limit < 0 else 0) == (service.asked, len(found))


@pytest.mark.row("T12")
def test_without_a_limit_nothing_is_added_and_the_whole_list_comes_at_once() -> None:
    found, service = terms(7)
    assert (service.names, [(None, None)]) == (found, service.asked)


@pytest.mark.row("T12")
def test_the_callers_offset_is_the_start() -> None:
    found, service = terms(7, limit=2, offset=3)
    assert (service.names[3:], [("3", "2"), ("5", "2"), ("7", "2")]) == (found, service.asked)


@pytest.mark.row("T12")
def test_what_else_was_asked_for_is_asked_for_again() -> None:
    recorder = Recorder(bare("a"), bare())
    list(
        CatalogClient(ENDPOINT, transport=recorder.sync).glossary.list_glossary_terms(
            "g", limit=1, sort="a b&c"
        )
    )
    asked = {"limit": "1", "sort": "a b&c"}
    assert [asked | {"offset": "0"}, asked | {"offset": "1"}] == [
        dict(r.url.params) for r in recorder.seen
    ]
    assert all("sort=a%20b%26c" in path for path in recorder.paths)


@pytest.mark.row("T12")
def test_only_the_pages_that_are_needed_are_asked_for() -> None:
    service = Terms(10)
    pager = DataMapClient(ENDPOINT, transport=httpx.MockTransport(service)).glossary.list_terms(
        "g", limit=2
    )
    assert ["t0", "t1", "t2"] == [t.name for t in itertools.islice(pager, 3)]
    assert [("0", "2"), ("2", "2")] == service.asked


@pytest.mark.row("T12")
def test_items_of_a_bare_list_are_models_and_the_page_says_where_it_goes_on() -> None:
    recorder = Recorder(bare("a", "b"), bare("c"))
    pager = DataMapClient(ENDPOINT, transport=recorder.sync).glossary.list_terms("g", limit=2)
    first, second = pager.by_page()
    assert isinstance(first.items[0], dm.AtlasGlossaryTerm)
    assert (None, None, "offset:2", None) == (
        first.next_link,
        first.count,
        first.position,
        first.token,
    )
    assert (None, ["c"]) == (second.position, [t.name for t in second])


@pytest.mark.row("T12")
def test_a_service_that_knows_no_offset_is_an_error_not_an_endless_list() -> None:
    recorder = Recorder(bare("a", "b"))
    found: list[Any] = []
    with pytest.raises(PagingError, match="the same page again, and so knows no offset") as caught:
        found.extend(
            p
            for p in DataMapClient(ENDPOINT, transport=recorder.sync).glossary.list_terms(
                "g", limit=2
            )
        )
    assert ("offset:4", 4, 3) == (caught.value.position, len(found), len(recorder.seen))


@pytest.mark.row("T12")
def test_a_service_that_knows_no_limit_loses_and_repeats_nothing() -> None:
    recorder = Recorder(bare("a", "b", "c"), bare())
    assert 3 == len(
        list(DataMapClient(ENDPOINT, transport=recorder.sync).glossary.list_terms("g", limit=2))
    )
    assert "offset=3" in recorder.paths[1]


def bodies(recorder: Recorder) -> list[Any]:
    return [json.loads(r.content) for r in recorder.seen]


@pytest.mark.row("T12")
def test_a_search_by_offset_goes_on_in_its_body_until_the_total() -> None:
    recorder = Recorder(
        rows("a", "b", **{"@search.count": 3, "@search.facets": None}),
        rows("c", **{"@search.count": 3}),
    )
    pager = CatalogClient(ENDPOINT, transport=recorder.sync).discovery.query(
        body=cat.SearchRequest(keywords="k", limit=2)
    )
    assert [] == recorder.seen
    first, second = pager.by_page()
    assert isinstance(first.body, cat.SearchResult)
    assert ([2, 1], 3) == ([len(first), len(second)], first.count)
    assert [{"keywords": "k", "limit": 2}, {"keywords": "k", "limit": 2, "offset": 2}] == bodies(
        recorder
    )
    assert ["application/json"] * 2 == [r.headers["content-type"] for r in recorder.seen]


@pytest.mark.row("T12")
def test_a_search_without_a_limit_goes_on_by_the_total_and_by_the_documented_page_size() -> None:
    def ask(*answers: httpx.Response) -> list[Any]:
        recorder = Recorder(*answers)
        list(
            CatalogClient(ENDPOINT, transport=recorder.sync).discovery.query(
                body=cat.SearchRequest(keywords="k")
            )
        )
        return [body.get("offset") for body in bodies(recorder)]

    fifty = [f"n{i}" for i in range(50)]
    assert [None, 1] == ask(rows("a", **{"@search.count": 2}), rows("b", **{"@search.count": 2}))
    assert [None, 50] == ask(rows(*fifty), rows("x"))
    assert [None, 1] == ask(rows("a", **{"@search.count": 9}), rows(**{"@search.count": 9}))
    assert [None] == ask(rows("a"))
    assert [None] == ask(rows(**{"@search.count": 0}))


@pytest.mark.row("T12")
def test_a_search_by_token_goes_on_in_its_body() -> None:
    recorder = Recorder(rows("a", continuationToken="T1"), rows(continuationToken="T2"), rows("b"))
    pager = DataMapClient(ENDPOINT, transport=recorder.sync).discovery.query(
        body=dm.QueryOptions(keywords="k", limit=1)
    )
    assert ["a", "b"] == [hit.name for hit in pager]
    sent = {"keywords": "k", "limit": 1}
    assert [
        sent,
        {**sent, "continuationToken": "T1"},
        {**sent, "continuationToken": "T2"},
    ] == bodies(recorder)
    assert ["POST"] * 3 == [r.method for r in recorder.seen]
    assert (None, "T2") == (pager.position, pager.token)


@pytest.mark.row("T12")
@pytest.mark.parametrize("end", [{}, {"continuationToken": None}, {"continuationToken": ""}])
def test_a_search_by_token_ends_without_one(end: dict[str, Any]) -> None:
    recorder = Recorder(rows("a", **end))
    assert 1 == len(
        list(
            DataMapClient(ENDPOINT, transport=recorder.sync).discovery.query(body=dm.QueryOptions())
        )
    )
    assert 1 == len(recorder.seen)


@pytest.mark.row("T12")
@pytest.mark.parametrize("tokens", [["A", "A"], ["A", "B", "A"]])
def test_a_token_that_comes_twice_is_an_error(tokens: list[str]) -> None:
    recorder = Recorder(*[rows(f"n{i}", continuationToken=t) for i, t in enumerate(tokens)])
    with pytest.raises(PagingError, match="same token twice") as caught:
        list(
            DataMapClient(ENDPOINT, transport=recorder.sync).discovery.query(body=dm.QueryOptions())
        )
    assert ("token:A", len(tokens)) == (caught.value.position, len(recorder.seen))


@pytest.mark.row("T12")
def test_a_navigation_has_its_token_in_the_query() -> None:
    page = httpx.Response(200, json={"items": [{"count": 1}], "continuationToken": "a+b/c="})
    recorder = Recorder(page, httpx.Response(200, json={"items": [{"count": 2}]}))
    client = DataMapPreviewClient(ENDPOINT, transport=recorder.sync)
    pager = client.discovery.navigation(
        body=nav.NavigationRequest(item_path=nav.ItemPath(path="p")), maxpagesize=1
    )
    assert [1, 2] == [item.count for item in pager]
    assert "a+b/c=" == recorder.seen[1].url.params["continuationToken"]
    assert "continuationToken=a%2Bb%2Fc%3D" in recorder.paths[1]
    assert recorder.seen[0].content == recorder.seen[1].content


@pytest.mark.row("T12")
def test_lists_by_skip_token() -> None:
    recorder = Recorder(
        httpx.Response(200, json={"values": [{"id": "1"}], "skipToken": "S"}), rows()
    )
    assert 1 == len(list(UnifiedCatalogClient("contoso", transport=recorder.sync).policies.list()))
    assert "S" == recorder.seen[1].url.params["skipToken"]
    recorder = Recorder(rows("a", skipToken="S"), rows("b", nextLink="?x=1"), rows("c"))
    assert 3 == len(
        list(DataAccessClient("contoso", transport=recorder.sync).workflows.list_runs(status="s"))
    )
    assert ["S", "1"] == [
        recorder.seen[1].url.params["skipToken"],
        recorder.seen[2].url.params["x"],
    ]


@pytest.mark.row("T12")
@pytest.mark.parametrize("token", ["T", "W3sidG9rZW4i+/==", "a/b", "k:v"])
def test_a_bare_token_in_place_of_a_link_goes_where_the_operation_takes_it(token: str) -> None:
    recorder = Recorder(rows("a", nextLink=token), rows("b", nextLink=""))
    first, _ = (
        DataQualityClient("contoso", transport=recorder.sync)
        .assets.list("d", data_product_id="p")
        .by_page()
    )
    assert ("token:" + token, token) == (
        first.position,
        recorder.seen[1].url.params["continuationToken"],
    )
    assert recorder.seen[0].url.path == recorder.seen[1].url.path
    assert "p" == recorder.seen[1].url.params["dataProductId"]


@pytest.mark.row("T12")
def test_a_list_whose_token_no_parameter_takes() -> None:
    recorder = Recorder(rows("a", continuationToken="T", count=2), rows("b", count=2))
    first, _ = DataEstateHealthClient("contoso", transport=recorder.sync).controls.list().by_page()
    assert (2, "T", "T") == (
        first.count,
        first.token,
        recorder.seen[1].url.params["continuationToken"],
    )
    recorder = Recorder(rows("a", continuationToken="T"))
    with pytest.raises(PagingError, match="same token twice"):
        list(DataEstateHealthClient("contoso", transport=recorder.sync).controls.list())


@pytest.mark.row("T12")
def test_skip_and_top_lead_on_only_where_no_page_knows_of_a_link() -> None:
    def ask(*answers: httpx.Response, **arguments: Any) -> list[str | None]:
        recorder = Recorder(*answers)
        list(UnifiedCatalogClient("contoso", transport=recorder.sync).terms.list(**arguments))
        return [r.url.params.get("skip") for r in recorder.seen]

    assert [None, "2", "4"] == ask(rows("a", "b"), rows("c", "d"), rows("e"), top=2)
    assert ["5", "7"] == ask(rows("a", "b"), rows("c"), top=2, skip=5)
    assert [None] == ask(rows("a", "b", nextLink=None), top=2)
    assert [None] == ask(rows("a", "b"))
    assert [None, None] == ask(rows("a", "b", nextLink="?page=2"), rows("c", "d"), top=2)


def changes(*names: str, token: str | None) -> httpx.Response:
    return httpx.Response(
        200, json={"value": [{"eventType": n} for n in names], "syncToken": token}
    )


@pytest.mark.row("T12")
def test_changes_are_read_to_the_last_and_the_token_is_kept_for_later() -> None:
    recorder = Recorder(
        changes("a", "b", token="S1"), changes("c", token="S2"), httpx.Response(304)
    )
    pager = PdsClient(ENDPOINT, transport=recorder.sync).policy_events.list(
        scope="s", sync_token="S0"
    )
    assert "S0" == pager.token
    found = list(pager)
    assert isinstance(found[0], pds.PolicyElementEventModelUpdated)
    assert (3, ["S0", "S1", "S2"]) == (
        len(found),
        [r.url.params["syncToken"] for r in recorder.seen],
    )
    assert ("S2", None) == (pager.token, pager.position)


@pytest.mark.row("T12")
def test_nothing_new_is_an_empty_list() -> None:
    for nothing in (httpx.Response(304), changes(token="S0"), changes(token=None)):
        recorder = Recorder(nothing)
        pager = PdsClient(ENDPOINT, transport=recorder.sync).policy_events.list(
            scope="s", sync_token="S0"
        )
        assert ([], "S0", 1) == (list(pager), pager.token, len(recorder.seen))


@pytest.mark.row("T12")
def test_changes_that_go_round_are_an_error() -> None:
    recorder = Recorder(changes("a", token="S1"), changes("b", token="S0"))
    with pytest.raises(PagingError, match="same token twice"):
        list(
            PdsClient(ENDPOINT, transport=recorder.sync).policy_events.list(
                scope="s", sync_token="S0"
            )
        )


@pytest.mark.row("T12")
def test_a_link_may_be_a_header() -> None:
    link = {"Link": '</datagovernance/catalog/terms?page=2>; rel="next"'}
    recorder = Recorder(
        httpx.Response(200, json={"value": [{"name": "a"}]}, headers=link), rows("b")
    )
    pager = UnifiedCatalogClient("contoso", transport=recorder.sync).terms.list()
    assert ["a", "b"] == [t.name for t in pager]
    assert "2" == recorder.seen[1].url.params["page"]


@pytest.mark.row("T12")
@pytest.mark.parametrize(
    "position", ["offset:x", "offset:-1", "offset:", "token:T", "/scan/x", "https://evil.example/"]
)
def test_a_text_that_is_no_position_of_the_list_is_refused(position: str) -> None:
    recorder = Recorder(bare("a"))
    pager = DataMapClient(ENDPOINT, transport=recorder.sync).glossary.list_terms("g", limit=2)
    with pytest.raises(PagingError, match="is no position in this list"):
        next(pager.by_page(position))
    assert [] == recorder.seen


@pytest.mark.row("T12")
def test_going_on_after_a_failure_and_from_what_the_pager_remembers() -> None:
    recorder = Recorder(bare("a", "b"), httpx.Response(500), bare("c"))
    client = DataMapClient(ENDPOINT, transport=recorder.sync, retry=NO_RETRY)
    pager = client.glossary.list_terms("g", limit=2)
    with pytest.raises(ServerError) as caught:
        list(pager)
    assert "offset:2" == caught.value.position == pager.position
    assert ["c"] == [
        t.name
        for page in client.glossary.list_terms("g", limit=2).by_page("offset:2")
        for t in page
    ]


@pytest.mark.row("T12")
def test_async_pages_of_each_kind() -> None:
    async def story() -> None:
        async with AsyncDataMapClient(
            ENDPOINT, transport=Recorder(bare("a", "b"), bare("c")).both
        ) as client:
            pages = [p async for p in client.glossary.list_terms("g", limit=2).by_page()]
            assert ["offset:2", None] == [p.position for p in pages]
        found = Recorder(rows("a", continuationToken="T"), httpx.Response(500), rows("b"))
        async with AsyncDataMapClient(ENDPOINT, transport=found.both, retry=NO_RETRY) as client:
            search = client.discovery.query(body=dm.QueryOptions())
            with pytest.raises(ServerError) as caught:
                _ = [hit async for hit in search]
            assert "token:T" == caught.value.position == search.position
            assert ["b"] == [hit.name async for page in search.by_page("token:T") for hit in page]
        events = Recorder(changes("a", token="S1"), httpx.Response(304))
        async with AsyncPdsClient(ENDPOINT, transport=events.both) as plane:
            pager = plane.policy_events.list(scope="s", sync_token="S0")
            assert 1 == len([e async for e in pager])
            assert "S1" == pager.token
        hits = Recorder(rows("a", **{"@search.count": 2}), rows("b", **{"@search.count": 2}))
        async with AsyncCatalogClient(ENDPOINT, transport=hits.both) as catalog:
            async for _hit in catalog.discovery.query(body=cat.SearchRequest(limit=1)):
                break
            assert 1 == len(hits.seen)

    asyncio.run(story())


@pytest.mark.row("T12")
def test_a_bare_list_that_comes_wrapped_is_read_all_the_same() -> None:
    transport = Recorder(rows("a")).sync
    (term,) = DataMapClient(ENDPOINT, transport=transport).glossary.list_terms("g")
    assert ("a", True) == (term.name, isinstance(term, dm.AtlasGlossaryTerm))


@pytest.mark.row("B36")
@pytest.mark.row("T12")
def test_terms_by_limit_and_offset_until_a_short_page() -> None:
    recorder = Recorder(bare(*["t"] * 1000), bare(*["t"] * 1000), bare(*["t"] * 3))
    terms = DataMapClient(ENDPOINT, transport=recorder.sync).glossary.list_terms("g", limit=1000)
    assert 2003 == len(list(terms))
    assert ["0", "1000", "2000"] == [r.url.params["offset"] for r in recorder.seen]

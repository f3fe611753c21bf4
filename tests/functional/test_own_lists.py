"""A list of a document of one's own is a pager where the document tells of a next page, in
whichever of the usual ways.
"""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest

from purview_core import PagingError

from .inline import Json, operation, package_of, plan_of, swagger
from .test_openapi3_odd import document, json_of, parameter

TEXT: Json = {"type": "string"}
URI: Json = {"type": "string", "format": "uri"}
ITEM: Json = {"$ref": "#/components/schemas/A"}
LIST: Json = {"type": "array", "items": ITEM}
HEADER: Json = {"headers": {"Link": {"schema": TEXT}}}
BASE: Json = {"Page": {"type": "object", "properties": {"nextLink": TEXT}}}
_numbers = itertools.count()


def listed(schema: Json, schemas: Json | None = None, method: str = "get", **more: Any) -> Json:
    own = {
        "responses": {"200": {"content": json_of(schema), **more}},
        "parameters": [parameter("size")],
    }
    return document(own, schemas, method)


def page(link: str, schema: Json = TEXT, **lists: Json) -> Json:
    return {
        "type": "object",
        "properties": {**(lists or {"value": LIST}), link: schema, "count": {"type": "integer"}},
    }


# -> (document, member of the items, member of the link)
PAGERS: dict[str, tuple[Json, str, str | None]] = {
    "nextLink": (listed(page("nextLink")), "value", "nextLink"),
    "odata": (listed(page("@odata.nextLink")), "value", "@odata.nextLink"),
    "snake": (listed(page("next_link", items=LIST)), "items", "next_link"),
    "next page link": (listed(page("nextPageLink", animals=LIST)), "animals", "nextPageLink"),
    "next": (listed(page("next", URI, results=LIST)), "results", "next"),
    "next or null": (
        listed(page("next", {"type": ["string", "null"], "format": "uri"}, results=LIST)),
        "results",
        "next",
    ),
    "any of": (listed(page("nextLink", {"anyOf": [TEXT, {"type": "null"}]})), "value", "nextLink"),
    "two lists": (
        listed(page("nextLink", value=LIST, errors={"type": "array", "items": TEXT})),
        "value",
        "nextLink",
    ),
    "named": (
        listed({"$ref": "#/components/schemas/P"}, {"P": page("nextLink")}),
        "value",
        "nextLink",
    ),
    "a base": (
        listed(
            {"$ref": "#/components/schemas/P"},
            {
                "P": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Page"},
                        {"properties": {"value": LIST}},
                    ]
                }
            }
            | BASE,
        ),
        "value",
        "nextLink",
    ),
    "a header": (listed(LIST, **HEADER), "", None),
    "a header, lower": (listed(LIST, headers={"link": {"schema": TEXT}}), "", None),
    "a named list": (listed({"$ref": "#/components/schemas/L"}, {"L": LIST}, **HEADER), "", None),
    "a header and members": (
        listed(
            {"type": "object", "properties": {"items": LIST, "total": {"type": "integer"}}},
            **HEADER,
        ),
        "items",
        None,
    ),
    "said": (
        document(
            {
                "responses": {"200": {"content": json_of(LIST)}},
                "x-ms-pageable": {"nextLinkName": None},
                "parameters": [],
            }
        ),
        "",
        "",
    ),
    "said in part": (
        document(
            {
                "responses": {"200": {"content": json_of(page("nextLink", things=LIST))}},
                "x-ms-pageable": {"itemName": "things"},
                "parameters": [],
            }
        ),
        "things",
        "nextLink",
    ),
    "said with a name": (
        document(
            {
                "responses": {"200": {"content": json_of(page("more", things=LIST))}},
                "x-ms-pageable": {"itemName": "things", "nextLinkName": "more"},
                "parameters": [],
            }
        ),
        "things",
        "more",
    ),
}
PLAIN: dict[str, Json] = {
    "a list": listed(LIST),
    "a token": listed(page("nextToken")),
    "next may be a token": listed(page("next")),
    "a number": listed(page("nextLink", {"type": "integer"})),
    "no list": listed(page("nextLink", value=TEXT)),
    "which list": listed(page("nextLink", cats=LIST, dogs=LIST)),
    "no read": listed(page("nextLink"), method="put"),
    "text": document({"responses": {"200": {"content": {"text/csv": {"schema": LIST}}, **HEADER}}}),
}


@pytest.mark.parametrize("way", PAGERS)
def test_every_item_of_every_page(tmp_path: Path, way: str) -> None:
    made, items, link = PAGERS[way]
    package = package_of(made, tmp_path, f"own_lists_{next(_numbers)}")
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        number = int(request.url.params.get("page", "0"))
        values = [{"n": f"{number}{i}"} for i in range(2)]
        there = (
            f"{request.url.copy_with(query=None)}?page={number + 1}"
            if number < 2 and link != ""
            else None
        )
        header = {"Link": f'<{there}>; rel="next"'} if there and link is None else {}
        body: Any = {items: values} | ({link: there} if link else {}) if items else values
        return httpx.Response(200, json=body, headers=header)

    async def answer_async(request: httpx.Request) -> httpx.Response:
        return answer(request)

    async def run() -> list[Any]:
        async with package.AsyncInlineClient(
            "contoso", transport=httpx.MockTransport(answer_async)
        ) as client:
            return [item.n async for item in client.x.do()]

    pages = 1 if link == "" else 3
    expected = [f"{number}{i}" for number in range(pages) for i in range(2)]
    with package.InlineClient("contoso", transport=httpx.MockTransport(answer)) as client:
        pager = client.x.do()
        assert [] == asked
        assert expected == [item.n for item in pager]
        assert expected == asyncio.run(run())
        assert 2 * pages == len(asked)
        assert package.models.A is type(next(iter(client.x.do())))


@pytest.mark.parametrize("way", PLAIN)
def test_all_else_is_one_answer(way: str) -> None:
    (do,) = plan_of(PLAIN[way]).operations
    assert do.paging is None


def test_an_answer_that_is_no_list_is_no_empty_list(tmp_path: Path) -> None:
    package = package_of(PAGERS["next"][0], tmp_path, f"own_lists_{next(_numbers)}")
    away = {"results": [{"n": "1"}], "next": "https://elsewhere.example.com/x?page=2"}
    for body in (away, {"results": [{"n": "1"}], "next": {"href": "/x"}}):
        transport = httpx.MockTransport(lambda _, body=body: httpx.Response(200, json=body))
        with (
            package.InlineClient("contoso", transport=transport) as client,
            pytest.raises(PagingError),
        ):
            list(client.x.do())


def test_swagger_says_it_in_the_same_words() -> None:
    schema = {
        "type": "object",
        "properties": {"value": {"type": "array", "items": TEXT}, "nextLink": TEXT},
    }
    (do,) = plan_of(swagger({"/x": {"get": operation("X_Do", answer=schema)}})).operations
    assert ("_d.Pager[str]", "_d.Paging('value', 'nextLink')") == (do.returns(""), do.paging)
    ok = {
        "description": "",
        "schema": {"type": "array", "items": TEXT},
        "headers": {"Link": {"type": "string"}},
    }
    (do,) = plan_of(swagger({"/x": {"get": operation("X_Do", responses={"200": ok})}})).operations
    assert "_d.Pager[str]" == do.returns("")

"""Pages and their items.

What a page holds and where the next one is, is decided once; two thin pagers ask for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Generic, TypeVar

import httpx

from purview_core.call.caller import Caller, Runs, RunsAsync
from purview_core.call.decoding import type_of
from purview_core.call.pipeline import Flow
from purview_core.call.request import PreparedRequest
from purview_core.errors import DecodeError, HttpError, PagingError, PurviewError, service_error
from purview_core.model.checks import shape_of
from purview_core.model.codec import Registry, codec, encode
from purview_core.model.fields import Field
from purview_core.model.strict import shape_name
from purview_core.operation import Facts, Paging
from purview_core.process_bound import Tied

from . import page_rules as kinds

T = TypeVar("T")
_FALLBACK_ITEMS = ("value", "values")
_NO_ITEMS = "an error came with a good status, and no items"
MAX_EMPTY_PAGES = 1_000
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class Page(Facts, Generic[T]):
    """One page: `items`, the link to the next page (None: there is none), the count the service
    gives, and the whole answer.

    `position` is where the next page is (None at the end), for a later `by_page(position)`; `token`
    is the answer's own token.
    """

    __slots__ = ("items", "next_link", "count", "body", "position", "token")
    __hash__ = None  # type: ignore[assignment]  # like the list that it holds
    items: list[T]
    next_link: str | None
    count: int | None
    body: Any
    position: str | None
    token: str | None

    def __init__(
        self,
        items: list[T],
        next_link: str | None,
        count: int | None,
        body: Any,
        position: str | None = None,
        token: str | None = None,
    ) -> None:
        self._set(
            items=items, next_link=next_link, count=count, body=body, position=position, token=token
        )

    def __repr__(self) -> str:
        return f"<Page of {len(self.items)} items>"

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class Cursor(Generic[T]):
    """Where a pager stands: reads pages from answers, and makes the request of the next one."""

    def __init__(
        self,
        caller: Caller,
        first: PreparedRequest,
        start: str | None = None,
        max_empty_pages: int = MAX_EMPTY_PAGES,
    ) -> None:
        assert first.operation.paging is not None
        if not isinstance(max_empty_pages, int) or max_empty_pages < 1:
            raise ValueError(
                f"max_empty_pages= takes a whole number from 1 on, not {max_empty_pages!r:.40}"
            )
        if start is not None and not (isinstance(start, str) and start):
            what = "an empty one" if start == "" else shape_of(start)
            raise TypeError(
                f"{first.operation.id}: by_page takes the text of a position, or None, not {what}"
            )
        self._caller, self._facts = caller, first.operation.paging
        self._first = kinds.first_request(self._facts, first)
        self._seen: set[str] = set()
        self._over = False
        self._last, self._repeats = b"", 0
        self._empty, self._most_empty = 0, max_empty_pages
        self.position: str | None = start
        self.token = kinds.token_sent(self._facts, first, start)

    def flow(self) -> Flow[Page[T] | None]:
        """The next page, None after the last one; a failure leaves the cursor where it is, so that
        it can be tried again.

        A position is looked at when its page is asked for, so the page that gave a bad one is not
        lost.
        """
        if self._over:
            return None
        try:
            self._stop_if_endless()
            request = self._first if self.position is None else self._follow(self.position)
            response = yield from self._caller.send(request)
            if response.status_code == _NOT_MODIFIED:
                self._over, self.position = True, None
                return None
            page = self._page(response)
        except PurviewError as error:
            vars(error)["position"] = self.position  # where to start again: by_page(position)
            raise
        self._seen.add(_key(request))
        self._last = response.content
        self._empty = 0 if page.items else self._empty + 1
        self.position, self._over = page.position, page.position is None
        self.token = page.token or self.token
        return page

    def _stop_if_endless(self) -> None:
        if self._empty >= self._most_empty:
            raise PagingError(
                f"{self._first.operation.id}: {self._empty} empty pages in a row, each "
                f"with a new place to go on from;"
                f" by_page(position, max_empty_pages=..) goes on"
            )

    def _follow(self, position: str) -> PreparedRequest:
        operation = self._first.operation
        try:
            request = kinds.next_request(
                self._facts, self._first, position, self._caller.api_version
            )
        except ValueError as error:
            raise PagingError(
                f"{operation.id}: {error}; nothing was sent there", position=position
            ) from None
        if _key(request) in self._seen:
            what = "token" if position.startswith(kinds.TOKEN) else "next link"
            raise PagingError(
                f"{operation.id}: the service gave the same {what} twice", position=position
            )
        return request

    def _page(self, response: httpx.Response) -> Page[T]:
        operation, facts = self._first.operation, self._facts
        body = self._body(response)
        raw = encode(body)
        items: list[T] = self._items(body, raw, response.status_code)
        by_offset = self.position is not None and self.position.startswith(kinds.OFFSET)
        self._repeats = (
            self._repeats + 1 if by_offset and items and response.content == self._last else 0
        )
        # two pages of equal items may be; an offset that is not looked at gives one for ever
        if self._repeats > 1:
            raise PagingError(
                f"{operation.id}: the service gives the same page again, and so knows no "
                f"{facts.offset}"
            )
        header = response.links.get("next", {}).get("url")
        try:
            position = kinds.next_position(
                facts, self._first, self.position, raw, len(items), header
            )
        except ValueError as error:
            raise PagingError(f"{operation.id}: {error}") from None
        linked = position is not None and not position.startswith((kinds.TOKEN, kinds.OFFSET))
        return Page(
            items,
            position if linked else None,
            _count(facts, raw),
            body,
            position,
            kinds.token_of(facts, raw),
        )

    def _body(self, response: httpx.Response) -> Any:
        """The decoded page; PagingError for an answer that is none: of a list, nobody may take
        that for the empty one.
        """
        operation = self._first.operation
        if response.status_code != _NO_CONTENT and not response.content.strip():
            raise PagingError(f"{operation.id}: a page came without a body")
        try:
            return self._caller.decode(operation, response)
        except HttpError as error:
            what = (
                ": ".join(part for part in (error.code, error.message) if part)
                or "it does not say which"
            )
            raise PagingError(f"{operation.id}: {_NO_ITEMS}: {what}") from None
        except DecodeError as error:
            if error.body is None:
                raise
            raise PagingError(str(error)) from None

    def _items(self, body: Any, raw: Any, status: int) -> list[T]:
        """The items under the declared name; under the other usual one where the service renames
        its list; of a bare list, all.
        """
        operation, wire = self._first.operation, self._facts.items
        if isinstance(raw, list):
            bare: list[T] = body
            return bare
        if not isinstance(raw, dict):
            if status == _NO_CONTENT:
                return []
            raise PagingError(f"{operation.id}: the page is {shape_name(raw)}, no list")
        fields = (
            {f.wire: f for f in codec(type(body)).fields.values()}
            if not isinstance(body, dict)
            else {}
        )
        declared = fields[wire].type if wire in fields else type_of(operation, status) or ""
        for name in (wire, *_FALLBACK_ITEMS):
            if isinstance(raw.get(name), list):
                text = declared if declared.startswith("list[") else "Any"
                load = Registry.get(operation.models).loader(text)
                items: list[T] = (
                    getattr(body, fields[name].name)
                    if name in fields
                    else load(raw[name])
                    if load
                    else raw[name]
                )
                return items
        self._explain(raw, {wire, *_FALLBACK_ITEMS}, fields)
        return []

    def _explain(self, raw: dict[str, Any], names: set[str], fields: Mapping[str, Field]) -> None:
        """Raises PagingError for a page without its list, unless it says nothing else: null, or
        left out beside members that the page has, is an empty list. `names`: what the list may be
        called.
        """
        operation, wire = self._first.operation, self._facts.items
        error = (
            service_error(raw)
            if any(raw.get(n) for n in ("error", "errorCode", "errorMessage"))
            else {}
        )
        what = ": ".join(str(part) for part in (error.get("code"), error.get("message")) if part)
        if what:
            raise PagingError(f"{operation.id}: {_NO_ITEMS}: {what}")
        if odd := next((name for name in sorted(names) if raw.get(name) is not None), None):
            raise PagingError(f"{operation.id}: {odd} is {shape_name(raw[odd])}, no list")
        known = names | fields.keys()
        others = [
            name
            for name, value in raw.items()
            if name not in known and (value or not known & raw.keys())
        ]
        lists = [name for name in others if isinstance(raw[name], list)]
        if lists or (others and not known & raw.keys()):
            what = (
                f"no list {wire}, but {', '.join(lists or others)}, which the document does "
                f"not have"
            )
            raise PagingError(f"{operation.id}: the page has {what}")
        if not raw and (wire not in fields or fields[wire].required):
            raise PagingError(f"{operation.id}: the page is an empty object, without {wire}")


def _key(request: PreparedRequest) -> str:
    """What tells one page's request from another's; the body only where pages differ by it."""
    paging = request.operation.paging
    assert paging is not None
    inside = paging.place == "body" and request.content
    return request.url + (
        request.content.decode("utf-8", "replace") if inside and request.content else ""
    )


def _count(facts: Paging, raw: Any) -> int | None:
    members = raw if isinstance(raw, dict) else {}
    names = ("count", "@search.count", facts.total)
    found = next((members[name] for name in names if name is not None and name in members), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


class _Standing(Tied):
    """What both pagers know of the iteration that last went on."""

    _instead = (
        "make the client in the worker, and give its pager's by_page() the .position of this one"
    )

    def __init__(self, prepared: PreparedRequest) -> None:
        assert prepared.operation.paging is not None
        self._prepared = prepared
        self._position: str | None = None
        self._token = kinds.token_sent(prepared.operation.paging, prepared, None)

    @property
    def position(self) -> str | None:
        """Where the page after the last one is, for `by_page`; None before the first page and
        after the end.
        """
        return self._position

    @property
    def token(self) -> str | None:
        """The newest token: of the last page that gave one, else what the call sends. After the end
        of a list of changes, it is what to ask for later changes with.
        """
        return self._token

    def _stand(self, cursor: Cursor[Any]) -> None:
        self._position, self._token = cursor.position, cursor.token

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._prepared.operation.id}>"


class Pager(_Standing, Generic[T]):
    """Iterates over items; each iteration starts from the first page. `by_page()` gives the pages.
    Making it sends nothing.

    It goes on to the end of the list: a limit in the call is the size of a page, not the number of
    items in all; for the first 100 items, take `itertools.islice(pager, 100)`, which asks for no
    page beyond them. For what a search gives beside its hits, read `page.body` of
    `next(pager.by_page())`.

    Raises what a call raises, and PagingError for what is no page, or after `max_empty_pages` empty
    ones in a row (1,000, unless `by_page` is told otherwise), each of which led to another; the
    error's `position` is the text to give to `by_page` to go on from there, also later, with a
    pager of the same call.
    """

    def __init__(self, client: Runs, prepared: PreparedRequest) -> None:
        super().__init__(prepared)
        self._client = client

    def by_page(
        self, position: str | None = None, *, max_empty_pages: int = MAX_EMPTY_PAGES
    ) -> Iterator[Page[T]]:
        """The pages, from the first one or from a position on."""
        cursor: Cursor[T] = Cursor(self._client._caller, self._prepared, position, max_empty_pages)
        while (page := self._client._run(cursor.flow())) is not None:
            self._stand(cursor)
            yield page
        self._stand(cursor)

    def __iter__(self) -> Iterator[T]:
        for page in self.by_page():
            yield from page.items


class AsyncPager(_Standing, Generic[T]):
    """`Pager` for async clients: `async for item in pager`, `async for page in pager.by_page()`."""

    def __init__(self, client: RunsAsync, prepared: PreparedRequest) -> None:
        super().__init__(prepared)
        self._client = client

    async def by_page(
        self, position: str | None = None, *, max_empty_pages: int = MAX_EMPTY_PAGES
    ) -> AsyncIterator[Page[T]]:
        """The pages, from the first one or from a position on."""
        cursor: Cursor[T] = Cursor(self._client._caller, self._prepared, position, max_empty_pages)
        while (page := await self._client._run(cursor.flow())) is not None:
            self._stand(cursor)
            yield page
        self._stand(cursor)

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.by_page():
            for item in page.items:
                yield item

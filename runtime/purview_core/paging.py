"""Pages and their items. What a page holds and where the next one is, is decided once; two thin pagers ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from .codec import Registry, codec, encode
from .errors import PagingError, PurviewError
from .links import resolve, with_api_version
from .pipeline import Flow
from .request import Prepared

if TYPE_CHECKING:
    import httpx

    from .client import AsyncClient, Client

T = TypeVar("T")
_FALLBACK_ITEMS = ("value", "values")


@attrs.frozen
class Page(Generic[T]):
    """One page: `items`, the link to the next page (None at the end), the count the service gives, and the whole answer."""

    items: list[T]
    next_link: str | None
    count: int | None
    body: Any

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class Cursor(Generic[T]):
    """Where a pager stands: reads pages from answers, and makes the request of the next one."""

    def __init__(self, client: Client | AsyncClient, first: Prepared, start: str | None = None) -> None:
        self._client, self._first = client, first
        self._seen: set[str] = set()
        self._over = False
        self.position: str | None = start

    def flow(self) -> Flow[Page[T] | None]:
        """The next page, None after the last one; a failure leaves the cursor where it is, so that it can be tried again.

        A link is looked at when its page is asked for, so the page that gave a bad one is not lost.
        """
        if self._over:
            return None
        try:
            request = self._first if self.position is None else self._follow(self.position)
            page = self._page((yield from self._client._call(request)))
        except PurviewError as error:
            vars(error)["position"] = self.position  # where to start again: by_page(position)
            raise
        self._seen.add(request.url)
        self.position, self._over = page.next_link, page.next_link is None
        return page

    def _follow(self, link: str) -> Prepared:
        operation = self._first.operation
        try:
            url = resolve(link, self._first.url)
        except ValueError as error:
            raise PagingError(f"{operation.id}: {error}; nothing was sent there", position=link) from None
        if any(p.wire_name == "api-version" for p in operation.parameters):
            url = with_api_version(url, self._client.api_version)
        if url in self._seen:
            raise PagingError(f"{operation.id}: the service gave the same next link twice", position=link)
        return self._first._replace(url=url)

    def _page(self, response: httpx.Response) -> Page[T]:
        operation = self._first.operation
        body = self._client._decode(operation, response)
        raw = encode(body)
        if isinstance(raw, list):
            return Page(body, None, None, body)
        if not isinstance(raw, dict):
            return Page([], None, None, body)
        assert operation.paging is not None
        link = raw.get(operation.paging.next_link) if operation.paging.next_link else None
        count = raw.get("count", raw.get("@search.count"))
        whole = count if isinstance(count, int) and not isinstance(count, bool) else None
        return Page(self._items(body, raw), link if isinstance(link, str) and link else None, whole, body)

    def _items(self, body: Any, raw: dict[str, Any]) -> list[T]:
        """The items under the declared name; under the other usual one where the service renames its list."""
        operation = self._first.operation
        assert operation.paging is not None
        wire = operation.paging.items
        fields = {f.wire: f for f in codec(type(body)).fields.values()} if not isinstance(body, dict) else {}
        if isinstance(raw.get(wire), list):
            items: list[T] = getattr(body, fields[wire].name) if wire in fields else raw[wire]
            return items
        for other in _FALLBACK_ITEMS:
            if isinstance(raw.get(other), list):
                text = fields[wire].type if wire in fields else "Any"
                load = Registry.get(operation.models).loader(text)
                loaded: list[T] = load(raw[other]) if load else raw[other]
                return loaded
        return []


class Pager(Generic[T]):
    """Iterates over items; each iteration starts from the first page. `by_page()` gives the pages.

    Raises what a call raises; the error's `position` is the link to give to `by_page` to go on from there.
    """

    def __init__(self, client: Client, prepared: Prepared) -> None:
        self._client, self._prepared = client, prepared

    def by_page(self, position: str | None = None) -> Iterator[Page[T]]:
        cursor: Cursor[T] = Cursor(self._client, self._prepared, position)
        while (page := self._client._run(cursor.flow())) is not None:
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.by_page():
            yield from page.items

    def __repr__(self) -> str:
        return f"<Pager of {self._prepared.operation.id}>"


class AsyncPager(Generic[T]):
    """`Pager` for async clients: `async for item in pager`, `async for page in pager.by_page()`."""

    def __init__(self, client: AsyncClient, prepared: Prepared) -> None:
        self._client, self._prepared = client, prepared

    async def by_page(self, position: str | None = None) -> AsyncIterator[Page[T]]:
        cursor: Cursor[T] = Cursor(self._client, self._prepared, position)
        while (page := await self._client._run(cursor.flow())) is not None:
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.by_page():
            for item in page.items:
                yield item

    def __repr__(self) -> str:
        return f"<AsyncPager of {self._prepared.operation.id}>"

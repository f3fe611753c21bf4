"""Where the next page is: pure rules over the facts of an operation, the first request, and an
answer.

| kind     | what the next request is                   | the list is over                           |
|----------|--------------------------------------------|--------------------------------------------|
| link     | the link as it came, to the same host; a   | no link: absent, null or empty             |
|          | bare token in its place as a token         |                                            |
| token    | the first request with the answer's token  | no token, or a page that says it is the    |
|          |                                            | last                                       |
| sync     | the same                                   | 304, or the token that was sent            |
| offset   | the first request, past the items that     | a short or an empty page, or all of the    |
|          | came                                       | total; without a page size, one page       |

A position is text: a link as it came, `token:` with a token, or `offset:` with a number. It holds
nothing of the first request, so it may be stored; the pager it is given to has the rest. An
operation that has links and offsets goes on by offset only where its first page knows of no link at
all. A page size is the caller's limit; zero or less is no size, and passes through.
"""

from __future__ import annotations

from typing import Any

from purview_core.call.request import PreparedRequest
from purview_core.model.checks import shape_of
from purview_core.operation import API_VERSION, Paging

from .links import resolve, with_api_version

TOKEN, OFFSET = "token:", "offset:"


def first_request(paging: Paging, prepared: PreparedRequest) -> PreparedRequest:
    """The first request; its offset is said where it is one of several, so that it is not the
    service that chooses it.
    """
    if (
        paging.offset is None
        or paging.place != "query"
        or paging.next_link
        or _number(_sent(paging, prepared, "limit")) < 1
    ):
        return prepared
    return (
        prepared
        if _sent(paging, prepared, "offset") is not None
        else _with(paging, prepared, paging.offset, 0)
    )


def next_request(
    paging: Paging, first: PreparedRequest, position: str, api_version: str
) -> PreparedRequest:
    """The request of the page at a position; raises ValueError for a link to another host, and
    for what is no position here.
    """
    if position.startswith(TOKEN) and paging.token:
        return _with(paging, first, paging.sends, position.removeprefix(TOKEN))
    if position.startswith(OFFSET) and paging.offset and position.removeprefix(OFFSET).isdecimal():
        return _with(paging, first, paging.offset, int(position.removeprefix(OFFSET)))
    if paging.next_link is None or position.startswith((TOKEN, OFFSET)):
        raise ValueError(f"{position[:40]!r} is no position in this list")
    url = resolve(position, first.url)
    if any(p.wire_name == API_VERSION.wire_name for p in first.operation.parameters):
        url = with_api_version(url, api_version)
    return first.to(url)


def token_of(paging: Paging, raw: Any) -> str | None:
    """The token that an answer gives."""
    found = raw.get(paging.token) if paging.token and isinstance(raw, dict) else None
    return found if isinstance(found, str) and found else None


def token_sent(paging: Paging, first: PreparedRequest, position: str | None) -> str | None:
    """The token that the page at a position was asked for with."""
    if position is not None:
        return position.removeprefix(TOKEN) if position.startswith(TOKEN) else None
    found = _value(paging, first, paging.sends) if paging.token else None
    return found if isinstance(found, str) and found else None


def next_position(
    paging: Paging,
    first: PreparedRequest,
    position: str | None,
    raw: Any,
    items: int,
    header_link: str | None,
) -> str | None:
    """Where the page after this one is; None at the end. `items` is their number, `raw` the answer
    as JSON.

    Raises ValueError for a link that is no text: there is more, and nobody knows where.
    """
    members = raw if isinstance(raw, dict) else {}
    link = members.get(paging.next_link) if paging.next_link else None
    if link and not isinstance(link, str):
        raise ValueError(f"{paging.next_link} is {shape_of(link)}, not text")
    if link:
        return link if _is_address(link) or not paging.token else TOKEN + link
    if paging.next_link and header_link:
        return header_link
    if token := token_of(paging, raw):
        over = members.get(paging.last) is True if paging.last else False
        over = over or (paging.sync and token == token_sent(paging, first, position))
        return None if over else TOKEN + token
    by_link = position is not None and not position.startswith(OFFSET)
    if paging.offset is None or by_link or (paging.next_link and paging.next_link in members):
        return None
    return _next_offset(paging, first, position, members, items)


def _is_address(link: str) -> bool:
    """Whether a next link is one: some services put a bare token there, for an operation that
    takes it as a parameter.
    """
    return "://" in link or "?" in link or link.startswith("/")


def _next_offset(
    paging: Paging,
    first: PreparedRequest,
    position: str | None,
    members: dict[str, Any],
    items: int,
) -> str | None:
    limit = _sent(paging, first, "limit")
    size = paging.size if limit is None else _number(limit)
    if items == 0 or (size is not None and size < 1):
        return None
    start = _number(position.removeprefix(OFFSET) if position else _sent(paging, first, "offset"))
    total = members.get(paging.total) if paging.total else None
    if isinstance(total, int) and not isinstance(total, bool):
        over = start + items >= total
    else:
        over = size is None or items < size
    return None if over else f"{OFFSET}{start + items}"


def _sent(paging: Paging, prepared: PreparedRequest, what: str) -> Any:
    name = paging.limit if what == "limit" else paging.offset
    return _value(paging, prepared, name) if name else None


def _value(paging: Paging, prepared: PreparedRequest, name: str) -> Any:
    if paging.place == "query":
        return prepared.argument(name)
    return prepared.body.get(name) if isinstance(prepared.body, dict) else None


def _with(
    paging: Paging, prepared: PreparedRequest, name: str, value: str | int
) -> PreparedRequest:
    if paging.place == "query":
        return prepared.with_query(name, str(value))
    return prepared.with_member(name, value)


def _number(value: Any) -> int:
    """A whole number from a query or a body; 0 where there is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0

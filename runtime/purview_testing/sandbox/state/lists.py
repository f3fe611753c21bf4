"""Lists: pages with a link to the next one, filters, words to search for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from purview_testing.contracts.judge import PAGE_TOKENS
from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Call, Reply

from .store import Row

_WORD = re.compile(r"\w+", re.UNICODE)
_NAMES = ("name", "friendlyName", "displayName", "definition", "title")
_ALIASES = {"domainId": "domain", "domainIds": "domain", "ids": "id"}
_SIZES = ("maxpagesize", "top", "limit")
_OFFSETS = ("skip", "offset")
_NEXT = ("nextLink", "skipToken", "continuationToken")  # members that lead to the next page
_ALL = 1_000_000
_CHUNK = 200  # rows that are read at a time where a test decides on each
Predicate = Callable[[Json], bool]


def words(text: Any) -> list[str]:
    """Returns the words of a text in lower case; none for what is not a text."""
    return [w.lower() for w in _WORD.findall(text)] if isinstance(text, str) else []


def tags_of(value: Json, filters: Iterable[str]) -> set[str]:
    """Returns the tags that an item is found by.

    These are the members that its list filters by, and the words of its name.
    """
    out = {f"w:{w}" for name in _NAMES for w in words(value.get(name))}
    for name in {*filters, "domain", "parentId"}:
        item = value.get(_ALIASES.get(name, name))
        if isinstance(item, (str, bool, int)):
            out.add(f"{_ALIASES.get(name, name)}={item}")
    return out


def listing(
    call: Call,
    kind: str,
    *,
    tag: str | None = None,
    keep: Predicate | None = None,
    present: Any = None,
    handled: Collection[str] = (),
    largest: int = _ALL,
) -> Reply:
    """Replies with one page of a kind; with all of it where the answer cannot link to more.

    The query parameters that are members of an item narrow the list.

    Args:
        call: The call to reply to.
        kind: The kind that is listed.
        tag: A tag that the items carry.
        keep: Whether an item is listed.
        present: Changes each item as it goes out.
        handled: Query parameters that `tag` and `keep` see to already.
        largest: The largest number of items that a page of this list ever has.
    """
    tags = ([tag] if tag else []) + _query_tags(call, handled)
    shape = call.operation.contract.schemas.shape(call.operation.result)
    link = next((n for n in _NEXT if n in shape.properties), None)
    # A list without a link is not cut, since nobody could read on.
    size = _page_size(call, _ALL if link is None else min(call.settings.page_size, largest))
    skip = _integer(call, _OFFSETS)
    after = call.token("$skipToken", "skipToken", "continuationToken")
    rows = pick(call, kind, tags, keep, size + 1, after=after, skip=0 if after else skip)
    items = [present(r.value) if present else r.value for r in rows[:size]]
    assert call.operation.list_member is not None
    value: Json = {call.operation.list_member: items}
    if "count" in shape.properties and not tags and keep is None:
        value["count"] = call.store.total(kind)
    if len(rows) > size and link is not None:
        to_next = next_link if link == "nextLink" else Call.page_token
        value[link] = to_next(call, rows[size - 1].seq)
    return Reply(call.with_required(value))


def _page_size(call: Call, most: int) -> int:
    wanted = _integer(call, _SIZES)
    return min(wanted, most) if wanted > 0 else most


def _integer(call: Call, names: Iterable[str]) -> int:
    """Returns the first of these query parameters that is a number; 0 where none is."""
    return next((call.query[n] for n in names if isinstance(call.query.get(n), int)), 0)


def next_link(call: Call, after: int) -> str:
    """Returns the address of the same call with the token under the name that it declares."""
    kept = [(n, v) for n, v in call.request.query if n not in (*PAGE_TOKENS, *_OFFSETS)]
    own = next(
        (
            p.name
            for p in call.operation.parameters
            if p.location == "query" and p.name in PAGE_TOKENS
        ),
        "$skipToken",
    )
    return call.link(call.request.raw_path, urlencode([*kept, (own, call.page_token(after))]))


def _query_tags(call: Call, handled: Collection[str]) -> list[str]:
    """Returns the tags for the query parameters that are members of an item."""
    members = call.operation.contract.schemas.shape(call.operation.item).properties
    out: list[str] = []
    for name, value in call.query.items():
        member = _ALIASES.get(name, name)
        if name in handled:
            continue
        if name == "keyword":
            out += [f"w:{w}" for w in words(value)]
        elif member in members and isinstance(value, (str, bool, int)):
            out.append(f"{member}={value}")
    return out


def pick(
    call: Call,
    kind: str,
    tags: Sequence[str],
    keep: Predicate | None,
    most: int,
    *,
    after: int = 0,
    skip: int = 0,
) -> list[Row]:
    """Returns the first items of a kind that carry all tags and pass `keep`.

    The rarest tag leads by its index; the others are tested item by item.

    Args:
        call: The call that the items are for.
        kind: The kind of the items.
        tags: The tags that an item carries.
        keep: Whether an item is taken.
        most: The largest number of items.
        after: The position after which to begin.
        skip: How many items to leave out before the first.
    """
    store = call.store
    lead = min(tags, key=lambda t: store.total(kind, t)) if tags else None
    others = set(tags) - {lead}
    if not others and keep is None:
        return store.page(kind, most, after=after, skip=skip, tag=lead)
    out: list[Row] = []
    while len(out) < most + skip:
        rows = store.page(kind, max(most, _CHUNK), after=after, tag=lead)
        out += [
            r
            for r in rows
            if others <= tags_among(r.value, others) and (keep is None or keep(r.value))
        ]
        if len(rows) < max(most, _CHUNK):
            break
        after = rows[-1].seq
    return out[skip : skip + most]


def tags_among(value: Json, wanted: Iterable[str]) -> set[str]:
    """Returns the tags of an item, with those that are tested for."""
    return tags_of(value, [t.partition("=")[0] for t in wanted if "=" in t])


def query_reply(call: Call, kind: str, *, counting: bool = False) -> Reply:
    """Replies to a POST of a query, whose filters, skip and top are in the body.

    With `counting` the value of the reply is the number of items.
    """
    body = call.body if isinstance(call.body, dict) else {}
    keep = _named_in(body)
    tags = [f"w:{w}" for n in ("nameKeyword", "definition") for w in words(body.get(n))]
    if counting:
        if len(tags) == 1 and keep is None:
            return Reply(call.store.total(kind, tags[0]))
        return Reply(len(pick(call, kind, tags, keep, 10_000)))
    top = body.get("top") or call.settings.page_size
    skip = body.get("skip") or 0
    rows = pick(call, kind, tags, keep, top + 1, skip=skip)
    member = call.operation.list_member
    assert member is not None
    value: Json = {member: [r.value for r in rows[:top]]}
    shape = call.operation.contract.schemas.shape(call.operation.result)
    if "count" in shape.properties:
        value["count"] = call.store.total(kind)
    return Reply(call.with_required(value))


def _named_in(body: Json) -> Predicate | None:
    """Returns a test for the items that a query's body names; None where it names none."""
    lists = {_ALIASES.get(n, n): v for n, v in body.items() if n in ("ids", "domainIds") and v}
    given = [body.get("status"), *(body.get("multiStatus") or [])]
    states = {text.lower() for text in given if isinstance(text, str)}
    if not lists and not states:
        return None

    def keep(item: Json) -> bool:
        named = all(item.get(name) in values for name, values in lists.items())
        return named and (not states or str(item.get("status", "")).lower() in states)

    return keep

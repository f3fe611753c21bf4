"""Lists: pages with a link to the next one, filters, keywords."""

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
_WAYS = ("nextLink", "skipToken", "continuationToken")  # members that say where the next page is
_ALL = 1_000_000
Predicate = Callable[[Json], bool]


def words(text: Any) -> list[str]:
    """The words of a text, in lower case."""
    return [w.lower() for w in _WORD.findall(text)] if isinstance(text, str) else []


def tags_of(value: Json, filters: Iterable[str]) -> set[str]:
    """What an item is found by: the members that its list filters on, and the words of its name."""
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
    """One page of a kind, all of it where the answer could not say where the next one is. What the query filters by narrows it, but
    for the names in `handled`, which `tag` and `keep` see to; `present` changes each item as it goes out. `largest`: the most items
    that a page of this list has."""
    tags = [*([tag] if tag else []), *_query_tags(call, handled)]
    shape = call.operation.contract.schemas.shape(call.operation.result)
    way = next((n for n in _WAYS if n in shape.properties), None)
    wanted = next((call.query[n] for n in _SIZES if isinstance(call.query.get(n), int)), 0)
    most = (
        min(call.settings.page_size, largest) if way is not None else _ALL
    )  # what can not be followed is not cut
    size = min(wanted, most) if wanted > 0 else most
    skip = next((call.query[n] for n in _OFFSETS if isinstance(call.query.get(n), int)), 0)
    after = call.token("$skipToken", "skipToken", "continuationToken")
    rows = pick(call, kind, tags, keep, size + 1, after=after, skip=0 if after else skip)
    items = [present(r.value) if present else r.value for r in rows[:size]]
    member = call.operation.list_member
    assert member is not None
    value: Json = {member: items}
    if "count" in shape.properties and not tags and keep is None:
        value["count"] = call.store.total(kind)
    if len(rows) > size and way is not None:
        last = rows[size - 1].seq
        value[way] = next_link(call, last) if way == "nextLink" else call.page_token(last)
    return Reply(call.with_required(value))


def next_link(call: Call, after: int) -> str:
    """The same call with a token, under the name that the operation has for it."""
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
    """The filters of a query that an item has as a member."""
    item = (
        call.operation.contract.schemas.shape(call.operation.item).properties
        if call.operation.item
        else {}
    )
    out = []
    for name, value in call.query.items():
        member = _ALIASES.get(name, name)
        if name in handled:
            continue
        if name == "keyword":
            out += [f"w:{w}" for w in words(value)]
        elif member in item and isinstance(value, (str, bool, int)):
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
    """The first items of a kind that carry all tags and pass `keep`. The rarest tag leads, by its index."""
    store = call.store
    lead = min(tags, key=lambda t: store.total(kind, t)) if tags else None
    others = set(tags) - {lead}
    if not others and keep is None:
        return store.page(kind, most, after=after, skip=skip, tag=lead)
    out: list[Row] = []
    while len(out) < most + skip:
        rows = store.page(kind, max(most, 200), after=after, tag=lead)
        out += [
            r
            for r in rows
            if others <= tags_among(r.value, others) and (keep is None or keep(r.value))
        ]
        if len(rows) < max(most, 200):
            break
        after = rows[-1].seq
    return out[skip : skip + most]


def tags_among(value: Json, wanted: Iterable[str]) -> set[str]:
    return tags_of(value, [t.partition("=")[0] for t in wanted if "=" in t])


def query_reply(call: Call, kind: str, *, counting: bool = False) -> Reply:
    """POST of a query: filters, skip and top are in the body; with `counting` the number alone."""
    body = call.body if isinstance(call.body, dict) else {}
    keep, tags = (
        _wanted(body),
        [f"w:{w}" for n in ("nameKeyword", "definition") for w in words(body.get(n))],
    )
    if counting:
        one = len(tags) == 1 and keep is None
        return Reply(
            call.store.total(kind, tags[0]) if one else len(pick(call, kind, tags, keep, 10_000))
        )
    top, skip = body.get("top") or call.settings.page_size, body.get("skip") or 0
    rows = pick(call, kind, tags, keep, top + 1, skip=skip)
    member = call.operation.list_member
    assert member is not None
    value: Json = {member: [r.value for r in rows[:top]]}
    shape = call.operation.contract.schemas.shape(call.operation.result)
    if "count" in shape.properties:
        value["count"] = call.store.total(kind)
    return Reply(call.with_required(value))


def _wanted(body: Json) -> Predicate | None:
    """Whether an item is one of those that a query's body names."""
    lists = {_ALIASES.get(n, n): v for n, v in body.items() if n in ("ids", "domainIds") and v}
    states = {
        s.lower()
        for s in [body.get("status"), *(body.get("multiStatus") or [])]
        if isinstance(s, str)
    }
    if not lists and not states:
        return None

    def keep(item: Json) -> bool:
        named = all(item.get(name) in values for name, values in lists.items())
        return named and (not states or str(item.get("status", "")).lower() in states)

    return keep

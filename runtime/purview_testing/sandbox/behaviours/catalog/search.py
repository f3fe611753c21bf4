"""Search over entities and terms: keywords, filters, facets, pages, completion, suggestions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox import search_lag
from purview_testing.sandbox.call import Behaviour, Call, Reply, Settings
from purview_testing.sandbox.state.lists import words
from purview_testing.sandbox.state.store import Store

from . import assets, filters, types
from .filters import order
from .terms import TERMS

PLANES = types.PLANES
_DEFAULT = 50  # hits on a page, unless the body says otherwise
_MOST = 1_000  # hits on a page at most
_CHUNK = 500  # items that are read at a time
_COUNTED = 1_000  # hits of a filtered search are counted up to here
_ALL = 1_000_000
_TERMS_FROM = 1 << 48  # in tokens, positions from here on are those of terms
_FACETS = {"entityType": "type:", "classification": "cls:", "label": "label:"}
INDEXED = (assets.KIND, TERMS)
_TAGS = {"entityType": "type:", "collectionId": "c:", "classification": "cls:", "label": "label:"}


def query(call: Call) -> Reply:
    """Finds what has the keywords and passes the filter; with a token, what comes after it."""
    body = call.body
    limit = body.get("limit") or _DEFAULT
    if not 0 < limit <= _MOST:
        text = f"limit {limit}: a number from 1 to {_MOST} is needed"
        raise Problem(400, "InvalidLimit", text)
    after = call.read_token(body.get("continuationToken"))
    condition = body.get("filter")
    if call.settings.fill and not isinstance(condition, dict):
        condition = None
    found = Hits(call, words(body.get("keywords")), condition)
    sorts = body.get("orderby") and not call.settings.fill
    hits = _ordered(found, body, after, limit) if sorts else None
    if hits is None:
        hits = list(found.after(after, limit + 1, skip=body.get("offset") or 0))
    value: Json = {"@search.count": found.count(), "value": [_hit(v) for _, v in hits[:limit]]}
    shape = call.operation.contract.schemas.shape(call.operation.result)
    if "continuationToken" in shape.properties and len(hits) > limit:
        value["continuationToken"] = call.page_token(hits[limit - 1][0])
    if "@search.count.approximate" in shape.properties:
        value["@search.count.approximate"] = False
    if body.get("facets"):
        names = [f.get("facet") for f in body["facets"]]
        value["@search.facets"] = _facets(call, names, found if found.narrowed else None)
    elif not call.settings.exact and not value["value"]:
        value["@search.facets"] = None
    item = call.operation.contract.schemas.shape(shape.properties["value"]).items
    return Reply({**value, "value": [call.known_members(v, item) for v in value["value"]]})


def _ordered(found: Hits, body: Json, after: int, limit: int) -> list[tuple[int, Json]]:
    """A page of all hits, sorted.

    The token of a sorted search counts hits, since positions in the store say nothing about the
    order.
    """
    hits = order(body["orderby"])([value for _, value in found.after(0, _ALL)])
    start = after or body.get("offset") or 0
    return list(enumerate(hits[start : start + limit + 1], start + 1))


def install(store: Store, settings: Settings) -> None:
    """Starts to log changes for a search that lags behind."""
    if settings.limits.search_lag:
        search_lag.follow(store, INDEXED, settings.limits.search_lag, settings.clock)


def _index(call: Call, kind: str) -> str:
    """The kind that search reads in place of a kind."""
    lag = call.settings.limits.search_lag
    return search_lag.up_to_date_index(call.store, kind, lag, call.settings.clock())


class Hits:
    """What a search finds, entities before terms.

    The rarest of its words and filters leads by its index; the others are tested item by item.
    """

    def __init__(self, call: Call, wanted: Sequence[str], condition: Any) -> None:
        self._call = call
        self._words = [f"w:{w}" for w in wanted]
        self._keep = filters.condition(condition, call.now_ms, self._knows) if condition else None
        self._tags = [*self._words, *_leading(condition)]
        self._assets, self._terms = (_index(call, kind) for kind in INDEXED)

    def _knows(self, name: str) -> bool:
        """Whether a filter may name a member.

        It may name one of the index, or an attribute of a type that is defined.
        """
        fill = self._call.settings.fill
        return fill or name in filters.FIELDS or types.has_attribute(self._call.store, name)

    @property
    def narrowed(self) -> bool:
        """Whether the search asks for anything less than all there is."""
        return self._keep is not None or bool(self._tags)

    def after(self, token: int, most: int, *, skip: int = 0) -> Iterator[tuple[int, Json]]:
        """Yields the hits after a position, each with its own position.

        Args:
            token: The position after which to begin.
            most: The largest number of hits.
            skip: How many hits to leave out before the first.
        """
        kinds = [(self._terms, _TERMS_FROM)]
        if token < _TERMS_FROM:
            kinds.insert(0, (self._assets, 0))
        left = most + skip
        for kind, base in kinds:
            if self._absent(kind):
                continue
            for seq, value in self._of(kind, max(0, token - base), left):
                left -= 1
                if most + skip - left > skip:
                    yield base + seq, value
                if not left:
                    return

    def _absent(self, kind: str) -> bool:
        """Whether a kind has no hits: filters by entity type and the like admit no term."""
        return kind == self._terms and len(self._tags) > len(self._words)

    def _of(self, kind: str, after: int, most: int) -> Iterator[tuple[int, Json]]:
        store = self._call.store
        lead = min(self._tags, key=lambda t: store.total(kind, t)) if self._tags else None
        others = {t for t in self._words if t != lead}
        size = min(most, _CHUNK) if not others and self._keep is None else _CHUNK
        while rows := store.page(kind, size, after=after, tag=lead):
            for row in rows:
                worded = not others or others <= _word_tags(row.value)
                if worded and (self._keep is None or self._keep(row.value)):
                    yield row.seq, row.value
            after = rows[-1].seq
            if len(rows) < size:
                return

    def count(self) -> int:
        """Returns the number of hits.

        For one word or none it is kept in the store; otherwise hits are counted up to a limit.
        """
        store = self._call.store
        if self._keep is None and len(self._tags) <= 1:
            tag = self._tags[0] if self._tags else ""
            return sum(store.total(kind, tag) for kind in (self._assets, self._terms))
        return sum(1 for _ in self.after(0, _COUNTED))


def _word_tags(value: Json) -> set[str]:
    if "typeName" in value:
        return assets.tags(value)
    return {f"w:{w}" for n in ("name", "nickName", "longDescription") for w in words(value.get(n))}


def _leading(condition: Any) -> list[str]:
    """The tags that a filter demands, of itself or in the parts of its `and`."""
    if not isinstance(condition, dict):
        return []
    if isinstance(condition.get("and"), list):
        return [tag for part in condition["and"] for tag in _leading(part)]
    named = {name: condition.get(name) for name in _TAGS}
    return [f"{_TAGS[name]}{value}" for name, value in named.items() if isinstance(value, str)]


def _hit(value: Json) -> Json:
    """An item as search shows it."""
    entity = "typeName" in value
    attributes = (value.get("attributes") or {}) if entity else value
    out: Json = {
        "@search.score": 1.0,
        "objectType": "Assets" if entity else "Glossary terms",
        "id": value["guid"],
        "name": str(attributes.get("name") or attributes.get("qualifiedName") or value["guid"]),
        "qualifiedName": attributes.get("qualifiedName"),
        "entityType": value.get("typeName") or "AtlasGlossaryTerm",
        "createTime": value.get("createTime"),
        "updateTime": value.get("updateTime"),
        "description": attributes.get("description"),
        "longDescription": attributes.get("longDescription"),
        "classification": [c.get("typeName") for c in value.get("classifications") or []],
        "label": value.get("labels") or [],
        "term": [
            {"name": m.get("displayText"), "guid": m.get("termGuid")}
            for m in value.get("meanings") or []
        ],
    }
    return {n: v for n, v in out.items() if v is not None}


def _facets(call: Call, names: Sequence[Any], hits: Hits | None) -> Json:
    """How many have each value of each facet.

    Of hits, this is counted up to a limit; of everything, the store has the numbers.
    """
    out: Json = {}
    values = [v for _, v in hits.after(0, _COUNTED)] if hits is not None else []
    for name in names:
        prefix = _FACETS.get(name)
        if hits is not None:
            counts = Counter(t for v in values for t in _texts(filters.member(v, str(name))))
            out[str(name)] = [{"value": text, "count": n} for text, n in counts.most_common(100)]
        else:
            tags = call.store.tags(_index(call, assets.KIND), prefix, 100) if prefix else []
            texts = [(tag.removeprefix(prefix or ""), n) for tag, n in tags]
            out[str(name)] = [{"value": text, "count": n} for text, n in texts]
    shape = call.operation.contract.schemas.shape(call.operation.result)
    return call.known_members(out, shape.properties["@search.facets"])


def _texts(found: Any) -> list[str]:
    return [str(f) for f in (found if isinstance(found, list) else [found]) if f is not None]


def complete(call: Call) -> Reply:
    """Completes the last word of a text to words in use that begin with it."""
    text = str(call.body.get("keywords") or "")
    last = (words(text) or [""])[-1]
    limit = call.body.get("limit") or _DEFAULT
    found = call.store.tags(_index(call, assets.KIND), f"w:{last}", limit) if last else []
    before = text[: len(text) - len(last)]
    completions = [tag.removeprefix("w:") for tag, _ in found]
    return Reply({"value": [{"text": c, "queryPlusText": f"{before}{c}"} for c in completions]})


def suggest(call: Call) -> Reply:
    """Suggests the first entities with a word that begins with the last word of a text."""
    last = (words(call.body.get("keywords")) or [""])[-1]
    limit = call.body.get("limit") or 5
    out: dict[str, Json] = {}
    kind = _index(call, assets.KIND)
    for tag, _ in call.store.tags(kind, f"w:{last}", limit) if last else []:
        for row in call.store.page(kind, limit, tag=tag):
            text = f"*{tag.removeprefix('w:')}*"
            out.setdefault(row.key, {**_hit(row.value), "@search.text": text})
    shape = call.operation.contract.schemas.shape(call.operation.result)
    item = call.operation.contract.schemas.shape(shape.properties["value"]).items
    return Reply({"value": [call.known_members(v, item) for v in list(out.values())[:limit]]})


def browse(call: Call) -> Reply:
    """Lists the entities of a type."""
    name = call.body.get("entityType")
    limit = call.body.get("limit") or 100
    offset = call.body.get("offset") or 0
    tag = f"type:{name}" if name else None
    kind = _index(call, assets.KIND)
    rows = call.store.page(kind, limit, skip=offset, tag=tag)
    shape = call.operation.contract.schemas.shape(call.operation.result)
    item = call.operation.contract.schemas.shape(shape.properties["value"]).items
    hits = [call.known_members(_hit(r.value), item) for r in rows]
    return Reply({"@search.count": call.store.total(kind, tag or ""), "value": hits})


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", "/search/query"): query,
    ("POST", "/search/autocomplete"): complete,
    ("POST", "/search/suggest"): suggest,
    ("POST", "/browse"): browse,
}

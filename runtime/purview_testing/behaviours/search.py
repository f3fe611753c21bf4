"""Search over entities and terms: keywords, filters, facets, pages; completion and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from purview_testing.call import Behaviour, Call, Reply, page_token, read_token
from purview_testing.lists import words
from purview_testing.validate import TOKEN
from purview_testing.wire import Problem

from . import assets, types
from .terms import TERMS

Json = dict[str, Any]
PLANES = types.PLANES
_DEFAULT, _MOST, _CHUNK = 50, 1_000, 500
_COUNTED = 1_000  # hits of a filtered search are counted up to here
_STAGE = 1 << 48  # token numbers from here on are terms
_FACETS = {"entityType": "type:", "classification": "cls:", "label": "label:"}
_TAGS = {"entityType": "type:", "collectionId": "c:", "classification": "cls:", "label": "label:"}
Keep = Callable[[Json], bool]


def query(call: Call) -> Reply:
    """The hits of the keywords that pass the filter; with a token, those after it."""
    body = call.body
    limit = body.get("limit") or _DEFAULT
    if not 0 < limit <= _MOST:
        raise Problem(400, "InvalidLimit", f"limit lies between 1 and {_MOST}")
    token = body.get("continuationToken")
    after = 0 if call.settings.fill and not str(token).startswith(TOKEN) else read_token(token)
    condition = None if call.settings.fill and not isinstance(body.get("filter"), dict) else body.get("filter")
    found = Hits(call, words(body.get("keywords")), condition)
    hits = list(found.after(after, limit + 1, skip=body.get("offset") or 0))
    value: Json = {"@search.count": found.count(), "value": [_hit(v) for _, v in hits[:limit]]}
    shape = call.operation.contract.schemas.shape(call.operation.result)
    if "continuationToken" in shape.properties and len(hits) > limit:
        value["continuationToken"] = page_token(hits[limit - 1][0])
    if "@search.count.approximate" in shape.properties:
        value["@search.count.approximate"] = False
    if body.get("facets"):
        value["@search.facets"] = _facets(call, [f.get("facet") for f in body["facets"]])
    elif not call.settings.exact and not value["value"]:
        value["@search.facets"] = None
    item = call.operation.contract.schemas.shape(shape.properties["value"]).items
    return Reply({**value, "value": [call.known(v, item) for v in value["value"]]})


class Hits:
    """What a search finds, entities first. The rarest of its words and filters leads by its index; the rest is tested."""

    def __init__(self, call: Call, wanted: Sequence[str], condition: Any) -> None:
        self._call = call
        self._words = [f"w:{w}" for w in wanted]
        self._keep = _condition(condition) if condition else None
        self._tags = [*self._words, *_leading(condition)]

    def after(self, token: int, most: int, *, skip: int = 0) -> Iterator[tuple[int, Json]]:
        """(number for a token, item) of the next hits."""
        kinds = [(assets.KIND, 0), (TERMS, _STAGE)] if token < _STAGE else [(TERMS, _STAGE)]
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
        """Filters by entity type and the like admit no term."""
        return kind == TERMS and len(self._tags) > len(self._words)

    def _of(self, kind: str, after: int, most: int) -> Iterator[tuple[int, Json]]:
        store = self._call.store
        lead = min(self._tags, key=lambda t: store.total(kind, t)) if self._tags else None
        others = {t for t in self._words if t != lead}
        size = min(most, _CHUNK) if not others and self._keep is None else _CHUNK
        while rows := store.page(kind, size, after=after, tag=lead):
            for row in rows:
                if (not others or others <= _word_tags(row.value)) and (self._keep is None or self._keep(row.value)):
                    yield row.seq, row.value
            after = rows[-1].seq
            if len(rows) < size:
                return

    def count(self) -> int:
        """Kept, not counted, for one word or none; else counted up to a limit."""
        store = self._call.store
        if self._keep is None and len(self._tags) <= 1:
            tag = self._tags[0] if self._tags else ""
            return sum(store.total(kind, tag) for kind in (assets.KIND, TERMS))
        return sum(1 for _ in self.after(0, _COUNTED))


def _word_tags(value: Json) -> set[str]:
    if "typeName" in value:
        return assets.tags(value)
    return {f"w:{w}" for n in ("name", "nickName", "longDescription") for w in words(value.get(n))}


def _leading(condition: Any) -> list[str]:
    """The tags that a filter demands: of itself, or of the parts of its `and`."""
    if not isinstance(condition, dict):
        return []
    if isinstance(condition.get("and"), list):
        return [tag for part in condition["and"] for tag in _leading(part)]
    return [f"{prefix}{condition[name]}" for name, prefix in _TAGS.items() if isinstance(condition.get(name), str)]


def _condition(condition: Any) -> Keep:
    """A filter as a test: and, or, not, or members that must be so."""
    if not isinstance(condition, dict):
        raise Problem(400, "InvalidFilter", "A filter is an object")
    if "and" in condition:
        parts = [_condition(c) for c in condition["and"]]
        return lambda v: all(p(v) for p in parts)
    if "or" in condition:
        parts = [_condition(c) for c in condition["or"]]
        return lambda v: any(p(v) for p in parts)
    if "not" in condition:
        part = _condition(condition["not"])
        return lambda v: not part(v)
    if "attributeName" in condition:
        return _attribute(condition)
    return lambda v: all(_is(v, name, wanted) for name, wanted in condition.items())


def _attribute(condition: Json) -> Keep:
    name, wanted = condition["attributeName"], condition.get("attributeValue")
    prefix = condition.get("operator") == "prefix"

    def keep(value: Json) -> bool:
        found = (value.get("attributes") or {}).get(name, value.get(name))
        return str(found).startswith(str(wanted)) if prefix else found == wanted

    return keep


def _is(value: Json, name: str, wanted: Any) -> bool:
    entity = "typeName" in value
    found: dict[str, Any] = {
        "objectType": "Assets" if entity else "Glossary terms",
        "entityType": value.get("typeName"),
        "collectionId": value.get("collectionId"),
        "id": value.get("guid"),
        "classification": [c.get("typeName") for c in value.get("classifications") or []],
        "label": value.get("labels") or [],
        "term": [m.get("displayText") for m in value.get("meanings") or []],
        "termStatus": value.get("status"),
        "glossaryType": None,
    }
    mine = found.get(name)
    return wanted in mine if isinstance(mine, list) else mine == wanted


def _hit(value: Json) -> Json:
    """A hit as search shows it."""
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
        "term": [{"name": m.get("displayText"), "guid": m.get("termGuid")} for m in value.get("meanings") or []],
    }
    return {n: v for n, v in out.items() if v is not None}


def _facets(call: Call, names: Sequence[Any]) -> Json:
    out: Json = {}
    for name in names:
        prefix = _FACETS.get(name)
        found = call.store.tags(assets.KIND, prefix, 100) if prefix else []
        out[str(name)] = [{"value": tag.removeprefix(prefix or ""), "count": n} for tag, n in found]
    shape = call.operation.contract.schemas.shape(call.operation.result)
    return call.known(out, shape.properties["@search.facets"])


def complete(call: Call) -> Reply:
    """The words in use that begin with the last one of the text."""
    text = str(call.body.get("keywords") or "")
    last = (words(text) or [""])[-1]
    limit = call.body.get("limit") or _DEFAULT
    found = call.store.tags(assets.KIND, f"w:{last}", limit) if last else []
    before = text[: len(text) - len(last)]
    completions = [tag.removeprefix("w:") for tag, _ in found]
    return Reply({"value": [{"text": c, "queryPlusText": f"{before}{c}"} for c in completions]})


def suggest(call: Call) -> Reply:
    """The first assets that have a word that begins with the last one of the text."""
    last = (words(call.body.get("keywords")) or [""])[-1]
    limit = call.body.get("limit") or 5
    out: dict[str, Json] = {}
    for tag, _ in call.store.tags(assets.KIND, f"w:{last}", limit) if last else []:
        for row in call.store.page(assets.KIND, limit, tag=tag):
            out.setdefault(row.key, {**_hit(row.value), "@search.text": f"*{tag.removeprefix('w:')}*"})
    shape = call.operation.contract.schemas.shape(call.operation.result)
    item = call.operation.contract.schemas.shape(shape.properties["value"]).items
    return Reply({"value": [call.known(v, item) for v in list(out.values())[:limit]]})


def browse(call: Call) -> Reply:
    """The assets of a type."""
    name = call.body.get("entityType")
    limit, offset = call.body.get("limit") or 100, call.body.get("offset") or 0
    tag = f"type:{name}" if name else None
    rows = call.store.page(assets.KIND, limit, skip=offset, tag=tag)
    shape = call.operation.contract.schemas.shape(call.operation.result)
    item = call.operation.contract.schemas.shape(shape.properties["value"]).items
    hits = [call.known(_hit(r.value), item) for r in rows]
    return Reply({"@search.count": call.store.total(assets.KIND, tag or ""), "value": hits})


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", "/search/query"): query,
    ("POST", "/search/autocomplete"): complete,
    ("POST", "/search/suggest"): suggest,
    ("POST", "/browse"): browse,
}

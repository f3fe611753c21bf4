"""Glossaries, categories and terms as they are stored."""

from __future__ import annotations

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Call
from purview_testing.sandbox.state.lists import words

GLOSSARIES, TERMS, CATEGORIES = "/atlas/glossaries", "/atlas/terms", "/atlas/categories"
_WHAT = {GLOSSARIES: "glossary", TERMS: "glossary term", CATEGORIES: "glossary category"}


def find(call: Call, kind: str, guid: str) -> Json:
    """The item; where the sandbox fills in, one that is invented."""
    key = call.as_guid(guid) if call.settings.fill else guid
    value = call.store.get(kind, key)
    if value is not None:
        return dict(value)
    if call.settings.fill:
        return {
            "guid": key,
            "name": guid,
            "qualifiedName": guid,
            "createTime": call.now_ms,
            "createdBy": CALLER,
        }
    raise Problem(404, "ATLAS-404-00-005", f"Given {_WHAT[kind]} guid {guid} is invalid/not found")


def glossary_of(call: Call, *, name: str) -> Json:
    row = call.store.first(GLOSSARIES, f"n:{name}")
    if row is not None:
        return dict(row.value)
    if call.settings.fill:
        return find(call, GLOSSARIES, name)
    raise Problem(404, "ATLAS-404-00-009", f"The glossary named {name} is not found")


def save(call: Call, kind: str, value: Json, old: Json | None) -> Json:
    """Adds or replaces an item. A name is taken once in its glossary (for a category, below its parent)."""
    made = dict(value)
    glossary = None if kind == GLOSSARIES else _anchor(call, made, old)
    given = made.get("guid")
    kept = call.as_guid(given) if isinstance(given, str) and call.settings.fill else None
    guid = old["guid"] if old else kept or call.guid()
    made["guid"] = guid
    made["name"] = made.get("name") or (old or {}).get("name")
    if not made["name"]:
        if not call.settings.fill:
            raise Problem(400, "ATLAS-400-00-08F", f"A {_WHAT[kind]} needs its name")
        made["name"] = guid
    if kind == CATEGORIES:
        _below(call, made)
    _unique(call, kind, made, glossary)
    made["qualifiedName"] = _qualified(made, glossary, old)
    made |= {
        "createTime": (old or {}).get("createTime") or call.now_ms,
        "createdBy": (old or {}).get("createdBy") or CALLER,
    }
    made |= {
        "updateTime": call.now_ms,
        "updatedBy": CALLER,
        "lastModifiedTS": str(int((old or {}).get("lastModifiedTS") or 0) + 1),
    }
    if kind == TERMS:
        made.setdefault("status", "Draft")
    call.store.put(kind, guid, made, _tags(made, glossary))
    return made


def _anchor(call: Call, made: Json, old: Json | None) -> Json:
    """The glossary that holds an item."""
    anchor = made.get("anchor") or (old or {}).get("anchor") or {}
    guid = anchor.get("glossaryGuid")
    if not guid and not call.settings.fill:
        raise Problem(400, "ATLAS-400-00-091", "The item needs an anchor with its glossaryGuid")
    glossary = find(call, GLOSSARIES, str(guid))
    made["anchor"] = {
        **anchor,
        "glossaryGuid": glossary["guid"],
        "relationGuid": anchor.get("relationGuid") or call.guid(),
    }
    return glossary


def _below(call: Call, made: Json) -> None:
    """A parent that is named is there, and is not the category itself or below it."""
    parent = (made.get("parentCategory") or {}).get("categoryGuid")
    seen = {made["guid"]}
    while parent is not None and not call.settings.fill:
        above = find(call, CATEGORIES, parent)
        if parent in seen:
            raise Problem(
                400, "ATLAS-400-00-095", f"The category {parent} can not lie below itself"
            )
        seen.add(parent)
        parent = (above.get("parentCategory") or {}).get("categoryGuid")


def _place(made: Json) -> str:
    return str((made.get("parentCategory") or {}).get("categoryGuid", ""))


def _unique(call: Call, kind: str, made: Json, glossary: Json | None) -> None:
    tag = (
        f"n:{made['name']}"
        if glossary is None
        else f"n:{glossary['guid']}|{_place(made)}|{made['name']}"
    )
    row = call.store.first(kind, tag)
    if row is not None and row.key != made["guid"]:
        raise Problem(
            409, "ATLAS-409-00-009", f"A {_WHAT[kind]} named {made['name']} exists already"
        )


def _qualified(made: Json, glossary: Json | None, old: Json | None) -> str:
    if old is not None and old.get("qualifiedName"):
        return str(old["qualifiedName"])
    return (
        f"{made['name']}@{glossary['name']}"
        if glossary is not None
        else str(made.get("qualifiedName") or made["name"])
    )


def _tags(made: Json, glossary: Json | None) -> set[str]:
    out = {f"w:{w}" for n in ("name", "nickName", "longDescription") for w in words(made.get(n))}
    if glossary is None:
        return out | {f"n:{made['name']}"}
    out |= {f"g:{glossary['guid']}", f"n:{glossary['guid']}|{_place(made)}|{made['name']}"}
    out |= {f"cat:{c.get('categoryGuid')}" for c in made.get("categories") or []}
    return out | ({f"p:{_place(made)}"} if _place(made) else set())


def remove(call: Call, kind: str, value: Json) -> None:
    """A glossary goes with what it holds, a category leaves its children without a parent."""
    guid = value["guid"]
    if kind == GLOSSARIES:
        for inner in (TERMS, CATEGORIES):
            for row in call.store.page(inner, 1_000_000, tag=f"g:{guid}"):
                call.store.delete(inner, row.key)
    if kind == CATEGORIES:
        for row in call.store.page(CATEGORIES, 1_000_000, tag=f"p:{guid}"):
            child = {k: v for k, v in row.value.items() if k != "parentCategory"}
            glossary = find(call, GLOSSARIES, child["anchor"]["glossaryGuid"])
            call.store.put(CATEGORIES, row.key, child, _tags(child, glossary))
    if kind == TERMS:
        _unassign(call, guid)
    call.store.delete(kind, guid)


def _unassign(call: Call, guid: str) -> None:
    from . import assets

    for row in call.store.page(assets.KIND, 1_000_000, tag=f"term:{guid}"):
        kept = [m for m in row.value.get("meanings") or [] if m.get("termGuid") != guid]
        assets.save(call.store, {**row.value, "meanings": kept})


def term_header(value: Json) -> Json:
    return {"termGuid": value["guid"], "displayText": value["name"]}


def category_header(value: Json) -> Json:
    parent = (value.get("parentCategory") or {}).get("categoryGuid")
    return {"categoryGuid": value["guid"], "displayText": value["name"]} | (
        {"parentCategoryGuid": parent} if parent else {}
    )

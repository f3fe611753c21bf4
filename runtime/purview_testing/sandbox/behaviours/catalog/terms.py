"""Glossaries, categories and terms as they are stored."""

from __future__ import annotations

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Call
from purview_testing.sandbox.state.lists import words

from . import assets

GLOSSARIES = "/atlas/glossaries"
TERMS = "/atlas/terms"
CATEGORIES = "/atlas/categories"
_ALL = 1_000_000
_WHAT = {  # words for messages
    GLOSSARIES: "glossary",
    TERMS: "glossary term",
    CATEGORIES: "glossary category",
}


def find(call: Call, kind: str, guid: str) -> Json:
    """Returns an item by its guid; a sandbox that fills in invents a missing one."""
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
    """Returns the glossary with a name."""
    row = call.store.first(GLOSSARIES, f"n:{name}")
    if row is not None:
        return dict(row.value)
    if call.settings.fill:
        return find(call, GLOSSARIES, name)
    raise Problem(404, "ATLAS-404-00-009", f"The glossary named {name} is not found")


def save(call: Call, kind: str, value: Json, old: Json | None) -> Json:
    """Adds or replaces an item, and returns it as it is stored.

    A name is taken once in its glossary, that of a category once below its parent.

    Raises:
        Problem: The name is missing or taken, or the glossary or the parent does not exist.
    """
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
        _check_parent(call, made)
    _check_name(call, kind, made, glossary)
    made["qualifiedName"] = _qualified(made, glossary, old)
    before = old or {}
    made |= {
        "createTime": before.get("createTime") or call.now_ms,
        "createdBy": before.get("createdBy") or CALLER,
        "updateTime": call.now_ms,
        "updatedBy": CALLER,
        "lastModifiedTS": str(int(before.get("lastModifiedTS") or 0) + 1),
    }
    if kind == TERMS:
        made.setdefault("status", "Draft")
    call.store.put(kind, guid, made, _tags(made, glossary))
    return made


def _anchor(call: Call, made: Json, old: Json | None) -> Json:
    """Returns the glossary that holds an item, and notes it in the item."""
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


def _check_parent(call: Call, made: Json) -> None:
    """Raises an error for a parent that is missing, or is the category or below it."""
    parent = (made.get("parentCategory") or {}).get("categoryGuid")
    seen = {made["guid"]}
    while parent is not None and not call.settings.fill:
        above = find(call, CATEGORIES, parent)
        if parent in seen:
            text = f"The category {parent} cannot lie below itself"
            raise Problem(400, "ATLAS-400-00-095", text)
        seen.add(parent)
        parent = (above.get("parentCategory") or {}).get("categoryGuid")


def _place(made: Json) -> str:
    """The guid of the parent of a category; empty for all else."""
    return str((made.get("parentCategory") or {}).get("categoryGuid", ""))


def _check_name(call: Call, kind: str, made: Json, glossary: Json | None) -> None:
    """Raises an error where another item has the name."""
    row = call.store.first(kind, _name_tag(made, glossary))
    if row is not None and row.key != made["guid"]:
        text = f"A {_WHAT[kind]} named {made['name']} exists already"
        raise Problem(409, "ATLAS-409-00-009", text)


def _name_tag(made: Json, glossary: Json | None) -> str:
    """The tag by which an item is found by its name."""
    if glossary is None:
        return f"n:{made['name']}"
    return f"n:{glossary['guid']}|{_place(made)}|{made['name']}"


def _qualified(made: Json, glossary: Json | None, old: Json | None) -> str:
    """The qualified name: it stays when an item is renamed."""
    if old is not None and old.get("qualifiedName"):
        return str(old["qualifiedName"])
    if glossary is not None:
        return f"{made['name']}@{glossary['name']}"
    return str(made.get("qualifiedName") or made["name"])


def _tags(made: Json, glossary: Json | None) -> set[str]:
    """The tags that an item is found by."""
    out = {f"w:{w}" for n in ("name", "nickName", "longDescription") for w in words(made.get(n))}
    out.add(_name_tag(made, glossary))
    if glossary is None:
        return out
    out.add(f"g:{glossary['guid']}")
    out |= {f"cat:{c.get('categoryGuid')}" for c in made.get("categories") or []}
    return out | ({f"p:{_place(made)}"} if _place(made) else set())


def remove(call: Call, kind: str, value: Json) -> None:
    """Removes an item.

    A glossary goes with all that it holds, a category leaves its children without a parent, and a
    term is taken from the entities that it is assigned to.
    """
    guid = value["guid"]
    if kind == GLOSSARIES:
        for inner in (TERMS, CATEGORIES):
            for row in call.store.page(inner, _ALL, tag=f"g:{guid}"):
                call.store.delete(inner, row.key)
    if kind == CATEGORIES:
        for row in call.store.page(CATEGORIES, _ALL, tag=f"p:{guid}"):
            child = {k: v for k, v in row.value.items() if k != "parentCategory"}
            glossary = find(call, GLOSSARIES, child["anchor"]["glossaryGuid"])
            call.store.put(CATEGORIES, row.key, child, _tags(child, glossary))
    if kind == TERMS:
        _unassign(call, guid)
    call.store.delete(kind, guid)


def _unassign(call: Call, guid: str) -> None:
    """Takes a term from the entities that it is assigned to."""
    for row in call.store.page(assets.KIND, _ALL, tag=f"term:{guid}"):
        kept = [m for m in row.value.get("meanings") or [] if m.get("termGuid") != guid]
        assets.save(call.store, {**row.value, "meanings": kept})


def term_header(value: Json) -> Json:
    """Returns the short form of a term."""
    return {"termGuid": value["guid"], "displayText": value["name"]}


def category_header(value: Json) -> Json:
    """Returns the short form of a category."""
    parent = (value.get("parentCategory") or {}).get("categoryGuid")
    out = {"categoryGuid": value["guid"], "displayText": value["name"]}
    if parent:
        out["parentCategoryGuid"] = parent
    return out

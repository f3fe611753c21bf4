"""Glossaries, their categories and terms, alone and in bulk; terms that entities have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.sent_before import ReadPlace
from purview_testing.sandbox.state.store import Row

from . import assets, bulk_terms, types
from .terms import (
    CATEGORIES,
    GLOSSARIES,
    TERMS,
    category_header,
    find,
    glossary_of,
    remove,
    save,
    term_header,
)

PLANES = types.PLANES
_ALL = 1_000_000
_SHOWN = 100  # assigned entities that a term shows; there is a list of all of them


def window(call: Call, kind: str, tag: str | None = None) -> list[Row]:
    """Returns the items that limit and offset ask for; a limit of -1 asks for all."""
    limit = int(call.query.get("limit", -1))
    offset = int(call.query.get("offset", 0))
    rows = call.store.page(kind, _ALL if limit < 0 else limit, skip=max(0, offset), tag=tag)
    return rows[::-1] if call.query.get("sort") == "DESC" else rows


def _whole(call: Call, value: Json) -> Json:
    """A glossary with the headers of what it holds."""
    if call.query.get("ignoreTermsAndCategories") is True:
        return value
    tag = f"g:{value['guid']}"
    terms = [term_header(r.value) for r in call.store.page(TERMS, _ALL, tag=tag)]
    categories = [category_header(r.value) for r in call.store.page(CATEGORIES, _ALL, tag=tag)]
    return _with_lists(value, terms=terms, categories=categories)


def _with_lists(value: Json, **lists: list[Json]) -> Json:
    """A value with lists; the service leaves out those that are empty."""
    return value | {name: items for name, items in lists.items() if items}


def list_glossaries(call: Call) -> Reply:
    """Lists the glossaries."""
    return Reply([_whole(call, r.value) for r in window(call, GLOSSARIES)])


def _create(kind: str) -> Behaviour:
    """Returns a behaviour that makes a glossary, a category or a term."""
    return lambda call: Reply(_shown(call, kind, save(call, kind, call.body, None)))


def _create_many(kind: str) -> Behaviour:
    """Returns a behaviour that makes many categories or terms."""
    return lambda call: Reply(
        [_shown(call, kind, save(call, kind, value, None)) for value in call.body]
    )


def _shown(call: Call, kind: str, value: Json) -> Json:
    """A glossary, a category or a term with the headers of what belongs to it."""
    if kind == GLOSSARIES:
        return _whole(call, value)
    if kind == CATEGORIES:
        tag = f"p:{value['guid']}"
        children = [category_header(r.value) for r in call.store.page(CATEGORIES, _ALL, tag=tag)]
        rows = call.store.page(TERMS, _ALL, tag=f"cat:{value['guid']}")
        terms = [term_header(row.value) for row in rows]
        return _with_lists(value, childrenCategories=children, terms=terms)
    rows = call.store.page(assets.KIND, _SHOWN, tag=f"term:{value['guid']}")
    assigned = [_related(row.value, value["guid"]) for row in rows]
    return _with_lists(value, assignedEntities=assigned)


def _get(kind: str) -> Behaviour:
    """Returns a behaviour that reads a glossary, a category or a term."""
    return lambda call: Reply(_shown(call, kind, find(call, kind, call.arguments[0])))


# What stays of a thing that is replaced.
_KEPT = ("guid", "qualifiedName", "anchor", "createTime", "createdBy", "version")


def _update(kind: str, *, partly: bool) -> Behaviour:
    """Returns a behaviour that replaces a thing, or partly changes it."""

    def update(call: Call) -> Reply:
        old = find(call, kind, call.arguments[0])
        if partly:
            value = {**old, **_changes(call)}
        else:
            value = {**{name: old[name] for name in _KEPT if name in old}, **call.body}
        return Reply(_shown(call, kind, save(call, kind, {**value, "guid": old["guid"]}, old)))

    return update


def _changes(call: Call) -> Json:
    """The members of a partial update; one that the thing does not have is an error."""
    known = call.known_members(call.body)
    for name in call.body:
        if name not in known and not call.settings.fill:
            raise Problem(400, "ATLAS-400-00-01A", f"invalid parameters: no attribute {name}")
    return known


def _delete(kind: str) -> Behaviour:
    """Returns a behaviour that removes a glossary, a category or a term."""

    def delete(call: Call) -> Reply:
        remove(call, kind, find(call, kind, call.arguments[0]))
        return Reply()

    return delete


def _inside(kind: str, show: Callable[[Json], Json] | None = None) -> Behaviour:
    """Returns a behaviour that lists the terms or categories of a glossary.

    `show` makes each of them as it is shown; without it they are whole.
    """

    def inside(call: Call) -> Reply:
        glossary = find(call, GLOSSARIES, call.arguments[0])
        rows = window(call, kind, f"g:{glossary['guid']}")
        return Reply([show(r.value) if show else r.value for r in rows])

    return inside


def detailed(call: Call) -> Reply:
    """Reads a glossary with all that it holds, in full."""
    value = find(call, GLOSSARIES, call.arguments[0])
    tag = f"g:{value['guid']}"
    terms = {r.key: r.value for r in call.store.page(TERMS, _ALL, tag=tag)}
    categories = {r.key: r.value for r in call.store.page(CATEGORIES, _ALL, tag=tag)}
    return Reply({**_whole(call, value), "termInfo": terms, "categoryInfo": categories})


def related_terms(call: Call) -> Reply:
    """Reads the terms that a term is related to, by the kind of relation."""
    value = find(call, TERMS, call.arguments[0])
    return Reply({name: item for name, item in value.items() if _is_list_of_terms(item)})


def _is_list_of_terms(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and "termGuid" in value[0]
    )


def related_categories(call: Call) -> Reply:
    """Reads the parent and the children of a category."""
    value = find(call, CATEGORIES, call.arguments[0])
    rows = call.store.page(CATEGORIES, _ALL, tag=f"p:{value['guid']}")
    children = [category_header(row.value) for row in rows]
    parent = value.get("parentCategory")
    parents = [parent] if parent else []
    return Reply(_with_lists({}, childrenCategories=children, parentCategory=parents))


def category_terms(call: Call) -> Reply:
    """Lists the headers of the terms of a category."""
    value = find(call, CATEGORIES, call.arguments[0])
    return Reply([term_header(r.value) for r in window(call, TERMS, f"cat:{value['guid']}")])


def _related(entity: Json, term: str) -> Json:
    """An entity as the list of those with a term shows it."""
    meaning: Json = next((m for m in entity.get("meanings") or [] if m.get("termGuid") == term), {})
    head = assets.header(entity)
    out = {
        "guid": entity["guid"],
        "typeName": entity["typeName"],
        "displayText": head["displayText"],
    }
    out |= {"entityStatus": "ACTIVE", "relationshipType": "AtlasGlossarySemanticAssignment"}
    if "relationGuid" in meaning:
        out["relationshipGuid"] = meaning["relationGuid"]
    return out


def assigned(call: Call) -> Reply:
    """Lists the entities that a term is assigned to."""
    term = find(call, TERMS, call.arguments[0])
    rows = window(call, assets.KIND, f"term:{term['guid']}")
    return Reply([_related(row.value, term["guid"]) for row in rows])


def assign(call: Call) -> Reply:
    """Assigns a term to entities."""
    term = find(call, TERMS, call.arguments[0])
    for each in call.body:
        entity = assets.by_guid(call, str(each.get("guid")))
        kept = [m for m in entity.get("meanings") or [] if m.get("termGuid") != term["guid"]]
        facts = {
            "termGuid": term["guid"],
            "displayText": term["name"],
            "status": "VALIDATED",
            "relationGuid": call.guid(),
        }
        assets.touch(call, {**entity, "meanings": [*kept, {**facts, "createdBy": CALLER}]})
    return Reply()


def unassign(call: Call) -> Reply:
    """Takes a term from entities; one that does not have it is an error."""
    term = find(call, TERMS, call.arguments[0])
    for each in call.body:
        entity = assets.by_guid(call, str(each.get("guid")))
        kept = [m for m in entity.get("meanings") or [] if m.get("termGuid") != term["guid"]]
        if len(kept) == len(entity.get("meanings") or []) and not call.settings.fill:
            raise Problem(404, "ATLAS-404-00-00E", f"The term is not assigned to {entity['guid']}")
        assets.touch(call, {**entity, "meanings": kept})
    return Reply()


def terms_by_name(call: Call) -> Reply:
    """Lists the terms of a glossary by the glossary's name."""
    glossary = glossary_of(call, name=call.arguments[0])
    return Reply([r.value for r in window(call, TERMS, f"g:{glossary['guid']}")])


def terms_by_guid(call: Call) -> Reply:
    """Reads terms by their guids."""
    return Reply([find(call, TERMS, g) for g in call.query["guid"]])


def update_terms(call: Call) -> Reply:
    """Changes many terms."""
    found = [(find(call, TERMS, str(v.get("guid"))), v) for v in call.body]
    return Reply([save(call, TERMS, {**old, **value}, old) for old, value in found])


_G = "/atlas/v2/glossary"
_TERM = f"{_G}/term/{{}}"
_CATEGORY = f"{_G}/category/{{}}"
_ASSIGNED = f"{_G}/terms/{{}}/assignedEntities"
ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", _G): list_glossaries,
    ("POST", _G): _create(GLOSSARIES),
    ("GET", f"{_G}/{{}}"): _get(GLOSSARIES),
    ("PUT", f"{_G}/{{}}"): _update(GLOSSARIES, partly=False),
    ("PUT", f"{_G}/{{}}/partial"): _update(GLOSSARIES, partly=True),
    ("DELETE", f"{_G}/{{}}"): _delete(GLOSSARIES),
    ("GET", f"{_G}/{{}}/detailed"): detailed,
    ("GET", f"{_G}/{{}}/categories"): _inside(CATEGORIES),
    ("GET", f"{_G}/{{}}/categories/headers"): _inside(CATEGORIES, category_header),
    ("GET", f"{_G}/{{}}/terms"): _inside(TERMS),
    ("GET", f"{_G}/{{}}/terms/headers"): _inside(TERMS, term_header),
    ("POST", f"{_G}/categories"): _create_many(CATEGORIES),
    ("POST", f"{_G}/category"): _create(CATEGORIES),
    ("GET", _CATEGORY): _get(CATEGORIES),
    ("PUT", _CATEGORY): _update(CATEGORIES, partly=False),
    ("PUT", f"{_CATEGORY}/partial"): _update(CATEGORIES, partly=True),
    ("DELETE", _CATEGORY): _delete(CATEGORIES),
    ("GET", f"{_CATEGORY}/related"): related_categories,
    ("GET", f"{_CATEGORY}/terms"): category_terms,
    ("POST", f"{_G}/terms"): _create_many(TERMS),
    ("POST", f"{_G}/term"): _create(TERMS),
    ("GET", _TERM): _get(TERMS),
    ("PUT", _TERM): _update(TERMS, partly=False),
    ("PUT", f"{_TERM}/partial"): _update(TERMS, partly=True),
    ("DELETE", _TERM): _delete(TERMS),
    ("GET", f"{_G}/terms/{{}}/related"): related_terms,
    ("GET", _ASSIGNED): assigned,
    ("POST", _ASSIGNED): assign,
    ("PUT", _ASSIGNED): unassign,
    ("DELETE", _ASSIGNED): unassign,
    ("GET", "/glossary/name/{}/terms"): terms_by_name,
    ("GET", "/glossary/terms"): terms_by_guid,
    ("PUT", "/glossary/terms"): update_terms,
    **bulk_terms.ROUTES,
}


def read_at(operation: Any, body: Any) -> list[ReadPlace]:
    """Returns where terms were read that are written in bulk."""
    bulk = operation.method == "PUT" and operation.path.endswith("/glossary/terms")
    if not bulk or not isinstance(body, list):
        return []
    base = f"{operation.contract.prefix}{_G}/term"
    terms = [term for term in body if isinstance(term, dict)]
    guids = [quote(str(term.get("guid")), safe="~") for term in terms]
    return [ReadPlace(f"{base}/{guid}", in_body="/0") for guid in guids]

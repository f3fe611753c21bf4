"""Entities: one or many are made, changed, read, removed and moved between collections.

A request may refer to entities that it makes itself, by placeholder guids that begin with "-".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem
from purview_testing.contracts.schema_check import is_placeholder
from purview_testing.sandbox.call import CALLER, Behaviour, Call, Reply
from purview_testing.sandbox.state.sent_before import ReadPlace

from . import assets, marks, relationships, types

PLANES = types.PLANES
# What an update of an entity leaves alone, since it has operations of its own.
_MARKS = ("classifications", "labels", "businessAttributes", "meanings")


class Writer:
    """One write of one or many entities.

    Attributes:
        given: The entities of the request, with those that they refer to.
        assigned: The guid for each placeholder.
        written: The entities as they are written, by guid.
        created: The guids of those that are new.
    """

    def __init__(
        self, call: Call, given: list[Json], referred: dict[str, Json], collection: str | None
    ) -> None:
        self.call = call
        self.collection = collection
        given = _with_text_guids(given)
        referred = _with_text_guids(referred)
        there = {str(e.get("guid")) for e in given}
        self.given = [*given, *(v for v in referred.values() if str(v.get("guid")) not in there)]
        self.assigned: dict[str, str] = {}
        # By type and qualified name, the guids of what this request makes.
        self.placed: dict[str, str] = {}
        self.written: dict[str, Json] = {}
        self.created: set[str] = set()

    def write(self) -> Json:
        """Writes the entities, and returns what the change answers.

        First every entity gets its guid, so that they may refer to each other in any order; then
        they are written, and then related. What comes twice, by guid or by type and qualified name,
        is one entity: the second is laid over the first.
        """
        guids = [self._guid(value) for value in self.given]
        for value, guid in zip(self.given, guids, strict=True):
            self._one(value, guid)
        for value in self.written.values():
            self._relate(value)
        new = [value for guid, value in self.written.items() if guid in self.created]
        changed = [value for guid, value in self.written.items() if guid not in self.created]
        return assets.mutation({"CREATE": new, "UPDATE": changed}, self.assigned)

    def _guid(self, value: Json) -> str:
        """Returns the guid that an entity has or gets."""
        given = value.get("guid")
        name = value.get("typeName")
        attributes = value.get("attributes") or {}
        if not self.call.settings.fill:
            self._check(value)
        if isinstance(given, str) and not given.startswith("-"):
            old = self.call.store.get(assets.KIND, given)
            if old is None and not self.call.settings.fill:
                text = f"Given instance guid {given} is invalid/not found"
                raise Problem(404, "ATLAS-404-00-005", text)
            return given
        qualified = attributes.get("qualifiedName")
        unique = f"{name}|{qualified}"
        row = self.call.store.first(assets.KIND, f"qn:{unique}")
        guid = row.key if row else self.placed.get(unique) or self.call.guid()
        if qualified is not None:
            self.placed[unique] = guid
        if isinstance(given, str) and self.assigned.setdefault(given, guid) != guid:
            text = (
                f"invalid parameters: guid {given} stands for two entities, "
                f"the second is {name} {qualified!r}"
            )
            raise Problem(400, "ATLAS-400-00-01A", text)
        return guid

    def _check(self, value: Json) -> None:
        """Raises the error of the service for an entity that it would not take."""
        name = value.get("typeName")
        attributes = value.get("attributes") or {}
        if not name or not types.known(self.call.store, name, "ENTITY"):
            raise types.missing(f"name {name}")
        given = value.get("guid")
        new = not isinstance(given, str) or given.startswith("-")
        if new and not attributes.get("qualifiedName"):
            text = f"invalid parameters: {name}.qualifiedName: mandatory attribute value missing"
            raise Problem(400, "ATLAS-400-00-01A", text)
        marks.check(self.call, value)

    def _one(self, value: Json, guid: str) -> None:
        """Writes one entity, laid over what is there."""
        old: Json | None = self.call.store.get(assets.KIND, guid)
        if old is None:
            self.created.add(guid)
        made = {k: v for k, v in value.items() if guid in self.created or k not in _MARKS}
        for name in ("attributes", "relationshipAttributes"):
            if isinstance(made.get(name), dict):
                made[name] = {k: self._resolved(v) for k, v in made[name].items()}
        kept = old or {
            "createTime": self.call.now_ms,
            "createdBy": CALLER,
            "version": 0,
            "typeName": value.get("typeName", "DataSet"),
        }
        merged = {**kept, **made}
        for name in ("attributes", "relationshipAttributes"):
            both = {**(kept.get(name) or {}), **(made.get(name) or {})}
            if both:
                merged[name] = both
        merged |= {"guid": guid, "status": "ACTIVE"}
        collection = self.collection or merged.get("collectionId") or "sandbox"
        assets.touch(self.call, {**merged, "collectionId": collection})
        assets.flow(self.call, merged, _guid_of)
        self.written[guid] = merged

    def _relate(self, value: Json) -> None:
        """Makes the relationships that attributes stand for, so that the other ends show them."""
        given = value.get("relationshipAttributes") or {}
        if not given or self.call.settings.fill:
            return
        left = {n: v for n, v in given.items() if not relationships.relate(self.call, value, n, v)}
        kept = self.call.store.get(assets.KIND, value["guid"])
        assets.save(self.call.store, {**kept, "relationshipAttributes": left})

    def _resolved(self, value: Any) -> Any:
        """Returns a value with the guids of what it refers to.

        A reference is a placeholder of this request, or names unique attributes.
        """
        if isinstance(value, list):
            return [self._resolved(v) for v in value]
        if not isinstance(value, dict) or not ("guid" in value or "uniqueAttributes" in value):
            return value
        guid = value.get("guid")
        if isinstance(guid, str) and guid.startswith("-"):
            if guid not in self.assigned:
                raise Problem(404, "ATLAS-404-00-00A", f"Referenced entity {guid} is not found")
            return {**value, "guid": self.assigned[guid]}
        if guid is None and isinstance(value.get("uniqueAttributes"), dict):
            qualified = value["uniqueAttributes"].get("qualifiedName")
            return {**value, "guid": self._named(str(value.get("typeName")), qualified)}
        return value

    def _named(self, name: str, qualified: Any) -> str:
        """Returns the guid of an entity by its name, also of one that this request makes."""
        placed = self.placed.get(f"{name}|{qualified}")
        return placed or str(assets.by_name(self.call, name, qualified)["guid"])


def _with_text_guids(value: Any) -> Any:
    """Returns a value whose placeholder guids are texts: "-1" for -1."""
    if isinstance(value, list):
        return [_with_text_guids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        n: str(v) if n == "guid" and is_placeholder(v) else _with_text_guids(v)
        for n, v in value.items()
    }


def _guid_of(reference: Any) -> str | None:
    """The guid in a reference."""
    guid = reference.get("guid") if isinstance(reference, dict) else None
    return guid if isinstance(guid, str) else None


def _collection(call: Call) -> str | None:
    """The collection that a call names; raises an error for one that does not exist."""
    found = call.query.get("collectionId") or call.path_arguments.get("collection")
    if found is None or call.settings.fill:
        return found
    if call.store.get("/account/collections", found) is None:
        text = f"The collection {found!r} does not exist; make it first"
        raise Problem(404, "CollectionNotFound", text)
    return found


def create(call: Call) -> Reply:
    """Makes or changes an entity."""
    entity = call.body.get("entity")
    if not isinstance(entity, dict):
        raise Problem(400, "ATLAS-400-00-03D", "no entity to create/update.")
    referred = call.body.get("referredEntities") or {}
    return Reply(Writer(call, [entity], referred, _collection(call)).write())


def create_many(call: Call) -> Reply:
    """Makes or changes many entities."""
    entities = call.body.get("entities") or []
    referred = call.body.get("referredEntities") or {}
    return Reply(Writer(call, entities, referred, _collection(call)).write())


def read_at(operation: Any, body: Any) -> list[ReadPlace]:
    """Returns where the entities and relationships of a body were read."""
    path = operation.path
    prefix = operation.contract.prefix
    if operation.method not in ("POST", "PUT") or not isinstance(body, dict):
        return []
    if path.endswith("/entity") and isinstance(body.get("entity"), dict):
        return [ReadPlace(f"{prefix}/atlas/v2/entity/guid/{_quoted(body['entity'])}")]
    if path.endswith("/entity/bulk") and isinstance(body.get("entities"), list):
        guids = [_quoted(v) for v in body["entities"] if isinstance(v, dict)]
        base = f"{prefix}/atlas/v2/entity/guid"
        return [ReadPlace(f"{base}/{guid}", "/entity", "/entities/0") for guid in guids]
    if path.endswith("/relationship") and "guid" in body:
        guid = _quoted(body)
        return [ReadPlace(f"{prefix}/atlas/v2/relationship/guid/{guid}", "/relationship")]
    return []


def _quoted(value: Json) -> str:
    return quote(str(value.get("guid")), safe="~")


def _shown(call: Call, value: Json) -> Json:
    """An entity with its relationships, unless the query asks for none."""
    if call.query.get("ignoreRelationships") is True:
        return {k: v for k, v in value.items() if k != "relationshipAttributes"}
    related = {**(value.get("relationshipAttributes") or {}), **relationships.shown(call, value)}
    return {**value, "relationshipAttributes": related} if related else value


def get(call: Call) -> Reply:
    """Reads an entity."""
    return Reply({"referredEntities": {}, "entity": _shown(call, assets.of_call(call))})


def get_many(call: Call) -> Reply:
    """Reads entities by their guids."""
    found = [assets.by_guid(call, g) for g in call.query["guid"]]
    return Reply({"referredEntities": {}, "entities": [_shown(call, v) for v in found]})


def get_named(call: Call) -> Reply:
    """Reads entities of a type by their qualified names; unknown ones are left out."""
    names: Iterable[str] = call.query.get("attr_N:qualifiedName") or []
    rows = [call.store.first(assets.KIND, f"qn:{call.arguments[0]}|{n}") for n in names]
    found = [_shown(call, row.value) for row in rows if row is not None]
    return Reply({"referredEntities": {}, "entities": found})


def get_header(call: Call) -> Reply:
    """Reads the short form of an entity."""
    return Reply(assets.header(assets.of_call(call)))


def set_attribute(call: Call) -> Reply:
    """Changes one attribute of an entity."""
    value = assets.by_guid(call, call.arguments[0])
    value["attributes"] = {**(value.get("attributes") or {}), call.query["name"]: call.body}
    assets.touch(call, value)
    return Reply(assets.mutation({"UPDATE": [value]}))


def update_named(call: Call) -> Reply:
    """Changes an entity by its type and qualified name."""
    value = assets.of_call(call)
    given = call.body.get("entity") or {}
    entity = {
        **given,
        "guid": value["guid"],
        "typeName": value["typeName"],
        "attributes": {**(given.get("attributes") or {})},
    }
    return Reply(Writer(call, [entity], call.body.get("referredEntities") or {}, None).write())


def _remove(call: Call, found: list[Json]) -> None:
    """Removes entities, except those that come back: the parents of what stays."""
    gone = {value["guid"] for value in found}
    for value in found:
        children = relationships.children(call, value["guid"])
        stays = call.settings.limits.parents_return and any(c not in gone for c in children)
        if not stays:
            assets.remove(call, value)


def delete(call: Call) -> Reply:
    """Removes an entity."""
    value = assets.of_call(call)
    _remove(call, [value])
    return Reply(assets.mutation({"DELETE": [value]}))


def delete_many(call: Call) -> Reply:
    """Removes entities by their guids."""
    found = [assets.by_guid(call, g) for g in call.query["guid"]]
    _remove(call, found)
    return Reply(assets.mutation({"DELETE": found}))


def move(call: Call) -> Reply:
    """Moves entities to another collection."""
    collection = _collection(call)
    found = [assets.by_guid(call, g) for g in call.body.get("entityGuids") or []]
    for value in found:
        assets.touch(call, {**value, "collectionId": collection})
    return Reply(assets.mutation({"UPDATE": found}))


_GUID = "/atlas/v2/entity/guid/{}"
_NAMED = "/atlas/v2/entity/uniqueAttribute/type/{}"
ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", "/atlas/v2/entity"): create,
    ("POST", "/collections/{}/entity"): create,
    ("POST", "/atlas/v2/entity/bulk"): create_many,
    ("POST", "/collections/{}/entity/bulk"): create_many,
    ("POST", "/collections/{}/entity/moveHere"): move,
    ("POST", "/entity/moveTo"): move,
    ("GET", "/atlas/v2/entity/bulk"): get_many,
    ("DELETE", "/atlas/v2/entity/bulk"): delete_many,
    ("GET", "/atlas/v2/entity/bulk/uniqueAttribute/type/{}"): get_named,
    ("GET", _GUID): get,
    ("GET", _NAMED): get,
    ("GET", f"{_GUID}/header"): get_header,
    ("PUT", _GUID): set_attribute,
    ("PUT", _NAMED): update_named,
    ("DELETE", _GUID): delete,
    ("DELETE", _NAMED): delete,
    **marks.ROUTES,
}

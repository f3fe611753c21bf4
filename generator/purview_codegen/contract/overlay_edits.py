"""What a change of an overlay does to the object it is at.

| edit       | given                      | does                                                   |
|------------|----------------------------|--------------------------------------------------------|
| `set`      | member -> value            | lays them over the object                              |
| `add`      | member -> value            | puts them behind the object's; one that is there       |
|            |                            | already is an error                                    |
| `append`   | member -> items            | puts them behind the list that the member holds        |
| `remove`   | members                    | takes them out                                         |
| `nullable` | true                       | lets the schema admit null, too                        |
| `members`  | member -> schema           | gives the schema more members; one that it or a base   |
|            |                            | of it has already is an error                          |
| `values`   | values                     | gives the enum more values; one that it has already is |
|            |                            | an error                                               |
| `kinds`    | a name that holds `{kind}` | maps each value of the discriminator to the subtype of |
|            |                            | this name, where there is one                          |
| `always`   | members                    | every answer holds these members, not null, and no     |
|            |                            | request needs them                                     |
| `optional` | members                    | takes them out of what is required                     |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from purview_codegen.pointer import Json, find

from .discriminators import name_of
from .schemas import REF

Edit = Callable[[Json, Json, Any], None]  # document, object, what the overlay gives


class EditError(Exception):
    """An edit that does not fit the object; the text says why."""


def _set(_document: Json, target: Json, given: Json) -> None:
    target.update(given)


def _add(_document: Json, target: Json, given: Json) -> None:
    for key, value in given.items():
        if key in target:
            raise EditError(f"it has {key} already")
        target[key] = value


def _append(_document: Json, target: Json, given: Json) -> None:
    for key, items in given.items():
        target[key] = [
            *target.get(key, []),
            *(item for item in items if item not in target.get(key, [])),
        ]


def _remove(_document: Json, target: Json, given: list[str]) -> None:
    for key in given:
        target.pop(key, None)


def _nullable(_document: Json, target: Json, given: bool) -> None:
    if given and isinstance(target.get("type"), str):
        target["type"] = [target["type"], "null"]
    elif given and "$ref" in target:
        reference = target.pop("$ref")
        target["anyOf"] = [{"$ref": reference}, {"type": "null"}]


def _members(document: Json, target: Json, given: Json) -> None:
    known = {
        name for schema in _with_bases(document, target) for name in schema.get("properties", {})
    }
    if there := sorted(known & set(given)):
        raise EditError(f"the schema has the member {there[0]} already")
    _own(target).setdefault("properties", {}).update(given)


def _values(_document: Json, target: Json, given: list[Any]) -> None:
    if there := [value for value in given if value in target.get("enum", [])]:
        raise EditError(f"the enum has the value {there[0]!r} already")
    target["enum"] = [*target.get("enum", []), *given]


def _kinds(document: Json, target: Json, given: str) -> None:
    schemas: Json = document["components"]["schemas"]
    tag = target["discriminator"]["propertyName"]
    mapping: Json = target["discriminator"]["mapping"]
    for value in _values_of(document, target, tag):
        name = given.format(kind=value)
        if any(schema is target for schema in _with_bases(document, schemas.get(name, {}))):
            mapping[value] = REF + name
            schemas[name]["x-discriminator-value"] = value
    named = {name_of(reference) for reference in mapping.values()}
    left = {
        schema["x-discriminator-value"]
        for name, schema in schemas.items()
        if "x-discriminator-value" in schema and name not in named
    }
    ambiguous = [v for v in target.pop("x-ambiguous-discriminator-values", []) if v in left]
    if ambiguous:
        target["x-ambiguous-discriminator-values"] = ambiguous


def _always(document: Json, target: Json, given: list[str]) -> None:
    """What the service alone writes stays required, which is asked of answers alone; all else is
    marked, and no more required.
    """
    own = _own(target)
    members = own.get("properties", {})
    for name in given:
        if name not in members:
            raise EditError(f"the schema has no member {name} of its own")
        if members[name].get("readOnly"):
            own["required"] = sorted({*own.get("required", []), name})
        else:
            members[name]["x-answered"] = True
    _optional(
        document,
        target,
        [n for n in given if n in own.get("required", []) and "x-answered" in members[n]],
    )


def _optional(_document: Json, target: Json, given: list[str]) -> None:
    own = _own(target)
    if odd := sorted(set(given) - set(own.get("required", []))):
        raise EditError(f"the schema does not require {odd[0]}")
    required = [name for name in own.pop("required", []) if name not in given]
    if required:
        own["required"] = required


EDITS: Mapping[str, Edit] = {
    "set": _set,
    "add": _add,
    "append": _append,
    "remove": _remove,
    "nullable": _nullable,
    "members": _members,
    "values": _values,
    "kinds": _kinds,
    "always": _always,
    "optional": _optional,
}


def _own(schema: Json) -> Json:
    """The part of a schema that holds its own members: the schema itself, or the last part of
    its allOf.
    """
    parts = [part for part in schema.get("allOf", []) if "$ref" not in part]
    return parts[-1] if parts else schema


def _with_bases(document: Json, schema: Json) -> Iterator[Json]:
    """A schema, the parts of its allOf, and those of its bases."""
    yield schema
    for part in schema.get("allOf", []):
        yield from _with_bases(
            document, find(document, part["$ref"][1:]) if "$ref" in part else part
        )


def _values_of(document: Json, target: Json, member: str) -> list[Any]:
    """The values that the enum of a member knows."""
    for schema in _with_bases(document, target):
        if member in schema.get("properties", {}):
            place = schema["properties"][member]
            found: Json = find(document, place["$ref"][1:]) if "$ref" in place else place
            return list(found.get("enum", []))
    raise EditError(f"the schema has no member {member}")

"""Two schemas at one place: what their types, null, limits and marks say differently, with a
level for each direction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from purview_codegen.pointer import Json, join

from .pairing import ground, name_in
from .schema_types import DEEP, NULL, TYPED_FORMATS, levels, schema_type

_LOWER = {"minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties", "multipleOf"}
_UPPER = {"maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"}
_LIMITS = (*sorted(_LOWER | _UPPER), "pattern", "uniqueItems")
_MARKS = ("default", "writeOnly", "x-secret", "x-answered", "x-live-name", "x-only-value")


@attrs.frozen
class Fact:
    """One difference; `request` and `response` are its level where the place is sent or
    received.
    """

    kind: str
    request: str
    response: str
    old: str = ""
    new: str = ""


def describe(value: Any) -> str:
    """Any JSON value as a short text; "" for nothing."""
    return (
        ""
        if value is None
        else value
        if isinstance(value, str)
        else json.dumps(value, sort_keys=True)
    )


def null_in(schema: Json) -> bool:
    """Whether a schema admits null."""
    return "null" in schema.get("type", ()) or NULL in schema.get("anyOf", ())


def compare(
    old: Json, new: Json, a: Json, b: Json, names: Mapping[str, str], depth: int = 0
) -> list[Fact]:
    """All differences between schema `a` of contract `old` and `b` of `new`; `names`: old
    component -> new one.
    """
    was, now = schema_type(old, a, names), schema_type(new, b, {})
    out = list(_null(a, b)) + list(_read_only(a, b))
    if was != now:
        bare = schema_type(old, a, names, enums=False), schema_type(new, b, {}, enums=False)
        # an enum on one side and its plain text on the other stand in for each other, for enums are
        # open
        same_text = bare[0] == bare[1] and bare[0] in (was, now)
        found = ("minor", "minor") if same_text else levels(was, now)
        out.append(Fact("type", *found, str(was), str(now)))
    a, b = _target(old, a), _target(new, b)
    out += _limits(a, b)
    if was == now and depth < DEEP:
        for p, q in zip(_inner(a), _inner(b), strict=False):
            out += compare(old, new, p, q, names, depth + 1)
    return out


def _inner(schema: Json) -> list[Json]:
    """What a list, a map or a choice holds; of two that are of one type these are counterparts."""
    held = [
        schema[key]
        for key in ("items", "additionalProperties")
        if isinstance(schema.get(key), dict)
    ]
    return held + [option for option in schema.get("anyOf", ()) if option != NULL]


def _target(contract: Json, schema: Json) -> Json:
    """The schema with what a scalar component behind its reference says, or the only thing that
    it may be beside null.
    """
    options = [option for option in schema.get("anyOf", ()) if option != NULL]
    if len(options) == 1:
        schema = {**options[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
    if "$ref" not in schema:
        return schema
    target: Json = contract["components"]["schemas"][name_in(schema["$ref"])]
    return {**target, **schema} if ground(target) and "enum" not in target else schema


def _null(a: Json, b: Json) -> Iterator[Fact]:
    if null_in(a) != null_in(b):
        yield (
            Fact("nullable", "minor", "major")
            if null_in(b)
            else Fact("not-nullable", "major", "minor")
        )


def _read_only(a: Json, b: Json) -> Iterator[Fact]:
    if bool(a.get("readOnly")) != bool(b.get("readOnly")):
        yield (
            Fact("read-only", "major", "patch")
            if b.get("readOnly")
            else Fact("writable", "minor", "patch")
        )


def _limits(a: Json, b: Json) -> Iterator[Fact]:
    for key in _LIMITS:
        old, new = a.get(key), b.get(key)
        if old != new:
            tighter = new is not None and (
                old is None
                or (new > old if key in _LOWER else new < old if key in _UPPER else True)
            )
            texts = [f"{key} {describe(v)}" if v is not None else "" for v in (old, new)]
            yield Fact(
                "limit", "major" if tighter else "minor", "patch" if tighter else "minor", *texts
            )
    formats = [s.get("format", "") for s in (a, b)]
    if formats[0] != formats[1] and not TYPED_FORMATS & set(formats):
        # int32 and int64 are hints alone
        tighter = "string" in (b.get("type") or ()) and bool(formats[1])
        yield Fact("format", "major" if tighter else "patch", "patch", *formats)
    for key in _MARKS:
        if a.get(key) != b.get(key):
            level = "minor" if key == "default" else "patch"
            yield Fact(
                key.removeprefix("x-"), level, "patch", describe(a.get(key)), describe(b.get(key))
            )


def own_members(contract: Json, name: str) -> Json:
    """The members that a component states itself."""
    schema = contract["components"]["schemas"][name]
    inline = [part.get("properties", {}) for part in schema.get("allOf", ()) if "$ref" not in part]
    return {n: s for found in [*inline, schema.get("properties", {})] for n, s in found.items()}


def member_pointer(contract: Json, name: str, member: str) -> str:
    """Where a component states a member; an inherited one is told as if it were its own."""
    parts = contract["components"]["schemas"][name].get("allOf", ())
    found = [
        ("allOf", str(i)) for i, part in enumerate(parts) if member in part.get("properties", {})
    ]
    return join("components", "schemas", name, *(found[-1] if found else ()), "properties", member)


def demanded(contract: Json, name: str) -> set[str]:
    """The members, inherited ones included, that a component requires by a word of its own."""
    schema = contract["components"]["schemas"][name]
    return {r for s in (schema, *schema.get("allOf", ())) for r in s.get("required", ())}


def bases(contract: Json, name: str) -> list[str]:
    """The components that one derives from."""
    return [
        name_in(p["$ref"])
        for p in contract["components"]["schemas"][name].get("allOf", ())
        if "$ref" in p
    ]


def members(contract: Json, name: str) -> dict[str, tuple[Json, bool]]:
    """Every member of a component, inherited ones included, and whether it is required."""
    found, required = _chain(contract, name)
    return {n: (s, n in required) for n, s in found.items()}


def _chain(contract: Json, name: str) -> tuple[Json, set[str]]:
    found: Json = {}
    required = demanded(contract, name)
    for base in bases(contract, name):
        more, of_base = _chain(contract, base)
        found |= more
        required |= of_base
    return found | own_members(contract, name), required


def canonical(contract: Json, names: Mapping[str, str], value: Any, depth: int = 0) -> Any:
    """A value whose references are spelt as `names` says, where lists have no order, no mark says
    no, and the api-version is the contract's own.
    """
    if isinstance(value, dict):
        if "$ref" in value and depth < DEEP:
            name = name_in(value["$ref"])
            target = contract["components"]["schemas"].get(name, {})
            inline = (
                target
                if ground(target) and "enum" not in target
                else {"$ref": names.get(name, name)}
            )
            value = {**inline, **{k: v for k, v in value.items() if k != "$ref"}}
        if value.get("enum") == [contract["info"]["version"]]:
            value = {**value, "enum": ["api-version"]}
        skip = (
            {"operationId", "tags", "summary"}
            if "operationId" in value
            else {"x-name", "x-discriminator-value"}
        )
        return {
            k: canonical(contract, names, v, depth + 1)
            for k, v in value.items()
            if k not in skip and v is not False
        }
    if isinstance(value, list):
        return sorted((canonical(contract, names, item, depth + 1) for item in value), key=repr)
    if isinstance(value, str) and value.startswith("#/components/schemas/"):
        return names.get(name_in(value), name_in(value))
    return value

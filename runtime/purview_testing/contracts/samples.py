"""Values that a schema admits, and what the live service sends beyond its documents."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .facts import ContractSchemas, Shape
from .schema_check import Checker

_DEEPEST = 5  # levels of optional members
_NULLS = 3  # absent optional members of an object that are sent as null
_WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "islet",
    "juniper",
)


class Examples:
    """Makes values of the schemas of one contract, the same for the same seed.

    Those for a request leave out what is read-only.
    """

    def __init__(self, schemas: ContractSchemas, seed: str, *, request: bool = False) -> None:
        self._request = request
        self._schemas = schemas
        self._random = random.Random(seed)  # noqa: S311 - examples, not secrets

    def of(self, schema: Any, *, full: bool = True) -> Any:
        """A value of a schema, with its optional members where `full`."""
        return self._value(self._schemas.shape(schema), (), full=full)

    def _value(self, shape: Shape, inside: tuple[str, ...], *, full: bool) -> Any:
        if shape.discriminator is not None and shape.mapping:
            kind = self._random.choice(list(shape.mapping))
            found = self._value(self._schemas.named(shape.mapping[kind]), inside, full=full)
            return {**found, shape.discriminator: kind}
        if shape.enum:
            return self._random.choice(shape.enum)
        kind = next((t for t in shape.types if t != "null"), "any")
        if kind == "object":
            return self._object(shape, inside, full=full)
        if kind == "array":
            recursive = self._schemas.shape(shape.items).name in inside
            deep = len(inside) > _DEEPEST or recursive
            return (
                []
                if deep and not shape.facts.get("minItems")
                else [self._inner(shape.items, inside, full=full)]
            )
        if kind == "string":
            return self._text(shape.facts)
        number = self._random.randint(1, 99)
        return {"integer": number, "number": number + 0.5, "boolean": number % 2 == 0}.get(
            kind, "sample"
        )

    def _inner(self, schema: Any, inside: tuple[str, ...], *, full: bool) -> Any:
        return self._value(self._schemas.shape(schema), inside, full=full)

    def _object(self, shape: Shape, inside: tuple[str, ...], *, full: bool) -> Any:
        within = (*inside, shape.name or "")
        out: dict[str, Any] = {}
        for name, schema in shape.properties.items():
            member = self._schemas.shape(schema)
            if self._request and (member.read_only or schema.get("readOnly")):
                continue
            wanted = full and len(within) <= _DEEPEST and member.name not in within
            if name in shape.required or wanted:
                out[name] = self._value(member, within, full=full)
        if isinstance(shape.additional, dict) and len(within) <= _DEEPEST:
            out[self._word()] = self._inner(shape.additional, within, full=full)
        return out

    def _text(self, facts: Mapping[str, Any]) -> str:
        form = facts.get("format")
        if form == "date-time":
            month, day = self._random.randint(1, 12), self._random.randint(1, 28)
            return f"2024-{month:02}-{day:02}T08:09:10.123456Z"
        if form == "duration":
            return f"P{self._random.randint(1, 90)}D"
        if form in ("uri", "url"):
            return f"https://{self._word()}.example.com/"
        if form == "uuid" or (form != "byte" and _asks_for_uuid(facts)):
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        if form == "byte":
            return "c2FtcGxl"
        word = self._word()
        return word.ljust(facts.get("minLength", 0), "x")[: facts.get("maxLength", 1_000)]

    def _word(self) -> str:
        return f"{self._random.choice(_WORDS)}{self._random.randint(1, 999)}"


def _asks_for_uuid(facts: Mapping[str, Any]) -> bool:
    pattern = facts.get("pattern")
    return (
        pattern is not None
        and re.search(pattern, "amber1") is None
        and re.search(pattern, str(uuid.UUID(int=0))) is not None
    )


def stamp(seconds: float, *, exact: bool) -> str:
    """A time in UTC as text.

    The live service sends seven digits of a second; `exact` gives six, which all readers take.
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}{'' if exact else '7'}Z"


def live(schemas: ContractSchemas, schema: Any, value: Any) -> Any:
    """An answer as the live service would give it.

    It has null for some absent members, and members that no document knows. What it adds depends
    on the value alone, so the same resource always looks the same.
    """
    return _live(schemas, schemas.shape(schema), value)


def _live(schemas: ContractSchemas, shape: Shape, value: Any) -> Any:
    if isinstance(value, list):
        return [live(schemas, shape.items, item) for item in value] if shape.items else value
    if not isinstance(value, dict) or shape.free or not shape.types:
        return value
    shape = (schemas.subtype(shape, value) if shape.discriminator else None) or shape
    inner = shape.additional if isinstance(shape.additional, dict) else None
    out = {
        name: live(schemas, member, item)
        if (member := shape.properties.get(name, inner)) is not None
        else item
        for name, item in value.items()
    }
    absent = [n for n in shape.properties if out.get(n) is None and n not in shape.required]
    return out | dict.fromkeys(absent[:_NULLS]) | _beyond(out, shape)


def _beyond(value: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Members that live answers were seen with and no contract has."""
    out: dict[str, Any] = {}
    if "guid" in value and "typeName" in value and "attributes" in value:
        attributes = value["attributes"] if isinstance(value["attributes"], dict) else {}
        out = {
            "isIndexed": True,
            "source": "Portal",
            "domainId": "sandbox",
            "displayText": attributes.get("name"),
        }
    elif "collection" in shape.properties and "createdAt" in shape.properties:
        out = {"parentCollection": None, "isMauiScan": None}
    elif "ingestionJobId" in shape.properties:
        out = {"webScanResults": None, "assetsDiscovered": 0}
    return {
        name: item
        for name, item in out.items()
        if name not in value and name not in shape.properties
    }


def exactly(schemas: ContractSchemas, schema: Any, value: Any) -> Any:
    """An answer without what its schema does not have.

    Planes and versions share resources, and one may know more of them than another.
    """
    checker = Checker(schemas, request=False)
    return (
        value
        if next(checker.check(schema, value), None) is None
        else _trimmed(checker, schema, value)
    )


def _trimmed(checker: Checker, schema: Any, value: Any) -> Any:
    """A value without unknown members, and without optional ones that break their schema."""
    schemas = checker.schemas
    shape = schemas.shape(schema)
    if isinstance(value, list) and shape.items:
        return [_trimmed(checker, shape.items, item) for item in value]
    if not isinstance(value, dict) or shape.free or not shape.types:
        return value
    shape = (schemas.subtype(shape, value) if shape.discriminator else None) or shape
    out: dict[str, Any] = {}
    for name, item in value.items():
        member: Any = shape.properties.get(name, shape.additional)
        if member is None:
            continue
        kept = item if member is True else _trimmed(checker, member, item)
        if (
            name in shape.required
            or member is True
            or next(checker.check(member, kept), None) is None
        ):
            out[name] = kept
    return out


def resolve(value: Any, pointer: str) -> tuple[bool, Any]:
    """Whether a JSON pointer leads anywhere in a value, and to what."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return False, None
    return True, value


__all__ = ["Examples", "exactly", "live", "resolve", "stamp"]

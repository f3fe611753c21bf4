"""What an overlay says otherwise than the upstream document: where a judge speaks of it, it is
listed by name, not held against us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import attrs

from purview_codegen.contract.overlay import Overlay
from purview_codegen.identifiers import pascal
from purview_codegen.pointer import find, matches

from .live import Json
from .upstream import Note

_OPERATION = re.compile(r"/paths/[^/]+/[a-z]+")
_BODY = re.compile(r"(/paths/[^/]+/[a-z]+)/requestBody/.*")
_MEMBER = re.compile(r"/components/schemas/([^/]+)/properties/([^/]+)")
_MEMBERS = re.compile(r"/components/schemas/([^/]+)(?:/allOf/[0-9]+)?/properties")
_SCHEMA = re.compile(r"/components/schemas/([^/]+)")
ANOTHER_SCHEMA = "of another schema"
NOT_DECLARED = "OBJECT_ADDITIONAL_PROPERTIES"
NOT_THERE = "OBJECT_MISSING_REQUIRED_PROPERTY"
NO_SUCH_KIND = "DISCRIMINATOR_VALUE_NOT_FOUND"
READ_ONLY_SENT = "READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST"


@attrs.frozen
class Departure:
    """What an overlay says otherwise: `where` is the operationId (or schema) that it is about, ""
    for the whole document.

    `kind` is prefix, query, body, member (that may be sent), added (a member), left (a member that
    may be left out), type (a member that may have another) or subtype (the value of a discriminator
    that the document does not know).
    """

    kind: str
    where: str
    name: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.where, self.kind, self.name)))

    def covers_note(self, operation_id: str, note: Note) -> bool:
        return (self.kind, self.where) == ("query", operation_id) and note == Note(
            "stray query", self.name
        )

    def covers_error(self, operation_id: str, error: Mapping[str, object]) -> bool:
        """Whether an error of oav's, about a request or an answer, is what this departure brings
        about.
        """
        if self.kind == "body" and self.name == ANOTHER_SCHEMA:
            return self.where == operation_id
        if self.kind == "subtype":
            return error["code"] == NO_SUCH_KIND and self.name in str(error["message"])
        if self.kind == "body":
            return (
                self.where == operation_id
                and error["code"] == "INVALID_TYPE"
                and error["paths"] in ([""], ["/"])
            )
        source = str(error.get("source", "")).removeprefix("#/definitions/").split("/")
        if self.kind == "added":
            ends = [str(path).rpartition("/")[2] for path in cast(Iterable[object], error["paths"])]
            return (
                error["code"] == NOT_DECLARED
                and pascal(source[0]) == self.where
                and set(ends) == {self.name}
            )
        if self.kind == "type":
            ends = [str(path).rpartition("/")[2] for path in cast(Iterable[object], error["paths"])]
            return error["code"] == "INVALID_TYPE" and set(ends) == {self.name}
        if self.kind == "left":
            there = pascal(source[0]) == self.where and str(error["message"]).endswith(self.name)
            return error["code"] == NOT_THERE and there
        return self.kind == "member" and error["code"] == READ_ONLY_SENT and self._is(source)

    def covers_reason(self, record: Json, reason: str) -> bool:
        """Whether a reason of prism's to refuse a request is what this departure brings about.

        prism names no schema.
        """
        if self.kind == "left":
            return reason.endswith(f"must have required property '{self.name}'")
        if self.kind == "subtype":
            body = record["liveRequest"].get("body")
            return (
                "must be equal to one of the allowed values" in reason
                and isinstance(body, dict)
                and self.name in body.values()
            )
        return (self.kind, self.name, self.where) == ("body", ANOTHER_SCHEMA, record["op"])

    def _is(self, source: list[str]) -> bool:
        return [pascal(source[0]), *source[1:]] == [self.where, "properties", self.name]


def declared(overlay: Overlay, contract: Json) -> tuple[Departure, ...]:
    """The departures of one contract that show in requests and answers; secrets, polling and
    summaries do not.
    """
    version = contract["info"]["version"]
    places = (
        (place, change.edits)
        for change in overlay.changes
        if version in change.versions
        for at in change.at
        for place in ([pointer for pointer, _ in matches(contract, at)] if "*" in at else [at])
    )
    found = [d for place, edits in places for d in _of(place, edits, contract)]
    schemas = contract["components"]["schemas"]
    return tuple(dict.fromkeys(one for d in found for one in (d, *_inherited(d, schemas))))


def _inherited(departure: Departure, schemas: Json) -> Iterator[Departure]:
    """The same of every schema that has the member from there.

    Judges name the schema that they began with.
    """
    if departure.kind in ("added", "left", "member"):
        for name in schemas:
            if name != departure.where and departure.where in _bases(name, schemas):
                yield attrs.evolve(departure, where=name)


def _bases(name: str, schemas: Json) -> Iterator[str]:
    for part in schemas.get(name, {}).get("allOf", ()):
        if base := str(part.get("$ref", "")).rpartition("/")[2]:
            yield base
            yield from _bases(base, schemas)


def _of(at: str, edits: Mapping[str, Json], contract: Json) -> Iterator[Departure]:
    if at == "/servers/0" and "url" in edits.get("set", {}):
        yield Departure("prefix", "", edits["set"]["url"].removeprefix("{endpoint}"))
    elif _OPERATION.fullmatch(at):
        for parameter in edits.get("append", {}).get("parameters", []):
            yield Departure(parameter["in"], find(contract, at)["operationId"], parameter["name"])
    elif body := _BODY.fullmatch(at):
        how = ANOTHER_SCHEMA if "$ref" in edits.get("set", {}) else "of any type"
        yield Departure("body", find(contract, body[1])["operationId"], how)
    elif schema := _SCHEMA.fullmatch(at):
        yield from (Departure("added", schema[1], name) for name in edits.get("members", {}))
        yield from (
            Departure("left", schema[1], name)
            for name in (*edits.get("optional", ()), *edits.get("always", ()))
        )
    elif at == "/components/schemas":
        schemas = find(contract, at)
        kinds = (schemas[name].get("x-discriminator-value") for name in edits.get("add", {}))
        yield from (Departure("subtype", "", kind) for kind in kinds if kind)
    elif members := _MEMBERS.fullmatch(at):
        for name in edits.get("set", {}):
            yield Departure("added", members[1], name)
    elif member := _MEMBER.fullmatch(at):
        yield from _of_member(member[1], member[2], edits)


def _of_member(schema: str, name: str, edits: Mapping[str, Json]) -> Iterator[Departure]:
    said = edits.get("set", {})
    if "readOnly" in edits.get("remove", []):
        yield Departure("member", schema, name)
    if "x-live-name" in said:
        yield Departure("added", schema, said["x-live-name"])
    if {"type", "anyOf", "oneOf", "$ref"} & {*said}:
        yield Departure("type", schema, name)

"""What an overlay says otherwise than the upstream document: where a judge speaks of it, it is listed by name, not held against us."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import attrs

from purview_codegen.overlay import Overlay
from purview_codegen.pointer import find
from purview_codegen.schemas import pascal

from .live import Json
from .upstream import Note

_OPERATION = re.compile(r"/paths/[^/]+/[a-z]+")
_BODY = re.compile(r"(/paths/[^/]+/[a-z]+)/requestBody/.*")
_MEMBER = re.compile(r"/components/schemas/([^/]+)/properties/([^/]+)")
_MEMBERS = re.compile(r"/components/schemas/([^/]+)(?:/allOf/[0-9]+)?/properties")
NOT_DECLARED = "OBJECT_ADDITIONAL_PROPERTIES"
READ_ONLY_SENT = "READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST"


@attrs.frozen
class Departure:
    """`kind` is prefix, query, body, member (that may be sent) or added (a member); `where` the operationId (or schema) that it is about, "" for the whole document."""

    kind: str
    where: str
    name: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.where, self.kind, self.name)))

    def covers_note(self, operation_id: str, note: Note) -> bool:
        return (self.kind, self.where) == ("query", operation_id) and note == Note("stray query", self.name)

    def covers_error(self, operation_id: str, error: Mapping[str, object]) -> bool:
        """Whether an error of oav's, about a request or an answer, is what this departure brings about."""
        if self.kind == "body":
            return self.where == operation_id and error["code"] == "INVALID_TYPE" and error["paths"] in ([""], ["/"])
        source = str(error.get("source", "")).removeprefix("#/definitions/").split("/")
        if self.kind == "added":
            ends = [str(path).rpartition("/")[2] for path in cast(Iterable[object], error["paths"])]
            return error["code"] == NOT_DECLARED and pascal(source[0]) == self.where and set(ends) == {self.name}
        return self.kind == "member" and error["code"] == READ_ONLY_SENT and self._is(source)

    def _is(self, source: list[str]) -> bool:
        return [pascal(source[0]), *source[1:]] == [self.where, "properties", self.name]


def declared(overlay: Overlay, contract: Json) -> tuple[Departure, ...]:
    """The departures of one contract that show in requests and answers; secrets, polling and summaries do not."""
    found = (d for change in overlay.changes for d in _of(change.at, change.edits, contract, change.versions))
    return tuple(dict.fromkeys(found))


def _of(at: str, edits: Mapping[str, Json], contract: Json, versions: tuple[str, ...]) -> Iterator[Departure]:
    if contract["info"]["version"] not in versions:
        return
    if at == "/servers/0" and "url" in edits.get("set", {}):
        yield Departure("prefix", "", edits["set"]["url"].removeprefix("{endpoint}"))
    elif _OPERATION.fullmatch(at):
        for parameter in edits.get("append", {}).get("parameters", []):
            yield Departure(parameter["in"], find(contract, at)["operationId"], parameter["name"])
    elif body := _BODY.fullmatch(at):
        yield Departure("body", find(contract, body[1])["operationId"], "of any type")
    elif members := _MEMBERS.fullmatch(at):
        for name in edits.get("set", {}):
            yield Departure("added", members[1], name)
    elif (member := _MEMBER.fullmatch(at)) and "readOnly" in edits.get("remove", []):
        yield Departure("member", member[1], member[2])

"""What the service itself sets on a resource: names, ids, times, states, versions. By the names that the schemas give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from purview_testing.contracts.facts import Shape
from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import CALLER, Call

_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_CREATED = {"createdAt", "createdTime", "createTime", "createdBy", "startTime"}
_CHANGED = {
    "lastModifiedAt",
    "lastUpdateTime",
    "lastModifiedBy",
    "updatedBy",
    "modifiedBy",
    "updateTime",
    "sharedAt",
    "sentAt",
}
_STATES = {"state", "provisioningState", "collectionProvisioningState", "registrationStatus"}
_GROUPS = {"properties", "systemData"}


def with_server_fields(
    call: Call, body: Mapping[str, Any], schema: Any, key: str, old: Json | None
) -> Json:
    """A body as the service keeps it. `old`: what was there before; when it was made, and by whom, stays."""
    schemas = call.operation.contract.schemas
    shape = schemas.shape(schema)
    shape = (schemas.subtype(shape, body) if shape.discriminator else None) or shape
    other = call.operation.body_schema not in (None, schema)  # the body has a shape of its own
    out = (
        call.valid_members({**(old or {}), **body}, schema) | _beyond(call, body, shape)
        if other
        else dict(body)
    )
    own = _own_id(call, shape)
    for name in ("id", "name", *own):
        if (
            name in shape.properties
            and key
            and (name not in out or name in own or _read_only(call, shape, name))
        ):
            out[name] = _identity(call, shape, name, key, old)
    kept = (
        n
        for n in shape.properties
        if n not in out and n in (old or {}) and _read_only(call, shape, n)
    )
    out |= {
        name: (old or {})[name] for name in kept
    }  # a caller cannot leave out what is not theirs
    _stamp(call, shape, out, old or {})
    return call.with_required(out, schema)


def _beyond(call: Call, body: Mapping[str, Any], shape: Shape) -> Json:
    """What no document has, neither of the body nor of the answer: it is kept."""
    sent = call.operation.contract.schemas.shape(call.operation.body_schema)
    sent = (
        call.operation.contract.schemas.subtype(sent, body) if sent.discriminator else None
    ) or sent
    known = sent.properties.keys() | shape.properties.keys()
    return {n: v for n, v in body.items() if n not in known} if sent.properties else {}


def without_read_only(call: Call, schema: Any) -> Json:
    """The body of a call without what is read-only at its root: the service takes that, and keeps its own."""
    body = call.body if isinstance(call.body, dict) else {}
    shape = call.operation.contract.schemas.shape(schema)
    shape = (
        call.operation.contract.schemas.subtype(shape, body) if shape.discriminator else None
    ) or shape
    return {
        n: v
        for n, v in body.items()
        if n not in shape.properties or n == shape.discriminator or not _read_only(call, shape, n)
    }


def _own_id(call: Call, shape: Shape) -> list[str]:
    """The member that is the last hole of the path, or the end of its name: `assignmentId` of {contactAssignmentId}."""
    hole = "".join(list(call.path_arguments)[-1:]).lower()
    return [n for n in shape.properties if n.endswith("Id") and hole.endswith(n.lower())]


def _identity(call: Call, shape: Shape, name: str, key: str, old: Json | None) -> str:
    if name == "name" or _UUID.fullmatch(key):
        return key
    if call.operation.contract.schemas.shape(shape.properties[name]).facts.get("format") == "uuid":
        return str((old or {}).get(name) or call.guid())
    path = call.request.raw_path.removeprefix(call.operation.contract.prefix).lstrip("/")
    return path.partition("?")[0]


def _stamp(call: Call, shape: Shape, out: Json, old: Json) -> None:
    for name, schema in shape.properties.items():
        member = call.operation.contract.schemas.shape(schema)
        before = old.get(name)
        if (
            name in _GROUPS
            and "object" in member.types
            and (member.properties or isinstance(out.get(name), dict))
        ):
            _group(call, member, name, out, before if isinstance(before, dict) else {})
        elif name in _CREATED | _CHANGED and _is_server(call, shape, name, out):
            kept = before if name in _CREATED else None
            out[name] = kept if kept is not None else _when(call, member, name)
        elif name in _STATES and _read_only(call, shape, name):
            out[name] = (
                "Succeeded" if not member.enum or "Succeeded" in member.enum else member.enum[0]
            )
        elif (
            name == "version"
            and "integer" in member.types
            and (name not in out or _read_only(call, shape, name))
        ):
            out[name] = (before if isinstance(before, int) else 0) + 1


def _group(call: Call, member: Shape, name: str, out: Json, before: Json) -> None:
    inner = dict(out[name]) if isinstance(out.get(name), dict) else {}
    _stamp(call, member, inner, before)
    if inner or name in out:
        out[name] = inner


def _is_server(call: Call, shape: Shape, name: str, out: Json) -> bool:
    """Times and authors are the service's, also where a document lets the caller send them back."""
    return name not in out or _read_only(call, shape, name) or name in _CHANGED


def _when(call: Call, member: Shape, name: str) -> Any:
    if member.facts.get("format") == "date-time":
        return call.now
    if "integer" in member.types:
        return call.now_ms
    return call.now if name.endswith(("At", "Time")) else CALLER  # a time may be plain text, too


def _read_only(call: Call, shape: Shape, name: str) -> bool:
    schema = shape.properties[name]
    return bool(schema.get("readOnly")) or call.operation.contract.schemas.shape(schema).read_only

"""What the service itself sets on a resource: names, ids, times, authors, states, versions.

These members are known by the names that the schemas give them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from purview_testing.contracts.facts import Shape
from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import CALLER, Call

_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
# Members that the service sets, by the names that the schemas of all planes give them.
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
    """Returns a body as the service keeps it.

    Args:
        call: The call that the body came with.
        body: The body, without what the caller may not set.
        schema: The schema of the resource as it is read.
        key: The last segment of the resource's path.
        old: What was there before; when and by whom it was made stays.
    """
    shape = _shape_of(call, schema, body)
    if call.operation.body_schema in (None, schema):
        out = dict(body)
    else:  # the body has a shape of its own
        out = call.valid_members({**(old or {}), **body}, schema) | _beyond(call, body, shape)
    own = _own_id(call, shape)
    for name in ("id", "name", *own):
        if (
            name in shape.properties
            and key
            and (name not in out or name in own or _read_only(call, shape, name))
        ):
            out[name] = _identity(call, shape, name, key, old)
    # A caller cannot take away what is not theirs.
    before = old or {}
    for name in shape.properties:
        if name in before and name not in out and _read_only(call, shape, name):
            out[name] = before[name]
    _stamp(call, shape, out, before)
    return call.with_required(out, schema)


def _beyond(call: Call, body: Mapping[str, Any], shape: Shape) -> Json:
    """Returns the members that neither the body's nor the answer's schema has: they are kept."""
    sent = _shape_of(call, call.operation.body_schema, body)
    known = sent.properties.keys() | shape.properties.keys()
    return {n: v for n, v in body.items() if n not in known} if sent.properties else {}


def without_read_only(call: Call, schema: Any) -> Json:
    """Returns the body of a call without what is read-only at its root.

    The service takes such members, and keeps its own values.
    """
    body = call.body if isinstance(call.body, dict) else {}
    shape = _shape_of(call, schema, body)
    return {
        n: v
        for n, v in body.items()
        if n not in shape.properties or n == shape.discriminator or not _read_only(call, shape, n)
    }


def _shape_of(call: Call, schema: Any, value: Mapping[str, Any]) -> Shape:
    """Returns the shape of a value: that of its kind, where the value names a kind."""
    schemas = call.operation.contract.schemas
    shape = schemas.shape(schema)
    subtype = schemas.subtype(shape, value) if shape.discriminator else None
    return subtype or shape


def _own_id(call: Call, shape: Shape) -> list[str]:
    """Returns the member that holds the last parameter of the path.

    Its name may be the end of the parameter's: `assignmentId` of {contactAssignmentId}.
    """
    parameter = "".join(list(call.path_arguments)[-1:]).lower()
    return [n for n in shape.properties if n.endswith("Id") and parameter.endswith(n.lower())]


def _identity(call: Call, shape: Shape, name: str, key: str, old: Json | None) -> str:
    """Returns the value of a name or an id: the key, a new guid, or the path below the plane."""
    if name == "name" or _UUID.fullmatch(key):
        return key
    if call.operation.contract.schemas.shape(shape.properties[name]).facts.get("format") == "uuid":
        return str((old or {}).get(name) or call.guid())
    path = call.request.raw_path.removeprefix(call.operation.contract.prefix).lstrip("/")
    return path.partition("?")[0]


def _stamp(call: Call, shape: Shape, out: Json, old: Json) -> None:
    """Sets times, authors, states and versions, also in groups of members such as properties."""
    for name, schema in shape.properties.items():
        member = call.operation.contract.schemas.shape(schema)
        before = old.get(name)
        if (
            name in _GROUPS
            and "object" in member.types
            and (member.properties or isinstance(out.get(name), dict))
        ):
            _group(call, member, name, out, before if isinstance(before, dict) else {})
        elif name in _CREATED | _CHANGED and _set_by_service(call, shape, name, out):
            kept = before if name in _CREATED else None
            out[name] = kept if kept is not None else _time_or_author(call, member, name)
        elif name in _STATES and _read_only(call, shape, name):
            succeeded = not member.enum or "Succeeded" in member.enum
            out[name] = "Succeeded" if succeeded else member.enum[0]
        elif (
            name == "version"
            and "integer" in member.types
            and (name not in out or _read_only(call, shape, name))
        ):
            out[name] = (before if isinstance(before, int) else 0) + 1


def _group(call: Call, member: Shape, name: str, out: Json, before: Json) -> None:
    """Sets them in a group; one that stays empty is left out."""
    inner = dict(out[name]) if isinstance(out.get(name), dict) else {}
    _stamp(call, member, inner, before)
    if inner or name in out:
        out[name] = inner


def _set_by_service(call: Call, shape: Shape, name: str, out: Json) -> bool:
    """Whether a time or an author is the service's to set.

    It is, also where a document lets the caller send it back.
    """
    return name not in out or _read_only(call, shape, name) or name in _CHANGED


def _time_or_author(call: Call, member: Shape, name: str) -> Any:
    """Returns the present time in the form that a member has, or the caller."""
    if member.facts.get("format") == "date-time":
        return call.now
    if "integer" in member.types:
        return call.now_ms
    # Some documents declare a time as plain text; what has another name is an author.
    return call.now if name.endswith(("At", "Time")) else CALLER


def _read_only(call: Call, shape: Shape, name: str) -> bool:
    """Whether a member is read-only, by itself or by its schema."""
    schema = shape.properties[name]
    return bool(schema.get("readOnly")) or call.operation.contract.schemas.shape(schema).read_only

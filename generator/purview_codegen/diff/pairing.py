"""What in one contract is what in another: operations by method and path, schemas by use and
content, names by likeness.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from purview_codegen.openapi import METHODS
from purview_codegen.pointer import Json

T = TypeVar("T")
Pair = tuple[T | None, T | None]
_HOLE = re.compile(r"\{[^}]*\}")
# of difflib's ratio: ErrorResponse and AtlasErrorResponse; targetValue and targetValues; skipToken
# and $skipToken
ALIKE, CLOSE, SPELT = 0.6, 0.8, 1.0


@attrs.frozen
class Op:
    """One operation with its place; `base` is what the server's address puts before every path."""

    verb: str
    path: str
    base: str
    value: Json

    @property
    def id(self) -> str:
        """Its operationId."""
        name: str = self.value["operationId"]
        return name

    @property
    def holes(self) -> list[str]:
        """The names in the braces of its path."""
        return [hole[1:-1] for hole in _HOLE.findall(self.path)]


def operations_in(contract: Json) -> list[Op]:
    """Every operation of a contract."""
    base = contract["servers"][0]["url"].removeprefix("{endpoint}")
    return [
        Op(v, path, base, item[v])
        for path, item in contract["paths"].items()
        for v in METHODS
        if v in item
    ]


def blank(path: str) -> str:
    """A path whose holes have no names."""
    return _HOLE.sub("{}", path)


def _loose(path: str) -> str:
    return blank(path).replace("/:", ":").rstrip("/").lower()


# from the surest to the loosest: what makes two operations the same one
_SAME: tuple[Callable[[Op], Hashable], ...] = (
    lambda op: (op.verb, op.base + blank(op.path)),
    lambda op: (op.verb, blank(op.path)),
    lambda op: (op.verb, _loose(op.base + op.path)),
    lambda op: (op.verb, op.id),
    lambda op: op.id,
)


def pair_operations(old: Json, new: Json) -> list[Pair[Op]]:
    """Each operation with its counterpart, in the order of the new contract; what was removed
    comes last.
    """
    left, right = operations_in(old), operations_in(new)
    found: dict[str, Op] = {}
    for key in _SAME:
        waiting: dict[Hashable, list[Op]] = {}
        for op in left:
            waiting.setdefault(key(op), []).append(op)
        for op in right:
            if op.id not in found and (same := waiting.get(key(op))):
                found[op.id] = same.pop(0)
        taken = {id(op.value) for op in found.values()}
        left = [op for op in left if id(op.value) not in taken]
    out: list[Pair[Op]] = [(found.get(op.id), op) for op in right]
    return [*out, *((op, None) for op in left)]


def name_in(reference: str) -> str:
    """The component that a reference names."""
    return reference.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")


def ground(schema: Json) -> bool:
    """Whether a component is no class of its own: a map, a list, a scalar."""
    if (
        "$ref" in schema
        or "allOf" in schema
        or schema.get("properties")
        or "discriminator" in schema
    ):
        return False
    return schema.get("type") != "object" or "additionalProperties" in schema


def plain(schema: Json) -> bool:
    """Whether a component has no name in Python, so that it is what it says."""
    return ground(schema) and "enum" not in schema


def parts(schema: Json) -> Iterator[tuple[str, Json]]:
    """The schemas directly in a schema, each with its place; the subtypes of a discriminated
    base included.
    """
    for part in (schema, *schema.get("allOf", ())):
        for name, schema_of in part.get("properties", {}).items():
            yield f"/properties/{name}", schema_of
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield f"/{key}", schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        for i, part in enumerate(schema.get(key, ())):
            if "properties" not in part:
                yield f"/{key}/{i}", part
    for value, reference in schema.get("discriminator", {}).get("mapping", {}).items():
        yield f"/discriminator/{value}", {"$ref": reference}


def request_schemas(op: Op) -> Iterator[tuple[str, Json]]:
    """(place, schema) of all that an operation sends."""
    for p in op.value["parameters"]:
        yield f"/{p['in']}/{p['name']}", p["schema"]
    for media, content in op.value.get("requestBody", {}).get("content", {}).items():
        yield f"/body/{media}", content["schema"]


def response_schemas(op: Op) -> Iterator[tuple[str, Json]]:
    """(place, schema) of all that an operation answers."""
    for status, response in op.value["responses"].items():
        for media, content in response.get("content", {}).items():
            yield f"/{status}/{media}", content["schema"]


def usage(contract: Json) -> dict[str, set[str]]:
    """Component -> "request", "response": where bodies and parameters can hold it."""
    known = contract["components"]["schemas"]
    out: dict[str, set[str]] = {}
    for direction, schemas in (("request", request_schemas), ("response", response_schemas)):
        todo = [schema for op in operations_in(contract) for _, schema in schemas(op)]
        while todo:
            schema = todo.pop()
            if "$ref" in schema and direction not in out.setdefault(name_in(schema["$ref"]), set()):
                out[name_in(schema["$ref"])].add(direction)
                todo.append(known[name_in(schema["$ref"])])
            todo += [part for _, part in parts(schema)]
    return out


def pair_schemas(old: Json, new: Json, operations: Sequence[Pair[Op]]) -> dict[str, str]:
    """Old component -> new one: by name, else by standing at the same places and holding alike
    things.
    """
    left, right = old["components"]["schemas"], new["components"]["schemas"]
    votes: Counter[tuple[str, str]] = Counter()
    seen: set[tuple[str, str]] = set()
    todo = [
        _meet(a, b, schemas)
        for a, b in operations
        if a and b
        for schemas in (request_schemas, response_schemas)
    ]
    todo += [{name: (left[name], right[name])} for name in left.keys() & right.keys()]
    while todo:
        for a, b in todo.pop().values():
            if "$ref" in a and "$ref" in b:
                names = name_in(a["$ref"]), name_in(b["$ref"])
                votes[names] += 1
                if names not in seen:
                    seen.add(names)
                    todo.append({"": (left[names[0]], right[names[1]])})
            mine, theirs = dict(parts(a)), dict(parts(b))
            todo.append({at: (mine[at], theirs[at]) for at in mine.keys() & theirs.keys()})
    out = {name: name for name in left if name in right}
    taken = set(out)
    ranked = sorted(votes.items(), key=lambda v: (-v[1], -_likeness(*v[0]), v[0]))
    for free in (True, False):  # what nothing else became goes first; then two may have become one
        for (was, now), _ in ranked:
            named = not (plain(left[was]) or plain(right[now]))
            if (
                named
                and was not in out
                and (now not in taken) == free
                and _content_alike(left[was], right[now])
            ):
                out[was] = now
                taken.add(now)
    return out


def _meet(
    a: Op, b: Op, schemas: Callable[[Op], Iterator[tuple[str, Json]]]
) -> dict[str, tuple[Json, Json]]:
    """The schemas of two operations that stand at one place; the first body is the body,
    whatever its media type.
    """
    mine, theirs = (
        {re.sub(r"^/body/.*", "/body", at): s for at, s in reversed([*schemas(op)])}
        for op in (a, b)
    )
    return {at: (mine[at], theirs[at]) for at in mine.keys() & theirs.keys()}


def _content_alike(a: Json, b: Json) -> bool:
    """Whether two schemas hold enough of the same members or values to be one schema under two
    names.
    """
    if ("enum" in a) != ("enum" in b) or a.get("type") != b.get("type"):
        return False
    mine, theirs = ({*map(str, s.get("enum", ())), *s.get("properties", {})} for s in (a, b))
    smaller = min(len(mine), len(theirs))
    return smaller == 0 if not (mine and theirs) else len(mine & theirs) * 2 >= smaller


def _likeness(a: str, b: str) -> float:
    x, y = (re.sub(r"[^a-z0-9]", "", name.lower()) for name in (a, b))
    return 1.0 if x == y else difflib.SequenceMatcher(None, x, y).ratio()


def pair_names(
    old: Mapping[str, Any], new: Mapping[str, Any], need: Callable[[Any, Any], float]
) -> dict[str, str]:
    """Renamed things among what is left over, the likest names first. `need` tells how alike two
    have to be, SPELT at most; at ALIKE the only ones of their kind are one, whatever they are
    called.
    """
    out: dict[str, str] = {}
    ranked = sorted(
        ((_likeness(a, b), a, b) for a in old for b in new), key=lambda r: (-r[0], r[1:])
    )
    for ratio, a, b in ranked:
        if a in out or b in out.values():
            continue
        least = need(old[a], new[b])
        if ratio >= least or (len(old) == len(new) == 1 and least == ALIKE):
            out[a] = b
    return out

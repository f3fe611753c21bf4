"""Good requests spoiled in one place each, to see whether a judge notices: 21 kinds, the same ones
for the same seed.

`spoil(record, random.Random(seed))` gives (kind, spoiled record, pointer): a JSON pointer into
`liveRequest` to the spot, such as `/body/properties/kind`, `/query/api-version`,
`/headers/content-type`, `/method` or `/url` (a literal part of the path). A kind that a request has
no place for is left out. What a request may not hold is read from the contract that `record["doc"]`
names.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import attrs

from purview_codegen.openapi import operations_of

from .live import Json, Pairs, pairs, with_pairs
from .samples import ABSENT, Sampler
from .shapes import Shape, Shapes

Spoiled = tuple[Json, str]
CONTRACTS = Path(__file__).parent.parent.parent / "specs" / "contracts"
API_VERSION = "api-version"
_METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
_WRONG: Json = {
    "string": 7,
    "integer": "x",
    "number": "x",
    "boolean": "x",
    "array": "x",
    "object": "x",
}
_NO_VALUE, _NO_NAME = "no such value", "noSuchName"


@attrs.frozen
class Place:
    """One value in a body: its path, the schema that it is measured by, and the member of which
    object it is (None: an item).
    """

    path: tuple[str | int, ...]
    schema: Json
    value: Any
    owner: Shape | None

    @property
    def type(self) -> str:
        """The one JSON type that is admitted, "" where there are several or any."""
        kind = self.schema.get("type")
        return kind if isinstance(kind, str) and "anyOf" not in self.schema else ""

    @property
    def required(self) -> bool:
        return self.owner is not None and self.path[-1] in self.owner.required

    @property
    def is_kind(self) -> bool:
        return self.owner is not None and self.path[-1] == self.owner.discriminator


def spoil(record: Json, rng: random.Random) -> list[tuple[str, Json, str]]:
    """Every kind of spoiled request that can be made of a good one, one of each: (kind, record,
    pointer to the spot).
    """
    spoiler = _spoiler(record["doc"])
    found = ((kind, make(spoiler, record, rng)) for kind, make in KINDS.items())
    return [
        (kind, record | {"liveRequest": made[0]}, made[1])
        for kind, made in found
        if made is not None
    ]


@cache
def _spoiler(doc: str) -> Spoiler:
    plane, version = doc.split()
    return Spoiler(json.loads((CONTRACTS / plane / f"{version}.json").read_bytes()))


class Spoiler:
    def __init__(self, contract: Json) -> None:
        self.shapes, self.contract = Shapes(contract), contract
        self.prefix = contract["servers"][0]["url"].removeprefix("{endpoint}")
        self.routes = {
            (m.upper(), self.prefix + path): operation
            for path, m, operation in operations_of(contract)
        }
        self.by_id = {
            operation["operationId"]: (route, operation) for route, operation in self.routes.items()
        }

    def fits(self, method: str, path: str) -> bool:
        """Whether any operation takes this request line."""
        return any(
            m == method and _pattern(template).fullmatch(path) for m, template in self.routes
        )

    def method(self, record: Json, rng: random.Random) -> Spoiled | None:
        request = record["liveRequest"]
        free = [m for m in _METHODS if not self.fits(m, urlsplit(request["url"]).path)]
        return (request | {"method": rng.choice(free)}, "/method") if free else None

    def literal(self, record: Json, rng: random.Random) -> Spoiled | None:
        request, ((method, template), _) = record["liveRequest"], self.by_id[record["op"]]
        url = urlsplit(request["url"])
        steps, given = template.split("/"), url.path.split("/")
        spots = [i for i, step in enumerate(steps) if step and "{" not in step]
        for i in rng.sample(spots, len(spots)):
            path = "/".join([*given[:i], given[i] + "x", *given[i + 1 :]])
            if not self.fits(method, path):
                return request | {"url": urlunsplit(url._replace(path=path))}, "/url"
        return None

    def query(
        self,
        record: Json,
        rng: random.Random,
        wanted: Callable[[Json, Json], bool],
        value: str | None,
    ) -> Spoiled | None:
        """One of the query values that were sent and are wanted (by parameter and its schema),
        dropped or given another value.
        """
        parameters = {
            p["name"]: p for p in self.by_id[record["op"]][1]["parameters"] if p["in"] == "query"
        }
        given = pairs(record["liveRequest"]["url"])
        names = [
            n
            for n, _ in given
            if n in parameters
            and wanted(parameters[n], self.shapes.resolved(parameters[n]["schema"]))
        ]
        if not names:
            return None
        name = rng.choice(sorted(set(names)))
        other = [(n, v) for n, v in given if n != name] + ([] if value is None else [(name, value)])
        return self.asked(record, other), f"/query/{_escaped(name)}"

    def asked(self, record: Json, given: Pairs) -> Json:
        return with_pairs(self.by_id[record["op"]][1], record["liveRequest"], given)

    def body_schema(self, record: Json) -> Json | None:
        """The schema of a JSON body that was sent."""
        content = self.by_id[record["op"]][1].get("requestBody", {}).get("content", {})
        sent = "body" in record["liveRequest"] and "application/json" in content
        schema: Json | None = content["application/json"]["schema"] if sent else None
        return schema

    def places(self, record: Json) -> list[Place]:
        schema = self.body_schema(record)
        return (
            []
            if schema is None
            else list(self._walk(schema, record["liveRequest"]["body"], (), None))
        )

    def _walk(
        self, schema: Json, value: Any, path: tuple[str | int, ...], owner: Shape | None
    ) -> Iterator[Place]:
        whole = self.shapes.chosen(schema, value)
        yield Place(path, whole, value, owner)
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self._walk(whole.get("items", {}), item, (*path, i), None)
        elif isinstance(value, dict):
            shape = self.shapes.shape(whole)
            for key, item in value.items():
                known = shape.members.get(key, shape.open if isinstance(shape.open, dict) else {})
                yield from self._walk(
                    known, item, (*path, key), shape if key in shape.members else None
                )

    def at(
        self,
        record: Json,
        rng: random.Random,
        wanted: Callable[[Place], bool],
        value: Callable[[Place], Any],
    ) -> Spoiled | None:
        """One of the wanted places of the body, given another value, or taken out (ABSENT)."""
        found = [place for place in self.places(record) if wanted(place)]
        if not found:
            return None
        place = rng.choice(found)
        return _changed(record["liveRequest"], place.path, value(place)), _pointer(place.path)

    def added(
        self,
        record: Json,
        rng: random.Random,
        wanted: Callable[[Place, Shape], Sequence[tuple[str, Any]]],
    ) -> Spoiled | None:
        """A member more in one of the objects of the body: one of those that `wanted` offers for
        it.
        """
        objects = [
            (p, self.shapes.shape(p.schema))
            for p in self.places(record)
            if isinstance(p.value, dict)
        ]
        offers = [
            ((*place.path, name), value)
            for place, shape in objects
            for name, value in wanted(place, shape)
        ]
        if not offers:
            return None
        path, value = rng.choice(offers)
        return _changed(record["liveRequest"], path, value), _pointer(path)

    def read_only(self, place: Place, shape: Shape) -> list[tuple[str, Any]]:
        sampler = Sampler(self.contract, full=False)
        absent = {
            n: s for n, s in shape.members.items() if s.get("readOnly") and n not in place.value
        }
        return [(n, value) for n, s in absent.items() if (value := sampler.sample(s)) is not ABSENT]


def _no_body(spoiler: Spoiler, record: Json, rng: random.Random) -> Spoiled | None:
    request = record["liveRequest"]
    if "body" not in request or not spoiler.by_id[record["op"]][1]["requestBody"]["required"]:
        return None
    headers = {
        n: v for n, v in request["headers"].items() if n not in ("content-type", "content-length")
    }
    return {n: v for n, v in request.items() if n != "body"} | {"headers": headers}, "/body"


def _other_root(spoiler: Spoiler, record: Json, rng: random.Random) -> Spoiled | None:
    return spoiler.at(
        record,
        rng,
        lambda p: p.path == () and p.type in ("object", "array"),
        lambda p: _WRONG[p.type],
    )


def _other_media(spoiler: Spoiler, record: Json, rng: random.Random) -> Spoiled | None:
    request = record["liveRequest"]
    if "content-type" not in request["headers"]:
        return None
    return request | {
        "headers": request["headers"] | {"content-type": "application/xml"}
    }, "/headers/content-type"


def _misspelt(spoiler: Spoiler, record: Json, rng: random.Random) -> Spoiled | None:
    given = pairs(record["liveRequest"]["url"])
    names = sorted({n for n, _ in given if n != API_VERSION}) or [n for n, _ in given]
    if not names:
        return None
    name = rng.choice(names)
    wrong = name[:-1] + ("x" if name[-1] != "x" else "y")
    return spoiler.asked(
        record, [(wrong if n == name else n, v) for n, v in given]
    ), f"/query/{_escaped(wrong)}"


def _unknown_query(spoiler: Spoiler, record: Json, rng: random.Random) -> Spoiled:
    given = pairs(record["liveRequest"]["url"])
    return spoiler.asked(record, [*given, (_NO_NAME, "1")]), f"/query/{_NO_NAME}"


def _unknown_member(*, root: bool) -> Callable[[Spoiler, Json, random.Random], Spoiled | None]:
    def offers(place: Place, shape: Shape) -> list[tuple[str, Any]]:
        return (
            [(_NO_NAME, 1)]
            if shape.members and shape.open is None and (place.path == ()) == root
            else []
        )

    return lambda spoiler, record, rng: spoiler.added(record, rng, offers)


def _query(
    wanted: Callable[[Json, Json], bool], value: str | None
) -> Callable[[Spoiler, Json, random.Random], Spoiled | None]:
    return lambda spoiler, record, rng: spoiler.query(record, rng, wanted, value)


def _member(
    wanted: Callable[[Place], bool], value: Callable[[Place], Any]
) -> Callable[[Spoiler, Json, random.Random], Spoiled | None]:
    return lambda spoiler, record, rng: spoiler.at(record, rng, wanted, value)


def _version(parameter: Json, _: Json) -> bool:
    return bool(parameter["name"] == API_VERSION)


KINDS: dict[str, Callable[[Spoiler, Json, random.Random], Spoiled | None]] = {
    "method": Spoiler.method,
    "path literal": Spoiler.literal,
    "body missing": _no_body,
    "body root type": _other_root,
    "content type": _other_media,
    "body member of wrong type": _member(
        lambda p: bool(p.path) and p.type in _WRONG and not p.is_kind, lambda p: _WRONG[p.type]
    ),
    "body required dropped": _member(lambda p: p.required and not p.is_kind, lambda p: ABSENT),
    "discriminator unknown": _member(lambda p: p.is_kind, lambda p: _NO_VALUE),
    "discriminator dropped": _member(lambda p: p.is_kind and p.required, lambda p: ABSENT),
    "readOnly sent": lambda spoiler, record, rng: spoiler.added(record, rng, spoiler.read_only),
    "unknown member in the root": _unknown_member(root=True),
    "unknown member below": _unknown_member(root=False),
    "body null": _member(
        lambda p: bool(p.path) and p.type in _WRONG and not p.is_kind, lambda p: None
    ),
    "body bad enum": _member(
        lambda p: bool(p.schema.get("enum")) and not p.is_kind, lambda p: _NO_VALUE
    ),
    "query bad enum": _query(
        lambda p, s: bool(s.get("enum")) and p["name"] != API_VERSION, _NO_VALUE
    ),
    "query required dropped": _query(lambda p, s: p["required"] and p["name"] != API_VERSION, None),
    "query wrong type": _query(lambda p, s: s.get("type") in ("integer", "number", "boolean"), "x"),
    "api-version wrong": _query(_version, "1999-01-01"),
    "api-version dropped": _query(lambda p, s: _version(p, s) and p["required"], None),
    "unknown query name": _unknown_query,
    "misspelt query name": _misspelt,
}


def _changed(request: Json, path: tuple[str | int, ...], value: Any) -> Json:
    if not path:
        return request | {"body": value}
    out = copy.deepcopy(request)
    target = out["body"]
    for step in path[:-1]:
        target = target[step]
    if value is ABSENT:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return out


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{_escaped(str(step))}" for step in ("body", *path))


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(map(re.escape, parts)))

"""The facts of a contract: its operations, and its schemas with bases and references resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from purview_core.manifest import Document, PlaneEntry, specs_folder
from purview_core.model.json_text import loads

from .documents import manifest
from .messages import Json

_VERBS = ("get", "put", "post", "patch", "delete", "head", "options")
_ITEMS = ("value", "values", "elements", "items")
_FACTS = ("format", "pattern", "minLength", "maxLength", "minItems", "uniqueItems")
EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Shape:
    """A schema with its references followed, and the members of its bases among its own.

    Attributes:
        name: Its name among the schemas of the contract; None for one that stands where it is
            used.
        types: Names of JSON types; empty for any value.
        properties: Member -> schema, the members as the service spells them.
        required: Members that have to be there.
        spellings: How the document spells a member -> how the service does.
        answered: Those required members that a request may leave out.
        additional: The schema of members that are not described, or True; None where there may
            be no such member.
        items: The schema of the items of an array.
        enum: The values that are described; empty for all.
        discriminator: The member that tells the kind of an object.
        mapping: Value of the discriminator -> name of the schema of that kind.
        kind: The value of the discriminator that means this schema.
        facts: Format, lengths, pattern and uniqueness, under their names in JSON Schema.
        read_only: Whether the service alone writes it.
    """

    name: str | None
    types: tuple[str, ...]
    properties: Mapping[str, Json] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    spellings: Mapping[str, str] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()
    additional: Any = None
    items: Any = None
    enum: tuple[Any, ...] = ()
    discriminator: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    read_only: bool = False

    @property
    def nullable(self) -> bool:
        """Whether null is one of its values."""
        return not self.types or "null" in self.types

    @property
    def free(self) -> bool:
        """Whether it is an object whose members are not described."""
        return not self.properties and self.additional is None and "object" in self.types


class ContractSchemas:
    """The schemas of one contract. Their shapes are made at first use and kept."""

    def __init__(self, raw: Mapping[str, Json]) -> None:
        self.raw = raw
        self._named: dict[str, Shape] = {}
        self._inline: dict[int, tuple[Any, Shape]] = {}

    def shape(self, schema: Any) -> Shape:
        """The shape of a schema as it stands in the contract."""
        if not isinstance(schema, dict):
            return Shape(None, ())
        if (reference := schema.get("$ref")) is not None:
            found = self.named(reference.rsplit("/", 1)[-1])
            return found if not schema.get("readOnly") else _as_read_only(found)
        kept = self._inline.get(id(schema))
        if kept is None or kept[0] is not schema:
            kept = self._inline[id(schema)] = (schema, self._make(schema, None))
        return kept[1]

    def named(self, name: str) -> Shape:
        """The shape of a schema of components/schemas."""
        if name not in self._named:
            self._named[name] = self._make(self.raw[name], name)
        return self._named[name]

    def subtype(self, shape: Shape, value: Any) -> Shape | None:
        """The shape of the kind that a value says it is of.

        None where the value has no discriminator, or one that the contract does not know.
        """
        kind = value.get(shape.discriminator) if isinstance(value, dict) else None
        target = shape.mapping.get(kind) if isinstance(kind, str) else None
        return self.named(target) if target is not None else None

    def _make(self, schema: Json, name: str | None) -> Shape:
        if "anyOf" in schema or "oneOf" in schema:
            return self._either(schema, name)
        given = schema.get("type", ())
        types = (given,) if isinstance(given, str) else tuple(given)
        own: Json = schema.get("properties", {})
        spelled = {
            n: str(member["x-live-name"]) for n, member in own.items() if member.get("x-live-name")
        }
        properties: Json = {}
        required: set[str] = set()
        answered = {n for n, member in own.items() if member.get("x-answered")}
        additional = schema.get("additionalProperties")
        for part in schema.get("allOf", ()):
            base = self.shape(part)
            properties |= base.properties
            required |= base.required
            answered |= base.answered
            spelled |= base.spellings
            additional = base.additional if additional is None else additional
            types = types or base.types
        discriminator = schema.get("discriminator", EMPTY)
        mapping = {k: v.rsplit("/", 1)[-1] for k, v in discriminator.get("mapping", EMPTY).items()}
        return Shape(
            name=name,
            types=types or (("object",) if "properties" in schema else ()),
            properties=properties | {spelled.get(n, n): member for n, member in own.items()},
            spellings=spelled,
            required=frozenset(required | answered | set(schema.get("required", ()))),
            answered=frozenset(answered),
            additional=True if additional == {} else additional or None,
            items=schema.get("items"),
            enum=tuple(schema.get("enum", ())),
            discriminator=discriminator.get("propertyName") if mapping else None,
            mapping=mapping,
            kind=schema.get("x-discriminator-value"),
            facts={k: schema[k] for k in _FACTS if k in schema},
            read_only=bool(schema.get("readOnly")),
        )

    def _either(self, schema: Json, name: str | None) -> Shape:
        """The shape of the one schema of an anyOf that is not null.

        Contracts use anyOf for "this, or null" alone.
        """
        given: list[Any] = schema.get("anyOf") or schema.get("oneOf") or []
        options = [self.shape(o) for o in given]
        first = next((o for o in options if o.types != ("null",)), Shape(name, ()))
        null = ("null",) if first.types and any("null" in o.types for o in options) else ()
        return replace(first, types=first.types + null)


def _as_read_only(shape: Shape) -> Shape:
    return shape if shape.read_only else replace(shape, read_only=True)


@dataclass(frozen=True)
class ContractParameter:
    """One argument beside the body. `pattern` fits its names, where they have a running number."""

    name: str
    location: str
    required: bool
    schema: Json
    explode: bool
    pattern: re.Pattern[str] | None = None

    def named(self, name: str) -> bool:
        """Whether a name in a request means this parameter."""
        return self.pattern.fullmatch(name) is not None if self.pattern else name == self.name


@dataclass(frozen=True)
class Answer:
    """One declared answer: its schemas by media type, and the names of its headers."""

    content: Mapping[str, Json]
    headers: frozenset[str]

    @property
    def json(self) -> Json | None:
        """The schema of its JSON body; None where it has none."""
        return next((s for m, s in self.content.items() if "json" in m), None)


@dataclass(frozen=True, eq=False)
class ContractOperation:
    """One operation of one contract. `path` is a template with the prefix of the plane, no host."""

    contract: Contract
    id: str
    method: str
    path: str
    parameters: tuple[ContractParameter, ...]
    body_required: bool
    body: Mapping[str, Json]  # media type -> schema; empty where it takes none
    answers: Mapping[str, Answer]
    paging: Mapping[str, str] | None
    polling: Mapping[str, Any] | None

    @cached_property
    def status(self) -> int:
        """The lowest status that means success."""
        return min((int(s) for s in self.answers if s.startswith("2")), default=200)

    @cached_property
    def result(self) -> Json | None:
        """The schema of its JSON answer, None where it has none."""
        return next(
            (a.json for s, a in sorted(self.answers.items()) if s.startswith("2") and a.json), None
        )

    @cached_property
    def body_schema(self) -> Json | None:
        """The schema of its JSON body; None where it takes none."""
        return next((s for m, s in self.body.items() if "json" in m), None)

    @cached_property
    def versioned(self) -> bool:
        """Whether it takes an api-version."""
        return any(p.name == "api-version" for p in self.parameters)

    @cached_property
    def list_member(self) -> str | None:
        """The member of the answer that holds the items of a list; None if it is not one."""
        if self.paging:
            return self.paging.get("itemName", "value")
        if self.result is None:
            return None
        properties = self.contract.schemas.shape(self.result).properties
        found = [
            n
            for n in _ITEMS
            if n in properties and "array" in self.contract.schemas.shape(properties[n]).types
        ]
        return found[0] if len(found) == 1 else None

    @cached_property
    def item(self) -> Json | None:
        """The schema of one item of a list."""
        if self.result is None or self.list_member is None:
            return None
        schemas = self.contract.schemas
        items: Json | None = schemas.shape(
            schemas.shape(self.result).properties[self.list_member]
        ).items
        return items

    def __repr__(self) -> str:
        return f"<{self.id} {self.method} {self.path}>"


class Contract:
    """One document of one plane: its `operations` by id, and its `schemas`."""

    def __init__(self, document: Document, plane: PlaneEntry, raw: Json) -> None:
        self.document = document
        self.plane = plane
        self.prefix: str = raw["servers"][0]["url"].removeprefix("{endpoint}")
        self.schemas = ContractSchemas(raw["components"]["schemas"])
        self.operations = {
            fact["operationId"]: self._operation(path, verb, fact)
            for path, item in raw["paths"].items()
            for verb, fact in item.items()
            if verb in _VERBS
        }

    def _operation(self, path: str, verb: str, fact: Json) -> ContractOperation:
        body = fact.get("requestBody", EMPTY)
        return ContractOperation(
            contract=self,
            id=fact["operationId"],
            method=verb.upper(),
            path=self.prefix + path,
            parameters=tuple(_parameter(p) for p in fact.get("parameters", ())),
            body_required=bool(body.get("required")),
            body={
                media: content["schema"] for media, content in body.get("content", EMPTY).items()
            },
            answers={
                status: Answer(
                    {
                        media: c.get("schema", {})
                        for media, c in answer.get("content", EMPTY).items()
                    },
                    frozenset(answer.get("headers", ())),
                )
                for status, answer in fact["responses"].items()
            },
            paging=fact.get("x-pageable"),
            polling=fact.get("x-long-running"),
        )

    @cached_property
    def atlas_errors(self) -> bool:
        """Whether its errors have the members requestId, errorCode and errorMessage, as in Atlas.

        All others have one member, error, with code and message.
        """
        first = next(iter(self.operations.values()))
        default = first.answers.get("default")
        shape = self.schemas.shape(default.json) if default and default.json else Shape(None, ())
        return "errorCode" in shape.properties


def _parameter(fact: Json) -> ContractParameter:
    template = fact.get("x-name-template")
    pattern = (
        re.compile(re.escape(template).replace(re.escape("{n}"), r"\d+")) if template else None
    )
    return ContractParameter(
        fact["name"],
        fact["in"],
        bool(fact.get("required")),
        fact["schema"],
        bool(fact.get("explode", True)),
        pattern,
    )


@cache
def load(document: Document, specs: Path | None = None) -> Contract:
    """The contract of a document, read at its first use and kept."""
    path = (specs or specs_folder()) / "contracts" / document.plane / f"{document.version}.json"
    return Contract(document, manifest(specs).plane(document.plane), loads(path.read_bytes()))

"""What a contract says of its schemas, read apart from the generator: members with inherited ones,
and what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from purview_codegen.package.adapter import class_name
from purview_core import Model, Operation

from .calling import Version
from .sampling import Json


@attrs.frozen(eq=False)
class Shape:
    """One object schema of a version, and its class."""

    version: Version
    name: str
    schema: Json
    kind: type[Model]

    @property
    def members(self) -> dict[str, Json]:
        return members(self.version.schemas, self.schema)

    @property
    def required(self) -> set[str]:
        return required(self.version.schemas, self.schema)

    def sample(self) -> Json:
        """An object with every member, which says of itself that it is of this schema."""
        out: Json = self.version.sampler.sample(self.schema, (self.name,))
        tag = (
            self.version.schemas[base]["discriminator"]["propertyName"]
            if (base := family(self.version, self.name))
            else None
        )
        return (
            {**out, tag: self.schema["x-discriminator-value"]}
            if tag and "x-discriminator-value" in self.schema
            else out
        )

    @property
    def operation(self) -> Operation[Any]:
        """An operation that would answer with it."""
        module = self.version.plane.__name__ + ".operations.made_up"
        made: Operation[Any] = Operation(
            id=f"Get{self.name}", method="GET", path="/", responses={200: self.kind.__name__}
        )
        type("_Operations", (), {"__module__": module, "get": made})
        return made

    def __str__(self) -> str:
        return f"{self.version} {self.name}"


def target(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def resolved(schemas: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = schemas[target(schema["$ref"])]
    return schema


def members(schemas: Json, schema: Json) -> dict[str, Json]:
    """Member -> schema; the nearest declaration wins."""
    schema, out = resolved(schemas, schema), dict[str, Json]()
    for part in schema.get("allOf", []):
        out |= members(schemas, part)
    return out | schema.get("properties", {})


def required(schemas: Json, schema: Json) -> set[str]:
    """What an answer has to hold: with what the service makes where a request leaves it out."""
    schema = resolved(schemas, schema)
    answered = {
        name for name, member in schema.get("properties", {}).items() if member.get("x-answered")
    }
    above = (required(schemas, part) for part in schema.get("allOf", []))
    return answered.union(schema.get("required", []), *above)


def admits_null(schemas: Json, schema: Json) -> bool:
    """Whether null is a value of a schema by its own words; a schema without a type admits all."""
    own = schema.get("type")
    if own is None and "$ref" not in schema and "enum" not in schema and "allOf" not in schema:
        return True
    kind = resolved(schemas, schema).get("type")
    return "null" in (own if isinstance(own, list) else []) + (
        kind if isinstance(kind, list) else []
    )


def family(version: Version, name: str) -> str | None:
    """The nearest ancestor of a schema with a discriminator, or itself."""
    schema = version.schemas[name]
    if schema.get("discriminator", {}).get("mapping"):
        return name
    above = [target(part["$ref"]) for part in schema.get("allOf", []) if "$ref" in part]
    return next((found for found in (family(version, n) for n in above) if found), None)


def shapes(version: Version) -> Iterator[Shape]:
    """Every schema with members; one without a class would be a loss."""
    for name, schema in version.schemas.items():
        if members(version.schemas, schema) and not name.endswith("Form"):
            yield Shape(version, name, schema, getattr(version.plane.models, class_name(name)))


def held(schemas: Json, schema: Json) -> Iterator[tuple[tuple[str, ...], str]]:
    """(containers from the outside, schema name) of the objects that a member holds."""
    if "$ref" in schema:
        found = schemas[target(schema["$ref"])]
        if members(schemas, found):
            yield (), target(schema["$ref"])
            return
        schema = found
    for key, how in (("items", "list"), ("additionalProperties", "map")):
        if isinstance(schema.get(key), dict):
            yield from (
                ((how, *containers), name) for containers, name in held(schemas, schema[key])
            )
    for part in (
        (*schema.get("allOf", []), *schema.get("anyOf", []), *schema.get("oneOf", []))
        if "properties" not in schema
        else ()
    ):
        yield from held(schemas, part)

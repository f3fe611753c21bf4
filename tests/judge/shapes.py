"""Reading a contract's schemas: references followed, an object's members gathered over its `allOf`,
the kind of a value.
"""

from __future__ import annotations

from typing import Any

import attrs

Json = dict[str, Any]
_PYTHON: Json = {
    "string": str,
    "object": dict,
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@attrs.frozen
class Shape:
    """An object schema as a whole.

    `open`: it takes members that it does not name (a schema, or True), else None.
    """

    members: Json
    required: frozenset[str]
    open: Any
    discriminator: str | None
    kind: str | None


class Shapes:
    def __init__(self, contract: Json) -> None:
        self.schemas: Json = contract["components"]["schemas"]

    def resolved(self, schema: Json) -> Json:
        """The schema behind a reference; members beside the reference are laid over it."""
        while "$ref" in schema:
            schema = self.schemas[name_of(schema)] | {
                key: value for key, value in schema.items() if key != "$ref"
            }
        return schema

    def shape(self, schema: Json) -> Shape:
        schema = self.resolved(schema)
        parts = [self.shape(part) for part in schema.get("allOf", [])]
        members: Json = {}
        for part in parts:
            members |= part.members
        more = schema.get("additionalProperties")
        return Shape(
            members | schema.get("properties", {}),
            frozenset(schema.get("required", [])).union(*(p.required for p in parts)),
            next((o for o in (more, *(p.open for p in parts)) if o not in (None, False)), None),
            schema.get("discriminator", {}).get("propertyName")
            or next((p.discriminator for p in parts if p.discriminator), None),
            schema.get("x-discriminator-value"),
        )

    def chosen(self, schema: Json, value: Any) -> Json:
        """The schema that a value is measured by: its kind's, where the schema is of a family and
        the value tells its kind.
        """
        whole = self.resolved(schema)
        options = [s for s in whole.get("anyOf", []) if s.get("type") != "null"]
        if options:
            return self.chosen(options[0], value)
        mapping = whole.get("discriminator", {}).get("mapping", {})
        kind = (
            value.get(whole["discriminator"]["propertyName"])
            if mapping and isinstance(value, dict)
            else None
        )
        if not isinstance(kind, str) or kind not in mapping:
            return whole
        target = self.resolved({"$ref": mapping[kind]})
        return whole if target == whole else self.chosen(target, value)

    def common(self, schema: Json, value: Any) -> Any:
        """As much of a value as a schema has members for that may be sent; of an object that wraps
        a list, where a list is wanted, it.
        """
        whole = self.chosen(schema, value)
        if "items" in whole:
            value = (
                next(v for v in value.values() if isinstance(v, list))
                if isinstance(value, dict)
                else value
            )
            return (
                [self.common(whole["items"], item) for item in value]
                if isinstance(value, list)
                else value
            )
        shape = self.shape(whole)
        if not isinstance(value, dict) or not shape.members:
            return value
        kept = {n: m for n, m in shape.members.items() if n in value and self._takes(m, value[n])}
        return {n: self.common(m, value[n]) for n, m in kept.items()}

    def _takes(self, schema: Json, value: Any) -> bool:
        whole = self.resolved(schema)
        return not whole.get("readOnly") and isinstance(
            value, _PYTHON.get(str(whole.get("type")), object)
        )


def name_of(reference: Json) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]

"""A value that a contract's schema admits: every member of every object once, recursion cut where a
schema meets itself.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_FORMATS = {"date-time": "2024-05-06T07:08:09.1234567Z", "duration": "P1DT2H"}


class Sampler:
    def __init__(self, contract: Json) -> None:
        self.schemas: Json = contract["components"]["schemas"]

    def sample(self, schema: Json, seen: tuple[str, ...] = ()) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            return None if name in seen else self._named(name, (*seen, name))
        if "anyOf" in schema:
            return self.sample(schema["anyOf"][0], seen)
        if schema.get("enum"):
            return schema["enum"][0]
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "array":
            item = self.sample(schema["items"], seen)
            return [] if item is None else [item]
        if kind == "object" or "allOf" in schema:
            return self._object(schema, seen)
        if kind == "string":
            return _FORMATS.get(schema.get("format"), "a b/ä")
        return {"integer": 7, "number": 1.5, "boolean": True}.get(kind, {"any": [None, 1]})

    def _named(self, name: str, seen: tuple[str, ...]) -> Any:
        schema = self.schemas[name]
        mapping = schema.get("discriminator", {}).get("mapping", {})
        if not mapping:
            return self.sample(schema, seen)
        kind, reference = next(iter(mapping.items()))
        value = self.sample(self.schemas[reference.rsplit("/", 1)[-1]], seen)
        return {**value, schema["discriminator"]["propertyName"]: kind}

    def _object(self, schema: Json, seen: tuple[str, ...]) -> Any:
        out: Json = {}
        for part in schema.get("allOf", []):
            found = self.sample(
                self.schemas[part["$ref"].rsplit("/", 1)[-1]] if "$ref" in part else part, seen
            )
            out |= found or {}
        for name, member in schema.get("properties", {}).items():
            value = self.sample(member, seen)
            if value is not None:
                out[name] = value
        if isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties"):
            value = self.sample(schema["additionalProperties"], seen)
            out |= {} if value is None else {"any key": value}
        return out

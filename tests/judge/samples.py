"""Values that a contract's schema admits: the required members alone, or all of them; each kind of
a family in its turn.

Recursion is cut where a schema meets itself: an optional member is left out there, and a list is
empty.
"""

from __future__ import annotations

import re
from typing import Any

from .shapes import Shapes, name_of

Json = dict[str, Any]
ABSENT: Any = object()
UUID = "0b12e5a4-7a4d-4c6f-9d1e-3f5a6b7c8d90"
_FORMATS = {
    "date-time": "2024-05-06T07:08:09.1234567Z",
    "uuid": UUID,
    "uri": "https://contoso.example/a%20b?c=d",
    "url": "https://contoso.example/a%20b?c=d",
    "byte": "YSBi",
    "duration": "P1DT2H",
}
_TEXTS = ("a b/ä", "sample-1", UUID, "sample")
_SCALARS: Json = {"integer": 7, "number": 1.5, "boolean": True}
_ANYTHING = {"any": [1, "b"]}


class Sampler:
    """`full` gives every member of every object. `turn` chooses among kinds and enum values, round
    and round; `turns` is how many turns it takes to have had every kind that was met so far.
    """

    def __init__(self, contract: Json, *, full: bool, turn: int = 0) -> None:
        self.shapes = Shapes(contract)
        self.contract, self.full, self.turn, self.turns = contract, full, turn, 1

    def parameter(self, schema: Json) -> Any:
        """The value of a parameter: a list has two different items where the schema allows it."""
        schema = self.shapes.resolved(schema)
        if schema.get("type") != "array":
            return self.sample(schema)
        first = self.sample(schema["items"])
        other = Sampler(self.contract, full=self.full, turn=self.turn + 1)
        second = other.sample(schema["items"])
        return [first, second] if first != second else [first]

    def sample(self, schema: Json, seen: tuple[str, ...] = ()) -> Any:
        """A value, or ABSENT where only a value without end would do."""
        if "$ref" in schema:
            name = name_of(schema)
            return ABSENT if name in seen else self._named(name, (*seen, name))
        options = [s for s in schema.get("anyOf", []) if s.get("type") != "null"]
        if options:
            return self.sample(options[self.turn % len(options)], seen)
        if schema.get("enum"):
            return schema["enum"][self.turn % len(schema["enum"])]
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "array":
            item = self.sample(schema["items"], seen)
            return [] if item is ABSENT else [item]
        if kind == "object" or "allOf" in schema or "properties" in schema:
            return self._object(schema, seen)
        return text(schema) if kind == "string" else _SCALARS.get(str(kind), _ANYTHING)

    def _named(self, name: str, seen: tuple[str, ...]) -> Any:
        schema = self.shapes.schemas[name]
        mapping = schema.get("discriminator", {}).get("mapping", {})
        if not mapping:
            return self._tagged(schema, self.sample(schema, seen))
        self.turns = max(self.turns, len(mapping))
        kinds = list(mapping.items())
        kind, reference = kinds[self.turn % len(kinds)]
        value = self.sample(self.shapes.schemas[reference.rsplit("/", 1)[-1]], seen)
        return (
            value if value is ABSENT else {**value, schema["discriminator"]["propertyName"]: kind}
        )

    def _tagged(self, schema: Json, value: Any) -> Any:
        """A kind that is named by itself, not by its family, says which it is."""
        shape = self.shapes.shape(schema)
        tagged = value is not ABSENT and shape.discriminator and shape.kind
        return {**value, shape.discriminator: shape.kind} if tagged else value

    def _object(self, schema: Json, seen: tuple[str, ...]) -> Any:
        shape = self.shapes.shape(schema)
        out: Json = {}
        for name, member in shape.members.items():
            if name not in shape.required and not self.full:
                continue
            value = self.sample(member, seen)
            if value is not ABSENT:
                out[name] = value
            elif name in shape.required:
                return ABSENT
        if shape.open is not None and self.full:
            value = self.sample(shape.open if isinstance(shape.open, dict) else {}, seen)
            out |= {} if value is ABSENT else {"any key": value}
        return out


def text(schema: Json) -> str:
    """A string of the format, pattern and length asked for; raises ValueError where none of ours
    fits.
    """
    low, high, pattern = (
        schema.get("minLength", 0),
        schema.get("maxLength"),
        schema.get("pattern", ""),
    )
    for one in [_FORMATS[schema["format"]]] if schema.get("format") in _FORMATS else _TEXTS:
        whole = one if len(one) >= low else one + "x" * (low - len(one))
        whole = whole if high is None else whole[:high]
        if re.search(pattern, whole):
            return whole
    raise ValueError(f"no sample text for {schema}")

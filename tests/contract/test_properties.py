"""Bodies of any shape that a contract admits, and of some that it does not know: read, written and
read again, nothing is lost.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from purview_core import to_json
from purview_core.manifest import Document
from purview_core.model.codec import Registry
from purview_core.model.json_text import dumps, loads
from purview_testing.contracts.facts import ContractSchemas, Shape

from .calling import versions
from .corpus import contract, documents
from .sampling import Json

pytestmark = pytest.mark.level("L3")
SEED, BODIES, DEEPEST = 20_241_127, 50, 5


class Odd:
    """Values of a schema by a source of chance: members that are missing, null or unknown, kinds
    and enum values of the future.
    """

    def __init__(self, schemas: ContractSchemas, random: Random) -> None:
        self._schemas, self._random = schemas, random
        self.nulls = self.unknown = self.kinds = self.enums = 0

    def of(self, schema: Any, depth: int = 0) -> Any:
        shape, kinds = self._schemas.shape(schema), self._schemas.shape(schema).mapping
        if kinds and not self._chance(0.15):
            kind = self._random.choice(sorted(kinds))
            return {
                **self._object(self._schemas.named(kinds[kind]), depth),
                str(shape.discriminator): kind,
            }
        if kinds:
            self.kinds += 1
            return {**self._object(shape, depth), str(shape.discriminator): "Kind of tomorrow"}
        if shape.enum:
            new = self._chance(0.2) and "string" in shape.types
            self.enums += new
            return "value of tomorrow" if new else self._random.choice(shape.enum)
        if "object" in shape.types:
            return self._object(shape, depth)
        if "array" in shape.types:
            return [
                self.of(shape.items, depth + 1)
                for _ in range(self._random.randint(0, 3) if depth < DEEPEST else 0)
            ]
        return self._plain(shape)

    def _object(self, shape: Shape, depth: int) -> Json:
        out: Json = {}
        for name, schema in shape.properties.items():
            if self._chance(0.1):
                self.nulls += 1
                out[name] = None
            elif depth < DEEPEST and self._chance(0.7):
                out[name] = self.of(schema, depth + 1)
        if isinstance(shape.additional, dict) and depth < DEEPEST:
            out |= {
                f"key {i}": self.of(shape.additional, depth + 1)
                for i in range(self._random.randint(0, 2))
            }
        if self._chance(0.2):
            self.unknown += 1
            out["x member of tomorrow"] = {"a": [None, 1.5, {"b": "ä"}]}
        return out

    def _plain(self, shape: Shape) -> Any:
        kind = next((t for t in shape.types if t != "null"), "any")
        if kind == "string":
            date = shape.facts.get("format") == "date-time"
            return (
                "2024-05-06T07:08:09.1234567Z"
                if date
                else self._random.choice(["", "a b/ä", "\u2028", "'\"\\", "007"])
            )
        whole = self._random.choice([0, -1, 2**31, 2**53])
        return {"integer": whole, "number": whole + 0.5, "boolean": self._chance(0.5)}.get(
            kind, {"any": [None, whole]}
        )

    def _chance(self, of_one: float) -> bool:
        return self._random.random() < of_one


@pytest.mark.parametrize("document", documents(), ids=str)
def test_bodies_come_back_equal(document: Document) -> None:
    version = next(v for v in versions() if v.document == document)
    schemas, tried = ContractSchemas(contract(document)["components"]["schemas"]), 0
    bodies = {
        case.operation.body.type: case
        for case in version.cases
        if case.json_body and case.operation.body
    }
    for text, case in bodies.items():
        load = Registry.get(case.operation.models).loader(text) or _same
        for number in range(BODIES):
            raw = Odd(schemas, Random(f"{SEED} {text} {number}")).of(case.body_schema)
            value = load(raw)
            assert raw == to_json(value), (SEED, text, number)
            again = load(loads(dumps(to_json(value))))
            assert (value, raw) == (again, to_json(again)), (SEED, text, number)
            tried += 1
    print(f"\nseed {SEED}: {tried} bodies of {len(bodies)} types")
    assert BODIES * len(bodies) == tried


def _same(value: Any) -> Any:
    return value


def test_the_bodies_are_odd_enough() -> None:
    """Every kind of oddity is among them."""
    document = next(d for d in documents() if d.plane == "scanning" and d.default)
    version = next(v for v in versions() if v.document == document)
    odd = Odd(ContractSchemas(contract(document)["components"]["schemas"]), Random(SEED))
    for _ in range(BODIES):
        for case in version.cases:
            if case.json_body:
                odd.of(case.body_schema)
    assert min(odd.nulls, odd.unknown, odd.kinds, odd.enums) > BODIES

"""Answers are cut to what their schemas have."""

from __future__ import annotations

from typing import Any

import pytest

from purview_testing.contracts.facts import ContractSchemas
from purview_testing.contracts.samples import exactly

SCHEMAS = {
    "Item": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "n": {"type": "integer"},
            "any": {},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "free": {"type": "object"},
            "inner": {"$ref": "#/components/schemas/Item"},
        },
        "required": ["id"],
    }
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"id": "a", "n": 1, "any": {"x": None}, "free": {"x": 1}},
            {"id": "a", "n": 1, "any": {"x": None}, "free": {"x": 1}},
        ),
        ({"id": "a", "other": 1}, {"id": "a"}),
        ({"id": "a", "n": 1.5}, {"id": "a"}),
        ({"id": 1, "n": "x"}, {"id": 1}),
        ({"id": "a", "map": {"x": "y", "z": 1}}, {"id": "a", "map": {"x": "y"}}),
        ({"id": "a", "inner": {"id": "b", "other": 1}}, {"id": "a", "inner": {"id": "b"}}),
        ({"id": "a", "inner": {"n": 1}}, {"id": "a"}),
    ],
)
def test_an_exact_answer_leaves_out_what_its_schema_does_not_have(
    value: Any, expected: Any
) -> None:
    schemas, item = ContractSchemas(SCHEMAS), {"$ref": "#/components/schemas/Item"}
    assert expected == exactly(schemas, item, value)
    assert [expected] == exactly(schemas, {"type": "array", "items": item}, [value])

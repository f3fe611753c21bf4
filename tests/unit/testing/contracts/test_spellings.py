"""A member that the service spells otherwise than its document.

The checks take both spellings, samples have that of the service.
"""

from __future__ import annotations

import pytest

from purview_testing.contracts.facts import ContractSchemas
from purview_testing.contracts.samples import Examples
from purview_testing.contracts.schema_check import Checker

SCHEMAS = ContractSchemas(
    {
        "Base": {
            "type": "object",
            "properties": {
                "timeZone": {"type": "string", "x-live-name": "timezone"},
                "every": {"type": "integer"},
            },
        },
        "Derived": {
            "type": "object",
            "allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"a": {}}}],
        },
    }
)


@pytest.mark.parametrize("name", ["Base", "Derived"])
@pytest.mark.parametrize("request_", [True, False])
def test_both_spellings_are_the_member(name: str, request_: bool) -> None:
    checker, schema = Checker(SCHEMAS, request=request_), {"$ref": f"#/components/schemas/{name}"}
    for spelling in ("timezone", "timeZone"):
        assert [] == list(checker.check(schema, {spelling: "UTC", "every": 1}))
        assert [f"/{spelling}"] == [d.where for d in checker.check(schema, {spelling: 5})]
    assert ["unknown"] == [d.kind for d in checker.check(schema, {"TIMEZONE": "UTC"})]


def test_samples_have_the_spelling_of_the_service() -> None:
    assert {"timezone", "every"} == set(
        Examples(SCHEMAS, "seed").of({"$ref": "#/components/schemas/Base"})
    )

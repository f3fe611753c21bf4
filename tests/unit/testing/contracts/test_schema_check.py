"""Values are judged by their schemas as outside validators judge them."""

from __future__ import annotations

from typing import Any

import pytest

from purview_testing.contracts.facts import ContractSchemas
from purview_testing.contracts.samples import Examples
from purview_testing.contracts.schema_check import Checker


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("P7D", 0),
        ("P2W", 0),
        ("P1Y2M3DT4H5M6.7S", 0),
        ("PT1H", 0),
        ("P", 1),
        ("P1DT", 1),
        ("7D", 1),
        ("P1W2D", 1),
        ("", 1),
    ],
)
def test_a_duration_is_judged_by_its_form(text: str, number: int) -> None:
    schema = {"type": "string", "format": "duration"}
    assert number == len(list(Checker(ContractSchemas({})).check(schema, text)))
    assert [] == list(
        Checker(ContractSchemas({})).check(schema, Examples(ContractSchemas({}), text).of(schema))
    )


def test_an_item_is_a_duplicate_only_where_the_schema_says_so() -> None:
    schema = {"type": "array", "uniqueItems": True, "items": {}}
    checker = Checker(ContractSchemas({}))
    assert [] == list(checker.check(schema, ["a", "b", {"c": 1}, {"c": 2}]))
    assert ["duplicate"] == [d.kind for d in checker.check(schema, ["a", {"c": 1}, {"c": 1}])]
    assert [] == list(checker.check({**schema, "uniqueItems": False}, ["a", "a"]))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "format": "int32"}, [2**31 - 1, -(2**31)], [2**31, -(2**31) - 1]),
        ({"type": "integer", "format": "int64"}, [2**63 - 1, -(2**63)], [2**63, -(2**63) - 1]),
        ({"type": "integer"}, [2**70], []),
        (
            {"type": "string", "format": "uri"},
            ["https://a.b/c%20d?e=f#g", "urn:x:y", "mailto:a@b"],
            ["", "a/b", "https://a b", "https://a/ä", "https://a/%2", "1a:b"],
        ),
    ],
)
def test_a_value_is_judged_by_its_format(schema: Any, good: list[Any], bad: list[Any]) -> None:
    checker = Checker(ContractSchemas({}))
    assert [] == [value for value in good if list(checker.check(schema, value))]
    assert ["format"] * len(bad) == [d.kind for value in bad for d in checker.check(schema, value)]

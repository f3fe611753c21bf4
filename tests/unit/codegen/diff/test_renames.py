"""Which Python names are one thing under two names: what the diff paired, never what merely
stands at the same place.
"""

from __future__ import annotations

from typing import Any

import pytest

from purview_codegen.diff.changes import Diff
from purview_codegen.diff.diff import diff
from purview_codegen.diff.renames import Rename, touched

from .test_diff import EXTRA, OP, Json, at, contract, member

NAMES = {
    "operation Pets_Put": "pets.put pet_id top kind body",
    "model Both": "count when state labels names",
    "enum Kind": "CAT DOG",
}


def renames(old: Json, new: Json, **changed: str) -> list[tuple[str, str, str]]:
    after = {key: changed.get(key.split(" ")[1], text) for key, text in NAMES.items()}
    return [
        (r.kind, r.old, r.new)
        for r in touched("zoo", "2024-01-01", NAMES, after, diff(old, new, "zoo"))
    ]


def test_an_argument_in_the_place_of_another_is_not_that_one() -> None:
    new = contract()
    at(new, *OP, "parameters")[2] = {**EXTRA, "schema": {"type": "boolean"}}
    got = renames(contract(), new, Pets_Put="pets.put pet_id top extra body")
    assert [("argument", "pets.put kind", "")] == got


@pytest.mark.parametrize(
    ("wire", "python"), [("x-top", "x_top"), ("topN", "top_n"), ("maxTop", "")]
)
def test_a_renamed_parameter_is_a_renamed_argument(wire: str, python: str) -> None:
    """Where the two are close: an alias hands the value on, so a guess would send it as
    something else.
    """
    new = contract()
    at(new, *OP, "parameters")[1]["name"] = wire
    got = renames(contract(), new, Pets_Put=f"pets.put pet_id {python or 'max_top'} kind body")
    assert [("argument", "pets.put top", python)] == got


def test_a_form_field() -> None:
    old, new = contract(), contract()
    for found, name in ((old, "inputStream"), (new, "file")):
        body = at(found, *OP, "requestBody")
        body["content"] = {"multipart/form-data": body["content"]["application/json"]}
        found["components"]["schemas"]["In"]["properties"] = {
            name: {"type": "string", "format": "binary"}
        }
    before, after = (
        {**NAMES, "operation Pets_Put": f"pets.put pet_id {name}"}
        for name in ("input_stream", "file")
    )
    got = touched("zoo", "2024-01-01", before, after, diff(old, new, "zoo"))
    assert [Rename("zoo", "2024-01-01", "argument", "pets.put input_stream", "file")] == got


def test_members_of_a_class() -> None:
    new = contract()
    for name, value in (
        ("when", None),
        ("wing", {"type": "boolean"}),
        ("names", None),
        ("namesOf", {"$ref": "#/components/schemas/Names"}),
    ):
        member("Both", name, value)(new)  # type: ignore[arg-type]
    got = renames(contract(), new, Both="count wing state labels names_of")
    assert [("member", "Both.names", "names_of"), ("member", "Both.when", "")] == got


def test_values_of_an_enum() -> None:
    new: dict[str, Any] = contract()
    new["components"]["schemas"]["Kind"].update(
        {"enum": ["Cat", "cow"], "x-enum-varnames": ["FELINE", "COW"]}
    )
    assert [("value", "Kind.CAT", "FELINE"), ("value", "Kind.DOG", "")] == renames(
        contract(), new, Kind="FELINE COW"
    )


def test_where_the_contracts_agree_the_order_tells() -> None:
    after = NAMES | {"operation Pets_Put": "pets.put pet_id at_most kind body"}
    got = touched("zoo", "2024-01-01", NAMES, after, Diff((), {}, {}))
    assert [Rename("zoo", "2024-01-01", "argument", "pets.put top", "at_most")] == got


POLLED = {"status": "/status"}


@pytest.mark.parametrize("new_name", ["put", "replace"])
@pytest.mark.parametrize("starts", [True, False])
def test_a_poller_is_no_value(new_name: str, *, starts: bool) -> None:
    """A method that starts or stops to go on in the background is lost under its old name,
    whatever else it is called now.
    """
    old, new = contract(), contract()
    at(new if starts else old, *OP)["x-long-running"] = POLLED
    names = [
        f"{'begin_' if polled else ''}{name}"
        for polled, name in ((not starts, "put"), (starts, new_name))
    ]
    before, after = (
        {**NAMES, "operation Pets_Put": f"pets.{name} pet_id top kind body"} for name in names
    )
    got = touched("zoo", "2024-01-01", before, after, diff(old, new, "zoo"))
    assert [Rename("zoo", "2024-01-01", "method", f"pets.{names[0]}", "")] == got
    where_they_agree = touched("zoo", "2024-01-01", before, after, Diff((), {}, {}))
    assert got == where_they_agree


def test_a_poller_under_another_name_is_one_still() -> None:
    before, after = (
        {**NAMES, "operation Pets_Put": f"pets.begin_{name} pet_id top kind body"}
        for name in ("put", "set")
    )
    got = touched("zoo", "2024-01-01", before, after, Diff((), {}, {}))
    assert [Rename("zoo", "2024-01-01", "method", "pets.begin_put", "pets.begin_set")] == got

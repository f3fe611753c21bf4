"""Names that users hold: groups, methods, arguments, classes."""

from __future__ import annotations

from typing import Any

import pytest

from purview_codegen.errors import GateError
from purview_codegen.package.names import operation_names

from .inline import contract_of, operation, plan_of, swagger


def methods_of(*ids: str) -> dict[str, str]:
    plan = plan_of(swagger({f"/{i}": {"get": operation(oid)} for i, oid in enumerate(ids)}))
    return {op.id: f"{op.name.group}.{op.method}" for op in plan.operations}


@pytest.mark.parametrize(
    ("oid", "expected"),
    [
        ("Scans_Get", "scans.get"),
        ("DataSources_ListAll", "data_sources.list_all"),
        ("Glossary_ListGlossaries", "glossary.list"),
        ("Glossary_GetGlossaryByGuid", "glossary.get_by_guid"),
        ("Glossary_ListGlossaryTerms", "glossary.list_glossary_terms"),
        ("Glossary_GetDetailedGlossary", "glossary.get_detailed"),
        ("DataSources_DeleteDataSource", "data_sources.delete"),
        ("Type_Import", "type.import_"),
        ("Type_List", "type.list"),
        ("Get", "operations.get"),
    ],
)
def test_method_names(oid: str, expected: str) -> None:
    assert {oid: expected} == methods_of(oid)


def test_a_noun_stays_where_two_methods_would_meet() -> None:
    expected = {"Type_GetType": "type.get_type", "Type_Get": "type.get"}
    assert expected == methods_of("Type_GetType", "Type_Get")


def test_a_noun_stays_in_every_version_once_one_has_the_clash() -> None:
    one = contract_of(swagger({"/a": {"get": operation("Type_GetType")}}))
    two = contract_of(
        swagger({"/a": {"get": operation("Type_GetType")}, "/b": {"get": operation("Type_Get")}})
    )
    names = operation_names({"1": one, "2": two}, {})
    assert "get_type" == names["1"]["Type_GetType"].method == names["2"]["Type_GetType"].method


def test_the_overlay_names_a_method() -> None:
    document = swagger({"/a": {"get": operation("Type_Odd")}})
    assert "kinds.find" == "{0.group}.{0.method}".format(
        plan_of(document, {"Type_Odd": "kinds.find"}).operations[0].name
    )


def test_two_operations_of_one_name_fail() -> None:
    with pytest.raises(GateError, match=r"A_Get and A_get are both a\.get"):
        methods_of("A_Get", "A_get")


def test_two_members_of_one_name_fail_or_are_told_apart() -> None:
    members: dict[str, Any] = {
        "a-b": {"type": "string"},
        "a b": {"type": "string"},
        "a_b": {"type": "integer"},
    }
    schema = {"type": "object", "properties": members}
    try:
        plan = plan_of(
            swagger(
                {"/a": {"get": operation("A_Get", answer={"$ref": "#/definitions/X"})}},
                {"X": schema},
            )
        )
    except GateError:
        return
    assert 3 == len({f.name for f in plan.classes["X"].fields})


def test_classes_that_meet_fail() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    with pytest.raises(GateError, match="/components/schemas/foo_bar"):
        plan_of(swagger({}, {"FooBar": schema, "foo_bar": schema}))

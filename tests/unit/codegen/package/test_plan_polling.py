"""What is generated for long-running operations: which marks hold, what they may give, and what
to ask for their state.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from purview_codegen.contract.overlay import Overlay, apply
from purview_codegen.contract.shape import shape
from purview_codegen.errors import GateError, IntegrityError
from purview_codegen.package.docs import Docs
from purview_codegen.package.names import operation_names
from purview_codegen.package.plan import plan
from purview_codegen.package.render import render_plane
from purview_codegen.package.words import AllWords
from purview_core.manifest import PlaneEntry

Json = dict[str, Any]
VERSION = "2024-01-01"
PLANE = PlaneEntry("mine", "mine", "Mine", "A plane.", "account", (), ())
STRING = {"type": "string"}
SCHEMAS: Json = {
    "Thing": {"type": "object", "properties": {"name": STRING, "size": {"type": "integer"}}},
    "Other": {"type": "object", "properties": {"name": STRING}},
    "Work": {
        "type": "object",
        "properties": {"id": STRING, "status": STRING, "error": {"type": "object"}},
    },
}


def answers(kind: str | None, status: int = 202) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}}
    return {str(status): {"description": "", **({"content": content} if kind else {})}}


def operation(
    oid: str, kind: str | None, *, status: int = 202, more: list[Json] | None = None
) -> Json:
    named = {"name": "name", "in": "path", "required": True, "schema": STRING}
    return {
        "operationId": oid,
        "parameters": [named, *(more or [])],
        "responses": answers(kind, status),
        **({"x-ms-long-running-operation": True} if status != 200 else {}),
    }


def source(paths: Json, facts: Json | None = None) -> str:
    """The module of the group `things`, on one line a statement."""
    document = {
        "openapi": "3.0.0",
        "info": {"version": VERSION},
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }
    overlay = Overlay("mine.toml", {}, {}, (), long_running=facts or {})
    contract = apply(shape(document, "mine"), overlay)
    names = operation_names({VERSION: contract}, {})[VERSION]
    planned = plan(contract, names)
    docs = Docs(contract, planned, (), AllWords().of("mine"))
    return re.sub(r"\s+", " ", render_plane(planned, PLANE, docs)["operations/things.py"])


GET: Json = {"get": operation("Things_Get", "Thing", status=200)}


@pytest.mark.parametrize("action", ["/{x}:stop", "/{x}/:stop", "/{x}/stop"])
def test_an_action_asks_for_what_it_changes(action: str) -> None:
    path = f"/things{action.replace('{x}', '{name}')}"
    found = source({"/things/{name}": GET, path: {"post": operation("Things_Stop", "Thing")}})
    facts = "None, 'Thing', resource='/things/{name}', ask_with='things.get'"
    assert f"_d.Polling({facts})" in found
    assert "def begin_stop(self, name: str) -> Poller[Thing]" in found


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (
            {"/things/{name}:stop": {"post": operation("Things_Stop", "Thing")}},
            "Thing | OperationStatus",
        ),
        (
            {
                "/things/{name}": GET,
                "/things/{name}:stop": {"post": operation("Things_Stop", "Other")},
            },
            None,
        ),
        ({"/things/{name}": {**GET, "patch": operation("Things_Stop", "Thing")}}, "Thing"),
        (
            {"/things/{name}": {**GET, "put": operation("Things_Stop", "Thing", status=201)}},
            "Thing",
        ),
        (
            {"/things/{name}": {**GET, "delete": operation("Things_Stop", "Thing")}},
            "Thing | OperationStatus",
        ),
        ({"/things/{name}:stop": {"post": operation("Things_Stop", "Work")}}, "Work"),
        ({"/things/{name}:stop": {"post": operation("Things_Stop", None)}}, "None"),
    ],
)
def test_the_type_says_where_a_status_may_be_all_there_is(
    paths: Json, expected: str | None
) -> None:
    found = re.search(r"def begin_stop\(self, name: str\) -> Poller\[([^\]]+)\]", source(paths))
    assert found is not None
    assert (expected or "Other | OperationStatus") == found[1]


def test_a_resource_whose_get_needs_more_is_not_asked_for() -> None:
    needed = {"name": "scope", "in": "query", "required": True, "schema": STRING}
    get = {"get": operation("Things_Get", "Thing", status=200, more=[needed])}
    found = source(
        {"/things/{name}": get, "/things/{name}:stop": {"post": operation("Things_Stop", "Thing")}}
    )
    assert "resource=" not in found
    assert "Poller[Thing | OperationStatus]" in found


@pytest.mark.parametrize(
    ("responses", "marked"),
    [
        (answers(None, 204), False),
        ({**answers(None, 204), "default": {"description": ""}}, False),
        ({**answers(None, 204), **answers(None, 202)}, True),
        (answers(None, 202), True),
        (answers("Thing", 200), True),
    ],
)
def test_a_mark_on_what_answers_204_alone_is_no_mark(responses: Json, marked: bool) -> None:
    document = {
        "openapi": "3.0.0",
        "info": {"version": VERSION},
        "paths": {
            "/things/{name}": {
                "delete": {**operation("Things_Delete", None), "responses": responses}
            }
        },
    }
    made = shape(document, "mine")["paths"]["/things/{name}"]["delete"]
    assert marked == ("x-long-running" in made)


def test_what_to_ask_is_a_fact_that_has_to_hold() -> None:
    paths = {
        "/things/{name}": GET,
        "/jobs/{name}": {"get": operation("Works_GetState", "Work", status=200)},
        "/things/{name}:stop": {"post": operation("Things_Stop", "Work")},
    }
    assert "ask_with='works.get_state'" in source(
        paths, {"Things_Stop": {"ask-with": "Works_GetState"}}
    )
    assert "ask_with='works.get_state'" in source(
        paths, {"Things_Stop": {"status-path": "/jobs/{id}"}}
    )
    with pytest.raises(
        GateError, match=r"ask-with names no operation: Works_Gone: Things_Stop: /paths"
    ):
        source(paths, {"Things_Stop": {"ask-with": "Works_Gone"}})
    with pytest.raises(GateError, match="x-long-running knows no 'asks'"):
        source(paths, {"Things_Stop": {"asks": "Works_GetState"}})


@pytest.mark.parametrize("table", ["paging", "long_running"])
def test_an_entry_of_an_overlay_has_all_its_parts(table: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        f'[[{table}]]\noperations = ["A"]\nfacts = {{ ask-with = "B" }}\nreason = "r"\n',
        encoding="utf-8",
    )
    with pytest.raises(
        IntegrityError, match=f"overlay mine.toml: {table} 1 lacks or does not know link"
    ):
        Overlay.read(path)
    path.write_text(
        path.read_text(encoding="utf-8") + 'link = "https://l.example"\n', encoding="utf-8"
    )
    overlay = Overlay.read(path)
    assert {"A": {"ask-with": "B"}} == getattr(overlay, table)
    with pytest.raises(IntegrityError, match=rf"\[{table}\] names no operation any more: A"):
        overlay.check({VERSION: {"paths": {}}})

"""Text of a document is never code, and no name in it can break the module that it lands in."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from .inline import operation, package_of, swagger

BREAKOUT = '"); raise SystemExit("ran") #'
ENDS_DOCSTRING = '"""\nraise SystemExit("ran")\n"""'
WORDS = [
    *(
        "and",
        "or",
        "in",
        "self",
        "from_dict",
        "to_dict",
        "additional_properties",
        "additionalProperties",
        "class",
        "None",
    ),
    *(
        "__class__",
        "__init__",
        "type",
        "list",
        "dict",
        "str",
        "int",
        "field",
        "wire",
        "define",
        "datetime",
        "value",
        "_raw",
        "_came",
    ),
    *(
        "m",
        "_d",
        "TYPE_CHECKING",
        "cls",
        "kind",
        "print",
        "import",
        "a b",
        "ä",
        "x-y",
        "@odd.name",
        "Any",
        "Model",
    ),
]
VALUES = [
    BREAKOUT,
    ENDS_DOCSTRING,
    "\\",
    "'",
    "\n",
    "\u2028",
    "",
    " ",
    "None",
    "import os",
    "a",
    "A",
    "1",
    "-1",
    "mro",
    "name",
]


def hostile() -> dict[str, Any]:
    text = {"type": "string", "description": ENDS_DOCSTRING, "title": BREAKOUT}
    names = [
        "Any",
        "Model",
        "Operation",
        "List",
        "Field",
        "Define",
        "Enum",
        "Client",
        "Group",
        "None",
        "class",
        "Object",
    ]
    definitions: dict[str, Any] = {
        name: {
            "type": "object",
            "title": "Same",
            "properties": {"x": text, "next": {"$ref": "#/definitions/Any"}},
        }
        for name in names
    }
    definitions["Words"] = {
        "type": "object",
        "required": ["and", "type"],
        "properties": dict.fromkeys(WORDS, text),
    }
    definitions["Words"]["properties"][BREAKOUT] = text
    definitions["Words"]["properties"]["when"] = {"type": "string", "format": "date-time"}
    definitions["Words"]["properties"]["odd"] = {"type": "string", "enum": VALUES}
    definitions["Base"] = {
        "type": "object",
        "discriminator": "kind",
        "required": ["kind"],
        "properties": {"kind": text},
    }
    for i, value in enumerate((BREAKOUT, ENDS_DOCSTRING)):
        definitions[f"Sub{i}"] = {
            "allOf": [{"$ref": "#/definitions/Base"}],
            "x-ms-discriminator-value": value,
        }
    query = [
        {"name": name, "in": "query", "type": "string"}
        for name in ("class", "self_", "list", "body_", BREAKOUT)
    ]
    path = {"name": "class", "in": "path", "type": "string", "required": True}
    answer = {"$ref": "#/definitions/Words"}
    bases = {"type": "array", "items": {"$ref": "#/definitions/Base"}}
    return swagger(
        {
            f"/{BREAKOUT}/{ENDS_DOCSTRING.replace(chr(10), chr(32))}".replace("#", "="): {
                "get": operation("List_list", *query, answer=answer, summary=ENDS_DOCSTRING)
            },
            "/x/{class}": {
                "get": operation("Class_class", path, answer=bases),
                "delete": operation("Class___class__", path),
            },
            "/y": {"get": operation("Type_import", answer={"$ref": "#/definitions/Model"})},
        },
        definitions,
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return package_of(hostile(), tmp_path_factory.mktemp("hostile"), "hostile_plane")


def test_every_module_is_valid_and_runs_nothing(package: Any) -> None:
    assert "2024-01-01" == package.API_VERSION


def test_only_declared_calls_stand_in_generated_modules(package: Any) -> None:
    allowed = {
        "_field",
        "_only",
        "_wire",
        "define",
        "_lazy_dir",
        "_lazy_index",
        "_lazy_names",
        "rpartition",
    }
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr
                    if isinstance(node.func, ast.Attribute)
                    else getattr(node.func, "id", "?")
                )
                on_runtime = isinstance(node.func, ast.Attribute) and getattr(
                    node.func.value, "id", ""
                ) in (
                    "_d",
                    "self",
                )
                assert (
                    on_runtime or name in allowed or name[0].isupper() or name.startswith("Async")
                ), (path.name, name)


def test_odd_members_keep_their_wire_names(package: Any) -> None:
    raw = {name: f"<{name}>" for name in [*WORDS, BREAKOUT]}
    words = package.models.Words.from_dict(raw)
    assert raw == words.to_dict()
    values = [getattr(words, a.name) for a in attrs.fields(type(words)) if a.name != "_came"]
    assert sorted(raw.values()) == sorted(v for v in values if v is not None)


def test_enum_values_are_exact(package: Any) -> None:
    enum = next(
        value
        for name in dir(package.models)
        if name.endswith("Odd")
        for value in [getattr(package.models, name)]
    )
    assert VALUES == [member.value for member in enum]


def test_discriminator_values_reach_their_classes(package: Any) -> None:
    for i, value in enumerate((BREAKOUT, ENDS_DOCSTRING)):
        found = package.models.Base.from_dict({"kind": value})
        assert f"Sub{i}" == type(found).__name__


def test_shadowing_schemas_are_usable(package: Any) -> None:
    model = package.models.Model(x="1", next_=package.models.Any_(x="2"))
    assert {"x": "1", "next": {"x": "2"}} == model.to_dict()
    assert package.models.Any_ is type(package.models.Model.from_dict(model.to_dict()).next_)


def test_calls_reach_the_wire(package: Any) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[{"kind": BREAKOUT}])

    with package.InlineClient(
        "https://contoso.purview.azure.com", transport=httpx.MockTransport(handler)
    ) as client:
        group = importlib.import_module(f"{package.__name__}.operations").OPERATIONS["Class_class"]
        (answer,) = getattr(getattr(client, group.group), group.name)("a/b")
    assert "Sub0" == type(answer).__name__
    assert b"/inline/x/a%2Fb?api-version=2024-01-01" == seen[0].url.raw_path

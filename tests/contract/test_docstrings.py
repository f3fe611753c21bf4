"""Every class and every method says what its types do not, as far as the contracts know it."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import purview_dataplane
from purview_codegen.package.adapter import class_name
from purview_core import Model
from purview_core.model.codec import codec

ROOT = Path(__file__).parent.parent.parent
PLANES = sorted(purview_dataplane.PLANES.values(), key=lambda plane: plane.name)
pytestmark = [
    pytest.mark.level("L0"),
    pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name),
]


def contract(plane: Any) -> dict[str, Any]:
    path = ROOT / "specs" / "contracts" / plane.name / f"{plane.version}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def text_of(thing: Any) -> str:
    return " ".join((vars(thing).get("__doc__") or "").split())


def test_every_class_says_where_it_goes(plane: Any) -> None:
    models = importlib.import_module(f"{plane.package}.models")
    kinds = [getattr(models, name) for name, where in models._WHERE.items() if where != "enums"]
    assert kinds
    for kind in kinds:
        assert issubclass(kind, Model)
        assert text_of(kind), kind


def test_every_method_says_what_it_returns_and_raises(plane: Any) -> None:
    operations = importlib.import_module(f"{plane.package}.operations").OPERATIONS
    for operation in operations.values():
        module = importlib.import_module(f"{plane.package}.operations.{operation.group}")
        classes = [c for _, c in inspect.getmembers(module, inspect.isclass)]
        groups = [c for c in classes if hasattr(c, operation.name) and c.__name__[0] != "_"]
        assert 2 == len(groups), operation.id
        (doc,) = {str(inspect.getdoc(getattr(group, operation.name))) for group in groups}
        assert f"{operation.method} {operation.path}" in doc  # the same for sync and async
        for status in (s for s in operation.responses if str(s)[0] == "2"):
            assert str(status) in doc.partition("Returns:")[2], operation.id
        assert "HttpError" in doc.partition("Raises:")[2]


def facts(member: dict[str, Any]) -> list[str]:
    """What has to stand in the docstring for a member, in words that any wording would have."""
    found = [str(member[key]) for key in ("minLength", "maxLength", "pattern") if key in member]
    found += ["UUID"] * (member.get("format") == "uuid")
    found += ["set by the service"] * bool(member.get("readOnly"))
    return found + ["secret"] * bool(member.get("x-secret"))


def test_the_facts_of_members_are_in_the_docstrings(plane: Any) -> None:
    models = importlib.import_module(f"{plane.package}.models")
    for name, schema in contract(plane)["components"]["schemas"].items():
        kind = getattr(models, class_name(name), None)
        if not (inspect.isclass(kind) and issubclass(kind, Model)):
            continue
        own = {
            wire: member
            for part in (schema, *schema.get("allOf", ()))
            for wire, member in part.get("properties", {}).items()
        }
        above = " ".join(text_of(c) for c in kind.__mro__ if issubclass(c, Model))
        names = {wire: f.name for f in codec(kind).fields.values() for wire in f.wires}
        for wire, member in own.items():
            told = above.partition(f" {names[wire]}: ")[2]
            for fact in facts(member):
                assert fact.casefold() in told.casefold(), (kind, wire, fact)

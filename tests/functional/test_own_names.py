"""Any operationId and any name of a schema gives a package that works, or one line that refuses
it.
"""

from __future__ import annotations

import itertools
import json
import keyword
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purview_codegen.errors import CommandError
from purview_codegen.identifiers import folded, module
from purview_codegen.package.adapter import class_name
from purview_codegen.package.names import CLIENT
from purview_codegen.source.inspect import inspect
from purview_core.client.client import Group

from .calling import call_all
from .inline import Json, contract_of, operation, package_of, plan_of, swagger

LAYOUT = [
    "operations",
    "models",
    "client",
    "enums",
    "common",
    "init",
    "facade",
    "upstream",
    "typing",
    "purview_core",
]
PUBLIC = sorted(name for name in CLIENT if not name.startswith("_"))
DEVICES = ["con", "prn", "aux", "nul", "com1", "com9", "lpt1", "COM1", "Nul"]
WORDS = [
    "list",
    "str",
    "int",
    "dict",
    "datetime",
    "m",
    "d",
    "type",
    "class",
    "import",
    "self",
    "None",
    "property",
    "super",
]
TAKEN = [
    *LAYOUT,
    *PUBLIC,
    *DEVICES,
    *WORDS,
    "_d",
    "_list",
    "__init__",
    "__class__",
    "OPERATIONS",
    "TYPE_CHECKING",
    "Inline",
]
FOLDED = [
    "\uff26\uff55\uff4c\uff4c",
    "\ufb01le",
    "\u017fcan",
    "Ⅷ",
    "\uff43\uff4f\uff4e",
    "\uff43\uff4c\uff41\uff53\uff53",
    "ªb",
    "İ",
    "ŉ",
    "ß",
    "日本",
    "имя",
    "a b",
    "a\u3000b",
    "x\u200dy",
    "हिन्दी",
]
_numbers = itertools.count()


def made(ids: list[str], schemas: Json, folder: Path) -> Any:
    """A package with an operation of each id, which takes and gives each schema in turn; None where
    one line refuses it.
    """
    shown = [
        {"$ref": "#/definitions/" + name.replace("~", "~0").replace("/", "~1")} for name in schemas
    ] or [{}]
    paths = {}
    for i, oid in enumerate(ids):
        body = {"name": "body", "in": "body", "schema": shown[i % len(shown)]}
        value = {"name": f"{oid}_", "in": "query", "type": "string"}
        paths[f"/{i}"] = {"post": operation(oid, body, value, answer=shown[i % len(shown)])}
    document = swagger(paths, schemas)
    try:
        return package_of(document, folder, f"own_names_{next(_numbers)}")
    except CommandError as error:
        refusal = str(error)
    assert 1 == len(refusal.splitlines())
    return None


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("pattern", ["{}_List", "Things_{}", "{}", "{0}_{0}"])
def test_names_that_a_package_uses_itself(tmp_path: Path, name: str, pattern: str) -> None:
    oid = pattern.format(name)
    package = made(
        [oid], {"Thing": {"type": "object", "properties": {"x": {"type": "string"}}}}, tmp_path
    )
    assert package is not None
    assert {oid} == call_all(package).keys()


def test_all_of_them_side_by_side(tmp_path: Path) -> None:
    ids = [f"{name}_List" for name in dict.fromkeys(name.lower().strip("_") for name in TAKEN)]
    assert {*ids} == call_all(made(ids, {}, tmp_path)).keys()


@pytest.mark.parametrize("name", [*TAKEN, *FOLDED])
def test_schemas_and_members_of_any_name(tmp_path: Path, name: str) -> None:
    kinds: Json = {
        name: {
            "type": "object",
            "discriminator": "kind",
            "properties": {"kind": {"type": "string"}, name: {"type": "string"}},
        },
        "Sub": {
            "allOf": [{"$ref": f"#/definitions/{name}"}],
            "properties": {"more": {"type": "array", "items": {"type": "string"}}},
        },
    }
    package = made(["A_Do"], kinds, tmp_path)
    assert package is not None
    call_all(package)
    raw = {"kind": "Sub", name: "x", "more": ["y"]}
    (base,) = [
        c for n in dir(package.models) for c in [getattr(package.models, n)] if "_kinds" in vars(c)
    ]
    found = base.from_dict(raw)
    assert ("Sub", raw) == (type(found).__name__, found.to_dict())
    (member,) = [n for n in type(found).__signature__.parameters if getattr(found, n, None) == "x"]
    assert raw == package.models.Sub(**{member: "x", "more": ["y"]}).to_dict()


@pytest.mark.parametrize("name", FOLDED)
def test_letters_that_python_reads_as_others(tmp_path: Path, name: str) -> None:
    package = made([f"{name}_{name}", name], {}, tmp_path)
    assert package is None or {f"{name}_{name}", name} == call_all(package).keys()
    for op in (
        plan_of(swagger({"/x": {"get": operation(f"{name}_{name}")}})).operations if package else ()
    ):
        assert folded(op.name.group) == op.name.group
        assert folded(op.method) == op.method


def test_two_names_that_python_takes_for_one() -> None:
    with pytest.raises(CommandError, match=r"are both a\.full"):
        plan_of(
            swagger(
                {
                    "/1": {"get": operation("A_\uff46\uff55\uff4c\uff4c")},
                    "/2": {"get": operation("A_full")},
                }
            )
        )


@pytest.mark.parametrize(("one", "other"), [("Straße", "Strasse"), ("\ufb01le", "FILE")])
def test_groups_of_one_file(tmp_path: Path, one: str, other: str) -> None:
    """File systems that know no case take some names for one: such groups are one, or one line says
    that they meet.
    """
    package = made([f"{one}_Get", f"{other}_List"], {}, tmp_path)
    files = (
        [p.stem.casefold() for p in (Path(package.__file__).parent / "operations").iterdir()]
        if package
        else []
    )
    assert len(set(files)) == len(files)


def test_no_file_of_any_package_is_a_device_or_differs_by_case_alone(tmp_path: Path) -> None:
    schemas: Json = {
        name: {
            "type": "object",
            "discriminator": "kind",
            "properties": {"kind": {"type": "string"}},
        }
        for name in dict.fromkeys(n.capitalize() for n in [*DEVICES, *LAYOUT])
    }
    schemas |= {
        f"Of{name}": {"allOf": [{"$ref": f"#/definitions/{name}"}]} for name in list(schemas)
    }
    package = made(
        [f"{name}_Get" for name in dict.fromkeys(n.lower() for n in DEVICES)], schemas, tmp_path
    )
    files = [p for p in Path(package.__file__).parent.rglob("*.py") if p.name != "__init__.py"]
    assert len(files) > 2 * len(DEVICES)
    assert [] == [p.name for p in files if p.stem.lower() in {n.lower() for n in DEVICES}]
    assert len(files) == len({(p.parent, p.name.casefold()) for p in files})
    for name in [name for name in schemas if not name.startswith("Of")]:
        base = getattr(package.models, name.replace("_c", "C"))
        assert (
            f"of{name.replace('_', '').lower()}"
            == type(base.from_dict({"kind": f"Of{name}"})).__name__.lower()
        )


@pytest.mark.parametrize("name", ["con", "aux", "call", "close", "nul"])
def test_a_name_of_the_overlay_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match=rf"{name}\.do (is called as|stands in a file)"):
        plan_of(swagger({"/x": {"get": operation("A_Do")}}), {"A_Do": f"{name}.do"})


def test_groups_keep_off_every_part_of_a_client() -> None:
    for name in PUBLIC:
        camel = "".join(part.capitalize() for part in name.split("_"))
        (op,) = plan_of(swagger({"/x": {"get": operation(f"{camel}_Do")}})).operations
        assert f"{name}_" == op.name.group
    # a method of any name hides nothing
    assert [] == [name for name in dir(Group) if not name.startswith("_")]


@pytest.mark.parametrize("name", [*keyword.kwlist, "str", "m", "datetime", "con"])
def test_classes_of_groups_are_told_apart(name: str) -> None:
    ids = [f"{prefix}{name}_Get" for prefix in ("", "Async", "AsyncAsync")] + [
        "InlineClient_Get",
        "Client_Get",
    ]
    groups = plan_of(
        swagger({f"/{i}": {"get": operation(oid)} for i, oid in enumerate(ids)})
    ).groups
    classes = [f"{prefix}{group.class_name}" for group in groups for prefix in ("", "Async")]
    assert len(set(classes)) == len(classes) == 2 * len(ids)
    assert set() == {"InlineClient", "AsyncInlineClient"} & {*classes}


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(CommandError, match="too long for the name of a file"):
        plan_of(swagger({"/x": {"get": operation("日" * 90 + "_Get")}}))
    assert "a" * 200 == module("a" * 200)


ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12) | st.sampled_from(
    [*TAKEN, *FOLDED]
)
operation_ids = st.lists(
    ids | st.tuples(ids, ids).map("_".join), min_size=1, max_size=4, unique=True
)
_members = st.dictionaries(ids, st.just({"type": "string"}), min_size=1, max_size=4)
_schemas = st.dictionaries(
    ids, _members.map(lambda m: {"type": "object", "properties": m}), max_size=3
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(operation_ids, _schemas)
def test_random_names(tmp_path: Path, names: list[str], schemas: Json) -> None:
    if not all(oid.isprintable() for oid in names):
        with pytest.raises(CommandError, match="an operationId is text without control characters"):
            inspect(
                json.dumps(swagger({f"/{oid}": {"get": operation(oid)} for oid in names})).encode(),
                "own",
            )
        return
    package = made(names, schemas, tmp_path)
    if package is None:
        return
    assert {*names} == call_all(package).keys()
    contract = contract_of(swagger({}, schemas))["components"]["schemas"]
    for wire, schema in contract.items():
        raw = {name: f"<{name}>" for name in schema.get("properties", {})}
        model = getattr(package.models, class_name(wire))
        assert raw == model.from_dict(raw).to_dict()
        read = model.from_dict(raw)
        given_ = {
            n: getattr(read, n)
            for n in model.__signature__.parameters
            if n != "additional_properties"
        }
        assert raw == model(**given_).to_dict()

"""openapi-python-client as a library; no other module imports it. It is pinned, for it changes.

It validates the contract, resolves references, merges allOf and makes the Python names. What it
drops (how a parameter is spelled on the wire, paging, polling) is joined from the contract by
operationId and class name.
"""

from __future__ import annotations

import copy
import hashlib
import json
import keyword
import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import attrs
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser import openapi as parser
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.properties import EnumProperty, ModelProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.strings import ClassName, PythonIdentifier

from purview_codegen.contract.discriminators import name_of
from purview_codegen.contract.schemas import enum_names
from purview_codegen.errors import GateError
from purview_codegen.identifiers import folded, words
from purview_codegen.openapi import operations_of
from purview_codegen.pointer import Json, join

_PREFIX = "field_"
_TYPES = {"str", "int", "float", "bool", "bytes", "dict", "datetime", "m"}  # `m` are the models
_SCALARS: dict[type, str] = {
    DateTimeProperty: "datetime",
    DateProperty: "str",
    StringProperty: "str",
    UuidProperty: "str",
    IntProperty: "int",
    FloatProperty: "float",
    BooleanProperty: "bool",
    FileProperty: "bytes",
    NoneProperty: "None",
}


@attrs.frozen
class Property:
    """A member or parameter: its wire name, Python name and type text; `nullable` where null is
    a declared value.
    """

    wire: str
    name: str
    type: str
    required: bool
    nullable: bool


@attrs.frozen
class ParsedModel:
    """A class with all its members, inherited ones included."""

    name: str
    properties: tuple[Property, ...]


@attrs.frozen
class Enum:
    """An enum with its members: (name in Python, value)."""

    name: str
    members: tuple[tuple[str, str | int], ...]
    integer: bool


@attrs.frozen
class ParsedOperation:
    """Types of one operation.

    `parameters` is keyed by (location, wire name), `responses` by status or "default".
    """

    id: str
    parameters: dict[tuple[str, str], Property]
    body: str | None
    form: tuple[Property, ...]
    responses: dict[int | str, str]

    @property
    def texts(self) -> list[str]:
        """All type texts that the operation speaks of."""
        sent = [p.type for p in (*self.parameters.values(), *self.form)]
        return [*self.responses.values(), self.body or "", *sent]


@attrs.frozen
class Parsed:
    """All that a contract has, with names and types in Python."""

    models: dict[str, ParsedModel]
    enums: dict[str, Enum]
    operations: dict[str, ParsedOperation]


@cache
def class_name(reference: str) -> str:
    """The class that a schema, or a reference to it, is in Python."""
    return _unreserved(ClassName(name_of(reference), _PREFIX))


def _unreserved(name: str) -> str:
    """A schema called Any would be read as no type at all."""
    return "Any_" if name == "Any" else str(name)


@cache
def identifier(text: str) -> str:
    """A snake_case identifier, as Python reads it; names of builtins get an underscore."""
    private = "_" if text.startswith("_") else ""
    return folded(PythonIdentifier(private + "_".join(words(text)).lower(), _PREFIX))


@cache
def method_name(text: str) -> str:
    """A snake_case identifier for a method.

    Builtins may be shadowed, but no keywords and no types, which a class reads in its own
    annotations. `list` it may be called, since the annotations go by another name there.
    """
    bare = identifier(text).removesuffix("_")
    return f"{bare}_" if keyword.iskeyword(bare) or bare in _TYPES else bare


_KEPT: dict[bytes, Parsed] = {}  # of contracts by their hash; nothing of it is ever changed
_MOST_KEPT = 64


def parse(contract: Json) -> Parsed:
    """All models, enums and operations of a contract.

    The parser takes most of the time of every command, and some look at a contract more than once:
    what it says is kept. Raises GateError where it reports or loses anything.
    """
    key = hashlib.sha256(json.dumps(contract).encode()).digest()
    if key not in _KEPT:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = _parsed(contract)
    return _KEPT[key]


def _parsed(contract: Json) -> Parsed:
    title = contract["info"]["title"]
    config = Config.from_sources(
        ConfigFile(post_hooks=[]), MetaType.NONE, Path(title), "utf-8", True, None
    )
    with _shallow_sorting():
        data = GeneratorData.from_dict(_for_parser(contract), config=config)
    if isinstance(data, GeneratorError):
        raise GateError(f"{title}: {' '.join(f'{data.header}: {data.detail}'.split())}")
    problems = [
        e for c in data.endpoint_collections_by_tag.values() for e in c.parse_errors
    ] + list(data.errors)
    if problems:
        raise GateError(
            f"{title}: {len(problems)} parser errors: {'; '.join(map(_problem, problems[:3]))}"
        )
    adapter = _Adapter(contract, data)
    return Parsed(adapter.models(), adapter.enums(), adapter.operations())


@contextmanager
def _shallow_sorting() -> Generator[None]:
    """Lets the parser sort path parameters without a deep copy of the operation, schemas and all.

    That takes 14 of 25 s over all documents, profiled, and it drops what it has copied from.
    """
    sort, deep = parser.Endpoint.sort_parameters, parser.deepcopy

    def sorted_(*, endpoint: Any) -> Any:
        parser.deepcopy = copy.copy  # type: ignore[assignment]
        try:
            return sort(endpoint=endpoint)
        finally:
            parser.deepcopy = deep

    parser.Endpoint.sort_parameters = staticmethod(sorted_)  # type: ignore[method-assign]
    try:
        yield
    finally:
        parser.Endpoint.sort_parameters = staticmethod(sort)  # type: ignore[method-assign]


def _problem(error: Any) -> str:
    """What the parser says, on one line, with a pointer where it names an operation, and without
    addresses of objects.
    """
    text = re.sub(r"<[\w.]+ object at 0x\w+>", "..", f"{error.header}: {error.detail}").replace(
        "\n", " "
    )[:300]
    found = re.search(r"parsing ([A-Z]+) (\S+) within", text)
    return text + (
        f": {join('paths', found[2], found[1].lower())}"
        if found
        else f": {join('components', 'schemas')}"
    )


def _for_parser(contract: Json) -> Json:
    """A copy for the parser: operations numbered, since two ids may give it one name; bytes of one
    media type, since it knows few; less the api-version parameters, an enum of one each, for which
    it would make a class an operation.
    """
    paths: Json = {}
    for i, (path, method, operation) in enumerate(operations_of(contract)):
        kept = [p for p in operation["parameters"] if p["name"] != "api-version"]
        own: Json = {"operationId": f"operation_{i}", "parameters": kept}
        own["responses"] = {status: _known(r) for status, r in operation["responses"].items()}
        if "requestBody" in operation:
            own["requestBody"] = _known(operation["requestBody"])
        paths.setdefault(path, {})[method] = {**operation, **own}
    components = contract["components"]
    schemas = {name: _numbered(schema) for name, schema in components["schemas"].items()}
    return {**contract, "paths": paths, "components": {**components, "schemas": schemas}}


def _numbered(schema: Json) -> Json:
    """An enum whose members have numbers for names.

    The names that the parser makes clash, or are none, where ours are told apart.
    """
    if "enum" not in schema:
        return schema
    return schema | {"x-enum-varnames": [f"V{i}" for i in range(len(schema["enum"]))]}


def _known(part: Json) -> Json:
    known = {
        media
        if "json" in media or media == "multipart/form-data"
        else "application/octet-stream": schema
        for media, schema in part.get("content", {}).items()
    }
    return part | {"content": known} if known else part


class _Adapter:
    def __init__(self, contract: Json, data: GeneratorData) -> None:
        self.contract, self.data = contract, data
        self._within: list[str] = []  # the maps whose values are looked at
        self.schemas: dict[str, Json] = {
            class_name(n): s for n, s in contract["components"]["schemas"].items()
        }
        self.parsed = {_unreserved(m.class_info.name): m for m in data.models}

    def is_map(self, name: str) -> bool:
        schema = self.schemas.get(name, {})
        return (
            "additionalProperties" in schema
            and not schema.get("properties")
            and "allOf" not in schema
        )

    def type(self, p: Any) -> str:
        """The type text of a property, null left out of it."""
        match p:
            case ModelProperty():
                name = _unreserved(p.class_info.name)
                return self._map(name) if self.is_map(name) else name
            case EnumProperty():
                return _unreserved(p.class_info.name)
            case ListProperty():
                return f"list[{self.type(p.inner_property)}]"
            case UnionProperty():
                texts = dict.fromkeys(
                    self.type(q) for q in p.inner_properties if not isinstance(q, NoneProperty)
                )
                return "Any" if "Any" in texts else " | ".join(texts)
            case _:
                pass
        return next((text for kind, text in _SCALARS.items() if isinstance(p, kind)), "Any")

    def _map(self, name: str) -> str:
        if name in self._within:
            where = join("components", "schemas", name)
            raise GateError(
                f"{name} is a map of itself, which has no type; give its values a schema "
                f"with members: {where}"
            )
        more = self.parsed[name].additional_properties
        self._within.append(name)
        values = "Any" if more is None else self.type(more)
        self._within.remove(name)
        return f"dict[str, {values}]"

    def property(self, p: Any) -> Property:
        nullable = isinstance(p, UnionProperty) and any(
            isinstance(q, NoneProperty) for q in p.inner_properties
        )
        wire, name = _plain(p.name), str(p.python_name)
        # else the parser tells it from another member
        if name == PythonIdentifier(wire, _PREFIX) or folded(name) != name:
            name = identifier(wire)
        return Property(wire, name, self.type(p), bool(p.required), nullable)

    def models(self) -> dict[str, ParsedModel]:
        out = {}
        for name, m in self.parsed.items():
            if not self.is_map(name):
                members = [*(m.required_properties or []), *(m.optional_properties or [])]
                out[name] = ParsedModel(name, tuple(self.property(p) for p in members))
        declared = {
            name
            for name, s in self.schemas.items()
            if s.get("type") == "object" and not self.is_map(name)
        }
        if lost := sorted(declared - set(out)):
            raise GateError(
                f"{self.contract['info']['title']}: schemas lost: "
                f"{join('components', 'schemas', lost[0])}"
            )
        return out

    def enums(self) -> dict[str, Enum]:
        """Names and values of members come from the contract.

        The parser knows no words, and hands values over escaped.
        """
        out = {}
        for e in self.data.enums:
            name = _unreserved(e.class_info.name)
            named = enum_names(self.schemas[name])
            members = tuple((member, value) for value, member in named.items())
            out[name] = Enum(name, members, e.value_type is int)
        return out

    def operations(self) -> dict[str, ParsedOperation]:
        parsed = {
            str(e.name): e
            for c in self.data.endpoint_collections_by_tag.values()
            for e in c.endpoints
        }
        out = {}
        for i, (path, method, operation) in enumerate(operations_of(self.contract)):
            e = parsed.pop(f"operation_{i}", None)
            if e is None:
                raise GateError(
                    f"{operation['operationId']}: lost by the parser: {join('paths', path, method)}"
                )
            out[operation["operationId"]] = self._operation(operation, e)
        return out

    def _operation(self, operation: Json, e: Any) -> ParsedOperation:
        groups = (
            ("path", e.path_parameters),
            ("query", e.query_parameters),
            ("header", e.header_parameters),
        )
        parameters = {}
        for location, found in groups:
            for p in found:
                one = self.property(p)
                parameters[location, one.wire] = attrs.evolve(one, name=identifier(one.wire))
        body: str | None = None
        form: tuple[Property, ...] = ()
        if e.bodies:
            multipart = "multipart/form-data" in operation["requestBody"]["content"]
            body = "" if multipart else self.type(e.bodies[0].prop)
            form = (
                self.models()[_unreserved(e.bodies[0].prop.class_info.name)].properties
                if multipart
                else ()
            )
        responses: dict[int | str, str] = {}
        for r in e.responses:
            status = r.status_code.pattern
            media = next(iter(operation["responses"][status].get("content", {})), None)
            text = "None" if media is None else self.type(r.prop) if "json" in media else "bytes"
            responses[int(status) if status.isdecimal() else status] = text
        return ParsedOperation(operation["operationId"], parameters, body, form, responses)


def _plain(value: Any) -> str:
    return str(value.get_untrusted_value() if hasattr(value, "get_untrusted_value") else value)

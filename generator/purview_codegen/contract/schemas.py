"""The schemas of a contract: every class named, every inline object, map and enum hoisted to a
component, prose gone.

openapi-python-client names an inline schema after its place and a titled one after its title, and
drops the second of a kind; so nothing is left for it to name. It also loses what stands beside a
lone `allOf` reference, so a subtype is always `allOf: [reference, {its own properties}]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from purview_codegen.errors import GateError
from purview_codegen.identifiers import enum_members, folded, pascal
from purview_codegen.pointer import Json, join

from .discriminators import Kinds, name_of, objects

REF = "#/components/schemas/"
FREE_OBJECT = "JsonObject"
_FACTS = (
    *("type", "format", "default", "minLength", "maxLength", "pattern", "minimum", "maximum"),
    *("readOnly", "uniqueItems", "minItems", "maxItems"),
)
_NO_TRUTH = {"description", "title", "type"}
_PROSE = {"description", "title", "example", "examples"}
_SHAPES = {"$ref", "type", "properties", "allOf", "anyOf", "oneOf"}


class SchemaShaper:
    """Shapes `components/schemas` of one document into `out`; `place` gives other parts of it
    (parameters, bodies) their form.
    """

    def __init__(self, source: Json, document: Json | None = None) -> None:
        self._kinds = Kinds(source, source if document is None else document)
        self.source = source = self._kinds.source
        self.out: Json = {}
        self._taken: dict[str, str] = {}
        self._enums: dict[tuple[str, tuple[Any, ...]], str] = {}
        self._ambiguous = _ambiguous_enums(source if document is None else document)
        for name, schema in source.items():
            if not pascal(name):
                raise GateError(
                    f"{name!r} gives no class name: {join('components', 'schemas')}; give "
                    f"it one letter"
                )
            if other := self._taken.get(pascal(name).lower()):
                raise GateError(
                    f"{name!r} and {other!r} give one class name: "
                    f"{join('components', 'schemas', name)}"
                )
            self._taken[pascal(name).lower()] = name
            if schema.get("enum"):
                self._enums[self._enum_key(schema, name)] = pascal(name)

    def components(self) -> Json:
        """All component schemas, hoisted ones included once every part of the document was
        placed.
        """
        for name, schema in self.source.items():
            body = self._component(schema, pascal(name))
            if "discriminator" in schema:
                self._discriminate(body, name)
            if (value := self._kinds.values[name]) is not None:
                body["x-discriminator-value"] = value
            self.out[pascal(name)] = body
        return self.out

    def claim(self, *wanted: str) -> str:
        """The first wanted class name that is free; a number only where all of them are taken."""
        for name in (*map(pascal, wanted), *(f"{pascal(wanted[-1])}{i}" for i in range(2, 100))):
            if name and name.lower() not in self._taken:
                self._taken[name.lower()] = name
                return name
        raise GateError(f"no class name is free for {wanted[-1]!r}")

    def place(self, schema: Json, hint: str) -> Json:
        """A schema where it is used: a reference, a scalar or an array.

        `hint` names what has to be hoisted.
        """
        schema = schema if isinstance(schema, dict) else {}  # true: anything
        body = self._place(_plain(schema, hint), hint)
        if not _nullable(schema):
            return body
        if isinstance(body.get("type"), str):
            return {**body, "type": [body["type"], "null"]}
        if "anyOf" in body:
            return {**body, "anyOf": [*body["anyOf"], {"type": "null"}]}
        return {
            "anyOf": [{k: v for k, v in body.items() if k != "readOnly"}, {"type": "null"}]
        } | _read_only(body)

    def _place(self, schema: Json, hint: str) -> Json:
        parts = schema.get("allOf", [])
        if "$ref" in schema:
            return self._reference(schema["$ref"], schema)
        if len(parts) == 1 and "$ref" in parts[0] and not schema.get("properties"):
            return self._reference(parts[0]["$ref"], schema)
        if union := schema.get("anyOf") or schema.get("oneOf"):
            return {
                "anyOf": [self.place(s, f"{hint}Option{i + 1}") for i, s in enumerate(union)]
            } | _read_only(schema)
        if _is_enum(schema):
            default = {"default": schema["default"]} if schema.get("default") is not None else {}
            return {"$ref": REF + self._enum(schema, hint)} | default | _read_only(schema)
        if schema.get("type") == "array":
            return self._array(schema, hint)
        if _is_object(schema):
            return self._object(schema, hint) | _read_only(schema)
        return _facts(schema)

    def _reference(self, target: str, schema: Json) -> Json:
        """A named schema that is read-only makes each member read-only that is of it."""
        named = self.source.get(name_of(target), {})
        return {"$ref": REF + pascal(name_of(target))} | (_read_only(schema) or _read_only(named))

    def _component(self, schema: Json, name: str) -> Json:
        """A named schema: its own body, not a reference to a hoisted one."""
        schema = _plain(schema, name)
        if _is_enum(schema):
            return {"type": _enum_type(schema), "enum": _values(schema)}
        if "$ref" in schema:
            return {
                "type": "object",
                "allOf": [self._place(schema, name), {"type": "object", "properties": {}}],
            }
        if union := schema.get("anyOf") or schema.get("oneOf"):
            return {"anyOf": [self.place(s, f"{name}Option{i + 1}") for i, s in enumerate(union)]}
        if schema.get("type") == "array":
            return self._array(schema, name)
        if not _is_object(schema):
            return _facts(schema)
        if not _is_map(schema):
            return self._model(schema, name)
        values = schema.get("additionalProperties")
        return {"type": "object", "additionalProperties": self._map_values(values, name)}

    def _array(self, schema: Json, hint: str) -> Json:
        return _facts(schema) | {"items": self.place(schema.get("items") or {}, hint + "Item")}

    def _object(self, schema: Json, hint: str) -> Json:
        if not _is_map(schema):
            body = self._model(schema, hint)
        elif _informative(schema.get("additionalProperties")):
            body = {
                "type": "object",
                "additionalProperties": self._map_values(schema["additionalProperties"], hint),
            }
        else:
            self.out.setdefault(FREE_OBJECT, {"type": "object", "additionalProperties": {}})
            self._taken.setdefault(FREE_OBJECT.lower(), FREE_OBJECT)
            return {"$ref": REF + FREE_OBJECT}
        name = self.claim(hint)
        self.out[name] = body
        return {"$ref": REF + name}

    def _map_values(self, values: Any, hint: str) -> Json:
        """`{}`, `{type: object}` and the like say nothing that the service keeps to: such values
        are left open.
        """
        return self.place(values, hint + "Value") if _informative(values) else {}

    def _model(self, schema: Json, hint: str) -> Json:
        own: Json = {"type": "object", "properties": {}}
        required: list[str] = list(schema.get("required", []))
        bases: list[Json] = []
        for part in _parts(schema, hint):
            if "$ref" in part:
                bases.append({"$ref": REF + pascal(name_of(part["$ref"]))})
                continue
            required += part.get("required", [])
            for name, member in part.get("properties", {}).items():
                own["properties"][name] = self.place(member, hint + pascal(name))
        if required:
            own["required"] = sorted(set(required))
        more = schema.get("additionalProperties")
        values = (
            {"additionalProperties": self._map_values(more, hint)} if isinstance(more, dict) else {}
        )
        return {"type": "object", "allOf": [*bases, own]} | values if bases else own | values

    @staticmethod
    def _enum_key(schema: Json, hint: str) -> tuple[str, tuple[Any, ...]]:
        """Two enums are one where both their x-ms-enum name and their values agree."""
        return (schema.get("x-ms-enum", {}).get("name") or hint).lower(), tuple(_values(schema))

    def _enum(self, schema: Json, hint: str) -> str:
        named = schema.get("x-ms-enum", {}).get("name") or hint
        if named.lower() in self._ambiguous:  # whichever came first would take the name: none does
            schema, named = {k: v for k, v in schema.items() if k != "x-ms-enum"}, hint
        key = self._enum_key(schema, hint)
        if key not in self._enums:
            name = self._enums[key] = self.claim(named, hint)
            self.out[name] = {"type": _enum_type(schema), "enum": _values(schema)}
        return self._enums[key]

    def _discriminate(self, body: Json, name: str) -> None:
        mapping, ambiguous = self._kinds.mapping(name)
        body["discriminator"] = {
            "propertyName": self.source[name]["discriminator"]["propertyName"],
            "mapping": {value: REF + pascal(schema) for value, schema in mapping.items()},
        }
        if ambiguous:
            body["x-ambiguous-discriminator-values"] = ambiguous
        if others := self.source[name].get("x-other-discriminator-values"):
            body["x-other-discriminator-values"] = list(others)


def _ambiguous_enums(document: Any) -> set[str]:
    """The x-ms-enum names, in lower case, that stand for more than one set of values in a
    document.
    """
    found: dict[str, set[tuple[Any, ...]]] = {}
    for value in objects(document):
        enum = value.get("x-ms-enum")
        if (
            isinstance(enum, dict)
            and isinstance(enum.get("name"), str)
            and isinstance(value.get("enum"), list)
        ):
            found.setdefault(enum["name"].lower(), set()).add(
                tuple(sorted(map(str, _values(value))))
            )
    return {name for name, values in found.items() if len(values) > 1}


def _parts(schema: Json, hint: str) -> Iterator[Json]:
    """A schema and all that its allOf holds, whether references or bodies, however deep."""
    for part in schema.get("allOf", []):
        yield from [part] if "$ref" in part else _parts(_plain(part, hint), hint)
    if union := [key for key in ("anyOf", "oneOf") if schema.get(key)]:
        raise GateError(
            f"{union[0]} in allOf has no one class: {hint}; give it a schema of its own"
        )
    yield schema


def _plain(schema: Json, hint: str) -> Json:
    """One spelling for types: a list of one type, `const`, unions with null and an allOf without
    references become a plain type, an enum, nullable, and one body. Raises GateError where members
    stand beside a reference or union, which would lose them.
    """
    only = [
        k
        for k in ("anyOf", "oneOf")
        if all("required" in s and not _SHAPES & set(s) for s in schema.get(k, []))
    ]
    schema = {k: v for k, v in schema.items() if k not in only}  # unions of what is required alone
    parts = [s for s in schema.get("allOf", []) if set(s) - _PROSE]
    if parts and not any({"$ref", "properties", "allOf", "required"} & set(s) for s in parts):
        schema = {
            k: v for part in (*parts, {**schema, "allOf": []}) for k, v in part.items() if v != []
        }
    elif parts:
        schema = {**schema, "allOf": parts}
    kinds = [key for key in ("$ref", "anyOf", "oneOf", "properties", "allOf") if schema.get(key)]
    if len(kinds) > 1 and kinds[0] not in ("properties", "allOf"):
        raise GateError(
            f"{kinds[1]} beside {kinds[0]} has no one class: {hint}; give each of them a "
            f"schema of its own"
        )
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    if isinstance(schema.get("type"), list):
        schema = _of_one_type(schema)
    for key in ("anyOf", "oneOf"):
        options = [s for s in schema.get(key, []) if s.get("type") != "null"]
        if len(options) == 1:
            schema = {**{k: v for k, v in schema.items() if k != key}, **options[0]}
        elif options:
            schema = {**schema, key: options}
    return schema


def _of_one_type(schema: Json) -> Json:
    """A schema with a list of types, as one of one type or a union."""
    types = [t for t in schema["type"] if t != "null"]
    rest = {k: v for k, v in schema.items() if k != "type"}
    if len(types) == 1:
        return {**rest, "type": types[0]}
    return {**rest, "anyOf": [{"type": t} for t in types]}


def _nullable(schema: Json) -> bool:
    types = schema.get("type")
    options = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return (
        schema.get("nullable") is True
        or (isinstance(types, list) and "null" in types)
        or any(option.get("type") == "null" for option in options)
        or (None in schema.get("enum", []))
    )


def _is_enum(schema: Json) -> bool:
    """Only enums of text or whole numbers become classes; of others the values are not kept."""
    kinds = {type(value) for value in schema.get("enum") or () if value is not None}
    usual = "type" in schema or kinds in ({str}, {int})
    return bool(kinds) and usual and schema.get("type", "string") in ("string", "integer")


def _enum_type(schema: Json) -> str:
    return str(
        schema.get("type") or ("integer" if isinstance(_values(schema)[0], int) else "string")
    )


def _is_object(schema: Json) -> bool:
    more = schema.get("additionalProperties")
    return (
        schema.get("type") == "object"
        or any(schema.get(k) for k in ("properties", "allOf"))
        or isinstance(more, dict)
    )


def _is_map(schema: Json) -> bool:
    return not schema.get("properties") and not schema.get("allOf")


def _informative(values: Any) -> bool:
    if not isinstance(values, dict):
        return False
    return bool({key for key, value in values.items() if value} - _NO_TRUTH) or values.get(
        "type"
    ) not in (
        None,
        "object",
    )


def _values(schema: Json) -> list[Any]:
    return list(dict.fromkeys(value for value in schema["enum"] if value is not None))


def _facts(schema: Json) -> Json:
    return {key: schema[key] for key in _FACTS if schema.get(key) is not None}


def _read_only(schema: Json) -> Json:
    """Read-only by its own word, or by a mutability that lists reading alone ("create" is
    returned all the same).
    """
    read = schema.get("readOnly") is True or schema.get("x-ms-mutability") == ["read"]
    return {"readOnly": True} if read else {}


def enum_names(schema: Json) -> dict[Any, str]:
    """The values of an enum, each with its name in Python.

    That is the one that an overlay gives it (x-enum-varnames), else its words.
    """
    values: list[Any] = schema["enum"]
    names: list[str] = schema.get("x-enum-varnames") or enum_members(values)
    if len({*map(folded, names)}) != len(values) or not all(name.isidentifier() for name in names):
        given = f"x-enum-varnames {names} name no members"
        raise GateError(f"{given}: give one name a value, each another, for {values}")
    return dict(zip(values, names, strict=True))

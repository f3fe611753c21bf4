"""The type of a schema as a value, to be compared; `str()` says it in words."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from purview_codegen.pointer import Json

from .pairing import ground, name_in

TYPED_FORMATS = {"date-time", "binary"}  # the others are str, int or float in Python, too
DEEP = 20  # a map of maps of itself has no end
NULL = {"type": "null"}
_WIDER = {("integer", "number")}


@attrs.frozen
class SchemaType:
    """What a schema is, null and limits left out.

    Attributes:
        kind: JSON's own kind, "any", the name of a class, or "choice".
        format: of a scalar, where Python tells it apart.
        item: of a list ("array") or a map ("object").
        options: of a choice.
    """

    kind: str
    format: str = ""
    item: SchemaType | None = None
    options: tuple[SchemaType, ...] = ()

    def __str__(self) -> str:
        if self.options:
            return " or ".join(map(str, self.options))
        if self.item is not None:
            return f"{'list' if self.kind == 'array' else 'map'} of {self.item}"
        return f"{self.kind} {self.format}" if self.format else self.kind


def schema_type(
    contract: Json, schema: Json, names: Mapping[str, str], *, enums: bool = True, depth: int = 0
) -> SchemaType:
    """The type of a schema; classes are called as `names` says, enums are classes where asked."""

    def inner(one: Json) -> SchemaType:
        return schema_type(contract, one, names, enums=enums, depth=depth + 1)

    if "$ref" in schema:
        name = name_in(schema["$ref"])
        target = contract["components"]["schemas"][name]
        named = not ground(target) or ("enum" in target and enums)
        return SchemaType(names.get(name, name)) if named or depth > DEEP else inner(target)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return _choice([inner(part) for part in schema[key] if part != NULL])
    kinds = schema.get("type", "any")
    if isinstance(kinds, list):
        kept = [kind for kind in kinds if kind != "null"] or ["null"]
        if len(kept) != 1:
            return _choice([inner({**schema, "type": kind}) for kind in kept])
        kinds = kept[0]
    if kinds == "array":
        return SchemaType("array", item=inner(schema.get("items", {})))
    if kinds == "object":
        more = schema.get("additionalProperties", {})
        return SchemaType("object", item=inner(more if isinstance(more, dict) else {}))
    form = schema.get("format", "")
    return SchemaType(str(kinds), form if form in TYPED_FORMATS else "")


def _choice(options: list[SchemaType]) -> SchemaType:
    return options[0] if len(options) == 1 else SchemaType("choice", options=tuple(options))


def levels(old: SchemaType, new: SchemaType) -> tuple[str, str]:
    """How much a change of type means where it is sent, and where it is received."""
    while old.item is not None and new.item is not None and old.kind == new.kind:
        old, new = old.item, new.item
    if new.kind == "any" or (old.kind, new.kind) in _WIDER:
        return "minor", "major"
    if (new.kind, old.kind) in _WIDER:
        return "major", "minor"
    return "major", "major"

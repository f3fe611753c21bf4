"""Which classes a plane gets, with which fields, and in which module each of them lives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from purview_codegen.errors import GateError
from purview_codegen.identifiers import module
from purview_codegen.paths import COLUMNS
from purview_codegen.pointer import Json, join
from purview_core.model.codec import normal
from purview_core.model.values import camel

from .adapter import Parsed, ParsedModel, Property, class_name, identifier

RESERVED = {"additional_properties", "from_dict", "to_dict"}
_WORD = re.compile(r"\w+")
_NARROWER = "# pyright: ignore[reportIncompatibleVariableOverride]"


@attrs.frozen
class PlannedField:
    """One line of a class. `default` is None for a member the constructor demands, else the text of
    its default. `required`: the constructor does not demand it, but every answer must hold it, not
    null; so its type has no None. `live`: how the service spells it, where that is not what its
    document says (x-live-name): that goes out, both are read. `narrows`: it is of a subclass of
    what the base of its class says. Checkers that hold to mutable members being of one type in all
    subclasses are told that this one is meant; assigning to it by the base is the caller's risk,
    and no break of what is sent. `demanded_again`: the class above has a default for it, and its
    own has none.
    """

    name: str
    wire: str
    type: str
    default: str | None
    read_only: bool
    required: bool
    secret: bool
    live: str | None = None
    narrows: bool = attrs.field(default=False, eq=False)
    demanded_again: bool = attrs.field(default=False, eq=False)

    @property
    def annotation(self) -> str:
        """The type as source."""
        return python_type(self.type)

    @property
    def value(self) -> str:
        """What follows the annotation: nothing, the bare default, or a field() with what the
        codec has to know.
        """
        default = "" if self.default is None else f"default={self.default}, "
        facts = (
            ["read_only=True"] * self.read_only
            + ["required=True"] * self.required
            + ["secret=True"] * self.secret
        )
        if camel(self.name) != self.wire or self.secret or self.live:
            names = [ascii(name) for name in (self.live, self.wire) if name]
            return f" = _field({default}metadata=_wire({', '.join([*names, *facts])}))"
        if self.read_only:
            return f" = _field({default}metadata=_READ_ONLY{'_REQUIRED' * self.required})"
        if self.required:
            return f" = _field({default}metadata=_ANSWERED)"
        if self.demanded_again:
            return " = _field()"
        return "" if self.default is None else f" = {self.default}"

    @property
    def line(self) -> str:
        """The declaration.

        A remark for checkers stands where they find fault, at the name, also where the line is
        broken.
        """
        line = f"    {self.name}: {self.annotation}{self.value}"
        if not self.narrows:
            return line
        if len(line) > COLUMNS:
            return f"    {self.name}: (  {_NARROWER}\n{self.annotation}){self.value}"
        return f"{line}  {_NARROWER}"


@attrs.frozen
class Class:
    """A model class: its own fields, and where it is a discriminated base, the attribute and the
    table that pick subclasses; `others` are the kinds of the classes that stand beside it in a
    union.
    """

    name: str
    base: str | None
    own: tuple[PlannedField, ...]
    fields: tuple[PlannedField, ...]
    tag: str | None
    kinds: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()


def python_type(text: str, prefix: str = "") -> str:
    """A type text as source: `Any` cannot be shadowed by a schema of that name; `prefix` stands
    before class names.
    """

    def word(match: re.Match[str]) -> str:
        name = match[0]
        return (
            "_Any"
            if name == "Any"
            else f"{prefix}{name}"
            if name[0].isupper() and name != "None"
            else name
        )

    return _WORD.sub(word, text)


def optional(text: str) -> str:
    """A type text that admits None, too."""
    return text if text in ("Any", "None") or text.endswith(" | None") else f"{text} | None"


def used(types: Iterable[str], known: Iterable[str]) -> set[str]:
    """The class names among `known` that the type texts speak of."""
    return {word for text in types for word in _WORD.findall(text)} & set(known)


class Classes:
    """The classes of one contract, each planned after its base."""

    def __init__(self, contract: Json, parsed: Parsed) -> None:
        self.title = contract["info"]["title"]
        self.schemas: dict[str, Json] = {}
        self.wire_names: dict[str, str] = {}
        for wire, schema in contract["components"]["schemas"].items():
            if other := self.wire_names.get(class_name(wire)):
                raise GateError(
                    f"{self.title}: {other} and {wire} give one class name: "
                    f"{join('components', 'schemas', wire)}"
                )
            self.schemas[class_name(wire)], self.wire_names[class_name(wire)] = schema, wire
        self.parsed = parsed
        self.out: dict[str, Class] = {}
        self._bases: dict[str, str | None] = {}
        self._all: dict[str, Json] = {}
        for model in parsed.models.values():
            self._visit(model)

    def base(self, name: str) -> str | None:
        """The first allOf reference that has a discriminator, else the first; further ones are
        flattened, since two bases with slots cannot be combined.
        """
        if name not in self._bases:
            parts = self.schemas.get(name, {}).get("allOf", [])
            bases = [class_name(part["$ref"]) for part in parts if "$ref" in part]
            tagged = (
                b for b in bases if any("discriminator" in self.schemas[n] for n in self.lineage(b))
            )
            self._bases[name] = next(tagged, bases[0] if bases else None)
        return self._bases[name]

    def lineage(self, name: str | None) -> list[str]:
        """A class and all above it, nearest first."""
        out: list[str] = []
        while name:
            out.append(name)
            name = self.base(name)
        return out

    def _members(self, name: str) -> Json:
        if name not in self._all:
            schema = self.schemas.get(name, {})
            out: Json = {}
            for part in schema.get("allOf", []):
                out |= (
                    self._members(class_name(part["$ref"]))
                    if "$ref" in part
                    else part.get("properties", {})
                )
            self._all[name] = out | schema.get("properties", {})
        return self._all[name]

    def _visit(self, model: ParsedModel) -> None:
        name = model.name
        if name in self.out:
            return
        base = self.base(name)
        if base:
            self._visit(self.parsed.models[base])
        schema, members = self.schemas[name], self._members(name)
        inherited = {f.wire: f for f in self.out[base].fields} if base else {}
        tags = [
            self.schemas[n]["discriminator"]["propertyName"]
            for n in self.lineage(name)
            if "discriminator" in self.schemas[n]
        ]
        fields = []
        for p in model.properties:
            field = self._field(p, members.get(p.wire, {}))
            if p.wire in tags:
                field = _as_tag(field, p, schema if p.wire == tags[0] else {})
            if (old := inherited.get(p.wire)) is not None:
                field = _override(field, old)
            fields.append(field)
        self._unique(name, fields)
        mapping = schema.get("discriminator", {}).get("mapping", {})
        tagged = [f.name for f in fields if mapping and tags and f.wire == tags[0]]
        kinds = ((value, class_name(reference)) for value, reference in mapping.items())
        self.out[name] = Class(
            name=name,
            base=base,
            own=tuple(f for f in fields if f != inherited.get(f.wire)),
            fields=tuple(fields),
            tag=tagged[0] if tagged else None,
            kinds=tuple(kinds) if tagged else (),
            others=tuple(schema.get("x-other-discriminator-values", ())) if tagged else (),
        )

    def _field(self, p: Property, member: Json) -> PlannedField:
        """A required member that only the service writes is optional for the constructor, as is
        one that is marked so.
        """
        name = str(member.get("x-name", p.name))
        name = f"{name}_" if name in RESERVED else name
        read_only = bool(member.get("readOnly"))
        demanded = p.required and not read_only
        answered = not demanded and (p.required or bool(member.get("x-answered")))
        text = optional(p.type) if p.nullable or not (demanded or answered) else p.type
        default = None if demanded else "None"
        if not read_only and (only := self._only(member)) is not None:
            default = ascii(only) if normal(text) == "str" else f"_only({only!a})"
        sent = answered and not p.nullable
        live = member.get("x-live-name")
        return PlannedField(
            name, p.wire, text, default, read_only, sent, bool(member.get("x-secret")), live
        )

    def _only(self, member: Json) -> str | None:
        """The one value that a member can have: of its enum, or as an overlay says
        (x-only-value).
        """
        parts = member.get("allOf", [])
        reference = member.get("$ref") or (parts[0].get("$ref") if len(parts) == 1 else None)
        schema = self.schemas.get(class_name(reference), {}) if reference else member
        values = [value for value in schema.get("enum", []) if value is not None]
        found = member.get("x-only-value", values[0] if len(values) == 1 else None)
        return found if isinstance(found, str) else None

    def _unique(self, name: str, fields: list[PlannedField]) -> None:
        seen: dict[str, str] = {}
        for field in fields:
            if field.name in seen:
                pointer = join(
                    "components", "schemas", self.wire_names[name], "properties", field.wire
                )
                raise GateError(
                    f"{self.title}: {seen[field.name]!r} and {field.wire!r} are both "
                    f"{field.name}: {pointer}"
                )
            seen[field.name] = field.wire


def _as_tag(field: PlannedField, p: Property, schema: Json) -> PlannedField:
    """A discriminator: plain text, for kinds of the future, with the value of its class as the
    default.
    """
    text = field.type
    if text not in ("str", "str | None"):
        text = "str" if p.required else "str | None"
    value = schema.get("x-discriminator-value")
    return attrs.evolve(field, type=text, default=field.default if value is None else ascii(value))


def _override(field: PlannedField, old: PlannedField) -> PlannedField:
    """A subclass may give an inherited field another default; its type stays what the base says,
    since fields are mutable.
    """
    if field.type == old.type:
        return field
    return attrs.evolve(
        old, default=field.default if field.default not in (None, "None") else old.default
    )


def _family(classes: Mapping[str, Class]) -> dict[str, str]:
    """Class -> the discriminated base that its family is called as; of those that are in one."""
    family: dict[str, str] = {}
    for name, c in classes.items():  # each after its base
        if c.base in family:
            family[name] = family[c.base]
        elif any(kind != name for _, kind in c.kinds):
            family[name] = name
    return family


def modules(classes: Mapping[str, Class], roots: Iterable[str]) -> dict[str, list[str]]:
    """Module -> class names. `roots` are the classes that operations name.

    A discriminated base and all that come of it are a family, in a module called as the base is,
    with what they alone use; all else is `common`. A base within another is of its family. So a
    class and its base are never in modules that need each other: what is in `common` has its base
    there.
    """
    uses = {
        n: used((f.type for f in c.fields), classes) | ({c.base} if c.base else set())
        for n, c in classes.items()
    }
    family = _family(classes)
    families: dict[str, set[str]] = {}
    for name, base in family.items():
        families.setdefault(base, set()).add(name)

    def reach(start: Iterable[str]) -> set[str]:
        """What they are and use, up to families."""
        seen: set[str] = set()
        todo = set(start)
        while todo:
            name = todo.pop()
            seen.add(name)
            todo |= {used for used in uses[name] if used not in family} - seen
        return seen

    owned = {base: reach(names) - family.keys() for base, names in families.items()}
    common = reach((set(roots) & set(classes)) - family.keys())
    common |= {
        n for n in classes if n not in family and sum(n in names for names in owned.values()) != 1
    }
    common = reach(common)
    out = {"common": [name for name in classes if name in common]}
    for base, names in families.items():
        there = names | (owned[base] - common)
        out[module(identifier(base), ("common", "enums"))] = [
            name for name in classes if name in there
        ]
    return {where: names for where, names in out.items() if names}

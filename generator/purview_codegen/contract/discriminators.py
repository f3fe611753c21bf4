"""Which class a value of a discriminator stands for, and by which value a class says its kind: over
all schemas of a document.

A class says its kind by `x-ms-discriminator-value`, else by a `const` or an enum of one value for
the discriminator's member, else by the one value that maps to it, else by its name. Which of them a
document uses makes no difference to what is generated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from purview_codegen.errors import IntegrityError
from purview_codegen.pointer import Json, join

_DEEPEST = 100  # classes that stand on one another


def name_of(reference: str) -> str:
    """The name of the component that a reference leads to."""
    return reference.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")


class Kinds:
    """Raises IntegrityError for allOf that leads back to itself, and for a discriminator that
    says what is not so.
    """

    def __init__(self, source: Json, document: Any) -> None:
        self.source = {
            name: schema if isinstance(schema, dict) else {} for name, schema in source.items()
        }
        self.source |= _tagged(self.source, document)
        self._parents = {
            name: list(dict.fromkeys(_references(s))) for name, s in self.source.items()
        }
        self._lineages = {name: self._lineage(name) for name in self.source}
        self._children: dict[str, list[str]] = {}
        for child, parents in self._parents.items():
            for parent in parents:
                self._children.setdefault(parent, []).append(child)
        self.values = {name: self._value(name) for name in self.source}
        self.source = {name: self._plain(name) for name in self.source}

    def _lineage(self, name: str) -> list[str]:
        """A schema and all that it is made of by allOf, the nearest first."""
        out, level = [name], [name]
        for _ in range(_DEEPEST):
            level = [
                p
                for p in dict.fromkeys(p for n in level for p in self._parents.get(n, ()))
                if p not in out
            ]
            if not level:
                break
            out += level
        where = join("components", "schemas", name)
        if level:
            raise IntegrityError(
                f"{name} is made of more than {_DEEPEST} schemas, each by allOf of the "
                f"next: {where}"
            )
        if any(name in self._parents.get(other, ()) for other in out):
            raise IntegrityError(f"allOf of {name} leads back to itself: {where}")
        return out

    def _descendants(self, name: str) -> list[str]:
        out: list[str] = []
        todo = [*reversed(self._children.get(name, ()))]
        while todo:
            child = todo.pop()
            if child not in out:
                out.append(child)
                todo += reversed(self._children.get(child, ()))
        return out

    def _tag(self, name: str) -> tuple[str, str] | None:
        """(the nearest schema with a discriminator that `name` is or is made of, its member)."""
        found = next(
            (n for n in self._lineages[name] if isinstance(self._discriminator(n), dict)), None
        )
        return (found, self._discriminator(found)["propertyName"]) if found else None

    def _discriminator(self, name: str) -> Any:
        return self.source.get(name, {}).get("discriminator")

    def _value(self, name: str) -> str | None:
        """By which value a class says its kind; None where it says none, or could say several."""
        schema, tag = self.source[name], self._tag(name)
        if (said := schema.get("x-ms-discriminator-value")) is not None or tag is None:
            return said
        if tag[0] != name and (own := _only(schema, tag[1])) is not None:
            return own
        mapping = self._discriminator(tag[0]).get("mapping", {})
        mapped = [value for value, reference in mapping.items() if name_of(reference) == name]
        if mapped or tag[0] == name:
            return mapped[0] if len(mapped) == 1 else None
        return name

    def _plain(self, name: str) -> Json:
        """The schema without the const of its discriminator: it is the default of a member that
        any text may stand in.
        """
        schema, tag = self.source[name], self._tag(name)
        if tag is None or self.values[name] is None or _only(schema, tag[1]) is None:
            return schema
        inherited = any(
            tag[1] in _members(self.source.get(n, {})) for n in self._lineages[name][1:]
        )
        return _without(schema, tag[1], {} if inherited else {tag[1]: {"type": "string"}})

    def mapping(self, name: str) -> tuple[dict[str, str], list[str]]:
        """(value -> schema over all descendants, the values that several of them claim and that
        so stay with the base).
        """
        said = self._discriminator(name)
        where = join("components", "schemas", name, "discriminator")
        descendants = self._descendants(name)
        claims: dict[str, list[str]] = {
            v: [name_of(ref)] for v, ref in said.get("mapping", {}).items()
        }
        union = self.source[name].get("oneOf") or self.source[name].get("anyOf")
        for value, (target,) in [] if union else claims.items():
            if target not in (name, *descendants):
                raise IntegrityError(
                    f"{value!a} maps to {target}, which is not made of {name} by allOf: "
                    f"{where}/mapping"
                )
        known = set().union(
            *(_members(self.source.get(n, {})) for n in (*self._lineages[name], *descendants))
        )
        if not union and said["propertyName"] not in known:
            raise IntegrityError(
                f"the discriminator {said['propertyName']!a} is no member: {where}/propertyName"
            )
        mapped = {names[0] for names in claims.values()}
        for child in descendants:
            own = self.values[child]
            claimed = claims.setdefault(own, []) if own is not None else [child]
            if child not in claimed and (child not in mapped or not claimed):
                claimed.append(child)
        good = {value: names[0] for value, names in claims.items() if len(names) == 1}
        return good, sorted(value for value, names in claims.items() if len(names) > 1)


def _references(schema: Any) -> Iterator[str]:
    """The named schemas in allOf, also in that of a part without a name."""
    for part in schema.get("allOf", []) if isinstance(schema, dict) else []:
        if "$ref" in part:
            yield name_of(part["$ref"])
        else:
            yield from _references(part)


def _bodies(schema: Json) -> Iterator[Json]:
    yield schema
    for part in schema.get("allOf", []):
        if "$ref" not in part:
            yield from _bodies(part)


def _members(schema: Json) -> set[str]:
    return {name for body in _bodies(schema) for name in body.get("properties", {})}


def _only(schema: Json, member: str) -> str | None:
    """The one text that a member may be, by const or by an enum of one."""
    for body in _bodies(schema):
        said = body.get("properties", {}).get(member)
        values = (
            [said["const"]]
            if isinstance(said, dict) and "const" in said
            else (said or {}).get("enum")
        )
        if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str):
            return values[0]
    return None


def _without(schema: Json, member: str, instead: Json) -> Json:
    out = {**schema}
    if member in schema.get("properties", {}):
        out["properties"] = {n: s for n, s in schema["properties"].items() if n != member} | instead
    if "allOf" in schema:
        out["allOf"] = [p if "$ref" in p else _without(p, member, instead) for p in schema["allOf"]]
    return out


def _tagged(source: Json, document: Any) -> Json:
    """The options of unions with a discriminator, each with its own values of it and those of the
    others, unless a base class says them.
    """
    out: Json = {}
    for union in objects(document):
        tag = union.get("discriminator")
        options = [
            str(s.get("$ref"))
            for s in (union.get("oneOf") or union.get("anyOf") or ())
            if isinstance(s, dict)
        ]
        if not (isinstance(tag, dict) and all(name_of(o) in source for o in options)):
            continue
        values = {name: _values(source[name], name, tag) for name in map(name_of, options)}
        for name, own in values.items():
            bases = [
                source.get(name_of(part.get("$ref", "")), {})
                for part in source[name].get("allOf", [])
            ]
            if not any(
                "discriminator" in s or "oneOf" in s or "anyOf" in s for s in (source[name], *bases)
            ):
                old = out.get(name, {})
                mapping = old.get("discriminator", {}).get("mapping", {}) | dict.fromkeys(
                    own, f"#/{name}"
                )
                more = {"x-ms-discriminator-value": own[0]} if len(mapping) == 1 else {}
                named = {"discriminator": {"propertyName": tag["propertyName"], "mapping": mapping}}
                others = {v: None for vs in values.values() for v in vs} | old.get(
                    "x-other-discriminator-values", {}
                )
                others = {v: None for v in others if v not in mapping}
                out[name] = source[name] | named | more | {"x-other-discriminator-values": others}
    return out


def _values(schema: Json, name: str, tag: Json) -> list[str]:
    """The values that an option of a union goes by."""
    mapped = [v for v, reference in tag.get("mapping", {}).items() if name_of(reference) == name]
    return mapped or [_only(schema, tag["propertyName"]) or name]


def objects(document: Any) -> Iterator[Json]:
    """Every object in a document, the outer before the inner."""
    if isinstance(document, dict):
        yield document
    if isinstance(document, dict | list):
        for value in document.values() if isinstance(document, dict) else document:
            yield from objects(value)

"""What all kinds of a base share can be read on the base: of every kind that the documents know,
and of those of the future.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs
import pytest

from purview_codegen.package.adapter import class_name
from purview_core import Model
from purview_core.manifest import Document
from purview_core.model.codec import codec, split_union

from .calling import Version, version_of
from .corpus import documents
from .shapes import members, resolved, target
from .walking import copies, models

pytestmark = pytest.mark.level("L2")

Json = dict[str, Any]
# member -> what its own members share; empty where it is one type in all kinds
Tree = dict[str, Any]
TYPE = ("$ref", "type", "format", "items", "additionalProperties", "anyOf", "enum")
FUTURE = "Kind of 2031"
ODD: list[Any] = [None, {}, [], "text", 7, {"createdAt": 5, "x": None}, [{}]]


@attrs.frozen
class Family:
    """A base with two kinds or more, and what these share besides its own members, by the
    contract.
    """

    version: Version
    base: type[Any]
    tag: str
    kinds: dict[str, Json]
    own: set[str]
    shared: Tree

    def __str__(self) -> str:
        return f"{self.version.document} {self.base.__name__}"


def shared(schemas: Json, of: list[Json]) -> Tree:
    each = [members(schemas, schema) for schema in of]
    out: Tree = {}
    for wire in [wire for wire in each[0] if all(wire in one for one in each)]:
        found = [one[wire] for one in each]
        if all(
            {key: s.get(key) for key in TYPE} == {key: found[0].get(key) for key in TYPE}
            for s in found
        ):
            out[wire] = {}
        elif all(members(schemas, s) for s in found) and (
            inner := shared(schemas, [resolved(schemas, s) for s in found])
        ):
            out[wire] = inner
    return out


@cache
def families(document: Document) -> tuple[Family, ...]:
    version, found = version_of(document), []
    for name, schema in version.schemas.items():
        said = schema.get("discriminator", {})
        mapping = {kind: target(reference) for kind, reference in said.get("mapping", {}).items()}
        if len({*mapping.values()} - {name}) > 1:
            kinds = {kind: version.schemas[where] for kind, where in mapping.items()}
            own = members(version.schemas, schema)
            tree = {
                w: t for w, t in shared(version.schemas, [*kinds.values()]).items() if w not in own
            }
            base = getattr(version.plane.models, class_name(name))
            found.append(Family(version, base, said["propertyName"], kinds, set(own), tree))
    return tuple(found)


each_document = pytest.mark.parametrize("document", documents(), ids=str)


def held(cls: type[Any], wire: str) -> type[Any] | None:
    """The model class that a class declares a member to be of."""
    field = next(f for f in codec(cls).fields.values() if f.wire == wire)
    found = split_union(field.type)[0]
    return field.registry.class_of(found) if field.deep and found in field.registry.names else None


def value_of(model: Any, wire: str) -> Any:
    return getattr(model, attribute(model, wire))


def attribute(model: Any, wire: str) -> str:
    return next(name for name, f in codec(type(model)).fields.items() if f.wire == wire)


def same(tree: Tree, declared: type[Any], one: Any, other: Any) -> int:
    """Reads every shared member of two models, and says how many: both have the same in it, each of
    its own class.
    """
    read = 0
    for wire, inner in tree.items():
        left, right = value_of(one, wire), value_of(other, wire)
        read += 1
        if inner and left is not None:
            above = held(declared, wire)
            assert above is not None
            assert isinstance(left, above)
            assert above is type(right)
            read += same(inner, above, left, right)
        elif isinstance(left, list | dict | Model):
            assert left == right, wire
        else:
            assert (left, type(left)) == (right, type(right)), wire
    return read


@each_document
def test_the_base_states_what_its_kinds_share(document: Document) -> None:
    def check(cls: type[Any], tree: Tree, own: set[str]) -> None:
        assert own | set(tree) == {f.wire for f in codec(cls).fields.values()}, cls
        for wire, inner in tree.items():
            if inner:
                above = held(cls, wire)
                assert above is not None
                check(above, inner, set())

    for family in families(document):
        check(family.base, family.shared, family.own)


@each_document
def test_shared_members_are_read_of_any_kind(document: Document) -> None:
    """Each kind beside the same object of a kind that nobody knows: what is shared reads alike, and
    both go back equal.
    """
    for family in families(document):
        for kind, schema in family.kinds.items():
            raw = {
                **family.version.sampler.sample(schema),
                family.tag: kind,
                "x of 2031": {"a": [None]},
            }
            for wire, inner in family.shared.items():
                if inner and isinstance(raw.get(wire), dict):
                    raw[wire]["x of 2031"] = [{"deep": None}]
            known, unknown = (
                family.base.from_dict(raw),
                family.base.from_dict({**raw, family.tag: FUTURE}),
            )
            assert isinstance(known, family.base)
            assert type(known) is not family.base
            assert family.base is type(unknown)
            for one in (known, unknown):
                assert [*models(one)]  # all of it was read
            read = same(family.shared, family.base, known, unknown)
            assert read >= len(family.shared)
            assert (raw, {**raw, family.tag: FUTURE}) == (known.to_dict(), unknown.to_dict())
            for how, copy in copies(unknown):
                assert (unknown.to_dict(), family.base) == (copy.to_dict(), type(copy)), how
                assert read == same(family.shared, family.base, known, copy)


@each_document
def test_what_is_shared_may_be_odd(document: Document) -> None:
    for family in families(document):
        for kind in (*family.kinds, FUTURE):
            for odd in ODD:
                raw = {family.tag: kind, **dict.fromkeys(family.shared, odd)}
                found = family.base.from_dict(raw)
                for wire in family.shared:
                    value_of(found, wire)
                assert raw == found.to_dict()
            assert {family.tag: kind} == family.base.from_dict({family.tag: kind}).to_dict()


@each_document
def test_an_edit_of_a_shared_member_is_all_that_changes(document: Document) -> None:
    for family in families(document):
        for kind, schema in family.kinds.items():
            for name in (kind, FUTURE):
                raw = {**family.version.sampler.sample(schema), family.tag: name}
                for wire, member in _texts(family.shared, raw):
                    found = family.base.from_dict(raw)
                    part = value_of(found, wire)
                    setattr(part, attribute(part, member), "edited")
                    assert {**raw, wire: {**raw[wire], member: "edited"}} == found.to_dict()


def _texts(tree: Tree, raw: Json) -> Iterator[tuple[str, str]]:
    """The shared members within shared members that are text."""
    for wire, inner in tree.items():
        found = raw.get(wire)
        known = found if inner and isinstance(found, dict) else {}
        yield from (
            (wire, name)
            for name, value in known.items()
            if name in inner and isinstance(value, str)
        )


def test_how_much_is_shared() -> None:
    """A count that drops is a loss."""
    every = [family for document in documents() for family in families(document)]
    scanning = [
        f for f in every if f.version.document.plane == "scanning" and f.version.document.default
    ]
    assert {
        "Credential": (8, 1),
        "DataSource": (26, 5),
        "Scan": (43, 13),
        "ScanRuleset": (25, 7),
        "SystemScanRuleset": (30, 7),
        "ClassificationRule": (2, 6),
        "IntegrationRuntime": (2, 1),
        "IntegrationRuntimeStatus": (2, 2),
    } == {f.base.__name__: (len(f.kinds), len(f.shared.get("properties", ()))) for f in scanning}
    assert len([family for family in every if family.shared]) >= 44

"""What comes back and what goes back, over every model of every version."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from purview_core import ContractError, Model, decode, to_json
from purview_core.model.codec import codec

from .calling import MODES, Caller, Case, Service, one, says, versions
from .sampling import Json
from .shapes import Shape, admits_null, family, held, members, resolved, shapes, target
from .walking import models, places

pytestmark = pytest.mark.level("L2")


def every_shape() -> Iterator[Shape]:
    for version in versions():
        yield from shapes(version)


def read_all(value: Any) -> int:
    return sum(1 for _ in models(value))


def attribute(model: Model, wire: str) -> Any:
    return getattr(
        model, next(f.name for f in codec(type(model)).fields.values() if wire in f.wires)
    )


@pytest.mark.row("B05")
@pytest.mark.row("B27")
@pytest.mark.row("T17")
def test_null_is_taken_for_every_member() -> None:
    """Each member of each model in turn, beside all others: decodes, reads None, and goes back as
    null. All null at once, too.
    """
    counts: Counter[str] = Counter()
    for shape in every_shape():
        whole = shape.sample()
        assert whole == shape.kind.from_dict(whole).to_dict(), str(shape)
        # quick to copy
        flat = {name: type(v)() if isinstance(v, (dict, list)) else v for name, v in whole.items()}
        for wire in shape.members:
            value = {**flat, wire: None}
            found = shape.kind.from_dict(value)
            assert attribute(found, wire) is None, (str(shape), wire)
            assert value == found.to_dict(), (str(shape), wire)
            counts["members"] += 1
        nothing = dict.fromkeys(whole)
        found = shape.kind.from_dict(nothing)
        read_all(found)
        assert nothing == found.to_dict(), str(shape)
        counts["models"] += 1
    print(f"\n{dict(counts)}")
    assert counts["models"] > 2500
    assert counts["members"] > 8000


@pytest.mark.row("B27")
@pytest.mark.row("T17")
def test_strict_mode_names_the_required_member_that_is_null() -> None:
    """Each member alone through `decode`: a departure with its pointer where it is required and not
    nullable, else none.

    What the service alone writes is no exception, though a constructor need not be given it.
    """
    counts: Counter[str] = Counter()
    for shape in every_shape():
        schemas, operation = shape.version.schemas, shape.operation
        for wire, schema in shape.members.items():
            content = json.dumps({wire: None}).encode()
            pointer = "/" + wire.replace("~", "~0").replace("/", "~1")
            strict = wire in shape.required and not admits_null(schemas, schema)
            assert ([pointer] if strict else []) == departures(operation, content), (
                str(shape),
                wire,
            )
            assert {wire: None} == decode(operation, 200, content).to_dict()
            counts["required" if strict else "optional"] += 1
            counts["required, written by the service"] += bool(strict and schema.get("readOnly"))
    print(f"\n{dict(counts)}")
    assert counts["required"] > 500
    assert counts["required, written by the service"] > 15
    assert counts["optional"] > 8000


@pytest.mark.row("B27")
@pytest.mark.row("T17")
def test_strict_mode_names_every_required_member_that_is_missing() -> None:
    """An empty object of every model: a departure for each required member, those of its subtype
    and of the service included. Lenient decoding gives None, and a constructor does not ask for
    what the service alone writes.
    """
    counts: Counter[str] = Counter()
    for shape in every_shape():
        expected = {f"/{wire}" for wire in shape.required & set(shape.members)}
        assert expected == set(departures(shape.operation, b"{}", "nothing")), str(shape)
        assert {} == decode(shape.operation, 200, b"{}").to_dict()
        marks = {wire: shape.members[wire] for wire in shape.required & set(shape.members)}
        written = {wire for wire, m in marks.items() if m.get("readOnly") or m.get("x-answered")}
        fields = codec(shape.kind).fields.values()
        assert {None} >= {f.default for f in fields if f.wire in written}, str(shape)
        counts["models"] += 1
        counts["members"] += len(expected)
        counts["written by the service"] += len(written)
    print(f"\n{dict(counts)}")
    assert counts["models"] > 2500
    assert counts["members"] > 1300
    assert counts["written by the service"] > 15


@pytest.mark.row("B27")
@pytest.mark.row("T17")
def test_strict_mode_names_the_way_to_a_null() -> None:
    """Each object in each model with one required member null in it: the pointer goes through lists
    and maps to it.
    """
    counted = 0
    for version in versions():
        by_name = {shape.name: shape for shape in shapes(version)}
        for shape in by_name.values():
            for wire, schema in shape.members.items():
                for containers, name in held(version.schemas, schema):
                    inner = by_name[name]
                    known = inner.members.items()
                    null = [
                        n
                        for n, s in known
                        if n in inner.required and not admits_null(version.schemas, s)
                    ]
                    if not null:
                        continue
                    value: Any = {null[0]: None}
                    pointer = f"/{null[0]}"
                    for how in reversed(containers):
                        value = [value] if how == "list" else {"k": value}
                        pointer = f"{'/0' if how == 'list' else '/k'}{pointer}"
                    found = departures(shape.operation, json.dumps({wire: value}).encode())
                    assert [f"/{wire}{pointer}"] == found, (str(shape), wire)
                    counted += 1
    print(f"\n{counted} places")
    assert counted > 300


def departures(operation: Any, content: bytes, kind: str = "null") -> list[str]:
    """The pointers of the nulls (or what else was found) that strict mode refuses; the error
    carries the decoded value.
    """
    try:
        decode(operation, 200, content, strict=True)
    except ContractError as refused:
        found = refused
    else:
        return []
    assert json.loads(content) == to_json(found.value)
    return [d.pointer for d in found.departures if d.found == kind]


def families() -> Iterator[Shape]:
    for shape in every_shape():
        if shape.schema.get("discriminator", {}).get("mapping"):
            yield shape


@pytest.mark.row("B07")
@pytest.mark.row("T17")
def test_every_kind_is_its_class_and_all_others_are_the_base() -> None:
    counts: Counter[str] = Counter()
    for base in families():
        tag, mapping = (
            base.schema["discriminator"]["propertyName"],
            base.schema["discriminator"]["mapping"],
        )
        by_name = {shape.name: shape for shape in shapes(base.version)}
        for value, reference in mapping.items():
            shape = by_name.get(target(reference))
            raw = {**(shape.sample() if shape else {}), tag: value, "future": {"a": None}}
            found = base.kind.from_dict(raw)
            expected = (
                shape.kind if shape else getattr(base.version.plane.models, target(reference))
            )
            assert (expected, raw) == (type(found), found.to_dict()), (str(base), value)
            typed = [
                wire
                for wire, s in (shape.members if shape else {}).items()
                for how, _ in held(base.version.schemas, s)
                if not how
            ]
            for wire in typed:
                assert raw.get(wire) is None or isinstance(attribute(found, wire), Model), (
                    str(base),
                    value,
                    wire,
                )
            counts["kinds"] += 1
            counts["typed members"] += len(typed)
        for raw in (
            {tag: "Kind2031", "properties": {"x": [1]}},
            {"properties": {"x": None}},
            {tag: None, "properties": {}},
        ):
            found = base.kind.from_dict(raw)
            read_all(found)
            assert (base.kind, raw) == (type(found), found.to_dict()), str(base)
            counts["base class"] += 1
    print(f"\n{dict(counts)}")
    assert counts["base class"] >= 3 * 50
    assert counts["kinds"] > 500


@pytest.mark.row("B07")
@pytest.mark.row("T17")
@pytest.mark.parametrize("mode", MODES)
def test_a_list_of_kinds_known_and_unknown(mode: str) -> None:
    """Every operation that lists a family: two known kinds and an unknown one, without a
    warning.
    """
    counted = 0
    for version in versions():
        by_name = {shape.name: shape for shape in shapes(version)}
        for case in version.cases:
            if case.operation.paging is None or case.method != "get":
                continue
            schema = next(schema for _, schema in case.good() if schema)
            items = (
                members(version.schemas, schema)
                .get(case.operation.paging.items, {})
                .get("items", {})
            )
            base = by_name.get(target(items.get("$ref", "")))
            if base is None or family(version, base.name) != base.name:
                continue
            tag, mapping = (
                base.schema["discriminator"]["propertyName"],
                base.schema["discriminator"]["mapping"],
            )
            kinds = [*list(mapping)[:2], "Kind2031"]
            raw = [{tag: kind, "name": "n", "properties": {"x": 1, "y": None}} for kind in kinds]
            service = Service(says({case.operation.paging.items: raw}))
            with Caller(version, service, mode) as caller:
                found = caller.send(
                    case, **{p.name: "n" for p in case.operation.arguments if p.required}
                )
            expected = [by_name[target(mapping[kind])].kind for kind in kinds[:-1]] + [base.kind]
            assert (expected, raw) == ([type(item) for item in found], to_json(found)), case
            counted += 1
    print(f"\n{counted} operations")
    assert counted > 25


def pairs() -> Iterator[tuple[Case, Case, Shape]]:
    """(read, write, shape) wherever what is read at a path is what is written there; a list gives
    its items, not itself.
    """
    for version in versions():
        by_name = {shape.name: shape for shape in shapes(version)}
        reads = {
            case.path: case
            for case in version.cases
            if case.method == "get" and not case.operation.paging
        }
        for write in version.cases:
            if (
                write.method in ("put", "patch", "post")
                and write.json_body
                and (read := reads.get(write.path))
            ):
                name = target(write.body_schema.get("$ref", ""))
                answers = [target((schema or {}).get("$ref", "")) for _, schema in read.good()]
                if name in by_name and name in answers:
                    yield read, write, by_name[name]


def with_unknown(value: Any) -> Any:
    """The same value with a member that nothing knows in every object."""
    if isinstance(value, dict):
        return {**{k: with_unknown(v) for k, v in value.items()}, "fromRule": "permission:c1"}
    return [with_unknown(item) for item in value] if isinstance(value, list) else value


def less_read_only(schemas: Json, schema: Json, value: Any) -> Any:
    """What of a value goes into a request body, by the contract."""
    return less_read_only_in_all(schemas, [schema], value)


def less_read_only_in_all(schemas: Json, of: list[Json], value: Any) -> Any:
    """The same of a value that may be of any of several schemas, as that of an unknown kind: what
    none of them lets one write stays out.
    """
    found = [resolved(schemas, schema) for schema in of]
    if isinstance(value, list):
        return [
            less_read_only_in_all(schemas, [s.get("items", {}) for s in found], item)
            for item in value
        ]
    if not isinstance(value, dict):
        return value
    discriminator = found[0].get("discriminator", {})
    kind, mapping = value.get(discriminator.get("propertyName")), discriminator.get("mapping", {})
    if isinstance(kind, str) and kind in mapping:
        found = [schemas[target(mapping[kind])]]
    elif len(mapping) > 1:
        found = [schemas[target(reference)] for reference in mapping.values()]
    out = {}
    for name, item in value.items():
        inner = [member_of(schemas, schema, name) for schema in found]
        if not all(one.get("readOnly") for one in inner):
            out[inner[0].get("x-live-name", name)] = less_read_only_in_all(schemas, inner, item)
    return out


def member_of(schemas: Json, schema: Json, name: str) -> Json:
    known, every = members(schemas, schema), schema.get("additionalProperties")
    found: Json = known.get(name, every if isinstance(every, dict) and not known else {})
    return found


def of_each_kind(shape: Shape) -> Iterator[Json]:
    """Samples of a shape: one of each kind and one of an unknown kind where it is a family, else
    one.
    """
    version, discriminator = shape.version, shape.schema.get("discriminator", {})
    whole: Json = version.sampler.sample({"$ref": f"#/components/schemas/{shape.name}"})
    yield whole
    for kind, reference in [*discriminator.get("mapping", {}).items()][1:]:
        yield {**version.sampler.sample({"$ref": reference}), discriminator["propertyName"]: kind}
    if discriminator.get("mapping"):
        yield {**whole, discriminator["propertyName"]: "Kind2031"}


@pytest.mark.row("B01")
@pytest.mark.parametrize("mode", MODES)
def test_read_edit_write_keeps_every_member(mode: str) -> None:
    """Every path that is read and written, every kind of what is there (async: the first one): an
    unknown member in every object survives, and one edit is all that changes.
    """
    counts: Counter[str] = Counter()
    for read, write, shape in pairs():
        counts["paths"] += 1
        service = Service()
        with Caller(read.version, service, mode) as caller:
            for sample in [*of_each_kind(shape)][: None if mode == "sync" else 1]:
                raw = with_unknown(sample)
                service.now(says(raw))
                found = caller.send(read, **read.needed())
                expected = less_read_only(read.version.schemas, {"$ref": shape.name}, raw)
                for edit in (None, edited(found)):
                    if edit is not None:
                        setattr(found, edit[0], "edited")
                        expected = {**expected, edit[1]: "edited"}
                    service.now(says(raw))
                    caller.send(write, **{**write.needed(), "body": found})
                    assert expected == json.loads(service.seen[0].content), (write, edit)
                    counts["writes"] += 1
                counts["objects"] += sum(is_object for _, is_object in places(expected))
    print(f"\n{dict(counts)}")
    assert counts["paths"] > 100
    assert counts["writes"] > (1000 if mode == "sync" else 200)


def edited(model: Model) -> tuple[str, str] | None:
    """(attribute, wire name) of a text that may be changed."""
    tag = getattr(type(model), "_tag", None)
    fields = [
        f
        for f in codec(type(model)).fields.values()
        if f.type == "str" and not f.read_only and f.name != tag
    ]
    return (fields[0].name, fields[0].wire) if fields else None


POLICY = json.loads(
    """{"id":"p1","name":"policy_c1","version":3,"properties":{"decisionRules":[{"kind":"decisionrule","effect":"Permit",
    "dnfCondition":[[{"fromRule":"permission:c1","attributeName":"derived.purview.permission","attributeValueIncludes":"permission:c1"}]]}],
    "attributeRules":[{"kind":"attributerule","id":"r1","name":"r1","dnfCondition":[[{"attributeName":"principal.microsoft.id",
    "attributeValueIncludedIn":["u1"]}]]}],"collection":{"type":"CollectionReference","referenceName":"c1"}}}"""
)


@pytest.mark.row("B01")
@pytest.mark.parametrize("mode", MODES)
def test_policy_read_edit_write_keeps_every_member(mode: str) -> None:
    version, service = one("metadata_policies", "2021-07-01-preview"), Service(says(POLICY))
    with Caller(version, service, mode) as caller:
        policy = caller.send(version.case("MetadataPolicy_Get"), "p1")
        policy.properties.attribute_rules[0].dnf_condition[0][0].attribute_value_included_in.append(
            "u2"
        )
        caller.send(version.case("MetadataPolicy_Update"), "p1", body=policy)
    expected = json.loads(json.dumps(POLICY).replace('["u1"]', '["u1", "u2"]'))
    assert expected == json.loads(service.last.content)
    assert "PUT" == service.last.method


Step = tuple[str, tuple[str, ...], str]


def cycle(shape: Shape) -> list[Step]:
    """The shortest way from a schema back to itself: (member, containers, schema that it leads
    to).
    """
    schemas, seen, ways = shape.version.schemas, set[str](), [(shape.name, list[Step]())]
    while ways:
        name, way = ways.pop(0)
        for wire, schema in members(schemas, schemas[name]).items():
            for containers, to in held(schemas, schema):
                if to == shape.name:
                    return [*way, (wire, containers, to)]
                if to not in seen:
                    seen.add(to)
                    ways.append((to, [*way, (wire, containers, to)]))
    return []


@pytest.mark.row("B24")
def test_models_that_lead_to_themselves_are_three_levels_deep() -> None:
    """Every schema from which a way leads back to it: each level of three rounds is of its class,
    and all of it goes back.
    """
    counted = 0
    for version in versions():
        by_name = {shape.name: shape for shape in shapes(version)}
        for shape in by_name.values():
            way = cycle(shape) * 3
            if not way:
                continue
            raw: Any = {"future": 1}
            for wire, containers, _ in reversed(way):
                for how in reversed(containers):
                    raw = [raw] if how == "list" else {"k": raw}
                raw = {wire: raw, "future": None}
            found: Any = shape.kind.from_dict(raw)
            whole = found
            for wire, containers, name in way:
                found = attribute(found, wire)
                for how in containers:
                    found = found[0 if how == "list" else "k"]
                assert by_name[name].kind is type(found), (str(shape), wire)
            assert {"future": 1} == dict(found.additional_properties), str(shape)
            assert raw == whole.to_dict(), str(shape)
            counted += 1
    print(f"\n{counted} schemas")
    assert counted > 50


FRACTIONS = [
    *(
        "2024-11-30T08:42:49.447391319Z",
        "2024-01-02T03:04:05.1234567Z",
        "2024-01-01T00:00:00.7063770Z",
        "2024-03-14T08:03:32.774+0000",
    ),
    *(
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.1+05:30",
        "2024-06-30T23:59:59.999999999-08:00",
    ),
]


def date_times(schemas: Json, schema: Json, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The containers around each date-time in a member."""
    if schema.get("format") == "date-time":
        yield at
    for key, how in (("items", "list"), ("additionalProperties", "map")):
        if isinstance(schema.get(key), dict):
            yield from date_times(schemas, schema[key], (*at, how))


@pytest.mark.row("S21")
def test_date_times_come_back_as_the_text_that_they_were() -> None:
    """Every date-time of every model with eight forms of text, nine digits among them: a datetime
    here, the same text there.
    """
    counts: Counter[str] = Counter()
    for shape in every_shape():
        for wire, schema in shape.members.items():
            for containers in date_times(shape.version.schemas, schema):
                counts["members"] += 1
                for text in FRACTIONS:
                    value: Any = text
                    for how in reversed(containers):
                        value = [value] if how == "list" else {"k": value}
                    found: Any = shape.kind.from_dict({wire: value})
                    inner = attribute(found, wire)
                    for how in containers:
                        inner = inner[0 if how == "list" else "k"]
                    assert isinstance(inner, datetime), (str(shape), wire, text)
                    assert (text[-1].isdigit() and "+" not in text and text.count("-") < 3) == (
                        inner.tzinfo is None
                    )
                    assert {wire: value} == found.to_dict(), (str(shape), wire, text)
                    counts["texts"] += 1
    print(f"\n{dict(counts)}")
    assert counts["members"] > 300


@pytest.mark.row("S01")
def test_enum_values_that_are_not_known_are_kept() -> None:
    """Every enum member of every model, alone and in lists: a new value comes back as it is, and
    says that it is not known.
    """
    counted = 0
    for shape in every_shape():
        for wire, schema in shape.members.items():
            inner = resolved(shape.version.schemas, schema)
            listed = inner.get("type") == "array"
            inner = resolved(shape.version.schemas, inner.get("items", {})) if listed else inner
            if not inner.get("enum") or inner.get("type") != "string":
                continue
            raw = {wire: ["Brand-New"] if listed else "Brand-New"}
            found = shape.kind.from_dict(raw)
            value = attribute(found, wire)
            value = value[0] if listed else value
            assert ("Brand-New", raw) == (str(value), found.to_dict()), (str(shape), wire)
            assert not getattr(value, "is_known", False), (str(shape), wire)
            counted += 1
    print(f"\n{counted} enum members")
    assert counted > 400


@pytest.mark.row("S13")
def test_members_that_no_schema_names_are_kept() -> None:
    """In every object of a full sample of every model, names with spaces too; the same after all of
    it was read.
    """
    counts: Counter[str] = Counter()
    extra = {
        "isIndexed": True,
        "domainId": "d",
        "is related to": [],
        "": None,
        "a/b~c": {"x": None},
    }
    for shape in every_shape():
        raw = stuffed(shape.sample(), extra)
        found = shape.kind.from_dict(raw)
        assert raw == found.to_dict(), str(shape)
        counts["objects"] += read_all(found)
        assert raw == found.to_dict(), str(shape)
        assert {k: v for k, v in extra.items() if k not in shape.members} == {
            k: found.additional_properties[k] for k in extra if k not in shape.members
        }
        counts["models"] += 1
    print(f"\n{dict(counts)}")
    assert counts["models"] > 2500


def stuffed(value: Any, extra: Json) -> Any:
    if isinstance(value, dict):
        return {**extra, **{k: stuffed(v, extra) for k, v in value.items()}}
    return [stuffed(item, extra) for item in value] if isinstance(value, list) else value


@pytest.mark.row("S16")
@pytest.mark.row("T17")
def test_a_member_that_is_missing_reads_none_and_stays_missing() -> None:
    """Every model without anything, and with one member alone."""
    counted = 0
    for shape in every_shape():
        found = shape.kind.from_dict({})
        assert {} == found.to_dict(), str(shape)
        assert {None} == {attribute(found, wire) for wire in shape.members}, str(shape)
        raw = shape.sample()
        for wire in shape.members:
            if wire in raw:
                alone = shape.kind.from_dict({wire: raw[wire]})
                read_all(alone)
                assert {wire: raw[wire]} == alone.to_dict(), (str(shape), wire)
                counted += 1
    print(f"\n{counted} members")
    assert counted > 8000

"""The meaning of values, on models written by hand; `test_values` has the same of generated
ones.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.sample_plane import models as m

from purview_core import NULL, Model, OpenEnum, to_json
from purview_core.model.codec import Registry, body, camel, codec, encode
from purview_core.model.json_text import dumps, loads

REGISTRY = Registry.get(m.__name__)


def touch(value: Any) -> Iterator[Model]:
    """Reads all of a decoded value, and gives its models."""
    if isinstance(value, Model):
        yield value
        for name in codec(type(value)).fields:
            yield from touch(getattr(value, name))
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from touch(item)


# ---- absent, null, assigned
# ------------------------------------------------------------
@pytest.mark.parametrize(
    "member", ["name", "origin", "level", "tags", "createdAt", "lastRun", "properties"]
)
@pytest.mark.parametrize("read", [False, True])
class TestAnyMember:
    """Absent and null are the same to the eye, and different on the wire, whatever the type of
    the member.
    """

    def attribute(self, member: str) -> str:
        return {"createdAt": "created_at", "lastRun": "last_run"}.get(member, member)

    def scan(self, read: bool, **members: Any) -> Any:
        found = m.Scan.from_dict({"kind": "Sql", **members})
        if read:
            list(touch(found))
        return found

    def test_absent_stays_absent(self, member: str, read: bool) -> None:
        found = self.scan(read)
        assert getattr(found, self.attribute(member)) is None
        assert {"kind": "Sql"} == found.to_dict()

    def test_null_reads_none_and_goes_back_as_null(self, member: str, read: bool) -> None:
        found = self.scan(read, **{member: None})
        assert getattr(found, self.attribute(member)) is None
        assert {"kind": "Sql", member: None} == found.to_dict()

    @pytest.mark.parametrize("came", [None, "x", [], {}, "absent"])
    def test_none_leaves_the_member_out(self, member: str, read: bool, came: Any) -> None:
        found = self.scan(read, **({} if came == "absent" else {member: came}))
        setattr(found, self.attribute(member), None)
        assert {"kind": "Sql"} == found.to_dict() == pickle.loads(pickle.dumps(found)).to_dict()

    @pytest.mark.parametrize("came", [None, "x", [], {}, "absent"])
    def test_null_is_sent_as_null(self, member: str, read: bool, came: Any) -> None:
        found = self.scan(read, **({} if came == "absent" else {member: came}))
        setattr(found, self.attribute(member), NULL)
        assert {"kind": "Sql", member: None} == found.to_dict() == json.loads(dumps(encode(found)))


def test_a_null_that_was_assigned_over_is_gone() -> None:
    found = m.Scan.from_dict({"kind": "Sql", "name": None})
    found.name = "n"
    assert {"kind": "Sql", "name": "n"} == found.to_dict()
    found.name = None
    assert {"kind": "Sql"} == found.to_dict()


@pytest.mark.parametrize("how", [attrs.evolve, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_keep_nulls(how: Callable[[Any], Any]) -> None:
    raw = {"kind": None, "name": None, "properties": None, "lastRun": None, "x": None}
    assert raw == how(m.SqlScan.from_dict(raw)).to_dict()


# ---- date-times
# ------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02T03:04:05.1234567Z", datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2024-01-02T03:04:05.123456789Z", datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2024-01-02T03:04:05.123+0000", datetime(2024, 1, 2, 3, 4, 5, 123000, tzinfo=UTC)),
        (
            "2024-01-02T03:04:05+05:30",
            datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        ),
        ("2024-13-02T03:04:05Z", "2024-13-02T03:04:05Z"),
        ("", ""),
    ],
)
def test_date_times(text: str, expected: Any) -> None:
    found = m.Scan.from_dict({"kind": "Sql", "createdAt": text})
    assert expected == found.created_at
    assert getattr(expected, "tzinfo", None) == getattr(found.created_at, "tzinfo", None)
    assert {"kind": "Sql", "createdAt": text} == found.to_dict()


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        (datetime(2024, 1, 1), "2024-01-01T00:00:00"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00Z"),
        (datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2024-01-01T02:00:00+02:00"),
    ],
)
def test_date_times_that_are_assigned(given_: datetime, text: str) -> None:
    found = m.Scan.from_dict({"kind": "Sql", "createdAt": "2024-01-01T00:00:00.0000000+00:00"})
    found.created_at = given_
    same = given_ == datetime(2024, 1, 1, tzinfo=UTC) and not given_.utcoffset()
    assert "2024-01-01T00:00:00.0000000+00:00" if same else text == found.to_dict()["createdAt"]
    assert text == m.SqlScan(created_at=given_).to_dict()["createdAt"]


# ---- enums
# ------------------------------------------------------------
def test_an_unknown_value_is_of_the_enum() -> None:
    found = m.Scan.from_dict({"kind": "Sql", "origin": "Later"}).origin
    assert isinstance(found, m.Origin)
    assert isinstance(found, str)
    assert (False, "Later", "Later", "Later") == (
        found.is_known,
        found.value,
        str(found),
        f"{found}",
    )
    assert "Later" == found == m.Origin("Later")
    assert '"Later"' == json.dumps(found)
    assert {"Later": 1}[found] == 1
    copy = pickle.loads(pickle.dumps(found))
    assert (m.Origin, "Later", False) == (type(copy), copy, copy.is_known)
    assert found not in list(m.Origin)


def test_known_values_are_the_members() -> None:
    values = {"Manual": m.Origin.MANUAL, "By rule/2": m.Origin.BY_RULE, "": m.Origin.NONE}
    for text, member in values.items():
        found = m.Scan.from_dict({"kind": "Sql", "origin": text}).origin
        assert found is member
        assert member.is_known
        assert member is pickle.loads(pickle.dumps(member))
    assert issubclass(m.Origin, OpenEnum)


@pytest.mark.parametrize(
    ("value", "expected"), [(1, m.Level.LOW), (7, 7), ("1", "1"), (True, True), (1.0, 1.0)]
)
def test_whole_number_enums(value: Any, expected: Any) -> None:
    found = m.Scan.from_dict({"kind": "Sql", "level": value})
    assert (type(expected), expected) == (type(found.level), found.level)
    assert type(value) is type(found.to_dict()["level"])
    found.level = m.Level.HIGH
    assert 2 == found.to_dict()["level"]


def test_lists_of_enums() -> None:
    raw = {"origins": ["Manual", "Later", 5, None]}
    box = m.Box.from_dict(raw)
    assert [m.Origin.MANUAL, m.Origin("Later"), 5, None] == box.origins
    assert raw == box.to_dict()
    assert box.origins is not None
    box.origins.append(m.Origin.BY_RULE)
    assert {"origins": ["Manual", "Later", 5, None, "By rule/2"]} == box.to_dict()


# ---- discriminators and unions
# ------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Sql", m.SqlScan),
        ("Amazon", m.AmazonScan),
        ("New", m.Scan),
        (None, m.Scan),
        (["Sql"], m.Scan),
        (1, m.Scan),
        ({}, m.Scan),
    ],
)
def test_an_odd_discriminator_is_the_base(kind: Any, expected: type) -> None:
    raw = {"kind": kind, "properties": {"workers": 1}, "new": [1]}
    found = m.Scan.from_dict(raw)
    assert expected is type(found)
    assert raw == found.to_dict()


def test_no_discriminator_is_the_base() -> None:
    assert m.Scan is type(m.Scan.from_dict({"name": "n"}))


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("either", {"kind": "Sql"}, m.SqlScan),
        ("either", {"kind": "New", "name": "n", "tags": []}, m.Scan),
        ("either", {"referenceName": "r", "type": "t"}, m.Collection),
        ("either", "text", str),
        ("oneOrMore", {"referenceName": "r"}, m.Collection),
        ("oneOrMore", [{"referenceName": "r"}], list),
        ("oneOrMore", "text", str),
        ("sqlOrAmazon", {"kind": "Amazon", "name": "n"}, m.AmazonScan),
        ("sqlOrAmazon", {"kind": "Sql", "name": "n"}, m.SqlScan),
        ("sqlOrAmazon", {"name": "n"}, m.SqlScan),
    ],
)
def test_unions(member: str, value: Any, expected: type) -> None:
    box = m.Box.from_dict({member: value})
    name = {"oneOrMore": "one_or_more", "sqlOrAmazon": "sql_or_amazon"}.get(member, member)
    assert expected is type(getattr(box, name))
    assert {member: value} == box.to_dict()


def test_items_of_a_union_are_decoded() -> None:
    box = m.Box.from_dict({"oneOrMore": [{"referenceName": "r"}]})
    assert [m.Collection(reference_name="r")] == box.one_or_more


# ---- in place, and what JSON cannot hold
# ------------------------------------------------------------
def test_what_is_changed_in_place_goes_out() -> None:
    box = m.Box.from_dict(
        {
            "attributes": {"a": [1]},
            "labels": {"k": "v"},
            "collections": {"c": {"x": 1}},
            "grid": [[{}]],
        }
    )
    box.attributes["a"].append(m.Collection(reference_name="r"))
    box.attributes["when"] = datetime(2024, 1, 1, tzinfo=UTC)
    box.attributes["gone"] = NULL
    box.labels["k2"] = "w"
    box.collections["c"].reference_name = "q"
    box.grid[0].append(m.Collection(type_="t"))
    expected = {
        "attributes": {
            "a": [1, {"referenceName": "r"}],
            "when": "2024-01-01T00:00:00Z",
            "gone": None,
        },
        "labels": {"k": "v", "k2": "w"},
        "collections": {"c": {"x": 1, "referenceName": "q"}},
        "grid": [[{}, {"type": "t"}]],
    }
    assert expected == box.to_dict() == encode(box) == body(box) == loads(dumps(encode(box)))


def test_equal_is_not_the_same() -> None:
    """Lists and maps go out as they came only while they hold the very objects that came."""
    raw = {
        "collections": {"a": {"type": 1}, "b": {"type": 1.0}},
        "oneOrMore": [{"type": 1}, {"type": True}],
    }
    box = m.Box.from_dict(raw)
    list(touch(box))
    assert encode(box) is box._raw
    box.collections["a"].type_ = box.one_or_more[0].type_ = True
    text = (
        '{"collections":{"a":{"type":true},"b":{"type":1.0}},'
        '"oneOrMore":[{"type":true},{"type":true}]}'
    )
    assert text == dumps(encode(box)).decode()
    assert [1, 1] == [box._raw["collections"]["a"]["type"], box._raw["oneOrMore"][0]["type"]]
    box.one_or_more.append(m.Collection())
    del box.one_or_more[0]
    assert '"oneOrMore":[{"type":true},{}]' in dumps(encode(box)).decode()
    box.collections = dict(reversed(m.Box.from_dict(raw).collections.items()))
    assert ["b", "a"] == list(encode(box)["collections"])


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"x", 1j, {1: 2}, [object()], {"a": {"b": ()}, "c": b""}]
)
@pytest.mark.parametrize("write", [encode, body, to_json])
def test_what_json_cannot_hold_names_its_place(value: Any, write: Callable[[Any], Any]) -> None:
    scan = m.SqlScan(properties=m.SqlScanProperties(collection=m.Collection()))
    scan.properties.collection.reference_name = value
    with pytest.raises(
        TypeError,
        match=r"^SqlScan.properties: SqlScanProperties.collection: Collection.reference_name: ",
    ):
        write(scan)
    box = m.Box.from_dict({"attributes": {}})
    box.attributes["deep"] = [value]
    with pytest.raises(TypeError, match=r"^Box.attributes: "):
        write(box)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("write", [encode, body, to_json])
def test_json_has_no_nan(value: float, write: Callable[[Any], Any]) -> None:
    box = m.Box(ratio=value, attributes={"a": [value]})
    with pytest.raises(ValueError, match=r"^Box.ratio: JSON has no -?(nan|inf)"):
        write(box)
    box.ratio = None
    with pytest.raises(ValueError, match="Box.attributes: JSON has no"):
        write(box)


def test_relatives_of_json_classes_go_out() -> None:
    class Text(str):
        __slots__ = ()

    class Whole(int):
        pass

    sent = to_json(
        {"a": (1, Text("x")), m.Origin.MANUAL: Whole(3), "c": m.Level.LOW, "d": [m.Origin("Later")]}
    )
    assert {"a": [1, "x"], "Manual": 3, "c": 1, "d": ["Later"]} == sent
    assert [str, int, int, str] == [
        type(v) for v in (sent["a"][1], sent["Manual"], sent["c"], sent["d"][0])
    ]


def test_nothing_is_copied_that_need_not_be() -> None:
    raw = {"kind": "Sql", "tags": ["a"], "properties": {"collection": {"referenceName": "r"}}}
    scan = REGISTRY.loader("Scan")(raw)
    assert raw is encode(scan)
    list(touch(scan))
    assert raw is encode(scan)
    scan.name = "n"
    assert raw["properties"] is encode(scan)["properties"]
    assert "name" not in raw


@pytest.mark.parametrize("value", [True, 1, 1.0])
def test_equal_numbers_are_not_the_same(value: Any) -> None:
    box = m.Box.from_dict({"ratio": 1, "done": 1, "anything": 1})
    box.ratio = box.done = box.anything = value
    assert [type(value)] * 3 == [type(v) for v in box.to_dict().values()]


# ---- request bodies
# ------------------------------------------------------------
def test_read_only_members_stay_out_at_any_depth() -> None:
    inner = {"referenceName": "r", "lastModifiedAt": "2024-01-01T00:00:00Z", "x": 1}
    sent = {"referenceName": "r", "x": 1}
    raw = {
        "kind": "Sql",
        "id": "i",
        "lastRun": {"value": []},
        "properties": {"collection": inner, "workers": None},
    }
    expected = {"kind": "Sql", "properties": {"collection": sent, "workers": None}}
    scan = m.Scan.from_dict(raw)
    assert expected == body(scan)
    assert raw == scan.to_dict()
    box = {
        "collections": {"a": inner},
        "grid": [[inner]],
        "either": inner,
        "oneOrMore": [inner],
        "anything": inner,
    }
    less = {
        "collections": {"a": sent},
        "grid": [[sent]],
        "either": sent,
        "oneOrMore": [sent],
        "anything": inner,
    }
    assert less == body(m.Box.from_dict(box))
    assert [{"b": less}] == body([{"b": m.Box.from_dict(box)}])


def test_read_only_members_that_were_assigned_stay_out_too() -> None:
    assert {"kind": "Sql"} == body(m.SqlScan(id="i", last_run=m.ScanList(value=[])))


# ---- the registry
# ------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("str", str),
        ("bytes", bytes),
        ("None", type(None)),
        ("_Any", Any),
        ("datetime", datetime),
        ("Scan", m.Scan),
        ("list[Scan]", list[m.Scan]),
        ("dict[str, list[Scan]]", dict[str, list[m.Scan]]),
        ("Scan | Collection | None", m.Scan | m.Collection | None),
        ("list[Scan | str]", list[m.Scan | str]),
    ],
)
def test_type_texts_are_types(text: str, expected: Any) -> None:
    assert expected == REGISTRY.resolve(text)


def test_a_class_that_is_not_generated() -> None:
    with pytest.raises(TypeError, match="int is not a generated model"):
        codec(int)


@pytest.mark.parametrize(
    ("name", "expected"), [("data_source_name", "dataSourceName"), ("type_", "type"), ("id", "id")]
)
def test_wire_names(name: str, expected: str) -> None:
    assert expected == camel(name)


# ---- any JSON
# ------------------------------------------------------------
MEMBERS = [
    *(
        "kind",
        "name",
        "id",
        "origin",
        "level",
        "tags",
        "createdAt",
        "lastRun",
        "properties",
        "value",
        "count",
        "workers",
    ),
    *(
        "collection",
        "referenceName",
        "type",
        "attributes",
        "labels",
        "origins",
        "times",
        "collections",
        "grid",
        "either",
    ),
    *("oneOrMore", "sqlOrAmazon", "anything", "ratio", "done", "new"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None))
    | st.sampled_from(["Sql", "Amazon", "Manual", "2024-01-01T00:00:00.1234567Z", "\ud800", 10**30])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(
    raw=JSON,
    text=st.sampled_from(
        ["Scan", "ScanList", "Box", "list[Box]", "dict[str, Scan]", "Scan | Box", "list[Origin]"]
    ),
)
def test_any_json_comes_back_equal(raw: Any, text: str) -> None:
    content = dumps(raw)
    found = REGISTRY.loader(text)(loads(content))
    assert content == dumps(encode(found))
    every = list(touch(found))
    assert content == dumps(encode(found))
    assert content == dumps(to_json(found))
    for model in every:
        repr(model)
        before = dumps(encode(model))
        assert before == dumps(encode(attrs.evolve(model)))
        assert before == dumps(encode(pickle.loads(pickle.dumps(model))))

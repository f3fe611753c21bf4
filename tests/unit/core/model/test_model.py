"""Models as Python objects: what constructors take, copies, equality, repr."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Any
from unittest.mock import ANY

import attrs
import pytest
from tests.unit.core.sample_plane import models as m

from purview_core import NULL, Model, type_hints
from purview_core.model import compiled
from purview_core.model.checks import check
from purview_core.model.codec import Codec, Registry

REGISTRY = Registry.get(m.__name__)
ODD: list[Any] = ["x", 7, 1.5, True, [], [1], {}, {"a": 1}, [{}]]
COPIES: dict[str, Callable[[Any], Any]] = {
    "evolve": attrs.evolve,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


class OwnScan(m.SqlScan):
    """What a user makes of a generated class: a method, and state of its own."""

    note = ""

    def workers(self) -> int | None:
        return self.properties and self.properties.workers


# ---- constructors
# ------------------------------------------------------------
@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": 7}, "SqlScan.name takes str, not int"),
        ({"name": ["n"]}, "SqlScan.name takes str, not list of str"),
        ({"tags": "abc"}, r"SqlScan.tags takes list\[str\], not str"),
        ({"tags": ["a", 1]}, r"SqlScan.tags\[1\] takes str, not int"),
        ({"tags": {"a"}}, r"SqlScan.tags takes list\[str\], not set"),
        ({"level": True}, "SqlScan.level takes Level, not bool"),
        ({"origin": 1}, "SqlScan.origin takes Origin, not int"),
        ({"created_at": "2024-01-01"}, "SqlScan.created_at takes datetime, not str"),
        ({"properties": {"workers": 1}}, "SqlScan.properties takes SqlScanProperties, not dict"),
        (
            {"properties": m.AmazonScanProperties()},
            "SqlScan.properties takes SqlScanProperties, not AmazonScanProp",
        ),
        ({"kind": None}, r"SqlScan.kind takes str, not None \(NULL sends null\)"),
        ({"nam": "n"}, "unexpected keyword argument 'nam'"),
        ({"additional_properties": [1]}, "additional_properties takes a mapping, not list of int"),
        ({"additional_properties": {"x": object()}}, "object has no JSON form"),
    ],
)
def test_a_wrong_shape_is_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        m.SqlScan(**members)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ratio": True}, "Box.ratio takes float, not bool"),
        ({"done": 1}, "Box.done takes bool, not int"),
        ({"labels": {"a": 1}}, r"Box.labels\['a'\] takes str, not int"),
        (
            {"attributes": {1: 1}},
            r"Box.attributes takes dict\[str, Any\], and one of its keys is int",
        ),
        ({"grid": [m.Collection()]}, r"Box.grid\[0\] takes list\[Collection\], not Collection"),
        ({"grid": [[], [m.Collection(), {}]]}, r"Box.grid\[1\]\[1\] takes Collection, not dict"),
        (
            {"collections": {"Expert": {}}},
            r"Box.collections\['Expert'\] takes Collection, not dict",
        ),
        ({"one_or_more": [m.Collection(), 7]}, r"Box.one_or_more\[1\] takes Collection, not int"),
        ({"either": m.Key(name="k")}, r"Box.either takes Scan \| Collection, not Key"),
        (
            {"one_or_more": 5},
            r"Box.one_or_more takes list\[Collection\] \| Collection \| str, not int",
        ),
    ],
)
def test_a_wrong_shape_inside_is_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        m.Box(**members)


def test_the_value_is_no_part_of_the_message() -> None:
    with pytest.raises(TypeError) as caught:
        m.Key(name="k", secret=["canary"])  # type: ignore[arg-type]
    assert "Key.secret takes str, not list of str" == str(caught.value)


def test_a_required_member_must_be_there() -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
        m.Key()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Key.name takes str, not None"):
        m.Key(name=None)  # type: ignore[arg-type]
    assert {"name": None} == m.Key(name=NULL).to_dict()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"ratio": 1}, {"ratio": 1}),
        ({"labels": MappingProxyType({"a": "b"})}, {"labels": {"a": "b"}}),
        ({"grid": ((m.Collection(type_="t"),),)}, {"grid": [[{"type": "t"}]]}),
        ({"origins": ["Manual", "New", m.Origin.NONE]}, {"origins": ["Manual", "New", ""]}),
        ({"times": [datetime(2024, 1, 1)]}, {"times": ["2024-01-01T00:00:00"]}),
        ({"anything": [m.Collection(), None, NULL]}, {"anything": [{}, None, None]}),
        ({"either": m.SqlScan()}, {"either": {"kind": "Sql"}}),
        (
            {"either": NULL, "ratio": NULL, "grid": NULL},
            {"either": None, "ratio": None, "grid": None},
        ),
    ],
)
def test_what_fits_is_taken(members: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == m.Box(**members).to_dict()


def test_text_becomes_a_member_of_the_enum() -> None:
    assert m.Origin.MANUAL is m.SqlScan(origin="Manual").origin  # type: ignore[arg-type]
    unknown = m.SqlScan(origin="New").origin  # type: ignore[arg-type]
    assert (m.Origin, False) == (type(unknown), unknown and unknown.is_known)
    assert [m.Origin.MANUAL, m.Origin("New")] == (
        origins := m.Box(origins=["Manual", "New"]).origins
    )  # type: ignore[list-item]
    assert origins is not None
    assert [m.Origin] * 2 == list(map(type, origins))
    given = [m.Origin.MANUAL]
    assert given is m.Box(origins=given).origins


def test_additional_properties_are_members_beside_the_known() -> None:
    given = {"new": {"a": [datetime(2024, 1, 1)]}, "null": None}
    scan = m.SqlScan(name="n", additional_properties=given)
    sent = {"new": {"a": ["2024-01-01T00:00:00"]}, "null": None}
    assert sent == dict(scan.additional_properties)
    given["more"] = None
    assert {"kind": "Sql", "name": "n", **sent} == scan.to_dict()
    with pytest.raises(AttributeError):
        scan.additional_properties = {}  # type: ignore[misc,assignment]


def test_the_same_check_for_arguments() -> None:
    check(REGISTRY, "list[Scan]", [m.SqlScan()], "Scans_Put: scans")
    check(REGISTRY, "Scan", None, "Scans_Put: body")
    check(REGISTRY, "Scan", {"kind": "Sql"}, "Scans_Put: body", plain=True)
    with pytest.raises(TypeError, match="Scans_Put: body takes Scan, not dict"):
        check(REGISTRY, "Scan", {"kind": "Sql"}, "Scans_Put: body")
    with pytest.raises(TypeError, match="Scans_Put: body takes Scan, not Key"):
        check(REGISTRY, "Scan", m.Key(name="k"), "Scans_Put: body", plain=True)


@pytest.mark.parametrize("src", [None, "x", 5, [], [("a", 1)]])
def test_from_dict_takes_mappings(src: Any) -> None:
    with pytest.raises(TypeError, match="Scan.from_dict takes a mapping, not "):
        m.Scan.from_dict(src)
    assert {"kind": "Sql"} == m.Scan.from_dict(MappingProxyType({"kind": "Sql"})).to_dict()


def test_from_dict_takes_what_encodes() -> None:
    made = m.Scan.from_dict(
        {
            "kind": "Sql",
            "properties": m.SqlScanProperties(workers=1),
            "createdAt": datetime(2024, 1, 1),
        }
    )
    assert {
        "kind": "Sql",
        "properties": {"workers": 1},
        "createdAt": "2024-01-01T00:00:00",
    } == made.to_dict()
    assert isinstance(made, m.SqlScan)
    assert isinstance(made.properties, m.SqlScanProperties)


# ---- copies
# ------------------------------------------------------------
@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "member", ["kind", "name", "origin", "level", "tags", "createdAt", "properties"]
)
def test_copies_of_odd_values(how: str, odd: Any, member: str) -> None:
    raw = {"kind": "Sql", "new": 1, member: odd}
    scan = m.Scan.from_dict(raw)
    other = COPIES[how](scan)
    assert (type(scan), raw) == (type(other), other.to_dict())
    other.name = "changed"
    assert raw == scan.to_dict()
    assert other != scan


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_odd_items_beside_good_ones(how: str) -> None:
    raw = {
        "times": ["2024-01-01T00:00:00.1234567Z", 7],
        "origins": ["Manual", "New", 7],
        "collections": {"a": {"lastModifiedAt": "2024-01-01T00:00:00.1234567Z"}, "b": 7},
        "grid": [[{"type": 7}], 7],
    }
    assert raw == COPIES[how](m.Box.from_dict(raw)).to_dict()


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_what_was_built(how: str) -> None:
    scan = m.SqlScan(
        name="n", properties=m.SqlScanProperties(workers=1), additional_properties={"new": None}
    )
    other = COPIES[how](scan)
    assert {
        "kind": "Sql",
        "name": "n",
        "properties": {"workers": 1},
        "new": None,
    } == other.to_dict()
    assert other == scan
    assert (how in ("evolve", "copy")) is (other.properties is scan.properties)


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_ones_own_class(how: str) -> None:
    scan = OwnScan.from_dict({"kind": "Sql", "properties": {"workers": 3}})
    scan.note = "mine"
    other = COPIES[how](scan)
    assert (OwnScan, 3) == (type(other), other.workers())
    assert ("" if how == "evolve" else "mine") == other.note


def test_a_class_of_ones_own_may_have_members() -> None:
    members = {"width": attrs.field(type=int), "where": attrs.field(type=list[Loud])}
    flags = {"kw_only": True, "slots": True, "eq": False, "repr": False, "getstate_setstate": False}
    made: Any = attrs.make_class("Wide", members, bases=(m.SqlScan,), **flags)
    wide = made.from_dict({"kind": "Sql", "width": 3, "where": None})
    wide.width += 1
    assert {"kind": "Sql", "width": 4, "where": None} == wide.to_dict()
    assert {"kind": "Sql", "width": 1, "where": [2]} == made(width=1, where=[2]).to_dict()
    with pytest.raises(TypeError, match="Wide.width takes int, not str"):
        made(width="1", where=[])


def test_a_deep_copy_stands_apart() -> None:
    scan = m.Scan.from_dict({"kind": "Sql", "properties": {"workers": 3}})
    other = copy.deepcopy(scan)
    assert isinstance(other, m.SqlScan)
    assert other.properties is not None
    other.properties.workers = 4
    assert {"kind": "Sql", "properties": {"workers": 3}} == scan.to_dict()


# ---- who wins
# ------------------------------------------------------------
def nested() -> Any:
    raw = {
        "kind": "Sql",
        "tags": ["a"],
        "properties": {"workers": 3, "collection": {"referenceName": "r"}},
    }
    return m.Scan.from_dict(raw)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("read_before", [False, True])
def test_shallow_copies_share_what_can_be_changed_and_deep_ones_do_not(
    how: str, read_before: bool
) -> None:
    scan = nested()
    if read_before:
        assert (3, ["a"]) == (scan.properties.workers, scan.tags)
    other = COPIES[how](scan)
    shared = how in ("evolve", "copy")
    other.properties.collection.reference_name = "q"
    other.tags.append("b")
    other.name = "n"
    changed = {
        "kind": "Sql",
        "tags": ["a", "b"],
        "properties": {"workers": 3, "collection": {"referenceName": "q"}},
    }
    assert changed | {"name": "n"} == other.to_dict()
    assert (changed if shared else nested().to_dict()) == scan.to_dict()


def test_a_nested_object_wins_over_the_json_of_its_parent() -> None:
    scan = nested()
    before, properties = scan.to_dict(), scan.properties
    properties.workers, properties.collection.type_ = 4, "t"
    assert {"workers": 4, "collection": {"referenceName": "r", "type": "t"}} == scan.to_dict()[
        "properties"
    ]
    assert {"workers": 3, "collection": {"referenceName": "r"}} == before["properties"]
    before["properties"]["workers"] = 9
    assert 4 == scan.to_dict()["properties"]["workers"]


def test_assigning_another_lets_go_of_the_one_read_before() -> None:
    scan = nested()
    old, scan.properties = scan.properties, m.SqlScanProperties(workers=7)
    old.workers = 5
    assert {"workers": 7} == scan.to_dict()["properties"]
    scan.properties = old
    assert {"workers": 5, "collection": {"referenceName": "r"}} == scan.to_dict()["properties"]
    unread = nested()
    unread.properties = None
    assert (None, {"kind": "Sql", "tags": ["a"]}) == (unread.properties, unread.to_dict())


def test_every_write_is_seen() -> None:
    for write in (setattr, Model.__setattr__, lambda o, name, v: type(o).__setattr__(o, name, v)):
        scan = nested()
        write(scan, "name", "n")
        assert "n" == scan.to_dict()["name"]
    with pytest.raises(AttributeError, match="assign None to leave it out"):
        del nested().name
    with pytest.raises(AttributeError, match="assign None to leave it out"):
        del nested().properties


@pytest.mark.parametrize("came", [{}, {"name": None}, {"name": "n"}])
def test_a_class_with_a_setattr_of_its_own_loses_no_value(came: dict[str, Any]) -> None:
    """As attrs writes one for validators: what it assigns passes by the one of Model."""

    class Checked(m.SqlScan):
        def __setattr__(self, name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

    scan = Checked.from_dict({"kind": "Sql", "tags": ["a"], "properties": {"workers": 3}, **came})
    assert {"kind": "Sql", "tags": ["a"], "properties": {"workers": 3}, **came} == scan.to_dict()
    scan.name, scan.properties.workers = "x", 4  # type: ignore[union-attr]
    scan.tags.append("b")  # type: ignore[union-attr]
    assert {
        "kind": "Sql",
        "tags": ["a", "b"],
        "properties": {"workers": 4},
        "name": "x",
    } == scan.to_dict()


def test_a_class_that_attrs_made_with_a_validator() -> None:
    @attrs.define(kw_only=True, eq=False, repr=False, getstate_setstate=False)
    class Wide(m.SqlScan):
        width: int = attrs.field(default=1, validator=attrs.validators.ge(0))

    wide = Wide.from_dict({"kind": "Sql", "width": 3, "properties": {"workers": 3}})
    wide.width, wide.name = 4, "n"
    assert {"kind": "Sql", "width": 4, "properties": {"workers": 3}, "name": "n"} == wide.to_dict()
    with pytest.raises(ValueError, match="must be >= 0"):
        wide.width = -1
    assert {"kind": "Sql", "width": 2, "name": "m"} == attrs.evolve(
        Wide(width=2), name="m"
    ).to_dict()


# ---- equality, repr, names
# ------------------------------------------------------------
def test_equality() -> None:
    scan = m.Scan.from_dict({"kind": "Sql", "createdAt": "2024-01-01T00:00:00"})
    assert scan == m.SqlScan(created_at=datetime(2024, 1, 1))
    assert scan != m.SqlScan(created_at=datetime(2024, 1, 1), name=NULL)
    assert m.Scan(kind="Sql") != m.SqlScan()
    assert scan != {"kind": "Sql"}
    assert scan == ANY
    with pytest.raises(TypeError, match="unhashable type: 'SqlScan'"):
        hash(scan)


class Loud:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


def test_repr_is_short_and_never_raises() -> None:
    scan = m.SqlScan(name="n" * 500, tags=list("abcdef"), properties=m.SqlScanProperties(workers=1))
    shown = repr(scan)
    assert shown.startswith("SqlScan(name='nnnn")
    assert shown.endswith(
        "nn', tags=['a', 'b', 'c', ...], kind='Sql', properties=SqlScanProperties(workers=1))"
    )
    assert len(shown) < 160
    assert f"ScanList(value=[{shown}, {shown}, {shown}, ...])" == repr(
        m.ScanList(value=[scan] * 1000)
    )
    scan.name = Loud()  # type: ignore[assignment]
    assert "<Loud instance at " in repr(scan)
    box = m.Box(anything=[])
    box.anything.append(box)
    assert "Box(anything=[Box(anything=[Box(...)])])" == repr(box)
    assert len(repr(m.Box.from_dict({"attributes": {str(i): "v" * 99 for i in range(999)}}))) < 300


def test_secrets_do_not_show() -> None:
    key = m.Key(name="k", secret="canary")
    assert "Key(name='k', secret=***)" == repr(key)
    assert {"name": "k", "@key.secret": "canary"} == key.to_dict()
    assert "Key(name='k')" == repr(m.Key(name="k"))
    assert "canary" not in repr(m.Box(anything={"key": [key]}))


def test_names_that_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="'SqlScan' object has no attribute 'nam'") as caught:
        m.SqlScan().nam  # type: ignore[attr-defined]
    assert "nam" == caught.value.name
    with pytest.raises(AttributeError):
        m.SqlScan().nam = 1  # type: ignore[attr-defined]
    assert not hasattr(m.SqlScan(), "__length_hint__")


def test_type_hints_are_types() -> None:
    hints = type_hints(m.SqlScan)
    assert {"kind": str, "level": m.Level | None, "tags": list[str] | None} == {
        k: hints[k] for k in ("kind", "level", "tags")
    }
    assert (datetime | None, m.SqlScanProperties | None) == (
        hints["created_at"],
        hints["properties"],
    )
    assert Any is type_hints(m.Box)["anything"]
    assert list[m.Scan] == type_hints(m.ScanList)["value"]


def test_attrs_knows_the_fields() -> None:
    assert ["additional_properties", "kind", "name"] == [a.alias for a in attrs.fields(m.Scan)][:3]
    assert (
        "n"
        == attrs.asdict(
            m.Scan.from_dict({"kind": "Sql", "name": "n", "properties": {"workers": 1}})
        )["name"]
    )


def test_attrs_is_told_when_it_asks() -> None:
    names = [
        "additional_properties",
        "name",
        "id",
        "origin",
        "level",
        "tags",
        "created_at",
        "last_run",
    ]
    assert [*names, "kind", "properties"] == [a.alias for a in attrs.fields(m.SqlScan)]
    assert attrs.has(m.Key)
    assert (attrs.NOTHING, None) == (
        attrs.fields(m.Key).name.default,
        attrs.fields(m.Key).secret.default,
    )
    assert attrs.fields(OwnScan) is attrs.fields(m.SqlScan)
    raw = {"kind": "Sql", "properties": {"workers": 1}}
    found = attrs.asdict(
        m.Scan.from_dict(raw), filter=lambda a, v: v is not None and a.name != "_came"
    )
    assert raw == found


def test_the_signature_names_the_members() -> None:
    shown = str(inspect.signature(m.Key))
    assert "(*, additional_properties={}, name, secret=None)" == shown
    assert ["additional_properties", "name"] == list(inspect.signature(m.SqlScan).parameters)[:2]


def test_references_may_be_weak() -> None:
    scan = nested()
    assert scan is weakref.ref(scan)()


def test_an_assignment_beside_a_first_read_is_not_lost() -> None:
    for _ in range(200):
        scan, mine = nested(), m.SqlScanProperties(workers=9)
        reader = threading.Thread(target=lambda scan=scan: scan.properties)
        reader.start()
        scan.properties = mine
        reader.join()
        assert mine is scan.properties


@pytest.fixture(params=["if True:", "with lock:"], ids=["with a GIL", "without"])
def readers(request: pytest.FixtureRequest) -> Iterator[None]:
    """The readers of attributes as either kind of interpreter has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_ONE_AT_A_TIME", request.param)
        patch.setattr(compiled, "_readers", {})
        Codec(m.Box)  # puts readers of its own into the class
        seconds = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(seconds)
    Codec(m.Box)


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize(
    ("member", "came"),
    [
        ("either", {"referenceName": "r"}),
        ("grid", [[{"referenceName": "r"}]]),
        ("collections", {"a": {"referenceName": "r"}}),
        ("origins", ["Later"]),
        ("attributes", {"a": [1]}),
        ("anything", [1]),
    ],
)
def test_readers_in_two_threads_get_one_object(member: str, came: Any) -> None:
    for _ in range(50):
        box, barrier, found = m.Box.from_dict({member: came}), threading.Barrier(4), []

        def read(box: Any = box, barrier: Any = barrier, found: list[Any] = found) -> None:
            barrier.wait()
            found.append(getattr(box, member))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 4 == len(found)
        assert 1 == len({id(one) for one in [*found, getattr(box, member)]})
        assert {member: came} == box.to_dict()

"""Whatever way a value goes into a model, and whatever it is spelled: it goes out again, or a
TypeError says why not.
"""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.unit.core.sample_plane import models as m

from purview_core import NULL, Model, to_json
from purview_core.call.decoding import loads
from purview_core.model.checks import check
from purview_core.model.codec import Registry, body, encode
from purview_core.model.depth import MAX_DEPTH
from purview_core.model.json_text import dumps
from purview_dataplane import catalog, datamap

REGISTRY = Registry.get(m.__name__)
COPIES: dict[str, Callable[[Any], Any]] = {
    "evolve": attrs.evolve,
    "replace": lambda model: model.__replace__(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "from_dict": lambda model: type(model).from_dict(model.to_dict()),
}


# ---- additional_properties that hold members of the class
# ------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "attribute", "value"),
    [
        ({"name": "n"}, "name", "n"),
        ({"tags": ["a"]}, "tags", ["a"]),
        (
            {"createdAt": "2024-01-01T00:00:00.1234567"},
            "created_at",
            datetime(2024, 1, 1, 0, 0, 0, 123456),
        ),
        ({"origin": "Manual"}, "origin", m.Origin.MANUAL),
        ({"properties": {"workers": 1, "new": 2}}, "properties", None),
        ({"kind": "Sql", "new": 1}, "kind", "Sql"),
        ({"name": None, "properties": None}, "name", None),
    ],
)
def test_members_that_the_class_names_are_taken(
    given: dict[str, Any], attribute: str, value: Any
) -> None:
    for made in (
        m.SqlScan(additional_properties=given),
        attrs.evolve(m.SqlScan(), additional_properties=given),
        attrs.evolve(m.SqlScan.from_dict({"kind": "Sql"}), additional_properties=given),
    ):
        assert {"kind": "Sql"} | given == made.to_dict()
        assert given.keys() - {"new"} == given.keys() - dict(made.additional_properties).keys()
        if value is not None:
            assert value == getattr(made, attribute)
    unknown = m.Scan.from_dict({"kind": "Later", **given} | {"kind": "Later"})
    less = {name: one for name, one in given.items() if name != "kind"}
    assert {"kind": "Sql"} | less == m.SqlScan(additional_properties=less).to_dict()
    assert {"kind": "Later"} | less == unknown.to_dict()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"name": "n", "additional_properties": {"name": "other"}},
            "holds 'name', with another value than .* name=",
        ),
        (
            {"additional_properties": {"kind": "Amazon"}},
            "holds 'kind', with another value than the argument kind=",
        ),
        (
            {"name": NULL, "additional_properties": {"name": "n"}},
            "holds 'name', with another value",
        ),
        (
            {"additional_properties": {"created_at": "2024"}},
            "holds 'created_at', .* give created_at=, or 'createdAt'",
        ),
        ({"additional_properties": {"name": 7}}, "SqlScan.name takes str, not int"),
        (
            {"additional_properties": {"properties": "text"}},
            "SqlScan.properties takes SqlScanProperties, not str",
        ),
        ({"additional_properties": {"tags": ["a", 1]}}, r"SqlScan.tags\[1\] takes str, not int"),
        ({"kind": None, "additional_properties": {"new": 1}}, "SqlScan.kind takes str, not None"),
    ],
)
def test_what_contradicts_or_does_not_fit_is_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        m.SqlScan(**members)


def test_the_same_value_twice_is_no_contradiction() -> None:
    made = m.SqlScan(name="n", additional_properties={"name": "n", "kind": "Sql"})
    assert {"name": "n", "kind": "Sql"} == made.to_dict()


def test_members_of_an_unknown_kind_go_into_the_class_that_names_them() -> None:
    base = m.Scan.from_dict(
        {"kind": "Later", "name": "n", "properties": {"workers": 3}, "new": [1]}
    )
    made = m.SqlScan(name=base.name, additional_properties=base.additional_properties)
    assert (3, {"new": [1]}) == (
        made.properties and made.properties.workers,
        dict(made.additional_properties),
    )
    assert {"kind": "Sql", "name": "n", "properties": {"workers": 3}, "new": [1]} == made.to_dict()


def test_additional_properties_cannot_be_assigned() -> None:
    with pytest.raises(AttributeError, match="give it to the constructor, or to attrs.evolve"):
        m.SqlScan().additional_properties = {"a": 1}  # type: ignore[misc,assignment]


def test_a_misspelt_argument_is_told_the_right_one() -> None:
    for given, meant in (
        ("createdAt", "created_at"),
        ("propertys", "properties"),
        ("NAME", "name"),
    ):
        with pytest.raises(
            TypeError, match=f"unexpected keyword argument {given!r}. Did you mean {meant}\\?"
        ):
            m.SqlScan(**{given: 1})  # type: ignore[arg-type]


# ---- copies of what is odd, or was assigned
# ------------------------------------------------------------
@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize(
    "member", ["name", "origin", "level", "tags", "createdAt", "properties", "lastRun"]
)
@pytest.mark.parametrize("came", [None, "x", [], {}, 7])
@pytest.mark.parametrize("read", [False, True])
def test_none_that_was_assigned_stays_gone_in_copies(
    how: str, member: str, came: Any, read: bool
) -> None:
    scan, name = m.Scan.from_dict({"kind": "Sql", member: came}), attribute(member)
    if read:
        getattr(scan, name)
    setattr(scan, name, None)
    assert (
        {"kind": "Sql"} == COPIES[how](scan).to_dict() == COPIES[how](COPIES[how](scan)).to_dict()
    )


def attribute(member: str) -> str:
    return {"createdAt": "created_at", "lastRun": "last_run"}.get(member, member)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("member", ["name", "tags", "origin", "properties"])
@pytest.mark.parametrize("odd", [7, "x", ["a", 1], {"a": 1}, True])
def test_odd_values_that_were_assigned_go_into_copies(how: str, member: str, odd: Any) -> None:
    scan = m.SqlScan.from_dict({"kind": "Sql"})
    setattr(scan, member, odd)
    assert {"kind": "Sql", member: odd} == COPIES[how](scan).to_dict()


@pytest.mark.parametrize("how", COPIES)
def test_lists_that_hold_odd_items_may_be_changed_and_copied(how: str) -> None:
    raw: dict[str, Any] = {"value": ["odd", {"kind": "Sql"}, 7]}
    scans = m.ScanList.from_dict(raw)
    scans.value.append(scans.value[0])
    scans.value.insert(0, m.SqlScan(name="n"))
    expected = {"value": [{"kind": "Sql", "name": "n"}, *raw["value"], "odd"]}
    assert expected == COPIES[how](scans).to_dict()
    box = m.Box.from_dict({"collections": {"a": 7, "b": {}}, "origins": [5, "Manual"]})
    assert box.collections is not None
    box.collections["c"] = box.collections["a"]
    assert {"collections": {"a": 7, "b": {}, "c": 7}, "origins": [5, "Manual"]} == COPIES[how](
        box
    ).to_dict()


def test_new_lists_of_old_odd_items() -> None:
    scans = m.ScanList.from_dict({"value": [["odd"], {"kind": "Sql"}]})
    more = attrs.evolve(scans, value=[*scans.value, m.SqlScan(), scans.value[0]])
    assert {"value": [["odd"], {"kind": "Sql"}, {"kind": "Sql"}, ["odd"]]} == more.to_dict()
    with pytest.raises(TypeError, match=r"ScanList.value\[0\] takes Scan, not list"):
        attrs.evolve(scans, value=[*scans.value, 8])
    with pytest.raises(TypeError, match=r"ScanList.value\[0\] takes Scan, not list of str"):
        m.ScanList(value=scans.value)


# ---- another spelling of the service
# ------------------------------------------------------------
SPELLINGS = [
    ("timezone", "timeZone", "time_zone", "UTC", "CET"),
    ("dayone", "dayOne", "day_one", "2024-01-01T00:00:00.0000001Z", datetime(2025, 1, 1)),
    ("weekdays", "weekDays", "week_days", ["Monday"], ["Friday"]),
    ("firstrun", "firstRun", "first_run", {"referenceName": "r"}, m.Collection(type_="t")),
    ("firstrun", "FirstRun", "first_run", {"referenceName": "r", "new": None}, m.Collection()),
]


@pytest.mark.parametrize(("live", "written", "name", "came", "new"), SPELLINGS)
@pytest.mark.parametrize("read", [False, True])
class TestSpellings:
    """A member that the service spells `live`, and its document `written`."""

    def test_both_are_read_and_kept(
        self, live: str, written: str, name: str, came: Any, new: Any, read: bool
    ) -> None:
        for key in (live, written):
            found = m.Recurrence.from_dict({"name": "n", key: came, "x": 1})
            if read:
                assert getattr(found, name) is not None
            assert {"name": "n", key: came, "x": 1} == found.to_dict()
            assert {"x": 1} == dict(found.additional_properties)
            for copied in (how(found) for how in COPIES.values()):
                assert {"name": "n", key: came, "x": 1} == copied.to_dict()
                assert getattr(found, name) == getattr(copied, name)

    def test_the_one_of_the_service_is_sent(
        self, live: str, written: str, name: str, came: Any, new: Any, read: bool
    ) -> None:
        for key in (live, written):
            found = m.Recurrence.from_dict({"name": "n", key: came, "x": 1})
            if read:
                getattr(found, name)
            assert ["name", live, "x"] == list(body(found))
            assert came == to_json(body(found))[live]
            setattr(found, name, new)
            assert {"name": "n", key: to_json(new), "x": 1} == found.to_dict()
            assert {"name": "n", live: to_json(new), "x": 1} == body(found)
            setattr(found, name, None)
            assert {"name": "n", "x": 1} == found.to_dict() == body(found)
            setattr(found, name, NULL)
            assert (None, None) == (found.to_dict()[key], body(found)[live])

    def test_what_is_made_has_the_one_of_the_service(
        self, live: str, written: str, name: str, came: Any, new: Any, read: bool
    ) -> None:
        assert {live: to_json(new)} == m.Recurrence(**{name: new}).to_dict()
        for key in (live, written):
            assert {key: came} == m.Recurrence(additional_properties={key: came}).to_dict()
            with pytest.raises(
                TypeError, match=f"holds {key!r}, with another value than the argument {name}="
            ):
                m.Recurrence(**{name: new}, additional_properties={key: came})

    def test_null_is_kept_and_both_at_once_go_back(
        self, live: str, written: str, name: str, came: Any, new: Any, read: bool
    ) -> None:
        for raw in (
            {written: None},
            {live: None},
            {live: None, written: came},
            {written: came, live: came},
        ):
            found = m.Recurrence.from_dict(raw)
            if read:
                assert (getattr(found, name) is None) is (raw.get(live, raw.get(written)) is None)
            assert raw == found.to_dict() == attrs.evolve(found).to_dict()


def test_read_only_members_of_either_spelling_stay_out() -> None:
    for key in ("lastone", "lastOne"):
        found = m.Recurrence.from_dict({key: "x", "name": "n"})
        assert ("x", {"name": "n"}, {"name": "n"}) == (
            found.last_one,
            body(found),
            found.to_dict(writable=True),
        )


# ---- what a write sends
# ------------------------------------------------------------
def test_writable_leaves_out_what_the_service_alone_writes() -> None:
    raw = {
        "kind": "Sql",
        "id": "i",
        "lastRun": {"value": []},
        "new": 1,
        "properties": {
            "collection": {"referenceName": "r", "lastModifiedAt": "2024-01-01T00:00:00Z"},
            "workers": None,
        },
    }
    scan = m.Scan.from_dict(raw)
    expected = {
        "kind": "Sql",
        "new": 1,
        "properties": {"collection": {"referenceName": "r"}, "workers": None},
    }
    assert (expected, raw) == (scan.to_dict(writable=True), scan.to_dict())
    later = m.Scan.from_dict({**raw, "id": "j", "lastRun": None})
    assert dumps(scan.to_dict(writable=True)) == dumps(later.to_dict(writable=True))
    found = scan.to_dict(writable=True)
    found["properties"]["collection"]["referenceName"] = "changed"
    assert expected == scan.to_dict(writable=True)


# ---- messages
# ------------------------------------------------------------
def test_a_model_of_another_plane_with_the_same_name_is_named_with_its_plane() -> None:
    registry, here, there = (
        Registry.get(datamap.models.__name__),
        "purview_dataplane.datamap",
        "purview_dataplane.catalog",
    )
    with pytest.raises(TypeError) as caught:
        check(
            registry,
            "AtlasGlossary",
            catalog.models.AtlasGlossary(),
            "Glossary_Create: body",
            plain=True,
        )
    said = (
        f"Glossary_Create: body takes {here}.models.AtlasGlossary, not {there}.models.AtlasGlossary"
    )
    assert said == str(caught.value)
    with pytest.raises(
        TypeError, match=r"terms\[0\] takes purview_dataplane.datamap.models.\w+, not purview_data"
    ):
        datamap.models.AtlasGlossary(terms=[catalog.models.AtlasRelatedTermHeader()])  # type: ignore[list-item]


def test_the_place_inside_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"^AtlasEntity.contacts\['Expert'\]\[0\] takes ContactInfo, not dict$"
    ):
        datamap.models.AtlasEntity(contacts={"Expert": [{"id": "u"}]})  # type: ignore[list-item]
    with pytest.raises(
        TypeError, match=r"^AtlasEntity.custom_attributes\['a'\] takes str, not int$"
    ):
        datamap.models.AtlasEntity(custom_attributes={"a": 1})  # type: ignore[dict-item]
    check(REGISTRY, "list[Scan]", [{"kind": "Sql"}], "Scans_Put: body", plain=True)
    with pytest.raises(TypeError, match=r"^Scans_Put: body\[1\] takes Scan, not str$"):
        check(REGISTRY, "list[Scan]", [{}, "x"], "Scans_Put: body", plain=True)


def test_names_that_are_not_there_are_told_the_nearest() -> None:
    for name, meant in (("SQLScan", "SqlScan"), ("Scann", "Scan"), ("scan_list", "ScanList")):
        with pytest.raises(
            AttributeError, match=f"no attribute {name!r}. Did you mean {meant}\\?"
        ) as caught:
            getattr(m, name)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (name, str(caught.value)) == (caught.value.name, str(again))
    for name, meant in (("MANUL", "MANUAL"), ("Manual", "MANUAL"), ("ByRule", "BY_RULE")):
        with pytest.raises(
            AttributeError, match=f"Origin has no member {name!r}. Did you mean {meant}\\?"
        ):
            getattr(m.Origin, name)
    with pytest.raises(AttributeError, match=r"has no attribute 'zzz'\.$"):
        getattr(m, "zzz")  # noqa: B009
    assert not hasattr(m.Origin, "__wrapped__")


# ---- depth
# ------------------------------------------------------------
def below(frames: int, work: Callable[[], Any]) -> Any:
    """What a call gives with so many frames of the caller's own below it."""
    return below(frames - 1, work) if frames else work()


def every_way(value: dict[str, Any]) -> None:
    content = dumps(value)
    box = REGISTRY.loader("Box")(loads(content))
    for _ in range(2):
        assert (
            value
            == box.to_dict()
            == to_json(box)
            == loads(dumps(encode(box)))
            == loads(dumps(body(box)))
        )
        other = copy.deepcopy(box)
        assert (other == box) is True
        assert (
            value == pickle.loads(pickle.dumps(box)).to_dict() == m.Box.from_dict(value).to_dict()
        )
        assert repr(box).startswith("Box(")
        assert value == copy.copy(box).to_dict() == attrs.evolve(box).to_dict()
        at = box
        while at is not None:  # read all of it
            at = getattr(at, "either", None)


def in_a_thread(work: Callable[[], Any]) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [] == failed


@pytest.mark.parametrize("levels", [1, 64, MAX_DEPTH])
@pytest.mark.parametrize("where", ["here", "in a thread"])
def test_what_is_read_can_be_copied_compared_and_written(levels: int, where: str) -> None:
    value: Any = {"attributes": {}}
    for _ in range(levels - 2):
        value = {"either": value}
    if where == "here":
        every_way(value)
    else:
        in_a_thread(lambda: every_way(value))


@pytest.mark.parametrize("text", ["lists", "objects", "both"])
def test_lists_and_objects_of_most_levels_go_every_way(text: str) -> None:
    value: Any = []
    for i in range(MAX_DEPTH - 2):
        value = [value] if text == "lists" or (text == "both" and i % 2) else {"a": value}
    every_way({"anything": value})


def test_a_stack_that_is_nearly_full_makes_no_difference() -> None:
    value: Any = {"name": "n"}
    for _ in range(MAX_DEPTH - 1):
        value = {"either": value}
    content, free = dumps(value), sys.getrecursionlimit() - depth_here()

    def work() -> None:
        box = REGISTRY.loader("Box")(loads(content))
        # == would take their room, too
        assert content == dumps(box.to_dict()) == dumps(copy.deepcopy(box).to_dict())
        assert copy.deepcopy(box) == box

    for left in (400, 200, 100):
        below(free - left, work)


def depth_here() -> int:
    frame, count = sys._getframe(), 0
    while frame := frame.f_back:  # type: ignore[assignment]
        count += 1
    return count


def test_what_holds_itself_is_told_so() -> None:
    box = m.Box(anything=[])
    box.anything.append(box)
    for work in (
        box.to_dict,
        lambda: encode(box),
        lambda: body(box),
        lambda: box == m.Box(anything=[box]),
    ):
        with pytest.raises(ValueError, match="nested too deeply, or holds itself"):
            work()
    assert copy.deepcopy(box).anything[0].anything[0] is not box


# ---- what people see
# ------------------------------------------------------------
def test_a_repr_shows_what_is_in_it() -> None:
    made = m.SqlScan(
        properties=m.SqlScanProperties(workers=3, collection=m.Collection(reference_name="r"))
    )
    inner = "SqlScanProperties(workers=3, collection=Collection(reference_name='r'))"
    assert f"SqlScan(kind='Sql', properties={inner})" == repr(made)
    unknown = m.Scan.from_dict({"kind": "Later", "password": "canary", "b": 1})
    assert "Scan(kind='Later', additional_properties=<password, b>)" == repr(unknown)


def test_a_repr_is_limited_in_depth_length_and_items() -> None:
    scan = m.SqlScan(name="n" * 99, tags=["t" * 99] * 9, properties=m.SqlScanProperties(workers=1))
    box: Any = m.Box(
        grid=[[m.Collection()] * 9] * 9,
        either=scan,
        anything=[scan] * 9,
        attributes={"a": [scan] * 9},
    )
    for _ in range(9):
        box = m.Box(anything=[box, box, box, box])
    assert len(repr(box)) <= 1_200
    assert len(repr(m.ScanList(value=[scan] * 999))) <= 1_200
    assert "..." in repr(box)


@pytest.mark.parametrize(
    "wrap", [lambda k: k, lambda k: m.Box(anything=[k]), lambda k: m.Box(attributes={"k": [k]})]
)
def test_secrets_show_nowhere(wrap: Callable[[Any], Model]) -> None:
    model: Any = wrap(m.Key(name="<b>&", secret="canary"))
    model = (
        type(model).from_dict(model.to_dict() | {"token": "canary"})
        if isinstance(model, m.Key)
        else model
    )
    for text in (repr(model), model._repr_html_(), repr([model]), str({"a": model})):
        assert "canary" not in text
    assert "<b>" not in model._repr_html_()
    assert "&lt;b&gt;&amp;" in model._repr_html_()


def test_a_notebook_draws_a_table() -> None:
    html = m.SqlScan(name="n", properties=m.SqlScanProperties(workers=3))._repr_html_()
    assert html.startswith("<table><caption>SqlScan</caption>")
    for part in (">name</th>", "&#x27;n&#x27;", "SqlScanProperties(workers=3)"):
        assert part in html
    assert "***" in m.Key(name="k", secret="canary")._repr_html_()


def test_classes_that_attrs_derives_show_no_secret_either() -> None:
    made: Any = attrs.make_class(
        "Mine", {"more": attrs.field(type=int, default=1)}, bases=(m.Key,), kw_only=True, slots=True
    )
    assert "canary" not in repr(
        made(name="k", secret="canary", additional_properties={"token": "canary"})
    )


PYTEST = """
import attrs
from purview_core import to_json
from core.sample_plane import models as m

ONE, OTHER = m.Key(name="k", secret="canary"), m.Key(name="k", secret="canary2")
more = {"more": attrs.field(type=int, default=1)}
MINE = attrs.make_class("Mine", more, bases=(m.Key,), kw_only=True, slots=True)
MY_ONE, MY_OTHER = MINE(name="k", secret="canary"), MINE(name="q", secret="canary2")
BOX, OTHER_BOX = m.Box(anything=ONE), m.Box(anything=OTHER)

def test_one():
    assert ONE == OTHER

def test_many():
    assert [ONE, ONE] == [ONE, OTHER]

def test_inside():
    assert {"a": BOX} == {"a": OTHER_BOX}

def test_of_ones_own():
    assert MY_ONE == MY_OTHER
"""


def test_the_diffs_of_pytest_show_no_secret(tmp_path: Any) -> None:
    here = str(Path(__file__).parent.parent.parent)
    (tmp_path / "test_it.py").write_text(PYTEST)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-vv",
            "-p",
            "no:cacheprovider",
            "--tb=short",
            str(tmp_path),
        ],
        env={**os.environ, "PYTHONPATH": ":".join([here, *sys.path])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "4 failed" in done.stdout, done.stdout + done.stderr
    assert "canary" not in done.stdout

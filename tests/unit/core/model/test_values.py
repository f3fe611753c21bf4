"""The meaning of values, row by row: absent, null, assigned, unknown, odd."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purview_core import NULL, Model, OpenEnum, to_json, type_hints
from purview_core.model.codec import Registry, body, codec
from purview_core.model.json_text import loads
from purview_dataplane.metadata_policies import models as policies
from purview_dataplane.scanning import models as m

RAW: dict[str, Any] = {
    "kind": "AzureSqlDatabaseCredential",
    "name": "n",
    "id": None,
    "future": {"a": [1]},
    "properties": {
        "serverEndpoint": "e",
        "createdAt": "2020-11-26T17:45:38.4594579Z",
        "lastModifiedAt": "2020-11-26T17:45:38",
        "collection": {"referenceName": "r", "type": "T"},
        "workers": None,
        "x": 1,
    },
}


def scan(raw: Any = None) -> Any:
    return m.Scan.from_dict(copy.deepcopy(RAW if raw is None else raw))


def read(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
        for name in codec(type(value)).fields:
            yield from read(getattr(value, name))
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from read(item)


def test_the_discriminator_picks_the_class() -> None:
    assert m.AzureSqlDatabaseCredentialScan is type(scan())
    assert m.AzureSqlDatabaseCredentialScanProperties is type(scan().properties)


def test_untouched_goes_back_as_it_came_read_or_not() -> None:
    one = scan()
    assert RAW == one.to_dict()
    assert 3 == len(list(read(one)))
    assert RAW == one.to_dict()


def test_date_times() -> None:
    properties = scan().properties
    assert datetime(2020, 11, 26, 17, 45, 38, 459457, UTC) == properties.created_at
    assert properties.last_modified_at.tzinfo is None
    properties.created_at = datetime(2021, 1, 1, tzinfo=UTC)
    assert "2021-01-01T00:00:00Z" == properties.to_dict()["createdAt"]
    properties.created_at = datetime(2021, 1, 1, 3)
    assert "2021-01-01T03:00:00" == properties.to_dict()["createdAt"]


@pytest.mark.parametrize(
    "text", ["2024-11-30T08:42:49.447391319Z", "2024-03-14T08:03:32.774+0000", "2024-01-01", "soon"]
)
def test_date_time_text_survives(text: str) -> None:
    raw = {"createdAt": text}
    found = m.AzureSqlDatabaseCredentialScanProperties.from_dict(raw)
    assert isinstance(found.created_at, str if text == "soon" else datetime)
    assert raw == found.to_dict()


def test_a_null_goes_back_as_null_and_absent_stays_absent() -> None:
    one = scan()
    assert one.id is None
    assert one.creation_type is None
    assert one.to_dict()["id"] is None
    assert "creationType" not in one.to_dict()


def test_assigning_always_decides() -> None:
    one = scan()
    one.id = "i"
    assert "i" == one.to_dict()["id"]
    one.id = None  # it came as null: assigned is assigned
    assert "id" not in one.to_dict()
    one.name = None
    assert "name" not in one.to_dict()
    one.name = NULL
    assert one.to_dict()["name"] is None
    one.creation_type = NULL
    assert one.to_dict()["creationType"] is None
    one.properties = None
    assert "properties" not in one.to_dict()
    one.properties = m.AzureSqlDatabaseCredentialScanProperties(server_endpoint="q")
    assert {"serverEndpoint": "q"} == one.to_dict()["properties"]


def test_a_change_deep_down_keeps_its_surroundings() -> None:
    one = scan()
    one.properties.server_endpoint = "other"
    assert {**RAW["properties"], "serverEndpoint": "other"} == one.to_dict()["properties"]
    page = m.ScanList.from_dict({"value": [RAW], "count": 1, "odd": True})
    page.value.append(m.AdlsGen2MsiScan(name="z"))
    assert {
        "value": [RAW, {"kind": "AdlsGen2Msi", "name": "z"}],
        "count": 1,
        "odd": True,
    } == page.to_dict()


def test_unknown_members_are_kept_and_readable() -> None:
    assert {"future": {"a": [1]}} == dict(scan().additional_properties)
    with pytest.raises(TypeError):
        scan().additional_properties["x"] = 1
    made = m.AdlsGen2MsiScan(name="z", additional_properties={"future": 1})
    assert {"kind": "AdlsGen2Msi", "name": "z", "future": 1} == made.to_dict()


def test_unknown_enum_values_are_kept() -> None:
    one = scan({"kind": "AdlsGen2Msi", "creationType": "Sometime"})
    assert isinstance(one.creation_type, m.CreationType)
    assert ("Sometime", False) == (one.creation_type, one.creation_type.is_known)
    assert m.CreationType.MANUAL.is_known
    assert {"kind": "AdlsGen2Msi", "creationType": "Sometime"} == one.to_dict()
    assert one == pickle.loads(pickle.dumps(one))


def test_open_enums_behave_as_text() -> None:
    assert (
        "Manual"
        == str(m.CreationType.MANUAL)
        == f"{m.CreationType.MANUAL}"
        == json.loads(json.dumps(m.CreationType.MANUAL))
    )
    assert {"Manual": 1}[m.CreationType.MANUAL] == 1
    assert issubclass(m.CreationType, OpenEnum)
    with pytest.raises(ValueError, match="7 is not a valid"):
        m.CreationType(7)


@pytest.mark.parametrize("odd", ["x", 7, [], [1], {"a": 1}, True, 1.5])
@pytest.mark.parametrize("member", ["properties", "name", "kind", "creationType", "lastRunResult"])
def test_values_of_another_shape_are_kept(odd: Any, member: str) -> None:
    raw = {**RAW, member: odd}
    one = scan(raw)
    list(read(one))
    assert raw == one.to_dict()
    assert isinstance(repr(one), str)
    assert raw == attrs.evolve(one).to_dict()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: m.ScanList(value="a"), r"ScanList.value takes list\[Scan\], not str"),
        (lambda: m.ScanList(value=[{}]), r"ScanList.value\[0\] takes Scan, not dict"),
        (lambda: m.ScanList(value=[], count=True), "ScanList.count takes int, not bool"),
        (lambda: m.AdlsGen2MsiScan(name=7), "AdlsGen2MsiScan.name takes str, not int"),
        (
            lambda: m.AdlsGen2MsiScan(creation_type=[]),
            "AdlsGen2MsiScan.creation_type takes CreationType, not list",
        ),
        (
            lambda: m.AdlsGen2MsiScan(properties={}),
            "AdlsGen2MsiScan.properties takes AdlsGen2MsiScanProperties, not dict",
        ),
        (lambda: m.AdlsGen2MsiScan(nam="x"), "unexpected keyword argument 'nam'"),
    ],
)
def test_constructors_refuse_wrong_shapes(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_constructors_take_text_for_enums_and_null_for_anything() -> None:
    made = m.AdlsGen2MsiScan(creation_type="Manual", name=NULL, properties=NULL)
    assert made.creation_type is m.CreationType.MANUAL
    assert {
        "kind": "AdlsGen2Msi",
        "creationType": "Manual",
        "name": None,
        "properties": None,
    } == made.to_dict()


def test_what_json_cannot_hold_is_named_when_it_is_encoded() -> None:
    one = scan()
    one.name = object()
    with pytest.raises(
        TypeError, match="AzureSqlDatabaseCredentialScan.name: object has no JSON form"
    ):
        one.to_dict()
    one.name = float("nan")
    with pytest.raises(ValueError, match="JSON has no nan"):
        one.to_dict()


def test_read_only_members_stay_out_of_bodies() -> None:
    sent = body(scan())
    assert "createdAt" not in sent["properties"]
    assert {"serverEndpoint": "e", "x": 1} == {
        k: sent["properties"][k] for k in ("serverEndpoint", "x")
    }
    assert "createdAt" in scan().to_dict()["properties"]
    assert [sent] == body([scan()])


def test_a_policy_goes_back_whole() -> None:
    rule = {
        "kind": "decisionrule",
        "effect": "Permit",
        "dnfCondition": [[{"fromRule": "permission:c", "attributeName": "a"}]],
    }
    raw = {
        "name": "p",
        "version": 5,
        "properties": {"decisionRules": [rule], "attributeRules": [{"kind": "attributerule"}]},
    }
    policy = policies.MetadataPolicy.from_dict(raw)
    assert raw == body(policy)
    assert policy.properties is not None
    assert policy.properties.attribute_rules is not None
    policy.properties.attribute_rules[0].name = "r1"
    assert {"kind": "attributerule", "name": "r1"} == body(policy)["properties"]["attributeRules"][
        0
    ]
    assert rule == body(policy)["properties"]["decisionRules"][0]


def test_equality_and_hash() -> None:
    assert scan() == scan()
    assert scan() != scan({**RAW, "name": "other"})
    assert m.AdlsGen2MsiScan() != m.AdlsGen1MsiScan.from_dict({"kind": "AdlsGen2Msi"})
    with pytest.raises(TypeError, match="unhashable"):
        hash(scan())


@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize(
    "how", [lambda v: pickle.loads(pickle.dumps(v)), copy.copy, copy.deepcopy, attrs.evolve]
)
def test_copies_keep_everything(how: Callable[[Any], Any], touched: bool) -> None:
    one = scan()
    if touched:
        list(read(one))
    other = how(one)
    assert (type(one), RAW) == (type(other), other.to_dict())
    other.name = "other"
    assert ("n", {**RAW, "name": "other"}) == (one.name, other.to_dict())


def test_evolve_leaves_out_what_it_is_told_to() -> None:
    rest = {k: v for k, v in RAW.items() if k not in ("name", "properties")}
    assert rest == attrs.evolve(scan(), name=None, properties=None).to_dict()


def test_sources_and_results_are_not_shared() -> None:
    source = copy.deepcopy(RAW)
    one = m.Scan.from_dict(source)
    source["properties"]["serverEndpoint"] = "changed"
    one.to_dict()["future"]["a"].append(2)
    assert RAW == one.to_dict()


def test_attrs_knows_the_models() -> None:
    assert attrs.has(m.Scan)
    assert "additional_properties" == attrs.fields(m.Scan)[0].alias
    assert "e" == attrs.asdict(scan())["properties"]["server_endpoint"]
    assert (
        m.AzureSqlDatabaseCredentialScanProperties | None
        == type_hints(m.AzureSqlDatabaseCredentialScan)["properties"]
    )
    assert list[m.Scan] == type_hints(m.ScanList)["value"]


def test_a_subclass_of_ones_own_works() -> None:
    class Mine(m.AzureSqlDatabaseCredentialScan):
        def endpoint(self) -> Any:
            return self.properties and self.properties.server_endpoint

    assert "e" == Mine.from_dict(RAW).endpoint()


def test_match_works() -> None:
    match scan():
        case m.AzureSqlDatabaseCredentialScan(
            properties=m.AzureSqlDatabaseCredentialScanProperties(server_endpoint=found)
        ):
            assert "e" == found
        case _:
            pytest.fail("no match")


def test_names_that_do_not_exist() -> None:
    with pytest.raises(
        AttributeError, match="'AzureSqlDatabaseCredentialScan' object has no attribute 'nope'"
    ):
        scan().nope


def test_secrets_do_not_show() -> None:
    keys = m.IntegrationRuntimeAuthKeys(auth_key1="canary-1", auth_key2="canary-2")
    assert "IntegrationRuntimeAuthKeys(auth_key1=***, auth_key2=***)" == repr(keys)
    assert {"authKey1": "canary-1", "authKey2": "canary-2"} == keys.to_dict()


def test_null_is_one_falsy_value() -> None:
    assert not NULL
    assert NULL is pickle.loads(pickle.dumps(NULL)) is copy.deepcopy(NULL)
    assert "NULL" == repr(NULL)


def test_two_threads_get_one_object() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            one, found, barrier = scan(), [], threading.Barrier(4)

            def reader(one: Any = one, found: list[int] = found, barrier: Any = barrier) -> None:
                barrier.wait()
                found.append(id(one.properties))

            threads = [threading.Thread(target=reader) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert 1 == len(set(found))
    finally:
        sys.setswitchinterval(before)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(sorted(RAW)), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    value=JSON,
    members=st.dictionaries(
        st.sampled_from([*RAW, "serverEndpoint", "value", "nextLink"]), JSON, max_size=4
    ),
)
def test_any_json_comes_back_equal(value: Any, members: dict[str, Any]) -> None:
    raw = members | {"value": value}
    for text in (raw, {**RAW, **members}, [raw], value):
        content = json.dumps(text).encode()
        # below what tells an answer from none, which `decode` does
        for kind in (
            "Scan",
            "ScanList",
        ):
            load = Registry.get(m.__name__).loader(kind)
            assert load is not None
            found = load(loads(content))
            assert text == to_json(found)
            every = list(read(found))
            assert text == to_json(found)
            for model in every[:3]:
                assert (
                    model.to_dict()
                    == attrs.evolve(model).to_dict()
                    == pickle.loads(pickle.dumps(model)).to_dict()
                )


def test_the_time_zone_of_a_date_is_kept() -> None:
    found = m.AzureSqlDatabaseCredentialScanProperties.from_dict(
        {"createdAt": "2020-11-26T17:45:38+05:30"}
    )
    assert found.created_at is not None
    assert timedelta(hours=5, minutes=30) == found.created_at.utcoffset()

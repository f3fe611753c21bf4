"""What goes out: URLs, queries, headers and bodies, byte for byte."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.core.support import ENDPOINT, Recorder

from purview_dataplane.catalog import CatalogClient
from purview_dataplane.datamap import DataMapClient
from purview_dataplane.datamap import models as dm
from purview_dataplane.devops_policies import DevopsPoliciesClient
from purview_dataplane.metadata_policies import MetadataPoliciesClient
from purview_dataplane.scanning import ScanningClient
from purview_dataplane.scanning import models as m
from purview_dataplane.share import ShareClient


def sent(client: type[Any], *answers: Any) -> tuple[Any, Recorder]:
    recorder = Recorder(*answers)
    return client(ENDPOINT, transport=recorder.sync), recorder


@pytest.mark.row("T19")
def test_nothing_is_safe_in_a_path_value() -> None:
    client, seen = sent(ScanningClient)
    client.scans.get("source one/ä", "a/b:c?d#e%")
    assert [
        (
            "GET /scan/datasources/source%20one%2F%C3%A4/scans/a%2Fb%3Ac%3Fd%23e%25"
            "?api-version=2023-09-01"
        )
    ] == seen.paths


@pytest.mark.row("T19")
@pytest.mark.parametrize(
    ("value", "expected"), [("..", "%2E%2E"), (".", "%2E"), ("a.b", "a.b"), ("~", "~")]
)
def test_a_value_of_dots_does_not_climb(value: str, expected: str) -> None:
    client, seen = sent(ScanningClient)
    client.scans.get("s", value)
    assert [f"GET /scan/datasources/s/scans/{expected}?api-version=2023-09-01"] == seen.paths


@pytest.mark.row("T19")
def test_an_empty_path_value_is_refused() -> None:
    client, seen = sent(ScanningClient)
    with pytest.raises(ValueError, match="Scans_Get: scan_name is empty; it is part of the path"):
        client.scans.get("s", "")
    assert [] == seen.seen


@pytest.mark.row("T19")
def test_a_space_in_a_query_leaves_as_percent_20() -> None:
    client, seen = sent(DataMapClient)
    client.entity.get_by_unique_attributes("hive_table", attr_qualified_name="db.sales report+1@c1")
    (path,) = seen.paths
    assert path.endswith(
        (
            "attr:qualifiedName=db.sales%20report%2B1%40c1&api-version=2023-09-01",
            "attr:qualifiedName=db.sales%20report%2B1%40c1",
        )
    )


@pytest.mark.row("T19")
def test_colon_actions_stay_in_the_path() -> None:
    client, seen = sent(ScanningClient, httpx.Response(202, json={}))
    client.scan_result.begin_run_scan("src1", "scan1", run_id="U")
    assert [
        "POST /scan/datasources/src1/scans/scan1:run?runId=U&api-version=2023-09-01"
    ] == seen.paths


@pytest.mark.row("T19")
def test_lists_are_repeated_and_name_templates_numbered() -> None:
    client, seen = sent(DataMapClient)
    client.entity.list_by_guids(guid=["a", "b c"], min_ext_info=True)
    client.entity.list_by_unique_attributes("t", attr_n_qualified_name=["q1", "q 2"])
    assert "guid=a&guid=b%20c" in seen.paths[0]
    assert "minExtInfo=true" in seen.paths[0]
    assert "attr_0:qualifiedName=q1&attr_1:qualifiedName=q%202" in seen.paths[1]
    assert "attr_N" not in seen.paths[1]


def test_the_api_version_goes_only_where_it_is_declared() -> None:
    client, seen = sent(CatalogClient)
    client.entity.get_by_guid("g")
    list(client.discovery.query(body=m_search()))
    assert "api-version" not in seen.paths[0]
    assert "api-version=2023-02-01-preview" in seen.paths[1]
    other = MetadataPoliciesClient(ENDPOINT, transport=seen.sync, api_version="2021-07-01")
    list(other.metadata_roles.list())
    assert "GET /policyStore/metadataRoles?api-version=2021-07-01" == seen.paths[2]


def m_search() -> Any:
    from purview_dataplane.catalog import models

    return models.SearchRequest(keywords="x")


def test_a_string_for_a_list_is_refused_before_anything_is_sent() -> None:
    client, seen = sent(DataMapClient)
    with pytest.raises(TypeError, match=r"guid takes list\[str\], not str"):
        client.entity.list_by_guids(guid="g1")
    with pytest.raises(TypeError, match=r"entity_guids takes list\[str\], not str"):
        client.entity.move_to_collection(
            collection_id="c", body=dm.MoveEntitiesOptions(entity_guids="g1")
        )
    with pytest.raises(TypeError, match="body takes list"):
        client.entity.add_classifications("g", body=dm.AtlasClassification(type_name="x"))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'scan_name'"):
        ScanningClient(ENDPOINT, transport=seen.sync).scans.get("x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'nam'"):
        ScanningClient(ENDPOINT, transport=seen.sync).scans.get("x", nam="y")  # type: ignore[call-arg]
    assert [] == seen.seen


def test_bodies_are_what_the_document_says() -> None:
    client, seen = sent(DataMapClient, httpx.Response(204))
    assert (
        client.entity.add_classifications("g1", body=[dm.AtlasClassification(type_name="C1")])
        is None
    )
    client.entity.add_or_update_business_metadata(
        "g1", is_overwrite=True, body={"Retention": {"years": "7", "tags": ["a"]}}
    )
    client.entity.remove_labels("g1", body=["x"])
    client.entity.remove_labels("g1")
    assert [{"typeName": "C1"}] == json.loads(seen.seen[0].content)
    assert {"Retention": {"years": "7", "tags": ["a"]}} == json.loads(seen.seen[1].content)
    assert "isOverwrite=true" in seen.paths[1]
    assert ("DELETE", b'["x"]') == (seen.seen[2].method, seen.seen[2].content)
    assert b"" == seen.seen[3].content
    assert "content-type" not in seen.seen[3].headers


def test_read_only_members_do_not_go_out() -> None:
    client, seen = sent(ScanningClient)
    raw = {
        "kind": "AdlsGen2Msi",
        "name": "n",
        "properties": {"createdAt": "2020-01-01T00:00:00Z", "x": 1},
    }
    client.scans.create_or_replace("s", "n", body=m.Scan.from_dict(raw))
    assert {"x": 1} == json.loads(seen.seen[0].content)["properties"]


@pytest.mark.row("T18")
@pytest.mark.parametrize("kind", ["bytes", "file", "path", "pair", "triple"])
def test_files_are_typed_parts(kind: str, tmp_path: Path) -> None:
    client, seen = sent(DataMapClient, httpx.Response(200, json={}))
    (tmp_path / "terms.csv").write_bytes(b"a,b")
    files: dict[str, Any] = {
        "bytes": b"a,b",
        "file": io.BytesIO(b"a,b"),
        "path": tmp_path / "terms.csv",
        "pair": ("terms.csv", b"a,b"),
        "triple": ("terms.csv", b"a,b", "text/csv"),
    }
    client.entity.import_business_metadata(file=files[kind])
    content = seen.seen[0].content
    assert seen.seen[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"' in content
    assert b"\r\n\r\na,b\r\n" in content
    assert (b"terms.csv" in content) == (kind in ("path", "pair", "triple"))
    assert (b"Content-Type: text/csv" in content) == (kind in ("path", "pair", "triple"))


@pytest.mark.row("T18")
def test_a_wrong_file_is_refused() -> None:
    client, seen = sent(DataMapClient)
    with pytest.raises(TypeError, match="file takes bytes, an open binary file, a Path or"):
        client.entity.import_business_metadata(file=7)
    for content, named in (
        (iter([b"a"]), "list_iterator"),
        (None, "NoneType"),
        (bytearray(b"a"), "bytearray"),
    ):
        with pytest.raises(TypeError, match=f"a Path or .*, not tuple of {named}, str"):
            client.entity.import_business_metadata(file=("x.csv", content))
    assert [] == seen.seen


TORN = "torn \ud800"


def test_text_that_has_no_utf8_is_refused_by_its_name_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    """In a path, a query, a list in one, numbered names, a header, and each part of a form; and
    by a call by name.
    """
    (tmp_path / os.fsdecode(b"torn \xff")).write_bytes(b"a")
    (odd,) = tmp_path.iterdir()
    scanning, one = sent(ScanningClient)
    datamap, two = sent(DataMapClient)
    entity, file = datamap.entity, datamap.entity.import_business_metadata
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: scanning.scans.get(TORN, "n"), "Scans_Get: data_source_name"),
        (lambda: scanning.scans.get("s", TORN[-1]), "Scans_Get: scan_name"),
        (
            lambda: scanning.call("Scans_Get", {"dataSourceName": "s", "scanName": TORN}),
            "Scans_Get: scan_name",
        ),
        (
            lambda: entity.get_by_unique_attributes("t", attr_qualified_name=TORN),
            "Entity_.*: attr_qualified_name",
        ),
        (lambda: entity.list_by_guids(guid=["g", TORN]), "Entity_ListByGuids: guid"),
        (
            lambda: entity.list_by_unique_attributes("t", attr_n_qualified_name=["a", TORN]),
            "Entity_.*: attr_n_qualified_name",
        ),
        (lambda: file(file=TORN), "Entity_ImportBusinessMetadata: file"),
        (lambda: file(file=("a.csv", TORN)), "Entity_ImportBusinessMetadata: file"),
        (lambda: file(file=(TORN, b"a")), "Entity_ImportBusinessMetadata: file"),
        (lambda: file(file=("a.csv", b"a", TORN)), "Entity_ImportBusinessMetadata: file"),
        (lambda: file(file=odd), "Entity_ImportBusinessMetadata: file"),
    ]
    for call, named in calls:
        with pytest.raises(
            ValueError, match=f"^{named}.* holds a lone surrogate, half of a character: decode"
        ) as caught:
            call()
        assert type(caught.value) is ValueError
        str(caught.value).encode()
    devops, three = sent(DevopsPoliciesClient)
    with pytest.raises(
        ValueError, match="if_match is a header, and holds a character that no header may hold"
    ):
        devops.call(
            "DevopsSqlPerfMonitorPolicy_Delete", {"purviewResourceName": "r", "If-Match": TORN}
        )
    assert [] == one.seen + two.seen + three.seen


def test_text_of_json_may_hold_what_has_no_utf8() -> None:
    client, seen = sent(CatalogClient)
    client.entity.create_or_update(body={"entity": {"typeName": TORN}})
    assert b'{"entity":{"typeName":"torn \\ud800"}}' == seen.seen[0].content


@pytest.mark.row("T18")
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ((7, b"a"), "file takes text for the name and type of a file, not int"),
        ((None, b"a"), "file takes text for the name and type of a file, not NoneType"),
        (("a.csv", b"a", 7), "file takes text for the name and type of a file, not int"),
        (
            ("a.csv", b"a", "text/csv\r\nX-A: b"),
            "file: the media type holds a character that no header may hold",
        ),
        (io.StringIO("a"), "file takes bytes, an open binary file, a Path or"),
        (("a.csv", io.StringIO("a")), "file takes bytes, an open binary file, a Path or"),
    ],
)
def test_a_part_is_what_it_should_be(file: Any, said: str) -> None:
    client, seen = sent(DataMapClient)
    with pytest.raises((TypeError, ValueError), match=f"^Entity_ImportBusinessMetadata: {said}"):
        client.entity.import_business_metadata(file=file)
    with pytest.raises(TypeError, match="the form takes a mapping of fields to files, not bytes"):
        client.call("Entity_ImportBusinessMetadata", body=b"a")
    assert [] == seen.seen


@pytest.mark.row("T18")
def test_files_come_back_as_bytes() -> None:
    client, _ = sent(
        DataMapClient,
        httpx.Response(200, content=b"\xef\xbb\xbfa,b", headers={"content-type": "text/csv"}),
    )
    assert b"\xef\xbb\xbfa,b" == client.entity.get_sample_business_metadata_template()


@pytest.mark.row("T18")
def test_files_can_be_streamed() -> None:
    client, _ = sent(DataMapClient, httpx.Response(200, content=b"abc"))
    with client.stream("Entity_GetSampleBusinessMetadataTemplate") as response:
        assert b"abc" == b"".join(response.iter_bytes())


@pytest.mark.row("T18")
def test_a_call_that_gives_a_file_accepts_one() -> None:
    client, seen = sent(DataMapClient, httpx.Response(200, content=b"abc"))
    client.entity.get_sample_business_metadata_template()
    assert "*/*" == seen.seen[0].headers["accept"]


def test_headers_of_a_client_are_named_in_any_case() -> None:
    recorder = Recorder()
    client = ScanningClient(
        ENDPOINT, transport=recorder.sync, headers={"accept": "x/y", "user-AGENT": "q"}
    )
    client.scans.create_or_replace("s", "n", body=m.AdlsGen2MsiScan())
    headers = recorder.seen[0].headers
    assert (["x/y"], ["q"]) == (headers.get_list("accept"), headers.get_list("user-agent"))


@pytest.mark.row("T19")
@given(st.text(min_size=1), st.text(), st.text())
def test_any_text_arrives_as_it_is(source: str, scan: str, run: str) -> None:
    client, seen = sent(ScanningClient, httpx.Response(202, json={}))
    if not scan:
        return
    client.scan_result.begin_run_scan(source, scan, run_id=run)
    path, _, query = seen.seen[0].url.raw_path.decode().partition("?")
    *_, name, _, action = path.split("/")
    assert ("scans", scan) == (_, unquote(action.removesuffix(":run")))
    assert (source, run) == (
        unquote(name),
        unquote(query.removeprefix("runId=").removesuffix("&api-version=2023-09-01")),
    )
    assert "+" not in query
    assert path.count("/") == 5


@pytest.mark.row("T20")
def test_headers_of_an_operation() -> None:
    client, seen = sent(DevopsPoliciesClient)
    client.call(
        "DevopsSqlPerfMonitorPolicy_Delete", {"purviewResourceName": "r", "If-Match": '"1"'}
    )
    assert '"1"' == seen.seen[0].headers["If-Match"]
    with pytest.raises(
        ValueError, match="is a header, and holds a character that no header may hold"
    ):
        client.call(
            "DevopsSqlPerfMonitorPolicy_Delete",
            {"purviewResourceName": "r", "If-Match": "1\r\nx: y"},
        )


@pytest.mark.row("T06")
def test_a_repeatability_id_is_made_once_a_call() -> None:
    unavailable = httpx.Response(503, headers={"Retry-After": "0"})
    recorder = Recorder(unavailable, httpx.Response(200, json={}))
    client = ShareClient(ENDPOINT, transport=recorder.sync)
    from purview_dataplane.share import models as share

    body = share.TenantEmailRegistration(
        properties=share.TenantEmailRegistrationProperties(activation_code="c")
    )
    client.received_shares.activate_tenant_email_registration(body=body)
    ids = [r.headers["repeatability-request-id"] for r in recorder.seen]
    assert 2 == len(ids)
    assert 1 == len(set(ids))
    assert 36 == len(ids[0])


@pytest.mark.row("T04")
def test_every_request_has_an_id_and_says_who_calls() -> None:
    client, seen = sent(ScanningClient)
    client.scans.get("a", "b")
    headers = seen.seen[0].headers
    assert 36 == len(headers["x-ms-client-request-id"])
    assert headers["user-agent"].startswith("purview-dataplane/")
    assert "application/json" == headers["accept"]


def test_plain_json_with_a_string_for_a_list_is_refused() -> None:
    client, seen = sent(DataMapClient)
    with pytest.raises(TypeError, match=r"body/entityGuids takes list\[str\], not a string"):
        client.call("Entity_MoveEntitiesToCollection", {"collectionId": "c"}, {"entityGuids": "g1"})
    with pytest.raises(ValueError, match="guid is empty; it is required"):
        client.entity.list_by_guids(guid=[])
    assert [] == seen.seen


@pytest.mark.row("T19")
def test_one_numbered_name_may_be_given_as_text() -> None:
    client, seen = sent(DataMapClient)
    client.call("Entity_ListByUniqueAttributes", {"typeName": "t", "attr_N:qualifiedName": "q 1"})
    assert "attr_0:qualifiedName=q%201" in seen.paths[0]


@pytest.mark.row("T01")
def test_retry_takes_a_policy() -> None:
    from purview_core import Retry

    with pytest.raises(TypeError, match="retry= takes a Retry, not int"):
        ScanningClient(ENDPOINT, retry=5)
    with pytest.raises(ValueError, match="attempts"):
        Retry(attempts=0)

"""Long-running operations: where the status is, when it is over, and what it ends with."""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import pickle
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.core.support import ENDPOINT, Recorder, quick

from purview_core import (
    ConflictError,
    NotFoundError,
    Polling,
    PollingError,
    PollingTimeoutError,
    PurviewError,
    TransportError,
)
from purview_dataplane.catalog import CatalogClient
from purview_dataplane.catalog import models as cat
from purview_dataplane.data_quality import DataQualityClient
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient
from purview_dataplane.scanning import models as m
from purview_dataplane.share import OPERATIONS, AsyncShareClient, ShareClient
from purview_dataplane.share import models as share

DATA_QUALITY = [
    ("observations", "begin_run", ("d", "p", "a"), "runs.get"),
    ("observations", "begin_run_of_asset", ("d", "a"), "runs.get"),
    ("profiles", "begin_run", ("d", "p", "a"), "runs.get"),
    ("profiles", "begin_run_of_asset", ("d", "a"), "runs.get"),
    ("runs", "begin_cancel", ("d", "r"), "runs.get"),
    ("scans", "begin_run", ("d", "s"), "scans.get"),
    ("scans", "begin_cancel", ("d", "s", "r"), "scans.get"),
]
STATUS = f"{ENDPOINT}/share/operationResults/op?api-version=2023-05-30-preview"


def status(state: str, link: str | None = None, **headers: str) -> httpx.Response:
    more = {"Operation-Location": link} if link else {}
    return httpx.Response(
        202 if link else 200,
        json={"id": "op", "status": state, "error": None},
        headers={**more, **headers},
    )


def shares(*answers: Any) -> tuple[Any, Recorder, list[float]]:
    recorder = Recorder(*answers)
    client, waits = quick(ShareClient(ENDPOINT, transport=recorder.sync))
    return client, recorder, waits


@pytest.mark.row("T13")
def test_a_delete_is_followed_to_its_end() -> None:
    client, recorder, waits = shares(
        status("NotStarted", STATUS), status("running", **{"Retry-After": "2"}), status("SUCCEEDED")
    )
    poller = client.sent_shares.begin_delete("s")
    assert not poller.done()
    result = poller.result()
    assert isinstance(result, share.OperationResponse)
    assert (True, "SUCCEEDED", [5.0, 2.0]) == (poller.done(), poller.status(), waits)
    assert [
        "DELETE /share/sentShares/s?api-version=2023-05-30-preview",
        *[f"GET {STATUS.removeprefix(ENDPOINT)}"] * 2,
    ] == recorder.paths
    assert result == poller.result()


@pytest.mark.row("T13")
def test_a_put_ends_with_the_resource() -> None:
    made = {"shareKind": "InPlace", "id": "s"}
    first = httpx.Response(
        201, json={"shareKind": "InPlace"}, headers={"Operation-Location": STATUS}
    )
    client, recorder, _ = shares(first, status("Succeeded"), httpx.Response(200, json=made))
    result = client.sent_shares.begin_create_or_replace(
        "s", body=share.SentShare(share_kind="InPlace")
    ).result()
    assert (share.InPlaceSentShare, made) == (type(result), result.to_dict())
    assert ["PUT", "GET", "GET"] == [r.method for r in recorder.seen]
    assert recorder.seen[0].url == recorder.seen[2].url
    assert b"" == recorder.seen[2].content


@pytest.mark.row("T13")
@pytest.mark.parametrize("state", ["Failed", "canceled", "Cancelled"])
def test_failed_operations_raise_with_the_services_words(state: str) -> None:
    failed = httpx.Response(
        200, json={"status": state, "error": {"code": "Busy", "message": "come {back} later"}}
    )
    client, _, _ = shares(status("Running", STATUS), failed)
    with pytest.raises(PollingError, match=r"come \{back\} later") as caught:
        client.sent_shares.begin_delete("s").result()
    assert (state, "Busy") == (caught.value.status, caught.value.code)


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            f"{ENDPOINT}/catalog/api/glossary/terms/import/OP1%3Fapi-version=2022-03-01-preview",
            "2022-03-01-preview",
        ),
        (f"{ENDPOINT}/catalog/api/glossary/terms/import/OP1", "2023-02-01-preview"),
        ("/catalog/api/glossary/terms/import/OP1?api-version=1", "1"),
        ("/catalog/api/glossary/terms/import/OP1%3fapi-version=1?api-version=1", "1"),
        ("/catalog/api/glossary/terms/import/OP1?api-version=1?api-version=1", "1"),
        ("/catalog/api/glossary/terms/import/OP1?api-version=1&API-Version=1", "1"),
        ("../../terms/import/OP1?api-version=1", "1"),
    ],
)
def test_links_are_repaired(link: str, expected: str) -> None:
    body = {
        "id": "OP1",
        "status": "Running",
        "properties": {"importedTerms": "0"},
        "error": {"errorCode": 0, "errorMessage": ""},
    }
    started = httpx.Response(
        202, json=body, headers={"Retry-After": "1", "operation-location": link}
    )
    recorder = Recorder(started, httpx.Response(200, json={**body, "status": "Succeeded"}))
    client, waits = quick(CatalogClient(ENDPOINT, transport=recorder.sync))
    result = client.glossary.begin_import_glossary_terms_via_csv("g", file=b"a").result()
    assert isinstance(result, cat.ImportCSVOperation)
    assert (f"GET /catalog/api/glossary/terms/import/OP1?api-version={expected}", [1.0]) == (
        recorder.paths[1],
        waits,
    )


@pytest.mark.row("T13")
def test_links_to_another_host_are_not_followed_and_leave_the_poller() -> None:
    for link, refused in (
        ("https://evil.example/op", "https://evil.example"),
        (f"{ENDPOINT}:8443/op?sig=t0ken", f"{ENDPOINT}:8443"),
        (f"{ENDPOINT.replace('https', 'http')}/op", "http://contoso.purview.azure.com"),
        ("https://[t0ken", "an address that cannot be read"),
        ("https://evil.example/\x01t0ken", "https://evil.example"),
    ):
        client, recorder, _ = shares(status("Running", link))
        poller = client.sent_shares.begin_delete("s")
        said = f"Running, id op, ask with sent_shares.get, its link to {refused} was not followed"
        assert f"<Poller of SentShares_Delete: {said}>" == repr(poller)
        assert said == str(poller.accepted)
        assert ("Running", False) == (poller.status(), poller.done())
        assert share.OperationResponse(status="Running", id="op") == attrs_of(poller.result())
        with pytest.raises(
            PollingError,
            match=f"link to {re.escape(refused)} is not followed: .*; ask with sent_shares.get",
        ):
            poller.token()
        assert (1, False) == (len(recorder.seen), "t0ken" in repr(poller))


def attrs_of(found: share.OperationResponse) -> share.OperationResponse:
    """Its status and id alone."""
    return share.OperationResponse(status=found.status, id=found.id)


@pytest.mark.row("T13")
def test_what_was_accepted_is_one_frozen_thing_that_survives_pickling() -> None:
    client, _, _ = shares(status("Running", "https://evil.example/op"))
    accepted = client.sent_shares.begin_delete("s").accepted
    again = pickle.loads(pickle.dumps(accepted))
    assert (accepted, hash(accepted), repr(accepted)) == (again, hash(again), repr(again))
    shown = (
        "status='Running', id='op', ask_with='sent_shares.get', link_refused='https://evil.example'"
    )
    assert f"OperationStatus({shown})" == repr(accepted)
    with pytest.raises(AttributeError, match="read-only"):
        accepted.status = "Done"


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"id": "b"}, {"Operation-Id": "h"}, "b"),
        ({"id": 7}, {"Operation-Id": "h"}, "h"),
        ({}, {"x-ms-operation-id": "x"}, "x"),
        (None, {"Operation-Id": f"{STATUS}"}, "op"),
        (None, {"Operation-Id": "https://[odd"}, None),
        (None, {}, None),
    ],
)
def test_the_id_is_in_the_body_or_a_header(
    body: Any,
    headers: dict[str, str],
    expected: str | None,
) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    client, _, _ = shares(httpx.Response(202, content=content, headers=headers))
    assert (expected, "Accepted") == (
        (a := client.sent_shares.begin_delete("s").accepted).id,
        a.status,
    )


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("state", "ended", "expected"),
    [
        ("CompletedWithExceptions", None, "result"),
        ("CompletedWithErrors", "2024-05-06T07:08:09Z", "result"),
        ("CompleteWithWarning", None, "result"),
        ("Partially Succeeded", None, "result"),
        ("Quarantined", "2024-05-06T07:08:09Z", "failure"),
        ("Aborted", "2024-05-06T07:08:09Z", "failure"),
        ("TimedOut", 1714979289, "failure"),
        ("TransientFailure", "2024-05-06T07:08:09Z", "failure"),
        ("Archived", "2024-05-06T07:08:09Z", "result"),
        ("Archived", None, "running"),
        ("Archived", "", "running"),
        ("Archived", "0001-01-01T00:00:00", "running"),
        ("Quarantined", None, "running"),
        ("TransientFailure", None, "running"),
        ("Canceling", "2024-05-06T07:08:09Z", "running"),
        ("InProgress", "2024-05-06T07:08:09Z", "running"),
    ],
)
@pytest.mark.parametrize("place", ["top", "properties"])
def test_a_word_that_nobody_knows_is_an_end_where_the_answer_has_an_end_time(
    state: str, ended: Any, expected: str, place: str
) -> None:
    time = {"endTime": ended} if place == "top" else {"properties": {"endTime": ended}}
    first, last = (
        status("Running", STATUS),
        httpx.Response(200, json={"id": "op", "status": state, **time}),
    )
    client, _, _ = shares(first, last)
    poller = client.sent_shares.begin_delete("s")
    if expected == "failure":
        with pytest.raises(PollingError, match=f"SentShares_Delete: {state}"):
            poller.result()
    elif expected == "running":
        with pytest.raises(PollingTimeoutError, match=f"is {state} after"):
            poller.result(timeout=11)
    else:
        assert isinstance(poller.result(), share.OperationResponse)
    assert (state, expected != "running") == (poller.status(), poller.done())


@pytest.mark.row("T13")
def test_a_wait_that_is_over_is_an_error_of_ours_and_a_timeout() -> None:
    client, _, _ = shares(status("Running", STATUS))
    with pytest.raises(PollingTimeoutError) as caught:
        client.sent_shares.begin_delete("s").wait(3)
    assert isinstance(caught.value, PurviewError)
    assert isinstance(caught.value, TimeoutError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert ("Running", str(caught.value), type(caught.value)) == (
        again.status,
        str(again),
        type(again),
    )


RUN = "[0-9a-f-]{36}"
CONFLICT = httpx.Response(409, json={"error": {"code": "Active", "message": "a run is active"}})


def runs(*answers: Any, cls: Any = ScanningClient) -> tuple[Any, Recorder]:
    recorder = Recorder(*answers)
    made, _ = quick(
        cls(ENDPOINT, transport=recorder.sync if cls is ScanningClient else recorder.both)
    )
    return made, recorder


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    "lost", [httpx.ReadError("cut off"), httpx.Response(503)], ids=["cut off", "503"]
)
def test_a_run_whose_first_answer_was_lost_is_found_by_its_id(lost: Any) -> None:
    """The first try has started it, so the second is told that a run is active: it is our own."""
    running = httpx.Response(200, json={"id": "r", "status": "InProgress"})
    client, recorder = runs(
        lost, CONFLICT, running, httpx.Response(200, json={"id": "r", "status": "Succeeded"})
    )
    poller = client.scan_result.begin_run_scan("s", "n")
    run = recorder.seen[0].url.params["runId"]
    assert ("InProgress", "r", False) == (poller.accepted.status, poller.accepted.id, poller.done())
    assert "Succeeded" == poller.result().status
    assert [f"/scan/datasources/s/scans/n/runs/{run}"] * 2 == [
        r.url.path for r in recorder.seen[2:]
    ]

    async def story() -> Any:
        client, _ = runs(lost, CONFLICT, running, cls=AsyncScanningClient)
        return (await client.scan_result.begin_run_scan("s", "n")).accepted.status

    assert "InProgress" == asyncio.run(story())


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([httpx.ReadError("cut off"), CONFLICT, httpx.Response(404)], 3),
        ([httpx.ReadError("cut off"), CONFLICT, httpx.Response(403)], 3),
        ([CONFLICT], 1),
    ],
    ids=["of somebody else", "not to be seen", "at once"],
)
def test_a_conflict_that_stays_has_the_id_that_was_sent(answers: list[Any], requests: int) -> None:
    client, recorder = runs(*answers)
    with pytest.raises(
        ConflictError, match=f"a run is active. .*It was sent with runId {RUN}"
    ) as caught:
        client.scan_result.begin_run_scan("s", "n")
    assert {"runId": recorder.seen[0].url.params["runId"]} == caught.value.sent_ids
    assert requests == len(recorder.seen)
    assert caught.value.sent_ids == pickle.loads(pickle.dumps(caught.value)).sent_ids


@pytest.mark.row("T13")
def test_a_start_that_was_never_answered_has_the_id_that_was_sent() -> None:
    client, recorder = runs(httpx.ReadError("cut off"))
    with pytest.raises(TransportError, match=f"It was sent with runId {RUN}") as caught:
        client.scan_result.begin_run_scan("s", "n")
    assert {"runId": recorder.seen[0].url.params["runId"]} == caught.value.sent_ids


@pytest.mark.row("T13")
def test_a_refused_link_leaves_what_else_tells_the_state() -> None:
    """The declared path of a run, and the resource of a PUT."""
    foreign = {"Operation-Location": "https://evil.example/op", "Location": "/gone"}
    client, recorder = runs(
        httpx.Response(
            202, json={"status": "Accepted"}, headers={"Location": "https://evil.example/op"}
        ),
        httpx.Response(200, json={"id": "r", "status": "Succeeded"}),
    )
    assert "Succeeded" == client.scan_result.begin_run_scan("s", "n").result().status
    assert "/scan/datasources/s/scans/n/runs/" in recorder.paths[1]
    made = {"shareKind": "InPlace", "id": "s", "properties": {"state": "Succeeded"}}
    put = httpx.Response(201, json={**made, "properties": {"state": "Creating"}}, headers=foreign)
    shared, recorder, _ = shares(put, httpx.Response(200, json=made))
    poller = shared.sent_shares.begin_create_or_replace(
        "s", body=share.SentShare(share_kind="InPlace")
    )
    assert made == poller.result().to_dict()
    assert [f"GET {recorder.paths[0].removeprefix('PUT ')}"] == recorder.paths[1:]
    assert "https://evil.example" == poller.accepted.link_refused


@pytest.mark.row("T13")
def test_tokens_that_were_taken_before_go_on() -> None:
    token = {
        "plane": "share",
        "operation": "SentShares_Delete",
        "method": "DELETE",
        "url": "/share/sentShares/s?api-version=2023-05-30-preview",
        "link": STATUS.removeprefix(ENDPOINT),
        "location": None,
        "status": "Running",
    }
    client, _, _ = shares(status("Succeeded"))
    poller = client.resume(json.dumps(token))
    assert (None, "Running", "sent_shares.get") == (
        (a := poller.accepted).id,
        a.status,
        a.ask_with,
    )
    assert isinstance(poller.result(), share.OperationResponse)


@pytest.mark.row("T13")
def test_a_status_that_is_not_there_yet() -> None:
    client, recorder, _ = shares(
        status("Running", STATUS), httpx.Response(404), httpx.Response(404), status("Succeeded")
    )
    client.sent_shares.begin_delete("s").wait()
    assert 4 == len(recorder.seen)


@pytest.mark.row("T13")
def test_a_timeout_is_real() -> None:
    client, _, waits = shares(status("Running", STATUS), status("Running"))
    poller = client.sent_shares.begin_delete("s")
    with pytest.raises(TimeoutError, match="is Running after 24 s of waiting"):
        poller.result(timeout=24)
    assert [*[5.0] * 4, 4.0] == waits
    assert "Running" == poller.status()


@pytest.mark.row("T13")
def test_the_last_question_is_at_the_end_of_the_time() -> None:
    """Once, however the seconds add up, and not where the service asks for a longer wait:
    nothing is asked before its time.
    """
    for timeout, interval, expected in (
        (5, 5, [5.0]),
        (3, 5, [3.0]),
        (7, 5, [5.0, 2.0]),
        (0.3, 0.1, [0.1, 0.1, 0.1]),
    ):
        client, recorder, waits = shares(status("Running", STATUS), status("Running"))
        with pytest.raises(TimeoutError):
            client.sent_shares.begin_delete("s").result(timeout, interval=interval)
        assert (pytest.approx(expected), len(expected) + 1) == (waits, len(recorder.seen))
    client, _, waits = shares(status("Running", STATUS), status("Running"), status("Succeeded"))
    client.sent_shares.begin_delete("s").result(7)
    assert [5.0, 2.0] == waits
    client, _, waits = shares(status("Running", STATUS, **{"Retry-After": "4"}))
    with pytest.raises(TimeoutError, match="after 8 s of waiting"):
        client.sent_shares.begin_delete("s").result(10)
    assert [4.0, 4.0] == waits
    client, recorder, waits = shares(status("Running", STATUS))
    with pytest.raises(TimeoutError, match="after 0 s of waiting"):
        client.sent_shares.begin_delete("s").result(0, interval=0)
    assert ([], 1) == (waits, len(recorder.seen))


@pytest.mark.row("T13")
@pytest.mark.parametrize("odd", ["5", "", True, math.nan, -1, [5]], ids=repr)
@pytest.mark.parametrize("name", ["timeout", "interval"])
def test_what_is_no_time_to_wait_is_refused_by_its_name(name: str, odd: Any) -> None:
    for last in ("Running", "Succeeded"):  # whether it is over or not
        client, recorder, _ = shares(status("Running", STATUS), status(last))
        poller = client.sent_shares.begin_delete("s")
        poller.status()
        for wait in (poller.result, poller.wait):
            with pytest.raises(
                (TypeError, ValueError),
                match=f"^{name}= (takes seconds|must be 0 or more seconds), not ",
            ):
                wait(**{name: odd})
        assert 2 == len(recorder.seen)


@pytest.mark.row("T13")
def test_the_wait_has_a_cap_and_can_be_chosen() -> None:
    client, _, waits = shares(
        status("Running", STATUS, **{"Retry-After": "9999"}), status("Running"), status("Succeeded")
    )
    client.sent_shares.begin_delete("s").result(interval=0.5)
    assert [60.0, 0.5] == waits


@pytest.mark.row("T13")
def test_an_operation_without_a_link_is_not_taken_for_finished() -> None:
    body = {"scanResultId": None, "startTime": None, "status": "Accepted", "error": None}
    recorder = Recorder(httpx.Response(202, json=body))
    poller = ScanningClient(ENDPOINT, transport=recorder.sync).scan_result.begin_cancel_scan(
        "s", "n", "r"
    )
    assert not poller.done()
    assert "Accepted" == poller.status()
    result = poller.result()
    assert (m.OperationResponse, "Accepted", body) == (
        type(result),
        result.status,
        result.to_dict(),
    )
    assert (1, False) == (len(recorder.seen), poller.done())
    with pytest.raises(PollingError, match="has no link by which it could be resumed"):
        poller.token()


@pytest.mark.row("T13")
def test_a_run_is_followed_by_the_id_it_was_given() -> None:
    first = httpx.Response(
        202, json={"scanResultId": None, "startTime": None, "status": "Accepted", "error": None}
    )
    recorder = Recorder(first, httpx.Response(200, json={"id": "r", "status": "Succeeded"}))
    client, _ = quick(ScanningClient(ENDPOINT, transport=recorder.sync))
    result = client.scan_result.begin_run_scan("a/b", "n 1").result()
    run = recorder.seen[0].url.params["runId"]
    assert 36 == len(run)
    assert (
        f"GET /scan/datasources/a%2Fb/scans/n%201/runs/{run}?api-version=2023-09-01"
        == recorder.paths[1]
    )
    assert isinstance(result, m.ScanResultWithIngestion)


@pytest.mark.row("T13")
def test_an_operation_that_is_over_at_once() -> None:
    recorder = Recorder(httpx.Response(200, json={"id": "r", "status": "Succeeded"}))
    poller = ScanningClient(ENDPOINT, transport=recorder.sync).scan_result.begin_run_scan("s", "n")
    assert poller.done()
    assert isinstance(poller.result(), m.ScanResultWithIngestion)
    assert 1 == len(recorder.seen)


@pytest.mark.row("T13")
def test_a_missing_link_is_built_from_the_id() -> None:
    body = {"id": "OP1", "status": "Running"}
    recorder = Recorder(
        httpx.Response(202, json=body), httpx.Response(200, json={**body, "status": "Succeeded"})
    )
    client, _ = quick(CatalogClient(ENDPOINT, transport=recorder.sync))
    result = client.glossary.begin_import_glossary_terms_via_csv_by_glossary_name(
        "n", file=b"a"
    ).result()
    assert isinstance(result, cat.ImportCSVOperation)
    assert (
        "GET /catalog/api/glossary/terms/import/OP1?api-version=2023-02-01-preview"
        == recorder.paths[1]
    )


@pytest.mark.row("T13")
@pytest.mark.parametrize("odd", ["a\ud800", "a\r\nb", "", 7])
def test_an_id_that_no_link_can_hold_leaves_the_operation_known(odd: Any) -> None:
    """It has begun: the poller gives the answer, and says what to ask."""
    content = json.dumps({"id": odd, "status": "Running"}).encode()
    client, _ = quick(
        CatalogClient(ENDPOINT, transport=Recorder(httpx.Response(202, content=content)).sync)
    )
    poller = client.glossary.begin_import_glossary_terms_via_csv_by_glossary_name("n", file=b"a")
    assert "Running" == poller.result().status
    assert "glossary.get_import_csv_operation_status" == poller.accepted.ask_with


@pytest.mark.row("T13")
def test_a_status_request_has_nothing_of_the_first_request_but_its_id(tmp_path: Path) -> None:
    recorder = Recorder(
        status("Running", f"{ENDPOINT}/x"), httpx.Response(503), status("Succeeded")
    )
    client, _ = quick(CatalogClient(ENDPOINT, transport=recorder.sync))
    # cannot be sent again, but its status can be asked for again
    with (tmp_path / "terms.csv").open("w+b") as file:
        client.glossary.begin_import_glossary_terms_via_csv("g", file=file).wait()
    first, *rest = recorder.seen
    assert ["POST", "GET", "GET"] == [r.method for r in recorder.seen]
    assert all("content-type" not in r.headers and r.content == b"" for r in rest)
    assert 1 == len({r.headers["x-ms-client-request-id"] for r in (first, *rest)})


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("via", "last", "text"),
    [
        (None, "/share/sentShares/s?api-version=2023-05-30-preview", "resource"),
        ("original-uri", "/share/sentShares/s?api-version=2023-05-30-preview", "resource"),
        ("azure-async-operation", STATUS.removeprefix(ENDPOINT), "status"),
        ("location", "/made?api-version=2023-05-30-preview", "resource"),
    ],
)
def test_the_final_state_is_read_where_the_document_says(
    via: str | None, last: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = OPERATIONS["SentShares_CreateOrReplace"]
    monkeypatch.setattr(
        operation, "polling", Polling(via, operation.polling.result if operation.polling else None)
    )
    made = httpx.Response(200, json={"shareKind": "InPlace", "id": "resource"})
    over = httpx.Response(200, json={"shareKind": "InPlace", "id": "status", "status": "Succeeded"})
    started = httpx.Response(
        201, json={}, headers={"Operation-Location": STATUS, "Location": "/made"}
    )
    client, recorder, _ = shares(started, over, made)
    result = client.sent_shares.begin_create_or_replace(
        "s", body=share.SentShare(share_kind="InPlace")
    ).result()
    assert (text, f"GET {last}") == (result.id, recorder.paths[-1])


@pytest.mark.row("T13")
def test_async_pollers_do_the_same() -> None:
    link = f"{ENDPOINT}/scan/op"
    recorder = Recorder(status("Running", link), status("Running"), status("Succeeded"))

    async def story() -> Any:
        client, waits = quick(AsyncScanningClient(ENDPOINT, transport=recorder.both))
        poller = await client.scan_result.begin_cancel_scan("s", "n", "r")
        assert "Running" == await poller.status()
        await poller.wait(timeout=60)
        return type(await poller.result()), poller.done(), waits

    assert (m.OperationResponse, True, [5.0]) == asyncio.run(story())


@pytest.mark.row("T13")
def test_what_succeeded_in_part_has_a_result_and_says_so() -> None:
    client, _, _ = shares(status("Running", STATUS), status("PartialSucceeded"))
    poller = client.sent_shares.begin_delete("s")
    assert isinstance(poller.result(), share.OperationResponse)
    assert ("PartialSucceeded", True) == (poller.status(), poller.done())


@pytest.mark.row("S18")
@pytest.mark.row("T13")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "Running"}, "Running"),
        ({"provisioningState": "Creating"}, "Creating"),
        ({"collectionProvisioningState": "Creating"}, "Creating"),
        ({"properties": {"accountProvisioningState": "Moving"}}, "Moving"),
        ({"status": None, "properties": {"provisioningState": "Creating"}}, "Creating"),
        ({"status": 7, "properties": []}, "Accepted"),
        ([], "Accepted"),
    ],
)
def test_a_state_is_read_under_each_of_its_names(body: Any, expected: str) -> None:
    client, _, _ = shares(httpx.Response(202, json=body, headers={"Operation-Location": STATUS}))
    poller = client.sent_shares.begin_delete("s")
    assert expected == poller._monitor.status
    assert f"<Poller of SentShares_Delete: {expected}, ask with sent_shares.get>" == repr(poller)


@pytest.mark.row("T13")
def test_a_status_that_was_there_has_to_stay() -> None:
    client, recorder, _ = shares(
        status("Running", STATUS), httpx.Response(404), status("Running"), httpx.Response(404)
    )
    with pytest.raises(NotFoundError):
        client.sent_shares.begin_delete("s").wait()
    assert 4 == len(recorder.seen)


@pytest.mark.row("T13")
def test_a_status_that_never_comes_is_an_error() -> None:
    client, recorder, _ = shares(status("Running", STATUS), httpx.Response(404))
    with pytest.raises(NotFoundError):
        client.sent_shares.begin_delete("s").wait()
    assert 5 == len(recorder.seen)


@pytest.mark.row("T13")
def test_a_token_is_all_that_another_process_needs() -> None:
    made = {"shareKind": "InPlace", "id": "s"}
    first = httpx.Response(
        201, json={"shareKind": "InPlace"}, headers={"Operation-Location": STATUS}
    )
    client, _, _ = shares(first)
    client = client.with_options(headers={"x-canary": "canary"})
    token = client.sent_shares.begin_create_or_replace(
        "s", body=share.SentShare(share_kind="InPlace")
    ).token()
    assert "canary" not in token
    assert {
        "plane": "share",
        "operation": "SentShares_CreateOrReplace",
        "method": "PUT",
        "url": "/share/sentShares/s?api-version=2023-05-30-preview",
        "link": STATUS.removeprefix(ENDPOINT),
        "location": None,
        "status": "Accepted",
    } == json.loads(token)
    other, recorder, waits = shares(
        status("Running"), status("Succeeded"), httpx.Response(200, json=made)
    )
    poller = other.resume(token)
    assert ([], False) == (recorder.seen, poller.done())
    result = poller.result()
    assert (share.InPlaceSentShare, made, [5.0, 5.0]) == (type(result), result.to_dict(), waits)
    assert ["GET", "GET", "GET"] == [r.method for r in recorder.seen]


@pytest.mark.row("T13")
def test_a_token_of_what_is_over_asks_once_more() -> None:
    client, _, _ = shares(status("Running", STATUS), status("Succeeded"))
    poller = client.sent_shares.begin_delete("s")
    poller.wait()
    other, recorder, _ = shares(status("Succeeded"))
    assert isinstance(other.resume(poller.token()).result(), share.OperationResponse)
    assert 1 == len(recorder.seen)


@pytest.mark.row("T13")
@pytest.mark.parametrize(
    "change",
    [
        {"plane": "catalog"},
        {"operation": "SentShares_Get"},
        {"operation": "SentShares_Gone"},
        {"operation": []},
        {"link": None},
        {"link": "https://evil.example/"},
        {"url": "@evil.example/"},
        {"location": 7},
        {"link": "/a\ud800"},
        {"link": "/a\r\nb"},
    ],
)
def test_what_is_no_token_is_refused(change: dict[str, Any]) -> None:
    client, recorder, _ = shares(status("Running", STATUS))
    token = client.sent_shares.begin_delete("s").token()
    for text in (
        "",
        "{}",
        "[]",
        "null",
        "x",
        "\ud800",
        None,
        7,
        token[:-1],
        json.dumps({**json.loads(token), **change}),
    ):
        with pytest.raises(ValueError, match="this is no token of a poller of the share plane"):
            client.resume(text)
    assert 1 == len(recorder.seen)


@pytest.mark.row("T13")
def test_a_wait_that_is_broken_off_leaves_a_poller_that_can_be_asked() -> None:
    def broken_off(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    client, recorder, _ = shares(status("Running", STATUS), broken_off, status("Succeeded"))
    poller = client.sent_shares.begin_delete("s")
    with pytest.raises(KeyboardInterrupt):
        poller.wait()
    assert ("Running", "Succeeded", 3) == (
        poller._monitor.status,
        poller.status(),
        len(recorder.seen),
    )


@pytest.mark.row("T13")
def test_cancelling_stops_the_wait_and_leaves_nothing_behind() -> None:
    recorder = Recorder(status("Running", STATUS), status("Running"))

    async def story() -> None:
        client = AsyncShareClient(ENDPOINT, transport=recorder.both)
        async with client:
            poller = await client.sent_shares.begin_delete("s")
            waiting = asyncio.create_task(poller.wait())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert {asyncio.current_task()} == asyncio.all_tasks()
            assert 1 == len(recorder.seen)
            assert ("Running", False) == (await poller.status(), poller.done())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(poller.wait(), 0.01)

    asyncio.run(story())
    assert 2 == len(recorder.seen)


def test_a_success_that_was_taken_where_nothing_is_declared_to_take_time_is_none() -> None:
    """Data Quality marks what answers 204 alone; where it is taken instead, it is a success all
    the same.
    """
    body = {"id": "op", "status": "InProgress"}
    for answer in (httpx.Response(202, json=body), httpx.Response(202), httpx.Response(204)):
        client, _ = quick(DataQualityClient("contoso", transport=Recorder(answer).sync))
        assert client.observations.delete("d", "p", "a", "o") is None
        assert client.observations.delete_of_asset("d", "a", "o") is None


@pytest.mark.parametrize(("group", "method", "arguments", "asks"), DATA_QUALITY)
def test_data_quality_gives_the_state_that_came_and_says_what_to_ask(
    group: str, method: str, arguments: tuple[Any, ...], asks: str
) -> None:
    body = {"id": "op", "status": "InProgress", "lastUpdated": "2024-05-06T07:08:09Z"}
    link = {
        "Operation-Location": "https://westus.api.purview.azure.com/dataquality/business-domains/d/status/op"
    }
    recorder = Recorder(httpx.Response(202, json=body, headers={**link, "Operation-Id": "op"}))
    client, waits = quick(DataQualityClient("contoso", transport=recorder.sync))
    send = getattr(getattr(client, group), method)
    taken = {name: {} for name in ("body",) if name in inspect.signature(send).parameters}
    poller = send(*arguments, **taken)
    result = poller.result()
    assert ("StatusMonitor", "InProgress", body) == (
        type(result).__name__,
        result.status,
        result.to_dict(),
    )
    assert ("InProgress", False, asks) == (poller.status(), poller.done(), poller.accepted.ask_with)
    assert ("op", "https://westus.api.purview.azure.com") == (
        poller.accepted.id,
        poller.accepted.link_refused,
    )
    assert ([], 1) == (waits, len(recorder.seen))

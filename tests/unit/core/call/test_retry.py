"""What is shared by the calls of a client when some fail: pauses, the budget, the total time."""

from __future__ import annotations

import asyncio
import copy
import logging
import math
import pickle
from typing import Any

import httpx
import pytest
from tests.unit.core.support import ENDPOINT, Recorder, quick

from purview_core import (
    NO_RETRY,
    AuthError,
    ConnectError,
    ConnectTimeoutError,
    HttpError,
    Retry,
    ServerError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    UnauthorizedError,
)
from purview_core.call.retry import Budget
from purview_dataplane import Purview
from purview_dataplane.account import AccountClient, AsyncAccountClient
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient

GOOD = httpx.Response(200, json={"kind": "AdlsGen2Msi", "name": "n"})
BUSY = httpx.Response(429, headers={"Retry-After": "7"})


def scanning(*answers: Any, **options: Any) -> tuple[Any, Recorder, list[float]]:
    recorder = Recorder(*answers)
    client, waits = quick(ScanningClient(ENDPOINT, transport=recorder.sync, **options))
    return client, recorder, waits


@pytest.mark.row("T01")
def test_a_503_that_names_a_time_is_not_repeated_for_a_write() -> None:
    client, recorder, waits = scanning(httpx.Response(503, headers={"Retry-After": "3"}))
    with pytest.raises(ServerError) as caught:
        client.scan_result.begin_cancel_scan("s", "n", "r")
    assert (1, [], 3.0) == (len(recorder.seen), waits, caught.value.retry_after)


WRITES = [
    (DataMapClient, AsyncDataMapClient, "Entity_BulkCreateOrUpdate"),
    (AccountClient, AsyncAccountClient, "Accounts_UpdateAccountProperties"),
]
PASSING = [
    httpx.ReadError("cut off"),
    *(httpx.Response(status) for status in (408, 500, 502, 503, 504)),
]


@pytest.mark.parametrize(
    "failure", PASSING, ids=lambda f: str(getattr(f, "status_code", "cut off"))
)
@pytest.mark.parametrize("writes", [True, False])
def test_a_write_is_tried_again_where_the_caller_says_that_it_may_be(
    failure: Any, writes: bool
) -> None:
    """For one call, sync and async, POST and PATCH; the next call over the same connections is
    as before.
    """
    good, retry = httpx.Response(200, json={}), Retry(writes=writes)

    async def later(client: Any, operation: str) -> int:
        found: int = (await client.with_options(retry=retry).call(operation, {}, {})).status_code
        return found

    for sync, awaited, operation in WRITES:
        recorder = Recorder(failure, good)
        client, _ = quick(sync(ENDPOINT, transport=recorder.sync))
        other = Recorder(failure, good)
        waiting, _ = quick(awaited(ENDPOINT, transport=other.both))
        if writes:
            assert 200 == client.with_options(retry=retry).call(operation, {}, {}).status_code
            assert 200 == asyncio.run(later(waiting, operation))
            assert (2, 2) == (len(recorder.seen), len(other.seen))
        else:
            with pytest.raises((ServerError, TransportError, HttpError)):
                client.with_options(retry=retry).call(operation, {}, {})
            with pytest.raises((ServerError, TransportError, HttpError)):
                asyncio.run(later(waiting, operation))
            assert (1, 1) == (len(recorder.seen), len(other.seen))
        assert not client._caller.options.retry.writes


def test_no_answer_in_time_is_never_repeated_for_a_write() -> None:
    recorder = Recorder(httpx.ReadTimeout("late"))
    client, _ = quick(DataMapClient(ENDPOINT, transport=recorder.sync, retry=Retry(writes=True)))
    with pytest.raises(TransportTimeoutError):
        client.call("Entity_BulkCreateOrUpdate", {}, {})
    assert 1 == len(recorder.seen)


@pytest.mark.parametrize("odd", ["true", 1, None], ids=repr)
def test_writes_is_true_or_false(odd: Any) -> None:
    with pytest.raises(TypeError, match="writes= takes True or False"):
        Retry(writes=odd)


@pytest.mark.row("T01")
@pytest.mark.parametrize(
    "error",
    [httpx.LocalProtocolError("x"), httpx.UnsupportedProtocol("x"), httpx.DecodingError("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_cannot_end_otherwise_is_not_repeated(error: Exception) -> None:
    client, recorder, _ = scanning(error)
    with pytest.raises(TransportError) as caught:
        client.scans.get("s", "n")
    assert (1, False) == (len(recorder.seen), caught.value.passing)


@pytest.mark.row("T01")
@pytest.mark.parametrize("error", [httpx.ConnectTimeout("slow"), httpx.PoolTimeout("none free")])
def test_a_connection_that_is_late_is_both(error: Exception) -> None:
    client, recorder, _ = scanning(error)
    with pytest.raises(ConnectTimeoutError) as caught:
        client.scan_result.begin_cancel_scan("s", "n", "r")
    assert 3 == len(recorder.seen) == caught.value.attempts
    assert isinstance(caught.value, ConnectError)
    assert isinstance(caught.value, TransportTimeoutError)
    assert "Tried 3 times." in str(caught.value)


@pytest.mark.row("T02")
@pytest.mark.parametrize("status", [429, 503])
def test_too_long_a_wait_says_so(status: int) -> None:
    client, recorder, waits = scanning(httpx.Response(status, headers={"Retry-After": "99999"}))
    with pytest.raises(
        HttpError,
        match=r"Not tried again: the service asks to wait 99999 s, the longest wait allowed",
    ):
        client.scans.get("s", "n")
    assert (1, []) == (len(recorder.seen), waits)


@pytest.mark.row("T02")
def test_the_jitter_is_full_and_capped() -> None:
    drawn = iter([0.0, 0.999, 1.0, 1.0, 1.0])
    client, _, waits = scanning(
        httpx.Response(503), retry=Retry(attempts=6, first_wait_s=1, longest_wait_s=4)
    )
    context = client._caller.context
    client._caller.context = context._replace(random=lambda: next(drawn))
    with pytest.raises(ServerError):
        client.scans.get("s", "n")
    assert [0.0, 1.998, 4.0, 4.0, 4.0] == waits


@pytest.mark.row("T02")
def test_no_wait_goes_beyond_the_total() -> None:
    client, recorder, waits = scanning(
        httpx.Response(503, headers={"Retry-After": "4"}), total_timeout=10
    )
    with pytest.raises(
        ServerError, match="another try would end after the total_timeout of 10 s"
    ) as caught:
        client.with_options(retry=Retry(attempts=9)).scans.get("s", "n")
    assert (3, [4.0, 4.0], 3) == (len(recorder.seen), waits, caught.value.attempts)


@pytest.mark.row("T02")
def test_the_total_limits_what_one_attempt_may_take() -> None:
    client, recorder, _ = scanning(
        httpx.Response(503, headers={"Retry-After": "4"}), GOOD, total_timeout=10, timeout=8
    )
    client.scans.get("s", "n")
    limits = [r.extensions["timeout"] for r in recorder.seen]
    assert [{"connect": n, "read": n, "write": n, "pool": n} for n in (8, 6)] == limits
    assert [10, 10] == [r.extensions["deadline"] for r in recorder.seen]


@pytest.mark.row("T03")
def test_a_429_holds_the_whole_client() -> None:
    client, recorder, waits = scanning(BUSY, GOOD)
    with pytest.raises(
        ThrottledError, match="another try would end after the total_timeout of 1 s"
    ):
        client.with_options(total_timeout=1).scans.get("s", "n")
    assert 1 == len(recorder.seen)
    client, recorder, waits = scanning(BUSY, GOOD)
    client._sleep = lambda s: waits.append(s) if waits else _meanwhile(client, waits, s)
    assert "n" == client.scans.get("s", "n").name
    assert 4 == len(recorder.seen)
    assert [7.0, 7.5] == sorted(waits)


def _meanwhile(client: Any, waits: list[float], seconds: float) -> None:
    """While one call sleeps, others begin: they wait too, within a second of each other."""
    hasty = client.with_options(total_timeout=5)
    hasty._sleep = waits.append
    with pytest.raises(
        ThrottledError, match="another call's answer, and asks all to wait 7 s more"
    ) as caught:
        hasty.scans.get("s", "n")
    assert 0 == caught.value.attempts
    # it does not wait for anything
    assert "n" == client.with_options(retry=NO_RETRY).scans.get("s", "n").name
    patient = client.with_options()
    patient._sleep = waits.append
    assert "n" == patient.scans.get("s", "n").name
    waits.append(seconds)


@pytest.mark.row("T03")
def test_a_429_holds_no_other_plane() -> None:
    recorder = Recorder(BUSY, httpx.Response(200, json={"value": []}))
    with Purview("contoso", transport=recorder.sync) as purview:
        scanning, waits = quick(purview.scanning)
        account, others = quick(purview.account)
        scanning._sleep = lambda s: (list(account.collections.list()), waits.append(s))
        list(scanning.data_sources.list())
    assert ([7.0], []) == (waits, others)


@pytest.mark.row("T03")
def test_many_failing_calls_share_a_budget_of_retries() -> None:
    client, recorder, _ = scanning(httpx.Response(503))
    errors = []
    for _ in range(100):
        with pytest.raises(ServerError) as caught:
            client.with_options().scans.get("s", "n")
        errors.append(caught.value)
    assert 150 == len(recorder.seen)
    assert "" == errors[0].gave_up
    assert (
        "Not tried again: too many calls over these connections fail and are tried again."
        in str(errors[-1])
    )
    client, recorder, _ = scanning(BUSY)
    for _ in range(100):
        with pytest.raises(ThrottledError):
            client.scans.get("s", "n")
    assert 300 == len(recorder.seen)  # where nothing was done, nothing is multiplied


@pytest.mark.row("T03")
def test_calls_that_go_well_fill_the_budget() -> None:
    budget = Budget()
    assert [True] * 50 + [False] == [budget.take() for _ in range(51)]
    for _ in range(9):
        budget.give_back(0)
    assert not budget.take()
    budget.give_back(0)
    budget.give_back(0)
    assert budget.take()
    for _ in range(10_000):
        budget.give_back(0)
    assert 50 == budget.left
    assert budget.take()
    assert budget.take()
    budget.give_back(2)
    assert 50 == budget.left


@pytest.mark.row("T04")
def test_attempts_are_told_apart_and_belong_to_one_call() -> None:
    client, recorder, _ = scanning(httpx.Response(503), GOOD)
    client.scans.get("s", "n")
    client.scans.get("s", "n")
    sent = [
        (r.headers["purview-client-attempt"], r.headers["x-ms-client-request-id"])
        for r in recorder.seen
    ]
    assert ["1", "2", "1"] == [number for number, _ in sent]
    assert [True, False] == [sent[0][1] == sent[1][1], sent[1][1] == sent[2][1]]


@pytest.mark.row("T07")
def test_options_of_one_call() -> None:
    client, recorder, _ = scanning(httpx.Response(503), headers={"x-mine": "1"})
    assert client.scans is client.scans
    other = client.with_options(
        timeout=2.5, retry=NO_RETRY, headers={"x-more": "2"}, api_version="2030-01-01", strict=True
    )
    with pytest.raises(ServerError):
        other.scans.get("s", "n")
    sent = recorder.seen[0]
    assert 1 == len(recorder.seen)
    assert ("1", "2", "2030-01-01") == (
        sent.headers["x-mine"],
        sent.headers["x-more"],
        sent.url.params["api-version"],
    )
    assert {2.5} == set(sent.extensions["timeout"].values())
    assert ("2023-09-01", {"x-mine": "1"}, False) == (
        client.api_version,
        client._caller.options.headers,
        client._caller.options.strict,
    )
    assert (other._session, True) == (client._session, other._caller.options.strict)
    other.close()  # the connections are the client's
    with pytest.raises(ServerError):
        client.scans.get("s", "n")


@pytest.mark.row("T07")
@pytest.mark.parametrize("name", ["timeout", "total_timeout"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0, ValueError),
        (-1, ValueError),
        (math.nan, ValueError),
        ("5", TypeError),
        (True, TypeError),
    ],
)
def test_limits_that_make_no_sense(name: str, value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"{name}= "):
        ScanningClient(ENDPOINT, **{name: value})
    client, _, _ = scanning()
    with pytest.raises(kind, match=f"{name}= "):
        client.with_options(**{name: value})


@pytest.mark.row("T07")
def test_infinity_is_no_limit() -> None:
    client, recorder, _ = scanning(GOOD, timeout=math.inf, total_timeout=math.inf)
    client.scans.get("s", "n")
    assert {None} == set(recorder.seen[0].extensions["timeout"].values())
    assert "deadline" not in recorder.seen[0].extensions
    client, recorder, _ = scanning(GOOD, timeout=httpx.Timeout(None, read=3.0))
    client.scans.get("s", "n")
    assert {"connect": 600, "read": 3, "write": 600, "pool": 600} == recorder.seen[0].extensions[
        "timeout"
    ]


@pytest.mark.row("T01")
@pytest.mark.parametrize("value", [0, -1])
def test_a_retry_without_attempts_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="attempts"):
        Retry(attempts=value)
    with pytest.raises(TypeError, match="retry= takes a Retry, not int"):
        ScanningClient(ENDPOINT, retry=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Retry(attempts=2.0)  # type: ignore[arg-type]


@pytest.mark.row("T01")
def test_a_retry_is_a_value() -> None:
    one = Retry(5, longest_wait_s=3)
    assert (
        one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == Retry(5, longest_wait_s=3.0)
    )
    assert "Retry(attempts=5, first_wait_s=0.5, longest_wait_s=3, writes=False)" == repr(one)
    assert one != Retry(5)
    with pytest.raises(AttributeError, match="Retry is read-only"):
        one.attempts = 3  # type: ignore[misc]


@pytest.mark.row("B13")
def test_a_401_is_an_auth_error_that_names_the_resource() -> None:
    class Asks(httpx.Auth):
        resource = "https://purview.azure.net"

    said = {
        "error": {
            "code": "Unauthenticated",
            "message": "Invalid token audience provided. Valid audiences: A,B",
        }
    }
    client, recorder, _ = scanning(httpx.Response(401, json=said), auth=Asks())
    with pytest.raises(
        AuthError, match="Valid audiences: A,B.*for the resource https://purview.azure.net"
    ) as caught:
        client.scans.get("s", "n")
    assert 1 == len(recorder.seen)
    assert isinstance(caught.value, UnauthorizedError)
    assert (401, "Unauthenticated") == (caught.value.status_code, caught.value.code)
    assert "HTTP 401" not in str(caught.value)  # said once
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(caught.value), vars(caught.value)) == (str(again), vars(again))


@pytest.mark.row("T15")
def test_lines_are_made_by_an_allow_list(caplog: pytest.LogCaptureFixture) -> None:
    answers = [
        httpx.Response(429, headers={"Retry-After": "1", "set-cookie": "canary-cookie"}),
        httpx.ReadError("cut"),
        httpx.Response(200, json={"name": "canary-body"}, headers={"x-ms-request-id": "r1"}),
    ]
    client, recorder, _ = scanning(*answers, headers={"x-mine": "canary-header"})
    arguments = {"dataSourceName": "s", "scanName": "n"}
    with caplog.at_level(logging.DEBUG):
        client.call("Scans_Get", arguments)
        recorder._answers = [httpx.Response(404)]
        with pytest.raises(HttpError):
            client.call("Scans_Get", {**arguments, "api-version": "2030"})
    lines = [r.getMessage() for r in caplog.records]
    assert all(r.name == "purview_core" and r.levelno == logging.DEBUG for r in caplog.records)
    expected = ["-> 429", "waits 1.000 s", "-> TransportError", "waits 0.500 s", "-> 200", "-> 404"]
    assert [True] * 6 == [text in line for text, line in zip(expected, lines, strict=True)]
    assert "Scans_Get attempt 3: GET" in lines[4]
    assert "'x-ms-request-id': 'r1'" in lines[4]
    assert not [line for line in lines if "canary" in line]


@pytest.mark.row("T15")
def test_nothing_is_written_at_info(caplog: pytest.LogCaptureFixture) -> None:
    client, _, _ = scanning(httpx.Response(503), GOOD)
    with caplog.at_level(logging.INFO):
        client.scans.get("s", "n")
    assert [] == caplog.records


@pytest.mark.row("T01")
def test_async_clients_wait_and_give_up_alike() -> None:
    async def story() -> list[float]:
        recorder = Recorder(BUSY, httpx.Response(503), httpx.ConnectError("no"))
        client, waits = quick(
            AsyncScanningClient(ENDPOINT, transport=recorder.both, total_timeout=9)
        )
        with pytest.raises(ConnectError) as caught:
            await client.scans.get("s", "n")
        assert (3, 3) == (len(recorder.seen), caught.value.attempts)
        async with client.with_options(retry=Retry(attempts=20), total_timeout=1.2) as other:
            with pytest.raises(
                ConnectError, match="another try would end after the total_timeout of 1.2 s"
            ):
                await other.scans.get("s", "n")
        return waits

    assert [7.0, 0.5, 0.25, 0.5] == asyncio.run(story())

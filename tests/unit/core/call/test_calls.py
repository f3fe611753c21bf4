"""Calls, errors, retries: one pipeline, seen from outside."""

from __future__ import annotations

import asyncio
import pickle
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import trio
from tests.unit.core.support import ENDPOINT, Recorder, quick

from purview_core import (
    NO_RETRY,
    BadRequestError,
    ConflictError,
    ConnectError,
    DecodeError,
    ForbiddenError,
    HttpError,
    NotFoundError,
    PreconditionFailedError,
    PurviewError,
    Retry,
    ServerError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    UnauthorizedError,
)
from purview_core.client.session import Session
from purview_dataplane import AsyncPurview, Purview
from purview_dataplane.catalog import CatalogClient
from purview_dataplane.devops_policies import DevopsPoliciesClient
from purview_dataplane.pds import PdsClient
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient
from purview_dataplane.scanning import models as m
from purview_dataplane.unified_catalog import UnifiedCatalogClient

ODATA = {
    "error": {
        "code": "C1",
        "message": "m",
        "target": "t",
        "details": [{"code": "C2", "message": "n"}],
    }
}
ATLAS = {
    "requestId": "my-run-7",
    "errorCode": "RequestUriNotFound",
    "errorMessage": "null for uri: {x} 100%s",
}
GOOD = httpx.Response(200, json={"kind": "AdlsGen2Msi", "name": "n"})


def scanning(*answers: Any, **options: Any) -> tuple[Any, Recorder, list[float]]:
    recorder = Recorder(*answers)
    client, waits = quick(ScanningClient(ENDPOINT, transport=recorder.sync, **options))
    return client, recorder, waits


@pytest.mark.row("T09")
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *(
            (400, BadRequestError),
            (401, UnauthorizedError),
            (403, ForbiddenError),
            (404, NotFoundError),
        ),
        *(
            (409, ConflictError),
            (412, PreconditionFailedError),
            (429, ThrottledError),
            (500, ServerError),
            (503, ServerError),
        ),
        *(
            (302, HttpError),
            (418, HttpError),
            (499, HttpError),
            (520, ServerError),
            (561, ServerError),
        ),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[HttpError]) -> None:
    client, _, _ = scanning(httpx.Response(status, json=ODATA), retry=NO_RETRY)
    with pytest.raises(PurviewError) as caught:
        client.scans.get("s", "n")
    error = caught.value
    assert kind is type(error)
    assert (status, "C1", "m", "t") == (error.status_code, error.code, error.message, error.target)
    assert ([{"code": "C2", "message": "n"}], "Scans_Get", "GET", 1) == (
        *(error.details, error.operation_id, error.method, error.attempts),
    )
    assert f"{ENDPOINT}/scan/datasources/s/scans/n?api-version=2023-09-01" == error.url


@pytest.mark.row("T10")
def test_the_atlas_error_shape_is_read() -> None:
    client = CatalogClient(ENDPOINT, transport=Recorder(httpx.Response(404, json=ATLAS)).sync)
    with pytest.raises(NotFoundError) as caught:
        client.entity.get_by_guid("g")
    error = caught.value
    assert ("RequestUriNotFound", ATLAS["errorMessage"], "my-run-7") == (
        error.code,
        error.message,
        error.request_id,
    )
    assert ATLAS["errorMessage"] in str(error)
    assert "prefix /catalog/api" in str(error)


@pytest.mark.row("T10")
@pytest.mark.parametrize(
    "content",
    [b"", b"<html>Bad gateway</html>", b"upstream \xff error", b"[1]", b'"text"', b"null"],
)
def test_bodies_of_gateways_are_read(content: bytes) -> None:
    client, _, _ = scanning(httpx.Response(502, content=content), retry=NO_RETRY)
    with pytest.raises(ServerError) as caught:
        client.scans.get("s", "n")
    assert caught.value.status_code == 502
    assert "Scans_Get: 502" in str(caught.value)


@pytest.mark.row("T10")
def test_errors_have_hints() -> None:
    refused = {"error": {"code": "Unauthorized", "message": "Not authorized to access account"}}
    client, recorder, _ = scanning(httpx.Response(403, json=refused))
    with pytest.raises(ForbiddenError, match="Data Source Administrator"):
        client.scans.get("s", "n")
    assert 1 == len(recorder.seen)
    with pytest.raises(ForbiddenError, match="not documented"):
        UnifiedCatalogClient(
            ENDPOINT, transport=Recorder(httpx.Response(403, json=refused)).sync
        ).terms.get("t")
    client, _, _ = scanning(
        httpx.Response(
            401, json={"error": {"code": "Unauthenticated", "message": "audiences: A,B"}}
        )
    )
    with pytest.raises(UnauthorizedError, match="audience"):
        client.scans.get("s", "n")
    client, _, _ = scanning(
        httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": "x"}})
    )
    with pytest.raises(NotFoundError, match="prefix /scan, api-version 2023-09-01"):
        client.scans.get("s", "n")


@pytest.mark.row("T09")
def test_errors_survive_a_pickle_and_hold_no_token() -> None:
    class Token(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Any:
            request.headers["Authorization"] = "Bearer canary-token"
            yield request

    answers = [
        httpx.Response(409, json=ODATA),
        httpx.ConnectError("refused"),
        httpx.Response(200, content=b"<html>"),
    ]
    for answer, kind in zip(answers, (ConflictError, ConnectError, DecodeError), strict=True):
        client, recorder, _ = scanning(answer, auth=Token(), retry=NO_RETRY)
        with pytest.raises(kind) as caught:
            client.scans.get("s", "n")
        assert "Bearer canary-token" == recorder.seen[0].headers["Authorization"]
        again = pickle.loads(pickle.dumps(caught.value))
        assert (kind, str(caught.value)) == (type(again), str(again))
        chain = (
            "".join(traceback.format_exception(caught.value))
            + repr(caught.value)
            + repr(vars(caught.value))
        )
        assert "canary" not in chain
        assert b"canary" not in pickle.dumps(caught.value)
        assert not isinstance(caught.value.__context__, httpx.HTTPError)


@pytest.mark.row("T09")
def test_facts_that_come_in_headers() -> None:
    names = {
        "x-ms-error-code": "E1",
        "x-ms-request-id": "r",
        "x-ms-correlation-request-id": "c",
        "set-cookie": "canary",
    }
    client, _, _ = scanning(httpx.Response(409, headers=names))
    with pytest.raises(ConflictError) as caught:
        client.scans.get("s", "n")
    error = caught.value
    assert ("E1", "E1", "r", "c") == (
        error.error_code,
        error.code,
        error.request_id,
        error.correlation_id,
    )
    assert "canary" not in repr(vars(error))


@pytest.mark.row("T10")
def test_the_404_hint_names_the_version_that_was_sent() -> None:
    client, _, _ = scanning(httpx.Response(404), api_version="2030-01-01")
    with pytest.raises(NotFoundError, match="prefix /scan, api-version 2030-01-01"):
        client.scans.get("s", "n")


def test_an_answer_that_cannot_be_unpacked() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"no gzip"

    def broken(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Broken())

    client = ScanningClient(ENDPOINT, transport=httpx.MockTransport(broken), retry=NO_RETRY)
    with pytest.raises(TransportError, match="Scans_Get") as caught:
        client.scans.get("s", "n")
    assert 1 == caught.value.attempts


@pytest.mark.row("T14")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    client, recorder, _ = scanning(
        httpx.Response(status, headers={"Location": "https://evil.example/x"})
    )
    with pytest.raises(HttpError, match=f"Scans_Get: {status}") as caught:
        client.scans.get("s", "n")
    assert (1, "https://evil.example/x") == (len(recorder.seen), caught.value.headers["location"])


@pytest.mark.row("T20")
def test_an_etag_is_read_from_a_call_and_sent_back() -> None:
    recorder = Recorder(
        httpx.Response(200, json={"decisionRules": []}, headers={"ETag": '"7"'}),
        httpx.Response(412, json={"error": {"code": "PreconditionFailed", "message": "changed"}}),
    )
    client = DevopsPoliciesClient(ENDPOINT, transport=recorder.sync)
    found = client.call("DevopsSqlPerfMonitorPolicy_Get", {"purviewResourceName": "p"})
    with pytest.raises(PreconditionFailedError, match="changed"):
        client.devops_sql_perf_monitor_policy.delete("p", if_match=found.headers["etag"])
    assert ['"7"'] == [r.headers.get("if-match") for r in recorder.seen[1:]]


@pytest.mark.row("T20")
def test_what_is_seen_beside_typed_results() -> None:
    """Each page and each poll, once it is good; no failed try, nothing that `stream` gives, and
    nothing of other clients.
    """
    link = {"Operation-Location": f"{ENDPOINT}/scan/datasources/s/scans/n/runs/r", "X-Try": "3"}
    more = {"value": [{}], "nextLink": f"{ENDPOINT}/scan/datasources?page=2"}
    recorder = Recorder(
        httpx.Response(200, json=more, headers={"X-Try": "1"}),
        httpx.Response(503),
        httpx.Response(200, json={"value": [{}]}, headers={"X-Try": "2"}),
        httpx.Response(202, json={"status": "Running"}, headers=link),
        httpx.Response(200, json={"status": "Succeeded"}, headers={"X-Try": "4"}),
        httpx.Response(404, json=ODATA, headers={"X-Try": "5"}),
        httpx.Response(200, content=b"bytes"),
        httpx.Response(200, json={"kind": "New"}, headers={"X-Try": "6"}),
    )
    client, _ = quick(
        ScanningClient(ENDPOINT, transport=recorder.sync, auth=httpx.BasicAuth("u", "canary"))
    )
    seen: list[httpx.Response] = []
    shown = client.with_options(on_response=seen.append)
    assert 2 == len(list(shown.data_sources.list()))
    shown.scan_result.begin_run_scan("s", "n", run_id="r").result()
    with pytest.raises(NotFoundError):
        shown.scans.get("s", "n")
    with shown.stream("Scans_Get", {"dataSourceName": "s", "scanName": "n"}) as answer:
        assert b"bytes" == b"".join(answer.iter_bytes())
    client.scans.get("s", "n")  # the client that it was made of shows nothing
    further = shown.with_options(timeout=5)
    assert ["1", "2", "3", "4"] == [r.headers["x-try"] for r in seen]
    assert not any("authorization" in r.request.headers for r in seen)
    further.scans.get("s", "n")
    assert "6" == seen[-1].headers["x-try"]


@pytest.mark.row("T20")
def test_what_raises_as_it_looks_ends_the_call() -> None:
    def look(_: httpx.Response) -> None:
        raise LookupError("mine")

    client, recorder, _ = scanning(GOOD)
    with pytest.raises(LookupError, match="mine"):
        client.with_options(on_response=look).scans.get("s", "n")
    assert 1 == len(recorder.seen)


@pytest.mark.row("T20")
def test_who_looks_is_a_plain_function() -> None:
    async def look(_: httpx.Response) -> None: ...

    class Called:
        async def __call__(self, response: httpx.Response) -> None: ...

    for hook in (look, Called(), "text"):
        with pytest.raises(TypeError, match="on_response= takes a "):
            AsyncScanningClient(ENDPOINT).with_options(on_response=hook)  # type: ignore[arg-type]


def test_good_statuses_that_are_not_declared() -> None:
    client, _, _ = scanning(httpx.Response(299, json={"kind": "AdlsGen2Msi"}))
    assert isinstance(client.scans.get("s", "n"), m.AdlsGen2MsiScan)
    pds = PdsClient(ENDPOINT, transport=Recorder(httpx.Response(304)).sync)
    assert [] == list(pds.policy_events.list(scope="s", sync_token="t"))
    assert pds.call("PolicyEvents_List", {"scope": "s", "syncToken": "t"}).parsed is None


@pytest.mark.row("T01")
@pytest.mark.parametrize(
    ("answer", "call", "attempts"),
    [
        (httpx.Response(503), lambda c: c.scans.get("s", "n"), 3),
        (httpx.Response(500), lambda c: c.scans.delete("s", "n"), 3),
        (httpx.ReadTimeout("slow"), lambda c: c.scans.get("s", "n"), 1),
        (httpx.Response(501), lambda c: c.scans.get("s", "n"), 1),
        (httpx.Response(400, headers={"Retry-After": "1"}), lambda c: c.scans.get("s", "n"), 1),
        (httpx.Response(503), lambda c: c.scan_result.begin_cancel_scan("s", "n", "r"), 1),
        (httpx.ReadError("eof"), lambda c: c.scan_result.begin_cancel_scan("s", "n", "r"), 1),
        (httpx.Response(429), lambda c: c.scan_result.begin_cancel_scan("s", "n", "r"), 3),
        (httpx.ConnectError("no"), lambda c: c.scan_result.begin_cancel_scan("s", "n", "r"), 3),
        (httpx.ReadError("eof"), lambda c: c.scan_result.begin_run_scan("s", "n"), 3),
    ],
)
def test_what_is_tried_again(answer: Any, call: Callable[[Any], Any], attempts: int) -> None:
    client, recorder, waits = scanning(answer)
    with pytest.raises((HttpError, TransportError)) as caught:
        call(client)
    assert (attempts, attempts - 1) == (len(recorder.seen), len(waits))
    assert attempts == caught.value.attempts


@pytest.mark.row("T02")
def test_waits_between_tries_grow_or_are_the_services() -> None:
    client, _, waits = scanning(httpx.Response(503), httpx.Response(503), GOOD)
    assert "n" == client.scans.get("s", "n").name
    assert [0.25, 0.5] == waits
    client, _, waits = scanning(httpx.Response(429, headers={"Retry-After": "7"}), GOOD)
    assert "n" == client.scans.get("s", "n").name
    assert [7.0] == waits


@pytest.mark.row("T02")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:28:10 GMT",
                "Date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            10.0,
        ),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT",
                "Date": "Wed, 21 Oct 2026 07:28:10 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_a_wait_comes_in_many_forms(headers: dict[str, str], seconds: float) -> None:
    client, _, waits = scanning(httpx.Response(429, headers=headers), GOOD)
    client.scans.get("s", "n")
    assert [seconds] == waits


@pytest.mark.row("T02")
@pytest.mark.parametrize("text", ["99999", "1e9"])
def test_a_wait_that_is_too_long_is_not_waited(text: str) -> None:
    client, recorder, waits = scanning(httpx.Response(429, headers={"Retry-After": text}))
    with pytest.raises(ThrottledError) as caught:
        client.scans.get("s", "n")
    assert (1, [], float(text)) == (len(recorder.seen), waits, caught.value.retry_after)


@pytest.mark.row("T02")
@pytest.mark.parametrize(
    "text",
    ["soon", "-1", "nan", "inf", "", "Wed, 99 Oct 2026 07:28:00 GMT", "21 Oct 99999 07:28:00"],
)
def test_a_wait_that_makes_no_sense_is_none(text: str) -> None:
    client, recorder, waits = scanning(httpx.Response(429, headers={"Retry-After": text}), GOOD)
    client.scans.get("s", "n")
    assert (2, [0.25]) == (len(recorder.seen), waits)


@pytest.mark.row("T01")
def test_retries_are_the_clients_choice() -> None:
    client, recorder, _ = scanning(httpx.Response(503), retry=Retry(attempts=5))
    with pytest.raises(ServerError):
        client.scans.get("s", "n")
    assert 5 == len(recorder.seen)


@pytest.mark.row("T09")
def test_transport_errors_are_ours() -> None:
    client, _, _ = scanning(httpx.ReadTimeout("The read timed out"), retry=NO_RETRY)
    with pytest.raises(TransportTimeoutError, match="Scans_Get: The read timed out") as caught:
        client.scans.get("s", "n")
    assert ("Scans_Get", "GET") == (caught.value.operation_id, caught.value.method)


def test_calls_by_operation_id() -> None:
    client, recorder, _ = scanning(GOOD)
    response = client.call("Scans_Get", {"dataSourceName": "s", "scanName": "n"})
    assert isinstance(response.parsed, m.AdlsGen2MsiScan)
    assert (200, GOOD.content) == (response.status_code, response.content)
    assert "application/json" == response.headers["content-type"]
    assert "authorization" not in response.request.headers
    client.call(
        "Scans_CreateOrReplace",
        {"dataSourceName": "s", "scanName": "n", "api-version": "2022-07-01"},
        {"kind": "X"},
    )
    assert "PUT /scan/datasources/s/scans/n?api-version=2022-07-01" == recorder.paths[1]
    assert b'{"kind":"X"}' == recorder.seen[1].content


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Scan_Get",), "scanning has no operation 'Scan_Get'; did you mean Scans_Get"),
        ((7,), "call takes an operationId and a mapping of wire names to values, not int"),
        (
            (["Scans_Get"],),
            "call takes an operationId and a mapping of wire names to values, not list",
        ),
        (
            ("Scans_Get", "sn"),
            "call takes an operationId and a mapping of wire names to values, not str",
        ),
        (("Scans_Get", [("scanName", "n")]), "and a mapping of wire names to values, not list"),
        (("Scans_Get", {7: "s", None: "n"}), "Scans_Get has no parameter 7"),
        (
            ("Scans_Get", {"dataSource": "s"}),
            "Scans_Get has no parameter 'dataSource'; did you mean dataSourceName?",
        ),
        (("Scans_Get", {"dataSourceName": "s"}), "Scans_Get needs scan_name"),
        (("Scans_Get", {"dataSourceName": "s", "scanName": "n"}, {}), "Scans_Get takes no body"),
        (
            ("Scans_CreateOrReplace", {"dataSourceName": "s", "scanName": "n"}),
            "Scans_CreateOrReplace needs body",
        ),
    ],
)
def test_wrong_calls_send_nothing(arguments: tuple[Any, ...], message: str) -> None:
    client, recorder, _ = scanning(GOOD)
    with pytest.raises(TypeError, match=message):
        client.call(*arguments)
    assert [] == recorder.seen


def test_constructor_arguments() -> None:
    with pytest.raises(
        ValueError, match="headers= may not hold authorization: it is made from auth="
    ):
        ScanningClient(ENDPOINT, headers={"authorization": "Bearer x"})
    with pytest.raises(ValueError, match="headers= may not hold Host"):
        ScanningClient(ENDPOINT, headers={"Host": "x"})
    for name in ("content-length", "Transfer-Encoding", "Content-Type"):
        with pytest.raises(
            ValueError, match=f"headers= may not hold {name}: it is made from the body"
        ):
            ScanningClient(ENDPOINT, headers={name: "3"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'tiemout'"):
        ScanningClient(ENDPOINT, tiemout=3)  # type: ignore[call-arg]
    client, recorder, _ = scanning(GOOD, headers={"x-mine": "1"})
    client.scans.get("s", "n")
    assert "1" == recorder.seen[0].headers["x-mine"]
    assert f"<ScanningClient {ENDPOINT}/scan 2023-09-01>" == repr(client)


@pytest.mark.row("T08")
def test_a_closed_client_says_so() -> None:
    client, _, _ = scanning(GOOD)
    with client:
        client.scans.get("s", "n")
    with pytest.raises(RuntimeError, match="the client is closed"):
        client.scans.get("s", "n")


@pytest.mark.row("T08")
def test_the_facade_shares_one_pool() -> None:
    recorder = Recorder(httpx.Response(200, json={"value": []}))
    with Purview("contoso", transport=recorder.sync) as purview:
        assert [] == list(purview.scanning.data_sources.list())
        assert [] == list(purview.unified_catalog.data_products.list())
        assert purview.scanning._session is purview.catalog._session
        purview.scanning.close()
        assert [] == list(purview.account.collections.list())
    with pytest.raises(RuntimeError):
        list(purview.scanning.data_sources.list())
    hosts = [r.url.host for r in recorder.seen]
    assert [
        "contoso.purview.azure.com",
        "api.purview-service.microsoft.com",
        "contoso.purview.azure.com",
    ] == hosts


@pytest.mark.parametrize("run", [asyncio.run, "trio"])
def test_async_clients_do_the_same(run: Any) -> None:
    recorder = Recorder(httpx.Response(503, headers={"Retry-After": "0"}), GOOD)

    async def story() -> None:
        async with AsyncScanningClient(ENDPOINT, transport=recorder.both) as client:
            assert "n" == (await client.scans.get("s", "n")).name
            assert (
                200
                == (
                    await client.call("Scans_Get", {"dataSourceName": "s", "scanName": "n"})
                ).status_code
            )
            async with client.stream(
                "Scans_Get", {"dataSourceName": "s", "scanName": "n"}
            ) as response:
                assert GOOD.content == b"".join([chunk async for chunk in response.aiter_bytes()])
        with pytest.raises(RuntimeError, match="closed"):
            await client.scans.get("s", "n")
        async with AsyncPurview(
            "contoso", transport=Recorder(httpx.Response(404, json=ATLAS)).both
        ) as purview:
            with pytest.raises(NotFoundError):
                await purview.catalog.entity.get_by_guid("g")

    if run == "trio":
        trio.run(story)
    else:
        run(story())
    assert 4 == len(recorder.seen)


@pytest.mark.row("T08")
def test_a_session_is_made_once_by_many_threads() -> None:
    barrier, made = threading.Barrier(8, timeout=5), []

    def make() -> object:
        made.append(object())
        return made[-1]

    session = Session(make)

    def use(_: int) -> Any:
        barrier.wait()
        return session.transport()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(use, range(8)))
    assert (1, {made[0]}) == (len(made), set(found))


@pytest.mark.row("T18")
def test_streams_are_tried_again_and_say_when_they_are_cut_off() -> None:
    class Cut(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"abc"
            raise httpx.ReadTimeout("slow")

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"abc"
            raise httpx.ReadTimeout("slow")

    class Refuses(httpx.BaseTransport, httpx.AsyncBaseTransport):
        tries = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.tries += 1
            return httpx.Response(503) if self.tries == 1 else httpx.Response(200, stream=Cut())

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    arguments, chunks = ("Scans_Get", {"dataSourceName": "s", "scanName": "n"}), []
    client, waits = quick(ScanningClient(ENDPOINT, transport=Refuses(), headers={"x": "y"}))
    with (
        pytest.raises(TransportTimeoutError, match="Scans_Get: slow"),
        client.stream(*arguments) as response,
    ):
        chunks += list(response.iter_bytes(1))
    assert ([], [0.25]) == (chunks, waits)

    async def story() -> None:
        client, _ = quick(AsyncScanningClient(ENDPOINT, transport=Refuses()))
        with pytest.raises(TransportTimeoutError, match="Scans_Get: slow"):
            async with client, client.stream(*arguments) as response:
                chunks.extend([chunk async for chunk in response.aiter_bytes()])

    asyncio.run(story())
    with pytest.raises(httpx.ReadTimeout), client.stream(*arguments):
        raise httpx.ReadTimeout(
            "of a request of the caller's own", request=httpx.Request("GET", "https://x")
        )


@pytest.mark.row("T18")
def test_streams_raise_typed_errors() -> None:
    client, _, _ = scanning(httpx.Response(404, json=ATLAS))
    with (
        pytest.raises(NotFoundError),
        client.stream("Scans_Get", {"dataSourceName": "s", "scanName": "n"}),
    ):
        pass
    client, _, _ = scanning(httpx.ConnectError("no"))
    with (
        pytest.raises(ConnectError),
        client.stream("Scans_Get", {"dataSourceName": "s", "scanName": "n"}),
    ):
        pass


AS_HTTPX: dict[str, tuple[str, dict[str, Any], Any]] = {
    "GET": ("Scans_Get", {"dataSourceName": "a/b \u00e9", "scanName": "s"}, None),
    "PUT": ("Credential_CreateOrReplace", {"credentialName": "c"}, {"kind": "ServicePrincipal"}),
    "POST without a body": (
        "ClassificationRules_TagClassificationVersion",
        {"classificationRuleVersion": 1, "action": "Keep"},
        None,
    ),
    "DELETE": ("DataSources_Delete", {"dataSourceName": "a"}, None),
}


OURS = {"timeout", "deadline", "max_answer_bytes"}


@pytest.mark.parametrize("headers", [{}, {"X-Team": "lake", "user-agent": "mine"}])
@pytest.mark.parametrize("case", AS_HTTPX)
def test_requests_are_those_that_httpx_would_make(case: str, headers: dict[str, str]) -> None:
    operation, values, body = AS_HTTPX[case]
    values = {"classificationRuleName": "r", **values} if operation.startswith("Class") else values
    client, recorder, _ = scanning(GOOD, headers=headers)
    client.call(operation, values, body)
    (made,) = recorder.seen
    own = [(k, v) for k, v in made.headers.multi_items() if k not in ("host", "content-length")]
    theirs = httpx.Request(made.method, str(made.url), headers=own, content=made.content)
    assert sorted(theirs.headers.multi_items()) == sorted(made.headers.multi_items())
    assert [theirs.content, *theirs.stream] == [made.content, *made.stream]  # type: ignore[misc]
    assert (theirs.url, theirs.extensions.keys()) == (made.url, made.extensions.keys() - OURS)


ODD_HEADERS: list[Any] = [
    *(
        {"X-A": 1},
        {"X-A": None},
        {b"X-A": "b"},
        {"X-A": b"b"},
        {b"Authorization": b"evil"},
        {1: "a"},
    ),
    *(
        {"X-A": "\u00fc"},
        {"X-A": "a\r\nb: c"},
        {"X-A": "a\0"},
        {"X-A": " a "},
        {"X A": "b"},
        {"": "b"},
        {"Authorization ": "x"},
    ),
    *(
        {"Expect": "100-continue"},
        {"TE": "gzip"},
        {"x-ms-client-request-id": "mine"},
        {"Purview-Client-Attempt": "7"},
    ),
]


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=repr)
def test_odd_headers_are_refused_when_the_client_is_made(headers: Any) -> None:
    for make in (
        lambda: ScanningClient(ENDPOINT, headers=headers),
        lambda: Purview(ENDPOINT, headers=headers),
    ):
        with pytest.raises((TypeError, ValueError), match="headers= "):
            make()
    with pytest.raises((TypeError, ValueError), match="headers= "):
        AsyncScanningClient(ENDPOINT).with_options(headers=headers)


def test_headers_that_are_fine() -> None:
    client, recorder, _ = scanning(
        GOOD, headers={"X-Team": "data lake\t7", "X-Empty": "", "accept": "text/plain"}
    )
    client.scans.get("s", "n")
    (made,) = recorder.seen
    assert ["data lake\t7", "", "text/plain"] == [
        made.headers[name] for name in ("x-team", "x-empty", "accept")
    ]


@pytest.mark.parametrize("auth", ["token", ("user", "password"), 7], ids=repr)
def test_what_is_no_auth_is_refused_when_the_client_is_made(auth: Any) -> None:
    for make in (ScanningClient, AsyncScanningClient, Purview, AsyncPurview):
        with pytest.raises(
            TypeError, match=r"auth= takes an httpx.Auth, not .*CredentialAuth\(credential\)"
        ):
            make(ENDPOINT, auth=auth)

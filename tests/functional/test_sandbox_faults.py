"""Every fault that the sandbox makes, in every kind of call of the generated clients.

What matters is the error that a call ends in, and how often it was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from purview_auth import ServicePrincipal
from purview_auth.errors import TokenRequestError, TokenResponseError, TokenTransportError
from purview_auth.tokens.token_client import Timeouts
from purview_auth.tokens.tries import TRIES
from purview_core import (
    AsyncPager,
    AsyncPoller,
    DecodeError,
    ForbiddenError,
    HttpError,
    NotFoundError,
    Pager,
    PagingError,
    Poller,
    PollingError,
    Retry,
    ServerError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    UnauthorizedError,
)
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport
from purview_dataplane import AsyncPurview, Purview
from purview_dataplane.account import models as account
from purview_dataplane.datamap import models as datamap
from purview_dataplane.scanning import models as scanning
from purview_testing import Fault, Sandbox
from purview_testing.contracts.messages import RequestMessage, ResponseMessage
from purview_testing.sandbox.faults import KINDS
from purview_testing.sandbox.server import served

pytestmark = pytest.mark.level("L5")

RUN = "00000000-0000-4000-8000-000000000001"
HANGING_S = 20.0  # nothing here takes a tenth of it
# Many times what the callers wait for, so that a busy machine does not matter.
DELAYS_S = {"slow-first-byte": 3.0, "dribble": 0.3}
SEED = [
    *(("/scan/datasources/" + name, {"kind": "AmazonS3"}) for name in ("lake", "pond", "tarn")),
    ("/scan/datasources/lake/scans/weekly", {"kind": "AmazonS3Credential"}),
]


class Kind(NamedTuple):
    """A kind of call.

    Attributes:
        operation: The operation that the fault hits.
        call: Makes the call.
        repeatable: Whether it may be sent again when it may have been done already.
    """

    plane: str
    operation: str
    call: Callable[[Any], Any]
    repeatable: bool


def _entity(p: Any) -> Any:
    entity = datamap.AtlasEntity(type_name="DataSet", guid="-1", attributes={"qualifiedName": "q"})
    return p.datamap.entity.create_or_update(body=datamap.AtlasEntityWithExtInfo(entity=entity))


def _account(p: Any) -> Any:
    body = account.DataPlaneAccountUpdateParameters(friendly_name="x")
    return p.account.accounts.update_account_properties(body=body)


GET = Kind("scanning", "DataSources_Get", lambda p: p.scanning.data_sources.get("lake"), True)
LIST = Kind("scanning", "DataSources_List", lambda p: p.scanning.data_sources.list(), True)
DELETE = Kind(
    "scanning", "DataSources_Delete", lambda p: p.scanning.data_sources.delete("lake"), True
)
LONG_RUNNING = Kind(
    "scanning",
    "ScanResult_RunScan",
    lambda p: p.scanning.scan_result.begin_run_scan("lake", "weekly", run_id=RUN),
    True,  # the caller's run id makes it the same run
)
DOWNLOAD = Kind(
    "datamap",
    "Entity_GetSampleBusinessMetadataTemplate",
    lambda p: p.datamap.entity.get_sample_business_metadata_template(),
    True,
)
CALLS = {
    "GET": GET,
    "list of three pages": LIST,
    "POST that reads": Kind(
        "datamap",
        "Discovery_Suggest",
        lambda p: p.datamap.discovery.suggest(body=datamap.SuggestOptions(keywords="q")),
        True,
    ),
    "POST that writes": Kind("datamap", "Entity_CreateOrUpdate", _entity, False),
    "PUT": Kind(
        "scanning",
        "DataSources_CreateOrReplace",
        lambda p: p.scanning.data_sources.create_or_replace(
            "sea", body=scanning.AmazonS3DataSource()
        ),
        True,
    ),
    "PATCH": Kind("account", "Accounts_UpdateAccountProperties", _account, False),
    "DELETE": DELETE,
    "long-running": LONG_RUNNING,
    "upload": Kind(
        "datamap",
        "Entity_ImportBusinessMetadata",
        lambda p: p.datamap.entity.import_business_metadata(file=("a.csv", b"a,b", "text/csv")),
        False,
    ),
    "download": DOWNLOAD,
}


class Ending(NamedTuple):
    """What a call ends in while the fault lasts.

    Attributes:
        error: The error; None where the call succeeds.
        tries: How often a call is sent that may be repeated.
        of_a_write: How often one is sent that may not be repeated.
    """

    error: type[Exception] | None
    tries: int = 1
    of_a_write: int = 1


ANY_METHOD, REPEATED = (3, 3), (3, 1)
ENDINGS = {
    "throttled": Ending(ThrottledError, *ANY_METHOD),
    "unavailable": Ending(ServerError, *REPEATED),
    "server-error": Ending(ServerError, *REPEATED),
    "html-page": Ending(ServerError, *REPEATED),
    # Once more with a new token: the first one was refused, so nothing was done.
    "unauthorized": Ending(UnauthorizedError, 2, 2),
    "forbidden": Ending(ForbiddenError),
    "redirect": Ending(HttpError),
    "reset": Ending(TransportError, *REPEATED),
    "truncated": Ending(TransportError, *REPEATED),
    "broken-chunk": Ending(TransportError, *REPEATED),
    "slow-first-byte": Ending(TransportTimeoutError),
    "dribble": Ending(TransportTimeoutError),
    "invalid-json": Ending(DecodeError),
    "empty-body": Ending(None),
    "wrong-content-type": Ending(None),
    "next-link-loop": Ending(PagingError),
    "next-link-elsewhere": Ending(PagingError),
    "operation-fails": Ending(PollingError),
    "operation-never-ends": Ending(TimeoutError),
}
BODY = {"truncated", "broken-chunk", "dribble", "invalid-json", "empty-body", "wrong-content-type"}
WELL = Ending(None)


def ending(fault: str, kind: Kind) -> Ending:
    """Returns what a call ends in.

    That is what ENDINGS says, unless the fault has nothing to spoil, or the call makes no use of
    it.
    """
    if fault == "invalid-json" and kind in (DOWNLOAD, LONG_RUNNING):
        return WELL  # a file is any bytes; where the status is read, a header says
    if fault == "empty-body" and kind is LIST:
        return Ending(PagingError)  # nobody may take it for the empty list
    if fault in BODY and kind is DELETE:
        return WELL  # 204, so there is no body
    if (fault.startswith("next-link") and kind is not LIST) or (
        fault.startswith("operation-") and kind is not LONG_RUNNING
    ):
        return WELL
    return ENDINGS[fault]


class Outcome(NamedTuple):
    """What a call ended in, and what it took.

    Attributes:
        tries: How often it was sent.
        used: How often the fault hit it.
        left_in_use: Connections that were not given back.
    """

    error: Exception | None
    tries: int
    used: int
    left_in_use: int


def in_time(fault: str, look: Callable[[float], None]) -> None:
    """Checks a fault that a limit in seconds ends.

    Where a machine was too busy for one limit, the next longer one is tried.
    """
    limits = (0.05, 0.25, 1.0) if fault in DELAYS_S else (5.0,)
    for limit in limits[:-1]:
        with contextlib.suppress(AssertionError):
            return look(limit)
    return look(limits[-1])


def _options(fault: str, limit_s: float) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "slow-first-byte": {"timeout": httpx.Timeout(5, read=limit_s)},
        "dribble": {"total_timeout": limit_s},
    }
    return {
        "retry": Retry(first_wait_s=0),
        "timeout": 5,
        "total_timeout": 5,
        **limits.get(fault, {}),
    }


def _sync(
    sandbox: Sandbox,
    kind: Kind,
    fault: str,
    limit_s: float,
    *,
    port: bool,
) -> tuple[Exception | None, int]:
    transport = HttpTransport() if port else None
    with Purview(
        sandbox.url,
        tenant_endpoint=sandbox.url,
        transport=transport or sandbox.transport(),
        auth=sandbox.auth,
        **_options(fault, limit_s),
    ) as purview:
        error = None
        try:
            value = kind.call(purview)
            if isinstance(value, Pager):
                list(value)
            elif isinstance(value, Poller):
                value.result(timeout=0.05 if fault == "operation-never-ends" else 5)
        except Exception as raised:  # noqa: BLE001 - it is what is looked at
            error = raised
        return error, _in_use(transport)


def _async(
    sandbox: Sandbox,
    kind: Kind,
    fault: str,
    limit_s: float,
    *,
    port: bool,
) -> tuple[Exception | None, int]:
    async def story() -> tuple[Exception | None, int]:
        transport = AsyncHttpTransport() if port else None
        async with AsyncPurview(
            sandbox.url,
            tenant_endpoint=sandbox.url,
            transport=transport or sandbox.async_transport(),
            auth=sandbox.auth,
            **_options(fault, limit_s),
        ) as purview:
            error = None
            try:
                value = kind.call(purview)
                if isinstance(value, AsyncPager):
                    [item async for item in value]
                else:
                    value = await value
                    if isinstance(value, AsyncPoller):
                        await value.result(timeout=0.05 if fault == "operation-never-ends" else 5)
            except Exception as raised:  # noqa: BLE001 - it is what is looked at
                error = raised
            return error, _in_use(transport)

    return asyncio.run(story())


def _in_use(transport: HttpTransport | AsyncHttpTransport | None) -> int:
    if transport is None:
        return 0
    pool = transport._pool if isinstance(transport, HttpTransport) else transport._pool_here()
    return pool.open - pool.idle if pool is not None else 0


class Port:
    """A port that stays open while the sandboxes behind it change."""

    def __init__(self) -> None:
        self.sandbox: Sandbox | None = None

    def handle(self, request: RequestMessage) -> ResponseMessage:
        assert self.sandbox is not None
        return self.sandbox.handle(request)


@pytest.fixture(scope="module")
def open_port() -> Iterator[tuple[Port, str]]:
    pytest.importorskip(
        "uvicorn", reason="uvicorn is not installed: pip install purview-dataplane[testing]"
    )
    port = Port()
    with served(port.handle, "127.0.0.1", 0) as url:
        yield port, url


@pytest.fixture(params=[False, True], ids=["in process", "on a port"])
def port(request: pytest.FixtureRequest) -> tuple[Port, str] | None:
    found: tuple[Port, str] | None = request.getfixturevalue("open_port") if request.param else None
    return found


def struck(
    kind: Kind,
    fault: str,
    count: int | None,
    run: Any,
    port: tuple[Port, str] | None,
    *,
    nth: int = 1,
    limit_s: float = 5.0,
) -> Outcome:
    with Sandbox(["scanning", "datamap", "account"], page_size=1) as sandbox:
        sandbox.load(
            {"method": "PUT", "path": f"{path}?api-version=2023-09-01", "body": body}
            for path, body in SEED
        )
        before = len(sandbox.requests)
        added = Fault(
            fault,
            kind.plane,
            kind.operation,
            nth,
            count,
            delay=DELAYS_S.get(fault, 0),
            retry_after=0,
        )
        sandbox.faults.add(added)
        if port is not None:
            port[0].sandbox, sandbox.url = sandbox, port[1]
        error, left = run(sandbox, kind, fault, limit_s, port=port is not None)
        gave_up = time.monotonic() + 5
        while fault == "slow-first-byte" and not added.used and time.monotonic() < gave_up:
            time.sleep(0.001)  # the client was gone before the service came to it
        tries = sum(seen.operation == kind.operation for seen in sandbox.requests[before:])
        return Outcome(error, tries, added.used, left)


RUNS = pytest.mark.parametrize("run", [_sync, _async], ids=["sync", "async"])


def test_every_fault_has_its_ending() -> None:
    assert set(KINDS) == set(ENDINGS)


@RUNS
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", KINDS)
def test_each_kind_of_call_ends_as_it_should_under_each_fault(
    fault: str, name: str, run: Any, port: tuple[Port, str] | None
) -> None:
    in_time(fault, lambda limit_s: _look(fault, CALLS[name], run, port, limit_s))


def _look(fault: str, kind: Kind, run: Any, port: tuple[Port, str] | None, limit_s: float) -> None:
    started = time.monotonic()
    expected = ending(fault, kind)
    pages = 3 if kind is LIST else 1

    lasting = struck(kind, fault, None, run, port, limit_s=limit_s)
    tries = expected.tries if kind.repeatable else expected.of_a_write
    raised = None if lasting.error is None else _class(lasting.error, expected.error)
    assert expected.error is raised
    assert (tries if expected.error else pages, 0) == (lasting.tries, lasting.left_in_use)
    assert lasting.used == (0 if _spared(fault, kind) else lasting.tries)

    once = struck(kind, fault, 1, run, port, limit_s=limit_s)
    again = tries > 1
    if again and kind is DELETE and fault == "reset":
        # The first try deleted it, but its answer was lost.
        assert isinstance(once.error, NotFoundError)
    else:
        assert (expected.error is None or again) is (once.error is None)
    sent = 1
    if expected.error is None:
        sent = pages
    elif again:
        sent = pages + 1
    assert (sent, 0) == (once.tries, once.left_in_use)
    assert time.monotonic() - started < HANGING_S


@RUNS
def test_a_later_page_without_a_body_is_an_error(run: Any, port: tuple[Port, str] | None) -> None:
    found = struck(LIST, "empty-body", 1, run, port, nth=2)
    assert isinstance(found.error, PagingError)
    assert (2, 0) == (found.tries, found.left_in_use)


def _spared(fault: str, kind: Kind) -> bool:
    """Whether a call has nothing that the fault could hit."""
    return (fault in BODY and kind is DELETE) or (
        ending(fault, kind) is WELL and (fault.startswith(("next-link", "operation-")))
    )


def _class(error: Exception, expected: type[Exception] | None) -> type[Exception]:
    return expected if expected is not None and isinstance(error, expected) else type(error)


class TokenEnding(NamedTuple):
    """What a call without a token ends in while the fault lasts.

    Attributes:
        tries: Token requests until then.
    """

    error: type[Exception]
    tries: int = 1


UNREACHED, REFUSED, NO_TOKEN = TokenTransportError, TokenRequestError, TokenResponseError
TOKENS = {
    "throttled": TokenEnding(REFUSED, TRIES),
    "unavailable": TokenEnding(REFUSED, TRIES),
    "server-error": TokenEnding(REFUSED, TRIES),
    "html-page": TokenEnding(REFUSED, TRIES),
    "unauthorized": TokenEnding(REFUSED),
    "forbidden": TokenEnding(REFUSED),
    "redirect": TokenEnding(NO_TOKEN),
    "reset": TokenEnding(UNREACHED, TRIES),
    "truncated": TokenEnding(UNREACHED, TRIES),
    "broken-chunk": TokenEnding(UNREACHED, TRIES),
    "slow-first-byte": TokenEnding(UNREACHED, TRIES),
    "dribble": TokenEnding(UNREACHED),  # the limit is one for all tries
    "empty-body": TokenEnding(NO_TOKEN),
    "invalid-json": TokenEnding(NO_TOKEN),
    "wrong-content-type": TokenEnding(NO_TOKEN),
}


def asked(
    fault: str, count: int | None, run: Any, port: tuple[Port, str] | None, limit_s: float
) -> tuple[Exception | None, list[int]]:
    """Makes a call whose token has to be asked for.

    Returns its error and three numbers: token requests, calls, and connections left in use.
    """
    with Sandbox(["scanning", "datamap", "account"]) as sandbox:
        sandbox.load(
            [{"method": "PUT", "path": f"{SEED[0][0]}?api-version=2023-09-01", "body": SEED[0][1]}]
        )
        before = len(sandbox.requests)
        over = {"transport": sandbox.transport(), "async_transport": sandbox.async_transport()}
        if port is not None:
            over = {}
            port[0].sandbox, sandbox.url = sandbox, port[1]
        limits = {"slow-first-byte": Timeouts(read=limit_s), "dribble": Timeouts(total=limit_s)}
        sandbox.auth = ServicePrincipal(  # type: ignore[assignment]
            "tenant",
            "client",
            "secret",
            authority=sandbox.url,
            allow_insecure_localhost=True,
            timeouts=limits.get(fault),
            sleep=_asleep if run is _async else _slept,
            **over,
        )
        sandbox.faults.add(
            Fault(fault, "identity", count=count, delay=DELAYS_S.get(fault, 0), retry_after=0)
        )
        error, left = run(sandbox, GET, fault, limit_s, port=port is not None)
        seen = sandbox.requests[before:]
        tokens = sum(request.plane == "identity" for request in seen)
        calls = sum(request.operation is not None for request in seen)
        return error, [tokens, calls, left]


@RUNS
@pytest.mark.parametrize("fault", TOKENS)
def test_a_token_request_ends_as_it_should_under_each_fault(
    fault: str, run: Any, port: tuple[Port, str] | None
) -> None:
    in_time(fault, lambda limit_s: _look_at_tokens(fault, run, port, limit_s))


def _look_at_tokens(fault: str, run: Any, port: tuple[Port, str] | None, limit_s: float) -> None:
    expected = TOKENS[fault]
    error, numbers = asked(fault, None, run, port, limit_s)
    assert isinstance(error, expected.error)
    assert [expected.tries, 0, 0] == numbers  # without a token nothing is sent
    error, numbers = asked(fault, 1, run, port, limit_s)
    again = expected.tries > 1
    assert again is (error is None)
    assert ([2, 1, 0] if again else [1, 0, 0]) == numbers


def test_only_faults_of_links_and_of_operations_leave_token_requests_alone() -> None:
    assert {k for k in KINDS if not k.startswith(("next-link", "operation-"))} == set(TOKENS)


def _slept(seconds: float) -> None:
    """Takes the place of the waits between the tries of a token request."""


async def _asleep(seconds: float) -> None:
    """Takes the place of the same waits of async clients."""

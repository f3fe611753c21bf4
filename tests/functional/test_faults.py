"""Every fault of a service or of the way to it, by every kind of call: which error, after how many
tries.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import pytest

from purview_core import (
    ConnectError,
    DecodeError,
    HttpError,
    PurviewError,
    Retry,
    ServerError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
)
from purview_dataplane.account import AccountClient, AsyncAccountClient
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient

from .faulty import Behaviour, Faulty, answer, dribble, nothing, reset, silent

pytestmark = pytest.mark.level("L5")

TOTALS_S = (0.05, 0.3, 3.0)  # of the faults that last, tried in turn; the others end by themselves
PLENTY_S = 30.0
HTML = b"<html>Service unavailable</html>"


class Kind(NamedTuple):
    """A kind of call: its clients, how it is made, and whether it may be sent again once it was
    sent.
    """

    clients: tuple[type[Any], type[Any]]
    call: Callable[[Any], Any]
    repeatable: bool


SCANNING, DATAMAP = (ScanningClient, AsyncScanningClient), (DataMapClient, AsyncDataMapClient)
ACCOUNT = (AccountClient, AsyncAccountClient)
KINDS = {
    "GET": Kind(SCANNING, lambda c: c.scans.get("s", "n"), True),
    "PUT": Kind(
        SCANNING, lambda c: c.call("Scans_CreateOrReplace", NAMES, {"kind": "AmazonS3"}), True
    ),
    "DELETE": Kind(SCANNING, lambda c: c.scans.delete("s", "n"), True),
    "POST that reads": Kind(
        DATAMAP, lambda c: c.call("Discovery_Query", body={"keywords": "x"}), True
    ),
    "POST that writes": Kind(
        DATAMAP,
        lambda c: c.call("Entity_CreateOrUpdate", body={"entity": {"typeName": "t"}}),
        False,
    ),
    "PATCH": Kind(
        ACCOUNT,
        lambda c: c.call("Accounts_UpdateAccountProperties", body={"friendlyName": "x"}),
        False,
    ),
}
NAMES = {"dataSourceName": "s", "scanName": "n"}


class Case(NamedTuple):
    """A fault, the error it must end in, tries of what may be repeated, and of what may not."""

    behave: Behaviour
    error: type[PurviewError] | None
    tries: int
    tries_of_a_write: int
    lasts: bool = False


FAULTS = {
    "reset": Case(reset, TransportError, 3, 1),
    "no answer": Case(nothing, TransportError, 3, 1),
    "truncated": Case(answer(200, b'{"a"', length=9), TransportError, 3, 1),
    "silent": Case(silent, TransportTimeoutError, 1, 1, lasts=True),
    "dribbling headers": Case(dribble("headers"), TransportTimeoutError, 1, 1, lasts=True),
    "dribbling body": Case(dribble("body"), TransportTimeoutError, 1, 1, lasts=True),
    "408": Case(answer(408), HttpError, 3, 1),
    "429": Case(answer(429), ThrottledError, 3, 3),
    "500": Case(answer(500), ServerError, 3, 1),
    "501": Case(answer(501), ServerError, 1, 1),
    "503": Case(answer(503), ServerError, 3, 1),
    "504": Case(answer(504, HTML, "text/html"), ServerError, 3, 1),
    "HTML": Case(answer(200, HTML, "text/html"), DecodeError, 1, 1),
    "broken JSON": Case(answer(200, b'{"a":'), DecodeError, 1, 1),
    "empty": Case(answer(200, b""), None, 1, 1),
}


def _make(client: type[Any], url: str, total_s: float) -> Any:
    made = client(url, retry=Retry(first_wait_s=0), total_timeout=total_s, timeout=20)
    assert isinstance(made, (ScanningClient, AsyncScanningClient, *DATAMAP, *ACCOUNT))
    return made


def _sync(kind: Kind, url: str, total_s: float) -> None:
    with _make(kind.clients[0], url, total_s) as client:
        kind.call(client)


def _async(kind: Kind, url: str, total_s: float) -> None:
    async def story() -> None:
        async with _make(kind.clients[1], url, total_s) as client:
            await kind.call(client)

    asyncio.run(story())


BOTH = pytest.mark.parametrize("run", [_sync, _async], ids=["sync", "async"])
ALL_KINDS = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_the_kinds_are_what_they_are_called() -> None:
    methods = []
    for kind in KINDS.values():
        transport = httpx.MockTransport(
            lambda request: methods.append(request.method) or httpx.Response(200, json={})
        )
        kind.call(kind.clients[0]("contoso", transport=transport))
    assert [name.split()[0] for name in KINDS] == methods


@pytest.mark.row("T01")
@BOTH
@ALL_KINDS
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_fault_by_each_kind_of_call(run: Any, kind: Kind, fault: Case) -> None:
    tries = fault.tries if kind.repeatable else fault.tries_of_a_write
    for total_s in TOTALS_S if fault.lasts else (PLENTY_S,):
        error = None
        with Faulty(fault.behave) as service:
            try:
                run(kind, service.url, total_s)
            except Exception as raised:  # noqa: BLE001 - it is what is looked at
                error = raised
        if service.requests:
            break  # else this machine was too busy to send it by then
    if fault.error is None:
        assert error is None
    else:
        assert isinstance(error, fault.error)
        assert not isinstance(error, ConnectError)
        assert tries == getattr(error, "attempts", 1)
    assert tries == len(service.requests)


@pytest.mark.row("T01")
@BOTH
@ALL_KINDS
def test_a_service_that_is_not_there(run: Any, kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ConnectError) as caught:
        run(kind, url, PLENTY_S)
    assert 3 == caught.value.attempts


@pytest.mark.row("B33")
@BOTH
@ALL_KINDS
def test_a_tls_handshake_that_is_broken_off(run: Any, kind: Kind) -> None:
    with Faulty(nothing, tls=True) as service:
        with pytest.raises(ConnectError) as caught:
            run(kind, service.url, PLENTY_S)
        assert (3, []) == (caught.value.attempts, service.requests)

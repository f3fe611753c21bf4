"""What the auth object adds to a call with a warm token: CPU time, and locks."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from compare_auth_contenders import Contender, HttpxAuth, Ours
from compare_auth_fakes import CLIENT, SECRET, TENANT, URL, Endpoint
from measure import Times, cpu, race, ratios

from purview_auth import ServicePrincipal
from purview_dataplane.scanning import ScanningClient

CALLS = 300
LONG = "t" * 1200  # about the length of a real token
SCAN = b'{"kind": "AzureSqlDatabase", "name": "weekly", "properties": {}}'

LEAST = "httpx.Auth that sets a header"


class HeaderAlone(httpx.Auth):
    """The least that an auth object can do: no check, no refresh, no second try."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {LONG}"
        yield request


class CountingLock:
    """A lock that counts how often any of its kind is taken."""

    taken = 0

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def acquire(self, *arguments: Any, **options: Any) -> bool:
        CountingLock.taken += 1
        return bool(self._inner.acquire(*arguments, **options))

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self._inner.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def locks(kind: type[Contender], calls: int = 100) -> str:
    """Locks that a warm token adds to calls without auth; those of the first call as a check.

    Every lock that is made from here on counts: the contender's own and those of its HTTP client.
    """
    lock, rlock = threading.Lock, threading.RLock

    def counting_lock() -> CountingLock:
        return CountingLock(lock())

    def counting_rlock() -> CountingLock:
        return CountingLock(rlock())

    with mock.patch("threading.Lock", counting_lock), mock.patch("threading.RLock", counting_rlock):
        contender = kind(Endpoint())
        bare = contender.bare()
        bare()
        cold = _taken(contender.call, 1)
        warm, without = _taken(contender.call, calls), _taken(bare, calls)
        assert cold > without / calls, "no lock was counted at all"
        return f"{warm - without} in {calls} calls (first call: {cold - without // calls})"


def _taken(call: Callable[[], object], calls: int) -> int:
    before = CountingLock.taken
    for _ in range(calls):
        call()
    return CountingLock.taken - before


def _answer(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=SCAN, headers={"content-type": "application/json"})


def _race(calls: Mapping[str, Callable[[], object]], pairs: int) -> Times:
    for call in calls.values():
        call()  # gets the token
    return race(
        {name: lambda call=call: [call() for _ in range(CALLS)] for name, call in calls.items()},
        cpu,
        pairs,
    )


def overhead(pairs: int) -> None:
    """Prints CPU time with auth beside the same call without, as pairs taken in turn."""
    transport, where = httpx.MockTransport(_answer), "over httpx.MockTransport"
    ours, other = (
        Ours(Endpoint(access_token=LONG)).auth,
        HttpxAuth(Endpoint(access_token=LONG)).auth,
    )
    auths = {"no auth": None, LEAST: HeaderAlone(), Ours.name: ours, HttpxAuth.name: other}
    clients = {name: httpx.Client(transport=transport, auth=auth) for name, auth in auths.items()}
    _show(
        f"httpx.Client.get() {where}",
        _race({name: partial(c.get, URL) for name, c in clients.items()}, pairs),
    )
    with _loopback() as address:
        local = ServicePrincipal(
            TENANT,
            CLIENT,
            SECRET,
            transport=Endpoint(access_token=LONG),
            allow_insecure_localhost=True,
        )
        _typed(
            f"ScanningClient.scans.get() {where}", URL.partition("/scan")[0], transport, ours, pairs
        )
        _typed("ScanningClient.scans.get() over loopback", address, None, local, pairs)


def _typed(
    title: str, address: str, transport: httpx.BaseTransport | None, auth: httpx.Auth, pairs: int
) -> None:
    with ExitStack() as stack:
        auths = {"no auth": None, LEAST: HeaderAlone(), Ours.name: auth}
        clients = {
            name: stack.enter_context(ScanningClient(address, transport=transport, auth=one))
            for name, one in auths.items()
        }
        calls = {
            name: partial(client.scans.get, "sales", "weekly") for name, client in clients.items()
        }
        _show(title, _race(calls, pairs))


@contextmanager
def _loopback() -> Generator[str]:
    """The address of a server, in a process of its own, that answers everything with one scan."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "scan.json"
        answer.write_bytes(SCAN)
        command = [sys.executable, str(Path(__file__).with_name("server.py")), str(answer)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
            finally:
                server.kill()


def _show(title: str, times: Times) -> None:
    print(
        f"\n## CPU time of {title} with a warm token: "
        f"{len(times['no auth'])} pairs of {CALLS} calls\n"
    )
    print("| | x no auth, median | quartiles | low - high | us a call |\n|---|---|---|---|---|")
    for name, seconds in times.items():
        found = ratios(times, name, "no auth")
        low, _, high = statistics.quantiles(found, n=4)
        spread = f"{low:.3f} - {high:.3f} | {min(found):.3f} - {max(found):.3f}"
        absolute = statistics.median(seconds) / CALLS * 1e6
        print(f"| {name} | {statistics.median(found):.3f} | {spread} | {absolute:.1f} |")

"""The transports alone: one call after another, from threads, and from many tasks at once."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from calls import Credential, loopback
from measure import race, show

from purview_auth import CredentialAuth
from purview_core.call.exchange import asend, send
from purview_core.library_internals import Urls
from purview_core.transport.aiohttp import fast_async_transport
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport
from purview_dataplane.scanning import AsyncScanningClient

_PATH = "/scan/datasources/sales/scans/weekly?api-version=2023-09-01"
_TASKS = 64
_THREADS = 16
_HEADERS = {"Authorization": "Bearer " + "t" * 1200, "Accept": "application/json"}
_TIMEOUT = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), 60.0)}
_HTTPX, _AZURE = "httpx.Client.get().json()", "azure-core, AsyncPipelineClient over aiohttp"


def transports(scratch: Path, rounds: int) -> None:
    with loopback(scratch) as address:
        url, urls = address + _PATH, Urls(address)  # as the clients have them
        with HttpTransport() as ours, httpx.Client(timeout=60) as plain:
            sync: dict[str, Callable[[], object]] = {
                _HTTPX: lambda: plain.get(url, headers=_HEADERS).json(),
                "HttpTransport and send": lambda: json.loads(
                    send(ours, None, _request(urls.url(url))).content
                ),
            }
            _show(
                "One sync call, transport alone",
                race(sync, lambda call: _repeated(call, 200), rounds),
                _HTTPX,
                200,
            )
            _show(
                f"{_THREADS} threads",
                race(sync, lambda call: _threaded(call, 800), rounds),
                _HTTPX,
                800,
            )
        with asyncio.Runner() as runner:
            runner.run(_tasks(runner.get_loop(), url, rounds))


def _show(title: str, times: Any, base: str, calls: int) -> None:
    """Prints both clocks; the process does nothing else, so its CPU time is that of the calls."""
    for clock, which in (("wall-clock time", 0), ("CPU time", 1)):
        show(
            f"{title}, {clock}",
            {k: [t[which] for t in v] for k, v in times.items()},
            base,
            unit="us",
            calls=calls,
        )


def _request(url: httpx.URL) -> httpx.Request:
    return httpx.Request("GET", url, headers=_HEADERS, extensions=_TIMEOUT)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(start: tuple[float, float]) -> Any:
    wall, cpu = _clocks()
    return wall - start[0], cpu - start[1]


def _repeated(call: Callable[[], object], number: int) -> Any:
    start = _clocks()
    for _ in range(number):
        call()
    return _since(start)


def _threaded(call: Callable[[], object], number: int) -> Any:
    threads = [
        threading.Thread(target=_repeated, args=(call, number // _THREADS)) for _ in range(_THREADS)
    ]
    start = _clocks()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _since(start)


async def _tasks(loop: asyncio.AbstractEventLoop, url: str, rounds: int, number: int = 640) -> None:
    contenders, closers = _async_contenders(url)

    async def together(call: Callable[[], Awaitable[object]]) -> Any:
        left = iter(range(number))

        async def one_after_another() -> None:
            for _ in left:
                await call()

        start = _clocks()
        await asyncio.gather(*(one_after_another() for _ in range(_TASKS)))
        return _since(start)

    def measure(call: Callable[[], Awaitable[object]]) -> Any:
        return asyncio.run_coroutine_threadsafe(together(call), loop).result()

    times = await asyncio.to_thread(race, contenders, measure, rounds)
    _show(f"{_TASKS} tasks of asyncio", times, _AZURE, number)
    for close in closers:
        await close()


def _async_contenders(
    url: str,
) -> tuple[dict[str, Callable[[], Awaitable[object]]], list[Callable[[], Awaitable[Any]]]]:
    import aiohttp
    from azure.core.rest import HttpRequest

    ours = AsyncHttpTransport()
    fast = fast_async_transport()
    plain = httpx.AsyncClient(timeout=60)
    azure = _azure()
    address, auth = (
        url.removesuffix(_PATH),
        CredentialAuth(Credential(), allow_insecure_localhost=True),
    )
    session, urls = aiohttp.ClientSession(), Urls(address)
    client = AsyncScanningClient(address, auth=auth, transport=ours)
    quick = AsyncScanningClient(address, auth=auth, transport=fast)

    async def through(transport: httpx.AsyncBaseTransport) -> object:
        return json.loads((await asend(transport, None, _request(urls.url(url)))).content)

    async def httpx_call() -> object:
        return (await plain.get(url, headers=_HEADERS)).json()

    async def azure_call() -> object:
        return (await azure.send_request(HttpRequest("GET", url), enforce_https=False)).json()

    async def aiohttp_call() -> object:
        async with session.get(url, headers=_HEADERS) as answer:
            return await answer.json()

    contenders: dict[str, Callable[[], Awaitable[object]]] = {
        _AZURE: azure_call,
        "AsyncHttpTransport and asend": lambda: through(ours),
        "fast_async_transport and asend": lambda: through(fast),
        "AsyncScanningClient.scans.get() with auth": lambda: client.scans.get("sales", "weekly"),
        "the same with fast_async_transport": lambda: quick.scans.get("sales", "weekly"),
        "httpx.AsyncClient.get().json()": httpx_call,
        "aiohttp": aiohttp_call,
    }
    return contenders, [ours.aclose, fast.aclose, plain.aclose, azure.close, session.close]


def _azure() -> Any:
    """The pipeline that the generated clients of Azure make, with a token of the usual length."""
    from azure.core import AsyncPipelineClient
    from azure.core.pipeline import policies as p

    class Credential:
        async def get_token(self, *_: str, **__: object) -> SimpleNamespace:
            return SimpleNamespace(token="t" * 1200, expires_on=int(time.time()) + 3600)

    policies = [
        p.RequestIdPolicy(),
        p.HeadersPolicy(),
        p.UserAgentPolicy(sdk_moniker="bench"),
        p.ProxyPolicy(),
        p.ContentDecodePolicy(),
        p.AsyncRedirectPolicy(),
        p.AsyncRetryPolicy(),
        p.AsyncBearerTokenCredentialPolicy(Credential(), "scope"),
        p.CustomHookPolicy(),
        p.NetworkTraceLoggingPolicy(),
        p.DistributedTracingPolicy(),
        p.SensitiveHeaderCleanupPolicy(),
        p.HttpLoggingPolicy(),
    ]
    return AsyncPipelineClient("http://127.0.0.1", policies=policies)

"""What belongs to its process is neither pickled nor copied: one line says what to do in its
place.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from purview_core.transport.aiohttp import fast_async_transport
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport
from purview_dataplane import PLANES, AsyncPurview, Purview
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient

WORKER, POSITION, TOKEN = (
    "make the client in the worker",
    "by_page() the .position",
    "client.resume(token)",
)


def accepted(_: httpx.Request) -> httpx.Response:
    return httpx.Response(
        202, json={"id": "1"}, headers={"Operation-Location": "https://contoso.purview.azure.com/o"}
    )


def objects() -> Iterator[tuple[str, Any, str]]:
    transport = httpx.MockTransport(accepted)
    client, aclient = (
        ScanningClient("contoso", transport=transport),
        AsyncScanningClient("contoso", transport=transport),
    )
    facade, afacade = (
        Purview("contoso", transport=transport),
        AsyncPurview("contoso", transport=transport),
    )
    yield from [("client", client, WORKER), ("async client", aclient, WORKER)]
    yield from [("facade", facade, WORKER), ("async facade", afacade, WORKER)]
    yield "with_options", client.with_options(timeout=5), WORKER
    yield from ((plane, getattr(facade, plane), WORKER) for plane in PLANES)
    yield from ((f"async {plane}", getattr(afacade, plane), WORKER) for plane in PLANES)
    yield from [("group", client.scans, WORKER), ("async group", aclient.scans, WORKER)]
    yield from [
        ("pager", client.data_sources.list(), POSITION),
        ("async pager", aclient.data_sources.list(), POSITION),
    ]
    yield from [
        ("transport", HttpTransport(), WORKER),
        ("async transport", AsyncHttpTransport(), WORKER),
    ]
    yield "aiohttp transport", fast_async_transport(), WORKER
    yield "poller", client.scan_result.begin_run_scan("d", "s", run_id="r"), TOKEN


OBJECTS = {name: (made, words) for name, made, words in objects()}
WAYS: list[Callable[[Any], object]] = [pickle.dumps, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", OBJECTS)
def test_what_to_do_in_its_place(name: str, way: Callable[[Any], object]) -> None:
    made, words = OBJECTS[name]
    for given in (made, [made], {"it": made}):
        if way is copy.copy and given is not made:
            continue  # of the list alone
        with pytest.raises(TypeError) as caught:
            way(given)
        assert str(caught.value).startswith(f"{type(made).__name__} cannot be pickled or copied: ")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_options_for_a_call_are_still_to_be_had() -> None:
    client = ScanningClient("contoso", transport=httpx.MockTransport(accepted))
    other = client.with_options(timeout=5)
    assert type(other) is ScanningClient
    assert (other._session, other.scans is client.scans) == (client._session, False)

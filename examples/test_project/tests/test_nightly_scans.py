"""Tests without an account: `pytest`.

Against one, for those marked purview_live: see docs/testing.md.
"""

from __future__ import annotations

import asyncio
from typing import Any

import nightly_scans
import pytest

from purview_core import PollingError, ServerError
from purview_dataplane import AsyncPurview
from purview_dataplane.scanning import ScanningClient, models
from purview_testing import Sandbox
from purview_testing.pytest_plugin.clients import AsyncClients, Clients
from purview_testing.pytest_plugin.test_case import FaultBook

LAKES = {name: f"https://{name}.dfs.core.windows.net/" for name in ("sales", "stock", "staff")}
SEED: list[dict[str, Any]] = [
    {
        "method": "PUT",
        "path": f"/scan/datasources/{name}?api-version=2023-09-01",
        "body": {"kind": kind, "properties": {}},
    }
    for name, kind in (("sales", "AdlsGen2"), ("bucket", "AmazonS3"))
]


@pytest.fixture
def scanning(purview_client: Clients) -> ScanningClient:
    return purview_client(ScanningClient)


def test_lakes_are_registered_once(scanning: ScanningClient) -> None:
    assert nightly_scans.register(scanning, LAKES, "sandbox") == ["sales", "stock", "staff"]
    assert nightly_scans.register(scanning, LAKES, "sandbox") == []


@pytest.mark.purview(seed=SEED)
def test_what_is_there_already_is_left_alone(scanning: ScanningClient) -> None:
    assert nightly_scans.register(scanning, LAKES, "sandbox") == ["stock", "staff"]
    sales = scanning.data_sources.get("sales")
    assert isinstance(sales, models.AdlsGen2DataSource)
    assert sales.properties is not None
    assert sales.properties.endpoint is None  # as it was, not the address that LAKES has


@pytest.mark.purview(page_size=2)
def test_lakes_on_later_pages_are_known(scanning: ScanningClient, purview_sandbox: Sandbox) -> None:
    nightly_scans.register(scanning, LAKES, "sandbox")
    before = len(purview_sandbox.requests)
    assert nightly_scans.register(scanning, LAKES, "sandbox") == []
    pages = purview_sandbox.requests[before:]
    assert [seen.operation for seen in pages] == ["DataSources_List"] * 2


def test_scans_run_to_their_end(scanning: ScanningClient) -> None:
    nightly_scans.register(scanning, {"sales": LAKES["sales"]}, "sandbox")
    assert nightly_scans.run(scanning, ["sales", "stock"]) == {
        "sales": "Succeeded",
        "stock": "missing",
    }


def test_a_busy_service_is_waited_for(
    scanning: ScanningClient, purview_client: Clients, purview_faults: FaultBook
) -> None:
    purview_faults.add(
        "throttled", operation="DataSources_CreateOrReplace", count=2, retry_after=20
    )
    assert nightly_scans.register(scanning, {"sales": LAKES["sales"]}, "sandbox") == ["sales"]
    assert purview_client.waits == [20, 20]  # none of it was slept


def test_a_service_that_is_down_is_an_error(
    scanning: ScanningClient, purview_faults: FaultBook
) -> None:
    purview_faults.add("unavailable", operation="DataSources_List", count=None)
    with pytest.raises(ServerError, match="503"):
        nightly_scans.register(scanning, LAKES, "sandbox")


def test_a_scan_that_fails_is_an_error(scanning: ScanningClient, purview_faults: FaultBook) -> None:
    nightly_scans.register(scanning, {"sales": LAKES["sales"]}, "sandbox")
    purview_faults.add("operation-fails", operation="ScanResult_RunScan")
    with pytest.raises(PollingError, match="Failed"):
        nightly_scans.run(scanning, ["sales"])


@pytest.mark.purview(seed=SEED)
def test_only_lakes_are_listed(purview_async_client: AsyncClients) -> None:
    async def story() -> list[str]:
        async with purview_async_client(AsyncPurview) as purview:
            return await nightly_scans.lakes(purview)

    assert asyncio.run(story()) == ["sales"]


@pytest.mark.purview_live
def test_an_account_can_be_read(scanning: ScanningClient) -> None:
    assert all(source.name for source in scanning.data_sources.list())

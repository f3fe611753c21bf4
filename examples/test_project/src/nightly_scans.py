"""Registers the data lakes of a company and runs a scan of each: the kind of code that people write
with the clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from purview_core import NotFoundError
from purview_dataplane import AsyncPurview
from purview_dataplane.scanning import ScanningClient, models

SCAN = "nightly"


def register(scanning: ScanningClient, lakes: Mapping[str, str], collection: str) -> list[str]:
    """Registers each lake (name -> its address) that is not there, with a scan; returns the names
    of the new ones.
    """
    known = {source.name for source in scanning.data_sources.list()}
    new = [name for name in lakes if name not in known]
    where = models.CollectionReference(reference_name=collection, type_="CollectionReference")
    for name in new:
        lake = models.AdlsGen2Properties(endpoint=lakes[name], collection=where)
        scanning.data_sources.create_or_replace(
            name, body=models.AdlsGen2DataSource(properties=lake)
        )
        scan = models.AdlsGen2MsiScan(properties=models.AdlsGen2MsiScanProperties(collection=where))
        scanning.scans.create_or_replace(name, SCAN, body=scan)
    return new


def run(scanning: ScanningClient, names: Iterable[str]) -> dict[str, str]:
    """Runs the scan of each lake to its end; name -> state, "missing" for a lake without one."""
    states: dict[str, str] = {}
    for name in names:
        try:
            done = scanning.scan_result.begin_run_scan(name, SCAN).result()
        except NotFoundError:
            states[name] = "missing"
        else:
            states[name] = str(done.status)
    return states


async def lakes(purview: AsyncPurview) -> list[str]:
    """The names of all data lakes of an account."""
    return [
        s.name or ""
        async for s in purview.scanning.data_sources.list()
        if isinstance(s, models.AdlsGen2DataSource)
    ]

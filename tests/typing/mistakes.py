"""A user's mistakes, one a line: both type checkers must refuse each marked line, and no other.

Never run.
"""

from __future__ import annotations

import purview_auth
import purview_core
from purview_auth import ServicePrincipal
from purview_dataplane import AsyncPurview, Purview, scanning
from purview_dataplane.scanning import ScanningClient, models


def calls(client: ScanningClient, purview: Purview) -> None:
    client.scans.get("source")  # expect-error: an argument is missing
    client.scans.get("source", "scan", "more")  # expect-error: one too many
    client.scans.get("source", 5)  # expect-error: an int for a name
    client.scans.get("source", scan="scan")  # expect-error: no such argument
    client.scans.fetch("source", "scan")  # expect-error: no such method
    client.scan.get("source", "scan")  # expect-error: no such group
    # expect-error: the body goes by name
    client.scans.create_or_replace("source", "scan", models.Scan(kind="Any"))
    # expect-error: a dict for a model
    client.scans.create_or_replace("source", "scan", body={"kind": "Any"})
    # expect-error: another model
    client.data_sources.create_or_replace("source", body=models.Scan(kind="Any"))
    client.data_sources.list()[0]  # expect-error: a pager is no list
    purview.scans.get("source", "scan")  # expect-error: a group of a plane, not of the facade


def models_(scan: models.Scan) -> None:
    models.Scan("AzureSqlDatabaseCredential")  # expect-error: members go by name
    models.Scan()  # expect-error: kind is required
    models.AzureSqlDatabaseCredentialScan(props=None)  # expect-error: no such member
    models.AzureSqlDatabaseProperties(server_endpoint=["sql"])  # expect-error: a list for a str
    models.NoSuchModel  # expect-error: no such model
    scanning.NoSuchClient  # expect-error: no such client
    purview_core.NoSuchError  # expect-error: no such error
    purview_auth.NoSuchAuth  # expect-error: no such auth
    print(scan.propertys)  # expect-error: no such member
    scan.kind = 5  # expect-error: an int for a str
    print(scan.properties.created_at)  # expect-error: it may be None
    # expect-error: not all kinds have it
    print(scan.properties and scan.properties.server_endpoint)
    # expect-error: of another family
    models.Scan(kind="Any", properties=models.DataSourceProperties())
    # expect-error: not that of its kind
    models.AdlsGen2DataSource(properties=models.DataSourceProperties())


def results(client: ScanningClient) -> int:
    scan_id = client.scans.get("source", "scan").scan_id
    return len(scan_id)  # expect-error: it may be None


async def awaiting(purview: AsyncPurview) -> str | None:
    return purview.account.accounts.get_account_properties().name  # expect-error: not awaited


def constructors(auth: ServicePrincipal) -> None:
    Purview("contoso", auth="token")  # expect-error: a str for an auth
    ScanningClient("contoso", auth=auth, time_out=5)  # expect-error: no such option
    ServicePrincipal("tenant", "client")  # expect-error: no secret

"""A user's code against the public API: type-checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import assert_type

import attrs
import httpx

from purview_auth import CredentialAuth, PurviewAuthError, ServicePrincipal
from purview_core import (
    NULL,
    AsyncPager,
    AsyncPoller,
    AuthError,
    ContractError,
    ForbiddenError,
    HttpError,
    Model,
    NotFoundError,
    Pager,
    Poller,
    PurviewError,
    Response,
    ThrottledError,
    decode,
    to_json,
)
from purview_dataplane import PLANES, AsyncPurview, Purview
from purview_dataplane.datamap import models as datamap
from purview_dataplane.devops_policies import models as devops
from purview_dataplane.scanning import (
    API_VERSION,
    OPERATIONS,
    AsyncScanningClient,
    ScanningClient,
    models,
)
from purview_dataplane.share import models as share


def credentials(credential: object) -> None:
    auth = ServicePrincipal("tenant", "client", "secret")
    ServicePrincipal(
        "tenant",
        "client",
        lambda: "secret",
        token_endpoint_version=2,
        allowed_hosts=("example.com",),
    )
    ServicePrincipal.from_env()
    httpx.Client(auth=auth)
    httpx.AsyncClient(auth=CredentialAuth(credential))


def one_plane(transport: httpx.BaseTransport, auth: ServicePrincipal) -> None:
    client = ScanningClient(
        "https://contoso.purview.azure.com",
        auth=auth,
        transport=transport,
        timeout=5.0,
        headers={"x-team": "data"},
        strict=True,
    )
    with client:
        assert_type(client.scans.get("source", "scan"), models.Scan)
        assert_type(client.scans.get(data_source_name="source", scan_name="scan"), models.Scan)
        response = client.call(
            "Scans_Get", {"dataSourceName": "source", "scanName": "scan"}, body=None
        )
        assert_type(response, Response)
        assert_type(response.status_code, int)
        assert_type(response.content, bytes)
    version: str = API_VERSION
    print(version)


def answers_beside_typed_results(purview: Purview) -> None:
    seen: list[httpx.Response] = []
    policies = purview.devops_policies.with_options(
        on_response=seen.append
    ).devops_sql_perf_monitor_policy
    assert_type(policies.get("sql"), devops.DevopsPolicy)
    policies.create_or_replace("sql", body=policies.get("sql"), if_match=seen[-1].headers["etag"])


async def answers_beside_typed_results_async(purview: AsyncPurview) -> None:
    seen: list[httpx.Response] = []
    policies = purview.devops_policies.with_options(
        on_response=seen.append
    ).devops_sql_perf_monitor_policy
    assert_type(await policies.get("sql"), devops.DevopsPolicy)


def models_are_attrs_classes(scan: models.Scan) -> None:
    properties = models.AzureSqlDatabaseCredentialScanProperties(
        server_endpoint="sql", database_name="sales"
    )
    typed = models.AzureSqlDatabaseCredentialScan(properties=properties)
    assert_type(typed.kind, str)
    assert_type(attrs.evolve(typed, properties=None), models.AzureSqlDatabaseCredentialScan)
    typed.properties = NULL
    match scan:
        case models.AzureSqlDatabaseCredentialScan(properties=p):
            assert_type(p, models.AzureSqlDatabaseCredentialScanProperties | None)
            assert_type(p.created_at if p else None, datetime | None)
        case _:
            assert_type(scan.kind, str)
    base: Model = scan
    base.to_dict()
    assert_type(models.Scan.from_dict({"kind": "Unknown"}), models.Scan)
    to_json(typed)


def any_kind(
    client: ScanningClient, shares: share.ReceivedShare, sink: share.Sink
) -> datetime | None:
    """What all kinds share is read without asking for the kind; of an unknown one, too."""
    for source in client.data_sources.list():
        if source.properties:
            assert_type(source.properties, models.DataSourceProperties)
            assert_type(source.properties.created_at, datetime | None)
            assert_type(source.properties.collection, models.CollectionReference | None)
    for scan in client.scans.list_by_data_source("source"):
        match scan:
            case models.AzureSqlDatabaseCredentialScan(properties=known):
                assert_type(known, models.AzureSqlDatabaseCredentialScanProperties | None)
            case models.Scan(properties=models.ScanProperties(scan_ruleset_name=name)):
                assert_type(name, str | None)
            case _:
                assert_type(scan.properties, models.ScanProperties | None)
    credential = client.credential.get("name")
    credential.properties = models.CredentialProperties(description="any")
    print(credential.properties.description)
    status = models.IntegrationRuntimeStatus.from_dict(
        {"kind": "Future", "properties": {"state": "Online"}}
    ).properties
    assert_type(status.state if status else None, str | None)
    if status and status.type_properties:
        assert_type(status.type_properties.create_time, datetime | None)
    future = models.DataSource(
        kind="Future", properties=models.DataSourceProperties(collection=None)
    )
    assert_type(attrs.evolve(future, properties=None), models.DataSource)
    assert_type(
        models.AdlsGen2DataSource(properties=models.AdlsGen2Properties()).properties,
        models.AdlsGen2Properties | None,
    )
    assert_type(sink.properties.container_name if sink.properties else "", str)
    if isinstance(sink, share.BlobAccountSink):
        assert_type(sink.properties, share.BlobAccountSinkProperties)  # which that kind must have
    print(shares.share_kind)
    return future.properties.created_at if future.properties else None


def facade(auth: ServicePrincipal) -> None:
    with Purview("contoso", auth=auth, tenant_endpoint=None, cloud=None) as purview:
        sources = purview.scanning.data_sources.list()
        assert_type(sources, Pager[models.DataSource])
        for source in sources:
            assert_type(source, models.DataSource)
        for page in purview.scanning.data_sources.list().by_page():
            for item in page:
                assert_type(item, models.DataSource)
        entity = purview.datamap.entity.get("guid", min_ext_info=True).entity
        assert_type(entity, datamap.AtlasEntity | None)
        run = purview.scanning.scan_result.begin_run_scan("source", "scan", run_id="run")
        assert_type(run, Poller[models.ScanResultWithIngestion])
        assert_type(run.result(), models.ScanResultWithIngestion)
        purview.scanning.data_sources.delete("source")


async def facade_async(auth: CredentialAuth) -> None:
    async with AsyncPurview("https://contoso.purview.azure.com", auth=auth) as purview:
        sources = purview.scanning.data_sources.list()
        assert_type(sources, AsyncPager[models.DataSource])
        async for source in sources:
            assert_type(source, models.DataSource)
        async for page in purview.scanning.data_sources.list().by_page():
            for item in page:
                assert_type(item, models.DataSource)
        run = await purview.scanning.scan_result.begin_run_scan("source", "scan", run_id="run")
        assert_type(run, AsyncPoller[models.ScanResultWithIngestion])
        assert_type(await run.result(), models.ScanResultWithIngestion)


async def one_plane_async(client: AsyncScanningClient) -> AsyncIterator[str | None]:
    assert_type(await client.scans.get("source", "scan"), models.Scan)
    assert_type(
        await client.call("Scans_Get", {"dataSourceName": "source", "scanName": "scan"}), Response
    )
    async for scan in client.scans.list_by_data_source("source"):
        yield scan.name


def errors(client: ScanningClient) -> None:
    try:
        client.scans.get("source", "scan")
    except ThrottledError as error:
        assert_type(error.retry_after, float | None)
    except (NotFoundError, ForbiddenError) as error:
        assert_type(error.status_code, int)
    except HttpError as error:
        base: PurviewError = error
        raise base from None
    except ContractError as error:
        print(error.departures, error.value)
    except (AuthError, PurviewAuthError):
        raise


def tables(content: bytes) -> object:
    operation = OPERATIONS["Scans_Get"]
    assert_type(operation.id, str)
    for parameter in operation.parameters:
        assert_type((parameter.name, parameter.wire_name, parameter.location), tuple[str, str, str])
    planes: Mapping[str, object] = PLANES
    assert_type(PLANES["scanning"].version, str)
    return planes, decode(operation, 200, content)


def what_every_answer_holds(purview: Purview) -> None:
    assert_type(purview.scanning.scans.get("source", "scan").name, str)
    for hit in purview.datamap.discovery.query(body=datamap.QueryOptions(keywords="sales")):
        assert_type((hit.id, hit.name, hit.qualified_name), tuple[str, str, str])
        assert_type(hit.collection_id, str | None)
    assert_type(models.AzureStorageDataSource().name, str)  # None until the service made it

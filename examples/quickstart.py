"""The first calls to Microsoft Purview: a token, a data source, a typed scan, two pages, an entity, and errors; sync, then async.

    python examples/quickstart.py                  the sandbox on this machine, everything checked
    PURVIEW_ACCOUNT=contoso AZURE_TENANT_ID=.. AZURE_CLIENT_ID=.. AZURE_CLIENT_SECRET=.. python examples/quickstart.py
                                                   a real account, reading only
    ... --write --collection NAME                  also registers a data source and a scan there, and removes both again
    ... --entity GUID                              also reads this entity of a real account

Ends with exit code 1 where anything differs from what is expected.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from purview_auth import ServicePrincipal
from purview_core import ForbiddenError, HttpError, NotFoundError, PurviewError
from purview_dataplane import AsyncPurview, Purview
from purview_dataplane.datamap import models as datamap
from purview_dataplane.scanning import models
from purview_testing import Fault, Sandbox, UsageError

SCAN = "weekly"
SERVER = "invented.database.windows.net"
ROLE = "Data Source Administrator"
TENANT, CLIENT_ID, CLIENT_SECRET = "invented-tenant", "invented-client", "invented+secret&for=the%sandbox~alone"
SEED: list[dict[str, Any]] = [
    {
        "method": "PUT",
        "path": "/scan/credentials/sales-reader?api-version=2023-09-01",
        "body": {"kind": "SqlAuth", "properties": {"description": "the scan below signs in with it"}},
    },
    {
        "method": "PUT",
        "path": "/scan/datasources/existing-lake?api-version=2023-09-01",
        "body": {"kind": "AdlsGen2", "properties": {}},
    },
    {
        "method": "POST",
        "path": "/catalog/api/atlas/v2/glossary",
        "body": {"name": "Business terms", "qualifiedName": "Business terms@Glossary"},
    },
]


@dataclass
class Target:
    """Where the calls go, and what may be done there. `entity` empty: none is read."""

    account: str
    auth: ServicePrincipal
    entity: str
    source: str
    collection: str
    local: bool
    write: bool


@dataclass
class Transcript:
    """Prints each step, and keeps what was not as expected."""

    differences: list[str] = field(default_factory=list)

    def say(self, call: str, result: object) -> None:
        print(f"  {call:<44} {result}")

    def expect(self, what: str, expected: object, actual: object) -> None:
        if expected != actual:
            self.differences.append(f"{what}: expected {expected!r}, not {actual!r}")


def data_source(target: Target) -> models.AzureSqlDatabaseDataSource:
    """The registration of an Azure SQL database; its class decides the `kind` that is sent."""
    properties = models.AzureSqlDatabaseProperties(
        server_endpoint=SERVER,
        collection=models.CollectionReference(reference_name=target.collection, type_="CollectionReference"),
    )
    return models.AzureSqlDatabaseDataSource(properties=properties)


def scan(target: Target) -> models.AzureSqlDatabaseCredentialScan:
    """A scan of that source by a named credential."""
    properties = models.AzureSqlDatabaseCredentialScanProperties(
        server_endpoint=SERVER,
        database_name="sales",
        scan_ruleset_name="AzureSqlDatabase",
        scan_ruleset_type=models.ScanRulesetType.SYSTEM,
        credential=models.CredentialReference(
            reference_name="sales-reader", credential_type=models.CredentialType.SQL_AUTH
        ),
        collection=models.CollectionReference(reference_name=target.collection, type_="CollectionReference"),
    )
    return models.AzureSqlDatabaseCredentialScan(properties=properties)


def run(target: Target, transcript: Transcript) -> None:
    """The story with the sync clients. One `Purview` holds every plane over one connection pool and one token."""
    with Purview(target.account, auth=target.auth) as purview:
        try:
            if target.write:
                register(purview, target, transcript)
            read(purview, target, transcript)
            fail(purview, target, transcript)
        finally:
            if target.write and not target.local:
                remove(purview, target, transcript)


def register(purview: Purview, target: Target, transcript: Transcript) -> None:
    """A data source and a scan of it, each with the class of its kind."""
    source = purview.scanning.data_sources.create_or_replace(target.source, body=data_source(target))
    transcript.say("scanning.data_sources.create_or_replace", f"{source.name} is {type(source).__name__}")
    transcript.expect("class of the data source", models.AzureSqlDatabaseDataSource, type(source))

    made = purview.scanning.scans.create_or_replace(target.source, SCAN, body=scan(target))
    transcript.say("scanning.scans.create_or_replace", f"{made.name} is {type(made).__name__}")
    expect_scan(transcript, made, target)


def read(purview: Purview, target: Target, transcript: Transcript) -> None:
    """A list over its pages, an entity, and one call to each of three other planes."""
    say, sources = transcript.say, purview.scanning.data_sources
    names = [source.name for source in sources.list()]
    pages = len(list(sources.list().by_page()))
    say("scanning.data_sources.list", f"{listed(names)} on {pages} pages")

    if target.entity:
        entity = purview.datamap.entity.get(target.entity).entity
        say(
            "datamap.entity.get",
            f"{entity.type_name} {(entity.attributes or {}).get('qualifiedName')}" if entity else None,
        )
        transcript.expect("guid of the entity", target.entity, entity and entity.guid)

    account = purview.account.accounts.get_account_properties()
    say("account.accounts.get_account_properties", f"{account.name} in {account.location}")
    glossaries = [glossary.name for glossary in purview.catalog.glossary.list(limit=5)]
    say("catalog.glossary.list", listed(glossaries))
    roles = [role.name for role in purview.metadata_policies.metadata_roles.list()]
    say("metadata_policies.metadata_roles.list", listed(roles))
    if target.local:
        expect_local(transcript, names, pages, account.name, glossaries, roles)


def fail(purview: Purview, target: Target, transcript: Transcript) -> None:
    """A scan that is not there, and a list that this principal may not see: typed errors with the service's own words."""
    try:
        missing: object = purview.scanning.scans.get(target.source, "no-such-scan")
    except NotFoundError as error:
        missing = error
    expect_error(transcript, "scanning.scans.get of a missing scan", NotFoundError, "", missing)
    if target.local:  # a real account gives this only to a principal without the role
        try:
            refused: object = list(purview.scanning.credential.list())
        except ForbiddenError as error:
            refused = error
        expect_error(
            transcript, "scanning.credential.list without a role", ForbiddenError, "Unauthorized", refused, ROLE
        )


def remove(purview: Purview, target: Target, transcript: Transcript) -> None:
    """Takes both back, whatever happened before."""
    purview.scanning.scans.delete(target.source, SCAN)
    purview.scanning.data_sources.delete(target.source)
    transcript.say("scanning.data_sources.delete", target.source)


async def run_async(target: Target, transcript: Transcript) -> None:
    """The same story with the async clients: the same names, `await` before a call and `async for` over a pager."""
    async with AsyncPurview(target.account, auth=target.auth) as purview:
        try:
            if target.write:
                await register_async(purview, target, transcript)
            await read_async(purview, target, transcript)
            await fail_async(purview, target, transcript)
        finally:
            if target.write and not target.local:
                await remove_async(purview, target, transcript)


async def register_async(purview: AsyncPurview, target: Target, transcript: Transcript) -> None:
    """As `register`."""
    source = await purview.scanning.data_sources.create_or_replace(target.source, body=data_source(target))
    transcript.say("scanning.data_sources.create_or_replace", f"{source.name} is {type(source).__name__}")
    transcript.expect("class of the data source", models.AzureSqlDatabaseDataSource, type(source))

    made = await purview.scanning.scans.create_or_replace(target.source, SCAN, body=scan(target))
    transcript.say("scanning.scans.create_or_replace", f"{made.name} is {type(made).__name__}")
    expect_scan(transcript, made, target)


async def read_async(purview: AsyncPurview, target: Target, transcript: Transcript) -> None:
    """As `read`."""
    say, sources = transcript.say, purview.scanning.data_sources
    names = [source.name async for source in sources.list()]
    pages = len([page async for page in sources.list().by_page()])
    say("scanning.data_sources.list", f"{listed(names)} on {pages} pages")

    if target.entity:
        entity = (await purview.datamap.entity.get(target.entity)).entity
        say(
            "datamap.entity.get",
            f"{entity.type_name} {(entity.attributes or {}).get('qualifiedName')}" if entity else None,
        )
        transcript.expect("guid of the entity", target.entity, entity and entity.guid)

    account, some_glossaries = await asyncio.gather(  # neither waits for the other
        purview.account.accounts.get_account_properties(), purview.catalog.glossary.list(limit=5)
    )
    say("account.accounts.get_account_properties", f"{account.name} in {account.location}")
    glossaries = [glossary.name for glossary in some_glossaries]
    say("catalog.glossary.list", listed(glossaries))
    roles = [role.name async for role in purview.metadata_policies.metadata_roles.list()]
    say("metadata_policies.metadata_roles.list", listed(roles))
    if target.local:
        expect_local(transcript, names, pages, account.name, glossaries, roles)


async def fail_async(purview: AsyncPurview, target: Target, transcript: Transcript) -> None:
    """As `fail`."""
    try:
        missing: object = await purview.scanning.scans.get(target.source, "no-such-scan")
    except NotFoundError as error:
        missing = error
    expect_error(transcript, "scanning.scans.get of a missing scan", NotFoundError, "", missing)
    if target.local:  # a real account gives this only to a principal without the role
        try:
            refused: object = [item async for item in purview.scanning.credential.list()]
        except ForbiddenError as error:
            refused = error
        expect_error(
            transcript, "scanning.credential.list without a role", ForbiddenError, "Unauthorized", refused, ROLE
        )


async def remove_async(purview: AsyncPurview, target: Target, transcript: Transcript) -> None:
    """As `remove`."""
    await purview.scanning.scans.delete(target.source, SCAN)
    await purview.scanning.data_sources.delete(target.source)
    transcript.say("scanning.data_sources.delete", target.source)


def expect_scan(transcript: Transcript, made: models.Scan, target: Target) -> None:
    """A scan comes back as the class of its kind, with typed members."""
    match made:
        case models.AzureSqlDatabaseCredentialScan(
            name=name, properties=models.AzureSqlDatabaseCredentialScanProperties() as p
        ):
            transcript.expect("name of the scan", SCAN, name)
            transcript.expect("database of the scan", "sales", p.database_name)
            transcript.expect("credential of the scan", "sales-reader", p.credential and p.credential.reference_name)
            if target.local:
                transcript.expect("day of creation", True, bool(p.created_at and age(p.created_at) < 2))
        case _:
            transcript.expect("class of the scan", models.AzureSqlDatabaseCredentialScan, type(made))


def age(moment: datetime) -> float:
    """Days since a moment."""
    return abs((datetime.now(UTC) - moment.astimezone(UTC)).total_seconds()) / 86_400


def expect_error(
    transcript: Transcript, call: str, expected: type[HttpError], code: str, actual: object, hint: str = ""
) -> None:
    """A typed error, with the service's own code (any where none is expected) and message, and a hint at what to do."""
    if isinstance(actual, HttpError):
        transcript.say(call, f"{type(actual).__name__}: {actual.status_code} {actual.code}: {actual.message}")
        transcript.say("", f"  {actual.hint}")
        transcript.expect(f"hint of {call}", True, hint in actual.hint)
        transcript.expect(f"code of {call}", code or actual.code, actual.code)
    transcript.expect(f"error of {call}", expected, type(actual))


def listed(names: Sequence[str | None]) -> str:
    """The first few of many names."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(str, names[:3])) + more


def expect_local(
    transcript: Transcript,
    sources: Sequence[str | None],
    pages: int,
    account: str | None,
    glossaries: Sequence[str | None],
    roles: Sequence[str | None],
) -> None:
    """What the sandbox holds."""
    transcript.expect("data sources", ["existing-lake", "quickstart"], sources)
    transcript.expect("pages of data sources", 2, pages)
    transcript.expect("name of the account", "sandbox", account)
    transcript.expect("glossaries", ["Business terms"], glossaries)
    transcript.expect("a metadata role", True, "purviewmetadatarole_builtin_data-curator" in roles)


def tell(target: Target, transcript: Transcript) -> None:
    """Both stories; an error that no step expects is a difference too."""
    try:
        print("sync")
        run(target, transcript)
        print("async")
        asyncio.run(run_async(target, transcript))
    except PurviewError as error:
        transcript.differences.append(f"{type(error).__name__}: {error}")


def local(transcript: Transcript) -> None:
    """Against the sandbox, on a port of this machine: one token serves both stories."""
    with Sandbox(page_size=1) as sandbox, sandbox.serve() as url:
        sandbox.load(SEED)
        sandbox.faults.add(Fault("forbidden", operation="Credential_List", count=None))
        auth = ServicePrincipal(
            TENANT,
            CLIENT_ID,
            CLIENT_SECRET,
            authority=url,
            allow_insecure_localhost=True,  # plain http, on this machine alone
        )
        print(f"account: the sandbox at {url}")
        tell(Target(url, auth, table(sandbox), "quickstart", "sandbox", local=True, write=True), transcript)
        tokens = sum(seen.plane == "identity" for seen in sandbox.requests)
        transcript.say("token requests", tokens)
        transcript.expect("token requests", 1, tokens)


def table(sandbox: Sandbox) -> str:
    """The guid of a table in the sandbox; in process, without sign-in."""
    attributes = {"qualifiedName": "mssql://invented.example.com/sales/dbo/orders", "name": "orders", "rows": 3}
    entity = datamap.AtlasEntity(guid="-1", type_name="azure_sql_table", attributes=attributes)
    with Purview(sandbox.url, auth=sandbox.auth, transport=sandbox.transport()) as purview:
        made = purview.datamap.entity.create_or_update(body=datamap.AtlasEntityWithExtInfo(entity=entity))
    return (made.guid_assignments or {})["-1"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the stories; returns 0 where everything was as expected."""
    parser = argparse.ArgumentParser(
        description="The first calls to Microsoft Purview, against the sandbox or a real account."
    )
    parser.add_argument(
        "--write", action="store_true", help="on a real account: register a data source and a scan, and remove both"
    )
    parser.add_argument(
        "--collection", metavar="NAME", help="the collection to register in (default: the account's root)"
    )
    parser.add_argument("--entity", metavar="GUID", default="", help="an entity of a real account to read")
    arguments = parser.parse_args(argv)
    transcript = Transcript()
    if account := os.environ.get("PURVIEW_ACCOUNT"):
        print(f"account: {account} ({'reading and writing' if arguments.write else 'reading only'})")
        collection = arguments.collection or account
        auth = ServicePrincipal.from_env()
        source = f"quickstart-{secrets.token_hex(4)}"  # never the name of one that is there
        tell(
            Target(account, auth, arguments.entity, source, collection, local=False, write=arguments.write), transcript
        )
    else:
        try:
            local(transcript)
        except UsageError as error:  # a package that serving needs, say
            transcript.differences.append(str(error))
    for difference in transcript.differences:
        print(f"differs: {difference}", file=sys.stderr)
    print("everything as expected" if not transcript.differences else f"{len(transcript.differences)} differences")
    return 1 if transcript.differences else 0


if __name__ == "__main__":
    sys.exit(main())

"""The first calls to Microsoft Purview; quickstart_async.py has the same ones with `await`.

It calls a sandbox on this machine; or, reading only, the account that PURVIEW_ACCOUNT,
AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET name.
"""

import sys

from purview_core import ForbiddenError, HttpError, NotFoundError, PurviewError
from purview_dataplane import Purview
from purview_dataplane.scanning import models
from purview_testing import UsageError
from quickstart_account import Account, account

SERVER = "invented.database.windows.net"
SOURCE = models.AzureSqlDatabaseDataSource(  # the class decides the kind that is sent
    properties=models.AzureSqlDatabaseProperties(
        server_endpoint=SERVER, collection=models.CollectionReference(reference_name="sandbox")
    )
)
SCAN = models.AzureSqlDatabaseCredentialScan(
    properties=models.AzureSqlDatabaseCredentialScanProperties(
        server_endpoint=SERVER,
        database_name="sales",
        scan_ruleset_name="AzureSqlDatabase",
        scan_ruleset_type=models.ScanRulesetType.SYSTEM,
        credential=models.CredentialReference(
            reference_name="sales-reader", credential_type=models.CredentialType.SQL_AUTH
        ),
    )
)


def say(call: str, result: object) -> None:
    print(f"  {call:<44} {result}")


def explain(call: str, error: HttpError) -> None:
    """An error has a class of its kind, the service's own words, and a hint at what to do."""
    say(call, f"{type(error).__name__}: {error.status_code} {error.code}: {error.message}")
    if error.hint:
        say("", f"  {error.hint}")


def run(target: Account) -> None:
    with Purview(target.name, auth=target.auth) as purview:  # every plane, with one token
        if target.table:
            made = purview.scanning.data_sources.create_or_replace("quickstart", body=SOURCE)
            say("scanning.data_sources.create_or_replace", f"{made.name} is {type(made).__name__}")
            scan = purview.scanning.scans.create_or_replace("quickstart", "weekly", body=SCAN)
            say("scanning.scans.create_or_replace", f"{scan.name} is {type(scan).__name__}")
            table = purview.datamap.entity.get(target.table).entity
            if table and table.attributes:
                say("datamap.entity.get", f"{table.type_name} {table.attributes['qualifiedName']}")
            try:
                print(list(purview.scanning.credential.list()))
            except ForbiddenError as error:
                explain("scanning.credential.list without a role", error)
        sources = purview.scanning.data_sources.list()  # asks for every page, as it is needed
        names, pages = [str(source.name) for source in sources], list(sources.by_page())
        count = f"{len(names)} on {len(pages)} pages"
        say("scanning.data_sources.list", f"{', '.join(names[:3])}, {count}")
        info = purview.account.accounts.get_account_properties()
        say("account.accounts.get_account_properties", f"{info.name} in {info.location}")
        glossaries = purview.catalog.glossary.list(limit=5)
        say("catalog.glossary.list", ", ".join(str(g.name) for g in glossaries))
        roles = [str(role.name) for role in purview.metadata_policies.metadata_roles.list()]
        say("metadata_policies.metadata_roles.list", f"{', '.join(roles[:3])}, {len(roles)} in all")
        try:
            print(purview.scanning.scans.get("quickstart", "no-such-scan"))
        except NotFoundError as error:
            explain("scanning.scans.get of a missing scan", error)


if __name__ == "__main__":
    try:
        with account(*sys.argv[1:]) as found:
            run(found)
    except (PurviewError, UsageError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")

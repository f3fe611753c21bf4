"""Where the calls of the quickstart go: to a real account that the environment names.

Where it names none, they go to a sandbox with a few things in it.
"""

import contextlib
import os
from collections.abc import Generator
from typing import Any, NamedTuple

from purview_auth import ServicePrincipal
from purview_dataplane import Purview
from purview_dataplane.datamap import models
from purview_testing import Fault, Sandbox, UsageError

SEED: list[dict[str, Any]] = [
    {
        "method": "PUT",
        "path": "/scan/credentials/sales-reader?api-version=2023-09-01",
        "body": {"kind": "SqlAuth", "properties": {"description": "the scan signs in with it"}},
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
TABLE = models.AtlasEntity(
    guid="-1",  # a placeholder; the service makes the guid
    type_name="azure_sql_table",
    attributes={"qualifiedName": "mssql://invented.example.com/sales/dbo/orders", "name": "orders"},
)


class Account(NamedTuple):
    """`table` is the guid of a table in the sandbox, "" for a real account, which is only read."""

    name: str
    auth: ServicePrincipal
    table: str


@contextlib.contextmanager
def account(*arguments: str) -> Generator[Account]:
    """Prints where the calls go and, of the sandbox, how often they asked for a token."""
    if arguments:
        raise UsageError(f"{arguments[0]!r} is not read: PURVIEW_ACCOUNT names the account, if any")
    if name := os.environ.get("PURVIEW_ACCOUNT"):
        print(f"account: {name} (reading only)")
        yield Account(name, ServicePrincipal.from_env(), "")
        return
    with Sandbox(page_size=1) as sandbox, sandbox.serve() as url:
        print(f"account: the sandbox at {url}")
        yield Account(url, prepared(sandbox, url), table(sandbox))
        asked = sum(seen.plane == "identity" for seen in sandbox.requests)
        print(f"  {'token requests':<44} {asked}")


def prepared(sandbox: Sandbox, url: str) -> ServicePrincipal:
    """Fills the sandbox and makes it refuse one list, as an account does without the role.

    Returns who signs in there.
    """
    sandbox.load(SEED)
    sandbox.faults.add(Fault("forbidden", operation="Credential_List", count=None))
    return ServicePrincipal(
        "invented-tenant",
        "invented-client",
        "invented+secret&for=the%sandbox~alone",
        authority=url,
        allow_insecure_localhost=True,  # plain http, on this machine alone
    )


def table(sandbox: Sandbox) -> str:
    """The guid of a table that is put into the sandbox, in process and without sign-in."""
    with Purview(sandbox.url, auth=sandbox.auth, transport=sandbox.transport()) as purview:
        made = purview.datamap.entity.create_or_update(
            body=models.AtlasEntityWithExtInfo(entity=TABLE),
        )
    return (made.guid_assignments or {})["-1"]

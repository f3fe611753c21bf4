"""The calls of quickstart.py with `await`.

The names are the same; pagers are read by `async for`, and calls need not wait for each other.

python examples/quickstart_async.py       the same accounts as quickstart.py
"""

import asyncio
import sys

from purview_core import ForbiddenError, NotFoundError, PurviewError
from purview_dataplane import AsyncPurview
from purview_testing import UsageError
from quickstart import SCAN, SOURCE, explain, say
from quickstart_account import Account, account


async def run(target: Account) -> None:
    async with AsyncPurview(target.name, auth=target.auth) as purview:
        if target.table:
            sources = purview.scanning.data_sources
            source = await sources.create_or_replace("quickstart", body=SOURCE)
            made = f"{source.name} is {type(source).__name__}"
            say("scanning.data_sources.create_or_replace", made)
            scan = await purview.scanning.scans.create_or_replace("quickstart", "weekly", body=SCAN)
            say("scanning.scans.create_or_replace", f"{scan.name} is {type(scan).__name__}")
            table = (await purview.datamap.entity.get(target.table)).entity
            if table and table.attributes:
                say("datamap.entity.get", f"{table.type_name} {table.attributes['qualifiedName']}")
            try:
                print([item async for item in purview.scanning.credential.list()])
            except ForbiddenError as error:
                explain("scanning.credential.list without a role", error)
        names = [str(source.name) async for source in purview.scanning.data_sources.list()]
        pages = [page async for page in purview.scanning.data_sources.list().by_page()]
        count = f"{len(names)} on {len(pages)} pages"
        say("scanning.data_sources.list", f"{', '.join(names[:3])}, {count}")
        info, glossaries = await asyncio.gather(  # both at once
            purview.account.accounts.get_account_properties(),
            purview.catalog.glossary.list(limit=5),
        )
        say("account.accounts.get_account_properties", f"{info.name} in {info.location}")
        say("catalog.glossary.list", ", ".join(str(g.name) for g in glossaries))
        roles = [str(role.name) async for role in purview.metadata_policies.metadata_roles.list()]
        say("metadata_policies.metadata_roles.list", f"{', '.join(roles[:3])}, {len(roles)} in all")
        try:
            print(await purview.scanning.scans.get("quickstart", "no-such-scan"))
        except NotFoundError as error:
            explain("scanning.scans.get of a missing scan", error)


if __name__ == "__main__":
    try:
        with account(*sys.argv[1:]) as found:
            asyncio.run(run(found))
    except (PurviewError, UsageError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")

"""Reads of a few planes: in the sandbox with all other tests, and against a real account with `nox
-s live`. Nothing is written.
"""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from purview_core import NotFoundError

pytestmark = pytest.mark.purview_live


def test_the_account(purview_client: Any) -> None:
    account = purview_client("account").accounts.get_account_properties()
    assert account.name
    assert "Succeeded" == account.properties.provisioning_state


def test_collections_hang_below_a_root(purview_client: Any) -> None:
    collections = list(purview_client("account").collections.list())
    names = {c.name for c in collections}
    parents = {c.parent_collection.reference_name for c in collections if c.parent_collection}
    assert collections
    assert set() == parents - names


def test_pages_hold_what_the_list_holds(purview_client: Any) -> None:
    sources = purview_client("scanning").data_sources
    assert [s.name for page in sources.list().by_page() for s in page.items] == [
        s.name for s in sources.list()
    ]


def test_what_is_not_there(purview_client: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        purview_client("scanning").data_sources.get("no-such-source-of-ours")
    assert 404 == caught.value.status_code
    assert caught.value.code


def test_types_are_known(purview_client: Any) -> None:
    found = purview_client("datamap").type.get_by_name("DataSet")
    assert "DataSet" == found.name


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_reads_the_same(purview_client: Any, purview_async_client: Any, backend: str) -> None:
    async def names() -> list[str]:
        async with purview_async_client() as purview:
            return [role.name async for role in purview.metadata_policies.metadata_roles.list()]

    expected = [role.name for role in purview_client("metadata_policies").metadata_roles.list()]
    assert expected == anyio.run(names, backend=backend)
    assert expected

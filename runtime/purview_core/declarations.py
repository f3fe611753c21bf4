"""All names that generated code may use.

Clients, and httpx with them, are imported when one of their names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import group, lazy_names, moved, plane_client, renamed, renamed_arguments
from .operation import (
    API_VERSION,
    Body,
    FormField,
    Operation,
    Paging,
    Parameter,
    Plane,
    Polling,
    header,
    operations,
    path,
    planes,
    query,
)

if TYPE_CHECKING:
    from .call.request import FileInput
    from .client.client import AsyncClient, AsyncGroup, Client, Group
    from .client.facade import AsyncFacade, Facade
    from .client.outcome import OperationStatus
    from .client.paging import AsyncPager, Page, Pager
    from .client.polling import AsyncPoller, Poller

__all__ = [
    "API_VERSION",
    "AsyncClient",
    "AsyncFacade",
    "AsyncGroup",
    "AsyncPager",
    "AsyncPoller",
    "Body",
    "Client",
    "Facade",
    "FileInput",
    "FormField",
    "Group",
    "Operation",
    "OperationStatus",
    "Page",
    "Pager",
    "Paging",
    "Parameter",
    "Plane",
    "Poller",
    "Polling",
    "group",
    "header",
    "moved",
    "operations",
    "path",
    "plane_client",
    "planes",
    "query",
    "renamed",
    "renamed_arguments",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one of ours
    __getattr__ = lazy_names(
        "purview_core",
        {
            "AsyncClient": "client.client",
            "AsyncFacade": "client.facade",
            "AsyncGroup": "client.client",
            "AsyncPager": "client.paging",
            "AsyncPoller": "client.polling",
            "Client": "client.client",
            "Facade": "client.facade",
            "FileInput": "call.request",
            "Group": "client.client",
            "OperationStatus": "client.outcome",
            "Page": "client.paging",
            "Pager": "client.paging",
            "Poller": "client.polling",
        },
    )

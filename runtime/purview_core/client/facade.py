"""All planes of an account behind one object, over one connection pool, one TLS context and one
auth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Self, TypeVar

import httpx

from purview_core.options import (
    Retry,
    Timeout,
    checked_headers,
    checked_most,
    checked_retry,
    checked_timeout,
    checked_total,
    flag,
)
from purview_core.process_bound import Tied

from .base import X
from .client import AsyncClient, Client
from .endpoint import plane_endpoint
from .session import Session, async_session, close_async, close_sync, sync_session

S = TypeVar("S", bound=Client)
A = TypeVar("A", bound=AsyncClient)


class _Planes(Tied, Generic[X]):
    _start: Callable[[Any, httpx.Auth | None], Session]

    def __init__(
        self,
        endpoint: str,
        *,
        auth: httpx.Auth | None = None,
        tenant_endpoint: str | None = None,
        cloud: str | None = None,
        transport: X | None = None,
        timeout: Timeout = None,
        total_timeout: float | None = None,
        max_answer_bytes: float | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool = False,
    ) -> None:
        self.endpoint = plane_endpoint("account", endpoint, tenant_endpoint, cloud)
        self._options: dict[str, Any] = {
            "timeout": checked_timeout(timeout),
            "total_timeout": checked_total(total_timeout),
            "max_answer_bytes": checked_most(max_answer_bytes),
            "retry": checked_retry(retry),
            "headers": checked_headers(headers),
            "strict": flag("strict", strict),
            "tenant_endpoint": tenant_endpoint,
        }
        self._session = self._start(transport, auth)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}>"


class Facade(_Planes[httpx.BaseTransport]):
    """See `Client` for the arguments. `tenant_endpoint`: where the tenant-wide planes are, a
    sandbox say; `cloud`: "public", "usgov" or "china", for an account that is given by name.
    """

    _start = staticmethod(sync_session)

    def _client(self, kind: type[S]) -> S:
        return kind(self.endpoint, _session=self._session, **self._options)

    def close(self) -> None:
        """Closes the connections of all planes."""
        close_sync(self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncFacade(_Planes[httpx.AsyncBaseTransport]):
    """`Facade` for async clients."""

    _start = staticmethod(async_session)

    def _client(self, kind: type[A]) -> A:
        return kind(self.endpoint, _session=self._session, **self._options)

    async def aclose(self) -> None:
        """Closes the connections of all planes."""
        await close_async(self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

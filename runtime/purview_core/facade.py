"""All planes of an account behind one object, over one connection pool, one TLS context and one auth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

import httpx

from .client import AsyncClient, Client
from .endpoint import account_endpoint
from .options import Retry, Timeout, checked_headers, checked_retry, checked_timeout, checked_total
from .session import Session, async_http_transport, close_async, close_sync, http_transport

S = TypeVar("S", bound=Client)
A = TypeVar("A", bound=AsyncClient)


class Facade:
    """See `Client` for the arguments. `tenant_endpoint`: where the tenant-wide planes are, a sandbox say; `cloud`: "public",
    "usgov" or "china", for an account that is given by name."""

    def __init__(
        self,
        endpoint: str,
        *,
        auth: httpx.Auth | None = None,
        tenant_endpoint: str | None = None,
        cloud: str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: Timeout = None,
        total_timeout: float | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool = False,
    ) -> None:
        self.endpoint = account_endpoint(endpoint, cloud)
        self._options: dict[str, Any] = {
            "timeout": checked_timeout(timeout),
            "total_timeout": checked_total(total_timeout),
            "retry": checked_retry(retry),
            "headers": checked_headers(headers),
            "strict": strict,
            "tenant_endpoint": tenant_endpoint,
        }
        self._session: Session = Session(lambda: transport or http_transport(), auth)

    def _client(self, kind: type[S]) -> S:
        return kind(self.endpoint, _session=self._session, **self._options)

    def close(self) -> None:
        close_sync(self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}>"


class AsyncFacade:
    """`Facade` for async clients."""

    def __init__(
        self,
        endpoint: str,
        *,
        auth: httpx.Auth | None = None,
        tenant_endpoint: str | None = None,
        cloud: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: Timeout = None,
        total_timeout: float | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool = False,
    ) -> None:
        self.endpoint = account_endpoint(endpoint, cloud)
        self._options: dict[str, Any] = {
            "timeout": checked_timeout(timeout),
            "total_timeout": checked_total(total_timeout),
            "retry": checked_retry(retry),
            "headers": checked_headers(headers),
            "strict": strict,
            "tenant_endpoint": tenant_endpoint,
        }
        self._session: Session = Session(lambda: transport or async_http_transport(), auth)

    def _client(self, kind: type[A]) -> A:
        return kind(self.endpoint, _session=self._session, **self._options)

    async def aclose(self) -> None:
        await close_async(self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}>"

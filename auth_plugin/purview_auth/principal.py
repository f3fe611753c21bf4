"""ServicePrincipal: a client id and a secret."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Self

import httpx

from . import settings
from .client import Timeouts, TokenClient
from .errors import ConfigurationError
from .flow import PurviewAuth
from .hosts import PUBLIC, Cloud, HostRules, check_authority, check_tenant, cloud_of, scope_of
from .store import AuthEvent, TokenStore
from .token import SYSTEM_CLOCK, SYSTEM_RANDOM, Clock, Random, Secret

_FORMS = "client_secret must be a non-empty string, or a callable that gives one"


class ServicePrincipal(PurviewAuth):
    """Signs requests in as a service principal (client credentials grant).

    tenant_id, client_id: of the app registration. client_secret: the secret's value, or a callable, sync or async, that
    gives it and is asked at every refresh. authority, resource: the cloud's unless given. token_endpoint_version: 1
    sends `resource` to /oauth2/token as the vendor's tutorial does, 2 sends `scope` to /oauth2/v2.0/token.
    transport, async_transport: for token requests alone; they are not closed. clock, sleep, rng: for tests.
    allowed_hosts: further hosts that may get the token: "host", "host:port", ".suffix". allow_insecure_localhost admits
    http on loopback, for authority and API alike. store: share one among objects to share their tokens. on_event is
    called with each AuthEvent. continuous_access: asks for tokens that can be revoked (claims cp1).

    Raises ConfigurationError for arguments that cannot work. In use it raises AuthError where no token is to be had,
    HostRefusedError where the URL may not get it.
    """

    def __init__(
        self,
        tenant_id: str,
        client_id: str,
        client_secret: str | Callable[[], Any],
        *,
        authority: str | None = None,
        resource: str | None = None,
        token_endpoint_version: int = 1,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], object] | None = None,
        rng: Random | None = None,
        allowed_hosts: Iterable[str] = (),
        allow_insecure_localhost: bool = False,
        cloud: Cloud | None = None,
        timeouts: Timeouts | None = None,
        store: TokenStore | None = None,
        on_event: Callable[[AuthEvent], object] | None = None,
        continuous_access: bool = False,
    ) -> None:
        source = client_secret = _as_source(client_secret)  # no frame of ours keeps the text: tracebacks show locals
        origin = check_authority(authority or (cloud or PUBLIC).authority, allow_insecure_localhost)
        cloud = cloud_of(origin, cloud)
        hosts = HostRules(cloud, allowed_hosts, allow_insecure_localhost)
        tenant_id = check_tenant(tenant_id)
        if source is None or not client_id or token_endpoint_version not in (1, 2):
            raise ConfigurationError(f"client_id must be given, token_endpoint_version 1 or 2; {_FORMS}")
        resource = resource or cloud.resource
        v1 = token_endpoint_version == 1
        field = {"resource": resource} if v1 else {"scope": scope_of(resource)}
        if transport is None and isinstance(async_transport, httpx.BaseTransport):
            transport = async_transport
        self._client = TokenClient(
            url=f"{origin}/{tenant_id}/oauth2/{'token' if v1 else 'v2.0/token'}",
            form={"client_id": client_id, "grant_type": "client_credentials", **field},
            facts={"tenant": tenant_id, "client_id": client_id, "authority": httpx.URL(origin).host},
            secret=source,
            timeouts=timeouts or Timeouts(),
            total_seconds=(timeouts or Timeouts()).total,
            capabilities=continuous_access,
            transport=transport,
            async_transport=async_transport,
            native=async_transport is not None or (transport is None and inspect.iscoroutinefunction(source)),
            clock=clock or SYSTEM_CLOCK,
            sleep=sleep,
            rng=rng or SYSTEM_RANDOM,
            on_event=on_event,
        )
        key = (self._client.url, client_id, resource)
        super().__init__(self._client, (store or TokenStore()).slot(key), hosts)

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """From AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, the last read again at every refresh.

        AZURE_AUTHORITY_HOST is the authority where neither `authority` nor `cloud` is given; the other options are the
        constructor's. Raises ConfigurationError that names every variable that is missing.
        """
        tenant_id, client_id = settings.required(settings.TENANT_ID, settings.CLIENT_ID, settings.CLIENT_SECRET)[:2]
        if "cloud" not in options:
            options.setdefault("authority", settings.authority())
        return cls(tenant_id, client_id, settings.client_secret, **options)

    def update_secret(self, client_secret: str | Callable[[], Any]) -> None:
        """Puts another secret in place for the next refresh and forgets that the old one was refused."""
        source = client_secret = _as_source(client_secret)
        if source is None:
            raise ConfigurationError(_FORMS)
        self._client.secret = source
        self._slot.forget(token=False)

    def __repr__(self) -> str:
        return f"ServicePrincipal(tenant_id={self._client.facts['tenant']!r}, client_secret='***')"


def _as_source(secret: object) -> Any:
    """The secret wrapped, or the callable; None for anything else, so that the caller can drop it before it raises."""
    if isinstance(secret, str) and secret:
        return Secret(secret)
    return secret if callable(secret) else None

"""ServicePrincipal: a client id and a secret."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Self

import httpx

from . import settings
from .errors import ConfigurationError
from .flow import PurviewAuth
from .hosts import PUBLIC, Cloud, HostRules, check_authority, check_tenant, cloud_of, scope_of
from .tokens.flight import AuthEvent
from .tokens.store import TokenStore
from .tokens.token import Clock, Secret
from .tokens.token_client import Timeouts, TokenClient


class ServicePrincipal(PurviewAuth):
    """Signs requests in as a service principal (client credentials grant).

    tenant_id, client_id: of the app registration. client_secret: the secret's value, or a callable,
    sync or async, that gives it and is asked at every refresh. authority, resource: the cloud's
    unless given. token_endpoint_version: 1 sends `resource` to /oauth2/token as the vendor's
    tutorial does, 2 sends `scope` to /oauth2/v2.0/token. transport, async_transport: for token
    requests alone; they are not closed. clock, sleep, rng: for tests. allowed_hosts: further hosts
    that may get the token: "host", "host:port", ".suffix". allow_insecure_localhost admits http on
    loopback, for authority and API alike. store: share one among objects to share their tokens.
    on_event is called with each AuthEvent. continuous_access: asks for tokens that can be revoked
    (claims cp1).

    Raises ConfigurationError for arguments that cannot work. In use it raises AuthError where no
    token is to be had, HostRefusedError where the URL may not get it.
    """

    def __init__(
        self,
        tenant_id: str,
        client_id: str,
        client_secret: str | Callable[[], Any],
        authority: str | None = None,
        resource: str | None = None,
        *,
        token_endpoint_version: int = 1,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], object] | None = None,
        rng: random.Random | None = None,
        allowed_hosts: Iterable[str] = (),
        allow_insecure_localhost: bool = False,
        cloud: Cloud | None = None,
        timeouts: Timeouts | None = None,
        store: TokenStore | None = None,
        on_event: Callable[[AuthEvent], object] | None = None,
        continuous_access: bool = False,
    ) -> None:
        # no frame of ours keeps the text: tracebacks show locals
        source = client_secret = _as_source(client_secret)
        origin = check_authority(authority or (cloud or PUBLIC).authority, allow_insecure_localhost)
        cloud = cloud_of(origin, cloud)
        resource = resource or cloud.resource
        self._client = TokenClient(
            **_token_request(origin, tenant_id, client_id, resource, token_endpoint_version),
            **_transports(source, transport, async_transport),
            **_timing(timeouts or Timeouts(), clock, sleep, rng),
            capabilities=continuous_access,
            on_event=on_event,
        )
        slot = (store or TokenStore()).slot((self._client.url, *self._client.form.values()))
        hosts = HostRules(cloud, allowed_hosts, allow_insecure_localhost)
        super().__init__(self._client, slot, hosts, resource)

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """From AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, the last read again at
        every refresh.

        AZURE_AUTHORITY_HOST is the authority where neither `authority` nor `cloud` is given; the
        other options are the constructor's. Raises ConfigurationError that names every variable
        that is missing.
        """
        tenant_id, client_id = settings.required(
            settings.TENANT_ID, settings.CLIENT_ID, settings.CLIENT_SECRET
        )[:2]
        if "cloud" not in options:
            options.setdefault("authority", settings.authority())
        return cls(tenant_id, client_id, settings.client_secret, **options)

    def update_secret(self, client_secret: str | Callable[[], Any]) -> None:
        """Puts another secret in place for the next refresh and forgets that the old one was
        refused.
        """
        source = client_secret = _as_source(client_secret)
        self._client.secret = _transports(source, None, None)["secret"]
        self._slot.forget(token=False)

    def __repr__(self) -> str:
        return f"ServicePrincipal(tenant_id={self._client.facts['tenant']!r}, client_secret='***')"


def _as_source(secret: object) -> Any:
    """The secret wrapped, or the callable; None for anything else, so that the caller can drop
    it before it raises.
    """
    if isinstance(secret, str) and secret:
        return Secret(secret)
    return secret if callable(secret) else None


def _token_request(
    origin: str, tenant_id: str, client_id: str, resource: str, version: int
) -> dict[str, Any]:
    """What is asked for, and of whom."""
    if not client_id or version not in (1, 2):
        raise ConfigurationError(
            "client_id must be given, and token_endpoint_version must be 1 or 2"
        )
    url = f"{origin}/{check_tenant(tenant_id)}/oauth2/{'token' if version == 1 else 'v2.0/token'}"
    field = {"resource": resource} if version == 1 else {"scope": scope_of(resource)}
    facts = {"tenant": tenant_id, "client_id": client_id, "authority": httpx.URL(origin).host}
    return {
        "url": url,
        "form": {"client_id": client_id, "grant_type": "client_credentials", **field},
        "facts": facts,
    }


def _timing(
    limits: Timeouts,
    clock: Clock | None,
    sleep: Callable[[float], object] | None,
    rng: random.Random | None,
) -> dict[str, Any]:
    """How long it may take, and by which clock, pauses and chance."""
    jitter = (rng or random).random
    given = {"clock": clock or time, "sleep": sleep, "jitter": jitter}
    return {"timeouts": limits, "total_seconds": limits.total, **given}


def _transports(
    source: Any, transport: httpx.BaseTransport | None, other: httpx.AsyncBaseTransport | None
) -> dict[str, Any]:
    """With which secret, and over which transports; one that is of both kinds serves for both."""
    if source is None:
        raise ConfigurationError(
            "client_secret must be a non-empty string, or a callable that gives one"
        )
    native = other is not None or (transport is None and inspect.iscoroutinefunction(source))
    both = other if transport is None and isinstance(other, httpx.BaseTransport) else transport
    return {"secret": source, "transport": both, "async_transport": other, "native": native}

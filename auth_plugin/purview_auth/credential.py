"""CredentialAuth: any credential object in the manner of azure-identity, without depending on
it.
"""

from __future__ import annotations

import inspect
import random
import time
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from attrs import define, field

from .errors import ConfigurationError
from .flow import PurviewAuth
from .foreign import read
from .hosts import PUBLIC, Cloud, HostRules, scope_of
from .network import loops
from .tokens.flight import AuthEvent, Flight, Steps, TokenSource
from .tokens.store import TokenStore
from .tokens.token import Clock, Moment, Token
from .tokens.token_answers import EPOCH_LIMIT_SECONDS, make_token, number
from .tokens.tries import pause_after

# The second one outlasts the 5 s for which msal gives a failure again without asking.
PAUSES = ((0.0, 1.0), (5.0, 1.0))
# A store per credential, for as long as an auth object with it lives: objects on one credential
# share its token.
_STORES: weakref.WeakValueDictionary[int, TokenStore] = weakref.WeakValueDictionary()


@define(eq=False, kw_only=True)
class CredentialSource(TokenSource):
    """Asks a credential for tokens: get_token_info where it has it, else get_token."""

    credential: Any = field(repr=False)
    scope: str
    capabilities: bool = False
    sleep: Callable[[float], object] | None = None

    def steps(self, claims: str | None, flight: Flight | None) -> Steps:
        """See `TokenSource.steps`."""
        sleep = self.sleep or (loops.sleep if flight is None else time.sleep)
        deadline, tried = self.clock.monotonic() + self.total_seconds, 0
        while True:
            sent = self.clock.time(), self.clock.monotonic()
            answer = yield self._ask(claims)
            if not isinstance(answer, Exception):
                yield self._token(answer, sent, claims)
            failure, passing = read(answer, self.credential, self.clock.time())
            if not passing:
                raise failure
            tried += 1
            yield partial(
                sleep,
                pause_after(failure, tried, deadline - self.clock.monotonic(), PAUSES, self.jitter),
            )

    def _ask(self, claims: str | None) -> Callable[[], Any]:
        options: dict[str, Any] = {} if claims is None else {"claims": claims}
        if self.capabilities:
            options["enable_cae"] = True
        if callable(getattr(self.credential, "get_token_info", None)):
            return partial(self.credential.get_token_info, self.scope, options=options)
        return partial(self.credential.get_token, self.scope, **options)

    def _token(self, answer: Any, sent: Moment, claims: str | None) -> Token:
        expires_on = number(getattr(answer, "expires_on", None), "expires_on", EPOCH_LIMIT_SECONDS)
        lifetime = number(expires_on - sent[0], "expires_on less the time now")
        early = getattr(answer, "refresh_on", None)
        if early is not None:
            early = number(early, "refresh_on", EPOCH_LIMIT_SECONDS) - sent[0]
        kind = getattr(answer, "token_type", "Bearer")
        return make_token(
            getattr(answer, "token", None), kind, (lifetime, early), sent, claims, self.jitter
        )


class CredentialAuth(PurviewAuth):
    """Signs requests in with the tokens of a credential.

    credential: has get_token_info(scope, options=...) or get_token(scope, ...), sync or async: a
    certificate, a managed identity, a federated workload, a developer's sign-in. A sync one runs in
    a thread of its own; an async one on the caller's event loop, and for blocking callers on a loop
    of this object. It stays the caller's to close. timeout: seconds that one request to it may
    take, with its tries: a failure that may pass (an answer 408, 410, 429, 500 and above, or none)
    is tried again as ServicePrincipal does it. The rest as for ServicePrincipal.

    Raises ConfigurationError for arguments that cannot work; in use AuthError and HostRefusedError.
    """

    def __init__(
        self,
        credential: Any,
        *,
        resource: str | None = None,
        cloud: Cloud | None = None,
        timeout: float = 30.0,
        clock: Clock | None = None,
        sleep: Callable[[float], object] | None = None,
        rng: random.Random | None = None,
        allowed_hosts: Iterable[str] = (),
        allow_insecure_localhost: bool = False,
        store: TokenStore | None = None,
        on_event: Callable[[AuthEvent], object] | None = None,
        continuous_access: bool = False,
    ) -> None:
        ask = getattr(credential, "get_token_info", None) or getattr(credential, "get_token", None)
        if not callable(ask):
            raise ConfigurationError("credential must have a method get_token_info or get_token")
        cloud = cloud or PUBLIC
        scope = scope_of(resource or cloud.resource)
        only_async = hasattr(credential, "__aenter__") and not hasattr(credential, "__enter__")
        source = CredentialSource(
            credential=credential,
            scope=scope,
            capabilities=continuous_access,
            total_seconds=timeout,
            native=only_async or inspect.iscoroutinefunction(ask),
            clock=clock or time,
            sleep=sleep,
            jitter=(rng or random).random,
            on_event=on_event,
        )
        self._store = store or _STORES.setdefault(id(credential), TokenStore())
        slot = self._store.slot((id(credential), scope))
        slot.owner = credential
        self._name = f"CredentialAuth({type(credential).__name__})"
        hosts = HostRules(cloud, allowed_hosts, allow_insecure_localhost)
        super().__init__(source, slot, hosts, resource or cloud.resource)

    def __repr__(self) -> str:
        return self._name

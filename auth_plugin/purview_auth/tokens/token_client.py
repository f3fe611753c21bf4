"""The token client: how one token is asked for.

Its connections are its own, never those of the caller's client.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from attrs import define, frozen

from purview_auth.errors import (
    AuthError,
    ConfigurationError,
    CredentialError,
    TokenResponseError,
    TokenTransportError,
    TrustError,
)
from purview_auth.network import loops
from purview_auth.network.proxies import Proxies
from purview_auth.network.trust import distrust_hint, shared_ssl_context

from .flight import Flight, Steps, TokenSource
from .token import Moment, Secret, Token
from .token_answers import BODY_LIMIT_BYTES, TokenReply, read_error, read_token
from .tries import pause_after

log = logging.getLogger("purview_auth")

PAUSES = ((0.0, 1.0), (0.0, 2.0))
SKEW_SECONDS = 300.0
PASSING = (httpx.TimeoutException, httpx.NetworkError, httpx.ProxyError, httpx.RemoteProtocolError)
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": f"purview-auth python-httpx/{httpx.__version__}",
    "return-client-request-id": "true",
}

SecretSource = Secret | Callable[[], str | Awaitable[str]]


@frozen
class Timeouts:
    """Limits of a token request, in seconds; `total` covers all tries, the pauses between them,
    and the body.
    """

    connect: float = 5.0
    read: float = 15.0
    write: float = 5.0
    pool: float = 5.0
    total: float = 30.0


class _Borrowed(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of the user's: used, never closed by us."""

    def __init__(self, transport: Any) -> None:
        self.handle_request = getattr(transport, "handle_request", None)  # type: ignore[assignment]
        self.handle_async_request = getattr(transport, "handle_async_request", None)  # type: ignore[assignment]


def _unreached(error: object, url: str) -> AuthError:
    """Our error for what a transport raised.

    Its text and its request stay out: either may hold the form.
    """
    if isinstance(error, ConfigurationError):
        return error
    asked = httpx.URL(url)
    way = Proxies(None, trust_env=True).named(asked.scheme, asked.host, asked.port)
    hint = distrust_hint(error) or "Check the network, the proxy settings and the authority."
    what = f"the token endpoint was not reached{way and ', '}{way}: {type(error).__name__}"
    return TokenTransportError(what, hint=hint, permanent=not isinstance(error, PASSING))


@define(eq=False, kw_only=True)
class TokenClient(TokenSource):
    """Asks one token endpoint for one principal's tokens.

    A network error, 408, 429 and 5xx are tried again: at most 3 tries within `timeouts.total`,
    after Retry-After or else a random part of 1 s, then of 2 s. A Retry-After beyond the total is
    an error at once, and the store waits so long before it asks again. Any other 4xx, a redirect
    and a 200 without a token are errors at once. A client and its connections live for one request:
    nothing to share between event loops or with a forked child.
    """

    url: str
    form: dict[str, str]
    facts: dict[str, str]
    secret: SecretSource
    timeouts: Timeouts
    capabilities: bool = False
    transport: httpx.BaseTransport | None = None
    async_transport: httpx.AsyncBaseTransport | None = None
    sleep: Callable[[float], object] | None = None
    _skewed: bool = False

    def steps(self, claims: str | None, flight: Flight | None) -> Steps:
        """See `TokenSource.steps`."""
        post: Callable[..., object] = self._post_async
        if flight is not None and (self.transport is not None or self.async_transport is None):
            post = functools.partial(self._post, flight)
        sleep = self.sleep or (loops.sleep if flight is None else time.sleep)
        try:
            secret = (
                self.secret if isinstance(self.secret, Secret) else _checked((yield self.secret))
            )
            content = self._content(secret, claims)
            deadline = self.clock.monotonic() + self.timeouts.total
            tried = 0
            while True:
                sent = self.clock.time(), self.clock.monotonic()
                reply = yield functools.partial(post, content, deadline)
                if isinstance(reply, TokenReply) and reply.status == 200:
                    yield self._token(reply, sent, claims)
                wall = self.clock.time()
                failure = (
                    read_error(reply, secret, wall)
                    if isinstance(reply, TokenReply)
                    else _unreached(reply, self.url)
                )
                if failure.permanent or isinstance(failure, TokenResponseError):
                    raise failure
                tried += 1
                left = deadline - self.clock.monotonic()
                yield functools.partial(
                    sleep, pause_after(failure, tried, left, PAUSES, self.jitter)
                )
        except AuthError as error:
            vars(error).update(self.facts)
            raise

    def _token(self, reply: TokenReply, sent: Moment, claims: str | None) -> Token:
        token, skew = read_token(reply, sent, claims, self.jitter)
        if abs(skew) > SKEW_SECONDS and not self._skewed:
            self._skewed = True
            log.warning(
                (
                    "expires_on is %+.0f s off expires_in: this machine's clock is wrong; "
                    "expires_in counts"
                ),
                skew,
            )
        return token

    def _content(self, secret: Secret, claims: str | None) -> Secret:
        """The form, in the order of the vendor's tutorial."""
        if self.capabilities:  # cp1, continuous access evaluation
            value = json.loads(claims or "{}")
            asked = value.get("access_token")
            value["access_token"] = {
                **(asked if isinstance(asked, dict) else {}),
                "xms_cc": {"values": ["cp1"]},
            }
            claims = json.dumps(value)
        form = {"client_id": self.form["client_id"], "client_secret": secret.reveal(), **self.form}
        return Secret(urlencode(form if claims is None else {**form, "claims": claims}))

    def _own(self, kind: Any) -> Any:
        """A transport of our own, which trusts and asks whom the environment names: as data
        calls do.
        """
        asked = httpx.URL(self.url)
        try:
            proxy, context = (
                Proxies(None, trust_env=True).of(asked.scheme, asked.host, asked.port),
                shared_ssl_context(),
            )
        except (TrustError, ValueError, ImportError) as error:
            raise ConfigurationError(str(error), permanent=True) from None
        through = (
            None
            if proxy is None
            else httpx.Proxy(proxy, ssl_context=context if proxy.scheme == "https" else None)
        )
        return kind(verify=context, proxy=through, trust_env=False)

    def _options(self, transport: object, kind: Any, deadline: float) -> dict[str, Any]:
        left, limits = max(0.001, deadline - self.clock.monotonic()), self.timeouts
        parts = {
            name: min(getattr(limits, name), left) for name in ("connect", "read", "write", "pool")
        }
        return {
            "transport": self._own(kind) if transport is None else _Borrowed(transport),
            "trust_env": False,  # that of the transport is read here, as for data calls
            "timeout": httpx.Timeout(**parts),
            "headers": {**HEADERS, "client-request-id": str(uuid.uuid4())},
        }

    def _post(self, flight: Flight, content: Secret, deadline: float) -> TokenReply:
        def check(*_: object) -> None:
            """At each step of httpcore's: an end that came before there was a connection closed
            none.
            """
            if not flight.seconds_left:
                raise httpx.ReadTimeout("total")

        with httpx.Client(**self._options(self.transport, httpx.HTTPTransport, deadline)) as client:
            flight.abort = client.close
            with client.stream(
                "POST", self.url, content=content.reveal(), extensions={"trace": check}
            ) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    if self._enough(body, chunk, deadline):
                        break
                return TokenReply(response.status_code, response.headers, bytes(body))

    async def _post_async(self, content: Secret, deadline: float) -> TokenReply:
        async with (
            httpx.AsyncClient(
                **self._options(self.async_transport, httpx.AsyncHTTPTransport, deadline)
            ) as client,
            client.stream("POST", self.url, content=content.reveal()) as response,
            aclosing(cast(AsyncGenerator[bytes], response.aiter_bytes())) as chunks,
        ):
            body = bytearray()
            # whose total time its caller limits: left half read, trio would warn of it
            async for chunk in chunks:
                if self._enough(body, chunk, math.inf):
                    break
            return TokenReply(response.status_code, response.headers, bytes(body))

    def _enough(self, body: bytearray, chunk: bytes, deadline: float) -> bool:
        body += chunk
        # the limit per read never fires on a body that comes byte by byte
        if self.clock.monotonic() >= deadline:
            raise httpx.ReadTimeout("total")
        return len(body) > BODY_LIMIT_BYTES


def _checked(value: object) -> Secret:
    """The secret that a callable gave, or its failure as our error."""
    if isinstance(value, str) and value:
        return Secret(value)
    if isinstance(value, AuthError):
        raise value
    what = f"raised {type(value).__name__}" if isinstance(value, Exception) else "gave none"
    raise CredentialError(f"the callable that gives the client secret {what}")

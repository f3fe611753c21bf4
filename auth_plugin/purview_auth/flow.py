"""The httpx side: puts the token on requests, answers a 401 at most once.

Written once for sync and async.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, Self

import httpx

from .challenge import bearer_claims
from .hosts import HostRules
from .network.resend import Resend
from .peers import class_of
from .tokens.flight import Need, TokenSource
from .tokens.store import Slot
from .tokens.token import Sealed, Token, TokenInfo
from .warm import HandsOutTokens


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port


ANY_TOKEN = Need()
_FLOWS = ("auth_flow", "sync_auth_flow", "async_auth_flow")


class PurviewAuth(Sealed, HandsOutTokens, httpx.Auth):
    """What all auth objects of this package share.

    A 401 is answered once, with another token, if it comes from the origin that was called (not
    from where a redirect led) and the body can be sent again; else, and for any other status, the
    caller gets the answer. Not for 403: a permission is missing, which no token mends. Raises
    HostRefusedError before anything is sent where the URL may not get the token, and another
    AuthError where there is none; after a 401 its `__cause__` is a ChallengeError.
    """

    def __init__(self, source: TokenSource, slot: Slot, hosts: HostRules, resource: str) -> None:
        self._source, self._slot, self._hosts, self._resource = source, slot, hosts, resource
        self._good_origin: str | None = None

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> type[Self]:
            """Its class, as isinstance asks for it: for httpx2 one that is of its Auth too."""
            return class_of(type(self))

    def _flow(
        self, request: httpx.Request, ask: Callable[[Need], Any], token: Token | None
    ) -> Generator[Any, Any, None]:
        """The one flow: `ask` gives the token at once, or gives the need back, which is then
        yielded for an await.
        """
        self._hosts.check(request.url)
        given: Any = token or ask(ANY_TOKEN)
        if given is ANY_TOKEN:
            given = yield given
        again = Resend(request)
        if given is not token:
            request.headers["Authorization"] = given.secret.bearer.decode()
        response: httpx.Response = yield request
        if (
            response.status_code != 401
            or _origin(response.request.url) != _origin(request.url)
            or not again.possible
        ):
            return
        need = Need(given, bearer_claims(response.headers))
        better = ask(need)
        if better is need:
            better = yield need
        if better is not None:
            yield again.request(better.secret.bearer.decode())

    def _get(self, need: Need) -> Token | None:
        return self._slot.get(self._source, need)

    def _warm(self, need: Need) -> Token | Need:
        return self._slot.warm(self._source.clock, need) or need

    @property
    def hands_out_tokens(self) -> bool:
        """See HandsOutTokens: a class or an object may have a flow of its own."""
        kind, own = type(self), vars(self)
        flows = {name: vars(PurviewAuth)[name] for name in _FLOWS}
        return all(name not in own and getattr(kind, name) is flows[name] for name in flows)

    def warm_token(self, origin: str) -> Token | None:
        """The token at hand, where it needs no look at the policy; None where the flow has to be
        run.

        Raises:
            HostRefusedError: the origin is none that may get the token.
        """
        if origin != self._good_origin:
            self._hosts.check(httpx.URL(origin))
            self._good_origin = origin  # as text, which is sooner compared
        token = self._slot.current
        return token if token is not None and token.fresh(self._source.clock) else None

    def sync_auth_flow(
        self, request: httpx.Request, token: Token | None = None
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """`token` is what the request bears already: then the first step is to hand in the
        answer.
        """
        # itself, with no generator around it: most calls need one step
        return self._flow(request, self._get, token)

    async def async_auth_flow(
        self, request: httpx.Request, token: Token | None = None
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """`sync_auth_flow` for async clients."""
        flow, answer = self._flow(request, self._warm, token), None
        try:
            while True:
                step: Any = flow.send(answer)
                answer = (
                    await self._slot.aget(self._source, step)
                    if isinstance(step, Need)
                    else (yield step)
                )
        except StopIteration:
            return

    auth_flow = sync_auth_flow

    @property
    def resource(self) -> str:
        """What tokens are asked for: the audience that the service must accept."""
        return self._resource

    def check_url(self, url: str | httpx.URL) -> None:
        """Raises HostRefusedError where the token may not go to this URL: to fail before the
        first request.
        """
        self._hosts.check(httpx.URL(url))

    def invalidate(self) -> None:
        """Forgets the token and past failures: the next call asks the token endpoint."""
        self._slot.forget(token=True)

    def token_info(self) -> TokenInfo | None:
        """Expiry of the current token, or None where there is none; never the token."""
        if (token := self._slot.current) is None:
            return None
        on, left = token.sent[0], token.lifetime - token.age(self._source.clock)
        return TokenInfo(on + token.lifetime, left, on + token.refresh_after)

    def close(self) -> None:
        """No new token is asked for afterwards; a token in hand serves until it expires.

        May be called again.
        """
        self._source.close()

    async def aclose(self) -> None:
        """`close` for async code."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

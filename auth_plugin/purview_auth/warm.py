"""The door by which a client takes a token that is at hand, without running the flow of the
auth.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from .tokens.token import Token


class HandsOutTokens:
    """An auth that gives a client the token at hand, so that it can set the header as it builds a
    request.

    A flow costs as much as the rest of building a request, and most calls need nothing of it but
    the token. A client that took one hands it to the flow where the answer is a 401, and the flow
    goes on from there.
    """

    @property
    def hands_out_tokens(self) -> bool:
        """Whether clients may come by this door: not where the flow was replaced by one that is
        to see each request.
        """
        raise NotImplementedError

    def warm_token(self, origin: str) -> Token | None:
        """The token for an origin (scheme, host and port), where it can be had at once.

        Never waits, and does nothing over the network. None says: run the flow.

        Raises:
            HostRefusedError: the origin is none that may get the token.
        """
        raise NotImplementedError

    def sync_auth_flow(
        self, request: httpx.Request, token: Token | None = None
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The flow of httpx.Auth.

        With `token`, which the request bears already, its first step takes the answer.
        """
        raise NotImplementedError

    def async_auth_flow(
        self, request: httpx.Request, token: Token | None = None
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The same for async clients."""
        raise NotImplementedError

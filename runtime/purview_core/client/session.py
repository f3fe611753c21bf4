"""What clients share: connections, auth, the pauses and the budget of their retries; and how
they wait.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import httpx

from purview_auth.network.half_imports import forks_wait_for_imports
from purview_auth.warm import HandsOutTokens
from purview_core.call.retry import Budget, Gate
from purview_core.fork_locks import fork_safe_lock
from purview_core.process_bound import Tied

forks_wait_for_imports()  # first calls import much


class Session(Tied):
    """What all clients of a facade share: connections, sign-in, pauses, the budget of retries.

    Attributes:
        auth: what signs in, or None.
        budget: of the retries of all calls.
        open_transport: the connections with their TLS context, made at the first call; None before
        it and
            after the end. `transport()` makes them.
        warm_token: gives the token that the auth has at hand for an origin; None for an auth
        without one.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        auth: httpx.Auth | None = None,
        *,
        given: Any = None,
        sends: str = "",
    ) -> None:
        if given is not None and (isinstance(given, type) or not hasattr(given, sends)):
            kind = "BaseTransport" if sends == "handle_request" else "AsyncBaseTransport"
            raise TypeError(f"transport= takes an httpx.{kind}, not {given!r:.60}")
        if auth is not None and not _is_auth(auth):
            way_out = "around a credential, purview_auth.CredentialAuth(credential)"
            raise TypeError(f"auth= takes an httpx.Auth, not {type(auth).__name__}; {way_out}")
        self._make, self._lock = make, fork_safe_lock()
        self._gates: dict[str, Gate] = {}
        self._closed, self._made = False, None
        self.open_transport: Any = None
        self.auth, self.budget = auth, Budget()
        self.warm_token: Callable[[str], Any] | None = None
        if isinstance(auth, HandsOutTokens) and auth.hands_out_tokens:
            self.warm_token = auth.warm_token

    def transport(self) -> Any:
        """The connections; raises RuntimeError where the client is closed."""
        with self._lock:  # two threads would make two, and close one
            if self._made is None and not self._closed:
                self._made = self._make()
            if self._closed:
                raise RuntimeError("the client is closed")
            self.open_transport = self._made
            return self._made

    def end(self) -> Any:
        """Lets no more calls begin; gives the transport to close, None where none was made.

        Takes no lock: a handler of signals may close a client while its thread holds it.
        """
        self._closed, self.open_transport = True, None
        return self._made

    def gate(self, plane: str) -> Gate:
        """The pause that a plane has asked for."""
        return self._gates.setdefault(plane, Gate())


def _is_auth(auth: object) -> bool:
    flows = hasattr(auth, "sync_auth_flow") and hasattr(auth, "async_auth_flow")
    return flows and not isinstance(auth, type)


def sync_session(transport: httpx.BaseTransport | None, auth: httpx.Auth | None) -> Session:
    """Over a given transport, or over one of our own; raises TypeError for what is neither
    transport nor auth.
    """
    return Session(lambda: transport or _http(), auth, given=transport, sends="handle_request")


def async_session(transport: httpx.AsyncBaseTransport | None, auth: httpx.Auth | None) -> Session:
    """`sync_session` for async clients."""
    return Session(
        lambda: transport or _async_http(), auth, given=transport, sends="handle_async_request"
    )


def _http() -> httpx.BaseTransport:
    # where a transport is given, httpcore need not be loaded
    from purview_core.transport.pooled import HttpTransport

    return HttpTransport()


def _async_http() -> httpx.AsyncBaseTransport:
    # the same
    from purview_core.transport.pooled import AsyncHttpTransport

    return AsyncHttpTransport()


def close_sync(session: Session) -> None:
    """Closes the connections of a session of sync clients."""
    transport = session.end()
    if transport is not None:
        transport.close()


async def close_async(session: Session) -> None:
    """Closes the connections of a session of async clients."""
    transport = session.end()
    if transport is not None:
        await transport.aclose()


async def async_sleep(seconds: float) -> None:
    """Sleeps on whatever loop runs, asyncio's or trio's."""
    trio = sys.modules.get("trio")
    if trio is not None:
        try:
            trio.lowlevel.current_task()
        except RuntimeError:
            pass
        else:
            await trio.sleep(seconds)
            return
    import asyncio  # sync users need it not, and it is a fifth of what a first call costs

    await asyncio.sleep(seconds)

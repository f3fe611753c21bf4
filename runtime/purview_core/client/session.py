"""What clients share: connections, auth, the pauses and the budget of their retries; and how they wait."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import httpx

from purview_auth.network.half_imports import forks_wait_for_imports
from purview_core.call.retry import Budget, Gate
from purview_core.fork_locks import fork_safe_lock
from purview_core.process_bound import Tied

forks_wait_for_imports()  # first calls import much

_FLOWS = frozenset({"auth_flow", "sync_auth_flow", "async_auth_flow"})


class Session(Tied):
    """One transport (its connections and TLS context), made at the first call, and one auth, for all clients of a facade."""

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
        if auth is not None and (
            isinstance(auth, type)
            or not (hasattr(auth, "sync_auth_flow") and hasattr(auth, "async_auth_flow"))
        ):
            raise TypeError(
                f"auth= takes an httpx.Auth, not {type(auth).__name__}; around a credential, purview_auth.CredentialAuth(credential)"
            )
        self._make, self._lock = make, fork_safe_lock()
        self._transport: Any = None
        self._gates: dict[str, Gate] = {}
        self.auth, self.budget, self.closed = auth, Budget(), False
        self.warm_token = warm_token_of(auth)

    @property
    def transport(self) -> Any:
        if self.closed:
            raise RuntimeError("the client is closed")
        if self._transport is None:
            with self._lock:  # two threads would make two, and close one
                self._transport = self._transport or self._make()
        return self._transport

    def gate(self, plane: str) -> Gate:
        return self._gates.setdefault(plane, Gate())

    @property
    def resource(self) -> str | None:
        """What the auth asks tokens for, where it says so."""
        found = getattr(self.auth, "resource", None)
        return found if isinstance(found, str) else None


def warm_token_of(auth: Any) -> Callable[[str], Any]:
    """The auth's `warm_token`; nothing where it has none, or a flow of its own that is to see each request."""
    kind = type(auth)
    owner = next((c for c in kind.__mro__ if "warm_token" in vars(c)), None)
    own = owner is None or not _FLOWS.isdisjoint(getattr(auth, "__dict__", ()))
    if own or any(getattr(kind, name) is not getattr(owner, name) for name in _FLOWS):
        return lambda _: None
    found: Callable[[str], Any] = auth.warm_token
    return found


def sync_session(transport: httpx.BaseTransport | None, auth: httpx.Auth | None) -> Session:
    """Over a given transport, or over one of our own; raises TypeError for what is neither transport nor auth."""
    return Session(lambda: transport or _http(), auth, given=transport, sends="handle_request")


def async_session(transport: httpx.AsyncBaseTransport | None, auth: httpx.Auth | None) -> Session:
    """`sync_session` for async clients."""
    return Session(
        lambda: transport or _async_http(), auth, given=transport, sends="handle_async_request"
    )


def _http() -> httpx.BaseTransport:
    from purview_core.transport.pooled import (
        HttpTransport,
    )  # where a transport is given, httpcore need not be loaded

    return HttpTransport()


def _async_http() -> httpx.AsyncBaseTransport:
    from purview_core.transport.pooled import AsyncHttpTransport

    return AsyncHttpTransport()


def close_sync(session: Session) -> None:
    session.closed = True
    if session._transport is not None:
        session._transport.close()


async def close_async(session: Session) -> None:
    session.closed = True
    if session._transport is not None:
        await session._transport.aclose()


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

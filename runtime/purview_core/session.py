"""The connections that clients share, and how they wait."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx

from .options import DEFAULT_TIMEOUT_S, USER_AGENT

Timeout = float | httpx.Timeout | None


class Session:
    """One connection pool, one TLS context and one auth, made at the first call and shared by the clients of a facade."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._http: Any = None
        self.closed = False

    @property
    def http(self) -> Any:
        if self.closed:
            raise RuntimeError("the client is closed")
        if self._http is None:
            with self._lock:  # two threads would make two, and close one
                self._http = self._http or self._make()
        return self._http


def http_options(auth: httpx.Auth | None, transport: Any, timeout: Timeout) -> dict[str, Any]:
    return {
        "auth": auth,
        "transport": transport,
        "timeout": DEFAULT_TIMEOUT_S if timeout is None else timeout,
        "follow_redirects": False,
        "headers": {"User-Agent": USER_AGENT},
    }


def close_sync(session: Session) -> None:
    session.closed = True
    if session._http is not None:
        session._http.close()


async def close_async(session: Session) -> None:
    session.closed = True
    if session._http is not None:
        await session._http.aclose()


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
    await asyncio.sleep(seconds)

"""A clock that stands still until it is told to move, and credentials that count."""

from __future__ import annotations

import threading
from typing import Any

from attrs import define, field, frozen


@define(eq=False)
class FakeClock:
    """Both clocks in hand. Calling it sleeps: it moves both, so that it serves as `sleep` too."""

    wall: float = 1_700_000_000.0
    ticks: float = 1000.0
    slept: list[float] = field(factory=list)

    def time(self) -> float:
        """Seconds since 1970, as set."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back, as set."""
        return self.ticks

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.wall += seconds
        self.ticks += seconds

    def __call__(self, seconds: float) -> None:
        """Notes a pause, which is over at once."""
        self.slept.append(seconds)
        self.advance(seconds)


@frozen
class FakeAccessToken:
    """What the fake credentials give."""

    token: str = field(repr=False)
    expires_on: float
    refresh_on: float | None = None
    token_type: str = "Bearer"  # noqa: S105


@define(eq=False)
class FakeCredential:
    """Gives token-1, token-2, ...

    That live for `lifetime` seconds of `clock`; notes the arguments of each call.
    """

    clock: FakeClock = field(factory=FakeClock)
    lifetime: float = 3600.0
    error: Exception | None = None
    calls: list[dict[str, Any]] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def get_token(self, *scopes: str, **options: Any) -> FakeAccessToken:
        """A token for the scopes; counts the call."""
        with self._lock:
            self.calls.append({"scopes": scopes, **options})
            number = len(self.calls)
        if self.error is not None:
            raise self.error
        return FakeAccessToken(f"token-{number}", self.clock.time() + self.lifetime)


@define(eq=False)
class FakeAsyncCredential:
    """The same, async."""

    inner: FakeCredential = field(factory=FakeCredential)

    async def get_token(self, *scopes: str, **options: Any) -> FakeAccessToken:
        """A token for the scopes; counts the call."""
        return self.inner.get_token(*scopes, **options)

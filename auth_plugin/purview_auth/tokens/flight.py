"""One request for a token: what is needed, who is asked, and how its end reaches all who wait
for it.
"""

from __future__ import annotations

import copy
import inspect
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from typing import Any

from attrs import define, field, frozen

from purview_auth.errors import AuthError, ChallengeError, TokenTransportError
from purview_auth.network import loops

from .token import Clock, Jitter, Token

log = logging.getLogger("purview_auth")

SLACK_SECONDS = 1.0

# What a source's policy yields: what to call, to await where the result is awaitable, and to send
# back the result of (or the exception); at last the token.
Steps = Generator[Callable[[], object] | Token, Any, None]


@frozen
class AuthEvent:
    """What happened: `kind` is acquired, refreshed, fallback (failed, the old token serves) or
    failed. Never a value.
    """

    kind: str
    seconds: float
    error: str | None = None


@frozen
class Need:
    """What a caller needs: a token; after a 401 a better one than `rejected`, with the claims
    that were asked for.
    """

    rejected: Token | None = None
    claims: str | None = None

    @property
    def cause(self) -> ChallengeError | None:
        """The 401 that made the token bad, as an error; None for a first token."""
        return (
            ChallengeError("the service answered 401", status_code=401) if self.rejected else None
        )


@define(eq=False, kw_only=True)
class TokenSource(ABC):
    """What a store asks for tokens; `native` says that async callers run the steps on their own
    event loop.
    """

    clock: Clock
    jitter: Jitter
    total_seconds: float
    native: bool
    on_event: Callable[[AuthEvent], object] | None = None
    closed: bool = False
    loop: loops.PrivateLoop = field(factory=loops.PrivateLoop, repr=False)

    @abstractmethod
    def steps(self, claims: str | None, flight: Flight | None) -> Steps:
        """How to get a token, once for both drivers: steps, then the token.

        Blocking where there is a flight.
        """

    def fetch(self, flight: Flight) -> Token:
        """A new token; blocks, and runs in a thread of its own."""
        steps, outcome = self.steps(flight.claims, flight), None
        while not isinstance(step := steps.send(outcome), Token):
            try:
                outcome = self.loop.resolve(step())
            except Exception as error:  # noqa: BLE001 - the policy decides
                outcome = error
        return step

    async def fetch_async(self, claims: str | None) -> Token:
        """The same on the caller's event loop."""
        steps, outcome = self.steps(claims, None), None
        while not isinstance(step := steps.send(outcome), Token):
            try:
                result = step()
                outcome = await result if inspect.isawaitable(result) else result
            except Exception as error:  # noqa: BLE001 - the policy decides
                outcome = error
            except BaseException as error:  # noqa: BLE001 - cancelled: a transport's frames may hold the form
                raise error.with_traceback(None) from None
        return step

    def close(self) -> None:
        """No token is asked for any more."""
        self.closed = True
        self.loop.close()


class Flight:
    """One token request under way, for which many callers may wait."""

    def __init__(self, epoch: int, source: TokenSource, claims: str | None) -> None:
        self.epoch, self.source, self.claims = epoch, source, claims
        # real time, as the waiting is, whatever clock the tokens have
        self.started = time.monotonic()
        # None at the end: given up, another caller must take over
        self.outcome: Token | AuthError | None = None
        self.done = threading.Event()
        self.abort: Callable[[], None] = lambda: None  # breaks a blocking request off
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], None]] = []

    @property
    def seconds_left(self) -> float:
        """Seconds until the request is given up, by real time."""
        return max(
            0.0, self.source.total_seconds + SLACK_SECONDS - (time.monotonic() - self.started)
        )

    @property
    def overdue(self) -> bool:
        """Whether it should have ended by now."""
        return not self.done.is_set() and not self.seconds_left

    def settle(self, outcome: Token | AuthError | None) -> None:
        """Ends it, and wakes all who wait."""
        with self._lock:
            self.outcome = outcome
            self.done.set()
        for wake in self._wakers:
            wake()

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Calls `wake` at the end, or at once where that has come."""
        with self._lock:
            if not self.done.is_set():
                return self._wakers.append(wake)
        return wake()


def as_outcome(error: BaseException) -> AuthError:
    """The error to share. A copy: the original's traceback, cause and context may hold a secret in
    some frame.

    And each caller raises a copy of this one, or it would collect the tracebacks of all.
    """
    if isinstance(error, AuthError):
        return copy.copy(error)
    if isinstance(error, TimeoutError):
        return TokenTransportError("the token request was not done within its total time limit")
    return TokenTransportError(f"the token request ended with {type(error).__name__}")


def report(flight: Flight, kind: str, error: str | None = None) -> None:
    """Tells the log and the hook of the user what became of a request."""
    event = AuthEvent(kind, time.monotonic() - flight.started, error)
    log.debug("token %s in %.3f s: %s", event.kind, event.seconds, event.error or "no error")
    try:
        if flight.source.on_event is not None:
            flight.source.on_event(event)
    except Exception as raised:  # noqa: BLE001 - a hook of the user's
        log.warning("on_event raised %s", type(raised).__name__)

"""The token store: one current token per key, one request for it at a time, for threads and tasks together."""

from __future__ import annotations

import contextvars
import copy
import inspect
import logging
import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable
from typing import Any

from attrs import define, field, frozen

from purview_auth.errors import (
    AuthError,
    ChallengeError,
    ClosedError,
    TokenResponseError,
    TokenTransportError,
)
from purview_auth.network import loops
from purview_auth.network.half_imports import forks_wait_for_imports

from .token import Clock, Jitter, Sealed, Token

log = logging.getLogger("purview_auth")

RETRY_SECONDS = 30.0
REJECTED_AGE_SECONDS = 10.0
EARLY_WAIT_SECONDS = 2.0
SLACK_SECONDS = 1.0
NEVER = float("-inf")

# What a source's policy yields: what to call, to await where the result is awaitable, and to send back the result of (or
# the exception); at last the token.
Steps = Generator[Callable[[], object] | Token, Any, None]


@frozen
class AuthEvent:
    """What happened: `kind` is acquired, refreshed, fallback (failed, the old token serves) or failed. Never a value."""

    kind: str
    seconds: float
    error: str | None = None


@frozen
class Need:
    """What a caller needs: a token; after a 401 a better one than `rejected`, with the claims that were asked for."""

    rejected: Token | None = None
    claims: str | None = None

    @property
    def cause(self) -> ChallengeError | None:
        return (
            ChallengeError("the service answered 401", status_code=401) if self.rejected else None
        )


@define(eq=False, kw_only=True)
class TokenSource(ABC):
    """What a store asks for tokens; `native` says that async callers run the steps on their own event loop."""

    clock: Clock
    jitter: Jitter
    total_seconds: float
    native: bool
    on_event: Callable[[AuthEvent], object] | None = None
    closed: bool = False
    loop: loops.PrivateLoop = field(factory=loops.PrivateLoop, repr=False)

    @abstractmethod
    def steps(self, claims: str | None, flight: Flight | None) -> Steps:
        """How to get a token, once for both drivers: steps, then the token. Blocking where there is a flight."""

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
        self.closed = True
        self.loop.close()


class Flight:
    """One token request under way, for which many callers may wait."""

    def __init__(self, epoch: int, source: TokenSource, claims: str | None) -> None:
        self.epoch, self.source, self.claims = epoch, source, claims
        self.started = (
            time.monotonic()
        )  # real time, as the waiting is, whatever clock the tokens have
        self.outcome: Token | AuthError | None = (
            None  # None at the end: given up, another caller must take over
        )
        self.done = threading.Event()
        self.abort: Callable[[], None] = lambda: None  # breaks a blocking request off
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], None]] = []

    @property
    def seconds_left(self) -> float:
        return max(
            0.0, self.source.total_seconds + SLACK_SECONDS - (time.monotonic() - self.started)
        )

    @property
    def overdue(self) -> bool:
        return not self.done.is_set() and not self.seconds_left

    def settle(self, outcome: Token | AuthError | None) -> None:
        with self._lock:
            self.outcome = outcome
            self.done.set()
        for wake in self._wakers:
            wake()

    def subscribe(self, wake: Callable[[], None]) -> None:
        with self._lock:
            if not self.done.is_set():
                return self._wakers.append(wake)
        return wake()


Wait = tuple[
    Flight, bool, float
]  # start the flight, if this caller leads it, then wait for its end so many seconds


class Slot:
    """The current token of one key, and the policy of its refresh.

    | token                           | last request                    | this caller                                  |
    |---------------------------------|---------------------------------|----------------------------------------------|
    | younger than its refresh point  | any                             | uses it; no lock is taken                    |
    | older, still usable             | under way                       | uses it                                      |
    | older, still usable             | failed < 30 s (Retry-After) ago | uses it                                      |
    | older, still usable             | other                           | starts one, waits <= 2 s, uses what is there |
    | none, or not usable             | under way                       | waits, shares its outcome                    |
    | none, or not usable             | refused < 30 s ago, or told to  | gets that error again                        |
    |                                 | wait (Retry-After) until later  |                                              |
    | none, or not usable             | other                           | starts one, waits, shares its outcome        |
    | 401: not rejected, claims asked | any                             | uses it                                      |
    | 401: rejected, < 10 s, no claims| any                             | gets None: a new one would not help          |
    | 401: other                      | any                             | as with none; None if the new is the old one |

    A blocking request runs in a thread of its own, so that no caller's time limit or cancellation ends it and no event
    loop stands still for it. A native one runs in its first caller's task; where that is cancelled, a waiter takes
    over. The lock guards a few assignments: it is never held over I/O or an await.
    """

    def __init__(self) -> None:
        self.current: Token | None = None
        self.owner: object = None  # kept alive, for a key that names it by its id
        self._epoch = 0
        self.after_fork()
        self._forget_failure()
        _ALL_SLOTS.add(self)

    def after_fork(self) -> None:
        """Whoever held the lock or flew a request is not in this process."""
        self._lock = threading.Lock()
        self._flights: dict[str | None, Flight] = {}

    def _forget_failure(self) -> None:
        self._failure: AuthError | None = None
        self._hard_until = self._soft_until = NEVER

    def forget(self, *, token: bool) -> None:
        """The next caller that needs a new token asks at once; with `token` every caller does."""
        with self._lock:
            self.current = None if token else self.current
            self._forget_failure()
            self._epoch += (
                1  # a request under way for the old secret says nothing about the new one
            )

    def get(self, source: TokenSource, need: Need) -> Token | None:
        """The token to send; None where a 401 has no remedy. Raises AuthError."""
        if (token := self.warm(source.clock, need)) is not None:
            return token
        steps = self._resolve(source, need)
        while isinstance(step := next(steps), tuple):
            flight, lead, seconds = step
            if lead:
                self._launch(flight)
            flight.done.wait(seconds)
        return step

    async def aget(self, source: TokenSource, need: Need) -> Token | None:
        """The same for async callers, under asyncio and trio."""
        if (token := self.warm(source.clock, need)) is not None:
            return token
        steps = self._resolve(source, need)
        while isinstance(step := next(steps), tuple):
            flight, lead, seconds = step
            if lead and source.native:
                await self._fly_async(flight)
            elif lead:
                self._launch(flight)
            await loops.wait_for_wake(flight.subscribe, seconds)
        return step

    def warm(self, clock: Clock, need: Need) -> Token | None:
        """A token that needs no look at the policy; takes no lock."""
        token = self.current
        return token if token and need.rejected is None and token.fresh(clock) else None

    def _resolve(
        self, source: TokenSource, need: Need
    ) -> Generator[Wait | Token | None, None, None]:
        while True:
            under_way = self._flights.get(need.claims)
            if under_way is not None and under_way.overdue:
                self._expire(under_way)
            usable, wait = self._decide(source, need)
            if wait is None:
                yield usable
            else:
                yield wait
                flight = wait[0]
                if flight.overdue:
                    self._expire(flight)
                outcome = flight.outcome
                if isinstance(outcome, Token) and outcome.usable(source.clock):
                    yield (
                        None
                        if need.rejected is not None and outcome.same(need.rejected)
                        else outcome
                    )
                if usable is not None and usable.usable(source.clock):
                    yield usable
                if isinstance(outcome, AuthError) and flight.epoch == self._epoch:
                    raise copy.copy(outcome) from need.cause
                # else given up by its leader, of a time before forget(), or expired by now: decide again

    def _decide(self, source: TokenSource, need: Need) -> tuple[Token | None, Wait | None]:
        """The table above: a usable token if there is one, and what to wait for if anything."""
        clock, rejected, claims = source.clock, need.rejected, need.claims
        now = clock.monotonic()
        with self._lock:
            token, known = self.current, False
            if token is not None and rejected is not None and token.same(rejected):
                if claims is None and rejected.age(clock) <= REJECTED_AGE_SECONDS:
                    return None, None
                known = True
            if (
                token is None
                or known
                or not token.usable(clock)
                or claims not in (None, token.claims)
            ):
                token = None
            elif rejected is not None or token.fresh(clock):
                return token, None
            flight = self._flights.get(claims)
            held = source.closed or now < max(self._hard_until, self._soft_until)
            if token is not None and (flight is not None or held):
                return token, None
            if flight is not None:
                return None, (flight, False, flight.seconds_left)
            if self._failure is not None and now < self._hard_until:
                raise copy.copy(self._failure) from need.cause
            if source.closed:
                raise ClosedError(
                    "a new token is needed, but the auth object is closed"
                ) from need.cause
            flight = self._flights[claims] = Flight(self._epoch, source, claims)
            return token, (
                flight,
                True,
                flight.seconds_left if token is None else EARLY_WAIT_SECONDS,
            )

    def _launch(self, flight: Flight) -> None:
        context = contextvars.copy_context()
        try:
            threading.Thread(
                target=context.run, args=(self._fly, flight), name="purview-auth", daemon=True
            ).start()
        except (
            RuntimeError
        ):  # no thread to be had: the interpreter is ending, or the platform has none
            self._fly(flight)

    def _fly(self, flight: Flight) -> None:
        try:
            outcome: Token | AuthError = flight.source.fetch(flight)
        except BaseException as error:  # noqa: BLE001 - all callers wait for it
            outcome = _as_outcome(error)
        self._land(flight, outcome)

    async def _fly_async(self, flight: Flight) -> None:
        source = flight.source
        outcome: Token | AuthError | None = None
        try:
            outcome = await loops.within(
                source.total_seconds, lambda: source.fetch_async(flight.claims)
            )
        except Exception as error:  # noqa: BLE001 - all callers wait for it
            outcome = _as_outcome(error)
        finally:  # where cancelled, without an outcome: a waiter takes over
            self._land(flight, outcome)

    def _expire(self, flight: Flight) -> None:
        flight.abort()
        self._land(flight, _as_outcome(TimeoutError()))

    def _land(self, flight: Flight, outcome: Token | AuthError | None) -> None:
        clock = flight.source.clock
        if isinstance(outcome, Token) and not outcome.usable(clock):
            outcome = TokenResponseError("the token had expired when it came")
        with self._lock:
            if self._flights.get(flight.claims) is not flight:
                return  # over its time: its callers were told so
            del self._flights[flight.claims]
            before, known = self.current, self._failure
            if isinstance(outcome, Token):
                self.current = outcome
                self._forget_failure()
            elif outcome is not None and flight.epoch == self._epoch:
                self._hold(outcome, clock.monotonic())
        if isinstance(outcome, Token):
            _report(flight, "refreshed" if before else "acquired")
        elif outcome is not None:
            serves = before is not None and before.usable(clock)
            if serves and known is None:  # said once, until a request succeeds
                log.warning(
                    "the token could not be refreshed, the one in hand still serves: %s", outcome
                )
            _report(flight, "fallback" if serves else "failed", type(outcome).__name__)
        flight.settle(outcome)

    def _hold(self, failure: AuthError, now: float) -> None:
        """Says until when not to ask again: `soft` binds while a token serves, `hard` always."""
        told = failure.retry_after or (RETRY_SECONDS if failure.permanent else 0.0)
        self._failure, self._hard_until, self._soft_until = (
            failure,
            now + told,
            now + max(told, RETRY_SECONDS),
        )


def _as_outcome(error: BaseException) -> AuthError:
    """The error to share. A copy: the original's traceback, cause and context may hold a secret in some frame.

    And each caller raises a copy of this one, or it would collect the tracebacks of all.
    """
    if isinstance(error, AuthError):
        return copy.copy(error)
    if isinstance(error, TimeoutError):
        return TokenTransportError("the token request was not done within its total time limit")
    return TokenTransportError(f"the token request ended with {type(error).__name__}")


def _report(flight: Flight, kind: str, error: str | None = None) -> None:
    event = AuthEvent(kind, time.monotonic() - flight.started, error)
    log.debug("token %s in %.3f s: %s", event.kind, event.seconds, event.error or "no error")
    try:
        if flight.source.on_event is not None:
            flight.source.on_event(event)
    except Exception as raised:  # noqa: BLE001 - a hook of the user's
        log.warning("on_event raised %s", type(raised).__name__)


class TokenStore(Sealed):
    """Tokens by key (authority, tenant, client, resource); give one to several auth objects to share their tokens."""

    def __init__(self) -> None:
        self._slots: dict[Hashable, Slot] = {}

    def slot(self, key: Hashable) -> Slot:
        return self._slots.setdefault(key, Slot())


_ALL_SLOTS: weakref.WeakSet[Slot] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for slot in list(_ALL_SLOTS):
        slot.after_fork()


# Where there is no fork, dict() takes the argument and nothing comes of it.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)
forks_wait_for_imports()

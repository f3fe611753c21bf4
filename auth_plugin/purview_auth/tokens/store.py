"""The token store: one current token per key, one request for it at a time, for threads and
tasks together.
"""

from __future__ import annotations

import contextvars
import copy
import logging
import os
import threading
import weakref
from collections.abc import Generator, Hashable

from purview_auth.errors import AuthError, ClosedError, TokenResponseError
from purview_auth.network import loops
from purview_auth.network.half_imports import forks_wait_for_imports

from .flight import AuthEvent as AuthEvent
from .flight import Flight, Need, TokenSource, as_outcome, report
from .token import Clock, Sealed, Token

log = logging.getLogger("purview_auth")

RETRY_SECONDS = 30.0
REJECTED_AGE_SECONDS = 10.0
EARLY_WAIT_SECONDS = 2.0
SLACK_SECONDS = 1.0
NEVER = float("-inf")

Wait = tuple[Flight, bool, float]
"""A request to wait for: whether this caller is to start it, and seconds to wait for its end at most."""


class Slot:
    """The current token of one key, and the policy of its refresh.

    | token                        | last request                  | this caller                   |
    |------------------------------|-------------------------------|-------------------------------|
    | younger than its refresh     | any                           | uses it; no lock is taken     |
    | point                        |                               |                               |
    | older, still usable          | under way                     | uses it                       |
    | older, still usable          | failed < 30 s (Retry-After)   | uses it                       |
    |                              | ago                           |                               |
    | older, still usable          | other                         | starts one, waits <= 2 s,     |
    |                              |                               | uses what is there            |
    | none, or not usable          | under way                     | waits, shares its outcome     |
    | none, or not usable          | refused < 30 s ago, or told   | gets that error again         |
    |                              | to wait (Retry-After) until   |                               |
    |                              | later                         |                               |
    | none, or not usable          | other                         | starts one, waits, shares its |
    |                              |                               | outcome                       |
    | 401: not rejected, claims    | any                           | uses it                       |
    | asked                        |                               |                               |
    | 401: rejected, < 10 s, no    | any                           | gets None: a new one would    |
    | claims                       |                               | not help                      |
    | 401: other                   | any                           | as with none; None if the new |
    |                              |                               | is the old one                |

    A blocking request runs in a thread of its own, so that no caller's time limit or cancellation
    ends it and no event loop stands still for it. A native one runs in its first caller's task;
    where that is cancelled, a waiter takes over. The lock guards a few assignments: it is never
    held over I/O or an await.
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
                # else given up by its leader, of a time before forget(), or expired by now: decide
                # again

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
        work = threading.Thread(
            target=context.run, args=(self._fly, flight), name="purview-auth", daemon=True
        )
        try:
            work.start()
        except RuntimeError:
            # no thread to be had: the interpreter is ending, or the platform has none
            self._fly(flight)

    def _fly(self, flight: Flight) -> None:
        try:
            outcome: Token | AuthError = flight.source.fetch(flight)
        except BaseException as error:  # noqa: BLE001 - all callers wait for it
            outcome = as_outcome(error)
        self._land(flight, outcome)

    async def _fly_async(self, flight: Flight) -> None:
        source = flight.source
        outcome: Token | AuthError | None = None
        try:
            outcome = await loops.within(
                source.total_seconds, lambda: source.fetch_async(flight.claims)
            )
        except Exception as error:  # noqa: BLE001 - all callers wait for it
            outcome = as_outcome(error)
        finally:  # where cancelled, without an outcome: a waiter takes over
            self._land(flight, outcome)

    def _expire(self, flight: Flight) -> None:
        flight.abort()
        self._land(flight, as_outcome(TimeoutError()))

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
            report(flight, "refreshed" if before else "acquired")
        elif outcome is not None:
            serves = before is not None and before.usable(clock)
            if serves and known is None:  # said once, until a request succeeds
                log.warning(
                    "the token could not be refreshed, the one in hand still serves: %s", outcome
                )
            report(flight, "fallback" if serves else "failed", type(outcome).__name__)
        flight.settle(outcome)

    def _hold(self, failure: AuthError, now: float) -> None:
        """Says until when not to ask again: `soft` binds while a token serves, `hard` always."""
        told = failure.retry_after or (RETRY_SECONDS if failure.permanent else 0.0)
        self._failure = failure
        self._hard_until, self._soft_until = now + told, now + max(told, RETRY_SECONDS)


class TokenStore(Sealed):
    """Tokens by key (authority, tenant, client, resource); give one to several auth objects to
    share their tokens.
    """

    def __init__(self) -> None:
        self._slots: dict[Hashable, Slot] = {}

    def slot(self, key: Hashable) -> Slot:
        """The slot of a key, made at its first use."""
        return self._slots.setdefault(key, Slot())


_ALL_SLOTS: weakref.WeakSet[Slot] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for slot in list(_ALL_SLOTS):
        slot.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
forks_wait_for_imports()

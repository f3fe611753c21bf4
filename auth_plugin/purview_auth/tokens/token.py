"""Secrets, tokens and their ages: plain values, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Protocol, Self

from attrs import Factory, field, frozen

JITTER_SECONDS = 60.0
EARLY_SECONDS = 300.0
SEND_MARGIN_SECONDS = 5.0
HALF_LIFE_FROM_SECONDS = 7200.0


class Clock(Protocol):
    """Where time comes from; the module `time` is one."""

    def time(self) -> float:
        """Seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...


Moment = tuple[float, float]  # on the wall clock and on the monotonic one
Jitter = Callable[[], float]  # a random number from 0 to 1


class Sealed:
    """Holds or leads to a secret: it is shared by copies, and not pickled."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} is not picklable: build it in the process that uses it"
        )


class Bearer(Sealed, bytes):
    """The value of an Authorization header; its repr, which tracebacks with locals print, does
    not show it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'Bearer ***'"

    __str__ = __repr__


class Secret(Sealed):
    """A string that shows itself only when asked: not in repr, vars, pickles, or the locals of a
    traceback.
    """

    __slots__ = ("_value", "bearer")

    def __init__(self, value: str) -> None:
        self._value, self.bearer = value, Bearer(f"Bearer {value}".encode())

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"


@frozen
class TokenInfo:
    """What may be known about a token: seconds since the epoch, and seconds from now."""

    expires_on: float
    expires_in: float
    refresh_on: float


def _due(token: Token) -> Moment:
    return token.sent[0] + token.refresh_after, token.sent[1] + token.refresh_after


@frozen(eq=False)
class Token:
    """A bearer token with its age limits, in seconds since the moment before the request for it was
    sent.

    Its age is the greater of what the two clocks say: the wall clock counts the sleep of a
    suspended machine, where the monotonic one stands still, and the monotonic one is not fooled by
    a wall clock that is set back.
    """

    secret: Secret
    sent: Moment
    lifetime: float
    refresh_after: float
    claims: str | None = field(default=None, repr=False)
    due: Moment = field(init=False, repr=False, default=Factory(_due, takes_self=True))

    def fresh(self, clock: Clock) -> bool:
        """Is it younger than its refresh point?"""
        wall, monotonic = self.due
        return clock.monotonic() < monotonic and clock.time() < wall

    def age(self, clock: Clock) -> float:
        """Seconds since it was asked for, by whichever clock says more."""
        return max(clock.time() - self.sent[0], clock.monotonic() - self.sent[1])

    def usable(self, clock: Clock) -> bool:
        """May it still be sent? Some seconds are kept back for the way to the service."""
        return self.age(clock) < self.lifetime - min(SEND_MARGIN_SECONDS, self.lifetime / 10)

    def same(self, other: Token) -> bool:
        """Whether both are the same token."""
        return self.secret.reveal() == other.secret.reveal()


def refresh_after(lifetime: float, refresh_in: float | None, jitter: Jitter) -> float:
    """Age in seconds at which a token is due for an early refresh.

    refresh_in where it is given and before expiry; else half of a lifetime of 2 h and more; else
    300 s before expiry, or half of a shorter life. Up to 60 s of jitter come off (a tenth of a
    short life), so that many processes do not refresh together. Never before 30 s or half of the
    life, so that an odd answer cannot make every call a refresh.
    """
    due = (
        lifetime / 2
        if lifetime >= HALF_LIFE_FROM_SECONDS
        else lifetime - min(EARLY_SECONDS, lifetime / 2)
    )
    if refresh_in is not None and refresh_in < lifetime:
        due = refresh_in
    return max(due - jitter() * min(JITTER_SECONDS, lifetime / 10), min(30.0, lifetime / 2))

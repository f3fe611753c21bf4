"""What long jobs meet at the live service: late search, tokens that expire, long addresses, 429."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from purview_testing.contracts.messages import Problem, RequestMessage

from . import arguments

# Characters of path and query that the service reads: 193 guids in one GET, no more.
LONGEST_URL = 8_192


class LimitOptions(TypedDict, total=False):
    """The arguments of a sandbox that are limits."""

    search_lag: float
    page_lifetime: float | None
    longest_url: int | None
    parents_return: bool
    rate: float | None


@dataclass(frozen=True)
class Limits:
    """The limits of a sandbox; see Sandbox for what each one does.

    Lags and lifetimes are seconds, the address is counted in characters, the rate in calls a
    second.
    """

    search_lag: float = 0
    page_lifetime: float | None = None
    longest_url: int | None = LONGEST_URL
    parents_return: bool = False
    rate: float | None = None

    def __post_init__(self) -> None:
        arguments.number("search_lag", self.search_lag, 0)
        arguments.number("page_lifetime", self.page_lifetime, 0, none=True)
        arguments.number("longest_url", self.longest_url, 1, whole=True, none=True)
        arguments.flag("parents_return", self.parents_return)
        arguments.number("rate", self.rate, 0.001, none=True)

    def check_url(self, request: RequestMessage) -> None:
        """Raises the 414 of the service for an address that is too long."""
        target = request.raw_path + ("?" if request.raw_query else "") + request.raw_query
        if self.longest_url is not None and len(target) > self.longest_url:
            raise Problem(
                414,
                "UriTooLong",
                f"The address has {len(target):,} characters, more than {self.longest_url:,}; "
                "name fewer things in one call.",
            )


class RateLimiter:
    """Admits so many calls a second, and as many at once; calls that are refused do not count."""

    def __init__(self, rate: float | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forgets the calls so far."""
        self._left = max(1.0, self._rate or 0)
        self._at = self._clock()

    def check(self) -> None:
        """Counts a call; raises a 429 with the whole seconds to wait where there are too many."""
        if self._rate is None:
            return
        now = self._clock()
        self._left = min(max(1.0, self._rate), self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            wait = math.ceil((1 - self._left) / self._rate)
            text = f"More than {self._rate:g} calls a second; wait {wait} s."
            raise Problem(429, "TooManyRequests", text, headers={"Retry-After": str(wait)})
        self._left -= 1

"""Whether and when a failed call is tried again: pure decisions, and the little that calls over
one session share.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from purview_core.errors import (
    ConnectError,
    HttpError,
    ServerError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
)
from purview_core.options import Retry

from .request import PreparedRequest

_IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
_PASSING = {408, 500, 502, 503, 504}
_CALLERS_FAULT = (
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.DecodingError,
    httpx.TooManyRedirects,
)
MOST_RETRIES = 50.0
_GIVEN_BACK = 0.1  # of a retry, by each call that went well
NEVER = float("-inf")


class Budget:
    """Retries that the calls over one session may still make.

    Approximate under threads, so that it needs no lock.
    """

    def __init__(self) -> None:
        self.left = MOST_RETRIES

    def take(self) -> bool:
        """Whether there is a retry left, which is then taken."""
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def give_back(self, retries: int) -> None:
        """A call went well: what it took comes back, and a little more."""
        if self.left < MOST_RETRIES:
            self.left = min(MOST_RETRIES, self.left + retries + _GIVEN_BACK)


class Gate:
    """The pause that a 429 asks of all calls to one plane: until when, on the client's clock,
    and the answer that asked.
    """

    def __init__(self) -> None:
        self.until = NEVER
        self.asked: HttpError | None = None

    def close(self, until: float, asked: HttpError) -> None:
        """Holds all calls until then, unless they are held for longer already."""
        if until > self.until:
            self.until, self.asked = until, asked


def pause(
    failure: HttpError | TransportError,
    prepared: PreparedRequest,
    attempt: int,
    retry: Retry,
    random: Callable[[], float],
) -> tuple[float | None, str]:
    """Seconds until the next try; or None, and why there is none where that is not plain from
    the failure itself.
    """
    if not _may_repeat(failure, prepared, writes=retry.writes):
        return None, ""
    if not prepared.replayable:
        return None, "the body cannot be sent again"
    if attempt >= retry.attempts:
        return None, ""
    asked = failure.retry_after if isinstance(failure, (ThrottledError, ServerError)) else None
    if asked is not None and asked > retry.longest_wait_s:
        return (
            None,
            (
                f"the service asks to wait {asked:g} s, the longest wait allowed is "
                f"{retry.longest_wait_s:g} s"
            ),
        )
    if asked is not None:
        return asked, ""
    return float(random() * min(retry.first_wait_s * 2 ** (attempt - 1), retry.longest_wait_s)), ""


def _may_repeat(
    failure: HttpError | TransportError, prepared: PreparedRequest, *, writes: bool
) -> bool:
    if isinstance(failure, (ConnectError, ThrottledError)):
        return True  # nothing was sent, or nothing was done
    if isinstance(failure, HttpError):
        return failure.status_code in _PASSING and (writes or _repeatable(prepared))
    if isinstance(failure, TransportTimeoutError) or not failure.passing:
        return False
    return writes or _repeatable(prepared)


def _repeatable(prepared: PreparedRequest) -> bool:
    operation = prepared.operation
    return (
        prepared.method in _IDEMPOTENT
        or operation.retry_safe
        or any(p.auto for p in operation.parameters)
    )


def is_passing(error: Exception) -> bool:
    """Whether a failure of the transport can be another one next time; a request that httpx
    refuses cannot.
    """
    return not isinstance(error, _CALLERS_FAULT)

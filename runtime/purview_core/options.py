"""What a client lets people choose, with the values that hold when they choose nothing."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping

import httpx

from .operation import Facts

VERSION = "0.1.0"
USER_AGENT = f"purview-dataplane/{VERSION} python/{sys.version_info[0]}.{sys.version_info[1]}"
DEFAULT_TIMEOUT_S = httpx.Timeout(60.0, connect=10.0)
DEFAULT_TOTAL_TIMEOUT_S = 600.0
_REFUSED = {
    "authorization": "it is made from auth=",
    "host": "it is made from the endpoint",
    **dict.fromkeys(("content-length", "content-type", "transfer-encoding"), "it is made from the body"),
    "x-ms-client-request-id": "each call has its own",
    "purview-client-attempt": "each try has its own",
    **dict.fromkeys(("expect", "te", "upgrade"), "it is about the connection"),
}
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[!-~]+([ \t]+[!-~]+)*|")

Timeout = float | httpx.Timeout | None


class Retry(Facts):
    """When a call is tried again: `attempts` in all, waits in seconds.

    | failure                           | tried again                                                           |
    |-----------------------------------|-----------------------------------------------------------------------|
    | could not connect, TLS broken off | any operation                                                         |
    | 429                               | any operation                                                         |
    | cut off, 408, 500, 502 - 504      | GET, PUT and DELETE; what sends an id that makes it repeatable; what  |
    |                                   | is marked safe to repeat (a POST that reads); no other POST or PATCH  |
    | no answer in time                 | never: `timeout` is what the caller is ready to wait                   |
    | anything else                     | never                                                                 |

    Never where the body cannot be sent again, and never beyond the `total_timeout` of the client.
    Between tries: Retry-After where it is given and at most `longest_wait_s` (else the error is raised), or a random
    time up to `first_wait_s` doubled for each try. A 429 pauses all calls to that plane over the same connections.
    Calls over the same connections share a budget of retries, so that many workers do not multiply a brown-out.
    """

    __slots__ = ("attempts", "first_wait_s", "longest_wait_s")
    attempts: int
    first_wait_s: float
    longest_wait_s: float

    def __init__(self, attempts: int = 3, first_wait_s: float = 0.5, longest_wait_s: float = 60.0) -> None:
        if not isinstance(attempts, int):
            raise TypeError(f"attempts must be a whole number, not {attempts!r}")
        if attempts < 1:
            raise ValueError("attempts must be 1 or more: the first try counts")
        if not (first_wait_s >= 0 and longest_wait_s >= 0):
            raise ValueError("first_wait_s and longest_wait_s are seconds, 0 or more")
        self._set(attempts=attempts, first_wait_s=first_wait_s, longest_wait_s=longest_wait_s)


NO_RETRY = Retry(attempts=1)


def checked_retry(retry: Retry | None) -> Retry:
    if retry is not None and not isinstance(retry, Retry):
        raise TypeError(f"retry= takes a Retry, not {type(retry).__name__}")
    return retry or Retry()


def checked_timeout(timeout: Timeout) -> httpx.Timeout:
    """None is the default, a number holds for each of connect, read, write and pool, infinity is no limit."""
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return DEFAULT_TIMEOUT_S if timeout is None else timeout
    _positive("timeout", timeout)
    return httpx.Timeout(None if math.isinf(timeout) else timeout)


def checked_total(seconds: float | None) -> float:
    """None is the default, infinity is no limit."""
    if seconds is None:
        return DEFAULT_TOTAL_TIMEOUT_S
    _positive("total_timeout", seconds)
    return float(seconds)


def _positive(name: str, seconds: object) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name}= takes seconds, not {type(seconds).__name__}")
    if not seconds > 0:  # NaN is not above 0 either
        raise ValueError(f"{name}= must be above 0 seconds, not {seconds}; math.inf is no limit, None the default")


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers that a client adds to each request; raises ValueError for those that are not its to give, and TypeError or
    ValueError for what is no header: some transports would send it."""
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"headers= takes text, not {name!r} with {type(value).__name__}")
        if name.lower() in _REFUSED:
            raise ValueError(f"headers= may not hold {name}: {_REFUSED[name.lower()]}")
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(
                f"headers= may not hold {name!r} so: its name or value has a character that no header may hold"
            )
    return dict(headers or {})

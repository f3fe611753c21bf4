"""What a client lets people choose, with the values that hold when they choose nothing."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import NamedTuple

import httpx

from .operation import Facts
from .version import VERSION

USER_AGENT = f"purview-dataplane/{VERSION} python/{sys.version_info[0]}.{sys.version_info[1]}"
DEFAULT_TIMEOUT_S = httpx.Timeout(60.0, connect=10.0)
DEFAULT_TOTAL_TIMEOUT_S = 600.0
DEFAULT_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_REFUSED = {
    "authorization": "it is made from auth=",
    "host": "it is made from the endpoint",
    **dict.fromkeys(
        ("content-length", "content-type", "transfer-encoding"), "it is made from the body"
    ),
    "x-ms-client-request-id": "each call has its own",
    "purview-client-attempt": "each try has its own",
    **dict.fromkeys(("expect", "te", "upgrade"), "it is about the connection"),
}
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[!-~]+([ \t]+[!-~]+)*|")

Timeout = float | httpx.Timeout | None


def seconds(name: str, value: object, *, zero: bool = False) -> None:
    """Raises TypeError or ValueError, in one line with the name, for what is no time to wait."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name}= takes seconds, not {type(value).__name__}")
    if not (value >= 0 if zero else value > 0):  # NaN is neither
        raise ValueError(
            f"{name}= must be {'0 or more' if zero else 'above 0'} seconds, not {value}; math.inf is no limit"
        )


def whole(name: str, value: object, least: int) -> None:
    """The same for what is no number of things."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}= takes a whole number, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}= must be {least} or more, not {value}")


def flag(name: str, value: object) -> bool:
    """The same for what is neither True nor False: "false" from an environment is true to Python."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}= takes True or False, not {type(value).__name__}")
    return value


class Retry(Facts):
    """When a call is tried again: `attempts` in all, waits in seconds.

    | failure                           | tried again                                              |
    |-----------------------------------|----------------------------------------------------------|
    | could not connect, TLS broken off | any operation                                            |
    | 429                               | any operation                                            |
    | cut off, 408, 500, 502 - 504      | GET, PUT and DELETE; what sends an id that makes it      |
    |                                   | repeatable; what is marked safe to repeat (a POST that   |
    |                                   | reads); any other POST or PATCH with `writes`            |
    | no answer in time                 | never: `timeout` is what the caller is ready to wait     |
    | anything else                     | never                                                    |

    `writes`: the caller knows that the writes of these calls may be done twice, such as a bulk upsert by qualified name:
    `client.with_options(retry=Retry(writes=True)).entity.batch_create_or_update(body=...)`.

    Never where the body cannot be sent again, and never beyond the `total_timeout` of the client.
    Between tries: Retry-After where it is given and at most `longest_wait_s` (else the error is raised), or a random
    time up to `first_wait_s` doubled for each try. A 429 pauses all calls to that plane over the same connections.
    Calls over the same connections share a budget of retries, so that many workers do not multiply a brown-out.
    """

    __slots__ = ("attempts", "first_wait_s", "longest_wait_s", "writes")
    attempts: int
    first_wait_s: float
    longest_wait_s: float
    writes: bool

    def __init__(
        self,
        attempts: int = 3,
        first_wait_s: float = 0.5,
        longest_wait_s: float = 60.0,
        *,
        writes: bool = False,
    ) -> None:
        whole("attempts", attempts, 1)
        seconds("first_wait_s", first_wait_s, zero=True)
        seconds("longest_wait_s", longest_wait_s, zero=True)
        self._set(attempts=attempts, first_wait_s=first_wait_s, longest_wait_s=longest_wait_s)
        self._set(writes=flag("writes", writes))


NO_RETRY = Retry(attempts=1)


class CallOptions(NamedTuple):
    """What a client was told of its calls, checked and with the defaults filled in.

    Attributes:
        timeout: seconds for each of connect, read, write and pool; None is no limit.
        total_s: seconds for a call in all; infinity is no limit.
        most_bytes: the largest answer that is read into memory, decoded; infinity is no limit.
        retry: when a call is tried again.
        headers: added to each request.
        strict: whether an answer that is not as declared is an error.
        on_response: called with each good answer before it is decoded.
    """

    timeout: Mapping[str, float | None]
    total_s: float
    most_bytes: float
    retry: Retry
    headers: Mapping[str, str]
    strict: bool
    on_response: Callable[[httpx.Response], object] | None = None


def checked_retry(retry: Retry | None) -> Retry:
    """The retry policy, the default for None."""
    if retry is not None and not isinstance(retry, Retry):
        raise TypeError(f"retry= takes a Retry, not {type(retry).__name__}")
    return retry or Retry()


def checked_timeout(timeout: Timeout) -> httpx.Timeout:
    """None is the default, a number holds for each of connect, read, write and pool, infinity is no limit."""
    if timeout is None:
        return DEFAULT_TIMEOUT_S
    if isinstance(timeout, httpx.Timeout):
        for name, value in timeout.as_dict().items():
            if value is not None:
                seconds(f"timeout=httpx.Timeout: {name}", value, zero=True)
        return timeout
    seconds("timeout", timeout)
    return httpx.Timeout(None if math.isinf(timeout) else timeout)


def checked_total(total: float | None) -> float:
    """None is the default, infinity is no limit."""
    if total is None:
        return DEFAULT_TOTAL_TIMEOUT_S
    seconds("total_timeout", total)
    return float(total)


def checked_most(count: float | None, default: float = DEFAULT_MAX_ANSWER_BYTES) -> float:
    """Bytes of an answer; None is the default, infinity is no limit."""
    if count is None:
        return default
    if count != math.inf:
        whole("max_answer_bytes", count, 1)
    return count


def checked_version(api_version: str | None, default: str) -> str:
    """The api-version to send, the default for None."""
    if api_version is not None and not (
        isinstance(api_version, str) and api_version.isascii() and api_version
    ):
        raise TypeError(f"api_version= takes text such as {default!r}, not {api_version!r}")
    return api_version or default


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers that a client adds to each request; raises ValueError for those that are not its to give, and TypeError or
    ValueError for what is no header: some transports would send it."""
    if headers is not None and not isinstance(headers, Mapping):
        raise TypeError(f"headers= takes a mapping of names to text, not {type(headers).__name__}")
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


def checked_hook(
    hook: Callable[[httpx.Response], object] | None,
) -> Callable[[httpx.Response], object] | None:
    """What is called with each good answer; raises TypeError for what nothing would await."""
    if hook is not None and not callable(hook):
        raise TypeError(f"on_response= takes a function of one argument, not {type(hook).__name__}")
    if iscoroutinefunction(hook) or iscoroutinefunction(getattr(hook, "__call__", None)):  # noqa: B004 - a partial or an object
        what = "a plain function, not a coroutine function: nothing awaits it"
        raise TypeError(f"on_response= takes {what}")
    return hook

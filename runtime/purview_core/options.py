"""What a client lets people choose, with the values that hold when they choose nothing."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import httpx

VERSION = "0.1.0"
USER_AGENT = f"purview-dataplane/{VERSION}"
DEFAULT_TIMEOUT_S = httpx.Timeout(60.0, connect=10.0)
_REFUSED = {"authorization", "host"}


@attrs.frozen
class Retry:
    """When a call is tried again: `attempts` in all, waits in seconds.

    | failure                        | tried again                                                      |
    |--------------------------------|------------------------------------------------------------------|
    | could not connect              | any operation                                                    |
    | 429                            | any operation whose body can be sent again                       |
    | cut off, 408, 500, 502 - 504   | reads, PUT and DELETE, and what is marked safe to repeat         |
    | no answer in time              | never: `timeout` is what the caller is ready to wait              |
    | anything else                  | never                                                            |

    Between tries: Retry-After where it is given and at most `longest_wait_s` (else the error is raised), or a random time up to
    `first_wait_s` doubled for each try.
    """

    attempts: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0


NO_RETRY = Retry(attempts=1)


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers that a client adds to each request; raises ValueError for those that are not its to give."""
    for name in headers or {}:
        if name.lower() in _REFUSED:
            raise ValueError(
                f"headers= may not hold {name}: it is made from {'auth=' if name.lower() != 'host' else 'the endpoint'}"
            )
    return dict(headers or {})

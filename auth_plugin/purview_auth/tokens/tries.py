"""When a failed request for a token is tried again: one policy for the token endpoint and for
credentials. No I/O.
"""

from __future__ import annotations

from purview_auth.errors import AuthError

from .token import Jitter

TRIES = 3
# 410: a managed identity's endpoint that is being updated
PASSING_STATUSES = frozenset({408, 410, 429})


def is_passing_status(status: int) -> bool:
    """Whether an answer with this status may be another one soon; all other failures of 400 and
    above are refusals.
    """
    return status >= 500 or status in PASSING_STATUSES


def pause_after(
    failure: AuthError,
    tried: int,
    left: float,
    pauses: tuple[tuple[float, float], ...],
    jitter: Jitter,
) -> float:
    """Seconds until the next try: what the failure asks for, else of `pauses` (at least, and up to
    so much more).

    Raises the failure where there is none: after three tries, and where the pause would outlast the
    `left` seconds.
    """
    least, more = pauses[min(tried, len(pauses)) - 1]
    pause = least + jitter() * more if failure.retry_after is None else failure.retry_after
    if tried >= TRIES or pause >= left:
        raise failure
    return pause

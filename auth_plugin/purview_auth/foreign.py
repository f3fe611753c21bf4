"""What the exceptions of credentials mean. Known by name, since no such library is needed here.

| the exception, or one that it was raised | is        | then                                      |
| from                                     |           |                                           |
|------------------------------------------|-----------|-------------------------------------------|
| has a `response` of 408, 410, 429, 500   | passing   | tried again, after Retry-After            |
| and above                                |           |                                           |
| says that nothing answered, or "not now" | passing   | tried again                               |
| has a `response` of 400 and above, or    | a refusal | told to every caller for 30 s             |
| AADSTS numbers                           |           |                                           |
| anything else                            | not known | told to this caller; the next call asks   |
|                                          |           | again                                     |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx

from .errors import SECRET_HINTS, AuthError, CredentialError, hint_for
from .tokens.token_answers import aadsts, retry_after
from .tokens.tries import is_passing_status

_NO_ANSWER = {
    *("ServiceRequestError", "ServiceResponseError", "ClientConnectionError", "gaierror"),
    *(
        "ConnectionError",
        "TimeoutError",
        "NetworkError",
        "TimeoutException",
        "RemoteProtocolError",
        "ProxyError",
    ),
}
_STATUS = re.compile(r"HTTP Error: (\d{3})\b")  # of msal, which keeps no response
# of managed identities, which keep none either
_OAUTH = re.compile(r"Token request error: \((\w{1,60})\)")
_REFUSALS = {
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "invalid_resource",
    "invalid_scope",
    "access_denied",
}
_WITHOUT_SECRET = (
    *(
        "ManagedIdentity",
        "Imds",
        "AppService",
        "Certificate",
        "Assertion",
        "Workload",
        "Pipelines",
        "CliCred",
    ),
    *(
        "PowerShell",
        "Interactive",
        "DeviceCode",
        "SharedToken",
        "VisualStudio",
        "AuthorizationCode",
    ),
)
# The service's own words for "not now", where the credential keeps no status: retry, timeout,
# unavailable, throttled.
_PASSING_CODES = frozenset({90006, 90012, 90033, 90055})
_CHAIN = 8
_BY_ITSELF = "Ask the credential for a token by itself, to see its own message."


def read(error: Exception, credential: object, wall: float) -> tuple[AuthError, bool]:
    """Our error for what a credential raised, and whether it is passing.

    Of its text only numbers, for it may hold anything.
    """
    if isinstance(error, AuthError):
        return error, False
    chain = list(_chain(error))
    text = " ".join(str(one)[:4_000] for one in chain)
    codes, status, asked = tuple(aadsts(str(error))[:8]), *_status(chain, text, wall)
    oauth = next((found[1] for found in _OAUTH.finditer(text)), None)
    if status is not None:
        passing, refused = is_passing_status(status), not is_passing_status(status)
    elif any(kind.__name__ in _NO_ANSWER for one in chain for kind in type(one).__mro__):
        passing, refused = True, False
    else:
        passing = _PASSING_CODES.issuperset(codes) if codes else _of_a_service(error, oauth)
        refused = not passing and (bool(codes) or oauth in _REFUSALS)
    what = f"the credential raised {type(error).__name__}"
    hint = (
        "Its token service failed or did not answer: try again later."
        if passing
        else _hint(codes, credential)
    )
    found = CredentialError(
        what, error_codes=codes, hint=hint, permanent=refused, status_code=status, retry_after=asked
    )
    return found, passing


def _of_a_service(error: Exception, oauth: str | None) -> bool:
    """Whether an error without status and number was answered by a service: of Entra all
    refusals have a number.
    """
    if oauth is not None:
        return oauth not in _REFUSALS
    return (
        str(error).startswith("Authentication failed: ")
        and error.__cause__ is None
        and error.__context__ is None
    )


def _hint(codes: tuple[int, ...], credential: object) -> str:
    """No word of a client secret where the credential has none."""
    hint = hint_for(codes, None)
    return (
        _BY_ITSELF
        if hint is None or (hint in SECRET_HINTS and not _has_secret(credential))
        else hint
    )


def _has_secret(credential: object) -> bool:
    name = type(credential).__name__
    return not any(part in name for part in _WITHOUT_SECRET)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it was raised from, the nearest first."""
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen and len(seen) < _CHAIN:
        seen.append(one)
        yield one
        one = one.__cause__ or one.__context__


def _status(chain: list[BaseException], text: str, wall: float) -> tuple[int | None, float | None]:
    """Status and Retry-After of the answer that the credential got."""
    for one in chain:
        response: Any = getattr(one, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(status, int) and status >= 400:
            return status, _asked(getattr(response, "headers", None), wall)
    said = _STATUS.search(text)
    return (int(said[1]) if said and int(said[1]) >= 400 else None), None


def _asked(headers: Any, wall: float) -> float | None:
    try:
        return retry_after(
            httpx.Headers({str(name): str(value) for name, value in dict(headers or {}).items()}),
            wall,
        )
    except (TypeError, ValueError):
        return None

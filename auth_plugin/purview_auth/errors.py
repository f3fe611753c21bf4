"""Errors of the auth plug-in, and the root of all errors of the project.

PurviewError
  AuthError (= PurviewAuthError)   no token, or the token may not be sent
    ConfigurationError             wrong argument or environment (also a ValueError)
    HostRefusedError               the URL is not one that may get the token; nothing was sent
    ClosedError                    a new token is needed after close()
    ChallengeError                 the service's 401, as the cause of the error that says why there is no better token
    TokenTransportError            the token endpoint was not reached, or did not answer in time
    TokenRequestError              the token endpoint answered with an error status
    TokenResponseError             the answer of the token endpoint or the credential is not a usable token
    CredentialError                the credential, or the callable that gives the secret, raised

No error holds a secret, a token, a request or a raw body, and none is chained to an error that does.
"""

from __future__ import annotations

import copy
from typing import Any, Self


class PurviewError(Exception):
    """Root of all errors that the project raises on purpose."""


class AuthError(PurviewError):
    """No token could be had, or it may not be sent; `hint` says what a person can do.

    `error` is the OAuth error, `error_codes` the AADSTS numbers; `correlation_id`, `trace_id` and `timestamp` are what
    the vendor's support asks for. `permanent`: trying again unchanged cannot help. `retry_after`: seconds.
    """

    error: str | None = None
    error_codes: tuple[int, ...] = ()
    correlation_id: str | None = None
    trace_id: str | None = None
    timestamp: str | None = None
    tenant: str | None = None
    client_id: str | None = None
    authority: str | None = None
    hint: str | None = None
    status_code: int | None = None
    retry_after: float | None = None
    permanent: bool = False

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message)
        vars(self).update(details)

    def __str__(self) -> str:
        facts = [f"HTTP {self.status_code}"] if self.status_code else []
        facts += [f"AADSTS{code}" for code in self.error_codes]
        for name in ("error", "tenant", "client_id", "authority", "correlation_id", "trace_id", "timestamp"):
            if (value := getattr(self, name)) is not None:
                facts.append(f"{name}={value}")
        text = str(self.args[0]) + (f" ({', '.join(facts)})" if facts else "")
        return f"{text}. {self.hint}" if self.hint else text

    def again(self) -> Self:
        """A copy to raise: one exception object raised in many threads would collect all their tracebacks."""
        return copy.copy(self)


PurviewAuthError = AuthError


class ConfigurationError(AuthError, ValueError):
    """An argument or an environment variable is missing or wrong."""


class HostRefusedError(AuthError):
    """The request's URL is not one that may get the token; nothing was sent."""


class ClosedError(AuthError):
    """A new token is needed, but the auth object was closed."""


class ChallengeError(AuthError):
    """The service answered 401."""


class TokenTransportError(AuthError):
    """The token endpoint was not reached, or did not answer in time."""


class TokenRequestError(AuthError):
    """The token endpoint answered with an error status."""


class TokenResponseError(AuthError):
    """The answer is not a usable token."""


class CredentialError(AuthError):
    """The credential, or the callable that gives the secret, raised."""

"""Errors of the auth plug-in, and the root of all errors of the project.

PurviewError
  AuthError (= PurviewAuthError)   no token, or the token may not be sent
    ConfigurationError             wrong argument or environment (also a ValueError)
    HostRefusedError               the URL is not one that may get the token
    ClosedError                    a token is needed after close()
    ChallengeError                 the service's 401, as the cause of a failed answer to it
    TokenTransportError            the token endpoint was not reached, or not in time
    TokenRequestError              the token endpoint refused (4xx) or failed (5xx)
    TokenResponseError             the token endpoint's answer is not a usable token
    CredentialError                the credential object or the secret's source raised

No error holds a secret, a token, a request or a raw body, and none is chained to an error that does.
"""

from __future__ import annotations

import copy
from typing import Self, TypedDict, Unpack


class PurviewError(Exception):
    """Root of all errors that the project raises on purpose."""


class Details(TypedDict, total=False):
    """What an AuthError knows beside its message."""

    error: str | None
    error_codes: tuple[int, ...]
    correlation_id: str | None
    trace_id: str | None
    timestamp: str | None
    tenant: str | None
    client_id: str | None
    authority: str | None
    hint: str | None
    status_code: int | None
    retry_after: float | None
    permanent: bool


class AuthError(PurviewError):
    """No token could be had, or it may not be sent; `hint` says what a person can do.

    `error` is the OAuth error, `error_codes` the AADSTS numbers; `correlation_id`, `trace_id` and `timestamp` are what
    the vendor's support asks for. `permanent` says that trying again unchanged cannot help.
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

    def __init__(self, message: str = "", **details: Unpack[Details]) -> None:
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
    """The service answered 401; the cause of the error that says why no better token could be had."""


class TokenTransportError(AuthError):
    """The token endpoint was not reached, or did not answer in time."""


class TokenRequestError(AuthError):
    """The token endpoint answered with an error status."""


class TokenResponseError(AuthError):
    """The token endpoint's answer (or the credential's) is not a usable token."""


class CredentialError(AuthError):
    """The credential object, or the callable that gives the secret, raised."""


def forbidden_hint(roles: tuple[str, ...] = ()) -> str:
    """What a person can do about a 403 of the service; `roles` are the collection roles that the plane needs."""
    role = (
        " or ".join(roles) if roles else "the role that the plane needs (Data Curator, Data Source Administrator, ...)"
    )
    return (
        f"The token is good, a permission is missing: give the principal {role} on the root collection, or on the "
        "sub-collection that the request is about (a role there does not reach the root). A new assignment takes some "
        "minutes to reach every node. Where the role is there, look for a network rule (private endpoint, firewall) "
        "that keeps this machine out."
    )

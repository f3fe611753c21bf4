"""Errors of the auth plug-in, and the root of all errors of the project.

PurviewError
  TrustError                       what names the authorities to trust names none (also a
  ValueError) AuthError (= PurviewAuthError)   no token, or the token may not be sent
    ConfigurationError             wrong argument or environment (also a ValueError)
    HostRefusedError               the URL is not one that may get the token; nothing was sent
    ClosedError                    a new token is needed after close()
    ChallengeError                 the service's 401, as the cause of the error that says why there
    is no better token TokenTransportError            the token endpoint was not reached, or did not
    answer in time TokenRequestError              the token endpoint answered with an error status
    TokenResponseError             the answer of the token endpoint or the credential is not a
    usable token CredentialError                the credential, or the callable that gives the
    secret, raised

No error holds a secret, a token, a request or a raw body, and none is chained to an error that
does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class PurviewError(Exception):
    """Root of all errors that the project raises on purpose."""


class TrustError(PurviewError, ValueError):
    """A file or folder of authorities to trust cannot be read; the text says what names it."""


class AuthError(PurviewError):
    """No token could be had, or it may not be sent; `hint` says what a person can do.

    `error` is the OAuth error, `error_codes` the AADSTS numbers; `correlation_id`, `trace_id` and
    `timestamp` are what the vendor's support asks for. `permanent`: trying again unchanged cannot
    help. `retry_after`: seconds.
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
        for name in (
            "error",
            "tenant",
            "client_id",
            "authority",
            "correlation_id",
            "trace_id",
            "timestamp",
        ):
            if (value := getattr(self, name)) is not None:
                facts.append(f"{name}={value}")
        text = str(self.args[0]) + (f" ({', '.join(facts)})" if facts else "")
        return f"{text}. {self.hint}" if self.hint else text


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


# What a person can do, by AADSTS number or OAuth error. Text for people: no code branches on these
# numbers.
_HINTS: dict[int | str | None, str] = {
    7000215: (
        "The client_secret is wrong: copy the secret's Value, shown once when it is made, not "
        "its Secret ID."
    ),
    7000222: (
        "The client_secret has expired: make a new one in the app registration and use it in "
        "place of the old."
    ),
    700016: (
        "The client_id is not known in this tenant: check both ids, and that the app was made "
        "or consented there."
    ),
    90002: (
        "The tenant_id is not known: use the Directory (tenant) ID of the app's overview page; "
        "check the cloud."
    ),
    500011: "The resource is not known in this tenant: Purview was never used there, or the cloud "
    "is another. "
    "Check tenant_id, or pass resource= (some tenants know Purview by its app id only).",
    9002326: "The request looks like one of a browser: something on its way adds an Origin header, "
    "or the app is "
    "registered as a single-page application. Register it without an SPA redirect.",
    50196: (
        "The token endpoint saw a loop of requests: use one auth object for the whole process, "
        "not one per call."
    ),
    700027: "The client assertion's signature or certificate is not the registered one.",
    53003: (
        "A conditional access policy refuses this principal from here: ask the tenant's "
        "administrator."
    ),
    "invalid_client": "Check client_id and client_secret: the app registration refuses this pair.",
    "unauthorized_client": (
        "Check client_id and tenant_id: the app may not ask for tokens in this tenant."
    ),
    "invalid_resource": "Check resource and cloud: the tenant does not know the resource.",
    "invalid_request": "Check tenant_id, client_id and resource: one of the fields is malformed.",
    "invalid_scope": (
        "Check resource: with token_endpoint_version=2 it is sent as <resource>/.default."
    ),
}

SECRET_HINTS = frozenset(text for text in _HINTS.values() if "client_secret" in text)


def hint_for(codes: Iterable[int], error: str | None) -> str | None:
    """The hint for the first known AADSTS number, else for the OAuth error, else None."""
    return next((_HINTS[key] for key in (*codes, error) if key in _HINTS), None)

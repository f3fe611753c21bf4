"""The environment: the only module that reads it."""

from __future__ import annotations

import os

from .errors import ConfigurationError

TENANT_ID, CLIENT_ID, CLIENT_SECRET = "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"


def required(*names: str) -> list[str]:
    """Values of the variables; ConfigurationError names every one that is not set."""
    if missing := [name for name in names if not os.environ.get(name)]:
        raise ConfigurationError(f"not set in the environment: {', '.join(missing)}")
    return [os.environ[name] for name in names]


def client_secret() -> str:
    """The secret as the environment has it now."""
    return required(CLIENT_SECRET)[0]


def authority() -> str | None:
    """The authority, where the environment names one; the scheme may be left out."""
    host = os.environ.get("AZURE_AUTHORITY_HOST")
    return host if not host or "://" in host else f"https://{host}"


CERT_FILE, CERT_DIR = "SSL_CERT_FILE", "SSL_CERT_DIR"
_UNREAD = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # those of requests and of curl


def authorities() -> dict[str, str]:
    """The variables that name authorities to trust, of those that are heeded."""
    return {name: value for name in (CERT_FILE, CERT_DIR) if (value := os.environ.get(name))}


def unread_authorities() -> str | None:
    """A variable that names authorities for other libraries, where none names them for this one."""
    return None if authorities() else next((name for name in _UNREAD if os.environ.get(name)), None)


def proxy_variable(scheme: str) -> str | None:
    """The variable that names the proxy of a scheme ("http", "https", "all"), as urllib finds
    it: lower case first.
    """
    names = [name for name in os.environ if name.lower() == f"{scheme}_proxy" and os.environ[name]]
    return min(names, key=lambda name: not name.islower(), default=None)

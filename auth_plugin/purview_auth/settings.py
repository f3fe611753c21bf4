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

"""Auth for Microsoft Purview: httpx.Auth objects that get a token once, keep it, and send it to
Purview hosts alone.

    auth = ServicePrincipal("<tenant id>", "<client id>", "<client secret>")  # or
    ServicePrincipal.from_env()
    httpx.Client(auth=auth).get("https://contoso.purview.azure.com/account/?api-version=2019-11-01-preview")

Importing this package loads nothing: each name is loaded at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
    "CHINA",
    "PUBLIC",
    "US_GOVERNMENT",
    "AuthError",
    "AuthEvent",
    "AzureCliCredential",
    "Cloud",
    "ConfigurationError",
    "CredentialAuth",
    "HandsOutTokens",
    "HostRefusedError",
    "PurviewAuthError",
    "PurviewError",
    "ServicePrincipal",
    "Timeouts",
    "TokenResponseError",
    "TokenStore",
]

if TYPE_CHECKING:
    from .azure_cli import AzureCliCredential
    from .credential import CredentialAuth
    from .errors import (
        AuthError,
        ConfigurationError,
        HostRefusedError,
        PurviewAuthError,
        PurviewError,
        TokenResponseError,
    )
    from .hosts import CHINA, PUBLIC, US_GOVERNMENT, Cloud
    from .principal import ServicePrincipal
    from .tokens.flight import AuthEvent
    from .tokens.store import TokenStore
    from .tokens.token_client import Timeouts
    from .warm import HandsOutTokens
else:  # not seen by type checkers, so that they refuse a name that is not there
    _PLACES = {
        "azure_cli": "AzureCliCredential",
        "tokens.token_client": "Timeouts",
        "credential": "CredentialAuth",
        "hosts": "CHINA PUBLIC US_GOVERNMENT Cloud",
        "principal": "ServicePrincipal",
        "tokens.flight": "AuthEvent",
        "tokens.store": "TokenStore",
        "warm": "HandsOutTokens",
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # what is looked for in a module seldom is
        from importlib import import_module

        place = next(
            (module for module, names in _PLACES.items() if name in names.split()), "errors"
        )
        globals()[name] = value = getattr(import_module(f".{place}", __name__), name)
        return value

    def __dir__() -> list[str]:
        return __all__

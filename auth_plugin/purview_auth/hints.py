"""What a person can do about an error of the token endpoint. Text for people: no code branches on these numbers."""

from __future__ import annotations

from collections.abc import Iterable

_HINTS: dict[int | str | None, str] = {
    7000215: "The client_secret is wrong: copy the secret's Value, shown once when it is made, not its Secret ID.",
    7000222: "The client_secret has expired: make a new one in the app registration and use it in place of the old.",
    700016: "The client_id is not known in this tenant: check both ids, and that the app was made or consented there.",
    90002: "The tenant_id is not known: use the Directory (tenant) ID of the app's overview page; check the cloud.",
    500011: "The resource is not known in this tenant: Purview was never used there, or the cloud is another. "
    "Check tenant_id, or pass resource= (some tenants know Purview by its app id only).",
    9002326: "The request looks like one of a browser: something on its way adds an Origin header, or the app is "
    "registered as a single-page application. Register it without an SPA redirect.",
    50196: "The token endpoint saw a loop of requests: use one auth object for the whole process, not one per call.",
    700027: "The client assertion's signature or certificate is not the registered one.",
    53003: "A conditional access policy refuses this principal from here: ask the tenant's administrator.",
    "invalid_client": "Check client_id and client_secret: the app registration refuses this pair.",
    "unauthorized_client": "Check client_id and tenant_id: the app may not ask for tokens in this tenant.",
    "invalid_resource": "Check resource and cloud: the tenant does not know the resource.",
    "invalid_request": "Check tenant_id, client_id and resource: one of the fields is malformed.",
    "invalid_scope": "Check resource: with token_endpoint_version=2 it is sent as <resource>/.default.",
}


def hint_for(codes: Iterable[int], error: str | None) -> str | None:
    """The hint for the first known AADSTS number, else for the OAuth error, else None."""
    return next((_HINTS[key] for key in (*codes, error) if key in _HINTS), None)

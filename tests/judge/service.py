"""A service whose answers are judged: whether it is there, and the Authorization header that it
takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx

from purview_codegen.errors import UnreachableError

AUTHORIZATION = "PURVIEW_JUDGE_AUTHORIZATION"
_TOKEN_FORM = {
    "grant_type": "client_credentials",
    "client_id": "judge",
    "client_secret": "judge",
    "resource": "https://purview.azure.net",
}
_RESET = "/__sandbox/reset"
_TIMEOUT_S = 10.0


def authorization(url: str, transport: httpx.BaseTransport | None = None) -> str:
    """The value of PURVIEW_JUDGE_AUTHORIZATION; without it a token of the service's own identity
    endpoint, for a sandbox issues tokens to anyone, and where it has none any token. Raises
    UnreachableError where nothing answers.
    """
    try:
        with httpx.Client(base_url=url, transport=transport, timeout=_TIMEOUT_S) as client:
            response = client.post("/judge/oauth2/token", data=_TOKEN_FORM)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"cannot reach {url}: {error}; is the service up?") from None
    if named := os.environ.get(AUTHORIZATION):
        return named
    issued = response.status_code == 200 and response.headers.get("content-type", "").startswith(
        "application/json"
    )
    return f"Bearer {response.json().get('access_token') if issued else 'judge'}"


def reset(url: str, transport: httpx.BaseTransport | None = None) -> Callable[[], object] | None:
    """What takes from a sandbox all that it holds; None where the service has no such thing."""

    def fresh() -> bool:
        with httpx.Client(base_url=url, transport=transport, timeout=_TIMEOUT_S) as client:
            return client.post(_RESET).status_code == 200

    return fresh if fresh() else None

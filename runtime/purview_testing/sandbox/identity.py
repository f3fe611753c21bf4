"""The token endpoint: tokens for client credentials, at the address of version 1 and of version 2.

API calls are held to the expiry of these tokens.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from urllib.parse import parse_qsl

from purview_testing.contracts.messages import (
    Problem,
    RequestMessage,
    ResponseMessage,
    json_response,
)

_PATH = re.compile(r"/(?P<tenant>[^/]+)/oauth2(?P<v2>/v2\.0)?/token/?")
_CODES = {
    "invalid_request": 900144,
    "unsupported_grant_type": 70003,
    "invalid_client": 7000215,
    "invalid_scope": 70011,
}
_DAY_S = 86_399  # one second less than a day, as the live service has it
_MANY = 10_000  # tokens above which those that have expired are forgotten


class Identity:
    """Issues tokens, and knows those that it issued.

    Attributes:
        lifetime: Seconds for which a token is good, unless it was issued for another time.
    """

    def __init__(self, clock: Callable[[], float], lifetime: float = _DAY_S) -> None:
        self._clock = clock
        self.lifetime = lifetime
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self, lifetime: float | None = None) -> str:
        """Issues a token; a `lifetime` in seconds, where it is given, replaces the usual one."""
        token = f"sandbox.{secrets.token_urlsafe(24)}"
        now = self._clock()
        with self._lock:
            # Expired tokens are kept as long as possible, so that they are refused as expired.
            if len(self._tokens) > _MANY:
                self._tokens = {t: e for t, e in self._tokens.items() if e > now}
            self._tokens[token] = now + (self.lifetime if lifetime is None else lifetime)
        return token

    def expire(self) -> None:
        """Ends every token that was issued so far."""
        with self._lock:
            self._tokens = dict.fromkeys(self._tokens, float("-inf"))

    def check(self, request: RequestMessage) -> None:
        """Raises the 401 of the service for a call without a token that is known and still good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            expiry = self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        if not scheme:
            why = "No token provided; send Authorization: Bearer, with a token of this sandbox."
        elif expiry is None:
            why = "Invalid token; it was not issued by this sandbox."
        elif expiry <= self._clock():
            why = "The token has expired."
        else:
            return
        raise Problem(
            401,
            "Unauthenticated",
            why,
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )

    def knows(self, request: RequestMessage) -> bool:
        """Returns whether a request is for a token."""
        return _PATH.fullmatch(request.raw_path) is not None

    def serve(self, request: RequestMessage) -> ResponseMessage | None:
        """Answers a token request; None for a request to any other path."""
        found = _PATH.fullmatch(request.raw_path)
        if found is None:
            return None
        if request.method != "POST":
            error = _error("invalid_request", "A token is asked for with POST.")
            return json_response(405, error, {"Allow": "POST"})
        if request.media != "application/x-www-form-urlencoded":
            return json_response(
                400,
                _error("invalid_request", "The body must be application/x-www-form-urlencoded."),
            )
        form = dict(parse_qsl(request.content.decode("utf-8", "replace"), keep_blank_values=True))
        audience = "scope" if found["v2"] else "resource"
        for name in ("grant_type", "client_id", "client_secret", audience):
            if not form.get(name):
                text = f"The request body must contain the following parameter: '{name}'."
                return json_response(400, _error("invalid_request", text))
        if form["grant_type"] != "client_credentials":
            return json_response(
                400,
                _error(
                    "unsupported_grant_type",
                    "The sandbox knows no other grant than client_credentials.",
                ),
            )
        if found["v2"] and not form["scope"].endswith("/.default"):
            return json_response(400, _error("invalid_scope", "The scope must end with /.default."))
        return json_response(
            200,
            self._answer(v2=bool(found["v2"]), audience=form[audience]),
            {"Cache-Control": "no-store"},
        )

    def _answer(self, *, v2: bool, audience: str) -> dict[str, object]:
        token = self.issue()
        seconds = int(self.lifetime)
        out: dict[str, object] = {"token_type": "Bearer", "access_token": token}
        if v2:
            return out | {
                "expires_in": seconds,
                "ext_expires_in": seconds,
                "refresh_in": seconds // 2,
            }
        now = int(self._clock())  # v1 sends its numbers as strings
        times = {
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "expires_on": now + seconds,
            "not_before": now,
        }
        return out | {n: str(v) for n, v in times.items()} | {"resource": audience}


def _error(error: str, text: str) -> dict[str, object]:
    """Makes the body of an error as the token endpoint sends it."""
    code = _CODES[error]
    return {"error": error, "error_description": f"AADSTS{code}: {text}", "error_codes": [code]}

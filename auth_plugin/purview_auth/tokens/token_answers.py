"""What the token endpoint's answers mean: bytes in, a Token or one typed error out. No I/O."""

from __future__ import annotations

import html
import json
import re
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from attrs import frozen

from purview_auth.errors import AuthError, TokenRequestError, TokenResponseError, hint_for
from purview_auth.texts import shown

from .token import Jitter, Moment, Secret, Token, refresh_after
from .tries import is_passing_status

BODY_LIMIT_BYTES = 1 << 20
TEXT_LIMIT_CHARS = 512
TEN_YEARS_SECONDS = 10 * 366 * 86400.0
EPOCH_LIMIT_SECONDS = 1e12
RETRY_AFTER_CAP_SECONDS = 300.0

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_JWT = re.compile(r"eyJ[\w-]{8,}[\w.-]*")
_PROXY_HINT = (
    "Check the authority; a proxy or a sign-in page of the network may also have answered in "
    "its place."
)


@frozen
class TokenReply:
    """A token endpoint's answer; the body is read to its end or until it is over the limit."""

    status: int
    headers: httpx.Headers
    body: bytes


def number(value: object, name: str, most: float = TEN_YEARS_SECONDS) -> float:
    """A count of seconds from an int, a float or a string of digits; TokenResponseError for all
    else.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= most:
        return float(value)
    raise TokenResponseError(f"{name} of the token is not a positive number of seconds")


def make_token(
    text: object,
    kind: object,
    life: tuple[float, float | None],
    sent: Moment,
    claims: str | None,
    jitter: Jitter,
) -> Token:
    """The Token of a life (lifetime, refresh_in); TokenResponseError where it is none, or unfit
    for a header line.
    """
    if not isinstance(text, str) or not text:
        raise TokenResponseError("the token answer has no token")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise TokenResponseError("the token has characters that no header may carry")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenResponseError("the token's type is not Bearer")
    return Token(Secret(text), sent, life[0], refresh_after(*life, jitter), claims)


def read_token(
    reply: TokenReply, sent: Moment, claims: str | None, jitter: Jitter
) -> tuple[Token, float]:
    """The Token of a 200 answer, and by how many seconds its expires_on disagrees with its
    expires_in.

    expires_in, counted from `sent`, wins: it needs no agreement of clocks. expires_on alone is read
    against the server's own clock (its Date header), where it tells it. Raises TokenResponseError
    for anything that is no token.
    """
    media_type = reply.headers.get("content-type", "/json").partition(";")[0].strip().lower()
    answer = _loads(reply.body) if media_type.endswith(("/json", "+json")) else None
    if not isinstance(answer, dict):
        raise TokenResponseError(
            "the token answer is not a JSON object of a sane size", hint=_PROXY_HINT
        )
    expires_in, expires_on, refresh_in = (
        answer.get(name) for name in ("expires_in", "expires_on", "refresh_in")
    )
    skew = 0.0
    if expires_in is None:
        now = http_date(reply.headers.get("date")) or sent[0]
        lifetime = number(number(expires_on, "expires_on", EPOCH_LIMIT_SECONDS) - now, "expires_on")
    else:
        lifetime = number(expires_in, "expires_in")
        if isinstance(expires_on, (int, str)) and _NUMBER.fullmatch(str(expires_on)):
            skew = float(expires_on) - sent[0] - lifetime
    early = None if refresh_in is None else number(refresh_in, "refresh_in")
    kind = answer.get("token_type", "Bearer")
    return make_token(
        answer.get("access_token"), kind, (lifetime, early), sent, claims, jitter
    ), skew


def _loads(body: bytes) -> Any:
    """The JSON value, or None: the parser's own error holds the body, which must reach no
    message.
    """
    try:
        return json.loads(body.decode()) if len(body) <= BODY_LIMIT_BYTES else None
    except (ValueError, RecursionError):
        return None


def read_error(reply: TokenReply, secret: Secret, wall: float) -> AuthError:
    """The error of an answer that is not 200."""
    if reply.status < 400:
        what = (
            f"the token endpoint answered {reply.status}, which is no token (and is not followed)"
        )
        return TokenResponseError(what, status_code=reply.status, hint=_PROXY_HINT)
    parsed = _loads(reply.body)
    body: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
    texts = ("error", "error_description", "correlation_id", "trace_id", "timestamp")
    text = {name: _clean(body.get(name), secret) for name in texts}
    description = text.pop("error_description")
    listed = body.get("error_codes")
    codes = [code for code in listed if type(code) is int] if isinstance(listed, list) else []
    codes = codes or aadsts(description or "")
    passing = is_passing_status(reply.status)
    return TokenRequestError(
        "the token request failed" + (f": {description}" if description else ""),
        **text,
        error_codes=tuple(codes[:8]),
        status_code=reply.status,
        retry_after=retry_after(reply.headers, wall),
        permanent=not passing and text["error"] not in ("temporarily_unavailable", "server_error"),
        hint=hint_for(codes, text["error"]),
    )


def aadsts(text: str) -> list[int]:
    """The numbers of all AADSTS codes in a text."""
    return [int(code) for code in re.findall(r"AADSTS(\d{3,9})", text)]


def _clean(value: object, secret: Secret) -> str | None:
    """One line of the server's text, without our secret and anything like a token, cut to size."""
    if not isinstance(value, str):
        return None
    return shown(_JWT.sub("***", _spellings(secret).sub("***", value)), TEXT_LIMIT_CHARS)


def _spellings(secret: Secret) -> re.Pattern[str]:
    """The secret however it is spelt: as it is, percent-encoded (any of its characters, in either
    case, once or again), as a form has it, or with the escapes of JSON and HTML.
    """
    return re.compile("".join(map(_spelling, secret.reveal())))


def _spelling(character: str) -> str:
    octets = character.encode("utf-8", "surrogatepass")
    percent = "".join(f"%(?:25)*(?i:{octet:02x})" for octet in octets)
    units = character.encode("utf-16-be", "surrogatepass").hex()
    json_escape = "".join(rf"\\u(?i:{units[n : n + 4]})" for n in range(0, len(units), 4))
    plain = [
        character,
        html.escape(character),
        *([r"\+"] if character == " " else []),
        f"\\{character}",
    ]
    forms = [re.escape(one) if one != r"\+" else one for one in dict.fromkeys(plain)]
    return f"(?:{'|'.join([percent, json_escape, *sorted(forms, key=len, reverse=True)])})"


def http_date(text: str | None) -> float | None:
    """Seconds since the epoch of an HTTP date; None for anything else."""
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def retry_after(headers: httpx.Headers, wall: float) -> float | None:
    """How long the server asks to wait, in seconds, capped; None where it does not say, or says
    nonsense.
    """
    for name, scale in (
        ("retry-after-ms", 0.001),
        ("x-ms-retry-after-ms", 0.001),
        ("retry-after", 1.0),
    ):
        text = headers.get(name, "").strip()
        if _NUMBER.fullmatch(text):
            return min(float(text) * scale, RETRY_AFTER_CAP_SECONDS)
    date = http_date(headers.get("retry-after"))
    return None if date is None else min(max(date - wall, 0.0), RETRY_AFTER_CAP_SECONDS)

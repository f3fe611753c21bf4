"""From a failed answer, or from no answer, to the error that says so: what is shown, what is
hinted, what is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from purview_auth.texts import shortened, shown
from purview_core.error_words import body_of
from purview_core.errors import (
    URL_CHARACTERS,
    ConnectError,
    ConnectTimeoutError,
    HttpError,
    PurviewError,
    TransportError,
    TransportTimeoutError,
    error_class,
)
from purview_core.operation import Plane

from .request import PreparedRequest
from .retry import is_passing
from .urls import too_long

_SHOWN_CHARACTERS = 300
# What servers and gateways answer to a request line that is too long for them.
_TOO_LONG = {400, 404, 413, 414, 431, 502}
_NOT_FOUND = re.compile(
    (
        r"not\W?found|(?:not|n't) ?exist|-404-|no such|(?:could not|cannot|couldn't|can't) "
        r"(?:be found|find)"
    ),
    re.IGNORECASE,
)
# Codes, and below texts, that a wrong path or api-version gets too.
_OF_NO_PATH = {"", "notfound", "resourcenotfound", "requesturinotfound", "pathnotfound", "404"}
_NO_PATH = re.compile(
    r"(the |requested )*(resource|page|url|uri|endpoint|item)? ?(was |is |cannot be |could "
    r"not be )?not found"
    r"|(the )?(requested )?(resource|page) (cannot|could not) be found|null for uri.*|no "
    r"http resource was found.*"
    r"|no route.*|cannot (get|put|post|patch|delete) /.*",
    re.IGNORECASE | re.DOTALL,
)
SHOWN_HEADERS = {
    *(
        "content-type",
        "content-length",
        "date",
        "etag",
        "retry-after",
        "server",
        "operation-location",
        "location",
    ),
    *(
        "x-ms-error-code",
        "x-ms-request-id",
        "x-ms-client-request-id",
        "x-ms-correlation-request-id",
    ),
    *("retry-after-ms", "x-ms-retry-after-ms"),
}


def http_error(
    prepared: PreparedRequest,
    response: httpx.Response,
    plane: Plane,
    auth: httpx.Auth | None,
) -> HttpError:
    """The typed error of a failed answer, with a hint of what to do where its status is known
    for it.
    """
    error = error_class(response.status_code)(
        response.status_code,
        operation_id=prepared.operation.id,
        method=prepared.method,
        url=redacted(prepared.url),
        headers={k: v for k, v in response.headers.items() if k in SHOWN_HEADERS},
        body=body_of(response.content, response.charset_encoding),
    )
    if error.status_code == 401:
        error.hinted(_who_signed_in(auth))
    elif error.status_code == 403:
        error.hinted(_which_role(plane))
    elif too_long(prepared.method, prepared.url) and error.status_code in _TOO_LONG:
        error.hinted(too_long(prepared.method, prepared.url))
    elif error.status_code == 404 and not names_a_thing(error, prepared):
        error.hinted(_which_path(prepared.url, plane))
    return error


def _who_signed_in(auth: httpx.Auth | None) -> str:
    if auth is None:
        principal = "ServicePrincipal(tenant_id, client_id, client_secret)"
        how = f"{principal}, ServicePrincipal.from_env() or CredentialAuth(credential)"
        made = "the client was made without auth=. Give it one of purview_auth"
        return f"Nobody signed in: {made}: {how}."
    asked = "the resource it was asked for"
    resource = getattr(auth, "resource", None)  # which an httpx.Auth of somebody else need not have
    if isinstance(resource, str):
        asked = f"it was asked for the resource {resource}"
    return f"The token was not accepted: check its audience ({asked}) and its tenant."


def _which_role(plane: Plane) -> str:
    roles = " or ".join(plane.roles) or "not documented"
    return (
        f"The caller lacks permission. Role that the {plane.title or plane.name} plane asks "
        f"for: {roles}."
    )


def _which_path(url: str, plane: Plane) -> str:
    parts = urlsplit(url)
    sent = [value for name, value in parse_qsl(parts.query) if name == "api-version"]
    version = sent[0] if sent else f"{plane.version}, which this operation does not send"
    where = (
        f"path {shortened(parts.path, URL_CHARACTERS)}, prefix {plane.prefix or '/'}, "
        f"api-version {version}"
    )
    return f"No such resource, or no such path at this endpoint: {where}."


def names_a_thing(error: HttpError, prepared: PreparedRequest) -> bool:
    """Whether a 404 is the plane's own word that a thing is not there, and so no sign of a wrong
    path or api-version.

    It is where its code or its text says what was not found: another code than the common ones, or
    a text that is more than "not found" or names a value of the path.
    """
    code, message = (error.code or "").strip(), (error.message or "").strip().rstrip(".!")
    if re.sub(r"\W|_", "", code).lower() == "requesturinotfound" or _NO_PATH.fullmatch(message):
        return False
    if code and re.sub(r"\W|_", "", code).lower() not in _OF_NO_PATH and _NOT_FOUND.search(code):
        return True
    constant = {*prepared.operation.path.lower().split("/"), ""}
    values = {
        unquote(part).lower() for part in urlsplit(prepared.url).path.lower().split("/")
    } - constant
    return _NOT_FOUND.search(message) is not None and (
        code != "" or any(value in message.lower() for value in values)
    )


def redacted(url: str) -> str:
    """A URL without its query values, but for the api-version; a name that stands there many
    times stands once, with its number.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    counts = Counter(name for name, _ in pairs)
    shown_as = {n: f"{n}={v if n == 'api-version' else '..'}" for n, v in reversed(pairs)}
    names = [shown_as[n] + (f" ({counts[n]} times)" if counts[n] > 1 else "") for n in counts]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + (
        f"?{'&'.join(names)}" if names else ""
    )


def transport_error(error: Exception, prepared: PreparedRequest) -> TransportError:
    """Httpx's failures as ours; the text holds no header and no body."""
    kind = TransportError
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        kind = ConnectTimeoutError
    elif isinstance(error, httpx.ConnectError):
        kind = ConnectError
    elif isinstance(error, httpx.TimeoutException):
        kind = TransportTimeoutError
    url, what = redacted(prepared.url), shown(str(error), _SHOWN_CHARACTERS) or type(error).__name__
    # some servers close the connection instead of an answer
    hint = too_long(prepared.method, prepared.url)
    hint = " ".join(one for one in (getattr(error, "hint", ""), hint) if one)
    what += f". {hint}" if hint else ""
    message = (
        f"{prepared.operation.id}: {what} [{prepared.method} {shortened(url, URL_CHARACTERS)}]"
    )
    found = kind(message, operation_id=prepared.operation.id, method=prepared.method, url=url)
    found.passing = is_passing(error)
    return found


def ours(error: httpx.RequestError | PurviewError, prepared: PreparedRequest) -> PurviewError:
    """Httpx's errors as ours; an AuthError goes through as it is."""
    return error if isinstance(error, PurviewError) else transport_error(error, prepared)

"""From a failed answer, or from no answer, to the error that says so: what is shown, what is hinted, what is left out."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx

from .errors import (
    ConnectError,
    ConnectTimeoutError,
    HttpError,
    PurviewError,
    TransportError,
    TransportTimeoutError,
    error_class,
)
from .jsontext import loads
from .operation import Plane
from .request import Prepared
from .retry import is_passing

_SHOWN_CHARACTERS = 300
SHOWN_HEADERS = {
    *("content-type", "content-length", "date", "etag", "retry-after", "server", "operation-location", "location"),
    *("x-ms-error-code", "x-ms-request-id", "x-ms-client-request-id", "x-ms-correlation-request-id"),
    *("retry-after-ms", "x-ms-retry-after-ms"),
}


def http_error(prepared: Prepared, response: httpx.Response, plane: Plane, resource: str | None = None) -> HttpError:
    """The typed error of a failed answer; its body is JSON, or text cut short where a gateway answered."""
    try:
        body = loads(response.content) if response.content.strip() else None
    except ValueError:
        body = response.content[: 4 * _SHOWN_CHARACTERS].decode("utf-8", "replace")[:_SHOWN_CHARACTERS]
    return error_class(response.status_code)(
        response.status_code,
        operation_id=prepared.operation.id,
        method=prepared.method,
        url=redacted(prepared.url),
        headers={k: v for k, v in response.headers.items() if k in SHOWN_HEADERS},
        body=body,
        hint=_hint(response.status_code, prepared.url, plane, resource),
    )


def _hint(status: int, url: str, plane: Plane, resource: str | None) -> str:
    if status == 401:
        asked = f"it was asked for the resource {resource}" if resource else "the resource it was asked for"
        return f"The token was not accepted: check its audience ({asked}) and its tenant."
    if status == 403:
        roles = " or ".join(plane.roles) or "not documented"
        return f"The caller lacks permission. Role that the {plane.title or plane.name} plane asks for: {roles}."
    if status == 404:
        sent = [value for name, value in parse_qsl(urlsplit(url).query) if name == "api-version"]
        version = sent[0] if sent else f"{plane.version}, which this operation does not send"
        where = f"path {urlsplit(url).path}, prefix {plane.prefix or '/'}, api-version {version}"
        return f"No such resource, or no such path at this endpoint: {where}."
    return ""


def redacted(url: str) -> str:
    """A URL without its query values, but for the api-version."""
    parts = urlsplit(url)
    names = [f"{n}={v if n == 'api-version' else '..'}" for n, v in parse_qsl(parts.query, keep_blank_values=True)]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" + (f"?{'&'.join(names)}" if names else "")


def transport_error(error: Exception, prepared: Prepared) -> TransportError:
    """httpx's failures as ours; the text holds no header and no body."""
    kind = TransportError
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        kind = ConnectTimeoutError
    elif isinstance(error, httpx.ConnectError):
        kind = ConnectError
    elif isinstance(error, httpx.TimeoutException):
        kind = TransportTimeoutError
    url, what = redacted(prepared.url), str(error) or type(error).__name__
    message = f"{prepared.operation.id}: {what} [{prepared.method} {url}]"
    found = kind(message, operation_id=prepared.operation.id, method=prepared.method, url=url)
    found.passing = is_passing(error)
    return found


def ours(error: httpx.RequestError | PurviewError, prepared: Prepared) -> PurviewError:
    """httpx's errors as ours; an AuthError goes through as it is."""
    return error if isinstance(error, PurviewError) else transport_error(error, prepared)

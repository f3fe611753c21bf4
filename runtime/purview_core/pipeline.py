"""One path for every call, written once: a generator that yields requests and waits, and is sent responses.

`run` and `arun` drive it. A transport failure is thrown in at the request that met it, as a TransportError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx

from .errors import (
    ConnectError,
    HttpError,
    PurviewError,
    ServerError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    error_class,
)
from .jsontext import loads
from .operation import Operation, Plane
from .options import Retry
from .request import Prepared

T = TypeVar("T")
_IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
_PASSING = {408, 500, 502, 503, 504}
_SHOWN_CHARACTERS = 300


@attrs.frozen
class Wait:
    seconds: float


Step = Prepared | Wait
Flow = Generator[Step, httpx.Response | None, T]


def call(prepared: Prepared, plane: Plane, retry: Retry, random: Callable[[], float]) -> Flow[httpx.Response]:
    """Sends a request until it is answered well, or raises the last failure with the number of attempts on it."""
    for attempt in range(1, retry.attempts + 1):
        failure: HttpError | TransportError
        try:
            response = yield prepared
        except TransportError as error:
            failure, failure.attempts = error, attempt
        else:
            assert response is not None
            if response.status_code < 400 and not _is_redirect(prepared.operation, response):
                return response
            failure = http_error(prepared, response, plane, attempt)
        seconds = _pause(failure, prepared, attempt, retry, random)
        if seconds is None or attempt == retry.attempts:
            raise failure
        yield Wait(seconds)
    raise AssertionError("a retry policy has at least one attempt")


def _is_redirect(operation: Operation[Any], response: httpx.Response) -> bool:
    """The services never redirect; a 304 is an answer where the operation declares it."""
    return 300 <= response.status_code < 400 and response.status_code not in operation.types


def _pause(
    failure: HttpError | TransportError, prepared: Prepared, attempt: int, retry: Retry, random: Callable[[], float]
) -> float | None:
    """Seconds until the next try; None where there must be none."""
    if not prepared.replayable or not (_always(failure) or (_passing(failure) and _repeatable(prepared))):
        return None
    asked = failure.retry_after if isinstance(failure, (ThrottledError, ServerError)) else None
    if asked is not None:
        return asked if asked <= retry.longest_wait_s else None
    return float(random() * min(retry.first_wait_s * 2 ** (attempt - 1), retry.longest_wait_s))


def _always(failure: HttpError | TransportError) -> bool:
    return isinstance(failure, (ConnectError, ThrottledError))


def _passing(failure: HttpError | TransportError) -> bool:
    if isinstance(failure, HttpError):
        return failure.status_code in _PASSING
    return not isinstance(failure, TransportTimeoutError)  # the timeout is what the caller is ready to wait


def _repeatable(prepared: Prepared) -> bool:
    operation = prepared.operation
    return prepared.method in _IDEMPOTENT or operation.retry_safe or any(p.auto for p in operation.parameters)


def http_error(prepared: Prepared, response: httpx.Response, plane: Plane, attempts: int) -> HttpError:
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
        headers={k: v for k, v in response.headers.items() if k in _SHOWN_HEADERS},
        body=body,
        hint=_hint(response.status_code, prepared.url, plane),
        attempts=attempts,
    )


_SHOWN_HEADERS = {
    *("content-type", "content-length", "date", "etag", "retry-after", "server", "operation-location", "location"),
    *("x-ms-error-code", "x-ms-request-id", "x-ms-client-request-id", "x-ms-correlation-request-id"),
    *("retry-after-ms", "x-ms-retry-after-ms"),
}


def _hint(status: int, url: str, plane: Plane) -> str:
    if status == 401:
        return "The token was not accepted: check its audience (the resource it was asked for) and its tenant."
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
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        kind = ConnectError
    elif isinstance(error, httpx.TimeoutException):
        kind = TransportTimeoutError
    url, what = redacted(prepared.url), str(error) or type(error).__name__
    message = f"{prepared.operation.id}: {what} [{prepared.method} {url}]"
    return kind(message, operation_id=prepared.operation.id, method=prepared.method, url=url)


def _ours(error: httpx.RequestError | PurviewError, prepared: Prepared) -> PurviewError:
    """httpx's errors as ours; an AuthError goes through the flow as it is."""
    return error if isinstance(error, PurviewError) else transport_error(error, prepared)


def run(flow: Flow[T], send: Callable[[Prepared], httpx.Response], sleep: Callable[[float], None]) -> T:
    """Drives a flow; failures to send are thrown into it."""
    try:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                sleep(step.seconds)
                step = flow.send(None)
                continue
            response = failure = None
            try:
                response = send(step)
            except (httpx.RequestError, PurviewError) as error:
                failure = _ours(error, step)
            step = flow.send(response) if failure is None else flow.throw(failure)  # outside: no chain to the request
    except StopIteration as stop:
        result: T = stop.value
        return result


async def arun(
    flow: Flow[T], send: Callable[[Prepared], Awaitable[httpx.Response]], sleep: Callable[[float], Awaitable[None]]
) -> T:
    """`run` for async clients."""
    try:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                await sleep(step.seconds)
                step = flow.send(None)
                continue
            response = failure = None
            try:
                response = await send(step)
            except (httpx.RequestError, PurviewError) as error:
                failure = _ours(error, step)
            step = flow.send(response) if failure is None else flow.throw(failure)  # outside: no chain to the request
    except StopIteration as stop:
        result: T = stop.value
        return result

"""What sync and async clients have in common: their options, how a call is prepared, and how its answer is read."""

from __future__ import annotations

import math
import random as _random
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import httpx

from purview_core.call.decoding import decode
from purview_core.call.pipeline import Attempt, Calling, Flow, call
from purview_core.call.request import Prepared, prepare
from purview_core.call.urls import Urls
from purview_core.library_internals import has_content
from purview_core.operation import API_VERSION, Operation, Plane
from purview_core.options import (
    USER_AGENT,
    Retry,
    Timeout,
    checked_headers,
    checked_most,
    checked_retry,
    checked_timeout,
    checked_total,
    checked_version,
    flag,
)
from purview_core.process_bound import Tied

from .endpoint import plane_endpoint
from .monitor import Monitor, flow_begun, only_taken
from .session import Session

X = TypeVar("X", httpx.BaseTransport, httpx.AsyncBaseTransport)


class Response(NamedTuple):
    """What `call` gives: the answer as it came, and `parsed`, what the method would have returned.

    `request` is what was sent, without its Authorization header.
    """

    status_code: int
    headers: httpx.Headers
    content: bytes
    request: httpx.Request
    parsed: Any

    def __repr__(self) -> str:
        return f"<Response {self.status_code} of {self.request.method}, {len(self.content)} bytes>"


class Bound(Tied):
    """The operations of one resource, bound to a client."""


_JSON = {
    b"Accept": b"application/json",
    b"Accept-Encoding": b"gzip, deflate",
    b"Connection": b"keep-alive",
    b"User-Agent": USER_AGENT.encode(),
}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_FILE = {**_JSON, b"Accept": b"*/*"}
_NONE: dict[str, str] = {}
_ATTEMPT = "purview-client-attempt"


class Base(Tied, Generic[X]):
    """What both clients know: the plane, the endpoint, and how a call is prepared and read."""

    plane: ClassVar[Plane]
    _start: Callable[[Any, httpx.Auth | None], Session]

    def __init__(
        self,
        endpoint: str,
        *,
        auth: httpx.Auth | None = None,
        transport: X | None = None,
        timeout: Timeout = None,
        total_timeout: float | None = None,
        max_answer_bytes: float | None = None,
        retry: Retry | None = None,
        api_version: str | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool = False,
        cloud: str | None = None,
        tenant_endpoint: str | None = None,
        _session: Session | None = None,
    ) -> None:
        self.endpoint = plane_endpoint(self.plane.endpoint, endpoint, tenant_endpoint, cloud)
        self.api_version = checked_version(api_version, self.plane.version)
        self._session, self._owned = _session or self._start(transport, auth), _session is None
        self._urls, self._root = Urls(self.endpoint), f"{self.endpoint}/"
        self._retry, self._strict, self._headers = (
            checked_retry(retry),
            flag("strict", strict),
            checked_headers(headers),
        )
        self._timeout, self._total_s = (
            checked_timeout(timeout).as_dict(),
            checked_total(total_timeout),
        )
        self._most_bytes = checked_most(max_answer_bytes)
        self._on_response: Callable[[httpx.Response], object] | None = None
        self._random: Callable[[], float] = _random.random
        self._clock: Callable[[], float] = time.monotonic

    def with_options(
        self,
        *,
        timeout: Timeout = None,
        total_timeout: float | None = None,
        max_answer_bytes: float | None = None,
        retry: Retry | None = None,
        api_version: str | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
        on_response: Callable[[httpx.Response], object] | None = None,
    ) -> Self:
        """A client over the same connections with other options, for one call or many; None keeps what is.

        `client.with_options(timeout=5).scans.get(..)`; `headers` come on top of the client's own. `on_response` is called
        with each good answer (of every page, of every poll) before it is decoded, so status and headers can be seen; its
        request lacks the token. A failed answer is in the error, and what `stream` gives is in the caller's hands.
        """
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        for name, value in list(vars(other).items()):
            if isinstance(value, Bound):
                delattr(other, name)  # it calls by the client that it was made for
        other._timeout = self._timeout if timeout is None else checked_timeout(timeout).as_dict()
        other._total_s = self._total_s if total_timeout is None else checked_total(total_timeout)
        other._most_bytes = (
            self._most_bytes if max_answer_bytes is None else checked_most(max_answer_bytes)
        )
        other._retry = self._retry if retry is None else checked_retry(retry)
        other.api_version = checked_version(api_version, self.api_version)
        other._headers = {**self._headers, **checked_headers(headers)}
        other._strict = self._strict if strict is None else flag("strict", strict)
        other._on_response = _checked(on_response) or self._on_response
        other._owned = False
        return other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}{self.plane.prefix} {self.api_version}>"

    @property
    def _operations(self) -> Mapping[str, Operation[Any]]:
        found: Mapping[str, Operation[Any]] = import_module(
            f"{self.plane.package}.operations"
        ).OPERATIONS
        return found

    def _prepare(
        self,
        operation: Operation[Any],
        values: Sequence[Any],
        body: Any = None,
        version: str | None = None,
    ) -> Prepared:
        return prepare(
            operation, self.endpoint, values, body, api_version=version or self.api_version
        )

    def _by_name(
        self, operation_id: str, parameters: Mapping[str, Any] | None, body: Any
    ) -> Prepared:
        """A call by operationId and wire names; raises TypeError with the nearest names for one that is not known."""
        operations = self._operations
        if not isinstance(operation_id, str) or not isinstance(parameters, Mapping | None):
            found = type(parameters if isinstance(operation_id, str) else operation_id).__name__
            raise TypeError(
                f"call takes an operationId and a mapping of wire names to values, not {found}"
            )
        if operation_id not in operations:
            raise TypeError(
                f"{self.plane.name} has no operation {operation_id!r}{_nearest(operation_id, operations)}"
            )
        operation, given = operations[operation_id], dict(parameters or {})
        known = {p.wire_name for p in operation.parameters}
        if unknown := sorted(set(given) - known, key=str):
            raise TypeError(
                f"{operation_id} has no parameter {unknown[0]!r}{_nearest(str(unknown[0]), known)}"
            )
        values = [given.get(p.wire_name) for p in operation.arguments]
        return self._prepare(operation, values, body, given.get(API_VERSION.wire_name))

    def _call(self, prepared: Prepared, *, show: bool = True) -> Flow[httpx.Response]:
        session = self._session
        flow = call(
            prepared,
            Calling(
                *(
                    self.plane,
                    self._retry,
                    self._total_s,
                    session.gate(self.plane.name),
                    session.budget,
                ),
                *(self._random, self._clock, session.resource, session.auth is not None),
            ),
        )
        return self._shown(flow, self._on_response) if show and self._on_response else flow

    @staticmethod
    def _shown(
        flow: Flow[httpx.Response], hook: Callable[[httpx.Response], object]
    ) -> Flow[httpx.Response]:
        response = yield from flow
        response.request = without_token(response.request)
        hook(response)
        return response

    def _decode(self, operation: Operation[Any], response: httpx.Response) -> Any:
        media = response.headers.get("content-type")
        return decode(
            operation,
            response.status_code,
            response.content,
            content_type=media,
            strict=self._strict,
        )

    def _answered(self, prepared: Prepared) -> Flow[Any]:
        response = yield from self._call(prepared)
        return self._decode(prepared.operation, response)

    def _responded(self, prepared: Prepared) -> Flow[Response]:
        response = yield from self._call(prepared)
        taken = only_taken(prepared.operation, response)
        parsed = self._decode(prepared.operation, response) if taken is None else taken
        return Response(
            response.status_code,
            response.headers,
            response.content,
            without_token(response.request),
            parsed,
        )

    def _started(self, prepared: Prepared) -> Flow[Monitor[Any]]:
        return (yield from flow_begun(self, prepared))  # type: ignore[arg-type]

    def _ready(self, attempt: Attempt) -> tuple[httpx.Request, Any]:
        """The request of one attempt without files, and the token that it bears, where the auth has one at hand."""
        token = (
            self._session.warm_token(self.endpoint)
            if attempt.prepared.url.startswith(self._root)
            else None
        )
        return self._build(attempt, token=token), token

    def _build(
        self, attempt: Attempt, files: Any = None, *, token: Any = None, whole: bool = True
    ) -> httpx.Request:
        """The request of one attempt. `whole`: its answer is read at once, so the deadline is for all of it."""
        prepared = attempt.prepared
        file = "bytes" in prepared.operation.types.values()
        headers: Any = _FILE if file else _JSON
        needed: dict[Any, Any] = {
            **(attempt.context or _NONE),
            **prepared.headers,
            _ATTEMPT: str(attempt.number),
        }
        url, content = self._urls.url(prepared.url), prepared.content
        if (
            files is None
        ):  # httpx adds these to a request with content=, but not to one with stream=, at half the cost
            needed[b"Host"] = self._urls.host if prepared.url.startswith(self._root) else url.netloc
            if content or prepared.method in _WITH_BODY:
                needed[b"Content-Length"] = b"%d" % len(content or b"")
        if token is not None:
            needed[b"Authorization"] = token.secret.bearer
        if self._headers:  # names in any case; what a request needs comes last, and wins
            headers = httpx.Headers(headers)
            headers.update(self._headers)
            headers.update(needed)
        else:
            headers = {**headers, **needed}
        extensions: dict[str, Any] = {
            "timeout": self._timeouts(attempt.deadline),
            "max_answer_bytes": self._most_bytes,
        }
        if whole and attempt.deadline < math.inf:
            extensions["deadline"] = attempt.deadline
        if files is not None:
            return httpx.Request(
                prepared.method, url, headers=headers, files=files, extensions=extensions
            )
        stream = httpx.ByteStream(content or b"")
        made = httpx.Request(
            prepared.method, url, headers=headers, stream=stream, extensions=extensions
        )
        made.read()
        return made

    def _timeouts(self, deadline: float) -> dict[str, float | None]:
        left = max(0.001, deadline - self._clock())
        return {
            k: v if v is not None and v < left else None if left == math.inf else left
            for k, v in self._timeout.items()
        }


def _nearest(name: str, known: Any) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return (
        f"; did you mean {' or '.join(close)}?"
        if close
        else f"; there are {', '.join(sorted(known)[:20])}"
    )


def _checked(
    hook: Callable[[httpx.Response], object] | None,
) -> Callable[[httpx.Response], object] | None:
    if hook is not None and not callable(hook):
        raise TypeError(f"on_response= takes a function of one argument, not {type(hook).__name__}")
    if iscoroutinefunction(hook) or iscoroutinefunction(getattr(hook, "__call__", None)):  # noqa: B004
        raise TypeError(
            "on_response= takes a plain function, not a coroutine function: nothing awaits it"
        )
    return hook


def without_token(request: httpx.Request) -> httpx.Request:
    headers = [(k, v) for k, v in request.headers.multi_items() if k != "authorization"]
    content = request.content if has_content(request) else None
    return httpx.Request(request.method, request.url, headers=headers, content=content)

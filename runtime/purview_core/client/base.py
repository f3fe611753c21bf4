"""What sync and async clients have in common: their options, and the parts of a call that are
theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import httpx

from purview_core.call.caller import Caller, without_token
from purview_core.call.pipeline import Flow
from purview_core.call.request import PreparedRequest
from purview_core.operation import Plane
from purview_core.options import (
    CallOptions,
    Retry,
    Timeout,
    checked_headers,
    checked_hook,
    checked_most,
    checked_retry,
    checked_timeout,
    checked_total,
    checked_version,
    flag,
)
from purview_core.process_bound import Tied

from .endpoint import plane_endpoint
from .results import only_taken
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


class Base(Tied, Generic[X]):
    """What both clients are: a plane, an endpoint, and options for the calls to it."""

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
        options = CallOptions(
            timeout=checked_timeout(timeout).as_dict(),
            total_s=checked_total(total_timeout),
            most_bytes=checked_most(max_answer_bytes),
            retry=checked_retry(retry),
            headers=checked_headers(headers),
            strict=flag("strict", strict),
        )
        shared = self._session
        self._caller = Caller(self.plane, self.endpoint, self.api_version, shared, options)

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
        """A client over the same connections with other options, for one call or many; None keeps
        what is.

        `client.with_options(timeout=5).scans.get(..)`; `headers` come on top of the client's own.
        `on_response` is called with each good answer (of every page, of every poll) before it is
        decoded, so status and headers can be seen; its request lacks the token. A failed answer is
        in the error, and what `stream` gives is in the caller's hands.
        """
        was = self._caller.options
        options = CallOptions(
            timeout=was.timeout if timeout is None else checked_timeout(timeout).as_dict(),
            total_s=was.total_s if total_timeout is None else checked_total(total_timeout),
            most_bytes=checked_most(max_answer_bytes, was.most_bytes),
            retry=was.retry if retry is None else checked_retry(retry),
            headers={**was.headers, **checked_headers(headers)},
            strict=was.strict if strict is None else flag("strict", strict),
            on_response=checked_hook(on_response) or was.on_response,
        )
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        for name, value in list(vars(other).items()):
            if isinstance(value, Bound):
                delattr(other, name)  # it calls by the client that it was made for
        other.api_version = checked_version(api_version, self.api_version)
        other._caller = self._caller.changed(other.api_version, options)
        other._owned = False
        return other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint}{self.plane.prefix} {self.api_version}>"

    def _responded(self, prepared: PreparedRequest) -> Flow[Response]:
        """Sends a request, and gives the answer with what came beside its body."""
        caller = self._caller
        response = yield from caller.send(prepared)
        parsed: Any = only_taken(prepared.operation, response)
        if parsed is None:
            parsed = caller.decode(prepared.operation, response)
        shown = without_token(response.request)
        return Response(response.status_code, response.headers, response.content, shown, parsed)

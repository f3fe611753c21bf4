"""The calls of one client: an operation and its arguments to a request, over its attempts, to the
answer.

The same for sync and async clients: what it gives are flows (see `pipeline`), which the client
runs.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, Self, TypeVar

import httpx

from purview_core.library_internals import Urls, has_content
from purview_core.operation import API_VERSION, Operation, Plane
from purview_core.options import USER_AGENT, CallOptions
from purview_core.suggest import nearest

from .decoding import decode
from .pipeline import Attempt, CallContext, Flow, send_until_answered
from .request import PreparedRequest, prepare
from .retry import Budget, Gate

T = TypeVar("T")

_JSON = {
    b"Accept": b"application/json",
    b"Accept-Encoding": b"gzip, deflate",
    b"Connection": b"keep-alive",
    b"User-Agent": USER_AGENT.encode(),
}
_FILE = {**_JSON, b"Accept": b"*/*"}
_NO_HEADERS: Mapping[str, str] = {}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ATTEMPT = "purview-client-attempt"
_SHORTEST_S = 0.001  # httpx takes a timeout of nothing for one that is over


class SharedState(Protocol):
    """What the calls over the same connections share."""

    auth: Any
    budget: Budget
    warm_token: Callable[[str], Any] | None

    def gate(self, plane: str) -> Gate:
        """The pause that the plane has asked for."""
        ...


class Runs(Protocol):
    """A sync client, as pagers and pollers hold it."""

    _caller: Caller

    def _run(self, flow: Flow[T]) -> T: ...


class RunsAsync(Protocol):
    """An async client, as pagers and pollers hold it."""

    _caller: Caller

    async def _run(self, flow: Flow[T]) -> T: ...


class Caller:
    """Prepares requests, sends them until they are answered, and decodes what came.

    Args:
        plane: the plane whose operations it calls.
        endpoint: scheme and host of the service.
        api_version: what is sent as `api-version`.
        shared: the connections' auth, the pauses that services asked for, the budget of retries.
        options: what the client was told, checked.
    """

    def __init__(
        self,
        plane: Plane,
        endpoint: str,
        api_version: str,
        shared: SharedState,
        options: CallOptions,
    ) -> None:
        self.plane, self.endpoint, self.api_version = plane, endpoint, api_version
        self.options = options
        self.context = CallContext(
            plane=plane,
            retry=options.retry,
            total_s=options.total_s,
            gate=shared.gate(plane.name),
            budget=shared.budget,
            auth=shared.auth,
            random=random.random,
            clock=time.monotonic,
        )
        self._warm_token = shared.warm_token
        self._urls, self._root = Urls(endpoint), f"{endpoint}/"

    def changed(self, api_version: str, options: CallOptions) -> Self:
        """The same with another api-version and other options."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other.api_version, other.options = api_version, options
        other.context = self.context._replace(retry=options.retry, total_s=options.total_s)
        return other

    @property
    def operations(self) -> Mapping[str, Operation[Any]]:
        """Every operation of the plane, by operationId."""
        module = import_module(f"{self.plane.package}.operations")
        found: Mapping[str, Operation[Any]] = module.OPERATIONS
        return found

    def prepare(
        self,
        operation: Operation[Any],
        values: Sequence[Any],
        body: Any = None,
        api_version: str | None = None,
    ) -> PreparedRequest:
        """The request of an operation; raises TypeError or ValueError for arguments it cannot
        take.
        """
        version = api_version or self.api_version
        return prepare(operation, self.endpoint, values, body, api_version=version)

    def prepare_by_name(
        self, operation_id: str, parameters: Mapping[str, Any] | None, body: Any
    ) -> PreparedRequest:
        """A request by operationId and wire names; raises TypeError with the nearest names for
        one that is not known.
        """
        operations = self.operations
        if not isinstance(operation_id, str) or not isinstance(parameters, Mapping | None):
            odd = parameters if isinstance(operation_id, str) else operation_id
            what = "an operationId and a mapping of wire names to values"
            raise TypeError(f"call takes {what}, not {type(odd).__name__}")
        if operation_id not in operations:
            near = nearest(operation_id, operations)
            raise TypeError(f"{self.plane.name} has no operation {operation_id!r}; {near}")
        operation, given = operations[operation_id], dict(parameters or {})
        known = {p.wire_name for p in operation.parameters}
        if unknown := sorted(set(given) - known, key=str):
            near = nearest(str(unknown[0]), known)
            raise TypeError(f"{operation_id} has no parameter {unknown[0]!r}; {near}")
        values = [given.get(p.wire_name) for p in operation.arguments]
        return self.prepare(operation, values, body, given.get(API_VERSION.wire_name))

    def send(self, prepared: PreparedRequest, *, show: bool = True) -> Flow[httpx.Response]:
        """Sends a request until it is answered well; `show`: the answer goes to `on_response`
        too.
        """
        response = yield from send_until_answered(prepared, self.context)
        if show and self.options.on_response is not None:
            response.request = without_token(response.request)
            self.options.on_response(response)
        return response

    def answer(self, operation: Operation[T], values: Sequence[Any], body: Any = None) -> Flow[T]:
        """Calls an operation, and gives the answer decoded."""
        prepared = self.prepare(operation, values, body)
        answer: T = self.decode(operation, (yield from self.send(prepared)))
        return answer

    def decode(self, operation: Operation[Any], response: httpx.Response) -> Any:
        """The body of a good answer as what the operation declares for its status."""
        return decode(
            operation,
            response.status_code,
            response.content,
            content_type=response.headers.get("content-type"),
            strict=self.options.strict,
        )

    def is_at_endpoint(self, prepared: PreparedRequest) -> bool:
        """Whether a request goes to the endpoint itself, and not to where a link of an answer
        leads.
        """
        return prepared.url.startswith(self._root)

    def signed_request(self, attempt: Attempt) -> tuple[httpx.Request, Any]:
        """The request of one attempt without files, and the token that it bears, where the auth
        has one at hand.
        """
        token = None
        if self._warm_token is not None and self.is_at_endpoint(attempt.prepared):
            token = self._warm_token(self.endpoint)
        return self.request(attempt, token=token), token

    def request(
        self, attempt: Attempt, files: Any = None, *, token: Any = None, whole: bool = True
    ) -> httpx.Request:
        """The request of one attempt, for httpx.

        Args:
            attempt: which try it is, and until when.
            files: what a form holds, open.
            token: what the auth has at hand; the request then bears it.
            whole: its answer is read at once, so that the deadline is for all of it.
        """
        prepared = attempt.prepared
        url = self._urls.url(prepared.url)
        extensions: dict[str, Any] = {
            "timeout": self._timeouts(attempt.deadline),
            "max_answer_bytes": self.options.most_bytes,
        }
        if whole and attempt.deadline < math.inf:
            extensions["deadline"] = attempt.deadline
        headers = self._headers(attempt, url, token, has_files=files is not None)
        method = prepared.method
        if files is not None:
            return httpx.Request(method, url, headers=headers, files=files, extensions=extensions)
        stream = httpx.ByteStream(prepared.content or b"")
        made = httpx.Request(method, url, headers=headers, stream=stream, extensions=extensions)
        made.read()
        return made

    def _headers(self, attempt: Attempt, url: httpx.URL, token: Any, *, has_files: bool) -> Any:
        """All headers of an attempt: ours, then the client's, then those that the request needs,
        which win.
        """
        prepared = attempt.prepared
        usual: Any = _FILE if "bytes" in prepared.operation.types.values() else _JSON
        needed: dict[Any, Any] = {
            **(attempt.trace_headers or _NO_HEADERS),
            **prepared.headers,
            _ATTEMPT: str(attempt.number),
        }
        if not has_files:
            # httpx adds these to a request with content=, but not to one with stream=, at half the
            # cost
            needed[b"Host"] = self._urls.host if self.is_at_endpoint(prepared) else url.netloc
            if prepared.content or prepared.method in _WITH_BODY:
                needed[b"Content-Length"] = b"%d" % len(prepared.content or b"")
        if token is not None:
            needed[b"Authorization"] = token.secret.bearer
        if not self.options.headers:
            return {**usual, **needed}
        headers = httpx.Headers(usual)  # where names are the same in any case
        headers.update(self.options.headers)
        headers.update(needed)
        return headers

    def _timeouts(self, deadline: float) -> dict[str, float | None]:
        """Seconds for each of connect, read, write and pool: what the client says, and no more
        than is left.
        """
        if deadline == math.inf:
            return dict(self.options.timeout)
        left = max(_SHORTEST_S, deadline - self.context.clock())
        return {
            name: left if value is None or value > left else value
            for name, value in self.options.timeout.items()
        }


def without_token(request: httpx.Request) -> httpx.Request:
    """The same request without its Authorization header, to be shown."""
    headers = [(k, v) for k, v in request.headers.multi_items() if k != "authorization"]
    content = request.content if has_content(request) else None
    return httpx.Request(request.method, request.url, headers=headers, content=content)

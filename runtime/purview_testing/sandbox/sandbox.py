"""The sandbox as users hold it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, Unpack

import httpx

from purview_testing.contracts.documents import UsageError
from purview_testing.contracts.judge import Validator
from purview_testing.contracts.messages import Request, Response

from . import arguments
from .app import App
from .call import Settings
from .faults import Faults
from .identity import Identity
from .in_process import AsyncSandboxTransport, SandboxTransport
from .limits import LimitOptions, Limits
from .recorder import Recorder, SeenRequest
from .state.resources import writable
from .state.store import Store

HOST = "http://127.0.0.1"


class Sandbox:
    """A Purview account and its tenant-wide planes on this machine, made from the contracts.

    planes: "scanning", "scanning@2022-07-01-preview", ...; None serves the default version of every plane.
    exact: answers hold what the contracts say and no more; without it also what the live service sends beyond (nulls, unknown
    members, seven digits of a second). What is kept comes back, so exact is strict with requests, too. strict: enums and kinds of
    the contracts admit their members alone; without it any string, as the service does.
    fill: what is not stored is invented instead of 404. state: a file that keeps the state; None keeps it in memory.
    seed: of ids and examples. page_size: items on a page. pace: seconds a step of a long-running thing takes; None: a step a poll.
    record: a file that calls are appended to. token_lifetime: seconds. specs: a folder with planes.toml and contracts/, in place of the
    ones that come with the package.

    What jobs meet at the service: search_lag, seconds until search, suggestions and facets know of a write; page_lifetime, seconds
    after which a continuation token is refused, None never; longest_url, characters of path and query, more is 414, None takes all
    (8,192 as the service has it: 193 guids in one GET); parents_return: an entity that is deleted while a child of it exists comes
    back; rate: calls a second, more are 429 with Retry-After, None admits all.

    Over httpx transports (`transport`, `async_transport`) it runs in process; `serve` opens a port. Account host and tenant host
    are both this sandbox: `Purview(sandbox.url, tenant_endpoint=sandbox.url, transport=sandbox.transport(), auth=sandbox.auth)`.
    With purview_auth: `ServicePrincipal("tenant", "client", "secret", authority=sandbox.url, transport=sandbox.transport(),
    allow_insecure_localhost=True)`.
    """

    def __init__(
        self,
        planes: Iterable[str] | None = None,
        *,
        exact: bool = False,
        strict: bool = False,
        fill: bool = False,
        state: Path | str | None = None,
        seed: int = 0,
        page_size: int = 100,
        pace: float | None = None,
        record: Path | str | None = None,
        token_lifetime: float = 86_399,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Any] = time.sleep,
        specs: Path | None = None,
        **limits: Unpack[LimitOptions],
    ) -> None:
        for name, value in (("exact", exact), ("strict", strict), ("fill", fill)):
            arguments.flag(name, value)
        for name, path in (("state", state), ("record", record)):
            arguments.file(name, path)
        arguments.number("seed", seed, whole=True)
        arguments.number("page_size", page_size, 1, whole=True)
        arguments.number("pace", pace, 0, none=True)
        arguments.number("token_lifetime", token_lifetime, 0)
        strict = strict or exact
        validator = Validator(arguments.names("planes", planes), strict=strict, specs=specs)
        creatable = frozenset(writable(validator.contracts))
        settings = Settings(
            exact, strict, fill, seed, page_size, pace, clock, Limits(**limits), creatable
        )
        self._recorder = Recorder(record) if record is not None else None
        self._store = Store(state)
        self._identity = Identity(clock, token_lifetime)
        self.app = App(validator, settings, self._store, self._identity, self._recorder)
        self.url = HOST
        self.auth = SandboxAuth(self)
        self._sleep = sleep

    @property
    def faults(self) -> Faults:
        """`.add(Fault(...))`, `.clear()`, `.unused()`."""
        return self.app.faults

    @property
    def requests(self) -> Sequence[SeenRequest]:
        """The requests that came, in order; the last 10,000."""
        return list(self.app.requests)

    def token(self, lifetime: float | None = None) -> str:
        """A token that the sandbox takes, for `lifetime` seconds."""
        arguments.number("lifetime", lifetime, none=True)
        return self._identity.issue(lifetime)

    def expire_tokens(self) -> None:
        """Every token issued so far is refused from now on."""
        self._identity.expire()

    def reset(self) -> None:
        """State, journal and faults as when it was opened."""
        self.app.reset()

    def handle(self, request: Request) -> Response:
        """The answer to one request, as a function."""
        return self.app.handle(request)

    def transport(self) -> httpx.BaseTransport:
        """For httpx clients: calls in process, whatever their host; no socket is opened."""
        return SandboxTransport(self.handle, self._sleep)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """As `transport`, for async clients."""
        return AsyncSandboxTransport(self.handle)

    @contextlib.contextmanager
    def serve(self, port: int = 0, host: str = "127.0.0.1") -> Generator[str]:
        """Serves on a port of this machine, 0 picks a free one; gives the address, which is also `url` while it serves."""
        from .server import served

        with served(self.handle, host, port) as url:
            before, self.url = self.url, url
            try:
                yield url
            finally:
                self.url = before

    def load(self, calls: Iterable[Any]) -> int:
        """Makes calls that fill the state: objects with method, path (with its query) and body. Returns how many; UsageError at
        the first that the sandbox refuses."""
        number = 0
        if isinstance(calls, (str, bytes, Mapping)) or not isinstance(calls, Iterable):
            raise UsageError(f"seed data: a list of calls is needed, not {type(calls).__name__}")
        for number, call in enumerate(calls, 1):
            try:
                method, path, body = call["method"], call["path"], call.get("body")
            except (TypeError, KeyError, AttributeError):
                raise UsageError(
                    f"seed data, call {number}: an object with method, path and body is needed"
                ) from None
            if not (
                isinstance(method, str)
                and isinstance(path, str)
                and method
                and path.startswith("/")
            ):
                raise UsageError(
                    f"seed data, call {number}: method and path are text, and the path begins with /"
                )
            with httpx.Client(transport=self.transport(), auth=self.auth, base_url=HOST) as client:
                response = (
                    client.request(method, path, json=body)
                    if body is not None
                    else client.request(method, path)
                )
            if response.status_code >= 300:
                raise UsageError(
                    f"seed data, call {number}: {method} {path}: {response.status_code} {response.text}"
                )
        return number

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url} of {len(self.app.validator.contracts)} documents>"


class SandboxAuth(httpx.Auth):
    """Sends a token of the sandbox; a new one after 401."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self._token = sandbox, ""

    def auth_flow(self, request: httpx.Request) -> Any:
        self._token = self._token or self._sandbox.token()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == 401:
            self._token = self._sandbox.token()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def __repr__(self) -> str:
        return "<SandboxAuth>"

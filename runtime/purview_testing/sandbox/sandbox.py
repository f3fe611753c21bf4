"""The sandbox as its users hold it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, Unpack

import httpx

from purview_core.command_errors import UsageError
from purview_testing.contracts.judge import Validator
from purview_testing.contracts.messages import RequestMessage, ResponseMessage

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

    Over httpx transports (`transport`, `async_transport`) it runs in process; `serve` opens a port.
    The host of the account and that of the tenant are both this sandbox:

        Purview(
            sandbox.url,
            tenant_endpoint=sandbox.url,
            transport=sandbox.transport(),
            auth=sandbox.auth,
        )

    To sign in as a service principal instead of taking `sandbox.auth`:

        ServicePrincipal(
            "tenant",
            "client",
            "secret",
            authority=sandbox.url,
            transport=sandbox.transport(),
            allow_insecure_localhost=True,
        )

    Args:
        planes: "scanning", "scanning@2022-07-01-preview", ...; None serves the default version of
            every plane.
        exact: Answers hold what the contracts say and no more. Without it they also hold what the
            live service sends beyond: nulls, unknown members, seven digits of a second. What is
            kept comes back, so an exact sandbox is strict with requests, too.
        strict: Enums and kinds admit only the members that the contracts list; without it any
            string, as the service does.
        fill: What is not stored is invented, instead of an error 404.
        state: A file that keeps the state; None keeps it in memory.
        seed: The seed of ids and examples.
        page_size: The largest number of items on a page.
        pace: Seconds that a step of a long-running operation takes; None for one step a poll.
        record: A file that calls are appended to.
        token_lifetime: Seconds for which a token is good.
        clock: Gives the time, in seconds since 1970.
        sleep: Waits some seconds, for faults that are slow.
        specs: A folder with planes.toml and contracts/, in place of those of the package.
        search_lag: Seconds until search, suggestions and facets know of a write.
        page_lifetime: Seconds after which a continuation token is refused; None for never.
        longest_url: Characters of path and query; more are 414. The service takes 8,192, which are
            193 guids. None takes any number.
        parents_return: An entity that is deleted while a child of it stays comes back.
        rate: Calls a second; more are 429 with Retry-After. None admits all.

    Raises:
        UsageError: An argument is not what is needed, or a file cannot be opened.
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
        """The faults: `add(Fault(...))`, `clear()`, `unused()`."""
        return self.app.faults

    @property
    def requests(self) -> Sequence[SeenRequest]:
        """The requests that came, oldest first; the last 10,000 are kept."""
        return list(self.app.requests)

    def token(self, lifetime: float | None = None) -> str:
        """Issues a token that the sandbox takes; `lifetime` is in seconds."""
        arguments.number("lifetime", lifetime, none=True)
        return self._identity.issue(lifetime)

    def expire_tokens(self) -> None:
        """Ends every token that was issued so far."""
        self._identity.expire()

    def reset(self) -> None:
        """Brings state, journal and faults back to where they were at the start."""
        self.app.reset()

    def handle(self, request: RequestMessage) -> ResponseMessage:
        """Answers one request, without any transport."""
        return self.app.handle(request)

    def transport(self) -> httpx.BaseTransport:
        """Returns a transport for httpx clients: in process, for any host, without a socket."""
        return SandboxTransport(self.handle, self._sleep)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Returns the same as `transport`, for async clients."""
        return AsyncSandboxTransport(self.handle)

    @contextlib.contextmanager
    def serve(self, port: int = 0, host: str = "127.0.0.1") -> Generator[str]:
        """Serves on a port of this machine while the context lasts.

        Args:
            port: The port; 0 picks a free one.
            host: A name or address of this machine.

        Yields:
            The address, which is also `url` as long as it is served.
        """
        from .server import served  # saves import time: asyncio and sockets are for ports alone

        with served(self.handle, host, port) as url:
            before, self.url = self.url, url
            try:
                yield url
            finally:
                self.url = before

    def load(self, calls: Iterable[Any]) -> int:
        """Makes calls that fill the state.

        Args:
            calls: Objects with method, path (with its query) and body.

        Returns:
            How many calls were made.

        Raises:
            UsageError: The sandbox refuses a call; none after it is made.
        """
        if isinstance(calls, (str, bytes, Mapping)) or not isinstance(calls, Iterable):
            raise UsageError(f"seed data: a list of calls is needed, not {type(calls).__name__}")
        number = 0
        for number, call in enumerate(calls, 1):
            where = f"seed data, call {number}:"
            method, path, body = _seed_call(call, where)
            with httpx.Client(transport=self.transport(), auth=self.auth, base_url=HOST) as client:
                sent = {} if body is None else {"json": body}
                response = client.request(method, path, **sent)
            if response.status_code >= 300:
                raise UsageError(f"{where} {method} {path}: {response.status_code} {response.text}")
        return number

    def close(self) -> None:
        """Closes the state and the record."""
        if self._recorder is not None:
            self._recorder.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url} of {len(self.app.validator.contracts)} documents>"


def _seed_call(call: Any, where: str) -> tuple[str, str, Any]:
    """Returns method, path and body of a call of the seed data."""
    try:
        method, path, body = call["method"], call["path"], call.get("body")
    except (TypeError, KeyError, AttributeError):
        raise UsageError(f"{where} an object with method, path and body is needed") from None
    if not (isinstance(method, str) and isinstance(path, str) and method and path.startswith("/")):
        raise UsageError(f"{where} method and path are text, and the path begins with /")
    return method, path, body


class SandboxAuth(httpx.Auth):
    """Sends a token of the sandbox, and asks for a new one after a 401."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Any:
        """Sends the request with a token; once more with a new one after a 401."""
        self._token = self._token or self._sandbox.token()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == 401:
            self._token = self._sandbox.token()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def __repr__(self) -> str:
        return "<SandboxAuth>"

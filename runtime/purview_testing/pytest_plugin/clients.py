"""Makes the clients of one test, of a sandbox, a recording or an account, and closes them with it.

Where nothing real is called, their waits take no time.
"""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, TypeVar, overload

import httpx

from purview_core.client.client import AsyncClient, Client
from purview_core.client.facade import AsyncFacade, Facade
from purview_core.command_errors import UsageError
from purview_core.suggest import nearest
from purview_testing.contracts.judge import Validator
from purview_testing.sandbox.in_process import AsyncSandboxTransport, SandboxTransport

C = TypeVar("C")


class Waits:
    """A clock that is put forward by whatever sleeps, so that waits take no time.

    `seconds` holds each wait.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._ahead = 0.0

    def clock(self) -> float:
        """Seconds of a clock that never goes back, the waits among them."""
        return time.monotonic() + self._ahead

    def now(self) -> float:
        """Seconds since 1970, the waits among them."""
        return time.time() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Notes a wait and puts the clock forward by it."""
        self.seconds.append(seconds)
        self._ahead += max(0.0, seconds)

    async def async_sleep(self, seconds: float) -> None:
        """As `sleep`, for async clients."""
        self.sleep(seconds)


class Target(Protocol):
    """What the clients of a test call."""

    @property
    def account(self) -> str:
        """The address of the planes of an account."""
        ...

    @property
    def tenant(self) -> str | None:
        """The address of the tenant-wide planes; None for that of the service."""
        ...

    @property
    def auth(self) -> httpx.Auth | None:
        """What signs the calls in."""
        ...

    def transport(self) -> httpx.BaseTransport:
        """A transport for one client."""
        ...

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for one async client."""
        ...


class InProcess:
    """A handler in this process as a target."""

    def __init__(
        self,
        handle: Callable[..., Any],
        auth: httpx.Auth | None,
        account: str,
        tenant: str,
        waits: Waits,
    ) -> None:
        self._handle = handle
        self.auth = auth
        self.account = account
        self.tenant = tenant
        self.waits = waits

    def transport(self) -> httpx.BaseTransport:
        """A transport that calls the handler."""
        return SandboxTransport(self._handle, self.waits.sleep, self.waits.clock)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for async clients that calls the handler."""
        return AsyncSandboxTransport(self._handle, self.waits.clock)


class _Factory:
    """Makes clients of a target and closes them."""

    _prefix = ""
    _facade = "Purview"
    _fixture = "purview_client"
    _kinds: tuple[type, ...] = (Client, Facade)

    def __init__(self, target: Target, validator: Validator, waits: Waits, *, real: bool) -> None:
        self._target = target
        self._validator = validator
        self._waits = waits
        self._real = real
        self._made: list[Any] = []

    @property
    def waits(self) -> list[float]:
        """Seconds of each wait between tries; none of them is slept but in live mode."""
        return self._waits.seconds

    def _make(self, plane: Any, transport: Any, options: dict[str, Any]) -> Any:
        if "transport" in options:
            raise TypeError(
                "transport= is what the plug-in gives; a client of your own takes "
                "purview_sandbox.transport()"
            )
        kind = self._kind(plane)
        facade = not hasattr(kind, "plane")
        if not facade:
            self._served(kind.plane)
        given: dict[str, Any] = {
            "auth": self._target.auth,
            "tenant_endpoint": self._target.tenant,
            **options,
        }
        client = (self._patient(kind) if facade else kind)(
            self._target.account, transport=transport, **given
        )
        self._made.append(client)
        return client if facade else self._hasten(client)

    def _kind(self, plane: Any) -> Any:
        # every run of pytest imports this, few make clients
        import purview_dataplane

        planes, facade = purview_dataplane.PLANES, f"{self._prefix}{self._facade}"
        if isinstance(plane, type) and issubclass(plane, self._kinds):
            return plane
        if plane is None:
            return getattr(purview_dataplane, facade)
        if not isinstance(plane, str):
            what = plane.__name__ if isinstance(plane, type) else f"{plane!r:.60}"
            raise TypeError(
                f"{self._fixture} takes the name of a plane, a class of its clients or {facade}, "
                f"not {what}"
            )
        if plane not in planes:
            raise UsageError(f"unknown plane {plane!r}; {nearest(plane, sorted(planes))}")
        found = planes[plane]
        return getattr(import_module(found.package), f"{self._prefix}{found.title}Client")

    def _served(self, plane: Any) -> None:
        name = f"{plane.name}@{plane.version}"
        if all(c.document.name != name for c in self._validator.contracts):
            raise UsageError(
                f"{name} is not served here; mark the test with purview(planes=[{name!r}]), "
                "beside the planes it needs"
            )

    def _patient(self, kind: Any) -> Any:
        """A facade whose clients do not sleep."""
        factory = self

        class Hastened(kind):  # type: ignore[misc]
            def _client(self, of: Any) -> Any:
                return factory._hasten(super()._client(of))

        Hastened.__name__ = Hastened.__qualname__ = kind.__name__
        return Hastened

    def _hasten(self, client: Any) -> Any:
        if not self._real:
            asynchronous = inspect.iscoroutinefunction(client._run)
            client._sleep = self._waits.async_sleep if asynchronous else self._waits.sleep
            caller = client._caller
            caller.context = caller.context._replace(clock=self._waits.clock)
        return client


class Clients(_Factory):
    """What the fixture purview_client is: called, it makes a client.

    Options are those of the client: retry=, timeout=, headers=, strict=, auth=.
    """

    @overload
    def __call__(self, plane: type[C], **options: Any) -> C: ...
    @overload
    def __call__(self, plane: str | None = None, **options: Any) -> Any: ...
    def __call__(self, plane: Any = None, **options: Any) -> Any:
        """Makes a client; see the fixture purview_client."""
        return self._make(plane, self._target.transport(), options)

    def close(self) -> None:
        """Closes the clients that were made."""
        for client in self._made:
            client.close()


class AsyncClients(_Factory):
    """As Clients, for async ones."""

    _prefix = "Async"
    _fixture = "purview_async_client"
    _kinds = (AsyncClient, AsyncFacade)

    @overload
    def __call__(self, plane: type[C], **options: Any) -> C: ...
    @overload
    def __call__(self, plane: str | None = None, **options: Any) -> Any: ...
    def __call__(self, plane: Any = None, **options: Any) -> Any:
        """Makes an async client; see the fixture purview_client."""
        return self._make(plane, self._target.async_transport(), options)

    def close(self) -> None:
        """Closes the clients that were made.

        No event loop is needed, since no transport of the sandbox keeps a connection.
        """
        for client in self._made:
            closing = client.aclose()
            with contextlib.suppress(StopIteration):
                closing.send(None)
                closing.close()
                raise RuntimeError(
                    f"{client!r} waits while it is closed; close it in the test, with `async with`"
                )

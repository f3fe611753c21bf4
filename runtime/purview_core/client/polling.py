"""Pollers: what `begin_...` gives, for sync and async.

What they do is in `monitor`; what answers say, in `outcome`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from purview_core.call.caller import Runs, RunsAsync
from purview_core.process_bound import Tied

from .monitor import Monitor
from .outcome import OperationStatus

T = TypeVar("T")


class Poller(Tied, Generic[T]):
    """A running operation. `status()` asks once; `result()` waits for the end and gives what it
    made.

    Nothing runs in the background: it is asked for while one of these calls lasts, and a call that
    is broken off leaves a poller that can be asked again.

    Work that the service has taken is never an error, also where it gave no link to its state, or
    one that leads to another host, to which nothing is sent. Where its state can be read nowhere,
    `done()` stays False, `status()` is the service's first word, and `result()` gives at once what
    there is: the answer where it is of the declared type, else an OperationStatus. `accepted` says
    what to ask instead.
    """

    _instead = (
        "token() is a text without secrets, and client.resume(token) goes on from it in the worker"
    )

    def __init__(self, client: Runs, monitor: Monitor[T]) -> None:
        self._client, self._monitor = client, monitor

    @property
    def accepted(self) -> OperationStatus:
        """What the service said when it took the work: its word, the id, and what to ask with."""
        return self._monitor.accepted

    def status(self) -> str:
        """The service's own word, which may be one that this version does not know; see
        `went_well` for what it means.
        """
        return self._client._run(self._monitor.flow_status())

    def done(self) -> bool:
        """Whether it was over when it was last asked."""
        return self._monitor.over

    def token(self) -> str:
        """What `client.resume` needs to go on with this operation, also in another process: JSON
        text with the names of plane and operation, the addresses without their host, and the
        status; no token of the caller and no body.

        Raises PollingError where its state can be read nowhere, with the method to ask instead.
        """
        return self._monitor.token()

    def wait(self, timeout: float | None = None, *, interval: float | None = None) -> None:
        """Waits as `result` does, and raises what it raises."""
        self.result(timeout, interval=interval)

    def result(self, timeout: float | None = None, *, interval: float | None = None) -> T:
        """Waits for the end: `timeout` seconds at most, asking every `interval` seconds (5) where
        the service names no time.

        Raises PollingError with the service's own code and words where it failed or was cancelled,
        PollingTimeoutError (a TimeoutError) where it lasts longer, or where the service asks to
        wait beyond that. An operation that succeeded in part gives its result; `status()` tells.
        """
        return self._client._run(self._monitor.flow_result(timeout, interval))

    def __repr__(self) -> str:
        return self._monitor.shown("Poller")


class AsyncPoller(Tied, Generic[T]):
    """`Poller` for async clients; cancelling a wait stops it, and the poller can be asked again."""

    _instead = Poller._instead

    def __init__(self, client: RunsAsync, monitor: Monitor[T]) -> None:
        self._client, self._monitor = client, monitor

    @property
    def accepted(self) -> OperationStatus:
        """What the service said when it took the work: its word, the id, and what to ask with."""
        return self._monitor.accepted

    async def status(self) -> str:
        """The service's own word, which may be one that this version does not know; see
        `went_well` for what it means.
        """
        return await self._client._run(self._monitor.flow_status())

    def done(self) -> bool:
        """Whether it was over when it was last asked."""
        return self._monitor.over

    def token(self) -> str:
        """See `Poller.token`."""
        return self._monitor.token()

    async def wait(self, timeout: float | None = None, *, interval: float | None = None) -> None:
        """Waits as `result` does, and raises what it raises."""
        await self.result(timeout, interval=interval)

    async def result(self, timeout: float | None = None, *, interval: float | None = None) -> T:
        """See `Poller.result`."""
        return await self._client._run(self._monitor.flow_result(timeout, interval))

    def __repr__(self) -> str:
        return self._monitor.shown("AsyncPoller")

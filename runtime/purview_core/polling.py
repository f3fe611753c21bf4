"""Long-running operations: where their status is read, when they are over, and what they end with. Written once, as flows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

from .codec import Registry
from .decoding import type_of
from .errors import NotFoundError, PollingError, retry_after_seconds
from .jsontext import loads
from .links import resolve, with_api_version
from .pipeline import Flow, Wait
from .request import REQUEST_ID, Prepared

if TYPE_CHECKING:
    import httpx

    from .client import AsyncClient, Client

T = TypeVar("T")
_DONE = {"succeeded", "completed", "success"}
_FAILED = {"failed", "canceled", "cancelled", "error", "partialsucceeded"}
_MONITORS = ("operation-location", "azure-asyncoperation", "location")
_INTERVAL_S = 5.0
_LONGEST_S = 60.0
_LATE = 3  # a status link may answer 404 for a moment after the start


class Monitor(Generic[T]):
    """One long-running operation after its first answer. `flow_status` asks once, `flow_result` until it is over."""

    def __init__(self, client: Client | AsyncClient, prepared: Prepared, started: httpx.Response) -> None:
        self._client, self._prepared, self._last = client, prepared, started
        self._location = started.headers.get("location")
        self._link = self._status_link(started)
        self._follows = self._link is not None or started.status_code == 202
        self.status = _status(_json(started)) or ("Running" if self._follows else "Succeeded")
        self._late = _LATE

    @property
    def over(self) -> bool:
        return not self._follows or self.status.lower() in _DONE | _FAILED

    def _status_link(self, started: httpx.Response) -> str | None:
        """Operation-Location, else its relatives, else the path that the operation declares for the id in the answer; a PUT
        without any is followed at its own address."""
        link = next((started.headers[name] for name in _MONITORS if started.headers.get(name)), None)
        link = link or self._declared_link(started)
        if link is None:
            pending = (
                started.status_code == 202 or (_status(_json(started)) or "succeeded").lower() not in _DONE | _FAILED
            )
            return self._prepared.url if pending and self._prepared.method == "PUT" else None
        link = re.sub(r"%3F(?=[^/?]*=)", "?", link, count=1, flags=re.IGNORECASE) if "?" not in link else link
        return self._resolved(link)

    def _declared_link(self, started: httpx.Response) -> str | None:
        polling, body = self._prepared.operation.polling, _json(started)
        found = body.get("id") if isinstance(body, dict) else None
        if polling is None or polling.status_path is None or not isinstance(found, str) or not found:
            return None
        return self._client.endpoint + polling.status_path.replace("{id}", quote(found, safe="~"))

    def _resolved(self, link: str) -> str:
        try:
            url = resolve(link, self._prepared.url)
        except ValueError as error:
            raise PollingError(f"{self._prepared.operation.id}: {error}; nothing was sent there") from None
        return with_api_version(url, self._client.api_version)

    def _get(self, url: str) -> Prepared:
        """A GET that has nothing of the first request but its id: neither its media type nor its If-Match."""
        kept = {n: v for n, v in self._prepared.headers.items() if n == REQUEST_ID}
        return Prepared(self._prepared.operation, "GET", url, kept)

    def flow_status(self) -> Flow[str]:
        """Asks for the status once, unless it is over."""
        if self.over or self._link is None:
            return self.status
        try:
            self._last = yield from self._client._call(self._get(self._link))
        except NotFoundError:
            self._late -= 1
            if self._late < 0:
                raise
            return self.status
        found = _status(_json(self._last))
        self.status = found or ("Running" if self._last.status_code == 202 else "Succeeded")
        return self.status

    def flow_result(self, timeout: float | None, interval: float | None) -> Flow[T]:
        """Waits until it is over; raises PollingError where it failed, TimeoutError where it would last over `timeout` seconds."""
        begun = self._client._clock()
        while not self.over:
            if self._link is None:
                what = f"{self._prepared.operation.id} is {self.status}, and the service gave no link to its state"
                raise PollingError(
                    f"{what}; ask for it with another operation", status=self.status, body=_json(self._last)
                )
            pause, gone = self._pause(interval), self._client._clock() - begun
            if timeout is not None and gone + pause > timeout:
                raise TimeoutError(f"{self._prepared.operation.id} is {self.status} after {gone:.0f} s of waiting")
            yield Wait(pause)
            yield from self.flow_status()
        if self.status.lower() in _FAILED:
            raise self._failure()
        result: T = yield from self._final()
        return result

    def _pause(self, interval: float | None) -> float:
        asked = retry_after_seconds(self._last.headers)
        return min(asked if asked is not None else _INTERVAL_S if interval is None else interval, _LONGEST_S)

    def _failure(self) -> PollingError:
        body = _json(self._last)
        error = body.get("error") if isinstance(body, dict) else None
        error = error if isinstance(error, dict) else {}
        code, message = error.get("code") or error.get("errorCode"), error.get("message") or error.get("errorMessage")
        said = ": ".join(str(part) for part in (code, message) if part)
        text = f"{self._prepared.operation.id}: {self.status}{f': {said}' if said else ''}"
        return PollingError(text, status=self.status, code=str(code) if code else None, body=body)

    def _final(self) -> Flow[Any]:
        """What the document says; else the resource itself after a PUT, and the last status answer after anything else."""
        operation, polling = self._prepared.operation, self._prepared.operation.polling
        via = (polling.final_state_via if polling else None) or (
            "original-uri" if self._prepared.method == "PUT" else ""
        )
        where = self._prepared.url if via == "original-uri" else None
        if via == "location" and self._location:
            where = self._resolved(self._location)
        if where is not None and self._link is not None and self._last.request.url != where:
            self._last = yield from self._client._call(self._get(where))
            if via == "original-uri":
                return self._client._decode(operation, self._last)
        text = polling.result if polling and polling.result else type_of(operation, self._last.status_code)
        value = _json(self._last)
        load = Registry.get(operation.models).loader(text) if text not in (None, "None", "Any", "bytes") else None
        return load(value) if load and text else value if text not in (None, "None") else None


class Poller(Generic[T]):
    """A running operation. `status()` asks once; `result()` waits for the end and gives what it made."""

    def __init__(self, client: Client, monitor: Monitor[T]) -> None:
        self._client, self._monitor = client, monitor

    def status(self) -> str:
        return self._client._run(self._monitor.flow_status())

    def done(self) -> bool:
        """Whether it was over when it was last asked."""
        return self._monitor.over

    def wait(self, timeout: float | None = None, *, interval: float | None = None) -> None:
        self.result(timeout, interval=interval)

    def result(self, timeout: float | None = None, *, interval: float | None = None) -> T:
        """Waits for the end: `timeout` seconds at most, asking every `interval` seconds where the service names no time."""
        return self._client._run(self._monitor.flow_result(timeout, interval))


class AsyncPoller(Generic[T]):
    """`Poller` for async clients."""

    def __init__(self, client: AsyncClient, monitor: Monitor[T]) -> None:
        self._client, self._monitor = client, monitor

    async def status(self) -> str:
        return await self._client._run(self._monitor.flow_status())

    def done(self) -> bool:
        """Whether it was over when it was last asked."""
        return self._monitor.over

    async def wait(self, timeout: float | None = None, *, interval: float | None = None) -> None:
        await self.result(timeout, interval=interval)

    async def result(self, timeout: float | None = None, *, interval: float | None = None) -> T:
        """Waits for the end: `timeout` seconds at most, asking every `interval` seconds where the service names no time."""
        return await self._client._run(self._monitor.flow_result(timeout, interval))


def _json(response: httpx.Response) -> Any:
    try:
        return loads(response.content) if response.content.strip() else None
    except ValueError:
        return None


def _status(body: Any) -> str | None:
    """`status`, or the provisioning state of a resource."""
    if not isinstance(body, dict):
        return None
    properties = body.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    found = body.get("status") or body.get("provisioningState") or state
    return found if isinstance(found, str) else None

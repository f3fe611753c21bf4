"""Long-running operations: where their status is read, when they are over, and what they end with. Written once, as flows."""

from __future__ import annotations

import re
import uuid
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, unquote, urlsplit

import msgspec

from .codec import Registry
from .decoding import type_of
from .errors import NotFoundError, PollingError, retry_after_seconds
from .jsontext import loads
from .links import UNSENDABLE, query_value, repaired, resolve, with_api_version
from .options import seconds
from .pipeline import Flow, Wait
from .request import REQUEST_ID, Prepared

if TYPE_CHECKING:
    import httpx

    from .client import AsyncClient, Client

T = TypeVar("T")
_DONE = {"succeeded", "completed", "success", "partialsucceeded", "partiallysucceeded"}
_FAILED = {"failed", "canceled", "cancelled", "error"}
_MONITORS = ("operation-location", "azure-asyncoperation", "location")
_INTERVAL_S = 5.0
_LONGEST_S = 60.0
_NO_TIME_S = 0.001
_STATE = "provisioningstate"
_LATE = 3  # a status link may answer 404 for a moment after the start


class _State(msgspec.Struct, forbid_unknown_fields=True):
    """What a token holds; `url` and `link` without the host, which is the resuming client's."""

    plane: str
    operation: str
    method: str
    url: str
    link: str
    location: str | None
    status: str


class Monitor(Generic[T]):
    """One long-running operation after its first answer. `flow_status` asks once, `flow_result` until it is over.

    | status, in any case                             | means                                                               |
    |-------------------------------------------------|---------------------------------------------------------------------|
    | Succeeded, Completed, Success                    | over: the result is what it made                                    |
    | PartialSucceeded                                 | over: the result is what it made, and `status` says that some failed |
    | Failed, Canceled, Cancelled, Error               | over: the result raises PollingError                                |
    | none in an answer                                | running after 202, else over                                        |
    | anything else                                    | running                                                             |
    """

    def __init__(self, client: Client | AsyncClient, prepared: Prepared, started: httpx.Response) -> None:
        self._client, self._prepared, self._late = client, prepared, _LATE
        self._last: httpx.Response | None = started
        self._location: str | None = started.headers.get("location")
        self._link = self._status_link(started)
        self._follows = self._link is not None or started.status_code == 202
        self.status = _status(_json(started)) or ("Running" if self._follows else "Succeeded")

    @classmethod
    def resumed(cls, client: Client | AsyncClient, token: str) -> Monitor[Any]:
        """The monitor that a token was taken from, at its last known status; raises ValueError for what is no token here."""
        try:
            state = msgspec.json.decode(token, type=_State)
        except (msgspec.MsgspecError, UnicodeError, TypeError):
            state = None
        operation = client._operations.get(state.operation) if state and state.plane == client.plane.name else None
        if state is None or operation is None or not operation.polling or not _below(state.url, state.link):
            raise ValueError(f"this is no token of a poller of the {client.plane.name} plane")
        made, headers = cls.__new__(cls), {REQUEST_ID: str(uuid.uuid4())}
        made._client, made._late, made._last, made._follows = client, _LATE, None, True
        made._prepared = Prepared(operation, state.method, client.endpoint + state.url, headers)
        made._link, made._location = client.endpoint + state.link, state.location
        over = state.status.lower() in _DONE | _FAILED
        made.status = "Running" if over else state.status  # the answer that said so is not here
        return made

    def token(self) -> str:
        """See `Poller.token`."""
        if self._link is None:
            raise PollingError(f"{self.name} is {self.status}, and has no link by which it could be resumed")
        sent = self._prepared
        urls = _below_host(sent.url), _below_host(self._link)
        state = _State(self._client.plane.name, self.name, sent.method, *urls, self._location, self.status)
        return msgspec.json.encode(state).decode()

    @property
    def name(self) -> str:
        return self._prepared.operation.id

    @property
    def over(self) -> bool:
        return not self._follows or self.status.lower() in _DONE | _FAILED

    def _status_link(self, started: httpx.Response) -> str | None:
        """Operation-Location, else its relatives, else the path that the operation declares for it; a PUT without any is
        followed at its own address."""
        link = next((started.headers[name] for name in _MONITORS if started.headers.get(name)), None)
        if link is not None:
            return self._resolved(repaired(link))
        state = (_status(_json(started)) or "succeeded").lower()
        if started.status_code != 202 and state in _DONE | _FAILED:
            return None
        if declared := self._declared_link(started):
            return self._resolved(declared)
        return self._prepared.url if self._prepared.method == "PUT" else None

    def _declared_link(self, started: httpx.Response) -> str | None:
        """The declared path with the id of the answer, and with path and query values of the request; None where one lacks."""
        polling, body = self._prepared.operation.polling, _json(started)
        if polling is None or polling.status_path is None:
            return None
        path = polling.status_path
        for name in re.findall(r"\{(\w+)\}", path):
            found = body.get("id") if name == "id" and isinstance(body, dict) else _sent(self._prepared, name)
            if not isinstance(found, str) or not found or UNSENDABLE.search(found):
                return None
            path = path.replace("{" + name + "}", quote(found, safe="~"))
        return self._client.endpoint + path

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
        self._late = 0  # once it was there, it has to stay
        found = _status(_json(self._last))
        self.status = found or ("Running" if self._last.status_code == 202 else "Succeeded")
        return self.status

    def flow_result(self, timeout: float | None, interval: float | None) -> Flow[T]:
        """Waits until it is over; raises PollingError where it failed, TimeoutError where it would last over `timeout` seconds."""
        for name, value in (("timeout", timeout), ("interval", interval)):
            if value is not None:
                seconds(name, value, zero=True)
        begun = self._client._clock()
        while not self.over:
            if self._link is None:
                what = f"{self._prepared.operation.id} is {self.status}, and the service gave no link to its state"
                raise PollingError(
                    f"{what}; ask for it with another operation", status=self.status, body=_json(self._last)
                )
            gone = self._client._clock() - begun
            left = inf if timeout is None else timeout - gone
            pause = self._pause(interval, left)
            if pause > left or left < _NO_TIME_S:
                raise TimeoutError(f"{self._prepared.operation.id} is {self.status} after {gone:.0f} s of waiting")
            yield Wait(pause)
            yield from self.flow_status()
        if self.status.lower() in _FAILED:
            raise self._failure()
        result: T = yield from self._final()
        return result

    def _pause(self, interval: float | None, left: float) -> float:
        """What the service asks for; else the interval, cut short so that the last question is at the end of the time."""
        asked = retry_after_seconds(self._last.headers) if self._last is not None else None
        own = min(_INTERVAL_S if interval is None else interval, left)
        return min(own if asked is None else asked, _LONGEST_S)

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
        last = self._last
        assert last is not None  # it is over, and an answer said so
        if where is not None and self._link is not None and last.request.url != where:
            self._last = last = yield from self._client._call(self._get(where))
            if via == "original-uri":
                return self._client._decode(operation, last)
        text = polling.result if polling and polling.result else type_of(operation, last.status_code)
        value = _json(last)
        load = Registry.get(operation.models).loader(text) if text not in (None, "None", "Any", "bytes") else None
        return load(value) if load and text else value if text not in (None, "None") else None


class Poller(Generic[T]):
    """A running operation. `status()` asks once; `result()` waits for the end and gives what it made.

    Nothing runs in the background: it is asked for while one of these calls lasts, and a call that is broken off leaves a
    poller that can be asked again.
    """

    def __init__(self, client: Client, monitor: Monitor[T]) -> None:
        self._client, self._monitor = client, monitor

    def status(self) -> str:
        """The service's own word, which may be one that this version does not know (taken for running)."""
        return self._client._run(self._monitor.flow_status())

    def done(self) -> bool:
        """Whether it was over when it was last asked."""
        return self._monitor.over

    def token(self) -> str:
        """What `client.resume` needs to go on with this operation, also in another process: JSON text with the names of plane
        and operation, the addresses without their host, and the status; no token of the caller and no body.

        Raises PollingError where the service gave no link to its state.
        """
        return self._monitor.token()

    def wait(self, timeout: float | None = None, *, interval: float | None = None) -> None:
        """Waits for the end as `result` does, and raises what it raises."""
        self.result(timeout, interval=interval)

    def result(self, timeout: float | None = None, *, interval: float | None = None) -> T:
        """Waits for the end: `timeout` seconds at most, asking every `interval` seconds (5) where the service names no time.

        Raises PollingError with the service's own code and text where it failed or was cancelled, TimeoutError where it
        lasts longer, or where the service asks to wait beyond that. An operation that succeeded in part gives its result; `status()` tells.
        """
        return self._client._run(self._monitor.flow_result(timeout, interval))

    def __repr__(self) -> str:
        return f"<Poller of {self._monitor.name}: {self._monitor.status}>"


class AsyncPoller(Generic[T]):
    """`Poller` for async clients; cancelling a wait stops it, and the poller can be asked again."""

    def __init__(self, client: AsyncClient, monitor: Monitor[T]) -> None:
        self._client, self._monitor = client, monitor

    async def status(self) -> str:
        """The service's own word, which may be one that this version does not know (taken for running)."""
        return await self._client._run(self._monitor.flow_status())

    def done(self) -> bool:
        """Whether it was over when it was last asked."""
        return self._monitor.over

    def token(self) -> str:
        """See `Poller.token`."""
        return self._monitor.token()

    async def wait(self, timeout: float | None = None, *, interval: float | None = None) -> None:
        """Waits for the end as `result` does, and raises what it raises."""
        await self.result(timeout, interval=interval)

    async def result(self, timeout: float | None = None, *, interval: float | None = None) -> T:
        """See `Poller.result`."""
        return await self._client._run(self._monitor.flow_result(timeout, interval))

    def __repr__(self) -> str:
        return f"<AsyncPoller of {self._monitor.name}: {self._monitor.status}>"


def _json(response: httpx.Response | None) -> Any:
    try:
        return loads(response.content) if response is not None and response.content.strip() else None
    except ValueError:
        return None


def _status(body: Any) -> str | None:
    """`status`, or the provisioning state of a resource, whatever stands before those words."""
    if not isinstance(body, dict):
        return None
    properties = body.get("properties")
    inner = properties if isinstance(properties, dict) else {}
    states = [value for part in (body, inner) for name, value in part.items() if name.lower().endswith(_STATE)]
    return next((found for found in (body.get("status"), *states) if isinstance(found, str) and found), None)


def _sent(prepared: Prepared, name: str) -> str | None:
    """The value that a request has for a name in its path or its query."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/?]+)", re.escape(prepared.operation.path))
    found = re.search(pattern + r"(?:\?|$)", prepared.url)
    values = found.groupdict() if found else {}
    return unquote(values[name]) if name in values else query_value(prepared.url, name)


def _below(*urls: str) -> bool:
    return all(url.startswith("/") and not UNSENDABLE.search(url) for url in urls)


def _below_host(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

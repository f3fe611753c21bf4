"""Long-running operations: where their status is read, when they are over, and what they end with.

Written once, as flows.
"""

from __future__ import annotations

import re
import uuid
from math import inf
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from purview_core.call.caller import Caller
from purview_core.call.pipeline import Flow, Wait
from purview_core.call.request import REQUEST_ID, PreparedRequest
from purview_core.errors import (
    ConflictError,
    NotFoundError,
    PollingError,
    PollingTimeoutError,
    PurviewError,
    retry_after_seconds,
)
from purview_core.options import seconds

from .links import UNSENDABLE, repaired, resolve, shown_origin, with_api_version
from .outcome import ACCEPTED, OperationStatus, body_of, id_of, status_of, went_well, words_of
from .results import decoded, is_declared, result_type, status_class
from .saved import SavedOperation

T = TypeVar("T")
_MONITORS = ("operation-location", "azure-asyncoperation", "location")
_INTERVAL_S = 5.0
_LONGEST_S = 60.0
_NO_TIME_S = 0.001
_LATE = 3  # a status link may answer 404 for a moment after the start


class Monitor(Generic[T]):
    """One long-running operation after its first answer. `flow_status` asks once, `flow_result`
    until it is over.

    Where the state is read, the first of these that there is:

    | where                                        | when                                          |
    |----------------------------------------------|-----------------------------------------------|
    | Operation-Location, Azure-AsyncOperation,    | the answer has it, and it leads to the        |
    | Location                                     | endpoint                                      |
    | the status path that the operation declares  | the answer or the request has the values it   |
    |                                              | needs                                         |
    | the resource's own address                   | a PUT; an action on a resource whose answer   |
    |                                              | is it, unless the first answer is the changed |
    |                                              | resource                                      |
    | nowhere: `over` stays False, and nothing is  | else                                          |
    | asked                                        |                                               |

    What `flow_result` gives, the first of these that there is, when the work is over or its state
    can be read nowhere:

    | what                                          | when                                         |
    |-----------------------------------------------|----------------------------------------------|
    | None                                          | the operation declares no result             |
    | the final state, where the document says that | final-state-via; for a PUT, the resource     |
    | it is                                         |                                              |
    | the last answer                               | it is of the declared type (see `is_result`) |
    | the resource, asked for                       | its address is known                         |
    | a status of the declared type                 | the declared type is that of a status        |
    | an OperationStatus                            | else: the static type then says so, too      |
    """

    def __init__(self, caller: Caller, prepared: PreparedRequest, started: httpx.Response) -> None:
        self._caller, self._prepared, self._late = caller, prepared, _LATE
        self._last: httpx.Response | None = started
        self._location: str | None = started.headers.get("location")
        self._refused: str | None = None
        self._link = self._status_link(started)
        self._follows = (
            self._link is not None or started.status_code == 202 or self._refused is not None
        )
        body = body_of(started)
        self.status = status_of(body) or (ACCEPTED if self._follows else "Succeeded")
        self._well = went_well(self.status, body)
        self.accepted = self._as_status(body, id_of(body, started.headers))

    @classmethod
    def resumed(cls, caller: Caller, token: str) -> Monitor[Any]:
        """The monitor that a token was taken from, at its last known status; raises ValueError
        for what is no token here.
        """
        try:
            state = msgspec.json.decode(token, type=SavedOperation)
        except (msgspec.MsgspecError, UnicodeError, TypeError):
            state = None
        operation = (
            caller.operations.get(state.operation)
            if state and state.plane == caller.plane.name
            else None
        )
        if (
            state is None
            or operation is None
            or not operation.polling
            or not _below(state.url, state.link)
        ):
            raise ValueError(f"this is no token of a poller of the {caller.plane.name} plane")
        made, headers = cls.__new__(cls), {REQUEST_ID: str(uuid.uuid4())}
        made._caller, made._late = caller, _LATE
        made._last, made._follows = None, True
        url = caller.endpoint + state.url
        made._prepared = PreparedRequest(
            operation, state.method, url, headers, arguments=state.arguments
        )
        made._link, made._location, made._refused = (
            caller.endpoint + state.link,
            state.location,
            None,
        )
        over = went_well(state.status) is not None
        made.status = "Running" if over else state.status  # the answer that said so is not here
        made._well = None
        made.accepted = made._as_status(None, state.id)
        return made

    def token(self) -> str:
        """See `Poller.token`."""
        if self._link is None:
            raise PollingError(
                (
                    f"{self.name} is {self.status}, and {self._no_link()} by which it could be "
                    f"resumed{self._instead()}"
                ),
                status=self.status,
                body=body_of(self._last),
            )
        sent = self._prepared
        urls = _below_host(sent.url), _below_host(self._link)
        plane, known = self._caller.plane.name, self.accepted.id
        polling = sent.operation.polling
        paths = f"{polling.status_path}{polling.resource}" if polling else ""
        given = {name: sent.argument(name) for name in _holes(paths)}
        state = SavedOperation(
            plane=plane,
            operation=self.name,
            method=sent.method,
            url=urls[0],
            link=urls[1],
            location=self._location,
            status=self.status,
            arguments={name: text for name, text in given.items() if text},
            id=known,
        )
        return msgspec.json.encode(state).decode()

    def _no_link(self) -> str:
        refused = self._refused
        return (
            f"its link to {refused} is not followed: there is no other"
            if refused
            else "has no link"
        )

    def _instead(self) -> str:
        return f"; ask with {self.accepted.ask_with}" if self.accepted.ask_with else ""

    @property
    def name(self) -> str:
        """The operationId."""
        return self._prepared.operation.id

    @property
    def over(self) -> bool:
        """Whether the work had ended when it was last asked for, or nobody can be asked."""
        return not self._follows or self._well is not None

    def shown(self, kind: str) -> str:
        """The repr of a poller: the status of now, and what the first answer said besides."""
        first = self.accepted
        now = OperationStatus(
            self.status, first.id, ask_with=first.ask_with, link_refused=first.link_refused
        )
        return f"<{kind} of {self.name}: {now}>"

    def _as_status(self, body: Any, known: str | None) -> OperationStatus:
        polling = self._prepared.operation.polling
        ask_with = polling.ask_with if polling else None
        return OperationStatus(
            self.status, known, body, ask_with=ask_with, link_refused=self._refused
        )

    def _status_link(self, started: httpx.Response) -> str | None:
        for name in _MONITORS:
            link = started.headers.get(name, "")
            if name == "location" and self._refused is not None and started.status_code != 202:
                link = ""  # it leads to what was made, which tells no state
            if found := self._followable(repaired(link)):
                return found
        body = body_of(started)
        state = status_of(body)
        if (
            self._refused is None
            and started.status_code != 202
            and (not state or went_well(state, body) is not None)
        ):
            return None
        polling = self._prepared.operation.polling
        if (
            polling
            and polling.status_path
            and (found := self._filled(polling.status_path, started))
        ):
            return found
        if self._prepared.method == "PUT":
            return self._prepared.url
        changed = not state and self._is_result(started)
        return None if changed else self._resource(started)

    def _resource(self, answer: httpx.Response | None) -> str | None:
        """The address of the resource that an action on it gives, where the document has it."""
        polling = self._prepared.operation.polling
        return self._filled(polling.resource, answer) if polling and polling.resource else None

    def _filled(self, path: str, answer: httpx.Response | None) -> str | None:
        """A declared path with the id of the answer, and with path and query values of the
        request; None where one lacks.
        """
        known = id_of(body_of(answer), answer.headers) if answer is not None else None
        for name in _holes(path):
            found = known if name == "id" else self._prepared.argument(name)
            if not found or UNSENDABLE.search(found):
                return None
            path = path.replace("{" + name + "}", quote(found, safe="~"))
        return with_api_version(self._caller.endpoint + path, self._caller.api_version)

    def _followable(self, link: str | None) -> str | None:
        """A link of an answer against the request's address; None for one that leads elsewhere,
        which is noted.
        """
        if not link:
            return None
        try:
            url = resolve(link, self._prepared.url)
        except ValueError:
            self._refused = self._refused or shown_origin(link)
            return None
        return with_api_version(url, self._caller.api_version)

    def _get(self, url: str) -> PreparedRequest:
        return _get(self._prepared, url)

    def flow_status(self) -> Flow[str]:
        """Asks for the status once, unless it is over or nobody can be asked."""
        if self.over or self._link is None:
            return self.status
        try:
            self._last = yield from self._caller.send(self._get(self._link))
        except NotFoundError:
            self._late -= 1
            if self._late < 0:
                raise
            return self.status
        self._late = 0  # once it was there, it has to stay
        body = body_of(self._last)
        self.status = status_of(body) or (
            "Running" if self._last.status_code == 202 else "Succeeded"
        )
        self._well = went_well(self.status, body)
        return self.status

    def flow_result(self, timeout: float | None, interval: float | None) -> Flow[T]:
        """Waits until it is over, where its state can be read. Raises PollingError where it failed,
        PollingTimeoutError where it would last over `timeout` seconds.
        """
        for name, value in (("timeout", timeout), ("interval", interval)):
            if value is not None:
                seconds(name, value, zero=True)
        begun = self._caller.context.clock()
        while not self.over and self._link is not None:
            gone = self._caller.context.clock() - begun
            left = inf if timeout is None else timeout - gone
            pause = self._pause(interval, left)
            if pause > left or left < _NO_TIME_S:
                raise PollingTimeoutError(
                    f"{self.name} is {self.status} after {gone:.0f} s of waiting", self.status
                )
            yield Wait(pause)
            yield from self.flow_status()
        if self._well is False:
            raise self._failure()
        result: T = yield from self._final()
        return result

    def _pause(self, interval: float | None, left: float) -> float:
        """What the service asks for; else the interval, cut short so that the last question is
        at the end of the time.
        """
        asked = retry_after_seconds(self._last.headers) if self._last is not None else None
        own = min(_INTERVAL_S if interval is None else interval, left)
        return min(own if asked is None else asked, _LONGEST_S)

    def _failure(self) -> PollingError:
        body = body_of(self._last)
        code, said = words_of(body)
        text = f"{self.name}: {self.status}{f': {said}' if said else ''}"
        return PollingError(text, status=self.status, code=code, body=body)

    def _final(self) -> Flow[Any]:
        """See the second table of the class."""
        operation, polling = self._prepared.operation, self._prepared.operation.polling
        via = (polling.final_state_via if polling else None) or (
            "original-uri" if self._prepared.method == "PUT" else ""
        )
        where = self._prepared.url if via == "original-uri" else None
        if via == "location":
            where = self._followable(self._location)
        last = self._last
        # it is over, and an answer said so; or nobody can be asked, and the first one is here
        assert last is not None
        if where is not None and self._link is not None and last.request.url != where:
            self._last = last = yield from self._caller.send(self._get(where))
            if via == "original-uri":
                return self._caller.decode(operation, last)
        if result_type(operation, last.status_code) in ("None", "Any") or self._is_result(last):
            return decoded(operation, last)
        resource = self._prepared.url if self._prepared.method == "PUT" else self._resource(last)
        if resource is not None:
            if last.request.method != "GET" or last.request.url != resource:
                self._last = last = yield from self._caller.send(self._get(resource))
            return self._caller.decode(operation, last)
        body = body_of(last)
        if status_class(operation, last.status_code):
            return decoded(operation, last, {"status": self.status})
        return self._as_status(body, id_of(body, last.headers) or self.accepted.id)

    def _is_result(self, answer: httpx.Response) -> bool:
        return is_declared(self._prepared.operation, answer)


def flow_begun(caller: Caller, prepared: PreparedRequest) -> Flow[Monitor[Any]]:
    """Sends the first request. Where its answer was lost, and the next try is told that the work
    runs already, it is asked for by the id that was sent: the work may be our own.
    """
    try:
        started = yield from caller.send(prepared)
    except ConflictError as error:
        conflict = error
    else:
        return Monitor(caller, prepared, started)
    where = _own_status(caller, prepared)
    if conflict.attempts > 1 and where is not None:
        try:
            found = yield from caller.send(_get(prepared, where))
        except PurviewError:
            # it is none of ours, or that cannot be told: the conflict is what the caller has to
            # know
            pass
        else:
            return Monitor(caller, prepared, found)
    raise conflict


def _own_status(caller: Caller, prepared: PreparedRequest) -> str | None:
    """The address of the state of work whose id the request itself has made up."""
    polling = prepared.operation.polling
    path = polling.status_path if polling else None
    names = set(_holes(path or ""))
    if path is None or not names & {p.wire_name for p in prepared.operation.parameters if p.auto}:
        return None
    for name in names:
        found = prepared.argument(name)
        if not found:
            return None
        path = path.replace("{" + name + "}", quote(found, safe="~"))
    return with_api_version(caller.endpoint + path, caller.api_version)


def _get(prepared: PreparedRequest, url: str) -> PreparedRequest:
    """A GET that has nothing of the first request but its id: neither its media type nor its
    If-Match.
    """
    kept = {n: v for n, v in prepared.headers.items() if n == REQUEST_ID}
    return PreparedRequest(prepared.operation, "GET", url, kept)


def _holes(path: str) -> list[str]:
    """The names that a path has in braces."""
    return re.findall(r"\{(\w+)\}", path)


def _below(*urls: str) -> bool:
    return all(url.startswith("/") and not UNSENDABLE.search(url) for url in urls)


def _below_host(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")

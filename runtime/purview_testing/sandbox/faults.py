"""Faults on demand: what goes wrong, in which calls, and how often."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from math import inf
from typing import Any

from purview_core.command_errors import UsageError
from purview_core.model.json_text import dumps
from purview_core.suggest import nearest
from purview_testing.contracts.facts import ContractOperation
from purview_testing.contracts.messages import ResponseMessage

from . import arguments
from .state.long_running import FAILED, NEVER

KINDS: Mapping[str, str] = {
    "throttled": "429 with Retry-After of `retry_after` seconds; `form` is seconds, date or ms",
    "unavailable": "503, with Retry-After where `retry_after` is given",
    "server-error": "500; with count=1 the next call succeeds",
    "unauthorized": "401, as for an expired token; with count=1 once, with count=None always",
    "forbidden": "403, as for a principal without the role",
    "slow-first-byte": "nothing is sent for `delay` seconds",
    "dribble": "the body goes out in pieces, `delay` seconds apart",
    "truncated": "the body ends before its Content-Length",
    "broken-chunk": "a chunked body breaks off with bytes that are not a chunk",
    "reset": "the connection is reset before an answer",
    "empty-body": "the right status, and no body",
    "wrong-content-type": "the right body, labelled text/plain",
    "html-page": "502 with the HTML page of a gateway",
    "invalid-json": "JSON that stops in the middle",
    "next-link-loop": "nextLink leads to the same page again",
    "next-link-elsewhere": "nextLink leads to another host, `to`",
    "operation-fails": "a long-running operation ends as Failed",
    "operation-never-ends": "a long-running operation stays Running",
    "redirect": "307 to `to`",
}
_FORMS = ("seconds", "date", "ms")
_GATEWAY_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
_BODY = ("dribble", "truncated", "broken-chunk", "empty-body", "wrong-content-type", "invalid-json")
# The transports do these; see in_process and server.
_WIRE = ("slow-first-byte", "dribble", "truncated", "broken-chunk", "reset")


@dataclass
class Fault:
    """Something that goes wrong in some of the calls.

    Attributes:
        kind: One of KINDS.
        plane: The plane whose calls are hit; None for all, "identity" for token requests.
        operation: The operationId of the calls that are hit; None for all.
        nth: The first matching call that is hit, counted from 1.
        count: How many calls are hit; None for all.
        probability: The chance of each matching call, drawn with `seed`.
        retry_after: Seconds that the answer asks the caller to wait.
        form: How these seconds are told: "seconds", "date" or "ms".
        delay: Seconds of each pause, for the kinds that are slow.
        to: The address of a redirect, or of the next page.
        seen: How many matching calls there were.
        used: How many of them were hit.
    """

    kind: str
    plane: str | None = None
    operation: str | None = None
    nth: int = 1
    count: int | None = 1
    probability: float = 1.0
    seed: int = 0
    retry_after: float | None = None
    form: str = "seconds"
    delay: float = 0.05
    to: str = "https://elsewhere.example.com/"
    seen: int = field(default=0, init=False)
    used: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in tuple(KINDS):
            raise UsageError(f"unknown fault {self.kind!r}; {nearest(str(self.kind), KINDS)}")
        if self.form not in _FORMS:
            raise UsageError(
                f"unknown form of Retry-After {self.form!r}; {nearest(str(self.form), _FORMS)}"
            )
        where = f"fault {self.kind}:"
        for name in ("plane", "operation", "to"):
            arguments.text(f"{where} {name}", getattr(self, name))
        for name, least in (("nth", 1), ("count", 1), ("seed", -inf)):
            arguments.number(
                f"{where} {name}", getattr(self, name), least, whole=True, none=name == "count"
            )
        arguments.number(f"{where} retry_after", self.retry_after, none=True)
        arguments.number(f"{where} delay", self.delay, 0)
        arguments.number(f"{where} probability", self.probability, 0)
        if not self.to:
            raise UsageError(f"{where} to {self.to!r}: an address is needed")
        if self.probability > 1:
            raise UsageError(
                f"{where} probability {self.probability!r}: a number from 0 to 1 is needed"
            )
        self._random = random.Random(self.seed)  # noqa: S311 - a repeatable draw

    @classmethod
    def read(cls, value: Any) -> Fault:
        """Makes a fault from JSON; raises UsageError for what is no fault."""
        known = [f.name for f in fields(cls) if f.init]
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            raise UsageError(f"a fault is an object with a kind: {', '.join(KINDS)}")
        for name in value:
            if name not in known:
                raise UsageError(
                    f"fault {value['kind']}: unknown member {name!r}; {nearest(name, known)}"
                )
        try:
            return cls(**value)
        except TypeError as error:
            raise UsageError(f"fault {value['kind']}: {error}") from None

    def show(self) -> dict[str, Any]:
        """Returns the fault as JSON, with its counts."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def fits(self, plane: str | None, operation: ContractOperation | None) -> bool:
        """Returns whether a call is one that the fault may hit.

        Faults of links fit lists alone, and faults of long-running operations these alone.
        """
        name = operation.id if operation is not None else None
        if (self.plane is not None and self.plane != plane) or (
            self.operation is not None and self.operation != name
        ):
            return False
        if self.kind.startswith("next-link"):
            return operation is not None and _has_links(operation)
        if self.failing is not None:
            return operation is not None and (
                operation.polling is not None or operation.status == 202
            )
        return True

    def strikes(self) -> bool:
        """Counts one matching call, and returns whether it is hit."""
        self.seen += 1
        hit = self.seen >= self.nth and (self.count is None or self.used < self.count)
        if hit and self.probability < 1:
            hit = self._random.random() < self.probability
        self.used += hit
        return hit

    def spares(self, response: ResponseMessage) -> bool:
        """Returns whether an answer has nothing that the fault could spoil, such as no body.

        Such a call does not count as hit.
        """
        if self.kind not in _BODY or response.content:
            return False
        self.used -= 1
        return True

    @property
    def failing(self) -> str | None:
        """What the fault does to a long-running operation: FAILED, NEVER or None."""
        return {"operation-fails": FAILED, "operation-never-ends": NEVER}.get(self.kind)


def _has_links(operation: ContractOperation) -> bool:
    """Returns whether an operation lists items with a link to the next page."""
    if operation.list_member is None:
        return False
    shape = operation.contract.schemas.shape(operation.result)
    return operation.paging is not None or "nextLink" in shape.properties


class Faults:
    """The faults of a sandbox, in the order of their addition; the first that hits counts."""

    def __init__(self, operations: Callable[[], Mapping[str, set[str]]]) -> None:
        self._operations = operations
        self._list: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Adds a fault.

        Raises:
            UsageError: Its plane or operation is not served; the message names the nearest one.
        """
        if not isinstance(fault, Fault):
            raise TypeError(
                f"faults.add takes a Fault, such as Fault('throttled'), not {fault!r:.60}"
            )
        known = self._operations()
        if fault.plane is not None and fault.plane not in {*known, "identity"}:
            raise UsageError(
                f"fault {fault.kind}: unknown plane {fault.plane!r}; {nearest(fault.plane, known)}"
            )
        ids = set().union(*(ids for plane, ids in known.items() if fault.plane in (None, plane)))
        if fault.operation is not None and fault.operation not in ids:
            hint = nearest(fault.operation, sorted(ids))
            raise UsageError(f"fault {fault.kind}: unknown operation {fault.operation!r}; {hint}")
        with self._lock:
            self._list.append(fault)
        return fault

    def strike(self, plane: str | None, operation: ContractOperation | None) -> Fault | None:
        """Returns the fault that hits a call, None for most calls."""
        with self._lock:
            return next((f for f in self._list if f.fits(plane, operation) and f.strikes()), None)

    def unused(self) -> list[Fault]:
        """Returns the faults that never hit a call."""
        return [f for f in self._list if not f.used]

    def clear(self) -> None:
        """Removes all faults."""
        with self._lock:
            self._list.clear()

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._list))

    def __len__(self) -> int:
        return len(self._list)


def error_answer(fault: Fault, now: float) -> tuple[int, str, dict[str, str]] | None:
    """Returns status, code and headers of an error that replaces the answer.

    None for the kinds of faults that do something else. `now` is the time in seconds since 1970.
    """
    headers = _retry_after(fault, now)
    return {
        "throttled": (429, "TooManyRequests", headers or {"Retry-After": "1"}),
        "unavailable": (503, "ServiceUnavailable", headers),
        "server-error": (500, "InternalServerError", headers),
        "forbidden": (403, "Unauthorized", headers),
        "unauthorized": (
            401,
            "Unauthenticated",
            {"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ),
    }.get(fault.kind)


def _retry_after(fault: Fault, now: float) -> dict[str, str]:
    if fault.retry_after is None:
        return {}
    if fault.form == "ms":
        return {"retry-after-ms": str(int(fault.retry_after * 1000))}
    if fault.form == "date":
        return {"Retry-After": formatdate(now + fault.retry_after, usegmt=True)}
    return {"Retry-After": f"{fault.retry_after:g}"}


def gateway_answer(fault: Fault) -> ResponseMessage | None:
    """Returns what a gateway says before the service is asked, if the fault is of that kind."""
    if fault.kind == "html-page":
        return ResponseMessage(502, {"content-type": "text/html"}, _GATEWAY_PAGE)
    if fault.kind == "redirect":
        return ResponseMessage(307, {"location": fault.to})
    return None


def spoil(fault: Fault, response: ResponseMessage, url: str) -> ResponseMessage:
    """Returns a good answer as the fault spoils it; `url` is the address that was asked for."""
    if fault.kind == "empty-body":
        return response.but(content=b"")
    if fault.kind == "wrong-content-type":
        return response.but(headers={**response.headers, "content-type": "text/plain"})
    if fault.kind == "invalid-json":
        return response.but(content=response.content[: max(1, len(response.content) // 2)])
    if fault.kind.startswith("next-link"):
        return _linked(response, url if fault.kind == "next-link-loop" else fault.to)
    if fault.kind in _WIRE:
        return response.but(wire={"kind": fault.kind, "delay": fault.delay})
    return response


def _linked(response: ResponseMessage, link: str) -> ResponseMessage:
    """Returns an answer whose link leads to another page."""
    value = response.json() if response.content else None
    if not isinstance(value, dict):
        return response
    return response.but(content=dumps({**value, "nextLink": link}))

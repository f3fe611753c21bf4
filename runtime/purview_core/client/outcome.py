"""What an answer to long-running work says: its status, whether it is over, what went wrong, and
whether it is the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from purview_core.model.codec import Coded, codec
from purview_core.model.json_text import loads
from purview_core.operation import Facts

from .links import way_out

ACCEPTED = "Accepted"
_WELL = re.compile(
    r"(partial|partially)?(succeeded|success|successful|successfully|completed?|finished|done)(with\w*)?"
)
_FAILED = {"failed", "canceled", "cancelled", "error"}
_RUNNING = {
    "accepted",
    "new",
    "notstarted",
    "started",
    "queued",
    "scheduled",
    "submitted",
    "inprogress",
}
_BAD = re.compile(
    r"fail|error|cancel|abort|quarantin|reject|denied|declin|expir|terminat|timedout|timeout|stop|kill|revert"
)
_END_TIME = re.compile(r"(end|ended|complet\w*|finish\w*)(date)?(time|at|on)(utc)?")
_NO_TIME = ("0001-", "9999-")  # what .NET has for none
_STATE = "provisioningstate"
_CODES, _TEXTS, _DEEPEST, _LONGEST = (
    ("code", "errorCode"),
    ("message", "errorMessage", "Message"),
    8,
    2_000,
)
_NEUTRAL = re.compile(
    r"id|\w+id|name|kind|type|status|result|message|error.*|.*time|.*date|.*at|percent.*|progress.*"
)
_SAYS = re.compile(
    r"(inner|status|failure)?(errors?|exceptions?|details?|reasons?|messages?)(message|messages|details?|info)?"
    r"|diagnostics|notifications|issues"
)


class OperationStatus(Facts):
    """What is known of long-running work that the service has taken: `poller.accepted`, and the
    result of work whose own result cannot be had.

    `status`: the service's own word, "Accepted" where none came. `id`: the id of the work, from the
    answer's body or headers. `body`: the answer's JSON as it came. `ask_with`: the method that
    tells how far the work is, such as "runs.get". `link_refused`: scheme and host of a link that
    was not followed, since it leads away from the endpoint. Each of them but `status` is None where
    there is none.
    """

    __slots__ = ("status", "id", "body", "ask_with", "link_refused")
    status: str
    id: str | None
    body: Any
    ask_with: str | None
    link_refused: str | None

    def __init__(
        self,
        status: str,
        id: str | None = None,
        body: Any = None,
        *,
        ask_with: str | None = None,
        link_refused: str | None = None,
    ) -> None:
        self._set(status=status, id=id, body=body, ask_with=ask_with, link_refused=link_refused)

    def as_json(self) -> Any:
        """The answer's JSON as it came, for `to_json`."""
        return self.body

    def __repr__(self) -> str:
        """Without the body, which may be long."""
        shown = (
            f"{n}={getattr(self, n)!r}"
            for n in self.__slots__
            if n != "body" and getattr(self, n) is not None
        )
        return f"OperationStatus({', '.join(shown)})"

    def __str__(self) -> str:
        """The status, and what leads on from it."""
        known = f"{self.status}, id {self.id}" if self.id else self.status
        link = self.link_refused
        refused = f", its link to {link} was not followed{way_out(link)}" if link else ""
        return known + (f", ask with {self.ask_with}" if self.ask_with else "") + refused


def body_of(response: httpx.Response | None) -> Any:
    """The JSON of an answer; None where there is none, or none that can be read."""
    try:
        return (
            loads(response.content) if response is not None and response.content.strip() else None
        )
    except ValueError:
        return None


def status_of(body: Any) -> str | None:
    """`status`, or the provisioning state of a resource, whatever stands before those words."""
    if not isinstance(body, dict):
        return None
    states = [
        value
        for part in _parts(body)
        for name, value in part.items()
        if name.lower().endswith(_STATE)
    ]
    return next(
        (found for found in (body.get("status"), *states) if isinstance(found, str) and found), None
    )


def id_of(body: Any, headers: Mapping[str, str]) -> str | None:
    """The id of the work: the body's own, else that of a header, which some services give as an
    address.
    """
    given = body.get("id") if isinstance(body, dict) else None
    if isinstance(given, str) and given:
        return given
    text = headers.get("operation-id") or headers.get("x-ms-operation-id")
    try:
        return (
            urlsplit(text).path.rstrip("/").rpartition("/")[2] or None
            if text and "://" in text
            else text or None
        )
    except ValueError:
        return None


def went_well(status: str, body: Any = None) -> bool | None:
    """Whether work is over and has a result (True), is over and has failed (False), or still runs
    (None).

    | status, in any case                          | means                                         |
    |----------------------------------------------|-----------------------------------------------|
    | Succeeded, Success, Completed,               | over: the result is what it made; `status`    |
    | PartialSucceeded, and each of                |                                               |
    | them With.., such as CompletedWithExceptions | tells that a part of it failed                |
    | Failed, Canceled, Cancelled, Error           | over: the result raises PollingError          |
    | Accepted, NotStarted, Queued, InProgress, .. | running                                       |
    | and whatever ends                            |                                               |
    | in -ing                                      |                                               |
    | another word, in an answer that has an end   | over: failed where the word speaks of failure |
    | time                                         | (fail, error, cancel, abort, quarantine,      |
    |                                              | reject, expire, stop, time out, ..), else as  |
    |                                              | Succeeded                                     |
    | another word, without an end time            | running                                       |
    """
    word = re.sub(r"[^a-z]", "", status.lower())
    if _WELL.fullmatch(word):
        return True
    if word in _FAILED:
        return False
    if word in _RUNNING or word.endswith("ing") or not _has_ended(body):
        return None
    return not _BAD.search(word)


def _has_ended(body: Any) -> bool:
    """Whether an answer has an end time that is one: neither null nor the first or last day that
    a service can write.
    """
    times = (
        v for part in _parts(body) for name, v in part.items() if _END_TIME.fullmatch(name.lower())
    )
    return any(
        (isinstance(t, str) and bool(t.strip()) and not t.startswith(_NO_TIME))
        or (type(t) is int and t > 0)
        for t in times
    )


def _parts(body: Any) -> list[dict[str, Any]]:
    """An object, and its `properties` where it has some."""
    outer = body if isinstance(body, dict) else {}
    inner = outer.get("properties")
    return [outer, inner if isinstance(inner, dict) else {}]


def holds_status(members: Iterable[str]) -> bool:
    """Whether a class with these members (wire names) takes a status answer as it is."""
    return "status" in members


def is_result(body: Any, made: Any) -> bool:
    """Whether an answer is what the work makes, and not a word on how far it is. `made` is the
    answer, decoded.

    It is, where the declared class knows a member that came with a value. Beside a `status` or an
    `error` that the class does not know, it has to know one more than what any status answer may
    hold: ids, names, kinds, times, progress, errors.
    """
    if not isinstance(body, dict):
        return body is not None and type(body) is type(made)
    if not isinstance(made, Coded):
        return bool(_own(body, body, _speaks_of_work(body, ()))) or not body
    known = codec(type(made)).known
    own = _own(body, known, _speaks_of_work(body, known))
    return any(_known_inside(body[name], made, name) for name in own)


def _speaks_of_work(body: Mapping[str, Any], known: Iterable[str]) -> bool:
    return any(
        isinstance(body.get(n), (str, dict)) and bool(body[n]) and n not in known
        for n in ("status", "error")
    )


def _own(body: Mapping[str, Any], known: Iterable[str], work: bool) -> list[str]:
    """The members that came with a value and that a class knows; where the answer speaks of
    work, those that tell more.
    """
    came = [name for name in known if body.get(name) is not None]
    return [name for name in came if not (work and _NEUTRAL.fullmatch(name.lower()))]


def _known_inside(value: Any, made: Coded, wire: str) -> bool:
    """Whether a member's own class knows something of it, where it has a class."""
    field = next(f for f in codec(type(made)).fields.values() if f.wire == wire)
    inner = getattr(made, field.name)
    if not isinstance(inner, Coded) or not isinstance(value, dict):
        return True
    return any(value.get(name) is not None for name in codec(type(inner)).known)


def words_of(body: Any) -> tuple[str | None, str]:
    """The service's own code and words for a failure, from wherever an answer may have them, each
    text once: `error`, `errorMessage`, `errorDetails`, `diagnostics.notifications`, and whatever
    these hold.
    """
    causes = [cause for part in _parts(body) for cause in _causes(part)]
    codes = [code for code, _ in causes if code]
    texts = dict.fromkeys(": ".join(filter(None, cause)) for cause in causes)
    said = "".join(c if c.isprintable() else " " for c in "; ".join(texts))
    half = _LONGEST // 2
    return (codes[0] if codes else None), said if len(
        said
    ) <= _LONGEST else f"{said[:half]} .. {said[-half:]}"


def _causes(found: Any, depth: int = 0) -> Iterator[tuple[str | None, str]]:
    """(code, text) of an error and of what lies in it, outermost first; a map of names to words
    gives them all.
    """
    if isinstance(found, str) and found.strip():
        yield None, found.strip()
    elif isinstance(found, list) and depth < _DEEPEST:
        for item in found:
            yield from _causes(item, depth + 1)
    elif isinstance(found, dict) and depth < _DEEPEST:
        code = next((found[name] for name in _CODES if found.get(name)), None)
        text = next(
            (
                found[name]
                for name in _TEXTS
                if isinstance(found.get(name), str) and found[name].strip()
            ),
            "",
        )
        if text or (code and depth):
            yield None if code is None else str(code), text.strip()
        for name, value in found.items():
            if _SAYS.fullmatch(name.lower()) and value is not text:
                yield from _causes(value, depth + 1)
            elif depth and not code and not text and isinstance(value, str) and value.strip():
                yield None, f"{name}: {value.strip()}"

"""Replay: the recorded answers for the same requests, without the network.

Each operation gives its answers in the order in which they were recorded.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import Json, RequestMessage, ResponseMessage

from .recording import Recording, read_file

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_AGAIN = (
    "record the test again with --purview-record and --purview-mode live (or sandbox), "
    "or take the call out"
)
HOST = "http://127.0.0.1"


class NotRecordedError(AssertionError):
    """A request that no recording answers.

    It is no error of httpx, so nothing tries the call again.
    """


class Difference(NamedTuple):
    """The first place where a request differs from a recorded one, with both values."""

    where: str
    recorded: object
    sent: object


class Replay:
    """The recording of one test, as a service that answers.

    Ids that a test makes anew each time may differ: they are exchanged in requests and answers.
    `account` and `tenant` are the addresses that the calls were recorded at.
    """

    def __init__(self, path: Path, recording: Recording) -> None:
        self.path = path
        self._recording = recording
        self._left = read_file(path)
        self._all = len(self._left)
        self._ids: dict[str, str] = {}  # recorded id -> the one of this run
        self._lock = threading.Lock()
        self.misses: list[str] = []
        kinds = {c.document.name: c.plane.endpoint for c in recording.validator.contracts}
        bases = {
            kinds.get(str(c["doc"]), "account"): _base(c["liveRequest"]["url"])
            for c in reversed(self._left)
        }
        self.account = bases.get("account", bases.get("tenant", HOST))
        self.tenant = bases.get("tenant", self.account)

    def handle(self, request: RequestMessage) -> ResponseMessage:
        """The recorded answer to a request.

        Raises:
            NotRecordedError: There is none; the text names the file, the closest recording and
                where that differs.
        """
        sent = self._recording.request(request)
        with self._lock:
            if sent is None:
                raise self._missed(request, "its path belongs to no plane of the contracts")
            closest: tuple[Json, Difference] | None = None
            for call in self._left:
                if not _same_operation(call, sent):
                    continue
                fresh = dict(self._ids)
                difference = compare(call["liveRequest"], sent["liveRequest"], fresh)
                if difference is None:
                    self._left.remove(call)
                    self._ids = fresh
                    return self._answer(call)
                closest = closest or (call, difference)
        raise self._missed(request, self._why(sent, closest))

    def _why(self, sent: Json, closest: tuple[Json, Difference] | None) -> str:
        if closest is not None:
            call, (where, recorded, now) = closest
            found = f"recorded {recorded!r}, now {now!r}"
            return f"the closest one, line {call['line']}, differs at {where}: {found}"
        if sent["op"] is not None and any(c["op"] == sent["op"] for c in read_file(self.path)):
            return f"every recording of {sent['op']} has been used"
        ids = sorted({str(c["op"]) for c in read_file(self.path) if c["op"]})
        there = ", ".join(ids) or "no calls"
        return f"{sent['op'] or 'this path'} was not recorded; there are {there}"

    def _missed(self, request: RequestMessage, why: str) -> NotRecordedError:
        text = f"{request.method} {request.raw_path}: no recording in {self.path}: {why}; {_AGAIN}"
        self.misses.append(text)
        return NotRecordedError(text)

    def _answer(self, call: Json) -> ResponseMessage:
        came = call["liveResponse"]
        body, content = came.get("body"), b""
        if "content" in came:
            content = base64.b64decode(came["content"])
        elif body is not None:
            content = dumps(body)
        text = {
            k: self._current(v) for k, v in came.get("headers", {}).items() if k != "content-length"
        }
        fresh = self._current(content.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )
        return ResponseMessage(int(came["statusCode"]), text, fresh)

    def _current(self, text: str) -> str:
        return _GUID.sub(lambda m: self._ids.get(m[0].lower(), m[0]), text) if self._ids else text


def _same_operation(call: Json, sent: Json) -> bool:
    return bool(call["op"] == sent["op"] and (sent["op"] is None or call["doc"] == sent["doc"]))


def _base(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def compare(recorded: Json, sent: Json, ids: dict[str, str]) -> Difference | None:
    """Where a request differs from a recorded one; None where it does not.

    `ids` maps the ids of the recording to those of this run; ids met for the first time are added.
    """
    if recorded["method"].upper() != sent["method"]:
        return Difference("method", recorded["method"], sent["method"])
    path, now = _path(recorded["url"]), _path(sent["url"])
    return (
        _differs(path, now, "path", ids)
        or _differs(recorded.get("query") or {}, sent["query"], "query ", ids)
        or _differs(recorded.get("body"), sent["body"], "body ", ids)
    )


def _path(url: str) -> str:
    return url.partition("?")[0].partition("://")[2].partition("/")[2]


def _differs(recorded: Any, sent: Any, where: str, ids: dict[str, str]) -> Difference | None:
    if isinstance(recorded, Mapping) and isinstance(sent, Mapping):
        return _members_differ(recorded, sent, where, ids)
    if isinstance(recorded, list) and isinstance(sent, list):
        return _items_differ(recorded, sent, where, ids)
    if isinstance(recorded, str) and isinstance(sent, str):
        return None if _same_text(recorded, sent, ids) else Difference(where, recorded, sent)
    same = type(recorded) is type(sent) and recorded == sent
    return None if same else Difference(where, recorded, sent)


def _members_differ(
    recorded: Mapping[str, Any], sent: Mapping[str, Any], where: str, ids: dict[str, str]
) -> Difference | None:
    for name in {**recorded, **sent}:
        at = f"{where}/{name}"
        if name not in sent:
            return Difference(at, recorded[name], "nothing")
        if name not in recorded:
            return Difference(at, "nothing", sent[name])
        if found := _differs(recorded[name], sent[name], at, ids):
            return found
    return None


def _items_differ(
    recorded: list[Any], sent: list[Any], where: str, ids: dict[str, str]
) -> Difference | None:
    if len(recorded) != len(sent):
        return Difference(where, f"{len(recorded)} items", f"{len(sent)} items")
    for n, (one, other) in enumerate(zip(recorded, sent, strict=True)):
        if found := _differs(one, other, f"{where}/{n}", ids):
            return found
    return None


def _same_text(recorded: str, sent: str, ids: dict[str, str]) -> bool:
    """Whether two texts are the same but for ids, each of which stands for one other."""
    if _GUID.sub("", recorded) != _GUID.sub("", sent):
        return False
    before, now = _GUID.findall(recorded), _GUID.findall(sent)
    if len(before) != len(now):
        return False
    for old, new in zip(before, now, strict=True):
        if ids.setdefault(old.lower(), new) != new or sum(v == new for v in ids.values()) > 1:
            return False
    return True

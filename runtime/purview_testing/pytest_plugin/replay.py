"""Replay: recorded answers for the same requests, in the order they were recorded for each operation; never the network."""

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
_AGAIN = "record the test again with --purview-record and --purview-mode live (or sandbox), or take the call out"
HOST = "http://127.0.0.1"


class NotRecordedError(AssertionError):
    """A request that no recording answers. No error of httpx, so that nothing tries the call again."""


class Difference(NamedTuple):
    where: str
    recorded: object
    sent: object


class Replay:
    """The recording of one test. Ids that a test makes anew each time may differ: they are exchanged in requests and answers.

    `account`, `tenant`: the addresses that the calls were recorded at.
    """

    def __init__(self, path: Path, recording: Recording) -> None:
        self.path, self._recording = path, recording
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
        """The recorded answer; raises NotRecordedError that names the file, the closest recording and what differs."""
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
            return f"the closest one, line {call['line']}, differs at {where}: recorded {recorded!r}, now {now!r}"
        if sent["op"] is not None and any(c["op"] == sent["op"] for c in read_file(self.path)):
            return f"every recording of {sent['op']} has been used"
        ids = sorted({str(c["op"]) for c in read_file(self.path) if c["op"]})
        return f"{sent['op'] or 'this path'} was not recorded; there are {', '.join(ids) or 'no calls'}"

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
    """Where a request differs from a recorded one, None where it does not. Ids met for the first time are added to `ids`."""
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
        for name in {**recorded, **sent}:
            if name not in sent or name not in recorded:
                absent = "nothing"
                return Difference(
                    f"{where}/{name}", recorded.get(name, absent), sent.get(name, absent)
                )
            if found := _differs(recorded[name], sent[name], f"{where}/{name}", ids):
                return found
        return None
    if isinstance(recorded, list) and isinstance(sent, list):
        if len(recorded) != len(sent):
            return Difference(where, f"{len(recorded)} items", f"{len(sent)} items")
        pairs = enumerate(zip(recorded, sent, strict=True))
        return next((d for n, (a, b) in pairs if (d := _differs(a, b, f"{where}/{n}", ids))), None)
    if isinstance(recorded, str) and isinstance(sent, str):
        return None if _same_text(recorded, sent, ids) else Difference(where, recorded, sent)
    same = type(recorded) is type(sent) and recorded == sent
    return None if same else Difference(where, recorded, sent)


def _same_text(recorded: str, sent: str, ids: dict[str, str]) -> bool:
    """Whether two texts are the same but for ids, which are exchanged one for one."""
    if _GUID.sub("", recorded) != _GUID.sub("", sent):
        return False
    before, now = _GUID.findall(recorded), _GUID.findall(sent)
    if len(before) != len(now):
        return False
    for old, new in zip(before, now, strict=True):
        if ids.setdefault(old.lower(), new) != new or sum(v == new for v in ids.values()) > 1:
            return False
    return True

"""The calls of a test as the recorder writes them, without secrets.

A secret is known by the name of its member, by its form, and then by its value wherever else it
shows. A line is {doc, op, liveRequest, liveResponse}. `op` is null for a call that no contract
declares (the status of a long-running operation); `content` holds a body that is not JSON, in
base64.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from purview_core.command_errors import UsageError
from purview_core.model.json_text import dumps, loads
from purview_testing.contracts.facts import Contract, ContractOperation
from purview_testing.contracts.judge import Validator
from purview_testing.contracts.messages import Json, RequestMessage, ResponseMessage
from purview_testing.sandbox.recorder import LEFT_OUT, pair

_NAME = re.compile(
    r"(?i)(secret|password|passwd|pwd$|token$|authkey|access_?key|account_?key|primary_?key"
    r"|secondary_?key|connection_?string|activationcode|assertion|^sig$|^signature$|^key\d+$|api_?key|^authorization$|cookie)"
)
_NO_SECRET = re.compile(
    r"(?i)(name|version|type|uri|url|id|skip_?token|continuation_?token|next_?token)$"
)
_FORMS = (
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?"), LEFT_OUT),
    (re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{8,}"), rf"\1{LEFT_OUT}"),
    (re.compile(r"(?i)([?&](?:sig|code|token|key)=)[^&\s\"']+"), rf"\1{LEFT_OUT}"),
    (
        re.compile(
            r"(?i)((?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|Secret)\s*=\s*)[^;\"']+"
        ),
        rf"\1{LEFT_OUT}",
    ),
)
_PAIR = re.compile(r"([?&])([^=&?\s\"']+)=([^&\s\"']*)")  # of a query
_KEPT = frozenset(  # headers
    [
        "accept",
        "content-type",
        "etag",
        "if-match",
        "if-none-match",
        "link",
        "location",
        "allow",
        "operation-location",
        "azure-asyncoperation",
        "retry-after",
        "retry-after-ms",
        "x-ms-error-code",
        "x-ms-request-id",
        "x-ms-client-request-id",
        "repeatability-request-id",
        "repeatability-first-sent",
        "repeatability-result",
    ]
)
# Characters of a secret value; a shorter one may stand for other things, and is not looked for.
_SHORTEST = 6


def is_secret(name: str) -> bool:
    """Whether a member, parameter or header of this name holds a secret."""
    return _NAME.search(name) is not None and _NO_SECRET.search(name) is None


class Recording:
    """The calls of one test, in order. `calls` are the lines that would be saved."""

    def __init__(self, validator: Validator, secrets: Iterable[str] = ()) -> None:
        self.validator = validator
        self._lock = threading.Lock()
        self._secrets = {s for s in secrets if s}
        self._lines: list[Json] = []

    def write(self, request: RequestMessage, response: ResponseMessage) -> None:
        """Notes a call of a plane, and passes over any other."""
        line = self._line(request, response)
        if line is not None:
            with self._lock:
                self._lines.append(line)

    def request(self, request: RequestMessage) -> Json | None:
        """A request as it would be recorded, with doc, op and liveRequest.

        None for one that goes to no plane.
        """
        line = self._line(request, ResponseMessage(204))
        return None if line is None else self._scrubbed(line)

    @property
    def calls(self) -> list[Json]:
        """The lines of the recording so far, without secrets."""
        with self._lock:
            lines = list(self._lines)
        return [self._scrubbed(line) for line in lines]

    def save(self, path: Path | str) -> Path:
        """Writes the calls as JSON lines, whole or not at all, and returns the path.

        Raises:
            UsageError: The file cannot be written.
        """
        path = Path(path)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"".join(dumps(call) + b"\n" for call in self.calls))
            os.replace(part, path)
        except OSError as error:
            raise UsageError(
                f"recording {path}: {error.strerror}; name a folder that can be written"
            ) from None
        return path

    def _line(self, request: RequestMessage, response: ResponseMessage) -> Json | None:
        version = next((v for n, v in request.query if n == "api-version"), None)
        match, _ = self.validator.router.find(request.method, request.raw_path, version)
        contract = match.operation.contract if match else self._near(request)
        if contract is None:
            return None
        operation = match.operation if match else next(iter(contract.operations.values()))
        self._learn(contract, request, response)
        line = pair(operation, request, response)
        sent, came = line["liveRequest"], line["liveResponse"]
        sent["headers"] = _kept(request.headers, operation)
        came["headers"] = _kept(response.headers, operation)
        content = response.content
        if content and not (isinstance(came["body"], (dict, list)) or _is_json(content, response)):
            came["content"] = base64.b64encode(self._without(content)).decode("ascii")
        return {**line, "op": operation.id if match else None}

    def _near(self, request: RequestMessage) -> Contract | None:
        """The contract whose prefix a path begins with.

        The address of a status lies there without being declared.
        """
        found = [c for c in self.validator.contracts if request.raw_path.startswith(f"{c.prefix}/")]
        return max(found, key=lambda c: len(c.prefix), default=None)

    def _learn(
        self, contract: Contract, request: RequestMessage, response: ResponseMessage
    ) -> None:
        """Keeps the values of secrets, to find them where they show under other names."""
        names = _marked(contract)
        found = {request.headers.get("authorization", "").partition(" ")[2].strip()}
        found.update(v for n, v in request.query if is_secret(n))
        for content in (request.content, response.content):
            try:
                if content:
                    found.update(_secret_values(loads(content), names))
            except ValueError:
                continue
        with self._lock:
            self._secrets.update(s for s in found if len(s) >= _SHORTEST and s != LEFT_OUT)

    def _without(self, content: bytes) -> bytes:
        for secret in self._secrets:
            content = content.replace(secret.encode(), LEFT_OUT.encode())
        return content

    def _scrubbed(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {self._text(k): self._scrubbed(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self._scrubbed(v, name) for v in value]
        if not isinstance(value, str):
            return value
        return LEFT_OUT if is_secret(name) and value else self._text(value)

    def _text(self, text: str) -> str:
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            for form in {secret, quote(secret, safe=""), urlencode({"": secret})[1:]}:
                text = text.replace(form, LEFT_OUT)
        return shown(text)


def shown(text: str) -> str:
    """A text without what has the form of a secret.

    That is a token, a key of a connection string, or the signature of an address.
    """
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    return _PAIR.sub(lambda m: f"{m[1]}{m[2]}={LEFT_OUT}" if is_secret(m[2]) else m[0], text)


def _kept(headers: Any, operation: ContractOperation) -> Json:
    """The headers that matter to a contract; others are left out, since they may hold anything."""
    declared = {p.name.lower() for p in operation.parameters if p.location == "header"}
    known = (
        _KEPT | declared | {h.lower() for a in operation.answers.values() for h in a.headers}
    ) - {"authorization"}
    return {k.lower(): v for k, v in headers.items() if k.lower() in known}


def _is_json(content: bytes, response: ResponseMessage) -> bool:
    """Whether a line can hold a body as JSON; `null` there would stand for no body at all."""
    if "json" not in response.headers.get("content-type", ""):
        return False
    try:
        return loads(content) is not None
    except ValueError:
        return False


def _marked(contract: Contract) -> frozenset[str]:
    """The members that a contract marks as secret."""
    found: set[str] = set()
    for raw in contract.schemas.raw.values():
        for part in (raw, *raw.get("allOf", ())):
            members = part.get("properties", {})
            found.update(name for name, member in members.items() if member.get("x-secret"))
    return frozenset(found)


def _secret_values(value: Any, names: frozenset[str], name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secret_values(item, names, key)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_values(item, names, name)
    elif isinstance(value, str) and (name in names or is_secret(name)):
        yield value


def file_name(nodeid: str) -> Path:
    """The file of a test's recording, below the folder of the recordings.

    That of a/test_b.py::Test::test_c is a/test_b/Test.test_c.jsonl.
    """
    path, _, name = nodeid.partition("::")
    name = name.replace("::", ".")
    safe = re.sub(r"[^\w.-]", "_", name)[:120]
    if safe != name:  # two tests must not share a file
        safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return Path(path.removesuffix(".py")) / f"{safe}.jsonl"


def read_file(path: Path) -> list[Json]:
    """The lines of a recording, each with its number.

    Raises:
        UsageError: There is no such file, or a line is not a call; the text names it.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        text = (
            "is not there; record this test with --purview-mode live --purview-record "
            "(or --purview-mode sandbox)"
        )
        raise UsageError(f"recording {path}: {text}") from None
    calls = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            call = loads(line)
            _ = (
                call["doc"],
                call["op"],
                call["liveRequest"]["url"],
                call["liveResponse"]["statusCode"],
            )
        except (ValueError, TypeError, KeyError):
            text = "is no call with doc, op, liveRequest and liveResponse; record the test again"
            raise UsageError(f"recording {path}, line {number}: {text}") from None
        calls.append({**call, "line": number})
    return calls

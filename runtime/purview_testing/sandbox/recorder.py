"""Calls as JSON lines, in the shape that the LiveValidator of oav reads, without secrets.

oav is the validator that the upstream documents are checked with.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from purview_core.command_errors import UsageError
from purview_core.model.json_text import dumps, loads
from purview_testing.contracts.facts import ContractOperation, ContractSchemas
from purview_testing.contracts.messages import Json, RequestMessage, ResponseMessage
from purview_testing.contracts.schema_check import ContractViolation

LEFT_OUT = "left-out"
_HEADERS = {
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-ms-authorization-auxiliary",
}
_SECRET = re.compile(
    r"(?i)(secret|password|token$|authkey|accesskey|connectionstring|activationcode)"
)


@dataclass(frozen=True)
class SeenRequest:
    """One request of the journal.

    Attributes:
        plane: The plane that it was for, "identity" for a token request, None where none fits.
        operation: The operationId that it was taken for.
        violations: How it departed from its contract.
        status: The status of the answer.
        fault: The kind of the fault that hit it.
    """

    request: RequestMessage = field(repr=False)
    plane: str | None
    operation: str | None
    violations: Sequence[ContractViolation]
    status: int
    fault: str | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path, percent-encoded as it came."""
        return self.request.raw_path


class Recorder:
    """Appends a line to a file for each call whose operation is known."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        try:
            self._file: IO[bytes] = Path(path).open("ab")  # noqa: SIM115 - open as long as the sandbox
        except OSError as error:
            raise UsageError(
                f"--record {path}: {error.strerror}; name a file that can be written"
            ) from None

    def write(
        self, operation: ContractOperation, request: RequestMessage, response: ResponseMessage
    ) -> None:
        """Appends one call; it is in the file when this returns."""
        line = dumps(pair(operation, request, response)) + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._file.close()


def pair(operation: ContractOperation, request: RequestMessage, response: ResponseMessage) -> Json:
    """Returns one call as JSON: doc, op, liveRequest, liveResponse."""
    schemas = operation.contract.schemas
    return {
        "doc": operation.contract.document.name,
        "op": operation.id,
        "liveRequest": {
            "method": request.method,
            "url": request.url,
            "headers": _headers(request.headers),
            "query": _query(request, operation),
            "body": _body(request.content, request.media, schemas),
        },
        "liveResponse": {
            "statusCode": str(response.status),
            "headers": _headers(response.headers),
            "body": _body(response.content, response.headers.get("content-type", ""), schemas),
        },
    }


def _headers(headers: Any) -> Json:
    return {k.lower(): v for k, v in headers.items() if k.lower() not in _HEADERS}


def _query(request: RequestMessage, operation: ContractOperation) -> Json:
    """Returns the query by name; lists are split here, since oav does not split them."""
    lists = {
        p.name: p.explode
        for p in operation.parameters
        if p.location == "query" and "array" in operation.contract.schemas.shape(p.schema).types
    }
    out: Json = {}
    for name, value in request.query:
        if name in lists:
            out.setdefault(name, []).extend([value] if lists[name] else value.split(","))
        else:
            out[name] = value
    return out


def _body(content: bytes, media: str, schemas: ContractSchemas) -> Any:
    """Returns a body as JSON without secrets; of other media only the number of bytes."""
    if not content:
        return None
    if "json" not in media:
        return f"{len(content)} bytes of {media or 'unknown media'}"
    try:
        return without_secrets(loads(content), _secrets(schemas))
    except ValueError:
        return f"{len(content)} bytes that are not JSON"


def _secrets(schemas: ContractSchemas) -> frozenset[str]:
    """Returns the names of the members that a contract marks as secret."""
    return frozenset(
        name
        for raw in schemas.raw.values()
        for part in (raw, *raw.get("allOf", ()))
        for name, member in part.get("properties", {}).items()
        if member.get("x-secret")
    )


def without_secrets(value: Any, names: frozenset[str] = frozenset()) -> Any:
    """Returns a JSON value in which secret texts are replaced, by their names."""
    if isinstance(value, list):
        return [without_secrets(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    out: Json = {}
    for name, item in value.items():
        secret = isinstance(item, str) and (name in names or _SECRET.search(name))
        out[name] = LEFT_OUT if secret else without_secrets(item, names)
    return out

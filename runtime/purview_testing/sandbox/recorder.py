"""Requests and answers as JSON lines, in the shapes that oav's LiveValidator takes; secrets are left out."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from purview_core.model.json_text import dumps, loads
from purview_testing.contracts.documents import UsageError
from purview_testing.contracts.facts import Operation, Schemas
from purview_testing.contracts.messages import Json, Request, Response
from purview_testing.contracts.schema_check import Departure

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
    """One request that came: what it was taken for, how it departed from its contract, and the status it got."""

    request: Request = field(repr=False)
    plane: str | None
    operation: str | None
    departures: Sequence[Departure]
    status: int
    fault: str | None = None

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def path(self) -> str:
        return self.request.raw_path


class Recorder:
    """Appends to a file; one line a call that its contract knows."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        try:
            self._file: IO[bytes] = Path(path).open("ab")  # noqa: SIM115 - open as long as the sandbox
        except OSError as error:
            raise UsageError(
                f"--record {path}: {error.strerror}; name a file that can be written"
            ) from None

    def write(self, operation: Operation, request: Request, response: Response) -> None:
        line = dumps(pair(operation, request, response)) + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()


def pair(operation: Operation, request: Request, response: Response) -> Json:
    """One call: doc, op, liveRequest, liveResponse."""
    schemas = operation.contract.schemas
    return {
        "doc": str(operation.contract.document),
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


def _query(request: Request, operation: Operation) -> Json:
    """Lists are split, since the judge does not split them."""
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


def _body(content: bytes, media: str, schemas: Schemas) -> Any:
    if not content:
        return None
    if "json" not in media:
        return f"{len(content)} bytes of {media or 'unknown media'}"
    try:
        return without_secrets(loads(content), _secrets(schemas))
    except ValueError:
        return f"{len(content)} bytes that are no JSON"


def _secrets(schemas: Schemas) -> frozenset[str]:
    """The members that a contract marks as secret."""
    return frozenset(
        name
        for raw in schemas.raw.values()
        for part in (raw, *raw.get("allOf", ()))
        for name, member in part.get("properties", {}).items()
        if member.get("x-secret")
    )


def without_secrets(value: Any, names: frozenset[str] = frozenset()) -> Any:
    """A JSON value whose secret texts are left out."""
    if isinstance(value, dict):
        return {
            k: LEFT_OUT
            if isinstance(v, str) and (k in names or _SECRET.search(k))
            else without_secrets(v, names)
            for k, v in value.items()
        }
    return [without_secrets(v, names) for v in value] if isinstance(value, list) else value

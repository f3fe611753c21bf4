"""Requests and answers as plain values, so that one handler serves every transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from purview_core.model.json_text import dumps, loads

Json = dict[str, Any]  # a JSON object, wherever this package handles one
# Bytes of a request; more is an error of the caller, or of a test that goes wild.
LARGEST_BODY = 128 * 1024 * 1024


@dataclass(frozen=True)
class RequestMessage:
    """A request as it came.

    Attributes:
        method: In capitals.
        base: Scheme and host, as the caller used them.
        raw_path: The path, still percent-encoded.
        raw_query: The query without its `?`, still percent-encoded.
        headers: Names in lower case.
        content: The body.
    """

    method: str
    base: str
    raw_path: str
    raw_query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @classmethod
    def of(
        cls, method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> RequestMessage:
        """The request of a whole address; method and header names may have any case."""
        parts = urlsplit(url)
        lower = {k.lower(): v for k, v in (headers or {}).items()}
        return cls(
            method.upper(),
            f"{parts.scheme}://{parts.netloc}",
            parts.path or "/",
            parts.query,
            lower,
            content,
        )

    @cached_property
    def query(self) -> Sequence[tuple[str, str]]:
        """Names and values, decoded, in the order they came."""
        return tuple(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def url(self) -> str:
        """The whole address, as it came."""
        return f"{self.base}{self.raw_path}{'?' if self.raw_query else ''}{self.raw_query}"

    @property
    def media(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The value of the body; raises ValueError if it is not JSON."""
        return loads(self.content)


@dataclass(frozen=True)
class ResponseMessage:
    """An answer. `wire` tells how a fault changes the way its bytes go out, None for no fault."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    wire: Mapping[str, Any] | None = None

    def json(self) -> Any:
        """The value of the body; raises ValueError if it is not JSON."""
        return loads(self.content)

    def but(self, **changes: Any) -> ResponseMessage:
        """This answer with some of its attributes changed."""
        return replace(self, **changes)


def json_response(
    status: int, value: Any, headers: Mapping[str, str] | None = None
) -> ResponseMessage:
    """An answer with a JSON body."""
    return ResponseMessage(
        status, {"content-type": "application/json", **(headers or {})}, dumps(value)
    )


class Problem(Exception):  # noqa: N818 - it is an answer
    """An error answer, raised where a request is refused.

    Attributes:
        status: The HTTP status.
        code: The error code of the service.
        message: One sentence on what is wrong.
        details: (target, message) of each violation.
        headers: Sent beside those that every error has.
        named: Whether the message itself tells the first of the details.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        *,
        named: bool = False,
    ) -> None:
        super().__init__(message)
        self.named = named
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})

    def response(self, *, atlas: bool, request_id: str) -> ResponseMessage:
        """The answer in the form of the plane's own errors; see `Contract.atlas_errors`."""
        if atlas:
            # The text is all that there is, so it tells each violation, and each of them once.
            left = self.details[1:] if self.named else self.details
            told = "; ".join([self.message, *(f"{target}: {text}" for target, text in left)])
            return json_response(
                self.status,
                {"requestId": request_id, "errorCode": self.code, "errorMessage": told},
                self.headers,
            )
        error: Json = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [
                {"code": self.code, "message": text, "target": target}
                for target, text in self.details
            ]
        headers = {"x-ms-error-code": self.code, **self.headers}
        return json_response(self.status, {"error": error}, headers)


def not_found(what: str, name: str) -> Problem:
    """The error for a name that nothing has; `what` is the kind of thing, or ""."""
    return Problem(
        404,
        f"{what}_NotFound" if what else "NotFound",
        f"{what or 'The resource'} {name!r} is not found.",
    )

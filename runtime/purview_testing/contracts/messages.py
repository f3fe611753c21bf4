"""A request and an answer as values, so that one handler serves every transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from purview_core.model.json_text import dumps, loads

Json = dict[str, Any]  # a JSON object, wherever this package handles one
LARGEST_BODY = (
    128 * 1024 * 1024
)  # bytes of a request; more is an error of the caller, or of a test that goes wild


@dataclass(frozen=True)
class RequestMessage:
    """`base`: scheme and host as the caller used them; `raw_path`: still percent-encoded; `headers`: names in lower case."""

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
        return f"{self.base}{self.raw_path}{'?' if self.raw_query else ''}{self.raw_query}"

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return loads(self.content)


@dataclass(frozen=True)
class ResponseMessage:
    """`wire`: how a fault changes the way in which the bytes go out, None for the plain way."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    wire: Mapping[str, Any] | None = None

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return loads(self.content)

    def but(self, **changes: Any) -> ResponseMessage:
        return replace(self, **changes)


def json_response(
    status: int, value: Any, headers: Mapping[str, str] | None = None
) -> ResponseMessage:
    return ResponseMessage(
        status, {"content-type": "application/json", **(headers or {})}, dumps(value)
    )


class Problem(Exception):  # noqa: N818 - it is an answer
    """An error answer. `details`: (target, message) of each violation; `named`: the message itself tells the first of them."""

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
        self.status, self.code, self.message = status, code, message
        self.details, self.headers = tuple(details), dict(headers or {})

    def response(self, *, atlas: bool, request_id: str) -> ResponseMessage:
        """In the shape of the plane's own errors."""
        if atlas:
            left = (
                self.details[1:] if self.named else self.details
            )  # the text is all there is: each is told once
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
    return Problem(
        404,
        f"{what}_NotFound" if what else "NotFound",
        f"{what or 'The resource'} {name!r} is not found.",
    )

"""What a call tells to others: lines of the logger `purview_core`, at DEBUG, and a span where
OpenTelemetry is in use.

No body, no token, no query value but the api-version, no header but those named in `failures`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from purview_core.operation import Plane
from purview_core.version import VERSION

from .failures import SHOWN_HEADERS, redacted
from .request import REQUEST_ID, PreparedRequest

log = logging.getLogger("purview_core")
TRACING = "opentelemetry.trace"  # the module that a program which traces has loaded


def log_answer(prepared: PreparedRequest, attempt: int, response: httpx.Response) -> None:
    """The line of an answer."""
    shown = {name: value for name, value in response.headers.items() if name in SHOWN_HEADERS}
    log.debug(
        "%s attempt %d: %s %s -> %d %s", *_named(prepared, attempt), response.status_code, shown
    )  # fmt: skip


def log_failure(prepared: PreparedRequest, attempt: int, error: Exception) -> None:
    """The line of an attempt without an answer."""
    log.debug("%s attempt %d: %s %s -> %s", *_named(prepared, attempt), type(error).__name__)


def log_wait(prepared: PreparedRequest, seconds: float, why: str) -> None:
    """The line of a pause."""
    log.debug("%s waits %.3f s: %s", prepared.operation.id, seconds, why)


def _named(prepared: PreparedRequest, attempt: int) -> tuple[str, int, str, str]:
    return prepared.operation.id, attempt, prepared.method, redacted(prepared.url)


class Span:
    """One call as an OpenTelemetry client span; `headers` carry its context to the service."""

    def __init__(self, trace: Any, propagate: Any, prepared: PreparedRequest, plane: Plane) -> None:
        parts, operation = urlsplit(prepared.url), prepared.operation
        attributes = {
            "http.request.method": prepared.method,
            "server.address": parts.hostname or "",
            "url.template": operation.path,
            "az.namespace": "Microsoft.Purview",
            "az.client_request_id": prepared.headers.get(REQUEST_ID, ""),
            "purview.plane": plane.name,
            "purview.operation": operation.id,
        }
        tracer = trace.get_tracer("purview_core", VERSION)
        self._span = tracer.start_span(
            operation.id, kind=trace.SpanKind.CLIENT, attributes=attributes
        )
        self._status = trace.Status, trace.StatusCode.ERROR
        self.headers: dict[str, str] = {}
        propagate.inject(self.headers, context=trace.set_span_in_context(self._span))

    def end(self, attempts: int, status: int | None, error: BaseException | None) -> None:
        """Ends it: how often it was tried, the last HTTP status if any answer came, and the kind
        of error it ended with.
        """
        if attempts > 1:
            self._span.set_attribute("http.request.resend_count", attempts - 1)
        if status is not None:
            self._span.set_attribute("http.response.status_code", status)
        if error is not None:
            self._span.set_attribute("error.type", str(status) if status else type(error).__name__)
            make, failed = self._status
            self._span.set_status(make(failed))
        self._span.end()


def start_span(
    prepared: PreparedRequest, plane: Plane, modules: Mapping[str, Any] = sys.modules
) -> Span | None:
    """A span where the program has loaded OpenTelemetry itself; nothing is imported for it, and
    it costs nothing else.
    """
    trace, propagate = modules.get(TRACING), modules.get("opentelemetry.propagate")
    if trace is None or propagate is None:
        return None
    return Span(trace, propagate, prepared, plane)

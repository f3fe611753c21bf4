"""One path for every call, written once: a generator that yields what to send and how long to wait, and is sent responses.

`run` and `arun` drive it. A transport failure is thrown in at the attempt that met it, as a TransportError.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeVar

import httpx

from purview_core.errors import HttpError, PurviewError, ThrottledError, TransportError
from purview_core.operation import Operation, Plane
from purview_core.options import Retry

from .failures import http_error, ours
from .request import Prepared, sent_ids
from .retry import Budget, Gate, pause
from .telemetry import Span, log, log_answer, log_failure, log_wait, start_span

T = TypeVar("T")
_SPREAD_S = 1.0  # callers held by one pause go on within this time of each other


class Attempt(NamedTuple):
    """One request to send: which try it is, and the moment on the client's clock by which all must be done."""

    prepared: Prepared
    number: int
    deadline: float
    context: dict[str, str] | None  # headers of the trace it belongs to


class Wait(NamedTuple):
    seconds: float


Step = Attempt | Wait
Flow = Generator[Step, httpx.Response | None, T]


class Calling(NamedTuple):
    """What a call needs to know of its client. `gate` and `budget` are shared by the clients of one session."""

    plane: Plane
    retry: Retry
    total_s: float
    gate: Gate
    budget: Budget
    random: Callable[[], float]
    clock: Callable[[], float]
    resource: str | None = None
    signs_in: bool = True


def call(prepared: Prepared, calling: Calling) -> Flow[httpx.Response]:
    """Sends a request until it is answered well, or raises the last failure with the number of attempts on it."""
    span = start_span(prepared, calling.plane)
    if span is None:
        return (yield from _attempts(prepared, calling, None))
    return (yield from _traced(prepared, calling, span))


def _traced(prepared: Prepared, calling: Calling, span: Span) -> Flow[httpx.Response]:
    attempts, status, failure = 1, None, None
    try:
        response = yield from _attempts(prepared, calling, span.headers)
    except BaseException as error:
        attempts, status, failure = (
            getattr(error, "attempts", 1),
            getattr(error, "status_code", None),
            error,
        )
        raise
    else:
        attempts, status = response.extensions["purview_attempts"], response.status_code
        return response
    finally:
        span.end(attempts, status, failure)


def _attempts(
    prepared: Prepared, calling: Calling, context: dict[str, str] | None
) -> Flow[httpx.Response]:
    gate, budget, debug = calling.gate, calling.budget, log.isEnabledFor(logging.DEBUG)
    deadline, attempt = calling.clock() + calling.total_s, 0
    while True:
        if gate.until > calling.clock() and calling.retry.attempts > 1:
            yield from _held(prepared, calling, deadline, attempt)
        attempt += 1
        failure: HttpError | TransportError
        try:
            response = yield Attempt(prepared, attempt, deadline, context)
        except TransportError as error:
            failure = error
            if debug:
                log_failure(prepared, attempt, error)
        else:
            assert response is not None
            if debug:
                log_answer(prepared, attempt, response)
            if response.status_code < 400 and not _is_redirect(prepared.operation, response):
                budget.give_back(attempt - 1)
                if context is not None:
                    response.extensions["purview_attempts"] = attempt
                return response
            failure = http_error(
                prepared, response, calling.plane, calling.resource, calling.signs_in
            )
        failure.attempts = attempt
        seconds = _next(failure, prepared, calling, deadline)
        if debug:
            log_wait(prepared, seconds, type(failure).__name__)
        yield Wait(seconds)


def _next(
    failure: HttpError | TransportError, prepared: Prepared, calling: Calling, deadline: float
) -> float:
    """Seconds until the next try; raises the failure where there must be none, with the reason on it."""
    seconds, reason = pause(failure, prepared, failure.attempts, calling.retry, calling.random)
    if seconds is not None:
        now = calling.clock()
        if now + seconds >= deadline:
            reason = f"another try would end after the total_timeout of {calling.total_s:g} s"
        elif isinstance(failure, ThrottledError):
            calling.gate.close(
                now + seconds, failure
            )  # holds the others; it draws on no budget, for nothing was done
            return seconds
        elif calling.budget.take():
            return seconds
        else:
            reason = "too many calls over these connections fail and are tried again"
    failure.give_up(reason)
    failure.sent_ids = sent_ids(prepared)
    raise failure


def _held(prepared: Prepared, calling: Calling, deadline: float, attempt: int) -> Flow[None]:
    """Waits while a 429 pauses the plane; raises that answer again where the pause outlasts the call."""
    gate = calling.gate
    while (left := gate.until - calling.clock()) > 0:
        assert gate.asked is not None
        if calling.clock() + left >= deadline:
            failure = copy.copy(gate.asked)
            failure.attempts = attempt
            failure.give_up(f"it was another call's answer, and asks all to wait {left:.3g} s more")
            raise failure
        seconds = left + calling.random() * min(left, _SPREAD_S)
        if log.isEnabledFor(logging.DEBUG):
            log_wait(prepared, seconds, "the plane is paused")
        yield Wait(seconds)


def _is_redirect(operation: Operation[Any], response: httpx.Response) -> bool:
    """The services never redirect; a 304 is an answer where the operation declares it."""
    return 300 <= response.status_code < 400 and response.status_code not in operation.types


def run(
    flow: Flow[T], send: Callable[[Attempt], httpx.Response], sleep: Callable[[float], None]
) -> T:
    """Drives a flow; failures to send are thrown into it."""
    try:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                sleep(step.seconds)
                step = flow.send(None)
                continue
            response = failure = None
            try:
                response = send(step)
            except (httpx.RequestError, PurviewError) as error:
                failure = ours(error, step.prepared)
            step = (
                flow.send(response) if failure is None else flow.throw(failure)
            )  # outside: no chain to the request
    except StopIteration as stop:
        result: T = stop.value
        return result


async def arun(
    flow: Flow[T],
    send: Callable[[Attempt], Awaitable[httpx.Response]],
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    """`run` for async clients."""
    try:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                await sleep(step.seconds)
                step = flow.send(None)
                continue
            response = failure = None
            try:
                response = await send(step)
            except (httpx.RequestError, PurviewError) as error:
                failure = ours(error, step.prepared)
            step = (
                flow.send(response) if failure is None else flow.throw(failure)
            )  # outside: no chain to the request
    except StopIteration as stop:
        result: T = stop.value
        return result

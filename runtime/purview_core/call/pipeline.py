"""One path for every call, written once for sync and async.

It is a generator, called a flow: it yields what to send and how long to wait, and is sent the
responses. `run` and `arun` drive it. A failure of the transport is thrown in at the attempt that
met it, as a TransportError.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeVar

import httpx

from purview_core.errors import HttpError, PurviewError, ThrottledError, TransportError
from purview_core.operation import Operation, Plane
from purview_core.options import Retry

from .failures import http_error, ours
from .request import PreparedRequest, sent_ids
from .retry import MOST_RETRIES, Budget, Gate, pause
from .telemetry import TRACING, Span, log, log_answer, log_failure, log_wait, start_span

T = TypeVar("T")
_SPREAD_S = 1.0  # callers held by one pause go on within this time of each other


class Attempt(NamedTuple):
    """One request to send.

    Attributes:
        prepared: what is sent.
        number: which try it is, from 1 on.
        deadline: the moment on the client's clock by which all must be done.
        trace_headers: of the trace that the call belongs to, where there is one.
    """

    prepared: PreparedRequest
    number: int
    deadline: float
    trace_headers: dict[str, str] | None


class Wait(NamedTuple):
    """A pause, before whatever the flow yields next."""

    seconds: float


Step = Attempt | Wait
Flow = Generator[Step, httpx.Response | None, T]


class CallContext(NamedTuple):
    """What a call needs to know of its client.

    Attributes:
        plane: whose operation it is.
        retry: when it is tried again.
        total_s: seconds for all of its attempts and the waits between them.
        gate: the pause that a 429 asks of all calls to the plane; shared by the clients of a
        session. budget: the retries that the calls of a session may still make; shared, too. auth:
        what signs in, or None; for what the errors of 401 say. random: a number from 0 to 1, by
        which waits are spread. clock: seconds, of which only differences count.
    """

    plane: Plane
    retry: Retry
    total_s: float
    gate: Gate
    budget: Budget
    auth: httpx.Auth | None
    random: Callable[[], float]
    clock: Callable[[], float]


def send_until_answered(prepared: PreparedRequest, context: CallContext) -> Flow[httpx.Response]:
    """Sends a request until it is answered well.

    Raises the last failure, with the number of attempts on it, where it must not be tried again.
    """
    if TRACING not in sys.modules:
        return (yield from _attempts(prepared, context, None))
    span = start_span(prepared, context.plane)
    if span is None:
        return (yield from _attempts(prepared, context, None))
    return (yield from _traced(prepared, context, span))


def _traced(prepared: PreparedRequest, context: CallContext, span: Span) -> Flow[httpx.Response]:
    attempts = 1
    status: int | None = None
    failure: BaseException | None = None
    try:
        response = yield from _attempts(prepared, context, span.headers)
    except BaseException as error:
        attempts, status = getattr(error, "attempts", 1), getattr(error, "status_code", None)
        failure = error
        raise
    else:
        attempts, status = response.extensions["purview_attempts"], response.status_code
        return response
    finally:
        span.end(attempts, status, failure)


def _attempts(
    prepared: PreparedRequest, context: CallContext, trace_headers: dict[str, str] | None
) -> Flow[httpx.Response]:
    gate, budget, debug = context.gate, context.budget, log.isEnabledFor(logging.DEBUG)
    deadline, attempt = context.clock() + context.total_s, 0
    while True:
        if gate.until > context.clock() and context.retry.attempts > 1:
            yield from _held(prepared, context, deadline, attempt)
        attempt += 1
        failure: HttpError | TransportError
        try:
            response = yield Attempt(prepared, attempt, deadline, trace_headers)
        except TransportError as error:
            failure = error
            if debug:
                log_failure(prepared, attempt, error)
        else:
            assert response is not None
            if debug:
                log_answer(prepared, attempt, response)
            if response.status_code < 400 and not _is_redirect(prepared.operation, response):
                if budget.left < MOST_RETRIES:  # else nothing was taken, by this call either
                    budget.give_back(attempt - 1)
                response.extensions["purview_attempts"] = attempt
                return response
            failure = http_error(prepared, response, context.plane, context.auth)
        failure.attempts = attempt
        seconds = _next(failure, prepared, context, deadline)
        if debug:
            log_wait(prepared, seconds, type(failure).__name__)
        yield Wait(seconds)


def _next(
    failure: HttpError | TransportError,
    prepared: PreparedRequest,
    context: CallContext,
    deadline: float,
) -> float:
    """Seconds until the next try; raises the failure where there must be none, with the reason
    on it.
    """
    seconds, reason = pause(failure, prepared, failure.attempts, context.retry, context.random)
    if seconds is not None:
        now = context.clock()
        if now + seconds >= deadline:
            reason = f"another try would end after the total_timeout of {context.total_s:g} s"
        elif isinstance(failure, ThrottledError):
            context.gate.close(now + seconds, failure)  # which holds the others, too
            return seconds  # and draws on no budget, for nothing was done
        elif context.budget.take():
            return seconds
        else:
            reason = "too many calls over these connections fail and are tried again"
    failure.give_up(reason)
    failure.sent_ids = sent_ids(prepared)
    raise failure


def _held(
    prepared: PreparedRequest, context: CallContext, deadline: float, attempt: int
) -> Flow[None]:
    """Waits while a 429 pauses the plane; raises that answer again where the pause outlasts the
    call.
    """
    gate = context.gate
    while (left := gate.until - context.clock()) > 0:
        assert gate.asked is not None
        if context.clock() + left >= deadline:
            failure = copy.copy(gate.asked)
            failure.attempts = attempt
            failure.give_up(f"it was another call's answer, and asks all to wait {left:.3g} s more")
            raise failure
        seconds = left + context.random() * min(left, _SPREAD_S)
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
            # outside of the `except`, so that the error is not chained to one that holds the
            # request
            step = flow.send(response) if failure is None else flow.throw(failure)
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
            # outside of the `except`, so that the error is not chained to one that holds the
            # request
            step = flow.send(response) if failure is None else flow.throw(failure)
    except StopIteration as stop:
        result: T = stop.value
        return result

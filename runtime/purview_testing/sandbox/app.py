"""The service as a function from request to response: journal, identity, faults, token, contract, behaviour, errors."""

from __future__ import annotations

import re
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from purview_testing.contracts.facts import Contract, Operation
from purview_testing.contracts.judge import Validator, Verdict
from purview_testing.contracts.messages import (
    LARGEST_BODY,
    Problem,
    Request,
    Response,
    json_response,
    not_found,
)
from purview_testing.contracts.routing import Match
from purview_testing.contracts.samples import exactly, live
from purview_testing.contracts.schema_check import Departure

from . import behaviours, control
from .call import NOTHING, Call, Reply, Settings
from .faults import Fault, Faults, error_answer, gateway_answer, spoil
from .identity import Identity
from .limits import RateLimiter
from .recorder import Recorder, SeenRequest
from .state import long_running as operations
from .state.resources import Resources
from .state.sent_before import without_returned
from .state.store import Store

_JOURNAL = 10_000
_STATUS = re.compile(r"(?P<prefix>/.*)/operations/(?P<key>[^/]+)")


class App:
    """Everything but the transports. One lock: calls are served one after another, as their transactions are."""

    def __init__(
        self,
        validator: Validator,
        settings: Settings,
        store: Store,
        identity: Identity,
        recorder: Recorder | None = None,
    ) -> None:
        self.validator, self.settings, self.store, self.identity = (
            validator,
            settings,
            store,
            identity,
        )
        self.faults = Faults(self.known)
        self._rate_limiter = RateLimiter(settings.limits.rate, settings.clock)
        self.requests: deque[SeenRequest] = deque(maxlen=_JOURNAL)
        self._recorder, self._lock = recorder, threading.RLock()
        self._resources = {c: Resources(c) for c in validator.contracts}
        self._prefixes = {c.prefix: c for c in reversed(validator.contracts)}
        self.start()

    def known(self) -> dict[str, set[str]]:
        """The operations of each plane that is served."""
        out: dict[str, set[str]] = {}
        for contract in self.validator.contracts:
            out.setdefault(contract.document.plane, set()).update(contract.operations)
        return out

    def start(self) -> None:
        """What a new account has, unless the state is one that was kept."""
        with self._lock, self.store.transaction():
            behaviours.install(self.store, self.settings)

    def reset(self) -> None:
        """As when it was opened: state, journal and faults."""
        with self._lock:
            self.store.clear()
            self.requests.clear()
            self.faults.clear()
            self._rate_limiter.reset()
            self.start()

    def handle(self, request: Request) -> Response:
        """The answer to one request. Never raises for what a caller can send."""
        if request.raw_path.startswith(control.ROOT):
            return control.serve(self, request)
        with self._lock:
            verdict = self._judged(request)
            operation = verdict.operation
            plane = operation.contract.document.plane if operation else self._plane(request)
            fault = self.faults.strike(plane, operation)
            response = self._answer(request, verdict, fault)
            if fault is not None and fault.spares(response):
                fault = None
            response = spoil(fault, response, request.url) if fault is not None else response
            kind = fault.kind if fault else None
            name = operation.id if operation else None
            self.requests.append(
                SeenRequest(request, plane, name, verdict.departures, response.status, kind)
            )
            if self._recorder is not None and operation is not None:
                self._recorder.write(operation, request, response)
            return response

    def _judged(self, request: Request) -> Verdict:
        """The verdict, without what is no fault of the caller: token requests, polls, and what the sandbox itself has sent."""
        verdict = self.validator.request(request)
        if verdict.match is None:
            known = self.identity.knows(request) or self._polled(request) is not None
            return Verdict(None, (), {}) if known else verdict
        if not verdict.departures or self.settings.exact:
            return verdict
        body = read_body(request, verdict.match.operation)
        places = behaviours.read_at(verdict.match.operation, body)
        departures = without_returned(self._read_back, request, places, body, verdict.departures)
        return Verdict(verdict.match, departures, verdict.query)

    def _plane(self, request: Request) -> str | None:
        if self.identity.knows(request):
            return "identity"
        contract = self._contract(request.raw_path)
        return contract.document.plane if contract else None

    def _contract(self, raw_path: str) -> Contract | None:
        """The contract whose prefix a path has, the longest one."""
        fitting = [p for p in self._prefixes if f"{raw_path}/".startswith(f"{p}/")]
        return self._prefixes[max(fitting, key=len)] if fitting else None

    def _answer(self, request: Request, verdict: Verdict, fault: Fault | None) -> Response:
        contract = (
            verdict.operation.contract if verdict.operation else self._contract(request.raw_path)
        )
        try:
            early = self._early(fault)
            response = early if early is not None else self._served(request, verdict, fault)
        except Problem as problem:
            atlas = contract is not None and contract.atlas_errors
            response = problem.response(atlas=atlas, request_id=str(uuid.uuid4()))
        headers = {"x-ms-correlation-request-id": str(uuid.uuid4()), **response.headers}
        if "x-ms-client-request-id" in request.headers:
            headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
        return response.but(headers=headers)

    def _early(self, fault: Fault | None) -> Response | None:
        """What a fault says in place of the service."""
        if fault is None:
            return None
        if (error := error_answer(fault, self.settings.clock())) is not None:
            status, code, headers = error
            raise Problem(
                status, code, f"Made up by a fault of the sandbox: {fault.kind}.", headers=headers
            )
        return gateway_answer(fault)

    def _served(self, request: Request, verdict: Verdict, fault: Fault | None) -> Response:
        if (token := self.identity.serve(request)) is not None:
            return token
        self.settings.limits.check_url(request)
        self.identity.check(request)
        self._rate_limiter.check()
        if len(request.content) > LARGEST_BODY:
            text = f"The body has more than {LARGEST_BODY:,} bytes; send it in parts."
            raise Problem(413, "RequestBodyTooLarge", text)
        if verdict.match is None:
            return self._unrouted(request, verdict)
        body = read_body(request, verdict.match.operation)
        refuse(verdict.departures)
        call = self._call(request, verdict.match, verdict.query, body, fault)
        with self.store.transaction():
            behaviours.check(call)
            return self._respond(call, self._behaviour(call)(call))

    def _call(
        self, request: Request, match: Match, query: dict[str, Any], body: Any, fault: Fault | None
    ) -> Call:
        failing = fault.failing if fault else None
        generic = self._resources[match.operation.contract].behaviour(match.operation)
        return Call(
            self.store,
            self.settings,
            request,
            match.operation,
            match.holes,
            query,
            body,
            failing,
            generic,
        )

    def _read_back(self, request: Request) -> Response:
        """Answers a GET as a caller would see it, with the query parameters that it declares."""
        version = next((v for n, v in request.query if n == "api-version"), None)
        match, _ = self.validator.router.find(request.method, request.raw_path, version)
        if match is None:
            raise not_found("", request.raw_path)
        declared = [p for p in match.operation.parameters if p.location == "query"]
        query = [(n, v) for n, v in request.query if any(p.named(n) for p in declared)]
        return self.call_internally(replace(request, raw_query=urlencode(query)))

    def call_internally(self, request: Request) -> Response:
        """A call that a behaviour makes itself: no token, no journal, no fault."""
        verdict = self.validator.request(request)
        if verdict.match is None:
            raise Problem(404, "NotFound", str(verdict.departures[0]))
        call = self._call(
            request, verdict.match, verdict.query, read_body(request, verdict.match.operation), None
        )
        return self._respond(call, self._behaviour(call)(call))

    def _behaviour(self, call: Call) -> behaviours.Behaviour:
        return behaviours.find(call.operation) or Call.default_reply

    def _respond(self, call: Call, reply: Reply) -> Response:
        status = reply.status if reply.status is not None else call.operation.status
        if reply.content is not None:
            return Response(
                status, {"content-type": reply.content[0], **reply.headers}, reply.content[1]
            )
        declared = call.operation.answers.get(str(status))
        if (
            reply.value is NOTHING
            or status == 204
            or (declared is not None and not declared.content)
        ):
            return Response(status, dict(reply.headers))
        value, schema = reply.value, declared.json if declared else None
        if schema is not None and status < 300:
            value = (exactly if self.settings.exact else live)(
                call.operation.contract.schemas, schema, value
            )
        return json_response(status, value, reply.headers)

    def _polled(self, request: Request) -> tuple[Contract, str, Any] | None:
        """The contract, key and record of the long-running operation whose status is asked for."""
        found = _STATUS.fullmatch(request.raw_path)
        record = (
            self.store.get(operations.KIND, found["key"])
            if found and request.method == "GET"
            else None
        )
        if found is None or record is None:
            return None
        fitting = [
            c
            for c in self.validator.contracts
            if c.prefix == found["prefix"] and record["operation"] in c.operations
        ]
        return (fitting[0], found["key"], record) if fitting else None

    def _unrouted(self, request: Request, verdict: Verdict) -> Response:
        """A status of a long-running operation, or an error that names what is near."""
        if (polled := self._polled(request)) is not None:
            contract, key, record = polled
            call = Call(
                self.store, self.settings, request, contract.operations[record["operation"]], {}, {}
            )
            with self.store.transaction():
                reply = operations.status(call, key)
            return json_response(reply.status or 200, reply.value, reply.headers)
        departure, near = verdict.departures[0], self._contract(request.raw_path)
        if departure.kind == "method":
            allow = departure.expected.removeprefix("one of ")
            text = f"{request.method} is not allowed at {request.raw_path}; allowed are {allow}."
            raise Problem(405, "MethodNotAllowed", text, headers={"Allow": allow})
        code = (
            "RequestUriNotFound" if near is not None and near.atlas_errors else "ResourceNotFound"
        )
        raise Problem(
            404, code, f"{request.raw_path} is no path of this sandbox: {departure.expected}."
        )


def read_body(request: Request, operation: Operation) -> Any:
    """The JSON of a body; None where there is none, or where it is not JSON (the verdict has said so)."""
    if not request.content or operation.body_schema is None:
        return None
    try:
        return request.json()
    except ValueError:
        return None


def refuse(departures: Sequence[Departure]) -> None:
    """Raises the error for the first kind of departure that there is."""
    if not departures:
        return
    chosen = min(departures, key=_weight)
    details = [
        (d.where or d.place, f"expected {d.expected}, found {d.found}")
        for d in (chosen, *(d for d in departures if d is not chosen))
    ]
    raise Problem(*_refusal(chosen), details, named=True)


def _weight(departure: Departure) -> int:
    """The api-version comes first, then the media type, then the coding of the body; then what comes first."""
    kinds = ("media-type", "coding")
    return (
        0
        if departure.where == "api-version"
        else 1 + (kinds.index(departure.kind) if departure.kind in kinds else 2)
    )


def _refusal(departure: Departure) -> tuple[int, str, str]:
    """Status, code and message for a request that departs in this way."""
    expected = departure.expected
    if departure.where == "api-version":
        code = (
            "MissingApiVersionParameter"
            if departure.kind == "required"
            else "InvalidApiVersionParameter"
        )
        return 400, code, f"api-version: expected {expected}, found {departure.found}."
    if departure.kind == "media-type":
        return 415, "UnsupportedMediaType", f"The content type: expected {expected}."
    if departure.kind == "coding":
        return 415, "UnsupportedMediaType", f"The content encoding: expected {expected}."
    return 400, "InvalidRequest", f"The request departs from its contract: {departure}."

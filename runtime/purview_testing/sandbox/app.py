"""The service as one function from a request to its response, whatever transport carries them."""

from __future__ import annotations

import re
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from purview_testing.contracts.facts import Contract, ContractOperation
from purview_testing.contracts.judge import Validator, Verdict
from purview_testing.contracts.messages import (
    LARGEST_BODY,
    Problem,
    RequestMessage,
    ResponseMessage,
    json_response,
    not_found,
)
from purview_testing.contracts.routing import Match
from purview_testing.contracts.samples import exactly, live
from purview_testing.contracts.schema_check import ContractViolation

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

_JOURNAL = 10_000  # requests that are kept; older ones are forgotten
_STATUS = re.compile(r"(?P<prefix>/.*)/operations/(?P<key>[^/]+)")


class App:
    """The sandbox without its transports.

    A request passes, in this order: faults that answer in place of the service, the token endpoint,
    limits and the check of its token, the judgement by its contract, and the behaviour of its
    operation.

    One lock serves calls one after another, as the transactions of the store have to be anyway.
    """

    def __init__(
        self,
        validator: Validator,
        settings: Settings,
        store: Store,
        identity: Identity,
        recorder: Recorder | None = None,
    ) -> None:
        self.validator = validator
        self.settings = settings
        self.store = store
        self.identity = identity
        self.faults = Faults(self.operations)
        self._rate_limiter = RateLimiter(settings.limits.rate, settings.clock)
        self.requests: deque[SeenRequest] = deque(maxlen=_JOURNAL)
        self._recorder = recorder
        self._lock = threading.RLock()
        self._resources = {c: Resources(c) for c in validator.contracts}
        # Where two versions of a plane are served, the first one that was named has the prefix.
        self._prefixes = {c.prefix: c for c in reversed(validator.contracts)}
        self.start()

    def operations(self) -> dict[str, set[str]]:
        """Returns the ids of the operations that are served, by plane."""
        out: dict[str, set[str]] = {}
        for contract in self.validator.contracts:
            out.setdefault(contract.document.plane, set()).update(contract.operations)
        return out

    def start(self) -> None:
        """Puts what a new account has into the store, unless a kept state has it already."""
        with self._lock, self.store.transaction():
            behaviours.install(self.store, self.settings)

    def reset(self) -> None:
        """Brings state, journal, faults and rate back to where they were at the start."""
        with self._lock:
            self.store.clear()
            self.requests.clear()
            self.faults.clear()
            self._rate_limiter.reset()
            self.start()

    def handle(self, request: RequestMessage) -> ResponseMessage:
        """Answers one request, and notes it in the journal.

        Nothing that a caller can send makes it raise: what is wrong with a request is an error
        answer.
        """
        if request.raw_path.startswith(control.ROOT):
            return control.serve(self, request)
        with self._lock:
            # Judged before anything else, since faults are meant for operations.
            verdict = self._judge(request)
            operation = verdict.operation
            plane = operation.contract.document.plane if operation else self._plane(request)
            fault = self.faults.strike(plane, operation)
            response = self._answer(request, verdict, fault)
            if fault is not None and fault.spares(response):
                fault = None
            if fault is not None:
                response = spoil(fault, response, request.url)
            kind = fault.kind if fault else None
            name = operation.id if operation else None
            self.requests.append(
                SeenRequest(request, plane, name, verdict.violations, response.status, kind)
            )
            if self._recorder is not None and operation is not None:
                self._recorder.write(operation, request, response)
            return response

    def _judge(self, request: RequestMessage) -> Verdict:
        """Returns the verdict on a request, without what is not the caller's fault.

        Token requests and polls of long-running operations are in no contract, and what the sandbox
        itself has sent beyond a contract may come back.
        """
        verdict = self.validator.request(request)
        if verdict.match is None:
            known = self.identity.knows(request) or self._polled(request) is not None
            return Verdict(None, (), {}) if known else verdict
        if not verdict.violations or self.settings.exact:
            return verdict
        body = read_body(request, verdict.match.operation)
        places = behaviours.read_at(verdict.match.operation, body)
        violations = without_returned(self._read_back, request, places, body, verdict.violations)
        return Verdict(verdict.match, violations, verdict.query)

    def _plane(self, request: RequestMessage) -> str | None:
        """Returns the plane whose faults apply to a request that fits no operation."""
        if self.identity.knows(request):
            return "identity"
        contract = self._contract(request.raw_path)
        return contract.document.plane if contract else None

    def _contract(self, raw_path: str) -> Contract | None:
        """Returns the contract with the longest prefix that a path begins with."""
        fitting = [p for p in self._prefixes if f"{raw_path}/".startswith(f"{p}/")]
        return self._prefixes[max(fitting, key=len)] if fitting else None

    def _answer(
        self, request: RequestMessage, verdict: Verdict, fault: Fault | None
    ) -> ResponseMessage:
        """Returns the answer to a request, with the headers that every answer has."""
        contract = (
            verdict.operation.contract if verdict.operation else self._contract(request.raw_path)
        )
        try:
            response = self._answer_of_fault(fault) or self._answer_of_service(
                request, verdict, fault
            )
        except Problem as problem:
            atlas = contract is not None and contract.atlas_errors
            response = problem.response(atlas=atlas, request_id=str(uuid.uuid4()))
        # The service gives each answer an id, and returns the one that the client gave its request.
        headers = {"x-ms-correlation-request-id": str(uuid.uuid4()), **response.headers}
        if "x-ms-client-request-id" in request.headers:
            headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
        return response.but(headers=headers)

    def _answer_of_fault(self, fault: Fault | None) -> ResponseMessage | None:
        """Returns or raises what a fault says in place of the service; None for other faults."""
        if fault is None:
            return None
        if (error := error_answer(fault, self.settings.clock())) is not None:
            status, code, headers = error
            raise Problem(
                status, code, f"Made up by a fault of the sandbox: {fault.kind}.", headers=headers
            )
        return gateway_answer(fault)

    def _answer_of_service(
        self, request: RequestMessage, verdict: Verdict, fault: Fault | None
    ) -> ResponseMessage:
        """Returns what the service says to a request; raises Problem for what it refuses."""
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
        refuse(verdict.violations)
        call = self._call(request, verdict.match, verdict.query, body, fault)
        # One transaction: a behaviour that raises leaves nothing of what it wrote.
        with self.store.transaction():
            behaviours.check_references(call)
            return self._respond(call, self._behaviour(call)(call))

    def _call(
        self,
        request: RequestMessage,
        match: Match,
        query: dict[str, Any],
        body: Any,
        fault: Fault | None,
    ) -> Call:
        """Puts together what a behaviour is given."""
        failing = fault.failing if fault else None
        return Call(
            store=self.store,
            settings=self.settings,
            request=request,
            operation=match.operation,
            path_arguments=match.holes,
            query=query,
            body=body,
            failing=failing,
            default=self._resources[match.operation.contract].behaviour(match.operation),
        )

    def _read_back(self, request: RequestMessage) -> ResponseMessage:
        """Answers a GET that the caller may have made before a write.

        The query is that of the write, so only what the GET declares is kept of it.
        """
        version = next((v for n, v in request.query if n == "api-version"), None)
        match, _ = self.validator.router.find(request.method, request.raw_path, version)
        if match is None:
            raise not_found("", request.raw_path)
        declared = [p for p in match.operation.parameters if p.location == "query"]
        query = [(n, v) for n, v in request.query if any(p.named(n) for p in declared)]
        return self._answer_internally(replace(request, raw_query=urlencode(query)))

    def _answer_internally(self, request: RequestMessage) -> ResponseMessage:
        """Answers a call of the sandbox to itself: no token, no journal, no fault."""
        verdict = self.validator.request(request)
        if verdict.match is None:
            raise Problem(404, "NotFound", str(verdict.violations[0]))
        call = self._call(
            request, verdict.match, verdict.query, read_body(request, verdict.match.operation), None
        )
        return self._respond(call, self._behaviour(call)(call))

    def _behaviour(self, call: Call) -> behaviours.Behaviour:
        return behaviours.find(call.operation) or Call.default_reply

    def _respond(self, call: Call, reply: Reply) -> ResponseMessage:
        """Turns a behaviour's reply into a response.

        The value is cut to the schema in an exact sandbox; otherwise it gets what the live service
        sends beyond its schema.
        """
        status = reply.status if reply.status is not None else call.operation.status
        if reply.content is not None:
            media, content = reply.content
            return ResponseMessage(status, {"content-type": media, **reply.headers}, content)
        declared = call.operation.answers.get(str(status))
        without_body = status == 204 or (declared is not None and not declared.content)
        if without_body or reply.value is NOTHING:
            return ResponseMessage(status, dict(reply.headers))
        value = reply.value
        schema = declared.json if declared else None
        if schema is not None and status < 300:
            shaped = exactly if self.settings.exact else live
            value = shaped(call.operation.contract.schemas, schema, value)
        return json_response(status, value, reply.headers)

    def _polled(self, request: RequestMessage) -> tuple[Contract, str, Any] | None:
        """Returns contract, key and record of the operation whose status is asked for."""
        found = _STATUS.fullmatch(request.raw_path)
        if found is None or request.method != "GET":
            return None
        record = self.store.get(operations.KIND, found["key"])
        if record is None:
            return None
        for contract in self.validator.contracts:
            if contract.prefix == found["prefix"] and record["operation"] in contract.operations:
                return contract, found["key"], record
        return None

    def _unrouted(self, request: RequestMessage, verdict: Verdict) -> ResponseMessage:
        """Answers a poll of a long-running operation; raises an error for any other path."""
        if (polled := self._polled(request)) is not None:
            contract, key, record = polled
            operation = contract.operations[record["operation"]]
            call = Call(self.store, self.settings, request, operation, {}, {})
            with self.store.transaction():
                reply = operations.status(call, key)
            return json_response(reply.status or 200, reply.value, reply.headers)
        violation = verdict.violations[0]
        near = self._contract(request.raw_path)
        if violation.kind == "method":
            allow = violation.expected.removeprefix("one of ")
            text = f"{request.method} is not allowed at {request.raw_path}; allowed are {allow}."
            raise Problem(405, "MethodNotAllowed", text, headers={"Allow": allow})
        code = (
            "RequestUriNotFound" if near is not None and near.atlas_errors else "ResourceNotFound"
        )
        raise Problem(
            404, code, f"{request.raw_path} is not a path of this sandbox: {violation.expected}."
        )


def read_body(request: RequestMessage, operation: ContractOperation) -> Any:
    """Returns the JSON value of a body.

    None where there is no body, or where it is not JSON: in that case the verdict has said so.
    """
    if not request.content or operation.body_schema is None:
        return None
    try:
        return request.json()
    except ValueError:
        return None


def refuse(violations: Sequence[ContractViolation]) -> None:
    """Raises the error for the weightiest violation of a request; the others are its details."""
    if not violations:
        return
    chosen = min(violations, key=_weight)
    details = [
        (d.where or d.place, f"expected {d.expected}, found {d.found}")
        for d in (chosen, *(d for d in violations if d is not chosen))
    ]
    raise Problem(*_refusal(chosen), details, named=True)


def _weight(violation: ContractViolation) -> int:
    """Orders violations: the api-version, the media type, the content coding, then all others."""
    if violation.where == "api-version":
        return 0
    return {"media-type": 1, "coding": 2}.get(violation.kind, 3)


def _refusal(violation: ContractViolation) -> tuple[int, str, str]:
    """Returns status, code and message for a request that departs from its contract in this way."""
    expected = violation.expected
    if violation.where == "api-version":
        code = (
            "MissingApiVersionParameter"
            if violation.kind == "required"
            else "InvalidApiVersionParameter"
        )
        return 400, code, f"api-version: expected {expected}, found {violation.found}."
    if violation.kind == "media-type":
        return 415, "UnsupportedMediaType", f"The content type: expected {expected}."
    if violation.kind == "coding":
        return 415, "UnsupportedMediaType", f"The content encoding: expected {expected}."
    return 400, "InvalidRequest", f"The request departs from its contract: {violation}."

"""Failed answers, over every operation of every version: typed, word for word, and asked for no
more often than is right.
"""

from __future__ import annotations

import logging
import pickle
from typing import Any

import httpx
import pytest

from purview_core import (
    BadRequestError,
    ConflictError,
    HttpError,
    NotFoundError,
    Retry,
    ServerError,
    to_json,
)

from .calling import MODES, Caller, Case, Service, cases, says, versions

pytestmark = pytest.mark.level("L2")

ATLAS_404 = {
    "requestId": "my-run-7",
    "errorCode": "RequestUriNotFound",
    "errorMessage": "null for uri: http://internal/x",
}
ODATA_404 = {"error": {"code": "ResourceNotFound", "message": "Resource not found"}}
BRACES = "Referenced entity AtlasObjectId{guid='null', typeName='T'} is not found"
CONFLICT = {
    "error": {
        "code": "C1",
        "message": "m",
        "target": "t",
        "details": [{"code": "C2", "message": "n"}],
    }
}
TERM_REFUSED = {
    "requestId": "r",
    "errorCode": "TermHierarchyQueryParameterMissing",
    "errorMessage": "flag missing",
}
PROPAGATED = {"requestId": "r", "errorCode": "E", "errorMessage": "update not allowed: propagated"}


def failure(caller: Caller, case: Case) -> HttpError:
    with pytest.raises(HttpError) as caught:
        caller.call(case)
    return caught.value


def sends_version(case: Case) -> bool:
    return any(p["name"] == "api-version" for p in case.fact["parameters"])


def all_of(counted: int) -> None:
    print(f"\n{counted} calls")
    assert sum(1 for _ in cases()) == counted


@pytest.mark.row("B10")
@pytest.mark.row("S28")
@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_base_names_prefix_and_version(mode: str) -> None:
    """Every operation, the body in the shape of Atlas, whose request id is no uuid."""
    counted, service = 0, Service(says(ATLAS_404, 404))
    for version in versions():
        with Caller(version, service, mode) as caller:
            for case in version.cases:
                error = failure(caller, case)
                said = type(error), error.request_id, error.code, error.message
                assert (NotFoundError, *ATLAS_404.values()) == said, case
                assert ATLAS_404["errorMessage"] in str(error), case
                sent = "" if sends_version(case) else ", which this operation does not send"
                where = f"prefix {version.prefix}, api-version {version.document.version}{sent}."
                assert where in error.hint, case
                assert error.hint in str(error), case
                counted += 1
    all_of(counted)


@pytest.mark.row("B14")
@pytest.mark.row("S28")
def test_not_found_lists_path_and_version() -> None:
    """Every operation, the body in the other shape; `api_version` is sent as it is given, and named
    in the hint.
    """
    counted, service = 0, Service(says(ODATA_404, 404))
    for version in versions():
        with Caller(version, service, api_version="2021-07-01") as caller:
            for case in version.cases:
                error = failure(caller, case)
                assert ("ResourceNotFound", "Resource not found") == (error.code, error.message), (
                    case
                )
                assert (
                    f"path {service.last.url.raw_path.decode().partition('?')[0]}, " in error.hint
                ), case
                if sends_version(case):
                    assert "2021-07-01" == service.last.url.params["api-version"], case
                    assert "api-version 2021-07-01." in error.hint, case
                else:
                    assert "api-version" not in service.last.url.params, case
                counted += 1
    all_of(counted)


@pytest.mark.row("B20")
def test_the_body_of_an_error_is_read_whichever_way_it_is_declared() -> None:
    """409 on every operation; hardly one declares it, most declare `default` alone, some
    nothing.
    """
    counted, service = 0, Service(says(CONFLICT, 409))
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                error = failure(caller, case)
                assert (ConflictError, 409, "C1", "m") == (
                    type(error),
                    error.status_code,
                    error.code,
                    error.message,
                ), case
                assert ("t", [{"code": "C2", "message": "n"}]) == (error.target, error.details), (
                    case
                )
                assert (case.id, case.method.upper()) == (error.operation_id, error.method), case
                counted += 1
    all_of(counted)


@pytest.mark.row("B20")
def test_a_success_that_is_not_declared_is_one() -> None:
    """200, 201, 202 and 206 on every operation that declares a JSON answer, wherever they are not
    declared: decoded alike.
    """
    counted, service = 0, Service()
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                found = {status: schema for status, schema in case.good() if schema}
                if not found:
                    continue
                value = version.sampler.sample(next(iter(found.values())))
                service.now(says(value, next(iter(found))))
                expected = type(caller.call(case).parsed)
                for status in {200, 201, 202, 206} - dict(case.good()).keys():
                    service.now(says(value, status))
                    answer = caller.call(case)
                    assert (status, expected) == (answer.status_code, type(answer.parsed)), case
                    assert value == to_json(answer.parsed), case
                    counted += 1
    print(f"\n{counted} calls")
    assert counted > 2500


NAMELESS = [299, 499, 520, 561]


@pytest.mark.row("B22")
@pytest.mark.parametrize("mode", MODES)
def test_a_status_without_a_name_is_a_plain_number(mode: str) -> None:
    """The first operation of each version with all four, every other one with one of them, by
    turns.
    """
    counted, service = 0, Service()
    for version in versions():
        with Caller(version, service, mode) as caller:
            calls = [(version.cases[0], status) for status in NAMELESS]
            calls += [(case, NAMELESS[i % 4]) for i, case in enumerate(version.cases[1:])]
            for case, status in calls:
                service.now(says({"error": {"code": "X"}}, status))
                if status < 300:
                    service.now(says(case.something(), status))
                    assert status == caller.call(case).status_code, case
                else:
                    error = failure(caller, case)
                    kind = ServerError if status >= 500 else HttpError
                    assert (kind, status, "X") == (type(error), error.status_code, error.code), case
                    assert type(error.status_code) is int
                counted += 1
    all_of(counted - 3 * len(versions()))


@pytest.mark.row("B42")
def test_a_message_with_braces_stays_word_for_word() -> None:
    """404 with braces, quotes and percent signs on every operation: in the message, the text,
    formatting, logging, and a copy.
    """
    message = BRACES + " %s %(x)s {0} {}"
    counted, service = (
        0,
        Service(says({"requestId": "r", "errorCode": "X", "errorMessage": message}, 404)),
    )
    records: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(self.format(record))

    log, keep = logging.getLogger("reports"), Keep()
    log.addHandler(keep)
    for version in versions():
        with Caller(version, service) as caller:
            for case in version.cases:
                error = failure(caller, case)
                assert message == error.message, case
                log.error("failed: %s", error)
                copy: Any = pickle.loads(pickle.dumps(error))
                each = [
                    str(error),
                    f"{error}",
                    "{}".format(error),  # noqa: UP032
                    "%s" % error,  # noqa: UP031
                    records.pop(),
                    str(copy),
                ]
                assert [True] * 6 == [message in text for text in each], case
                counted += 1
    log.removeHandler(keep)
    all_of(counted)


@pytest.mark.row("B53")
@pytest.mark.row("B32")
@pytest.mark.parametrize("mode", MODES)
def test_bad_requests_are_readable_and_asked_for_once(mode: str) -> None:
    """400 with Retry-After on every operation, with a policy that would try three times; two bodies
    by turns.
    """
    counted, service = 0, Service()
    for version in versions():
        with Caller(version, service, mode, retry=Retry()) as caller:
            for i, case in enumerate(version.cases):
                body = (PROPAGATED, TERM_REFUSED)[i % 2]
                service.now(says(body, 400, Retry_After="1"))
                error = failure(caller, case)
                said = type(error), error.request_id, error.code, error.message
                assert (BadRequestError, *body.values()) == said, case
                assert (1, 1, []) == (len(service.seen), error.attempts, caller.waits), case
                counted += 1
    all_of(counted)


@pytest.mark.row("B10")
@pytest.mark.row("B22")
def test_answers_of_a_gateway_are_errors_with_their_text() -> None:
    """HTML, plain text and nothing, by turns, on every operation."""
    counted = 0
    texts = [b"<html><h1>Bad Gateway</h1></html>", b"no upstream", b""]
    words = ["Bad Gateway", "no upstream", None]
    service = Service()
    for version in versions():
        with Caller(version, service) as caller:
            for i, case in enumerate(version.cases):
                text = texts[i % 3]
                service.now(
                    lambda _, text=text: httpx.Response(
                        502, content=text, headers={"content-type": "text/html"}
                    )
                )
                error = failure(caller, case)
                assert (ServerError, 502, words[i % 3]) == (
                    type(error),
                    error.status_code,
                    error.message,
                ), case
                assert (text.decode() or None) == error.body, case
                counted += 1
    all_of(counted)

"""What lies around a typed result: status and headers of every operation, and ETags, in every
version of every plane.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from purview_core import PreconditionFailedError

from .calling import MODES, Caller, Case, Service, cases, plain, says, versions

STALE = {"error": {"code": "PreconditionFailed", "message": "changed since"}}


def same(one: Any, other: Any) -> bool:
    """Whether two calls gave the same; of pollers, that both are."""
    return type(one) is type(other) and (hasattr(one, "result") or bool(one == other))


@pytest.mark.row("T20")
@pytest.mark.parametrize("mode", MODES)
def test_status_and_headers_of_every_typed_method_can_be_seen(mode: str) -> None:
    """Each operation by its method, with and without `on_response`: the same result, and one answer
    seen, less the token.
    """
    counted, service = 0, Service(says({}))
    for version in versions():
        with Caller(version, service, mode, auth=httpx.BasicAuth("name", "canary")) as caller:
            seen: list[httpx.Response] = []
            shown = caller.client.with_options(on_response=seen.append)
            for i, case in enumerate(version.cases):
                service.now(says(case.something(), 200, ETag=f'"{i}"'))
                arguments, operation = case.needed(), case.operation
                expected = caller.send(case, **arguments)
                assert [] == seen, case
                found = caller.done(
                    getattr(getattr(shown, operation.group), operation.name)(**arguments)
                )
                assert same(expected, found), case
                (answer,) = seen
                assert (200, f'"{i}"', case.method.upper()) == (
                    answer.status_code,
                    answer.headers["etag"],
                    answer.request.method,
                ), case
                assert (True, False) == tuple(
                    "authorization" in r.headers for r in (service.last, answer.request)
                ), case
                seen.clear()
                counted += 1
    print(f"\n{counted} operations")
    assert sum(1 for _ in cases()) == counted


def guarded() -> list[Case]:
    """Every operation that takes an If-Match."""
    return [
        c
        for v in versions()
        for c in v.cases
        if any(p.wire_name == "If-Match" for p in c.operation.arguments)
    ]


@pytest.mark.row("T20")
@pytest.mark.parametrize("mode", MODES)
def test_a_stale_etag_is_a_412_of_its_own_kind_and_is_not_sent_again(mode: str) -> None:
    for case in guarded():
        service = Service(says(STALE, 412, ETag='"8"'))
        with (
            Caller(case.version, service, mode) as caller,
            pytest.raises(PreconditionFailedError, match="changed since") as caught,
        ):
            caller.send(case, **{**case.needed(), "if_match": '"7"'})
        assert ['"7"'] == [r.headers.get("if-match") for r in service.seen], case
        error = caught.value
        assert ('"8"', 412, 1, "PreconditionFailed") == (
            error.headers["etag"],
            error.status_code,
            error.attempts,
            error.code,
        ), case
    print(f"\n{len(guarded())} operations")
    assert len(guarded()) >= 4


@pytest.mark.row("T20")
@pytest.mark.parametrize("mode", MODES)
def test_read_change_and_put_back_under_the_etag_that_was_read(mode: str) -> None:
    """Every object that is read where it is put under an If-Match: the typed object and its ETag
    from one call.
    """
    counted = 0
    for put in guarded():
        read = next((c for c in put.version.cases if (c.method, c.path) == ("get", put.path)), None)
        if put.method != "put" or read is None:
            continue
        schema = next(schema for _, schema in read.good() if schema)
        raw = put.version.sampler.sample(schema)
        service = Service(says(raw, 200, ETag='"7"'), says(raw, 200, ETag='"8"'))
        seen: list[httpx.Response] = []
        with Caller(put.version, service, mode) as caller:
            group = getattr(
                caller.client.with_options(on_response=seen.append), read.operation.group
            )
            names = {p.name: "n" for p in read.operation.arguments if p.required}
            found = caller.done(getattr(group, read.operation.name)(**names))
            assert raw == found.to_dict()
            etag = seen[-1].headers["etag"]
            caller.done(getattr(group, put.operation.name)(**names, body=found, if_match=etag))
        assert [None, '"7"'] == [r.headers.get("if-match") for r in service.seen], put
        assert ['"7"', '"8"'] == [r.headers["etag"] for r in seen]
        assert json.loads(service.last.content).items() <= raw.items()
        counted += 1
    print(f"\n{counted} objects")
    assert counted >= 2


@pytest.mark.row("T20")
def test_without_a_body_the_headers_are_seen_too() -> None:
    """Every operation that declares 204."""
    counted, service = 0, Service(plain(204, x_ms_correlation_request_id="c"))
    for version in versions():
        with Caller(version, service) as caller:
            seen: list[httpx.Response] = []
            shown = caller.client.with_options(on_response=seen.append)
            for case in version.cases:
                if 204 in dict(case.good()):
                    caller.done(
                        getattr(getattr(shown, case.operation.group), case.operation.name)(
                            **case.needed()
                        )
                    )
                    assert (204, "c") == (
                        seen[-1].status_code,
                        seen[-1].headers["x-ms-correlation-request-id"],
                    ), case
                    counted += 1
            assert all(answer.status_code == 204 for answer in seen)
    print(f"\n{counted} operations")
    assert counted > 200

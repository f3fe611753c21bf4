"""What holds of every request, over every operation of every version: repeats, ids, redirects,
files.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from purview_core import HttpError, PurviewError, Retry

from .calling import MODES, Answer, Caller, Case, Service, cases, says, versions

TRIES = 3
REPEATED_ALWAYS = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}


def breaks(kind: type[httpx.TransportError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise kind("broken", request=request)

    return answer


# Each failure, and whether it is tried again: always, only where a repeat does no harm, never.
FAILURES: dict[str, tuple[Answer, str]] = {
    "no connection": (breaks(httpx.ConnectError), "always"),
    "no connection in time": (breaks(httpx.ConnectTimeout), "always"),
    "429": (says({}, 429), "always"),
    "cut off": (breaks(httpx.ReadError), "harmless"),
    "no http": (breaks(httpx.RemoteProtocolError), "harmless"),
    "408": (says({}, 408), "harmless"),
    "500": (says({}, 500), "harmless"),
    "502": (says({}, 502), "harmless"),
    "503": (says({}, 503), "harmless"),
    "503 with a time": (says({}, 503, Retry_After="1"), "harmless"),
    "504": (says({}, 504), "harmless"),
    "no answer in time": (breaks(httpx.ReadTimeout), "never"),
    "400 with a time": (says({}, 400, Retry_After="1"), "never"),
    "409": (says({}, 409), "never"),
    "501": (says({}, 501), "never"),
    "505": (says({}, 505), "never"),
}


def harmless(case: Case) -> bool:
    """By the contract alone: the verb, a mark of ours, an id that makes it repeatable."""
    made_up = any("x-auto" in p for p in case.fact["parameters"])
    return case.method.upper() in REPEATED_ALWAYS or bool(case.fact.get("x-retry-safe")) or made_up


@pytest.mark.row("T01")
@pytest.mark.row("T04")
@pytest.mark.parametrize("failure", FAILURES)
def test_what_is_tried_again_of_every_operation(failure: str) -> None:
    """As often as the table says; all tries of a call have its id and a number of their own, and
    the error knows how many.
    """
    answer, when = FAILURES[failure]
    counts, ids, service = Counter[str](), set[str](), Service(answer)
    for version in versions():
        with Caller(version, service, retry=Retry(TRIES)) as caller:
            inner = caller.client._caller
            inner.context = inner.context._replace(clock=lambda waits=caller.waits: sum(waits))
            for case in version.cases:
                service.now(answer)
                caller.client._session.budget.left = 50.0
                with pytest.raises(PurviewError) as caught:
                    caller.call(case)
                again = when == "always" or (when == "harmless" and harmless(case))
                numbers = [r.headers["purview-client-attempt"] for r in service.seen]
                assert [str(n + 1) for n in range(TRIES if again else 1)] == numbers, (
                    case,
                    failure,
                )
                (one,) = {r.headers["x-ms-client-request-id"] for r in service.seen}
                assert len(numbers) == getattr(caught.value, "attempts", None), case
                assert case.id == getattr(caught.value, "operation_id", None), case
                ids.add(one)
                counts["tried again" if again else "once"] += 1
    print(f"\n{failure}: {dict(counts)}")
    assert len(ids) == sum(counts.values()) == sum(1 for _ in cases())
    assert when != "harmless" or min(counts.values()) > 200


@pytest.mark.row("T06")
@pytest.mark.parametrize("mode", MODES)
def test_an_id_makes_a_write_repeatable(mode: str) -> None:
    """Every operation with `repeatability-request-id`: one UUID a call, on every try of it; the
    caller's own is kept.
    """
    wire, counted = "repeatability-request-id", 0
    service = Service()
    for version in versions():
        with Caller(version, service, mode, retry=Retry(TRIES)) as caller:
            for case in version.cases:
                if not any(p.wire_name == wire for p in case.operation.arguments):
                    continue
                sent = []
                for given in ({}, {}, {"repeatability_request_id": "mine"}):
                    service.now(says({}, 503, Retry_After="0"), says({}, 503), says({}))
                    caller.send(case, **case.needed(), **given)
                    assert TRIES == len(service.seen), case
                    (one,) = {r.headers[wire] for r in service.seen}
                    sent.append(one)
                assert (36, 36, "mine") == (len(sent[0]), len(sent[1]), sent[2]), case
                assert sent[0] != sent[1], case
                counted += 1
    print(f"\n{counted} operations")
    assert 12 == counted


@pytest.mark.row("T14")
@pytest.mark.parametrize("mode", MODES)
def test_no_redirect_is_followed(mode: str) -> None:
    """Every operation: an error with where it led, and one request, so the token goes nowhere
    else.
    """
    statuses, service = (301, 302, 303, 307, 308), Service()
    counted = 0
    for version in versions():
        with Caller(version, service, mode, retry=Retry(TRIES)) as caller:
            for case in version.cases:
                status = statuses[counted % len(statuses)]
                service.now(says({}, status, Location="https://evil.example/x"))
                with pytest.raises(HttpError) as caught:
                    caller.call(case)
                assert (status, "https://evil.example/x") == (
                    caught.value.status_code,
                    caught.value.headers["location"],
                ), case
                assert 1 == len(service.seen), case
                counted += 1
    print(f"\n{counted} operations")
    assert sum(1 for _ in cases()) == counted


FILE = b'\xff\xfe{"not": JSON}\r\n\x00'


def giving_files() -> Iterator[Case]:
    return (case for case in cases() if "bytes" in case.operation.types.values())


@pytest.mark.row("T18")
@pytest.mark.parametrize("mode", MODES)
def test_files_come_as_they_are(mode: str) -> None:
    """Every operation that gives a file, by its method and unread: the very bytes, whatever they
    look like.
    """
    counted = 0
    for case in giving_files():
        status = next(s for s, text in case.operation.types.items() if text == "bytes")
        service = Service(
            lambda _, s=status: httpx.Response(
                s, content=FILE, headers={"content-type": "text/csv"}
            )
        )
        with Caller(case.version, service, mode, strict=True) as caller:
            assert FILE == caller.send(case, **case.needed()), case
            assert "*/*" == service.last.headers["accept"]
            if mode == "sync":
                with caller.client.stream(case.id, case.parameters, case.body) as answer:
                    assert FILE == b"".join(answer.iter_bytes()), case
        counted += 1
    print(f"\n{counted} operations")
    assert counted > 5


@pytest.mark.row("T18")
@pytest.mark.parametrize("mode", MODES)
def test_files_leave_as_they_are(mode: str, tmp_path: Path) -> None:
    """Every operation that takes a form: bytes, an open file, a path, a named one, each whole and
    once in its part.
    """
    path, counted = tmp_path / "ä terms.csv", 0
    path.write_bytes(FILE)
    for case in cases():
        if case.operation.body is None or not case.operation.body.fields:
            continue
        for file in (
            FILE,
            io.BytesIO(FILE),
            path,
            ("named.csv", FILE),
            ("named.csv", io.BytesIO(FILE), "text/csv"),
        ):
            service = Service(says({}))
            with Caller(case.version, service, mode) as caller:
                caller.send(
                    case, **{**case.needed(), **{f.name: file for f in case.operation.body.fields}}
                )
            sent, fields = service.seen[0], case.operation.body.fields
            assert sent.headers["content-type"].startswith("multipart/form-data; boundary="), case
            assert len(fields) == sent.content.count(b"\r\n\r\n" + FILE + b"\r\n--"), case
            assert all(f'name="{f.wire_name}"'.encode() in sent.content for f in fields), case
            assert isinstance(file, (bytes, io.BytesIO)) or b'filename="' in sent.content
            counted += 1
    print(f"\n{counted} uploads")
    assert counted > 30

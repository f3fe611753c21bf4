"""Which declared type an answer is decoded as, and what is no answer."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.core.sample_plane import models as m

from purview_core import (
    ContractError,
    DecodeError,
    Departure,
    HttpError,
    Operation,
    PurviewError,
    decode,
    to_json,
)
from purview_core.model.json_text import dumps

SCAN = b'{"kind": "Sql", "name": "n"}'


def operation(**responses: str) -> Operation[Any]:
    """An operation with these answers: `s200="Scan"`, `default="Key"`."""
    keys = {
        int(k[1:]) if k[1:].isdigit() else k.removeprefix("s"): text
        for k, text in responses.items()
    }
    return declared(Operation(id="Scans_Get", method="GET", path="/", responses=keys))


def declared(made: Operation[Any]) -> Operation[Any]:
    """As a module of the sample plane would declare it."""
    type(
        "_Operations",
        (),
        {"__module__": "tests.unit.core.sample_plane.operations.scans", "get": made},
    )
    return made


@pytest.mark.parametrize(
    ("responses", "status", "expected"),
    [
        ({"s200": "Scan", "default": "Key"}, 200, m.SqlScan),
        ({"s200": "Scan", "default": "Key"}, 203, m.SqlScan),
        ({"s200": "Scan", "default": "Key"}, 404, m.Key),
        ({"s200": "Scan", "s404": "Key"}, 404, m.Key),
        ({"s200": "Scan"}, 404, dict),
        ({"s200": "Scan", "s202": "Key"}, 201, m.SqlScan),
        ({"s200": "Scan", "s202": "Key"}, 203, m.Key),
        ({"s200": "Scan", "s204": "None"}, 203, m.SqlScan),
        ({"s200": "Scan", "s204": "None"}, 204, dict),
        ({"s204": "None"}, 200, dict),
        ({"default": "Scan"}, 200, m.SqlScan),
        ({"s2XX": "Scan", "s4XX": "Key"}, 299, m.SqlScan),
        ({"s2XX": "Scan", "s4XX": "Key"}, 418, m.Key),
        ({"s200": "Any"}, 200, dict),
        ({"s200": "dict[str, Any]"}, 200, dict),
        ({"s200": "list[Scan]"}, 200, m.SqlScan),
        ({}, 200, dict),
    ],
)
def test_the_declared_type(responses: dict[str, str], status: int, expected: type) -> None:
    many = "list" in responses.get("s200", "")
    found = decode(operation(**responses), status, b"[" + SCAN + b"]" if many else SCAN)
    assert expected is type(found[0] if many else found)


@pytest.mark.parametrize("content", [b"", b" \r\n"])
@pytest.mark.parametrize("text", ["Scan", "list[Scan]", "None", "Any", "str"])
def test_nothing_is_none(content: bytes, text: str) -> None:
    assert decode(operation(s200=text), 200, content) is None


def test_bytes_are_left_alone() -> None:
    for content in (b"", b"PK\x03\x04", SCAN):
        assert content == decode(
            operation(s200="bytes"),
            200,
            content,
            content_type="application/octet-stream",
            strict=True,
        )


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"<html><body>Sign in</body></html>", "text/html"),
        (b"Accepted", "text/plain"),
        (b"\x00\xff", None),
    ],
)
@pytest.mark.parametrize("text", ["Scan", "None", "Any", "str"])
def test_what_is_no_json(content: bytes, media: str | None, text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(operation(s200=text), 200, content, content_type=media)
    message = str(caught.value)
    assert "Scans_Get: the answer to 200 came" in message
    assert repr(content.decode("utf-8", "replace")) in message
    assert (media is None) is (" as " not in message)


@pytest.mark.row("T15")
@pytest.mark.parametrize(
    "content", [b'{"authKey1": "canary', b' [{"key": "canary"}', b"{'canary': 1}"]
)
def test_json_that_was_cut_off_is_not_shown(content: bytes) -> None:
    with pytest.raises(DecodeError, match=f"is no JSON .*: {len(content)} bytes$") as caught:
        decode(operation(s200="Scan"), 200, content)
    assert "canary" not in f"{caught.value}{caught.value!r}"


def test_a_long_answer_is_shown_shortened() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(operation(s200="Scan"), 200, b"<html>" * 10_000)
    assert len(str(caught.value)) < 250
    assert str(caught.value).endswith("<html>...'")


@pytest.mark.parametrize(
    ("text", "content", "expected"),
    [
        ("None", b"{}", Departure("", "None", "an object")),
        ("Scan", b"", Departure("", "Scan", "nothing")),
        ("bool", b"1", Departure("", "bool", "an integer")),
        ("list[Key]", b'[{"name": null}]', Departure("/0/name", "str", "null")),
    ],
)
def test_strict_tells_what_lenient_lets_pass(
    text: str, content: bytes, expected: Departure
) -> None:
    lenient = decode(operation(s200=text), 200, content)
    with pytest.raises(ContractError) as caught:
        decode(operation(s200=text), 200, content, strict=True)
    assert [expected] == caught.value.departures
    assert lenient == caught.value.value


# ---- what is no answer
# ------------------------------------------------------------
ERRORS: list[dict[str, Any]] = [
    {"error": {"code": "Broken", "message": "it broke"}},
    {"error": {"code": "Broken", "message": "it broke", "details": []}, "requestId": "q"},
    {"requestId": "q", "errorCode": "Broken", "errorMessage": "it broke"},
]
WORDS: list[dict[str, Any]] = [
    {"Message": "it broke"},
    {"message": "it broke", "code": "Broken"},
    {"Message": "it broke", "ExceptionMessage": "x", "ExceptionType": "y", "StackTrace": "z"},
    {"type": "about:blank", "title": "it broke", "status": 500, "traceId": "t"},
    {"errors": {"field": ["it broke"]}},
]


@pytest.mark.parametrize(
    "text", ["Scan", "Box", "list[Scan]", "Scan | Collection", "dict[str, Scan]", "Any", "None"]
)
@pytest.mark.parametrize("body", ERRORS)
def test_an_error_of_the_service_is_raised_whatever_was_declared(text: str, body: Any) -> None:
    with pytest.raises(HttpError) as caught:
        decode(operation(s200=text), 200, dumps(body))
    assert (200, body, "Broken", "it broke") == (
        caught.value.status_code,
        caught.value.body,
        caught.value.code,
        caught.value.message,
    )
    assert str(caught.value).startswith("Scans_Get: 200: Broken: it broke")


@pytest.mark.parametrize(
    "text", ["Scan", "ScanList", "list[Scan]", "Scan | Key", "dict[str, Scan]"]
)
@pytest.mark.parametrize("body", WORDS)
def test_words_alone_are_an_error_where_an_object_was_declared(text: str, body: Any) -> None:
    with pytest.raises(HttpError, match="200"):
        decode(operation(s200=text), 200, dumps(body))


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Collection", {"type": "about:blank", "title": "a member of its own is known"}),
        ("None", {"message": "Deleted."}),
        ("Any", {"message": "anything"}),
        ("dict[str, str]", {"message": "a key like any other"}),
        ("Box", {"error": None, "errorCode": "", "message": ""}),
        ("Box", {"error": {"code": "X"}, "more": 1}),
    ],
)
def test_what_is_not_surely_an_error_is_an_answer(text: str, body: Any) -> None:
    assert body == to_json(decode(operation(s200=text), 200, dumps(body)))


@pytest.mark.parametrize("status", [400, 404, 500])
def test_the_declared_error_of_a_bad_status_is_decoded(status: int) -> None:
    body = {"name": "k", "error": {"code": "X"}}
    assert body == to_json(decode(operation(s200="Scan", default="Key"), status, dumps(body)))
    assert ERRORS[0] == to_json(
        decode(operation(s200="Scan", default="Key"), status, dumps(ERRORS[0]))
    )


def test_an_error_in_place_of_a_file() -> None:
    with pytest.raises(HttpError, match="Broken: it broke"):
        decode(
            operation(s200="bytes"),
            200,
            dumps(ERRORS[0]),
            content_type="application/json; charset=utf-8",
        )
    assert dumps(ERRORS[0]) == decode(
        operation(s200="bytes"), 200, dumps(ERRORS[0]), content_type="text/csv"
    )


@pytest.mark.parametrize(
    ("text", "body", "said"),
    [
        ("Scan", "text", "the answer is a string, where Scan is declared"),
        ("Scan", 7, "the answer is an integer, where"),
        ("Scan", [{"kind": "Sql"}], "the answer is a list, where"),
        ("Scan", False, "the answer is a boolean, where"),
        ("list[Scan]", {"kind": "Sql"}, "the answer is an object, where"),
        ("list[Scan]", "text", "the answer is a string, where"),
        ("dict[str, Scan]", [], "the answer is a list, where"),
        ("Scan | Collection", "text", "the answer is a string, where"),
        ("Box", {"value": "text"}, "the answer is a string in 'value', where Box is declared"),
        ("Box", {"value": {"value": []}}, "the answer is an object in 'value', where"),
        ("Box", {"value": [{}]}, "the answer is a list in 'value', where"),
        ("Scan", {"value": [{}], "nextLink": None}, "the answer is a list in 'value', where"),
    ],
)
def test_what_cannot_be_the_answer_is_none(text: str, body: Any, said: str) -> None:
    with pytest.raises(DecodeError, match=f"^Scans_Get: {said}") as caught:
        decode(operation(s200=text), 200, dumps(body))
    assert body == caught.value.body
    assert not isinstance(caught.value, ContractError)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Scan", {"kind": "New"}),
        ("Scan", {"name": None}),
        ("Scan", {}),
        ("Scan", {"new": 1}),
        ("Scan", {"new": 1, "value": []}),
        ("Box", {}),
        ("Box", {"new": 1}),
        ("ScanList", {"value": []}),
        ("ScanList", {"nextLink": None}),
        ("list[Scan]", []),
        ("dict[str, Scan]", {}),
        ("dict[str, Any]", {"value": "text"}),
        ("Box", None),
        ("str", {"odd": 1}),
        ("int", "7"),
        ("Origin", {"odd": 1}),
        ("Scan | str", "text"),
    ],
)
def test_a_sparse_answer_is_one(text: str, body: Any) -> None:
    assert body == to_json(decode(operation(s200=text), 200, dumps(body)))


@pytest.mark.parametrize("body", [{}, {"new": 1}, {"value": [{"kind": "Sql"}]}])
def test_the_odd_receipt_of_a_write_does_not_hide_that_it_was_done(body: Any) -> None:
    read = operation(s200="Scan")
    write = declared(Operation(id=read.id, method="PUT", path=read.path, responses={200: "Scan"}))
    assert body == to_json(decode(write, 200, dumps(body)))
    for bad in (ERRORS[0], WORDS[0], "text", {"value": "text"}):
        with pytest.raises(PurviewError):
            decode(write, 200, dumps(bad))


# ---- depth
# ------------------------------------------------------------
def nested(levels: int) -> bytes:
    """An object of so many levels, lists and objects in turn."""
    return b'{"anything":[' * (levels // 2) + b"{}" * (levels % 2) + b"]}" * (levels // 2)


@pytest.mark.parametrize("levels", [201, 202, 600, 990, 2_000, 100_000])
def test_json_of_too_many_levels_is_refused_with_the_limit(levels: int) -> None:
    with pytest.raises(
        DecodeError,
        match="the answer to 200 is JSON nested deeper than 200 levels, the most that is",
    ):
        decode(operation(s200="Box"), 200, nested(levels))

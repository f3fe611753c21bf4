"""Which declared type an answer is decoded as, and what is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from purview_core import ContractError, DecodeError, Departure, Operation, decode

from .sample_plane import models as m

SCAN = b'{"kind": "Sql", "name": "n"}'


def operation(**responses: str) -> Operation[Any]:
    """An operation with these answers: `s200="Scan"`, `default="Key"`."""
    keys = {int(k[1:]) if k[1:].isdigit() else k.removeprefix("s"): text for k, text in responses.items()}
    return Operation(
        f"{__package__}.sample_plane.operations.scans", "Scans_Get", "scans", "get", "GET", "/", responses=keys
    )


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
            operation(s200="bytes"), 200, content, content_type="application/octet-stream", strict=True
        )


@pytest.mark.parametrize(
    ("content", "media"),
    [(b"<html><body>Sign in</body></html>", "text/html"), (b"Accepted", "text/plain"), (b"\x00\xff", None)],
)
@pytest.mark.parametrize("text", ["Scan", "None", "Any", "str"])
def test_what_is_no_json(content: bytes, media: str | None, text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(operation(s200=text), 200, content, content_type=media)
    message = str(caught.value)
    assert "Scans_Get: the answer to 200 came" in message
    assert repr(content.decode("utf-8", "replace")) in message
    assert (media is None) is (" as " not in message)


@pytest.mark.parametrize("content", [b'{"authKey1": "canary', b' [{"key": "canary"}', b"{'canary': 1}"])
def test_t15_json_that_was_cut_off_is_not_shown(content: bytes) -> None:
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
        ("list[Scan]", b"{}", Departure("", "list[Scan]", "an object")),
        ("bool", b"1", Departure("", "bool", "an integer")),
        ("list[Key]", b'[{"name": null}]', Departure("/0/name", "str", "null")),
    ],
)
def test_strict_tells_what_lenient_lets_pass(text: str, content: bytes, expected: Departure) -> None:
    lenient = decode(operation(s200=text), 200, content)
    with pytest.raises(ContractError) as caught:
        decode(operation(s200=text), 200, content, strict=True)
    assert [expected] == caught.value.departures
    assert lenient == caught.value.value

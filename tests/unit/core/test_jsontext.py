"""JSON text both ways, where the fast parser and the standard one differ."""

from __future__ import annotations

from typing import Any

import pytest

from purview_core.jsontext import dumps, loads


@pytest.mark.parametrize(
    "value",
    [
        10**30,
        -(2**63) - 1,
        2**64,
        0.1 + 0.2,
        1e22,
        -0.0,
        1.0,
        "\ud800",
        "a\ud800b",
        "😀",
        "\0",
        {"a": [None, True, {}]},
        "",
    ],
)
def test_values_survive(value: Any) -> None:
    found = loads(dumps(value))
    assert (type(value), value) == (type(found), found)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert {"a": 1} == loads(b'\xef\xbb\xbf{"a": 1}')


@pytest.mark.parametrize("text", [b"", b"{", b"<html>", b"[1,]", b"\xff", b"[" * 100_000 + b"]" * 100_000])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_integers_keep_their_digits_and_floats_their_value() -> None:
    assert b"[123456789012345678901234567890,1.5]" == dumps([123456789012345678901234567890, 1.5])

"""JSON text both ways, where the fast parser and the standard one differ."""

from __future__ import annotations

import copy
import json
import math
import pickle
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.core.sample_plane import models as m

from purview_core import to_json
from purview_core.model.json_text import dumps, loads


@pytest.mark.parametrize(
    "value",
    [
        10**30,
        10**4000,
        -(2**63) - 1,
        2**64,
        0.1 + 0.2,
        1e22,
        5e-324,
        -0.0,
        1.0,
        "\ud800",
        "a\ud800b",
        {"\udfff": ["\ud800", 10**30]},
        "😀",
        "\0",
        {"a": [None, True, {}]},
        "",
    ],
)
def test_values_survive(value: Any) -> None:
    found = loads(dumps(value))
    assert (type(value), value, repr(value)) == (type(found), found, repr(found))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON)
def test_small_text_is_read_alike_before_the_fast_parser_is_loaded(value: Any) -> None:
    text = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.delitem(sys.modules, "msgspec", raising=False)
        before = loads(text)
    assert repr(before) == repr(loads(text)) == repr(loads(dumps(value)))


@given(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(st.characters(codec=None))
)
def test_scalars_are_read_as_the_standard_library_reads_them(value: Any) -> None:
    text = json.dumps(value).encode()
    assert json.loads(text) == loads(text) == loads(dumps(value))
    assert type(value) is type(loads(text))


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "1E+99999999999", "2.5e999", "1" * 5000, "-" + "9" * 10_000]
)
def test_numbers_beyond_a_float_go_back_as_they_came(text: str) -> None:
    found = loads(f'{{"a": [{text}], "ratio": {text}, "new": {text}}}'.encode())
    assert math.inf == abs(found["ratio"])
    for value in (
        found,
        copy.deepcopy(found),
        pickle.loads(pickle.dumps(found)),
        to_json(found),
        m.Box.from_dict(found).to_dict(),
    ):
        assert f'{{"a":[{text}],"ratio":{text},"new":{text}}}'.encode() == dumps(value)
    assert text.encode() == dumps(m.Box(ratio=found["ratio"]).to_dict()["ratio"])


@pytest.mark.parametrize(
    "text",
    [
        b"-0",
        b"-0.0",
        b"1E2",
        b"0.1000000000000000055511151231257827",
        b"9007199254740993.0",
        b"1e-400",
    ],
)
def test_numbers_that_are_written_unusually(text: bytes) -> None:
    assert (type(json.loads(text)), repr(json.loads(text))) == (
        type(loads(text)),
        repr(loads(text)),
    )


def test_the_last_of_two_members_of_one_name_counts() -> None:
    assert {"a": 2} == loads(b'{"a": 1, "a": 2}')
    assert {"a": 2, "b": "\ud800"} == loads(b'{"a": 1, "a": 2, "b": "\\ud800"}')


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert {"a": 1} == loads(b'\xef\xbb\xbf{"a": 1}')
    assert {"a": "\ud800"} == loads(b'\xef\xbb\xbf{"a": "\\ud800"}')
    assert {"a": 1} == loads('{"a": 1}'.encode("utf-16"))


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b" ",
            b"\xef\xbb\xbf",
            b"{",
            b"<html>",
            b"[1,]",
            b"\xff",
            b'"\xff"',
            b"1 2",
            b"01",
            b"{'a': 1}",
            b'"\x01"',
        ),
        *(
            b"NaN",
            b"[Infinity]",
            b'{"a": -Infinity}',
            b"[" * 100_000 + b"]" * 100_000,
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        ),
    ],
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_integers_keep_their_digits_and_floats_their_value() -> None:
    assert b"[123456789012345678901234567890,1.5]" == dumps([123456789012345678901234567890, 1.5])


def test_what_has_no_text() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        dumps([object()])
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested too deeply"):
        dumps(endless)

"""Request headers that are put together: the same as those that h11 makes, or h11's."""

from __future__ import annotations

from typing import Any

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from purview_core import library_internals
from purview_core.library_internals import header_lines

HOST = (b"Host", b"contoso.purview.azure.com")
TOKEN = (b"Authorization", b"Bearer " + b"t" * 1200)
NAMES = st.sampled_from(
    [b"Accept", b"accept", b"Content-Length", b"Host", b"X-Odd", b"Transfer-Encoding", b"a b", b""]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            b"",
            b"5",
            b"5, 5",
            b"5, 6",
            b"chunked",
            b"gzip",
            b" a",
            b"a ",
            b"a  b",
            b"a\tb",
            b"a\r\nX: y",
            b"9" * 25,
        ]
    ),
    st.text(alphabet=" a\t\r\n\0\x7f\xe9", max_size=5).map(lambda text: text.encode("latin-1")),
)


def made(headers: Any) -> Any:
    try:
        request = h11.Request(method=b"GET", target=b"/", headers=headers)
    except h11.LocalProtocolError as error:
        return str(error)
    return request.headers, request.headers.raw_items(), h11.Connection(h11.CLIENT).send(request)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.booleans())
@example([(b"Content-Length", b"5"), TOKEN], True)
@example([(b"Content-Length", b"5"), (b"Content-Length", b"5")], True)
@example([HOST], True)
def test_the_same_as_h11_makes(pairs: list[tuple[bytes, bytes]], host: bool) -> None:
    pairs = [HOST, *pairs] if host else pairs
    assert made(pairs) == made(header_lines(pairs))


def test_those_of_our_requests_are_put_together() -> None:
    pairs = [(name, b"1") for name in library_internals._HEADER_NAMES]
    assert type(h11.Request(method="GET", target="/", headers=[HOST]).headers) is type(
        header_lines(pairs)
    )


def test_another_h11_gets_plain_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(list[Any]):
        def raw_items(self) -> list[Any]:
            return list(self)

    class Request:
        def __init__(self, *, headers: Any, **_: Any) -> None:
            self.headers = Other((name.lower(), value) for name, value in headers)

    monkeypatch.setattr(h11, "Request", Request)
    library_internals._header_class.cache_clear()
    try:
        assert (Other, {}) == library_internals._header_class()
        assert [HOST, TOKEN] == header_lines([HOST, TOKEN])
    finally:
        library_internals._header_class.cache_clear()

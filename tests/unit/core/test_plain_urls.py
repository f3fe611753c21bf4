"""URLs that are put together: the same as those that httpx parses, or httpx's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from purview_core.library_internals import Urls

ORIGINS = (
    "https://contoso.purview.azure.com",
    "http://127.0.0.1:8080",
    "http://[::1]:1",
    "https://xn--bcher-kva.example",
)
PARTS = st.text(alphabet="abAB09._~%:@!$&'()*+,;=-?/#[]{}|\\^`\"<> \n\té\U0001f600", max_size=12)
MORE = st.lists(
    st.sampled_from(["%20", "%2F", "%2e", "%", "/./", "/../", "//", "?", "#", "a", "="]), max_size=6
)


def made(how: Any, text: str) -> Any:
    try:
        url = how(text)
    except httpx.InvalidURL:
        return httpx.InvalidURL
    return (
        url,
        str(url),
        url.raw_path,
        url.path,
        url.query,
        url.fragment,
        url.raw_host,
        url.port,
        url.userinfo,
    )


@given(st.sampled_from(ORIGINS), PARTS, MORE, PARTS)
@example(ORIGINS[0], "/scan/datasources/a%20b/scans/~c", [], "?api-version=2023-09-01&x='b'")
@example(ORIGINS[0], "", [], "")
@example(ORIGINS[0], "@evil.example/", [], "")
@example(ORIGINS[0], ".evil.example/", [], "")
@example(ORIGINS[1], "0/", [], "")
def test_the_same_as_httpx_makes(origin: str, path: str, more: list[str], rest: str) -> None:
    text = origin + path + "".join(more) + rest
    assert made(httpx.URL, text) == made(Urls(origin).url, text)
    assert made(httpx.URL, f"{origin}/{path}{rest}") == made(
        Urls(origin).url, f"{origin}/{path}{rest}"
    )


def test_of_another_origin_they_are_those_of_httpx() -> None:
    assert "https://b.example/x" == str(Urls("https://a.example").url("https://b.example/x"))


def test_an_httpx_that_holds_its_parts_otherwise_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    class Other(httpx.URL):
        def __init__(self, url: Any) -> None:
            parsed.append(url)
            super().__init__(url)

        def __setattr__(self, name: str, value: Any) -> None:
            if "_uri_reference" in vars(self):
                raise AttributeError(name)
            super().__setattr__(name, value)

    monkeypatch.setattr("purview_core.library_internals.httpx.URL", Other)
    urls = Urls("https://a.example")
    parsed.clear()
    assert b"/b?c=d" == urls.url("https://a.example/b?c=d").raw_path
    assert ["https://a.example/b?c=d"] == parsed

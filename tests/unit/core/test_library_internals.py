"""What is used of httpx, httpcore and h11 beyond their documented parts: all of it in one file, and all of it still there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import h11
import httpcore
import httpx
import pytest

from purview_core import library_internals as beneath
from purview_core.library_internals import Urls, has_content, request_of, set_content, set_decoder

CORE = Path(beneath.__file__).parent
LIBRARIES = (httpx, httpcore, h11)


@cache
def private_names() -> frozenset[str]:
    """The private attributes of the libraries, those that their code sets or defines."""
    names = set[str]()
    for library in LIBRARIES:
        for path in Path(str(library.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    names.add(node.attr)
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    names.add(node.name)
    return frozenset(name for name in names if _private(name))


def _private(name: str) -> bool:
    return name.startswith("_") and not name.endswith(
        "_"
    )  # names between two of them are documented, those of enums say


@cache
def our_names() -> frozenset[str]:
    """The private attributes that our own classes set on themselves or define."""
    names = set[str]()
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            own = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if (
                own
                and isinstance(node.value, ast.Name)
                and node.value.id in {"self", "other", "cls"}
            ):  # type: ignore[attr-defined]
                names.add(node.attr)  # type: ignore[attr-defined]
            elif isinstance(node, ast.ClassDef):
                names |= {
                    one.name
                    for one in node.body
                    if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
                }
    return frozenset(names)


def uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Private attributes of the libraries that a module reads or sets on other objects than its own, and their private
    modules and names that it imports."""
    tops = tuple(library.__name__ for library in LIBRARIES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _private(node.attr):
            mine = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            top = isinstance(node.value, ast.Name) and node.value.id in tops
            if top or (not mine and node.attr in private_names() - our_names()):
                yield node.lineno, node.attr
        elif (
            isinstance(node, ast.ImportFrom)
            and node.level == 0
            and str(node.module).partition(".")[0] in tops
        ):
            if "._" in str(node.module) or any(_private(alias.name) for alias in node.names):
                yield node.lineno, str(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "getattr",
            "hasattr",
            "setattr",
        }:
            name = node.args[1]
            if isinstance(name, ast.Constant) and name.value in private_names() - our_names():
                yield node.lineno, str(name.value)


def test_one_file_alone_reaches_beneath() -> None:
    found = {
        f"{path.name}:{line} {name}"
        for path in sorted(CORE.rglob("*.py"))
        if path.name != "library_internals.py"
        for line, name in uses(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert set() == found


@pytest.mark.parametrize(
    "text",
    [
        "url._uri_reference",
        "error._request_",
        "hasattr(request, '_content')",
        "response._decoder = mine",
        "headers._full_items",
        "from httpx._urls import URL",
        "from httpcore._sync import http11",
        "httpx._client",
    ],
)
def test_the_search_finds_what_it_should(text: str) -> None:
    assert ("_request_" not in text) == bool(list(uses(ast.parse(text))))


def test_what_is_used_is_there() -> None:
    """Fails with a release that has no more what the functions of the file stand on."""
    urls = Urls("https://contoso.example")
    assert urls._fits  # else each URL is parsed, which takes twice as long
    url = urls.url("https://contoso.example/a?b=c")
    assert (b"/a?b=c", "https://contoso.example/a?b=c") == (url.raw_path, str(url))
    request = httpx.Request("GET", url)
    assert request is request_of(httpx.ReadError("lost", request=request))
    assert None is request_of(httpx.ReadError("lost"))
    response = httpx.Response(200, stream=httpx.ByteStream(b"abc"))
    assert not has_content(response)
    set_content(response, b"def")
    assert (True, b"def") == (has_content(response), response.content)
    coded = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"abc")
    )
    set_decoder(coded, _Reversed())
    assert b"cba!" == coded.read()


class _Reversed:
    def decode(self, data: bytes) -> bytes:
        return data[::-1]

    def flush(self) -> bytes:
        return b"!"


def test_connections_are_made_by_httpcore_itself() -> None:
    origin = httpcore.Origin(b"http", b"service.example", 80)
    connection = beneath.connection_to(httpcore.ConnectionPool(), origin)
    assert connection.can_handle_request(origin)
    assert hasattr(connection, "has_expired")
    assert hasattr(connection, "is_available")
    assert import_module("httpcore").HTTPConnection is type(connection)

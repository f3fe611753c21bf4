"""Private names of libraries: one file uses them, and has a fall-back for each."""

from __future__ import annotations

import ast
import gzip
from collections.abc import AsyncIterator, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import h11
import httpcore
import httpx
import pytest
from tests.unit.core.loopback import KINDS, Caller, Server, keep_alive, run

from purview_core import library_internals
from purview_core.library_internals import (
    Urls,
    connection_to,
    has_content,
    request_of,
    set_content,
    set_decoder,
)

CORE = Path(library_internals.__file__).parent
LIBRARIES = (httpx, httpcore, h11, anyio)
ROOT = CORE.parents[1]
SOURCES = (CORE, ROOT / "runtime/purview_testing", ROOT / "auth_plugin", ROOT / "generator")

# purview_auth does without purview_core. Where the name is gone, a file is not sent a second time.
OF_SIGN_IN = {"auth_plugin resend.py _stream"}


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
    # names between two of them are documented, those of enums say
    return name.startswith("_") and not name.endswith("_")


@cache
def our_names(top: Path) -> frozenset[str]:
    """The private attributes that the classes of one source tree set on themselves or define."""
    names = set[str]()
    for path in top.rglob("*.py"):
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


def uses(tree: ast.AST, source: Path = CORE) -> Iterator[tuple[int, str]]:
    """Private names of the libraries that a module uses.

    They are attributes that it reads or sets on other objects than its own, and private modules and
    names that it imports.
    """
    tops = tuple(library.__name__ for library in LIBRARIES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _private(node.attr):
            mine = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            top = isinstance(node.value, ast.Name) and node.value.id in tops
            if top or (not mine and node.attr in private_names() - our_names(source)):
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
            if isinstance(name, ast.Constant) and name.value in private_names() - our_names(source):
                yield node.lineno, str(name.value)


def test_one_file_alone_uses_private_names_of_libraries() -> None:
    found = {
        f"{top.name} {path.name} {name}"
        for top in SOURCES
        for path in sorted(top.rglob("*.py"))
        if path.name != "library_internals.py"
        for _, name in uses(ast.parse(path.read_text(encoding="utf-8")), top)
    }
    assert OF_SIGN_IN == found


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
    connection = library_internals.connection_to(httpcore.ConnectionPool(), origin)
    assert connection.can_handle_request(origin)
    assert hasattr(connection, "has_expired")
    assert hasattr(connection, "is_available")
    assert import_module("httpcore").HTTPConnection is type(connection)


@pytest.mark.parametrize("coded", [False, True], ids=["plain", "gzip"])
def test_content_is_set_where_a_release_keeps_it_elsewhere(
    monkeypatch: pytest.MonkeyPatch, *, coded: bool
) -> None:
    monkeypatch.setattr(library_internals, "_KEEPS_CONTENT", False)
    headers = {"Content-Encoding": "gzip"} if coded else {}
    sent = gzip.compress(b"abc") if coded else b"abc"
    response = httpx.Response(200, headers=headers, stream=httpx.ByteStream(sent))
    assert sent == b"".join(response.iter_raw())
    set_content(response, b"abc")
    assert (b"abc", "abc", True) == (response.content, response.text, response.is_closed)
    assert headers.get("Content-Encoding") == response.headers.get("content-encoding")


class _AsyncBytes(httpx.AsyncByteStream):
    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"abc"
        yield b"def"

    async def aclose(self) -> None:
        self.closed = True


class _Bytes(httpx.SyncByteStream):
    closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"abc"
        yield b"def"

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("stream", [_Bytes, _AsyncBytes])
def test_a_decoder_is_set_where_a_release_keeps_it_elsewhere(
    monkeypatch: pytest.MonkeyPatch, stream: Any
) -> None:
    monkeypatch.setattr(library_internals, "_KEEPS_DECODER", False)
    body = stream()
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=body)
    set_decoder(response, _Reversed())
    read = response.read if stream is _Bytes else lambda: anyio.run(response.aread)
    assert (b"cbafed!", True) == (read(), body.closed)


def _without(name: str) -> type[httpx.Response]:
    """A response that does not heed the attribute, as one of a release that calls it otherwise."""

    class Other(httpx.Response):
        def __setattr__(self, attribute: str, value: object) -> None:
            if attribute != name:
                super().__setattr__(attribute, value)

        def _get_content_decoder(self) -> Any:
            return getattr(self, "_decoder", _Reversed())

    return Other


def test_the_search_for_private_names_at_import_tells_a_release_without_them() -> None:
    assert (True, True) == (library_internals._keeps_content(), library_internals._keeps_decoder())
    assert not library_internals._keeps_content(_without("_content"))
    assert not library_internals._keeps_decoder(_without("_decoder"))


class _RenamedPool:
    """One of httpcore's pools, whose method that makes a connection has another name."""

    def __init__(self, pool: Any) -> None:
        self.handle_request = getattr(pool, "handle_request", None)
        self.handle_async_request = getattr(pool, "handle_async_request", None)


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_made_where_a_release_makes_connections_otherwise(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    made: list[object] = []

    def renamed(pool: Any, origin: Any) -> Any:
        made.append(origin)
        return connection_to(_RenamedPool(pool), origin)

    monkeypatch.setattr("purview_core.transport.connecting.connection_to", renamed)

    async def scenario(caller: Caller) -> list[int]:
        return [(await caller.get(server.url)).json()["connection"] for _ in range(3)]

    with Server(keep_alive) as server:
        assert [0, 0, 0] == run(kind, scenario, trust_env=False)
    assert 1 == len(made)

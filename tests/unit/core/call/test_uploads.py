"""Files on their way out: whole or not at all, in bounded memory, and never half of one a second
time.
"""

from __future__ import annotations

import asyncio
import io
import tracemalloc
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from tests.unit.core.support import ENDPOINT, quick

from purview_core import ConnectError, ServerError, ThrottledError
from purview_dataplane.datamap import AsyncDataMapClient, DataMapClient

DONE = httpx.Response(200, json={})
SIZE = 8 * 2**20


class Drain(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Reads requests chunk by chunk, keeps their sizes (or their bytes), and answers in turn."""

    def __init__(self, *answers: httpx.Response | Exception, keep: bool = False) -> None:
        self.answers, self.keep, self.sizes, self.bodies = list(answers), keep, [], []

    def _answer(self, chunks: list[bytes], size: int) -> httpx.Response:
        self.sizes.append(size)
        self.bodies.append(b"".join(chunks))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        kept, size = [], 0
        for chunk in request.stream:
            size += len(chunk)
            kept += [chunk] if self.keep else []
        assert str(size) == request.headers.get("content-length", str(size))
        return self._answer(kept, size)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        kept, size = [], 0
        async for chunk in request.stream:
            size += len(chunk)
            kept += [chunk] if self.keep else []
        return self._answer(kept, size)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


@pytest.mark.row("T18")
def test_a_path_is_sent_in_bounded_memory(large: Path) -> None:
    drain = Drain(httpx.Response(429), DONE)
    client, _ = quick(DataMapClient(ENDPOINT, transport=drain))
    tracemalloc.start()
    try:
        client.entity.import_business_metadata(file=large)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert SIZE < drain.sizes[0] == drain.sizes[1]
    assert peak < SIZE / 2, peak


@pytest.mark.row("T18")
def test_a_path_is_closed_afterwards(large: Path) -> None:
    async def story() -> None:
        client, _ = quick(AsyncDataMapClient(ENDPOINT, transport=Drain(httpx.ConnectError("no"))))
        with pytest.raises(ConnectError):
            await client.entity.import_business_metadata(file=large)

    before = _open_files()
    asyncio.run(story())
    client, _ = quick(DataMapClient(ENDPOINT, transport=Drain(DONE)))
    client.entity.import_business_metadata(file=large)
    assert before == _open_files()


def _open_files() -> int:
    """Where the platform counts them; else the warnings of unclosed files, which are errors
    here, must do.
    """
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.row("T18")
def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    drain = Drain(DONE)
    client, _ = quick(DataMapClient(ENDPOINT, transport=drain))
    with pytest.raises(FileNotFoundError, match="file: there is no file .*missing.csv"):
        client.entity.import_business_metadata(file=tmp_path / "missing.csv")
    assert [] == drain.sizes


class Pipe(io.RawIOBase):
    """An open file that cannot be wound back."""

    def __init__(self, content: bytes) -> None:
        self._inner = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)

    def seekable(self) -> bool:
        return False


def _opened(path: Path, kind: str) -> IO[bytes]:
    content = path.read_bytes()
    return io.BytesIO(content) if kind == "bytes" else path.open("rb")


@pytest.mark.row("T05")
@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_an_open_file_is_wound_back_for_the_next_try(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_bytes(b"a,b\n1,2\n")
    drain = Drain(httpx.Response(429), httpx.ConnectError("no"), DONE, keep=True)
    client, _ = quick(DataMapClient(ENDPOINT, transport=drain))
    with _opened(path, kind) as file:
        client.entity.import_business_metadata(file=file)
    parts = [body.split(b"\r\n\r\n", 1)[1] for body in drain.bodies]
    assert [True] * 3 == [part.startswith(b"a,b\n1,2\n\r\n--") for part in parts]


@pytest.mark.row("T05")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [(httpx.Response(429), ThrottledError), (httpx.ConnectError("no"), ConnectError)],
)
def test_what_cannot_be_wound_back_is_sent_once(answer: Any, kind: type[Exception]) -> None:
    drain = Drain(answer)
    client, waits = quick(DataMapClient(ENDPOINT, transport=drain))
    with pytest.raises(kind, match="Not tried again: the body cannot be sent again"):
        client.entity.import_business_metadata(file=("x.csv", Pipe(b"a,b\n")))
    assert (1, []) == (len(drain.sizes), waits)


@pytest.mark.row("T05")
def test_a_write_is_not_repeated_whatever_its_body(large: Path) -> None:
    drain = Drain(httpx.Response(503))
    client, _ = quick(DataMapClient(ENDPOINT, transport=drain))
    with pytest.raises(ServerError):
        client.entity.import_business_metadata(file=large)
    assert 1 == len(drain.sizes)

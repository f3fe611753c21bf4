"""The sandbox of a test.

It notes what was asked of it, and which of the data that it was filled with were ever used.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import RequestMessage, ResponseMessage
from purview_testing.sandbox import control
from purview_testing.sandbox.sandbox import HOST, Sandbox

from .journal import Journal
from .recording import Recording

_NAMES = ("guid", "id", "name", "qualifiedName")


class Seed:
    """One call that filled the state; `used` once a later call or answer names what it made."""

    def __init__(self, request: RequestMessage, response: ResponseMessage) -> None:
        self.summary = f"{request.method} {unquote(request.raw_path)}"
        self.used = False
        names: set[str] = set()
        if request.method in ("PUT", "PATCH"):  # their path ends with the name
            names.add(unquote(request.raw_path.rstrip("/").rpartition("/")[2]))
        for content in (request, response):
            names.update(_named(content))
        self._paths = {quote(n, safe="") for n in names} | names
        self._texts = [dumps(n) for n in names]

    def look(self, request: RequestMessage, response: ResponseMessage) -> None:
        """Notes whether a later call or its answer names what this one made."""
        if self.used:
            return
        parts = {*request.raw_path.split("/"), *(value for _, value in request.query)}
        bodies = (request.content, response.content)
        self.used = not self._paths.isdisjoint(parts) or any(
            text in body for text in self._texts for body in bodies
        )


def _named(content: RequestMessage | ResponseMessage) -> Iterator[str]:
    """Names and ids at any depth of a body."""
    try:
        left: list[Any] = [content.json()] if content.content else []
    except ValueError:
        return
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            yield from (v for n, v in value.items() if isinstance(v, str) and v and n in _NAMES)
            left += value.values()
        elif isinstance(value, list):
            left += value


class WatchedSandbox(Sandbox):
    """A Sandbox that keeps a journal and a recording.

    Its `url` is a port of this machine, opened at its first use and closed with the sandbox.
    """

    def __init__(self, planes: Iterable[str] | None = None, **options: Any) -> None:
        self._ports = contextlib.ExitStack()
        self._at = ""
        self._filling = False
        self._watch = threading.RLock()
        super().__init__(planes, **options)
        self.journal = Journal(self.app.validator)
        self.recording = Recording(self.app.validator)
        self.seeds: list[Seed] = []

    @property
    def url(self) -> str:
        """The address of the sandbox on this machine."""
        if not self._at:
            self._ports.enter_context(self.serve())
        return self._at

    @url.setter
    def url(self, value: str) -> None:
        self._at = "" if value == HOST else value

    @contextlib.contextmanager
    def serve(self, port: int = 0, host: str = "127.0.0.1") -> Generator[str]:
        """Serves on a port of this machine, as a context that gives the address.

        That is also its `url` while it serves. Port 0 picks a free one.
        """
        # uvicorn belongs to an extra
        from purview_testing.sandbox.server import served

        with served(self.handle, host, port) as url:
            before, self._at = self._at, url
            try:
                yield url
            finally:
                self._at = before

    def handle(self, request: RequestMessage) -> ResponseMessage:
        """The answer to one request, noted."""
        if request.raw_path.startswith(control.ROOT):
            return super().handle(request)
        with self._watch:
            response = super().handle(request)
            if self._filling:
                self.seeds.append(Seed(request, response))
                return response
            self.journal.note(request, response.status, self.app.requests[-1].violations)
            for seed in self.seeds:
                seed.look(request, response)
            if response.wire is None:  # a fault of the wire leaves no answer that could be kept
                self.recording.write(request, response)
            return response

    def load(self, calls: Iterable[Any]) -> int:
        """As Sandbox.load. What is loaded and never used fails the test."""
        with self._watch:
            self._filling = True
            try:
                return super().load(calls)
            finally:
                self._filling = False

    def __repr__(self) -> str:
        return (
            f"<Sandbox {self._at or 'in process'} of {len(self.app.validator.contracts)} documents>"
        )

    def close(self) -> None:
        """Closes the port and the sandbox."""
        self._ports.close()
        super().close()

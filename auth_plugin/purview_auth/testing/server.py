"""The fake token endpoint as a server on loopback."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast

import httpx
from attrs import define, field

from .endpoint import FakeTokenEndpoint

DRIBBLE_SECONDS = 0.02


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: FakeTokenEndpoint
    stopping: threading.Event


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        url = f"http://{self.headers['Host']}{self.path}"
        request = httpx.Request("POST", url, headers=list(self.headers.items()), content=content)
        try:
            response = self._ours.endpoint.serve(request, content)
        except httpx.TransportError:
            self.close_connection = True  # without an answer
            return
        with contextlib.suppress(OSError):  # the client has gone
            self._send(response)

    def _send(self, response: httpx.Response) -> None:
        part = response.extensions.get("dribble")
        self.close_connection = True
        if part == "head":
            self._dribble(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self.send_response_only(response.status_code)
        if part == "body":
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self._dribble(b"")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.content)

    def _dribble(self, first: bytes) -> None:
        self.wfile.write(first)
        while not self._ours.stopping.wait(DRIBBLE_SECONDS):
            self.wfile.write(b"a")
            self.wfile.flush()

    @property
    def _ours(self) -> _Server:
        return cast(_Server, self.server)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@define(eq=False)
class TokenServer:
    """Serves a FakeTokenEndpoint on 127.0.0.1; `with TokenServer() as server:` and
    authority=server.authority.

    ServicePrincipal takes the address with allow_insecure_localhost=True.
    """

    endpoint: FakeTokenEndpoint = field(factory=FakeTokenEndpoint)
    _server: _Server | None = None

    @property
    def authority(self) -> str:
        """The address to give as authority."""
        assert self._server is not None, "enter the context first"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint, self._server.stopping = self.endpoint, threading.Event()
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()

"""Scripted loopback servers, and one way to call them from sync code, asyncio and trio."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

import anyio
import httpx

from purview_core.call.exchange import asend, send
from purview_core.transport.pooled import AsyncHttpTransport, HttpTransport

KINDS = ("sync", "asyncio", "trio")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Script = Callable[["Peer"], None]


class Peer:
    """One accepted connection; `number` counts from 0."""

    def __init__(self, sock: socket.socket, number: int, server: Server) -> None:
        self.sock, self.number, self.server = sock, number, server
        self._buffer = b""

    def until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self._buffer += data
        found, _, self._buffer = self._buffer.partition(end)
        return found

    def request(self) -> tuple[bytes, bytes]:
        """Head and body of the next request; two empty ones where the client has closed."""
        head = self.until(b"\r\n\r\n")
        body, lower = b"", head.lower()
        if b"transfer-encoding: chunked" in lower:
            # a ValueError where the client has broken off
            while size := int(self.until(b"\r\n"), 16):
                body += self._exactly(size)
                self.until(b"\r\n")
            self.until(b"\r\n")
        elif b"content-length: " in lower:
            body = self._exactly(int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]))
        if head:
            self.server.seen.append((self.number, head, body))
        return head, body

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError
            self._buffer += data
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait_for_end(self) -> None:
        """Until the client closes its side."""
        while self.sock.recv(65536):
            pass


def keep_alive(peer: Peer) -> None:
    """Answers every request with the number of the connection, the path and the body it got."""
    while True:
        head, body = peer.request()
        if not head:
            return
        path = head.split(b" ")[1].decode()
        text = json.dumps(
            {"connection": peer.number, "path": path, "body": body.decode("latin-1")}
        ).encode()
        peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(text)
            + text
        )


def tunnel(
    tls: ssl.SSLContext, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n"
) -> Callable[[Peer], None]:
    """A proxy that is the server behind it, too."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer)
        if b" 200 " in answer:
            with tls.wrap_socket(peer.sock, server_side=True) as inner:
                keep_alive(Peer(inner, peer.number, peer.server))
        else:
            peer.wait_for_end()

    return script


class Server:
    """Runs a script for each connection, in a thread of its own.

    Attributes:
        seen: the requests, each as number of the connection, head and body.
    """

    def __init__(self, script: Script = keep_alive, tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.seen: list[tuple[int, bytes, bytes]] = []
        self.accepted = 0
        # set when the server stops: what a script waits for that should hang
        self.ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        return len(self._open)

    def settled(self, number: int) -> int:
        """Connections open, once they are `number` or two seconds have passed."""
        end = time.monotonic() + 2
        while self.open != number and time.monotonic() < end:
            time.sleep(0.005)
        return self.open

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.add(sock)
                thread = threading.Thread(
                    target=self._serve, args=(sock, self.accepted), daemon=True
                )
                self.accepted += 1
                self._threads.append(thread)
                thread.start()

    def _serve(self, raw: socket.socket, number: int) -> None:
        sock = raw
        try:
            with suppress(OSError, ValueError):
                if self.tls is not None:
                    sock = self.tls.wrap_socket(raw, server_side=True)
                self.script(Peer(sock, number, self))
        finally:
            self._open.discard(raw)
            sock.close()
            raw.close()

    def __enter__(self) -> Self:
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


class Caller:
    """A transport of either kind; all methods are awaited, but in sync code they never suspend."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.is_sync = isinstance(transport, httpx.BaseTransport)

    def request(
        self,
        method: str,
        url: str,
        *,
        timeout: Any = 5.0,
        deadline: float | None = None,
        **more: Any,
    ) -> httpx.Request:
        limits = (
            timeout
            if isinstance(timeout, dict)
            else dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        )
        extensions: dict[str, Any] = {"timeout": limits}
        if deadline is not None:
            extensions["deadline"] = time.monotonic() + deadline
        return httpx.Request(method, url, extensions=extensions, **more)

    async def get(
        self, url: str, *, stream: bool = False, auth: httpx.Auth | None = None, **more: Any
    ) -> httpx.Response:
        return await self.send(self.request("GET", url, **more), stream=stream, auth=auth)

    async def send(
        self, request: httpx.Request, *, stream: bool = False, auth: httpx.Auth | None = None
    ) -> httpx.Response:
        if self.is_sync:
            return send(self.transport, auth, request, stream=stream)
        return await asend(self.transport, auth, request, stream=stream)

    async def error(self, url: str, **more: Any) -> Any:
        """The error of a GET; AssertionError where there is none."""
        try:
            response = await self.get(url, **more)
        except httpx.TransportError as error:
            return error
        raise AssertionError(response)

    async def late(self, url: str, method: str = "GET", **more: Any) -> Any:
        """The error of a call whose deadline comes after it was sent.

        A machine that was too busy to send it by then is given a later deadline.
        """
        for deadline in (0.05, 0.5, 3.0):
            try:
                response = await self.send(self.request(method, url, deadline=deadline, **more))
            except httpx.TransportError as error:
                late: Any = error
            else:
                raise AssertionError(response)
            if not late.never_sent:
                break
        return late

    async def close(self, response: httpx.Response) -> None:
        if self.is_sync:
            response.close()
        else:
            await response.aclose()

    async def read(self, response: httpx.Response) -> bytes:
        return response.read() if self.is_sync else await response.aread()

    async def end(self) -> None:
        if self.is_sync:
            self.transport.close()
        else:
            await self.transport.aclose()


def run(
    kind: str, scenario: Callable[[Caller], Awaitable[Any]], transport: Any = None, **options: Any
) -> Any:
    """Runs `scenario` with a transport of this kind, which is closed at the end."""

    async def main() -> Any:
        caller = Caller(
            transport or (HttpTransport if kind == "sync" else AsyncHttpTransport)(**options)
        )
        try:
            return await scenario(caller)
        finally:
            await caller.end()

    if kind != "sync":
        return anyio.run(main, backend=kind)
    steps = main()
    try:
        steps.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("sync code waited")

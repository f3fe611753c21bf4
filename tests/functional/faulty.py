"""A service on a loopback port that misbehaves on the wire, the same way for every request."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Behaviour = Callable[[socket.socket, threading.Event], None]


def answer(
    status: int, body: bytes = b"{}", media: str = "application/json", length: int | None = None
) -> Behaviour:
    """A whole answer; `length` is what its header says of the body."""
    size = len(body) if length is None else length
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {media}\r\nContent-Length: {size}\r\n"
        f"Connection: close\r\n\r\n"
    )
    return lambda connection, _: connection.sendall(head.encode() + body)


def nothing(connection: socket.socket, over: threading.Event) -> None:
    """The connection is closed without a byte of an answer."""


def reset(connection: socket.socket, over: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(30)


def dribble(where: str) -> Behaviour:
    """One byte at a time, often enough for any read timeout: in the headers, or in the body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head if where == "body" else b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            while not over.wait(0.02):
                connection.sendall(b" ")

    return behave


class Faulty:
    """Counts the requests that came whole; `tls` closes at the first byte of a handshake instead of
    reading one.
    """

    def __init__(self, behave: Behaviour, *, tls: bool = False) -> None:
        self._behave, self._tls, self._over = behave, tls, threading.Event()
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen)]

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):  # wakes accept()
            socket.create_connection(self._listener.getsockname(), 1).close()
        self._threads[0].join()
        self._listener.close()
        for thread in self._threads[1:]:
            thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            connection = self._listener.accept()[0]
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._tls:
                connection.recv(1)
                return
            if request := _whole(connection):
                self.requests.append(request)
                self._behave(connection, self._over)


def _whole(connection: socket.socket) -> bytes:
    """A request with its body, empty where the other side closes first."""
    got = b""
    while True:
        head, found, body = got.partition(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        ]
        if found and len(body) >= sum(lengths):
            return got
        more = connection.recv(65536)
        if not more:
            return b""
        got += more

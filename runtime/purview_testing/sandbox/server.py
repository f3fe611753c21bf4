"""The sandbox on a port, as an ASGI application under uvicorn.

What a fault does to a connection is done to the connection itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any, cast

from purview_core.command_errors import UsageError
from purview_testing.contracts.messages import (
    LARGEST_BODY,
    Problem,
    RequestMessage,
    ResponseMessage,
)

Handler = Callable[[RequestMessage], ResponseMessage]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_LOG = logging.getLogger("purview_testing")
_PIECES = 8  # pieces of a body that dribbles
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, with a reset
_START_SECONDS = 10.0


class Application:
    """The handler as an ASGI application.

    Attributes:
        connections: The connection of each caller, by its address, for the faults that break one.
    """

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self.connections: dict[Any, asyncio.Transport] = {}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            raise ValueError(f"the sandbox serves http alone, not {scope['type']}")
        request = await _request(scope, receive)
        try:
            response = self._handle(request)
        except Exception as error:  # noqa: BLE001 - a bug of ours: logged, and told to the caller
            _LOG.exception("%s %s", request.method, request.raw_path)
            response = Problem(500, "SandboxError", f"A bug of the sandbox: {error!r}").response(
                atlas=False, request_id=""
            )
        connection = self.connections.get(tuple(scope["client"])) if response.wire else None
        if response.wire is not None and connection is not None:
            await _send_as_fault(connection, response)
        else:
            await _send(send, response)


async def _request(scope: MutableMapping[str, Any], receive: Receive) -> RequestMessage:
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        piece = message.get("body", b"")
        # What is beyond the limit is read but not kept, so that the caller can hear of it.
        if size <= LARGEST_BODY:
            pieces.append(piece)
        size += len(piece)
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw_path = (
        cast(bytes, scope.get("raw_path") or scope["path"].encode())
        .decode("ascii")
        .partition("?")[0]
    )
    base = f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}"
    return RequestMessage(
        scope["method"],
        base,
        raw_path,
        scope["query_string"].decode("ascii"),
        headers,
        b"".join(pieces),
    )


async def _send(send: Send, response: ResponseMessage) -> None:
    headers = [
        (n.lower().encode("latin-1"), str(v).encode("latin-1")) for n, v in response.headers.items()
    ]
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


async def _send_as_fault(connection: asyncio.Transport, response: ResponseMessage) -> None:
    """Writes an answer in the way that a fault demands, and ends the connection."""
    assert response.wire is not None
    kind = response.wire["kind"]
    delay = response.wire["delay"]
    content = response.content
    if kind == "reset":
        sock = connection.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.abort()
        return
    if kind == "slow-first-byte":
        await asyncio.sleep(delay)
        if connection.is_closing():
            return
    chunked = kind == "broken-chunk"
    connection.write(_head(response, chunked=chunked))
    if chunked:
        half = content[: len(content) // 2]
        connection.write(f"{len(half):x}\r\n".encode() + half + b"\r\nnot a chunk\r\n")
    elif kind == "truncated":
        connection.write(content[: len(content) // 2])
    else:
        size = max(1, len(content) // _PIECES) if kind == "dribble" else max(1, len(content))
        for start in range(0, len(content), size):
            if kind == "dribble":
                await asyncio.sleep(delay)
            if connection.is_closing():  # the client has given up
                return
            connection.write(content[start : start + size])
    connection.close()


def _head(response: ResponseMessage, *, chunked: bool) -> bytes:
    """Returns the status line and the headers as bytes."""
    lines = [
        f"HTTP/1.1 {response.status} Sandbox",
        *(f"{n}: {v}" for n, v in response.headers.items()),
        "connection: close",
    ]
    lines.append(
        "transfer-encoding: chunked" if chunked else f"content-length: {len(response.content)}"
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _protocol(application: Application) -> type[asyncio.Protocol]:
    """Makes a protocol of uvicorn that tells the application of its connections."""
    # An optional package, for ports alone.
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")
            application.connections[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            application.connections.pop(self._peer, None)
            super().connection_lost(exc)

    return Protocol


def listen(host: str, port: int) -> socket.socket:
    """Opens a socket that is bound to a host and a port.

    Raises:
        UsageError: The host is not of this machine, or the port is taken or not allowed.
    """
    # An empty host would be every address of this machine.
    if not isinstance(host, str) or not host:
        raise UsageError(
            f"--host {host!r}: a name or address of this machine is needed, such as 127.0.0.1"
        )
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65_535:
        raise UsageError(
            f"--port {port!r}: a whole number from 0 to 65535 is needed; 0 picks a free port"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches off Nagle's delay only for known TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, UnicodeError) as error:
        sock.close()
        if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES):
            raise UsageError(f"--port {port}: {error}; 0 picks a free port") from None
        raise UsageError(f"--host {host}: {error}; 127.0.0.1 is this machine") from None
    return sock


def server(handle: Handler) -> Any:
    """Makes a server of uvicorn that logs nothing of its own."""
    try:
        import uvicorn  # an optional package, for ports alone
    except ImportError:
        raise UsageError("serving needs uvicorn: pip install purview-dataplane[testing]") from None
    application = Application(handle)
    config = uvicorn.Config(
        cast(Any, application),
        http=_protocol(application),
        ws="none",
        lifespan="off",
        log_config=None,
        # uvicorn reports each connection that a fault breaks; our own errors are logged above.
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextlib.contextmanager
def served(handle: Handler, host: str, port: int) -> Generator[str]:
    """Serves in a thread while the context lasts, and gives the address."""
    running = server(handle)
    sock = listen(host, port)
    started = threading.Event()
    failed: list[BaseException] = []

    async def main() -> None:
        task = asyncio.ensure_future(running.serve(sockets=[sock]))
        while not running.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        started.set()
        await task

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, name="purview-sandbox", daemon=True)
    thread.start()
    if not started.wait(_START_SECONDS) or failed:
        raise RuntimeError("the sandbox did not start") from (failed[0] if failed else None)
    try:
        yield address(sock)
    finally:
        running.should_exit = True
        thread.join()
        sock.close()


def address(sock: socket.socket) -> str:
    """Returns the http address of a bound socket."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

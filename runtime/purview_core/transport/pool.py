"""Which connection serves which request: the policy of both transports.

Nothing here does I/O or reads a clock. Callers close the connections that they get back.
"""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from purview_core.operation import Facts
from purview_core.options import seconds, whole

from .stream import Network

Origin = tuple[bytes, bytes, int | None]
"""Scheme, host and port; None for the port of the scheme."""


class PoolLimits(Facts):
    """How many connections a pool has and keeps.

    Args:
        max_connections: open at a time, over all origins.
        max_keepalive: idle ones kept open.
        keepalive_expiry_s: how long an idle one is kept, in seconds; None for good.
    """

    __slots__ = ("max_connections", "max_keepalive", "keepalive_expiry_s")
    max_connections: int
    max_keepalive: int
    keepalive_expiry_s: float | None

    def __init__(
        self, max_connections: int, max_keepalive: int, keepalive_expiry_s: float | None
    ) -> None:
        whole("max_connections", max_connections, 1)
        whole("max_keepalive", max_keepalive, 0)
        if keepalive_expiry_s is not None:
            seconds("keepalive_expiry_s", keepalive_expiry_s, zero=True)
        self._set(max_connections=max_connections, max_keepalive=max_keepalive)
        self._set(keepalive_expiry_s=keepalive_expiry_s)

    def __str__(self) -> str:
        return (
            f"max_connections={self.max_connections} max_keepalive={self.max_keepalive} "
            f"keepalive_expiry_s={self.keepalive_expiry_s}"
        )


class PooledConnection:
    """An HTTP/1.1 connection and what its pool knows of it; or what carries HTTP/2 to an origin.

    Attributes:
        origin: scheme, host and port that it leads to.
        http: httpcore's connection, or its pool where this is shared; None until it is opened.
        network: the network of the connection; None until it is opened.
        shared: whether it carries HTTP/2, for several requests at a time.
        uses: how many requests it has served.
        idle_since: when it came back last, a time.monotonic() value; 0 where it never did.
        ref: how its pool counts it.
    """

    __slots__ = ("origin", "http", "network", "shared", "uses", "idle_since", "ref", "__weakref__")
    ref: weakref.ref[PooledConnection]

    def __init__(self, origin: Origin, *, shared: bool = False) -> None:
        self.origin, self.shared = origin, shared
        self.http: Any = None
        self.network: Any = None
        self.uses, self.idle_since = 0, 0.0

    def begin(self) -> None:
        """Notes that a request begins: nothing of it was sent or answered yet."""
        network: Network = self.network
        network.sent = network.answered = False
        self.uses += 1


class Waiter(ABC):
    """A request in the queue; woken once, with a connection, or because the pool was closed."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.connection: PooledConnection | None = None

    @abstractmethod
    def wake(self) -> None:
        """Ends the wait, of a thread or of a task."""


W = TypeVar("W", bound=Waiter)


class Pool:
    """The connections of one transport, in use and idle, and the requests that wait for one.

    A request gets the idle connection to its origin that was used last. Where there is none, it
    gets a new one, if there are fewer than `max_connections`, or if an idle one to another origin
    can be closed for it. Otherwise it waits in a queue, first come, first served.

    A connection that comes back goes to the first in the queue; where that one wants another
    origin, it is closed, and so it is where there is no queue and enough are idle. So there is
    never both a queue and an idle connection, and nobody overtakes.

    What is counted are the connections that are alive, through weak references, not how many were
    given out and came back. For a signal may raise an exception between any two steps of sync code,
    here or in whoever holds a connection. A connection that is lost that way dies and no longer
    counts, and neither does that of an answer which nobody closed. `gone` only says so sooner, and
    may be called twice. Nobody is woken when a connection dies, so whoever waits calls
    `serve_waiting` now and then.
    """

    def __init__(self, limits: PoolLimits) -> None:
        self.limits, self.closed = limits, False
        self.shared: dict[Origin, PooledConnection] = {}
        # in use, idle, or about to be opened
        self._connections: set[weakref.ref[PooledConnection]] = set()
        self._dead: deque[weakref.ref[PooledConnection]] = deque()
        self._idle: dict[Origin, deque[PooledConnection]] = {}
        self._queue: dict[Waiter, None] = {}
        self.lock = threading.Lock()

    @property
    def idle(self) -> int:
        """Connections that are idle."""
        return sum(map(len, self._idle.values()))

    @property
    def open(self) -> int:
        """Connections in use, idle, or about to be opened."""
        with self.lock:
            self._discard_dead()
            return len(self._connections)

    def take(
        self, origin: Origin, waiter: Callable[[Origin], W]
    ) -> tuple[PooledConnection | W, PooledConnection | None]:
        """Finds a connection for a request.

        Args:
            origin: where the request goes.
            waiter: makes the place in the queue, where there is no connection.

        Returns:
            A connection, opened or to be opened, or a place in the queue; and, where it is not
            None, a connection that the caller closes first.
        """
        with self.lock:
            if self.closed:
                raise RuntimeError("the transport is closed")
            if origin in self._idle:
                return self._pop(origin, newest=True), None
            self._discard_dead()
            if len(self._connections) < self.limits.max_connections:
                return self._new(origin), None
            if self._idle:
                other = self._pop(next(iter(self._idle)), newest=False)
                self._connections.discard(other.ref)
                return self._new(origin), other
            place = waiter(origin)
            self._queue[place] = None
            return place, None

    def is_dead(self, connection: PooledConnection, now: float) -> bool:
        """Whether a connection was idle for too long, or the server has closed it."""
        expiry = self.limits.keepalive_expiry_s
        late = (
            expiry is not None
            and connection.idle_since > 0
            and connection.idle_since + expiry < now
        )
        return late or bool(connection.http.has_expired())

    def instead_of(self, connection: PooledConnection) -> PooledConnection:
        """Another one to the same origin, for a connection that turned out dead."""
        with self.lock:
            self._connections.discard(connection.ref)
            return (
                self._pop(connection.origin, newest=True)
                if connection.origin in self._idle
                else self._new(connection.origin)
            )

    def put(self, connection: PooledConnection, now: float) -> list[PooledConnection]:
        """Takes back a connection that can serve again; returns those for the caller to close."""
        with self.lock:
            waiter = self._first()
            if waiter is not None:
                same = waiter.origin == connection.origin
                if not same:
                    self._connections.discard(connection.ref)
                self._give(waiter, connection if same else self._new(waiter.origin))
                return [] if same else [connection]
            doomed = self._expired(now)
            if self.closed or self.idle >= self.limits.max_keepalive:
                self._connections.discard(connection.ref)
                return [*doomed, connection]
            connection.idle_since = now
            if connection.origin in self._idle:
                self._idle[connection.origin].append(connection)
            else:
                self._idle[connection.origin] = deque([connection])  # never there and empty
            return doomed

    def gone(self, connection: PooledConnection) -> None:
        """A connection was closed, or never opened."""
        with self.lock:
            self._connections.discard(connection.ref)
            self._serve()

    def serve_waiting(self) -> None:
        """Gives the places of connections that have died to those that wait."""
        with self.lock:
            self._discard_dead()
            self._serve()

    def leave(self, waiter: Waiter) -> PooledConnection | None:
        """Leaves the queue; returns the connection it has got by now, for the caller to put."""
        with self.lock:
            self._queue.pop(waiter, None)
            return waiter.connection

    def close(self) -> list[PooledConnection]:
        """Closes the pool: those that wait are woken and find it closed.

        Returns:
            The idle connections, for the caller to close; those in use close when they come back.
        """
        with self.lock:
            self.closed = True
            doomed = self.all_idle()
            for connection in doomed:
                self._connections.discard(connection.ref)
            self._idle.clear()
            while self._queue:
                waiter = next(iter(self._queue))
                del self._queue[waiter]
                waiter.wake()
            return doomed

    def all_idle(self) -> list[PooledConnection]:
        """All idle connections.

        Takes no lock: after a fork, a thread that is no more may hold it.
        """
        return [
            connection
            for connections in list(self._idle.values())
            for connection in list(connections)
        ]

    def _new(self, origin: Origin) -> PooledConnection:
        connection = PooledConnection(origin)
        # The callback is C code, so that no signal comes between; and it takes no lock, which the
        # thread in which the connection dies may hold.
        connection.ref = weakref.ref(connection, self._dead.append)
        self._connections.add(connection.ref)
        return connection

    def _discard_dead(self) -> None:
        """Stops counting the connections that have died.

        Each leaves the queue of the dead after it is discarded: an exception in between then has it
        discarded twice, which does no harm, and never lost.
        """
        while self._dead:
            self._connections.discard(self._dead[0])
            self._dead.popleft()

    def _serve(self) -> None:
        while (
            len(self._connections) < self.limits.max_connections
            and (waiter := self._first()) is not None
        ):
            self._give(waiter, self._new(waiter.origin))

    def _first(self) -> Waiter | None:
        """The first in the queue that has no connection.

        One that has is woken here: an exception came between the gift and the waking.
        """
        while self._queue:
            waiter = next(iter(self._queue))
            if waiter.connection is None:
                return waiter
            del self._queue[waiter]
            waiter.wake()
        return None

    def _give(self, waiter: Waiter, connection: PooledConnection) -> None:
        waiter.connection = connection
        del self._queue[waiter]
        waiter.wake()

    def _pop(self, origin: Origin, *, newest: bool) -> PooledConnection:
        connections = self._idle[origin]
        if len(connections) == 1:
            del self._idle[origin]
        return connections.pop() if newest else connections.popleft()

    def _expired(self, now: float) -> list[PooledConnection]:
        """The idle connections that were not used for too long."""
        expiry, doomed = self.limits.keepalive_expiry_s, list[PooledConnection]()
        if expiry is not None:
            for origin in list(self._idle):
                while origin in self._idle and self._idle[origin][0].idle_since + expiry < now:
                    connection = self._pop(origin, newest=False)
                    self._connections.discard(connection.ref)
                    doomed.append(connection)
        return doomed

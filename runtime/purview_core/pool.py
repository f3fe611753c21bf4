"""Which connection serves which request: the policy of both transports. No I/O, no clock: callers close what they get back."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from .operation import Facts
from .options import seconds, whole
from .wire import Wire

Key = tuple[bytes, bytes, int | None]


class PoolLimits(Facts):
    """Connections in all, idle ones kept, and seconds for which an idle one is kept (None: for good)."""

    __slots__ = ("max_connections", "max_keepalive", "keepalive_expiry_s")
    max_connections: int
    max_keepalive: int
    keepalive_expiry_s: float | None

    def __init__(self, max_connections: int, max_keepalive: int, keepalive_expiry_s: float | None) -> None:
        whole("max_connections", max_connections, 1)
        whole("max_keepalive", max_keepalive, 0)
        if keepalive_expiry_s is not None:
            seconds("keepalive_expiry_s", keepalive_expiry_s, zero=True)
        self._set(max_connections=max_connections, max_keepalive=max_keepalive)
        self._set(keepalive_expiry_s=keepalive_expiry_s)

    def __str__(self) -> str:
        return f"max_connections={self.max_connections} max_keepalive={self.max_keepalive} keepalive_expiry_s={self.keepalive_expiry_s}"


class Link:
    """An HTTP/1.1 connection and what is known of it; or, `shared`, httpcore's own pool, which carries HTTP/2."""

    __slots__ = ("key", "connection", "wire", "shared", "uses", "idle_since")

    def __init__(self, key: Key, connection: Any, wire: Any, *, shared: bool = False) -> None:
        self.key, self.connection, self.wire, self.shared = key, connection, wire, shared
        self.uses, self.idle_since = 0, 0.0

    def begin(self) -> None:
        wire: Wire = self.wire
        wire.sent = wire.answered = False
        self.uses += 1


class Waiter:
    """A request in the queue. It is woken once, when it got a connection, or leave to open one (`link` is None)."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.link: Link | None = None

    def wake(self) -> None:
        raise NotImplementedError


W = TypeVar("W", bound=Waiter)


class Pool:
    """
    | a request comes, and                        | it gets                                                       |
    |---------------------------------------------|---------------------------------------------------------------|
    | a connection to its origin is idle          | the one used last                                             |
    | fewer than `max_connections` are open       | leave to open one                                             |
    | one to another origin is idle               | its place                                                     |
    | all are in use                              | a place in the queue, first come, first served                |

    A connection that comes back goes to the first in the queue; it is closed where that one wants another origin, and where
    there is no queue and enough are idle. So there is never both a queue and an idle connection, and nobody overtakes.
    """

    def __init__(self, limits: PoolLimits) -> None:
        self.limits, self.closed = limits, False
        self.open = 0  # in use, idle, or about to be opened
        self.shared: dict[Key, Link] = {}
        self._idle: dict[Key, deque[Link]] = {}
        self._queue: dict[Waiter, None] = {}
        self.lock = threading.Lock()

    @property
    def idle(self) -> int:
        return sum(map(len, self._idle.values()))

    def take(self, key: Key, waiter: Callable[[Key], W]) -> tuple[Link | W | None, Link | None]:
        """A connection, a place in the queue, or None for leave to open one; and a connection to close first."""
        with self.lock:
            if self.closed:
                raise RuntimeError("the transport is closed")
            if key in self._idle:
                return self._pop(key, newest=True), None
            if self.open < self.limits.max_connections:
                self.open += 1
                return None, None
            if self._idle:
                return None, self._pop(next(iter(self._idle)), newest=False)
            place = waiter(key)
            self._queue[place] = None
            return place, None

    def is_dead(self, link: Link, now: float) -> bool:
        """Whether a connection was idle for too long, or the server has closed it."""
        expiry = self.limits.keepalive_expiry_s
        late = expiry is not None and link.idle_since > 0 and link.idle_since + expiry < now
        return late or bool(link.connection.has_expired())

    def another(self, key: Key) -> Link | None:
        """In place of a connection that turned out dead: its place in the count is the caller's still."""
        with self.lock:
            if key not in self._idle:
                return None
            self.open -= 1
            return self._pop(key, newest=True)

    def put(self, link: Link, now: float) -> list[Link]:
        """Takes back a connection that can serve again."""
        with self.lock:
            if self._queue:
                waiter = self._next()
                if waiter.key == link.key:
                    waiter.link = link
                waiter.wake()
                return [] if waiter.link is link else [link]
            doomed = self._expired(now)
            if self.closed or self.idle >= self.limits.max_keepalive:
                self.open -= 1
                return [*doomed, link]
            link.idle_since = now
            self._idle.setdefault(link.key, deque()).append(link)
            return doomed

    def gone(self) -> None:
        """A connection was closed, or never opened."""
        with self.lock:
            if self._queue:
                self._next().wake()
            else:
                self.open -= 1

    def leave(self, waiter: Waiter) -> bool:
        """Gives up a place in the queue; False where its turn had come, so that what it got is to be given back."""
        with self.lock:
            return self._queue.pop(waiter, waiter) is None

    def close(self) -> list[Link]:
        """Lets nobody in; those that wait are woken, and find it closed. Connections in use close when they come back."""
        with self.lock:
            self.closed = True
            doomed = [link for links in self._idle.values() for link in links]
            self._idle.clear()
            self.open -= len(doomed)
            while self._queue:
                self.open += 1
                self._next().wake()
            return doomed

    def all_idle(self) -> list[Link]:
        """Without the lock, which after a fork may be held by a thread that is no more."""
        return [link for links in list(self._idle.values()) for link in list(links)]

    def _next(self) -> Waiter:
        waiter = next(iter(self._queue))
        del self._queue[waiter]
        return waiter

    def _pop(self, key: Key, *, newest: bool) -> Link:
        links = self._idle[key]
        link = links.pop() if newest else links.popleft()
        if not links:
            del self._idle[key]
        return link

    def _expired(self, now: float) -> list[Link]:
        """The idle connections that were not used for too long."""
        expiry, doomed = self.limits.keepalive_expiry_s, list[Link]()
        if expiry is not None:
            for key in list(self._idle):
                while key in self._idle and self._idle[key][0].idle_since + expiry < now:
                    doomed.append(self._pop(key, newest=False))
        self.open -= len(doomed)
        return doomed

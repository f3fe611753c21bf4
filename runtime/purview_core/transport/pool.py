"""Which connection serves which request: the policy of both transports. No I/O, no clock: callers close what they get back."""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from purview_core.operation import Facts
from purview_core.options import seconds, whole

from .stream import Wire

Key = tuple[bytes, bytes, int | None]


class PoolLimits(Facts):
    """Connections in all, idle ones kept, and seconds for which an idle one is kept (None: for good)."""

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
        return f"max_connections={self.max_connections} max_keepalive={self.max_keepalive} keepalive_expiry_s={self.keepalive_expiry_s}"


class Link:
    """An HTTP/1.1 connection and what is known of it; or, `shared`, httpcore's own pool, which carries HTTP/2.

    `connection` and `wire` are None until it is opened. `ref` is how its pool counts it.
    """

    __slots__ = ("key", "connection", "wire", "shared", "uses", "idle_since", "ref", "__weakref__")
    ref: weakref.ref[Link]

    def __init__(self, key: Key, *, shared: bool = False) -> None:
        self.key, self.shared = key, shared
        self.connection: Any = None
        self.wire: Any = None
        self.uses, self.idle_since = 0, 0.0

    def begin(self) -> None:
        wire: Wire = self.wire
        wire.sent = wire.answered = False
        self.uses += 1


class Waiter(ABC):
    """A request in the queue. It is woken once, when it was given `link`, or when the pool is closed."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.link: Link | None = None

    @abstractmethod
    def wake(self) -> None:
        """Ends the wait, of a thread or of a task."""


W = TypeVar("W", bound=Waiter)


class Pool:
    """
    | a request comes, and                        | it gets                                                       |
    |---------------------------------------------|---------------------------------------------------------------|
    | a connection to its origin is idle          | the one used last                                             |
    | fewer than `max_connections` are there      | a new one, to be opened                                       |
    | one to another origin is idle               | a new one; the idle one is closed                             |
    | all are in use                              | a place in the queue, first come, first served                |

    A connection that comes back goes to the first in the queue; it is closed where that one wants another origin, and where
    there is no queue and enough are idle. So there is never both a queue and an idle connection, and nobody overtakes.

    What counts is which links are alive, not how many were given and came back: a signal may raise an exception between any
    two steps of sync code, here or in whoever holds a link. A link that falls out of such a gap dies, and then it is no
    longer counted, nor is one that belonged to an answer which nobody closed. `gone` only says so sooner, and may be called
    twice. Whoever waits calls `tend` now and then, for in such a gap nobody is woken.
    """

    def __init__(self, limits: PoolLimits) -> None:
        self.limits, self.closed = limits, False
        self.shared: dict[Key, Link] = {}
        self._links: set[weakref.ref[Link]] = set()  # in use, idle, or about to be opened
        self._dead: deque[weakref.ref[Link]] = deque()
        self._idle: dict[Key, deque[Link]] = {}
        self._queue: dict[Waiter, None] = {}
        self.lock = threading.Lock()

    @property
    def idle(self) -> int:
        return sum(map(len, self._idle.values()))

    @property
    def open(self) -> int:
        """Connections in use, idle, or about to be opened."""
        with self.lock:
            self._bury()
            return len(self._links)

    def take(self, key: Key, waiter: Callable[[Key], W]) -> tuple[Link | W, Link | None]:
        """A connection, opened or to be opened, or a place in the queue; and a connection to close first."""
        with self.lock:
            if self.closed:
                raise RuntimeError("the transport is closed")
            if key in self._idle:
                return self._pop(key, newest=True), None
            self._bury()
            if len(self._links) < self.limits.max_connections:
                return self._new(key), None
            if self._idle:
                other = self._pop(next(iter(self._idle)), newest=False)
                self._links.discard(other.ref)
                return self._new(key), other
            place = waiter(key)
            self._queue[place] = None
            return place, None

    def is_dead(self, link: Link, now: float) -> bool:
        """Whether a connection was idle for too long, or the server has closed it."""
        expiry = self.limits.keepalive_expiry_s
        late = expiry is not None and link.idle_since > 0 and link.idle_since + expiry < now
        return late or bool(link.connection.has_expired())

    def instead_of(self, link: Link) -> Link:
        """Another one to the same origin, for a connection that turned out dead."""
        with self.lock:
            self._links.discard(link.ref)
            return (
                self._pop(link.key, newest=True) if link.key in self._idle else self._new(link.key)
            )

    def put(self, link: Link, now: float) -> list[Link]:
        """Takes back a connection that can serve again; gives those to close."""
        with self.lock:
            waiter = self._first()
            if waiter is not None:
                same = waiter.key == link.key
                if not same:
                    self._links.discard(link.ref)
                self._give(waiter, link if same else self._new(waiter.key))
                return [] if same else [link]
            doomed = self._expired(now)
            if self.closed or self.idle >= self.limits.max_keepalive:
                self._links.discard(link.ref)
                return [*doomed, link]
            link.idle_since = now
            if link.key in self._idle:
                self._idle[link.key].append(link)
            else:
                self._idle[link.key] = deque([link])  # never there and empty
            return doomed

    def gone(self, link: Link) -> None:
        """A connection was closed, or never opened."""
        with self.lock:
            self._links.discard(link.ref)
            self._serve()

    def tend(self) -> None:
        """Gives the places of links that have died to those that wait."""
        with self.lock:
            self._bury()
            self._serve()

    def leave(self, waiter: Waiter) -> Link | None:
        """Gives up a place in the queue; what it had got by now is to be given back."""
        with self.lock:
            self._queue.pop(waiter, None)
            return waiter.link

    def close(self) -> list[Link]:
        """Lets nobody in; those that wait are woken, and find it closed. Connections in use close when they come back."""
        with self.lock:
            self.closed = True
            doomed = self.all_idle()
            for link in doomed:
                self._links.discard(link.ref)
            self._idle.clear()
            while self._queue:
                waiter = next(iter(self._queue))
                del self._queue[waiter]
                waiter.wake()
            return doomed

    def all_idle(self) -> list[Link]:
        """Without the lock, which after a fork may be held by a thread that is no more."""
        return [link for links in list(self._idle.values()) for link in list(links)]

    def _new(self, key: Key) -> Link:
        link = Link(key)
        # The callback is C code: no signal comes between, and it needs no lock, which the dying thread may hold.
        link.ref = weakref.ref(link, self._dead.append)
        self._links.add(link.ref)
        return link

    def _bury(self) -> None:
        """Counts links no more that have died. One that is taken twice does no harm, one that is lost would."""
        while self._dead:
            self._links.discard(self._dead[0])
            self._dead.popleft()

    def _serve(self) -> None:
        while (
            len(self._links) < self.limits.max_connections and (waiter := self._first()) is not None
        ):
            self._give(waiter, self._new(waiter.key))

    def _first(self) -> Waiter | None:
        """The first in the queue that was given nothing; an exception may have come between a gift and its waking."""
        while self._queue:
            waiter = next(iter(self._queue))
            if waiter.link is None:
                return waiter
            del self._queue[waiter]
            waiter.wake()
        return None

    def _give(self, waiter: Waiter, link: Link) -> None:
        waiter.link = link
        del self._queue[waiter]
        waiter.wake()

    def _pop(self, key: Key, *, newest: bool) -> Link:
        links = self._idle[key]
        if len(links) == 1:
            del self._idle[key]
        return links.pop() if newest else links.popleft()

    def _expired(self, now: float) -> list[Link]:
        """The idle connections that were not used for too long."""
        expiry, doomed = self.limits.keepalive_expiry_s, list[Link]()
        if expiry is not None:
            for key in list(self._idle):
                while key in self._idle and self._idle[key][0].idle_since + expiry < now:
                    link = self._pop(key, newest=False)
                    self._links.discard(link.ref)
                    doomed.append(link)
        return doomed

"""An exception that a signal raises between any two steps of a sync call leaves no place of the
pool behind.
"""

from __future__ import annotations

import gc
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import httpx
import pytest
from tests.unit.core.loopback import Peer, Server, keep_alive

from purview_core.call import exchange
from purview_core.call.exchange import send
from purview_core.transport import connecting, pool, pooled, stream
from purview_core.transport.pooled import HttpTransport

TRACED = {module.__file__ for module in (pooled, pool, connecting, stream, exchange)}
PLACES = 2
# A connection that falls out of a gap is closed by the collector, which says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # pytest's keeps the frames of what was raised in them
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    yield
    gc.collect()  # while the warnings above are passed over


class Interrupt(BaseException):
    """What a handler of a signal raises, as that of Ctrl-C raises KeyboardInterrupt."""


class Interrupting:
    """Raises at the point `at` of those in our modules at which a signal may be handled; counts
    them up to there.

    The interpreter looks for signals when it enters a function, and when a function written in C
    has come back: what that gave is lost then. (Between `__enter__` and the block of a `with` it
    does not look.)
    """

    def __init__(self, at: int) -> None:
        self.at, self.points = at, 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if frame.f_code.co_filename not in TRACED:
            return
        if event == "call" or (event == "c_return" and arg.__name__ != "__enter__"):
            self.points += 1
            if self.points == self.at:
                raise Interrupt


@contextmanager
def interrupted(at: int) -> Iterator[Interrupting]:
    found = Interrupting(at)
    sys.setprofile(found)
    try:
        yield found
    finally:
        sys.setprofile(None)


def get(transport: HttpTransport, server: Server, seconds: float = 5.0) -> int:
    limits = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
    return send(
        transport, None, httpx.Request("GET", server.url, extensions={"timeout": limits})
    ).status_code


def in_use(transport: HttpTransport) -> int:
    assert transport._pool is not None
    return transport._pool.open - transport._pool.idle


def serves(transport: HttpTransport, server: Server, at: int = 0) -> None:
    """All its places are there: none is in use, and so many calls at once get one."""
    assert 0 == in_use(transport), at
    limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), 2.0)}
    for held in [
        transport.handle_request(httpx.Request("GET", server.url, extensions=limits))
        for _ in range(PLACES)
    ]:
        held.read()
        held.close()
    assert 0 == in_use(transport), at


def fresh(_transport: HttpTransport, _server: Server, _other: Server) -> None:
    """The call opens a connection."""


def kept(transport: HttpTransport, server: Server, _other: Server) -> None:
    """The call finds one that is idle."""
    get(transport, server)


def displacing(transport: HttpTransport, _server: Server, other: Server) -> None:
    """The call closes one of another origin."""
    held = [transport.handle_request(httpx.Request("GET", other.url)) for _ in range(PLACES)]
    for answer in held:
        answer.read()
        answer.close()


def dead(transport: HttpTransport, server: Server, _other: Server) -> None:
    """The call finds one that the server has closed."""
    get(transport, server)
    assert transport._pool is not None
    for connection in transport._pool.all_idle():
        connection.idle_since = 1e-9  # long ago


@pytest.mark.parametrize("before", [fresh, kept, displacing, dead])
def test_no_place_is_lost_wherever_a_call_is_interrupted(before: Callable[..., None]) -> None:
    with Server() as server, Server() as other:
        at, reached = 0, True
        while reached:
            at += 1
            with HttpTransport(max_connections=PLACES, trust_env=False) as transport:
                before(transport, server, other)
                with interrupted(at) as found, suppress(Interrupt):
                    get(transport, server)
                reached = found.points >= at
                serves(transport, server, at)
        assert at > 40, "hardly anything was tried"


def test_no_place_is_lost_wherever_a_call_in_the_queue_is_interrupted() -> None:
    """It waits for its turn; meanwhile another thread gives its connection back."""
    with Server() as server:
        at, reached = 0, True
        while reached:
            at += 1
            with HttpTransport(max_connections=1, trust_env=False) as transport:
                held = transport.handle_request(httpx.Request("GET", server.url))
                held.read()
                pool = transport._pool
                assert pool is not None
                over = threading.Event()
                thread = threading.Thread(target=_close_when_queued, args=(held, pool, over))
                thread.start()
                with interrupted(at) as found, suppress(Interrupt):
                    get(transport, server)
                over.set()
                thread.join()
                reached = found.points >= at
                assert 0 == in_use(transport)
                assert 200 == get(transport, server)
        assert at > 40, "hardly anything was tried"


def _close_when_queued(held: httpx.Response, pool: Any, over: threading.Event) -> None:
    # an interrupt may have come before the call was in the queue
    while not pool._queue and not over.wait(
        0.001,
    ):
        pass
    held.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that signal here")
def test_two_thousand_signals_at_random_moments_lose_no_place() -> None:
    def interrupt(*_: object) -> None:
        raise Interrupt

    moments, count = random.Random(7), 0
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with (
            Server() as server,
            HttpTransport(max_connections=PLACES, trust_env=False) as transport,
        ):
            started = time.perf_counter()
            for _ in range(20):
                get(transport, server)
            usual = (time.perf_counter() - started) / 20
            while count < 2000:
                try:
                    signal.setitimer(signal.ITIMER_REAL, max(1e-6, moments.random() * usual))
                    get(transport, server)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Interrupt:
                    count += 1
                    signal.setitimer(signal.ITIMER_REAL, 0)
            assert 0 == in_use(transport)
            serves(transport, server)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_answer_that_nobody_closed_gives_its_place_to_who_waits() -> None:
    def slow(peer: Peer) -> None:
        keep_alive(peer)

    with Server(slow) as server, HttpTransport(max_connections=1, trust_env=False) as transport:
        held: list[httpx.Response] = [transport.handle_request(httpx.Request("GET", server.url))]
        pool, answers = transport._pool, []
        assert pool is not None
        thread = threading.Thread(target=lambda: answers.append(get(transport, server)))
        thread.start()
        while not pool._queue:
            time.sleep(0.001)
        held.clear()  # never read, never closed
        thread.join()
        assert [200] == answers

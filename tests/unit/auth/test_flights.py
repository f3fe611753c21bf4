"""One token request for many callers: threads, tasks, event loops, processes."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import trio

from purview_auth import AuthEvent, ServicePrincipal, Timeouts, TokenStore
from purview_auth.errors import AuthError, ClosedError, TokenRequestError, TokenTransportError
from purview_auth.network.loops import PrivateLoop
from purview_auth.testing import Fault, Held, disconnected, overloaded, refused
from purview_auth.tokens import flight as flights
from purview_auth.tokens import store

from .support import CLIENT, SECRET, TENANT, URL, World, call, run

THREADS, TASKS = 64, 1000
CHILD_SECONDS = 2.0  # a forked child has its token by then; it takes a hundredth of a second


def many_threads(function: Callable[[], Any], count: int = THREADS) -> list[Any]:
    """Runs the function in so many threads that start together; results, or the errors raised."""
    barrier = threading.Barrier(count)

    def one(_: int) -> Any:
        barrier.wait()
        try:
            return function()
        except AuthError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


async def many_tasks(mode: str, function: Callable[[], Any], count: int = TASKS) -> list[Any]:
    results: list[Any] = []

    async def one() -> None:
        try:
            results.append(await function())
        except AuthError as error:
            results.append(error)

    if mode == "trio":
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(one)
    else:
        await asyncio.gather(*(one() for _ in range(count)))
    return results


def token_of(auth: ServicePrincipal) -> Callable[[], Any]:
    """Asks for the token as a request does, without the rest of httpx."""
    return lambda: next(auth.sync_auth_flow(httpx.Request("GET", URL))).headers["Authorization"]


def token_of_async(auth: ServicePrincipal) -> Callable[[], Any]:
    async def ask() -> str:
        flow = auth.async_auth_flow(httpx.Request("GET", URL))
        request = await anext(flow)
        await flow.aclose()
        return str(request.headers["Authorization"])

    return ask


async def until(event: threading.Event, mode: str) -> None:
    while not event.is_set():
        await (trio if mode == "trio" else asyncio).sleep(0.002)  # type: ignore[attr-defined]


async def forever(mode: str) -> None:
    await (trio if mode == "trio" else asyncio).sleep(3600)  # type: ignore[attr-defined]


def start_waiters(world: World, count: int) -> None:
    """Waits until so many callers wait for the request under way."""
    flights = world.auth._slot._flights
    while not flights or len(next(iter(flights.values()))._wakers) < count:
        threading.Event().wait(0.002)


@pytest.mark.row("A08")
def test_cold_threads_make_one_request(world: World) -> None:
    results = many_threads(token_of(world.principal()))
    assert (["Bearer token-1"] * THREADS, 1) == (results, world.posts)


@pytest.mark.row("A08")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_cold_tasks_make_one_request(world: World, mode: str, native: bool) -> None:
    auth = world.principal(async_transport=world.endpoint if native else None)
    results = run(mode, lambda: many_tasks(mode, token_of_async(auth)))
    assert (["Bearer token-1"] * TASKS, 1) == (results, world.posts)


@pytest.mark.row("A08")
def test_other_keys_do_not_wait(world: World) -> None:
    shared = TokenStore()
    held = Held()
    world.endpoint.faults.append(held)
    first = world.principal(store=shared)
    thread = threading.Thread(target=token_of(first))
    thread.start()
    held.reached.wait()
    other = World().principal(store=shared, resource="https://other.example")
    assert "Bearer token-1" == token_of(other)()
    held.release.set()
    thread.join()


@pytest.mark.row("A08")
def test_a_shared_store_makes_one_request(world: World) -> None:
    shared = TokenStore()
    auths = [world.principal(store=shared) for _ in range(8)]
    results = many_threads(lambda: {token_of(auth)() for auth in auths}, 8)
    assert ([{"Bearer token-1"}] * 8, 1) == (results, world.posts)


@pytest.mark.row("A09")
@pytest.mark.parametrize(("fault", "posts"), [(refused(), 1), (disconnected(), 3)])
def test_all_threads_share_one_failure(world: World, fault: Fault, posts: int) -> None:
    def slow(request: httpx.Request) -> httpx.Response | None:
        threading.Event().wait(0.05)
        return fault(request)

    world.endpoint.always = slow
    errors = many_threads(token_of(world.principal()))
    assert 1 == len({str(error) for error in errors})
    # each its own, for tracebacks are added to what is raised
    assert THREADS == len({id(error) for error in errors})
    assert posts == world.posts


@pytest.mark.row("A09")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_all_tasks_share_one_failure(world: World, mode: str, native: bool) -> None:
    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await (trio if mode == "trio" else asyncio).sleep(0.02)  # type: ignore[attr-defined]
            return await world.endpoint.handle_async_request(request)

    def slow(request: httpx.Request) -> None:
        threading.Event().wait(0.02)
        disconnected()(request)

    world.endpoint.always = disconnected() if native else slow
    auth = world.principal(async_transport=Slow() if native else None)
    results = run(mode, lambda: many_tasks(mode, token_of_async(auth), 100))
    assert {TokenTransportError} == {type(one) for one in results}
    assert (100, 3) == (len({id(one) for one in results}), world.posts)


@pytest.mark.row("A10")
@pytest.mark.parametrize("leader", [True, False])
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_a_cancelled_caller_leaves_the_request_alive(world: World, mode: str, leader: bool) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal()

    async def main() -> str:
        first = token_of_async(auth)
        second = token_of_async(auth)
        if mode == "trio":
            async with trio.open_nursery() as nursery:
                scopes = [trio.CancelScope(), trio.CancelScope()]
                results: list[str] = []

                async def one(scope: trio.CancelScope, ask: Any) -> None:
                    with scope:
                        results.append(await ask())

                for scope, ask in zip(scopes, (first, second), strict=True):
                    nursery.start_soon(one, scope, ask)
                    await until(held.reached, mode)
                scopes[0 if leader else 1].cancel()
                held.release.set()
            return results[0]
        tasks = []
        for ask in (first, second):
            tasks.append(asyncio.create_task(ask()))
            await until(held.reached, mode)
        tasks[0 if leader else 1].cancel()
        held.release.set()
        return await tasks[1 if leader else 0]

    assert "Bearer token-1" == run(mode, main)
    assert 1 == world.posts
    assert {} == auth._slot._flights


@pytest.mark.row("A10")
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_a_cancelled_native_leader_hands_over(world: World, mode: str) -> None:
    reached = threading.Event()

    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if not reached.is_set():
                reached.set()
                await forever(mode)
            return await world.endpoint.handle_async_request(request)

    events: list[AuthEvent] = []
    auth = world.principal(async_transport=Stuck(), on_event=events.append)
    results: list[Any] = []

    async def main() -> None:
        if mode == "trio":
            async with trio.open_nursery() as nursery:
                scope = trio.CancelScope()

                async def first() -> None:
                    with scope:
                        await token_of_async(auth)()

                async def other() -> None:
                    results.append(await token_of_async(auth)())

                nursery.start_soon(first)
                await until(reached, mode)
                for _ in range(5):
                    nursery.start_soon(other)
                await trio.sleep(0.01)
                scope.cancel()
            return
        leader = asyncio.create_task(token_of_async(auth)())
        await until(reached, mode)
        waiters = [asyncio.create_task(token_of_async(auth)()) for _ in range(5)]
        await asyncio.sleep(0.01)
        leader.cancel()
        results.extend(await asyncio.gather(*waiters))

    run(mode, main)
    assert (["Bearer token-1"] * 5, 1) == (results, world.posts)
    assert ["acquired"] == [event.kind for event in events]


@pytest.mark.row("A10")
def test_a_time_limit_of_the_caller(world: World) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal()

    async def main() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await token_of_async(auth)()
        held.release.set()
        return str(await token_of_async(auth)())

    assert "Bearer token-1" == asyncio.run(main())
    assert 1 == world.posts


@pytest.mark.row("A13")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("mode", ["sync", "asyncio", "trio"])
def test_the_pause_is_slept_where_no_sleep_is_given(world: World, mode: str, native: bool) -> None:
    world.endpoint.faults.append(overloaded(429, retry_after_ms="1"))
    world.principal(sleep=None, async_transport=world.endpoint if native else None)
    assert 200 == world.get(mode).status_code
    assert 2 == world.posts


@pytest.mark.row("A13")
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_an_async_sleep_may_be_given(world: World, mode: str) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    world.endpoint.faults.append(overloaded(429, retry_after="2"))
    world.principal(sleep=sleep, async_transport=world.endpoint)
    assert 200 == world.get(mode).status_code
    assert [2.0] == slept


@pytest.mark.row("A11")
@pytest.mark.parametrize("native", [False, True])
def test_two_event_loops_one_after_the_other(world: World, native: bool) -> None:
    auth = world.principal(async_transport=world.endpoint if native else None)
    for _ in range(2):
        for mode in ("asyncio", "trio", "sync"):
            assert 200 == call(mode, auth, world.service).status_code
        world.clock.advance(3600)
    assert ["token-1"] * 3 + ["token-2"] * 3 == world.service.tokens
    assert 2 == world.posts


@pytest.mark.row("A11")
@pytest.mark.parametrize("native", [False, True])
def test_two_event_loops_in_two_threads_and_a_blocking_one(world: World, native: bool) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal(async_transport=world.endpoint if native else None)
    with ThreadPoolExecutor(4) as pool:
        # the leader is blocking: a native one would stand still with the loop that this fault
        # blocks
        futures = [pool.submit(call, "sync", auth, world.service)]
        held.reached.wait()
        futures += [
            pool.submit(call, mode, auth, world.service) for mode in ("asyncio", "trio", "asyncio")
        ]
        start_waiters(world, 3)
        held.release.set()
        assert [200] * 4 == [future.result().status_code for future in futures]
    assert 1 == world.posts


@pytest.mark.row("A11")
def test_a_waiter_whose_loop_has_ended_hurts_nobody(world: World) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal()

    async def leave(mode: str) -> None:
        if mode == "trio":
            with trio.move_on_after(0.02):
                await token_of_async(auth)()
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await token_of_async(auth)()

    run("asyncio", lambda: leave("asyncio"))
    run("trio", lambda: leave("trio"))
    held.release.set()
    assert "Bearer token-1" == token_of(auth)()


@pytest.mark.row("A11")
def test_the_loop_is_free_while_a_token_is_asked_for(world: World) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal()

    async def main() -> int:
        task = asyncio.create_task(token_of_async(auth)())
        turns = 0
        while not held.reached.is_set() or turns < 20:
            await asyncio.sleep(0.001)
            turns += 1
        held.release.set()
        await task
        return turns

    assert asyncio.run(main()) >= 20


class NoLock:
    def __enter__(self) -> None:
        raise AssertionError("a lock was taken")

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.row("A11")
def test_no_lock_is_taken_on_a_warm_token(world: World) -> None:
    auth = world.principal()
    token_of(auth)()
    auth._slot._lock = NoLock()
    assert "Bearer token-1" == token_of(auth)()
    assert "Bearer token-1" == asyncio.run(token_of_async(auth)())


@pytest.mark.row("A28")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_is_not_stuck(world: World) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal()
    thread = threading.Thread(target=token_of(auth))
    thread.start()
    held.reached.wait()
    auth._slot._lock.acquire()
    try:
        process = multiprocessing.get_context("fork").Process(target=_exit_with_token, args=(auth,))
        process.start()
        process.join(CHILD_SECONDS)
        assert 0 == process.exitcode
    finally:
        auth._slot._lock.release()
        held.release.set()
        thread.join()


@pytest.mark.row("A28")
def test_after_a_fork_locks_and_requests_are_new(world: World) -> None:
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal()
    thread = threading.Thread(target=token_of(auth))
    thread.start()
    held.reached.wait()
    lock, flight = auth._slot._lock, auth._slot._flights[None]
    with lock:
        store._after_fork_in_child()
        assert "Bearer token-1" == token_of(auth)()
    assert auth._slot._lock is not lock
    held.release.set()
    flight.settle(None)  # its own thread finds that it is not asked for any more
    thread.join()


@pytest.mark.row("A28")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_keeps_the_token(world: World) -> None:
    auth = world.principal()
    token_of(auth)()
    process = multiprocessing.get_context("fork").Process(target=_exit_if_warm, args=(auth, world))
    process.start()
    process.join(CHILD_SECONDS)
    assert 0 == process.exitcode


def _exit_with_token(auth: ServicePrincipal) -> None:
    os._exit(0 if token_of(auth)().startswith("Bearer token-") else 1)


def _exit_if_warm(auth: ServicePrincipal, world: World) -> None:
    os._exit(0 if token_of(auth)() == "Bearer token-1" and world.posts == 1 else 1)


@pytest.mark.row("A28")
def test_a_spawned_child_builds_its_own(world: World) -> None:
    code = f"""if True:
        import multiprocessing, httpx
        from purview_auth import ServicePrincipal
        from purview_auth.testing import FakeTokenEndpoint
        auth = ServicePrincipal("{TENANT}", "c", "s", transport=FakeTokenEndpoint())
        print(next(auth.sync_auth_flow(httpx.Request("GET", "{URL}"))).headers["Authorization"])
    """
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    assert (b"Bearer token-1", b"") == (done.stdout.strip(), done.stderr)


@pytest.mark.row("A32")
def test_close_ends_refreshes_not_the_token(world: World, mode: str) -> None:
    auth = world.principal()
    world.get(mode)
    for _ in range(2):
        auth.close()
    world.clock.advance(3400)
    world.get(mode)
    world.clock.advance(200)
    with pytest.raises(ClosedError):
        world.get(mode)
    assert 1 == world.posts


@pytest.mark.row("A32")
@pytest.mark.parametrize("way", ["close", "aclose", "with", "async with"])
def test_there_are_four_ways_to_close(world: World, way: str) -> None:
    auth = world.principal()

    async def main() -> None:
        if way == "aclose":
            await auth.aclose()
        else:
            async with auth as entered:
                assert entered is auth

    if way == "close":
        auth.close()
    elif way == "with":
        with auth as entered:
            assert entered is auth
    else:
        asyncio.run(main())
    with pytest.raises(ClosedError):
        world.get()


@pytest.mark.row("A32")
def test_nothing_is_left_open() -> None:
    async def secret() -> str:
        return SECRET

    def threads() -> int:
        return len([one for one in threading.enumerate() if one.name.startswith("purview-auth")])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world = World()
        world.principal(client_secret=secret)  # needs a private loop
        world.get()
        assert 1 == threads()
        loop_thread = next(one for one in threading.enumerate() if one.name == "purview-auth-loop")
        del world
        gc.collect()
        loop_thread.join(5)
        gc.collect()
    assert 0 == threads()


@pytest.mark.row("A32")
def test_no_thread_of_ours_keeps_the_interpreter_alive() -> None:
    held, world = Held(), World()

    async def secret() -> str:
        return SECRET

    world.endpoint.faults.append(held)
    auth = world.principal(client_secret=secret)
    caller = threading.Thread(target=token_of(auth))
    caller.start()
    held.reached.wait()
    ours = {
        one.name: one.daemon for one in threading.enumerate() if one.name.startswith("purview-auth")
    }
    held.release.set()
    caller.join()
    auth.close()
    assert {"purview-auth": True, "purview-auth-loop": True} == ours


@pytest.mark.row("A32")
def test_close_ends_the_private_loop() -> None:
    async def secret() -> str:
        return SECRET

    world = World()
    auth = world.principal(client_secret=secret)
    world.get()
    (loop,) = (one for one in threading.enumerate() if one.name == "purview-auth-loop")
    auth.close()
    loop.join(5)
    assert not loop.is_alive()


@pytest.mark.row("A32")
def test_a_private_loop_closes_twice_and_starts_again() -> None:
    async def give() -> int:
        return 5

    loop = PrivateLoop()
    assert (5, 5, 6) == (loop.resolve(give()), loop.resolve(give()), loop.resolve(6))
    loop.close()
    loop.close()
    assert 5 == loop.resolve(give())
    loop.close()


@pytest.mark.row("A32")
def test_closing_breaks_a_private_loops_work_off() -> None:
    loop, started = PrivateLoop(), threading.Event()
    ends: list[BaseException] = []

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    def work() -> None:
        try:
            loop.resolve(hang())
        except CancelledError as error:
            ends.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    loop.close()
    thread.join(5)
    assert 1 == len(ends)


@pytest.mark.row("A32")
def test_two_threads_start_one_private_loop() -> None:
    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    loop = PrivateLoop()
    assert 1 == len(set(many_threads(lambda: loop.resolve(where()), 16)))
    loop.close()


@pytest.mark.row("A32")
def test_a_call_at_the_interpreters_end_works(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert "Bearer token-1" == token_of(world.principal())()


@pytest.mark.row("A18")
def test_waiting_lasts_a_little_longer_than_the_request_may(world: World) -> None:
    flight = flights.Flight(0, world.principal(timeouts=Timeouts(total=30))._client, None)
    assert 30 < flight.seconds_left <= 30 + flights.SLACK_SECONDS


@pytest.mark.row("A18")
def test_a_request_over_its_time_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "SLACK_SECONDS", 0.0)
    held = Held()
    world.endpoint.faults.append(held)
    auth = world.principal(timeouts=Timeouts(total=0.05))
    results = many_threads(token_of(auth), 4)
    assert {"the token request was not done within its total time limit"} == {
        one.args[0] for one in results
    }
    assert "Bearer token-1" == token_of(auth)()
    held.release.set()


@pytest.mark.row("A18")
def test_an_early_refresh_over_its_time_is_given_up(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flights, "SLACK_SECONDS", 0.0)
    monkeypatch.setattr(store, "EARLY_WAIT_SECONDS", 0.0)
    auth = world.principal(timeouts=Timeouts(total=0.02))
    token_of(auth)()
    world.clock.advance(3400)
    held = Held()
    world.endpoint.faults.append(held)
    token_of(auth)()
    held.reached.wait()
    threading.Event().wait(0.03)
    assert "Bearer token-1" == token_of(auth)()
    assert {} == auth._slot._flights
    held.release.set()


@pytest.mark.row("A18")
@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_a_native_request_over_its_time_is_given_up(world: World, mode: str) -> None:
    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await forever(mode)
            raise AssertionError

    auth = world.principal(async_transport=Stuck(), timeouts=Timeouts(total=0.02))
    with pytest.raises(TokenTransportError, match="total time limit"):
        run(mode, token_of_async(auth))


@pytest.mark.row("A09")
def test_a_bug_in_a_source_reaches_all_callers(world: World, mode: str) -> None:
    class Broken:
        def random(self) -> float:
            raise SystemExit("odd")

    world.principal(rng=Broken(), async_transport=None)
    with pytest.raises(TokenTransportError, match="ended with SystemExit"):
        world.get(mode)


@pytest.mark.row("A09")
def test_a_refusal_reaches_late_callers_too(world: World) -> None:
    world.endpoint.always = refused()
    auth = world.principal()
    results = many_threads(token_of(auth), 16)
    assert {TokenRequestError} == {type(one) for one in results}
    assert 1 == world.posts


@pytest.mark.row("A11")
def test_a_client_id_tells_tokens_apart() -> None:
    shared, world = TokenStore(), World()
    one = world.principal(store=shared)
    two = ServicePrincipal(TENANT, CLIENT[::-1], SECRET, store=shared, transport=world.endpoint)
    assert token_of(one)() != token_of(two)()


def test_the_policys_times_are_what_its_table_says() -> None:
    assert (30, 10, 2, 1) == (
        *(store.RETRY_SECONDS, store.REJECTED_AGE_SECONDS),
        *(store.EARLY_WAIT_SECONDS, flights.SLACK_SECONDS),
    )


def test_an_event_says_how_long_the_request_took(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[AuthEvent] = []
    auth = world.principal(on_event=events.append)
    flight = flights.Flight(0, auth._client, None)
    monkeypatch.setattr(flights, "time", SimpleNamespace(monotonic=lambda: flight.started + 3))
    flights.report(flight, "acquired")
    assert [3] == [round(event.seconds, 6) for event in events]


def test_sources_are_compared_by_who_they_are_and_show_no_loop(world: World) -> None:
    one, other = world.principal()._client, world.principal()._client
    assert one != other
    assert "PrivateLoop" not in repr(one)
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (store.TokenSource,), {})(
            clock=world.clock, jitter=float, total_seconds=1.0, native=False
        )
    whole = type("Whole", (store.TokenSource,), {"steps": lambda *_: iter(())})
    with pytest.raises(TypeError, match="positional"):
        whole(world.clock, float, 1.0, False)


@pytest.mark.row("A11")
def test_a_token_that_came_meanwhile_takes_no_lock_either(world: World) -> None:
    auth = world.principal()
    token_of(auth)()
    auth._slot._lock = NoLock()
    assert auth._slot.current is asyncio.run(auth._slot.aget(auth._source, store.Need()))

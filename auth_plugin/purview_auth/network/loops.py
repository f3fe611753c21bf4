"""The few things that asyncio and trio do differently, and a private loop for coroutines in
blocking code.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


def _trio() -> Any:
    """The trio module, where the caller runs under it.

    It is not imported here: who runs under it has it loaded.
    """
    trio = sys.modules.get("trio")
    with contextlib.suppress(RuntimeError):
        return trio and trio.lowlevel.current_task() and trio
    return None


async def sleep(seconds: float) -> None:
    """Sleeps on whatever loop runs, asyncio's or trio's."""
    await (_trio() or asyncio).sleep(seconds)


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """The call's result; raises TimeoutError where it takes longer."""
    if (trio := _trio()) is None:
        async with asyncio.timeout(seconds):
            return await call()
    with trio.move_on_after(seconds):
        return await call()
    raise TimeoutError


async def wait_for_wake(subscribe: Callable[[Callable[[], None]], None], seconds: float) -> None:
    """Hands `subscribe` a callable that any thread may call once, and waits for that call, at
    most so many seconds.
    """
    if (trio := _trio()) is not None:
        event = trio.Event()
        token = trio.lowlevel.current_trio_token()
        subscribe(lambda: _quietly(token.run_sync_soon, event.set))
        with trio.move_on_after(seconds):
            await event.wait()
        return
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    subscribe(lambda: _quietly(loop.call_soon_threadsafe, done.set))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await done.wait()


def _quietly(
    schedule: Callable[[Callable[[], object]], object], call: Callable[[], object]
) -> None:
    with contextlib.suppress(RuntimeError):  # the waiter's loop has ended, and the waiter with it
        schedule(call)


class PrivateLoop:
    """Runs awaitables for blocking callers, all on one asyncio loop in a daemon thread, started at
    need.

    One loop for the owner's whole life, because an async credential keeps connections that belong
    to the loop they were opened on. It ends with close() or with this object; a forked child starts
    its own.
    """

    def __init__(self) -> None:
        self._loops: dict[int, asyncio.AbstractEventLoop] = {}

    def resolve(self, value: Any) -> Any:
        """The value itself, or what it gives when awaited."""
        if not inspect.isawaitable(value):
            return value
        if (loop := self._loops.get(os.getpid())) is None:
            runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
            loop = self._loops.setdefault(os.getpid(), runner.get_loop())
            threading.Thread(
                target=_serve, args=(runner, loop), name="purview-auth-loop", daemon=True
            ).start()
        return asyncio.run_coroutine_threadsafe(_settle(value), loop).result()

    def close(self) -> None:
        """Ends the loop of this process, if there is one."""
        if (loop := self._loops.pop(os.getpid(), None)) is not None:
            _quietly(loop.call_soon_threadsafe, loop.stop)

    __del__ = close


async def _settle(value: Awaitable[T]) -> T:
    return await value


def _serve(runner: asyncio.Runner, loop: asyncio.AbstractEventLoop) -> None:
    with runner:  # at its end it cancels what still runs
        if runner.get_loop() is loop:  # else another thread was quicker to start one
            loop.run_forever()

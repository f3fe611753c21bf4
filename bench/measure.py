"""Times contenders in turn, round by round, so that a slow machine slows all; then ratios."""

from __future__ import annotations

import gc
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")
Times = dict[str, list[float]]
_BLOCKS = 300_000  # 130 MB


def race(contenders: Mapping[str, T], measure: Callable[[T], float], rounds: int) -> Times:
    """Seconds of each contender in each round.

    A first round warms up and is not counted; the order changes each round.
    """
    times: Times = {name: [] for name in contenders}
    gc.collect()
    gc.freeze()  # what is there already is no contender's garbage
    for number in range(rounds + 1):
        order = list(contenders)
        random.Random(number).shuffle(order)
        for name in order:
            seconds = measure(contenders[name])
            if number:
                times[name].append(seconds)
    gc.unfreeze()
    return times


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of one call in this thread; giving its result free is not counted."""
    gc.collect()
    start = time.thread_time()
    result = call()
    seconds = time.thread_time() - start
    del result
    return seconds


def wall(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def children(call: Callable[[], object]) -> float:
    """CPU seconds of the processes that a call starts and waits for."""
    before = os.times()
    call()
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def ratios(times: Times, name: str, base: str) -> list[float]:
    """A contender beside the base, round by round."""
    return [a / b for a, b in zip(times[name], times[base], strict=True)]


def show(title: str, times: Times, base: str, *, unit: str = "ms", calls: int = 1) -> None:
    """Prints ratios to `base`: the median of the rounds, the lowest and the highest."""
    scale = {"s": 1.0, "ms": 1e3, "us": 1e6}[unit] / calls
    print(
        f"\n## {title}: x {base} ({len(times[base])} rounds)\n\n"
        f"| contender | median | low - high | {unit} |\n|---|---|---|---|"
    )
    for name, seconds in times.items():
        found = ratios(times, name, base)
        spread = f"{min(found):.2f} - {max(found):.2f}"
        absolute = statistics.median(seconds) * scale
        digits = 0 if absolute >= 100 else 1
        print(f"| {name} | {statistics.median(found):.2f} | {spread} | {absolute:.{digits}f} |")
    sys.stdout.flush()


class Child:
    """A script in an interpreter of its own that times what it is asked for by name.

    See `wait_for_orders` for its side.
    """

    def __init__(self, *arguments: str, scratch: Path) -> None:
        # of glibc; see `_heap`
        keep = {
            "MALLOC_TRIM_THRESHOLD_": "1000000000",
            "MALLOC_MMAP_THRESHOLD_": "1000000000",
        }
        command, env = [sys.executable, *arguments], _environment(scratch) | keep
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        self.orders = self._answer().split("|")

    def seconds(self, order: str) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout is not None
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(
                f"{self.process.args} ended with {self.process.wait()}; its errors stand above"
            )
        return line.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()  # the end of its orders ends it


def wait_for_orders(orders: Mapping[str, Callable[[], object]]) -> None:
    """Tells what can be ordered, then the CPU seconds of what is, line by line."""
    for order in orders.values():
        order()  # imports, and makes what a program makes once
    kept = _heap()
    print("|".join(orders), flush=True)
    gc.collect()
    gc.freeze()  # what is there already is nobody's garbage
    for line in sys.stdin:
        order = orders[line.rstrip("\n")]
        order()  # after the work of others, the caches of the CPU hold theirs
        print(cpu(order), flush=True)
    del kept


def _heap() -> list[bytes]:
    """Keeps memory, so that no client returns all of its own after a round and asks for it again.

    Some would by chance, which costs a quarter of what json.loads takes. With a block in each arena
    the process holds what a program has that has run for a while.
    """
    return [bytes(400) for _ in range(_BLOCKS)][::1000]


def python(*arguments: str, scratch: Path) -> str:
    """Output of a fresh interpreter, with its bytecode and more imports below `scratch`.

    Raises RuntimeError with the last lines of what it complained of.
    """
    env = _environment(scratch)
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=env, check=False
    )
    if done.returncode:
        raise RuntimeError("\n".join((done.stderr or done.stdout).splitlines()[-5:]))
    return done.stdout


def _environment(scratch: Path) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(scratch), env.get("PYTHONPATH")]))
    # where ruff is
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    return env

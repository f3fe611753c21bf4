"""What one test has: something to call (sandbox, recording or account), clients over it, and a verdict on what was called."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from purview_core.command_errors import CommandError, UsageError
from purview_core.suggest import nearest
from purview_testing.contracts.judge import Validator
from purview_testing.sandbox import arguments
from purview_testing.sandbox.faults import Fault, Faults
from purview_testing.sandbox.limits import LimitOptions
from purview_testing.sandbox.sandbox import HOST

from .clients import AsyncClients, Clients, InProcess, Target, Waits
from .journal import Journal, told
from .options import Options
from .recording import Recording, file_name, shown
from .watched import WatchedSandbox

_SANDBOX = ("page_size", "exact", "fill", "pace", "token_lifetime", *LimitOptions.__annotations__)
MARKS = ("planes", "seed", "strict", "recording", *_SANDBOX)


class FaultBook:
    """The faults of a test's sandbox."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def add(self, fault: Fault | str, **selectors: Any) -> Fault:
        """Adds a fault by its kind and selectors (plane, operation, nth, count, probability, seed, retry_after, form, delay, to),
        or one that is made already. Returns it: `.used` says how often it struck. Raises UsageError for what is not known."""
        if isinstance(fault, str):
            return self._faults.add(Fault.read({"kind": fault, **selectors}))
        if selectors:
            raise TypeError("a Fault has its selectors already")
        return self._faults.add(fault)

    def clear(self) -> None:
        self._faults.clear()

    def unused(self) -> list[Fault]:
        """Those that never struck."""
        return self._faults.unused()


class Bench:
    """Everything of one test; see `open_bench`."""

    def __init__(
        self,
        options: Options,
        marks: Mapping[str, Any],
        target: Target,
        recording: Recording,
        journal: Journal,
    ) -> None:
        self.strict = marks.get("strict", options.strict)
        self.recording, self._journal, self._mode = recording, journal, options.mode
        self.sandbox: WatchedSandbox | None = None
        self.misses: list[str] = []
        self.save_to: Path | None = None
        real, waits = (
            options.mode == "live",
            target.waits if isinstance(target, InProcess) else Waits(),
        )
        self.clients = Clients(target, journal.validator, waits, real=real)
        self.async_clients = AsyncClients(target, journal.validator, waits, real=real)

    def need_sandbox(self, fixture: str) -> WatchedSandbox:
        if self.sandbox is None:
            pytest.skip(f"{fixture} needs the sandbox, and --purview-mode is {self._mode}")
        return self.sandbox

    def need_faults(self) -> FaultBook:
        return FaultBook(self.need_sandbox("purview_faults").faults)

    def verdict(self, *, whole: bool) -> str:
        """What was wrong since the last time, "" for nothing; whole: also what was prepared and never used."""
        broken = self._journal.take()
        parts = [told(broken)] if self.strict and broken else []
        missed, self.misses[:] = list(self.misses), []
        parts += [f"purview: {text}" for text in missed]
        if whole and self.strict and self.sandbox is not None:
            parts += [
                f"purview: fault never struck: {_fault(f)}" for f in self.sandbox.faults.unused()
            ]
            parts += [
                f"purview: seeded data never used: {s.told}"
                for s in self.sandbox.seeds
                if not s.used
            ]
        return shown("\n".join(parts))

    def close(self) -> None:
        self.clients.close()
        self.async_clients.close()
        if self.sandbox is not None:
            self.sandbox.close()
        if self.save_to is not None and self.recording.calls:
            self.recording.save(self.save_to)


def _fault(fault: Fault) -> str:
    where = ", ".join(
        f"{n}={v}" for n, v in (("plane", fault.plane), ("operation", fault.operation)) if v
    )
    return f"{fault.kind} ({where or 'any call'}, nth={fault.nth}); {fault.seen} calls fitted it"


def open_bench(options: Options, marks: dict[str, Any], nodeid: str, folder: Path) -> Bench:
    """The bench of one test. Whatever is wrong in its marker is a failure of one line. `folder`: seed files lie below it."""
    wrong = ""
    try:
        return _open(options, marks, nodeid, folder)
    except CommandError as error:
        wrong = str(error)
    pytest.fail(wrong, pytrace=False)  # outside, for a failure of one line


def _open(options: Options, marks: dict[str, Any], nodeid: str, folder: Path) -> Bench:
    for name in marks:
        if name not in MARKS:
            raise UsageError(
                f"@pytest.mark.purview: unknown argument {name!r}; {nearest(name, MARKS)}"
            )
    arguments.flag("strict", marks.get("strict", False))
    arguments.text("recording", marks.get("recording"))
    path = options.recordings / (marks.get("recording") or file_name(nodeid))
    bench = {"sandbox": _sandbox, "replay": _replay, "live": _live}[options.mode](
        options, marks, path, folder
    )
    bench.save_to = path if options.record else None
    return bench


def _sandbox(options: Options, marks: dict[str, Any], _: Path, folder: Path) -> Bench:
    waits, seed = Waits(), marks.get("seed")
    more: dict[str, Any] = {name: marks[name] for name in _SANDBOX if name in marks}
    if options.contracts is not None:
        more["specs"] = options.contracts
    if isinstance(seed, int):
        more["seed"] = seed
    strict = bool(marks.get("strict", options.strict))
    sandbox = WatchedSandbox(
        _planes(marks), strict=strict, sleep=waits.sleep, clock=waits.now, **more
    )
    target = InProcess(sandbox.handle, sandbox.auth, HOST, HOST, waits)
    bench = Bench(options, marks, target, sandbox.recording, sandbox.journal)
    bench.sandbox = sandbox
    if seed is not None and not isinstance(seed, int):
        try:
            sandbox.load(_calls(seed, folder))
        except CommandError:
            sandbox.close()
            raise
    return bench


def _planes(marks: Mapping[str, Any]) -> Iterable[str] | None:
    planes = marks.get("planes")
    return arguments.names("planes", [planes] if isinstance(planes, str) else planes)


def _calls(seed: Any, folder: Path) -> Any:
    """The calls of a seed: as given, or out of a JSON file beside the test."""
    if not isinstance(seed, (str, Path)):
        return seed
    try:
        calls = json.loads((folder / seed).read_bytes())
    except OSError as error:
        raise UsageError(f"seed {folder / seed}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"seed {folder / seed}: no JSON: {error}") from None
    if not isinstance(calls, list):
        raise UsageError(
            f"seed {folder / seed}: a list of calls is needed, each with method, path and body"
        )
    return calls


def _validator(options: Options, marks: Mapping[str, Any]) -> Validator:
    more: dict[str, Any] = {} if options.contracts is None else {"specs": options.contracts}
    return Validator(_planes(marks), strict=bool(marks.get("strict", options.strict)), **more)


def _replay(options: Options, marks: dict[str, Any], path: Path, _: Path) -> Bench:
    # tests of the sandbox do without
    from .replay import Replay

    validator, waits = _validator(options, marks), Waits()
    journal, recording = Journal(validator), Recording(validator)
    replay = Replay(path, recording)

    def handle(request: Any) -> Any:
        response = replay.handle(request)
        journal.judge(request, response)
        recording.write(request, response)
        return response

    target = InProcess(handle, None, replay.account, replay.tenant, waits)
    bench = Bench(options, marks, target, recording, journal)
    bench.misses = replay.misses
    return bench


def _live(options: Options, marks: dict[str, Any], _: Path, __: Path) -> Bench:
    # tests of the sandbox do without
    from purview_testing.live import LiveAccount, configured

    if not isinstance(marks.get("seed", 0), int):
        pytest.skip("its seed would write to a real account")
    validator = _validator(options, marks)
    journal, recording = Journal(validator), Recording(validator, LiveAccount.secrets())

    def note(request: Any, response: Any) -> None:
        journal.judge(request, response)
        recording.write(request, response)

    return Bench(options, marks, LiveAccount(configured(options.account), note), recording, journal)

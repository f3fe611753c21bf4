"""What one test has.

That is something to call (a sandbox, a recording or an account), clients of it, and a verdict on
what was called.
"""

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
from .journal import Journal, report
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
        """Adds a fault.

        Args:
            fault: The kind of the fault, or one that is made already.
            **selectors: Which calls it strikes, and how: plane, operation, nth, count,
                probability, seed, retry_after, form, delay, to.

        Returns:
            The fault; its `used` says how often it struck.

        Raises:
            UsageError: There is no such kind or selector.
        """
        if isinstance(fault, str):
            return self._faults.add(Fault.read({"kind": fault, **selectors}))
        if selectors:
            raise TypeError("a Fault has its selectors already")
        return self._faults.add(fault)

    def clear(self) -> None:
        """Takes out all faults."""
        self._faults.clear()

    def unused(self) -> list[Fault]:
        """The faults that never struck."""
        return self._faults.unused()


class TestSetup:
    """Everything that one test has; `open_setup` makes it.

    Attributes:
        strict: Whether a request that breaks its contract fails the test.
        sandbox: None where a recording or an account is called.
        misses: Requests that had no recording, each in a sentence.
        save_to: The file that the calls are kept in; None where they are not.
    """

    def __init__(
        self,
        options: Options,
        marks: Mapping[str, Any],
        target: Target,
        recording: Recording,
        journal: Journal,
    ) -> None:
        self.strict = marks.get("strict", options.strict)
        self.recording = recording
        self._journal = journal
        self._mode = options.mode
        self.sandbox: WatchedSandbox | None = None
        self.misses: list[str] = []
        self.save_to: Path | None = None
        real = options.mode == "live"
        waits = target.waits if isinstance(target, InProcess) else Waits()
        self.clients = Clients(target, journal.validator, waits, real=real)
        self.async_clients = AsyncClients(target, journal.validator, waits, real=real)

    def need_sandbox(self, fixture: str) -> WatchedSandbox:
        """The sandbox; skips the test where there is none."""
        if self.sandbox is None:
            pytest.skip(f"{fixture} needs the sandbox, and --purview-mode is {self._mode}")
        return self.sandbox

    def need_faults(self) -> FaultBook:
        """The faults of the sandbox; skips the test where there is none."""
        return FaultBook(self.need_sandbox("purview_faults").faults)

    def verdict(self, *, whole: bool) -> str:
        """What was wrong since this was last called, "" for nothing.

        With `whole` it also tells what was prepared and never used.
        """
        broken = self._journal.take()
        parts = [report(broken)] if self.strict and broken else []
        parts += [f"purview: {text}" for text in self.misses]
        self.misses.clear()
        if whole and self.strict and self.sandbox is not None:
            parts += [
                f"purview: fault never struck: {_fault(f)}" for f in self.sandbox.faults.unused()
            ]
            parts += [
                f"purview: seeded data never used: {s.summary}"
                for s in self.sandbox.seeds
                if not s.used
            ]
        return shown("\n".join(parts))

    def close(self) -> None:
        """Closes clients and sandbox, and saves the recording where one is asked for."""
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


def open_setup(options: Options, marks: dict[str, Any], nodeid: str, folder: Path) -> TestSetup:
    """Makes what one test has; a fault in its marker is a failure of one line.

    Args:
        options: The options of the run.
        marks: The arguments of the test's markers.
        nodeid: The name of the test, which names its recording.
        folder: Seed files lie below it.
    """
    wrong = ""
    try:
        return _open(options, marks, nodeid, folder)
    except CommandError as error:
        wrong = str(error)
    # Outside of `except`: the report of a failure would show the error that was caught, too.
    pytest.fail(wrong, pytrace=False)


def _open(options: Options, marks: dict[str, Any], nodeid: str, folder: Path) -> TestSetup:
    for name in marks:
        if name not in MARKS:
            raise UsageError(
                f"@pytest.mark.purview: unknown argument {name!r}; {nearest(name, MARKS)}"
            )
    arguments.flag("strict", marks.get("strict", False))
    arguments.text("recording", marks.get("recording"))
    path = options.recordings / (marks.get("recording") or file_name(nodeid))
    setup = {"sandbox": _sandbox, "replay": _replay, "live": _live}[options.mode](
        options, marks, path, folder
    )
    setup.save_to = path if options.record else None
    return setup


def _sandbox(options: Options, marks: dict[str, Any], _: Path, folder: Path) -> TestSetup:
    waits = Waits()
    seed = marks.get("seed")
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
    setup = TestSetup(options, marks, target, sandbox.recording, sandbox.journal)
    setup.sandbox = sandbox
    if seed is not None and not isinstance(seed, int):
        try:
            sandbox.load(_calls(seed, folder))
        except CommandError:
            sandbox.close()
            raise
    return setup


def _planes(marks: Mapping[str, Any]) -> Iterable[str] | None:
    planes = marks.get("planes")
    return arguments.names("planes", [planes] if isinstance(planes, str) else planes)


def _calls(seed: Any, folder: Path) -> Any:
    """The calls of a seed, as given or out of a JSON file beside the test."""
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


def _replay(options: Options, marks: dict[str, Any], path: Path, _: Path) -> TestSetup:
    # tests of the sandbox do without it, and it costs import time
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
    setup = TestSetup(options, marks, target, recording, journal)
    setup.misses = replay.misses
    return setup


def _live(options: Options, marks: dict[str, Any], _: Path, __: Path) -> TestSetup:
    # tests of the sandbox do without it, and it costs import time
    from purview_testing.live import LiveAccount, configured

    if not isinstance(marks.get("seed", 0), int):
        pytest.skip("its seed would write to a real account")
    validator = _validator(options, marks)
    journal, recording = Journal(validator), Recording(validator, LiveAccount.secrets())

    def note(request: Any, response: Any) -> None:
        journal.judge(request, response)
        recording.write(request, response)

    return TestSetup(
        options, marks, LiveAccount(configured(options.account), note), recording, journal
    )

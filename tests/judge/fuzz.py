"""schemathesis against a service at a base address: each plane's contract, all checks, a fixed seed
and few examples.

| column       | failure codes of schemathesis | says                                              |
|--------------|-------------------------------|---------------------------------------------------|
| server       | ST101, ST102, ST112           | status 500 and above, time-outs, answers that     |
|              |                               | take longer than allowed                          |
| undocumented | ST103 to ST106                | a status or media type that the contract has not  |
| schema       | ST107 to ST111                | headers or a body that are not as the contract    |
|              |                               | says                                              |
| other        | the rest                      | what it takes and refuses by ideas of its own:    |
|              |                               | listed                                            |
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from .live import Json
from .service import AUTHORIZATION
from .tools import HERE, NotRunError

_COLUMNS = ("server", "undocumented", "schema", "other")
_CODES = {
    **dict.fromkeys(("ST101", "ST102", "ST112"), "server"),
    **dict.fromkeys(("ST103", "ST104", "ST105", "ST106"), "undocumented"),
    **dict.fromkeys(("ST107", "ST108", "ST109", "ST110", "ST111"), "schema"),
}


@attrs.frozen
class Tally:
    """What one run found: counts by column, each failure as a line, and what stopped it from
    judging.
    """

    operations: int
    tested: int
    cases: int
    failures: Mapping[str, int]
    lines: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def passed(self) -> bool:
        held = sum(self.failures.get(column, 0) for column in _COLUMNS[:3])
        return not held and not self.errors and 0 < self.operations == self.tested


@attrs.frozen
class Run:
    """What is asked of schemathesis: a contract, the address of its plane (prefix included), the
    header to send, and how much.
    """

    contract: Path
    url: str
    authorization: str = attrs.field(repr=False)
    seed: int
    examples: int


def judge(run: Run, scratch: Path) -> Tally:
    """Runs schemathesis on one contract; raises NotRunError where it is not installed, or gives no
    report.
    """
    if importlib.util.find_spec("schemathesis") is None:
        raise NotRunError("schemathesis is not installed; run it by nox -s judge -- --fuzz URL")
    scratch.mkdir(parents=True, exist_ok=True)
    plane = run.contract.parent.name
    report = (scratch / f"{plane}-{run.contract.stem}.json").resolve()
    report.unlink(missing_ok=True)
    # not on the command line: others may read that
    settings = (scratch / "schemathesis.toml").resolve()
    settings.write_text(f'[headers]\nAuthorization = "${{{AUTHORIZATION}}}"\n')
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(settings),
        "run",
        str(run.contract.resolve()),
    ]
    command += [
        "--url",
        run.url,
        "--seed",
        str(run.seed),
        "--max-examples",
        str(run.examples),
        "--checks",
        "all",
    ]
    command += ["--no-shrink", "--no-color", "--report", "json", "--report-json-path", str(report)]
    environment = os.environ | {
        AUTHORIZATION: run.authorization,
        "SCHEMATHESIS_HOOKS": str(HERE / "fuzz_hooks.py"),
    }
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=scratch, env=environment
    )
    # each failure with its request and answer
    report.with_suffix(".txt").write_text(done.stdout + done.stderr)
    if not report.exists():
        last = next(
            (line for line in reversed((done.stderr or done.stdout).splitlines()) if line.strip()),
            "no word",
        )
        raise NotRunError(f"schemathesis gave no report on {plane}: {last}")
    return tally(json.loads(report.read_bytes()))


def tally(report: Json) -> Tally:
    """schemathesis' JSON report, counted: a failure counts once for each operation that shows
    it.
    """
    failures: Counter[str] = Counter()
    for one in report["failures"]:
        failures[_CODES.get(one["code"], "other")] += one["count"]
    lines = [f"{f['code']} {f['title']}: {', '.join(f['operations'])}" for f in report["failures"]]
    errors = [f"{error['title']} ({error['count']})" for error in report["errors"]]
    errors += [] if report["complete"] else [f"stopped early: {report['stop_reason']}"]
    operations = report["operations"]
    cases = report["test_cases"]["generated"]
    return Tally(
        operations["selected"], operations["tested"], cases, failures, tuple(lines), tuple(errors)
    )


def text(tallies: Mapping[str, Tally], seed: int, examples: int) -> str:
    width = max(map(len, [*tallies, "total"]))
    lines = [f"{'plane':{width}}  operations  tested   cases  " + "  ".join(_COLUMNS)]
    lines += [_row(f"{name:{width}}", [found]) for name, found in tallies.items()]
    lines += [_row(f"{'total':{width}}", list(tallies.values()))]
    lines += [
        f"  {name}: {line}"
        for name, found in tallies.items()
        for line in (*found.lines, *found.errors)
    ]
    passed = sum(found.passed for found in tallies.values())
    asked = f"seed {seed}, {examples} examples an operation"
    return "\n".join(
        [*lines, f"judge: schemathesis: {passed} of {len(tallies)} planes without fault, {asked}"]
    )


def _row(name: str, found: Sequence[Tally]) -> str:
    cells = "  ".join(
        f"{sum(f.failures.get(column, 0) for f in found):{len(column)}}" for column in _COLUMNS
    )
    operations, tested, cases = (
        sum(getattr(f, n) for f in found) for n in ("operations", "tested", "cases")
    )
    return f"{name}  {operations:10}  {tested:6}  {cases:6}  {cells}"


def passed(tallies: Sequence[Tally]) -> bool:
    return bool(tallies) and all(found.passed for found in tallies)

"""Both type checkers refuse a user's mistakes, and accept the code in the README."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MISTAKES = Path(__file__).parent / "mistakes.py"


def mypy(path: Path) -> set[int]:
    """The lines that mypy refuses."""
    done = _run(
        "mypy",
        "--no-error-summary",
        "--hide-error-context",
        "--no-pretty",
        "--config-file",
        "pyproject.toml",
        str(path),
    )
    return {int(m[1]) for m in re.finditer(rf"{re.escape(path.name)}:(\d+): error", done)}


def pyright(path: Path) -> set[int]:
    """The lines that pyright refuses."""
    report = json.loads(
        _run(
            "basedpyright",
            "--pythonpath",
            sys.executable,
            "--outputjson",
            "--level",
            "error",
            str(path),
        )
    )
    return {
        d["range"]["start"]["line"] + 1
        for d in report["generalDiagnostics"]
        if d["severity"] == "error"
    }


CHECKERS = pytest.mark.parametrize("check", [mypy, pyright], ids=["mypy", "pyright"])


def _run(tool: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@CHECKERS
def test_every_mistake_is_refused(check: Callable[[Path], set[int]], tmp_path: Path) -> None:
    text = MISTAKES.read_text(encoding="utf-8")
    path = tmp_path / "mistakes.py"  # elsewhere, for the place of its own is excluded
    path.write_text(text, encoding="utf-8")
    lines = dict(enumerate(text.splitlines(), 1))
    # a mark stands behind the line that it is about, or alone above it
    expected = [
        lines[n + line.strip().startswith("#")]
        for n, line in lines.items()
        if "# expect-error" in line
    ]
    assert len(expected) >= 20
    assert expected == [lines[n] for n in sorted(check(path))]


@CHECKERS
def test_the_readme_is_accepted(check: Callable[[Path], set[int]], tmp_path: Path) -> None:
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(blocks) >= 2
    body = textwrap.indent("\n".join(blocks), "    ")
    path = tmp_path / "readme.py"
    path.write_text(f"async def readme() -> None:\n{body}", encoding="utf-8")
    assert set() == check(path)

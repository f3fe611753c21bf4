"""The example project, tested as its owner would: by pytest in a process of its own, with the
packages of this checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = ROOT / "examples" / "test_project"
SOURCES = [str(ROOT / name) for name in ("auth_plugin", "runtime", "generator", "generated")]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Only the plug-in is loaded, by its name: whether or not it is installed in this
    environment.
    """
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("PURVIEW_", "AZURE_", "PYTEST_"))
    }
    env = {**kept, "PYTHONPATH": os.pathsep.join(SOURCES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "purview_testing.pytest_plugin.plugin",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    return subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=120
    )


def test_its_tests_pass() -> None:
    done = run()
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "9 passed" in done.stdout.splitlines()[-1]


def test_it_records_and_replays(tmp_path: Path) -> None:
    chosen = ("-k", "registered_once or run_to_their_end or an_account or only_lakes")
    # with =, or pytest takes it for the root of the tests
    folder = (f"--purview-recordings={tmp_path}",)
    for mode in (["--purview-record"], ["--purview-mode", "replay"]):
        done = run(*chosen, *folder, *mode)
        assert 0 == done.returncode, done.stdout + done.stderr
        assert "4 passed" in done.stdout.splitlines()[-1]
    assert 4 == len(list(tmp_path.rglob("*.jsonl")))


@pytest.mark.parametrize("missing", ["PURVIEW_ACCOUNT"])
def test_live_mode_is_refused(missing: str) -> None:
    done = run("--purview-mode", "live", "--purview-live-account", "contoso")
    assert int(pytest.ExitCode.USAGE_ERROR) == done.returncode
    assert f"live mode is not configured: set {missing}" in done.stderr

"""The quickstart example, as a person runs it: against the sandbox, and against the sandbox in the part of a real account."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from purview_auth import ServicePrincipal
from purview_testing import Sandbox

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
SOURCES = [str(ROOT / name) for name in ("auth_plugin", "runtime", "generator", "generated")]

pytest.importorskip("uvicorn", reason="serving the sandbox needs the extra testing")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    real = ("PURVIEW_", "AZURE_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(real)}
    path = os.pathsep.join(SOURCES)
    command = [sys.executable, "-W", "error", str(EXAMPLES / "quickstart.py"), *arguments]
    env = {**inherited, "PYTHONPATH": path, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def story() -> subprocess.CompletedProcess[str]:
    return run()


def test_the_story_runs_sync_and_async(story: subprocess.CompletedProcess[str]) -> None:
    assert (0, "") == (story.returncode, story.stderr)
    lines = story.stdout.splitlines()
    assert "everything as expected" == lines[-1]
    for call in (
        "scanning.data_sources.create_or_replace",
        "scanning.scans.create_or_replace",
        "scanning.data_sources.list",
        "datamap.entity.get",
        "account.accounts.get_account_properties",
        "catalog.glossary.list",
        "metadata_policies.metadata_roles.list",
        "scanning.scans.get of a missing scan",
        "scanning.credential.list without a role",
    ):
        assert 2 == sum(line.strip().startswith(f"{call} ") for line in lines), call


def test_no_secret_and_no_token_is_printed(story: subprocess.CompletedProcess[str]) -> None:
    printed = story.stdout + story.stderr
    assert [] == [word for word in ("invented+secret", "sandbox.data", "Bearer", "eyJ") if word in printed]


def test_an_account_that_cannot_be_reached_is_a_failure() -> None:
    """A real account is named, its sign-in fails: one line says so, and nothing is written."""
    done = run(
        PURVIEW_ACCOUNT="http://127.0.0.1:9",
        AZURE_TENANT_ID="11111111-2222-3333-4444-555555555555",
        AZURE_CLIENT_ID="client",
        AZURE_CLIENT_SECRET="no-secret",
    )
    assert 1 == done.returncode
    assert "Traceback" not in done.stderr
    assert "no-secret" not in done.stdout + done.stderr
    assert "reading only" in done.stdout


@pytest.fixture
def quickstart(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("quickstart")


@pytest.fixture
def account(quickstart: Any) -> Iterator[Sandbox]:
    """An account that has the credential of the scan."""
    with Sandbox() as sandbox, sandbox.serve():
        sandbox.load(quickstart.SEED[:1])
        yield sandbox


@pytest.mark.parametrize("write", [False, True])
def test_against_a_real_account_nothing_is_left_behind(
    account: Sandbox, quickstart: Any, write: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sandbox in the part of a real account: without --write nothing is sent but reads."""
    before = account.app.store.kinds()
    loaded = len(account.requests)
    auth = ServicePrincipal("tenant", "client", "secret", authority=account.url, allow_insecure_localhost=True)
    transcript = quickstart.Transcript()
    target = quickstart.Target(account.url, auth, "", "quickstart-1a2b", "sandbox", local=False, write=write)
    quickstart.tell(target, transcript)
    assert [] == transcript.differences
    planes = [seen for seen in account.requests[loaded:] if seen.plane != "identity"]
    assert ({"GET", "PUT", "DELETE"} if write else {"GET"}) == {seen.method for seen in planes}
    assert before == {
        kind: n for kind, n in account.app.store.kinds().items() if kind in before or kind.startswith("/scan/")
    }
    assert [] == [seen for seen in planes if seen.departures]
    assert "quickstart-1a2b" in capsys.readouterr().out or not write

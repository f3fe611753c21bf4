"""Live mode: refusals, and a run against a sandbox on a port in the part of a real account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.unit.testing.plugged import Runs

from purview_testing import Sandbox, live

SECRET = "canary-secret-Zx9+/w=="
NEEDED = {
    "PURVIEW_ACCOUNT": "contoso",
    "AZURE_TENANT_ID": "11111111-2222-3333-4444-555555555555",
    "AZURE_CLIENT_ID": "client",
    "AZURE_CLIENT_SECRET": SECRET,
}


@pytest.fixture
def run(pytester: pytest.Pytester) -> Runs:
    return Runs(pytester)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*NEEDED, "PURVIEW_TENANT_ENDPOINT", "AZURE_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def account(environment: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox on a port, named in the environment as a real account is."""
    pytest.importorskip("uvicorn", reason="a port needs the extra testing")
    with Sandbox() as sandbox, sandbox.serve() as url:
        named = {
            **NEEDED,
            "PURVIEW_ACCOUNT": url,
            "PURVIEW_TENANT_ENDPOINT": url,
            "AZURE_AUTHORITY_HOST": url,
        }
        for name, value in named.items():
            environment.setenv(name, value)
        yield sandbox


TEST = """
@pytest.mark.purview_live
def test_it(purview_client):
    assert [] == list(purview_client("scanning").data_sources.list())
"""


@pytest.mark.parametrize("missing", NEEDED)
def test_it_refuses_where_the_environment_is_not_whole(
    run: Runs, environment: pytest.MonkeyPatch, missing: str
) -> None:
    for name in set(NEEDED) - {missing}:
        environment.setenv(name, NEEDED[name])
    outcome = run(TEST, "--purview-mode", "live", "--purview-live-account", "contoso")
    assert int(pytest.ExitCode.USAGE_ERROR) == outcome.ret
    (line,) = outcome.lines("ERROR")
    assert f"live mode is not configured: set {missing} in the environment" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "name it as PURVIEW_ACCOUNT does, with --purview-live-account NAME"),
        (
            ["--purview-live-account", "fabrikam"],
            "fabrikam is not PURVIEW_ACCOUNT, contoso; nothing was sent",
        ),
        (["--purview-live-account", "no account"], "live mode: not an endpoint: 'no account'"),
    ],
)
def test_it_refuses_an_account_that_is_not_named_twice(
    run: Runs, environment: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    for name, value in NEEDED.items():
        environment.setenv(name, value)
    outcome = run(TEST, "--purview-mode", "live", *arguments)
    assert int(pytest.ExitCode.USAGE_ERROR) == outcome.ret
    (line,) = outcome.lines("ERROR")
    assert expected in line
    assert SECRET not in outcome.text


@pytest.mark.parametrize(
    "form",
    ["contoso", "CONTOSO", "https://contoso.purview.azure.com/", "contoso.purview.azure.com"],
)
def test_an_account_may_be_named_in_any_form(form: str) -> None:
    assert "https://contoso.purview.azure.com" == live.configured(form, NEEDED)


def test_only_marked_tests_run_and_the_sandbox_is_not_there(run: Runs, account: Sandbox) -> None:
    outcome = run(
        TEST
        + """
def test_unmarked(purview_client):
    put(purview_client("scanning"), "lake")

@pytest.mark.purview_live
@pytest.mark.purview(seed=[{"method": "PUT", "path": "/scan/datasources/lake", "body": BODY}])
def test_seed(purview_client):
    pass

@pytest.mark.purview_live
def test_faults(purview_client, purview_faults):
    pass
""",
        *("-rs", "--purview-mode", "live", "--purview-live-account", account.url),
    )
    assert {"passed": 1, "skipped": 3} == outcome.counts
    for reason in (
        "not marked purview_live",
        "its seed would write",
        "purview_faults needs the sandbox",
    ):
        assert [] != outcome.lines(reason), reason
    assert ["DataSources_List"] == [s.operation for s in account.requests if s.plane == "scanning"]


def test_a_live_run_is_recorded_without_secrets_and_replays(run: Runs, account: Sandbox) -> None:
    story = """
        COLLECTION = BODY["properties"]["collection"]
        SCAN = {"kind": "AdlsGen2Msi", "properties": {"collection": COLLECTION}}

        @pytest.mark.purview_live
        def test_it(purview_client, purview_async_client):
            client = purview_client("scanning")
            put(client, "lake")
            keys = client.integration_runtimes
            node = {"integrationRuntimeName": "node"}
            client.call("IntegrationRuntimes_CreateOrReplace", node, {"kind": "SelfHosted"})
            assert keys.list_auth_keys("node").auth_key1
            purview = purview_client()
            assert [] == list(purview.unified_catalog.business_domain.enumerate())

            async def names():
                return [s.name async for s in purview_async_client("scanning").data_sources.list()]

            assert ["lake"] == asyncio.run(names())
        """
    mode = ("--purview-mode", "live", "--purview-live-account", account.url)
    outcome = run(story, *mode, "--purview-record")
    assert {"passed": 1} == outcome.counts, outcome.text
    (path,) = run.pytester.path.glob("recordings/**/*.jsonl")
    text = path.read_text() + outcome.text
    assert 5 == len(path.read_text().splitlines())
    tokens = [
        seen.request.headers.get("authorization", "none").split()[-1] for seen in account.requests
    ]
    with httpx.Client(transport=account.transport(), auth=account.auth) as client:
        url = f"{account.url}/scan/integrationruntimes/node:listAuthKeys?api-version=2023-09-01"
        keys = [v for v in client.post(url).json().values() if v]
    assert keys
    assert [] == [
        secret for secret in {*tokens, *keys, SECRET, "canary"} - {"none"} if secret in text
    ]
    assert "left-out" in path.read_text()
    number = len(account.requests)
    assert {"passed": 1} == run.again("--purview-mode", "replay").counts
    assert number == len(account.requests)


def test_a_broken_contract_is_told_in_live_mode_too(run: Runs, account: Sandbox) -> None:
    outcome = run(
        """
        @pytest.mark.purview_live
        def test_it(purview_client):
            with pytest.raises(BadRequestError):
                put(purview_client("scanning"), "lake", {**BODY, "name": "lake"})
        """,
        *("--purview-mode", "live", "--purview-live-account", account.url),
    )
    assert {"failed": 1} == outcome.counts
    assert [] != outcome.lines("body /name: expected nothing")


@pytest.mark.parametrize(
    ("arguments", "whole", "expected"),
    [
        ([], True, "--account NAME is missing"),
        (["--account"], True, "--account needs a value"),
        (["--account", "contoso"], True, "this would make calls to contoso; add --yes"),
        (
            ["--account", "contoso", "--yes"],
            False,
            "not configured: set PURVIEW_ACCOUNT, AZURE_TENANT_ID, AZURE_CLIENT_ID",
        ),
        (["--account=fabrikam", "--yes"], True, "fabrikam is not PURVIEW_ACCOUNT, contoso"),
    ],
)
def test_the_command_refuses_in_one_line(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    whole: bool,
    expected: str,
) -> None:
    for name, value in NEEDED.items() if whole else ():
        environment.setenv(name, value)
    assert 2 == live.main(arguments)
    out, err = capsys.readouterr()
    assert "" == out
    assert 1 == len(err.splitlines())
    assert expected in err
    assert SECRET not in err


def test_the_command_runs_the_tests_of_this_project(
    account: Sandbox, root: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tests/live against an account: in a process of its own, as the session does."""
    import subprocess
    import sys

    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    command = [
        sys.executable,
        "-m",
        "purview_testing.live",
        "--account",
        account.url,
        "--yes",
        "-q",
        "--record",
    ]
    folder = pytester.path / "kept"
    done = subprocess.run(
        [
            *command,
            "--recordings",
            str(folder),
            "-p",
            "no:cacheprovider",
            str(root / "tests" / "live"),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "7 passed" in done.stdout
    assert {"GET"} == {s.method for s in account.requests if s.plane != "identity"}
    assert 7 == len(list(folder.rglob("*.jsonl")))
    assert SECRET not in done.stdout + done.stderr

"""The quickstart, as a person runs it.

It runs against the sandbox, and against the sandbox in the part of a real account.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from purview_auth import ServicePrincipal
from purview_dataplane import Purview
from purview_dataplane.scanning import models
from purview_testing import Sandbox

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
SOURCES = [str(ROOT / name) for name in ("auth_plugin", "runtime", "generator", "generated")]
SCRIPTS = ("quickstart", "quickstart_async")
STORY = """\
account: the sandbox at http://127.0.0.1:PORT
  scanning.data_sources.create_or_replace      quickstart is AzureSqlDatabaseDataSource
  scanning.scans.create_or_replace             weekly is AzureSqlDatabaseCredentialScan
  datamap.entity.get                           azure_sql_table mssql://invented.example.com/sales/dbo/orders
  scanning.credential.list without a role      ForbiddenError: 403 Unauthorized: MESSAGE
                                                 HINT Data Source Administrator.
  scanning.data_sources.list                   existing-lake, quickstart, 2 on 2 pages
  account.accounts.get_account_properties      sandbox in PLACE
  catalog.glossary.list                        Business terms
  metadata_policies.metadata_roles.list        ROLES, 6 in all
  scanning.scans.get of a missing scan         NotFoundError: 404 Scans_NotFound: MESSAGE
  token requests                               1
"""

pytest.importorskip("uvicorn", reason="serving the sandbox needs the extra testing")


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    real = ("PURVIEW_", "AZURE_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(real)}
    path = os.pathsep.join(SOURCES)
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{script}.py"), *arguments]
    env = {**inherited, "PYTHONPATH": path, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_story_against_the_sandbox(script: str) -> None:
    done = run(script)
    assert (0, "") == (done.returncode, done.stderr)
    pattern = re.escape(STORY)
    for word, stands in (
        ("PORT", r"\d+"),
        ("MESSAGE", "[^\n]+"),
        ("HINT", "[^\n]+"),
        ("PLACE", r"\w+"),
    ):
        pattern = pattern.replace(word, stands)
    pattern = pattern.replace("ROLES", "[^\n]*purviewmetadatarole_builtin_data-curator[^\n]*")
    assert re.fullmatch(pattern, done.stdout), done.stdout
    printed = done.stdout + done.stderr
    secrets = ("invented+secret", "sandbox.data", "Bearer", "eyJ")
    assert [] == [word for word in secrets if word in printed]


def test_a_first_script_is_short() -> None:
    assert 80 >= len((EXAMPLES / "quickstart.py").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_account_that_cannot_be_reached_is_a_failure(script: str) -> None:
    """A real account is named, its sign-in fails: one line says so."""
    done = run(
        script,
        PURVIEW_ACCOUNT="http://127.0.0.1:9",
        AZURE_TENANT_ID="11111111-2222-3333-4444-555555555555",
        AZURE_CLIENT_ID="client",
        AZURE_CLIENT_SECRET="no-secret",
    )
    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert "Traceback" not in done.stderr
    assert "no-secret" not in done.stdout + done.stderr
    assert "reading only" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_it_cannot_use_is_one_line(script: str) -> None:
    signing_in = dict.fromkeys(("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"), "x")
    argument = run(script, "--account=contoso")
    name = run(script, **signing_in, PURVIEW_ACCOUNT="bad account/!")
    for done, says in (
        (argument, "UsageError: '--account=contoso' is not read: PURVIEW_ACCOUNT names"),
        (name, "ValueError: not an endpoint: 'bad account/!'; give the account name"),
    ):
        assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
        assert done.stderr.startswith(says)


@pytest.fixture(params=SCRIPTS)
def script(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module(request.param)


def told(script: Any, name: str, auth: ServicePrincipal, table: str) -> None:
    account = importlib.import_module("quickstart_account").Account(name, auth, table)
    done = script.run(account)
    if inspect.isawaitable(done):
        asyncio.run(done)  # type: ignore[arg-type]


def test_a_real_account_is_only_read(script: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The sandbox in the part of a real account: only reads are sent, as contracts allow them."""
    with Sandbox(strict=True) as sandbox, sandbox.serve() as url:
        auth = ServicePrincipal(
            "tenant",
            "client",
            "secret",
            authority=url,
            allow_insecure_localhost=True,
        )
        told(script, url, auth, "")
        planes = [seen for seen in sandbox.requests if seen.plane != "identity"]
    assert planes
    assert {"GET"} == {seen.method for seen in planes}
    assert [] == [seen for seen in planes if seen.violations]
    assert "NotFoundError: 404" in capsys.readouterr().out


def test_what_was_written_comes_back_typed(script: Any) -> None:
    parts = importlib.import_module("quickstart_account")
    with Sandbox(page_size=1) as sandbox, sandbox.serve() as url:
        auth = parts.prepared(sandbox, url)
        guid = parts.table(sandbox)
        told(script, url, auth, guid)
        with Purview(url, auth=auth) as purview:
            source = purview.scanning.data_sources.get("quickstart")
            scan = purview.scanning.scans.get("quickstart", "weekly")
            table = purview.datamap.entity.get(guid).entity
        assert [] == [seen for seen in sandbox.requests if seen.violations]
    assert type(source) is models.AzureSqlDatabaseDataSource
    assert table is not None
    assert guid == table.guid
    match scan:
        case models.AzureSqlDatabaseCredentialScan(
            properties=models.AzureSqlDatabaseCredentialScanProperties(
                database_name="sales",
                credential=models.CredentialReference(reference_name="sales-reader"),
                created_at=made,
            )
        ):
            assert made is not None
            assert abs((datetime.now(UTC) - made).days) < 2
        case _:
            pytest.fail(repr(scan))

"""The quickstart example, as a person runs it, and the local service beneath it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
SOURCES = [str(ROOT / name) for name in ("auth_plugin", "runtime", "generator", "generated")]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    real = ("PURVIEW_", "AZURE_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(real)}
    path = os.pathsep.join(SOURCES)
    command = [sys.executable, "-W", "error", str(EXAMPLES / "quickstart.py"), *arguments]
    env = {**inherited, "PYTHONPATH": path, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_the_story_runs_sync_and_async() -> None:
    done = run()
    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
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


def test_no_secret_and_no_token_is_printed() -> None:
    done = run()
    assert [] == [word for word in ("invented+secret", "invented-") if word in done.stdout + done.stderr]


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
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import local_service

    with local_service.LocalService() as running:
        running.module = local_service
        yield running


@pytest.fixture
def http(service: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("write", [False, True])
def test_against_a_real_account_nothing_is_left_behind(
    service: Any, write: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The local service in the part of a real account: without --write nothing is sent but reads."""
    import quickstart

    from purview_auth import ServicePrincipal

    module, seen, answer = service.module, [], service.service.answer
    monkeypatch.setattr(service.service, "answer", lambda verb, *rest: (seen.append(verb), answer(verb, *rest))[1])
    auth = ServicePrincipal(
        module.TENANT, module.CLIENT_ID, module.CLIENT_SECRET, authority=service.url, allow_insecure_localhost=True
    )
    transcript = quickstart.Transcript()
    target = quickstart.Target(service.url, auth, "", "quickstart-1a2b", "root", local=False, write=write)
    quickstart.tell(target, transcript)
    assert [] == transcript.differences
    assert ({"GET", "PUT", "DELETE"} if write else {"GET"}) == set(seen)
    assert ["existing-lake"] == list(service.service.sources)
    assert {} == service.service.scans
    assert "quickstart-1a2b" in capsys.readouterr().out or not write


def form(service: Any, **changes: str) -> dict[str, str]:
    module = service.module
    known = {"client_id": module.CLIENT_ID, "client_secret": module.CLIENT_SECRET, "resource": module.RESOURCE}
    return {"grant_type": "client_credentials", **known, **changes}


def signed_in(service: Any, http: httpx.Client) -> dict[str, str]:
    answer = http.post(f"/{service.module.TENANT}/oauth2/token", data=form(service)).json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


def test_a_token_answer_has_the_v1_form(service: Any, http: httpx.Client) -> None:
    answer = http.post(f"/{service.module.TENANT}/oauth2/token", data=form(service)).json()
    names = "token_type expires_in ext_expires_in expires_on not_before resource access_token"
    assert names.split() == list(answer)
    assert [] == [k for k, v in answer.items() if not isinstance(v, str)]


def test_a_wrong_secret_is_refused(service: Any, http: httpx.Client) -> None:
    answer = http.post(f"/{service.module.TENANT}/oauth2/token", data=form(service, client_secret="wrong"))
    assert 401 == answer.status_code
    assert "invalid_client" == answer.json()["error"]
    assert answer.json()["error_description"].startswith("AADSTS7000215")


@pytest.mark.parametrize("change", [{"grant_type": "password"}, {"client_id": "other"}, {"resource": "https://other"}])
def test_an_odd_token_request_is_refused(service: Any, http: httpx.Client, change: dict[str, str]) -> None:
    answer = http.post(f"/{service.module.TENANT}/oauth2/token", data=form(service, **change))
    assert 400 == answer.status_code


def test_every_route_asks_for_the_token(service: Any, http: httpx.Client) -> None:
    paths = ["/scan/datasources?api-version=2023-09-01", "/account/?api-version=2023-10-01-preview", "/nowhere"]
    assert [401, 401, 401] == [http.get(p).status_code for p in paths]
    assert [401] == [http.get(paths[0], headers={"Authorization": "Bearer other"}).status_code]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/scan/datasources?api-version=2023-09-01", 200),
        ("/scan/datasources?api-version=2022-07-01-preview", 400),
        ("/scan/datasources", 400),
        ("/catalog/api/atlas/v2/glossary", 200),
        ("/catalog/api/atlas/v2/glossary?api-version=2023-02-01-preview", 400),
        ("/scan/datasources/none?api-version=2023-09-01", 404),
        ("/scan/credentials?api-version=2023-09-01", 403),
        ("/scan/nothing?api-version=2023-09-01", 404),
    ],
)
def test_the_api_version_is_checked(service: Any, http: httpx.Client, path: str, expected: int) -> None:
    assert expected == http.get(path, headers=signed_in(service, http)).status_code


def test_a_list_has_two_pages_once_a_source_is_registered(service: Any, http: httpx.Client) -> None:
    headers, version = signed_in(service, http), {"api-version": "2023-09-01"}
    url = "/scan/datasources/x%2Fy"
    answers = [http.put(url, params=version, headers=headers, json={"kind": "AdlsGen2"}) for _ in range(2)]
    assert [201, 200] == [a.status_code for a in answers]
    first = http.get("/scan/datasources", params=version, headers=headers).json()
    second = http.get(first["nextLink"], headers=headers).json()
    assert ["existing-lake", "x/y"] == [s["name"] for page in (first, second) for s in page["value"]]
    assert "nextLink" not in second


def test_a_scan_must_fit_its_source(service: Any, http: httpx.Client) -> None:
    headers, version = signed_in(service, http), {"api-version": "2023-09-01"}
    url = "/scan/datasources/existing-lake/scans/weekly"
    kinds = ["AdlsGen2Msi", "AzureSqlDatabaseCredential"]
    answers = [http.put(url, params=version, headers=headers, json={"kind": kind}) for kind in kinds]
    assert [201, 400] == [a.status_code for a in answers]
    assert "InvalidKind" == answers[1].json()["error"]["code"]

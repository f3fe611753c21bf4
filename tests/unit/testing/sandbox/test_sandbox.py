"""The sandbox as an HTTP service: errors, tokens, faults, control routes, records, state."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.testing.sandbox.clients import client_of

from purview_testing import Fault, Sandbox, UsageError
from purview_testing.__main__ import _parser, main
from purview_testing.sandbox.faults import KINDS

ROOT = Path(__file__).parent.parent.parent.parent.parent
LIST = "/scan/datasources?api-version=2023-09-01"
SOURCE = {"kind": "AzureSqlDatabase", "properties": {"serverEndpoint": "x"}}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with client_of(sandbox) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/scan/datasourcez?api-version=2023-09-01", None, 404, "/scan/datasources"),
        ("DELETE", LIST, None, 405, "GET"),
        ("GET", "/scan/datasources", None, 400, "api-version"),
        ("GET", "/scan/datasources?api-version=2000-01-01", None, 400, "2023-09-01"),
        ("GET", f"{LIST}&noSuch=1", None, 400, "noSuch"),
        ("GET", "/scan/datasources/lake?api-version=2023-09-01", None, 404, "lake"),
        ("PUT", "/scan/datasources/lake?api-version=2023-09-01", {"properties": {}}, 400, "/kind"),
        (
            "PUT",
            "/scan/datasources/lake?api-version=2023-09-01",
            {**SOURCE, "properties": 1},
            400,
            "/properties",
        ),
        ("PUT", "/scan/datasources/l?api-version=2023-09-01", SOURCE, 400, "dataSourceName"),
        ("GET", "/datamap/api/atlas/v2/entity/guid/g", None, 404, "ATLAS-404-00-005"),
        ("GET", "/datamap/api/nowhere", None, 404, "RequestUriNotFound"),
    ],
)
def test_an_error_names_what_is_wrong(
    http: httpx.Client, method: str, path: str, body: Any, status: int, said: str
) -> None:
    response = http.request(method, path, json=body)
    assert status == response.status_code
    assert said in response.text
    value = response.json()
    if path.startswith("/datamap"):
        assert {"requestId", "errorCode", "errorMessage"} == set(value)
    else:
        assert "error" in value
    assert status != 405 or response.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("options", "status"), [({}, 201), ({"strict": True}, 400)], ids=["default", "strict"]
)
def test_an_enum_takes_any_text_unless_strict(options: dict[str, Any], status: int) -> None:
    """The service does so, too, since it knows kinds before its documents do.

    A sandbox in a program and one on the command line have the same default.
    """
    with (
        Sandbox(["scanning"], **options) as sandbox,
        client_of(sandbox) as http,
    ):
        answer = http.put(
            "/scan/datasources/lake?api-version=2023-09-01", json={"kind": "NoSuchKind"}
        )
        assert status == answer.status_code
        assert status == 201 or "/kind" in answer.text
    flags = ["serve", *(["--strict"] if options else [])]
    assert _parser().parse_args(flags).strict is sandbox.app.settings.strict


def test_a_body_that_is_not_json_is_refused(http: httpx.Client) -> None:
    path = "/scan/datasources/lake?api-version=2023-09-01"
    assert 415 == http.put(path, content=b"{}", headers={"content-type": "text/plain"}).status_code
    headers = {"content-type": "application/json"}
    assert 400 == http.put(path, content=b"{", headers=headers).status_code


def test_a_call_needs_a_token_that_is_still_good(sandbox: Sandbox) -> None:
    with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url) as http:
        assert "Unauthenticated" == http.get(LIST).json()["error"]["code"]
        form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
        v1 = http.post(
            "/tenant/oauth2/token", data={**form, "resource": "https://purview.azure.net"}
        ).json()
        scope = "https://purview.azure.net/.default"
        v2 = http.post("/tenant/oauth2/v2.0/token", data={**form, "scope": scope}).json()
        for token in (v1, v2):
            headers = {"Authorization": f"Bearer {token['access_token']}"}
            assert 200 == http.get(LIST, headers=headers).status_code
        sandbox.expire_tokens()
        assert 401 == http.get(LIST, headers=headers).status_code
        refused = http.post("/tenant/oauth2/token", data=form).json()
        assert "'resource'" in refused["error_description"]


EXPECTED: dict[str, Any] = {
    **dict.fromkeys(KINDS, 200),
    "throttled": 429,
    "unavailable": 503,
    "server-error": 500,
    "unauthorized": 200,
    "forbidden": 403,
    "html-page": 502,
    "redirect": 307,
    "truncated": httpx.RemoteProtocolError,
    "broken-chunk": httpx.RemoteProtocolError,
    "reset": httpx.ReadError,
}


def outcome(client: httpx.Client) -> Any:
    try:
        return client.get(LIST).status_code
    except httpx.TransportError as error:
        return type(error)


@contextlib.contextmanager
def on_a_port(sandbox: Sandbox) -> Iterator[httpx.Client]:
    pytest.importorskip(
        "uvicorn", reason="uvicorn is not installed: pip install purview-dataplane[testing]"
    )
    with sandbox.serve() as url, httpx.Client(auth=sandbox.auth, base_url=url, timeout=5) as client:
        yield client


@pytest.mark.parametrize("way", [client_of, on_a_port], ids=["in process", "on a port"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_hits_one_call(sandbox: Sandbox, kind: str, way: Any) -> None:
    with way(sandbox) as client:
        fault = sandbox.faults.add(Fault(kind, plane="scanning", delay=0.001))
        assert [EXPECTED[kind], 200] == [outcome(client), outcome(client)]
    assert fault.used == (0 if kind.startswith("operation-") else 1)


def test_a_fault_hits_the_calls_that_it_is_meant_for(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.faults.add(Fault("server-error", operation="DataSources_List", nth=2, count=2))
    assert [200, 500, 500, 200] == [outcome(http) for _ in range(4)]
    sandbox.faults.clear()
    sandbox.faults.add(Fault("server-error", count=None, probability=0.5, seed=1))
    first = [outcome(http) for _ in range(20)]
    sandbox.faults.clear()
    sandbox.faults.add(Fault("server-error", count=None, probability=0.5, seed=1))
    assert first == [outcome(http) for _ in range(20)]
    assert {200, 500} == set(first)


@pytest.mark.parametrize(
    ("form", "header"),
    [("seconds", "retry-after"), ("date", "retry-after"), ("ms", "retry-after-ms")],
)
def test_retry_after_has_the_form_that_the_fault_names(
    sandbox: Sandbox, http: httpx.Client, form: str, header: str
) -> None:
    sandbox.faults.add(Fault("throttled", retry_after=2, form=form))
    value = http.get(LIST).headers[header]
    assert {"seconds": "2", "ms": "2000"}.get(form, value) == value
    assert form != "date" or value.endswith("GMT")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "throttle"}, "throttled"),
        ({"kind": "reset", "plane": "scaning"}, "scanning"),
        ({"kind": "reset", "x": 1}, "'x'"),
    ],
)
def test_the_error_for_a_wrong_fault_names_the_nearest_right_one(
    sandbox: Sandbox, http: httpx.Client, fault: Any, said: str
) -> None:
    response = http.post("/__sandbox/faults", json=fault)
    assert (400, True) == (response.status_code, said in response.text)


def test_control_routes_show_and_change_the_sandbox(sandbox: Sandbox, http: httpx.Client) -> None:
    http.put("/scan/datasources/lake?api-version=2023-09-01", json=SOURCE)
    assert ["lake"] == list(http.get("/__sandbox/state?kind=/scan/datasources").json()["items"])
    [seen] = http.get("/__sandbox/requests").json()["requests"]
    assert ("DataSources_CreateOrReplace", []) == (seen["operation"], seen["violations"])
    http.post("/__sandbox/faults", json={"kind": "server-error"})
    assert 500 == outcome(http)
    http.post("/__sandbox/reset")
    assert [] == http.get(LIST).json()["value"]
    assert 405 == http.get("/__sandbox/reset").status_code
    assert 404 == http.get("/__sandbox/nothing").status_code


def test_a_record_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with Sandbox(record=path, exact=True) as sandbox:
        token = sandbox.token()
        with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url) as http:
            headers = {"Authorization": f"Bearer {token}"}
            http.get(LIST, headers=headers)
            keys = http.post(
                "/account/listkeys?api-version=2023-10-01-preview", headers=headers
            ).json()
    lines = path.read_text().splitlines()
    assert ["DataSources_List", "Accounts_GetAccessKeys"] == [
        json.loads(line)["op"] for line in lines
    ]
    assert {"doc", "op", "liveRequest", "liveResponse"} == set(json.loads(lines[0]))
    assert not any(secret in path.read_text() for secret in (token, *keys.values()))


def test_a_get_is_the_same_for_the_same_request(http: httpx.Client) -> None:
    path = "/policyStore/self-service-policies?api-version=2022-12-01-preview"
    assert http.get(path).json() == http.get(path).json()


def test_a_state_in_a_file_survives(tmp_path: Path) -> None:
    for expected in ([], ["lake"]):
        with (
            Sandbox(["scanning"], state=tmp_path / "state.db") as sandbox,
            httpx.Client(
                transport=sandbox.transport(), auth=sandbox.auth, base_url=sandbox.url
            ) as http,
        ):
            assert expected == [s["name"] for s in http.get(LIST).json()["value"]]
            http.put("/scan/datasources/lake?api-version=2023-09-01", json=SOURCE)


def test_nothing_that_was_acknowledged_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    pytest.importorskip(
        "uvicorn", reason="uvicorn is not installed: pip install purview-dataplane[testing]"
    )
    state = tmp_path / "state.db"
    sources = os.pathsep.join(str(ROOT / name) for name in ("runtime", "auth_plugin"))
    options = ["--planes", "scanning", "--state", str(state)]
    command = [sys.executable, "-m", "purview_testing", "serve", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": sources}
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        acknowledged: list[str] = []
        enough = threading.Event()

        def write() -> None:
            with httpx.Client(base_url=url) as http, contextlib.suppress(httpx.TransportError):
                token = http.post("/__sandbox/token").json()["access_token"]
                http.headers["Authorization"] = f"Bearer {token}"
                for i in itertools.count():
                    path = f"/scan/datasources/source{i}?api-version=2023-09-01"
                    if http.put(path, json=SOURCE).status_code == 201:
                        acknowledged.append(f"source{i}")
                    if len(acknowledged) == 40:
                        enough.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert enough.wait(30)
        process.send_signal(signal.SIGKILL)  # while the next one is being written
        writer.join()
    with Sandbox(["scanning"], state=state) as sandbox:
        kept = {row.key for row in sandbox.app.store.page("/scan/datasources", 100_000)}
    assert len(acknowledged) >= 40
    assert set() == set(acknowledged) - kept


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--planes", "scaning"], "scanning"),
        (["serve", "--planes", "scanning@2023"], "2023-09-01"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--faults", "/nowhere/f.json"], "/nowhere/f.json"),
        (["serve", "--state", "/nowhere/s.db"], "/nowhere/s.db"),
        (["serve", "--record", "/nowhere/r"], "/nowhere/r"),
        (["serve", "--page-size", "0"], "page_size"),
        ([], "--help"),
    ],
)
def test_the_command_answers_bad_input_with_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(arguments)
    error = capsys.readouterr().err
    assert (1, True) == (len(error.splitlines()), said in error)


def test_seed_data_is_loaded_up_to_a_call_that_is_refused(sandbox: Sandbox) -> None:
    call = {
        "method": "PUT",
        "path": "/scan/datasources/lake?api-version=2023-09-01",
        "body": SOURCE,
    }
    assert 1 == sandbox.load([call])
    with pytest.raises(UsageError, match="call 1.*404"):
        sandbox.load([{"method": "GET", "path": "/nowhere"}])

"""The judges' command: what is missing is said, and is never a pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.judge import command, fuzz, service, tools
from tests.judge.prism import prepared

from purview_core.manifest import Manifest

Json = dict[str, Any]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = command.main(arguments)
    return code, capsys.readouterr().err


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = (6, "judge: not run: no node on PATH; install Node 20 or later\n")
    assert expected == ran(capsys, "--plane", "pds", "--build", str(tmp_path))


def test_no_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "node", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, said = ran(capsys, "--plane", "pds", "--mirror", str(tmp_path / "none"))
    assert (6, 1) == (code, said.count("\n"))
    assert said.startswith("judge: not run: pds 2023-01-01 is not in ")
    assert said.endswith("; run nox -s fetch, or name a mirror with --mirror\n")


def test_a_document_that_is_not_the_locked_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "node", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    document = tmp_path / Manifest.load(command.SPECS).plane("pds").default.location
    document.parent.mkdir(parents=True)
    document.write_text("{}")
    code, said = ran(capsys, "--plane", "pds", "--mirror", str(tmp_path))
    assert 3 == code
    assert said.startswith("judge: pds 2023-01-01 is not what upstream.lock names: expected ")


def test_an_unknown_plane(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ran(capsys, "--plane", "scaning")
    assert (2, "judge: unknown plane 'scaning'; did you mean scanning?\n") == (code, said)


def test_npm_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "node", "exit 0")
    program(tmp_path, "npm", "echo 'npm error no network' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        tools.NotRunError,
        match="npm ci failed: npm error no network; is the npm registry reachable?",
    ):
        tools.installed(tmp_path / "build")
    assert not (tmp_path / "build" / "installed").exists()


def test_packages_are_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "node", "exit 0")
    program(tmp_path, "npm", f'echo "$@" >> {tmp_path}/calls')
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        assert tmp_path / "build" == tools.installed(tmp_path / "build")
    flags = "--ignore-scripts --no-audit --no-fund --loglevel=error"
    assert f"ci --prefix {tmp_path}/build {flags}\n" == (tmp_path / "calls").read_text()
    (tmp_path / "build" / "installed").write_text("an older lock file")
    tools.installed(tmp_path / "build")
    assert 2 == (tmp_path / "calls").read_text().count("\n")


def test_versions_are_pinned_and_name_no_host() -> None:
    package = json.loads((tools.HERE / "package.json").read_bytes())
    lock = json.loads((tools.HERE / "package-lock.json").read_bytes())
    assert package["dependencies"] == {
        name: lock["packages"][f"node_modules/{name}"]["version"]
        for name in package["dependencies"]
    }
    assert [] == [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert [] == [
        name for name, entry in lock["packages"].items() if name and "integrity" not in entry
    ]


def test_a_service_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ran(capsys, "--plane", "pds", "--fuzz", "http://127.0.0.1:1")
    assert (4, 1) == (code, said.count("\n"))
    assert said.startswith("judge: cannot reach http://127.0.0.1:1: ")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(200, json={"access_token": "t"}), "Bearer t"),
        (httpx.Response(404, json={"error": {}}), "Bearer judge"),
        (httpx.Response(200, text="welcome"), "Bearer judge"),
    ],
)
def test_a_token_of_the_service(
    response: httpx.Response, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(service.AUTHORIZATION, raising=False)
    found = service.authorization("http://127.0.0.1:1", httpx.MockTransport(lambda _: response))
    assert expected == found
    monkeypatch.setenv(service.AUTHORIZATION, "Bearer other")
    assert "Bearer other" == service.authorization(
        "http://127.0.0.1:1", httpx.MockTransport(lambda _: response)
    )


def test_schemathesis_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(tools.NotRunError, match="schemathesis is not installed; run it by nox"):
        fuzz.judge(
            fuzz.Run(tmp_path / "pds" / "1.json", "http://127.0.0.1:1", "Bearer canary", 1, 1),
            tmp_path,
        )
    assert "canary" not in repr(fuzz.Run(tmp_path, "http://127.0.0.1:1", "Bearer canary", 1, 1))


def failed(code: str, count: int) -> Json:
    return {"code": code, "title": code, "count": count, "operations": ["GET /a"] * count}


@pytest.mark.parametrize(
    ("change", "expected", "passed"),
    [
        ({}, {}, True),
        ({"failures": [failed("ST101", 2), failed("ST108", 1)]}, {"server": 2, "schema": 1}, False),
        ({"failures": [failed("ST103", 1), failed("ST105", 1)]}, {"undocumented": 2}, False),
        ({"failures": [failed("ST204", 9)]}, {"other": 9}, True),
        ({"errors": [{"title": "Network Error", "count": 3}]}, {}, False),
        ({"operations": {"selected": 3, "tested": 2}}, {}, False),
        ({"operations": {"selected": 0, "tested": 0}}, {}, False),
        ({"complete": False, "stop_reason": "max_time"}, {}, False),
    ],
)
def test_what_schemathesis_found(change: Json, expected: dict[str, int], passed: bool) -> None:
    report = {
        "operations": {"selected": 3, "tested": 3},
        "test_cases": {"generated": 30},
        "failures": [],
        "errors": [],
        "complete": True,
        "stop_reason": None,
    }
    found = fuzz.tally(report | change)
    assert (expected, passed, passed) == (found.failures, found.passed, fuzz.passed([found]))
    assert f"{int(passed)} of 1 planes without fault" in fuzz.text({"pds": found}, 1, 5)


def test_nothing_fuzzed_is_no_pass() -> None:
    assert not fuzz.passed([])


def test_what_is_beside_a_reference_survives_the_conversion_for_prism() -> None:
    document = {
        "x-ms-examples": {},
        "p": [{"$ref": "#/definitions/A", "readOnly": True}, {"$ref": "#/definitions/B"}],
    }
    expected = {
        "p": [
            {"allOf": [{"$ref": "#/definitions/A"}], "readOnly": True},
            {"$ref": "#/definitions/B"},
        ]
    }
    assert expected == prepared(document)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_the_script_for_oav_is_javascript(tmp_path: Path) -> None:
    done = tools.subprocess.run(["node", "--check", str(tools.HERE / "oav_judge.mjs")], check=False)
    assert 0 == done.returncode

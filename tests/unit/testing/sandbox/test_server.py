"""Files that `serve` is given, as other programs write them; what an error tells of a request."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from tests.unit.testing.sandbox.clients import client_of

from purview_core.command_errors import UsageError
from purview_testing import Sandbox
from purview_testing.__main__ import _list
from purview_testing.sandbox import app, server

CALLS = [{"method": "PUT", "path": "/scan/datasources/größe"}]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("option", ["--seed-data", "--faults"])
def test_a_file_in_any_unicode_encoding_is_read(tmp_path: Path, option: str, encoding: str) -> None:
    path = tmp_path / "calls.json"
    path.write_bytes(json.dumps(CALLS, ensure_ascii=False).encode(encoding))
    assert CALLS == _list(str(path), option)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe[", b"\xef\xbb\xbf", '["größe"]'.encode("latin-1"), b""]
)
def test_a_file_that_is_not_json_is_an_error_of_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calls.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"--seed-data .*calls\.json: not JSON: "):
        _list(str(path), "--seed-data")


@pytest.mark.parametrize(
    "path",
    [
        "/datamap/api/atlas/v2/entity?api-version=2023-09-01&zz=1",
        "/datamap/api/atlas/v2/entity?api-version=2000-01-01",
        "/scan/azureKeyVaults/kv?api-version=2023-09-01&zz=1",
        "/scan/azureKeyVaults/kv?zz=1",
    ],
)
def test_an_error_tells_each_violation_once(path: str) -> None:
    """An error of the Data Map has only its text, which tells all violations.

    Other errors have them in their details, and the first one in the message, too.
    """
    body = {"aa": 1, "bb": 2}
    method = "POST" if path.startswith("/datamap") else "PUT"
    with (
        Sandbox(strict=True) as sandbox,
        client_of(sandbox) as client,
    ):
        answer = client.request(method, path, json=body)
        [seen] = sandbox.requests
        assert (400, True) == (answer.status_code, len(seen.violations) > 2)
        texts = [f"expected {d.expected}, found {d.found}" for d in seen.violations]
        if method == "POST":
            assert {1} == {answer.json()["errorMessage"].count(text) for text in texts}
            return
        error = answer.json()["error"]
        assert sorted(texts) == sorted(detail["message"] for detail in error["details"])
        assert error["details"][0]["message"] in error["message"]


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("served", [False, True], ids=["in process", "on a port"])
def test_a_body_above_the_largest_size_is_refused(
    served: bool, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says so, although the end of such a body is never kept."""
    most = 300_000
    for module in (app, server):
        monkeypatch.setattr(module, "LARGEST_BODY", most)
    frame = b'{"kind":"AdlsGen2","properties":{"endpoint":"%s"}}'
    content = frame % (b"x" * (most + more - len(frame) + 2))
    headers = {"content-type": "application/json"}
    path = "/scan/datasources/lake?api-version=2023-09-01"
    with Sandbox(["scanning"]) as sandbox, sandbox.serve() as url:
        transport = None if served else sandbox.transport()
        with httpx.Client(transport=transport, auth=sandbox.auth, base_url=url) as client:
            answer = client.put(path, content=content, headers=headers)
            assert (413 if more else 201) == answer.status_code
            if more:
                assert "more than 300,000 bytes" in answer.json()["error"]["message"]
            else:
                assert most - len(frame) + 2 == len(
                    client.get(path).json()["properties"]["endpoint"]
                )

"""A plane of one's own from a small OpenAPI 3.1 document and a few lines of TOML, as
docs/updating.md has it; `__upstream__`.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from purview_codegen import cli
from purview_core.upstream import Upstream, upstream

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "updating.md"
COMMIT = "0" * 40
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Zoo", "version": "2024-01-01"},
    "servers": [{"url": "https://zoo.example.com/zoo"}],
    "paths": {
        "/animals/{name}": {
            "get": {
                "operationId": "Animals_Get",
                "parameters": [
                    {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
                    {
                        "name": "api-version",
                        "in": "query",
                        "required": True,
                        "schema": {"type": "string"},
                    },
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Animal"}}
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Animal": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "legs": {"type": ["integer", "null"]}},
            }
        }
    },
}
CALL = """
import httpx
from purview_versions.zoo.v2024_01_01 import API_VERSION, ZooClient, __upstream__, models

def answer(request):
    assert "/zoo/animals/leo?api-version=2024-01-01" == request.url.raw_path.decode(), request.url
    return httpx.Response(200, json={"name": "leo", "legs": 4})

with ZooClient("contoso", transport=httpx.MockTransport(answer)) as client:
    animal = client.animals.get("leo")
assert isinstance(animal, models.Animal) and 4 == animal.legs
u = __upstream__
assert ("me/zoo", "zoo.json", "2024-01-01") == (u.repository, u.path, u.api_version)
"""


def lay_out(folder: Path) -> list[list[str]]:
    """Writes the files that the page shows; gives the commands that it shows."""
    text = PAGE.read_text(encoding="utf-8")
    for name, toml in re.findall(r"```toml\n# mine/(\S+)\n(.*?)```", text, re.DOTALL):
        path = folder / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(toml)
    place = folder / "mine" / "mirror" / "me" / "zoo" / COMMIT / "zoo.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(DOCUMENT))
    return [
        line.split()[3:]
        for line in text.splitlines()
        if line.startswith("python -m") and "mine/specs" in line
    ]


def test_the_page_makes_a_plane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PURVIEW_CODEGEN_CACHE", str(tmp_path / "cache"))
    assert ["fetch", "normalise", "generate"] == [c[0] for c in commands]
    assert [0, 0, 0] == [cli.main(command) for command in commands]
    assert capsys.readouterr().out.endswith("generate: 1 documents, 1 operations, 0 errors\n")
    sources = [
        tmp_path / "mine" / "generated",
        *(ROOT / name for name in ("runtime", "auth_plugin")),
    ]
    code = f"import sys; sys.path[:0] = {list(map(str, sources))!r}\n{CALL}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ("", 0) == (done.stderr, done.returncode)


def test_a_plane_tells_its_document() -> None:
    import purview_dataplane.pds as plane

    entry = json.loads((ROOT / "specs" / "upstream.lock").read_text())[f"pds {plane.API_VERSION}"]
    facts = {key: entry[key] for key in ("repository", "commit", "path", "sha256", "provenance")}
    assert Upstream(api_version=plane.API_VERSION, **facts) == plane.__upstream__


def test_every_plane_tells_its_document() -> None:
    planes = tomllib.loads((ROOT / "specs" / "planes.toml").read_text())["planes"]
    for name, plane in planes.items():
        (default,) = (d for d in plane["documents"] if d.get("default"))
        found = __import__(f"purview_dataplane.{plane['package']}", fromlist=["x"]).__upstream__
        expected = (default["commit"], default["path"], default["version"])
        assert expected == (found.commit, found.path, found.api_version), name
        assert len(hashlib.sha256().hexdigest()) == len(found.sha256)


def test_a_document_that_no_lock_knows() -> None:
    with pytest.raises(AttributeError, match="no upstream.lock knows 'zoo 1'"):
        upstream("zoo 1")


def test_reading_the_lock_imports_no_generator() -> None:
    code = (
        "import sys, purview_dataplane.pds as p; p.__upstream__; assert 'purview_codegen' not "
        "in sys.modules"
    )
    sources = [str(ROOT / name) for name in ("generated", "runtime", "auth_plugin", "generator")]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sources!r}\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (done.stderr, done.returncode)

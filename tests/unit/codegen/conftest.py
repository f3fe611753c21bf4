"""A specs folder of its own, with one small plane, for tests that break things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PATH = "specification/tiny/tiny.json"
SUMMARIES = (
    '[summaries]\n"Pets_Get" = "Read one pet by its name."\n"Pets_List" = "List all pets, a '
    'page at a time."\n'
)


def tiny(**more: Any) -> Json:
    """A Swagger 2.0 document with two operations."""
    version = {"name": "api-version", "in": "query", "type": "string", "required": True}
    name = {"name": "name", "in": "path", "type": "string", "required": True}
    pet = {"$ref": "#/definitions/Pet"}
    return {
        "swagger": "2.0",
        "info": {"title": "Tiny", "version": "2024-01-01"},
        "basePath": "/tiny",
        "paths": {
            "/pets": {
                "get": {
                    "operationId": "Pets_List",
                    "parameters": [version],
                    "responses": {
                        "200": {"description": "", "schema": {"$ref": "#/definitions/PetList"}}
                    },
                    "x-ms-pageable": {"nextLinkName": "nextLink"},
                }
            },
            "/pets/{name}": {
                "get": {
                    "operationId": "Pets_Get",
                    "parameters": [name, version],
                    "responses": {"200": {"description": "", "schema": pet}},
                }
            },
        },
        "definitions": {
            "Pet": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            },
            "PetList": {"type": "object", "properties": {"value": {"type": "array", "items": pet}}},
        },
        **more,
    }


@pytest.fixture
def specs(tmp_path: Path) -> Callable[[Json], Path]:
    """Makes a specs folder for a document: manifest, lock and overlay agree with it; the mirror
    beside it holds it.
    """

    def make(document: Json, operations: int = 2) -> Path:
        folder = tmp_path / "specs"
        (folder / "overlays").mkdir(parents=True, exist_ok=True)
        content = json.dumps(document).encode()
        place = tmp_path / "mirror" / "owner" / "repo" / COMMIT / PATH
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        (folder / "planes.toml").write_text(
            '[planes.tiny]\npackage = "tiny"\ntitle = "Tiny"\nsummary = "A tiny plane."\n'
            'endpoint = "account"\nroles = []\n'
            f'[[planes.tiny.documents]]\nversion = "2024-01-01"\ndefault = true\n'
            f'repository = "owner/repo"\n'
            f'commit = "{COMMIT}"\npath = "{PATH}"\n'
        )
        entry = {
            "commit": COMMIT,
            "path": PATH,
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "operations": operations,
            "definitions": 2,
            "provenance": "exact",
        }
        lock = folder / "upstream.lock"
        lock.write_text(json.dumps({"tiny 2024-01-01": lock_entry(entry)}))
        if not (folder / "overlays" / "tiny.toml").exists():
            (folder / "overlays" / "tiny.toml").write_text(SUMMARIES)
        return folder

    return make


def lock_entry(entry: Json) -> Json:
    """The entry as the lock of today spells it."""
    import attrs

    from purview_codegen.source.lock import Entry

    known = {a.name for a in attrs.fields(Entry)}
    return {
        key: value for key, value in {"repository": "owner/repo", **entry}.items() if key in known
    }

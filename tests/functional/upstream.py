"""A small upstream for tests of updates: commits in a mirror, and a tree that is made from one of
them.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from purview_codegen import cli

Json = dict[str, Any]
REPOSITORY = "owner/repo"
FOLDER = "specification/zoo/data-plane"
PETS = f"{FOLDER}/Zoo.Pets/stable/2024-01-01/pets.json"
SUMMARIES = {
    "Pets_Get": "Read one pet by its name.",
    "Pets_List": "List all pets, a page at a time.",
    "Pets_Create": "Add a pet under a name.",
}
VERSIONED = 'VERSION = "0.4.0"\n'
CHANGELOG = "# Changelog\n\n## [0.4.0] - 2024-01-01\n\n### Added\n\n- Pets.\n"


def document(version: str = "2024-01-01") -> Json:
    """A Swagger 2.0 document: three operations, a body, an enum, a discriminated base with two
    subtypes.
    """
    api_version = {"name": "api-version", "in": "query", "type": "string", "required": True}
    name = {"name": "petName", "in": "path", "type": "string", "required": True}
    pet = {"$ref": "#/definitions/Pet"}
    answer = {"200": {"description": "", "schema": pet}}
    kinds = {
        "type": "string",
        "enum": ["Cat", "Dog"],
        "x-ms-enum": {"name": "PetKind", "modelAsString": True},
    }
    return {
        "swagger": "2.0",
        "info": {"title": "Pets", "version": version},
        "basePath": "/zoo",
        "paths": {
            "/pets": {
                "get": {
                    "operationId": "Pets_List",
                    "parameters": [api_version, {"name": "kind", "in": "query", "type": "string"}],
                    "responses": {
                        "200": {"description": "", "schema": {"$ref": "#/definitions/PetList"}}
                    },
                    "x-ms-pageable": {"nextLinkName": "nextLink"},
                }
            },
            "/pets/{petName}": {
                "get": {
                    "operationId": "Pets_Get",
                    "parameters": [name, api_version],
                    "responses": answer,
                },
                "put": {
                    "operationId": "Pets_Create",
                    "parameters": [
                        name,
                        api_version,
                        {"name": "body", "in": "body", "required": True, "schema": pet},
                    ],
                    "responses": answer,
                },
            },
        },
        "definitions": {
            "Pet": {
                "type": "object",
                "discriminator": "kind",
                "required": ["kind"],
                "properties": {
                    "kind": kinds,
                    "age": {"type": "integer"},
                    "owner": {"$ref": "#/definitions/Owner"},
                },
            },
            "Cat": {
                "allOf": [pet, {"type": "object", "properties": {"lives": {"type": "integer"}}}],
                "x-ms-discriminator-value": "Cat",
            },
            "Dog": {
                "allOf": [
                    pet,
                    {
                        "type": "object",
                        "properties": {"tricks": {"type": "array", "items": {"type": "string"}}},
                    },
                ],
                "x-ms-discriminator-value": "Dog",
            },
            "Owner": {
                "type": "object",
                "properties": {"fullName": {"type": "string"}, "phone": {"type": "string"}},
            },
            "PetList": {
                "type": "object",
                "properties": {
                    "value": {"type": "array", "items": pet},
                    "nextLink": {"type": "string"},
                },
            },
        },
    }


def plants(version: str = "2024-01-01") -> Json:
    """A document that has no operation in common with the other."""
    found: Json = json.loads(
        json.dumps(document(version)).replace("Pets", "Plants").replace("/pets", "/plants")
    )
    return found


def renamed(found: Json, old: str, new: str) -> Json:
    """The document with one definition under another name."""
    text = json.dumps(found).replace(f"#/definitions/{old}", f"#/definitions/{new}")
    out: Json = json.loads(text)
    out["definitions"][new] = out["definitions"].pop(old)
    return out


class Upstream:
    """Commits of one repository, as folders of a mirror."""

    def __init__(self, folder: Path) -> None:
        self.mirror = folder / "mirror"

    def commit(self, files: dict[str, Json | bytes]) -> str:
        """Makes a commit that holds these files; its hash follows from them."""
        texts = {
            path: v if isinstance(v, bytes) else json.dumps(v, indent=1).encode()
            for path, v in files.items()
        }
        name = hashlib.sha1(repr(sorted(texts.items())).encode()).hexdigest()
        for path, text in texts.items():
            place = self.mirror / REPOSITORY / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
        return name


class Tree:
    """A checkout in small: specs, the generated tree, and the file that states the version."""

    def __init__(self, folder: Path, upstream: Upstream, commit: str, path: str = PETS) -> None:
        self.root, self.upstream, self.cache = folder / "tree", upstream, folder / "cache"
        self.specs, self.out = self.root / "specs", self.root / "generated"
        (self.specs / "overlays").mkdir(parents=True)
        (self.specs / "planes.toml").write_text(
            "# The planes.\n\n"
            '[planes.pets]\npackage = "pets"\ntitle = "Pets"\nsummary = "Pets."\nendpoint '
            '= "account"\nroles = []\n\n'
            f'[[planes.pets.documents]]\nversion = "2024-01-01"\ndefault = true\n'
            f'repository = "{REPOSITORY}"\n'
            f'commit = "{commit}"\npath = "{path}"\n'
        )
        lines = "".join(f'"{oid}" = "{text}"\n' for oid, text in SUMMARIES.items())
        (self.specs / "overlays" / "pets.toml").write_text(f"[summaries]\n{lines}")
        (self.root / "CHANGELOG.md").write_text(CHANGELOG)
        self.version = self.root / "runtime" / "purview_core" / "version.py"
        self.version.parent.mkdir(parents=True)
        self.version.write_text(VERSIONED)
        where = ("--mirror", str(upstream.mirror), "--cache", str(self.cache))
        for command in (
            ("fetch", "--update-lock", *where),
            ("normalise", *where),
            ("generate", "--out", str(self.out)),
        ):
            code = cli.main([command[0], "--specs", str(self.specs), *command[1:]])
            assert code == 0, command

    def arguments(self, to: str, *more: str) -> list[str]:
        """Those of an update from the mirror; a source in `more` stands in its stead."""
        source = (
            ()
            if {"--offline", "--base-url"} & set(more)
            else ("--mirror", str(self.upstream.mirror))
        )
        places = ("--specs", str(self.specs), "--out", str(self.out), "--cache", str(self.cache))
        return ["update", "--to", to, *places, *source, *more]

    def update(self, to: str, *more: str) -> int:
        return cli.main(self.arguments(to, *more))

    def files(self) -> dict[str, bytes]:
        """Everything in the tree, as a snapshot."""
        return {
            p.relative_to(self.root).as_posix(): p.read_bytes()
            for p in sorted(self.root.rglob("*"))
            if p.is_file() and "__pycache__" not in p.parts
        }

    def copy(self, folder: Path) -> Tree:
        """The same tree at another place."""
        other = copy.copy(self)
        other.root = folder
        other.specs, other.out = folder / "specs", folder / "generated"
        other.version = folder / self.version.relative_to(self.root)
        shutil.copytree(self.root, folder)
        return other

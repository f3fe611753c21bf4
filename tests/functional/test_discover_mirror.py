"""Every document of the mirror is taken or left out; what is taken out of the manifest is told, and
comes back with the lines told; folders that are renamed in a copy are followed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import cli
from purview_core.manifest import Manifest

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
MIRROR = ROOT.parent / "shared" / "upstream"
COMMIT = "f" * 40
CLASSIC = "73e33d06b7f3c08b11717374837332cfc5f96a5d"

pytestmark = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="no mirror of upstream beside the checkout"
)


def discovered(
    specs: Path, mirror: Path, tmp_path: Path, *more: str, to: str = "all", code: int = 0
) -> Json:
    path = tmp_path / "found.json"
    where = ("--specs", str(specs), "--mirror", str(mirror), "--cache", str(tmp_path / "cache"))
    assert code == cli.main(["discover", "--to", to, "--json", str(path), *where, *more])
    found: Json = json.loads(path.read_text())
    return found


def test_the_whole_mirror_is_taken_or_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = discovered(SPECS, MIRROR, tmp_path, "--check")
    documents = {
        p.relative_to(MIRROR).as_posix()
        for p in MIRROR.rglob("*.json")
        if "examples" not in p.parts and p.is_file()
    }
    told = {f"{d['repository']}/{d['commit']}/{d['path']}" for d in found["documents"]}
    assert documents == told
    totals = found["totals"]
    assert (len(documents), 0) == (totals["found"], totals["unknown"])
    assert totals["found"] == totals["taken"] + totals["left_out"]
    pinned = [d for d in found["documents"] if d["why"] == "as it is taken"]
    assert {d.location for d in Manifest.load(SPECS).documents} == {
        f"{d['repository']}/{d['commit']}/{d['path']}" for d in pinned
    }
    reasons = {d["path"]: d["why"] for d in found["documents"] if d["status"] == "left out"}
    assert 2 == len(reasons) == totals["left_out"]
    assert all(reasons.values())
    out = capsys.readouterr().out
    assert out.endswith(
        f"discover: {totals['found']} found, {totals['taken']} taken, 2 left out, 0 unknown\n"
    )


def test_another_state_is_the_same_document(tmp_path: Path) -> None:
    """Commits of a pull request and of a fork, where only ids, hosts or a few paths differ from
    what is taken.
    """
    found = discovered(SPECS, MIRROR, tmp_path)
    states = Counter(
        f"{d['plane']} {d['version']}"
        for d in found["documents"]
        if d["why"].startswith("another state of it")
    )
    assert (3, 2, 1) == (
        states["unified_catalog 2025-09-15-preview"] + states["unified_catalog 2026-03-20-preview"],
        states["data_access 2023-10-01-preview"],
        states["data_estate_health 2024-02-01-preview"],
    )


def without(plane: str, tmp_path: Path, *rules: str) -> Path:
    """A copy of the specs that knows nothing of a plane; left_out entries stay, but for those whose
    text has one of `rules`.
    """
    specs = tmp_path / "tree" / "specs"
    shutil.copytree(SPECS, specs)
    sections = re.split(r"(?m)^(?=\[)", (specs / "planes.toml").read_text())
    kept = [
        s
        for s in sections
        if not re.match(rf"\[+planes\.{plane}[.\]]", s) and not any(r in s for r in rules)
    ]
    (specs / "planes.toml").write_text("".join(kept))
    shutil.rmtree(specs / "contracts" / plane)
    (specs / "overlays" / f"{plane}.toml").unlink()
    for name in ("upstream.lock", "names.lock"):
        entries = json.loads((specs / name).read_text())
        left = {key: value for key, value in entries.items() if not key.startswith(f"{plane} ")}
        (specs / name).write_text(json.dumps(left))
    return specs


def test_a_missing_plane_is_told_and_its_lines_bring_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = without("data_quality", tmp_path)
    found = discovered(specs, MIRROR, tmp_path, "--check", code=1)
    assert (
        "no plane of planes.toml takes specification/purviewdatagovernace/"
        in capsys.readouterr().err
    )
    unknown = [d for d in found["documents"] if d["status"] == "unknown"]
    assert [
        ("2025-09-01-preview", "PurviewDataQuality", 35),
        ("2026-01-12-preview", "PurviewDataQuality", 60),
    ] == sorted((d["version"], d["title"], d["operations"]) for d in unknown)
    place = specs / "planes.toml"
    place.write_text(f"{place.read_text()}\n{found['lines']}")
    plane = Manifest.load(specs).plane("data_quality")
    ours = Manifest.load(SPECS).plane("data_quality")
    assert ("data_quality", "DataQuality", "tenant") == (plane.package, plane.title, plane.endpoint)
    assert ours.documents == plane.documents
    where = ("--specs", str(specs), "--plane", "data_quality")
    source = ("--mirror", str(MIRROR), "--cache", str(tmp_path / "cache"))
    assert 0 == cli.main(["fetch", "--update-lock", *where, *source])
    assert 5 == cli.main(["normalise", *where, *source])
    assert "normalise --draft-summaries" in capsys.readouterr().err
    assert 0 == cli.main(["normalise", "--draft-summaries", *where, *source])
    assert (
        "overlays/data_quality.toml: 60 summaries drafted; say what the operations do"
        in capsys.readouterr().out
    )
    assert 0 == cli.main(["generate", *where, "--out", str(tmp_path / "out")])
    assert "generate: 1 documents, 60 operations, 0 errors" in capsys.readouterr().out
    client = tmp_path / "out" / "purview_dataplane" / "data_quality" / "__init__.py"
    assert "DataQualityClient" in client.read_text()
    assert 0 == discovered(specs, MIRROR, tmp_path, "--check")["totals"]["unknown"]


@pytest.mark.parametrize("plane", ["devops_policies", "pds", "unified_catalog", "share"])
def test_any_plane_that_is_missing_is_told(tmp_path: Path, plane: str) -> None:
    """Its documents alone, at every commit that has them, and in lines that the manifest can
    read.
    """
    specs = without(plane, tmp_path)
    found = discovered(specs, MIRROR, tmp_path, "--check", code=1)
    paths = {d.path for d in Manifest.load(SPECS).plane(plane).documents}
    assert paths == {d["path"] for d in found["documents"] if d["status"] == "unknown"}
    (specs / "planes.toml").write_text(f"{(specs / 'planes.toml').read_text()}\n{found['lines']}")
    (mine,) = {p.name for p in Manifest.load(specs).planes} - {
        p.name for p in Manifest.load(SPECS).planes if p.name != plane
    }
    ours = {d.version for d in Manifest.load(SPECS).plane(plane).documents}
    assert ours == {d.version for d in Manifest.load(specs).plane(mine).documents}


FOLDERS = {
    "lower case": lambda name: name.lower(),
    "the short names": lambda name: name.rpartition(".")[2].lower(),
    "misspelt": lambda name: name.replace("Analytics", "Analaytics").replace("Purview", "Pureview"),
    "numbers": lambda name: f"service{sum(map(ord, name))}",
    "two planes swapped": lambda name: {
        "Azure.Analytics.Purview.Catalog": "Azure.Analytics.Purview.DataMap"
    }.get(
        name, {"Azure.Analytics.Purview.DataMap": "Azure.Analytics.Purview.Catalog"}.get(name, name)
    ),
    "two more swapped": lambda name: {
        "Azure.Analytics.Purview.PDS": "Azure.Analytics.Purview.Share"
    }.get(name, {"Azure.Analytics.Purview.Share": "Azure.Analytics.Purview.PDS"}.get(name, name)),
}


def renamed(tmp_path: Path, kind: str, files: str) -> dict[str, str]:
    """A mirror of one commit that has all classic documents in folders of other names; returns old
    path -> new path.
    """
    old = MIRROR / "Azure" / "azure-rest-api-specs" / CLASSIC
    new = tmp_path / "mirror" / "Azure" / "azure-rest-api-specs" / COMMIT
    where = {}
    for path in sorted((old / "specification").rglob("*.json")):
        parts = list(path.relative_to(old).parts)
        if "examples" in parts:
            continue
        parts[3] = FOLDERS[kind](parts[3])
        parts[-1] = parts[-1] if files == "as they were" else "openapi.json"
        place = new.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        where[path.relative_to(old).as_posix()] = place.relative_to(new).as_posix()
    assert 24 == len(where) == len(set(where.values()))
    return where


@pytest.mark.parametrize("cached", [True, False], ids=["bytes at hand", "contracts alone"])
@pytest.mark.parametrize("files", ["as they were", "all of one name"])
@pytest.mark.parametrize("kind", FOLDERS)
def test_renamed_folders_are_followed(
    tmp_path: Path, kind: str, files: str, *, cached: bool
) -> None:
    """None of the documents is lost or mistaken, whether their old bytes can be compared or not."""
    where = renamed(tmp_path, kind, files)
    if cached:
        classic = f"Azure/azure-rest-api-specs/{CLASSIC}/specification"
        shutil.copytree(MIRROR / classic, tmp_path / "cache" / classic)
    found = discovered(SPECS, tmp_path / "mirror", tmp_path, "--check", to=COMMIT)
    wanted = {
        (d.plane, d.version): where[d.path]
        for d in Manifest.load(SPECS).documents
        if d.path in where
    }
    assert wanted == {(d["plane"], d["version"]): d["path"] for d in found["documents"]}
    assert {"found": 24, "taken": 24, "left_out": 0, "unknown": 0} == found["totals"]


@pytest.mark.parametrize(("kind", "plane"), [("two more swapped", "pds"), ("misspelt", "workflow")])
def test_an_update_follows_them(tmp_path: Path, kind: str, plane: str) -> None:
    where = renamed(tmp_path, kind, "all of one name")
    specs, report = tmp_path / "tree" / "specs", tmp_path / "report.json"
    shutil.copytree(SPECS, specs)
    places = ("--specs", str(specs), "--out", str(tmp_path / "tree" / "generated"), "--only", plane)
    command = ["update", "--dry-run", "--to", COMMIT, *places, "--json", str(report)]
    assert 0 == cli.main(
        [*command, "--mirror", str(tmp_path / "mirror"), "--cache", str(tmp_path / "cache")]
    )
    steps = {(s["plane"], s["version"]): s for s in json.loads(report.read_text())["documents"]}
    ours = {
        (d.plane, d.version): where[d.path] for d in Manifest.load(SPECS).plane(plane).documents
    }
    assert {(*key, "moved", path) for key, path in ours.items()} == {
        (*key, s["status"], s["new"].split("/", 3)[3]) for key, s in steps.items() if key in ours
    }
    assert {"kept"} == {s["status"] for key, s in steps.items() if key not in ours}

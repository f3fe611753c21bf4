"""`discover` and what updates say of documents that no plane takes, over small trees: a mirror, a
GitHub in small, a kept listing.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import cli
from purview_codegen.source.listing import blob_id

from .host import Host
from .upstream import REPOSITORY, Json, Tree, Upstream, document

HOME = "specification/purview/data-plane"
PETS = f"{HOME}/Azure.Analytics.Purview.Pets/stable/2024-01-01/pets.json"
COWS = (
    "specification/purviewgovernace/data-plane/Azure.Analaytics.Purview.Cows/"
    "preview/2026-01-01-preview/purviewCows.json"
)
OTHER = "specification/other/data-plane/Other/stable/2025-01-01/other.json"
MANAGED = "specification/purview/resource-manager/Microsoft.Purview/stable/2021-07-01/purview.json"


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path)


@pytest.fixture
def tree(tmp_path: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> Tree:
    made = Tree(tmp_path, upstream, upstream.commit({PETS: document()}), PETS)
    capsys.readouterr()
    return made


@pytest.fixture
def host(upstream: Upstream) -> Iterator[Host]:
    made = Host(upstream.mirror)
    yield made
    made.server.shutdown()
    made.server.server_close()


def cows(version: str = "2026-01-01-preview", count: int = 2) -> Json:
    answer = {"204": {"description": ""}}
    at = {"name": "api-version", "in": "query", "type": "string", "required": True}
    return {
        "swagger": "2.0",
        "info": {"title": "PurviewCows", "version": version},
        "x-ms-parameterized-host": {
            "hostTemplate": "{endpoint}/cows",
            "useSchemePrefix": False,
            "parameters": [],
        },
        "paths": {
            f"/cows/{n}": {
                "get": {"operationId": f"Cows_Milk{n}", "parameters": [at], "responses": answer}
            }
            for n in range(count)
        },
        "definitions": {},
    }


def arguments(tree: Tree, to: str, *more: str) -> list[str]:
    source = (
        ()
        if {"--offline", "--base-url", "--mirror"} & set(more)
        else ("--mirror", str(tree.upstream.mirror))
    )
    return [
        "discover",
        "--to",
        to,
        "--specs",
        str(tree.specs),
        "--cache",
        str(tree.cache),
        *source,
        *more,
    ]


def discovered(tree: Tree, to: str, *more: str, code: int = 0) -> Json:
    path = tree.root.parent / "found.json"
    assert code == cli.main([*arguments(tree, to, *more), "--json", str(path)])
    found: Json = json.loads(path.read_text())
    return found


def over(host: Host) -> tuple[str, ...]:
    return ("--base-url", host.url, "--api-url", host.url)


def told(found: Json, status: str = "unknown") -> list[str]:
    return [d["path"] for d in found["documents"] if d["status"] == status]


def test_what_no_plane_takes_is_told_with_the_lines_that_take_it(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: document(), COWS: cows(), OTHER: cows(), MANAGED: cows()})
    assert 0 == cli.main(arguments(tree, to))
    out = capsys.readouterr().out
    assert (
        f"{REPOSITORY} {to[:10]} {COWS}\n    2026-01-01-preview, PurviewCows, 2 operations\n" in out
    )
    # OTHER names Purview in its title
    assert out.endswith("discover: 3 found, 1 taken, 0 left out, 2 unknown\n")
    assert 1 == cli.main(arguments(tree, to, "--check"))
    says = f"no plane of planes.toml takes {OTHER} and 1 more; take it or leave it out there"
    assert f"purview_codegen discover: {says}\n" == capsys.readouterr().err


def test_json_alone_on_stdout(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: document(), COWS: cows()})
    assert 1 == cli.main(arguments(tree, to, "--json", "-", "--check"))
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert ({"found": 2, "taken": 1, "left_out": 0, "unknown": 1}, 1) == (
        found["totals"],
        err.count("\n"),
    )
    assert [f"{REPOSITORY}@{to}"] == found["commits"]


def test_the_lines_make_the_plane(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pasted, fetched, normalised with drafts, generated; then nothing is unknown any more, and an
    update sees nothing new.
    """
    twin = COWS.replace("2026-01-01-preview", "2025-01-01-preview")
    newer = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit(
        {
            PETS: document(),
            newer: document("2025-01-01"),
            COWS: cows(),
            twin: cows("2025-01-01-preview", 1),
        }
    )
    found = discovered(tree, to, "--check", code=1)
    assert sorted([COWS, twin, newer]) == sorted(told(found))
    place = tree.specs / "planes.toml"
    place.write_text(f"{place.read_text()}\n{found['lines']}")
    planes = tomllib.loads(place.read_text())["planes"]
    assert ["2024-01-01", "2025-01-01"] == [d["version"] for d in planes["pets"]["documents"]]
    assert [("2025-01-01-preview", False), ("2026-01-01-preview", True)] == [
        (d["version"], d.get("default", False)) for d in planes["cows"]["documents"]
    ]
    where = ("--specs", str(tree.specs))
    source = ("--mirror", str(upstream.mirror), "--cache", str(tree.cache))
    assert 0 == cli.main(["fetch", "--update-lock", *where, *source])
    assert 0 == cli.main(["normalise", "--draft-summaries", *where, *source])
    assert 0 == cli.main(["generate", *where, "--out", str(tree.out)])
    assert "def milk1(self)" in (tree.out / "purview_dataplane/cows/operations/cows.py").read_text()
    assert '"Cows_Milk1" = "Milk1 (Cows)."' in (tree.specs / "overlays/cows.toml").read_text()
    assert 0 == discovered(tree, to, "--check")["totals"]["unknown"]
    before = (tree.specs / "overlays/cows.toml").read_bytes()
    # drafts what is lacking, once
    assert 0 == cli.main(["normalise", "--draft-summaries", *where, *source])
    assert before == (tree.specs / "overlays/cows.toml").read_bytes()
    capsys.readouterr()


def test_a_twin_is_told_with_lines_that_leave_it_out(tree: Tree, upstream: Upstream) -> None:
    twin = f"{HOME}/Pets.Old/stable/2024-01-01/old.json"
    other = document() | {"host": "old.example.com"}
    to = upstream.commit({PETS: document(), twin: other})
    found = discovered(tree, to, "--check", code=1)
    assert (["pets 2024-01-01 is made from another document"], "") == (
        [d["why"] for d in found["documents"] if d["status"] == "unknown"],
        found["lines"],
    )
    place = tree.specs / "planes.toml"
    place.write_text(f"{place.read_text()}\n{found['instead'].replace('Say why.', 'An old copy.')}")
    after = discovered(tree, to, "--check")
    assert ([twin], ["An old copy."]) == (
        told(after, "left out"),
        [d["why"] for d in after["documents"] if d["status"] == "left out"],
    )


def test_entries_that_leave_out_stay_where_an_update_writes(tree: Tree, upstream: Upstream) -> None:
    place = tree.specs / "planes.toml"
    rule = (
        f'\n# Not ours.\n[[left_out]]\nrepository = "{REPOSITORY}"\npath = "{COWS}"\nreason = '
        f'"Cows [are] no pets."\n'
    )
    place.write_text(f"{place.read_text()}{rule}")
    newer = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit({PETS: document(), newer: document("2025-01-01"), COWS: cows()})
    assert 0 == tree.update(to)
    data = tomllib.loads(place.read_text())
    assert [{"repository": REPOSITORY, "path": COWS, "reason": "Cows [are] no pets."}] == data[
        "left_out"
    ]
    assert "# Not ours." in place.read_text()
    assert ["2024-01-01", "2025-01-01"] == [
        d["version"] for d in data["planes"]["pets"]["documents"]
    ]
    before = tree.files()
    assert 0 == tree.update(to)
    assert before == tree.files()


def test_all_commits_of_a_mirror_and_its_forks(tree: Tree, upstream: Upstream) -> None:
    """Other states and forks of a taken document are that one; what is unknown is told at each
    commit, and its lines once.
    """
    state = document()
    state["definitions"]["Owner"]["properties"]["email"] = {"type": "string"}
    first = upstream.commit({PETS: state, COWS: cows(count=2)})
    upstream.commit({COWS: cows(count=3)})
    fork = upstream.mirror / "someone" / "repo"
    shutil.copytree(upstream.mirror / REPOSITORY / first, fork / ("a" * 40))
    shutil.copytree(
        upstream.mirror / REPOSITORY / first, upstream.mirror / "someone" / "else" / ("b" * 40)
    )
    (upstream.mirror / "someone" / "else" / ("b" * 40) / PETS).unlink()
    found = discovered(tree, "all", "--check", code=1)
    assert {"found": 7, "taken": 3, "left_out": 0, "unknown": 4} == found["totals"]
    assert 5 == len(found["commits"])
    (cow,) = tomllib.loads(found["lines"])["planes"]["cows"]["documents"]
    assert (COWS, 3) == (
        cow["path"],
        len(
            json.loads((upstream.mirror / REPOSITORY / cow["commit"] / COWS).read_bytes())["paths"]
        ),
    )


def readme(*names: str) -> bytes:
    tags = "".join(
        f"``` yaml $(tag) == 'package-{n}'\ninput-file:\n  - {name}\n```\n\n"
        for n, name in enumerate(names)
    )
    return f"# Pets\n\n``` yaml\ntag: package-0\n```\n\n{tags}".encode()


V1, V2 = "stable/2024-01-01/pets.json", "stable/2025-01-01/pets.json"
BESIDE = f"{HOME}/Azure.Analytics.Purview.Pets/readme.md"
WITHIN = "Azure.Analytics.Purview.Pets"


@pytest.mark.parametrize(
    ("place", "listed", "proposed", "warned"),
    [
        (BESIDE, (V1,), [], 0),
        (BESIDE, (V1, V2), ["default@pets/2025-01-01"], 0),
        (BESIDE, (V2,), ["default@pets/2025-01-01"], 1),
        (f"{HOME}/README.md", (f"{WITHIN}/{V1}",), [], 0),
        (f"{HOME}/readme.md", (f"Old.Name/{V1}",), [], 0),
        (BESIDE, (), ["default@pets/2025-01-01"], 0),
        (f"{HOME}/Purview.Others/readme.md", (V1,), ["default@pets/2025-01-01"], 0),
    ],
)
def test_only_what_a_readme_lists_is_proposed(
    tree: Tree,
    upstream: Upstream,
    place: str,
    listed: tuple[str, ...],
    proposed: list[str],
    warned: int,
) -> None:
    newer = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit({PETS: document(), newer: document("2025-01-01"), place: readme(*listed)})
    report = tree.root.parent / "report.json"
    assert 0 == tree.update(to, "--dry-run", "--json", str(report))
    got = json.loads(report.read_text())
    assert proposed == got["proposals"]
    said = (
        f"pets takes 2024-01-01 by default, which is under no tag of {place}; it lists 2025-01-01."
    )
    assert [said] * warned == [n for n in got["notes"] if "by default" in n]
    assert [said] * warned == discovered(tree, to)["warnings"]


def test_any_version_of_the_plane_can_be_accepted_as_default(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that is not proposed, back again, and never twice; what was accepted last is what is
    remembered.
    """
    early = f"{HOME}/Azure.Analytics.Purview.Pets/preview/2023-01-01-preview/pets.json"
    to = upstream.commit({PETS: document(), early: document("2023-01-01-preview")})
    assert 0 == tree.update(to)
    assert "Proposed default" not in capsys.readouterr().out
    for version in ("2023-01-01-preview", "2024-01-01"):
        assert 0 == tree.update(to, "--accept", f"default@pets/{version}")
        out = capsys.readouterr().out
        assert f"another api-version by default: pets/{version}" in out
        documents = tomllib.loads((tree.specs / "planes.toml").read_text())["planes"]["pets"][
            "documents"
        ]
        assert [version] == [d["version"] for d in documents if d.get("default")]
        before = tree.files()
        assert 0 == tree.update(to)
        assert before == tree.files()
        capsys.readouterr()
    assert {to: ["default@pets/2024-01-01"]} == json.loads(
        (tree.specs / "accepted.json").read_text()
    )
    for wrong in ("default@pets/2030-01-01", "default@pest/2024-01-01"):
        assert 2 == tree.update(to, "--accept", wrong)
        assert "fits nothing in this update" in capsys.readouterr().err


def test_added_documents_say_how_many_operations_came(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit({PETS: document(), newer: document("2025-01-01")})
    report = tree.root.parent / "report.json"
    assert 0 == tree.update(to, "--json", str(report))
    out = capsys.readouterr().out
    got = json.loads(report.read_text())
    assert (3, 0) == (
        got["totals"]["operations_in_added_documents"],
        got["totals"]["operations"]["added"],
    )
    assert "operations    0 added, 0 removed, 0 renamed; 3 came with added documents\n" in out
    assert "added with 3 operations; beside 2024-01-01: operations 0 added" in out
    assert (
        "- pets 2025-01-01: a new api-version of 3 operations"
        in (tree.root / "CHANGELOG.md").read_text()
    )


def test_the_page_of_documents_follows_an_update(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tree.root / "docs" / "documents.md"
    page.parent.mkdir()
    page.write_text("")
    source = (
        "--specs",
        str(tree.specs),
        "--cache",
        str(tree.cache),
        "--mirror",
        str(upstream.mirror),
    )
    assert 0 == cli.main(["fetch", "--update-lock", *source])
    newer = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit({PETS: document(), newer: document("2025-01-01")})
    assert 0 == tree.update(to)
    assert f"| pets | 2025-01-01 |  | 3 | {to[:10]} | `{newer}` |\n" in page.read_text()
    assert "2 documents, 6 operations; by default 1 documents, 3 operations.\n" in page.read_text()
    before = page.read_text()
    page.write_text(before.replace("| 3 |", "| 4 |"))
    where = ("--specs", str(tree.specs), "--cache", str(tree.cache), "--offline")
    newest = document()
    newest["definitions"]["Owner"]["properties"]["email"] = {"type": "string"}
    assert 0 == cli.main(["fetch", "--update-lock", *where])
    assert before == page.read_text()
    capsys.readouterr()


def test_over_rest_only_folders_that_name_purview_are_listed(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three requests that find the folders, one for each folder; of the files, only what must be
    looked into.
    """
    many = {
        f"specification/service{n}/data-plane/S/stable/2025-01-01/s.json": cows() for n in range(30)
    }
    own = "specification/PURVIEW.more/data-plane/readme.md"
    to = upstream.commit(
        {PETS: document(), COWS: cows(), MANAGED: cows(), own: b"# Words\n", **many}
    )
    host.branches["main"] = to
    found = discovered(tree, "main", "--check", *over(host), code=1)
    assert [COWS] == told(found)
    rest = [path for path in host.asked if path.startswith("/repos/")]
    raw = [path for path in host.asked if not path.startswith("/repos/")]
    assert 3 + 3 == len(rest), rest
    assert [f"/{REPOSITORY}/{to}/{COWS}"] == raw
    host.asked.clear()
    again = discovered(tree, to, "--offline", "--check", code=1)
    assert (found["documents"], []) == (again["documents"], host.asked)
    capsys.readouterr()


def test_a_listing_that_an_earlier_version_kept_is_read(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: document(), COWS: cows(), BESIDE: readme(V2)})
    discovered(tree, to, *over(host))
    place = tree.cache / REPOSITORY / to / ".listing.json"
    data = json.loads(place.read_text())
    old = {key: data[key] for key in ("repository", "commit", "whole")} | {
        "roots": ["specification/purview"]
    }
    place.write_text(
        json.dumps(old | {"files": {p: b for p, b in data["files"].items() if p.endswith(".json")}})
    )
    found = discovered(tree, to, "--offline")
    assert 1 == len(found["warnings"])
    assert found["warnings"][0].startswith(
        "The listing kept of this commit is an earlier version's: it has no readme"
    )
    assert 0 == tree.update(to, "--offline", "--dry-run")
    assert found["warnings"][0] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("to", "more", "code", "says"),
    [
        ("f" * 40, (), 4, f"lacks commit {'f' * 40} of owner/repo; it has "),
        ("all", ("--mirror", "{tmp}/nowhere"), 4, "the mirror {tmp}/nowhere is not a folder"),
        (
            "all",
            ("--mirror", "{tmp}/tree"),
            4,
            "the mirror {tmp}/tree holds no folder owner/repository/commit",
        ),
        (
            "all",
            ("--offline",),
            2,
            "--to all looks at every commit of a mirror; name one with --mirror",
        ),
        ("main", ("--offline",), 4, "what main is cannot be found out without network"),
        ("e" * 40, ("--offline",), 4, f"commit {'e' * 40} of owner/repo was never listed"),
        (
            "TO",
            ("--json", "{tmp}/nowhere/a.json"),
            2,
            "No such file or directory: {tmp}/nowhere/a.json",
        ),
        ("TO", ("--specs", "{tmp}"), 2, "no planes.toml in {tmp}; name the folder with --specs"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    tree: Tree,
    upstream: Upstream,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    to: str,
    more: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    to = upstream.commit({PETS: document()}) if to == "TO" else to
    assert code == cli.main(
        arguments(tree, to, *(option.replace("{tmp}", str(tmp_path)) for option in more))
    )
    out, err = capsys.readouterr()
    assert ("", 1, True) == (out, err.count("\n"), says.replace("{tmp}", str(tmp_path)) in err), err


def test_a_listing_that_is_cut_short_and_a_commit_that_is_not_there(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 4 == cli.main(arguments(tree, "nowhere", *over(host)))
    assert "is not there (404); check the commit or branch of --to" in capsys.readouterr().err
    host.truncated = True
    assert 3 == cli.main(arguments(tree, upstream.commit({PETS: document()}), *over(host)))
    err = capsys.readouterr().err
    assert (1, True) == (err.count("\n"), "was cut short; use --mirror" in err)


def test_a_mirror_with_an_odd_file(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: document(), f"{HOME}/a\\b.json": b"{}"})
    for command in (arguments(tree, to), arguments(tree, "all"), tree.arguments(to)):
        assert 3 == cli.main(command)
        err = capsys.readouterr().err
        assert (1, True) == (err.count("\n"), "has an odd path or hash" in err), err


def test_an_unknown_file_with_other_bytes_than_listed(
    tree: Tree, upstream: Upstream, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: document(), COWS: cows()})
    host.spoilt[f"/{REPOSITORY}/{to}/{COWS}"] = b"{}"
    assert 3 == cli.main(arguments(tree, to, *over(host)))
    err = capsys.readouterr().err
    assert (1, True) == (err.count("\n"), f"found {blob_id(b'{}')}; nothing kept" in err), err
    assert not (tree.cache / REPOSITORY / to / COWS).exists()


def test_files_that_are_no_documents_are_told(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    odd: dict[str, Any] = {
        f"{HOME}/Odd/broken.json": b"{",
        f"{HOME}/Odd/document.yaml": b"openapi: 3.0.0\n",
        f"{HOME}/Odd/package.json": {"name": "odd"},
        f"{HOME}/Odd/main.tsp": b"model A {}\n",
    }
    to = upstream.commit({PETS: document(), **odd})
    found = discovered(tree, to, "--check", code=1)
    assert [f"{HOME}/Odd/{name}" for name in ("broken.json", "document.yaml", "main.tsp")] == told(
        found
    )
    assert ([f"{HOME}/Odd/package.json"], "") == (told(found, "no document"), found["lines"])
    rules = tomllib.loads(found["instead"])["left_out"]
    assert told(found) == sorted(rule["path"] for rule in rules)
    out, err = capsys.readouterr()
    assert ("JSON that is no OpenAPI document" in out, 1) == (True, err.count("\n"))
    (tree.specs / "planes.toml").write_text(
        (tree.specs / "planes.toml").read_text() + "\n" + found["instead"]
    )
    assert 0 == discovered(tree, to, "--check")["totals"]["unknown"]


def test_an_update_tells_what_no_plane_takes(tree: Tree, upstream: Upstream) -> None:
    report = tree.root.parent / "report.json"
    to = upstream.commit({PETS: document(), COWS: cows()})
    assert 0 == tree.update(to, "--dry-run", "--json", str(report))
    assert [f"No plane of planes.toml takes {COWS}."] == json.loads(report.read_text())["notes"]

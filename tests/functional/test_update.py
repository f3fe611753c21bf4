"""Updates from commit to commit over a small mirror: what is found, what is written, what is
refused.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import build, cli

from .upstream import (
    CHANGELOG,
    FOLDER,
    PETS,
    VERSIONED,
    Json,
    Tree,
    Upstream,
    document,
    plants,
    renamed,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path)


@pytest.fixture
def tree(tmp_path: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> Tree:
    made = Tree(tmp_path, upstream, upstream.commit({PETS: document()}))
    capsys.readouterr()
    return made


def with_member(**members: Json) -> Json:
    found = document()
    found["definitions"]["Owner"]["properties"] |= members
    return found


def report(tree: Tree, to: str, *more: str, tmp_path: Path) -> Json:
    path = tmp_path / "report.json"
    assert tree.update(to, "--json", str(path), *more) == 0
    found: Json = json.loads(path.read_text())
    return found


def test_a_new_member_moves_everything_together(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert tree.update(to) == 0
    out = capsys.readouterr().out
    assert (
        "CHANGED UNDER THE SAME API-VERSION: pets 2024-01-01.** Wire changes to act on: none."
        in out
    )
    assert out.endswith("update: 1 documents, 3 operations, 0 errors\n")
    (entry,) = json.loads((tree.specs / "upstream.lock").read_text()).values()
    (pinned,) = tomllib.loads((tree.specs / "planes.toml").read_text())["planes"]["pets"][
        "documents"
    ]
    contract = json.loads((tree.specs / "contracts/pets/2024-01-01.json").read_text())
    models = (tree.out / "purview_dataplane/pets/models/pet.py").read_text()
    assert (to, to) == (entry["commit"], pinned["commit"])
    assert {"fullName", "phone", "email"} == set(
        contract["components"]["schemas"]["Owner"]["properties"]
    )
    assert "email: str | None = None" in models
    assert (tree.specs / "planes.toml").read_text().startswith("# The planes.\n")
    assert 'VERSION = "0.5.0"\n' == tree.version.read_text()
    line = f"- pets 2024-01-01: 1 minor change, under the same api-version (upstream {to[:10]}).\n"
    expected = CHANGELOG.replace(
        "## [0.4.0]",
        f"## [Unreleased]\n\n### Changed\n\n{line}\n## [0.4.0]",
    )
    assert expected == (tree.root / "CHANGELOG.md").read_text()
    assert [] == list(tree.root.glob(".purview*"))


def test_a_second_run_changes_nothing(tree: Tree, upstream: Upstream) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert tree.update(to) == 0
    before = tree.files()
    assert tree.update(to) == 0
    assert before == tree.files()


def test_two_updates_share_an_unreleased_version(tree: Tree, upstream: Upstream) -> None:
    assert tree.update(upstream.commit({PETS: with_member(email={"type": "string"})})) == 0
    assert (
        tree.update(
            upstream.commit({PETS: with_member(email={"type": "string"}, fax={"type": "string"})})
        )
        == 0
    )
    text = (tree.root / "CHANGELOG.md").read_text()
    assert (1, 1, 2) == tuple(
        map(text.count, ("## [Unreleased]", "### Changed", "- pets 2024-01-01")),
    )
    assert 'VERSION = "0.5.0"\n' == tree.version.read_text()


def test_prose_alone_moves_the_pin_and_says_so(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    found = document()
    found["info"]["description"] = "Words."
    contract = (tree.specs / "contracts/pets/2024-01-01.json").read_bytes()
    got = report(tree, upstream.commit({PETS: found}), tmp_path=tmp_path)
    assert ["prose"] == [d["status"] for d in got["documents"]]
    assert ("patch", []) == (got["totals"]["bump"], got["totals"]["rewritten"])
    assert contract == (tree.specs / "contracts/pets/2024-01-01.json").read_bytes()
    assert 'VERSION = "0.4.1"\n' == tree.version.read_text()


def test_a_renamed_folder_and_a_new_version(tree: Tree, upstream: Upstream, tmp_path: Path) -> None:
    newer = document("2025-01-01")
    newer["definitions"]["Owner"]["properties"]["email"] = {"type": "string"}
    moved = f"{FOLDER}/pets/stable/2024-01-01/pets.json"
    added = f"{FOLDER}/pets/stable/2025-01-01/pets.json"
    stray = f"{FOLDER}/plants/stable/2025-01-01/plants.json"
    to = upstream.commit({moved: document(), added: newer, stray: plants("2025-01-01")})
    got = report(tree, to, tmp_path=tmp_path)
    assert {"2024-01-01": "moved", "2025-01-01": "added"} == {
        d["version"]: d["status"] for d in got["documents"]
    }
    (beside,) = [d["beside"] for d in got["documents"] if d["beside"]]
    assert ("2024-01-01", {"major": 0, "minor": 1, "patch": 0}) == (
        beside["version"],
        beside["wire"],
    )
    assert ["default@pets/2025-01-01"] == got["proposals"]
    assert [f"No plane of planes.toml takes {stray}."] == got["notes"]
    documents = tomllib.loads((tree.specs / "planes.toml").read_text())["planes"]["pets"][
        "documents"
    ]
    assert [("2024-01-01", moved, True), ("2025-01-01", added, False)] == [
        (d["version"], d["path"], d.get("default", False)) for d in documents
    ]
    assert (tree.specs / "contracts/pets/2025-01-01.json").is_file()
    assert (
        'API_VERSION = "2024-01-01"'
        in (tree.out / "purview_dataplane/pets/__init__.py").read_text()
    )


def test_a_proposed_default_is_taken_when_it_is_accepted(tree: Tree, upstream: Upstream) -> None:
    added = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit({PETS: document(), added: document("2025-01-01")})
    assert tree.update(to, "--accept", "default@pets/2025-01-01") == 0
    documents = tomllib.loads((tree.specs / "planes.toml").read_text())["planes"]["pets"][
        "documents"
    ]
    assert [("2024-01-01", False), ("2025-01-01", True)] == [
        (d["version"], d.get("default", False)) for d in documents
    ]
    assert (
        'API_VERSION = "2025-01-01"'
        in (tree.out / "purview_dataplane/pets/__init__.py").read_text()
    )


def test_a_preview_is_not_proposed_where_there_is_a_stable_version(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    added = f"{FOLDER}/Zoo.Pets/preview/2026-01-01-preview/pets.json"
    to = upstream.commit({PETS: document(), added: document("2026-01-01-preview")})
    assert [] == report(tree, to, tmp_path=tmp_path)["proposals"]


def test_renamed_things_are_paired_and_go_on_working(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    found = renamed(document(), "Owner", "Keeper")
    text = (
        json.dumps(found)
        .replace("{petName}", "{name}")
        .replace('"petName"', '"name"')
        .replace("Pets_Get", "Pets_Read")
    )
    got = report(tree, upstream.commit({PETS: json.loads(text)}), tmp_path=tmp_path)
    names = {(r["kind"], r["old"], r["new"], r["alias"]) for r in got["python_names"]}
    assert {
        ("class", "Owner", "Keeper", True),
        ("method", "pets.get", "pets.read", True),
        ("argument", "pets.read pet_name", "name", True),
        ("argument", "pets.create pet_name", "name", True),
    } == names
    assert {"added": 0, "removed": 0, "renamed": 1} == got["totals"]["operations"]
    assert {"major": 0, "minor": 0, "patch": 0} == got["totals"]["wire"]
    assert (
        '"Pets_Read" = "Read one pet by its name."'
        in (tree.specs / "overlays/pets.toml").read_text()
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:purview", "-c", OLD_NAMES],
        env=environment(tree),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (done.stderr, done.returncode)


OLD_NAMES = """
import asyncio, warnings, httpx
from purview_dataplane.pets import AsyncPetsClient, PetsClient, models
import purview_dataplane.pets as pets

def warned(act):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        value = act()
    assert [DeprecationWarning] == [w.category for w in found], found
    assert "<string>" == found[0].filename, found[0].filename
    return value

def answer(request):
    found = {"kind": "Cat", "lives": 7}
    return httpx.Response(200, json=found, headers={"x-path": request.url.path})

assert warned(lambda: models.Owner) is models.Keeper
with PetsClient("contoso", transport=httpx.MockTransport(answer)) as client:
    assert isinstance(warned(lambda: client.pets.get("tom")), models.Cat)
    assert isinstance(warned(lambda: client.pets.read(pet_name="tom")), models.Cat)
    assert isinstance(client.pets.read("tom"), models.Cat)
    body = models.Cat(lives=9)
    assert isinstance(warned(lambda: client.pets.create(pet_name="tom", body=body)), models.Cat)
    both = lambda: client.pets.read(pet_name="a", name="b")
    neither = lambda: client.pets.read(pet="a")
    for wrong in (both, neither):
        try:
            wrong()
        except TypeError:
            continue
        raise AssertionError("no TypeError")

async def main():
    async with AsyncPetsClient("contoso", transport=httpx.MockTransport(answer)) as client:
        assert isinstance(await warned(lambda: client.pets.get("tom")), models.Cat)
asyncio.run(main())
try:
    models.Nobody
except AttributeError:
    pass
else:
    raise AssertionError("no AttributeError")
"""


def environment(tree: Tree, **more: str) -> dict[str, str]:
    """That of a process which imports the tree's clients and this checkout's generator."""
    sources = [
        str(tree.out),
        *(str(ROOT / name) for name in ("generator", "runtime", "auth_plugin")),
    ]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sources),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


def test_a_method_that_moves_to_another_group_goes_on_working(
    tree: Tree, upstream: Upstream
) -> None:
    text = (
        json.dumps(document())
        .replace("Pets_Get", "Animals_Read")
        .replace("Pets_List", "Animals_List")
    )
    text = text.replace("Pets_Create", "Animals_Create")
    assert tree.update(upstream.commit({PETS: json.loads(text)})) == 0
    code = """
import warnings, httpx
from purview_dataplane.pets import PetsClient, OPERATIONS
warnings.simplefilter("ignore")
answer = {"kind": "Cat", "value": []}
transport = httpx.MockTransport(lambda r: httpx.Response(200, json=answer))
with PetsClient("contoso", transport=transport) as client:
    assert "Cat" == type(client.pets.get("tom")).__name__
    assert [] == list(client.pets.list())
assert ["Animals_Create", "Animals_List", "Animals_Read"] == sorted(OPERATIONS)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tree),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (done.stderr, done.returncode)


def run(tree: Tree, code: str) -> str:
    """What a program over the tree's clients prints; it must not fail."""
    command = [sys.executable, "-W", "error::DeprecationWarning:purview", "-c", code]
    done = subprocess.run(
        command, env=environment(tree), capture_output=True, text=True, check=False
    )
    assert ("", 0) == (done.stderr, done.returncode)
    return done.stdout


OLD_TWICE = """
import warnings, httpx
from purview_dataplane.pets import PetsClient
transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"kind": "Cat"}))
warned = warnings.catch_warnings(record=True)
with PetsClient("contoso", transport=transport) as client, warned as found:
    warnings.simplefilter("always")
    client.pets.get(pet_name="tom")
assert {"<string>"} == {w.filename for w in found} and 2 == len(found), found
"""


@pytest.mark.parametrize("method", ["Pets_Read", "Animals_Read"])
def test_an_old_method_with_an_old_argument_warns_where_it_is_called(
    tree: Tree, upstream: Upstream, method: str
) -> None:
    text = json.dumps(document()).replace("{petName}", "{name}").replace('"petName"', '"name"')
    assert tree.update(upstream.commit({PETS: json.loads(text.replace("Pets_Get", method))})) == 0
    run(tree, OLD_TWICE)


def test_what_was_pickled_under_an_old_name_is_read(tree: Tree, upstream: Upstream) -> None:
    made = (
        "models.Pet.from_dict({'kind': 'Cat', 'owner': {}}), models.Owner(full_name='a'), "
        "models.PetKind.CAT"
    )
    pickled = run(
        tree,
        (
            f"import pickle\nfrom purview_dataplane.pets import models\n"
            f"print(pickle.dumps([{made}]).hex())"
        ),
    )
    to = json.loads(
        json.dumps(renamed(document(), "Owner", "Keeper")).replace("PetKind", "PetSort")
    )
    assert tree.update(upstream.commit({PETS: to})) == 0
    read = (
        f"import pickle, warnings\nwarnings.simplefilter('ignore')\n"
        f"print(pickle.loads(bytes.fromhex('{pickled.strip()}')))"
    )
    assert (
        "[Cat(owner=Keeper(), kind='Cat'), Keeper(full_name='a'), <PetSort.CAT: 'Cat'>]\n"
        == run(tree, read)
    )


def test_an_operation_may_take_the_name_of_another(tree: Tree, upstream: Upstream) -> None:
    text = (
        json.dumps(document()).replace("Pets_Get", "Pets_Read").replace("Pets_Create", "Pets_Get")
    )
    to = upstream.commit({PETS: json.loads(text)})
    assert tree.update(to, "--accept", "names.lost@pets/*") == 0
    overlay = (tree.specs / "overlays/pets.toml").read_text()
    assert '"Pets_Read" = "Read one pet by its name."' in overlay
    assert '"Pets_Get" = "Add a pet under a name."' in overlay


def test_aliases_last_for_one_minor_version(tree: Tree, upstream: Upstream) -> None:
    once = renamed(document(), "Owner", "Keeper")
    assert tree.update(upstream.commit({PETS: once})) == 0
    lock = tree.specs / "names.lock"
    assert "Keeper 0.5.0" == json.loads(lock.read_text())["pets 2024-01-01"]["renamed class Owner"]
    twice = renamed(once, "Keeper", "Guardian")
    assert tree.update(upstream.commit({PETS: twice})) == 0
    names = json.loads(lock.read_text())["pets 2024-01-01"]
    assert ("Guardian 0.5.0", "Guardian 0.5.0") == (
        names["renamed class Owner"],
        names["renamed class Keeper"],
    )
    unreleased = (tree.root / "CHANGELOG.md").read_text()
    released = unreleased.replace("[Unreleased]", "[0.5.0] - 2024-02-01")
    (tree.root / "CHANGELOG.md").write_text(released)
    twice["definitions"]["Guardian"]["properties"]["email"] = {"type": "string"}
    assert tree.update(upstream.commit({PETS: twice})) == 0
    assert 'VERSION = "0.6.0"\n' == tree.version.read_text()
    assert [] == [
        key for key in json.loads(lock.read_text())["pets 2024-01-01"] if key.startswith("renamed ")
    ]
    assert 0 == cli.main(
        ["normalise", "--specs", str(tree.specs), "--offline", "--cache", str(tree.cache)]
    )


def test_a_new_operation_gets_a_drafted_summary(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    found = document()
    found["paths"]["/pets/{petName}"]["delete"] = {
        **found["paths"]["/pets/{petName}"]["get"],
        "operationId": "Pets_DeleteForGood",
        "responses": {"204": {"description": ""}},
    }
    got = report(tree, upstream.commit({PETS: found}), tmp_path=tmp_path)
    assert ["1 summaries in overlays/pets.toml are drafts; say what the operations do."] == got[
        "notes"
    ]
    assert (
        '"Pets_DeleteForGood" = "Delete for good (Pets)."'
        in (tree.specs / "overlays/pets.toml").read_text()
    )
    assert (
        "def delete_for_good(self, pet_name: str)"
        in (tree.out / "purview_dataplane/pets/operations/pets.py").read_text()
    )


def test_dry_run_check_and_from_write_nothing(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    at = tree.upstream.commit({PETS: document()})
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    before = tree.files()
    assert 0 == tree.update(to, "--dry-run")
    assert "member.added" in capsys.readouterr().out
    assert 0 == tree.update(to, "--from", at)
    assert "member.added" in capsys.readouterr().out
    assert 1 == tree.update(to, "--check")
    says = f"purview_codegen update: behind {to}: pets 2024-01-01 (changed); run update --to {to}\n"
    assert ("", says) == capsys.readouterr()
    assert 0 == tree.update(at, "--check")
    assert before == tree.files()


def test_json_alone_on_stdout(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert 0 == tree.update(to, "--dry-run", "--json", "-")
    out, err = capsys.readouterr()
    expected = {
        "plane": "pets",
        "version": "2024-01-01",
        "kind": "member.added",
        "where": "/components/schemas/Owner/properties/email",
        "affects": "both",
        "level": "minor",
        "old": "",
        "new": "string",
    }
    assert ("", [expected]) == (err, json.loads(out)["changes"])


def test_only_one_plane(tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == tree.update(upstream.commit({PETS: document()}), "--only", "pest")
    says = "purview_codegen update: unknown plane 'pest'; did you mean pets?\n"
    assert says == capsys.readouterr().err


def test_offline_from_the_cache(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert 4 == tree.update(to, "--offline")
    assert f"commit {to} of owner/repo was never listed" in capsys.readouterr().err
    assert 0 == tree.update(to, "--dry-run")
    capsys.readouterr()
    assert 0 == tree.update(to, "--offline")
    assert "member.added" in capsys.readouterr().out


def lose_class(found: Json) -> None:
    del found["definitions"]["Pet"]["properties"]["owner"]
    del found["definitions"]["Owner"]


def clash(found: Json) -> None:
    found["paths"]["/pets"]["get"]["operationId"] = "Pets_get"


def break_reference(found: Json) -> None:
    found["definitions"]["Pet"]["properties"]["owner"] = {"$ref": "#/definitions/Nobody"}


def other_version(found: Json) -> None:
    found["info"]["version"] = "2024-02-02"


def stale_change(found: Json) -> None:
    del found["definitions"]["Owner"]["properties"]["phone"]


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (
            lose_class,
            5,
            (
                "pets 2024-01-01: class Owner is lost and 3 more; accept it with --accept "
                "names.lost@pets/2024-01-01:Owner"
            ),
        ),
        (clash, 5, "are both pets.get; name one in the overlay's [methods]"),
        (
            break_reference,
            3,
            (
                "pets 2024-01-01: $ref leads nowhere: #/definitions/Nobody: "
                "/definitions/Pet/properties/owner/$ref"
            ),
        ),
        (other_version, 3, "pets 2024-01-01: the document says 2024-02-02: /info/version"),
        (
            stale_change,
            3,
            (
                "overlay pets.toml: change at /components/schemas/Owner/properties/phone in "
                "2024-01-01 no longer applies"
            ),
        ),
    ],
)
def test_bad_documents_are_one_line_and_change_nothing(
    tree: Tree,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Json], None],
    code: int,
    says: str,
) -> None:
    overlay = tree.specs / "overlays" / "pets.toml"
    if spoil is stale_change:
        overlay.write_text(
            f'{overlay.read_text()}\n[[changes]]\nversions = ["2024-01-01"]\nat = '
            f'"/components/schemas/Owner/properties/phone"\n'
            'nullable = true\nreason = "Seen."\nlink = "https://example.com"\n'
        )
    found = document()
    spoil(found)
    before = tree.files()
    got = tree.update(upstream.commit({PETS: found}))
    err = capsys.readouterr().err
    assert (code, 1) == (got, err.count("\n")), err
    assert says in err
    assert before == tree.files()


def test_a_loss_that_is_accepted_is_remembered(tree: Tree, upstream: Upstream) -> None:
    found = document()
    lose_class(found)
    to = upstream.commit({PETS: found})
    assert 0 == tree.update(
        to, "--accept", "names.lost@pets/2024-01-01:Owner", "--accept", "names.lost@*.owner"
    )
    expected = [
        f"names.lost@pets/2024-01-01:{name}"
        for name in ("Cat.owner", "Dog.owner", "Owner", "Pet.owner")
    ]
    assert {to: expected} == json.loads((tree.specs / "accepted.json").read_text())


def test_accepting_what_is_not_there_is_a_mistake(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    before = tree.files()
    assert 2 == tree.update(to, "--accept", "names.lost@pets/2024-01-01:Wner")
    assert "fits nothing in this update" in capsys.readouterr().err
    assert before == tree.files()


def test_an_accepted_wire_change_raises_no_version(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    found = document()
    found["paths"]["/pets"]["get"]["parameters"].append(
        {"name": "top", "in": "query", "type": "integer", "required": True}
    )
    rule = "parameter.added@pets/2024-01-01:Pets_List"
    got = report(tree, upstream.commit({PETS: found}), "--accept", rule, tmp_path=tmp_path)
    assert ([rule], 1) == (got["accepted"], got["totals"]["accepted"])
    assert "patch" == got["totals"]["bump"]


@pytest.mark.parametrize(
    ("to", "code", "says"),
    [
        ("f" * 40, 4, f"lacks commit {'f' * 40} of owner/repo; it has "),
        ("main", 4, "lacks commit main of owner/repo; it has "),
    ],
)
def test_a_mirror_without_the_commit(
    tree: Tree, capsys: pytest.CaptureFixture[str], to: str, code: int, says: str
) -> None:
    before = tree.files()
    assert code == tree.update(to)
    err = capsys.readouterr().err
    assert (1, True, before) == (err.count("\n"), says in err, tree.files())


def test_a_branch_without_network(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert 4 == tree.update("main", "--offline")
    expected = "what main is cannot be found out without network; give the full hash of a commit"
    assert f"purview_codegen update: {expected}\n" == capsys.readouterr().err


def test_other_bytes_at_the_locked_commit(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    at = upstream.commit({PETS: document()})
    place = upstream.mirror / "owner" / "repo" / at / PETS
    place.write_bytes(place.read_bytes() + b"\n")
    before = tree.files()
    assert 3 == tree.update(at)
    err = capsys.readouterr().err
    assert (1, True) == (
        err.count("\n"),
        "is not what upstream.lock names at this very commit: expected sha256" in err,
    )
    assert before == tree.files()


def test_a_document_that_a_mirror_lacks_is_kept(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    to = upstream.commit({f"{FOLDER}/plants/stable/2025-01-01/plants.json": plants("2025-01-01")})
    got = report(tree, to, tmp_path=tmp_path)
    assert (["kept"], "none") == ([d["status"] for d in got["documents"]], got["totals"]["bump"])


def test_the_same_bytes_on_another_hash_seed(
    tree: Tree, upstream: Upstream, tmp_path: Path
) -> None:
    text = (
        json.dumps(renamed(document(), "Owner", "Keeper"))
        .replace("{petName}", "{name}")
        .replace('"petName"', '"name"')
    )
    to = upstream.commit({PETS: json.loads(text)})
    found: list[Any] = []
    for seed in ("1", "2"):
        other = tree.copy(tmp_path / f"seed{seed}")
        path = tmp_path / f"{seed}.json"
        command = [
            sys.executable,
            "-m",
            "purview_codegen",
            *other.arguments(to, "--json", str(path)),
        ]
        done = subprocess.run(
            command,
            env=environment(other, PYTHONHASHSEED=seed),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("", 0) == (done.stderr, done.returncode)
        found.append((other.files(), path.read_text(), done.stdout))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            ("--json", "{tmp}/nowhere/report.json"),
            "No such file or directory: {tmp}/nowhere/report.json",
        ),
        (("--markdown", "{tmp}"), "Is a directory: {tmp}"),
        (
            ("--json", "-", "--markdown", "-"),
            "--json and --markdown both go to -; name another place for one",
        ),
        (
            ("--accept", "names.lost"),
            "--accept 'names.lost' is not RULE@WHERE; the report tells the rules",
        ),
        (("--accept", ""), "--accept '' is not RULE@WHERE; the report tells the rules"),
        (
            ("--check", "--json", "-"),
            "--check makes no report; take --dry-run for --json and --markdown, and ",
        ),
        (("--check", "--from", "f" * 40), "--check makes no report"),
    ],
)
def test_what_cannot_be_told_stops_the_update(
    tree: Tree,
    upstream: Upstream,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    says: str,
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    before = tree.files()
    assert 2 == tree.update(to, *(option.replace("{tmp}", str(tmp_path)) for option in more))
    out, err = capsys.readouterr()
    assert ("", 1) == (out, err.count("\n"))
    assert says.replace("{tmp}", str(tmp_path)) in err
    assert before == tree.files()


def test_nothing_is_accepted_in_silence(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    same = upstream.commit({PETS: document()})
    rule = "names.lost@pets/2024-01-01:Owner"
    for more in ((), ("--from", same)):
        assert 2 == tree.update(same, "--accept", rule, *more)
        assert f"--accept {rule} fits nothing in this update" in capsys.readouterr().err
    found = document()
    lose_class(found)
    command = (upstream.commit({PETS: found}), "--accept", rule, "--accept", "names.lost@*.owner")
    assert 0 == tree.update(*command)
    before = tree.files()
    assert 0 == tree.update(*command)
    assert before == tree.files()


@pytest.mark.parametrize("cached", [True, False])
def test_a_proposed_default_is_taken_by_a_later_run(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str], *, cached: bool
) -> None:
    newer = document("2025-01-01")
    newer["paths"]["/pets"]["get"]["operationId"] = "Pets_ListAll"
    to = upstream.commit({PETS: document(), PETS.replace("2024-01-01", "2025-01-01"): newer})
    assert 0 == tree.update(to)
    if not cached:
        shutil.rmtree(tree.cache)
    capsys.readouterr()
    assert 0 == tree.update(to)
    assert "take it with --accept default@pets/2025-01-01" in capsys.readouterr().out
    assert 0 == tree.update(to, "--accept", "default@pets/2025-01-01")
    out = capsys.readouterr().out
    assert (
        "Suggested version bump: **major**. another api-version by default: pets/2025-01-01." in out
    )
    assert (
        'API_VERSION = "2025-01-01"'
        in (tree.out / "purview_dataplane/pets/__init__.py").read_text()
    )
    assert '"Pets_ListAll" = "List all (Pets)."' in (tree.specs / "overlays/pets.toml").read_text()
    text = (tree.root / "CHANGELOG.md").read_text()
    line = "- pets 2025-01-01: the api-version that is taken by default now.\n"
    assert f"### Changed\n\n{line}" in text
    assert "### Added\n\n- pets 2025-01-01: a new" in text
    before = tree.files()
    assert 0 == tree.update(to, "--accept", "default@pets/2025-01-01")
    assert before == tree.files()


def test_a_document_that_becomes_the_default_is_the_locked_one(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    added = PETS.replace("2024-01-01", "2025-01-01")
    to = upstream.commit({PETS: document(), added: document("2025-01-01")})
    assert 0 == tree.update(to)
    later = upstream.commit({PETS: with_member(email={"type": "string"})})
    place = tree.cache / "owner" / "repo" / to / added
    place.write_bytes(place.read_bytes().replace(b"phone", b"phony"))
    (upstream.mirror / "owner" / "repo" / to / added).write_bytes(place.read_bytes())
    before = tree.files()
    capsys.readouterr()
    assert 3 == tree.update(later, "--accept", "default@pets/2025-01-01")
    assert (
        "pets 2025-01-01 is not what upstream.lock names: expected sha256"
        in capsys.readouterr().err
    )
    assert before == tree.files()


def test_what_was_edited_by_hand_is_not_overwritten(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    module = tree.out / "purview_dataplane" / "pets" / "models" / "common.py"
    module.write_text(module.read_text() + "\n# mine\n")
    before = tree.files()
    assert 0 == tree.update(to, "--dry-run")
    capsys.readouterr()
    assert 5 == tree.update(to)
    assert (
        f"the generated tree is not what the contracts give: {module}; run generate"
        in capsys.readouterr().err
    )
    assert before == tree.files()


@pytest.mark.parametrize(
    "name",
    [
        "specs/overlays/pets.toml",
        "CHANGELOG.md",
        "generated/purview_dataplane/pets/__init__.py",
        "specs/new.md",
    ],
)
def test_what_changes_meanwhile_is_not_overwritten(
    tree: Tree,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    path, generate = tree.root / name, build.generate

    def edited(*arguments: Any, **options: Any) -> Any:
        with path.open("a") as file:
            file.write("# mine\n")
        return generate(*arguments, **options)

    monkeypatch.setattr(build, "generate", edited)
    assert 2 == tree.update(to)
    assert f"{path} changed while the update ran; run it again\n" in capsys.readouterr().err
    assert path.read_text().endswith("# mine\n")
    assert to not in (tree.specs / "planes.toml").read_text()


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"a": 1}', b"\xff\xfe"])
@pytest.mark.parametrize(
    "name",
    [
        "specs/accepted.json",
        "specs/overlays/pets.toml",
        "specs/names.lock",
        "runtime/purview_core/version.py",
        "CHANGELOG.md",
    ],
)
def test_files_of_the_tree_that_cannot_be_read(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str], name: str, text: bytes
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    (tree.root / name).write_bytes(text)
    before = tree.files()
    code = tree.update(to)
    err = capsys.readouterr().err
    if name == "CHANGELOG.md" and text != b"\xff\xfe":
        assert 0 == code  # words are words
    else:
        assert (3, 1, True, before) == (code, err.count("\n"), Path(name).name in err, tree.files())


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("Owner", "properties", "phone", "type"), 7),
        (("Owner", "properties", "phone", "type"), [1]),
        (("Owner", "properties", "phone", "type"), {"a": 1}),
        (("Pet", "required"), [None]),
        (("Pet",), {"$ref": "#/definitions/Pet"}),
    ],
)
@pytest.mark.parametrize("version", ["2024-01-01", "2025-01-01"])
def test_documents_with_something_at_an_odd_place(
    tree: Tree,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
    version: str,
    at: tuple[str, ...],
    value: Json,
) -> None:
    found = document(version)
    place = found["definitions"]
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    before = tree.files()
    code = tree.update(
        upstream.commit({PETS: document(), PETS.replace("2024-01-01", version): found})
    )
    err = capsys.readouterr().err
    assert (True, 1, before) == (code in (3, 5), err.count("\n"), tree.files()), err


def test_two_new_documents_of_one_version(
    tree: Tree, upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added, newer = PETS.replace("2024-01-01", "2025-01-01"), document("2025-01-01")
    other = added.replace("pets.json", "common.json")
    got = report(
        tree,
        upstream.commit({PETS: document(), added: newer, other: newer}),
        "--dry-run",
        tmp_path=tmp_path,
    )
    assert ["same", "added"] == [d["status"] for d in got["documents"]]
    assert [f"No plane of planes.toml takes {other}."] == got["notes"]
    before = tree.files()
    capsys.readouterr()
    twin = added.replace("Zoo.Pets", "pets")
    assert 3 == tree.update(upstream.commit({PETS: document(), added: newer, twin: newer}))
    says = (
        f"pets 2025-01-01 has two documents: {added} and {twin}; name the right one in planes.toml"
    )
    assert f"purview_codegen update: {says}\n" == capsys.readouterr().err
    assert before == tree.files()


def test_an_accepted_change_raises_the_stated_version_as_the_report_says(
    tree: Tree, upstream: Upstream
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert 0 == tree.update(to, "--accept", "member.added@*")
    assert 'VERSION = "0.4.1"\n' == tree.version.read_text()


def test_what_was_never_released_keeps_its_version(tree: Tree, upstream: Upstream) -> None:
    path = tree.root / "CHANGELOG.md"
    path.write_text(CHANGELOG.replace("[0.4.0] - 2024-01-01", "[Unreleased]"))
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert 0 == tree.update(to)
    line = f"- pets 2024-01-01: 1 minor change, under the same api-version (upstream {to[:10]}).\n"
    top = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Pets.\n\n"
    assert f"{top}### Changed\n\n{line}" == path.read_text()
    assert VERSIONED == tree.version.read_text()


def test_a_poisoned_cache_is_noticed_without_network(
    tree: Tree, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    to = upstream.commit({PETS: with_member(email={"type": "string"})})
    assert 0 == tree.update(to, "--dry-run")
    place = tree.cache / "owner" / "repo" / to / PETS
    place.write_bytes(place.read_bytes().replace(b"email", b"emall"))
    before = tree.files()
    capsys.readouterr()
    assert 3 == tree.update(to, "--offline")
    assert "is not what the listing names: expected blob" in capsys.readouterr().err
    assert before == tree.files()


def test_out_has_to_lie_beside_the_specs(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "update",
        "--to",
        "f" * 40,
        "--specs",
        str(tree.specs),
        "--out",
        str(tmp_path / "other"),
        "--offline",
    ]
    assert 2 == cli.main(command)
    assert "both change as one" in capsys.readouterr().err


@pytest.mark.parametrize("starts", [True, False])
def test_a_method_that_gives_a_poller_now_has_no_alias(
    tmp_path: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str], *, starts: bool
) -> None:
    """A poller is no value, so the old name is lost: it is asked for, and nothing stands in for it.

    The same the other way round.
    """
    polled = document()
    polled["paths"]["/pets/{petName}"]["put"]["x-ms-long-running-operation"] = True
    old, new = (document(), polled) if starts else (polled, document())
    tree = Tree(tmp_path, upstream, upstream.commit({PETS: old}))
    to, before = upstream.commit({PETS: new}), tree.files()
    gone, come = (
        ("pets.create", "pets.begin_create") if starts else ("pets.begin_create", "pets.create")
    )
    assert 5 == tree.update(to)
    assert (
        f"method {gone} is lost; accept it with --accept names.lost@pets/2024-01-01:{gone} "
        in capsys.readouterr().err
    )
    assert before == tree.files()
    assert 0 == tree.update(to, "--accept", f"names.lost@pets/2024-01-01:{gone}")
    names = json.loads((tree.specs / "names.lock").read_text())["pets 2024-01-01"]
    assert ([], come) == (
        [key for key in names if key.startswith("renamed ")],
        names["operation Pets_Create"].split()[0],
    )

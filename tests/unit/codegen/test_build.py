"""The gates between documents, contracts and packages: each ends in its exit code and one line,
with nothing half-written.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import cli

from .conftest import SUMMARIES, tiny

Json = dict[str, Any]
Make = Callable[..., Path]


def run(capsys: pytest.CaptureFixture[str], specs: Path, *arguments: str) -> tuple[int, str, str]:
    """(exit code, last line of stdout, stderr) of one command."""
    more = ["--mirror", str(specs.parent / "mirror"), "--cache", str(specs.parent / "cache")]
    code = cli.main(
        [
            *arguments,
            "--specs",
            str(specs),
            *(more if arguments[0] in ("fetch", "normalise") else []),
        ]
    )
    out, err = capsys.readouterr()
    assert err.count("\n") <= 1, err
    return code, (out.splitlines() or [""])[-1], err


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_a_document_becomes_a_package(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = specs(tiny())
    assert (0, "normalise: 1 documents, 2 operations, 0 errors", "") == run(
        capsys, folder, "normalise"
    )
    out = tmp_path / "out"
    expected = (0, "generate: 1 documents, 2 operations, 0 errors", "")
    assert expected == run(capsys, folder, "generate", "--out", str(out))
    assert (out / "purview_dataplane" / "tiny" / "models" / "common.py").is_file()
    first = tree(out)
    assert expected == run(capsys, folder, "generate", "--out", str(out))
    assert first == tree(out)
    assert expected == run(
        capsys, folder, "generate", "--out", str(out), "--plane", "tiny", "--version", "all"
    )
    assert (out / "purview_versions" / "tiny" / "v2024_01_01" / "client.py").is_file()


def test_a_lost_operation_fails_the_gate(specs: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = specs(tiny(), operations=3)
    code, _, err = run(capsys, folder, "normalise")
    assert 5 == code
    assert "the document has 3 operations, its contract 2: tiny 2024-01-01: /paths" in err
    assert not (folder / "contracts").exists()


def test_a_default_operation_needs_a_summary(
    specs: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = specs(tiny())
    (folder / "overlays" / "tiny.toml").write_text(SUMMARIES.splitlines(keepends=True)[0])
    code, _, err = run(capsys, folder, "normalise")
    assert 5 == code
    assert (
        "no summary for Pets_List: /paths/~1pets/get; write one in specs/overlays/tiny.toml, or"
        in err
    )


def test_a_stale_summary_is_an_error(specs: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = specs(tiny())
    (folder / "overlays" / "tiny.toml").write_text(SUMMARIES + '"Pets_Gone" = "x"\n')
    code, _, err = run(capsys, folder, "normalise")
    assert 3 == code
    assert "overlay tiny.toml: [summaries] names no operation any more: Pets_Gone" in err


def test_a_name_change_has_to_be_accepted(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, out = specs(tiny()), tmp_path / "out"
    run(capsys, folder, "normalise")
    run(capsys, folder, "generate", "--out", str(out))
    before = tree(out)
    changed = tiny()
    del changed["definitions"]["Pet"]["properties"]["age"]
    specs(changed)
    run(capsys, folder, "normalise")
    code, _, err = run(capsys, folder, "generate", "--out", str(out))
    assert 5 == code
    assert "/tiny 2024-01-01/model Pet of names.lock; accept it with --accept-names" in err
    assert before == tree(out)
    assert 0 == run(capsys, folder, "generate", "--out", str(out), "--accept-names")[0]
    assert before != tree(out)


def test_a_new_name_is_recorded(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, out = specs(tiny()), tmp_path / "out"
    run(capsys, folder, "normalise")
    run(capsys, folder, "generate", "--out", str(out))
    changed = tiny()
    changed["definitions"]["Pet"]["properties"]["a_new_one"] = {"type": "string"}
    specs(changed)
    run(capsys, folder, "normalise")
    assert 0 == run(capsys, folder, "generate", "--out", str(out))[0]
    assert "a_new_one" in (folder / "names.lock").read_text()


def test_a_parser_error_fails_the_gate(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = specs(tiny())
    run(capsys, folder, "normalise")
    path = folder / "contracts" / "tiny" / "2024-01-01.json"
    broken = json.loads(path.read_text())
    broken["components"]["schemas"]["Pet"]["properties"]["age"] = {"enum": ["a", 1, 2.5]}
    path.write_text(json.dumps(broken))
    code, _, err = run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    assert 5 == code
    assert "tiny" in err
    assert "parser errors" in err
    assert ": /components/schemas" in err
    assert " object at 0x" not in err
    assert not (tmp_path / "out" / "purview_dataplane").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"swagger": "2.0", "paths": {}}, "is a Swagger 2.0 document; run normalise to convert it"),
        ({"openapi": "3.1.0", "paths": {}}, "is none"),
        ([], "it has no paths"),
        (
            {"paths": {"/a": {"get": {"operationId": "A", "x": {"$ref": "#/no"}}}}},
            "$ref leads nowhere: #/no: /paths/~1a/get/x/$ref",
        ),
    ],
)
def test_what_is_no_contract(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: Any, expected: str
) -> None:
    folder = specs(tiny())
    run(capsys, folder, "normalise")
    (folder / "contracts" / "tiny" / "2024-01-01.json").write_text(json.dumps(content))
    code, _, err = run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    assert 3 == code
    assert expected in err


@pytest.mark.parametrize("names", ["[]", '{"tiny 2024-01-01": [1]}', "{"])
def test_a_names_lock_that_cannot_be_read(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path, names: str
) -> None:
    folder = specs(tiny())
    run(capsys, folder, "normalise")
    (folder / "names.lock").write_text(names)
    code, _, err = run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    assert 3 == code
    assert "names.lock cannot be read" in err


@pytest.mark.parametrize(
    "broken",
    [{"swagger": "1.2"}, {"paths": {"/a": {"get": {"operationId": "A", "responses": []}}}}],
)
def test_a_document_of_an_odd_shape(
    specs: Make, capsys: pytest.CaptureFixture[str], broken: Json
) -> None:
    code, _, err = run(
        capsys, specs(tiny(**broken), operations=1 + ("swagger" in broken)), "normalise"
    )
    assert 3 == code
    assert "has something at an odd place" in err


def test_reads_by_post_may_be_sent_again(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = specs(tiny())
    (folder / "overlays" / "tiny.toml").write_text('retry_safe = ["Pets_Get"]\n' + SUMMARIES)
    run(capsys, folder, "normalise")
    run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    text = (tmp_path / "out" / "purview_dataplane" / "tiny" / "operations" / "pets.py").read_text()
    assert 1 == text.count("retry_safe=True")
    (folder / "overlays" / "tiny.toml").write_text('retry_safe = ["Pets_Gone"]\n' + SUMMARIES)
    code, _, err = run(capsys, folder, "normalise")
    assert (3, True) == (code, "[retry_safe] names no operation any more: Pets_Gone" in err)


def test_a_folder_of_other_files_is_left_alone(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = specs(tiny())
    run(capsys, folder, "normalise")
    mine = tmp_path / "out" / "purview_dataplane" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    code, _, err = run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    assert 2 == code
    assert "holds files that were not generated; choose another folder with --out" in err
    assert {"purview_dataplane/notes.txt": b"mine"} == tree(tmp_path / "out")


def test_an_output_that_cannot_be_written(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = specs(tiny())
    run(capsys, folder, "normalise")
    (tmp_path / "file").write_text("in the way")
    code, _, err = run(capsys, folder, "generate", "--out", str(tmp_path / "file" / "out"))
    assert 2 == code
    assert "choose another folder with --out" in err


def test_a_missing_contract(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = run(capsys, specs(tiny()), "generate", "--out", str(tmp_path / "out"))
    assert 3 == code
    assert "no contract for tiny 2024-01-01" in err
    assert "run normalise" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--plane", "tinny"), "unknown plane 'tinny'; did you mean tiny?"),
        (
            ("--plane", "tiny", "--version", "2024-01-02"),
            "unknown version '2024-01-02' of tiny; did you mean 2024-01-01?",
        ),
    ],
)
def test_unknown_names_show_the_nearest(
    specs: Make,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    code, _, err = run(
        capsys, specs(tiny()), "generate", "--out", str(tmp_path / "out"), *arguments
    )
    assert 2 == code
    assert expected in err


def change(document: Json, **edit: Any) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in edit.items()]
    return (
        "\n".join(
            [SUMMARIES, "[[changes]]", 'reason = "r"', 'link = "https://example.org"', *lines]
        )
        + "\n"
    )


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            {"versions": ["2024-01-01"], "at": "/nothing", "remove": ["x"]},
            "no longer applies: nothing at /nothing",
        ),
        (
            {"versions": ["2024-01-01"], "at": "/components/schemas/Pet", "remove": ["readOnly"]},
            "no longer applies: it is so already",
        ),
        (
            {"versions": ["2023-01-01"], "at": "/info", "remove": ["x"]},
            "names no version of the plane: 2023-01-01",
        ),
        ({"versions": ["2024-01-01"], "at": "/info"}, "change 1 has no edit"),
        ({"versions": ["2024-01-01"], "at": "/info", "remov": ["x"]}, "change 1 has unknown remov"),
    ],
)
def test_overlay_changes_that_do_not_apply(
    specs: Make, capsys: pytest.CaptureFixture[str], edit: Json, expected: str
) -> None:
    folder = specs(tiny())
    (folder / "overlays" / "tiny.toml").write_text(change(tiny(), **edit))
    code, _, err = run(capsys, folder, "normalise")
    assert 3 == code
    assert expected in err
    assert not (folder / "contracts").exists()


def test_an_overlay_admits_null(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = copy.deepcopy(tiny())
    document["definitions"]["Pet"]["required"] = ["age"]
    folder = specs(document)
    text = change(
        document,
        versions=["2024-01-01"],
        at="/components/schemas/Pet/properties/age",
        nullable=True,
    )
    (folder / "overlays" / "tiny.toml").write_text(text.replace("true", "true"))
    assert 0 == run(capsys, folder, "normalise")[0]
    run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    models = (tmp_path / "out" / "purview_dataplane" / "tiny" / "models" / "common.py").read_text()
    assert "    age: int | None\n" in models


PAGING = """
[[paging]]
operations = ["Pets_List"]
facts = { token = "next", place = "body" }
reason = "r"
link = "l"
"""


def test_an_overlay_says_how_a_list_goes_on(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, out = specs(tiny()), tmp_path / "out"
    (folder / "overlays" / "tiny.toml").write_text(SUMMARIES + PAGING)
    assert 0 == run(capsys, folder, "normalise")[0]
    assert 0 == run(capsys, folder, "generate", "--out", str(out))[0]
    made = (out / "purview_dataplane" / "tiny" / "operations" / "pets.py").read_text()
    assert 'paging=_d.Paging("value", "nextLink", token="next", place="body"),' in made


@pytest.mark.parametrize(
    ("old", "new", "code", "expected"),
    [
        (
            '"Pets_List"',
            '"Pets_Gone"',
            3,
            "overlay tiny.toml: [paging] names no operation any more: Pets_Gone",
        ),
        ('reason = "r"\n', "", 3, "overlay tiny.toml: paging 1 lacks or does not know reason"),
        (
            'reason = "r"',
            'reason = "r"\nwhy = "r"',
            3,
            "overlay tiny.toml: paging 1 lacks or does not know why",
        ),
        ("token =", "tokens =", 5, "x-pageable knows no 'tokens': Pets_List: /paths/~1pets/get"),
        ("token =", 'itemName = "pets", token =', 5, "the page has no list 'pets'"),
    ],
)
def test_paging_facts_that_do_not_hold(
    old: str,
    new: str,
    code: int,
    expected: str,
    specs: Make,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = specs(tiny())
    (folder / "overlays" / "tiny.toml").write_text(SUMMARIES + PAGING.replace(old, new))
    found, _, err = run(capsys, folder, "normalise")
    if found == 0:
        found, _, err = run(capsys, folder, "generate", "--out", str(tmp_path / "out"))
    assert code == found
    assert expected in err


def test_a_write_that_is_marked_as_a_list_is_a_call(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document, out = tiny(), tmp_path / "out"
    document["paths"]["/pets"]["put"] = document["paths"]["/pets"].pop("get")
    folder = specs(document)
    assert 0 == run(capsys, folder, "normalise")[0]
    assert 0 == run(capsys, folder, "generate", "--out", str(out))[0]
    made = (out / "purview_dataplane" / "tiny" / "operations" / "pets.py").read_text()
    assert "Paging" not in made
    assert "def list(self) -> PetList:" in made

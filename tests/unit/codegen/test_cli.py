"""The command line as a process and as a call: one line on stderr, the right exit code, no
traceback.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from purview_codegen import cli, paths
from purview_codegen.errors import Counts
from purview_core import manifest

from .conftest import tiny

Json = dict[str, Any]
Make = Callable[..., Path]
ROOT = Path(__file__).parents[3]
COMMANDS = ("fetch", "normalise", "generate", "check")


def process(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    sources = [str(ROOT / folder) for folder in ("generator", "runtime", "auth_plugin")]
    return subprocess.Popen(
        [sys.executable, "-m", "purview_codegen", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), **environment},
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of one call; what argparse refuses exits by itself."""
    try:
        code: Any = cli.main([str(a) for a in arguments])
    except SystemExit as left:
        code = left.code
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the following arguments are required: command"),
        (["fly"], "invalid choice: 'fly'"),
        (["fetch", "--plain", "x"], "unrecognized arguments: --plain x"),
        (["fetch", "--offline", "--mirror", "x"], "not allowed with argument"),
        (["check", "--plane", "x"], "unrecognized arguments: --plane x"),
        (["generate", "--out"], "expected one argument"),
        (["generate", "--out", ""], "argument --out: it is empty; name a folder"),
        (["generate", "--out="], "argument --out: it is empty"),
        (["check", "--specs="], "argument --specs: it is empty"),
        (["fetch", "--cache", ""], "argument --cache: it is empty"),
        (["normalise", "--mirror="], "argument --mirror: it is empty"),
        (["update", "--to", "x", "--out="], "argument --out: it is empty"),
    ],
)
def test_usage_errors_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (2, "", 1) == (code, out, err.count("\n"))
    assert err.startswith("purview_codegen: ")
    assert says in err
    assert err.endswith(" --help\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, err = run(capsys, command, "--help")
    assert (0, "") == (code, err)
    assert out.startswith(f"usage: python -m purview_codegen {command} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_specs_folder_without_a_manifest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    more = ("--out", tmp_path / "out") if command == "generate" else ()
    says = (
        f"purview_codegen {command}: no planes.toml in {tmp_path}; name the folder with --specs\n"
    )
    assert (2, "", says) == run(capsys, command, "--specs", tmp_path, *more)


def test_versions_need_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    says = "purview_codegen generate: name the folder for the packages with --out\n"
    assert (2, "", says) == run(capsys, "generate", "--version", "all")


def test_check_needs_a_checkout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "generated", lambda: None)
    code, out, err = run(capsys, "check")
    assert (2, "", 1) == (code, out, err.count("\n"))
    assert err.startswith("purview_codegen check: check needs a checkout")


@pytest.mark.parametrize("option", ["--json", "--markdown"])
def test_a_report_without_a_name_is_not_left_out(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    code, _, err = run(
        capsys, "diff", "scanning@2023-09-01", "scanning@2022-07-01-preview", option, ""
    )
    assert (2, "purview_codegen diff: Is a directory: .\n") == (code, err)


@pytest.mark.parametrize("command", ["fetch", "normalise"])
@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (["--plane", "tyni"], "unknown plane 'tyni'; did you mean tiny?"),
        (
            ["--plane", "tiny", "--version", "2024"],
            "unknown version '2024' of tiny; did you mean 2024-01-01?",
        ),
    ],
)
def test_unknown_names(
    specs: Make, capsys: pytest.CaptureFixture[str], command: str, chosen: list[str], says: str
) -> None:
    found = run(capsys, command, "--specs", specs(tiny()), *chosen, "--offline")
    assert (2, "", f"purview_codegen {command}: {says}\n") == found


def broken(document: Json, kind: str) -> bytes:
    if kind == "duplicate":
        document["paths"]["/pets"]["get"]["operationId"] = "Pets_Get"
    if kind == "dangling":
        document["definitions"]["Pet"]["properties"]["age"] = {"$ref": "#/definitions/Age"}
    content = json.dumps(document).encode()
    return content[:-20] if kind == "truncated" else content


@pytest.mark.parametrize("command", ["fetch", "normalise"])
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (
            "duplicate",
            "operationId Pets_Get is used twice: /paths/~1pets/get and /paths/~1pets~1{name}/get",
        ),
        ("dangling", "#/definitions/Age: /definitions/Pet/properties/age/$ref"),
        ("truncated", "is broken JSON at character "),
    ],
)
def test_a_faulty_document(
    specs: Make,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
    kind: str,
    says: str,
) -> None:
    folder = specs(tiny())
    (place,) = (tmp_path / "mirror").rglob("tiny.json")
    place.write_bytes(broken(tiny(), kind))
    more = ("--mirror", tmp_path / "mirror", "--cache", tmp_path / "cache")
    code, out, err = run(capsys, command, "--specs", folder, *more)
    assert (3, "", 1) == (code, out, err.count("\n"))
    assert err.startswith(f"purview_codegen {command}: tiny 2024-01-01")
    assert says in err
    assert not (tmp_path / "cache").exists()
    assert not (folder / "contracts").exists()


def test_normalise_without_network_reads_the_cache(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    common = ("--specs", specs(tiny()), "--cache", tmp_path / "cache")
    code, _, err = run(capsys, "normalise", *common, "--offline")
    assert (4, 1) == (code, err.count("\n"))
    assert 0 == run(capsys, "fetch", *common, "--mirror", tmp_path / "mirror")[0]
    done = "normalise: 1 documents, 2 operations, 0 errors\n"
    assert (0, done, "") == run(capsys, "normalise", *common, "--offline")


def test_normalise_keeps_the_contract_of_a_document_that_the_mirror_lacks(
    specs: Make, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    common = ("--specs", specs(tiny()), "--mirror", tmp_path / "mirror", "--cache")
    assert 0 == run(capsys, "normalise", *common, tmp_path / "cache")[0]
    (contract,) = (tmp_path / "specs" / "contracts").rglob("*.json")
    before = contract.read_bytes()
    (place,) = (tmp_path / "mirror").rglob("tiny.json")
    place.unlink()
    code, out, err = run(capsys, "normalise", *common, tmp_path / "empty")
    lines = [
        "tiny 2024-01-01: not in mirror, kept",
        "normalise: 0 documents, 0 operations, 0 errors",
    ]
    assert (0, lines, "") == (code, out.splitlines(), err)
    assert before == contract.read_bytes()


def stopping(error: BaseException) -> Callable[[argparse.Namespace], Counts]:
    def stop(arguments: argparse.Namespace) -> Counts:
        raise error

    return stop


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted; nothing half-written is left"),
        (
            PermissionError(13, "Permission denied", "/some/where"),
            2,
            "Permission denied: /some/where",
        ),
        (ModuleNotFoundError("no", name="ruff"), 2, "needs ruff; install it with: pip install"),
    ],
)
def test_foreseen_stops(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    says: str,
) -> None:
    monkeypatch.setattr(cli, "_fetch", stopping(error))
    found, out, err = run(capsys, "fetch")
    assert (code, "", 1) == (found, out, err.count("\n"))
    assert err.startswith(f"purview_codegen fetch: {says}")


def test_as_a_process(tmp_path: Path) -> None:
    with process(
        "fetch", "--offline", "--plane", "pds", PURVIEW_CODEGEN_CACHE=str(tmp_path)
    ) as running:
        out, err = running.communicate()
    assert (4, "") == (running.returncode, out)
    says = [
        f"purview_codegen fetch: pds {v} is not cached in {tmp_path};"
        for v in ("2023-01-01", "2022-11-01-preview")
    ]
    assert says == [line.removesuffix(" run fetch without --offline") for line in err.splitlines()]


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error there")
def test_a_reader_that_goes_away(specs: Make, tmp_path: Path) -> None:
    folder = specs(tiny())
    common = (
        "--specs",
        str(folder),
        "--mirror",
        str(tmp_path / "mirror"),
        "--cache",
        str(tmp_path / "cache"),
    )
    with process("fetch", *common) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        err = running.stderr.read()
    assert (141, "") == (running.returncode, err)


def test_where_things_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ROOT / "specs" == paths.specs()
    assert ROOT / "generated" == paths.generated()
    monkeypatch.setenv("PURVIEW_CODEGEN_CACHE", str(tmp_path))
    assert tmp_path == paths.cache()
    monkeypatch.delenv("PURVIEW_CODEGEN_CACHE")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tmp_path / "xdg" / "purview_codegen" == paths.cache()
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert "purview_codegen" == paths.cache().name
    assert not paths.cache().is_relative_to(ROOT)


def test_an_installed_package_brings_its_specs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "purview_codegen"
    (package / "specs").mkdir(parents=True)
    monkeypatch.setattr(manifest, "_INSTALLED", tmp_path)
    monkeypatch.setattr(paths, "_HERE", package)
    assert package / "specs" == paths.specs()
    assert None is paths.generated()

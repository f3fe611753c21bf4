"""What lies in .github, and the hooks: they parse, ask for little, and name what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("ruamel.yaml", reason="reading YAML needs the extra codegen")

ROOT = Path(__file__).parent.parent.parent
GITHUB = sorted(p for p in (ROOT / ".github").rglob("*.yml") if p.is_file())
WORKFLOWS = [p for p in GITHUB if p.parent.name == "workflows"]
HOOKS = ROOT / ".pre-commit-config.yaml"
PUBLISHING = {("release.yml", "publish", "id-token")}
FOLLOWING = {("upstream.yml", "update", name) for name in ("contents", "pull-requests", "actions")}


def read(path: Path) -> Any:
    """A YAML 1.2 file, in which `on` is a name; a key that comes twice is an error."""
    return yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    each = [(path.name, read(path)["jobs"]) for path in WORKFLOWS]
    return [(file, name, job) for file, found in each for name, job in found.items()]


def steps() -> list[dict[str, Any]]:
    return [step for _, _, job in jobs() for step in job.get("steps", ())]


@pytest.mark.parametrize("path", [*GITHUB, HOOKS], ids=lambda path: path.name)
def test_it_parses(path: Path) -> None:
    assert isinstance(read(path), dict)


def test_there_are_the_three_workflows() -> None:
    assert ["ci.yml", "release.yml", "upstream.yml"] == [path.name for path in WORKFLOWS]


def test_a_job_gets_the_rights_it_needs_and_no_others() -> None:
    assert [] == [path.name for path in WORKFLOWS if read(path)["permissions"] != {}]
    assert [] == [(file, name) for file, name, job in jobs() if "permissions" not in job]
    granted = {
        (file, name, what)
        for file, name, job in jobs()
        for what in job["permissions"]
        if job["permissions"][what] == "write"
    }
    assert granted == PUBLISHING | FOLLOWING


def test_every_action_has_a_version_and_keeps_no_token() -> None:
    used = [step for step in steps() if "uses" in step]
    assert used
    versioned = re.compile(r"[\w./-]+@v\d+(\.\d+)*")
    assert [] == [step["uses"] for step in used if not versioned.fullmatch(step["uses"])]
    checkouts = [step for step in used if step["uses"].startswith("actions/checkout@")]
    assert checkouts
    kept = [step.get("with", {}).get("persist-credentials") for step in checkouts]
    assert [False] * len(checkouts) == kept


def test_every_session_that_a_workflow_or_a_hook_runs_exists() -> None:
    sessions = set(
        re.findall(
            r"(?m)^@nox\.session.*\ndef (\w+)",
            (ROOT / "noxfile.py").read_text(encoding="utf-8"),
        )
    )
    commands = [step["run"] for step in steps() if "run" in step]
    commands += [hook["entry"] for repo in read(HOOKS)["repos"] for hook in repo["hooks"]]
    called = [found for c in commands for found in re.findall(r"nox -s ((?:[a-z_]+ ?)+)", c)]
    named = {name for names in called for name in names.split()}
    assert {"lint", "typing", "drift", "tests", "workflows", "dist", "update"} == named
    assert set() == named - sessions


def test_every_python_that_is_promised_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    matrix = read(ROOT / ".github/workflows/ci.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert promised == matrix["python"]
    assert {"windows-latest", "macos-latest"} == {entry["os"] for entry in matrix["include"]}
    assert set(promised) >= {entry["python"] for entry in matrix["include"]}


def test_what_an_update_writes_is_what_the_weekly_workflow_commits() -> None:
    from purview_codegen import documents_page
    from purview_codegen.update import release

    (command,) = [step["run"] for step in steps() if "git add" in step.get("run", "")]
    added = set(re.search(r"git add (.*)", command)[1].split())  # type: ignore[index]
    assert added == {
        "specs",
        "generated",
        release.VERSIONED,
        release.CHANGELOG,
        documents_page.PAGE,
    }


def test_hooks_use_the_versions_of_the_lint_session() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    hooks = [hook for repo in read(HOOKS)["repos"] for hook in repo["hooks"]]
    pinned = {p for hook in hooks for p in hook["additional_dependencies"] if "==" in p}
    assert pinned == set(groups["lint"])

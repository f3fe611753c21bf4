"""The sessions of this project.

`nox` runs the default ones, `nox -l` lists all, `nox -s NAME -- ARGUMENTS` passes arguments on.
"""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import nox.command

nox.needs_version = ">=2026.10"  # of parallel sessions
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["tests", "lint", "typing"]
nox.options.parallel = 2  # types are checked on one core, and tests wait at times

PYPROJECT = nox.project.load_toml("pyproject.toml")
LINT = nox.project.dependency_groups(PYPROJECT, "lint")
TEST = nox.project.dependency_groups(PYPROJECT, "test")
TYPING = nox.project.dependency_groups(PYPROJECT, "typing")
WORKFLOWS = nox.project.dependency_groups(PYPROJECT, "workflows")
PROJECT = ("-e", ".[codegen,testing]")
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
GITHUB = {  # kind of file -> where they lie below .github
    "github-workflows": "workflows/*.yml",
    "dependabot": "dependabot.yml",
    "github-issue-forms": "ISSUE_TEMPLATE/[!c]*.yml",
    "github-issue-config": "ISSUE_TEMPLATE/config.yml",
}
ALL_CORES = ("--numprocesses=auto", "--dist=worksteal")


@nox.session(allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Style, formatting and spelling of all that is written by hand."""
    session.install(*LINT, env=QUIET)
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("typos")


@nox.session(allow_parallel=True)
def typing(session: nox.Session) -> None:
    """Both type checkers over all code, a user's code, and a user's mistakes."""
    session.install(*PROJECT, *TYPING, env=QUIET)
    session.run("mypy", *session.posargs)
    session.run("basedpyright", "--pythonpath", f"{session.bin}/python", *session.posargs)
    session.run("pytest", "tests/typing")


@nox.session(allow_parallel=True)
def tests(session: nox.Session) -> None:
    """Unit, functional and contract tests on all cores; arguments go to pytest."""
    session.install(*PROJECT, *TEST, env=QUIET)
    session.run("pytest", *ALL_CORES, *session.posargs)


@nox.session(default=False)
def drift(session: nox.Session) -> None:
    """Contracts, names lock and generated tree agree, which the tests look at too."""
    session.install(*PROJECT, env=QUIET)
    session.run("python", "-m", "purview_codegen", "check", *session.posargs)


@nox.session(default=False)
def contract(session: nox.Session) -> None:
    """Clients and sandbox against the contracts, L0 to L6: all, or `-- --level L4,L5`."""
    session.install(*PROJECT, *TEST, env=QUIET)
    session.run("pytest", *ALL_CORES, "-m", "level", *session.posargs)


@nox.session(default=False)
def quickstart(session: nox.Session) -> None:
    """Regenerate the clients, and make real HTTP calls against the sandbox or an account."""
    session.install(*PROJECT, env=QUIET)
    session.run("python", "-m", "purview_codegen", "generate")
    for script in ("quickstart.py", "quickstart_async.py"):
        session.run("python", f"examples/{script}")


@nox.session(default=False)
def sandbox(session: nox.Session) -> None:
    """Serve a Purview account made from the contracts on a port of this machine."""
    session.install("-e", ".[testing]", env=QUIET)
    session.run("python", "-m", "purview_testing", "serve", *session.posargs)


@nox.session(default=False)
def live(session: nox.Session) -> None:
    """Tests marked purview_live against an account, reading only: -- --account NAME --yes."""
    session.install("-e", ".[testing]", "trio", env=QUIET)
    session.run("python", "-m", "purview_testing.live", *session.posargs)


@nox.session(default=False)
def fetch(session: nox.Session) -> None:
    """Upstream documents into the cache, checked against the lock."""
    session.install(*PROJECT, env=QUIET)
    session.run("python", "-m", "purview_codegen", "fetch", *session.posargs)


@nox.session(default=False)
def normalise(session: nox.Session) -> None:
    """Fetched documents and overlays into contracts."""
    session.install(*PROJECT, env=QUIET)
    session.run("python", "-m", "purview_codegen", "normalise", *session.posargs)


@nox.session(default=False)
def generate(session: nox.Session) -> None:
    """Contracts into the generated packages."""
    session.install(*PROJECT, env=QUIET)
    session.run("python", "-m", "purview_codegen", "generate", *session.posargs)


@nox.session(default=False)
def all_versions(session: nox.Session) -> None:
    """Every api-version of every plane, generated into a scratch folder and type-checked."""
    session.install(*PROJECT, *TYPING, env=QUIET)
    out = "build/all_versions"  # pyright passes over hidden folders, so not below .nox
    session.run("python", "-m", "purview_codegen", "generate", "--version", "all", "--out", out)
    session.run("mypy", f"{out}/purview_versions", env={"MYPYPATH": out})
    session.run("basedpyright", "--pythonpath", f"{session.bin}/python", f"{out}/purview_versions")


@nox.session(default=False)
def judge(session: nox.Session) -> None:
    """Judge all requests by oav and prism (need Node), or a service: `-- --fuzz URL`."""
    session.install(*PROJECT, "-r", "tests/judge/requirements.txt", env=QUIET)
    try:
        session.run("python", "tests/judge/run.py", *session.posargs)
    except nox.command.CommandFailed as error:
        # nox would end with 1, whether the judge refused (5) or was not run (6)
        raise SystemExit(error.return_code) from None


@nox.session(default=False)
def update(session: nox.Session) -> None:
    """To another upstream commit: `-- --to REF`, with a report; docs/updating.md says more."""
    session.install(*PROJECT, env=QUIET)
    session.run("python", "-m", "purview_codegen", "update", *session.posargs)


@nox.session(default=False)
def compat(session: nox.Session) -> None:
    """The typing tests of an earlier commit (`-- REF`) against the code of today."""
    archive, out = f"{session.create_tmp()}/old.tar", "build/compat"
    taken = (*(session.posargs or ["HEAD"]), "tests/typing")
    session.run("git", "archive", f"--output={archive}", *taken, external=True)
    session.install(*PROJECT, *TYPING, env=QUIET)
    session.run("python", "-m", "tarfile", "--extract", archive, out)
    code = f"{out}/tests/typing/api.py"
    session.run("mypy", code)
    session.run("basedpyright", "--pythonpath", f"{session.bin}/python", code)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Import, decode, encode and calls, as ratios beside other clients on the same bodies."""
    session.install(*PROJECT, "-r", "bench/requirements.txt", env=QUIET)
    session.run("python", "bench/run.py", *session.posargs)


@nox.session(default=False)
def compare_auth(session: nox.Session) -> None:
    """Our auth beside azure-identity and httpx-auth: requests, failures, secrets, overhead."""
    session.install(*PROJECT, "-r", "bench/requirements-auth.txt", env=QUIET)
    session.run("python", "bench/compare_auth.py", *session.posargs)


@nox.session(default=False, allow_parallel=True)
def workflows(session: nox.Session) -> None:
    """What lies in .github, by the schemas of its kinds and an auditor of workflows, offline."""
    session.install(*WORKFLOWS, env=QUIET)
    for schema, pattern in GITHUB.items():
        files = map(str, sorted(Path(".github").glob(pattern)))
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    session.run("zizmor", "--offline", "--config", ".github/zizmor.yml", ".github")


@nox.session(default=False)
def dist(session: nox.Session) -> None:
    """Wheel and sdist in dist/, checked; `-- v1.2.3`: version and changelog fit that tag, too."""
    version = str(runpy.run_path("runtime/purview_core/version.py")["VERSION"])
    for tag in session.posargs:
        if tag != f"v{version}":
            session.error(f"the tag is {tag}, and runtime/purview_core/version.py states {version}")
        if f"\n## [{version}] - " not in Path("CHANGELOG.md").read_text(encoding="utf-8"):
            session.error(f"CHANGELOG.md has no section [{version}] with its date")
    session.install("build", "twine", env=QUIET)
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    session.run("twine", "check", "--strict", *map(str, sorted(Path("dist").iterdir())))

"""Both type checkers accept what all kinds of a base share, in packages made of any document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.functional.inline import package_of
from tests.functional.shared_families import CASES, whole

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("check", ["mypy", "basedpyright"])
def test_both_checkers_accept_what_is_shared(tmp_path: Path, check: str) -> None:
    """Packages of all the cases, under strict rules, and a user's code for any kind."""
    used: list[str] = []
    for number, (schemas, base, properties) in enumerate(CASES.values()):
        package_of(whole(schemas), tmp_path, f"strict_{check}_{number}")
        lines = [f"    print(pet.{name})" for name in base]
        if properties is not None and base.get("properties") == "PetProperties | None":
            lines += [
                "    if pet.properties:",
                *(f"        print(pet.properties.{name})" for name in properties),
            ]
        used += [
            f"def use_{number}(pet: m{number}.Pet) -> None:",
            *lines,
            "    print(pet.kind)",
            "",
        ]
    imports = [
        f"import strict_{check}_{number}.models as m{number}" for number in range(len(CASES))
    ]
    (tmp_path / "use.py").write_text("\n".join([*imports, "", *used, ""]), encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(ROOT / "runtime")]}),
        encoding="utf-8",
    )
    how = {
        "mypy": ["--strict", "--config-file=", "--cache-dir", str(tmp_path / ".cache"), "."],
        "basedpyright": ["--pythonpath", sys.executable, "."],
    }
    done = subprocess.run(
        [sys.executable, "-m", check, *how[check]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout

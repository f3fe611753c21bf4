"""The same contracts give the same bytes, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def generated(out: Path, seed: str, root: Path) -> dict[str, bytes]:
    path = os.pathsep.join(str(root / name) for name in ("generator", "runtime", "auth_plugin"))
    command = [
        sys.executable,
        "-m",
        "purview_codegen",
        "generate",
        "--version",
        "all",
        "--out",
        str(out),
    ]
    for plane in ("scanning", "workflow"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        subprocess.run(
            [*command, "--plane", plane], env=environment, check=True, capture_output=True
        )
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_two_hash_seeds_give_the_same_bytes(tmp_path: Path, root: Path) -> None:
    first, second = (generated(tmp_path / seed, seed, root) for seed in ("1", "2"))
    assert 100 < len(first)
    assert first == second

"""Every version of every plane, generated once for a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from purview_codegen import build

from .corpus import MIRROR, NO_MIRROR, SPECS


@pytest.fixture(scope="session", autouse=True)
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    out = _generated(tmp_path_factory)
    sys.path.insert(0, str(out))
    yield
    sys.path.remove(str(out))


def _generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all versions; of several workers, the first one makes it for all of them."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        out = tmp_path_factory.mktemp("versions")
        build.generate(SPECS, None, "all", out)
        return out
    run = tmp_path_factory.getbasetemp().parent  # above the folders of its workers
    out = run / "versions"
    with FileLock(f"{out}.lock"):
        if not out.exists():
            unfinished = tmp_path_factory.mktemp("versions")
            build.generate(SPECS, None, "all", unfinished)
            unfinished.rename(out)
    return out


@pytest.fixture(scope="session")
def mirror() -> None:
    if not MIRROR.is_dir():
        pytest.skip(NO_MIRROR)

"""Every version of every plane, generated once for the session."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from purview_codegen import build

from .corpus import MIRROR, NO_MIRROR, SPECS


@pytest.fixture(scope="session", autouse=True)
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    out = tmp_path_factory.mktemp("versions")
    build.generate(SPECS, None, "all", out)
    sys.path.insert(0, str(out))
    yield
    sys.path.remove(str(out))


@pytest.fixture(scope="session")
def mirror() -> None:
    if not MIRROR.is_dir():
        pytest.skip(NO_MIRROR)

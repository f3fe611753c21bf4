"""Names that no plane can have, since Python, Windows or `Purview` itself has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.core.test_manifest import DOCUMENT, PLANE

from purview_codegen.errors import IntegrityError
from purview_codegen.source.manifest import load_manifest


def test_the_planes_of_today_have_good_names() -> None:
    assert 15 == len(load_manifest(Path(__file__).parents[4] / "specs").planes)


@pytest.mark.parametrize("name", ["facade", "endpoint", "close", "aclose", "con", "nul", "com1"])
def test_a_name_that_no_plane_can_have_is_refused(tmp_path: Path, name: str) -> None:
    for text in (PLANE.replace('"tiny"', f'"{name}"'), PLANE.replace(".tiny]", f".{name}]")):
        plane = "tiny" if ".tiny]" in text else name
        document = DOCUMENT.replace(".tiny.", f".{plane}.")
        (tmp_path / "planes.toml").write_text(text + document, encoding="utf-8")
        with pytest.raises(IntegrityError, match=f"{name} is no name for a plane"):
            load_manifest(tmp_path)

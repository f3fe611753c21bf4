"""Where things lie: the specs, the cache, and the generated tree."""

from __future__ import annotations

import os
from pathlib import Path

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent


def specs() -> Path:
    """The folder of manifest, locks, overlays and contracts: package data in an installed wheel, `specs/` in a checkout."""
    packaged = _HERE / "specs"
    return packaged if packaged.is_dir() else _ROOT / "specs"


def generated() -> Path | None:
    """The source root of the generated tree in a checkout; None in an installed wheel."""
    return _ROOT / "generated" if (_ROOT / "specs").is_dir() and not (_HERE / "specs").is_dir() else None


def cache() -> Path:
    """Fetched documents: PURVIEW_CODEGEN_CACHE, else `purview_codegen` in the user's cache folder."""
    if named := os.environ.get("PURVIEW_CODEGEN_CACHE"):
        return Path(named)
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "purview_codegen"

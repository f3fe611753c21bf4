"""Where a plane comes from: its document in the lock that is shipped with the generator.

Stdlib only, read at first use.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


class Upstream(NamedTuple):
    """The upstream document of a plane: where it lies in its repository, and the hash of its bytes.
    `provenance`: "exact", or "rebuilt" where the copy was compiled anew from upstream's sources.
    """

    repository: str
    commit: str
    path: str
    sha256: str
    api_version: str
    provenance: str


def upstream(document: str, package: str = "purview_dataplane") -> Upstream:
    """The document called "<plane> <api-version>" in the upstream.lock beside the package, or else
    in the generator's; raises AttributeError where the lock is not at hand, so that
    `getattr(module, "__upstream__", None)` works.
    """
    for path in _places(package.partition(".")[0]):
        if path.is_file():
            entry = json.loads(path.read_text(encoding="utf-8")).get(document)
            if entry is not None:
                facts = {
                    name: str(entry[name])
                    for name in ("repository", "commit", "path", "sha256", "provenance")
                }
                return Upstream(api_version=document.rpartition(" ")[2], **facts)
    raise AttributeError(
        f"no upstream.lock knows {document!r}; it comes with purview_codegen", name="__upstream__"
    )


def _places(package: str) -> list[Path]:
    """The lock beside what was generated, as package data, and as it lies in a checkout;
    purview_codegen is not imported.
    """
    beside, shipped = _folders(package), _folders("purview_codegen")
    return [f / "upstream.lock" for f in beside] + [
        place
        for f in shipped
        for place in (f / "specs" / "upstream.lock", f.parents[1] / "specs" / "upstream.lock")
    ]


def _folders(package: str) -> list[Path]:
    spec = find_spec(package)
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []

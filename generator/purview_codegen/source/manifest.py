"""The manifest as the generator needs it: each plane has a name that a package can bear."""

from __future__ import annotations

from pathlib import Path

from purview_codegen.errors import IntegrityError
from purview_codegen.identifiers import module
from purview_core.client.facade import AsyncFacade, Facade
from purview_core.manifest import Manifest

# What a plane of that name would hide: its client is an attribute of `Purview`.
_FACADE = frozenset({"endpoint", "facade", *dir(Facade), *dir(AsyncFacade)})


def load_manifest(specs: Path) -> Manifest:
    """The manifest in a specs folder.

    Raises:
        UsageError: The folder has no planes.toml.
        IntegrityError: An entry cannot be read, or its plane cannot be called so.
    """
    manifest = Manifest.load(specs)
    for plane in manifest.planes:
        for name in (plane.name, plane.package):
            if module(name, _FACADE) != name:
                raise IntegrityError(
                    f"planes.toml: {name} is no name for a plane: "
                    "Purview has it itself, or Windows a device"
                )
    return manifest

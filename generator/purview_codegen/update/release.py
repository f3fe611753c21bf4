"""The version after an update, and the files that an update writes it and its changes to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from purview_codegen.errors import IntegrityError

from . import changelog

VERSIONED = "runtime/purview_core/version.py"
CHANGELOG = "CHANGELOG.md"
_LINE = re.compile(r'(?m)^VERSION = "(\d+\.\d+\.\d+)"$')


def bumped(version: str, level: str) -> str:
    """The next version.

    Before 1.0.0 a major change raises the minor number, as a minor one does.
    """
    major, minor, patch = map(int, version.split("."))
    if level == "patch":
        return f"{major}.{minor}.{patch + 1}"
    return f"{major + 1}.0.0" if level == "major" and major else f"{major}.{minor + 1}.0"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{path} is not UTF-8 at byte {error.start}") from None


def stated(root: Path) -> tuple[str, str]:
    """(the version that the tree states, the last one that was released).

    The second is "" where the changelog knows of no release. Where they differ, the tree is on its
    way to the first, and several updates share it. Without a changelog the version counts as
    released, since nothing says otherwise.
    """
    found = _LINE.search(_text(root / VERSIONED))
    if found is None:
        raise IntegrityError(
            f'{root / VERSIONED} states no version; it needs a line such as VERSION = "1.2.3"',
        )
    current, path = found[1], root / CHANGELOG
    if not path.is_file():
        return current, current
    return current, next(iter(changelog.releases(_text(path))), "")


def next_version(root: Path, level: str) -> str:
    """The version that the tree at `root` should state after changes of this level."""
    current, base = stated(root)
    return (
        max(current, bumped(base, level), key=lambda v: tuple(map(int, v.split("."))))
        if base
        else current
    )


def written(root: Path, version: str, entries: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Path below `root` -> text, of the file that states the version and of the changelog.

    The changelog has the new lines; it is left out where there is none.
    """
    out = {VERSIONED: _LINE.sub(f'VERSION = "{version}"', _text(root / VERSIONED), count=1)}
    if (root / CHANGELOG).is_file():
        out[CHANGELOG] = changelog.with_entries(_text(root / CHANGELOG), entries)
    return out

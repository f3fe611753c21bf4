"""The version after an update, and the files that state it: pyproject.toml, the runtime's options, CHANGELOG.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .errors import IntegrityError

VERSIONED = ("pyproject.toml", "runtime/purview_core/options.py")
CHANGELOG = "CHANGELOG.md"
_NUMBER = r"\d+\.\d+\.\d+"
_LINE = re.compile(rf'(?m)^(version|VERSION) = "({_NUMBER})"')
_HEADING = re.compile(rf"(?m)^## ({_NUMBER})( \(unreleased\))?.*$")


def bumped(version: str, level: str) -> str:
    """The next version. Before 1.0.0 a major change raises the minor number, as a minor one does."""
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
    """(the version that pyproject.toml states, the one before it, which a bump starts from, "" where nothing was released).

    Where the topmost section of the changelog is that version, still unreleased, several updates share one version.
    """
    found = _LINE.search(_text(root / VERSIONED[0]))
    if found is None:
        raise IntegrityError(f"{VERSIONED[0]} states no version")
    current, path = found[2], root / CHANGELOG
    headings = list(_HEADING.finditer(_text(path))) if path.is_file() else []
    if headings and headings[0][1] == current and headings[0][2]:
        return current, headings[1][1] if len(headings) > 1 else ""
    return current, current


def next_version(root: Path, level: str) -> str:
    """The version that the tree at `root` should state after changes of this level."""
    current, base = stated(root)
    return max(current, bumped(base, level), key=lambda v: tuple(map(int, v.split(".")))) if base else current


def written(root: Path, version: str, lines: Sequence[str]) -> dict[str, str]:
    """Path below `root` -> text, for each of the files that is there: the version stated, and the changelog's new lines."""
    current, base = stated(root)
    out = {}
    for name in VERSIONED:
        if (root / name).is_file():
            text = _text(root / name)
            out[name] = _LINE.sub(lambda match: f'{match[1]} = "{version}"', text, count=1)
    if (root / CHANGELOG).is_file():
        text = _text(root / CHANGELOG)
        entry = "\n".join(f"- {line}" for line in lines)
        first = _HEADING.search(text)
        start = first.start() if first else len(text)
        if first and current != base:  # the section of this very version, begun by an earlier update
            end = first.end()
            rest = text[end:].lstrip("\n")
            gap = "\n" if rest.startswith("## ") else ""
            out[CHANGELOG] = f"{text[:start]}## {version} (unreleased)\n\n{entry}\n{gap}{rest}"
        else:
            out[CHANGELOG] = f"{text[:start]}## {version} (unreleased)\n\n{entry}\n\n{text[start:]}"
    return out

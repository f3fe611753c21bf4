"""CHANGELOG.md in sections: `## [Unreleased]`, then one a release, newest first.

Each section has a group for each kind of change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_SECTION = re.compile(r"(?m)^## ")
_RELEASE = re.compile(r"(?m)^## \[?(\d+\.\d+\.\d+)\]?(?= |$)")
_UNRELEASED = re.compile(r"(?mi)^## \[?unreleased\]?[ ]*$")
_GROUP = re.compile(r"(?m)^### (\w+)[ ]*$")
# the next section, or the addresses of links at the end of the file
_END = re.compile(r"(?m)^(?:## |\[[^\]\n]+\]: )")


def releases(text: str) -> list[str]:
    """The versions that were released, newest first."""
    return [match[1] for match in _RELEASE.finditer(text)]


def with_entries(text: str, entries: Mapping[str, Sequence[str]]) -> str:
    """The changelog with these lines on top of their groups of the unreleased section.

    The section, and a group of it, is made where there is none.
    """
    if not any(entries.values()):
        return text
    heading = _UNRELEASED.search(text)
    if heading is None:
        first = _SECTION.search(text)
        at = first.start() if first else len(text)
        above = f"{text[:at].rstrip()}\n\n" if text[:at].strip() else text[:at]
        return with_entries(f"{above}## [Unreleased]\n\n{text[at:]}", entries)
    end = _END.search(text, heading.end())
    stop = end.start() if end else len(text)
    section = text[heading.end() : stop]
    for group in GROUPS:
        if entries.get(group):
            section = _with_group(section, group, entries[group])
    gap = "\n" if end else ""
    return text[: heading.end()] + "\n\n" + section.strip("\n") + "\n" + gap + text[stop:]


def _with_group(section: str, group: str, lines: Sequence[str]) -> str:
    """The section with the lines on top of that group; a new one stands as `GROUPS` has it."""
    listed = "".join(f"- {line}\n" for line in lines)
    later = GROUPS[GROUPS.index(group) + 1 :]
    for found in _GROUP.finditer(section):
        if found[1] == group:
            return section[: found.end()] + "\n\n" + listed + section[found.end() :].lstrip("\n")
        if found[1] in later:
            return f"{section[: found.start()]}### {group}\n\n{listed}\n{section[found.start() :]}"
    return section.rstrip("\n") + f"\n\n### {group}\n\n{listed}"

"""Edits of the hand-written files that an update has to touch, line by line, so that comments and
order stay: planes.toml and the summaries of the overlays.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping

from purview_core.manifest import Document

_DOCUMENT = re.compile(r"\[\[planes\.(?P<plane>[^.\]]+)\.documents\]\]\s*")
_ENTRY = re.compile(r'"(?P<id>[^"]+)"\s*=')
DRAFT = "# drafted from the name by an update: say what it does"


def repinned(text: str, documents: Iterable[Document], defaults: Mapping[str, str]) -> str:
    """planes.toml with these documents where they are now, new ones among those of their plane,
    and other defaults.
    """
    sections = re.split(r"(?m)^(?=\[)", text)
    for document in documents:
        i, found = _place(sections, document)
        if found:
            sections[i] = _member(
                _member(sections[i], "commit", document.commit), "path", document.path
            )
        else:
            sections.insert(i, document_table(document))
    for plane, version in defaults.items():
        for i, section in enumerate(sections):
            match = _DOCUMENT.match(section)
            if match and match["plane"] == plane:
                sections[i] = _defaulted(section, default=_version(section) == version)
    return "\n\n".join(section.strip("\n") for section in sections if section.strip()) + "\n"


def _place(sections: list[str], document: Document) -> tuple[int, bool]:
    """(where the document's section is, True), or (where it belongs, False): the versions of a
    plane are in order.
    """
    place = len(sections)
    for i, section in enumerate(sections):
        match = _DOCUMENT.match(section)
        if match and match["plane"] == document.plane:
            if _version(section) == document.version:
                return i, True
            place = (
                i + 1 if _version(section) < document.version or place == len(sections) else place
            )
            if _version(section) > document.version:
                return i, False
    return place, False


def _version(section: str) -> str:
    version: str = tomllib.loads(section.split("\n", 1)[1])["version"]
    return version


def _member(section: str, key: str, value: str) -> str:
    return re.sub(rf'(?m)^{key}\s*=\s*"[^"]*"', lambda _: f'{key} = "{value}"', section, count=1)


def _defaulted(section: str, *, default: bool) -> str:
    bare = re.sub(r"(?m)^default\s*=.*\n", "", section)
    return (
        re.sub(r"(?m)^(version\s*=.*\n)", r"\1default = true\n", bare, count=1) if default else bare
    )


def document_table(d: Document) -> str:
    """The table of a document."""
    facts = {"repository": d.repository, "commit": d.commit, "path": d.path}
    head = [
        f"[[planes.{d.plane}.documents]]",
        f'version = "{d.version}"',
        *(["default = true"] if d.default else []),
    ]
    return "\n".join([*head, *(f'{key} = "{value}"' for key, value in facts.items())])


def carried(text: str, renamed: Mapping[str, str], known: set[str], lacking: Iterable[str]) -> str:
    """An overlay whose entries follow renamed operations, without summaries of operations that are
    gone, and with a draft for each of those that lack one.
    """
    # all at once: two may have changed names
    text = re.sub(r'"([^"\n]+)"', lambda m: f'"{renamed.get(m[1], m[1])}"', text)
    lines, inside, summaries = [], False, -1
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.strip() == "[summaries]"
        match = _ENTRY.match(line) if inside else None
        if match and match["id"] not in known:
            continue
        lines.append(line)
        if inside and line.strip():
            summaries = len(lines)
    drafts = [line for oid in lacking for line in (DRAFT, f'"{oid}" = "{draft(oid)}"')]
    if drafts and summaries < 0:
        lines += ["", "[summaries]"] if lines else ["[summaries]"]
        summaries = len(lines)
    lines[summaries:summaries] = drafts
    return "\n".join(lines) + "\n"


def draft(oid: str) -> str:
    """A sentence from an operationId; a person has to better it."""
    group, _, rest = oid.rpartition("_")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", rest).lower()
    return f"{words[:1].upper()}{words[1:]}{f' ({group})' if group else ''}."

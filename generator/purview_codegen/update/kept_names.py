"""Which old names go on working after an update: those that got another name, for one minor
version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from purview_codegen.diff.renames import Rename
from purview_codegen.package.aliases import KINDS, Alias


def merged(
    kept: Sequence[Alias], renames: Sequence[Rename], names: Mapping[str, str], version: str
) -> tuple[list[Alias], list[Rename]]:
    """(the aliases of `version`, the renames marked with what got one).

    An old name that means something else now gets none.
    """
    used = _used(names)
    moved = {(r.kind, r.old): r.new for r in renames if r.new}
    now = [_followed(a, moved) for a in kept if _series(a.since) == _series(version)]
    fresh = [Alias(r.kind, r.old, r.new, version) for r in renames if r.new and r.kind in KINDS]
    good = {
        (a.kind, a.old): a
        for a in [*now, *fresh]
        if a.old not in used[a.kind] and _target(a) in used[a.kind]
    }
    marked = [attrs.evolve(r, alias=(r.kind, r.old) in good) for r in renames]
    return [good[key] for key in sorted(good)], marked


def _series(version: str) -> list[str]:
    return version.split(".")[:2]


def _used(names: Mapping[str, str]) -> dict[str, set[str]]:
    texts = [text.split() for key, text in names.items() if key.startswith("operation ")]
    return {
        "class": {key.split(" ", 1)[1] for key in names if key.startswith(("model ", "enum "))},
        "method": {words[0] for words in texts},
        "argument": {f"{words[0]} {argument}" for words in texts for argument in words[1:]},
    }


def _target(alias: Alias) -> str:
    return f"{alias.old.split(' ')[0]} {alias.new}" if alias.kind == "argument" else alias.new


def _followed(alias: Alias, moved: Mapping[tuple[str, str], str]) -> Alias:
    """An alias whose target has moved on."""
    if alias.kind != "argument":
        return attrs.evolve(alias, new=moved.get((alias.kind, alias.new), alias.new))
    method, _, old = alias.old.partition(" ")
    method = moved.get(("method", method), method)
    return attrs.evolve(
        alias,
        old=f"{method} {old}",
        new=moved.get(("argument", f"{method} {alias.new}"), alias.new),
    )

"""Which Python names a change of contracts touches: names of the lock before and after, joined
by what the diff paired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import attrs

from purview_codegen.package.adapter import class_name, identifier

from .changes import Diff
from .pairing import SPELT, pair_names

_BEGIN = "begin_"


@attrs.frozen
class Rename:
    """One name that users may hold: `kind` is module, method, argument, class, member or value;
    `new` is "" for a name that is lost. An argument is `group.method argument`, a member
    `Class.member`. `alias`: the old name still works.
    """

    plane: str
    version: str
    kind: str
    old: str
    new: str
    alias: bool = False

    @property
    def rule(self) -> str:
        """How --accept names the loss."""
        return f"names.lost@{self.plane}/{self.version}:{self.old}"


def touched(
    plane: str, version: str, old: Mapping[str, str], new: Mapping[str, str], found: Diff
) -> list[Rename]:
    """All names of `old` that are another one in `new`, or none."""
    names = [*_operations(old, new, found), *_classes(old, new, found)]
    return [Rename(plane, version, *name) for name in sorted(names)]


def _operations(
    old: Mapping[str, str], new: Mapping[str, str], found: Diff
) -> Iterator[tuple[str, str, str]]:
    """(kind, old, new) of methods, arguments and the modules of groups."""
    moves: dict[str, Counter[str]] = {}
    for oid, text in _of("operation", old):
        now = found.operations.get(oid, oid)
        before, after = text.split(), new.get(f"operation {now}", "").split()
        moves.setdefault(before[0].split(".")[0], Counter())[
            after[0].split(".")[0] if after else ""
        ] += 1
        if after and _polled(before[0], after[0], now, found):
            yield "method", before[0], ""
            continue
        if before[:1] != after[:1]:
            yield "method", before[0], after[0] if after else ""
        for a, b in _words(before[1:], after[1:], _python(found.inner.get(now))) if after else ():
            yield "argument", f"{after[0]} {a}", b
    groups = {text.split(".")[0] for _, text in _of("operation", new)}
    for group in moves.keys() - groups:
        yield "module", group, moves[group].most_common(1)[0][0]


def _polled(before: str, after: str, oid: str, found: Diff) -> bool:
    """Whether a method became one that goes on in the background, or stopped to be one. A poller is
    no value and a value is no poller, so the old name cannot go on working.
    """
    if before == after:
        return False
    begins = [name.rpartition(".")[2].startswith(_BEGIN) for name in (before, after)]
    told = any(
        c.kind == "operation.polling" and c.where == oid and c.level == "major"
        for c in found.changes
    )
    return told or begins[0] != begins[1]


def _classes(
    old: Mapping[str, str], new: Mapping[str, str], found: Diff
) -> Iterator[tuple[str, str, str]]:
    """(kind, old, new) of classes, their members and the values of enums."""
    classes = {class_name(a): class_name(b) for a, b in found.schemas.items()}
    inner = {class_name(name): pairs for name, pairs in found.inner.items()}
    for kind, part in (("model", "member"), ("enum", "value")):
        for name, text in _of(kind, old):
            target = classes.get(name) or _of_a_base(name, classes, new)
            if f"{kind} {target}" not in new:
                yield (
                    "class",
                    name,
                    target if f"model {target}" in new or f"enum {target}" in new else "",
                )
                continue
            if target != name:
                yield "class", name, target
            known = inner.get(target) if kind == "enum" else _python(inner.get(target))
            for a, b in _words(text.split(), new[f"{kind} {target}"].split(), known):
                yield part, f"{name}.{a}", b


def _of_a_base(name: str, classes: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What a class is called now that no schema stands for: it holds what all kinds of a base
    share, whose name its own begins with.
    """
    moved = (b + name.removeprefix(a) for a, b in classes.items() if a != b and name.startswith(a))
    return (
        name
        if f"model {name}" in new
        else next((target for target in moved if f"model {target}" in new), name)
    )


def _python(pairs: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Wire names as the names of arguments and members."""
    names = {wire: identifier(wire) for pair in (pairs or {}).items() for wire in pair}
    return pairs and {names[a]: names[b] for a, b in pairs.items()}


def _of(kind: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, text in names.items():
        if key.startswith(f"{kind} "):
            yield key.removeprefix(f"{kind} "), text


def _words(
    before: list[str], after: list[str], known: Mapping[str, str] | None
) -> Iterator[tuple[str, str]]:
    """Words that are gone, each with the one that came in its stead, or nothing. `known` is what
    the diff paired: without it the contracts agree, and so does the order.
    """
    gone = [w for w in before if w not in after]
    come = [w for w in after if w not in before]
    if known is None and len(before) == len(after):
        pairs = {w: after[i] for i, w in enumerate(before) if w in gone and after[i] in come}
    else:
        pairs = {w: now for w in gone if (now := (known or {}).get(w)) in come}
        old, new = (
            dict.fromkeys(w for w in words if w not in {*pairs, *pairs.values()})
            for words in (gone, come)
        )
        pairs |= pair_names(old, new, lambda _a, _b: SPELT)
    for word in gone:
        yield word, pairs.get(word, "")

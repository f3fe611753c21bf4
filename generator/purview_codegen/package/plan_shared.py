"""What all kinds of a discriminated base share, stated by the base: code for any kind is typed, and
works for kinds of the future.

| a member of all the kinds                      | the base has it                                 |
|------------------------------------------------|-------------------------------------------------|
| of one type                                    | of that type; what is the same in each, they    |
|                                                | inherit                                         |
| of model classes that come of one class        | of that class                                   |
| of model classes that share members besides    | of a new class of these, which goes between     |
|                                                | them and what they come of; called as the base  |
|                                                | and the member                                  |
| of any other types, or by several names in     | not                                             |
| Python                                         |                                                 |

The base does not require it, as its schema does not: a kind of the future may lack it. In a new
class it is required where all require it, with a default where all have one. It is read-only where
all of them say so, and secret where one does. A member that one of the kinds lacks is not shared,
and one kind alone shares nothing. Contracts know nothing of this, so comparisons of them do not
speak of the new classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from purview_codegen.errors import GateError
from purview_codegen.identifiers import pascal

from .plan_models import Class, PlannedField, optional

_OPTIONAL = " | None"
_DEEPEST = (
    20  # classes within classes that are looked at; a chain of references may be of any length
)


def with_shared(classes: Mapping[str, Class], taken: Iterable[str]) -> dict[str, Class]:
    """The classes, each behind its base, with what kinds share on their base.

    No new class is called as one of `taken` is.
    """
    sharing = _Sharing(classes, taken)
    # a base within a base first: what its kinds share, it shares itself
    for name in [*classes][::-1]:
        sharing.lift(name)
    return sharing.planned()


class _Sharing:
    def __init__(self, classes: Mapping[str, Class], taken: Iterable[str]) -> None:
        self.classes = dict(classes)
        self._taken = {name.lower() for name in (*taken, *classes)}
        self._found: dict[frozenset[str], str | None] = {}
        self._at_work: set[str] = set()  # the classes that are about to get a new base
        self._depth = 0

    def lift(self, name: str) -> None:
        base = self.classes[name]
        if not base.tag:
            return
        kinds = dict.fromkeys(kind for _, kind in base.kinds if kind != name)
        kinds |= dict.fromkeys(kind for kind in self.classes if name in self._lineage(kind)[1:])
        if len(kinds) > 1:
            fields = self._common(base.fields, list(kinds), name)
            may_lack = [
                attrs.evolve(f, type=optional(f.type), default="None", required=False)
                for f in fields
            ]
            self.classes[name] = attrs.evolve(base, fields=(*base.fields, *may_lack))

    def _lineage(self, name: str | None) -> list[str]:
        out: list[str] = []
        while name:
            out.append(name)
            name = self.classes[name].base
        return out

    def _common(
        self, known: Iterable[PlannedField], names: Sequence[str], hint: str
    ) -> list[PlannedField]:
        """The members that all the classes share, besides the known ones."""
        wires = {f.wire for f in known}
        first, *others = ({f.wire: f for f in self.classes[name].fields} for name in names)
        found = []
        for wire, field in first.items():
            if wire not in wires and all(wire in other for other in others):
                fields = [field, *(other[wire] for other in others)]
                found.append(self._field(fields, f"{hint}{pascal(wire)}"))
        return [field for field in found if field is not None]

    def _field(self, fields: Sequence[PlannedField], hint: str) -> PlannedField | None:
        """One member that can hold what each of theirs holds; None where there is none."""
        if len({(f.name, f.live) for f in fields}) > 1:
            return None
        types = dict.fromkeys(f.type.removesuffix(_OPTIONAL) for f in fields)
        text = next(iter(types)) if len(types) == 1 else self._class(list(types), hint)
        if text is None:
            return None
        free = any(optional(f.type) == f.type for f in fields)
        defaults = {f.default for f in fields}
        default = (
            fields[0].default
            if len(defaults) == 1
            else "None"
            if free or "None" in defaults
            else None
        )
        return attrs.evolve(
            fields[0],
            type=optional(text) if free else text,
            default=default,
            required=default == "None" and (not free or all(f.required for f in fields)),
            # else a kind that may write it would lose it without a word
            read_only=all(f.read_only for f in fields),
            secret=any(f.secret for f in fields),
        )

    def _class(self, names: Sequence[str], hint: str) -> str | None:
        """A class that all of them come of, made where they share more than the one they have;
        None where they share nothing.
        """
        if not all(name in self.classes for name in names):
            return None  # scalars, enums, lists and maps are one thing or another
        key = frozenset(names)
        if key not in self._found:
            self._found[key] = None  # while it is looked for: a class may hold itself
            self._found[key] = self._new_class(names, hint)
        return self._found[key]

    def _new_class(self, names: Sequence[str], hint: str) -> str | None:
        lines = [self._lineage(name)[::-1] for name in names]
        alike = min(map(len, lines))
        while len({tuple(line[:alike]) for line in lines}) > 1:
            alike -= 1
        nearest = lines[0][alike - 1] if alike else None
        below = dict.fromkeys(line[alike] for line in lines if len(line) > alike)
        busy = self._depth == _DEEPEST or not self._at_work.isdisjoint(below)
        if busy or any(len(line) == alike for line in lines):
            return nearest  # one of them, or nothing better can be made now
        known = self.classes[nearest].fields if nearest else ()
        self._at_work |= below.keys()
        self._depth += 1
        fields = self._common(known, list(below), hint)
        self._depth -= 1
        self._at_work -= below.keys()
        if not fields:
            return nearest
        name = self._claim(hint)
        self.classes[name] = Class(name, nearest, (), (*known, *fields), None, ())
        for one in below:
            self.classes[one] = attrs.evolve(self.classes[one], base=name)
        return name

    def _claim(self, hint: str) -> str:
        for name in (hint, f"Shared{hint}", *(f"Shared{hint}{i}" for i in range(2, 100))):
            if name.lower() not in self._taken:
                self._taken.add(name.lower())
                return name
        raise GateError(f"no class name is free for {hint}, which holds what all kinds share")

    def planned(self) -> dict[str, Class]:
        out: dict[str, Class] = {}
        for name in self.classes:
            for one in reversed(self._lineage(name)):
                if one not in out:
                    c = self.classes[one]
                    inherited = {f.wire: f for f in out[c.base].fields} if c.base else {}
                    own = tuple(
                        _own(f, inherited.get(f.wire))
                        for f in c.fields
                        if f != inherited.get(f.wire)
                    )
                    out[one] = attrs.evolve(c, own=own)
        return out


def _own(field: PlannedField, inherited: PlannedField | None) -> PlannedField:
    if inherited is None:
        return field
    again = field.default is None and inherited.default is not None
    return attrs.evolve(field, narrows=inherited.type != field.type, demanded_again=again)

"""What changed between two contracts, and for whom: one `Change` a fact, told from the side of a
client.

| level    | on the wire, in a request    | on the wire, in a response    | names                     |
|----------|------------------------------|-------------------------------|---------------------------|
| major    | what was accepted is refused | what was promised may not     | gone, nothing stands in   |
|          | or means else                | come                          |                           |
| minor    | more is accepted             | more may come, or comes       | new, or the old one works |
|          |                              | surely                        |                           |
| patch    | the same bytes               | the same bytes                | the same names            |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from purview_codegen.pointer import Json

from .compare import Fact, canonical, compare, null_in
from .pairing import ALIKE, CLOSE, SPELT, Op, Pair, pair_operations, pair_schemas, usage
from .schema_types import schema_type

LEVELS = ("patch", "minor", "major")
_WIRE = {"request", "response", "both"}


@attrs.frozen
class Change:
    """One change. `where` is an operationId or a JSON pointer into the contract that has the thing;
    `affects` is request, response or both (wire), names (Python alone) or docs; `old` and `new` are
    short texts, "" where there is none.
    """

    plane: str
    version: str
    kind: str
    where: str
    affects: str
    level: str
    old: str
    new: str

    @property
    def wire(self) -> bool:
        """Whether what is sent or received is another one."""
        return self.affects in _WIRE

    @property
    def document(self) -> str:
        """The plane and its version, the new one of two."""
        return f"{self.plane} {self.version.split(' ')[-1]}"

    @property
    def rule(self) -> str:
        """How --accept names it."""
        return f"{self.kind}@{self.plane}/{self.version}:{self.where}"


@attrs.frozen
class Diff:
    """All changes between two contracts, with the operationIds and components that are one thing
    under two names.

    `inner`: the new operationId or component -> its old parameters, members or names of values ->
    what they are called now.
    """

    changes: tuple[Change, ...]
    operations: Mapping[str, str]
    schemas: Mapping[str, str]
    inner: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)


def affects(uses: Iterable[str]) -> str:
    """What a change of a place with these uses touches: request, response, both or names."""
    found = sorted(set(uses))
    return "both" if len(found) == 2 else found[0] if found else "names"


class Ledger:
    """Two contracts side by side, what is one thing in both, and the changes found so far."""

    def __init__(self, old: Json, new: Json, plane: str) -> None:
        self.old, self.new, self.plane = old, new, plane
        old_version, self.version = old["info"]["version"], new["info"]["version"]
        self.pairs: list[Pair[Op]] = pair_operations(old, new)
        self.schemas = pair_schemas(old, new, self.pairs)
        self.uses = (usage(old), usage(new))
        self.shown = (
            self.version if old_version == self.version else f"{old_version} -> {self.version}"
        )
        self.out: list[Change] = []
        self.inner: dict[str, dict[str, str]] = {}
        self.forms: dict[str, str] = {}

    def add(
        self, kind: str, where: str, uses: str, level: str, old: Any = "", new: Any = ""
    ) -> None:
        """Notes one change."""
        self.out.append(
            Change(self.plane, self.shown, kind, where, uses, level, str(old), str(new))
        )

    def facts(
        self, prefix: str, where: str, label: str, found: Iterable[Fact], uses: set[str]
    ) -> None:
        """Adds what `compare` found; a fact has a level for each direction, and the worse one
        counts.
        """
        for fact in found:
            levels = [fact.request] * ("request" in uses) + [fact.response] * ("response" in uses)
            level = max(
                levels or ["minor" if fact.request != "patch" else "patch"], key=LEVELS.index
            )
            nothing = "none" if label and (fact.old or fact.new) else ""
            texts = [label + (text or nothing) for text in (fact.old, fact.new)]
            self.add(f"{prefix}.{fact.kind}", where, affects(uses), level, *texts)

    def _need(self, a: Json, b: Json) -> float:
        """How alike the names of two things of these types have to be, if they are to be one:
        texts and numbers abound.
        """
        one = self._text(0, a)
        return (
            SPELT
            if one != self._text(1, b)
            else CLOSE
            if one in ("string", "integer", "number", "boolean")
            else ALIKE
        )

    def _compare(self, a: Json, b: Json) -> list[Fact]:
        return compare(self.old, self.new, a, b, self.schemas)

    def _text(self, side: int, schema: Json) -> str:
        contract, names = (self.new, {}) if side else (self.old, self.schemas)
        return f"{schema_type(contract, schema, names)}{' or null' if null_in(schema) else ''}"

    def _content(self, side: int, holder: Json | None) -> str:
        content = (holder or {}).get("content", {})
        return self._text(side, next(iter(content.values()))["schema"]) if content else ""

    def _canonical(self, side: int, value: Any) -> Any:
        return canonical(*((self.new, {}) if side else (self.old, self.schemas)), value)

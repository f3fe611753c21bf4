"""What changed in the schemas of two contracts: classes, members, values of enums, subtypes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from purview_codegen.contract.schemas import enum_names
from purview_codegen.pointer import Json, join

from .changes import LEVELS, Ledger, affects
from .compare import bases, demanded, describe, member_pointer, members, own_members
from .pairing import SPELT, ground, name_in, pair_names, plain


def _returned(uses: set[str], *schemas: Json) -> set[str]:
    """Where a member is seen: what is read-only is never sent."""
    return uses - {"request"} if all(s.get("readOnly") for s in schemas) else uses


def _subtypes(schema: Json) -> dict[str, str]:
    """Value of the discriminator -> component."""
    return {v: name_in(r) for v, r in schema.get("discriminator", {}).get("mapping", {}).items()}


class SchemaDiff(Ledger):
    """The part of the comparison that is about components."""

    def components(self) -> None:
        """Maps, lists and scalars are no classes: what they say is told where they are used."""
        left, right = self.old["components"]["schemas"], self.new["components"]["schemas"]
        for name, schema in left.items():
            target = right.get(self.schemas.get(name, ""))
            if target is not None:
                self._schema(name, self.schemas[name])
            if not plain(schema) and (target is None or plain(target)):
                self.add(
                    "schema.removed", join("components", "schemas", name), "names", "major", name
                )
        known = {b for a, b in self.schemas.items() if not plain(left[a])}
        for name in sorted(set(right) - known):
            if not plain(right[name]):
                where = join("components", "schemas", name)
                self.add(
                    "schema.added", where, affects(self.uses[1].get(name, ())), "minor", "", name
                )

    def _schema(self, name: str, renamed: str) -> None:
        a, b = self.old["components"]["schemas"][name], self.new["components"]["schemas"][renamed]
        where, uses = (
            join("components", "schemas", renamed),
            self.uses[0].get(name, set()) | self.uses[1].get(renamed, set()),
        )
        before = len(self.out)
        if name != renamed and not plain(b):
            self.add("schema.renamed", where, "names", "minor", name, renamed)
        if "enum" in a or "enum" in b:
            self._enum(where, a, b, uses)
        elif not (ground(a) or ground(b)):
            self._base(where, a, b)
            self._members(name, renamed, uses)
            self._additional(where, a, b, uses)
            self._subtypes(where, a, b, uses)
            self._tag(where, name, renamed, uses)
        elif uses:
            return
        if len(self.out) == before and self._canonical(0, a) != self._canonical(1, b):
            self.add("schema.other", where, affects(uses) if uses else "docs", "patch")

    def _enum(self, where: str, a: Json, b: Json, uses: set[str]) -> None:
        """Enums are open: a value more is no break; one less is, where the service must take it."""
        old, new = a.get("enum"), b.get("enum")
        if old is None or new is None or a.get("type") != b.get("type"):
            self.add(
                "enum.type",
                where,
                affects(uses),
                "major",
                describe(a.get("type")),
                describe(b.get("type")),
            )
            return
        gone, come = ({str(v): v for v in x if v not in y} for x, y in ((old, new), (new, old)))
        pairs = pair_names(gone, come, lambda _a, _b: SPELT)  # another spelling of the same word
        level = "major" if "request" in uses else "minor"
        for value in gone:
            kind = "renamed" if value in pairs else "removed"
            self.add(f"enum.{kind}", where, affects(uses), level, value, pairs.get(value, ""))
        for value in [v for v in come if v not in pairs.values()]:
            self.add("enum.added", where, affects(uses), "minor", "", value)
        left, right = enum_names(a), enum_names(b)
        both = {v: v for v in left if v in right}
        other = [v for v in both if left[v] != right[v]]
        if other:
            texts = [", ".join(f"{v}: {n[v]}" for v in other) for n in (left, right)]
            self.add("enum.names", where, "names", "major", *texts)
        both |= {gone[v]: come[w] for v, w in pairs.items()}
        self.inner[where.rsplit("/", 1)[1]] = {left[v]: right[w] for v, w in both.items()}

    def _base(self, where: str, a: Json, b: Json) -> None:
        found = [[name_in(p["$ref"]) for p in s.get("allOf", ()) if "$ref" in p] for s in (a, b)]
        if [self.schemas.get(n, n) for n in found[0]] != found[1]:
            self.add("schema.base", where, "names", "minor", *map(", ".join, found))

    def _members(self, name: str, renamed: str, uses: set[str]) -> None:
        """Own members, and inherited ones where the base is another schema now: a member that
        moved there stays.
        """
        left, right = members(self.old, name), members(self.new, renamed)
        own = {
            *own_members(self.old, name),
            *own_members(self.new, renamed),
            *self._foreign(name, renamed, left, right),
        }
        own |= demanded(self.old, name) ^ demanded(self.new, renamed)
        gone = {n: left[n] for n in left if n in own and n not in right}
        come = {n: right[n] for n in right if n in own and n not in left}
        pairs = pair_names(gone, come, lambda p, q: self._need(p[0], q[0]))
        self.inner[renamed] = {n: n for n in left if n in right} | pairs
        for n, m in pairs.items():
            seen = _returned(uses, left[n][0], right[m][0])
            where = member_pointer(self.new, renamed, m)
            self.add("member.renamed", where, affects(seen), "major", n, m)
        for n in [n for n in left if n in own]:
            target = n if n in right else pairs.get(n)
            if target is not None:
                where = member_pointer(self.new, renamed, target)
                self._member(where, left[n], right[target], uses)
                continue
            seen, text = _returned(uses, left[n][0]), self._text(0, left[n][0])
            where = member_pointer(self.old, name, n)
            self.add("member.removed", where, affects(seen), "major", text)
        for n in come.keys() - set(pairs.values()):
            self._added(member_pointer(self.new, renamed, n), *come[n], uses)

    def _added(self, where: str, schema: Json, required: bool, uses: set[str]) -> None:
        seen = _returned(uses, schema)
        level = "major" if required and "request" in seen else "minor"
        text = self._text(1, schema) + (", required" if required else "")
        self.add("member.added", where, affects(seen), level, "", text)

    def _foreign(
        self, name: str, renamed: str, left: Mapping[str, Any], right: Mapping[str, Any]
    ) -> set[str]:
        """The inherited members, where the two bases are not one schema."""
        found = [bases(c, n) for c, n in ((self.old, name), (self.new, renamed))]
        return set() if [self.schemas.get(b) for b in found[0]] == found[1] else {*left, *right}

    def _member(
        self, where: str, a: tuple[Json, bool], b: tuple[Json, bool], uses: set[str]
    ) -> None:
        uses = _returned(uses, a[0], b[0])
        if a[1] != b[1]:
            more = b[1]
            levels = ["major" if more else "minor"] * (
                "request" in uses and not b[0].get("readOnly")
            )
            levels += ["minor" if more else "major"] * ("response" in uses)
            kind = "member.required" if more else "member.optional"
            self.add(kind, where, affects(uses), max(levels or ["minor"], key=LEVELS.index))
        self.facts("member", where, "", self._compare(a[0], b[0]), uses)

    def _additional(self, where: str, a: Json, b: Json, uses: set[str]) -> None:
        """What a class may hold beside its members."""
        old, new = a.get("additionalProperties"), b.get("additionalProperties")
        if old is not None and new is not None:
            self.facts("additional", where, "", self._compare(old, new), uses)
        elif new is not None:
            self.add("additional.added", where, affects(uses), "minor", "", self._text(1, new))
        elif old is not None:
            self.add("additional.removed", where, affects(uses), "major", self._text(0, old))

    def _subtypes(self, where: str, a: Json, b: Json, uses: set[str]) -> None:
        old, new = a.get("discriminator", {}), b.get("discriminator", {})
        if old.get("propertyName") != new.get("propertyName"):
            texts = [x.get("propertyName", "") for x in (old, new)]
            self.add("schema.discriminator", where, affects(uses), "major", *texts)
        left, right = _subtypes(a), _subtypes(b)
        fresh = {right[v]: v for v in right if v not in left}
        named = {v: self.schemas.get(name, "") for v, name in left.items()}
        renamed = {v: fresh[name] for v, name in named.items() if v not in right and name in fresh}
        for value in [*left, *(v for v in right if v not in left and v not in renamed.values())]:
            now = renamed.get(value, value)
            if value in right and named.get(value) == right[value]:
                continue
            kind = "added" if value not in left else "removed" if now not in right else "changed"
            kind = "renamed" if value != now else kind
            texts = [f"{v}: {m[v]}" if v in m else "" for v, m in ((value, left), (now, right))]
            self.add(
                f"subtype.{kind}",
                where,
                affects(uses),
                "minor" if kind == "added" else "major",
                *texts,
            )

    def _tag(self, where: str, name: str, renamed: str, uses: set[str]) -> None:
        """The kind that a class states itself to be, its name by default, where no change of the
        base's table tells it.
        """
        old, new = (
            (c["components"]["schemas"], n) for c, n in ((self.old, name), (self.new, renamed))
        )
        texts = [describe(known[n].get("x-discriminator-value")) for known, n in (old, new)]
        before, after = (
            {v for s in known.values() for v, to in _subtypes(s).items() if to == n}
            for known, n in (old, new)
        )
        told = (texts[0] or name) in before - after and (texts[1] or renamed) in after
        if texts[0] != texts[1] and not told:
            self.add(
                "subtype.value",
                where,
                affects(uses),
                "major" if "request" in uses else "minor",
                *texts,
            )

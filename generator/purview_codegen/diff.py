"""What changed between two contracts, and for whom: one `Change` a fact, told from the side of a client.

| level | on the wire, in a request                        | on the wire, in a response                | names                     |
|-------|--------------------------------------------------|-------------------------------------------|---------------------------|
| major | what was accepted is refused or means else        | what was promised may not come            | gone, nothing stands in   |
| minor | more is accepted                                  | more may come, or comes surely            | new, or the old one works |
| patch | the same bytes                                    | the same bytes                            | the same names            |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from .adapter import identifier
from .compare import DEEP, Fact, bases, compare, describe, members, null_in, own_members, type_text
from .pairing import Op, Pair, blank, ground, name_in, pair_names, pair_operations, pair_schemas, plain, usage
from .pointer import Json, join

LEVELS = ("patch", "minor", "major")
_WIRE = {"request", "response", "both"}
_GOOD = "123"  # the first digit of a status that is no error


@attrs.frozen
class Change:
    """One change. `where` is an operationId or a JSON pointer into the contract that has the thing; `affects` is request,
    response or both (wire), names (Python alone) or docs; `old` and `new` are short texts, "" where there is none."""

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
        return self.affects in _WIRE

    @property
    def rule(self) -> str:
        """How --accept names it."""
        return f"{self.kind}@{self.plane}/{self.version}:{self.where}"


@attrs.frozen
class Diff:
    """All changes between two contracts, with the operationIds and components that are one thing under two names."""

    changes: tuple[Change, ...]
    operations: Mapping[str, str]
    schemas: Mapping[str, str]


def diff(old: Json, new: Json, plane: str) -> Diff:
    """Compares two contracts of one plane; `new` may be of another api-version. Nothing that differs is passed over."""
    differ = _Differ(old, new, plane)
    differ.document()
    for a, b in differ.pairs:
        differ.operation(a, b)
    differ.components()
    ids = {a.id: b.id for a, b in differ.pairs if a and b}
    order = {"major": 0, "minor": 1, "patch": 2}
    changes = sorted(dict.fromkeys(differ.out), key=lambda c: (order[c.level], c.kind, c.where, c.old, c.new))
    return Diff(tuple(changes), ids, differ.schemas)


def affects(uses: Iterable[str]) -> str:
    found = sorted(set(uses))
    return "both" if len(found) == 2 else found[0] if found else "names"


def _filled(parameter: Json) -> bool:
    """Whether the client gives the value itself, so that no caller has to act."""
    return parameter["name"] == "api-version" or "x-auto" in parameter


class _Differ:
    def __init__(self, old: Json, new: Json, plane: str) -> None:
        self.old, self.new, self.plane = old, new, plane
        old_version, self.version = old["info"]["version"], new["info"]["version"]
        self.pairs: list[Pair[Op]] = pair_operations(old, new)
        self.schemas = pair_schemas(old, new, self.pairs)
        self.uses = (usage(old), usage(new))
        self.shown = self.version if old_version == self.version else f"{old_version} -> {self.version}"
        self.out: list[Change] = []

    def add(self, kind: str, where: str, uses: str, level: str, old: Any = "", new: Any = "") -> None:
        self.out.append(Change(self.plane, self.shown, kind, where, uses, level, str(old), str(new)))

    def facts(self, prefix: str, where: str, label: str, found: Iterable[Fact], uses: set[str]) -> None:
        """Adds what `compare` found; a fact has a level for each direction, and the worse one counts."""
        for fact in found:
            levels = [fact.request] * ("request" in uses) + [fact.response] * ("response" in uses)
            level = max(levels or ["minor" if fact.request != "patch" else "patch"], key=LEVELS.index)
            self.add(f"{prefix}.{fact.kind}", where, affects(uses), level, label + fact.old, label + fact.new)

    def document(self) -> None:
        old, new = self.old["servers"][0], self.new["servers"][0]
        moved = [b for a, b in self.pairs if a and b and a.path == b.path and a.base != b.base]
        if moved:
            self.add("server.prefix", "/servers/0/url", "both", "major", old["url"], new["url"])
        hosts = [server["variables"]["endpoint"]["default"] for server in (old, new)]
        if hosts[0] != hosts[1]:
            self.add("server.host", "/servers/0/variables/endpoint/default", "both", "major", *hosts)

    def operation(self, a: Op | None, b: Op | None) -> None:
        if a is None or b is None:
            op = a or b
            if op is not None:
                level, kind = ("minor", "operation.added") if a is None else ("major", "operation.removed")
                text = f"{op.verb.upper()} {op.base}{op.path}"
                self.add(kind, op.id, "both", level, "" if a is None else text, text if a is None else "")
            return
        before = len(self.out)
        if a.id != b.id:
            self.add("operation.renamed", b.id, "names", "minor", a.id, b.id)
        elif a.value["tags"] != b.value["tags"]:
            self.add("operation.group", b.id, "names", "minor", a.value["tags"][0], b.value["tags"][0])
        if a.verb != b.verb:
            self.add("operation.verb", b.id, "both", "major", a.verb.upper(), b.verb.upper())
        if blank(a.base + a.path) != blank(b.base + b.path) and blank(a.path) != blank(b.path):
            self.add("operation.path", b.id, "both", "major", a.base + a.path, b.base + b.path)
        self._parameters(a, b)
        self._body(a, b)
        self._responses(a, b)
        self._behaviour(a, b)
        if len(self.out) == before and self._canonical(0, a.value) != self._canonical(1, b.value):
            self.add("operation.other", b.id, "docs", "patch")

    def _parameters(self, a: Op, b: Op) -> None:
        left = {(p["in"], p["name"]): p for p in a.value["parameters"]}
        right = {(p["in"], p["name"]): p for p in b.value["parameters"]}
        same = {key: key for key in left if key in right}
        if len(a.holes) == len(b.holes):
            same |= {("path", x): ("path", y) for x, y in zip(a.holes, b.holes, strict=True)}
        for place in ("query", "header"):
            gone = {k[1]: left[k] for k in left if k not in same and k[0] == place}
            come = {k[1]: right[k] for k in right if k not in same.values() and k[0] == place}
            found = pair_names(gone, come, lambda p, q: self._text(0, p["schema"]) == self._text(1, q["schema"]))
            same |= {(place, x): (place, y) for x, y in found.items()}
        for key, p in left.items():
            other = right.get(same.get(key, ("", "")))
            if other is None:
                self._lone("parameter.removed", b, p, "minor" if _filled(p) else "major")
            else:
                self._parameter(b, p, other)
        for key, q in right.items():
            if key not in same.values():
                self._lone("parameter.added", b, q, "major" if q["required"] and not _filled(q) else "minor")

    def _lone(self, kind: str, op: Op, p: Json, level: str) -> None:
        side = kind == "parameter.added"
        text = f"{p['in']} {p['name']}: {self._text(side, p['schema'])}{'' if p['required'] else ', optional'}"
        self.add(kind, op.id, "request", level, *(("", text) if side else (text, "")))

    def _parameter(self, op: Op, p: Json, q: Json) -> None:
        label = f"{q['in']} {q['name']}: "
        if p["name"] != q["name"]:
            if p["in"] == "path":
                if identifier(p["name"]) != identifier(q["name"]):
                    self.add("parameter.renamed", op.id, "names", "minor", p["name"], q["name"])
            else:
                self.add("parameter.renamed", op.id, "request", "major", p["name"], q["name"])
        if p["required"] != q["required"]:
            kind, level = ("required", "minor" if _filled(q) else "major") if q["required"] else ("optional", "minor")
            self.add(f"parameter.{kind}", op.id, "request", level, "", label.rstrip(": "))
        spelt = [{k: v for k, v in x.items() if k in ("style", "explode", "x-name-template", "x-auto")} for x in (p, q)]
        if spelt[0] != spelt[1]:
            self.add("parameter.style", op.id, "request", "minor", *(label + describe(s) for s in spelt))
        if q["name"] != "api-version":
            self.facts("parameter", op.id, label, self._compare(p["schema"], q["schema"]), {"request"})

    def _body(self, a: Op, b: Op) -> None:
        old, new = a.value.get("requestBody"), b.value.get("requestBody")
        if old is None or new is None:
            if old != new:
                level = "major" if new is None or new["required"] else "minor"
                kind = "body.removed" if new is None else "body.added"
                self.add(kind, b.id, "request", level, self._content(0, old), self._content(1, new))
            return
        if old["required"] != new["required"]:
            kind, level = ("required", "major") if new["required"] else ("optional", "minor")
            self.add(f"body.{kind}", b.id, "request", level)
        media = [list(x["content"]) for x in (old, new)]
        if media[0] != media[1]:
            lost = set(media[0]) - set(media[1])
            self.add("body.media", b.id, "request", "major" if lost else "minor", *map(", ".join, media))
        schemas = [next(iter(x["content"].values()))["schema"] for x in (old, new)]
        self.facts("body", b.id, "", self._compare(*schemas), {"request"})

    def _responses(self, a: Op, b: Op) -> None:
        old, new = a.value["responses"], b.value["responses"]
        for status in [*old, *(s for s in new if s not in old)]:
            before, after = old.get(status), new.get(status)
            good = status[0] in _GOOD
            if before is None or after is None:
                kind, level = ("removed", "major" if good else "minor") if after is None else ("added", "minor")
                texts = [f"{status} {self._content(i, r)}".strip() if r else "" for i, r in enumerate((before, after))]
                self.add(f"response.{kind}", b.id, "response", level, *texts)
                continue
            content = [self._content(i, r) for i, r in enumerate((before, after))]
            if not (content[0] and content[1]):
                if content[0] != content[1]:
                    level = "minor" if content[1] or not good else "major"
                    self.add("response.body", b.id, "response", level, *(f"{status} {c or 'empty'}" for c in content))
            else:
                schemas = [next(iter(r["content"].values()))["schema"] for r in (before, after)]
                self.facts("response", b.id, f"{status} ", self._compare(*schemas), {"response"})
                if list(before["content"]) != list(after["content"]):
                    media = [f"{status} {', '.join(r['content'])}" for r in (before, after)]
                    self.add("response.media", b.id, "response", "major", *media)
            self._headers(b.id, status, before, after)

    def _headers(self, where: str, status: str, before: Json, after: Json) -> None:
        old, new = ({n.lower(): n for n in r.get("headers", {})} for r in (before, after))
        for name in sorted(old.keys() ^ new.keys()):
            kind, level = ("added", "minor") if name in new else ("removed", "major")
            shown = f"{status} {old.get(name) or new[name]}"
            self.add(f"header.{kind}", where, "response", level, *(("", shown) if name in new else (shown, "")))
        if before.get("x-error") != after.get("x-error"):
            self.add("response.error", where, "response", "minor", status, status)

    def _behaviour(self, a: Op, b: Op) -> None:
        for key, kind in (("x-pageable", "paging"), ("x-long-running", "polling")):
            old, new = a.value.get(key), b.value.get(key)
            if old != new:
                level = "minor" if old and new else "major"  # a pager or poller comes or goes: another Python type
                self.add(f"operation.{kind}", b.id, "names", level, describe(old), describe(new))
        if a.value.get("x-retry-safe") != b.value.get("x-retry-safe"):
            self.add("operation.retry", b.id, "request", "minor")
        if a.value.get("summary") != b.value.get("summary"):
            self.add("operation.summary", b.id, "docs", "patch")

    def components(self) -> None:
        """Maps, lists and scalars are no classes: what they say is told where they are used."""
        left, right = self.old["components"]["schemas"], self.new["components"]["schemas"]
        for name, schema in left.items():
            if name in self.schemas:
                self._schema(name, self.schemas[name])
            elif not plain(schema):
                self.add("schema.removed", join("components", "schemas", name), "names", "major", name)
        for name in sorted(set(right) - set(self.schemas.values())):
            if not plain(right[name]):
                where = join("components", "schemas", name)
                self.add("schema.added", where, affects(self.uses[1].get(name, ())), "minor", "", name)

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
        elif ground(a) or ground(b):
            self.facts("schema", where, "", [f for f in self._compare(a, b) if f.kind != "type"], uses)
        else:
            self._base(where, a, b)
            self._members(where, name, renamed, uses)
            self._subtypes(where, a, b, uses)
        if len(self.out) == before and self._canonical(0, a) != self._canonical(1, b):
            self.add("schema.other", where, affects(uses), "patch")

    def _enum(self, where: str, a: Json, b: Json, uses: set[str]) -> None:
        """Enums are open: a value more is no break; one less is, where the service must take it."""
        old, new = a.get("enum"), b.get("enum")
        if old is None or new is None or a.get("type") != b.get("type"):
            self.add("enum.type", where, affects(uses), "major", describe(a.get("type")), describe(b.get("type")))
            return
        for value in [v for v in old if v not in new]:
            level = "major" if "request" in uses else "minor"
            self.add("enum.removed", where, affects(uses), level, value)
        for value in [v for v in new if v not in old]:
            self.add("enum.added", where, affects(uses), "minor", "", value)
        names = [s.get("x-enum-varnames") for s in (a, b)]
        if names[0] != names[1] and old == new:
            self.add("enum.names", where, "names", "major", describe(names[0]), describe(names[1]))

    def _base(self, where: str, a: Json, b: Json) -> None:
        found = [[name_in(p["$ref"]) for p in s.get("allOf", ()) if "$ref" in p] for s in (a, b)]
        if [self.schemas.get(n, n) for n in found[0]] != found[1]:
            self.add("schema.base", where, "names", "minor", *map(", ".join, found))

    def _members(self, where: str, name: str, renamed: str, uses: set[str]) -> None:
        """Own members, and inherited ones where the base is another schema now: a member that moved there stays."""
        left, right = members(self.old, name), members(self.new, renamed)
        own = (
            set(own_members(self.old, name))
            | set(own_members(self.new, renamed))
            | self._foreign(name, renamed, left, right)
        )
        gone = {n: left[n] for n in left if n in own and n not in right}
        come = {n: right[n] for n in right if n in own and n not in left}
        pairs = pair_names(gone, come, lambda p, q: self._text(0, p[0]) == self._text(1, q[0]) != "string")
        for n, m in pairs.items():
            self.add("member.renamed", f"{where}{join('properties', m)}", affects(uses), "major", n, m)
        for n in [n for n in left if n in own]:
            target = n if n in right else pairs.get(n)
            if target is None:
                text = self._text(0, left[n][0])
                self.add("member.removed", f"{where}{join('properties', n)}", affects(uses), "major", text)
            else:
                self._member(f"{where}{join('properties', target)}", left[n], right[target], uses)
        for n in come.keys() - set(pairs.values()):
            schema, required = come[n]
            level = "major" if required and "request" in uses and not schema.get("readOnly") else "minor"
            text = self._text(1, schema) + (", required" if required else "")
            self.add("member.added", f"{where}{join('properties', n)}", affects(uses), level, "", text)

    def _foreign(self, name: str, renamed: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> set[str]:
        """The inherited members, where the two bases are not one schema."""
        found = [bases(c, n) for c, n in ((self.old, name), (self.new, renamed))]
        return set() if [self.schemas.get(b) for b in found[0]] == found[1] else {*left, *right}

    def _member(self, where: str, a: tuple[Json, bool], b: tuple[Json, bool], uses: set[str]) -> None:
        if a[1] != b[1]:
            more = b[1]
            levels = ["major" if more else "minor"] * ("request" in uses and not b[0].get("readOnly"))
            levels += ["minor" if more else "major"] * ("response" in uses)
            kind = "member.required" if more else "member.optional"
            self.add(kind, where, affects(uses), max(levels or ["minor"], key=LEVELS.index))
        self.facts("member", where, "", self._compare(a[0], b[0]), uses)

    def _subtypes(self, where: str, a: Json, b: Json, uses: set[str]) -> None:
        old, new = a.get("discriminator", {}), b.get("discriminator", {})
        if old.get("propertyName") != new.get("propertyName"):
            texts = [x.get("propertyName", "") for x in (old, new)]
            self.add("schema.discriminator", where, affects(uses), "major", *texts)
        left = {v: name_in(r) for v, r in old.get("mapping", {}).items()}
        right = {v: name_in(r) for v, r in new.get("mapping", {}).items()}
        for value in [*left, *(v for v in right if v not in left)]:
            if self.schemas.get(left.get(value, "")) == right.get(value):
                continue
            kind = "added" if value not in left else "removed" if value not in right else "changed"
            texts = [f"{value}: {m[value]}" if value in m else "" for m in (left, right)]
            self.add(f"subtype.{kind}", where, affects(uses), "minor" if kind == "added" else "major", *texts)

    def _compare(self, a: Json, b: Json) -> list[Fact]:
        return compare(self.old, self.new, a, b, self.schemas)

    def _text(self, side: int, schema: Json) -> str:
        text = type_text(self.new, schema, {}) if side else type_text(self.old, schema, self.schemas)
        return text + " or null" * null_in(schema)

    def _content(self, side: int, holder: Json | None) -> str:
        content = (holder or {}).get("content", {})
        return self._text(side, next(iter(content.values()))["schema"]) if content else ""

    def _canonical(self, side: int, value: Any, depth: int = 0) -> Any:
        """A value whose references are spelt as the new contract does, where lists have no order and no mark says no."""
        contract, names = (self.new, {}) if side else (self.old, self.schemas)
        if isinstance(value, dict):
            if "$ref" in value and depth < DEEP:
                name = name_in(value["$ref"])
                target = contract["components"]["schemas"].get(name, {})
                inline = target if ground(target) and "enum" not in target else {"$ref": names.get(name, name)}
                value = {**inline, **{k: v for k, v in value.items() if k != "$ref"}}
            skip = {"operationId", "tags", "summary"} if "operationId" in value else {"x-name"}
            return {
                k: self._canonical(side, v, depth + 1) for k, v in value.items() if k not in skip and v is not False
            }
        if isinstance(value, list):
            return sorted((self._canonical(side, item, depth + 1) for item in value), key=repr)
        if isinstance(value, str) and value.startswith("#/components/schemas/"):
            return names.get(name_in(value), name_in(value))
        return value

"""The comparison of two contracts: the server and the operations here, the schemas in
`diff_schemas`.
"""

from __future__ import annotations

from purview_codegen.package.adapter import identifier
from purview_codegen.pointer import Json

from .changes import Diff
from .compare import describe
from .diff_schemas import SchemaDiff
from .pairing import CLOSE, Op, blank, name_in, pair_names

_GOOD = "123"  # the first digit of a status that is no error


def diff(old: Json, new: Json, plane: str) -> Diff:
    """Compares two contracts of one plane; `new` may be of another api-version.

    Nothing that differs is passed over.
    """
    differ = _Differ(old, new, plane)
    differ.document()
    for a, b in differ.pairs:
        differ.operation(a, b)
    differ.components()
    ids = {a.id: b.id for a, b in differ.pairs if a and b}
    order = {"major": 0, "minor": 1, "patch": 2}
    changes = sorted(
        dict.fromkeys(differ.out), key=lambda c: (order[c.level], c.kind, c.where, c.old, c.new)
    )
    for oid, form in differ.forms.items():
        differ.inner[oid] = {**differ.inner.get(form, {}), **differ.inner[oid]}
    return Diff(tuple(changes), ids, differ.schemas, differ.inner)


def _paired(a: Json, b: Json) -> list[tuple[Json, Json]]:
    """The schemas of two contents: of each media type that both have, else of the first ones."""
    both = [(a[media], b[media]) for media in a if media in b]
    return [
        (x["schema"], y["schema"])
        for x, y in both or [(next(iter(a.values())), next(iter(b.values())))]
    ]


def _filled(parameter: Json) -> bool:
    """Whether the client gives the value itself, so that no caller has to act."""
    return parameter["name"] == "api-version" or "x-auto" in parameter


class _Differ(SchemaDiff):
    def document(self) -> None:
        old, new = self.old["servers"][0], self.new["servers"][0]
        moved = [
            b
            for a, b in self.pairs
            if a and b and blank(a.path) == blank(b.path) and a.base != b.base
        ]
        if moved:
            self.add("server.prefix", "/servers/0/url", "both", "major", old["url"], new["url"])
        hosts = [server["variables"]["endpoint"]["default"] for server in (old, new)]
        if hosts[0] != hosts[1]:
            self.add(
                "server.host", "/servers/0/variables/endpoint/default", "both", "major", *hosts
            )

    def operation(self, a: Op | None, b: Op | None) -> None:
        if a is None or b is None:
            op = a or b
            if op is not None:
                level, kind = (
                    ("minor", "operation.added") if a is None else ("major", "operation.removed")
                )
                text = f"{op.verb.upper()} {op.base}{op.path}"
                self.add(
                    kind, op.id, "both", level, "" if a is None else text, text if a is None else ""
                )
            return
        before = len(self.out)
        if a.id != b.id:
            self.add("operation.renamed", b.id, "names", "minor", a.id, b.id)
        elif a.value["tags"] != b.value["tags"]:
            self.add(
                "operation.group", b.id, "names", "minor", a.value["tags"][0], b.value["tags"][0]
            )
        if a.verb != b.verb:
            self.add("operation.verb", b.id, "both", "major", a.verb.upper(), b.verb.upper())
        if blank(a.base + a.path) != blank(b.base + b.path) and blank(a.path) != blank(b.path):
            self.add("operation.path", b.id, "both", "major", a.base + a.path, b.base + b.path)
        self._parameters(a, b)
        self._body(a, b)
        self._responses(a, b)
        self._behaviour(a, b)
        if len(self.out) == before and self._canonical(0, a.value) != self._canonical(1, b.value):
            self.add("operation.other", b.id, "both", "minor")

    def _parameters(self, a: Op, b: Op) -> None:
        left = {(p["in"], p["name"]): p for p in a.value["parameters"]}
        right = {(p["in"], p["name"]): p for p in b.value["parameters"]}
        same = {key: key for key in left if key in right}
        if len(a.holes) == len(b.holes):
            same |= {("path", x): ("path", y) for x, y in zip(a.holes, b.holes, strict=True)}
        spare = {key[1]: key for key in right if key not in same.values()}
        same |= {key: spare[key[1]] for key in left if key not in same and key[1] in spare}
        for place in ("query", "header"):
            gone = {k[1]: left[k] for k in left if k not in same and k[0] == place}
            come = {k[1]: right[k] for k in right if k not in same.values() and k[0] == place}
            found = pair_names(
                gone, come, lambda p, q: max(CLOSE, self._need(p["schema"], q["schema"]))
            )
            same |= {(place, x): (place, y) for x, y in found.items()}
        self.inner[b.id] = {x[1]: y[1] for x, y in same.items()}
        for key, p in left.items():
            other = right.get(same.get(key, ("", "")))
            if other is None:
                self._lone("parameter.removed", b, p, "minor" if _filled(p) else "major")
            else:
                self._parameter(b, p, other)
        for key, q in right.items():
            if key not in same.values():
                self._lone(
                    "parameter.added",
                    b,
                    q,
                    "major" if q["required"] and not _filled(q) else "minor",
                )

    def _lone(self, kind: str, op: Op, p: Json, level: str) -> None:
        side = kind == "parameter.added"
        text = (
            f"{p['in']} {p['name']}: "
            f"{self._text(side, p['schema'])}{'' if p['required'] else ', optional'}"
        )
        self.add(kind, op.id, "request", level, *(("", text) if side else (text, "")))

    def _parameter(self, op: Op, p: Json, q: Json) -> None:
        label = f"{q['in']} {q['name']}: "
        if p["in"] != q["in"]:
            level = "minor" if _filled(p) and _filled(q) else "major"
            self.add(
                "parameter.location",
                op.id,
                "request",
                level,
                f"{p['in']} {p['name']}",
                f"{q['in']} {q['name']}",
            )
        if p["name"] != q["name"]:
            if p["in"] == "path":
                if identifier(p["name"]) != identifier(q["name"]):
                    self.add("parameter.renamed", op.id, "names", "minor", p["name"], q["name"])
            else:
                self.add("parameter.renamed", op.id, "request", "major", p["name"], q["name"])
        if p["required"] != q["required"]:
            kind, level = (
                ("required", "minor" if _filled(q) else "major")
                if q["required"]
                else ("optional", "minor")
            )
            self.add(f"parameter.{kind}", op.id, "request", level, "", label.rstrip(": "))
        spelt = [
            {k: v for k, v in x.items() if k in ("style", "explode", "x-name-template", "x-auto")}
            for x in (p, q)
        ]
        if spelt[0] != spelt[1]:
            self.add(
                "parameter.style", op.id, "request", "minor", *(label + describe(s) for s in spelt)
            )
        if q["name"] != "api-version":
            self.facts(
                "parameter", op.id, label, self._compare(p["schema"], q["schema"]), {"request"}
            )

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
            self.add(
                "body.media", b.id, "request", "major" if lost else "minor", *map(", ".join, media)
            )
        for p, q in _paired(old["content"], new["content"]):
            self.facts("body", b.id, "", self._compare(p, q), {"request"})
            if "multipart/form-data" in new["content"] and "$ref" in q:
                self.forms[b.id] = name_in(q["$ref"])

    def _responses(self, a: Op, b: Op) -> None:
        old, new = a.value["responses"], b.value["responses"]
        for status in [*old, *(s for s in new if s not in old)]:
            before, after = old.get(status), new.get(status)
            if before is None or after is None:
                self._one_sided(b.id, status, before, after)
            else:
                self._response(b.id, status, before, after)
                self._headers(b.id, status, before, after)

    def _one_sided(self, where: str, status: str, before: Json | None, after: Json | None) -> None:
        """A status that only one of the two declares."""
        texts = [
            f"{status} {self._content(i, r)}".strip() if r else ""
            for i, r in enumerate((before, after))
        ]
        kind = "removed" if after is None else "added"
        level = "major" if after is None and status[0] in _GOOD else "minor"
        self.add(f"response.{kind}", where, "response", level, *texts)

    def _response(self, where: str, status: str, before: Json, after: Json) -> None:
        """What an answer holds, and in which media types it comes."""
        was, now = self._content(0, before), self._content(1, after)
        if not (was and now):
            if was != now:
                level = "minor" if now or status[0] not in _GOOD else "major"
                texts = (f"{status} {content or 'empty'}" for content in (was, now))
                self.add("response.body", where, "response", level, *texts)
            return
        for p, q in _paired(before["content"], after["content"]):
            self.facts("response", where, f"{status} ", self._compare(p, q), {"response"})
        media = [list(r["content"]) for r in (before, after)]
        if media[0] != media[1]:  # the first one says how the answer is read
            level = "minor" if media[0] == media[1][: len(media[0])] else "major"
            texts = (f"{status} {', '.join(m)}" for m in media)
            self.add("response.media", where, "response", level, *texts)

    def _headers(self, where: str, status: str, before: Json, after: Json) -> None:
        old, new = ({n.lower(): n for n in r.get("headers", {})} for r in (before, after))
        for name in sorted(old.keys() ^ new.keys()):
            kind, level = ("added", "minor") if name in new else ("removed", "major")
            shown = f"{status} {old.get(name) or new[name]}"
            self.add(
                f"header.{kind}",
                where,
                "response",
                level,
                *(("", shown) if name in new else (shown, "")),
            )
        for name in sorted(old.keys() & new.keys()):
            texts = [
                self._text(i, r["headers"][n[name]]["schema"])
                for i, (r, n) in enumerate(((before, old), (after, new)))
            ]
            if texts[0] != texts[1]:
                self.add(
                    "header.type",
                    where,
                    "response",
                    "major",
                    *(f"{status} {new[name]}: {t}" for t in texts),
                )
        if before.get("x-error") != after.get("x-error"):
            self.add("response.error", where, "response", "minor", status, status)

    def _behaviour(self, a: Op, b: Op) -> None:
        for key, kind in (("x-pageable", "paging"), ("x-long-running", "polling")):
            old, new = a.value.get(key), b.value.get(key)
            if old != new:
                # a pager or poller comes or goes: another Python type
                level = "minor" if old and new else "major"
                uses = "names"
                if kind == "polling" and "x-pageable" in a.value and "x-pageable" in b.value:
                    uses, level = "docs", "patch"  # such a method gives a pager all the same
                self.add(f"operation.{kind}", b.id, uses, level, describe(old), describe(new))
        if a.value.get("x-retry-safe") != b.value.get("x-retry-safe"):
            self.add("operation.retry", b.id, "request", "minor")
        if a.value.get("summary") != b.value.get("summary"):
            self.add("operation.summary", b.id, "docs", "patch")

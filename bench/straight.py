"""Peers written out from a contract: attrs classes, pydantic models and msgspec structs.

Straight-line code fills the attrs classes at once and keeps the JSON, as a hand-written eager
decoder would. msgspec is the floor: it drops what it does not know, and refuses unknown kinds. A
type is (how, of what): plain, date, enum, model, list or map.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from bodies import Contract, Json

Type = tuple[str, Any]
Decode = Callable[[bytes], Any]
PLAIN: Type = ("plain", None)
_HEAD = """
import attrs, enum, msgspec
from datetime import datetime
from typing import Annotated, Any, Literal, Union
from pydantic import BaseModel, ConfigDict, Field
iso, new = datetime.fromisoformat, object.__new__
"""


def snake(name: str) -> str:
    made = re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower().strip("_")
    return (
        made + "_"
        if keyword.iskeyword(made) or made in ("copy", "json", "schema", "validate")
        else made
    )


class Plan:
    """The members of every object, subtypes with the value that names them, values of enums."""

    def __init__(self, contract: Contract) -> None:
        self.schemas = contract.schemas
        names = [n for n, s in self.schemas.items() if "properties" in s or "allOf" in s]
        self.objects = {n: {w: self.type(s) for w, s in contract.members(n).items()} for n in names}
        self.enums = {n: s["enum"] for n, s in self.schemas.items() if "enum" in s}
        self.kinds = {
            n: contract.kinds(n)
            for n in names
            if "mapping" in self.schemas[n].get("discriminator", {})
        }
        self.tags = {n: self.schemas[n]["discriminator"]["propertyName"] for n in self.kinds}
        self.kind_of = {
            s: (self.tags[b], k) for b, kinds in self.kinds.items() for k, s in kinds.items()
        }

    def type(self, schema: Json) -> Type:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            found = self.schemas[name]
            if "properties" in found or "allOf" in found:
                return ("model", name)
            return (
                ("enum", name)
                if "enum" in found and found.get("type") == "string"
                else self.type(found)
            )
        if schema.get("type") == "array":
            return ("list", self.type(schema["items"]))
        if isinstance(schema.get("additionalProperties"), dict):
            return ("map", self.type(schema["additionalProperties"]))
        return ("date", None) if schema.get("format") == "date-time" else PLAIN


def _hint(of: Type) -> str:
    how, what = of
    if how in ("list", "map"):
        return f"list[{_hint(what)}]" if how == "list" else f"dict[str, {_hint(what)}]"
    return {"plain": "Any", "date": "datetime"}.get(how) or str(what)


def _enums(plan: Plan) -> list[str]:
    lines = []
    for name, values in plan.enums.items():
        if all(isinstance(v, str) for v in values):
            lines += [
                f"class {name}(str, enum.Enum):",
                *(f"    V{i} = {v!r}" for i, v in enumerate(values)),
            ]
            lines += [f"get_{name} = {name}._value2member_map_.get"]
    return lines


def _made(of: Type, v: str) -> str | None:
    """The expression that decodes `v`; None where it is used as it came."""
    how, what = of
    if how in ("list", "map"):
        item = _made(what, "x")
        each = (
            f"[{item} for x in {v}]" if how == "list" else f"{{k: {item} for k, x in {v}.items()}}"
        )
        return item and each
    return {"date": f"iso({v})", "enum": f"get_{what}({v}, {v})", "model": f"load_{what}({v})"}.get(
        how
    )


def eager(plan: Plan) -> list[str]:
    """Straight-line attrs: one store a member, all of them at once."""
    lines = _enums(plan)
    for name, members in plan.objects.items():
        fields = {snake(w): (w, of) for w, of in members.items()}
        lines += ["@attrs.define(eq=False, kw_only=True)", f"class {name}:", "    raw: Any"]
        lines += [f"    {p}: Any = None" for p in fields]
        lines += [
            f"def {'plain' if name in plan.kinds else 'load'}_{name}(d):",
            f"    o = new({name}); o.raw = d; get = d.get",
        ]
        for p, (w, of) in fields.items():
            made = _made(of, "v")
            lines += [
                f"    v = get({w!r}); o.{p} = {made} if v is not None else None"
                if made
                else f"    o.{p} = get({w!r})"
            ]
        lines += ["    return o"]
    for base, kinds in plan.kinds.items():
        table = ", ".join(f"{k!r}: load_{s}" for k, s in kinds.items())
        lines += [f"kinds_{base} = {{{table}}}"]
        tag = repr(plan.tags[base])
        lines += [f"def load_{base}(d): return kinds_{base}.get(d.get({tag}), plain_{base})(d)"]
    return lines


def pydantic(plan: Plan) -> list[str]:
    """Discriminated unions, unknown members kept."""
    lines = _enums(plan)
    for name, members in plan.objects.items():
        base = f"{name}_" if name in plan.kinds else name
        lines += [
            f"class {base}(BaseModel):",
            "    model_config = ConfigDict(extra='allow', defer_build=True)",
        ]
        tag, kind = plan.kind_of.get(name, (None, None))
        for w, of in members.items():
            hint = f"Literal[{kind!r}]" if w == tag else f"{_hint(of)} | None"
            lines += [f"    {snake(w)}: {hint!r} = Field(default=None, alias={w!r})"]
    for base, kinds in plan.kinds.items():
        tag = snake(plan.tags[base])
        lines += [
            f"{base} = Annotated[Union[{', '.join(kinds.values())}], Field(discriminator={tag!r})]"
        ]
    return lines


def structs(plan: Plan) -> list[str]:
    """Tagged unions of structs."""
    lines = _enums(plan)
    for name, members in plan.objects.items():
        tag, kind = plan.kind_of.get(name, (None, None))
        flags = f", tag_field={tag!r}, tag={kind!r}" if tag else ""
        names = {snake(w): w for w in members if w != tag}
        own = f"{name}_" if name in plan.kinds else name
        options = f"kw_only=True, rename={names!r}{flags}"
        lines += [f"class {own}(msgspec.Struct, {options}):", "    pass"]
        lines += [
            f"    {snake(w)}: {_hint(of) + ' | None'!r} = None"
            for w, of in members.items()
            if w != tag
        ]
        lines += [f"{name}.{snake(tag)} = {kind!r}"] if tag else []
    lines += [f"{base} = Union[{', '.join(kinds.values())}]" for base, kinds in plan.kinds.items()]
    return lines


def _module(name: str, lines: list[str]) -> ModuleType:
    made = ModuleType(name)
    exec(compile(_HEAD + "\n".join(lines), name, "exec"), vars(made))  # our own text
    sys.modules[name] = made  # where forward references are looked up
    return made


def _eager(plan: Plan, model: str) -> Decode:
    import msgspec

    parse, load = (
        msgspec.json.Decoder().decode,
        getattr(_module(f"eager_{model}", eager(plan)), f"load_{model}"),
    )
    return lambda raw: load(parse(raw))


def _pydantic(plan: Plan, model: str) -> Decode:
    from pydantic import TypeAdapter

    adapter: Any = TypeAdapter(getattr(_module(f"pydantic_{model}", pydantic(plan)), model))
    return adapter.validate_json  # type: ignore[no-any-return]


def _structs(plan: Plan, model: str) -> Decode:
    import msgspec

    return msgspec.json.Decoder(getattr(_module(f"structs_{model}", structs(plan)), model)).decode


PEERS = {"eager attrs": _eager, "pydantic": _pydantic, "msgspec structs": _structs}


def decoder(peer: str, contract: Callable[[], Contract], model: str) -> Decode:
    """What decodes one model of a contract in the way of a peer."""
    return PEERS[peer](Plan(contract()), model)

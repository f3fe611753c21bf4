"""What generated classes and methods say of themselves: facts of the contract, and words of ours.

Types say most; a line stands only where they do not: where a class goes, limits, formats, units,
who sets a member, what a method returns by status, what it raises, which role it asks for, and what
an argument means that its name does not tell.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from purview_codegen.paths import COLUMNS
from purview_codegen.pointer import Json

from .adapter import class_name
from .plan import Plan
from .plan_models import Class, PlannedField
from .plan_operations import PlannedOperation
from .words import Words

MOST_NAMED = 3  # of the places that a class goes to; the others are counted
_WORD = re.compile(r"\w+")
_FORMATS = {
    "byte": "bytes in base64",
    "date": "a date, YYYY-MM-DD",
    "duration": "a duration of ISO 8601",
    "email": "an e-mail address",
    "uri": "an address (URI)",
    "url": "an address (URL)",
    "uuid": "a UUID",
}
_TOLD_BY_TYPE = {"date-time", "int32", "int64", "double", "float", "binary"}
_SETS = "set by the service, left out of requests"
_HIDDEN = "a secret, which repr does not show"
_ANY = "any JSON: the document does not say more"


class Docs:
    """The docstrings of one plane in one api-version."""

    def __init__(self, contract: Json, plan: Plan, roles: Sequence[str], words: Words) -> None:
        self._schemas: dict[str, Json] = {
            class_name(name): schema for name, schema in contract["components"]["schemas"].items()
        }
        self._plan, self._roles, self._words = plan, roles, words
        self._goes = _Uses(plan)
        self._members: dict[str, Json] = {}

    def everything(self) -> Iterator[list[str]]:
        """The docstrings of all classes and methods."""
        yield from map(self.model, self._plan.classes.values())
        yield from map(self.method, self._plan.operations)

    def model(self, c: Class) -> list[str]:
        """Lines of the docstring of a class, without indentation."""
        lines = [self._goes.first_line(c)]
        kinds = sorted({name for _, name in c.kinds if name != c.name})
        if c.tag and kinds:
            lines += [
                "",
                f"Its kinds are told by `{c.tag}`; one that is not known stays this class.",
            ]
        facts = [(f.name, fact) for f in c.own if (fact := self.member(c, f))]
        if facts:
            lines += ["", "Attributes:"]
            lines += [line for name, fact in facts for line in _entry(name, fact, indent=4)]
        return [part for line in lines for part in _wrapped(line, indent=4)]

    def member(self, c: Class, field: PlannedField) -> str:
        """What the type of a member does not say; "" where it says all."""
        schema = self._member(c, field.wire)
        said = [self._words.member(c.name, field.wire)]
        if set(_WORD.findall(field.type)) & {"int", "float"}:
            said.append(self._words.unit(c.name, field.wire))
        said += _limits(schema)
        if field.type in ("Any", "Any | None") and not any(said):
            said.append(_ANY)
        if "default" in schema:
            said.append(f"{json.dumps(schema['default'])} where it is left out")
        if field.live:
            said.append(f"the service spells it {field.live}")
        said += [_SETS] * field.read_only + [_HIDDEN] * field.secret
        return _sentence("; ".join(part for part in said if part))

    def _member(self, c: Class, wire: str) -> Json:
        """The schema of a member; of what several kinds share, that of the first kind."""
        for name in (c.name, *self._goes.derived.get(c.name, ())):
            found = self._all_members(name).get(wire)
            if found is not None:
                return self._resolved(found)
        return {}

    def _all_members(self, name: str) -> Json:
        if name not in self._members:
            self._members[name] = self._found_members(name)
        return self._members[name]

    def _found_members(self, name: str) -> Json:
        schema = self._schemas.get(name, {})
        out: Json = {}
        for part in schema.get("allOf", ()):
            inherited = "$ref" in part
            out |= (
                self._all_members(class_name(part["$ref"]))
                if inherited
                else part.get("properties", {})
            )
        own: Json = schema.get("properties", {})
        return out | own

    def _resolved(self, schema: Json) -> Json:
        """With what stands behind a reference to a scalar, or beside null."""
        options = [o for o in schema.get("anyOf", ()) if o != {"type": "null"}]
        if len(options) == 1:
            schema = {**options[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
        if "$ref" in schema:
            target = self._schemas.get(class_name(schema["$ref"]), {})
            if "properties" not in target and "allOf" not in target and "enum" not in target:
                return {**target, **schema}
        return schema

    def method(self, op: PlannedOperation) -> list[str]:
        """Lines of the docstring of a method, without indentation; the same for sync and async."""
        lines = [op.summary, ""] if op.summary else []
        lines += [f"{op.verb} {op.path}"]
        if roles := self._words.roles(op.name.group, op.method) or self._roles:
            lines += ["", f"Role: {' or '.join(roles)}."]
        told = [(a.name, self._argument(op, a.name)) for a in op.arguments]
        if told := [(name, words) for name, words in told if words]:
            lines += ["", "Args:"]
            lines += [line for name, words in told for line in _entry(name, words, indent=8)]
        lines += ["", "Returns:", *_listed(_returns(op), indent=8)]
        lines += ["", "Raises:", *_listed(_raises(op), indent=8)]
        return [part for line in lines for part in _wrapped(line, indent=8)]

    def _argument(self, op: PlannedOperation, name: str) -> str:
        """What an argument means, and that it is made where it is not given."""
        said = self._words.argument(name)
        made = any(p.startswith(f"_d.query({name!a},") and "auto=" in p for p in op.parameters)
        made = made or any(
            p.startswith(f"_d.header({name!a},") and "auto=" in p for p in op.parameters
        )
        return " ".join(filter(None, [said, "Made where it is not given." * made]))


class _Uses:
    """Where each class goes: bodies, answers, errors, and other classes."""

    def __init__(self, plan: Plan) -> None:
        self._bodies: dict[str, list[str]] = {}
        self._answers: dict[str, list[str]] = {}
        self._errors: dict[str, list[str]] = {}
        self._parts: dict[str, list[str]] = {}
        self.derived: dict[str, list[str]] = {}
        self._plan = plan
        for op in plan.operations:
            called = f"{op.name.group}.{op.method}"
            self._note(self._bodies, op.body or "", called)
            for status, text in op.responses:
                good = status.strip("'")[0] in "123"
                self._note(self._answers if good else self._errors, text, called)
            self._note(self._answers, op.result, called)
        for c in plan.classes.values():
            if c.base:
                self.derived.setdefault(c.base, []).append(c.name)
            for field in c.own:
                self._note(self._parts, field.type, c.name)

    def _note(self, table: dict[str, list[str]], text: str, where: str) -> None:
        for name in dict.fromkeys(_WORD.findall(text)):
            if name in self._plan.classes and where not in table.setdefault(name, []):
                table[name].append(where)

    def first_line(self, c: Class) -> str:
        """Where it goes, in one line that does not grow with the number of places."""
        name = c.name
        said = []
        if base := self._tagged(c):
            said.append(base)
        for table, what in ((self._bodies, "body of"), (self._answers, "answer of")):
            if places := table.get(name):
                said.append(f"{what} {_some(places)}")
        if not said and (places := [p for p in self._parts.get(name, ()) if p != name]):
            said.append(f"part of {_some(places)}")
        if not said and (places := self._errors.get(name)):
            said.append(f"what {_some(places)} answers where it fails")
        if not said and (kinds := self.derived.get(name)):
            said.append(f"what {_some(kinds)} have in common")
        return _sentence("; ".join(said) or "in no body and no answer of an operation")

    def _tagged(self, c: Class) -> str:
        """Which kind of its base a class is."""
        base = self._plan.classes.get(c.base or "")
        while base is not None:
            values = [value for value, kind in base.kinds if kind == c.name]
            if values:
                return f"{base.name} of the kind {' or '.join(values)}"
            base = self._plan.classes.get(base.base or "")
        return ""


def _some(places: Sequence[str]) -> str:
    """Up to MOST_NAMED names, and how many more there are."""
    named, more = places[:MOST_NAMED], len(places) - MOST_NAMED
    if more > 0:
        return f"{', '.join(named)} and {more} more"
    return " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))


def _limits(schema: Json) -> Iterator[str]:
    """Limits, patterns and formats in words."""
    yield from filter(None, [_range(schema, "minLength", "maxLength", "characters")])
    yield from filter(None, [_range(schema, "minimum", "maximum", "")])
    yield from filter(None, [_range(schema, "minItems", "maxItems", "items")])
    if "pattern" in schema:
        yield f"of the pattern {schema['pattern']}"
    form = schema.get("format", "")
    if form and form not in _TOLD_BY_TYPE:
        yield _FORMATS.get(form, f"of the format {form}")
    if schema.get("uniqueItems"):
        yield "no item twice"
    items = schema.get("items")
    if isinstance(items, dict):
        yield from (f"each {limit}" for limit in _limits(items))


def _range(schema: Json, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if unit and 1 in (low, high) and (low is None or high in (1, None)):
        unit = unit.removesuffix("s")
    if low is not None and high is not None:
        return f"{low} to {high} {unit}".rstrip()
    if low is not None:
        return f"at least {low} {unit}".rstrip()
    return f"at most {high} {unit}".rstrip() if high is not None else ""


def _by_type(op: PlannedOperation) -> Iterator[tuple[str, str]]:
    """(statuses, type) of the answers of an operation, a type once."""
    found: dict[str, list[str]] = {}
    for status, text in op.responses:
        found.setdefault(text.strip("'"), []).append(status.strip("'"))
    for text, statuses in found.items():
        yield ", ".join(statuses), text


def _is_good(statuses: str) -> bool:
    return statuses[0] in "123"


def _good(op: PlannedOperation) -> list[tuple[str, str]]:
    """The answers that are no errors: (statuses, type)."""
    split = [(s, text) for found, text in _by_type(op) for s in found.split(", ")]
    kept: dict[str, list[str]] = {}
    for status, text in split:
        if _is_good(status):
            kept.setdefault(text, []).append(status)
    return [(", ".join(statuses), text) for text, statuses in kept.items()]


def _returns(op: PlannedOperation) -> Iterator[str]:
    answers = "; ".join(f"{statuses}: {text}" for statuses, text in _good(op))
    result = op.result.replace("m.", "").replace("_Any", "Any")
    if op.paging:
        yield f"A pager, which asks for pages while it is iterated, of {result}. {answers}."
    elif op.polling:
        yield f"A poller, whose result() waits for the end and gives {result}. {answers}."
    elif answers:
        yield f"{answers}."
    else:
        yield f"{result}; the document declares no good answer."


def _raises(op: PlannedOperation) -> Iterator[str]:
    declared = [
        (status.strip("'"), text.strip("'"))
        for status, text in op.responses
        if not _is_good(status.strip("'"))
    ]
    kinds: dict[str, list[str]] = {}
    for status, text in declared:
        kinds.setdefault(text, []).append(status)
    bodies = "; ".join(
        f"{', '.join(statuses)}: {text}" for text, statuses in kinds.items() if text != "None"
    )
    yield f"HttpError: any other status{f', with a body ({bodies})' if bodies else ''}."
    if op.paging:
        yield "PagingError: what came is no page."
    if op.polling:
        yield "PollingError: the work failed, or was cancelled."


def _listed(lines: Iterable[str], *, indent: int) -> list[str]:
    return [part for line in lines for part in _entry("", line, indent=indent)]


def _entry(name: str, text: str, *, indent: int) -> list[str]:
    """One entry of a section, wrapped, its later lines further in."""
    first = f"    {name}: {text}" if name else f"    {text}"
    return textwrap.wrap(
        first,
        COLUMNS - indent,
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _wrapped(line: str, *, indent: int) -> list[str]:
    """A paragraph, with room for the quotes before it; what begins with blanks is wrapped
    already.
    """
    width = COLUMNS - indent - len('"""')
    is_address = len(line.split()) == 2  # a verb and a path, which are looked for as they stand
    if len(line) <= width or line.startswith("    ") or is_address:
        return [line]
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)


def _sentence(text: str) -> str:
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:].rstrip('.')}."

"""What a method of a group looks like: its arguments, its answer, and the declaration that the
runtime works from.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from purview_codegen.errors import GateError
from purview_codegen.identifiers import folded, module
from purview_codegen.openapi import operations_of
from purview_codegen.pointer import Json, join
from purview_core.client.client import Group
from purview_core.model.values import camel

from . import adapter
from .names import CLIENT, Name
from .plan_models import Class, optional, python_type
from .plan_polling import ALSO, PlannedPolling, PollingPlanner

_FILES = ("bytes", "Any")  # in OpenAPI 3.1 a schema that says nothing is any bytes
_PAGING = ("token", "sends", "last", "sync", "offset", "limit", "size", "total", "place")


@attrs.frozen
class Argument:
    """One argument of a method.

    `positional` for path values; `demanded` where it has no default.
    """

    name: str
    type: str
    positional: bool
    demanded: bool

    @property
    def source(self) -> str:
        """The argument in the signature of its method."""
        if self.demanded:
            return f"{self.name}: {self.type}"
        return f"{self.name}: {self.type if self.type == '_Any' else optional(self.type)} = None"


@attrs.frozen
class PlannedOperation:
    """All that the operations template needs; texts are source, `id`, `path` and `summary` are
    plain and escaped there.
    """

    id: str
    name: Name
    method: str
    verb: str
    path: str
    summary: str
    parameters: tuple[str, ...]
    arguments: tuple[Argument, ...]
    values: tuple[str, ...]
    body: str | None
    body_argument: str | None
    responses: tuple[tuple[str, str], ...]
    result: str
    paging: str | None
    polling: str | None
    retry_safe: bool
    classes: tuple[str, ...]

    @property
    def sender(self) -> str:
        """Which method of the group's base sends it, without its underscore."""
        return "pages" if self.paging else "begin" if self.polling else "send"

    def returns(self, prefix: str) -> str:
        """What the method gives; `prefix` is "Async" in the async class."""
        wrapper = "Pager" if self.paging else "Poller" if self.polling else None
        return f"_d.{prefix}{wrapper}[{self.result}]" if wrapper else self.result

    @property
    def signature(self) -> str:
        """The arguments after `self`, with what leads to them."""
        first = [a.source for a in self.arguments if a.positional]
        rest = [
            a.source
            for a in sorted(self.arguments, key=lambda a: not a.demanded)
            if not a.positional
        ]
        return "".join(f", {text}" for text in [*first, *(["*", *rest] if rest else [])])

    @property
    def call(self) -> str:
        """The arguments of the group's one-line body."""
        parts = [f"_Operations.{self.method}"]
        if self.values or self.body_argument:
            parts.append(f"({', '.join(self.values)}{',' if len(self.values) == 1 else ''})")
        return ", ".join(parts + ([self.body_argument] if self.body_argument else []))


class Planner:
    """Plans the operations of one contract."""

    def __init__(
        self,
        contract: Json,
        parsed: adapter.Parsed,
        classes: Mapping[str, Class],
        names: Mapping[str, Name],
    ) -> None:
        self.title = contract["info"]["title"]
        self.prefix: str = contract["servers"][0]["url"].removeprefix("{endpoint}")
        self.parsed, self.classes, self.names = parsed, classes, names
        self.polling = PollingPlanner(contract, parsed, classes, names)
        self.operations = [self._plan(path, verb, op) for path, verb, op in operations_of(contract)]
        self._unique_methods()

    def _plan(self, path: str, verb: str, operation: Json) -> PlannedOperation:
        oid: str = operation["operationId"]
        typed, name = self.parsed.operations[oid], self.names[oid]
        where = f"{oid}: {join('paths', path, verb)}"
        result, paging, planned = self._answer(path, verb, operation, where)
        ordered = sorted(operation["parameters"], key=lambda p: _place(path, p))
        parameters = _distinct(
            [(p, typed.parameters.get((p["in"], p["name"]))) for p in ordered], typed.body
        )
        arguments = [_argument(p, t) for p, t in parameters if t is not None]
        body, body_argument, more = _body(operation, typed)
        arguments += more
        self._unique_arguments(arguments, where)
        return PlannedOperation(
            id=oid,
            name=name,
            method=f"begin_{name.method.removeprefix('begin_')}" if planned else name.method,
            verb=verb.upper(),
            path=self.prefix + path,
            summary=operation.get("summary", ""),
            parameters=tuple(
                "_d.API_VERSION" if t is None else _parameter(p, t) for p, t in parameters
            ),
            arguments=tuple(arguments),
            values=tuple(t.name for _, t in parameters if t is not None),
            body=body,
            body_argument=body_argument,
            responses=tuple(
                (ascii(status), ascii(text)) for status, text in typed.responses.items()
            ),
            result=python_type(result, "m.") + (ALSO if planned and planned.uncertain else ""),
            paging=paging,
            polling=planned.source if planned else None,
            retry_safe=bool(operation.get("x-retry-safe")),
            classes=(result, *typed.texts),
        )

    def _answer(
        self, path: str, verb: str, operation: Json, where: str
    ) -> tuple[str, str | None, PlannedPolling | None]:
        """The type of what a call ends with, and how it comes to it: over pages, or by polling."""
        typed, polling = (
            self.parsed.operations[operation["operationId"]],
            operation.get("x-long-running"),
        )
        if "x-pageable" in operation and verb in ("get", "post"):  # a write has no page after
            page = operation["x-pageable"]
            return self._item(typed, page, where), _paging(page, where), None
        if not polling:
            return self._result(typed), None, None
        named = polling.get("result")
        result = self._result(typed) if named is None else adapter.class_name(named)
        return result, None, self.polling.plan(path, verb, operation, result, where)

    def _result(self, operation: adapter.ParsedOperation) -> str:
        """What a call gives: the union over its good answers, None last."""
        good = [
            text
            for status, text in operation.responses.items()
            if status != "default" and int(str(status)[0]) < 4
        ]
        texts = [text for text in dict.fromkeys(good) if text != "None"]
        if "Any" in texts:
            return "Any"
        union = " | ".join(texts) or "None"
        return optional(union) if "None" in good else union

    def _item(self, operation: adapter.ParsedOperation, page: Json, where: str) -> str:
        """The type of the items of a page; a page may be a bare list."""
        for text in (
            text for status, text in operation.responses.items() if status in (200, "200", "2XX")
        ):
            if text.startswith("list["):
                return text[5:-1]
            for field in self.classes[text].fields if text in self.classes else ():
                if field.wire == page["itemName"] and field.type.startswith("list["):
                    return field.type.removesuffix(" | None")[5:-1]
        raise GateError(f"{self.title}: the page has no list {page['itemName']!r}: {where}")

    def _unique_arguments(self, arguments: list[Argument], where: str) -> None:
        names = [a.name for a in arguments]
        if twice := sorted({n for n in names if names.count(n) > 1 or n == "self"}):
            raise GateError(f"{self.title}: two arguments would be called {twice[0]}: {where}")

    def _unique_methods(self) -> None:
        """No two operations may be one method, no two groups one file, and none may hide what
        every client has.
        """
        methods: dict[tuple[str, str], str] = {}
        groups: dict[str, str] = {}
        for op in self.operations:
            group, called = op.name.group, f"{op.name.group}.{op.method}"
            other = methods.setdefault((group, folded(op.method)), op.id)
            if other != op.id:
                raise GateError(f"{self.title}: {other} and {op.id} are both {called}")
            taken = ""
            if group in CLIENT or hasattr(Group, op.method):
                taken = "is called as a part of every client is"
            elif module(group) != group:
                taken = "stands in a file that Windows takes for a device"
            elif not (group.isidentifier() and op.method.isidentifier()):
                taken = "is no name in Python"
            elif (like := groups.setdefault(group.casefold(), group)) != group:
                taken = f"stands in a file that some file systems take for that of {like}"
            if taken:
                raise GateError(
                    f"{self.title}: {op.id}: {called} {taken}; name another one in the "
                    f"overlay's [methods]"
                )


def _distinct(
    parameters: list[tuple[Json, adapter.Property | None]], body: str | None
) -> list[tuple[Json, adapter.Property | None]]:
    """A value that would be called as another one is, or as the body, tells where it goes; one
    of the path never does.
    """
    names = ["self", *(["body"] if body else []), *(t.name for _, t in parameters if t)]
    return [
        (p, attrs.evolve(t, name=f"{t.name}_{p['in']}"))
        if t and p["in"] != "path" and names.count(t.name) > 1
        else (p, t)
        for p, t in parameters
    ]


def _place(path: str, parameter: Json) -> int:
    """Path values come as the path has them, whatever the order of the document; all others
    follow, in its order.
    """
    return path.find("{" + parameter["name"] + "}") if parameter["in"] == "path" else len(path)


def _argument(parameter: Json, typed: adapter.Property) -> Argument:
    positional = parameter["in"] == "path"
    demanded = positional or (typed.required and "x-auto" not in parameter)
    return Argument(typed.name, python_type(typed.type, "m."), positional, demanded)


def _parameter(parameter: Json, typed: adapter.Property) -> str:
    parts = [ascii(typed.name)]
    wire = [ascii(typed.wire)] if camel(typed.name) != typed.wire else []
    if typed.type != "str" or wire:
        parts.append(ascii(typed.type))
    parts += wire
    if parameter["in"] != "path" and typed.required:
        parts.append("required=True")
    if "style" in parameter and parameter["in"] != "path":  # a path has lists in one way
        parts += [f"style={parameter['style']!r}", f"explode={bool(parameter.get('explode'))}"]
    if "x-name-template" in parameter:
        parts.append(f"template={parameter['x-name-template']!a}")
    if "x-auto" in parameter:
        parts.append(f"auto={parameter['x-auto']!a}")
    return f"_d.{parameter['in']}({', '.join(parts)})"


def _body(
    operation: Json, typed: adapter.ParsedOperation
) -> tuple[str | None, str | None, list[Argument]]:
    """The body's declaration, what the method hands over, and the arguments it takes for it."""
    if typed.body is None:
        return None, None, []
    request = operation["requestBody"]
    media = tuple(request["content"])
    facts = ["required=False"] * (not request["required"])
    if media != ("application/json",):
        facts.append(f"media_types={media!a}")
    if typed.body:
        kind = python_type(typed.body, "m.")
        return (
            f"_d.Body({', '.join([ascii(typed.body), *facts])})",
            "body",
            [Argument("body", kind, False, request["required"])],
        )
    fields = ", ".join(
        (
            f"_d.FormField({f.name!a}, {f.wire!a}, "
            f"{f.required}{', text=True' * (f.type not in _FILES)})"
        )
        for f in typed.form
    )
    arguments = [
        Argument(
            f.name,
            "_d.FileInput" if f.type in _FILES else python_type(f.type, "m."),
            False,
            f.required,
        )
        for f in typed.form
    ]
    values = ", ".join(f"{f.wire!a}: {f.name}" for f in typed.form)
    return (
        f"_d.Body({', '.join([ascii(''), *facts])}, fields=({fields},))",
        "{" + values + "}",
        arguments,
    )


def _paging(page: Json, where: str) -> str:
    """The facts of x-pageable: `itemName` and `nextLinkName`, and from overlays any of
    `_PAGING`.
    """
    if unknown := sorted(set(page) - {"itemName", "nextLinkName", *_PAGING}):
        raise GateError(f"x-pageable knows no {unknown[0]!r}: {where}")
    facts = [f"{name}={page[name]!a}" for name in _PAGING if name in page]
    return f"_d.Paging({', '.join([ascii(page['itemName']), ascii(page.get('nextLinkName')), *facts])})"

"""Our own judge of requests and answers: what a message is not allowed to be by its contract, each with the place of it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from purview_core.manifest import Document
from purview_core.model.json_text import loads

from .documents import select
from .facts import Contract, ContractOperation, ContractParameter, Shape, load
from .messages import RequestMessage, ResponseMessage
from .routing import Match, router_of
from .schema_check import Checker, ContractViolation, found

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
PAGE_TOKENS = ("$skipToken", "skipToken", "continuationToken")
TOKEN = "page."  # noqa: S105 - what our own page tokens begin with


@dataclass(frozen=True)
class Verdict:
    """What a request was taken for, and how it departs. `query`: the arguments of the query, typed."""

    match: Match | None
    violations: tuple[ContractViolation, ...]
    query: dict[str, Any]

    @property
    def operation(self) -> ContractOperation | None:
        return self.match.operation if self.match else None


class Validator:
    """Judges messages by the contracts of the given documents, the default ones of all planes without."""

    def __init__(
        self,
        documents: Iterable[Document | str] | None = None,
        *,
        strict: bool = True,
        specs: Path | None = None,
    ) -> None:
        given = None if documents is None else list(documents)
        names = None if given is None else [d.name if isinstance(d, Document) else d for d in given]
        self.strict = strict
        self.contracts: Sequence[Contract] = [load(d, specs) for d in select(names, specs)]
        self.router = router_of(tuple(self.contracts))

    def request(self, request: RequestMessage, *, operation: str | None = None) -> Verdict:
        """The verdict on a request; `operation`: the id of the one that was meant, another one is a violation."""
        version = next((v for n, v in request.query if n == "api-version"), None)
        match, methods = self.router.find(request.method, request.raw_path, version)
        if match is None:
            return Verdict(None, (self._lost(request, methods),), {})
        violations = list(self._facts(request, match))
        if operation is not None and match.operation.id != operation:
            violations.append(
                ContractViolation(
                    "path", "", "operation", f"the operation {operation}", match.operation.id
                )
            )
        query, wrong = read_query(match.operation, request.query, strict=self.strict)
        return Verdict(match, (*violations, *wrong), query)

    def _lost(self, request: RequestMessage, methods: list[str]) -> ContractViolation:
        if methods:
            return ContractViolation(
                "method", "", "method", f"one of {', '.join(methods)}", request.method
            )
        near = self.router.near(request.raw_path)
        return ContractViolation(
            "path", "", "path", f"a path of the contracts ({near})", request.raw_path
        )

    def _facts(self, request: RequestMessage, match: Match) -> Iterator[ContractViolation]:
        operation = match.operation
        for parameter in operation.parameters:
            if parameter.location == "path":
                yield from self._argument(operation, parameter, match.holes[parameter.name])
            elif parameter.location == "header":
                value = request.headers.get(parameter.name.lower())
                if value is not None:
                    yield from self._argument(operation, parameter, value)
                elif parameter.required:
                    yield ContractViolation(
                        "header",
                        parameter.name,
                        "required",
                        "a value, since it is required",
                        "nothing",
                    )
        yield from self._body(request, operation)

    def _argument(
        self, operation: ContractOperation, parameter: ContractParameter, text: str
    ) -> Iterator[ContractViolation]:
        _, wrong = read_argument(operation, parameter, [text], strict=self.strict)
        yield from wrong

    def _body(
        self, request: RequestMessage, operation: ContractOperation
    ) -> Iterator[ContractViolation]:
        if not operation.body:
            if request.content:
                yield ContractViolation(
                    "body", "", "unknown", "no body", f"{len(request.content)} bytes"
                )
            return
        if not request.content:
            if operation.body_required:
                yield ContractViolation(
                    "body", "", "missing", "a body, since it is required", "nothing"
                )
            return
        coding = request.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            yield ContractViolation(
                "header", "content-encoding", "coding", "a body as it is, with no coding", coding
            )
            return
        media = next((m for m in operation.body if _fits(m, request.media)), None)
        if media is None:
            wanted = " or ".join(operation.body)
            yield ContractViolation(
                "header", "content-type", "media-type", wanted, request.media or "nothing"
            )
        elif "json" in media:
            yield from self._json(request, operation)
        elif media.startswith("multipart/"):
            yield from _form(operation, operation.body[media], request)

    def _json(
        self, request: RequestMessage, operation: ContractOperation
    ) -> Iterator[ContractViolation]:
        try:
            value = request.json()
        except ValueError as error:
            yield ContractViolation("body", "", "json", "JSON", str(error))
            return
        checker = Checker(operation.contract.schemas, self.strict)
        if value is None and operation.body_schema == {}:
            yield ContractViolation("body", "", "null", "a value", "null")
        if self.strict:
            for name in twice(request.content):
                yield ContractViolation(
                    "body", "", "twice", "each member of an object once", f"{name!r} twice"
                )
        yield from checker.check(operation.body_schema, value)

    def response(
        self, operation: ContractOperation, response: ResponseMessage
    ) -> list[ContractViolation]:
        """How an answer departs from what the operation declares."""
        declared = operation.answers.get(str(response.status)) or operation.answers.get("default")
        if declared is None or (
            str(response.status) not in operation.answers and response.status < 400
        ):
            return [
                ContractViolation(
                    "status",
                    "",
                    "status",
                    f"one of {', '.join(operation.answers)}",
                    str(response.status),
                )
            ]
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not declared.content:
            found_bytes = f"{len(response.content)} bytes"
            return (
                [ContractViolation("body", "", "unknown", "no body", found_bytes)]
                if response.content
                else []
            )
        if not any(_fits(m, media) for m in declared.content):
            return [
                ContractViolation(
                    "header",
                    "content-type",
                    "media-type",
                    " or ".join(declared.content),
                    media or "nothing",
                )
            ]
        if "json" not in media:
            return []
        try:
            value = loads(response.content)
        except ValueError as error:
            return [ContractViolation("body", "", "json", "JSON", str(error))]
        checker = Checker(operation.contract.schemas, self.strict, request=False)
        return list(checker.check(declared.json, value))


def twice(content: bytes) -> list[str]:
    """Members that an object of JSON text has more than once: readers differ in which of them they take."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)

    with contextlib.suppress(
        ValueError, RecursionError
    ):  # of numbers and depths that `loads` reads
        json.loads(content, object_pairs_hook=note, parse_int=str)
    return found


def _fits(declared: str, media: str) -> bool:
    return declared == media or (declared == "application/json" and media.endswith("+json"))


def _form(
    operation: ContractOperation, schema: Any, request: RequestMessage
) -> Iterator[ContractViolation]:
    """The parts of a form: those required are there, and none is unknown."""
    shape = operation.contract.schemas.shape(schema)
    head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + request.content)
    parts = message.get_payload()
    if not isinstance(parts, list):
        yield ContractViolation(
            "body", "", "json", "a multipart form with its boundary", "something else"
        )
        return
    names = [str(p.get_param("name", "", "content-disposition")) for p in parts]  # type: ignore[union-attr, unused-ignore]
    for name in shape.required.difference(names):
        yield ContractViolation(
            "body", f"/{name}", "required", "a part, since it is required", "nothing"
        )
    for name in names:
        if name not in shape.properties:
            yield ContractViolation(
                "body",
                f"/{name}",
                "unknown",
                f"one of {', '.join(shape.properties)}",
                f"the part {name!r}",
            )


def read_query(
    operation: ContractOperation, pairs: Sequence[tuple[str, str]], *, strict: bool
) -> tuple[dict[str, Any], list[ContractViolation]]:
    """The arguments of a query with their declared types, and what is wrong with them. A page token of ours is welcome."""
    declared = [p for p in operation.parameters if p.location == "query"]
    values: dict[str, Any] = {}
    wrong: list[ContractViolation] = []
    for parameter in declared:
        texts = [v for n, v in pairs if parameter.named(n)]
        if texts:
            values[parameter.name], bad = read_argument(operation, parameter, texts, strict=strict)
            wrong += bad
        elif parameter.required:
            wrong.append(
                ContractViolation(
                    "query", parameter.name, "required", "a value, since it is required", "nothing"
                )
            )
    for name, text in pairs:
        if any(p.named(name) for p in declared):
            continue
        if name in PAGE_TOKENS and text.startswith(TOKEN):
            values["$skipToken"] = text
        elif name == "api-version" and not strict:
            continue  # the service takes one also where a document has none, and every other client sends it
        else:
            known = ", ".join(p.name for p in declared) or "none"
            wrong.append(
                ContractViolation(
                    "query",
                    name,
                    "unknown",
                    f"a query name of {operation.id} ({known})",
                    repr(name),
                )
            )
    return values, wrong


def read_argument(
    operation: ContractOperation, parameter: ContractParameter, texts: list[str], *, strict: bool
) -> tuple[Any, list[ContractViolation]]:
    """A value from its texts, and how it departs from the parameter's schema."""
    schemas = operation.contract.schemas
    shape = schemas.shape(parameter.schema)
    checker = Checker(schemas, strict or parameter.name == "api-version")
    if "array" in shape.types:
        items = texts if parameter.explode else texts[0].split(",")
        value: Any = [_typed(schemas.shape(shape.items), item) for item in items]
    elif len(texts) > 1:
        return texts, [
            ContractViolation(
                parameter.location, parameter.name, "type", "one value", f"{len(texts)} values"
            )
        ]
    else:
        value = _typed(shape, texts[0])
    wrong = [
        ContractViolation(parameter.location, parameter.name + d.where, d.kind, d.expected, d.found)
        for d in checker.check(parameter.schema, value)
    ]
    return value, wrong


def _typed(shape: Shape, text: str) -> Any:
    """A text as the number or truth value that it says; the text itself where it says none."""
    if "boolean" in shape.types and text in ("true", "false"):
        return text == "true"
    if "integer" in shape.types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in shape.types and _NUMBER.fullmatch(text):
        return float(text)
    return text


__all__ = ["ContractViolation", "Validator", "Verdict", "found", "read_argument", "read_query"]

"""The judge of requests and answers: where a message breaks its contract, and how."""

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
from .facts import Answer, Contract, ContractOperation, ContractParameter, Shape, load
from .messages import RequestMessage, ResponseMessage
from .routing import Match, router_of
from .schema_check import Checker, ContractViolation, found

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
PAGE_TOKENS = ("$skipToken", "skipToken", "continuationToken")
TOKEN = "page."  # noqa: S105 - what the sandbox's own page tokens begin with


@dataclass(frozen=True)
class Verdict:
    """What a request was taken for, and where it breaks its contract.

    Attributes:
        match: The operation with the values of its path; None where none fits.
        violations: Where the request breaks the contract, empty where it does not.
        query: The arguments of the query, each with its declared type.
    """

    match: Match | None
    violations: tuple[ContractViolation, ...]
    query: dict[str, Any]

    @property
    def operation(self) -> ContractOperation | None:
        """The operation that the request was taken for."""
        return self.match.operation if self.match else None


class Validator:
    """Judges messages by the contracts of some documents.

    Args:
        documents: Documents, or their names such as "scanning" and "scanning@2023-09-01"; None
            for the default ones of all planes.
        strict: Whether a request may hold only what its contract describes, and an enum takes
            its members alone. Otherwise what the service is known to take passes, too.
        specs: A folder with planes.toml and contracts, in place of the one that comes with the
            package.

    Raises:
        UsageError: There is no such plane or version.
    """

    def __init__(
        self,
        documents: Iterable[Document | str] | None = None,
        *,
        strict: bool = True,
        specs: Path | None = None,
    ) -> None:
        names: list[str] | None = None
        if documents is not None:
            names = [d.name if isinstance(d, Document) else d for d in documents]
        self.strict = strict
        self.contracts: Sequence[Contract] = [load(d, specs) for d in select(names, specs)]
        self.router = router_of(tuple(self.contracts))

    def request(self, request: RequestMessage, *, operation: str | None = None) -> Verdict:
        """The verdict on a request.

        Args:
            request: The request as it came.
            operation: The id of the operation that is meant; a request that is taken for
                another one breaks the contract.
        """
        version = next((v for n, v in request.query if n == "api-version"), None)
        match, methods = self.router.find(request.method, request.raw_path, version)
        if match is None:
            return Verdict(None, (self._unknown_target(request, methods),), {})
        violations = list(self._arguments_and_body(request, match))
        if operation is not None and match.operation.id != operation:
            violations.append(
                ContractViolation(
                    "path", "", "operation", f"the operation {operation}", match.operation.id
                )
            )
        query, wrong = read_query(match.operation, request.query, strict=self.strict)
        return Verdict(match, (*violations, *wrong), query)

    def _unknown_target(self, request: RequestMessage, methods: list[str]) -> ContractViolation:
        if methods:
            return ContractViolation(
                "method", "", "method", f"one of {', '.join(methods)}", request.method
            )
        near = self.router.near(request.raw_path)
        return ContractViolation(
            "path", "", "path", f"a path of the contracts ({near})", request.raw_path
        )

    def _arguments_and_body(
        self, request: RequestMessage, match: Match
    ) -> Iterator[ContractViolation]:
        operation = match.operation
        for parameter in operation.parameters:
            if parameter.location == "path":
                yield from self._argument(operation, parameter, match.holes[parameter.name])
            elif parameter.location == "header":
                value = request.headers.get(parameter.name.lower())
                if value is not None:
                    yield from self._argument(operation, parameter, value)
                elif parameter.required:
                    yield _missing("header", parameter.name)
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
            yield _wrong_media(" or ".join(operation.body), request.media)
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
        """Where an answer breaks what the operation declares."""
        status = str(response.status)
        declared = operation.answers.get(status)
        if declared is None and response.status >= 400:
            declared = operation.answers.get("default")
        if declared is None:
            known = ", ".join(operation.answers)
            return [ContractViolation("status", "", "status", f"one of {known}", status)]
        if declared.content:
            return list(self._content(operation, declared, response))
        if response.content:
            size = f"{len(response.content)} bytes"
            return [ContractViolation("body", "", "unknown", "no body", size)]
        return []

    def _content(
        self, operation: ContractOperation, declared: Answer, response: ResponseMessage
    ) -> Iterator[ContractViolation]:
        """Checks the media type of an answer, and its body if that is JSON."""
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not any(_fits(known, media) for known in declared.content):
            wanted = " or ".join(declared.content)
            yield _wrong_media(wanted, media)
        elif "json" in media:
            try:
                value = loads(response.content)
            except ValueError as error:
                yield ContractViolation("body", "", "json", "JSON", str(error))
                return
            checker = Checker(operation.contract.schemas, self.strict, request=False)
            yield from checker.check(declared.json, value)


def _missing(place: str, where: str) -> ContractViolation:
    return ContractViolation(place, where, "required", "a value, since it is required", "nothing")


def _wrong_media(wanted: str, media: str) -> ContractViolation:
    return ContractViolation("header", "content-type", "media-type", wanted, media or "nothing")


def twice(content: bytes) -> list[str]:
    """Members that an object of a JSON text has more than once.

    Readers differ in which of them they take.
    """
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)

    # Numbers and depths that `loads` can read, and the standard library cannot, are no matter here.
    with contextlib.suppress(ValueError, RecursionError):
        json.loads(content, object_pairs_hook=note, parse_int=str)
    return found


def _fits(declared: str, media: str) -> bool:
    return declared == media or (declared == "application/json" and media.endswith("+json"))


def _form(
    operation: ContractOperation, schema: Any, request: RequestMessage
) -> Iterator[ContractViolation]:
    """Checks the parts of a form: those required are there, and none is unknown."""
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
    """The arguments of a query with their declared types, and what is wrong with them.

    A page token of the sandbox's own is taken under any name that pages go by.
    """
    declared = [p for p in operation.parameters if p.location == "query"]
    values: dict[str, Any] = {}
    wrong: list[ContractViolation] = []
    for parameter in declared:
        texts = [v for n, v in pairs if parameter.named(n)]
        if texts:
            values[parameter.name], bad = read_argument(operation, parameter, texts, strict=strict)
            wrong += bad
        elif parameter.required:
            wrong.append(_missing("query", parameter.name))
    for name, text in pairs:
        if any(p.named(name) for p in declared):
            continue
        if name in PAGE_TOKENS and text.startswith(TOKEN):
            values["$skipToken"] = text
        elif name == "api-version" and not strict:
            # Other clients send one with every call, and the service takes it.
            continue
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
    """The value that some texts mean, and where it breaks the parameter's schema."""
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
    """The number or truth value that a text means; the text itself where it means none."""
    if "boolean" in shape.types and text in ("true", "false"):
        return text == "true"
    if "integer" in shape.types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in shape.types and _NUMBER.fullmatch(text):
        return float(text)
    return text


__all__ = ["ContractViolation", "Validator", "Verdict", "found", "read_argument", "read_query"]

"""Which requests of a test broke their contracts, and the report of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from purview_testing.contracts.judge import Validator
from purview_testing.contracts.messages import RequestMessage, ResponseMessage
from purview_testing.contracts.schema_check import ContractViolation
from purview_testing.sandbox.recorder import LEFT_OUT

from .recording import is_secret

_LINKS = ("location", "operation-location", "azure-asyncoperation")
_MEMBER = re.compile(r"/([^/]+?)(?:/\d+)*$")


class Broken(NamedTuple):
    """One request that broke its contract.

    `document`, `operation` and `template` are empty where its path or method fits no operation.
    """

    method: str
    path: str
    status: int
    document: str
    operation: str
    template: str
    violations: Sequence[ContractViolation]


class Journal:
    """Judges requests as they are made.

    A link that an answer gave may be followed, whatever its query holds.
    """

    def __init__(self, validator: Validator) -> None:
        self.validator = validator
        self._broken: list[Broken] = []
        self._given: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
        self._lock = threading.Lock()

    def judge(self, request: RequestMessage, response: ResponseMessage) -> None:
        """Judges a call to anything but the sandbox, which judges its calls itself."""
        violations: Sequence[ContractViolation] = ()
        if _target(request.url) not in self._given:
            violations = self.validator.request(request).violations
        self._given.update(_target(link) for link in links(response))
        self.note(request, response.status, violations)

    def note(
        self, request: RequestMessage, status: int, violations: Sequence[ContractViolation]
    ) -> None:
        """Keeps a request if it broke its contract."""
        if not violations:
            return
        match, _ = self.validator.router.find(request.method, request.raw_path)
        operation = match.operation if match else None
        document = operation.contract.document.name if operation else ""
        name, template = (operation.id, operation.path) if operation else ("", "")
        path = f"{request.raw_path}{'?' if request.raw_query else ''}{request.raw_query}"
        with self._lock:
            self._broken.append(
                Broken(request.method, path, status, document, name, template, tuple(violations))
            )

    def take(self) -> list[Broken]:
        """The requests that broke their contracts since this was last called."""
        with self._lock:
            taken, self._broken = self._broken, []
        return taken


def links(response: ResponseMessage) -> Iterable[str]:
    """Where an answer leads.

    That is what the headers of long-running operations say, and the addresses in the first level
    of its body.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    yield from (headers[name] for name in _LINKS if name in headers)
    if "json" in headers.get("content-type", "") and response.content:
        try:
            value = response.json()
        except ValueError:
            return
        if isinstance(value, dict):
            yield from (
                v
                for v in value.values()
                if isinstance(v, str) and (v.startswith(("http", "/")) or "?" in v)
            )


def _target(url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    parts = urlsplit(url)
    query = sorted(
        (n, v)
        for n, v in parse_qsl(parts.query, keep_blank_values=True)
        if n.lower() != "api-version"
    )
    return unquote(parts.path), tuple(query)


def report(broken: Sequence[Broken]) -> str:
    """The report: each request with its operation, and below it a line for each violation."""
    if not broken:
        return ""
    number = "1 request" if len(broken) == 1 else f"{len(broken)} requests"
    way_out = "--purview-lenient, or purview(strict=False), lets that pass"
    lines = [f"purview: {number} broke the contract ({way_out})"]
    for each in broken:
        lines.append(f"  {each.method} {each.path} -> {each.status}")
        if each.operation:
            lines.append(
                f"    operation {each.operation}: {each.method} {each.template} ({each.document})"
            )
        lines += [
            f"    {_where(d)}: expected {d.expected}, found {_found(d)}" for d in each.violations
        ]
    return "\n".join(lines)


def _where(violation: ContractViolation) -> str:
    whole = "(whole)" if violation.place == "body" else ""
    return f"{violation.place} {violation.where or whole}".rstrip()


def _found(violation: ContractViolation) -> Any:
    """What was found, unless its member or parameter holds a secret."""
    member = _MEMBER.search(violation.where)
    name = member[1] if member else violation.where
    return (
        LEFT_OUT
        if is_secret(name) and violation.found not in ("nothing", "null")
        else violation.found
    )

"""What a behaviour is given and what it gives back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from purview_core.model.json_text import dumps
from purview_testing.contracts.facts import Operation
from purview_testing.contracts.judge import TOKEN
from purview_testing.contracts.messages import Json, Problem, Request, not_found
from purview_testing.contracts.samples import Examples, stamp
from purview_testing.contracts.schema_check import UUID, Checker

from .limits import Limits
from .state.store import Store

NOTHING = object()
_NAMESPACE = uuid.UUID("7d1f3c53-8c3e-4f64-9d0c-3a5a51a1b0de")
CALLER = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Settings:
    """What a sandbox was opened with. `pace`: seconds a step of a long-running thing takes, None for one step a poll. `creatable`: the
    templates of what can be written in the planes that it serves."""

    exact: bool = False
    strict: bool = False
    fill: bool = False
    seed: int = 0
    page_size: int = 100
    pace: float | None = None
    clock: Callable[[], float] = field(default=lambda: 0.0)
    limits: Limits = field(default_factory=Limits)
    creatable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reply:
    """`status` None is the success that the operation declares; `value` NOTHING sends no body; `content` is sent as it is."""

    value: Any = NOTHING
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: tuple[str, bytes] | None = None


@dataclass
class Call:
    """One call that its contract admits."""

    store: Store
    settings: Settings
    request: Request
    operation: Operation
    path_arguments: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any = None
    failing: str | None = None  # what a fault does to a long-running operation: "failed" or "never"
    default: Callable[[Call], Reply] | None = None  # what the shape of the route alone would do

    @cached_property
    def arguments(self) -> list[str]:
        """The values of the holes, in the order of the path."""
        return list(self.path_arguments.values())

    @property
    def now(self) -> str:
        return stamp(self.settings.clock(), exact=self.settings.exact)

    @property
    def now_ms(self) -> int:
        return int(self.settings.clock() * 1000)

    @cached_property
    def examples(self) -> Examples:
        """The same for the same request."""
        request = self.request
        digest = hashlib.sha256(request.content).hexdigest()
        seed = (
            f"{self.settings.seed}|{request.method}|{request.raw_path}|{request.raw_query}|{digest}"
        )
        return Examples(self.operation.contract.schemas, seed)

    def default_reply(self) -> Reply:
        """What the shape of the route alone would do."""
        assert self.default is not None
        reply = self.default(self)
        return (
            self._since(reply)
            if "304" in self.operation.answers and isinstance(reply.value, dict)
            else reply
        )

    def _since(self, reply: Reply) -> Reply:
        """News since a token: the examples are all there is, so whoever has the token of now is told that nothing is new."""
        for name in self.query.keys() & reply.value.keys():
            now = f"{name}-{self.settings.seed}"
            if self.query[name] == now:
                return Reply(status=304)
            reply.value[name] = now
        return reply

    def guid(self) -> str:
        """A new id; the same ones in the same order for the same seed."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.settings.seed}:{self.store.next('guid')}"))

    def as_guid(self, text: str) -> str:
        """A text that is no guid as one, always the same: where the sandbox fills in, what is invented has the ids of the service."""
        return text if UUID.fullmatch(text) else str(uuid.uuid5(_NAMESPACE, text))

    def require(
        self, kind: str, key: str, what: str, example: Callable[[], Any] | None = None
    ) -> Any:
        """An item of the store. Where it is missing: an example where the sandbox fills in, else an error 404."""
        value = self.store.get(kind, key)
        if value is not None:
            return value
        if self.settings.fill and example is not None:
            return example()
        raise not_found(what, key)

    def example(self, schema: Any = NOTHING) -> Any:
        """A value of a schema, that of the answer without one."""
        return self.examples.of(self.operation.result if schema is NOTHING else schema)

    def with_required(self, value: Json, schema: Any = NOTHING) -> Json:
        """A value with the members that its schema requires, invented where they are missing."""
        schemas = self.operation.contract.schemas
        shape = schemas.shape(self.operation.result if schema is NOTHING else schema)
        shape = (schemas.subtype(shape, value) if shape.discriminator else None) or shape
        missing = [n for n in shape.properties if n in shape.required and n not in value]
        return value | {n: self.examples.of(shape.properties[n], full=False) for n in missing}

    def known_members(self, value: Json, schema: Any = NOTHING) -> Json:
        """A value without the members that its schema does not have."""
        shape = self.operation.contract.schemas.shape(
            self.operation.result if schema is NOTHING else schema
        )
        return {n: v for n, v in value.items() if n in shape.properties}

    def as_item(self, value: Json) -> Json:
        """As much of a value as an item of the list shows."""
        return self.known_members(value, self.operation.item)

    def valid_members(self, value: Json, schema: Any = NOTHING) -> Json:
        """A value without the members that depart from its schema: what was sent in the shape of another one."""
        schemas = self.operation.contract.schemas
        strict = self.settings.strict
        checker = Checker(
            schemas, strict, request=not strict
        )  # one that is lenient loses no null and no new kind
        known = self.known_members(value, schema)
        properties = schemas.shape(
            self.operation.result if schema is NOTHING else schema
        ).properties
        return {
            n: v for n, v in known.items() if next(checker.check(properties[n], v), None) is None
        }

    def token(self, *names: str) -> int:
        """The seq of the page token among the arguments; 0 without one. Where the sandbox fills in, any text is a token."""
        text = next((self.query[n] for n in names if self.query.get(n)), None)
        return self.read_token(text)

    def read_token(self, text: str | None) -> int:
        """The seq in a page token; an error 400 for one that is not ours, or that is over."""
        if not text or (self.settings.fill and not text.startswith(TOKEN)):
            return 0
        number, _, issued = text.removeprefix(TOKEN).partition(".")
        if not text.startswith(TOKEN) or not number.isdecimal() or not (issued or "0").isdecimal():
            raise Problem(400, "InvalidToken", f"The token {text!r} was not issued here.")
        lifetime = self.settings.limits.page_lifetime
        if lifetime is not None and self.now_ms - int(issued or 0) >= lifetime * 1000:
            raise Problem(
                400,
                "ExpiredToken",
                f"The token {text!r} is over after {lifetime:g} s; begin the list again.",
            )
        return int(number)

    def page_token(self, after: int) -> str:
        """The token of the page after a seq; with the time it is issued, where tokens end."""
        issued = "" if self.settings.limits.page_lifetime is None else f".{self.now_ms}"
        return f"{TOKEN}{after}{issued}"

    def link(self, path: str, query: str = "") -> str:
        """An address at this sandbox, as the caller reaches it; with the api-version of the call."""
        version = next((v for n, v in self.request.query if n == "api-version"), None)
        parts = [
            p
            for p in (
                query,
                f"api-version={version}" if version and "api-version" not in query else "",
            )
            if p
        ]
        return f"{self.request.base}{path}{'?' if parts else ''}{'&'.join(parts)}"


def etag(value: Any) -> str:
    return f'"{hashlib.sha256(dumps(value)).hexdigest()[:16]}"'


Behaviour = Callable[[Call], Reply]

"""What a behaviour is given, and what it gives back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from purview_testing.contracts.facts import ContractOperation
from purview_testing.contracts.judge import TOKEN
from purview_testing.contracts.messages import Json, Problem, RequestMessage, not_found
from purview_testing.contracts.samples import Examples, stamp
from purview_testing.contracts.schema_check import UUID, Checker

from .limits import Limits
from .state.store import Store

NOTHING = object()  # the value of a reply without a body, since None is the JSON null
_NAMESPACE = uuid.UUID("7d1f3c53-8c3e-4f64-9d0c-3a5a51a1b0de")
CALLER = (
    "00000000-0000-4000-8000-000000000001"  # the object id of whoever calls: there is one caller
)


@dataclass(frozen=True)
class Settings:
    """How a sandbox was opened.

    Attributes:
        exact: Whether answers hold what their schemas have and nothing else.
        strict: Whether enums and kinds admit only the members that the contracts list.
        fill: Whether what is not stored is invented; otherwise it is an error 404.
        seed: The seed of ids and of invented values.
        page_size: The largest number of items on a page.
        pace: Seconds that a step of a long-running operation takes; None for one step a poll.
        clock: Gives the time, in seconds since 1970.
        limits: What long jobs meet at the live service.
        creatable: Templates of what can be written in the planes that are served.
    """

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
    """What a behaviour gives back.

    Attributes:
        value: The JSON value of the answer; NOTHING sends no body.
        status: The status; None is the success that the operation declares.
        headers: Headers besides those that every answer has.
        content: Media type and bytes that are sent as they are, in place of a value.
    """

    value: Any = NOTHING
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: tuple[str, bytes] | None = None


@dataclass
class Call:
    """One call that fits its contract, and what a behaviour needs to answer it.

    Attributes:
        path_arguments: The values of the path's parameters, by name and in the order of the path.
        query: The query parameters, with the types that the contract gives them.
        failing: What a fault does to a long-running operation: FAILED, NEVER or None.
        default: The behaviour that follows from the operation's route alone.
    """

    store: Store
    settings: Settings
    request: RequestMessage
    operation: ContractOperation
    path_arguments: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any = None
    failing: str | None = None
    default: Callable[[Call], Reply] | None = None

    @cached_property
    def arguments(self) -> list[str]:
        """The values of the path's parameters, in the order of the path."""
        return list(self.path_arguments.values())

    @property
    def now(self) -> str:
        """The time of the sandbox's clock, in the form of the answer's dates."""
        return stamp(self.settings.clock(), exact=self.settings.exact)

    @property
    def now_ms(self) -> int:
        """The time of the sandbox's clock, in milliseconds since 1970."""
        return int(self.settings.clock() * 1000)

    @cached_property
    def examples(self) -> Examples:
        """Makes invented values: the same ones for the same request and seed."""
        request = self.request
        digest = hashlib.sha256(request.content).hexdigest()
        seed = (
            f"{self.settings.seed}|{request.method}|{request.raw_path}|{request.raw_query}|{digest}"
        )
        return Examples(self.operation.contract.schemas, seed)

    def default_reply(self) -> Reply:
        """Replies as the operation's route alone implies: keeps, reads, lists or removes."""
        assert self.default is not None
        reply = self.default(self)
        if "304" in self.operation.answers and isinstance(reply.value, dict):
            return self._only_news(reply)
        return reply

    def _only_news(self, reply: Reply) -> Reply:
        """Replies to a request for what is new since a token.

        The examples are all there is, so whoever has the present token is told that nothing is new.
        """
        for name in self.query.keys() & reply.value.keys():
            now = f"{name}-{self.settings.seed}"
            if self.query[name] == now:
                return Reply(status=304)
            reply.value[name] = now
        return reply

    def guid(self) -> str:
        """Returns a new id; for the same seed the same ids come in the same order."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.settings.seed}:{self.store.next('guid')}"))

    def as_guid(self, text: str) -> str:
        """Returns a text as a guid, always the same one for the same text.

        What is invented by a sandbox that fills in has ids in the form that the service gives them.
        """
        return text if UUID.fullmatch(text) else str(uuid.uuid5(_NAMESPACE, text))

    def require(
        self, kind: str, key: str, what: str, example: Callable[[], Any] | None = None
    ) -> Any:
        """Returns an item of the store.

        Args:
            kind: The list that the item is in.
            key: Its key in the list.
            what: The word for it in the error.
            example: Makes what stands for a missing item, in a sandbox that fills in.

        Raises:
            Problem: The item is missing, and nothing may stand for it.
        """
        value = self.store.get(kind, key)
        if value is not None:
            return value
        if self.settings.fill and example is not None:
            return example()
        raise not_found(what, key)

    def example(self, schema: Any = NOTHING) -> Any:
        """Returns an invented value of a schema; of the answer's schema where none is given."""
        return self.examples.of(self.operation.result if schema is NOTHING else schema)

    def with_required(self, value: Json, schema: Any = NOTHING) -> Json:
        """Returns a value with the members that its schema requires; missing ones are invented."""
        schemas = self.operation.contract.schemas
        shape = schemas.shape(self.operation.result if schema is NOTHING else schema)
        shape = (schemas.subtype(shape, value) if shape.discriminator else None) or shape
        missing = [n for n in shape.properties if n in shape.required and n not in value]
        return value | {n: self.examples.of(shape.properties[n], full=False) for n in missing}

    def known_members(self, value: Json, schema: Any = NOTHING) -> Json:
        """Returns the members of a value that its schema has."""
        shape = self.operation.contract.schemas.shape(
            self.operation.result if schema is NOTHING else schema
        )
        return {n: v for n, v in value.items() if n in shape.properties}

    def as_item(self, value: Json) -> Json:
        """Returns as much of a value as an item of the list shows."""
        return self.known_members(value, self.operation.item)

    def valid_members(self, value: Json, schema: Any = NOTHING) -> Json:
        """Returns the members of a value that are valid in a schema.

        A body may have the shape of another schema than the answer's; what does not fit is left
        out.
        """
        schemas = self.operation.contract.schemas
        strict = self.settings.strict
        # A lenient checker passes nulls and new kinds, which would otherwise be lost here.
        checker = Checker(schemas, strict, request=not strict)
        known = self.known_members(value, schema)
        properties = schemas.shape(
            self.operation.result if schema is NOTHING else schema
        ).properties
        return {
            n: v for n, v in known.items() if next(checker.check(properties[n], v), None) is None
        }

    def token(self, *names: str) -> int:
        """Returns the position in the page token among the query parameters; 0 without a token.

        A sandbox that fills in takes any text for a token.
        """
        text = next((self.query[n] for n in names if self.query.get(n)), None)
        return self.read_token(text)

    def read_token(self, text: str | None) -> int:
        """Returns the position in a page token; raises Problem for a foreign or an expired one."""
        if not text or (self.settings.fill and not text.startswith(TOKEN)):
            return 0
        number, _, issued = text.removeprefix(TOKEN).partition(".")
        if not text.startswith(TOKEN) or not number.isdecimal() or not (issued or "0").isdecimal():
            raise Problem(
                400, "InvalidToken", f"The page token {text!r} was not issued by this sandbox."
            )
        lifetime = self.settings.limits.page_lifetime
        if lifetime is not None and self.now_ms - int(issued or 0) >= lifetime * 1000:
            raise Problem(
                400,
                "ExpiredToken",
                f"The page token {text!r} expired after {lifetime:g} s; begin the list again.",
            )
        return int(number)

    def page_token(self, after: int) -> str:
        """Returns the token of the page after a position.

        Where tokens expire, it also holds the time at which it was issued.
        """
        issued = "" if self.settings.limits.page_lifetime is None else f".{self.now_ms}"
        return f"{TOKEN}{after}{issued}"

    def link(self, path: str, query: str = "") -> str:
        """Returns an address in this sandbox, as its caller reaches it, with the call's version."""
        version = next((v for n, v in self.request.query if n == "api-version"), None)
        parts = [query] if query else []
        if version and "api-version" not in query:
            parts.append(f"api-version={version}")
        return f"{self.request.base}{path}{'?' if parts else ''}{'&'.join(parts)}"


Behaviour = Callable[[Call], Reply]

"""Every version as a test calls it: one client over a service that answers as told, and arguments
for each operation.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from types import ModuleType
from typing import Any, Self

import attrs
import httpx

from purview_codegen.package.adapter import operations_of
from purview_core import NO_RETRY, AsyncPager, Operation, Pager
from purview_core.manifest import Document
from purview_core.model.codec import Registry

from .corpus import contract, documents, manifest, package
from .sampling import Json, Sampler

ENDPOINT = "https://contoso.purview.azure.com"
MODES = ("sync", "async")
Answer = Callable[[httpx.Request], httpx.Response]


@attrs.define(eq=False)
class Version:
    """One document, its contract, and the package that was generated from it."""

    document: Document
    plane: ModuleType
    contract: Json
    title: str

    @cached_property
    def sampler(self) -> Sampler:
        return Sampler(self.contract)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        found = operations_of(self.contract)
        return tuple(
            Case(self, path, method, fact, self.plane.OPERATIONS[fact["operationId"]])
            for path, method, fact in found
        )

    @property
    def schemas(self) -> Json:
        found: Json = self.contract["components"]["schemas"]
        return found

    @property
    def prefix(self) -> str:
        url: str = self.contract["servers"][0]["url"]
        return url.removeprefix("{endpoint}")

    @property
    def tenant_wide(self) -> bool:
        return bool(manifest().plane(self.document.plane).endpoint == "tenant")

    def case(self, operation_id: str) -> Case:
        return next(case for case in self.cases if case.id == operation_id)

    def has(self, operation_id: str) -> bool:
        return operation_id in self.plane.OPERATIONS

    def __str__(self) -> str:
        return f"{self.document.plane} {self.document.version}"


@attrs.define(eq=False)
class Case:
    """One operation: what its contract says, its declaration, and arguments that it takes."""

    version: Version
    path: str
    method: str
    fact: Json
    operation: Operation[Any]

    @property
    def id(self) -> str:
        return self.operation.id

    @cached_property
    def parameters(self) -> Json:
        """A value for each parameter by wire name, but for the api-version."""
        out = {p["name"]: self.version.sampler.sample(p["schema"]) for p in self.fact["parameters"]}
        out |= {p["name"]: '"an etag"' for p in self.fact["parameters"] if p["in"] == "header"}
        out.pop("api-version", None)
        return out

    @cached_property
    def body(self) -> Any:
        """A body of plain JSON, or the files of a form; None where the operation takes none."""
        declared = self.operation.body
        if declared is None:
            return None
        if declared.fields:
            return {field.wire_name: ("terms.csv", b"a,b", "text/csv") for field in declared.fields}
        return self.version.sampler.sample(self.body_schema)

    @property
    def body_schema(self) -> Json:
        found: Json = next(iter(self.fact["requestBody"]["content"].values()))["schema"]
        return found

    @property
    def json_body(self) -> bool:
        return self.operation.body is not None and not self.operation.body.fields

    def loaded(self, raw: Any) -> Any:
        """A body of plain JSON as what the method takes: models where it declares them."""
        assert self.operation.body is not None
        load = Registry.get(self.operation.models).loader(self.operation.body.type)
        return load(raw) if load else raw

    def arguments(self) -> Json:
        """A value for each argument of the method, by Python name."""
        out = {p.name: self.parameters[p.wire_name] for p in self.operation.arguments}
        if self.operation.body is None:
            return out
        forms = {field.name: self.body[field.wire_name] for field in self.operation.body.fields}
        return out | (forms or {"body": self.loaded(self.body)})

    def needed(self) -> Json:
        """As `arguments`, less what may be left out, and what is made up where it is."""
        left = {p.name for p in self.operation.arguments if not p.required or p.auto}
        return {name: value for name, value in self.arguments().items() if name not in left}

    def good(self) -> Iterator[tuple[int, Json | None]]:
        """Status and JSON schema (None: no body, or one that is not JSON) of each declared
        success.
        """
        for status, response in self.fact["responses"].items():
            if status.startswith("2"):
                content = response.get("content", {}).get("application/json")
                yield int(status), content and content["schema"]

    def something(self) -> Any:
        """The least that a good answer may be: no items, or an object without members."""
        if self.operation.paging is not None:
            return {"value": []}
        text = next((text for text in self.operation.types.values() if text != "None"), "None")
        return [] if text.startswith("list[") else {}

    def __str__(self) -> str:
        return f"{self.version} {self.id}"


@cache
def version_of(document: Document) -> Version:
    """The fixture must have generated it."""
    return Version(
        document, package(document), contract(document), manifest().plane(document.plane).title
    )


def versions() -> tuple[Version, ...]:
    """All versions of all planes."""
    return tuple(version_of(document) for document in documents())


def of_plane(*names: str) -> tuple[Version, ...]:
    return tuple(v for v in versions() if v.document.plane in names)


def one(plane: str, version: str) -> Version:
    return next(v for v in of_plane(plane) if v.document.version == version)


def cases() -> Iterator[Case]:
    """Every operation of every version."""
    for version in versions():
        yield from version.cases


def plain(status: int = 200, content: bytes = b"", **headers: str) -> Answer:
    """An answer without a media type, and without a body unless one is given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, content=content, headers=named)


def says(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, json=value, headers=named)


class Service(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Notes each request; answers in turn, and for ever with the last answer.

    `now` sets the answers and forgets the requests.
    """

    def __init__(self, *answers: Answer) -> None:
        self.seen: list[httpx.Request] = []
        self._answers = answers or (plain(),)

    def now(self, *answers: Answer) -> None:
        self.seen, self._answers = [], answers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        return self._answers[min(len(self.seen), len(self._answers)) - 1](request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.handle_request(request)

    @property
    def paths(self) -> list[str]:
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.seen]

    @property
    def last(self) -> httpx.Request:
        return self.seen[-1]


class Caller:
    """A client of a version, sync or async, that blocks either way; waits are noted and not
    waited.
    """

    def __init__(
        self,
        version: Version,
        service: Service,
        mode: str = "sync",
        endpoint: str = ENDPOINT,
        **options: Any,
    ) -> None:
        self.version, self.mode, self.waits = version, mode, list[float]()
        name = f"{'' if mode == 'sync' else 'Async'}{version.title}Client"
        options.setdefault("retry", NO_RETRY)
        self.client = getattr(version.plane, name)(endpoint, transport=service, **options)
        self.client._sleep = self.waits.append if mode == "sync" else self._asleep
        context = self.client._caller.context
        self.client._caller.context = context._replace(random=lambda: 0.5)
        self._runner = asyncio.Runner() if mode == "async" else None

    async def _asleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def done(self, value: Any) -> Any:
        """What comes of it in the end: a coroutine is run, a list of items is made of a pager."""
        if isinstance(value, Pager):
            return list(value)
        if isinstance(value, AsyncPager):
            value = self._items(value)
        if inspect.isawaitable(value):
            assert self._runner is not None
            return self._runner.run(self._await(value))
        return value

    def pages(self, pager: Any, position: str | None = None) -> Iterator[Any]:
        """The pages of a pager, one by one, so that a failure comes where it happens."""
        each = pager.by_page(position)
        if self.mode == "sync":
            yield from each
            return
        while True:
            try:
                page = self.done(anext(each))
            except StopAsyncIteration:
                return
            yield page

    @staticmethod
    async def _items(pager: AsyncPager[Any]) -> list[Any]:
        return [item async for item in pager]

    @staticmethod
    async def _await(value: Any) -> Any:
        return await value

    def call(
        self, case: Case, parameters: Json | None = None, body: Any = None, **changed: Any
    ) -> Any:
        """Calls by operationId; its own arguments unless others are given."""
        given = case.parameters if parameters is None else parameters
        body = case.body if body is None and parameters is None else body
        return self.done(self.client.call(case.id, {**given, **changed}, body))

    def method(self, case: Case) -> Any:
        """The method of an operation."""
        return getattr(getattr(self.client, case.operation.group), case.operation.name)

    def send(self, case: Case, *args: Any, **arguments: Any) -> Any:
        """Calls by the method, and waits for what it gives."""
        return self.done(self.method(case)(*args, **arguments))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is None:
            self.client.close()
            return
        self._runner.run(self.client.aclose())
        self._runner.close()

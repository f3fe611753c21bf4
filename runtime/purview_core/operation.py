"""What generated code states of planes and operations.

The classes are cheap to make objects of, since importing a plane makes hundreds: named tuples, and
`Facts` where a constructor checks or completes what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from .lazy import cached_property
from .model.values import camel

T = TypeVar("T")


class Facts:
    """A read-only object whose attributes are its slots, with equality, repr and pickle by them.

    attrs and dataclasses do the same, but their import would take longer than that of a plane.
    """

    __slots__: tuple[str, ...] = ()

    def _set(self, **facts: Any) -> None:
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is read-only")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(other) is type(self) and all(
            getattr(self, n) == getattr(other, n) for n in self.__slots__
        )

    def __hash__(self) -> int:
        return hash((type(self), getattr(self, self.__slots__[0])))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), {name: getattr(self, name) for name in self.__slots__})

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{n}={getattr(self, n)!r}"
            for n in self.__slots__
            if getattr(self, n, None) not in (None, ())
        )
        return f"{type(self).__name__}({shown})"


def _again(kind: type[Facts], facts: dict[str, Any]) -> Facts:
    made = kind.__new__(kind)
    made._set(**facts)
    return made


class Parameter(NamedTuple):
    """One parameter of an operation. Generated code makes it by `path`, `query` or `header`.

    Attributes:
        name: the argument in Python.
        location: "path", "query" or "header".
        type: its type text.
        style: how a list is written, in the words of OpenAPI.
        explode: whether a list repeats the parameter, or else is one value with commas.
        template: holds `{n}` where each item of a list has a name with its number.
        auto: what the client fills in where it is not given: "uuid" is a new one for each call.
    """

    name: str
    wire_name: str
    location: str
    required: bool = False
    type: str = "str"
    style: str | None = None
    explode: bool = False
    template: str | None = None
    auto: str | None = None


# Most path parameters are of several operations. Made once, they let a plane import sooner.
_PATH_PARAMETERS: dict[tuple[str, str, str | None], Parameter] = {}


def path(name: str, type: str = "str", wire: str | None = None) -> Parameter:
    """A path parameter; `wire` is its name in the path where that is not `name` in camelCase."""
    key = name, type, wire
    if (known := _PATH_PARAMETERS.get(key)) is None:
        known = Parameter(name, wire or camel(name), "path", required=True, type=type)
        _PATH_PARAMETERS[key] = known
    return known


def query(name: str, type: str = "str", wire: str | None = None, **facts: Any) -> Parameter:
    """A query parameter; `facts` are further attributes of `Parameter`."""
    return Parameter(name, wire or camel(name), "query", type=type, **facts)


def header(name: str, type: str = "str", wire: str | None = None, **facts: Any) -> Parameter:
    """A header parameter; `facts` are further attributes of `Parameter`."""
    return Parameter(name, wire or camel(name), "header", type=type, **facts)


API_VERSION = query("api_version", wire="api-version", required=True)


class FormField(NamedTuple):
    """One part of a multipart body: a file, or with `text` a value like those of a query."""

    name: str
    wire_name: str
    required: bool
    text: bool = False


class Body(NamedTuple):
    """A request body: one value with a type text, or the fields of a multipart form.

    Attributes:
        type: the type text; empty for a form.
        models: the package of the models that it names; set by the operation that has the body.
    """

    type: str
    required: bool = True
    media_types: tuple[str, ...] = ("application/json",)
    fields: tuple[FormField, ...] = ()
    models: str = ""

    @property
    def model(self) -> Any:
        """The Python type of the body; None for a multipart form."""
        return _resolve(self.models, self.type) if self.type else None


class Paging(Facts):
    """Where a page has its items, and how the next one is asked for: by link, token or offset.

    Attributes:
        items: the member with the list; empty where the answer is the list.
        next_link: the member with the link of the next page.
        token: the member with the token of the next page.
        sends: what the next request takes the token as; by default as the page calls it.
        last: the member that is true in the last page.
        sync: whether the token outlives the list, to ask for news with later.
        offset: what takes the number of the first item.
        limit: what takes the page size.
        size: the page size where none is sent.
        total: the member that counts the items of all pages.
        place: where the next request has token, offset and limit: "query" or "body".
    """

    __slots__ = (
        "items",
        "next_link",
        "token",
        "sends",
        "last",
        "sync",
        "offset",
        "limit",
        "size",
        "total",
        "place",
    )
    items: str
    next_link: str | None
    token: str | None
    sends: str
    last: str | None
    sync: bool
    offset: str | None
    limit: str | None
    size: int | None
    total: str | None
    place: str

    def __init__(
        self,
        items: str = "value",
        next_link: str | None = "nextLink",
        *,
        token: str | None = None,
        sends: str | None = None,
        last: str | None = None,
        sync: bool = False,
        offset: str | None = None,
        limit: str | None = None,
        size: int | None = None,
        total: str | None = None,
        place: str = "query",
    ) -> None:
        self._set(items=items, next_link=next_link, last=last, sync=sync)
        self._set(token=token, sends=sends or token, place=place)
        self._set(offset=offset, limit=limit, size=size, total=total)


class Polling(NamedTuple):
    """How a long-running operation ends.

    Attributes:
        final_state_via: where the final state is read, in the words of
            `x-ms-long-running-operation-options`.
        result: the type text of the result.
        status_path: the path of the status, where the service may leave its link out. `{id}` is
            the id in the first answer; other names are those of arguments.
        resource: the path of what an action changes, where a GET of it gives the result.
        ask_with: the method that tells how far the work is, as "group.method".
    """

    final_state_via: str | None = None
    result: str | None = None
    status_path: str | None = None
    resource: str | None = None
    ask_with: str | None = None


class Plane(NamedTuple):
    """One data plane.

    Attributes:
        version: its api-version.
        endpoint: the kind of host that it answers at: "account" or "tenant".
        prefix: what the paths of its operations begin with.
        roles: those that the vendor's documentation asks for; none where it does not say.
        title: its name in class names.
    """

    name: str
    version: str
    package: str
    endpoint: str
    prefix: str
    roles: tuple[str, ...] = ()
    title: str = ""


def planes(*each: Plane) -> Mapping[str, Plane]:
    """Planes by name."""
    return MappingProxyType({plane.name: plane for plane in each})


class Operation(Generic[T]):
    """One operation. T is what its method gives: an answer, items of a pager, a poller's result.

    It is declared as an attribute of a class in `<package>.operations.<group>`, which gives it
    `group` and `name`.

    Attributes:
        method: the HTTP verb.
        types: status, or "default", -> the type text of the answer.
        arguments: its parameters but the api-version.
        retry_safe: whether repeating it does no harm, though its verb does not say so.
    """

    name: str = ""
    _module: str = ""

    def __init__(
        self,
        *,
        id: str,
        method: str,
        path: str,
        responses: Mapping[int | str, str],
        summary: str = "",
        parameters: tuple[Parameter, ...] = (),
        body: Body | None = None,
        paging: Paging | None = None,
        polling: Polling | None = None,
        retry_safe: bool = False,
    ) -> None:
        self.id, self.summary = id, summary
        self.method, self.path = method, path
        self.parameters = parameters
        self.arguments = tuple(p for p in parameters if p is not API_VERSION)
        self.types, self.body = responses, body
        self.paging, self.polling = paging, polling
        self.retry_safe = retry_safe

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name:
            return  # a further class that has it as an attribute
        self._module, self.name = owner.__module__, name
        if self.body is not None:
            self.body = self.body._replace(models=self.models)

    @cached_property
    def group(self) -> str:
        """The attribute of the client that has its method."""
        return self._module.rpartition(".")[2]

    @cached_property
    def models(self) -> str:
        """The package of the models that its type texts name."""
        if not self._module:
            raise LookupError(
                f"{self.id} is declared by no class of a module of operations, "
                "so it has no models; make it an attribute of one"
            )
        return self._module.rsplit(".", 2)[0] + ".models"

    @cached_property
    def responses(self) -> Mapping[int | str, Any]:
        """Status -> Python type of the decoded answer (`type(None)` where there is no body)."""
        return {status: _resolve(self.models, text) for status, text in self.types.items()}

    def __repr__(self) -> str:
        return f"<Operation {self.id}: {self.method} {self.path}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _find, (self.models.removesuffix(".models") + ".operations", self.id)


def _find(package: str, operation_id: str) -> Operation[Any]:
    found: Operation[Any] = import_module(package).OPERATIONS[operation_id]
    return found


def _resolve(models: str, text: str) -> Any:
    from .model.codec import Registry  # importing a plane needs no codec

    return Registry.get(models).resolve(text)


class Operations(Mapping[str, Operation[Any]]):
    """operationId -> Operation of a package, whose modules are imported as they are needed.

    Args:
        package: the package of operations.
        modules: module -> its operationIds, in one text where none of them has a blank in it.
    """

    def __init__(self, package: str, modules: Mapping[str, str | tuple[str, ...]]) -> None:
        self._package = package
        self._where = {
            oid: module
            for module, ids in modules.items()
            for oid in (ids.split() if isinstance(ids, str) else ids)
        }

    def __getitem__(self, operation_id: str) -> Operation[Any]:
        module = import_module(f"{self._package}.{self._where[operation_id]}")
        found = {op.id: op for op in vars(module._Operations).values() if isinstance(op, Operation)}
        return found[operation_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)

    def __repr__(self) -> str:
        return f"<{len(self)} operations of {self._package}>"


def operations(package: str, modules: Mapping[str, str | tuple[str, ...]]) -> Operations:
    """The operations of a package, by id; see `Operations`."""
    return Operations(package, modules)

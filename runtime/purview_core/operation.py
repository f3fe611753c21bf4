"""What generated code says of an operation. Cheap to make: a plane declares dozens when its module is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from .lazy import cached_property
from .model.values import camel

T = TypeVar("T")
_PATHS: dict[
    tuple[str, str, str | None], Parameter
] = {}  # most are of several operations: made once, they import sooner


class Facts:
    """Equality, repr and immutability by slots: what attrs would give, without its import at a plane's first touch."""

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


class Parameter(Facts):
    """One parameter: `name` in Python, `wire_name`, `location` (path, query, header), `required`, its type text, and how a
    list of it is written: `style` with `explode` (repeated) or without (one value, comma-separated).

    `template` holds `{n}` where a list gives numbered names; `auto` says that the runtime fills it in ("uuid", once a call).
    """

    __slots__ = (
        "wire_name",
        "name",
        "location",
        "required",
        "type",
        "style",
        "explode",
        "template",
        "auto",
    )
    wire_name: str
    name: str
    location: str
    required: bool
    type: str
    style: str | None
    explode: bool
    template: str | None
    auto: str | None

    def __init__(
        self,
        name: str,
        type: str = "str",
        wire: str | None = None,
        *,
        location: str,
        required: bool = False,
        style: str | None = None,
        explode: bool = False,
        template: str | None = None,
        auto: str | None = None,
    ) -> None:
        self._set(
            wire_name=wire or camel(name),
            name=name,
            location=location,
            required=required,
            type=type,
        )
        self._set(style=style, explode=explode, template=template, auto=auto)


def path(name: str, type: str = "str", wire: str | None = None) -> Parameter:
    key = name, type, wire
    if (known := _PATHS.get(key)) is None:
        known = _PATHS[key] = Parameter(name, type, wire, location="path", required=True)
    return known


def query(name: str, type: str = "str", wire: str | None = None, **facts: Any) -> Parameter:
    return Parameter(name, type, wire, location="query", **facts)


def header(name: str, type: str = "str", wire: str | None = None, **facts: Any) -> Parameter:
    return Parameter(name, type, wire, location="header", **facts)


API_VERSION = query("api_version", wire="api-version", required=True)


class FormField(Facts):
    """One part of a multipart body: a file, or with `text` a value like those of a query."""

    __slots__ = ("wire_name", "name", "required", "text")
    wire_name: str
    name: str
    required: bool
    text: bool

    def __init__(self, name: str, wire_name: str, required: bool, *, text: bool = False) -> None:
        self._set(name=name, wire_name=wire_name, required=required, text=text)


class Body(Facts):
    """The request body: its type text, or the fields of a multipart form; `model` is the Python type."""

    __slots__ = ("type", "required", "media_types", "fields", "models")
    type: str
    required: bool
    media_types: tuple[str, ...]
    fields: tuple[FormField, ...]
    models: str

    def __init__(
        self,
        type: str,
        *,
        required: bool = True,
        media_types: tuple[str, ...] = ("application/json",),
        fields: tuple[FormField, ...] = (),
        models: str = "",
    ) -> None:
        self._set(
            type=type, required=required, media_types=media_types, fields=fields, models=models
        )

    @property
    def model(self) -> Any:
        """The Python type of the body; None for a multipart form."""
        return _resolve(self.models, self.type) if self.type else None


class Paging(Facts):
    """Where a page has its items, and how the next one is asked for: by a link, by a token, or by an offset.

    `items`: member with the list, where the answer is no bare list. `next_link`: member with the link.
    `token`: member with the token of the next page, which the next request takes as `sends`; a page whose `last` is true has
    none after it; with `sync` the token outlives the list, and is what to ask for news with. `offset` and `limit`: what takes
    the first item's place and the page size; `size` is the page size where none is sent, `total` the member that counts all.
    `place`: where the next request has them ("query" or "body").
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
        self._set(
            items=items,
            next_link=next_link,
            token=token,
            sends=sends or token,
            last=last,
            sync=sync,
        )
        self._set(offset=offset, limit=limit, size=size, total=total, place=place)


class Polling(Facts):
    """How a long-running operation ends: where its final state is read, the type text of its result, and the path of its
    status where the service may leave the link out (`{id}`: the id in the first answer; other names: what was sent).

    `resource`: the path of what an action changes, where a GET of it gives the result. `ask_with`: the method that tells how
    far the work is, as "group.method".
    """

    __slots__ = ("final_state_via", "result", "status_path", "resource", "ask_with")
    final_state_via: str | None
    result: str | None
    status_path: str | None
    resource: str | None
    ask_with: str | None

    def __init__(
        self,
        final_state_via: str | None = None,
        result: str | None = None,
        status_path: str | None = None,
        *,
        resource: str | None = None,
        ask_with: str | None = None,
    ) -> None:
        self._set(final_state_via=final_state_via, result=result, status_path=status_path)
        self._set(resource=resource, ask_with=ask_with)


class Plane(Facts):
    """One plane: its api-version, its package, the kind of its endpoint ("account" or "tenant"), the path prefix of its
    operations, and the roles that the vendor's documentation asks for (none: it does not say)."""

    __slots__ = ("name", "version", "package", "endpoint", "prefix", "roles", "title")
    name: str
    version: str
    package: str
    endpoint: str
    prefix: str
    roles: tuple[str, ...]
    title: str

    def __init__(
        self,
        name: str,
        version: str,
        package: str,
        endpoint: str,
        prefix: str,
        roles: tuple[str, ...] = (),
        title: str = "",
    ) -> None:
        self._set(
            name=name,
            version=version,
            package=package,
            endpoint=endpoint,
            prefix=prefix,
            roles=roles,
            title=title,
        )


def planes(*each: Plane) -> Mapping[str, Plane]:
    return MappingProxyType({plane.name: plane for plane in each})


class Operation(Generic[T]):
    """One operation. T is what its method gives: the answer, the item of a pager, or the result of a poller.

    `method` is the verb, `types` maps a status (or "default") to a type text, `responses` to the
    Python type. It is declared as an attribute of a class in `<package>.operations.<group>`, and is
    called as that says: `group` and `name`.
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
        self.id, self.method, self.path, self.summary = id, method, path, summary
        self.parameters, self.types, self.body = parameters, responses, body
        self.arguments = tuple(p for p in parameters if p is not API_VERSION)
        self.paging, self.polling, self.retry_safe = paging, polling, retry_safe

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name:
            return  # a class that only mentions it
        self._module, self.name = owner.__module__, name
        if self.body is not None:
            object.__setattr__(self.body, "models", self.models)

    @cached_property
    def group(self) -> str:
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
    from .model.registry import Registry

    return Registry.get(models).resolve(text)


class Operations(Mapping[str, Operation[Any]]):
    """operationId -> Operation over the modules of a package, each imported when one of its operations is asked for."""

    def __init__(self, package: str, modules: Mapping[str, str | tuple[str, ...]]) -> None:
        """`modules`: module -> its operationIds, in one text where none of them has a blank in it."""
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
    return Operations(package, modules)

"""Resources by the shape of their routes: PUT, GET and DELETE of `/x/{name}`, GET and POST of `/x`, POST of `/x/query`, actions.

What an operation does follows from its method, its template and its neighbours; no plane is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from purview_testing.contracts.facts import Contract, Operation, Shape
from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import Behaviour, Call, Reply, etag

from .lists import listing, query_reply, tags_of
from .long_running import begin
from .server_fields import with_server_fields, without_read_only

GONE = "/gone"
_HOLE = re.compile(r"\{[^{}]*\}")
_ACTION = re.compile(r"^(?P<item>.*(?:\{\}|/default))(?::|/:?)(?P<verb>[A-Za-z-]+)$")


def unnamed_template(path: str) -> str:
    """A template without the names of its holes."""
    return _HOLE.sub("{}", path)


def writable(contracts: Iterable[Contract]) -> set[str]:
    """The templates of all that can be written, without the names of their holes."""
    return {
        unnamed_template(o.path)
        for c in contracts
        for o in c.operations.values()
        if o.method == "PUT"
    }


class Resources:
    """The behaviours of one contract's operations."""

    def __init__(self, contract: Contract) -> None:
        self.table: dict[str, dict[str, Operation]] = {}
        for operation in contract.operations.values():
            self.table.setdefault(unnamed_template(operation.path), {})[operation.method] = (
                operation
            )

    def behaviour(self, operation: Operation) -> Behaviour:
        """What an operation does: the first row that fits.

        | PUT, PATCH, DELETE                       | write, change, remove an item                      |
        | GET of a list with items below it        | page of what is stored                             |
        | GET of something that can be written     | the item, 404 where it is missing                  |
        | POST of a list with items below it       | a new item                                         |
        | POST `/x/query`, `/x/query/count`        | what is stored, filtered; their number             |
        | POST of a verb at an item                | the item, or a long-running operation              |
        | anything else                            | an example, the same for the same request          |
        """
        template, method = unnamed_template(operation.path), operation.method
        if method in ("PUT", "PATCH", "DELETE") and self._is_item(template):
            return {"PUT": self.write, "PATCH": self.change, "DELETE": self.remove}[method]
        if method == "GET":
            if operation.list_member and (
                self._creatable(f"{template}/{{}}") or self._has_named(template)
            ):
                return self.list
            return self.example if operation.list_member or not _is_object(operation) else self.read
        return self._posted(template)

    def _posted(self, template: str) -> Behaviour:
        if f"{template}/{{}}" in self.table and "GET" in self.table[f"{template}/{{}}"]:
            return self.create
        for ending, behaviour in (("/query/count", self.count), ("/query", self.query)):
            base = template.removesuffix(ending)
            if base != template and self._creatable(f"{base}/{{}}"):
                return behaviour
        action = _ACTION.match(template)
        return self.act if action and "GET" in self.table.get(action["item"], {}) else self.example

    def _is_item(self, template: str) -> bool:
        return bool({"PUT", "PATCH", "GET"} & set(self.table.get(template, ())))

    def _creatable(self, template: str) -> bool:
        methods = self.table.get(template, {})
        return "PUT" in methods or (
            "GET" in methods and "POST" in self.table.get(template.removesuffix("/{}"), {})
        )

    def _has_named(self, template: str) -> bool:
        """Whether an item of a list is written under a name of its own, as the default one of a kind."""
        below = (
            t
            for t, methods in self.table.items()
            if "PUT" in methods and t.startswith(f"{template}/")
        )
        return any("/" not in t.removeprefix(f"{template}/") for t in below)

    def _schema(self, template: str) -> Any:
        """The schema of an item, as it is read; as it is written, where it is never read."""
        methods = self.table.get(template, {})
        return next(
            (
                methods[m].result
                for m in ("GET", "PUT", "PATCH")
                if m in methods and methods[m].result
            ),
            {},
        )

    def write(self, call: Call) -> Reply:
        """PUT: adds or replaces; replaces alone where a POST of the list is what adds."""
        self._parents(call)
        kind, key = self._place(call)
        old = call.store.get(kind, key)
        if old is None and self._added_by_post(call):
            raise not_found(resource_name(call.operation), key)
        check_if_match(call, old)
        body = without_read_only(call, self._schema(unnamed_template(call.operation.path)))
        value = with_server_fields(
            call, body, self._schema(unnamed_template(call.operation.path)), key, old
        )
        return self._keep(call, kind, key, value)

    def _place(self, call: Call) -> tuple[str, str]:
        """As `place`; what has a name of its own beside the items of a list is none of them."""
        kind, key = place(call)
        above, _, name = unnamed_template(call.operation.path.partition(":")[0]).rpartition("/")
        return (f"{kind}/{key}" if name != "{}" and f"{above}/{{}}" in self.table else kind, key)

    def _added_by_post(self, call: Call) -> bool:
        above = self.table.get(unnamed_template(call.operation.path).removesuffix("/{}"), {})
        return "POST" in above and "201" not in call.operation.answers and not call.settings.fill

    def _keep(self, call: Call, kind: str, key: str, value: Json) -> Reply:
        new = call.store.put(kind, key, value, tags_of(value, self._filters(kind)))
        call.store.delete(GONE, f"{kind}/{key}")
        status = (
            201
            if new and "201" in call.operation.answers
            else 200
            if "200" in call.operation.answers
            else None
        )
        headers = etag_header(call, status or call.operation.status, value)
        if call.operation.polling is not None:
            headers |= begin(call)
        return Reply(value, status, headers)

    def _filters(self, kind: str) -> Iterable[str]:
        """The members by which the list of a kind can be filtered."""
        methods = self.table.get(_template_of(kind, self.table), {})
        return (
            [p.name for p in methods["GET"].parameters if p.location == "query"]
            if "GET" in methods
            else []
        )

    def change(self, call: Call) -> Reply:
        """PATCH: merges into what is there."""
        kind, key = self._place(call)
        old = call.require(kind, key, "Resource", lambda: self._invented(call, key))
        check_if_match(call, old)
        schema = call.operation.result or self._schema(unnamed_template(call.operation.path))
        return self._keep(
            call,
            kind,
            key,
            with_server_fields(call, {**old, **without_read_only(call, schema)}, schema, key, old),
        )

    def read(self, call: Call) -> Reply:
        """GET of an item. One that no operation makes is invented; so is one of a kind that an account has once."""
        kind, key = self._place(call)
        template = unnamed_template(call.operation.path)
        value = call.store.get(kind, key)
        if value is None:
            invented = not self._creatable(template) or "{}" not in template or call.settings.fill
            if not invented or call.store.get(GONE, f"{kind}/{key}") is not None:
                raise not_found(resource_name(call.operation), key)
            value = self._invented(call, key)
        return Reply(value, headers=etag_header(call, 200, value))

    def _invented(self, call: Call, key: str) -> Json:
        schema = self._schema(unnamed_template(call.operation.path))
        made = call.examples.of(schema)
        named = (
            {n: key for n in ("id", "name") if n in made and not isinstance(made[n], dict)}
            if key
            else {}
        )
        return with_server_fields(call, {**made, **named}, schema, key, None)

    def remove(self, call: Call) -> Reply:
        """DELETE: with all that lies below it."""
        kind, key = self._place(call)
        answers, polling = call.operation.answers, call.operation.polling
        old = call.store.get(kind, key)
        check_if_match(call, old)
        gone = call.store.get(GONE, f"{kind}/{key}") is not None
        if old is None and ({"200", "204"} <= set(answers) or not self._deletable(call) or gone):
            if {"200", "204"} <= set(answers):
                return Reply(status=204)
            raise not_found(resource_name(call.operation), key)
        call.store.delete(kind, key)
        call.store.delete_below(f"{kind}/{quote(key, safe='')}/")
        call.store.put(GONE, f"{kind}/{key}", True)
        if polling is not None:
            return Reply(*started(call))
        return Reply(old if old is not None and call.operation.result else _empty(call))

    def _deletable(self, call: Call) -> bool:
        """Whether an item that was never written may go: one that is invented."""
        return call.settings.fill or not self._creatable(unnamed_template(call.operation.path))

    def list(self, call: Call) -> Reply:
        kind = concrete_path(call.operation.path, call.path_arguments)
        self._parents(call)
        return listing(call, kind)

    def create(self, call: Call) -> Reply:
        """POST of a list: the id is the caller's, where the body has one."""
        self._parents(call)
        kind = concrete_path(call.operation.path, call.path_arguments)
        key = str(call.body.get("id") or call.body.get("guid") or call.guid())
        if call.store.get(kind, key) is not None:
            raise Problem(
                409, "Conflict", f"{resource_name(call.operation)} {key!r} exists already."
            )
        schema = call.operation.result
        given = without_read_only(call, schema)
        body = {**given, "id": key} if "id" in _shape(call, schema).properties else given
        value = with_server_fields(call, body, schema, key, None)
        call.store.put(kind, key, value, tags_of(value, self._filters(kind)))
        return Reply(value)

    def query(self, call: Call) -> Reply:
        return query_reply(
            call, concrete_path(call.operation.path, call.path_arguments).removesuffix("/query")
        )

    def count(self, call: Call) -> Reply:
        kind = concrete_path(call.operation.path, call.path_arguments).removesuffix("/query/count")
        return Reply(call.with_required({"count": query_reply(call, kind, counting=True).value}))

    def act(self, call: Call) -> Reply:
        """A verb at an item: gives the item where that is what the operation gives, and starts what is long-running."""
        found = _ACTION.match(unnamed_template(call.operation.path))
        assert found is not None
        raw = concrete_path(call.operation.path, call.path_arguments)
        raw_item = raw[: -len(found["verb"])].rstrip(":/")
        kind, _, key = raw_item.rpartition("/")
        item = self.table[found["item"]]["GET"]
        value = call.store.get(kind, unquote(key))
        if value is None and self._creatable(found["item"]) and not call.settings.fill:
            raise not_found(resource_name(item), unquote(key))
        if call.operation.polling is not None:
            return Reply(*started(call))
        if (
            call.operation.result is not None
            and call.operation.result == item.result
            and value is not None
        ):
            return Reply(value)
        return self.example(call)

    def example(self, call: Call) -> Reply:
        """A schema-true answer; a list of one page."""
        operation = call.operation
        media = next(
            (
                m
                for s, a in sorted(operation.answers.items())
                if s.startswith("2")
                for m in a.content
            ),
            None,
        )
        if operation.polling is not None and operation.status == 202:
            return Reply(*started(call))
        if media is None or operation.result is None:
            return Reply(content=(media, b"name,value\r\nsample,1\r\n")) if media else Reply()
        value = call.example()
        if isinstance(value, dict):
            value = {
                k: v
                for k, v in value.items()
                if k not in ("nextLink", "skipToken", "continuationToken")
            }
            if operation.paging:
                value.setdefault(operation.paging.get("itemName", "value"), [])
        return Reply(value)

    def _parents(self, call: Call) -> None:
        """What lies above must be there, where it is something that is written."""
        parts = call.operation.path.split("/")
        for i in range(2, len(parts)):
            template = "/".join(parts[:i])
            if parts[i - 1].startswith("{") and self._creatable(unnamed_template(template)):
                kind, key = split(concrete_path(template, call.path_arguments))
                call.require(
                    kind,
                    key,
                    resource_name(self.table[unnamed_template(template)]["GET"]),
                    lambda: True,
                )


def _is_object(operation: Operation) -> bool:
    """Whether the answer is one thing with members."""
    return operation.result is not None and bool(
        operation.contract.schemas.shape(operation.result).properties
    )


def started(call: Call) -> tuple[Any, int | None, Mapping[str, str]]:
    """The first answer of a long-running operation without a resource."""
    headers = begin(call)
    if call.operation.result is None:
        return (
            _empty(call).value if isinstance(_empty(call), Reply) else _empty(call),
            None,
            headers,
        )
    schema, shape = call.operation.result, _shape(call, call.operation.result)
    value = call.with_required(
        call.known_members({"id": call.guid(), "startTime": call.now}, schema)
    )
    if "status" in shape.properties:
        value["status"] = pending(call, shape)
    return value, None, headers


def pending(call: Call, shape: Shape) -> str:
    """A first status that the schema knows."""
    enum = call.operation.contract.schemas.shape(shape.properties["status"]).enum
    return next(
        (
            s
            for s in ("Accepted", "NotStarted", "Queued", "Running", "InProgress")
            if not enum or s in enum
        ),
        "Running",
    )


def _empty(call: Call) -> Any:
    from purview_testing.sandbox.call import NOTHING

    return call.example() if call.operation.result is not None else NOTHING


def _shape(call: Call, schema: Any) -> Shape:
    return call.operation.contract.schemas.shape(schema)


def place(call: Call) -> tuple[str, str]:
    """Kind and key of the item that a call is about."""
    return split(concrete_path(call.operation.path.partition(":")[0], call.path_arguments))


def split(path: str) -> tuple[str, str]:
    kind, _, key = path.rpartition("/")
    return kind, unquote(key)


def concrete_path(template: str, holes: Mapping[str, str]) -> str:
    """A template with its values, percent-encoded, so that a slash in a value stays one segment."""
    return _HOLE.sub(lambda m: quote(holes[m[0][1:-1]], safe="~"), template)


def _template_of(kind: str, table: Mapping[str, Any]) -> str:
    """The template of a list, from its concrete path."""
    parts = kind.split("/")
    for template in table:
        theirs = template.split("/")
        if len(theirs) == len(parts) and all(
            t in ("{}", p) for t, p in zip(theirs, parts, strict=True)
        ):
            return template
    return kind


def resource_name(operation: Operation) -> str:
    """What an operation is about, for messages: its group."""
    return operation.id.partition("_")[0]


def check_if_match(call: Call, old: Any) -> None:
    """If-Match: 412 where the caller's etag is not that of what is stored."""
    wanted = call.request.headers.get("if-match")
    if wanted is None or (call.settings.fill and old is None):
        return
    if old is None or (wanted != "*" and wanted != etag(old)):
        raise Problem(
            412,
            "PreconditionFailed",
            "The resource has another etag, or is not there; read it again.",
        )


def etag_header(call: Call, status: int, value: Any) -> dict[str, str]:
    declared = call.operation.answers.get(str(status))
    return {"ETag": etag(value)} if declared and "ETag" in declared.headers else {}

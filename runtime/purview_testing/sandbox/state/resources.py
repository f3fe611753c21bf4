"""Behaviours that follow from the routes of a contract alone.

PUT, GET and DELETE of `/x/{name}` keep, read and remove an item; GET and POST of `/x` list items
and add one; POST of `/x/query` searches; other verbs act on an item. What an operation does follows
from its method, its template and the templates beside it: no plane is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from purview_testing.contracts.facts import Contract, ContractOperation
from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import NOTHING, Behaviour, Call, Reply

from .etags import check_if_match, etag_header
from .lists import listing, query_reply, tags_of
from .long_running import begin, first_reply
from .paths import concrete_path, item_address, list_path, split_path, template_of, unnamed_template
from .server_fields import with_server_fields, without_read_only

GONE = "/gone"  # items that were removed, so that a sandbox that invents does not bring them back
_ACTION = re.compile(r"^(?P<item>.*(?:\{\}|/default))(?::|/:?)(?P<verb>[A-Za-z-]+)$")
_PAGE_LINKS = ("nextLink", "skipToken", "continuationToken")


def writable(contracts: Iterable[Contract]) -> set[str]:
    """Returns the unnamed templates of all that can be written with PUT."""
    return {
        unnamed_template(operation.path)
        for contract in contracts
        for operation in contract.operations.values()
        if operation.method == "PUT"
    }


class Resources:
    """The behaviours of one contract's operations.

    Attributes:
        table: The operations by unnamed template, then by method.
    """

    def __init__(self, contract: Contract) -> None:
        self.table: dict[str, dict[str, ContractOperation]] = {}
        for operation in contract.operations.values():
            methods = self.table.setdefault(unnamed_template(operation.path), {})
            methods[operation.method] = operation

    def behaviour(self, operation: ContractOperation) -> Behaviour:
        """Returns the behaviour of an operation: the first row that fits.

        | operation                            | what it does                              |
        |--------------------------------------|-------------------------------------------|
        | PUT, PATCH, DELETE of an item        | writes, changes, removes it               |
        | GET of a list with items below it    | lists a page of what is stored            |
        | GET of something with members        | reads it, 404 where it is missing         |
        | POST of a list with items below it   | adds an item                              |
        | POST `/x/query`, `/x/query/count`    | finds stored items, counts them           |
        | POST of a verb at an item            | gives the item, or starts an operation    |
        | anything else                        | invents an answer, the same each time     |
        """
        template = unnamed_template(operation.path)
        method = operation.method
        if method in ("PUT", "PATCH", "DELETE") and self._is_item(template):
            return {"PUT": self.write, "PATCH": self.change, "DELETE": self.remove}[method]
        if method != "GET":
            return self._posted(template)
        if operation.list_member:
            kept = self._creatable(f"{template}/{{}}") or self._has_named(template)
            return self.list_items if kept else self.example
        return self.read if _is_object(operation) else self.example

    def _posted(self, template: str) -> Behaviour:
        if "GET" in self.table.get(f"{template}/{{}}", {}):
            return self.create
        for ending, behaviour in (("/query/count", self.count_items), ("/query", self.find_items)):
            base = template.removesuffix(ending)
            if base != template and self._creatable(f"{base}/{{}}"):
                return behaviour
        action = _ACTION.match(template)
        return self.act if action and "GET" in self.table.get(action["item"], {}) else self.example

    def _is_item(self, template: str) -> bool:
        """Whether the template is that of something that can be read or written."""
        return bool({"PUT", "PATCH", "GET"} & set(self.table.get(template, ())))

    def _creatable(self, template: str) -> bool:
        """Whether an item of this template can be made, by its PUT or by a POST of its list."""
        methods = self.table.get(template, {})
        return "PUT" in methods or (
            "GET" in methods and "POST" in self.table.get(template.removesuffix("/{}"), {})
        )

    def _has_named(self, template: str) -> bool:
        """Whether an item of a list is written under a fixed name, such as `default`."""
        return any(
            "PUT" in methods
            and other.startswith(f"{template}/")
            and "/" not in other.removeprefix(f"{template}/")
            for other, methods in self.table.items()
        )

    def _schema(self, call: Call) -> Any:
        """The schema of an item as it is read; as it is written, where it is never read."""
        methods = self.table.get(unnamed_template(call.operation.path), {})
        for method in ("GET", "PUT", "PATCH"):
            if method in methods and methods[method].result:
                return methods[method].result
        return {}

    def write(self, call: Call) -> Reply:
        """PUT: adds or replaces an item.

        Where a POST of the list is what adds, a PUT only replaces.
        """
        self._check_parents(call)
        kind, key = self._address(call)
        old = call.store.get(kind, key)
        if old is None and self._added_by_post(call):
            raise not_found(resource_name(call.operation), key)
        check_if_match(call, old)
        schema = self._schema(call)
        value = with_server_fields(call, without_read_only(call, schema), schema, key, old)
        return self._keep(call, kind, key, value)

    def _address(self, call: Call) -> tuple[str, str]:
        """Kind and key of an item.

        One with a fixed name beside the items of a list is not an item of that list, so it is of a
        kind of its own.
        """
        kind, key = item_address(call)
        above, _, name = unnamed_template(call.operation.path.partition(":")[0]).rpartition("/")
        fixed = name != "{}" and f"{above}/{{}}" in self.table
        return (f"{kind}/{key}" if fixed else kind, key)

    def _added_by_post(self, call: Call) -> bool:
        above = self.table.get(unnamed_template(call.operation.path).removesuffix("/{}"), {})
        return "POST" in above and "201" not in call.operation.answers and not call.settings.fill

    def _keep(self, call: Call, kind: str, key: str, value: Json) -> Reply:
        """Stores an item, and replies with it."""
        new = call.store.put(kind, key, value, tags_of(value, self._filters(kind)))
        call.store.delete(GONE, f"{kind}/{key}")
        status = None
        if new and "201" in call.operation.answers:
            status = 201
        elif "200" in call.operation.answers:
            status = 200
        headers = etag_header(call, status or call.operation.status, value)
        if call.operation.polling is not None:
            headers |= begin(call)
        return Reply(value, status, headers)

    def _filters(self, kind: str) -> list[str]:
        """The query parameters of the list of a kind, any of which may be a filter."""
        listed = self.table.get(template_of(kind, self.table), {}).get("GET")
        if listed is None:
            return []
        return [p.name for p in listed.parameters if p.location == "query"]

    def change(self, call: Call) -> Reply:
        """PATCH: lays the members of the body over an item."""
        kind, key = self._address(call)
        old = call.require(kind, key, "Resource", lambda: self._invented(call, key))
        check_if_match(call, old)
        schema = call.operation.result or self._schema(call)
        body = {**old, **without_read_only(call, schema)}
        return self._keep(call, kind, key, with_server_fields(call, body, schema, key, old))

    def read(self, call: Call) -> Reply:
        """GET of an item.

        An item that no operation makes is invented, and so is one that an account has only once,
        unless it was removed.
        """
        kind, key = self._address(call)
        template = unnamed_template(call.operation.path)
        value = call.store.get(kind, key)
        if value is None:
            invented = not self._creatable(template) or "{}" not in template or call.settings.fill
            if not invented or call.store.get(GONE, f"{kind}/{key}") is not None:
                raise not_found(resource_name(call.operation), key)
            value = self._invented(call, key)
        return Reply(value, headers=etag_header(call, 200, value))

    def _invented(self, call: Call, key: str) -> Json:
        schema = self._schema(call)
        made: Json = dict(call.examples.of(schema))
        for name in ("id", "name"):
            if key and name in made and not isinstance(made[name], dict):
                made[name] = key
        return with_server_fields(call, made, schema, key, None)

    def remove(self, call: Call) -> Reply:
        """DELETE: removes an item with all that lies below it.

        Removing what is not there is a 204 where the contract has this status beside 200.
        """
        kind, key = self._address(call)
        old = call.store.get(kind, key)
        check_if_match(call, old)
        repeatable = {"200", "204"} <= set(call.operation.answers)
        gone = call.store.get(GONE, f"{kind}/{key}") is not None
        if old is None and (repeatable or gone or not self._may_be_invented(call)):
            if repeatable:
                return Reply(status=204)
            raise not_found(resource_name(call.operation), key)
        call.store.delete(kind, key)
        call.store.delete_below(f"{kind}/{quote(key, safe='')}/")
        call.store.put(GONE, f"{kind}/{key}", True)
        if call.operation.polling is not None:
            return first_reply(call)
        if old is not None and call.operation.result:
            return Reply(old)
        return Reply(call.example() if call.operation.result is not None else NOTHING)

    def _may_be_invented(self, call: Call) -> bool:
        """Whether an item that was never written can be read, and so be removed."""
        return call.settings.fill or not self._creatable(unnamed_template(call.operation.path))

    def list_items(self, call: Call) -> Reply:
        """GET of a list."""
        self._check_parents(call)
        return listing(call, list_path(call))

    def create(self, call: Call) -> Reply:
        """POST of a list: adds an item, under the id that the body has, if it has one."""
        self._check_parents(call)
        kind = list_path(call)
        key = str(call.body.get("id") or call.body.get("guid") or call.guid())
        if call.store.get(kind, key) is not None:
            name = resource_name(call.operation)
            raise Problem(409, "Conflict", f"{name} {key!r} exists already.")
        schema = call.operation.result
        body = without_read_only(call, schema)
        if "id" in call.operation.contract.schemas.shape(schema).properties:
            body["id"] = key
        value = with_server_fields(call, body, schema, key, None)
        call.store.put(kind, key, value, tags_of(value, self._filters(kind)))
        return Reply(value)

    def find_items(self, call: Call) -> Reply:
        """POST `/x/query`: the items that pass the filters of the body."""
        return query_reply(call, list_path(call).removesuffix("/query"))

    def count_items(self, call: Call) -> Reply:
        """POST `/x/query/count`: the number of the items that pass the filters of the body."""
        kind = list_path(call).removesuffix("/query/count")
        return Reply(call.with_required({"count": query_reply(call, kind, counting=True).value}))

    def act(self, call: Call) -> Reply:
        """POST of a verb at an item.

        Replies with the item, where the operation answers with what its GET answers with; starts an
        operation that is long-running.
        """
        found = _ACTION.match(unnamed_template(call.operation.path))
        assert found is not None
        path = list_path(call)
        kind, key = split_path(path[: -len(found["verb"])].rstrip(":/"))
        item = self.table[found["item"]]["GET"]
        value = call.store.get(kind, key)
        if value is None and self._creatable(found["item"]) and not call.settings.fill:
            raise not_found(resource_name(item), key)
        result = call.operation.result
        if call.operation.polling is not None:
            return first_reply(call)
        if result is not None and result == item.result and value is not None:
            return Reply(value)
        return self.example(call)

    def example(self, call: Call) -> Reply:
        """Replies with a value that is true to its schema; a list has one page."""
        operation = call.operation
        if operation.polling is not None and operation.status == 202:
            return first_reply(call)
        media = _success_media(operation)
        if media is None:
            return Reply()
        if operation.result is None:
            return Reply(content=(media, b"name,value\r\nsample,1\r\n"))
        value = call.example()
        if isinstance(value, dict):
            value = {name: item for name, item in value.items() if name not in _PAGE_LINKS}
            if operation.paging:
                value.setdefault(operation.paging.get("itemName", "value"), [])
        return Reply(value)

    def _check_parents(self, call: Call) -> None:
        """Raises a 404 where something above the path is missing that would have to be written."""
        parts = call.operation.path.split("/")
        for i in range(2, len(parts)):
            template = "/".join(parts[:i])
            unnamed = unnamed_template(template)
            if parts[i - 1].startswith("{") and self._creatable(unnamed):
                kind, key = split_path(concrete_path(template, call.path_arguments))
                call.require(kind, key, resource_name(self.table[unnamed]["GET"]), lambda: True)


def resource_name(operation: ContractOperation) -> str:
    """Returns the word for what an operation is about, for messages: the group of its id."""
    return operation.id.partition("_")[0]


def _is_object(operation: ContractOperation) -> bool:
    """Whether the answer is an object with members."""
    if operation.result is None:
        return False
    return bool(operation.contract.schemas.shape(operation.result).properties)


def _success_media(operation: ContractOperation) -> str | None:
    """The first media type of the first successful answer that has a body."""
    for status, answer in sorted(operation.answers.items()):
        if status.startswith("2"):
            for media in answer.content:
                return media
    return None

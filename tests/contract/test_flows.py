"""What can be made is kept: every resource of every version is made, read, listed, changed and
removed, by its client and the sandbox.

The resources, their parents and their bodies come from the contracts; the few bodies that have to
refer to something are below.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from purview_core import AsyncPoller, BadRequestError, ConflictError, NotFoundError, Poller, to_json
from purview_core.manifest import Document
from purview_core.model.codec import Registry
from purview_testing import Sandbox
from purview_testing.contracts.documents import select
from purview_testing.contracts.facts import Contract, ContractOperation, ContractSchemas, load
from purview_testing.contracts.samples import Examples, resolve
from purview_testing.sandbox.state.paths import unnamed_template
from purview_testing.sandbox.state.server_fields import _CHANGED, _CREATED, _STATES

from .calling import MODES, Caller, Json, Version, versions
from .corpus import documents

pytestmark = pytest.mark.level("L4")

STAMPS = _CREATED | _CHANGED | _STATES | {"version", "ETag", "eTag"}
CHANGED = "changed by the flow"
ATLAS = ("catalog", "datamap", "datamap_preview")
NOT_MADE = {"/policyStore/metadataPolicies/{}"}  # comes and goes with its collection
# What has to fit something else: by the path of the item.
BODIES: dict[str, Json] = {
    "/account/collections/{}": {"friendlyName": "Sales", "description": "what is sold"},
    "/scan/datasources/{}": {
        "kind": "AdlsGen2",
        "properties": {"endpoint": "https://lake.example.com/"},
    },
    "/scan/datasources/{}/scans/{}": {
        "kind": "AdlsGen2Msi",
        "properties": {"scanRulesetName": "AdlsGen2", "scanRulesetType": "System"},
    },
}


FILTERS = {"keyword": ""}  # arguments of lists that have to be given; "" filters nothing


class Both(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A sandbox for sync and async clients."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sync, self._async = sandbox.transport(), sandbox.async_transport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._sync.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._async.handle_async_request(request)


class Resource(NamedTuple):
    """What may be done with the items of one path. make: PUT of the item, or POST of the list."""

    path: str
    make: ContractOperation
    get: ContractOperation
    list: ContractOperation | None
    change: ContractOperation | None
    remove: ContractOperation | None

    @property
    def own(self) -> str:
        """The hole of the item itself; "" for one that is always called default."""
        return "" if self.path.endswith("default") else _holes(self.path)[-1]


def table(contract: Contract) -> dict[str, dict[str, ContractOperation]]:
    out: dict[str, dict[str, ContractOperation]] = {}
    for operation in contract.operations.values():
        out.setdefault(unnamed_template(operation.path), {})[operation.method] = operation
    return out


def resources(contract: Contract) -> dict[str, Resource]:
    """By path. The Data Map keeps to rules of its own, see below."""
    paths, out = table(contract), dict[str, Resource]()
    for path, methods in paths.items():
        above = paths.get(path.rpartition("/")[0], {})
        make = above.get("POST") or methods.get("PUT")
        if path.rpartition("/")[2] not in ("{}", "default") or "GET" not in methods or make is None:
            continue
        if (
            contract.document.plane not in ATLAS
            and path not in NOT_MADE
            and make.result is not None
        ):
            change = next(
                (methods[m] for m in ("PATCH", "PUT") if m in methods and methods[m].body), None
            )
            listed = above.get("GET")
            listed = (
                listed
                if listed is not None and listed.list_member and required(listed) <= set(FILTERS)
                else None
            )
            out[path] = Resource(
                methods["GET"].path, make, methods["GET"], listed, change, methods.get("DELETE")
            )
    return out


class Account:
    """One version over one sandbox: calls by operation, with made-up values for what has to be
    given.
    """

    def __init__(self, version: Version, sandbox: Sandbox, mode: str) -> None:
        document = select([f"{version.document.plane}@{version.document.version}"])[0]
        self.contract = load(document)
        self.resources = resources(self.contract)
        self._version, self.caller = (
            version,
            Caller(
                version,
                Both(sandbox),
                mode,
                sandbox.url,
                auth=sandbox.auth,
                tenant_endpoint=sandbox.url,
            ),
        )

    def call(self, operation: ContractOperation, holes: Json, body: Any = None) -> Any:
        case = self._version.case(operation.id)
        schemas = {p.name: p.schema for p in operation.parameters if p.name in required(operation)}
        examples = Examples(self.contract.schemas, operation.id, request=True)
        needed = {n: FILTERS.get(n, examples.of(schema)) for n, schema in schemas.items()}
        given = {p.name: {**needed, **holes}.get(p.wire_name) for p in case.operation.arguments}
        arguments = {name: value for name, value in given.items() if value is not None}
        if body is not None:
            assert case.operation.body is not None
            load = Registry.get(case.operation.models).loader(case.operation.body.type)
            arguments["body"] = load(body) if load else body
        found = self.caller.send(case, **arguments)
        return (
            self.caller.done(found.result(interval=0))
            if isinstance(found, (Poller, AsyncPoller))
            else found
        )

    def body(self, operation: ContractOperation, schema: Any, number: int, key: Any) -> Json:
        """What a schema admits, the same for the same number, for the item of a key."""
        examples = Examples(self.contract.schemas, f"{operation.id} {number}", request=True)
        made: Json = BODIES.get(unnamed_template(operation.path)) or examples.of(schema)
        hole = operation.path.rpartition("/")[2].strip("{}").lower()
        kept = {
            n: v for n, v in made.items() if not (n.endswith("Id") and hole.endswith(n.lower()))
        }
        return kept | ({"id": key} if "id" in kept and operation.method == "PUT" else {})

    def made(self, resource: Resource, number: int, holes: Json) -> tuple[Json, Any]:
        """Makes an item, and first what lies above it: (values of its holes, body that was
        sent).
        """
        holes = self.above(resource, number, holes)
        own, key = resource.own, self.key(resource, number)
        body = self.body(resource.make, resource.make.body_schema, number, key)
        if own:
            holes = {**holes, own: key}
        answer = to_json(self.call(resource.make, holes, body))
        if resource.make.method == "POST":
            holes[own] = answer["id"]
        return holes, body

    def above(self, resource: Resource, number: int, holes: Json) -> Json:
        """What lies above an item, made; where it is a thing of another plane, which this one takes
        the id of, an id is made up.
        """
        out = dict(holes)
        parts = resource.path.split("/")[:-1]
        for i in range(len(parts), 1, -1):
            parent = self.resources.get(unnamed_template("/".join(parts[:i])))
            if parent is not None and not set(_holes(parent.path)) <= set(out):
                out = self.made(parent, number, out)[0]
                break
        ids = {
            p.name: p.schema
            for p in resource.get.parameters
            if p.location == "path" and p.name != resource.own
        }
        elsewhere = {
            n: Examples(self.contract.schemas, f"{n} of another plane").of(ids[n])
            for n in ids.keys() - out.keys()
        }
        return {**elsewhere, **out}

    def key(self, resource: Resource, number: int) -> str:
        own = resource.own
        schema = next(
            (p.schema for p in resource.get.parameters if p.location == "path" and p.name == own),
            {},
        )
        shape = self.contract.schemas.shape(resource.get.result)
        for name, member in shape.properties.items():
            if name.endswith("Id") and own.lower().endswith(name.lower()):
                schema = member  # the key comes back under this name
        return str(Examples(self.contract.schemas, f"{own} {number}", request=True).of(schema))


def required(operation: ContractOperation) -> set[str]:
    """The arguments of the query that have to be given."""
    names = {p.name for p in operation.parameters if p.location == "query" and p.required}
    return names - {"api-version"}


def _holes(template: str) -> list[str]:
    return re.findall(r"\{([^{}]*)\}", template)


def texts(schemas: ContractSchemas, schema: Any, value: Any, pointer: str = "") -> Iterator[str]:
    """Where a value has text that may be any other text."""
    shape = schemas.shape(schema)
    if isinstance(value, dict):
        shape = (schemas.subtype(shape, value) if shape.discriminator else None) or shape
        for name, item in value.items():
            member = shape.properties.get(name)
            if member is not None and name != shape.discriminator and name not in ("id", "name"):
                yield from texts(schemas, member, item, f"{pointer}/{name}")
    elif isinstance(value, str) and not shape.enum and not shape.facts and "string" in shape.types:
        yield pointer


def put(value: Any, pointer: str, new: Any) -> Json:
    """A copy of a value, changed in one place."""
    name, _, rest = pointer.removeprefix("/").partition("/")
    return {**value, name: put(value[name], f"/{rest}", new) if rest else new}


def lost(sent: Any, got: Any, pointer: str = "") -> Iterator[str]:
    """What was sent and does not come back; times and authors are the service's."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for name, item in sent.items():
            if name not in STAMPS:
                yield from lost(item, got.get(name), f"{pointer}/{name}")
    elif sent != got:
        yield f"{pointer}: {sent!r} is {got!r}"


def listed(account: Account, resource: Resource, holes: Json, names: list[str]) -> list[str]:
    """Which of the names the list has, in its order."""
    assert resource.list is not None
    # its pages as one list, or the only answer of a list without pages
    found = account.call(resource.list, holes)
    member = resource.list.list_member
    items = [to_json(item) for item in found] if isinstance(found, list) else to_json(found)[member]
    return [n for item in items for n in names if n in identities(item)]


def identities(item: Json) -> set[str]:
    """What an item may be called: its name, or the end of an id."""
    return {
        str(value).rpartition("/")[2]
        for name, value in item.items()
        if name == "name" or name.endswith(("id", "Id"))
    }


def told(account: Account, resource: Resource) -> None:
    """The life of an item, beside two others where its path admits more than one name."""
    own = resource.own
    above = account.above(resource, 1, {})
    with pytest.raises(NotFoundError):
        account.call(resource.get, {**above, own: account.key(resource, 1)} if own else above)
    numbers = (1, 2, 3) if own and len({account.key(resource, n) for n in (1, 2, 3)}) == 3 else (1,)
    made = [account.made(resource, number, above) for number in numbers]
    (holes, body), names = made[0], [str(h.get(own)) for h, _ in made]
    assert [] == list(lost(body, to_json(account.call(resource.get, holes))))
    if resource.list is not None:
        assert names == listed(account, resource, above, names)
    if resource.change is not None:
        body = account.body(resource.change, resource.change.body_schema, 1, holes.get(own))
        for place in list(texts(account.contract.schemas, resource.change.body_schema, body))[:1]:
            account.call(resource.change, holes, put(body, place, CHANGED))
            assert (True, CHANGED) == resolve(to_json(account.call(resource.get, holes)), place)
    if resource.remove is not None:
        account.call(resource.remove, holes)
        with pytest.raises(NotFoundError):
            account.call(resource.get, holes)
        if resource.list is not None:
            assert names[1:] == listed(account, resource, above, names)


@contextlib.contextmanager
def opened(document: Document, mode: str) -> Iterator[Account]:
    with Sandbox([f"{document.plane}@{document.version}"], page_size=1) as sandbox:
        account = Account(next(v for v in versions() if v.document == document), sandbox, mode)
        with account.caller:
            yield account


def stored(document: Document) -> list[str]:
    return list(resources(load(select([f"{document.plane}@{document.version}"])[0])))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("document", "path"), [(d, p) for d in documents() for p in stored(d)], ids=str
)
def test_what_is_made_is_kept_until_it_is_removed(document: Document, path: str, mode: str) -> None:
    with opened(document, mode) as account:
        told(account, account.resources[path])


def test_the_resources_are_those_that_can_be_made() -> None:
    assert 92 == sum(len(stored(d)) for d in documents())


class Atlas:
    """Calls of the Data Map by method and path, which its versions share; their operations have
    other names.
    """

    def __init__(self, account: Account) -> None:
        self._account, self._table = account, table(account.contract)
        self._prefix = account.contract.prefix

    def __call__(self, method: str, path: str, *holes: str, body: Any = None, **query: Any) -> Any:
        operation = self._table[self._prefix + path][method]
        return to_json(
            self._account.call(
                operation, {**dict(zip(_holes(operation.path), holes, strict=True)), **query}, body
            )
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("document", [d for d in documents() if d.plane in ATLAS], ids=str)
def test_entities_of_every_version(document: Document, mode: str) -> None:
    with opened(document, mode) as account:
        call = Atlas(account)
        attributes = {"qualifiedName": "q", "name": "orders"}
        entity = {"typeName": "azure_sql_table", "guid": "-1", "attributes": attributes}
        guid = call("POST", "/atlas/v2/entity", body={"entity": entity})["guidAssignments"]["-1"]
        got = call("GET", "/atlas/v2/entity/guid/{}", guid)
        assert attributes == {n: got["entity"]["attributes"][n] for n in attributes}
        got["entity"]["attributes"]["description"] = CHANGED
        call(
            "POST",
            "/atlas/v2/entity",
            body={"entity": {**entity, "guid": guid, "attributes": got["entity"]["attributes"]}},
        )
        [same] = call("GET", "/atlas/v2/entity/bulk", guid=[guid])["entities"]
        assert CHANGED == same["attributes"]["description"]
        hits = call("POST", "/search/query", body={"keywords": "orders", "limit": 10})
        assert [guid] == [hit["id"] for hit in hits]
        call("DELETE", "/atlas/v2/entity/guid/{}", guid)
        with pytest.raises(NotFoundError):
            call("GET", "/atlas/v2/entity/guid/{}", guid)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("document", [d for d in documents() if d.plane in ATLAS], ids=str)
def test_lineage_of_columns_of_every_version(document: Document, mode: str) -> None:
    """It is the text of a process' columnMapping, which the lineage of each table shows, as it
    shows all plain attributes.
    """
    pairs = [{"Source": "id", "Sink": "order_id"}, {"Source": "*", "Sink": "total"}]
    mapping = json.dumps([{"DatasetMapping": {"Source": "a", "Sink": "b"}, "ColumnMapping": pairs}])
    ends = {"inputs": [{"guid": "-1"}], "outputs": [{"guid": "-2"}]}
    plain = {"qualifiedName": "p", "name": "copy", "columnMapping": mapping, "runs": 3}
    process = {"typeName": "Process", "guid": "-3", "attributes": {**plain, **ends}}
    with opened(document, mode) as account:
        call = Atlas(account)
        batch = [table_named("a", "-1"), table_named("b", "-2"), process]
        guids = call("POST", "/atlas/v2/entity/bulk", body={"entities": batch})["guidAssignments"]
        for table in ("-1", "-2"):
            found = call("GET", "/atlas/v2/lineage/{}", guids[table], direction="BOTH")[
                "guidEntityMap"
            ]
            assert set(guids.values()) == set(found)
            shown = found[guids["-3"]]["attributes"]
            assert plain == shown
            assert pairs == json.loads(shown["columnMapping"])[0]["ColumnMapping"]


def table_named(qualified: str, guid: str | None = None, **attributes: Any) -> Json:
    placed = {} if guid is None else {"guid": guid}
    return {
        "typeName": "azure_sql_table",
        "attributes": {"qualifiedName": qualified, **attributes},
        **placed,
    }


@pytest.mark.parametrize("document", [d for d in documents() if d.plane in ATLAS], ids=str)
@pytest.mark.parametrize(
    "guids",
    [
        ("-1", "-2", "-1"),
        ("-1", "-1", "-1"),
        (None, None, None),
        ("-1", None, "-2"),
        (None, "-3", "-3"),
    ],
    ids=str,
)
def test_what_comes_twice_in_one_batch_is_one_entity(
    document: Document, guids: tuple[str | None, ...]
) -> None:
    """By its placeholder, by type and qualified name, or by both; every placeholder is assigned,
    and no attribute is lost.
    """
    with opened(document, "sync") as account:
        call = Atlas(account)
        there = call(
            "POST",
            "/atlas/v2/entity/bulk",
            body={"entities": [table_named("old", "-9", owner="o")]},
        )
        names = ("description", "name", "owner")
        batch = [
            table_named("q", guid, **{name: CHANGED})
            for guid, name in zip(guids, names, strict=True)
        ]
        process = {
            "inputs": [{"typeName": "azure_sql_table", "uniqueAttributes": {"qualifiedName": "q"}}],
            "outputs": [],
        }
        copy = {
            "typeName": "Process",
            "guid": "-7",
            "attributes": {"qualifiedName": "p", "name": "p", **process},
        }
        given = [
            *batch,
            table_named("old", description=CHANGED),
            copy,
            table_named("old", name=CHANGED),
        ]
        made = call("POST", "/atlas/v2/entity/bulk", body={"entities": given})
        assigned = {guid: made["guidAssignments"][guid] for guid in guids if guid is not None}
        [key] = {
            head["guid"]
            for head in made["mutatedEntities"]["CREATE"]
            if head["typeName"] != "Process"
        }
        assert {*assigned.values()} <= {key}
        assert ["old"] == [
            h["attributes"]["qualifiedName"] for h in made["mutatedEntities"]["UPDATE"]
        ]
        found = call("POST", "/search/query", body={"keywords": CHANGED, "limit": 10})
        old = there["guidAssignments"]["-9"]
        assert sorted([key, old]) == sorted(hit["id"] for hit in found)
        kept = call("GET", "/atlas/v2/entity/guid/{}", key)["entity"]["attributes"]
        assert [CHANGED] * 3 == [kept[name] for name in names]
        kept = call("GET", "/atlas/v2/entity/guid/{}", old)["entity"]["attributes"]
        assert ["o", CHANGED, CHANGED] == [kept[name] for name in ("owner", "description", "name")]
        edges = call("GET", "/atlas/v2/lineage/{}", key, direction="BOTH")["relations"]
        assert [(key, made["guidAssignments"]["-7"])] == [
            (e["fromEntityId"], e["toEntityId"]) for e in edges
        ]


@pytest.mark.parametrize("document", [d for d in documents() if d.plane in ATLAS], ids=str)
def test_a_placeholder_or_a_name_for_two_things_is_refused(document: Document) -> None:
    with opened(document, "sync") as account:
        call = Atlas(account)
        with pytest.raises(BadRequestError, match="guid -1 stands for two entities"):
            call(
                "POST",
                "/atlas/v2/entity/bulk",
                body={"entities": [table_named("q", "-1"), table_named("r", "-1")]},
            )
        assert [] == call("POST", "/search/query", body={"keywords": "*", "limit": 10})
        invoice = {"name": "invoice", "superTypes": ["DataSet"], "attributeDefs": []}
        with pytest.raises(ConflictError, match="invoice already exists"):
            call("POST", "/atlas/v2/types/typedefs", body={"entityDefs": [invoice, invoice]})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("document", [d for d in documents() if d.plane in ATLAS], ids=str)
def test_types_of_every_version(document: Document, mode: str) -> None:
    with opened(document, mode) as account:
        call = Atlas(account)
        invoice = {"name": "invoice", "superTypes": ["DataSet"], "attributeDefs": []}
        call("POST", "/atlas/v2/types/typedefs", body={"entityDefs": [invoice]})
        call(
            "PUT",
            "/atlas/v2/types/typedefs",
            body={"entityDefs": [{**invoice, "description": CHANGED}]},
        )
        assert CHANGED == call("GET", "/atlas/v2/types/entitydef/name/{}", "invoice")["description"]
        assert "invoice" in {
            head["name"] for head in call("GET", "/atlas/v2/types/typedefs/headers")
        }
        call("DELETE", "/atlas/v2/types/typedef/name/{}", "invoice")
        with pytest.raises(NotFoundError):
            call("GET", "/atlas/v2/types/entitydef/name/{}", "invoice")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("document", [d for d in documents() if d.plane in ATLAS], ids=str)
def test_a_glossary_of_every_version(document: Document, mode: str) -> None:
    with opened(document, mode) as account:
        call = Atlas(account)
        glossary = call("POST", "/atlas/v2/glossary", body={"name": "Business"})["guid"]
        assert [glossary] == [g["guid"] for g in call("GET", "/atlas/v2/glossary")]
        anchor = {"anchor": {"glossaryGuid": glossary}}
        for what in ("category", "term"):
            item, name = (
                f"/atlas/v2/glossary/{what}/{{}}",
                "categories" if what == "category" else "terms",
            )
            guids = [
                call("POST", f"/atlas/v2/glossary/{what}", body={"name": f"n{i}", **anchor})["guid"]
                for i in range(3)
            ]
            listed = call("GET", f"/atlas/v2/glossary/{{}}/{name}", glossary, limit=1)
            assert guids == [value["guid"] for value in listed]
            call(
                "PUT",
                item,
                guids[0],
                body={"guid": guids[0], "name": "n0", "longDescription": CHANGED, **anchor},
            )
            assert CHANGED == call("GET", item, guids[0])["longDescription"]
            call("DELETE", item, guids[0])
            with pytest.raises(NotFoundError):
                call("GET", item, guids[0])
        call("DELETE", "/atlas/v2/glossary/{}", glossary)
        with pytest.raises(NotFoundError):
            call("GET", "/atlas/v2/glossary/term/{}", guids[1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("document", [d for d in documents() if d.plane == "scanning"], ids=str)
def test_a_scan_of_every_version_runs_to_its_end(document: Document, mode: str) -> None:
    with opened(document, mode) as account:
        call = Atlas(account)
        holes, _ = account.made(account.resources["/scan/datasources/{}/scans/{}"], 1, {})
        scan = tuple(holes.values())
        paths, run = table(account.contract), "00000000-0000-4000-8000-000000000001"
        if "/scan/datasources/{}/scans/{}:run" in paths:
            call("POST", "/datasources/{}/scans/{}:run", *scan, runId=run)
        else:
            call("PUT", "/datasources/{}/scans/{}/runs/{}", *scan, run)
        for _ in range(3):
            past = call("GET", "/datasources/{}/scans/{}/runs", *scan)
            if "GET" in paths["/scan/datasources/{}/scans/{}/runs/{}"]:
                call("GET", "/datasources/{}/scans/{}/runs/{}", *scan, run)
        assert [(run, "Succeeded")] == [(r["id"], r["status"]) for r in past]
        source = call("GET", "/datasources/{}", scan[0])
        [listed] = [s for s in call("GET", "/datasources") if s["name"] == scan[0]]
        found = [
            call("GET", "/datasources/{}/scans/{}", *scan),
            *call("GET", "/datasources/{}/scans", scan[0]),
        ]
        for told in (*found, *source["scans"], *listed["scans"]):
            runs = told["scanResults"] if "scanResults" in told else [told["lastRunResult"]]
            assert [(run, "Succeeded")] == [(r["id"], r["status"]) for r in runs]


def test_runs_that_nobody_asks_for_go_on_with_the_clock() -> None:
    """In the list of runs, in the scan and in its source; where no clock moves them, looking does
    not.
    """
    [document] = [d for d in documents() if d.plane == "scanning" and d.default]
    now = [1_700_000_000.0]
    for pace, ways in ((None, ["Queued"] * 3), (60, ["Queued", "InProgress", "Succeeded"])):
        with Sandbox(["scanning"], pace=pace, clock=lambda: now[0]) as sandbox:
            account = Account(
                next(v for v in versions() if v.document == document), sandbox, "sync"
            )
            call, scan = Atlas(account), account.resources["/scan/datasources/{}/scans/{}"]
            holes = tuple(account.made(scan, 1, {})[0].values())
            account.caller.client.scan_result.begin_run_scan(*holes)
            for way in ways:
                one = call("GET", "/datasources/{}/scans/{}", *holes)
                [source], [run] = (
                    call("GET", "/datasources"),
                    call("GET", "/datasources/{}/scans/{}/runs", *holes),
                )
                seen = [
                    run["status"],
                    *(told["lastRunResult"]["status"] for told in (one, *source["scans"])),
                ]
                assert [way] * 3 == seen
                now[0] += 60

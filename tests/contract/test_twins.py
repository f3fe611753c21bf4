"""What one sandbox answers, another one takes: with its nulls, its ids and times, and members that
no document has.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from purview_core import to_json
from purview_core.model.codec import Registry
from purview_testing import Sandbox
from purview_testing.contracts.documents import select
from purview_testing.contracts.facts import Contract, ContractOperation, load
from purview_testing.contracts.samples import Examples
from purview_testing.sandbox.state.paths import concrete_path

from .calling import Json, versions
from .corpus import Document, documents
from .test_flows import ATLAS, Account, Resource, lost, stored, table

pytestmark = pytest.mark.level("L4")

DEFAULT = [d for d in documents() if d.default]
WAYS = ("raw", "typed")
BEYOND = {"beyondEveryDocument": {"kept": None}}
# Paths with GET and PUT whose PUT takes something else than what GET gives.
OTHERWISE = {
    "catalog /catalog/api/atlas/v2/entity/guid/{}": "PUT sets one attribute",
    "datamap /datamap/api/atlas/v2/entity/guid/{}": "PUT sets one attribute",
    "datamap_preview /datamap/api/atlas/v2/entity/guid/{}": "PUT sets one attribute",
    "catalog /catalog/api/atlas/v2/glossary/terms/{}/assignedEntities": (
        "PUT takes assignments away"
    ),
    "catalog /catalog/api/atlas/v2/entity/guid/{}/classifications": (
        "GET gives a page, PUT takes its items"
    ),
    "datamap /datamap/api/atlas/v2/entity/guid/{}/classifications": (
        "GET gives a page, PUT takes its items"
    ),
    "datamap_preview /datamap/api/atlas/v2/entity/guid/{}/classifications": (
        "GET gives a page, PUT takes its items"
    ),
    "data_access /datagovernance/dataaccess/dataSubscriptions/{}": "PUT takes the new state",
}


class Twin:
    """Calls of one sandbox as files hold them: paths and JSON."""

    def __init__(self, document: Document, *, fill: bool = False) -> None:
        self.contract = load(select([f"{document.plane}@{document.version}"])[0])
        self.sandbox = Sandbox([f"{document.plane}@{document.version}"], fill=fill)
        self._http = httpx.Client(
            transport=self.sandbox.transport(), auth=self.sandbox.auth, base_url=self.sandbox.url
        )

    def __call__(self, operation: ContractOperation, holes: Json, body: Any = None) -> Any:
        """The JSON of an answer that is a success; what was sent departs from nothing that the
        sandbox minds.
        """
        query = {
            p.name: _argument(self.contract, operation, p)
            for p in operation.parameters
            if p.location == "query" and (p.required or p.name == "attr:qualifiedName")
        }
        more = {} if body is None else {"json": body}
        path = concrete_path(operation.path, {k: str(v) for k, v in holes.items()})
        answer = self._http.request(operation.method, path, params=query, **more)
        assert (operation.id, True, answer.text) == (operation.id, answer.is_success, answer.text)
        assert () == self.sandbox.requests[-1].violations
        return answer.json() if answer.content else None

    def hits(self, word: str) -> list[Any]:
        """The entities that have a word, as they are kept."""
        return [
            row.value for row in self.sandbox.app.store.page("/atlas/entities", 10, tag=f"w:{word}")
        ]

    def close(self) -> None:
        self._http.close()
        self.sandbox.close()


def _argument(contract: Contract, operation: ContractOperation, parameter: Any) -> Any:
    value = Examples(contract.schemas, operation.id, request=True).of(parameter.schema)
    return str(value).lower() if isinstance(value, bool) else value


@contextlib.contextmanager
def twins(document: Document, *, fill: bool = False) -> Iterator[tuple[Twin, Twin]]:
    one, other = Twin(document, fill=fill), Twin(document, fill=fill)
    try:
        yield one, other
    finally:
        one.close()
        other.close()


def account(twin: Twin, document: Document) -> Account:
    return Account(next(v for v in versions() if v.document == document), twin.sandbox, "sync")


def as_typed(
    twin: Twin, operation: ContractOperation, holes: Json, value: Json, document: Document
) -> None:
    """The same by the client: the JSON as a model, which is what a body is."""
    one = account(twin, document)
    case = one._version.case(operation.id)
    read = (
        Registry.get(case.operation.models).loader(case.operation.body.type)
        if case.operation.body
        else None
    )
    with one.caller:
        one.call(operation, holes, to_json(read(value)) if read is not None else value)


ITEMS = [(d, path) for d in DEFAULT for path in stored(d)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("document", "path"), ITEMS, ids=str)
def test_a_resource_goes_from_one_to_the_other(document: Document, path: str, way: str) -> None:
    """By POST where that makes it, by PUT where there is one; all of it comes back."""
    with twins(document) as (one, other):
        made, taken = account(one, document), account(other, document)
        resource: Resource = made.resources[path]
        holes, _ = made.made(resource, 1, {})
        read = one(resource.get, holes)
        there = {
            **taken.above(resource, 1, {}),
            **({resource.own: holes[resource.own]} if resource.own else {}),
        }
        given = {**read, **BEYOND}
        writes = [
            resource.make,
            *([table(made.contract)[path]["PUT"]] if resource.make.method == "POST" else []),
        ]
        for operation in dict.fromkeys(writes):
            if operation is not resource.make:
                given = {n: v for n, v in given.items() if n not in OF_TWO_TYPES.get(path, ())}
            if way == "raw":
                other(operation, there, given)
            else:
                as_typed(other, operation, there, given, document)
        got = other(resource.get, there)
        assert [] == list(lost(mine(read, resource, made), got))
        shares_shape = resource.make.body_schema == resource.get.result
        assert not shares_shape or BEYOND["beyondEveryDocument"] == got["beyondEveryDocument"]


def mine(value: Json, resource: Resource, one: Account) -> Json:
    """What a caller may write of what is read: by the schema of the body, and without what is
    read-only.
    """
    schemas = one.contract.schemas
    shape = schemas.shape(resource.make.body_schema)
    shape = (schemas.subtype(shape, value) if shape.discriminator else None) or shape
    free = {
        n
        for n, s in shape.properties.items()
        if not (s.get("readOnly") or schemas.shape(s).read_only)
    }
    return {n: v for n, v in value.items() if n in free}


def pairs(document: Document) -> dict[str, tuple[ContractOperation, ContractOperation]]:
    """Every path with GET and PUT, by the path."""
    found = table(load(select([f"{document.plane}@{document.version}"])[0])).items()
    return {
        path: (m["GET"], m["PUT"])
        for path, m in found
        if {"GET", "PUT"} <= set(m) and m["PUT"].body
    }


# Members that PUT has in another type than GET, by their document; the service's own type is not
# known.
OF_TWO_TYPES = {"/datagovernance/catalog/objectives/{}": {"additionalProperties"}}
WALK = [(d, path) for d in DEFAULT for path in pairs(d) if f"{d.plane} {path}" not in OTHERWISE]


@pytest.mark.parametrize(("document", "path"), WALK, ids=str)
def test_what_is_invented_goes_from_one_to_the_other(document: Document, path: str) -> None:
    """With every member that a schema has, as far as a sandbox makes them up."""
    with twins(document, fill=True) as (one, other):
        get, write = pairs(document)[path]
        examples = Examples(one.contract.schemas, path, request=True)
        holes = {p.name: examples.of(p.schema) for p in get.parameters if p.location == "path"}
        holes = dict(zip(_names(get), holes.values(), strict=True))
        read = one(get, holes)
        read = (
            {n: v for n, v in read.items() if n not in OF_TWO_TYPES.get(path, ())}
            if isinstance(read, dict)
            else read
        )
        other(write, dict(zip(_names(write), holes.values(), strict=True)), read)


def _names(operation: ContractOperation) -> list[str]:
    return [p.name for p in operation.parameters if p.location == "path"]


def test_all_of_them_are_walked() -> None:
    known = {f"{d.plane} {path}" for d in DEFAULT for path in pairs(d)}
    assert (len(ITEMS), len(WALK), len(known)) == (33, 60, 68)
    assert set(OTHERWISE) <= known


# what is read -> what writes it: (path to read, path to write, what is made first)
TABLE = {"typeName": "azure_sql_table", "attributes": {"qualifiedName": "q", "name": "orders"}}
TYPES = {
    "entityDefs": {"name": "invoice", "superTypes": ["DataSet"], "attributeDefs": []},
    "classificationDefs": {"name": "SECRET", "superTypes": [], "attributeDefs": []},
    "enumDefs": {"name": "level", "elementDefs": [{"value": "low", "ordinal": 1}]},
    "structDefs": {"name": "address", "attributeDefs": []},
    "businessMetadataDefs": {"name": "ops", "attributeDefs": [{"name": "tier", "typeName": "int"}]},
}
DOCUMENTS = [d for d in DEFAULT if d.plane in ATLAS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
@pytest.mark.parametrize("group", TYPES)
def test_a_type_goes_from_one_to_the_other(document: Document, group: str) -> None:
    with twins(document) as (one, other):
        paths = table(one.contract)
        write = paths[f"{one.contract.prefix}/atlas/v2/types/typedefs"]
        one(write["POST"], {}, {group: [TYPES[group]]})
        [read] = [v for v in one(write["GET"], {})[group] if v["name"] == TYPES[group]["name"]]
        other(write["POST"], {}, {group: [{**read, **BEYOND}]})
        other(write["PUT"], {}, {group: [read]})
        [got] = [v for v in other(write["GET"], {})[group] if v["name"] == TYPES[group]["name"]]
        assert [] == list(lost({n: v for n, v in read.items() if v is not None}, got))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_an_entity_goes_from_one_to_the_other(document: Document, many: bool) -> None:
    """As something new, under a placeholder; and to the one that it came from, as it is."""
    with twins(document) as (one, other):
        paths, prefix = table(one.contract), f"{one.contract.prefix}/atlas/v2/entity"
        write = paths[f"{prefix}/bulk" if many else prefix]["POST"]
        guid = one(write, {}, _batch(TABLE, many))["mutatedEntities"]["CREATE"][0]["guid"]
        get = paths[f"{prefix}/guid/{{}}"]["GET"]
        read = one(get, {"guid": guid})["entity"]
        one(write, {}, _batch(read, many))
        for placeholder in ("-1", -1):
            other(write, {}, _batch({**read, **BEYOND, "guid": placeholder}, many))
        [got] = other.hits("orders")
        assert TABLE["attributes"] == {n: got["attributes"][n] for n in TABLE["attributes"]}
        assert BEYOND["beyondEveryDocument"] == got["beyondEveryDocument"]


def _batch(entity: Json, many: bool) -> Json:
    return {"entities": [entity]} if many else {"entity": entity}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
@pytest.mark.parametrize("what", ["", "category", "term"], ids=["glossary", "category", "term"])
def test_what_a_glossary_holds_goes_from_one_to_the_other(document: Document, what: str) -> None:
    with twins(document) as (one, other):
        paths, prefix = table(one.contract), f"{one.contract.prefix}/atlas/v2/glossary"
        here, there = (t(paths[prefix]["POST"], {}, {"name": "Business"}) for t in (one, other))
        path = f"{prefix}/{what}".rstrip("/")
        item = paths[f"{path}/{{}}"]
        guid = here["guid"]
        if what:
            guid = one(paths[path]["POST"], {}, {"name": "n", "anchor": {"glossaryGuid": guid}})[
                "guid"
            ]
        read = one(item["GET"], {_names(item["GET"])[0]: guid})
        moved = {**read, "name": "moved", "guid": None, "qualifiedName": None, **BEYOND}
        moved |= {"anchor": {**read["anchor"], "glossaryGuid": there["guid"]}} if what else {}
        made = other(paths[path]["POST"], {}, moved)
        other(item["PUT"], {_names(item["PUT"])[0]: made["guid"]}, {**moved, "guid": made["guid"]})

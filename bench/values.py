"""Pages decoded and encoded, beside the json module on the same bytes and beside the other clients."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import bodies
import peers
import straight
from bodies import Json
from measure import cpu, race, show

from purview_core.codec import body as request_body
from purview_core.codec import encode
from purview_core.decoding import decode
from purview_core.jsontext import dumps
from purview_dataplane import datamap, scanning

Decode = Callable[[bytes], Any]
Members = Callable[[Any], Iterable[Any]]
_SCALARS = {str, int, float, bool, type(None)}
_members: dict[type, Members] = {}


def touch(value: Any) -> Any:
    """Reads every field of every model below a value; the reading itself is part of what is timed, for all alike."""
    kind = type(value)
    if kind not in _members:
        _members[kind] = _members_of(value)
    for member in _members[kind](value):
        if type(member) not in _SCALARS:
            touch(member)
    return value


def _members_of(value: Any) -> Members:
    """How to read all of a value: a list, a dict, or the fields of a class of attrs, msgspec, pydantic or azure."""
    if isinstance(value, list):
        return lambda items: items
    if type(value) is dict:
        return dict.values
    kind = type(value)
    names = [a.name for a in getattr(kind, "__attrs_attrs__", ())] or list(getattr(kind, "__struct_fields__", ()))
    names = names or list(getattr(kind, "model_fields", ())) or list(getattr(value, "_attr_to_rest_field", ()))
    names = [n for n in names if n not in ("raw", "_raw", "additional_properties")]
    if len(names) == 1:
        return lambda one: (getattr(one, names[0]),)
    return attrgetter(*names) if names else lambda _: ()


def three_of_scan(page: Any) -> Any:
    return [(x.name, x.kind, x.properties.last_modified_at) for x in page.value]


def three_of_entity(page: Any) -> Any:
    return [(x.guid, x.type_name, x.status) for x in page.entities]


def three_of_node(graph: Any) -> Any:
    """And the ends of each relation."""
    nodes = [(x.guid, x.type_name, x.status) for x in graph.guid_entity_map.values()]
    return nodes, [(x.from_entity_id, x.to_entity_id) for x in graph.relations]


@dataclass(frozen=True)
class Page:
    """One answer to race over: what it is decoded by, what lists its items, and how three fields of each are read."""

    title: str
    body: Json
    operation: Any
    contract: Path
    model: str
    items: str
    three: Callable[[Any], Any]
    others: Mapping[str, Decode]  # beside the peers written out from the contract

    def built(self, page: Any) -> Any:
        found = [getattr(page, name) for name in self.items.split()]
        return [list(x.values()) if isinstance(x, dict) else x for x in found]

    def ours(self, raw: bytes) -> Any:
        return decode(self.operation, 200, raw)


def scans(count: int, rounds: int, *, small: bool = False) -> None:
    """A page of Scanning."""
    body = bodies.small_scans(count) if small else bodies.scans(count)
    stock, with_kinds = (peers.stock(package, "ScanList") for package in (peers.STOCK_SCANNING, peers.STOCK_KINDS))
    others: dict[str, Decode] = {
        "stock": lambda raw: stock.from_dict(json.loads(raw)),
        "stock helped to kinds": lambda raw: with_kinds.from_dict(json.loads(raw)),
    }
    title, operation = f"{count} {'small ' if small else ''}scans", scanning.OPERATIONS["Scans_ListByDataSource"]
    others = {} if small else others  # which refuses the nulls
    _compare(Page(title, body, operation, bodies.SCANNING, "ScanList", "value", three_of_scan, others), rounds)


def entities(count: int, rounds: int) -> None:
    """Entities of the Data Map."""
    name, operation = "AtlasEntitiesWithExtInfo", datamap.OPERATIONS["Entity_ListByGuids"]
    page = (f"{count} entities", bodies.entities(count), operation, bodies.DATAMAP, name, "entities", three_of_entity)
    _compare(Page(*page, _of_datamap(name)), rounds)


def lineage(count: int, rounds: int) -> None:
    """A graph of the Data Map."""
    name, operation = "AtlasLineageInfo", datamap.OPERATIONS["Lineage_Get"]
    page = (f"lineage of {count} nodes", bodies.lineage(count), operation, bodies.DATAMAP, name)
    _compare(Page(*page, "guid_entity_map relations", three_of_node, _azure(name)), rounds)


def _of_datamap(model: str) -> dict[str, Decode]:
    stock = peers.stock(peers.STOCK_DATAMAP, model)
    return {"stock": lambda raw: stock.from_dict(json.loads(raw)), **_azure(model)}


def _azure(model: str) -> dict[str, Decode]:
    return {"azure-purview-datamap": lambda raw: peers.azure_decode(model, raw)}


def _compare(page: Page, rounds: int) -> None:
    raw = json.dumps(page.body, separators=(",", ":")).encode()
    made = straight.decoders(bodies.Contract(page.contract), page.model)
    clients = {"purview_dataplane": page.ours, **made, **page.others}
    print(f"\n{page.title}, {len(raw) / 1e6:.1f} MB:")
    for name, peer in clients.items():
        if isinstance(page.body.get(page.items), list):
            print(f"- {name}: {peers.accepts(page.items, page.body, peer)}")
    _decode_race(page, raw, clients, rounds)
    _encode_race(page, raw, rounds)


def _decode_race(page: Page, raw: bytes, clients: Mapping[str, Decode], rounds: int) -> None:
    contenders: dict[str, Callable[[], object]] = {"json.loads": lambda: json.loads(raw)}
    for name, load in clients.items():
        readings = {"page built": page.built, "3 fields of each item": _own(page.three), "every field": touch}
        if name == "stock" and "scans" in page.title:
            del readings["3 fields of each item"], readings["every field"]  # its scans have no properties to read
        contenders |= {f"{name}: {how}": partial(_read, load, raw, read) for how, read in readings.items()}
    before = touch(page.ours(raw))
    contenders["purview_dataplane: this reading alone, of a page read before"] = partial(touch, before)
    times = race(contenders, cpu, rounds)
    show(f"Decode {page.title}", times, "json.loads")
    whole = {name: seconds for name, seconds in times.items() if "every field" in name}
    show(f"Decode {page.title} and read all", whole, "eager attrs: every field")


def _own(reading: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A copy with byte code of its own: the interpreter fits code to the classes it meets, and a program's loop meets those of
    one client."""

    def copy(code: CodeType) -> CodeType:
        inner = tuple(copy(c) if isinstance(c, CodeType) else c for c in code.co_consts)
        return code.replace(co_consts=inner)

    return FunctionType(copy(reading.__code__), globals())


def _read(load: Decode, raw: bytes, read: Callable[[Any], Any]) -> Any:
    page = load(raw)
    return page, read(page)


def _encode_race(page: Page, raw: bytes, rounds: int) -> None:
    """Each page is decoded, and read, once; then written out in every round."""
    untouched, some, whole, sent = (page.ours(raw) for _ in range(4))
    for read, value in ((page.built, untouched), (page.three, some), (touch, whole), (touch, sent)):
        read(value)
    contenders: dict[str, Callable[[], bytes]] = {
        "json.dumps": lambda: json.dumps(page.body).encode(),
        "purview_dataplane: untouched": lambda: dumps(encode(untouched)),
        "purview_dataplane: after 3 fields of each item": lambda: dumps(encode(some)),
        "purview_dataplane: after every field": lambda: dumps(encode(whole)),
        "purview_dataplane: as a request, less read-only members": lambda: dumps(request_body(sent)),
    }
    for name, load in page.others.items():
        to_json = peers.azure_encode if name.startswith("azure") else peers.stock_encode
        contenders[name] = partial(to_json, load(raw))
    print(f"\nEncode {page.title}, equal to what came: ", end="")
    whole_pages = {n: f for n, f in contenders.items() if "read-only" not in n}
    print(", ".join(f"{n}: {'yes' if json.loads(f()) == page.body else 'no'}" for n, f in whole_pages.items()))
    show(f"Encode {page.title}", race(contenders, cpu, rounds), "json.dumps")


PAGES: Mapping[str, Callable[[int], None]] = {
    "scans": partial(scans, 2000),
    "small scans": partial(scans, 2000, small=True),
    "entities": partial(entities, 1000),
    "lineage": partial(lineage, 5000),
}

if __name__ == "__main__":  # each page in an interpreter of its own: what one leaves on the heap slows the next
    PAGES[sys.argv[1]](int(sys.argv[2]))

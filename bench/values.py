"""Pages decoded and encoded, beside the json module on the same bytes and beside the other clients.

Each client works in an interpreter of its own, as in the program of a user. In one that all share,
they would push each other's byte code and types out of the interpreter's caches, and the heap would
be what the hungriest of them left. They are asked for one reading each in turn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
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
from measure import Child, race, show, wait_for_orders

from purview_core.call.decoding import decode
from purview_core.model.codec import body as request_body
from purview_core.model.codec import encode
from purview_core.model.json_text import dumps
from purview_dataplane import datamap, scanning

Decode = Callable[[bytes], Any]
Encode = Callable[[Any], bytes]
Members = Callable[[Any], Iterable[Any]]
OURS = "purview_dataplane"
PLAIN = "json"
EAGER = "eager attrs"
AZURE = "azure-purview-datamap"
_STARTS = 3
_SCALARS = {str, int, float, bool, type(None)}
_members: dict[type, Members] = {}


def touch(value: Any) -> Any:
    """Reads every field of every model below a value; the reading itself is timed too."""
    kind = type(value)
    if kind not in _members:
        _members[kind] = _members_of(value)
    for member in _members[kind](value):
        if type(member) not in _SCALARS:
            touch(member)
    return value


def _members_of(value: Any) -> Members:
    """How to read all of a value: a list, a dict, or a class of one of the libraries."""
    if isinstance(value, list):
        return lambda items: items
    if type(value) is dict:
        return dict.values
    kind = type(value)
    names = [a.name for a in getattr(kind, "__attrs_attrs__", ())] or list(
        getattr(kind, "__struct_fields__", ())
    )
    names = (
        names
        or list(getattr(kind, "model_fields", ()))
        or list(getattr(value, "_attr_to_rest_field", ()))
    )
    names = [n for n in names if n not in ("raw", "_raw", "_came", "additional_properties")]
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
    """One answer to race over: its decoder, its items, and how three fields of each are read."""

    title: str
    make: Callable[[], Json]
    operation: Any
    contract: Path
    model: str
    items: str
    three: Callable[[Any], Any]
    # beside the peers written out from the contract
    others: Mapping[str, tuple[Callable[[], Decode], Encode]]

    def built(self, page: Any) -> Any:
        found = [getattr(page, name) for name in self.items.split()]
        return [list(x.values()) if isinstance(x, dict) else x for x in found]

    def ours(self, raw: bytes) -> Any:
        return decode(self.operation, 200, raw)

    def readings(self, client: str) -> dict[str, Callable[[Any], Any]]:
        """What is done with a page; stock scans have no properties to read."""
        if client == PLAIN:
            return {"loads": lambda value: value}
        all_of_them = {
            "page built": self.built,
            "3 fields of each item": _own(self.three),
            "every field": touch,
        }
        return (
            {"page built": self.built}
            if client == "stock" and "scans" in self.title
            else all_of_them
        )

    def clients(self) -> dict[str, Callable[[], Decode]]:
        """Client -> what makes its decoder."""
        contract = partial(bodies.Contract, self.contract)
        peers_of_us = {
            name: partial(straight.decoder, name, contract, self.model) for name in straight.PEERS
        }
        others = {name: make for name, (make, _) in self.others.items()}
        return {PLAIN: lambda: json.loads, OURS: lambda: self.ours, **peers_of_us, **others}

    def raw(self) -> bytes:
        return json.dumps(self.make(), separators=(",", ":")).encode()


def _own(reading: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A copy with byte code of its own, which has met no other class of pages."""

    def copy(code: CodeType) -> CodeType:
        inner = tuple(copy(c) if isinstance(c, CodeType) else c for c in code.co_consts)
        return code.replace(co_consts=inner)

    return FunctionType(copy(reading.__code__), globals())


def _stock(package: str, model: str) -> tuple[Callable[[], Decode], Encode]:
    def make() -> Decode:
        stock = peers.stock(package, model)
        return lambda raw: stock.from_dict(json.loads(raw))

    return make, peers.stock_encode


def _azure(model: str) -> tuple[Callable[[], Decode], Encode]:
    return lambda: partial(peers.azure_decode, model), peers.azure_encode


def _scans(count: int) -> Page:
    others = {
        "stock": _stock(peers.STOCK_SCANNING, "ScanList"),
        "stock helped to kinds": _stock(peers.STOCK_KINDS, "ScanList"),
    }
    return _page_of_scans(f"{count} scans", partial(bodies.scans, count), others)


def _small_scans(count: int) -> Page:
    """Without stock, which refuses the nulls."""
    return _page_of_scans(f"{count} small scans", partial(bodies.small_scans, count), {})


def _page_of_scans(title: str, make: Callable[[], Json], others: Mapping[str, Any]) -> Page:
    operation = scanning.OPERATIONS["Scans_ListByDataSource"]
    return Page(title, make, operation, bodies.SCANNING, "ScanList", "value", three_of_scan, others)


def _entities(count: int) -> Page:
    name, operation = "AtlasEntitiesWithExtInfo", datamap.OPERATIONS["Entity_ListByGuids"]
    others = {"stock": _stock(peers.STOCK_DATAMAP, name), AZURE: _azure(name)}
    made = partial(bodies.entities, count)
    return Page(
        f"{count} entities",
        made,
        operation,
        bodies.DATAMAP,
        name,
        "entities",
        three_of_entity,
        others,
    )


def _lineage(count: int) -> Page:
    name = "AtlasLineageInfo"
    operation = datamap.OPERATIONS["Lineage_Get"]
    items = "guid_entity_map relations"
    title = f"lineage of {count} nodes"
    made = partial(bodies.lineage, count)
    others = {AZURE: _azure(name)}
    return Page(title, made, operation, bodies.DATAMAP, name, items, three_of_node, others)


PAGES = {
    "scans": _scans(2000),
    "small": _small_scans(2000),
    "entities": _entities(1000),
    "lineage": _lineage(5000),
}


def decode_orders(page: Page, client: str) -> dict[str, Callable[[], object]]:
    """Reading -> what decodes the page and reads it so."""
    raw, load = page.raw(), page.clients()[client]()

    def decoded(read: Callable[[Any], Any]) -> Any:
        value = load(raw)
        return value, read(value)

    return {how: partial(decoded, read) for how, read in page.readings(client).items()}


def encode_orders(page: Page, client: str) -> dict[str, Callable[[], object]]:
    """State -> what writes out a page in that state; it was decoded, and read, once."""
    return {state: partial(write, value) for state, (write, value) in _states(page, client).items()}


def _states(page: Page, client: str) -> dict[str, tuple[Encode, Any]]:
    raw = page.raw()
    if client == PLAIN:
        return {"dumps": (lambda value: json.dumps(value).encode(), json.loads(raw))}
    if client != OURS:
        return {"decoded": (page.others[client][1], page.clients()[client]()(raw))}
    untouched, some, whole, sent = (page.ours(raw) for _ in range(4))
    for read, value in ((page.built, untouched), (page.three, some), (touch, whole), (touch, sent)):
        read(value)
    found: dict[str, tuple[Encode, Any]] = {
        "untouched": (_ours, untouched),
        "after 3 fields of each item": (_ours, some),
    }
    return found | {
        "after every field": (_ours, whole),
        "as a request, less read-only members": (_request, sent),
    }


def _ours(value: Any) -> bytes:
    return dumps(encode(value))


def _request(value: Any) -> bytes:
    return dumps(request_body(value))


def pages(scratch: Path, rounds: int) -> None:
    """All pages, decoded and encoded."""
    for name, page in PAGES.items():
        body = page.make()
        print(f"\n{page.title}, {len(page.raw()) / 1e6:.1f} MB:")
        for client, make in page.clients().items():
            if client != PLAIN and isinstance(body.get(page.items), list):
                print(f"- {client}: {peers.accepts(page.items, body, make())}")
        times = _raced(scratch, name, "decode", list(page.clients()), rounds)
        show(f"Decode {page.title}", times, "json: loads")
        show(
            f"Decode {page.title} and read all",
            {n: t for n, t in times.items() if "every" in n},
            f"{EAGER}: every field",
        )
        _equal(page, body)
        show(
            f"Encode {page.title}",
            _raced(scratch, name, "encode", [PLAIN, OURS, *page.others], rounds),
            "json: dumps",
        )


def _raced(
    scratch: Path, page: str, what: str, clients: list[str], rounds: int
) -> dict[str, list[float]]:
    """Seconds by client and reading.

    The interpreters are new three times: hash seeds and addresses make one luckier than another.
    """
    times: dict[str, list[float]] = {}
    for some in filter(None, (len(range(n, rounds, _STARTS)) for n in range(_STARTS))):
        with ExitStack() as stack:
            contenders = {}
            for client in clients:
                child = stack.enter_context(Child(__file__, page, what, client, scratch=scratch))
                contenders |= {
                    f"{client}: {order}": partial(child.seconds, order) for order in child.orders
                }
            for name, seconds in race(contenders, lambda order: order(), some).items():
                times.setdefault(name, []).extend(seconds)
    return times


def _equal(page: Page, body: Json) -> None:
    print(f"\nEncode {page.title}, equal to what came: ", end="")
    states = {
        f"{c}: {s}": made
        for c in (OURS, *page.others)
        for s, made in _states(page, c).items()
        if "read-only" not in s
    }
    print(
        ", ".join(
            f"{n}: {'yes' if json.loads(write(v)) == body else 'no'}"
            for n, (write, v) in states.items()
        )
    )


if __name__ == "__main__":
    orders = {"decode": decode_orders, "encode": encode_orders}[sys.argv[2]]
    wait_for_orders(orders(PAGES[sys.argv[1]], sys.argv[3]))

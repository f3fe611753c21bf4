"""Pages decoded and encoded, beside the json module on the same bytes and beside the other clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

import bodies
import peers
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
    """How to read all of a value: a list, a dict, or the fields of an attrs class or of one of azure's models."""
    if isinstance(value, list):
        return lambda items: items
    if type(value) is dict:
        return dict.values
    fields = getattr(type(value), "__attrs_attrs__", ())
    names = [a.name for a in fields] or list(getattr(value, "_attr_to_rest_field", ()))
    names = [n for n in names if n not in ("_raw", "additional_properties")]
    if len(names) == 1:
        return lambda one: (getattr(one, names[0]),)
    return attrgetter(*names) if names else lambda _: ()


def three_of_scan(page: Any) -> Any:
    return [(x.name, x.kind, x.properties.last_modified_at) for x in page.value]


def three_of_entity(page: Any) -> Any:
    return [(x.guid, x.type_name, x.status) for x in page.entities]


def scans(count: int, rounds: int) -> None:
    """A page of Scanning."""
    page = bodies.scans(count)
    operation = scanning.OPERATIONS["Scans_ListByDataSource"]
    ours: Decode = lambda raw: decode(operation, 200, raw)  # noqa: E731
    stock, with_kinds = (peers.stock(package, "ScanList") for package in (peers.STOCK_SCANNING, peers.STOCK_KINDS))
    others: dict[str, Decode] = {
        "stock": lambda raw: stock.from_dict(json.loads(raw)),
        "stock helped to kinds": lambda raw: with_kinds.from_dict(json.loads(raw)),
    }
    _compare(f"{count} scans", page, "value", three_of_scan, ours, others, rounds)


def entities(count: int, rounds: int) -> None:
    """A page of the Data Map."""
    page = bodies.entities(count)
    operation = datamap.OPERATIONS["Entity_ListByGuids"]
    ours: Decode = lambda raw: decode(operation, 200, raw)  # noqa: E731
    stock = peers.stock(peers.STOCK_DATAMAP, "AtlasEntitiesWithExtInfo")
    others: dict[str, Decode] = {
        "stock": lambda raw: stock.from_dict(json.loads(raw)),
        "azure-purview-datamap": lambda raw: peers.azure_decode("AtlasEntitiesWithExtInfo", raw),
    }
    _compare(f"{count} entities", page, "entities", three_of_entity, ours, others, rounds)


def _compare(
    title: str,
    page: Json,
    items: str,
    three: Callable[[Any], Any],
    ours: Decode,
    others: dict[str, Decode],
    rounds: int,
) -> None:
    raw = json.dumps(page, separators=(",", ":")).encode()
    print(f"\n{title}, {len(raw) / 1e6:.1f} MB:")
    for name, peer in {"purview_dataplane": ours, **others}.items():
        print(f"- {name}: {peers.accepts(items, page, peer)}")
    built = attrgetter(items)
    _decode_race(title, raw, {"purview_dataplane": ours, **others}, built, three, rounds)
    _encode_race(title, page, raw, ours, others, built, three, rounds)


def _decode_race(
    title: str, raw: bytes, clients: dict[str, Decode], built: Any, three: Callable[[Any], Any], rounds: int
) -> None:
    contenders: dict[str, Callable[[], object]] = {"json.loads": lambda: json.loads(raw)}
    for name, load in clients.items():
        readings = {"page built": built, "3 fields of each item": three, "every field": touch}
        if name == "stock" and "scans" in title:
            del readings["3 fields of each item"], readings["every field"]  # its scans have no properties to read
        contenders |= {f"{name}: {how}": partial(_read, load, raw, read) for how, read in readings.items()}
    before = touch(clients["purview_dataplane"](raw))
    contenders["purview_dataplane: this reading alone, of a page read before"] = partial(touch, before)
    show(f"Decode {title}", race(contenders, cpu, rounds), "json.loads")


def _read(load: Decode, raw: bytes, read: Callable[[Any], Any]) -> Any:
    page = load(raw)
    return page, read(page)


def _encode_race(
    title: str,
    page: Json,
    raw: bytes,
    ours: Decode,
    others: dict[str, Decode],
    built: Any,
    three: Callable[[Any], Any],
    rounds: int,
) -> None:
    """Each page is decoded, and read, once; then written out in every round."""
    untouched, some, whole, sent = (ours(raw) for _ in range(4))
    built(untouched), three(some), touch(whole), touch(sent)
    contenders: dict[str, Callable[[], bytes]] = {
        "json.dumps": lambda: json.dumps(page).encode(),
        "purview_dataplane: untouched": lambda: dumps(encode(untouched)),
        "purview_dataplane: after 3 fields of each item": lambda: dumps(encode(some)),
        "purview_dataplane: after every field": lambda: dumps(encode(whole)),
        "purview_dataplane: as a request, less read-only members": lambda: dumps(request_body(sent)),
    }
    for name, load in others.items():
        to_json = peers.azure_encode if name.startswith("azure") else peers.stock_encode
        contenders[name] = partial(to_json, load(raw))
    print(f"\nEncode {title}, equal to what came: ", end="")
    whole_pages = {n: f for n, f in contenders.items() if "read-only" not in n}
    print(", ".join(f"{n}: {'yes' if json.loads(f()) == page else 'no'}" for n, f in whole_pages.items()))
    show(f"Encode {title}", race(contenders, cpu, rounds), "json.dumps")

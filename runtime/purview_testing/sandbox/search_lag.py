"""A search that lags behind: what is written goes into the index that search reads only after some seconds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .state.store import Store

LOG, INDEX = "/late", "/late/index"
_MANY = 500


def follow(store: Store, kinds: Collection[str], lag: float, clock: Callable[[], float]) -> None:
    """Notes from now on when an item of these kinds is in the index, or out of it: `lag` seconds after each change."""

    def changed(kind: str, key: str, value: Any, tags: Collection[str]) -> None:
        note = {
            "kind": kind,
            "key": key,
            "value": value,
            "tags": sorted(tags),
            "due": clock() + lag,
        }
        store.put(LOG, str(store.next("late")), note)

    store.follow(kinds, changed)


def index(store: Store, kind: str, lag: float, now: float) -> str:
    """The kind that a search reads in place of another one: the same without a lag, else the index, brought up to now."""
    if not lag:
        return kind
    while rows := [row for row in store.page(LOG, _MANY) if row.value["due"] <= now]:
        for row in rows:
            _take(store, row.value)
            store.delete(LOG, row.key)
    return f"{INDEX}{kind}"


def _take(store: Store, note: dict[str, Any]) -> None:
    kind = f"{INDEX}{note['kind']}"
    if note["value"] is None:
        store.delete(kind, note["key"])
    else:
        store.put(kind, note["key"], note["value"], note["tags"])

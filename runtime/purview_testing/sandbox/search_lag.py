"""A search that lags behind: it reads an index that gets each change only after some seconds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .state.store import Store

LOG = "/search-lag"  # changes that the index does not have yet, oldest first
INDEX = "/search-lag/index"
_MANY = 500  # changes that are taken from the log at a time


def follow(store: Store, kinds: Collection[str], lag: float, clock: Callable[[], float]) -> None:
    """Logs each change of items of these kinds; it is due in the index after `lag` seconds."""

    def changed(kind: str, key: str, value: Any, tags: Collection[str]) -> None:
        note = {
            "kind": kind,
            "key": key,
            "value": value,
            "tags": sorted(tags),
            "due": clock() + lag,
        }
        store.put(LOG, str(store.next("search-lag")), note)

    store.follow(kinds, changed)


def up_to_date_index(store: Store, kind: str, lag: float, now: float) -> str:
    """Brings the index up to now, and returns the kind that a search reads.

    Without a lag this is the kind itself.
    """
    if not lag:
        return kind
    while rows := [row for row in store.page(LOG, _MANY) if row.value["due"] <= now]:
        for row in rows:
            _apply(store, row.value)
            store.delete(LOG, row.key)
    return f"{INDEX}{kind}"


def _apply(store: Store, note: dict[str, Any]) -> None:
    """Makes a logged change in the index."""
    kind = f"{INDEX}{note['kind']}"
    if note["value"] is None:
        store.delete(kind, note["key"])
    else:
        store.put(kind, note["key"], note["value"], note["tags"])

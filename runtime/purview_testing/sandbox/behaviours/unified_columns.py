"""Data columns of the Unified Catalog.

They are taken over from the Data Map, each one once, and then found by their ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from purview_testing.contracts.messages import Json, Problem
from purview_testing.sandbox.call import Behaviour, Call, Reply

Keep = Callable[[Json], bool]
PLANES = ("unified_catalog",)
KIND = "/datagovernance/catalog/dataColumns"
_FIELDS = {"id": "id", "sourceAssetId": "assetId", "sourceColumnId": "columnId"}


def ingest(call: Call) -> Reply:
    """Takes over columns, and replies with the first; one that is there already keeps its id."""
    made = [_taken(call, request) for request in call.body.get("requests") or []]
    if not made:
        raise Problem(400, "InvalidRequest", "requests: at least one column is needed.")
    return Reply(made[0])


def _taken(call: Call, request: Json) -> Json:
    """The column that a request names, taken over now or before."""
    asset = str(request.get("dataMapAssetId"))
    column = str(request.get("dataMapColumnId"))
    row = call.store.first(KIND, f"of={asset}|{column}")
    if row is not None:
        return dict(row.value)
    key = call.guid()
    value: Json = {"id": key, "source": {"type": "DataMap", "assetId": asset, "columnId": column}}
    call.store.put(KIND, key, value, [f"of={asset}|{column}"])
    return value


def read(call: Call) -> Reply:
    """Reads a column."""
    key = call.arguments[0]
    value = call.require(KIND, key, "DataColumns", lambda: {**call.example(), "id": key})
    return Reply(_shown(value, call.query))


def _shown(value: Json, asked: Any) -> Json:
    """A column with the details of itself and its asset, where they are asked for."""
    source = value["source"]
    more: Json = {}
    if asked.get("includeColumnDetails") is True:
        more["columnDetails"] = {"name": source["columnId"], "qualifiedName": source["columnId"]}
    if asked.get("includeAssetDetails") is True:
        more["assetDetails"] = {"assetId": source["assetId"], "name": source["assetId"]}
    return {**value, **more}


def query(call: Call) -> Reply:
    """Lists the columns that pass the filter, in the order in which they came.

    Without `top` it lists all of them, since no link could lead on.
    """
    body = call.body
    keep = _condition(body.get("filter") or {})
    found = [r for r in call.store.page(KIND, 1_000_000) if keep(r.value)]
    top = body.get("top") or len(found)
    skip = body.get("skip") or 0
    page = [_shown(r.value, body) for r in found[skip : skip + top]]
    return Reply({"value": page})


def _condition(given: Json) -> Keep:
    """Returns a filter as a test of a column."""
    tests: list[Keep] = []
    for name, wanted in given.items():
        if name in ("and", "or"):
            tests.append(_all_or_some(name, [_condition(part) for part in wanted]))
        else:
            tests += [_field(_FIELDS[name], how, value) for how, value in wanted.items()]
    return _all_or_some("and", tests)


def _all_or_some(how: str, parts: list[Keep]) -> Keep:
    join = all if how == "and" else any
    return lambda value: join(part(value) for part in parts)


def _field(name: str, how: str, wanted: Any) -> Keep:
    among = wanted if isinstance(wanted, list) else [wanted]
    within = how in ("eq", "in")
    return lambda value: (value.get(name, value["source"].get(name)) in among) is within


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", "/dataColumns/ingest"): ingest,
    ("GET", "/dataColumns/{}"): read,
    ("POST", "/dataColumns/query"): query,
}

"""Lineage: the graph around an entity, from the inputs and outputs of processes and from direct relationships."""

from __future__ import annotations

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Behaviour, Call, Reply

from . import assets, types

PLANES = types.PLANES
_DEPTH, _WIDTH = 3, 10_000


def _steps(call: Call, guid: str, direction: str) -> list[Json]:
    """The edges that lead to (INPUT) or from (OUTPUT) an entity."""
    tag = f"to:{guid}" if direction == "INPUT" else f"from:{guid}"
    return [row.value for row in call.store.page(assets.EDGES, _WIDTH, tag=tag)]


def _walk(call: Call, base: str, direction: str, depth: int) -> tuple[list[Json], set[str]]:
    relations: dict[str, Json] = {}
    seen = {base}
    for way in ("INPUT", "OUTPUT") if direction == "BOTH" else (direction,):
        far = "fromEntityId" if way == "INPUT" else "toEntityId"
        layer, visited = [base], {base}
        for _ in range(depth):
            edges = [edge for guid in layer for edge in _steps(call, guid, way)]
            relations |= {f"{e['fromEntityId']}>{e['toEntityId']}": e for e in edges}
            layer = [g for g in dict.fromkeys(e[far] for e in edges) if g not in visited]
            visited |= set(layer)
            if not layer:
                break
        seen |= visited
    return list(relations.values()), seen


def graph(call: Call) -> Reply:
    base = assets.of_call(call)
    direction = str(call.query.get("direction", "BOTH"))
    depth = int(call.query.get("depth") or _DEPTH)
    relations, guids = _walk(call, base["guid"], direction, depth)
    return Reply(_info(call, base, direction, depth, relations, guids))


def _info(
    call: Call, base: Json, direction: str, depth: int, relations: list[Json], guids: set[str]
) -> Json:
    found = {
        g: call.store.get(assets.KIND, g) or (base if g == base["guid"] else None)
        for g in sorted(guids)
    }
    out: Json = {
        "baseEntityGuid": base["guid"],
        "lineageDirection": direction,
        "lineageDepth": depth,
        "lineageWidth": len(guids),
        "childrenCount": -1,
        "guidEntityMap": {g: _shown(v) for g, v in found.items() if v is not None},
        "widthCounts": {
            way: {base["guid"]: len(_steps(call, base["guid"], way))} for way in ("INPUT", "OUTPUT")
        },
        "relations": relations,
        "parentRelations": [],
    }
    return call.known_members(out)


def _shown(value: Json) -> Json:
    """The short form with every plain attribute: the `columnMapping` of a process, JSON text, is where lineage of columns is."""
    plain = {
        n: v for n, v in (value.get("attributes") or {}).items() if isinstance(v, (str, int, float))
    }
    return {**assets.header(value), "attributes": plain}


def next_page(call: Call) -> Reply:
    """The next step in one direction, cut by offset and limit."""
    base = assets.by_guid(call, call.arguments[0])
    direction = str(call.query.get("direction", "OUTPUT"))
    offset, limit = int(call.query.get("offset") or 0), int(call.query.get("limit") or 10)
    ways = ("INPUT", "OUTPUT") if direction == "BOTH" else (direction,)
    edges = [e for way in ways for e in _steps(call, base["guid"], way)]
    edges = edges[offset : offset + limit] if limit >= 0 else edges[offset:]
    guids = {base["guid"], *(e[n] for e in edges for n in ("fromEntityId", "toEntityId"))}
    return Reply(_info(call, base, direction, 1, edges, guids))


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/atlas/v2/lineage/{}"): graph,
    ("GET", "/atlas/v2/lineage/uniqueAttribute/type/{}"): graph,
    ("GET", "/lineage/{}/next"): next_page,
    ("GET", "/lineage/{}/next/"): next_page,
}

"""Lineage: the graph around an entity.

Its edges are the inputs and outputs of processes, and relationships of direct lineage.
"""

from __future__ import annotations

from purview_testing.contracts.messages import Json
from purview_testing.sandbox.call import Behaviour, Call, Reply

from . import assets, types

PLANES = types.PLANES
_DEPTH = 3  # steps in each direction, unless the query says otherwise
_ALL = 10_000
_WAYS = {"BOTH": ("INPUT", "OUTPUT")}  # the directions that a direction stands for


def _steps(call: Call, guid: str, direction: str) -> list[Json]:
    """The edges that lead to an entity (INPUT) or from it (OUTPUT)."""
    tag = f"to:{guid}" if direction == "INPUT" else f"from:{guid}"
    return [row.value for row in call.store.page(assets.EDGES, _ALL, tag=tag)]


def _walk(call: Call, base: str, direction: str, depth: int) -> tuple[list[Json], set[str]]:
    """The edges within so many steps of an entity, and the guids at their ends."""
    relations: dict[str, Json] = {}
    seen = {base}
    for way in _WAYS.get(direction, (direction,)):
        far = "fromEntityId" if way == "INPUT" else "toEntityId"
        layer = [base]
        visited = {base}
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
    """Shows the graph around an entity."""
    base = assets.of_call(call)
    direction = str(call.query.get("direction", "BOTH"))
    depth = int(call.query.get("depth") or _DEPTH)
    relations, guids = _walk(call, base["guid"], direction, depth)
    return Reply(_info(call, base, direction, depth, relations, guids))


def _info(
    call: Call, base: Json, direction: str, depth: int, relations: list[Json], guids: set[str]
) -> Json:
    """A graph as the answer has it."""
    found = {guid: call.store.get(assets.KIND, guid) for guid in sorted(guids)}
    found[base["guid"]] = found[base["guid"]] or base
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
    """An entity in its short form with every plain attribute.

    The `columnMapping` of a process, a JSON text, is one of them: it is the lineage of columns.
    """
    plain = {
        n: v for n, v in (value.get("attributes") or {}).items() if isinstance(v, (str, int, float))
    }
    return {**assets.header(value), "attributes": plain}


def next_page(call: Call) -> Reply:
    """Shows the next step in one direction, cut by offset and limit."""
    base = assets.by_guid(call, call.arguments[0])
    direction = str(call.query.get("direction", "OUTPUT"))
    offset = int(call.query.get("offset") or 0)
    limit = int(call.query.get("limit") or 10)
    ways = _WAYS.get(direction, (direction,))
    edges = [edge for way in ways for edge in _steps(call, base["guid"], way)]
    edges = edges[offset : offset + limit] if limit >= 0 else edges[offset:]
    guids = {base["guid"], *(e[n] for e in edges for n in ("fromEntityId", "toEntityId"))}
    return Reply(_info(call, base, direction, 1, edges, guids))


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("GET", "/atlas/v2/lineage/{}"): graph,
    ("GET", "/atlas/v2/lineage/uniqueAttribute/type/{}"): graph,
    ("GET", "/lineage/{}/next"): next_page,
    ("GET", "/lineage/{}/next/"): next_page,
}

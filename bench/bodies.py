"""Answers made from the contracts: every member of a schema, every published kind in turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

CONTRACTS = Path(__file__).resolve().parents[1] / "specs" / "contracts"
SCANNING = CONTRACTS / "scanning" / "2023-09-01.json"
DATAMAP = CONTRACTS / "datamap" / "2023-09-01.json"
_SMALL = 14  # members of the properties of a small scan
_DEEPEST = 3  # error details hold error details, which end here


class Contract:
    """The schemas of one contract, and values for them."""

    def __init__(self, path: Path) -> None:
        self.schemas: Json = json.loads(path.read_bytes())["components"]["schemas"]

    def kinds(self, name: str) -> dict[str, str]:
        """Discriminator value -> schema name of a base."""
        return {
            kind: _name(ref) for kind, ref in self.schemas[name]["discriminator"]["mapping"].items()
        }

    def members(self, name: str) -> Json:
        """Member -> schema, those of the bases first."""
        found: Json = {}
        for part in [*self.schemas[name].get("allOf", []), self.schemas[name]]:
            found |= (
                self.members(_name(part["$ref"])) if "$ref" in part else part.get("properties", {})
            )
        return found

    def object(self, name: str, number: int, depth: int = 0) -> Json:
        """An object with every member of a schema; of a base, the kinds in turn."""
        tag: Json = {}
        if "discriminator" in self.schemas[name]:
            kinds = list(self.kinds(name).items())
            kind, subtype = kinds[number % len(kinds)]
            tag, name = {self.schemas[name]["discriminator"]["propertyName"]: kind}, subtype
        members = {k: v for k, v in self.members(name).items() if depth < _DEEPEST or _is_flat(v)}
        return {k: self._value(v, k, number, depth + 1) for k, v in members.items()} | tag

    def _value(self, schema: Json, key: str, number: int, depth: int) -> Any:
        if "$ref" in schema:
            name = _name(schema["$ref"])
            schema = self.schemas[name]
            if "properties" in schema or "allOf" in schema:
                return self.object(name, number, depth)
        if "enum" in schema:
            return schema["enum"][number % len(schema["enum"])]
        kind = schema.get("type")
        if kind == "array":
            return [self._value(schema["items"], key, number + n, depth + 1) for n in range(2)]
        if kind == "string":
            return _text(schema, key, number)
        if kind in ("integer", "number", "boolean"):
            return {"integer": 1000 + number, "number": number + 0.5, "boolean": bool(number % 2)}[
                kind
            ]
        if values := schema.get("additionalProperties"):
            return {f"key{n}": self._value(values, key, number + n, depth + 1) for n in range(2)}
        return {"name": f"value {number}", "count": number}


def _is_flat(schema: Json) -> bool:
    return schema.get("type") not in (None, "array", "object")


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _text(schema: Json, key: str, number: int) -> str:
    if schema.get("format") == "date-time":  # seven digits, as the services write them
        return f"2022-08-{1 + number % 28:02}T07:{number % 60:02}:22.5148717Z"
    return guid(number) if key.lower().endswith(("id", "guid")) else f"{key} value {number}"


def guid(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}-9b96-44af-a5a9-{number:012x}"


def scans(count: int) -> Json:
    """A page of scans."""
    contract = Contract(SCANNING)
    return {"value": [contract.object("Scan", n) for n in range(count)], "count": count}


def small_scans(count: int) -> Json:
    """A page of scans like a published answer of Scans_Get: few members, some of them null."""
    contract = Contract(SCANNING)

    def small(number: int) -> Json:
        full = contract.object("Scan", number)
        own = full.pop("properties")
        kept = {
            "credential": None,
            "connectedVia": None,
            "scanRulesetName": None,
            "scanRulesetType": None,
        }
        kept |= {"workers": None, "collection": None, "domain": None, "lastModifiedAt": None}
        kept |= {k: own[k] for k in kept if k in own} | {"connectedVia": None, "workers": None}
        scalars = [
            (k, v) for k, v in own.items() if k not in kept and not isinstance(v, (dict, list))
        ]
        kept |= dict(scalars[: _SMALL - len(kept)])
        return {k: full[k] for k in ("name", "dataSourceName", "kind", "creationType")} | {
            "properties": kept
        }

    return {"value": [small(n) for n in range(count)], "count": count}


def lineage(count: int) -> Json:
    """A graph of entity headers, with three relations for two of them."""
    contract = Contract(DATAMAP)

    def header(number: int) -> Json:
        own = {"qualifiedName": f"adf://factory/{number}", "name": f"step {number}"}
        empty: Json = {"classifications": [], "meanings": []}
        return (
            contract.object("AtlasEntityHeader", number)
            | empty
            | {"guid": guid(number), "attributes": own}
        )

    def relation(number: int) -> Json:
        ends = {"fromEntityId": guid(number % count), "toEntityId": guid((number * 7 + 1) % count)}
        return ends | {"relationshipId": guid(number + 1_000_000)}

    return {
        "baseEntityGuid": guid(0),
        "guidEntityMap": {guid(n): header(n) for n in range(count)},
        "widthCounts": {"INPUT": {guid(0): 3}},
        "lineageDepth": 9,
        "lineageWidth": 100,
        "childrenCount": 0,
        "lineageDirection": "BOTH",
        "parentRelations": [],
        "relations": [relation(n) for n in range(count * 3 // 2)],
    }


def entities(count: int) -> Json:
    """Atlas entities with the attributes and relationships of a table, which no contract names."""
    contract = Contract(DATAMAP)
    found = [contract.object("AtlasEntity", n) | _table(n) for n in range(count)]
    return {"referredEntities": {}, "entities": found}


def _table(number: int) -> Json:
    def related(n: int) -> Json:
        return {
            "guid": guid(number + n),
            "typeName": "tabular_schema",
            "displayText": f"column {n}",
            "relationshipGuid": guid(number),
            "relationshipStatus": "ACTIVE",
            "relationshipAttributes": {"typeName": "tabular_schema_columns"},
        }

    return {
        "guid": guid(number),
        "attributes": {
            "owner": None,
            "name": f"table_{number}",
            "qualifiedName": (
                f"mssql://server{number % 7}.example/database{number % 50}/dbo/table_{number}"
            ),
            "createTime": 1553072455110 + number,
            "replicatedTo": None,
            "userDescription": f"Sales facts, slice {number}",
            "rowCount": number * 13,
        },
        "relationshipAttributes": {
            "schema": related(0),
            "columns": [related(n) for n in (1, 2, 3)],
            "meanings": [],
        },
    }

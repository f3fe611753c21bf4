"""The filters and the order of a search, over entities and terms as they are stored."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from purview_testing.contracts.messages import Json, Problem

Keep = Callable[[Json], bool]
_DAY_MS = 86_400_000
_DAYS = {"LAST_24H": 1, "LAST_7D": 7, "LAST_30D": 30, "LAST_365D": 365}
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
# What a filter may name besides the attributes of types.
FIELDS = frozenset(
    [
        "assetType",
        "attributeName",
        "classification",
        "classificationCategory",
        "collectionId",
        "contact",
        "contactId",
        "createBy",
        "createTime",
        "createTimeRange",
        "description",
        "displayText",
        "endorsement",
        "entityType",
        "extension",
        "fileExtension",
        "glossary",
        "glossaryType",
        "guid",
        "id",
        "includeSubTypes",
        "includeSubClassifications",
        "includeSubCollections",
        "includeSubTerms",
        "isIndexed",
        "label",
        "labels",
        "longDescription",
        "modifiedTime",
        "name",
        "objectType",
        "owner",
        "qualifiedName",
        "sensitivityLabelId",
        "status",
        "term",
        "termGuid",
        "termGuids",
        "termStatus",
        "typeName",
        "updateBy",
        "updateTime",
    ]
)
_COMPARISON = {"attributeName", "operator", "attributeValue"}
_OPERATORS = ("eq", "ne", *_COMPARED, "contains", "prefix", "timerange")


def condition(given: Any, now_ms: int, knows: Callable[[str], bool] = lambda _: True) -> Keep:
    """Returns a filter as a test of an item.

    Args:
        given: `and`, `or`, `not`, an attribute with an operator, or members that have to be so.
        now_ms: The time in milliseconds since 1970, for time ranges.
        knows: Whether a name is that of a member of what is searched.

    Raises:
        Problem: The filter has an unknown member or operator.
    """
    if not isinstance(given, dict):
        raise Problem(400, "InvalidFilter", f"A filter is an object, not {given!r:.60}")
    if "and" in given:
        _only(given, {"and"})
        every = [condition(part, now_ms, knows) for part in given["and"]]
        return lambda value: all(test(value) for test in every)
    if "or" in given:
        _only(given, {"or"})
        some = [condition(part, now_ms, knows) for part in given["or"]]
        return lambda value: any(test(value) for test in some)
    if "not" in given:
        _only(given, {"not"})
        negated = condition(given["not"], now_ms, knows)
        return lambda value: not negated(value)
    if "attributeName" in given:
        _only(given, _COMPARISON)
        return _attribute(
            str(given["attributeName"]),
            given.get("operator", "eq"),
            given.get("attributeValue"),
            now_ms,
        )
    _only(given, {name for name in given if knows(name)})
    wanted = {name: v for name, v in given.items() if not name.startswith("include")}
    return lambda value: all(_is(value, name, v) for name, v in wanted.items())


def _only(given: Json, names: Collection[str]) -> None:
    """Raises an error for a filter with an unknown member.

    Otherwise the search would find what the caller did not ask for.
    """
    for name in given:
        if name not in names:
            raise Problem(400, "InvalidFilter", f"The filter has an unknown member {name!r}")


def _attribute(name: str, how: Any, wanted: Any, now_ms: int) -> Keep:
    """Returns a test of one attribute by an operator."""
    if how not in _OPERATORS:
        raise Problem(
            400, "InvalidFilter", f"unknown operator {how!r}; there are {', '.join(_OPERATORS)}"
        )
    if how == "timerange":
        return _since(name, str(wanted), now_ms)
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda found: found == wanted,
        "ne": lambda found: found != wanted,
        "prefix": lambda found: (
            isinstance(found, str) and found.lower().startswith(str(wanted).lower())
        ),
        "contains": lambda found: isinstance(found, str) and str(wanted).lower() in found.lower(),
    }
    test = tests[how] if how in tests else _compared(_COMPARED[how], wanted)
    return lambda value: test(member(value, name))


def _compared(holds: Callable[[Any, Any], bool], wanted: Any) -> Callable[[Any], bool]:
    """Returns a comparison, which does not hold for values of another type than the wanted one."""

    def test(found: Any) -> bool:
        numbers = _number(found) and _number(wanted)
        return (numbers or type(found) is type(wanted)) and holds(found, wanted)

    return test


def _number(value: Any) -> bool:
    """Whether a value is a number; True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _since(name: str, wanted: str, now_ms: int) -> Keep:
    """Returns a test of a time by the name of a time range."""
    if wanted != "MORE_THAN_365D" and wanted not in _DAYS:
        raise Problem(
            400,
            "InvalidFilter",
            f"unknown time range {wanted!r}; there are {', '.join(_DAYS)}, MORE_THAN_365D",
        )
    older = wanted not in _DAYS
    start = now_ms - _DAYS.get(wanted, 365) * _DAY_MS

    def keep(value: Json) -> bool:
        found = member(value, name)
        return _number(found) and (found < start if older else found >= start)

    return keep


def member(value: Json, name: str) -> Any:
    """Returns what a search knows an item by.

    These are its own members, its attributes, and its business metadata as `Group.attribute`.
    """
    entity = "typeName" in value
    attributes = value.get("attributes") or {}
    found: dict[str, Any] = {
        "objectType": "Assets" if entity else "Glossary terms",
        "entityType": value.get("typeName"),
        "id": value.get("guid"),
        "classification": [c.get("typeName") for c in value.get("classifications") or []],
        "label": value.get("labels") or [],
        "term": [m.get("displayText") for m in value.get("meanings") or []],
        "termStatus": None if entity else value.get("status"),
        "glossaryType": None if entity else "AtlasGlossaryTerm",
        "modifiedTime": value.get("updateTime"),
    }
    if name in found:
        return found[name]
    group, _, rest = name.partition(".")
    business = (value.get("businessAttributes") or {}).get(group)
    if rest and isinstance(business, dict):
        return business.get(rest)
    return attributes.get(name, value.get(name))


def _is(value: Json, name: str, wanted: Any) -> bool:
    """Whether a member has a value, or holds it in its list."""
    mine = member(value, name)
    return wanted in mine if isinstance(mine, list) else mine == wanted


def order(given: Sequence[Any]) -> Callable[[list[Json]], list[Json]]:
    """Returns a function that sorts items by members.

    `given` is `[{"name": "ASC"}, {"updateTime": "desc"}]`. Items without a member come after all
    that have it, in either direction.
    """
    steps: list[tuple[str, bool]] = []
    for step in given:
        if not isinstance(step, dict):
            text = f"orderby takes objects such as {{'name': 'ASC'}}, not {step!r}"
            raise Problem(400, "InvalidOrderBy", text)
        for name, way in step.items():
            if str(way).lower() not in ("asc", "desc"):
                raise Problem(400, "InvalidOrderBy", f"orderby {name}: ASC or DESC, not {way!r}")
            steps.append((name, str(way).lower() == "desc"))

    def sort(items: list[Json]) -> list[Json]:
        for name, down in reversed(steps):
            having = [i for i in items if member(i, name) is not None]
            rest = [i for i in items if member(i, name) is None]
            items = sorted(having, key=lambda i: _key(member(i, name)), reverse=down) + rest
        return items

    return sort


def _key(value: Any) -> tuple[bool, float, str]:
    """Sorts numbers before texts, and texts without regard to case."""
    return (False, float(value), "") if _number(value) else (True, 0.0, str(value).lower())

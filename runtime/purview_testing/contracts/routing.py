"""Finds the operation of a method and a path.

The templates are a tree of path segments; of several that fit, the one with fewer holes wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from urllib.parse import unquote

from .facts import Contract, ContractOperation

_HOLE = re.compile(r"\{([^{}]+)\}")
Holes = dict[str, str]


@dataclass(frozen=True)
class Match:
    """An operation, and the decoded value of each hole in its path."""

    operation: ContractOperation
    holes: Holes


@dataclass
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    holes: dict[str, tuple[re.Pattern[str], _Node]] = field(default_factory=dict)
    operations: list[ContractOperation] = field(default_factory=list)


class Router:
    """Finds operations among those that it is made from."""

    def __init__(self, operations: Iterable[ContractOperation]) -> None:
        self._root = _Node()
        self.templates: dict[str, None] = {}
        for operation in operations:
            self._add(operation)

    def _add(self, operation: ContractOperation) -> None:
        self.templates[operation.path] = None
        node = self._root
        for segment in segments(operation.path):
            if not _HOLE.search(segment):
                node = node.literal.setdefault(segment, _Node())
                continue
            if segment not in node.holes:
                node.holes[segment] = (_pattern(segment), _Node())
            node = node.holes[segment][1]
        node.operations.append(operation)

    def matches(self, raw_path: str) -> list[Match]:
        """Every operation whose template fits a path, whatever its method.

        Those with the fewest holes come first, and of these those with the most literal text.
        """
        found = [
            Match(operation, _named(operation.path, values))
            for node, values in _walk(self._root, segments(raw_path), ())
            for operation in node.operations
        ]
        return sorted(found, key=_generality)

    def find(
        self, method: str, raw_path: str, api_version: str | None = None
    ) -> tuple[Match | None, list[str]]:
        """The operation of a request, and the methods that its path has.

        Two versions of one path are told apart by their api-version.
        """
        found = self.matches(raw_path)
        methods = list(dict.fromkeys(m.operation.method for m in found))
        fitting = [m for m in found if m.operation.method == method]
        if not fitting:
            return None, methods
        best = [m for m in fitting if _generality(m) == _generality(fitting[0])]
        named = [
            m
            for m in best
            if m.operation.versioned and m.operation.contract.document.version == api_version
        ]
        plain = [m for m in best if not m.operation.versioned]
        return (named or (plain if api_version is None else []) or best)[0], methods

    def near(self, raw_path: str) -> str:
        """The templates that come close to a path that fits none, in words."""
        lowered = {template.lower(): template for template in self.templates}
        close = get_close_matches(unquote(raw_path).lower(), lowered, n=3, cutoff=0.0)
        return f"near it are {', '.join(lowered[found] for found in close)}"


@lru_cache(maxsize=16)
def router_of(contracts: tuple[Contract, ...]) -> Router:
    """The router of all operations of some contracts.

    It is made once for all of them, since every sandbox of a run of tests has one.
    """
    return Router(operation for contract in contracts for operation in contract.operations.values())


def segments(path: str) -> list[str]:
    """The parts of a path between its slashes."""
    return path.split("/")[1:]


def _pattern(segment: str) -> re.Pattern[str]:
    """The pattern of a segment with holes: `{x}:run` is any value, then the literal text."""
    parts = _HOLE.split(segment)
    return re.compile(
        "".join("(.+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)), re.DOTALL
    )


def _walk(
    node: _Node, left: list[str], values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if not left:
        if node.operations:
            yield node, values
        return
    text = unquote(left[0])
    if (child := node.literal.get(text)) is not None:
        yield from _walk(child, left[1:], values)
    if text:
        for pattern, child in node.holes.values():
            if (found := pattern.fullmatch(text)) is not None:
                yield from _walk(child, left[1:], (*values, *found.groups()))


def _named(template: str, values: tuple[str, ...]) -> Holes:
    return dict(zip(_HOLE.findall(template), values, strict=True))


def _generality(match: Match) -> tuple[int, int]:
    template = match.operation.path
    return template.count("{"), -len(_HOLE.sub("", template))

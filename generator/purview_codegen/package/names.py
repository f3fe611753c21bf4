"""Names of groups and methods, the same in every version of a plane that has the operation.

Group: what stands before `_` in the operationId, else the tag; with an underscore behind it where
every client has a part of that name, or Windows a device. Method: the rest, less the group's own
noun where that is what the method is about (`ListGlossaries` of Glossary is `list`,
`ListGlossaryTerms` stays) and no version has two of the result.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from purview_codegen.errors import GateError
from purview_codegen.identifiers import module
from purview_codegen.openapi import operations_of
from purview_codegen.pointer import Json
from purview_core.client.client import AsyncClient, Client

from .adapter import class_name, method_name

# what a group would hide
CLIENT = frozenset({"plane", "endpoint", "api_version", *dir(Client), *dir(AsyncClient)})
_LINKS = {"by", "in", "for", "from", "to", "of", "via", "with", "at", "as", "on"}


@attrs.frozen
class Name:
    """Where an operation is found: `client.<group>.<method>`, in class `<group_class>`."""

    group: str
    group_class: str
    method: str


def operation_names(
    contracts: Mapping[str, Json], methods: Mapping[str, str]
) -> dict[str, dict[str, Name]]:
    """Version -> operationId -> Name.

    `methods` are the overlay's; raises GateError where two operations get one name.
    """
    full = {
        version: dict(map(_full, (op for _, _, op in operations_of(c))))
        for version, c in contracts.items()
    }
    keep = {oid for version in full.values() for oid in _clashes(version)}
    out = {}
    for version, names in full.items():
        out[version] = {
            oid: _final(name, methods.get(oid), keep=oid in keep) for oid, name in names.items()
        }
        _unique(version, out[version], contracts[version])
    return out


def _full(operation: Json) -> tuple[str, Name]:
    oid: str = operation["operationId"]
    group = operation["tags"][0]
    rest = oid.split("_", 1)[1] if "_" in oid else oid
    return oid, Name(module(method_name(group), CLIENT), class_name(group), method_name(rest))


def _clashes(names: Mapping[str, Name]) -> set[str]:
    """Operations whose shortened name is another one's short or full name in the same group."""
    users: dict[tuple[str, str], set[str]] = {}
    for oid, name in names.items():
        for method in {name.method, shortened(name)}:
            users.setdefault((name.group, method), set()).add(oid)
    return {oid for oid, name in names.items() if len(users[name.group, shortened(name)]) > 1}


def _singular(word: str) -> str:
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def shortened(name: Name) -> str:
    """The method without the group's noun, where the noun ends it or a preposition follows."""
    words = name.method.split("_")
    noun = [_singular(word) for word in name.group.split("_")]
    for i in range(1, len(words) - len(noun) + 1):
        end = i + len(noun)
        if [_singular(word) for word in words[i:end]] == noun and (
            end == len(words) or words[end] in _LINKS
        ):
            return method_name("_".join(words[:i] + words[end:]))
    return name.method


def _final(name: Name, override: str | None, *, keep: bool) -> Name:
    if override is None:
        return name if keep else attrs.evolve(name, method=shortened(name))
    group, _, method = override.rpartition(".")
    if not group:
        return attrs.evolve(name, method=method)
    return Name(group, class_name(group), method)


def _unique(version: str, names: Mapping[str, Name], contract: Json) -> None:
    seen: dict[tuple[str, str], str] = {}
    for oid, name in names.items():
        if other := seen.get((name.group, name.method)):
            where = f"{contract['info']['title']} {version}"
            raise GateError(
                f"{where}: {other} and {oid} are both {name.group}.{name.method}; name one "
                f"in the overlay's [methods]"
            )
        seen[name.group, name.method] = oid

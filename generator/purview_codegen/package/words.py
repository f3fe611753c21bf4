"""`specs/words.toml`: what names and types do not tell of arguments, members and roles, in words of
ours.

A key is a name, or `plane/name` where it holds for one plane alone: of arguments as Python has
them; of units (which numbers alone have) and members `Class.member` or `*.member`, by their wire
names; of roles `plane/group` or `plane/group.method`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs

from purview_codegen.errors import GateError, IntegrityError

FILE = "words.toml"
_TABLES = ("arguments", "units", "members", "roles")


@attrs.frozen
class AllWords:
    """The tables of the file."""

    arguments: Mapping[str, str] = attrs.field(factory=dict)
    units: Mapping[str, str] = attrs.field(factory=dict)
    members: Mapping[str, str] = attrs.field(factory=dict)
    of_roles: Mapping[str, list[str]] = attrs.field(factory=dict)
    used: set[tuple[str, str]] = attrs.field(factory=set, eq=False)

    @classmethod
    def read(cls, specs: Path) -> AllWords:
        """The words of a folder of specs; none where there is no such file.

        Raises IntegrityError for what it cannot read.
        """
        path = specs / FILE
        if not path.exists():
            return cls()
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise IntegrityError(f"{FILE} is not TOML: {error}") from None
        if unknown := sorted(set(data) - set(_TABLES)):
            raise IntegrityError(f"{FILE} has an unknown table: {unknown[0]}")
        for table in _TABLES:
            for key, value in data.get(table, {}).items():
                wanted = list if table == "roles" else str
                if not isinstance(value, wanted) or not value:
                    what = "a list of roles" if table == "roles" else "text"
                    raise IntegrityError(
                        f"{FILE}: [{table}] {key} has {value!r}, where {what} is wanted"
                    )
        return cls(*(data.get(table, {}) for table in _TABLES))

    def of(self, plane: str) -> Words:
        """The words for one plane."""
        return Words(plane, self)

    def check(self) -> None:
        """Raises GateError for an entry that no plane has used: it says something of nothing."""
        entries_of = (self.arguments, self.units, self.members, self.of_roles)
        for table, entries in zip(_TABLES, entries_of, strict=True):
            if left := sorted(key for key in entries if (table, key) not in self.used):
                raise GateError(f"{FILE}: [{table}] {left[0]} is of nothing that a plane has")


@attrs.frozen
class Words:
    """The words for one plane; those that name it win over those that hold for all."""

    plane: str
    every: AllWords

    def argument(self, name: str) -> str:
        """What an argument means; "" where its name says it."""
        return self._found("arguments", self.every.arguments, name)

    def member(self, owner: str, wire: str) -> str:
        """What a member means; "" where its name and type say it."""
        return self._found("members", self.every.members, f"{owner}.{wire}", f"*.{wire}")

    def unit(self, owner: str, wire: str) -> str:
        """What a number counts; "" where its name says it."""
        return self._found("units", self.every.units, f"{owner}.{wire}", f"*.{wire}")

    def roles(self, group: str, method: str) -> list[str]:
        """The roles that a method asks for, where they are not those of the whole plane."""
        for key in (f"{self.plane}/{group}.{method}", f"{self.plane}/{group}"):
            if key in self.every.of_roles:
                self.every.used.add(("roles", key))
                return self.every.of_roles[key]
        return []

    def _found(self, table: str, entries: Mapping[str, str], *names: str) -> str:
        for name in names:
            for key in (f"{self.plane}/{name}", name):
                if key in entries:
                    self.every.used.add((table, key))
                    return entries[key]
        return ""

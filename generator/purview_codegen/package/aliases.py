"""Old names that go on working for one minor version: kept in names.lock, written into the
generated code.

| key in names.lock                   | value             | what works                             |
|-------------------------------------|-------------------|----------------------------------------|
| `renamed class Old`                 | `New 0.2.0`       | `models.Old`                           |
| `renamed method group.old`          | `group.new 0.2.0` | `client.group.old(...)`, also where    |
|                                     |                   | the group moved                        |
| `renamed argument group.method old` | `new 0.2.0`       | `client.group.method(old=...)`         |

The number is the version in which the name changed; the next minor version has the alias no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

_KEY = "renamed "
KINDS = ("class", "method", "argument")


@attrs.frozen
class Alias:
    """One old name: `kind` is one of KINDS, `since` the version in which it became another."""

    kind: str
    old: str
    new: str
    since: str


def read(names: Mapping[str, str]) -> list[Alias]:
    """The aliases among the locked names of one document."""
    out = []
    for key, value in names.items():
        if key.startswith(_KEY):
            kind, _, old = key.removeprefix(_KEY).partition(" ")
            new, _, since = value.partition(" ")
            out.append(Alias(kind, old, new, since))
    return out


def entries(aliases: Iterable[Alias]) -> dict[str, str]:
    """Aliases as names.lock has them."""
    return {f"{_KEY}{a.kind} {a.old}": f"{a.new} {a.since}" for a in aliases}

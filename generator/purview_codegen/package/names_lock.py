"""`specs/names.lock`: every public name made from a document, per plane and version.

Additions are recorded as they come; a name that is lost or changed has to be accepted by hand,
since it breaks users' code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from purview_codegen.errors import GateError, IntegrityError
from purview_codegen.pointer import join

Names = dict[str, dict[str, str]]  # "plane version" -> key -> Python names


def read(path: Path) -> Names:
    """The names of a lock file; none where there is no such file."""
    if not path.exists():
        return {}
    try:
        names: Names = {
            version: dict(found)
            for version, found in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise IntegrityError(f"names.lock cannot be read: {error}") from None
    return names


def text(names: Names) -> str:
    """One name a line, sorted, so that a review sees what changed."""
    return json.dumps(names, indent=0, sort_keys=True, ensure_ascii=True) + "\n"


def breaks(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(key, what happened) for each name that users may hold and that is gone or another one
    now.
    """
    for key, names in old.items():
        if key not in new:
            yield key, f"{names.split(' ')[0]} is lost"
        elif not _keeps(key, new[key].split(), names.split()):
            yield key, f"{names} became {new[key]}"


def _keeps(key: str, new: list[str], old: list[str]) -> bool:
    """Whether users' code still finds all of `old`: a method's arguments in their order, members
    in any.
    """
    if not key.startswith("operation "):
        return set(old) <= set(new)
    rest = iter(new)
    return new[:1] == old[:1] and all(word in rest for word in old)


def merged(old: Names, new: Names, *, accept: bool) -> Names:
    """The lock with `new` in it; raises GateError at the first break, unless `accept`."""
    for version, names in new.items():
        found = [] if accept else list(breaks(old.get(version, {}), names))
        if found:
            key, what = found[0]
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise GateError(
                f"{version}: {what}{more}: {join(version, key)} of names.lock; accept it "
                f"with --accept-names"
            )
    return {**old, **new}

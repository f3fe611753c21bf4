"""One contract, planned whole: what `render` turns into a package, and what the names lock
records of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from purview_codegen.pointer import Json

from . import adapter
from .aliases import Alias, entries
from .names import Name
from .plan_models import Class, Classes, modules, used
from .plan_operations import PlannedOperation, Planner
from .plan_shared import with_shared


@attrs.frozen
class PlannedGroup:
    """One resource class: `client.<name>`, declared in `operations/<name>.py`.

    `renamed`: (old method, `group.method` it is now, that group, its class); `arguments`: method ->
    old argument -> new one.
    """

    name: str
    class_name: str
    operations: tuple[PlannedOperation, ...]
    renamed: tuple[tuple[str, str, str, str], ...] = ()
    arguments: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)


@attrs.frozen
class Plan:
    """A plane in one api-version.

    `modules` maps each module of models to its classes, `where` each class to its module.
    """

    version: str
    prefix: str
    classes: Mapping[str, Class]
    enums: tuple[adapter.Enum, ...]
    modules: Mapping[str, list[str]]
    groups: tuple[PlannedGroup, ...]
    aliases: tuple[Alias, ...] = ()

    @property
    def where(self) -> dict[str, str]:
        """Class or enum -> the module of models that it is in."""
        names = {name: module for module, members in self.modules.items() for name in members}
        return names | {e.name: "enums" for e in self.enums}

    @property
    def operations(self) -> list[PlannedOperation]:
        """The operations of all groups."""
        return [op for group in self.groups for op in group.operations]


def plan(contract: Json, names: Mapping[str, Name], aliases: Sequence[Alias] = ()) -> Plan:
    """Plans a contract; `names` are those of its version, `aliases` what else has to work. Raises
    GateError for anything lost or named twice.
    """
    parsed = adapter.parse(contract)
    taken = [adapter.class_name(name) for name in contract["components"]["schemas"]]
    classes = with_shared(
        Classes(contract, parsed).out, [*taken, *(a.old for a in aliases if a.kind == "class")]
    )
    planner = Planner(contract, parsed, classes, names)
    roots = used((text for op in planner.operations for text in op.classes), classes)
    groups: dict[str, list[PlannedOperation]] = {}
    for operation in planner.operations:
        groups.setdefault(operation.name.group, []).append(operation)
    return Plan(
        version=contract["info"]["version"],
        prefix=planner.prefix,
        classes=classes,
        enums=tuple(sorted(parsed.enums.values(), key=lambda e: e.name)),
        modules=modules(classes, roots),
        groups=_groups(groups, aliases),
        aliases=tuple(aliases),
    )


def _groups(
    groups: Mapping[str, Sequence[PlannedOperation]], aliases: Sequence[Alias]
) -> tuple[PlannedGroup, ...]:
    """The groups, and those that are left of old names alone."""
    classes = _group_classes({name: ops[0].name.group_class for name, ops in groups.items()})
    renamed: dict[str, list[tuple[str, str, str, str]]] = {}
    arguments: dict[str, dict[str, dict[str, str]]] = {}
    for alias in aliases:
        if alias.kind == "method":
            (group, old), target = alias.old.split("."), alias.new.split(".")[0]
            renamed.setdefault(group, []).append((old, alias.new, target, classes[target]))
        elif alias.kind == "argument":
            (group, method), old = alias.old.split(" ")[0].split("."), alias.old.split(" ")[1]
            arguments.setdefault(group, {}).setdefault(method, {})[old] = alias.new
    return tuple(
        PlannedGroup(
            name,
            classes.get(name) or adapter.class_name(name),
            tuple(groups.get(name, ())),
            tuple(renamed.get(name, ())),
            arguments.get(name, {}),
        )
        for name in sorted(groups.keys() | renamed.keys())
    )


def _group_classes(wanted: Mapping[str, str]) -> dict[str, str]:
    """Group -> its class. A client's module names the sync and the async class of each group beside
    the clients themselves, so an underscore goes behind a class that is called as a client may be,
    or as one of another group.
    """
    out: dict[str, str] = {}
    taken: set[str] = set()
    for group in sorted(wanted):
        found = wanted[group]
        while found.endswith("Client") or taken & {found, f"Async{found}"}:
            found += "_"
        taken |= {found, f"Async{found}"}
        out[group] = found
    return out


def public_names(planned: Plan) -> dict[str, str]:
    """Key -> Python names, for the lock: every operation with its arguments, every class with
    its members, every enum.
    """
    out = {}
    for op in planned.operations:
        arguments = " ".join(a.name for a in op.arguments)
        out[f"operation {op.id}"] = f"{op.name.group}.{op.method} {arguments}".rstrip()
    for c in planned.classes.values():
        out[f"model {c.name}"] = " ".join(f.name for f in c.fields)
    for e in planned.enums:
        out[f"enum {e.name}"] = " ".join(name for name, _ in e.members)
    return out | entries(planned.aliases)

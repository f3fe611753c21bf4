"""One contract, planned whole: what `render` turns into a package, and what the names lock records of it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from . import adapter
from .names import Name
from .plan_models import Class, Classes, modules, used
from .plan_operations import Operation, Planner
from .pointer import Json


@attrs.frozen
class Group:
    """One resource class: `client.<name>`, declared in `operations/<name>.py`."""

    name: str
    class_name: str
    operations: tuple[Operation, ...]


@attrs.frozen
class Plan:
    """A plane in one api-version. `modules` maps each module of models to its classes, `where` each class to its module."""

    version: str
    prefix: str
    classes: Mapping[str, Class]
    enums: tuple[adapter.Enum, ...]
    modules: Mapping[str, list[str]]
    groups: tuple[Group, ...]

    @property
    def where(self) -> dict[str, str]:
        names = {name: module for module, members in self.modules.items() for name in members}
        return names | {e.name: "enums" for e in self.enums}

    @property
    def operations(self) -> list[Operation]:
        return [op for group in self.groups for op in group.operations]


def plan(contract: Json, names: Mapping[str, Name]) -> Plan:
    """Plans a contract; `names` are those of its version. Raises GateError for anything lost or named twice."""
    parsed = adapter.parse(contract)
    classes = Classes(contract, parsed).out
    planner = Planner(contract, parsed, classes, names)
    roots = used((text for op in planner.operations for text in op.classes), classes)
    groups: dict[str, list[Operation]] = {}
    for operation in planner.operations:
        groups.setdefault(operation.name.group, []).append(operation)
    return Plan(
        version=contract["info"]["version"],
        prefix=planner.prefix,
        classes=classes,
        enums=tuple(sorted(parsed.enums.values(), key=lambda e: e.name)),
        modules=modules(classes, roots),
        groups=tuple(Group(name, ops[0].name.group_class, tuple(ops)) for name, ops in sorted(groups.items())),
    )


def public_names(planned: Plan) -> dict[str, str]:
    """Key -> Python names, for the lock: every operation with its arguments, every class with its members, every enum."""
    out = {}
    for op in planned.operations:
        arguments = " ".join(a.name for a in op.arguments)
        out[f"operation {op.id}"] = f"{op.name.group}.{op.method} {arguments}".rstrip()
    for c in planned.classes.values():
        out[f"model {c.name}"] = " ".join(f.name for f in c.fields)
    for e in planned.enums:
        out[f"enum {e.name}"] = " ".join(name for name, _ in e.members)
    return out

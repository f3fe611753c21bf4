"""Plans to source text.

Text of a document enters only as an escaped literal; nothing is decided here.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from purview_codegen.paths import COLUMNS
from purview_codegen.paths import HEADER as HEADER
from purview_core.manifest import PlaneEntry

from .docs import Docs
from .plan import Plan, PlannedGroup
from .plan_models import used

_TEMPLATES = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    ours: dict[str, Any] = {
        "py": ascii,
        "doc": _docstring,
        "docstring": _whole_docstring,
        "strings": _strings,
        "lists": _shadowed_list,
    }
    env.filters.update(ours)
    return env


def _docstring(text: str) -> str:
    """Text that ends no docstring and holds no escape of its own."""
    return ascii(text)[1:-1].replace("\\'", "'").replace('"', '\\"')


def _whole_docstring(lines: Sequence[str], indent: int) -> str:
    """A docstring of some lines, with its quotes, as it stands in a class or a method."""
    margin = " " * indent
    text = [_docstring(line) for line in lines]
    if len(text) == 1:
        return f'{margin}"""{text[0]}"""'
    inner = [f"{margin}{line}" if line else "" for line in text[1:]]
    return "\n".join([f'{margin}"""{text[0]}', *inner, f'{margin}"""'])


def _strings(names: Sequence[str]) -> str:
    """Many names as one literal, broken into lines; as a tuple of texts where one of them has a
    blank in it.
    """
    if any([name] != name.split() for name in names):
        return f"({', '.join(map(ascii, names))},)"
    lines = textwrap.wrap(
        " ".join(names), COLUMNS - 15, break_long_words=False, break_on_hyphens=False
    )
    return (
        "(" + "\n".join(ascii(line + " ") for line in lines[:-1]) + "\n" + ascii(lines[-1]) + ")"
        if len(lines) > 1
        else ascii(lines[0])
    )


def _shadowed_list(text: str) -> str:
    """A class with a method called `list` hides the builtin from its own annotations."""
    return re.sub(r"\blist\[", "_list[", text)


def _render(template: str, **context: Any) -> str:
    return _environment().get_template(template).render(header=HEADER, **context)


def render_plane(plan: Plan, plane: PlaneEntry, docs: Docs) -> dict[str, str]:
    """Path below the plane's package -> text, unformatted."""
    groups = [(g.name, [op.id for op in g.operations]) for g in plan.groups if g.operations]
    facts = {"plane": plane, "version": plan.version, "prefix": plan.prefix}
    index = [(module, sorted(names)) for module, names in plan.modules.items()]
    renamed = [(a.old, a.new) for a in plan.aliases if a.kind == "class"]
    if plan.enums:
        index.append(("enums", [e.name for e in plan.enums]))
    out = {
        "__init__.py": _render("plane_init.py.jinja", **facts),
        "client.py": _render("client.py.jinja", groups=plan.groups, **facts),
        "API.md": _render(
            "api.md.jinja",
            types=_Types(()),
            groups=plan.groups,
            classes=plan.classes.values(),
            enums=plan.enums,
            **facts,
        ),
        "models/__init__.py": _render(
            "models_init.py.jinja", modules=sorted(index), renamed=renamed
        ),
        "operations/__init__.py": _render("operations_init.py.jinja", groups=groups),
    }
    if plan.enums:
        kinds = {e.integer for e in plan.enums}
        out["models/enums.py"] = _render(
            "enums.py.jinja",
            enums=plan.enums,
            integers=True in kinds,
            texts=False in kinds,
            renamed=renamed,
        )
    out |= {
        f"models/{module}.py": _models(plan, module, names, docs)
        for module, names in plan.modules.items()
    }
    out |= {f"operations/{group.name}.py": _operations(group, docs) for group in plan.groups}
    return out


def _models(plan: Plan, module: str, names: Iterable[str], docs: Docs) -> str:
    classes = [plan.classes[name] for name in names]
    bases = {c.base for c in classes if c.base and plan.where[c.base] != module}
    fields = [f for c in classes for f in c.own]
    types = [f.type for f in fields]
    imports = {name for name in used(types, plan.where) if plan.where[name] != module} - bases
    datetime = any("datetime" in re.findall(r"\w+", text) for text in types)
    values = " ".join(f.value for f in fields)
    marks = ("ANSWERED", "READ_ONLY", "READ_ONLY_REQUIRED")
    core = [f"{name} as _{name}" for name in marks if f"metadata=_{name})" in values]
    core += ["Model as _Model"] if any(c.base is None for c in classes) else []
    core += ["define"]
    core += [f"{name} as _{name}" for name in ("field", "only", "wire") if f"_{name}(" in values]
    typing = ["TYPE_CHECKING"] * bool(imports or datetime)
    typing += ["Any as _Any"] * any("_Any" in f.annotation for f in fields)
    grouped = [_by_module(found, plan.where) for found in (bases, imports)]
    return _render(
        "models.py.jinja",
        docs=docs,
        classes=classes,
        bases=grouped[0],
        imports=grouped[1],
        datetime=datetime,
        renamed=any(a.kind == "class" for a in plan.aliases),
        core=core,
        typing=typing,
    )


def _by_module(names: Iterable[str], where: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    out: dict[str, list[str]] = {}
    for name in sorted(names):
        out.setdefault(where[name], []).append(name)
    return sorted(out.items())


class _Types:
    """Type texts of plans as a module has them.

    `m.Scan` and `_d.Pager` go by their own names, which checkers alone import. A model that is
    called as something else of the module keeps its `m.`.
    """

    def __init__(self, texts: Iterable[str], taken: Iterable[str] = ()) -> None:
        text = " ".join(texts)
        self._core = sorted(set(re.findall(r"\b_d\.(\w+)", text)))
        self._taken = {*taken, *self._core, "Any"}
        self._models = set(re.findall(r"\bm\.(\w+)", text))
        self._plain = set(re.findall(r"(?<![.\w])\w+", text))

    def __call__(self, text: str) -> str:
        text = re.sub(r"\bm\.(\w+)", lambda found: found[found[1] not in self._taken], text)
        return re.sub(r"\b_d\.(?=\w)", "", text).replace("_Any", "Any")

    @property
    def imports(self) -> list[tuple[str, list[str]]]:
        """What stands under TYPE_CHECKING: module -> names."""
        models, aliased = sorted(self._models - self._taken), self._models & self._taken
        found = [
            ("datetime", ["datetime"] * ("datetime" in self._plain)),
            ("purview_core.declarations", self._core),
            ("..", ["models as m"] * bool(aliased)),
            ("..models", models),
        ]
        return [(module, names) for module, names in found if names]

    @property
    def typing(self) -> list[str]:
        return ["TYPE_CHECKING"] * bool(self.imports) + ["Any"] * ("_Any" in self._plain)


def _operations(group: PlannedGroup, docs: Docs) -> str:
    texts = [op.signature for op in group.operations] + [op.result for op in group.operations]
    texts += [op.returns(prefix) for op in group.operations for prefix in ("", "Async")]
    types = _Types(texts, (group.class_name, f"Async{group.class_name}"))
    return _render(
        "operations.py.jinja",
        docs=docs,
        operations=group.operations,
        group=group,
        group_class=group.class_name,
        lists=any("list[" in text for text in texts),
        types=types,
        typing=types.typing,
    )


def render_root(
    planes: Sequence[PlaneEntry], plans: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """The package over all planes; `plans` gives version and prefix of each plane's default
    document.
    """
    facts = [
        {
            name: getattr(p, name)
            for name in ("name", "package", "title", "summary", "endpoint", "roles")
        }
        | {"version": plans[p.name][0], "prefix": plans[p.name][1]}
        for p in planes
    ]
    return {
        "__init__.py": _render("root_init.py.jinja"),
        "facade.py": _render("facade.py.jinja", planes=facts),
        "py.typed": "",
    }

"""Every class of every version, by every way into a model: nothing that a caller gave is
dropped.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from purview_core import Model
from purview_core.model.codec import codec

from .calling import Version, versions

pytestmark = pytest.mark.level("L2")

Json = dict[str, Any]
COPIES: dict[str, Callable[[Model], Model]] = {
    "evolve": attrs.evolve,
    "replace": lambda model: model.__replace__(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "from_dict": lambda model: type(model).from_dict(model.to_dict()),
}


def classes() -> Iterator[tuple[Version, type[Model]]]:
    for version in versions():
        index = version.plane.models
        for name, where in index._WHERE.items():
            kind = getattr(index, name)
            # forms of files
            if where != "enums" and not any(f.type == "bytes" for f in codec(kind).fields.values()):
                yield version, kind


def sampled(version: Version, kind: type[Model]) -> Json:
    """JSON of all members of a class, as its contract has them; the tag of a subtype is its own.
    What several kinds share has no schema: one of those that it comes from stands for it.
    """
    from purview_codegen.package.adapter import class_name

    wires = {class_name(w): w for w in version.schemas}
    classes = {
        name: getattr(version.plane.models, name)
        for name in wires
        if name in version.plane.models._WHERE
    }
    wire = wires.get(kind.__name__) or next(
        wires[name] for name, c in classes.items() if issubclass(c, kind)
    )
    text = json.dumps(version.sampler.sample({"$ref": f"#/components/schemas/{wire}"}))
    # a datetime that is given to a constructor has six digits
    found = json.loads(text.replace(".1234567Z", ".123456Z"))
    assert isinstance(found, dict)
    for base in kind.__mro__:
        if tag := vars(base).get("_tag"):
            own = [key for key, name in vars(base)["_kinds"].items() if name == kind.__name__]
            found |= {codec(kind).fields[tag].wire: own[0]} if own else {}
    for f in codec(kind).fields.values():  # a constructor sends the spelling of the service
        for other in f.wires[1:]:
            if other in found:
                found[f.wire] = found.pop(other)
    return found | {"memberOfNobody": {"a": [1, None]}}


def test_every_way_into_every_class() -> None:
    counts: Counter[str] = Counter()
    for version, kind in classes():
        raw = sampled(version, kind)
        # its tag names a subtype, which has a turn of its own
        if type(whole := kind.from_dict(raw)) is not kind:
            whole = codec(kind).load({**raw, **_untagged(kind)})
        raw = whole.to_dict()
        fields = codec(type(whole)).fields.values()
        counts["classes"] += 1
        for name, how in COPIES.items():
            assert raw == how(whole).to_dict(), (version, kind, name)
            counts[name] += 1
        given = {f.name: value for f in fields if (value := getattr(whole, f.name)) is not None}
        unknown = whole.additional_properties
        made = kind(additional_properties=unknown, **given)
        assert raw == made.to_dict(), (version, kind, "constructor")
        counts["constructor"] += 1
        needed = {
            f.name: given[f.name] for f in fields if f.name in given and f.default is not None
        }
        for other in (
            kind(additional_properties=raw, **needed),
            attrs.evolve(made, additional_properties=raw),
        ):
            assert raw == other.to_dict(), (version, kind, "additional_properties")
            counts["additional_properties"] += 1
        for f in fields:
            counts["members"] += 1
            _assign_and_leave_out(whole, f, raw)
            _contradict(kind, f, raw, needed, counts)
    print(f"\n{dict(counts)}")
    assert counts["classes"] > 2_500
    assert counts["contradictions"] > 5_000


def _untagged(kind: type[Model]) -> Json:
    tag = vars(kind).get("_tag")
    return {codec(kind).fields[tag].wire: "NoSuchKind"} if tag else {}


def _assign_and_leave_out(whole: Model, f: Any, raw: Json) -> None:
    other = copy.deepcopy(whole)
    setattr(other, f.name, getattr(whole, f.name))
    assert raw == other.to_dict(), f.name
    setattr(other, f.name, None)
    less = {name: value for name, value in raw.items() if name not in f.wires}
    assert less == other.to_dict() == attrs.evolve(other).to_dict(), f.name
    with pytest.raises(AttributeError):
        delattr(other, f.name)


def _contradict(kind: type[Model], f: Any, raw: Json, needed: Json, counts: Counter[str]) -> None:
    """The argument and its member at once with other values; the member by the name of the
    argument.
    """
    if f.name in needed and f.wire in raw:
        with pytest.raises(TypeError, match=f"argument {f.name}="):
            kind(additional_properties={f.wire: {"another": "value"}}, **needed)
        counts["contradictions"] += 1
    if f.name not in codec(kind).known:
        with pytest.raises(TypeError, match=f"give {f.name}=, or '"):
            kind(additional_properties={f.name: 1}, **needed)
        counts["contradictions"] += 1

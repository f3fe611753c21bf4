"""Compiled code and its plain twin do the same, over all kinds of members and real planes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.core import sample_plane
from tests.unit.core.sample_plane import models as m

from purview_core import NULL
from purview_core.model.codec import Coded, Registry, body, codec, encode, split_union, use_compiled
from purview_dataplane import PLANES

SAMPLES = f"{sample_plane.__name__}.models"
PACKAGES = [SAMPLES, *(f"{plane.package}.models" for plane in PLANES.values())]
TIMES = ["2020-01-02T03:04:05Z", "2020-01-02T03:04:05.1234567+02:00", "2020-01-02T03:04:05"]
EAST = timezone(timedelta(hours=2))
ODD: list[Any] = [None, True, 0, 1, 1.0, "", "Later", TIMES[0], [], [1], {}, {"a": None}]
ASSIGNED: list[Any] = [
    *(None, NULL, True, 1, 1.0, float("nan"), "text", b"bytes", object),
    *(datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2020, 1, 2, 5, 4, 5, tzinfo=EAST)),
    *([], ["x"], {}, {"k": 1}, {1: 1}, m.Collection(reference_name="r")),
]
ACTIONS = ["read", "assign", "assign what it is", "change in place", "copy", "evolve"]


@st.composite
def values(draw: Any, registry: Registry, text: str, depth: int) -> Any:
    """JSON for a type text; one in eight is of another type."""
    text = draw(st.sampled_from(split_union(text)))
    if depth == 0 or draw(st.integers(0, 7)) == 0:
        return copy.deepcopy(draw(st.sampled_from(ODD)))
    if text.startswith("list["):
        return draw(st.lists(values(registry, text[5:-1], depth - 1), max_size=2))
    if text.startswith("dict[str, "):
        items = values(registry, text[10:-1], depth - 1)
        return draw(st.dictionaries(st.sampled_from("ab"), items, max_size=2))
    if text not in registry.names:
        return draw(st.sampled_from(TIMES if text == "datetime" else ODD))
    kind = registry.class_of(text)
    if not issubclass(kind, Coded):
        return draw(st.sampled_from([*(one.value for one in kind), "Later"]))
    return draw(objects(registry, kind, depth))


@st.composite
def objects(draw: Any, registry: Registry, cls: type, depth: int) -> dict[str, Any]:
    """A JSON object for a class: some of its members, in some spelling, and one that is unknown."""
    base = vars(cls)
    if kinds := base.get("_kinds"):
        cls = registry.class_of(draw(st.sampled_from(sorted(kinds.values()))))
    made: dict[str, Any] = {}
    for f in codec(cls).fields.values():
        if draw(st.integers(0, 2)):
            made[draw(st.sampled_from(f.wires))] = draw(values(registry, f.type, depth - 1))
    if kinds and draw(st.integers(0, 3)):
        made[codec(cls).fields[base["_tag"]].wire] = draw(st.sampled_from(sorted(kinds)))
    return made | draw(st.sampled_from([{}, {"unknown": [1]}]))


@st.composite
def cases(draw: Any, package: str) -> tuple[type, dict[str, Any], list[tuple[str, str, Any]]]:
    """A class, a JSON object for it, and what is done with the model that is made of that."""
    registry = Registry.get(package)
    names = sorted(name for name in registry.names if registry.is_deep(name))
    cls = registry.class_of(draw(st.sampled_from(names)))
    raw = draw(objects(registry, cls, 3))
    members = st.sampled_from(sorted(codec(cls).fields) or ["no_member"])
    action = st.tuples(st.sampled_from(ACTIONS), members, st.sampled_from(ASSIGNED))
    return cls, raw, draw(st.lists(action, max_size=4))


def seen(value: Any) -> Any:
    """A value as plain data in which 1, 1.0 and True differ, read through all its attributes."""
    if isinstance(value, Coded):
        fields = codec(type(value)).fields
        return type(value).__name__, {name: seen(getattr(value, name)) for name in fields}
    if isinstance(value, dict):
        return {key: seen(one) for key, one in value.items()}
    if isinstance(value, list):
        return [seen(one) for one in value]
    return type(value), repr(value)


def outcome(function: Any, *args: Any) -> Any:
    """What a call gives, as `seen`, or its error."""
    try:
        return seen(function(*args))
    except Exception as error:  # noqa: BLE001  # whichever it is, both have to raise it
        return type(error), str(error)


def done(model: Any, action: str, name: str, value: Any) -> Any:
    """Does one thing with a model, which gives the model to go on with."""
    if name not in codec(type(model)).fields:  # the object was of a subclass
        return model
    if action == "copy":
        return pickle.loads(pickle.dumps(copy.copy(model)))
    if action == "evolve":
        return attrs.evolve(model, **{name: copy.deepcopy(value)})
    if action == "assign":
        setattr(model, name, copy.deepcopy(value))
        return model
    held = getattr(model, name)
    if action == "assign what it is":
        setattr(model, name, copy.deepcopy(held))
    elif action == "change in place" and isinstance(held, list):
        held.append(copy.deepcopy(value))
    elif action == "change in place" and isinstance(held, dict):
        held["x"] = copy.deepcopy(value)
    elif action == "change in place" and isinstance(held, Coded):
        setattr(held, next(iter(codec(type(held)).fields), "x"), None)
    return model


def story(cls: type, raw: dict[str, Any], actions: list[tuple[str, str, Any]]) -> list[Any]:
    """All that can be seen of a model: when it is decoded, and after each thing that is done."""
    came = copy.deepcopy(raw)
    model: Any = codec(cls).load(came)
    found = [getattr(model, "_touched", None), *(outcome(f, model) for f in (encode, body))]
    for action in actions:
        try:
            model = done(model, *action)
        except (TypeError, ValueError, AttributeError) as error:
            found.append((type(error), str(error)))
        found += [outcome(f, model) for f in (encode, body, repr)]
    found += [outcome(lambda: model), *(outcome(f, model) for f in (encode, body))]
    return [*found, getattr(model, "_touched", None), outcome(seen, came)]


@pytest.fixture(autouse=True, scope="module")
def _compiled_again() -> Iterator[None]:
    yield
    use_compiled(True)


@pytest.mark.parametrize("package", PACKAGES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_compiled_and_plain_code_do_the_same(package: str, data: st.DataObject) -> None:
    cls, raw, actions = data.draw(cases(package))
    stories = []
    for on in (True, False):
        use_compiled(on)
        stories.append(story(cls, raw, actions))
    assert stories[0] == stories[1]


def test_the_switch_changes_what_reads_decodes_and_encodes() -> None:
    """Else the test above would hold compiled code against itself."""
    for on, named in ((True, "<load Box>"), (False, "plain.py")):
        use_compiled(on)
        assert codec(m.Box).load.__code__.co_filename.endswith(named)
        reader: Any = vars(m.Box)["either"].fget
        assert reader.__code__.co_filename.endswith("<either>" if on else named)

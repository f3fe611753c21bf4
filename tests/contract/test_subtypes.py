"""Every discriminator value of every plane reaches its class; unknown, missing and odd ones stay in
the base, nothing lost.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from purview_core import NULL, Model, decode
from purview_core.manifest import Document
from purview_core.model.codec import codec
from purview_core.model.json_text import dumps

from .corpus import documents, examples, package
from .walking import models

pytestmark = pytest.mark.level("L2")

ODD: list[Any] = ["Brand-New", None, ["a"], {"a": 1}, 7, True, ""]


def bases(document: Document) -> list[Any]:
    index = package(document).models
    classes = [getattr(index, name) for name in dir(index)]
    return [c for c in classes if "_kinds" in vars(c)]


@pytest.mark.parametrize("document", documents(), ids=str)
def test_every_kind_reaches_its_class(document: Document) -> None:
    for base in bases(document):
        tag = codec(base).fields[base._tag].wire
        for kind, name in base._kinds.items():
            raw = {tag: kind, "properties": {"x": 1, "createdAt": None}, "future": [None]}
            found = base.from_dict(raw)
            assert (name, raw) == (type(found).__name__, found.to_dict())
            assert isinstance(found, base)
        for odd in ODD:
            raw = {tag: odd, "properties": {"deep": [1, {"a": None}]}, "z": None}
            found = base.from_dict(raw)
            assert (base, raw) == (type(found), found.to_dict())
        assert {"nothing": 1} == base.from_dict({"nothing": 1}).to_dict()


def test_scanning_has_all_its_subtypes() -> None:
    scanning = next(d for d in documents() if d.plane == "scanning" and d.default)
    # and those that the document leaves out
    assert 133 + 6 == sum(len(base._kinds) for base in bases(scanning))


def built(cls: Any, /, **given: Any) -> Model:
    """An object of the constructor, with null for whatever it demands besides."""
    demanded = {p.name: NULL for p in cls.__signature__.parameters.values() if p.default is p.empty}
    made: Model = cls(**demanded | given)
    return made


@pytest.mark.parametrize("document", documents(), ids=str)
def test_a_constructor_refuses_the_kind_of_another_class(document: Document) -> None:
    index = package(document).models
    for base in bases(document):
        names = {*base._kinds.values(), base.__name__}
        for cls in [getattr(index, name) for name in sorted(names)]:
            tag = base._tag
            assert "Brand-New" == getattr(built(cls, **{tag: "Brand-New"}), tag)
            for kind, name in base._kinds.items():
                made = base.from_dict({codec(base).fields[tag].wire: kind})
                if isinstance(made, cls):
                    assert kind == getattr(built(cls, **{tag: kind}), tag)
                    continue
                with pytest.raises(
                    TypeError,
                    match=rf"{cls.__name__}\.{tag} takes no .*: that kind is that of {name}",
                ):
                    built(cls, **{tag: kind})
                odd = cls.from_dict({codec(cls).fields[tag].wire: kind})  # what came, came
                assert kind == getattr(attrs.evolve(odd), tag)


@pytest.mark.usefixtures("mirror")
def test_no_kind_of_an_example_is_refused() -> None:
    """Each model that an example holds may be built by hand, of the values that it has."""
    count = 0
    for example in examples()[0]:
        operation = package(example.document).OPERATIONS[example.operation_id]
        for status, body in example.bodies():
            for model in models(decode(operation, status, dumps(body))):
                cls = type(model)
                if any("_tag" in vars(c) for c in cls.__mro__):
                    values = {name: getattr(model, name) for name in codec(cls).fields}
                    tags = {c._tag for c in cls.__mro__ if "_tag" in vars(c)}
                    built(
                        cls,
                        **{
                            name: value
                            for name, value in values.items()
                            if name in tags and value is not None
                        },
                    )
                    count += 1
    assert count >= 300

"""Every discriminator value of every plane reaches its class; unknown, missing and odd ones stay in the base, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from purview_codegen.manifest import Document
from purview_core.codec import codec

from .corpus import documents, package

pytestmark = pytest.mark.level("L2")

ODD: list[Any] = ["Brand-New", None, ["a"], {"a": 1}, 7, True, ""]


def bases(document: Document) -> list[Any]:
    models = package(document).models
    classes = [getattr(models, name) for name in dir(models)]
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
    assert 133 + 6 == sum(len(base._kinds) for base in bases(scanning))  # and those that the document leaves out

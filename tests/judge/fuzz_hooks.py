"""Loaded by schemathesis as its hooks: thins out the cases of its coverage phase, which knows no
bound.

A body that nests deeply has thousands of them, in the order of its members. The first ones are all
sent, later ones more and more rarely, so that each part of a body has its turn; the same ones in
each run.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import schemathesis  # pyright: ignore[reportMissingImports]  # in a session of its own
from schemathesis.generation.meta import TestPhase  # pyright: ignore[reportMissingImports]

MOST = (
    60  # cases of an operation that are all sent; of n in all about MOST * (1 + log(n / MOST)) are
)
_met: Counter[str] = Counter()


def filter_case(context: Any, case: Any) -> bool:
    if case.meta is None or case.meta.phase.name is not TestPhase.COVERAGE:
        return True
    _met[context.operation.label] += 1
    return kept(_met[context.operation.label])


def kept(number: int) -> bool:
    """Whether the case of this number, from 1, is sent."""
    return number <= MOST or int(MOST * math.log(number)) > int(MOST * math.log(number - 1))


schemathesis.hook(filter_case)

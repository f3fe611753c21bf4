"""How much the judges notice: good requests spoiled in 21 kinds, and the share of each kind that is
not accepted any more.

`python tests/judge/run.py --sensitivity` prints it. A judge that notices less than it used to has
changed, or is not asked rightly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import attrs

from .live import Json
from .spoil import KINDS, spoil

Noticed = Callable[[Sequence[Json]], Sequence[bool]]
"""Recorded requests, with the `spot` that was spoiled -> whether each is refused, or has a note."""


@attrs.frozen
class Share:
    made: int
    noticed: Mapping[str, int]


def measure(records: Sequence[Json], seed: int, judges: Mapping[str, Noticed]) -> dict[str, Share]:
    """Kind -> how many were made, and how many each judge noticed.

    Each record is spoiled once in every kind it has a place for.
    """
    rng = random.Random(seed)
    spoiled = [
        (kind, bad | {"spot": spot}) for good in records for kind, bad, spot in spoil(good, rng)
    ]
    seen = {name: judge([bad for _, bad in spoiled]) for name, judge in judges.items()}
    return {
        kind: Share(
            sum(k == kind for k, _ in spoiled),
            {
                name: sum(s for (k, _), s in zip(spoiled, found, strict=True) if k == kind)
                for name, found in seen.items()
            },
        )
        for kind in KINDS
    }


def text(shares: Mapping[str, Share]) -> str:
    names = list(next(iter(shares.values())).noticed)
    width = max(map(len, shares))
    lines = [f"{'spoiled':{width}}  {'made':>6}  " + "  ".join(f"{name:>14}" for name in names)]
    for kind, share in shares.items():
        cells = (
            f"{100 * share.noticed[n] / share.made:13.1f}%" if share.made else f"{'-':>14}"
            for n in names
        )
        lines.append(f"{kind:{width}}  {share.made:6}  " + "  ".join(cells))
    made = sum(share.made for share in shares.values())
    total = (f"{100 * sum(s.noticed[n] for s in shares.values()) / made:13.1f}%" for n in names)
    return "\n".join([*lines, f"{'all':{width}}  {made:6}  " + "  ".join(total)])

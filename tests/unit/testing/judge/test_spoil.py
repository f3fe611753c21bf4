"""Good requests spoiled in 21 kinds: each kind is made, in the spot that its pointer names, and
the same for the same seed.
"""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.judge import ours
from tests.judge.answers import sampled
from tests.judge.record import ALL, record
from tests.judge.sensitivity import Share, measure, text
from tests.judge.spoil import KINDS, spoil

from purview_core.manifest import Manifest

Json = dict[str, Any]
SPECS = Path(__file__).parent.parent.parent.parent.parent / "specs"
MANIFEST = Manifest.load(SPECS)
MISSING: Any = object()


@cache
def good(plane: str) -> tuple[Json, ...]:
    document = MANIFEST.plane(plane).default
    contract = json.loads((SPECS / "contracts" / plane / f"{document.version}.json").read_bytes())
    every = record(document, MANIFEST.plane(plane), contract, sampled(contract), versioned=False)
    return tuple(r for r in every if r["pass"] == ALL)


def spoiled(plane: str, operation_id: str, seed: int = 1) -> dict[str, tuple[Json, str]]:
    one = next(r for r in good(plane) if r["op"] == operation_id)
    return {
        kind: (bad["liveRequest"], pointer)
        for kind, bad, pointer in spoil(one, random.Random(seed))
    }


def at(request: Json, pointer: str) -> Any:
    value: Any = request
    for step in pointer.split("/")[1:]:
        key: Any = step.replace("~1", "/").replace("~0", "~")
        key = int(key) if isinstance(value, list) else key
        try:
            value = value[key]
        except (KeyError, IndexError):
            return MISSING
    return value


def test_there_are_21_kinds_and_each_is_made() -> None:
    made = {
        kind
        for p in MANIFEST.planes
        for one in good(p.name)
        for kind, _, _ in spoil(one, random.Random(1))
    }
    assert (21, set(KINDS)) == (len(KINDS), made)


@pytest.mark.parametrize("plane", [p.name for p in MANIFEST.planes])
def test_each_differs_from_the_good_one_in_its_spot(plane: str) -> None:
    for one in good(plane):
        before = copy.deepcopy(one)
        for kind, bad, pointer in spoil(one, random.Random(2)):
            was, now = at(one["liveRequest"], pointer), at(bad["liveRequest"], pointer)
            assert was != now, (one["op"], kind, pointer)
            assert {k: v for k, v in one.items() if k != "liveRequest"} == {
                k: v for k, v in bad.items() if k != "liveRequest"
            }
            query = urlsplit(bad["liveRequest"]["url"]).query
            assert {n for n, _ in parse_qsl(query, keep_blank_values=True)} == set(
                bad["liveRequest"]["query"]
            )
        assert before == one


def test_the_same_for_the_same_seed_and_others_for_another() -> None:
    one = [[spoil(r, random.Random(seed)) for r in good("scanning")] for seed in (3, 3, 4)]
    assert one[0] == one[1]
    assert one[0] != one[2]


def test_a_body_in_every_way() -> None:
    found = spoiled("scanning", "DataSources_CreateOrReplace")
    body = {
        kind: (at(request, pointer), pointer)
        for kind, (request, pointer) in found.items()
        if "body" in pointer
    }
    assert (MISSING, "/body") == body["body missing"]
    assert ("x", "/body") == body["body root type"]
    assert ("no such value", "/body/kind") == body["discriminator unknown"]
    assert (MISSING, "/body/kind") == body["discriminator dropped"]
    assert (1, "/body/noSuchName") == body["unknown member in the root"]
    assert None is body["body null"][0]
    assert body["unknown member below"][1].startswith("/body/properties")
    assert body["readOnly sent"][0] not in (MISSING, None)
    assert "application/xml" == found["content type"][0]["headers"]["content-type"]


def test_a_request_line_in_every_way() -> None:
    found = spoiled("scanning", "ScanResult_RunScan")
    assert "no such value" == found["query bad enum"][0]["query"]["scanLevel"]
    assert {"scanLevel", "api-version"} == set(found["query required dropped"][0]["query"])
    assert "1999-01-01" == found["api-version wrong"][0]["query"]["api-version"]
    assert {"runId", "scanLevel"} == set(found["api-version dropped"][0]["query"])
    assert {"runId", "scanLevel", "api-version", "noSuchName"} == set(
        found["unknown query name"][0]["query"]
    )
    assert found["method"][0]["method"] in ("GET", "PUT", "PATCH", "DELETE")
    assert "/url" == found["path literal"][1]
    assert not any("body" in kind for kind in found)


def test_shares() -> None:
    records = good("pds")
    found = measure(
        records, 1, {"all": lambda bad: [True] * len(bad), "none": lambda bad: [False] * len(bad)}
    )
    assert Share(3, {"all": 3, "none": 0}) == found["method"]
    assert Share(0, {"all": 0, "none": 0}) == found["body missing"]
    assert ["method", "3", "100.0%", "0.0%"] == text(found).splitlines()[1].split()


def test_our_validator_passes_the_good_ones_and_points_at_the_spot_of_the_spoiled_ones() -> None:
    found = {kind: [0, 0, 0] for kind in KINDS}
    for plane in MANIFEST.planes:
        for one in good(plane.name):
            assert (one["op"], []) == (one["op"], ours.judge(one))
            for kind, bad, pointer in spoil(one, random.Random(4)):
                spots = ours.judge(bad)
                for i, yes in enumerate((True, bool(spots), pointer in spots)):
                    found[kind][i] += yes
    assert {} == {
        kind: n
        for kind, n in found.items()
        if min(n[1:]) < 0.98 * n[0] or n[1] < 0.99 * n[0] or not n[0]
    }

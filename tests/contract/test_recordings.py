"""Exchanges of the live services, where they lie beside the checkout: sent as they were sent, and
read without loss.

Each is read by the version that it was recorded with, and by the default one where that has the
operation, sync and async.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs
import httpx
import pytest

from purview_core import HttpError, to_json
from purview_core.model.codec import codec

from .calling import MODES, Caller, Case, Service, Version, of_plane
from .corpus import ROOT
from .sampling import Json
from .walking import copies, models

pytestmark = pytest.mark.level("L2")

CORPUS = ROOT.parent / "shared" / "recordings" / "corpus"
FILES = sorted(CORPUS.glob("*.json"))
# else the first step of a path is the plane's name
PLANES = {
    "scan": "scanning",
    "policyStore": "metadata_policies",
}
FIRST_STEPS = {"account", "catalog", "datamap", "policyStore", "scan", "share", "workflow"}
# "plane version Schema.member" that a model still does not name, and why.
UNKNOWN = {
    "scanning * TriggerRecurrence.timezone": (
        "the documents spell it timeZone, and only models that know the spelling of the "
        "service have it"
    ),
    (
        "share 2023-05-30-preview *"
    ): "the plane was made anew in 2023: what 2021-09 says of a share has no place there",
}


@attrs.frozen
class Exchange:
    """One file: what was sent, and what came."""

    name: str
    plane: str
    path: str
    query: tuple[tuple[str, str], ...]
    version: str | None
    request: Json
    response: Json

    def __str__(self) -> str:
        return self.name


def exchange(name: str, raw: Json) -> Exchange:
    """Old hosts held one plane each, and account once had no first step of its own: the path as the
    product sends it.
    """
    parts = urlsplit(raw["request"]["url"])
    path = f"/scan{parts.path}" if ".scan.purview" in parts.netloc else parts.path
    path = path if path.split("/")[1] in FIRST_STEPS else f"/account{path}"
    query = parse_qsl(parts.query, keep_blank_values=True)
    first = path.split("/")[1]
    others = tuple(pair for pair in query if pair[0] != "api-version")
    version = dict(query).get("api-version")
    return Exchange(
        name, PLANES.get(first, first), path, others, version, raw["request"], raw["response"]
    )


def exchanges() -> list[Exchange]:
    return [exchange(file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in FILES]


def readers(found: Exchange) -> Iterator[Version]:
    """The version it was recorded with, and the default one."""
    every = of_plane(found.plane)
    own = [v for v in every if v.document.version == found.version]
    default = [v for v in every if v.document.default]
    yield from dict.fromkeys(own + default)


def operation(version: Version, found: Exchange) -> tuple[Case, Json] | None:
    """The operation whose path has the fewest holes, and what stands in them."""
    hits = []
    for case in version.cases:
        if case.method.upper() != found.request["method"]:
            continue
        template = re.escape(case.operation.path.rstrip("/") or "/")
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", template) + "/?"
        if fits := re.fullmatch(pattern, found.path) or re.fullmatch(
            pattern, found.path.replace("/:", ":")
        ):
            hits.append(
                (
                    case.operation.path.count("{"),
                    case,
                    {k: unquote(v) for k, v in fits.groupdict().items()},
                )
            )
    return min(hits, key=lambda hit: hit[0])[1:] if hits else None


def parameters(case: Case, found: Exchange, holes: Json) -> Json:
    """The recorded values, typed; what the operation does not declare is left out."""
    out = dict(holes)
    for p in case.operation.parameters:
        texts = [value for name, value in found.query if name == p.wire_name]
        if texts and p.type.startswith("list["):
            out[p.wire_name] = texts
        elif texts:
            kinds: dict[str, Any] = {
                "int": int,
                "float": float,
                "bool": lambda text: text.lower() == "true",
            }
            out[p.wire_name] = kinds.get(p.type.split(" | ")[0], str)(texts[0])
        elif p.wire_name in found.request["headers"]:
            out[p.wire_name] = found.request["headers"][p.wire_name]
    return out


def answer(found: Exchange) -> Any:
    """The recorded answer, headers included, but for the length of a body that is written anew."""
    headers = {k: v for k, v in found.response["headers"].items() if k.lower() != "content-length"}
    body = found.response["body"]
    content = b"" if body is None else json.dumps(body).encode()
    return lambda _: httpx.Response(found.response["status"], headers=headers, content=content)


@pytest.mark.skipif(not FILES, reason="no recordings of the live services beside the checkout")
@pytest.mark.parametrize("mode", MODES)
def test_every_exchange_is_sent_and_read_as_it_was(mode: str) -> None:
    read = whole = refused = 0
    unknown: set[str] = set()
    for found in exchanges():
        for version in readers(found):
            if (hit := operation(version, found)) is None:
                assert found.version != version.document.version, found
                continue
            case, holes = hit
            with Caller(version, service := Service(answer(found)), mode) as caller:
                value = _called(caller, case, found, holes)
            assert spelled(service.last.url.path) == spelled(found.path), found
            read += 1
            if found.response["status"] >= 400:
                refused += 1
            elif value is not None:
                whole += 1
                _compare(value, found.response["body"], str(found))
                unknown |= {f"{version} {name}" for name in unknown_members(value)}
    print(f"\n{len(FILES)} exchanges read {read} times, {whole} bodies, {refused} refusals")
    assert read > len(FILES) <= whole
    assert set() == {
        name for name in unknown if not any(fnmatchcase(name, known) for known in UNKNOWN)
    }


def spelled(path: str) -> str:
    """A path without what both sides take: an end of its own, and a slash before a verb."""
    return unquote(path).replace("/:", ":").rstrip("/")


def _called(caller: Caller, case: Case, found: Exchange, holes: Json) -> Any:
    """The value of a call by the recorded arguments; of one that was refused, None once the error
    says what was answered.
    """
    body = found.request["body"]
    given = {"file": ("f.csv", body.encode(), "text/csv")} if isinstance(body, str) else body
    arguments = parameters(case, found, holes)
    if found.response["status"] < 400:
        return caller.done(caller.client.call(case.id, arguments, given)).parsed
    with pytest.raises(HttpError) as caught:
        caller.done(caller.client.call(case.id, arguments, given))
    told = found.response["body"].get("error", found.response["body"])
    assert found.response["status"] == caught.value.status_code, found
    assert caught.value.code == (told.get("code") or told.get("errorCode")), found
    return None


def _compare(value: Any, body: Any, where: str) -> None:
    """Equal, with the order of members and the form of numbers, before and after all of it was
    read, and in copies.
    """
    assert json.dumps(body) == json.dumps(to_json(value)), where
    for model in models(value):
        assert repr(model)
        for _, other in copies(model):
            assert model.to_dict() == other.to_dict(), where
    assert json.dumps(body) == json.dumps(to_json(value)), where


def unknown_members(value: Any) -> Iterator[str]:
    for model in models(value):
        known = codec(type(model)).known
        yield from (
            f"{type(model).__name__}.{name}" for name in model.to_dict() if name not in known
        )


@pytest.mark.skipif(not FILES, reason="no recordings of the live services beside the checkout")
@pytest.mark.parametrize("mode", MODES)
def test_every_recorded_body_is_sent_by_a_model_as_it_was(mode: str) -> None:
    """What was sent, as the model that the method takes: the same JSON goes out, less what only the
    service writes.
    """
    counted = 0
    for found in exchanges():
        sent = found.request["body"]
        if not isinstance(sent, (dict, list)):
            continue
        for version in readers(found):
            if (hit := operation(version, found)) is None:
                continue
            case, holes = hit
            body = case.loaded(sent)
            with Caller(version, service := Service(answer(found)), mode) as caller:
                caller.done(caller.client.call(case.id, parameters(case, found, holes), body))
            left = {
                f.wire
                for model in models(body)
                for f in codec(type(model)).fields.values()
                if f.read_only
            }
            assert less(sent, left) == less(json.loads(service.last.content), left), found
            counted += 1
    print(f"\n{counted} bodies")
    assert counted > 15


def less(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {k: less(v, names) for k, v in value.items() if k not in names}
    return [less(item, names) for item in value] if isinstance(value, list) else value

"""What must not show, by every operation of every version: token, bodies both ways, query values,
cookies.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from purview_codegen.package.adapter import operations_of
from purview_core import NO_RETRY, DecodeError, HttpError, PurviewError, TransportError
from purview_core.manifest import Document
from purview_core.model.codec import Registry

from .corpus import contract, documents, manifest, package
from .sampling import Json, Sampler

pytestmark = pytest.mark.level("L1")

CANARY = "canary7f3a"


class Canaries(Sampler):
    """Every free text is a canary."""

    def sample(self, schema: Json, seen: tuple[str, ...] = ()) -> Any:
        value = super().sample(schema, seen)
        return CANARY if value == "a b/ä" else value


class Token(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {CANARY}-token"
        yield request


def _refused(request: httpx.Request) -> httpx.Response:
    headers = {
        "set-cookie": f"s={CANARY}",
        "x-odd": CANARY,
        "www-authenticate": f'Bearer claims="{CANARY}"',
    }
    return httpx.Response(
        400, json={"error": {"code": "C", "message": "no"}, "echo": CANARY}, headers=headers
    )


def _half(status: int) -> Any:
    """JSON that was cut off: what a key stands in may come so."""
    return lambda _: httpx.Response(status, content=b'{"authKey1": "' + CANARY.encode())


def _cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("cut off", request=request)


@pytest.mark.row("T15")
@pytest.mark.parametrize("document", documents(), ids=str)
def test_no_canary_in_logs_and_errors(document: Document, caplog: pytest.LogCaptureFixture) -> None:
    plane, found = package(document), contract(document)
    title, names, secrets = manifest().plane(document.plane).title, Sampler(found), Canaries(found)
    caplog.set_level(logging.DEBUG)
    shown, failed = [], 0
    failures = {
        _refused: HttpError,
        _half(500): HttpError,
        _half(200): DecodeError,
        _cut_off: TransportError,
    }
    for answer, kind in failures.items():
        transport = httpx.MockTransport(answer)
        with getattr(plane, f"{title}Client")(
            "contoso", transport=transport, auth=Token(), retry=NO_RETRY
        ) as client:
            for _, _, operation in operations_of(found):
                declared = plane.OPERATIONS[operation["operationId"]]
                if kind is DecodeError and "bytes" in declared.types.values():
                    continue  # any bytes are an answer
                arguments, body = _given(declared, operation, names, secrets)
                with pytest.raises(PurviewError) as caught:
                    client.call(declared.id, arguments, body)
                assert isinstance(caught.value, kind)
                shown += [
                    str(caught.value),
                    repr(caught.value),
                    *traceback.format_exception(caught.value),
                ]
                failed += 1
    files = sum("bytes" in declared.types.values() for declared in plane.OPERATIONS.values())
    assert (
        4 * len(plane.OPERATIONS) - files
        == failed
        == sum("attempt 1:" in r.getMessage() for r in caplog.records)
    )
    assert [] == [text for text in (*shown, caplog.text) if CANARY in text]


def _given(declared: Any, operation: Json, names: Sampler, secrets: Sampler) -> tuple[Json, Any]:
    facts = {(p["in"], p["name"]): p["schema"] for p in operation["parameters"]}
    arguments = {
        p.wire_name: (names if p.location == "path" else secrets).sample(
            facts[p.location, p.wire_name]
        )
        for p in declared.arguments
    }
    if declared.body is None:
        return arguments, None
    if declared.body.fields:
        return arguments, {
            f.wire_name: ("terms.csv", CANARY.encode()) for f in declared.body.fields
        }
    raw = secrets.sample(next(iter(operation["requestBody"]["content"].values()))["schema"])
    load = Registry.get(declared.models).loader(declared.body.type)
    return arguments, load(raw) if load else raw

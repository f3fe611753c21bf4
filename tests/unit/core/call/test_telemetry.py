"""Spans of calls, where a program has OpenTelemetry loaded; nothing where it has not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.unit.core.support import ENDPOINT, Recorder, quick

from purview_core import ConnectError, NotFoundError
from purview_dataplane.scanning import AsyncScanningClient, ScanningClient

GOOD = httpx.Response(200, json={"kind": "AdlsGen2Msi", "name": "n"})


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    trace = pytest.importorskip("opentelemetry.trace", reason="OpenTelemetry is not installed")
    pytest.importorskip("opentelemetry.propagate")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


@pytest.mark.row("T16")
def test_a_call_is_one_span(spans: Any) -> None:
    recorder = Recorder(httpx.Response(503), GOOD)
    client, _ = quick(ScanningClient(ENDPOINT, transport=recorder.sync))
    client.scans.get("secret-source", "n")
    (span,) = spans.get_finished_spans()
    sent = recorder.seen[0].headers
    expected = {
        "http.request.method": "GET",
        "server.address": "contoso.purview.azure.com",
        "url.template": "/scan/datasources/{dataSourceName}/scans/{scanName}",
        "az.namespace": "Microsoft.Purview",
        "az.client_request_id": sent["x-ms-client-request-id"],
        "purview.plane": "scanning",
        "purview.operation": "Scans_Get",
        "http.request.resend_count": 1,
        "http.response.status_code": 200,
    }
    assert ("Scans_Get", "CLIENT", expected) == (span.name, span.kind.name, dict(span.attributes))
    assert (
        f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}" == sent["traceparent"][:-3]
    )
    assert span.status.is_ok or span.status.status_code.name == "UNSET"


@pytest.mark.row("T16")
@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [(httpx.Response(404), NotFoundError, 404), (httpx.ConnectError("no"), ConnectError, None)],
)
def test_a_failure_is_on_the_span(
    spans: Any,
    answer: Any,
    kind: type[Exception],
    status: int | None,
) -> None:
    async def story() -> None:
        client, _ = quick(
            AsyncScanningClient(ENDPOINT, transport=Recorder(answer).both, headers={"x-mine": "1"})
        )
        with pytest.raises(kind):
            await client.scans.get("s", "n")

    asyncio.run(story())
    (span,) = spans.get_finished_spans()
    assert ("ERROR", status) == (
        span.status.status_code.name,
        span.attributes.get("http.response.status_code"),
    )
    assert str(status or "ConnectError") == span.attributes["error.type"]
    assert () == span.events  # an exception's text may name what it should not


@pytest.mark.row("T16")
def test_nothing_is_loaded_for_it() -> None:
    code = """if True:
        import sys, httpx
        from purview_dataplane.scanning import ScanningClient
        answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"kind": "New"}))
        ScanningClient("contoso", transport=answer).scans.get("s", "n")
        print(sorted(m for m in sys.modules if m.startswith("opentelemetry")))
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert (b"[]\n", b"") == (done.stdout, done.stderr)

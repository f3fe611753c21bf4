"""prism as second judge: one process for a document, converted to OpenAPI 3, that every recorded
request is sent to.

It has no intent, so it cannot tell a wrong operation, and it knows neither read-only members nor
those of subtypes; but it refuses null and what is no value of an enum. 401, 404, 405, 415 and 422
are its refusals; any other answer, also one of 500, comes after the request was accepted.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from .live import Json
from .oav import Case
from .tools import NotRunError, node

REFUSED = {401, 404, 405, 415, 422}
_START_S, _ANSWER_S, _PAUSE_S = 60.0, 60.0, 0.1
_OWN_HEADERS = {"host", "content-length", "connection", "accept-encoding", "user-agent"}


def judge(
    case: Case, records: Sequence[Json], modules: Path, scratch: Path
) -> list[tuple[str, ...]]:
    """For each record the reasons to refuse it that no overlay declares; none if it is accepted."""
    document = converted(case, modules, scratch)
    with served(document, modules) as url, httpx.Client(base_url=url, timeout=_ANSWER_S) as client:
        found = [_judged(client, case.base, record["liveRequest"]) for record in records]
    return [
        tuple(
            reason
            for reason in reasons
            if not any(departure.covers_reason(record, reason) for departure in case.departures)
        )
        for record, reasons in zip(records, found, strict=True)
    ]


def converted(case: Case, modules: Path, scratch: Path) -> Path:
    """The document as OpenAPI 3, without its examples: they lie in other files, and prism would
    answer with them.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    source, target = scratch / "swagger.json", scratch / "openapi.json"
    source.write_text(json.dumps(prepared(case.upstream.document)))
    target.unlink(missing_ok=True)
    script = modules / "node_modules" / "swagger2openapi" / "swagger2openapi.js"
    command = [node(), str(script), "--patch", "--warnOnly", str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not target.exists():
        raise NotRunError(
            f"swagger2openapi could not convert {case.name}: {(done.stderr or done.stdout)[:200]}"
        )
    return target


@contextmanager
def served(document: Path, modules: Path) -> Generator[str]:
    """The address of a prism that serves a document; the process is gone afterwards, whatever
    happened.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = modules / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = [
        node(),
        str(script),
        "mock",
        "--errors",
        "-d",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        str(document),
    ]
    log = document.with_name("prism.log")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        ) as process,
    ):
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(_PAUSE_S)
        else:
            return
    raise NotRunError(f"prism did not start: {log.read_text()[-300:].strip()}")


def _judged(client: httpx.Client, base: str, request: Json) -> tuple[str, ...]:
    url = urlsplit(request["url"])
    path = url.path.removeprefix(base) + ("?" + url.query if url.query else "")
    headers = {n: v for n, v in request["headers"].items() if n not in _OWN_HEADERS} | {
        "authorization": "Bearer judge"
    }
    try:
        response = client.request(
            request["method"], path, headers=headers, content=_content(request)
        )
    except httpx.HTTPError as error:
        return (f"no answer: {type(error).__name__}: {error}",)
    if response.status_code not in REFUSED:
        return ()
    try:
        found = json.loads(response.headers.get("sl-violations", "[]"))
    except ValueError:
        found = []
    reasons = [
        f"{'.'.join(map(str, v['location']))}: {v['message']}"
        for v in found
        if v["severity"] == "Error"
    ]
    return tuple(f"{response.status_code} {reason}" for reason in reasons or [response.text[:200]])


def _content(request: Json) -> bytes | None:
    """The body as it went out: JSON written again, anything else as it was."""
    if "body" not in request:
        return None
    is_json = "json" in request["headers"].get("content-type", "")
    return json.dumps(request["body"]).encode() if is_json else str(request["body"]).encode()


def prepared(value: Any) -> Any:
    """A part of a document, without its examples, and with `readOnly` beside a reference put where
    OpenAPI 3.0 admits it.
    """
    if isinstance(value, list):
        return [prepared(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {k: prepared(v) for k, v in value.items() if k != "x-ms-examples"}
    if isinstance(out.get("$ref"), str) and out.get("readOnly") is True:
        return {"allOf": [{"$ref": out["$ref"]}], "readOnly": True}
    return out

"""Recordings of tests as records for the judges: what `--purview-record` and `serve --record`
wrote.

A line whose `op` is null is a call that no contract declares. That is right for the status of a
long-running operation: its address is one that the service gave, and these are counted. Any other
such line is a fault. The query of a link to a next page is the service's, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from purview_codegen.errors import UsageError
from purview_testing.pytest_plugin.recording import read_file

from .answers import NEXT
from .live import Json

_LINKS = ("operation-location", "azure-asyncoperation", "location")
_NOT_KEPT = (
    " bytes "  # "12 bytes of multipart/form-data; ..": a recording keeps bodies of JSON alone
)


@attrs.frozen
class Recorded:
    """`polls`: how many lines ask for the status of a long-running operation; `strange`: the other
    lines without an operation.
    """

    records: tuple[Json, ...]
    polls: int
    strange: tuple[str, ...]


def read(path: Path) -> Recorded:
    """The lines of a file, or of every .jsonl file below a folder; raises UsageError where there is
    none, or one is no recording.
    """
    files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    records, polls, strange = [], 0, []
    for file in files:
        links: set[str] = set()
        for line, where in _lines(file):
            if line["op"] is not None:
                followed = line["liveRequest"]["url"] in links
                records.append({**_record(line, where), "followed": followed})
            elif _path(line["liveRequest"]["url"]) in links:
                polls += 1
            else:
                request = line["liveRequest"]
                strange.append(
                    f"{where}: {request['method']} {_path(request['url'])} is of no operation"
                )
            links |= set(_given(line["liveResponse"]))
    if not records:
        raise UsageError(f"{path}: no recorded call; name a recording, or a folder of recordings")
    return Recorded(tuple(records), polls, tuple(strange))


def _lines(file: Path) -> Iterator[tuple[Json, str]]:
    for line in read_file(file):
        yield line, f"{file.name}:{line['line']}"


def _given(answer: Json) -> Iterator[str]:
    """The addresses of an answer: of a status without its query, of a next page whole."""
    headers, body = answer.get("headers", {}), answer.get("body")
    yield from (_path(headers[name]) for name in _LINKS if name in headers)
    yield from (
        body[name] for name in NEXT if isinstance(body, dict) and isinstance(body.get(name), str)
    )


def _path(url: str) -> str:
    """Without the query, which one service encodes as part of the path."""
    return unquote(urlsplit(url).path).partition("?")[0]


def _record(line: Json, where: str) -> Json:
    sides: dict[str, Any] = {side: _present(line[side]) for side in ("liveRequest", "liveResponse")}
    body = line["liveRequest"].get("body")
    whole = not (isinstance(body, str) and _NOT_KEPT in body)
    return {
        "doc": line["doc"].replace("@", " "),
        "op": line["op"],
        "pass": where,
        "whole": whole,
        **sides,
    }


def _present(side: Json) -> Json:
    """A body that is null is none."""
    return {name: value for name, value in side.items() if name != "body" or value is not None}

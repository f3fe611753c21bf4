"""What the sandbox itself has sent may come back: get, change, put back works with what live answers hold beyond the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import Problem, Request, Response
from purview_testing.contracts.samples import resolve
from purview_testing.contracts.schema_check import Departure, escape

_INDEX = re.compile(r"/\d+(?=/|$)")
_SENT = ("null", "unknown", "enum")  # what live answers hold beyond a contract


def without_returned(
    get: Callable[[Request], Response],
    request: Request,
    places: Sequence[tuple[str, str, str]],
    body: Any,
    departures: Sequence[Departure],
) -> tuple[Departure, ...]:
    """The departures without those nulls and unknown members that the resource was last sent with, at the same place in it."""
    if body is None or not any(d.place == "body" and d.kind in _SENT for d in departures):
        return tuple(departures)
    sent = {
        place
        for path, inside, at in places or [(request.raw_path, "", "")]
        for place in _places(resolve(_read(get, request, path), inside)[1], at)
    }
    return tuple(d for d in departures if not _is_sent(d, body, sent))


def _is_sent(departure: Departure, body: Any, sent: set[tuple[str, bytes]]) -> bool:
    there, value = resolve(body, departure.where)
    return (
        departure.place == "body"
        and departure.kind in _SENT
        and there
        and (_any(departure.where), dumps(value)) in sent
    )


def _read(get: Callable[[Request], Response], request: Request, path: str) -> Any:
    try:
        response = get(replace(request, method="GET", raw_path=path, headers={}, content=b""))
        return response.json() if response.status == 200 else None
    except (Problem, ValueError):
        return None


def _places(value: Any, pointer: str) -> Iterator[tuple[str, bytes]]:
    """Every place in a value, without the numbers of items, and what is there."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{pointer}/0")
    yield _any(pointer), dumps(value)


def _any(pointer: str) -> str:
    return _INDEX.sub("/*", pointer)

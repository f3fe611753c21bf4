"""What the sandbox itself has sent may come back.

Live answers hold nulls, members and kinds that no contract has. A caller that reads, changes a
member and writes back sends them too, and is not to blame for them.
"""

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
_BEYOND = ("null", "unknown", "enum")  # kinds of departures that live answers have, too


def without_returned(
    get: Callable[[Request], Response],
    request: Request,
    places: Sequence[tuple[str, str, str]],
    body: Any,
    departures: Sequence[Departure],
) -> tuple[Departure, ...]:
    """Returns the departures without those that the caller has from an answer.

    A null, an unknown member or an unknown kind is one of them if the resource was last sent with
    the same value at the same place.

    Args:
        get: Answers a GET.
        request: The request that departs from its contract.
        places: Where the parts of the body are read, if not at the request's own address: the path,
            the pointer there, and the pointer into the body.
        body: The JSON value of the request's body.
        departures: The departures of the request.
    """
    if body is None or not any(d.place == "body" and d.kind in _BEYOND for d in departures):
        return tuple(departures)
    sent = {
        place
        for path, inside, at in places or [(request.raw_path, "", "")]
        for place in _places(resolve(_read(get, request, path), inside)[1], at)
    }
    return tuple(d for d in departures if not _is_sent(d, body, sent))


def _is_sent(departure: Departure, body: Any, sent: set[tuple[str, bytes]]) -> bool:
    """Whether a departure is one of the values that were sent, each with its place."""
    there, value = resolve(body, departure.where)
    return (
        departure.place == "body"
        and departure.kind in _BEYOND
        and there
        and (_without_indices(departure.where), dumps(value)) in sent
    )


def _read(get: Callable[[Request], Response], request: Request, path: str) -> Any:
    """Returns what a GET of a path answers; None where it does not succeed."""
    try:
        response = get(replace(request, method="GET", raw_path=path, headers={}, content=b""))
        return response.json() if response.status == 200 else None
    except (Problem, ValueError):
        return None


def _places(value: Any, pointer: str) -> Iterator[tuple[str, bytes]]:
    """Yields every place in a value, without the indices of lists, and what is there."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{pointer}/0")
    yield _without_indices(pointer), dumps(value)


def _without_indices(pointer: str) -> str:
    return _INDEX.sub("/*", pointer)

"""What the sandbox itself has sent may come back.

Live answers hold nulls, members and kinds that no contract has. A caller that reads, changes a
member and writes back sends them too, and is not to blame for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import Problem, RequestMessage, ResponseMessage
from purview_testing.contracts.samples import resolve
from purview_testing.contracts.schema_check import ContractViolation, escape

_INDEX = re.compile(r"/\d+(?=/|$)")
_BEYOND = ("null", "unknown", "enum")  # kinds of violations that live answers have, too


class ReadPlace(NamedTuple):
    """Where a thing that a body describes is read.

    Attributes:
        path: The path of a GET that answers with it.
        there: The pointer to it in the answer.
        in_body: The pointer to it in the body; `/0` stands for every item of a list.
    """

    path: str
    there: str = ""
    in_body: str = ""


def without_returned(
    get: Callable[[RequestMessage], ResponseMessage],
    request: RequestMessage,
    places: Sequence[ReadPlace],
    body: Any,
    violations: Sequence[ContractViolation],
) -> tuple[ContractViolation, ...]:
    """Returns the violations without those that the caller has from an answer.

    A null, an unknown member or an unknown kind is one of them if the resource was last sent with
    the same value at the same place.

    Args:
        get: Answers a GET.
        request: The request that departs from its contract.
        places: Where the things in the body are read, if not at the request's own address.
        body: The JSON value of the request's body.
        violations: The violations of the request.
    """
    if body is None or not any(d.place == "body" and d.kind in _BEYOND for d in violations):
        return tuple(violations)
    sent: set[tuple[str, bytes]] = set()
    for place in places or [ReadPlace(request.raw_path)]:
        _, value = resolve(_read(get, request, place.path), place.there)
        sent.update(_values(value, place.in_body))
    return tuple(d for d in violations if not _is_sent(d, body, sent))


def _is_sent(violation: ContractViolation, body: Any, sent: set[tuple[str, bytes]]) -> bool:
    """Whether a violation is one of the values that were sent, each with its place."""
    there, value = resolve(body, violation.where)
    return (
        violation.place == "body"
        and violation.kind in _BEYOND
        and there
        and (_without_indices(violation.where), dumps(value)) in sent
    )


def _read(
    get: Callable[[RequestMessage], ResponseMessage], request: RequestMessage, path: str
) -> Any:
    """Returns what a GET of a path answers; None where it does not succeed."""
    try:
        response = get(replace(request, method="GET", raw_path=path, headers={}, content=b""))
        return response.json() if response.status == 200 else None
    except (Problem, ValueError):
        return None


def _values(value: Any, pointer: str) -> Iterator[tuple[str, bytes]]:
    """Yields every place in a value, without the indices of lists, and what is there."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _values(item, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, f"{pointer}/0")
    yield _without_indices(pointer), dumps(value)


def _without_indices(pointer: str) -> str:
    return _INDEX.sub("/*", pointer)

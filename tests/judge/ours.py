"""Our own validator as a judge: what it finds amiss with a recorded request, as JSON pointers into
`liveRequest`.

It is what the sandbox judges by, so it is on trial here, not a judge of the clients.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from purview_testing.contracts.judge import Validator
from purview_testing.contracts.messages import RequestMessage
from purview_testing.contracts.schema_check import ContractViolation, escape

from .live import Json


def judge(record: Json) -> list[str]:
    """The spot of each violation, for the operation that was meant."""
    found = _validator(record["doc"]).request(
        request(record["liveRequest"]), operation=record["op"]
    )
    return [pointer(d) for d in found.violations]


def noticed(records: Sequence[Json]) -> list[bool]:
    return [bool(judge(r)) for r in records]


def pointed(records: Sequence[Json]) -> list[bool]:
    """Whether the spot that was spoiled is among those found."""
    return [r["spot"] in judge(r) for r in records]


@cache
def _validator(doc: str) -> Validator:
    return Validator([doc.replace(" ", "@")])


def request(live: Json) -> RequestMessage:
    """A recorded request as it went out."""
    content = b""
    if "body" in live:
        text = "json" in live["headers"].get("content-type", "") or not isinstance(
            live["body"], str
        )
        content = (json.dumps(live["body"]) if text else live["body"]).encode()
    return RequestMessage.of(live["method"], live["url"], live["headers"], content)


def pointer(violation: ContractViolation) -> str:
    where = violation.where
    if violation.place == "body":
        return f"/body{where}"
    if violation.place in ("query", "header"):
        return f"/{'headers' if violation.place == 'header' else 'query'}/{escape(where)}"
    return "/method" if violation.place == "method" else "/url"

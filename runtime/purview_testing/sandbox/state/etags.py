"""Entity tags: what tells one state of a resource from another, and conditions on it."""

from __future__ import annotations

import hashlib
from typing import Any

from purview_core.model.json_text import dumps
from purview_testing.contracts.messages import Problem
from purview_testing.sandbox.call import Call


def etag_of(value: Any) -> str:
    """Returns the entity tag of a value: a hash of its JSON."""
    return f'"{hashlib.sha256(dumps(value)).hexdigest()[:16]}"'


def etag_header(call: Call, status: int, value: Any) -> dict[str, str]:
    """Returns the ETag header of an answer, where the contract declares one for its status."""
    declared = call.operation.answers.get(str(status))
    return {"ETag": etag_of(value)} if declared and "ETag" in declared.headers else {}


def check_if_match(call: Call, old: Any) -> None:
    """Raises a 412 where If-Match demands another state than the stored one.

    `old` is the stored value; None where there is none.
    """
    wanted = call.request.headers.get("if-match")
    if wanted is None or (call.settings.fill and old is None):
        return
    if old is None or (wanted != "*" and wanted != etag_of(old)):
        raise Problem(
            412,
            "PreconditionFailed",
            "The resource has another etag, or is not there; read it again.",
        )

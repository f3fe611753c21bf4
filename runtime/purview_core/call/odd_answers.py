"""Whether the JSON of a good answer is what the operation gives at all. Within it, decoding takes
everything as it comes.

| declared  | came                                                          | is                  |
|-----------|---------------------------------------------------------------|---------------------|
| anything  | an error object, of which the type knows no member            | the service's error |
| an object | text, a number, a list; `{"value": ..}` around something else | no answer to this   |
| a list    | anything but a list                                           | no answer to this   |
| an object | `{}`, unknown members alone, a few of the known ones          | such an object      |
| a scalar  | anything                                                      | as it came          |

What a write gives back is its receipt: a list in place of it does not undo what was done, and is
taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from purview_core.errors import HttpError, error_class
from purview_core.model.codec import Coded, Registry, codec, normal, split_union
from purview_core.model.strict import shape_name

if TYPE_CHECKING:
    from purview_core.operation import Operation

# Members of error objects, of the services and of the frameworks that they stand on, in lower case.
_WORDS = frozenset(
    {"message", "error", "errors", "errormessage", "detail", "title", "exceptionmessage"}
)
_BESIDE = frozenset(
    {
        *(
            "code",
            "errorcode",
            "statuscode",
            "status",
            "type",
            "target",
            "details",
            "innererror",
            "cause",
            "success",
        ),
        *(
            "requestid",
            "activityid",
            "traceid",
            "correlationid",
            "correlation_id",
            "trace_id",
            "timestamp",
            "path",
        ),
        *(
            "instance",
            "messagedetail",
            "exceptiontype",
            "stacktrace",
            "error_description",
            "error_codes",
            "error_uri",
        ),
    }
)
_WRAPPED = ("value", "values")
_AROUND = frozenset(
    {*_WRAPPED, "nextLink", "count", "totalCount", "skipToken", "continuationToken"}
)


def error_in(
    operation: Operation[Any], status: int, value: Any, known: frozenset[str], *, sure: bool
) -> HttpError | None:
    """The service's error, where that is what a good answer holds, and nothing that is `known` to
    what was expected. With `sure`, only an object that can be nothing else: `{"error": {..}}`, or
    with errorCode or errorMessage.
    """
    if not isinstance(value, dict) or known & value.keys():
        return None
    names = {name.lower(): x for name, x in value.items() if isinstance(x, (str, dict, list)) and x}
    if not {name.lower() for name in value} <= _WORDS | _BESIDE or not names.keys() & _WORDS:
        return None
    marked = isinstance(names.get("error"), dict) or {"errorcode", "errormessage"} & names.keys()
    if sure and not marked:
        return None
    hint = "This came with a good status, in place of what was asked for."
    return error_class(status)(
        status,
        operation_id=operation.id,
        method=operation.method,
        url=operation.path,
        headers={},
        body=value,
        hint=hint,
    )


def holds_others(operation: Operation[Any], text: str) -> bool:
    """Whether a type text speaks of objects and lists alone, so that an answer of another shape
    is none.
    """
    registry = Registry.get(operation.models)
    return all(
        registry.is_deep(o) or o.startswith(("list[", "dict[")) for o in split_union(normal(text))
    )


def odd_answer(operation: Operation[Any], text: str, value: Any, decoded: Any) -> str:
    """What is wrong with the JSON of an answer that cannot be what was declared; empty where it
    can.
    """
    options = split_union(normal(text))
    if value is None or not holds_others(operation, text):
        return ""
    shapes = {list if o.startswith("list[") else dict for o in options}
    # the pager takes its list by other names, and bare or wrapped, and refuses what is none
    if operation.paging:
        return (
            "" if value.__class__ in (list, dict) else f"the page is {shape_name(value)}, no list"
        )
    if value.__class__ not in shapes:
        return f"the answer is {shape_name(value)}, where {normal(text)} is declared"
    return _odd_object(operation, decoded, value) if isinstance(decoded, Coded) else ""


def _odd_object(operation: Operation[Any], decoded: Coded, value: Any) -> str:
    known, name = codec(type(decoded)), type(decoded).__name__
    if known.known & value.keys() or not known.fields:
        return ""
    reads = operation.method == "GET" or operation.retry_safe
    for wrapped in _WRAPPED:
        inner = value.get(wrapped)
        if inner is not None and value.keys() <= _AROUND and (reads or not isinstance(inner, list)):
            return f"the answer is {shape_name(inner)} in {wrapped!r}, where {name} is declared"
    return ""

"""The bytes of an answer to what the operation declares for its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .codec import Registry
from .errors import ContractError, DecodeError
from .jsontext import loads
from .strict import Departure, departures

if TYPE_CHECKING:
    from .operation import Operation

_SHOWN_BYTES = 60


def decode(
    operation: Operation[Any],
    status_code: int,
    content: bytes,
    *,
    content_type: str | None = None,
    strict: bool = False,
) -> Any:
    """What the answer is to Python: a model, a list, bytes of a file, or None where nothing came.

    A body where none is declared, or for a status of which nothing is known, is plain JSON. Lenient decoding refuses nothing
    but text that is no JSON (DecodeError). With `strict`, a value that is not what the operation declares raises
    ContractError, which carries the departures and the decoded value.
    """
    text = type_of(operation, status_code)
    if text == "bytes":
        return content
    if status_code == 202 and text == "None" and status_code not in operation.types:
        return (
            None  # it was taken, though nothing was declared to take time: a success, and the word on it is no result
        )
    if not content.strip():
        if strict and text not in (None, "None", "Any"):
            raise ContractError(operation.id, [Departure("", str(text), "nothing")], None)
        return None
    try:
        value = loads(content)
    except ValueError as error:
        raise DecodeError(_not_json(operation, status_code, content, content_type, error)) from None
    if text is None or text == "Any":
        return value
    registry = Registry.get(operation.models)
    load = registry.loader(text)
    decoded = load(value) if load else value
    if strict and (found := list(departures(registry, text, value))):
        raise ContractError(operation.id, found, decoded)
    return decoded


def type_of(operation: Operation[Any], status_code: int) -> str | None:
    """The type text for a status: its own, that of its class, for a success that of the nearest one, else the default's."""
    types = operation.types
    for key in (status_code, f"{status_code // 100}XX"):
        if key in types:
            return types[key]
    if 200 <= status_code < 300:
        good = {status: text for status, text in types.items() if isinstance(status, int) and 200 <= status < 300}
        typed = {status: text for status, text in good.items() if text != "None"} or good
        if typed:
            return typed[min(typed, key=lambda status: abs(status - status_code))]
    return types.get("default")


def _not_json(
    operation: Operation[Any], status_code: int, content: bytes, content_type: str | None, error: ValueError
) -> str:
    start = content[:_SHOWN_BYTES].decode("utf-8", "replace") + ("..." if len(content) > _SHOWN_BYTES else "")
    shown = (
        repr(start) if start.lstrip()[:1] not in "{[" else f"{len(content)} bytes"
    )  # a key may be in JSON that was cut off
    media = f" as {content_type}" if content_type else ""
    return f"{operation.id}: the answer to {status_code} came{media} and is no JSON ({error}): {shown}"

"""The bytes of an answer to what the operation declares for its status."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from purview_core.errors import ContractError, DecodeError, HttpError
from purview_core.model.codec import Coded, Registry, codec
from purview_core.model.depth import TooDeepError
from purview_core.model.json_text import loads
from purview_core.model.strict import Departure, departures
from purview_core.model.types import Load

from .odd_answers import error_in, holds_others, odd_answer

if TYPE_CHECKING:
    from purview_core.operation import Operation

_SHOWN_BYTES = 60
_ERROR_BYTES = 65_536
_NOTHING: frozenset[str] = frozenset()
_MAPS_OF_TEXT = ("dict[str, str]", "dict[str, Any]")


def decode(
    operation: Operation[Any],
    status_code: int,
    content: bytes,
    *,
    content_type: str | None = None,
    strict: bool = False,
) -> Any:
    """What the answer is to Python: a model, a list, bytes of a file, or None where nothing came.

    A body where none is declared, or for a status of which nothing is known, is plain JSON. Text
    that is no JSON or has too many levels, and what cannot be the answer, raises DecodeError; an
    error of the service that came with a good status HttpError. What is inside of the right answer
    is taken as it comes; with `strict`, what is not as declared in it raises ContractError, which
    carries the departures and the decoded value.
    """
    text = type_of(operation, status_code)
    if text == "bytes":
        if "json" in (content_type or ""):
            _raise_error_file(operation, status_code, content)
        return content
    if status_code == 202 and text == "None" and status_code not in operation.types:
        # it was taken, though nothing was declared to take time; the word on it is no result
        return None
    if not content.strip():
        if strict and text not in (None, "None", "Any"):
            raise ContractError(operation.id, [Departure("", str(text), "nothing")], None)
        return None
    value = _json(operation, status_code, content, content_type)
    if text in (None, "Any", "None") and status_code < 300:
        _raise_error(error_in(operation, status_code, value, _NOTHING, sure=True))
    if text is None or text == "Any":
        return value
    load = _decoder_of(operation.models, text)
    decoded = load(value) if load else value
    if status_code < 300 and text != "None":
        _check_answer(operation, status_code, text, value, decoded)
    if strict and (found := list(departures(Registry.get(operation.models), text, value))):
        raise ContractError(operation.id, found, decoded)
    return decoded


@cache
def _decoder_of(models: str, text: str) -> Load | None:
    """What decodes a type text of a package of models."""
    return Registry.get(models).loader(text)


def _json(
    operation: Operation[Any], status_code: int, content: bytes, content_type: str | None
) -> Any:
    try:
        return loads(content)
    except TooDeepError as error:
        raise DecodeError(f"{operation.id}: the answer to {status_code} is JSON {error}") from None
    except ValueError as error:
        raise DecodeError(_not_json(operation, status_code, content, content_type, error)) from None


def _check_answer(
    operation: Operation[Any], status_code: int, text: str, value: Any, decoded: Any
) -> None:
    """Raises where a good answer is none to what was asked."""
    known = codec(type(decoded)).known if isinstance(decoded, Coded) else _NOTHING
    if value.__class__ is dict and not known.isdisjoint(value):
        return  # it has a member of what was asked for
    if value.__class__ is dict:
        sure = not known and (not holds_others(operation, text) or text in _MAPS_OF_TEXT)
        _raise_error(error_in(operation, status_code, value, known, sure=sure))
    if odd := odd_answer(operation, text, value, decoded):
        error = DecodeError(f"{operation.id}: {odd}")
        error.body = value
        raise error


def _raise_error(error: HttpError | None) -> None:
    if error is not None:
        raise error


def _raise_error_file(operation: Operation[Any], status_code: int, content: bytes) -> None:
    """Raises the service's error where that came in place of a file."""
    if len(content) > _ERROR_BYTES or content.lstrip()[:1] != b"{":
        return
    with suppress(ValueError):
        _raise_error(error_in(operation, status_code, loads(content), _NOTHING, sure=True))


def type_of(operation: Operation[Any], status_code: int) -> str | None:
    """The type text for a status: its own, that of its class, for a success that of the nearest
    one, else the default's.
    """
    types = operation.types
    for key in (status_code, f"{status_code // 100}XX"):
        if key in types:
            return types[key]
    if 200 <= status_code < 300:
        good = {
            status: text
            for status, text in types.items()
            if isinstance(status, int) and 200 <= status < 300
        }
        typed = {status: text for status, text in good.items() if text != "None"} or good
        if typed:
            return typed[min(typed, key=lambda status: abs(status - status_code))]
    return types.get("default")


def _not_json(
    operation: Operation[Any],
    status_code: int,
    content: bytes,
    content_type: str | None,
    error: ValueError,
) -> str:
    start = content[:_SHOWN_BYTES].decode("utf-8", "replace") + (
        "..." if len(content) > _SHOWN_BYTES else ""
    )
    # a key may be in JSON that was cut off
    shown = repr(start) if start.lstrip()[:1] not in "{[" else f"{len(content)} bytes"
    media = f" as {content_type}" if content_type else ""
    return (
        f"{operation.id}: the answer to {status_code} came{media} and is no JSON ({error}): {shown}"
    )

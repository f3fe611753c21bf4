"""What a long-running operation ends with, by its declaration, and whether an answer is that
already.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from purview_core.call.decoding import type_of
from purview_core.model.codec import Registry, codec
from purview_core.operation import Operation

from .outcome import ACCEPTED, OperationStatus, body_of, holds_status, id_of, is_result, status_of


def only_taken(operation: Operation[Any], answer: httpx.Response) -> OperationStatus | None:
    """What a call by operationId gives for a first answer that tells a status, where a resource
    is declared; else None.
    """
    body, text = body_of(answer), type_of(operation, answer.status_code)
    if operation.polling is None or body is None or text in (None, "None", "Any"):
        return None
    if status_class(operation, answer.status_code) or is_declared(operation, answer):
        return None
    ask_with = operation.polling.ask_with
    return OperationStatus(
        status_of(body) or ACCEPTED, id_of(body, answer.headers), body, ask_with=ask_with
    )


def is_declared(operation: Operation[Any], answer: httpx.Response) -> bool:
    """Whether an answer is what the operation ends with."""
    text, body = result_type(operation, answer.status_code), body_of(answer)
    if text == "bytes":
        return answer.status_code != 202 and status_of(body) is None
    if not isinstance(body, dict) and any(_classes(operation, text)):
        return False
    return is_result(body, decoded(operation, answer))


def result_type(operation: Operation[Any], status_code: int) -> str:
    """The type text of what an operation ends with; "None" for nothing."""
    polling = operation.polling
    return (polling.result if polling else None) or type_of(operation, status_code) or "None"


def status_class(operation: Operation[Any], status_code: int) -> bool:
    """Whether the declared result is itself a status."""
    kinds = list(_classes(operation, result_type(operation, status_code)))
    return any(holds_status(codec(kind).known) for kind in kinds)


def _classes(operation: Operation[Any], text: str) -> Iterator[type[Any]]:
    registry = Registry.get(operation.models)
    for name in text.split(" | "):
        if registry.names.get(name, "enums") != "enums":
            yield registry.class_of(name)


def decoded(operation: Operation[Any], answer: httpx.Response, instead: Any = None) -> Any:
    """The body of an answer, or what stands for it, as the type that the operation ends with."""
    text = result_type(operation, answer.status_code)
    value = body_of(answer) if instead is None else instead
    if text == "bytes":
        return answer.content
    if text == "None":
        return None
    load = Registry.get(operation.models).loader(text) if text != "Any" else None
    return load(value) if load else value

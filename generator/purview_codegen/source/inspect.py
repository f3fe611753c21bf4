"""What a document says of itself, and whether it can be trusted to be whole: pure, on bytes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import attrs

from purview_codegen.errors import IntegrityError
from purview_codegen.openapi import METHODS
from purview_codegen.pointer import Json, find, join, step

DEEPEST = 200  # levels; 15 are usual, and what works on a document goes down it by recursion
_TORN = re.compile("[\ud800-\udfff]")


@attrs.frozen
class DocumentFacts:
    """Size and content of a document; `examples` are the example files its operations name,
    relative to it.
    """

    sha256: str
    bytes: int
    operations: int
    definitions: int
    examples: tuple[str, ...]


def inspect(content: bytes, name: str) -> DocumentFacts:
    """The facts of a document.

    Raises IntegrityError for broken JSON, a dangling reference or an operationId used twice.
    """
    try:
        return _facts(content, name)
    except RecursionError:  # of the parser, far beyond our own limit
        raise _too_deep(name) from None
    except (AttributeError, TypeError, ValueError) as error:  # laid out as no document is
        raise IntegrityError(f"{name} is no OpenAPI document: {error}") from None


def _too_deep(name: str) -> IntegrityError:
    return IntegrityError(
        f"{name} is nested deeper than {DEEPEST} levels; give the inner schemas names of their own"
    )


def _facts(content: bytes, name: str) -> DocumentFacts:
    document = parse(content, name)
    _references(document, name)
    operations = list(_operations(document, name))
    schemas = document.get("definitions") or document.get("components", {}).get("schemas", {})
    examples = {
        e["$ref"] for op in operations for e in op.get("x-ms-examples", {}).values() if "$ref" in e
    }
    digest = hashlib.sha256(content).hexdigest()
    return DocumentFacts(
        digest, len(content), len(operations), len(schemas), tuple(sorted(examples))
    )


def parse(content: bytes, name: str) -> Json:
    """The JSON object in `content`; raises IntegrityError with the offset where it breaks."""
    try:
        document = json.loads(content, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{name} is not UTF-8 at byte {error.start}; fetch it again") from None
    except json.JSONDecodeError as error:
        if error.pos == 0 and content:
            raise IntegrityError(
                f"{name} is no JSON; a document in YAML has to be made JSON first"
            ) from None
        raise IntegrityError(
            f"{name} is broken JSON at character {error.pos} of {len(content)}: "
            f"{error.msg}; fetch it again"
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise IntegrityError(f"{name} is no OpenAPI document: it has no paths")
    _levels(document, name)
    return document


def _levels(document: Json, name: str) -> None:
    """Goes down level by level, with no recursion of its own; half of a character cannot be
    written to any file.
    """
    level: list[Any] = [document]
    for _ in range(DEEPEST + 1):
        texts = [v for v in level if isinstance(v, str)]
        texts += [key for v in level if isinstance(v, dict) for key in v]
        if torn := next((t for t in texts if not t.isascii() and _TORN.search(t)), None):
            raise IntegrityError(
                f"{name} holds half of a character, a lone surrogate: {ascii(torn)[:60]}"
            )
        nested = [
            v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)
        ]
        level = [value for values in nested for value in values]
        if not level:
            return
    raise _too_deep(name)


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """An object whose members differ: the parser alone would keep the last of two and lose the
    other in silence.
    """
    out: Json = {}
    for key, value in pairs:
        if key in out:
            raise ValueError(f"member {key!r} is there twice in one object")
        out[key] = value
    return out


def _operations(document: Json, name: str) -> Iterator[Json]:
    seen: dict[str, str] = {}
    for path, item in {**document["paths"], **document.get("x-ms-paths", {})}.items():
        for method in METHODS:
            if not isinstance(item, dict) or method not in item:
                continue
            where = join("paths", path, method)
            oid = item[method].get("operationId")
            if oid is None or oid == "":
                raise IntegrityError(f"{name}: no operationId: {where}")
            if not (isinstance(oid, str) and oid.isprintable()):
                what = f"an operationId is text without control characters, not {oid!a}"
                raise IntegrityError(f"{name} is no OpenAPI document: {what}: {where}")
            if oid in seen:
                raise IntegrityError(
                    f"{name}: operationId {oid} is used twice: {seen[oid]} and {where}"
                )
            seen[oid] = where
            yield item[method]


def _references(document: Json, name: str) -> None:
    for reference, where in _refs(document, ""):
        if "/x-ms-examples/" in where:
            continue
        if not reference.startswith("#/"):
            raise IntegrityError(f"{name}: $ref leaves the document: {reference}: {where}")
        if fault := _fault(document, reference):
            raise IntegrityError(f"{name}: $ref leads {fault}: {reference}: {where}")


def _fault(document: Json, reference: str) -> str:
    """What is wrong with where a reference leads, through others that stand there."""
    seen, at = {reference}, reference
    while at.startswith("#/"):
        try:
            found = find(document, at[1:])
        except LookupError:
            return "nowhere"
        if re.match(r"#/(definitions|components/\w+)/[^/]+/", at):
            return "into a part of another, which has no name; give it one"
        if not isinstance(found, dict) or not isinstance(found.get("$ref"), str):
            return ""
        at = found["$ref"]
        if at in seen:
            return "back to itself"
        seen.add(at)
    return ""


def _refs(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"], at + "/$ref"
        for key, item in value.items():
            yield from _refs(item, at + step(key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _refs(item, at + step(i))

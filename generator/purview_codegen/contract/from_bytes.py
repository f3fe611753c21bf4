"""The one way from the bytes of a document to its contract."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager

from purview_codegen.errors import IntegrityError
from purview_codegen.pointer import Json

from .overlay import Overlay, apply
from .shape import shape
from .upgrade import upgrade


def contract_of(content: bytes, plane: str, what: str, overlay: Overlay | None = None) -> Json:
    """The contract of a document: upgraded where it is Swagger, shaped, with the facts of an
    overlay laid over it.

    Args:
        content: the document, JSON that `inspect` has let through.
        plane: whose names the contract is shaped by.
        what: how messages call the document.
        overlay: our facts on the plane; none for what the document says by itself.

    Raises:
        IntegrityError: what is there is not laid out as an OpenAPI document is.
    """
    source = json.loads(content)
    with laid_out(what):
        found = shape(upgrade(source) if "swagger" in source else source, plane)
    return found if overlay is None else apply(found, overlay)


@contextmanager
def laid_out(what: str) -> Generator[None]:
    """Raises IntegrityError where what is not laid out as an OpenAPI document trips what reads
    it.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise IntegrityError(f"{what} has something at an odd place: {reason}") from error

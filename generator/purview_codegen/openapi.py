"""What every OpenAPI document has: paths, each with operations by method."""

from __future__ import annotations

from collections.abc import Iterator

from .pointer import Json

METHODS = ("get", "put", "post", "patch", "delete", "head", "options")


def operations_of(contract: Json) -> Iterator[tuple[str, str, Json]]:
    """(path, method, operation) of a contract, in document order."""
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]

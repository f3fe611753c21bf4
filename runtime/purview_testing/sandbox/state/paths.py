"""Path templates and paths: what a call is about, as the kind and the key by which it is stored.

The path of a list is a kind of the store, and the last segment of an item's path is its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from purview_testing.sandbox.call import Call

_PARAMETER = re.compile(r"\{[^{}]*\}")


def unnamed_template(path: str) -> str:
    """Returns a template with `{}` for each parameter; versions name parameters differently."""
    return _PARAMETER.sub("{}", path)


def concrete_path(template: str, arguments: Mapping[str, str]) -> str:
    """Returns the path that a template and its arguments make.

    Arguments are percent-encoded, so that one with a slash in it stays one segment.
    """
    return _PARAMETER.sub(lambda found: quote(arguments[found[0][1:-1]], safe="~"), template)


def list_path(call: Call) -> str:
    """Returns the path of a call without its query: the kind of what a list holds."""
    return concrete_path(call.operation.path, call.path_arguments)


def item_address(call: Call) -> tuple[str, str]:
    """Returns the kind and the key of the item that a call is about."""
    template = call.operation.path.partition(":")[0]
    return split_path(concrete_path(template, call.path_arguments))


def split_path(path: str) -> tuple[str, str]:
    """Returns the kind and the key in the path of an item."""
    kind, _, key = path.rpartition("/")
    return kind, unquote(key)


def template_of(kind: str, templates: Iterable[str]) -> str:
    """Returns the template that the path of a list was made from.

    The path itself, where no template fits.
    """
    parts = kind.split("/")
    for template in templates:
        segments = template.split("/")
        if len(segments) == len(parts) and all(
            segment in ("{}", part) for segment, part in zip(segments, parts, strict=True)
        ):
            return template
    return kind

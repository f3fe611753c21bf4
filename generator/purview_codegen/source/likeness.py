"""What a document is by its content, and how like another it is: folders and files are renamed,
operations seldom are. Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any

import attrs

from purview_codegen.contract.upgrade import prefix
from purview_codegen.errors import IntegrityError
from purview_codegen.openapi import METHODS
from purview_codegen.pointer import Json

from .inspect import parse

_YAML = re.compile(rb"(?m)^[\"']?(swagger|openapi)[\"']?\s*:")
_VERSION = re.compile(r"\w[\w.-]*")
# by how much more like one plane's document than another's it has to be, to be taken for that one
CLEARLY = 1.0


@attrs.frozen
class Traits:
    """What tells one document from another. `prefix` stands before every path; an operation is its
    method and its path, whose parameters have no names here.
    """

    title: str
    version: str
    prefix: str
    operations: frozenset[tuple[str, str]]
    ids: frozenset[str]
    # what else a plane is guessed from: host and servers
    facts: Json = attrs.field(factory=dict, eq=False, repr=False)


@attrs.frozen
class Flaw:
    """A file that is no document that a plane could take.

    `document`: it is one all the same, or may have been meant as one.
    """

    why: str
    document: bool


def traits(content: bytes, path: str) -> Traits | Flaw:
    """What the bytes of a JSON or YAML file are."""
    if path.lower().endswith((".yaml", ".yml")):
        is_one = bool(_YAML.search(content))
        return Flaw(
            "an OpenAPI document in YAML; make it JSON" if is_one else "YAML without OpenAPI in it",
            is_one,
        )
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return _broken(content, path)
    if not isinstance(found, dict) or not {"swagger", "openapi"} & found.keys():
        return Flaw("JSON that is no OpenAPI document", document=False)
    form = str(found.get("swagger") or found.get("openapi"))
    if not form.startswith(("2.", "3.")):
        return Flaw(
            f"of a form that cannot be read, {form[:20]!r}; only Swagger 2.0 and OpenAPI 3 can",
            document=True,
        )
    try:
        made = of(found)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        return Flaw(
            f"not laid out as an OpenAPI document: {type(error).__name__}: {error}", document=True
        )
    if not made.operations:
        return Flaw("an OpenAPI document without operations", document=False)
    if not _VERSION.fullmatch(made.version):
        return Flaw(
            f"its info.version is {made.version!r}, which no api-version can be", document=True
        )
    return made


def of(document: Json) -> Traits:
    """The traits of a document or a contract that was read."""
    info, items = (
        document.get("info", {}),
        {**document.get("paths", {}), **document.get("x-ms-paths", {})},
    )
    calls = [
        (method, path, item[method])
        for path, item in items.items()
        for method in METHODS
        if isinstance(item, dict) and method in item
    ]
    return Traits(
        title="".join(c if c.isprintable() else " " for c in str(info.get("title", ""))),
        version=str(info.get("version", "")),
        prefix=_prefix(document),
        operations=frozenset(
            (method, re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")) for method, path, _ in calls
        ),
        ids=frozenset(str(operation.get("operationId", "")) for _, _, operation in calls),
        facts={
            key: document[key]
            for key in ("x-ms-parameterized-host", "servers", "host")
            if key in document
        },
    )


def likeness(one: Traits, other: Traits) -> float:
    """0 for two things that are not one; else up to 3, the more the surer: paths in common, ids
    in common, the same prefix.
    """
    shared = one.operations & other.operations
    paths = len(shared) / (min(len(one.operations), len(other.operations)) or 1)
    ids = len(one.ids & other.ids) / (min(len(one.ids), len(other.ids)) or 1)
    # a path may be in common by chance
    alone = len(shared) == 1 and one.operations != other.operations
    if paths < 0.5 or (alone and not (ids and one.prefix == other.prefix)):
        return 0.0
    return paths + ids + (one.prefix == other.prefix)


def _prefix(document: Json) -> str:
    if "swagger" in document:
        return prefix(document)
    servers: list[Any] = document.get("servers") or [{}]
    return re.sub(r"^(\{\w+\}|https?://[^/]*)", "", str(servers[0].get("url", ""))).rstrip("/")


def _broken(content: bytes, path: str) -> Flaw:
    try:
        parse(content, path.rpartition("/")[2])
    except (IntegrityError, RecursionError, ValueError) as error:
        return Flaw(f"cannot be read: {' '.join(str(error).split())}", document=True)
    return Flaw("cannot be read", document=True)

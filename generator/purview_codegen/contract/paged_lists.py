"""Which lists come in pages, where a document does not say `x-ms-pageable`: by a link to the next
page, in the answer or its header.

| the answer of a GET holds                                           | the next page is at        |
|---------------------------------------------------------------------|----------------------------|
| `nextLink`, `@odata.nextLink`, `next_link`, `nextPageLink`,         | that link                  |
| `nextUrl`, .. (a text)                                              |                            |
| `next`, `nextPage` (a text of format `uri`; without it may be a     | that link                  |
| token)                                                              |                            |
| a header `Link` (RFC 8288)                                          | its link with `rel="next"` |

and one list: the whole answer, its one member that is a list, or of several the one that is called
as lists of items are.
"""

from __future__ import annotations

import re
from typing import Any

from purview_codegen.pointer import Json

from .discriminators import name_of

_LINKS = {
    "nextlink",
    "odatanextlink",
    "nextpagelink",
    "nextpageurl",
    "nexturl",
    "nexturi",
    "nexthref",
}
_LINKS_BY_FORMAT = {"next", "nextpage"}
_FORMATS = {"uri", "uri-reference", "url"}
_LISTS = ("value", "values", "items", "results", "data", "elements")


def page(answer: Json, schema: Any, source: Json) -> Json | None:
    """The facts of x-pageable for an answer of a schema; None where nothing tells of a next page.

    `source`: the named schemas.
    """
    whole = _followed(schema, source)
    members = _members(whole, source, set())
    link = next((name for name, s in members.items() if _is_link(name, _followed(s, source))), None)
    if link is None and not any(name.lower() == "link" for name in answer.get("headers", {})):
        return None
    lists = [name for name, s in members.items() if _is(_followed(s, source), "array")]
    usual = [name for name in _LISTS if name in lists]
    if _is(whole, "array"):
        return {"itemName": "value", "nextLinkName": "nextLink"}
    if len(lists) != 1 and len(usual) != 1:
        return None
    return {
        "itemName": (lists if len(lists) == 1 else usual)[0],
        "nextLinkName": link or "nextLink",
    }


def _is_link(name: str, schema: Json) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    if not (
        _is(schema, "string")
        or any(_is(s, "string") for key in ("anyOf", "oneOf") for s in schema.get(key, []))
    ):
        return False
    formats = {
        s.get("format") for s in (schema, *schema.get("anyOf", []), *schema.get("oneOf", []))
    }
    return plain in _LINKS or (plain in _LINKS_BY_FORMAT and bool(formats & _FORMATS))


def _is(schema: Json, kind: str) -> bool:
    types = schema.get("type")
    return kind == types or (isinstance(types, list) and kind in types)


def _followed(schema: Any, source: Json) -> Json:
    """What a reference stands for, through others; nothing where it leads back to itself."""
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        name = name_of(schema["$ref"])
        schema = {} if name in seen else source.get(name)
        seen.add(name)
    return schema if isinstance(schema, dict) else {}


def _members(schema: Json, source: Json, seen: set[int]) -> Json:
    """The members of a schema and of all that it is made of by allOf."""
    if id(schema) in seen:
        return {}
    seen.add(id(schema))
    out: Json = {}
    for part in schema.get("allOf", []):
        out |= _members(_followed(part, source), source, seen)
    out |= schema.get("properties", {})
    return out

"""The recorded form of a request and its answer: what oav's LiveValidator takes, one JSON line for
each pair.

```
{"doc": "scanning 2023-09-01", "op": the operationId that the caller meant, "pass": which arguments
it had,
 "liveRequest": {"method", "url", "headers": lower-case names, "query": name -> text or list,
 "body": JSON, or text where it is none}, "liveResponse": {"statusCode": text, "headers", "body"}}
```
A body that is absent has no member. Authorization is never recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import httpx

Json = dict[str, Any]
Pairs = list[tuple[str, str]]
_SECRET = {"authorization"}


def live_request(operation: Json, request: httpx.Request) -> Json:
    """A request that was read; `operation` is the contract's, which says what query values are
    lists.
    """
    out = {"method": request.method, "url": str(request.url), "headers": _headers(request.headers)}
    return (
        out
        | {"query": split(operation, pairs(str(request.url)))}
        | _body(request.content, request.headers)
    )


def live_response(response: httpx.Response) -> Json:
    out = {"statusCode": str(response.status_code), "headers": _headers(response.headers)}
    return out | _body(response.content, response.headers)


def pairs(url: str) -> Pairs:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def split(operation: Json, given: Iterable[tuple[str, str]]) -> Json:
    """Query values as the schema sees them: a list where the operation takes one, else the text; a
    repeated name is a list, too.
    """
    lists = {
        p["name"]: p
        for p in operation["parameters"]
        if p["in"] == "query" and p["schema"].get("type") == "array"
    }
    out: Json = {}
    for name, value in given:
        parameter = lists.get(name)
        values = value.split(",") if parameter and not parameter.get("explode") else [value]
        if parameter or name in out:
            before = out.get(name, [])
            out[name] = [*(before if isinstance(before, list) else [before]), *values]
        else:
            out[name] = value
    return out


def with_pairs(operation: Json, request: Json, given: Pairs) -> Json:
    """The request with another query, in `url` and in `query`."""
    query = "&".join(
        f"{quote(name, safe='$@:~')}={quote(value, safe='~')}" for name, value in given
    )
    url = urlunsplit(urlsplit(request["url"])._replace(query=query))
    return request | {"url": url, "query": split(operation, given)}


def _headers(headers: Mapping[str, str]) -> Json:
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _SECRET}


def _body(content: bytes, headers: Mapping[str, str]) -> Json:
    if not content:
        return {}
    # what is not UTF-8 has no place in a line of JSON; none of the planes' own bodies is such
    text = content.decode()
    return {"body": json.loads(text) if "json" in headers.get("content-type", "") else text}

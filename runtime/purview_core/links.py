"""Links that answers give: next pages, operation status. Their bytes stay as they came, and they lead to the called host alone."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_plus, urljoin, urlsplit

_PORTS = {"https": 443, "http": 80}
_LONGEST = 32_768  # characters; httpx refuses 65,536


def origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def resolve(link: str, base: str) -> str:
    """A link against the address that gave it; raises ValueError where it leads to another origin, before anything is sent."""
    if len(link) > _LONGEST or any(c < " " or c == "\x7f" for c in link):
        raise ValueError("the link is too long, or holds a control character")
    found = urljoin(base, link).partition("#")[0]
    if origin(found) != origin(base) or urlsplit(found).username is not None:
        raise ValueError(f"the link leads to another host: {urlsplit(found).scheme}://{urlsplit(found).hostname}")
    return found


def with_api_version(url: str, api_version: str) -> str:
    """The URL with an api-version where it has none; what it has stays."""
    query = urlsplit(url).query
    if any(part.partition("=")[0].lower() in ("api-version", "api%2dversion") for part in query.split("&")):
        return url
    return f"{url}{'&' if query else '?'}api-version={api_version}"


def query_value(url: str, name: str) -> str | None:
    """The value of a query parameter, decoded; None where the URL does not have it."""
    for pair in urlsplit(url).query.split("&"):
        found, equals, value = pair.partition("=")
        if equals and unquote(found) == name:
            return unquote_plus(value)
    return None


def with_query(url: str, name: str, value: str) -> str:
    """The URL with one query parameter set; all others stay as they are, in their order."""
    head, _, query = url.partition("?")
    pair = f"{quote(name, safe='$@:~')}={quote(value, safe='~')}"
    parts = [pair if unquote(p.partition("=")[0]) == name else p for p in query.split("&") if p]
    return f"{head}?{'&'.join(parts if pair in parts else [*parts, pair])}"


def repaired(link: str) -> str:
    """A status link as it was meant: an encoded `?` before a pair is one, a second `?` is `&`, and one api-version is enough."""
    head, mark, query = link.partition("?")
    if found := re.search(r"%3F(?=[^/?&]+=)", head, re.IGNORECASE):
        head, mark, query = head[: found.start()], "?", f"{head[found.end() :]}{'&' if query else ''}{query}"
    parts: list[str] = []
    for part in re.split(r"&|\?(?=api-version=)", query):
        versioned = part.lower().startswith("api-version=")
        if not (versioned and any(p.lower().startswith("api-version=") for p in parts)):
            parts.append(part)
    return head + mark + "&".join(parts)

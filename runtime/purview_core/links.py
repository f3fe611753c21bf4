"""Links that answers give: next pages, operation status. Their bytes stay as they came, and they lead to the called host alone."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

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

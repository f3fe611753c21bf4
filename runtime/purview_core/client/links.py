"""Links that answers give: next pages, operation status.

Their bytes stay as they came, and they lead to the called host alone.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from .endpoint import TENANT_HOST, has_prefix, old_host

_PORTS = {"https": 443, "http": 80}
_TENANT_WIDE = urlsplit(TENANT_HOST).netloc
_LONGEST = 32_768  # characters; httpx refuses 65,536
# as it is; a lone surrogate also when it is quoted
UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host, and the port where it is not the scheme's own."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        (parts.hostname or "").lower(),
        None if parts.port == _PORTS.get(parts.scheme) else parts.port,
    )


def resolve(link: str, base: str) -> str:
    """A link against the address that gave it; raises ValueError where it leads to another origin,
    before anything is sent.

    A link to an old host of the same account is one to the account's endpoint.
    """
    if len(link) > _LONGEST or UNSENDABLE.search(link):
        raise ValueError(
            "the link is too long, or holds a control character or half of a character"
        )
    found = _from_old_host(urljoin(base, link).partition("#")[0], base)
    there, here = origin(found), origin(base)
    if there != here:
        differ = [
            what
            for what, a, b in zip(("scheme", "host", "port"), there, here, strict=True)
            if a != b
        ]
        raise ValueError(
            f"the link leads to another {' and '.join(differ)}: {_shown(there)}, not "
            f"{_shown(here)}{way_out(_shown(there))}"
        )
    if urlsplit(found).username is not None:
        raise ValueError(f"the link names a user beside the host: {_shown(there)}")
    return found


def way_out(address: str) -> str:
    """What to do where a link leads to a host of the tenant-wide planes, which answer at the
    tenant's own host too; else nothing.
    """
    scheme, host, _ = origin(address)
    if scheme != "https" or not (host == _TENANT_WIDE or host.endswith(f"-{_TENANT_WIDE}")):
        return ""
    return f"; to call that host, give the client tenant_endpoint={address!r}"


def _from_old_host(link: str, base: str) -> str:
    """`https://contoso.scan.purview.azure.com/datasources` as
    `https://contoso.purview.azure.com/scan/datasources`.
    """
    there, here = origin(link), origin(base)
    old = (
        old_host(there[1]) if there != here and (there[0], there[2]) == (here[0], here[2]) else None
    )
    parts = urlsplit(link)
    if old is None or old[0] != here[1] or parts.username is not None:
        return link
    path = parts.path if has_prefix(parts.path) else _below_prefix(old[1], parts.path)
    return urlunsplit((parts.scheme, urlsplit(base).netloc, path, parts.query, ""))


def _below_prefix(prefix: str, path: str) -> str:
    """`/api/atlas` of the old host of the catalog is `/catalog/api/atlas`: what prefix and path
    share stands once.
    """
    names = prefix.split("/")[1:]
    shared = next(
        (i for i in range(len(names)) if path.startswith(f"/{'/'.join(names[i:])}/")), len(names)
    )
    return "".join(f"/{name}" for name in names[:shared]) + path


def shown_origin(link: str) -> str:
    """Where a refused link leads to, for a message: its scheme and host, without user, path and
    query.
    """
    try:
        shown = _shown(origin(link))
    except ValueError:
        shown = ""
    return (
        shown[:200] if shown.isprintable() and len(shown) > 3 else "an address that cannot be read"
    )


def _shown(at: tuple[str, str, int | None]) -> str:
    return f"{at[0]}://{at[1]}" + ("" if at[2] is None else f":{at[2]}")


def with_api_version(url: str, api_version: str) -> str:
    """The URL with an api-version where it has none; what it has stays."""
    query = urlsplit(url).query
    if any(
        part.partition("=")[0].lower() in ("api-version", "api%2dversion")
        for part in query.split("&")
    ):
        return url
    return f"{url}{'&' if query else '?'}api-version={api_version}"


def repaired(link: str) -> str:
    """A status link as it was meant: an encoded `?` before a pair is one, a second `?` is `&`,
    and one api-version is enough.
    """
    head, mark, query = link.partition("?")
    if found := re.search(r"%3F(?=[^/?&]+=)", head, re.IGNORECASE):
        head, mark, query = (
            head[: found.start()],
            "?",
            f"{head[found.end() :]}{'&' if query else ''}{query}",
        )
    parts: list[str] = []
    for part in re.split(r"&|\?(?=api-version=)", query):
        versioned = part.lower().startswith("api-version=")
        if not (versioned and any(p.lower().startswith("api-version=") for p in parts)):
            parts.append(part)
    return head + mark + "&".join(parts)

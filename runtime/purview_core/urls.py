"""httpx.URLs of one origin, without the parsing that is half of what an httpx.Request costs."""

from __future__ import annotations

import re

import httpx

from .beneath import with_parts

_PLAIN = re.compile(r"(/[A-Za-z0-9._~%:@!$&'()*+,;=/-]*)(?:\?([A-Za-z0-9._~%:@!$&()*+,;=/-]*))?")
_CLIMBS = re.compile(r"/\.|%(?![0-9A-Fa-f]{2})")  # what httpx would change: dot segments, a % that encodes nothing


class Urls:
    """`url(text)` is httpx.URL(text), sooner where the text is of this origin and httpx would leave it as it is."""

    def __init__(self, origin: str) -> None:
        self._origin, self._base = origin, httpx.URL(f"{origin}/")
        self.host = self._base.netloc
        probe = f"{origin}/a%20b/~c?d=e%2Ff&g"
        try:
            self._fits = self._made("/a%20b/~c", "d=e%2Ff&g").raw_path == httpx.URL(probe).raw_path
        except (AttributeError, TypeError, ValueError):  # another httpx, which holds its parts in another way
            self._fits = False

    def url(self, text: str) -> httpx.URL:
        found = _PLAIN.fullmatch(text, len(self._origin)) if self._fits and text.startswith(self._origin) else None
        if found is None or _CLIMBS.search(text, len(self._origin)):
            return httpx.URL(text)
        return self._made(found[1], found[2])

    def _made(self, path: str, query: str | None) -> httpx.URL:
        return with_parts(self._base, path, query)

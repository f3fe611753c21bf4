"""httpx.URLs of one origin, without the parsing that is half of what an httpx.Request costs; and how long a URL may be."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, unquote_plus, urlsplit

import httpx

from purview_core.library_internals import with_parts

# A request line that is longer is refused: the services' web server (Kestrel) reads so many bytes of it unless it is told
# otherwise, and 193 guids in one GET of the Data Map are taken where 194 are not.
LONGEST_LINE = 8_192
LONGEST_URL = 65_536  # characters; more than any server or gateway before the services can be set to, and than httpx takes

_PLAIN = re.compile(r"(/[A-Za-z0-9._~%:@!$&'()*+,;=/-]*)(?:\?([A-Za-z0-9._~%:@!$&()*+,;=/-]*))?")
_CLIMBS = re.compile(
    r"/\.|%(?![0-9A-Fa-f]{2})"
)  # what httpx would change: dot segments, a % that encodes nothing


class Urls:
    """`url(text)` is httpx.URL(text), sooner where the text is of this origin and httpx would leave it as it is."""

    def __init__(self, origin: str) -> None:
        self._origin, self._base = origin, httpx.URL(f"{origin}/")
        self.host = self._base.netloc
        probe = f"{origin}/a%20b/~c?d=e%2Ff&g"
        try:
            self._fits = self._made("/a%20b/~c", "d=e%2Ff&g").raw_path == httpx.URL(probe).raw_path
        except (
            AttributeError,
            TypeError,
            ValueError,
        ):  # another httpx, which holds its parts in another way
            self._fits = False

    def url(self, text: str) -> httpx.URL:
        found = (
            _PLAIN.fullmatch(text, len(self._origin))
            if self._fits and text.startswith(self._origin)
            else None
        )
        if found is None or _CLIMBS.search(text, len(self._origin)):
            return httpx.URL(text)
        return self._made(found[1], found[2])

    def _made(self, path: str, query: str | None) -> httpx.URL:
        return with_parts(self._base, path, query)


def query_value(url: str, name: str) -> str | None:
    """The value of a query parameter, decoded; None where the URL does not have it."""
    for pair in urlsplit(url).query.split("&"):
        found, equals, value = pair.partition("=")
        if equals and unquote(found) == name:
            return unquote_plus(value)
    return None


def too_long(method: str, url: str) -> str:
    """What to do about a request line that is longer than the services take, as one sentence; empty for one that is not."""
    parts = urlsplit(url)
    line = len(f"{method} {parts.path}?{parts.query} HTTP/1.1\r\n")
    if line <= LONGEST_LINE:
        return ""
    names = Counter(pair.partition("=")[0] for pair in parts.query.split("&"))
    name, count = max(names.items(), key=lambda item: item[1])
    what = f"The request line has {line:,} bytes, and the services take {LONGEST_LINE:,}"
    if count < 2:
        return f"{what}: send a shorter value."
    of_name = sum(
        len(pair) + 1 for pair in parts.query.split("&") if pair.partition("=")[0] == name
    )
    fit = max(1, int((LONGEST_LINE - (line - of_name)) / (of_name / count)))
    return f"{what}: send at most {fit} of the {count:,} values of {name} in one call."

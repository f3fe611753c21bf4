"""Values in the query of a URL, and how long a URL may be."""

from __future__ import annotations

from collections import Counter
from urllib.parse import unquote, unquote_plus, urlsplit

# A request line that is longer is refused: the services' web server (Kestrel) reads so many bytes
# of it unless it is told otherwise, and 193 guids in one GET of the Data Map are taken where 194
# are not.
LONGEST_LINE = 8_192
# characters; more than any server or gateway before the services can be set to, and than httpx
# takes
LONGEST_URL = 65_536


def query_value(url: str, name: str) -> str | None:
    """The value of a query parameter, decoded; None where the URL does not have it."""
    for pair in urlsplit(url).query.split("&"):
        found, equals, value = pair.partition("=")
        if equals and unquote(found) == name:
            return unquote_plus(value)
    return None


def too_long(method: str, url: str) -> str:
    """What to do about a request line that is longer than the services take, as one sentence;
    empty for one that is not.
    """
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

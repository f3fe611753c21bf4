"""Request headers as h11 holds them, sooner than h11 makes them.

h11 matches each name and value against its patterns for each request: 12 us with a token of 1200 characters, which is more
than anything else that auth adds to a call. Here names are known beforehand, and a value is all visible or it is h11's.
"""

from __future__ import annotations

from typing import Any

from purview_core.library_internals import Pairs, header_class

_NAMES = b"""Host Accept Accept-Encoding Connection User-Agent Authorization Content-Length Content-Type If-Match If-None-Match
x-ms-client-request-id purview-client-attempt traceparent tracestate""".split()
_VISIBLE = bytes(range(0x20, 0x7F))


def header_lines(pairs: Pairs) -> Any:
    """What h11.Request takes as headers: those it would make of `pairs`, or `pairs` where that is for h11 to say."""
    items = []
    for name, value in pairs:
        lower = _LOWER.get(name)
        if (
            lower is None
            or not value
            or value.translate(None, _VISIBLE)
            or value[0] == 0x20
            or value[-1] == 0x20
        ):
            return pairs
        if lower == b"content-length" and not (value.isdigit() and len(value) < 19):
            return pairs
        items.append((name, lower, value))
    return _KIND(items) if len({item[1] for item in items}) == len(items) else pairs


_KIND, _LOWER = header_class(_NAMES)

"""WWW-Authenticate: the claims that a 401 asks for."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

import httpx

HEADER_LIMIT_CHARS = 16_384

# RFC 9110 section 11.6.1: challenges and their parameters are both separated by commas, so that a
# name without "=" begins the next challenge. A token68 ("Negotiate abc==") comes out as an odd
# parameter, which is harmless.
_PART = re.compile(
    r"""([\w!\#$%&'*+.^`|~/-]+) ( \s*=\s* (?: "((?:[^"\\]|\\.)*)" | ([^\s,"]+) ) )?""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def challenges(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The challenges of one header line: scheme and parameters, names in lower case."""
    scheme, parameters = "", dict[str, str]()
    for name, value, quoted, plain in _PART.findall(header):
        if value:
            parameters[name.lower()] = plain or re.sub(r"\\(.)", r"\1", quoted)
        else:
            yield scheme, parameters
            scheme, parameters = name.lower(), {}
    yield scheme, parameters


def bearer_claims(headers: httpx.Headers) -> str | None:
    """The JSON text of a claims challenge; None where there is none, or it is not one JSON
    object.
    """
    for line in headers.get_list("www-authenticate"):
        for scheme, parameters in challenges(line[:HEADER_LIMIT_CHARS]):
            if scheme == "bearer" and parameters.get("error", "").lower() == "insufficient_claims":
                return _decode(parameters.get("claims", ""))
    return None


def _decode(text: str) -> str | None:
    """base64 in either alphabet, with or without padding."""
    text = text.strip().rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
        return decoded if isinstance(json.loads(decoded), dict) else None
    except (ValueError, RecursionError):
        return None

"""JSON text to values and back: msgspec, and the standard library for what it refuses.

msgspec reads 0.6 to 0.7 times as long as json.loads and keeps whole numbers of any size; it refuses lone surrogates, numbers
beyond a float and a byte order mark, which the services may send all the same.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def loads(content: bytes) -> Any:
    """The value of JSON text; raises ValueError where it is none."""
    try:
        return _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dumps(value: Any) -> bytes:
    """JSON text of a value made of JSON's own classes (see `codec.encode`); raises ValueError for what has no text."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError):  # lone surrogates leave as the escapes they came as
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None

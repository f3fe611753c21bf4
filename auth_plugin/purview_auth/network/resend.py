"""Sending a request's body a second time, where that gives the same bytes."""

from __future__ import annotations

from typing import Any

import httpx

from purview_auth.peers import is_bytes, request_class


def _seekable(file: Any) -> bool:
    try:
        return isinstance(file, (str, bytes)) or bool(file.seekable())
    except (AttributeError, ValueError):  # no file, or a closed one
        return False


class Resend:
    """Notes, before a request is sent, how its body can be sent again.

    bytes: always. A multipart form: if its files are seekable (httpx seeks to their start itself).
    A file: if seekable, from where it stands now. A generator or another iterable: not; half of a
    body would be worse than the 401.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._first = request
        self._file: Any = None
        stream: Any = request.stream
        if is_bytes(stream):
            self.possible = True
        elif (fields := getattr(stream, "fields", None)) is not None:
            self.possible = all(_seekable(getattr(one, "file", b"")) for one in fields)
        else:
            file: Any = getattr(stream, "_stream", None)
            self.possible = hasattr(file, "read") and _seekable(file)
            self._file, self._start = file, file.tell() if self.possible else 0

    def request(self, authorization: str) -> httpx.Request:
        """A new request that is the first one but for its Authorization."""
        first = self._first
        if self._file is not None:
            self._file.seek(self._start)
        again: httpx.Request = request_class(first)(
            first.method, first.url, headers=first.headers, stream=first.stream
        )
        again.extensions = dict(first.extensions)
        again.headers["Authorization"] = authorization
        if is_bytes(first.stream):
            again.read()
        return again

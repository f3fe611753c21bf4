"""Reading an answer whole: to its real end, by its deadline, and no more of it than the caller has room for."""

from __future__ import annotations

import time
from math import inf

import httpx

from purview_core.library_internals import has_content, set_content, set_decoder

from .content_coding import Coding, Decoder, coding_of


class TooLargeError(httpx.DecodingError):
    """An answer is larger than the caller wants; another try would end the same way."""


class Content:
    """The bytes of an answer as they come: decoded in steps, counted, and given to the answer when it is `finish`ed.

    The request says how much there may be of them ("max_answer_bytes", decoded bytes) and until when ("deadline", a
    time.monotonic() value); a transport heeds the deadline while it waits, but knows of no decoding. Raises TooLargeError,
    httpx.ReadTimeout, and what `coding` raises for an answer that is cut short or broken.
    """

    def __init__(self, response: httpx.Response) -> None:
        extensions = response.request.extensions
        self._most: float = extensions.get("max_answer_bytes", inf)
        deadline = extensions.get("deadline")
        self._deadline: float = inf if deadline is None else deadline
        self._response = response
        self._coding = _coding_of(response)
        self._parts: list[bytes] = []
        self._count = 0
        self.is_to_come = not has_content(response)
        if not self.is_to_come:
            self._room_for(len(response.content))
        elif self._coding is None and self._most < inf:
            declared = response.headers.get("content-length", "")
            self._room_for(
                int(declared) if declared.isdecimal() and response.request.method != "HEAD" else 0
            )

    def add(self, data: bytes) -> None:
        if self._coding is None:
            self._keep(data)
        else:
            for piece in self._coding.steps(data):
                self._keep(piece)

    def finish(self) -> None:
        if self._coding is not None:
            self._coding.finish()
        set_content(
            self._response, self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        )

    def _keep(self, piece: bytes) -> None:
        self._count += len(piece)
        self._room_for(self._count)
        if self._deadline < inf and time.monotonic() >= self._deadline:
            late = httpx.ReadTimeout("no answer in time: it still came when the time was over")
            late.__dict__.update(never_sent=False, on_reused_connection=False)
            raise late
        self._parts.append(piece)

    def _room_for(self, count: int) -> None:
        if count > self._most:
            raise TooLargeError(
                f"the answer is larger than max_answer_bytes={self._most:.0f}: allow more, or read it with client.stream()"
            )


def decode_in_steps(response: httpx.Response) -> bool:
    """Whether an answer is coded: what its reader takes from it is then decoded as `Content` does, and is an error where
    the coding is cut short."""
    coding = _coding_of(response)
    if coding is not None:
        set_decoder(response, Decoder(coding))
    return coding is not None


def _coding_of(response: httpx.Response) -> Coding | None:
    named = response.headers.get("content-encoding")
    return None if named is None else coding_of(named)

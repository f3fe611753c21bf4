"""Content codings of answers, undone in small steps: what comes out never has to be in memory, and
its end is looked for.

httpx decodes each piece that comes in one go, which may swell a thousandfold, and takes what it got
for the whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import httpx

STEP_BYTES = 64 * 1024  # what a step gives at most
SLICE_BYTES = 4 * 1024  # of a coded answer at a time, where a whole slice is decoded at once
_LAYERS = 4  # codings one over the other; nobody needs two
_ZLIB_METHOD = 8


class BrokenCodingError(httpx.DecodingError):
    """What came is not of the coding that the answer names. Another try would end the same way."""


class CutCodingError(httpx.RemoteProtocolError):
    """The coding has not come to its end, though the answer has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the answer is not complete: its {name} coding breaks off")


class Coding(Protocol):
    """Undoes one coding, a piece at a time."""

    def steps(self, data: bytes) -> Iterator[bytes]:
        """What comes out of more data, in pieces; to be read to the end before the next call."""
        ...

    def finish(self) -> None:
        """Nothing more comes; raises CutCodingError where something should."""
        ...


class _Zlib:
    """gzip, of any number of members, or deflate, with or without the header of zlib."""

    def __init__(self, name: str) -> None:
        self._name, self._gzip = name, name != "deflate"
        self._inflate: Any = zlib.decompressobj(16 + zlib.MAX_WBITS) if self._gzip else None
        self._start = b""  # of deflate, until it is known which of its two forms it is
        self._fed = False  # whether the member at hand has begun

    def steps(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return
            with_header = (
                data[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(data[:2], "big") % 31 == 0
            )
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if with_header else -zlib.MAX_WBITS)
        while data:
            if self._inflate.eof:
                data = self._next_member(data)
                continue
            self._fed = True
            try:
                piece = self._inflate.decompress(data, STEP_BYTES)
            except zlib.error:
                raise self._broken() from None
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if piece:
                yield piece
            elif not data:
                return
        while not self._inflate.eof and (piece := self._inflate.decompress(b"", STEP_BYTES)):
            yield piece  # zlib had read all that came, and not yet given all that it makes

    def _next_member(self, data: bytes) -> bytes:
        """What begins behind the end of a member; gzip may be padded with zeros."""
        rest = data.lstrip(b"\0")
        if rest:
            if not self._gzip:
                raise self._broken()
            self._inflate, self._fed = zlib.decompressobj(16 + zlib.MAX_WBITS), False
        return rest

    def _broken(self) -> BrokenCodingError:
        return BrokenCodingError(
            f"the answer is not the {self._name} that its Content-Encoding says"
        )

    def finish(self) -> None:
        begun = self._start or self._fed
        if begun and (self._inflate is None or not self._inflate.eof):
            raise CutCodingError(self._name)


class _Chain:
    """Codings one over the other, the outermost first."""

    def __init__(self, codings: list[Coding]) -> None:
        self._codings = codings

    def steps(self, data: bytes) -> Iterator[bytes]:
        return self._through(self._codings, data)

    def _through(self, codings: list[Coding], data: bytes) -> Iterator[bytes]:
        if not codings:
            yield data
            return
        for piece in codings[0].steps(data):
            yield from self._through(codings[1:], piece)

    def finish(self) -> None:
        for coding in self._codings:
            coding.finish()


class _Unknown:
    """Fails when it is read: bytes that nobody can read are no answer."""

    def __init__(self, text: str) -> None:
        self._text = text

    def steps(self, data: bytes) -> Iterator[bytes]:
        if data:
            raise BrokenCodingError(
                f"the answer came in the coding {self._text!r:.60}: gzip and deflate are known here"
            )
        return iter(())

    def finish(self) -> None:
        pass


def coding_of(text: str) -> Coding | None:
    """How an answer with this Content-Encoding is coded; None for plain bytes."""
    names = [
        name for part in text.split(",") if (name := part.strip().lower()) not in {"", "identity"}
    ]
    if not names:
        return None
    if len(names) > _LAYERS or not {"gzip", "x-gzip", "deflate"}.issuperset(names):
        return _Unknown(text)
    codings: list[Coding] = [_Zlib(name) for name in reversed(names)]
    return codings[0] if len(codings) == 1 else _Chain(codings)


class Decoder:
    """A coding as httpx calls it, for an answer that its reader takes piece by piece."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding

    def decode(self, data: bytes) -> bytes:
        """What a piece decodes to."""
        return b"".join(self._coding.steps(data))

    def flush(self) -> bytes:
        """Checks that the coding has come to its end."""
        self._coding.finish()
        return b""


def sliced(data: bytes) -> Iterable[bytes]:
    """Bytes in pieces that swell to no more than a few megabytes each."""
    return [data[start : start + SLICE_BYTES] for start in range(0, len(data), SLICE_BYTES)]

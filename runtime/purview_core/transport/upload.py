"""The body of a request as async transports send it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx


class AsyncUpload:
    """The body of a request in async code; closed where it is left half sent."""

    def __init__(self, request: httpx.Request) -> None:
        whole = isinstance(request.stream, httpx.ByteStream)
        self._whole = request.content if whole else b""
        body: Any = request.stream  # an async one, as async calls have
        self._chunks: Any = None if whole else aiter(body)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._chunks is not None:
            chunk: bytes = await anext(self._chunks)
            return chunk
        if not self._whole:
            raise StopAsyncIteration
        whole, self._whole = self._whole, b""
        return whole

    async def aclose(self) -> None:
        """Ends the caller's generator, if it is one."""
        if (close := getattr(self._chunks, "aclose", None)) is not None:
            await close()

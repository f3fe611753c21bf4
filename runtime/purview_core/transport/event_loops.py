"""Event loops of asyncio and trio, without importing either."""

from __future__ import annotations

import sys
from typing import Any


def running_loop() -> Any:
    """The event loop that runs here: asyncio's, or a token of trio's."""
    # Whoever runs a loop has imported its library; sync code is spared the time for that.
    aio = sys.modules.get("asyncio")
    try:
        return aio.get_running_loop()  # type: ignore[union-attr]  # or trio's
    except (AttributeError, RuntimeError):
        return sys.modules["trio"].lowlevel.current_trio_token()


def has_ended(loop: Any) -> bool:
    """Whether nothing can run on an event loop any more."""
    if hasattr(loop, "is_closed"):  # asyncio's; a token of trio's has no such thing
        return bool(loop.is_closed())
    try:
        loop.run_sync_soon(int)
    except RuntimeError:
        return True
    return False

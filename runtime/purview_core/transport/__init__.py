"""Connections: where requests go out and answers come in."""

from purview_core.lazy import TYPE_CHECKING
from purview_core.lazy import lazy_index as _lazy_index

if TYPE_CHECKING:
    from .pool import PoolLimits as PoolLimits
    from .pooled import AsyncHttpTransport as AsyncHttpTransport
    from .pooled import HttpTransport as HttpTransport

__all__ = [
    "AsyncHttpTransport",
    "HttpTransport",
    "PoolLimits",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one of ours
    _WHERE, __getattr__, __dir__ = _lazy_index(
        __name__,
        pooled="AsyncHttpTransport HttpTransport",
        pool="PoolLimits",
    )

"""Models of the service's objects, and their JSON."""

from purview_core.lazy import TYPE_CHECKING
from purview_core.lazy import lazy_index as _lazy_index

if TYPE_CHECKING:
    from .model import ANSWERED as ANSWERED
    from .model import READ_ONLY as READ_ONLY
    from .model import READ_ONLY_REQUIRED as READ_ONLY_REQUIRED
    from .model import Model as Model
    from .model import define as define
    from .model import field as field
    from .model import only as only
    from .model import type_hints as type_hints
    from .model import wire as wire
    from .values import NULL as NULL
    from .values import OpenEnum as OpenEnum

__all__ = [
    "ANSWERED",
    "NULL",
    "READ_ONLY",
    "READ_ONLY_REQUIRED",
    "Model",
    "OpenEnum",
    "define",
    "field",
    "only",
    "type_hints",
    "wire",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one of ours
    _WHERE, __getattr__, __dir__ = _lazy_index(
        __name__,
        model="ANSWERED READ_ONLY READ_ONLY_REQUIRED Model define field only type_hints wire",
        values="NULL OpenEnum",
    )

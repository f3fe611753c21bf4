"""Test against Purview without Purview: a faithful local service, faults on demand, and a judge of requests and answers."""

from purview_core.lazy import lazy_index as _lazy_index

TYPE_CHECKING = False  # the pytest plug-in is loaded by every run of pytest, and must not load all this

if TYPE_CHECKING:
    from .faults import Fault, Faults
    from .sandbox import Sandbox
    from .specs import UsageError
    from .validate import Validator, Verdict
    from .values import Departure

__all__ = ["Departure", "Fault", "Faults", "Sandbox", "UsageError", "Validator", "Verdict"]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one of ours
    _WHERE, __getattr__, __dir__ = _lazy_index(
        __name__,
        faults="Fault Faults",
        sandbox="Sandbox",
        specs="UsageError",
        validate="Validator Verdict",
        values="Departure",
    )

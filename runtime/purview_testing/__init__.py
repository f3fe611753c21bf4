"""Test against Purview without Purview: a faithful local service, faults on demand, and a judge of requests and answers."""

from purview_core.lazy import lazy_index as _lazy_index

TYPE_CHECKING = (
    False  # the pytest plug-in is loaded by every run of pytest, and must not load all this
)

if TYPE_CHECKING:
    from .contracts.documents import UsageError
    from .contracts.judge import Validator, Verdict
    from .contracts.schema_check import Departure
    from .sandbox.faults import Fault, Faults
    from .sandbox.sandbox import Sandbox

__all__ = ["Departure", "Fault", "Faults", "Sandbox", "UsageError", "Validator", "Verdict"]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for one of ours
    _WHERE, __getattr__, __dir__ = _lazy_index(
        __name__,
        **{
            "contracts.documents": "UsageError",
            "contracts.judge": "Validator Verdict",
            "contracts.schema_check": "Departure",
            "sandbox.faults": "Fault Faults",
            "sandbox.sandbox": "Sandbox",
        },
    )

"""Test against Purview without Purview.

A local service that behaves as Purview does, faults on demand, and a judge that holds requests and
answers against their contracts.
"""

from purview_core.command_errors import UsageError
from purview_core.lazy import lazy_index as _lazy_index

# False when the package runs: every run of pytest loads the plug-in, and so this package, which
# therefore imports what follows at its first use.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .contracts.judge import Validator, Verdict
    from .contracts.schema_check import ContractViolation
    from .sandbox.faults import Fault, Faults
    from .sandbox.sandbox import Sandbox

__all__ = ["ContractViolation", "Fault", "Faults", "Sandbox", "UsageError", "Validator", "Verdict"]

if not TYPE_CHECKING:  # hidden from type checkers, for which any name would then exist here
    _WHERE, __getattr__, __dir__ = _lazy_index(
        __name__,
        **{
            "contracts.judge": "Validator Verdict",
            "contracts.schema_check": "ContractViolation",
            "sandbox.faults": "Fault Faults",
            "sandbox.sandbox": "Sandbox",
        },
    )

"""Test against Purview without Purview: a faithful local service, faults on demand, and a judge of requests and answers."""

from __future__ import annotations

from .faults import Fault, Faults
from .sandbox import Sandbox
from .specs import UsageError
from .validate import Validator, Verdict
from .values import Departure

__all__ = ["Departure", "Fault", "Faults", "Sandbox", "UsageError", "Validator", "Verdict"]

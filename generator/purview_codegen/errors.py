"""What can go wrong in a command, with the exit code of each kind, and what a command counts.

CommandError
+-- BehindError       1   upstream has moved on (update --check)
+-- UsageError        2   unknown plane or version, output that cannot be written
+-- IntegrityError    3   wrong hash, broken JSON, dangling $ref, duplicate operationId, stale
overlay +-- UnreachableError  4   not reachable, not cached, not in the mirror +-- GateError
5   lost operation, parser error, unaccepted name change, stale generated tree
"""

from __future__ import annotations

import attrs

from purview_core.command_errors import CommandError, IntegrityError, UsageError

__all__ = [
    "BehindError",
    "CommandError",
    "Counts",
    "GateError",
    "IntegrityError",
    "UnreachableError",
    "UsageError",
]


class BehindError(CommandError):
    """Upstream has documents that the lock does not name yet."""

    exit_code = 1


class UnreachableError(CommandError):
    """A document that cannot be fetched and is neither in the cache nor in the mirror."""

    exit_code = 4


class GateError(CommandError):
    """A check of the generated packages that does not pass."""

    exit_code = 5


@attrs.frozen
class Counts:
    """What a command did; its text is the last line that the command prints."""

    command: str
    documents: int
    operations: int

    def __str__(self) -> str:
        return f"{self.command}: {self.documents} documents, {self.operations} operations, 0 errors"

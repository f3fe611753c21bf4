"""What can go wrong in a command, with the exit code of each kind, and what a command counts.

CodegenError
+-- BehindError       1   upstream has moved on (update --check)
+-- UsageError        2   unknown plane or version, output that cannot be written
+-- IntegrityError    3   wrong hash, broken JSON, dangling $ref, duplicate operationId, stale
overlay +-- UnreachableError  4   not reachable, not cached, not in the mirror +-- GateError
5   lost operation, parser error, unaccepted name change, stale generated tree
"""

from __future__ import annotations

from typing import ClassVar

import attrs


class CodegenError(Exception):
    """A foreseen fault; its text is one line that names the thing and the way out."""

    exit_code: ClassVar[int] = 1


class BehindError(CodegenError):
    """Upstream has moved on."""

    exit_code = 1


class UsageError(CodegenError):
    """An argument or a name that is wrong."""

    exit_code = 2


class IntegrityError(CodegenError):
    """A file is not what it should be, or cannot be read."""

    exit_code = 3


class UnreachableError(CodegenError):
    """What was asked for cannot be had over the network."""

    exit_code = 4


class GateError(CodegenError):
    """What was made does not pass: something is lost, or named twice, or does not agree."""

    exit_code = 5


@attrs.frozen
class Counts:
    """What a command did; its text is the last line that the command prints."""

    command: str
    documents: int
    operations: int

    def __str__(self) -> str:
        return f"{self.command}: {self.documents} documents, {self.operations} operations, 0 errors"

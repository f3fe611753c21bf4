"""Errors that end a command line of ours with one line of text, each with its exit code."""

from __future__ import annotations

from typing import ClassVar


class CommandError(Exception):
    """A foreseen fault; its text is one line that names the thing and the way out."""

    exit_code: ClassVar[int] = 1


class UsageError(CommandError, ValueError):
    """A name, file or option that is wrong: an unknown plane, a folder that cannot be written."""

    exit_code = 2


class IntegrityError(CommandError):
    """A file that is not what it has to be: a wrong hash, broken JSON, a stale overlay."""

    exit_code = 3

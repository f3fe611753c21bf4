"""What a process does that is killed.

It kills itself in its step on files of a number, or another one kills it at any moment.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from purview_codegen import cli
from purview_codegen.update import transaction


def carry_out(sources: Sequence[str], arguments: Sequence[str], killed_at: int | None) -> None:
    sys.path[:0] = sources
    if killed_at is not None:
        _kill_at(killed_at)
    sys.exit(cli.main(arguments))


def _kill_at(left: int) -> None:
    """Every step that a transaction takes on files counts.

    Nothing is set back, since the process ends.
    """

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal left
            if sys._getframe(1).f_code.co_filename == transaction.__file__:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            return function(*arguments, **options)

        return call

    class Counting:
        replace = staticmethod(counted(os.replace))
        fsync, fstat = os.fsync, os.fstat

    transaction.os = Counting  # type: ignore[assignment, misc]
    transaction.shutil.rmtree = counted(transaction.shutil.rmtree)  # type: ignore[assignment]
    Path.rename = counted(Path.rename)  # type: ignore[assignment, method-assign]
    Path.unlink = counted(Path.unlink)  # type: ignore[assignment, method-assign]

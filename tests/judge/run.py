"""The judges as a script: `python tests/judge/run.py --help`.

It needs the dependencies of the project, not the project installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCES = ("", "auth_plugin", "runtime", "generator", "generated")

if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / folder) for folder in SOURCES]
    from tests.judge.command import main

    sys.exit(main())

"""What this project costs beside other clients, on this machine: `nox -s bench`.

    python bench/run.py                       everything, in about seven minutes
    python bench/run.py decode calls          these parts alone; --help lists them all
    python bench/run.py --rounds 9            more rounds, for a narrower spread

Prints ratios, since machines differ and are shared: each contender takes its turn in each round, a
ratio is taken within a round, and the median of the rounds is shown with the lowest and the
highest. Nothing here leaves this machine.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import calls
import generation
import paging
import peers
import transports
import values

_PACKAGES = ("httpx", "httpcore", "aiohttp", "azure-core")
_PACKAGES += (
    "attrs",
    "msgspec",
    "openapi-python-client",
    "azure-purview-datamap",
    "pydantic",
    "ruff",
)


_PARTS: dict[str, Callable[[Path, int], None]] = {
    "lines": lambda scratch, _: generation.lines(scratch),
    "imports": calls.first_calls,
    "decode": values.pages,
    "calls": calls.calls,
    "paging": lambda _, rounds: paging.paging(min(rounds, 5)),
    "transports": transports.transports,
    "generation": lambda scratch, rounds: generation.generation(scratch, min(rounds, 5)),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; default: all"
    )
    parser.add_argument(
        "--rounds", type=int, default=7, help="of each race, after one that warms up (default: 7)"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: 1 or more are needed")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()};", end=" ")
    print(", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        sys.path.insert(0, folder)
        peers.generate_all(scratch)
        for name, part in _PARTS.items():
            if name in arguments.parts or not arguments.parts:
                part(scratch, arguments.rounds)


if __name__ == "__main__":
    main()

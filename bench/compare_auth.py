"""Sign-in beside other libraries, for httpx and Azure: `nox -s compare_auth`.

    python bench/compare_auth.py                     everything, in about a minute
    python bench/compare_auth.py requests secrets    these of requests, secrets and overhead
    python bench/compare_auth.py --pairs 60          more pairs, for a narrower spread

All contenders use one fake token endpoint and one fake service, both in memory; nothing here leaves
this machine. A row is a probe, a dash says that it does not apply: a blocking contender has no
tasks, an async one no threads.
"""

from __future__ import annotations

import argparse
import logging
import platform
import time
from collections.abc import Mapping, Sequence

import compare_auth_cost
import compare_auth_secrets
import httpx
from compare_auth_contenders import CONTENDERS
from compare_auth_probes import PROBES

_PARTS = ("requests", "secrets", "overhead")


def table(rows: Mapping[str, Sequence[str]], names: Sequence[str]) -> str:
    """A table in Markdown, its columns aligned."""
    lines = [["probe", *names], *([probe, *cells] for probe, cells in rows.items())]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    texts = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    return "\n".join(
        [texts[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *texts[1:]]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; default: all"
    )
    parser.add_argument(
        "--pairs",
        type=int,
        default=40,
        help="of the overhead, after one that warms up (default: 40)",
    )
    arguments = parser.parse_args()
    wanted = arguments.parts or _PARTS
    if unknown := set(wanted) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if arguments.pairs < 1:
        parser.error(f"--pairs {arguments.pairs}: 1 or more are needed")
    # Without a handler, the failures that are probed for would fill the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    start = time.perf_counter()
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; "
        f"httpx {httpx.__version__}\n"
    )
    rows: dict[str, Sequence[str]] = {}
    if "requests" in wanted:
        rows |= {name: [probe(kind) for kind in CONTENDERS] for name, probe in PROBES.items()}
        rows["locks taken by calls with a warm token"] = [
            compare_auth_cost.locks(kind) for kind in CONTENDERS
        ]
    if "secrets" in wanted:
        rows |= compare_auth_secrets.rows(CONTENDERS)
    if rows:
        print(table(rows, [kind.name for kind in CONTENDERS]))
    if "overhead" in wanted:
        compare_auth_cost.overhead(arguments.pairs)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

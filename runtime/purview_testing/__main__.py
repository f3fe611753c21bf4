"""`python -m purview_testing serve`: the sandbox on a port, until it is interrupted."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from purview_core.command_errors import CommandError, UsageError

from .sandbox.faults import Fault
from .sandbox.limits import LONGEST_URL
from .sandbox.sandbox import Sandbox


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see python -m purview_testing --help")


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m purview_testing", description="Test against Purview without Purview."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve", help="serve the sandbox; the last line printed is its address"
    )
    serve.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument(
        "--planes", metavar="A,B@VERSION", help="default: the default version of every plane"
    )
    _add_files(serve)
    _add_behaviour(serve)
    _add_limits(serve)
    return parser


def _add_files(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--seed-data",
        metavar="FILE",
        help="JSON: a list of calls with method, path and body, made at the start",
    )
    serve.add_argument(
        "--record",
        metavar="FILE",
        help="append each call and its answer, as JSON lines without secrets",
    )
    serve.add_argument("--faults", metavar="FILE", help="JSON: a list of faults")
    serve.add_argument("--state", metavar="FILE", help="keep the state here; it survives a restart")


def _add_behaviour(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--exact", action="store_true", help="take and answer what the contracts say, no more"
    )
    serve.add_argument(
        "--strict", action="store_true", help="enums and kinds admit their members alone"
    )
    serve.add_argument(
        "--fill", action="store_true", help="invent what is not stored, instead of 404"
    )
    serve.add_argument("--seed", type=int, default=0, help="of ids and examples")
    serve.add_argument("--page-size", type=int, default=100)
    serve.add_argument(
        "--pace",
        type=float,
        help="seconds a step of a long-running thing takes; default: a step a poll",
    )


def _add_limits(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--search-lag",
        type=float,
        default=0,
        metavar="SECONDS",
        help="until search knows of a write",
    )
    serve.add_argument(
        "--page-lifetime", type=float, metavar="SECONDS", help="after which page tokens are refused"
    )
    serve.add_argument(
        "--longest-url",
        type=int,
        default=LONGEST_URL,
        metavar="N",
        help="characters of path and query; more is 414",
    )
    serve.add_argument(
        "--parents-return",
        action="store_true",
        help="an entity deleted while a child of it exists comes back",
    )
    serve.add_argument(
        "--rate", type=float, metavar="N", help="calls a second; more are 429 with Retry-After"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; bad input is one line on stderr and 2."""
    try:
        return _serve(_parser().parse_args(argv))
    except CommandError as error:
        print(str(error).replace("\n", " "), file=sys.stderr)
        return error.exit_code


def _serve(arguments: argparse.Namespace) -> int:
    # uvicorn belongs to an extra
    from .sandbox.server import address, listen, server

    planes = (
        None
        if arguments.planes is None
        else [p.strip() for p in arguments.planes.split(",") if p.strip()]
    )
    with Sandbox(
        planes,
        exact=arguments.exact,
        strict=arguments.strict,
        fill=arguments.fill,
        state=arguments.state,
        seed=arguments.seed,
        page_size=arguments.page_size,
        pace=arguments.pace,
        record=arguments.record,
        search_lag=arguments.search_lag,
        page_lifetime=arguments.page_lifetime,
        longest_url=arguments.longest_url,
        parents_return=arguments.parents_return,
        rate=arguments.rate,
    ) as sandbox:
        for fault in _list(arguments.faults, "--faults"):
            sandbox.faults.add(Fault.read(fault))
        sandbox.load(_list(arguments.seed_data, "--seed-data"))
        running, sock = server(sandbox.handle), listen(arguments.host, arguments.port)
        sock.listen()
        print(address(sock), flush=True)
        running.run(sockets=[sock])
    return 0


def _list(path: str | None, option: str) -> list[Any]:
    """The list in a JSON file.

    It may have any Unicode encoding: PowerShell writes UTF-16, and UTF-8 with a byte order mark.
    """
    if path is None:
        return []
    try:
        value = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{option} {path}: not JSON: {error}") from None
    if not isinstance(value, list):
        raise UsageError(f"{option} {path}: a list is needed")
    return value


if __name__ == "__main__":
    sys.exit(main())

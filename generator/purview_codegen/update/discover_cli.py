"""`discover` on the command line."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from purview_codegen import paths
from purview_codegen.errors import BehindError
from purview_codegen.source import listing
from purview_codegen.source.fetch import Cache
from purview_codegen.source.manifest import load_manifest

from . import cli as update_cli


def options(command: argparse.ArgumentParser) -> None:
    """The options of `discover` beside those of every command that fetches."""
    command.add_argument(
        "--to",
        required=True,
        metavar="REF",
        help='a commit, a branch where there is a network, or "all" of a mirror',
    )
    command.add_argument(
        "--check",
        action="store_true",
        help="exit with 1 where there is a document that no plane takes",
    )
    command.add_argument(
        "--api-url",
        default=listing.API_URL,
        metavar="URL",
        help="GitHub's REST interface, for the listing",
    )
    command.add_argument(
        "--json", metavar="FILE", help="the list as JSON; - for stdout, and nothing else there"
    )


def discover(arguments: argparse.Namespace, sources: update_cli.Sources) -> None:
    """The command `discover`."""
    # what other commands do not need, and takes long to import
    from purview_codegen.source.survey import UNKNOWN, as_text, survey
    from purview_codegen.source.upstream_files import World, contracts

    specs = arguments.specs or paths.specs()
    manifest, cache = load_manifest(specs), Cache(arguments.cache or paths.cache())
    with ExitStack() as stack:
        source = sources(arguments, stack)
        world = World(cache, source, update_cli.listings(arguments, cache, stack), contracts(specs))
        found = survey(world, manifest, arguments.to, arguments.mirror)
    data = json.dumps(found.data(), indent=1) + "\n"
    if arguments.json not in (None, "-"):
        Path(arguments.json).write_text(data, encoding="utf-8", newline="\n")
    counts = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in found.totals.items())
    sys.stdout.write(
        data if arguments.json == "-" else f"{as_text(found, arguments.to)}discover: {counts}\n"
    )
    if arguments.check and (unknown := found.of(UNKNOWN)):
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise BehindError(
            f"no plane of planes.toml takes {unknown[0].path}{more}; take it or leave it out there"
        )

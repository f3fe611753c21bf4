"""`update` and `diff` on the command line: their options, where documents come from, and where
reports go.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from purview_codegen import paths
from purview_codegen.errors import Counts, UsageError
from purview_codegen.pointer import Json
from purview_codegen.source import listing
from purview_codegen.source.fetch import Cache, Source, get_json
from purview_codegen.source.lock import Lock
from purview_codegen.source.manifest import load_manifest

from . import transaction

if TYPE_CHECKING:  # the rest needs the parser, which comes with an extra
    from purview_codegen.diff.report import Report

_PARTS = {"openapi", "info", "servers", "paths", "components"}  # of a contract
Sources = Callable[[argparse.Namespace, ExitStack], Source | None]


def options(command: argparse.ArgumentParser) -> None:
    """The options of `update` beside those of every command that fetches."""
    command.add_argument(
        "--to", required=True, metavar="REF", help="a commit, or a branch where there is a network"
    )
    command.add_argument(
        "--from",
        dest="since",
        metavar="REF",
        help="only report what changed from there; nothing is written",
    )
    command.add_argument("--only", metavar="P", help="one plane (default: all)")
    command.add_argument(
        "--dry-run", action="store_true", help="report what would change; nothing is written"
    )
    command.add_argument(
        "--check",
        action="store_true",
        help="exit with 1 where upstream has moved on; nothing is written",
    )
    command.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="RULE@WHERE",
        help="a change or loss that is meant",
    )
    command.add_argument(
        "--api-url",
        default=listing.API_URL,
        metavar="URL",
        help="GitHub's REST interface, for the listing",
    )
    command.add_argument(
        "--out",
        type=paths.named,
        metavar="DIR",
        help="the source root of the generated tree, beside the specs",
    )
    reports(command)


def reports(command: argparse.ArgumentParser) -> None:
    """Adds the options that say where a report goes."""
    command.add_argument(
        "--json", metavar="FILE", help="the report as JSON; - for stdout, and nothing else there"
    )
    command.add_argument(
        "--markdown",
        metavar="FILE",
        help="the report as Markdown; - for stdout in the text's stead",
    )


def update(arguments: argparse.Namespace, sources: Sources) -> Counts | None:
    """The command `update`."""
    # what other commands do not need, and takes long to import
    from purview_codegen.source.upstream_files import World, contracts

    from .update import Wish
    from .update import update as run

    specs = (arguments.specs or paths.specs()).resolve()
    out = (
        arguments.out
        or paths.generated()
        or (specs.parent / "generated" if arguments.specs else None)
    )
    if out is None:
        raise UsageError("update needs a checkout; name a copy of the specs with --specs")
    transaction.recover(specs.parent)
    _fit(arguments)
    wish = Wish(
        arguments.to,
        arguments.since,
        arguments.only,
        arguments.dry_run,
        arguments.check,
        tuple(arguments.accept),
    )
    with ExitStack() as stack:
        source = sources(arguments, stack)
        cache = Cache(arguments.cache or paths.cache())
        report = run(
            specs,
            out.resolve(),
            World(cache, source, listings(arguments, cache, stack), contracts(specs)),
            wish,
            lambda r: _files(r, arguments),
        )
    counts = Counts(
        "update", len(report.steps), sum(e.operations for e in Lock.load(specs).entries.values())
    )
    return _show(report, arguments, counts)


def _fit(arguments: argparse.Namespace) -> None:
    """Raises UsageError for options that are none or do not go together: nothing that was asked
    for is left out in silence.
    """
    if odd := [a for a in arguments.accept if not all(a.partition("@")[::2])]:
        raise UsageError(f"--accept {odd[0]!r} is not RULE@WHERE; the report tells the rules")
    if arguments.check and (arguments.since or arguments.json or arguments.markdown):
        raise UsageError(
            "--check makes no report; take --dry-run for --json and --markdown, and leave "
            "--from away"
        )


def listings(
    arguments: argparse.Namespace, cache: Cache, stack: ExitStack
) -> Callable[[str, str, set[str]], listing.Listing]:
    """What lists the files of a repository: a mirror, GitHub, or what was listed before."""

    def find(repository: str, ref: str, roots: set[str]) -> listing.Listing:
        if arguments.offline:
            return listing.from_cache(cache, repository, ref, roots)
        if arguments.mirror is not None:
            found = listing.from_mirror(arguments.mirror, repository, ref)
        else:
            found = listing.from_github(get_json(arguments.api_url, stack), repository, ref, roots)
        listing.keep(cache, found)
        return found

    return find


def compare(arguments: argparse.Namespace) -> Counts | None:
    """The report on two contracts or documents: files, or "<plane>@<version>" of the contracts
    at hand.
    """
    # what other commands do not need, and takes long to import
    from purview_codegen.diff.diff import diff
    from purview_codegen.diff.report import Report, Step

    from .states import judged, named

    specs = arguments.specs or paths.specs()
    (old_name, old), (new_name, new) = (
        _contract(specs, name) for name in (arguments.old, arguments.new)
    )
    plane = arguments.new.partition("@")[0] if "@" in arguments.new else new["info"]["title"]
    found = diff(old, new, plane)
    # a file's name is its title
    status = "same" if {**old, "info": 0} == {**new, "info": 0} else "changed"
    step = judged(
        Step(plane, new["info"]["version"], status, default=True, old=old_name, new=new_name), found
    )
    same = old["info"]["version"] == new["info"]["version"]
    step = attrs.evolve(step, rewritten=step.rewritten and same)
    names = named(plane, new["info"]["version"], old, new, found)
    report = Report(old_name, new_name, (step,), found.changes, tuple(names))
    _files(report, arguments)
    operations = sum(len(item) for item in new["paths"].values())
    return _show(report, arguments, Counts("diff", 2, operations))


def _contract(specs: Path, name: str) -> tuple[str, Json]:
    # what other commands do not need, and takes long to import
    from purview_codegen import build
    from purview_codegen.source.inspect import inspect, parse
    from purview_core.manifest import Document

    from .states import raw

    plane, at, version = name.partition("@")
    if at and not Path(name).exists():
        (document,) = load_manifest(specs).select(plane, version)
        return name, build.load(specs, document)
    path = Path(name)
    content = path.read_bytes()
    inspect(content, name)
    data = parse(content, name)
    operations = [op for item in data["paths"].values() for op in item.values()]
    is_contract = data.keys() == _PARTS and all(
        "tags" in op and "parameters" in op for op in operations
    )
    return path.name, data if is_contract else raw(Document(path.stem, "", "", "", name), content)


def _files(report: Report, arguments: argparse.Namespace) -> None:
    """Writes the report to the files that were asked for."""
    # what other commands do not need, and takes long to import
    from purview_codegen.diff import report_text

    forms = ((arguments.json, report_text.as_json), (arguments.markdown, report_text.as_markdown))
    if arguments.json is not None and arguments.json == arguments.markdown:
        raise UsageError(
            f"--json and --markdown both go to {arguments.json}; name another place for one"
        )
    for target, form in forms:
        if target not in (None, "-"):
            Path(target).write_text(form(report), encoding="utf-8", newline="\n")


def _show(report: Report, arguments: argparse.Namespace, counts: Counts) -> Counts | None:
    """The report on stdout; nothing but JSON goes there where that is asked for."""
    # what other commands do not need, and takes long to import
    from purview_codegen.diff import report_text

    form = report_text.as_json if arguments.json == "-" else report_text.as_text
    sys.stdout.write((report_text.as_markdown if arguments.markdown == "-" else form)(report))
    return None if arguments.json == "-" else counts

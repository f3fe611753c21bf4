"""The command line: `python -m purview_codegen fetch | normalise | generate | check | update |
discover | diff`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import httpx

from purview_core.manifest import Document

from . import documents_page, paths
from .errors import CommandError, Counts, IntegrityError, UnreachableError, UsageError
from .package import write
from .source.fetch import BASE_URL, Cache, Fetched, Source, fetch, mirror, remote
from .source.inspect import DocumentFacts
from .source.lock import Entry, Lock
from .source.manifest import load_manifest
from .update import cli as update_cli
from .update import discover_cli, transaction

_PROGRAM = "purview_codegen"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{_PROGRAM}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code.

    A foreseen fault is one line on stderr, never a traceback.
    """
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], Counts | None] = arguments.run
    try:
        if (done := run(arguments)) is not None:
            print(done, flush=True)
    except CommandError as error:
        text, code = str(error), error.exit_code
    except ModuleNotFoundError as error:
        text, code = (
            f"needs {error.name}; install it with: pip install 'purview-dataplane[codegen]'",
            UsageError.exit_code,
        )
    except RecursionError:  # named schemas in named schemas, each no deeper than a document may be
        text, code = (
            "the document goes too deep: too many schemas, each within the next",
            IntegrityError.exit_code,
        )
    except KeyboardInterrupt:
        text, code = "interrupted; nothing half-written is left", 130
    except BrokenPipeError:
        # else the last flush complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except shutil.Error as error:  # of copying a folder: the first file says enough
        text, code = str(error.args[0][0][2]), UsageError.exit_code
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        text, code = f"{error.strerror or error}{where}", UsageError.exit_code
    else:
        return 0
    print(f"{_PROGRAM} {arguments.command}: {_line(text)}", file=sys.stderr)
    return code


def _line(text: str) -> str:
    """Text as one line: a parser's own words may be many, and names of a document may hold what
    moves a terminal's cursor.
    """
    line = " ".join(part.strip() for part in text.splitlines())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"python -m {_PROGRAM}",
        description="Upstream documents to contracts to typed clients.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shared, chosen, where = _parents()
    _contract_commands(commands, shared, chosen, where)
    _update_commands(commands, shared, where)
    return parser


def _contract_commands(commands: Any, shared: _Parser, chosen: _Parser, where: _Parser) -> None:
    """From documents over contracts to packages."""
    command = commands.add_parser(
        "fetch", parents=[shared, chosen, where], help="bring documents into the cache"
    )
    command.add_argument(
        "--examples", action="store_true", help="also the example files that documents name"
    )
    command.add_argument(
        "--update-lock", action="store_true", help="record what was fetched in upstream.lock"
    )
    command.set_defaults(run=_fetch)
    command = commands.add_parser(
        "normalise", parents=[shared, chosen, where], help="documents to contracts"
    )
    drafts = "draft what overlays lack of summaries from operationIds"
    command.add_argument("--draft-summaries", action="store_true", help=drafts)
    command.set_defaults(run=_normalise)
    command = commands.add_parser(
        "generate", parents=[shared, chosen], help="contracts to packages"
    )
    place = "where the packages go (default: the generated tree)"
    command.add_argument("--out", type=paths.named, metavar="DIR", help=place)
    command.add_argument(
        "--accept-names", action="store_true", help="record lost and changed names in names.lock"
    )
    command.set_defaults(run=_generate)
    command = commands.add_parser(
        "check", parents=[shared], help="contracts, locks and generated tree agree"
    )
    command.set_defaults(run=_check)


def _update_commands(commands: Any, shared: _Parser, where: _Parser) -> None:
    """What follows upstream."""
    command = commands.add_parser(
        "update", parents=[shared, where], help="to another upstream commit, with a report"
    )
    update_cli.options(command)
    command.set_defaults(run=partial(update_cli.update, sources=_source))
    command = commands.add_parser(
        "discover", parents=[shared, where], help="documents of upstream that no plane takes"
    )
    discover_cli.options(command)
    command.set_defaults(run=partial(discover_cli.discover, sources=_source))
    command = commands.add_parser(
        "diff", parents=[shared], help="what differs between two contracts or documents"
    )
    command.add_argument("old", help='a file, or "plane@version" of the contracts at hand')
    command.add_argument("new", help="the same")
    update_cli.reports(command)
    command.set_defaults(run=update_cli.compare)


def _parents() -> tuple[_Parser, _Parser, _Parser]:
    """The options that several commands have: the specs, one plane or version, and where
    documents come from.
    """
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--specs", type=paths.named, metavar="DIR", help="manifest, locks, overlays and contracts"
    )
    chosen = _Parser(add_help=False)
    chosen.add_argument("--plane", metavar="P", help="one plane (default: all)")
    chosen.add_argument("--version", metavar="V", help='one api-version, or "all"')
    where = _Parser(add_help=False)
    source = where.add_mutually_exclusive_group()
    source.add_argument(
        "--mirror",
        type=paths.named,
        metavar="DIR",
        help="a folder laid out as owner/repo/commit/path",
    )
    source.add_argument(
        "--base-url", default=BASE_URL, metavar="URL", help="an address that serves the same layout"
    )
    source.add_argument("--offline", action="store_true", help="the cache alone")
    where.add_argument(
        "--cache",
        type=paths.named,
        default=None,
        metavar="DIR",
        help="where fetched documents are kept",
    )
    return shared, chosen, where


def _specs(arguments: argparse.Namespace) -> Path:
    """The specs folder, after an update that was killed there is brought to its end."""
    specs: Path = arguments.specs or paths.specs()
    transaction.recover(specs.resolve().parent)
    return specs


def _fetch(arguments: argparse.Namespace) -> Counts:
    specs = _specs(arguments)
    manifest, lock = load_manifest(specs), Lock.load(specs)
    results = _fetched(
        arguments, manifest.select(arguments.plane, arguments.version or "all"), lock
    )
    if arguments.update_lock:
        known = {str(d) for d in manifest.documents}
        write.replace(specs / "upstream.lock", (relocked := _relocked(lock, results, known)).text())
        if known == relocked.entries.keys():  # a part of the documents alone gives no page
            documents_page.refresh(specs, specs.resolve().parent)
    there = [r.facts for r in results if r.facts]
    return Counts("fetch", len(there), sum(facts.operations for facts in there))


def _fetched(
    arguments: argparse.Namespace, documents: Sequence[Document], lock: Lock
) -> list[Fetched]:
    """Fetches and reports; raises the first error once every document had its turn."""
    examples, relock = (
        getattr(arguments, "examples", False),
        getattr(arguments, "update_lock", False),
    )
    cache = Cache(arguments.cache or paths.cache())
    with ExitStack() as stack:
        source = _source(arguments, stack)
        results = fetch(documents, lock, cache, source, examples=examples, relock=relock)
    for result in results:
        if result.note:
            print(result.note)
    if examples:
        print(
            f"examples: {sum(r.examples for r in results)} files, "
            f"{sum(r.missing_examples for r in results)} missing"
        )
    errors = [r.error for r in results if r.error]
    for error in errors[1:]:
        print(f"{_PROGRAM} {arguments.command}: {_line(str(error))}", file=sys.stderr)
    if errors:
        raise errors[0]
    return results


def _source(arguments: argparse.Namespace, stack: ExitStack) -> Source | None:
    if arguments.offline:
        return None
    if arguments.mirror is None:
        return remote(arguments.base_url, stack.enter_context(httpx.Client(follow_redirects=False)))
    if not arguments.mirror.is_dir():
        raise UnreachableError(f"the mirror {arguments.mirror} is not a folder")
    return mirror(arguments.mirror)


def _relocked(lock: Lock, results: Sequence[Fetched], known: set[str]) -> Lock:
    """The lock with what was fetched, without what the manifest names no more.

    Other bytes than before are upstream's own.
    """

    def entry(d: Document, facts: DocumentFacts) -> Entry:
        old = lock.entries.get(str(d))
        provenance = "exact" if old is None or old.sha256 != facts.sha256 else old.provenance
        sizes = (facts.sha256, facts.bytes, facts.operations, facts.definitions)
        return Entry(d.repository, d.commit, d.path, *sizes, provenance)

    fresh = {str(r.document): entry(r.document, r.facts) for r in results if r.facts}
    return Lock({name: e for name, e in (lock.entries | fresh).items() if name in known})


def _normalise(arguments: argparse.Namespace) -> Counts:
    # the parser of documents takes a second to import, which other commands need not wait for
    from . import build

    specs = _specs(arguments)
    documents = load_manifest(specs).select(arguments.plane, arguments.version or "all")
    cache = Cache(arguments.cache or paths.cache())
    kept = [r.document for r in _fetched(arguments, documents, Lock.load(specs)) if r.facts]
    if arguments.draft_summaries:
        for name, count in build.drafted(specs, [d for d in kept if d.default], cache.read).items():
            print(f"overlays/{name}.toml: {count} summaries drafted; say what the operations do")
    return build.normalise(specs, kept, cache.read)


def _generate(arguments: argparse.Namespace) -> Counts:
    # the parser of documents takes a second to import, which other commands need not wait for
    from . import build

    out = arguments.out or (paths.generated() if arguments.version is None else None)
    if out is None:
        raise UsageError("name the folder for the packages with --out")
    specs, plane, version = _specs(arguments), arguments.plane, arguments.version
    return build.generate(specs, plane, version, out, accept_names=arguments.accept_names)


def _check(arguments: argparse.Namespace) -> Counts:
    # the parser of documents takes a second to import, which other commands need not wait for
    from . import build

    out = paths.generated()
    if out is None:
        raise UsageError(
            "check needs a checkout: an installed package has no generated tree of its own"
        )
    return build.check(_specs(arguments), out)

"""The source files that one warm typed GET enters, in the order in which it enters them.

`python bench/files_entered.py` calls `scanning.scans.get` over loopback, with our own transport,
until everything is imported and compiled, and then once more, watched. Files of the standard
library are left out, those of other libraries are counted apart; compiled code counts for the file
that compiles it.
"""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import CodeType, FrameType

import httpx

from purview_auth import ServicePrincipal
from purview_auth.testing import FakeTokenEndpoint
from purview_dataplane.scanning import ScanningClient

ROOT = Path(__file__).parent.parent
STDLIB = sysconfig.get_path("stdlib")
BODY = b'{"kind":"AzureSqlDatabaseMsi","name":"weekly","properties":{"scanRulesetName":"r"}}'


class Handler(BaseHTTPRequestHandler):
    """Answers every GET with one scan."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name that http.server calls
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def service() -> Iterator[str]:
    """The address of a service on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def entered(work: Callable[[], object]) -> list[tuple[str, str]]:
    """(file, function) of each Python function that `work` enters in this thread, in order."""
    found: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            code: CodeType = frame.f_code
            found.append((code.co_filename, code.co_qualname))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def table(calls: list[tuple[str, str]]) -> str:
    """Our files with the functions entered, and the number of files of each library."""
    ours: dict[str, list[str]] = {}
    others: dict[str, set[str]] = {}
    for file, function in calls:
        path = Path(file)
        if "site-packages" in file:
            library = path.parts[path.parts.index("site-packages") + 1]
            others.setdefault(library, set()).add(file)
        elif path.is_relative_to(ROOT) and path != Path(__file__):
            names = ours.setdefault(str(path.relative_to(ROOT)), [])
            names.extend([] if function in names else [function])
    lines = [f"{name}: {', '.join(functions)}" for name, functions in ours.items()]
    libraries = ", ".join(f"{name} {len(files)}" for name, files in sorted(others.items()))
    return "\n".join([*lines, f"{len(ours)} files of ours; of libraries: {libraries}"])


def main() -> None:
    """Prints the table without auth and with a service principal."""
    with service() as address:
        for auth in (None, principal()):
            with ScanningClient(address, auth=auth) as client:

                def call(client: ScanningClient = client) -> str | None:
                    return client.scans.get("source", "weekly").name

                for _ in range(3):
                    call()
                found = entered(call)
            print(
                f"{'without auth' if auth is None else 'with ServicePrincipal'}\n{table(found)}\n"
            )


def principal() -> httpx.Auth:
    """A service principal whose tokens a fake endpoint in this process gives, for loopback too."""
    return ServicePrincipal(
        tenant_id="00000000-0000-0000-0000-000000000001",
        client_id="client",
        client_secret="invented",
        transport=FakeTokenEndpoint(),
        allow_insecure_localhost=True,
    )


if __name__ == "__main__":
    main()

"""100,000 scans in pages over loopback: time and peak memory, each contender in a fresh process.

`python bench/paging.py httpx|ours URL` runs one contender, as the bench does. It prints wall and
CPU seconds, and MB above the start.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import bodies
import httpx

from purview_dataplane.scanning import ScanningClient

_PAGES, _ITEMS = (10, 100), 1000
_PATH = "/scan/datasources/sales/scans?api-version=2023-09-01"


def serve() -> None:
    page = json.dumps(bodies.small_scans(_ITEMS))[:-1]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            number, last = int(query.get("page", ["1"])[0]), int(self.headers["x-pages"])
            link = f"{_PATH}&page={number + 1}" if number < last else None
            body = f'{page}, "nextLink": {json.dumps(link)}}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def with_httpx(address: str, pages: int) -> int:
    """Dicts: the least that a script of one's own does."""
    seen, link = 0, _PATH
    with httpx.Client(base_url=address, headers={"x-pages": str(pages)}) as client:
        while link:
            page = json.loads(client.get(link).content)
            seen += sum(1 for item in page["value"] if item["name"] and item["kind"])
            link = page["nextLink"]
    return seen


def ours(address: str, pages: int) -> int:
    with ScanningClient(address, headers={"x-pages": str(pages)}) as client:
        return sum(
            1 for scan in client.scans.list_by_data_source("sales") if scan.name and scan.kind
        )


CONTENDERS: dict[str, Callable[[str, int], int]] = {"httpx": with_httpx, "ours": ours}


@contextmanager
def _service() -> Generator[str]:
    command = [sys.executable, __file__, "serve", "-", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def paging(rounds: int) -> None:
    """Prints the ratios, and the growth of memory with few and with many pages."""
    figures: dict[tuple[str, int], list[list[float]]] = {}
    with _service() as address:
        for _ in range(rounds):
            for pages in _PAGES:
                for name in CONTENDERS:
                    command = [sys.executable, __file__, name, address, str(pages)]
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    figures.setdefault((name, pages), []).append(
                        [float(x) for x in done.stdout.split()]
                    )
    print(
        f"\n## {max(_PAGES) * _ITEMS:,} scans paged: x httpx and json.loads "
        f"({rounds} rounds, a fresh process each)\n"
    )
    print(
        "| contender | wall | CPU | MB above the start, 10 pages | 100 pages |\n"
        "|---|---|---|---|---|"
    )
    base = figures["httpx", max(_PAGES)]
    for name in CONTENDERS:
        many, few = figures[name, max(_PAGES)], figures[name, min(_PAGES)]
        wall, cpu = (
            statistics.median(m[i] / b[i] for m, b in zip(many, base, strict=True)) for i in (0, 1)
        )
        grown = (statistics.median(one[2] for one in each) for each in (few, many))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {' | '.join(f'{mb:.1f}' for mb in grown)} |")


def _one(name: str, address: str, pages: int) -> None:
    before = _peak_kb()
    wall = time.perf_counter()
    cpu = time.process_time()
    seen = CONTENDERS[name](address, pages)
    assert seen == pages * _ITEMS, seen
    print(time.perf_counter() - wall, time.process_time() - cpu, (_peak_kb() - before) / 1024)


def _peak_kb() -> int:
    """Peak memory of this process; without /proc it includes what the parent held at the start."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(
            int(line.split()[1])
            for line in status.read_text().splitlines()
            if line.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        _one(sys.argv[1], sys.argv[2], int(sys.argv[3]))

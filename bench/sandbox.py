"""What a call of the sandbox costs with few and many entities: process time, and memory.

`python bench/sandbox.py [ENTITIES]`, 100,000 by default. The ratio of the two columns is what
counts: it should stay near 1, since every look-up goes by an index; only what sorts or filters
without one grows.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from purview_testing import Sandbox
from purview_testing.contracts.messages import RequestMessage

FEW = 1_000
MANY = 100_000
BULK = 500
SEARCH = "/datamap/api/search/query?api-version=2023-09-01"


class Account:
    """A sandbox, called without a transport."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self.guids = sandbox, list[str]()
        self._headers = {
            "authorization": f"Bearer {sandbox.token()}",
            "content-type": "application/json",
        }

    def call(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        response = self._sandbox.handle(
            RequestMessage.of(method, f"http://127.0.0.1{path}", self._headers, content)
        )
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {response.content[:200]!r}")
        return response.json()

    def fill(self, number: int) -> None:
        for start in range(len(self.guids), number, BULK):
            entities = [
                _entity(f"-{i + 1}", f"q{i}", f"table w{i % 1000}")
                for i in range(start, start + BULK)
            ]
            made = self.call("POST", "/datamap/api/atlas/v2/entity/bulk", {"entities": entities})
            self.guids += made["guidAssignments"].values()

    def guid(self, i: int) -> str:
        return self.guids[i * 7919 % len(self.guids)]


def _entity(guid: str, qualified: str, name: str) -> dict[str, Any]:
    return {
        "typeName": "azure_sql_table",
        "guid": guid,
        "attributes": {"qualifiedName": qualified, "name": name},
    }


def _calls(account: Account, label: str) -> dict[str, tuple[int, Callable[[int], Any]]]:
    """Name -> how often, and the call."""
    entity = "/datamap/api/atlas/v2/entity"
    named = f"{entity}/uniqueAttribute/type/azure_sql_table?attr%3AqualifiedName="

    def search(**options: Any) -> Any:
        return account.call("POST", SEARCH, {"limit": 50, **options})

    def create(i: int) -> Any:
        return account.call("POST", entity, {"entity": _entity("-1", f"{label}{i}", "new")})

    return {
        "entity by guid": (300, lambda i: account.call("GET", f"{entity}/guid/{account.guid(i)}")),
        "entity by name": (
            300,
            lambda i: account.call("GET", f"{named}q{i * 7919 % len(account.guids)}"),
        ),
        "new entity": (200, create),
        "search, one word": (60, lambda _: search(keywords="table")),
        "search, two words": (40, lambda i: search(keywords=f"table w{i}")),
        "search, filter of an index": (
            20,
            lambda _: search(filter={"entityType": "azure_sql_table"}),
        ),
        "search, sorted": (3, lambda _: search(orderby=[{"name": "ASC"}])),
    }


def measured(account: Account, label: str) -> dict[str, float]:
    """Milliseconds of process time, the median of each call."""
    out = {}
    for name, (times, call) in _calls(account, label).items():
        found = []
        for i in range(times):
            start = time.process_time()
            call(i)
            found.append(time.process_time() - start)
        out[name] = statistics.median(found) * 1e3
    return out


def main(number: int) -> None:
    with Sandbox(["datamap", "scanning"]) as sandbox:
        account = Account(sandbox)
        account.fill(FEW)
        few = measured(account, "few")
        start = time.process_time()
        account.fill(number)
        seconds = time.process_time() - start
        many = measured(account, "many")
    print(f"{number - FEW:,} entities in bulk: {(number - FEW) / max(seconds, 1e-9):,.0f} a second")
    print(f"{'ms a call':28} {FEW:>9,} {number:>9,}  ratio")
    for name, before in few.items():
        print(f"{name:28} {before:9.2f} {many[name]:9.2f} {many[name] / before:6.1f}")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)

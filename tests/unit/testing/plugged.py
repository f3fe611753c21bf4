"""Runs of pytest inside a test: a file of tests, the plug-in, and the outcome."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import textwrap
from typing import Any

import pytest

from purview_testing.live import plugin_arguments

SOURCE = """
import asyncio
import pytest
from purview_core import BadRequestError, NotFoundError, ServerError, ThrottledError

BODY = {
    "kind": "AdlsGen2",
    "properties": {
        "endpoint": "https://contoso.dfs.core.windows.net/",
        "collection": {"referenceName": "sandbox", "type": "CollectionReference"},
    },
}

def put(client, name, body=BODY):
    return client.call("DataSources_CreateOrReplace", {"dataSourceName": name}, body)
"""

_USED = (
    *("purview_auth", "purview_core", "purview_testing"),
    *(
        "purview_dataplane.scanning",
        "purview_dataplane.account",
        "purview_dataplane.unified_catalog",
    ),
)


def _load(package: str) -> None:
    """Imports everything of a package.

    A run forgets the modules that it loads, and a second copy of some would not fit the rest.
    """
    importlib.import_module("purview_dataplane.facade")
    folder = importlib.import_module(package).__path__
    for found in pkgutil.walk_packages(folder, f"{package}."):
        if not found.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(found.name)


for name in _USED:
    _load(name)


class Runs:
    """Runs the tests in a text, `run(text, *arguments)`; the outcome has ret, text and counts."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def __call__(self, text: str, *arguments: str) -> Outcome:
        self.pytester.makepyfile(test_it=SOURCE + textwrap.dedent(text))
        return self.again(*arguments)

    def again(self, *arguments: str) -> Outcome:
        """The tests of the last run once more."""
        quiet = ["-W", "error", "-rN"]  # where CI is set, the summary repeats whole messages
        # the last loads a hundred modules for each run
        for unused in (
            "cacheprovider",
            "randomly",
            "hypothesispytest",
        ):
            quiet += ["-p", f"no:{unused}"]
        return Outcome(self.pytester.runpytest_inprocess(*plugin_arguments(), *quiet, *arguments))


class Outcome:
    def __init__(self, result: Any) -> None:
        self.ret = int(result.ret)
        self.text = result.stdout.str() + result.stderr.str()
        self.counts = result.parseoutcomes() if self.ret in (0, 1) else {}

    def lines(self, part: str) -> list[str]:
        return [line.strip() for line in self.text.splitlines() if part in line]

"""Shared by all tests: where the project lies, and the plug-ins that they use."""

from __future__ import annotations

import gc
import importlib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

# Tests make many objects and few circles: to look as often as Python does took 8 % of the time.
gc.set_threshold(20_000, 20, 20)

_INSTALLED = {entry.name for entry in entry_points(group="pytest11")}
pytest_plugins = [
    "pytester",
    "tests.levels",
    "tests.rows",
    *([] if "purview" in _INSTALLED else ["purview_testing.pytest_plugin.plugin"]),
]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return Path(__file__).parent.parent


def pytest_collection_finish() -> None:
    """What collecting made lives to the end, so no collection of garbage looks at it again.

    Some tests make many of those.

    hypothesis asks the collector who holds a generator of random numbers, so it is loaded before.
    """
    importlib.import_module("hypothesis")
    gc.collect()
    gc.freeze()

"""Names that are imported at their first use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import purview_core
from purview_core.lazy import lazy_index, lazy_names

ROOTS = [
    str(Path(purview_core.__file__).parents[1]),
    str(Path(__file__).parents[3] / "auth_plugin"),
]


def loaded(statement: str) -> set[str]:
    """The packages of others that a fresh interpreter has loaded after a statement."""
    code = (
        f"import sys; sys.path[:0] = {ROOTS!r}; {statement}; print(*(m for m in ('attrs', "
        f"'httpx', 'msgspec') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import purview_core",
        "import purview_core.lazy",
        "from purview_core import errors",
        "from purview_core import Operation",
    ],
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    assert set() == loaded(statement)


def test_models_need_no_http_and_a_small_answer_no_fast_parser() -> None:
    both = (
        "from purview_core import Model, NULL, to_json; from purview_core.model.json_text "
        "import dumps, loads"
    )
    assert set() == loaded(f"{both}; assert loads(b'[1.5, 1e400]')[0] == 1.5")
    assert {"msgspec"} == loaded(
        f"{both}; assert len(loads(b'[' + b'10, ' * 9_000 + b'10]')) == 9_001"
    )
    assert {"msgspec"} == loaded(f"{both}; assert dumps(loads(b'[1e400]')) == b'[1e400]'")
    assert {"attrs"} == loaded("import purview_core; purview_core.Model.__attrs_attrs__")


def test_every_public_name_is_there() -> None:
    assert sorted(purview_core.__all__) == dir(purview_core)
    assert [] == [
        name for name in purview_core.__all__ if getattr(purview_core, name, None) is None
    ]


def test_an_index_knows_its_names_before_it_imports() -> None:
    where, get, names = lazy_index(
        __package__ or "", sample_plane="models", support="Recorder quick"
    )
    assert {"models": "sample_plane", "Recorder": "support", "quick": "support"} == where
    assert ["Recorder", "models", "quick"] == names()
    assert "Recorder" == get("Recorder").__name__
    with pytest.raises(AttributeError, match=r"module '[\w.]+' has no attribute 'nope'"):
        get("nope")


def test_a_name_is_looked_up_once() -> None:
    from .sample_plane import models

    found = models.Key
    assert found is vars(models)["Key"] is models.Key


def test_a_submodule_is_found_by_its_own_name() -> None:
    get = lazy_names(f"{__package__}.sample_plane", {"models": ""})
    assert f"{__package__}.sample_plane.models" == get("models").__name__


def test_a_sync_call_does_without_asyncio() -> None:
    call = (
        "from purview_dataplane.account import AccountClient as C; from purview_core import "
        "NO_RETRY, ConnectError\n"
    )
    call += (
        "try: C('http://127.0.0.1:9', retry=NO_RETRY).accounts.get_account_properties()\n"
        "except ConnectError: print('none')"
    )
    code = f"import sys; sys.path[:0] = {ROOTS!r}\n{call}\nprint('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ["none", "False"] == done.stdout.split()

"""Forks while other threads make their first call: no child hangs, wherever its parent was."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.unit.core.loopback import Peer, Server
from tests.unit.core.test_fork_locks import PACKAGES, ROOT, forks, in_child

from purview_auth.network import half_imports, trust
from purview_core.lazy import cached_property
from purview_core.transport.pooled import shared_ssl_context

# Python 3.12 and later deprecate forking beside threads.
pytestmark = [forks, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

# Forks while another thread makes its first call; each child makes a first call of its own. It runs
# in a new interpreter, for a first call is made once, and prints the exit codes of the children.
SCRIPT = """
import os, random, signal, sys, threading, time, warnings
from purview_dataplane.scanning import ScanningClient
import purview_core.client.session
warnings.simplefilter("ignore")
url, moments = sys.argv[1], random.Random(int(sys.argv[2]))
def call():
    with ScanningClient(url) as client:
        assert client.scans.get("a", "b").name == "n"
thread = threading.Thread(target=call)
thread.start()
children = []
while thread.is_alive() and len(children) < 10:
    time.sleep(moments.random() * 0.02)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            call()
            os._exit(0)
        finally:
            os._exit(1)
    children.append(child)
thread.join()
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def test_no_child_hangs_whose_parent_was_in_its_first_call() -> None:
    body = b'{"kind": "AzureSqlDatabaseCredential", "name": "n"}'

    def script(peer: Peer) -> None:
        while peer.request()[0]:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    codes: list[str] = []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with Server(script) as server:
        for seed in range(4):
            command = [sys.executable, "-c", SCRIPT, server.url, str(seed)]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
            codes += done.stdout.split()
    assert {"0"} == set(codes)


def test_no_child_hangs_whose_parent_was_making_a_tls_context() -> None:
    over = threading.Event()

    def make() -> None:
        while not over.is_set():
            trust._contexts.clear()
            shared_ssl_context()

    def child() -> None:
        trust._contexts.clear()
        shared_ssl_context()

    thread = threading.Thread(target=make)
    thread.start()
    try:
        assert {0} == {in_child(child) for _ in range(12)}
    finally:
        over.set()
        thread.join()


def test_a_fork_waits_for_an_import_that_is_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "half_done_package"
    package.mkdir()
    monkeypatch.setattr(half_imports, "NEEDED", frozenset({"half_done_package"}))
    (package / "__init__.py").write_text(
        "import builtins\nbuiltins._began.set(); builtins._goes_on.wait(); DONE = 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    began, goes_on = threading.Event(), threading.Event()
    monkeypatch.setattr("builtins._began", began, raising=False)
    monkeypatch.setattr("builtins._goes_on", goes_on, raising=False)
    thread = threading.Thread(target=lambda: __import__("half_done_package"))
    thread.start()
    assert began.wait(60)
    locks: dict[str, Any] = sys.modules["_frozen_importlib"]._module_locks  # type: ignore[attr-defined]
    assert ["half_done_package"] == half_imports.half_imported(locks, threading.get_ident())
    assert [] == half_imports.half_imported(locks, thread.ident or 0)  # who imports it may fork
    threading.Timer(0.05, goes_on.set).start()
    try:
        assert 0 == in_child(lambda: __import__("half_done_package").DONE)
    finally:
        thread.join()
        sys.modules.pop("half_done_package", None)


@pytest.mark.parametrize("where", ["in the module", "at its lock"])
def test_what_is_half_done_at_a_fork_is_imported_once_more(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another thread begins an import just before the fork."""
    name = "half_done_at_the_fork"
    monkeypatch.setattr(half_imports, "NEEDED", frozenset({name}))
    monkeypatch.setattr(half_imports, "LONGEST_S", 0.0)
    waits = "import builtins\nbuiltins._began.set(); builtins._goes_on.wait()\n"
    (tmp_path / f"{name}.py").write_text(f"{waits if where == 'in the module' else ''}DONE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    began, goes_on = threading.Event(), threading.Event()
    monkeypatch.setattr("builtins._began", began, raising=False)
    monkeypatch.setattr("builtins._goes_on", goes_on, raising=False)

    def hold() -> None:
        lock = sys.modules["_frozen_importlib"]._get_module_lock(name)  # type: ignore[attr-defined]
        with lock.lock:
            began.set()
            goes_on.wait()

    thread = threading.Thread(target=hold if where == "at its lock" else lambda: __import__(name))
    thread.start()
    assert began.wait(60)

    def child() -> None:
        signal.alarm(60)
        goes_on.set()
        assert __import__(name).DONE == 1

    try:
        assert 0 == in_child(child)
    finally:
        goes_on.set()
        thread.join()
        sys.modules.pop(name, None)


def test_nobody_waits_for_an_import_of_somebody_else() -> None:
    class Held:
        owner = 1

    assert [] == half_imports.half_imported({"app": Held, "app.main": Held}, 2)  # type: ignore[dict-item]
    assert ["httpx"] == half_imports.half_imported({"httpx": Held, "app": Held}, 2)  # type: ignore[dict-item]


def test_no_child_hangs_whose_parent_was_making_an_attribute() -> None:
    began, goes_on = threading.Event(), threading.Event()

    class Slow:
        @cached_property
        def made(self) -> object:
            began.set()
            goes_on.wait()
            return object()

    parents = Slow()
    thread = threading.Thread(target=lambda: parents.made)
    thread.start()
    assert began.wait(60)

    def child() -> None:
        goes_on.set()
        assert Slow().made is not None

    try:
        assert 0 == in_child(child)
    finally:
        goes_on.set()
        thread.join()
    assert parents.made is parents.made
    assert isinstance(Slow.__dict__["made"], cached_property)


def test_nothing_of_ours_has_the_cached_property_that_locks() -> None:
    folders = [*PACKAGES, ROOT / "generated" / "purview_dataplane"]
    found = [
        f"{path.name}:{node.lineno}"
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "functools"
        and path.name != "lazy.py"
        if any(alias.name == "cached_property" for alias in node.names)
    ]
    assert [] == found
